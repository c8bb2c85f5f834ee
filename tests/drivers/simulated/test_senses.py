"""Sensors: what they measure, which values they have, what they see of people."""

from __future__ import annotations

from itertools import pairwise

from twisted.trial.unittest import SynchronousTestCase

from dog.model.device import (
    ConfigParam,
    Device,
    Notification,
    NotificationFunctionality,
    State,
    StateValue,
)
from dog.model.values import Pulse, Reading, Slot, features
from tests.drivers.simulated.house import House


class SlotsTests(SynchronousTestCase):
    def ids(self, device: Device, state: str, key: str) -> list[str]:
        house = House(device)
        return [dict(slot.features)[key] for slot in house.ports[device.id].values if slot.state == state]

    def test_sensors(self) -> None:
        """Two unless home.xml says otherwise: on the notification, on the state, or on the device."""
        state, notification = "MultipleTemperatureState", "TemperatureMeasurementMNotification"
        self.assertEqual(self.ids(Device("it", "MultipleTemperatureSensor"), state, "sensorID"), ["1", "2"])
        params = tuple(Notification(notification, None, (ConfigParam("sensorID", id),)) for id in ("in", "out", "mid"))
        device = Device(
            "it",
            "MultipleTemperatureSensor",
            notificationFunctionalities=(
                NotificationFunctionality("MultipleTemperatureMeasurementNotificationFunctionality", params),
            ),
        )
        self.assertEqual(self.ids(device, state, "sensorID"), ["in", "out", "mid"])
        values = tuple(StateValue("X", None, (ConfigParam("sensorID", id),)) for id in ("a", "b"))
        device = Device("it", "MultipleTemperatureSensor", declaredStates=(State(state, values),))
        self.assertEqual(self.ids(device, state, "sensorID"), ["a", "b"])
        device = Device("it", "MultipleTemperatureSensor", params=(ConfigParam("sensorID", "only"),))
        self.assertEqual(self.ids(device, state, "sensorID"), ["only"])

    def test_pressures(self) -> None:
        """A plain PressureState, whose notification has a sensorID all the same."""
        self.assertEqual(self.ids(Device("it", "MultiplePressureSensor"), "PressureState", "sensorID"), ["1", "2"])
        self.assertEqual([slot.features for slot in House(Device("it", "PressureSensor")).ports["it"].values], [()])

    def test_axes(self) -> None:
        self.assertEqual(
            self.ids(Device("it", "CC2650SensorTag"), "TridimensionalGyroscopeState", "axisID"), ["X", "Y", "Z"]
        )

    def test_buttons(self) -> None:
        declared = tuple(
            Notification("PressedMNotification", None, (ConfigParam("buttonID", id),)) for id in ("up", "down")
        )
        device = Device(
            "it",
            "RockerSwitch",
            notificationFunctionalities=(NotificationFunctionality("ButtonMNotificationFunctionality", declared),),
        )
        self.assertEqual(self.ids(device, "MultipleOnOffState", "buttonID"), ["up", "down"])


class QueryTests(SynchronousTestCase):
    def test_one(self) -> None:
        """A query is answered by what it asks for, not by all that the device has."""
        house = House(Device("it", "QuadSensor"))
        outcome = house.send("it", "GetLuminanceCommand")
        self.assertEqual([each.slot.state for each in outcome.seen], ["LightIntensityState"])  # type: ignore[union-attr]
        self.assertEqual([each.forced for each in outcome.seen], [True])  # type: ignore[union-attr]

    def test_sensor(self) -> None:
        house = House(Device("it", "MultipleTemperatureSensor"))
        outcome = house.send("it", "GetTemperatureMCommand", sensorURI="2")
        self.assertEqual(
            [each.slot for each in outcome.seen],  # type: ignore[union-attr]
            [Slot("it", "MultipleTemperatureState", features(sensorID="2"))],
        )
        outcome = house.send("it", "GetTemperatureMCommand", sensorURI="3")
        self.assertEqual(outcome.code, "bus_refused")

    def test_withoutState(self) -> None:
        """What no state holds is told again; and only that."""
        house = House(Device("it", "AircarePRO"))
        house.run(200)
        last = [each for each in house.pulses("it") if each.notification == "Co2MeasurementNotification"][-1]
        self.assertEqual(house.send("it", "GetCo2ConcentrationCommand").seen, (last,))

    def test_hotWater(self) -> None:
        house = House(Device("it", "WaterConsumptionMeter"))
        seen = house.send("it", "GetHotWaterM3Command").seen
        self.assertEqual(
            [each.notification for each in seen if isinstance(each, Pulse)], ["HotWaterM3MeasurementNotification"]
        )
        seen = house.send("it", "GetColdWaterM3Command").seen
        self.assertEqual([each.slot.state for each in seen if isinstance(each, Reading)], ["WaterMeasurementState"])


