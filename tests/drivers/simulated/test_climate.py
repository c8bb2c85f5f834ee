"""Thermostats, schedules, heaters."""

from __future__ import annotations

from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from dog.model.device import Device
from dog.model.measure import Measure
from dog.model.values import DailyClimateSchedule, Pulse, SwitchPoint
from tests.drivers.simulated.house import House


def celsius(number: float) -> Measure:
    return Measure.of(number, "C")


def point(hour: int, minute: int, degrees: float) -> SwitchPoint:
    return SwitchPoint(datetime(2013, 10, 22, hour, minute, tzinfo=UTC), celsius(degrees))


class ThermostatTests(SynchronousTestCase):
    def test_setPoint(self) -> None:
        """Without a state for it, the set point is told as a pulse; asked for, it is told again."""
        house = House(Device("it", "Thermostat"))
        expected = Pulse("it", "ChangedDesiredTemperatureNotification", {"newTemperatureValue": celsius(23.0)})
        outcome = house.send("it", "SetDesiredTemperature", temperature=celsius(23))
        self.assertIn(expected, outcome.seen)
        outcome = house.send("it", "GetSetpointTemperatureCommand")
        self.assertEqual(outcome.seen, (expected,))

    def test_limits(self) -> None:
        """What is beyond its range comes as near as it can."""
        house = House(Device("it", "Thermostat"))
        outcome = house.send("it", "SetDesiredTemperature", temperature=celsius(90))
        told = next(each.params for each in outcome.seen if isinstance(each, Pulse))
        self.assertEqual(told, {"newTemperatureValue": celsius(35.0)})

    def test_heatsTheRoom(self) -> None:
        """A thermometer in its room shows it; it switches between two sides of the set point."""
        house = House(
            Device("it", "AirConditioningSystem", isIn="living"),
            Device("inside", "SingleTemperatureSensor", isIn="living"),
            Device("elsewhere", "SingleTemperatureSensor", isIn="bedroom"),
        )
        house.send("it", "OnCommand")
        house.send("it", "HeatCommand")
        house.send("it", "SetDesiredTemperature", temperature=celsius(26))
        house.run(12 * 3600)
        self.assertTrue(25 < house.number("inside", "TemperatureState") < 27)
        self.assertLess(house.number("elsewhere", "TemperatureState"), 24.5)
        house.forget()
        house.run(12 * 3600)
        told = [each.notification for each in house.pulses("it")]
        self.assertGreater(told.count("HeatNotification"), 2)
        self.assertTrue(abs(told.count("HeatNotification") - told.count("StopHeatingCoolingNotification")) <= 1)

    def test_stop(self) -> None:
        """Stopped, it stays so, however cold it gets."""
        house = House(Device("it", "HeatingAndCoolingUnit", isIn="living"))
        house.send("it", "OnCommand")
        house.send("it", "HeatCommand")
        self.assertEqual(house.value("it", "HeatingAndCoolingUnitState"), "heating")
        house.send("it", "StopHeatingCoolingCommand")
        house.send("it", "SetDesiredTemperature", temperature=celsius(35))
        house.run(6 * 3600)
        self.assertEqual(house.value("it", "HeatingAndCoolingUnitState"), "auto")

    def test_off(self) -> None:
        house = House(Device("it", "HeatingAndCoolingUnit", isIn="living"))
        house.send("it", "HeatCommand")
        house.send("it", "OffCommand")
        self.assertEqual(house.value("it", "HeatingAndCoolingUnitState"), "off")
        house.run(6 * 3600)
        self.assertEqual(house.value("it", "HeatingAndCoolingUnitState"), "off")

    def test_fridge(self) -> None:
        """A fridge cools its own inside, in turns, all day."""
        house = House(Device("it", "Fridge"))
        house.run(86400)
        told = [each.notification for each in house.pulses("it")]
        self.assertTrue(10 < told.count("CoolNotification") < 100, told.count("CoolNotification"))

    def test_composite(self) -> None:
        """Its OnOffState says whether it heats."""
        house = House(Device("it", "CompositeThermostat", isIn="living"))
        house.send("it", "HeatCommand")
        self.assertEqual(house.value("it", "OnOffState"), "on")
        house.send("it", "StopHeatingCoolingCommand")
        self.assertEqual(house.value("it", "OnOffState"), "off")


