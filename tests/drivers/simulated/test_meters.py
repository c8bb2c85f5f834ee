"""Electricity: what is plugged in, and what it adds up to."""

from __future__ import annotations

from math import sqrt

from twisted.trial.unittest import SynchronousTestCase

from dog.model.device import ConfigParam, Device
from dog.model.values import Slot, features
from tests.drivers.simulated.house import House

POWER = "SinglePhaseActivePowerMeasurementState"
ENERGY = "SinglePhaseActiveEnergyState"


class MeterTestCase(SynchronousTestCase):
    def assertNear(self, first: float, second: float, most: float) -> None:
        """Trial's assertAlmostEqual leaves C{delta} aside."""
        self.assertTrue(abs(first - second) <= most, f"{first} and {second} are more than {most} apart")


def lamp(id: str, watts: str, **relations: str) -> Device:
    return Device(id, "SimpleLamp", params=(ConfigParam("nominalPower", watts),), **relations)  # type: ignore[arg-type]


class PluggedInTests(MeterTestCase):
    def setUp(self) -> None:
        self.house = House(Device("outlet", "MeteringPowerOutlet"), lamp("lamp", "60 W", pluggedIn="outlet"))
        self.house.send("outlet", "OnCommand")
        self.house.send("lamp", "OnCommand")
        self.house.run(1)

    def test_power(self) -> None:
        """What the lamp draws, half a second after it is switched."""
        self.assertEqual(self.house.number("outlet", POWER), 60.0)
        self.house.send("lamp", "OffCommand")
        self.house.run(0.4)
        self.assertEqual(self.house.number("outlet", POWER), 60.0)
        self.house.run(0.2)
        self.assertEqual(self.house.number("outlet", POWER), 0.0)

    def test_energy(self) -> None:
        """60 W for an hour are 0.06 kWh, and for the ten minutes that it is on, 0.01."""
        self.house.run(60)
        before = self.house.number("outlet", ENERGY)
        self.house.run(3600)
        self.assertNear(self.house.number("outlet", ENERGY) - before, 0.06, 0.0011)
        self.house.send("lamp", "OffCommand")
        self.house.run(1)
        before = self.house.number("outlet", ENERGY)
        self.house.run(3600)
        self.assertEqual(self.house.number("outlet", ENERGY), before)
        self.house.send("lamp", "OnCommand")
        self.house.run(600)
        self.house.send("lamp", "OffCommand")
        self.house.run(1)
        self.assertNear(self.house.number("outlet", ENERGY) - before, 0.01, 0.0011)

    def test_outletOff(self) -> None:
        """Through an outlet that is off nothing flows."""
        self.house.send("outlet", "OffCommand")
        self.house.run(1)
        self.assertEqual(self.house.number("outlet", POWER), 0.0)
        self.house.send("outlet", "OnCommand")
        self.house.run(1)
        self.assertEqual(self.house.number("outlet", POWER), 60.0)

    def test_unplugged(self) -> None:
        """When the lamp is removed from the home, it no longer counts."""
        self.house.link.detach("lamp")
        self.house.send("outlet", "OffCommand")
        self.house.send("outlet", "OnCommand")
        self.house.run(1)
        self.assertNotEqual(self.house.number("outlet", POWER), 60.0)
        self.assertGreater(self.house.number("outlet", POWER), 0.0)

    def test_pluggedInElsewhere(self) -> None:
        """A lamp that comes back without being plugged in here does not count here any more."""
        self.house.link.detach("lamp")
        device = lamp("lamp", "60 W")
        self.house.link.attach(device, self.house.ports["lamp"])
        self.house.run(1)
        self.house.send("lamp", "OnCommand")
        self.house.run(120)
        self.assertNotEqual(self.house.number("outlet", POWER), 60.0)