class MeasuresTests(SynchronousTestCase):
    def test_together(self) -> None:
        """A device with several quantities measures them together: one step."""
        house = House(Device("it", "TemperatureAndHumiditySensor"))
        house.run(3600)
        most = max(len(step) for step in house.ports["it"].steps[1:])
        self.assertEqual(most, 2)

    def test_timeOfDay(self) -> None:
        """Dark at night and bright at noon; warmer in the afternoon than before dawn."""
        house = House(Device("light", "LightSensor"), Device("air", "SingleTemperatureSensor"))
        noon = house.number("light", "LightIntensityState")
        house.run(4 * 3600)
        afternoon = house.number("air", "TemperatureState")
        house.run(12 * 3600)
        self.assertGreater(noon, 20 * house.number("light", "LightIntensityState"))
        self.assertGreater(afternoon, house.number("air", "TemperatureState"))

    def test_rooms(self) -> None:
        """Two thermometers in one room agree, to half a degree or so; a drift, not noise."""
        house = House(
            Device("one", "SingleTemperatureSensor", isIn="living"),
            Device("two", "TemperatureAndHumiditySensor", isIn="living"),
        )
        for _ in range(24):
            house.run(3600)
            self.assertTrue(
                abs(house.number("one", "TemperatureState") - house.number("two", "TemperatureState")) <= 0.8
            )
        values = house.history("one", "TemperatureState")
        steps = [abs(float(b.number - a.number)) for a, b in pairwise(values)]  # type: ignore[union-attr]
        self.assertLess(max(steps), 0.5)

    def test_countersOnlyRise(self) -> None:
        house = House(Device("gas", "GasMeter"), Device("heat", "HeatEnergyCalculator"))
        house.run(86400)
        gas = [each.number for each in house.history("gas", "GasMeasurementState")]  # type: ignore[union-attr]
        self.assertEqual(gas, sorted(gas))
        self.assertTrue(1 < gas[-1] - gas[0] < 30)

    def test_heatCalculator(self) -> None:
        """The flow is warmer than the return."""
        house = House(Device("it", "HeatEnergyCalculator"))
        house.run(3600)
        flow = house.number("it", "MultipleTemperatureState", sensorID="1")
        self.assertGreater(flow, house.number("it", "MultipleTemperatureState", sensorID="2"))

    def test_generic(self) -> None:
        """A generic value walks about, and stays for ten minutes as it was set."""
        house = House(Device("it", "MultipleGenericSensor"))
        house.run(10)
        house.send("it", "SetMultipleGenericValue", sensorId="2", value=77)
        house.send("it", "SetMultipleGenericValue", sensorId="1", value="odd")
        house.run(590)
        self.assertEqual(house.number("it", "MultipleGenericContinuousState", sensorID="2"), 77.0)
        self.assertEqual(house.value("it", "MultipleGenericDiscreteState", sensorID="1"), "odd")
        house.run(600)
        self.assertNotEqual(house.number("it", "MultipleGenericContinuousState", sensorID="2"), 77.0)


class PeopleTests(SynchronousTestCase):
    def test_movement(self) -> None:
        """Movement begins and ends within a minute."""
        house = House(Device("it", "MovementSensor"))
        house.run(4 * 3600)
        states = house.history("it", "MovementState")
        self.assertGreater(states.count("isMoving"), 15)
        house.run(60)
        self.assertIn("notMoving", house.history("it", "MovementState")[-2:])

    def test_occupancy(self) -> None:
        house = House(Device("it", "OccupancySensor"))
        house.run(86400)
        self.assertEqual(set(house.history("it", "OccupancyState")), {"personInside", "noPersonInside"})

    def test_alarm(self) -> None:
        """Seldom, and over within three minutes."""
        house = House(Device("it", "SmokeSensor"))
        house.run(86400)
        states = house.history("it", "SensingState")
        self.assertTrue(1 <= states.count("detected") <= 12)
        house.run(86400)
        self.assertTrue(2 <= house.history("it", "SensingState").count("detected") <= 24)

    def test_infrared(self) -> None:
        """The same state as an alarm's, but of something that happens all the time."""
        house = House(Device("it", "InfraredSensor"))
        house.run(86400)
        self.assertGreater(house.history("it", "SensingState").count("detected"), 50)