class ScheduleTests(SynchronousTestCase):
    """The house's clock begins on Wednesday (weekDay 4) the 15th of January 2025 at noon UTC."""

    def setUp(self) -> None:
        self.house = House(Device("it", "ThermostaticRadiatorValve"))

    def desired(self) -> object:
        return self.house.value("it", "TemperatureState")

    def test_ownSchedule(self) -> None:
        """It has one from the start and follows it: lower at noon, warm in the evening, cool in the night."""
        week = self.house.value("it", "ClimateScheduleState")
        assert isinstance(week, tuple)
        self.assertEqual([day.weekDay for day in week], [1, 2, 3, 4, 5, 6, 7])
        self.assertEqual(self.desired(), celsius(18.0))
        self.house.run(4.4 * 3600)
        self.assertEqual(self.desired(), celsius(18.0))
        self.house.run(0.2 * 3600)
        self.assertEqual(self.desired(), celsius(20.5))
        self.house.run(6.4 * 3600)
        self.assertEqual(self.desired(), celsius(17.0))

    def test_follows(self) -> None:
        """A day that is set is followed at once and to the minute, the other days as they were."""
        day = DailyClimateSchedule(4, (point(11, 30, 22.5), point(13, 15, 24)))
        self.house.send("it", "SetDailyClimateScheduleCommand", daySchedule=day)
        self.assertEqual(self.desired(), celsius(22.5))
        self.house.run(75 * 60 - 1)
        self.assertEqual(self.desired(), celsius(22.5))
        self.house.run(2)
        self.assertEqual(self.desired(), celsius(24.0))
        self.house.run(18 * 3600)
        self.assertEqual(self.desired(), celsius(20.5))

    def test_otherZone(self) -> None:
        """C{timeAt} says when of the day by its own instant: 15:15 at +02:00 is 13:15 UTC."""
        from datetime import timedelta, timezone

        at = datetime(2013, 10, 22, 15, 15, tzinfo=timezone(timedelta(hours=2)))
        day = DailyClimateSchedule(4, (SwitchPoint(at, celsius(24)),))
        self.house.send("it", "SetDailyClimateScheduleCommand", daySchedule=day)
        self.house.run(74 * 60)
        self.assertNotEqual(self.desired(), celsius(24.0))
        self.house.run(2 * 60)
        self.assertEqual(self.desired(), celsius(24.0))

    def test_unsorted(self) -> None:
        """Switch points need not come in order, as real schedules show."""
        day = DailyClimateSchedule(4, (point(13, 0, 24), point(12, 30, 19)))
        self.house.send("it", "SetDailyClimateScheduleCommand", daySchedule=day)
        self.house.run(31 * 60)
        self.assertEqual(self.desired(), celsius(19.0))
        self.house.run(30 * 60)
        self.assertEqual(self.desired(), celsius(24.0))

    def test_week(self) -> None:
        week = tuple(DailyClimateSchedule(day, (point(0, 0, 15 + day),)) for day in range(1, 8))
        self.house.send("it", "SetClimateScheduleCommand", dailySchedules=week)
        self.assertEqual(self.house.value("it", "ClimateScheduleState"), week)
        for day in (4, 5, 6, 7, 1):
            self.assertEqual(self.desired(), celsius(15.0 + day))
            self.house.run(86400)

    def test_commanded(self) -> None:
        """A set point by command holds until the next switch point."""
        self.house.send("it", "SetDesiredTemperature", temperature=celsius(25))
        self.house.run(4 * 3600)
        self.assertEqual(self.desired(), celsius(25.0))
        self.house.run(3600)
        self.assertEqual(self.desired(), celsius(20.5))

    def test_query(self) -> None:
        outcome = self.house.send("it", "GetClimateScheduleCommand", weekDay=3)
        self.assertEqual([each.slot.state for each in outcome.seen if hasattr(each, "slot")], ["ClimateScheduleState"])

    def test_refuses(self) -> None:
        outcome = self.house.send(
            "it", "SetDailyClimateScheduleCommand", daySchedule=DailyClimateSchedule(8, (point(13, 0, 24),))
        )
        self.assertEqual(outcome.code, "bus_refused")
        self.assertIn("weekDay 8", outcome.reason or "")


class FurnaceTests(SynchronousTestCase):
    def test_cycle(self) -> None:
        """It fires up for three minutes before it heats, and cools down when it is switched off."""
        house = House(Device("it", "PelletHeater"))
        house.send("it", "OffCommand")
        house.forget()
        house.send("it", "OnCommand")
        house.run(181)
        house.send("it", "OffCommand")
        house.run(7200)
        self.assertEqual(house.history("it", "HeaterState"), ["firingUp", "heating", "cooling"])
