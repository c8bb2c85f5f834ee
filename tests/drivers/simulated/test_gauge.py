"""From a physical number to what a device tells."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.simulated.gauge import declaredParam, gauge
from dog.model.device import (
    ConfigParam,
    Device,
    Notification,
    NotificationFunctionality,
    State,
    StateValue,
)
from dog.model.measure import Measure


def declaring(state: str = "", notification: str = "", **params: str) -> Device:
    """A device that declares these params on a value of a state, or on a notification."""
    config = tuple(ConfigParam(name, value) for name, value in params.items())
    return Device(
        "it",
        "Meter",
        declaredStates=(State(state, (StateValue("X", None, config),)),) if state else (),
        notificationFunctionalities=(
            (NotificationFunctionality("F", (Notification(notification, None, config),)),) if notification else ()
        ),
    )


class GaugeTests(SynchronousTestCase):
    def read(self, number: float, quantity: str, declared: str | None = None, plain: bool = False) -> str:
        return str(gauge(quantity, declared, plain).read(number))

    def test_default(self) -> None:
        """The catalogue's unit, with decimals that suit the quantity."""
        self.assertEqual(self.read(21.4567, "temperature"), "21.5 C")
        self.assertEqual(self.read(1.23456, "active_energy"), "1.235 kWh")
        self.assertEqual(self.read(812.4, "co2"), "812 ppm")
        self.assertEqual(self.read(0.945, "power_factor"), "0.94 ")
        self.assertEqual(self.read(1.5, "reactive_energy"), "1.500 kVarh")

    def test_declared(self) -> None:
        """In the unit that home.xml names, in any of its spellings; no digit more or less is known."""
        self.assertEqual(self.read(1.23456, "active_energy", "Wh"), "1235 Wh")
        self.assertEqual(self.read(1.23456, "active_energy", "W·h"), "1235 Wh")
        self.assertEqual(self.read(1234.5, "active_power", "kW"), "1.2345 kW")
        self.assertEqual(self.read(0.5, "reactive_energy", "Varh"), "500 var·h")
        self.assertEqual(self.read(101325, "pressure", "mbar"), "1013.25 hPa")
        self.assertEqual(self.read(20, "temperature", "°C"), "20.0 C")

    def test_declaredWrongly(self) -> None:
        """A unit that does not measure this quantity is left aside."""
        self.assertEqual(self.read(20, "temperature", "kWh"), "20.0 C")
        self.assertEqual(self.read(20, "temperature", "furlong"), "20.0 C")

    def test_plain(self) -> None:
        """States of levels are plain whole numbers; parameters of notifications are measures all the same."""
        value = gauge("level", None, True).read(40.4)
        self.assertEqual((value, type(value)), (40, int))
        self.assertEqual(gauge("level").read(40.4), Measure.of("40"))

    def test_noNegativeNought(self) -> None:
        self.assertEqual(self.read(-0.01, "temperature"), "0.0 C")
        self.assertEqual(self.read(-0.06, "temperature"), "-0.1 C")


class DeclaredTests(SynchronousTestCase):
    def test_state(self) -> None:
        device = declaring(state="SinglePhaseActiveEnergyState", unitOfMeasure="Wh")
        found = declaredParam(device, "unitOfMeasure", "SinglePhaseActiveEnergyState", None)
        self.assertEqual(found, ("Wh",))
        self.assertEqual(declaredParam(device, "unitOfMeasure", "OnOffState", None), ())

    def test_notification(self) -> None:
        device = declaring(notification="TemperatureMeasurementMNotification", sensorId="north")
        found = declaredParam(device, "sensorID", None, "TemperatureMeasurementMNotification")
        self.assertEqual(found, ("north",))

    def test_olderName(self) -> None:
        """A state under the name of an older configuration (SinglePhaseEnergyMeasurementState of real homes)."""
        from dog.model.catalogue import catalogue

        current = catalogue().current("states", "SinglePhaseEnergyMeasurementState")
        device = declaring(state="SinglePhaseEnergyMeasurementState", unitOfMeasure="Wh")
        self.assertIsNotNone(current)
        self.assertEqual(declaredParam(device, "unitOfMeasure", current, None), ("Wh",))

    def test_unknownNames(self) -> None:
        """A name that means nothing declares nothing, not even for a device that lacks the state."""
        device = declaring(state="NoSuchState", notification="NoSuchNotification", unitOfMeasure="Wh")
        self.assertEqual(declaredParam(device, "unitOfMeasure", None, None), ())