class MeterOfTests(MeterTestCase):
    def test_relations(self) -> None:
        """It sums what it is meterOf, what names it in hasMeter, and what hangs behind an outlet that it meters."""
        house = House(
            Device("meter", "SinglePhaseActivePowerMeter", meterOf=("one", "outlet")),
            lamp("one", "1 W"),
            lamp("two", "10 W", hasMeter="meter"),
            Device("outlet", "MainsPowerOutlet"),
            lamp("four", "100 W", pluggedIn="outlet"),
            lamp("eight", "1 kW"),
        )
        for id in ("one", "two", "outlet", "four", "eight"):
            house.send(id, "OnCommand")
        house.run(1)
        self.assertEqual(house.number("meter", POWER), 111.0)
        house.send("four", "OffCommand")
        house.run(1)
        self.assertEqual(house.number("meter", POWER), 11.0)

    def test_circle(self) -> None:
        """Relations in a circle are a mistake in home.xml, and no reason to hang."""
        house = House(
            Device("one", "MeteringPowerOutlet", pluggedIn="two"),
            Device("two", "MeteringPowerOutlet", pluggedIn="one"),
            Device("self", "MeteringPowerOutlet", pluggedIn="self", meterOf=("self",)),
        )
        house.send("one", "OnCommand")
        house.run(3600)
        self.assertIsNotNone(house.number("one", POWER))

    def test_house(self) -> None:
        """A meter without relations counts the whole home, and what is always on."""
        house = House(Device("meter", "EnergyAndPowerMeter"), lamp("oven", "2500 W"))
        house.send("oven", "OffCommand")
        house.run(120)
        base = house.number("meter", POWER)
        self.assertTrue(50 < base < 600, base)
        house.send("oven", "OnCommand")
        house.run(120)
        self.assertTrue(2400 < house.number("meter", POWER) - base < 2600)

    def test_houseEnergy(self) -> None:
        """Ten seconds of oven between two of its reports count, too."""
        energies = []
        for seconds in (0, 10):
            house = House(Device("meter", "EnergyAndPowerMeter"), lamp("oven", "36 kW"))
            house.send("oven", "OffCommand")
            house.run(70)
            if seconds:
                house.send("oven", "OnCommand")
                house.run(seconds)
                house.send("oven", "OffCommand")
            house.run(300)
            energies.append(house.number("meter", ENERGY))
        self.assertNear(energies[1] - energies[0], 0.1, 0.003)


class QuantitiesTests(MeterTestCase):
    def test_singlePhase(self) -> None:
        """Power, apparent power, power factor, voltage and current fit together."""
        house = House(Device("it", "SinglePhaseElectricityMeter"))
        house.run(600)
        watts = house.number("it", POWER)
        va = house.number("it", "SinglePhaseApparentPowerMeasurementState")
        var = house.number("it", "SinglePhaseReactivePowerMeasurementState")
        factor = house.number("it", "SinglePhasePowerFactorMeasurementState")
        volts = house.number("it", "SinglePhaseVoltageState")
        amperes = house.number("it", "SinglePhaseCurrentState")
        self.assertNear(va, sqrt(watts**2 + var**2), 0.2)
        self.assertNear(watts / va, factor, 0.006)
        self.assertNear(volts * amperes, va, 0.5)

    def test_threePhases(self) -> None:
        """A slot for each phase; of the voltage also between phases."""
        house = House(Device("it", "ThreePhaseElectricityMeter"))
        slots = house.ports["it"].values

        def phases(state: str) -> set[str]:
            return {dict(slot.features)["phaseID"] for slot in slots if slot.state == state}

        self.assertEqual(phases("ThreePhaseActivePowerMeasurementState"), {"L1", "L2", "L3"})
        self.assertEqual(phases("ThreePhaseVoltageState"), {"L1", "L2", "L3", "L12", "L23", "L31"})
        self.assertIn(Slot("it", "SinglePhaseActiveEnergyState"), slots)
        between = house.number("it", "ThreePhaseVoltageState", phaseID="L12")
        one = house.number("it", "ThreePhaseVoltageState", phaseID="L1")
        self.assertNear(between / one, sqrt(3), 0.05)

    def test_queries(self) -> None:
        """A query with a phase is answered by that phase, one with two by the voltage between them."""
        house = House(Device("it", "ThreePhaseElectricityMeter"))

        def asked(command: str, **args: str) -> list[object]:
            return [dict(each.slot.features)["phaseID"] for each in house.send("it", command, **args).seen]  # type: ignore[union-attr]

        self.assertEqual(asked("Get3PhaseCurrentCommand", phaseID="L2"), ["L2"])
        self.assertEqual(asked("Get3PhaseLNVoltageCommand", phaseID="L2N"), ["L2"])
        self.assertEqual(asked("Get3PhaseLLVoltageCommand", phaseID1="L3", phaseID2="L1"), ["L31"])
        outcome = house.send("it", "Get3PhaseCurrentCommand", phaseID="L4")
        self.assertEqual(outcome.code, "bus_refused")
        self.assertIn("L4", outcome.reason or "")

    def test_tariffs(self) -> None:
        """By day the first tariff counts, by night the second; a query names tariff and phase."""
        house = House(Device("it", "MultiTariffThreePhaseEnergyMeter"))
        state = "MultiTariffThreePhaseActiveEnergyState"
        one, two = ({"phaseID": "L1", "tariffID": tariff} for tariff in "12")
        before = [house.number("it", state, **each) for each in (one, two)]
        house.run(6 * 3600)
        noon = [house.number("it", state, **each) for each in (one, two)]
        self.assertGreater(noon[0], before[0])
        self.assertEqual(noon[1], before[1])
        house.run(3600 + 120)
        evening = house.number("it", state, **one)
        house.run(5 * 3600)
        self.assertEqual(house.number("it", state, **one), evening)
        self.assertGreater(house.number("it", state, **two), noon[1])
        outcome = house.send("it", "GetMultiTariff3PhaseActiveEnergyCommand", phaseID="L1", tariffID="2")
        self.assertEqual([each.slot.features for each in outcome.seen], [features(**two)])  # type: ignore[union-attr]
