"""Tests for L{dog.model.arguments} and L{dog.model.parameters}.

Cases that were recorded with the old gateway carry the number of their exchange; what is different is a row of
rest-api.md, "Deliberately different".
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.model.arguments import arguments
from dog.model.bounds import rangeOf
from dog.model.catalogue import CommandType, Param, catalogue
from dog.model.device import Device
from dog.model.measure import Measure
from dog.model.refusal import Code, Refusal
from dog.model.values import (
    DailyClimateSchedule,
    ExplicitTeachInData,
    HSBColor,
    RGBColor,
    SwitchPoint,
    Value,
)

NO_BODY = object()


class ArgumentsTestCase(SynchronousTestCase):
    def call(self, cls: str, command: str, body: Any = NO_BODY) -> tuple[str, Mapping[str, Value]]:
        device = Device("d", cls)
        type, args = arguments(device.commands[command], None if body is NO_BODY else body, device=device)
        self.assertEqual({param.name for param in type.params}, args.keys())
        return type.cls, args

    def value(self, cls: str, command: str, value: Any) -> Value:
        """The one argument of a command with C{{"value": value}}; by the parameter's own name it is the same."""
        _, args = self.call(cls, command, {"value": value})
        [(name, found)] = args.items()
        self.assertEqual(self.call(cls, command, {name: value})[1], args)
        return found

    def refused(self, code: Code, cls: str, command: str, body: Any = NO_BODY) -> Refusal:
        error: Refusal = self.assertRaises(Refusal, self.call, cls, command, body)
        self.assertEqual(error.refused.code, code, error.refused.message)
        self.assertTrue(error.refused.message)
        self.assertTrue(error.refused.details["expected"])
        json.dumps(dict(error.refused.details))
        return error


class NoArgumentTests(ArgumentsTestCase):
    def test_nothing(self) -> None:
        """Exchanges 100, 104, 110, 123, 420, 423, 459, 521, 532, 533."""
        for body in (NO_BODY, {}, {"value": None}):
            self.assertEqual(self.call("SimpleLamp", "on", body), ("OnCommand", {}))
        for cls, command in [
            ("DimmerLamp", "stepUp"),
            ("EnOceanGateway", "teachIn"),
            ("ShutterActuator", "down"),
            ("ShutterActuator", "rest"),
            ("SingleTemperatureSensor", "getTemperature"),
            ("DimmerLamp", "getState"),
            ("MeteringPowerOutlet", "getActivePower"),
        ]:
            self.assertEqual(self.call(cls, command, {})[1], {})

    def test_superfluous(self) -> None:
        """Exchange 120."""
        error = self.refused(Code.BAD_BODY, "SimpleLamp", "on", {"value": 1})
        self.assertEqual(error.refused.message, "on takes no value")

    def test_notAnObject(self) -> None:
        """Exchanges 122, 126."""
        for body in ([1], [], "on", 3, True):
            error = self.refused(Code.BAD_BODY, "SimpleLamp", "on", body)
            self.assertIn("expected an object", error.refused.message)

    def test_unknownKey(self) -> None:
        for body in ({"x": 1}, {"x": None}, {"value": None, "x": 1}):
            error = self.refused(Code.BAD_BODY, "SimpleLamp", "on", body)
            self.assertEqual(error.refused.details["parameter"], "x")


class SetTests(ArgumentsTestCase):
    """The untyped C{set}: a level of 0..100."""

    def set(self, value: Any) -> Value:
        return self.value("DimmerLamp", "set", value)

    def test_accepted(self) -> None:
        """Exchanges 430, 432, 434, 435, 452 (the parser keeps the last of two keys), 455."""
        for given, expected in [
            (50, 50),
            ("63", 63),
            (12.5, 12.5),
            ("40 %", 40),
            ("40%", 40),
            (" 7 ", 7),
            (0, 0),
            (100, 100),
            ("100.0", 100),
            (50.0, 50),
            ("1e1", 10),
            ("12.50 %", 12.5),
        ]:
            found = self.set(given)
            self.assertEqual(found, expected)
            self.assertEqual(type(found), type(expected))

    def test_badValue(self) -> None:
        """Exchanges 442, 447, 457, 458, 460: text that is no number."""
        for given in ("", " ", "NaN", "inf", "-Infinity", "1,5", "5d", "boom", "%", "0x10", "١٢", "40W", "4 0"):
            code = Code.BAD_UNIT if given == "4 0" else Code.BAD_VALUE
            self.refused(code, "DimmerLamp", "set", {"value": given})

    def test_notANumber(self) -> None:
        self.refused(Code.BAD_VALUE, "DimmerLamp", "set", {"value": float("nan")})

    def test_badUnit(self) -> None:
        """Exchanges 437, 467."""
        for given in ("40 foo", "21.50 W", "5 C"):
            self.refused(Code.BAD_UNIT, "DimmerLamp", "set", {"value": given})

    def test_outOfRange(self) -> None:
        """Exchanges 453, 454."""
        for given in (-5, 101, 100.5, 1e400, -1e400, "1e400", "-0.1", "101 %", 10**400):
            self.refused(Code.OUT_OF_RANGE, "DimmerLamp", "set", {"value": given})

    def test_wrongType(self) -> None:
        """Exchanges 440, 446."""
        for given in (True, False, [], [50], {}, {"level": 50}):
            self.refused(Code.BAD_BODY, "DimmerLamp", "set", {"value": given})

    def test_missing(self) -> None:
        """Exchanges 449, 450."""
        for body in (NO_BODY, {}, {"value": None}):
            error = self.refused(Code.BAD_BODY, "DimmerLamp", "set", body)
            self.assertIn("missing", error.refused.message)

    def test_extraKey(self) -> None:
        """Exchange 451."""
        self.refused(Code.BAD_BODY, "DimmerLamp", "set", {"value": 50, "x": 1})

    def test_everyLevel(self) -> None:
        for cls in ("LevelControllableOutput", "ShadeActuator", "Knob", "Pump", "ColorDimmableLight"):
            self.assertEqual(self.value(cls, "set", "40 %"), 40)
            self.refused(Code.OUT_OF_RANGE, cls, "set", {"value": 101})

    def test_channel(self) -> None:
        """What a tuner is set to is a channel: no level, no per cent."""
        for cls in ("Tv", "Radio", "HiFi"):
            self.assertEqual(self.value(cls, "set", 101), 101)
            self.refused(Code.BAD_UNIT, cls, "set", {"value": "40 %"})
            self.refused(Code.OUT_OF_RANGE, cls, "set", {"value": -1})

    def test_withoutDevice(self) -> None:
        types = catalogue().commandsNamed("set")
        self.assertEqual(arguments(types, {"value": "40 %"})[1], {"value": 40})

    def test_message(self) -> None:
        error = self.refused(Code.OUT_OF_RANGE, "DimmerLamp", "set", {"value": 101})
        self.assertEqual(error.refused.message, 'value: expected a level such as 40 or "40 %" from 0 to 100, got 101')
        self.assertEqual(
            error.refused.details,
            {"parameter": "value", "expected": 'a level such as 40 or "40 %" from 0 to 100'},
        )

    def test_longValueIsCut(self) -> None:
        error = self.refused(Code.BAD_BODY, "DimmerLamp", "set", {"value": ["x" * 1000]})
        self.assertTrue(len(error.refused.message) < 200)


class LongTextTests(ArgumentsTestCase):
    def test_text(self) -> None:
        """A text is as long as a device can be told, whatever type the parameter has; a message does not repeat it."""
        for param in (Param("name", "String"), Param("value", "Object"), Param("value", "Measure"), Param("x", "New")):
            type = CommandType("XCommand", "x", (param,))
            refusal = self.assertRaises(Refusal, arguments, [type], {param.name: "x" * 1001})
            self.assertEqual(refusal.refused.code, Code.OUT_OF_RANGE)
            self.assertIn("at most 1000 characters, got 1001", refusal.refused.message)
            self.assertNotIn("xxx", refusal.refused.message)
        type = CommandType("XCommand", "x", (Param("name", "String"),))
        self.assertEqual(arguments([type], {"name": "x" * 1000})[1], {"name": "x" * 1000})

    def test_unknownKey(self) -> None:
        refused = self.refused(Code.BAD_BODY, "SimpleLamp", "on", {"k" * 5000: 1}).refused
        self.assertLess(len(refused.message), 200)
        self.assertLess(len(refused.details["parameter"]), 100)


class MeasureTests(ArgumentsTestCase):
    def test_temperature(self) -> None:
        """Exchanges 470, 473."""
        for given, expected in [
            ("20 C", "20 C"),
            ("20.5 ℃", "20.5 C"),
            ("20°C", "20 C"),
            ("20 °C", "20 C"),
            ("20 Celsius", "20 C"),
            (20, "20 C"),
            (20.5, "20.5 C"),
            ("21.50", "21.50 C"),
            (" 20 C ", "20 C"),
            ("-5 C", "-5 C"),
        ]:
            found = self.value("ThermostaticRadiatorValve", "setTemperatureAt", given)
            self.assertIsInstance(found, Measure)
            self.assertEqual(str(found), expected)

    def test_refused(self) -> None:
        """Exchanges 477, 478."""
        for given, code in [
            ("20 W", Code.BAD_UNIT),
            ("20 foo", Code.BAD_UNIT),
            ("20 %", Code.BAD_UNIT),
            ("warm", Code.BAD_VALUE),
            ("", Code.BAD_VALUE),
            ("C", Code.BAD_VALUE),
            ("1e400 C", Code.OUT_OF_RANGE),
            ("1e9999 C", Code.OUT_OF_RANGE),
            ("-273.16 C", Code.OUT_OF_RANGE),
            (-300, Code.OUT_OF_RANGE),
            (True, Code.BAD_BODY),
            ([20], Code.BAD_BODY),
            ({"value": 20}, Code.BAD_BODY),
        ]:
            error = self.refused(code, "ThermostaticRadiatorValve", "setTemperatureAt", {"value": given})
            self.assertEqual(error.refused.details["parameter"], "temperature")

    def test_message(self) -> None:
        error = self.refused(Code.BAD_UNIT, "ThermostaticRadiatorValve", "setTemperatureAt", {"value": "20 W"})
        self.assertEqual(
            error.refused.message,
            'temperature: expected a temperature such as "20 C" of at least -273.15, got "20 W"',
        )

    def test_speed(self) -> None:
        """A level without unit takes per cent."""
        for given in (40, "40", "40 %"):
            self.assertEqual(self.value("Ventilator", "setSpeed", given), Measure(Decimal(40)))
        self.refused(Code.OUT_OF_RANGE, "Ventilator", "setSpeed", {"value": 101})

    def test_time(self) -> None:
        type = catalogue().command("TimedOnCommand")
        assert type is not None
        self.assertEqual(arguments([type], {"value": 30})[1], {"timeToOff": Measure.parse("30 s")})
        self.assertRaises(Refusal, arguments, [type], {"value": "-1 s"})

    def test_otherUnitOfTheDimension(self) -> None:
        """A power may be given in kW; the range counts in W."""
        type = CommandType("C", "limit", (Param("power", "Measure", "apparent_power"),))
        self.assertEqual(arguments([type], {"value": "2 kVA"})[1], {"power": Measure.parse("2 kVA")})
        self.assertRaises(Refusal, arguments, [type], {"value": "-2 kVA"})

    def test_anyMeasure(self) -> None:
        """A parameter that only home.xml knows has no dimension."""
        type = CommandType("C", "limit", (Param("power", "Measure"),))
        self.assertEqual(arguments([type], {"value": "2 kW"})[1], {"power": Measure.parse("2 kW")})
        self.assertRaises(Refusal, arguments, [type], {"value": "much"})


class IntegerTests(ArgumentsTestCase):
    def test_accepted(self) -> None:
        """Exchange 139."""
        for given in (3, 3.0, "3", " 3 ", "3.0"):
            found = self.value("MainsPowerOutlet", "storeScene", given)
            self.assertEqual(found, 3)
            self.assertIs(type(found), int)

    def test_refused(self) -> None:
        for given, code in [
            (3.5, Code.BAD_VALUE),
            ("3.5", Code.BAD_VALUE),
            ("three", Code.BAD_VALUE),
            ("3 C", Code.BAD_VALUE),
            (-1, Code.OUT_OF_RANGE),
            ("1e999", Code.OUT_OF_RANGE),
            (True, Code.BAD_BODY),
            ([3], Code.BAD_BODY),
            ({}, Code.BAD_BODY),
        ]:
            self.refused(code, "MainsPowerOutlet", "storeScene", {"value": given})

    def test_ranges(self) -> None:
        for cls, command, low, high in [
            ("Tv", "setVolume", 0, 100),
            ("ThermostaticRadiatorValve", "getDaySchedule", 1, 7),
        ]:
            for good in (low, high):
                self.assertEqual(self.value(cls, command, good), good)
            for bad in (low - 1, high + 1):
                self.refused(Code.OUT_OF_RANGE, cls, command, {"value": bad})

    def test_clock(self) -> None:
        for name, high in [("setHour", 23), ("setMinutes", 59), ("setSeconds", 59)]:
            types = catalogue().commandsNamed(name)
            [value] = arguments(types, {"value": high})[1].values()
            self.assertEqual(value, high)
            self.assertRaises(Refusal, arguments, types, {"value": high + 1})

    def test_int(self) -> None:
        types = catalogue().commandsNamed("overloadWarning")
        self.assertEqual(arguments(types, {"value": "2"})[1], {"warningEvent": 2})


class TextTests(ArgumentsTestCase):
    def test_text(self) -> None:
        """Exchanges 141, 142."""
        for given in ("L1", "L1x"):
            self.assertEqual(
                self.call("ThreePhaseElectricityMeter", "getActivePower", {"value": given}),
                ("Get3PhaseActivePowerCommand", {"phaseID": given}),
            )

    def test_refused(self) -> None:
        given: Any
        for given in (1, True, ["L1"], {}):
            self.refused(Code.BAD_BODY, "ThreePhaseElectricityMeter", "getActivePower", {"value": given})

    def test_boolean(self) -> None:
        type = CommandType("C", "arm", (Param("armed", "Boolean"),))
        self.assertEqual(arguments([type], {"value": True})[1], {"armed": True})
        error: Refusal = self.assertRaises(Refusal, arguments, [type], {"value": "yes"})
        self.assertEqual(error.refused.code, Code.BAD_BODY)

    def test_double(self) -> None:
        type = CommandType("C", "scale", (Param("factor", "Double"),))
        self.assertEqual(arguments([type], {"value": "2.5"})[1], {"factor": 2.5})
        self.assertRaises(Refusal, arguments, [type], {"value": "2.5 C"})


class GenericTests(ArgumentsTestCase):
    def test_setValue(self) -> None:
        for given, expected in [
            (5, 5),
            (5.5, 5.5),
            ("5", 5),
            ("5 V", Measure.parse("5 V")),
            ("ajar", "ajar"),
            ("5 parsecs", "5 parsecs"),
            ("", ""),
        ]:
            self.assertEqual(self.value("GenericSensor", "setValue", given), expected)
        for given in (True, [], {}):
            self.refused(Code.BAD_BODY, "GenericSensor", "setValue", {"value": given})
        for given in ("1e400", 1e400, 10**400):
            self.refused(Code.OUT_OF_RANGE, "GenericSensor", "setValue", {"value": given})

    def test_typeThatOnlyHomeXmlKnows(self) -> None:
        type = CommandType("C", "tune", (Param("how", "java.lang.Mood"),))
        self.assertEqual(arguments([type], {"value": "softly"})[1], {"how": "softly"})


class SeveralTests(ArgumentsTestCase):
    """Several parameters, and several command classes of one name."""

    def test_keys(self) -> None:
        self.assertEqual(
            self.call("MultipleGenericSensor", "setValue", {"sensorId": "2", "value": 5}),
            ("SetMultipleGenericValue", {"sensorId": 2, "value": 5}),
        )
        self.assertEqual(
            self.call("ThreePhaseElectricityMeter", "getLLVoltageValue", {"phaseID1": "L1", "phaseID2": "L2"})[1],
            {"phaseID1": "L1", "phaseID2": "L2"},
        )

    def test_missingKey(self) -> None:
        error = self.refused(Code.BAD_BODY, "MultipleGenericSensor", "setValue", {"value": 5})
        self.assertIn("'sensorId' is missing", error.refused.message)
        self.assertEqual(error.refused.details["parameter"], "sensorId")
        self.refused(Code.BAD_BODY, "MultipleGenericSensor", "setValue")

    def test_unknownKey(self) -> None:
        body = {"sensorId": "2", "value": 5, "x": 1}
        self.refused(Code.BAD_BODY, "MultipleGenericSensor", "setValue", body)

    def test_valueAndName(self) -> None:
        body = {"value": "20 C", "temperature": "20 C"}
        self.refused(Code.BAD_BODY, "ThermostaticRadiatorValve", "setTemperatureAt", body)

    def test_startTime(self) -> None:
        start = Measure.parse("60 s")
        for body in ({"value": 60}, {"startTime": "60 s"}):
            self.assertEqual(
                self.call("Dishwasher", "setStartTime", body), ("SetStartTimeCommand", {"startTime": start})
            )
        self.assertEqual(
            self.call("Dishwasher", "setStartTime", {"endTime": 60}), ("SetEndTimeCommand", {"endTime": start})
        )
        self.assertEqual(
            self.call("Dishwasher", "setStartTime", {"remainingTime": 60}),
            ("SetRemainingTimeCommand", {"remainingTime": start}),
        )
        self.assertEqual(
            self.call("Dishwasher", "setStartTime", {"startTime": 60, "endTime": "90 s", "remainingTime": 60}),
            ("SetStartTimeCommand", {"startTime": start, "endTime": Measure.parse("90 s"), "remainingTime": start}),
        )
        self.assertEqual(
            self.call("Dishwasher", "setEndTime", {"value": 60}), ("SetEndTimeCommand", {"endTime": start})
        )
        self.refused(Code.BAD_BODY, "Dishwasher", "setStartTime", {"value": 60, "endTime": 60})
        self.refused(Code.BAD_BODY, "Dishwasher", "setStartTime", {})

    def test_gas(self) -> None:
        """C{disableGas} always disables, C{enableGas} enables."""
        cls = next(name for name in catalogue() if "disableGas" in Device("d", name).commands)
        self.assertEqual(self.call(cls, "disableGas"), ("DisableGasCommand", {}))
        self.assertEqual(self.call(cls, "enableGas"), ("EnableGasCommand", {}))
        self.assertEqual(Device("d", cls).commands["enableGas"][0].name, "enableGas")

    def test_phases(self) -> None:
        """Of a name for single and three phases, the class whose parameters were given."""
        types = catalogue().commandsNamed("getActiveEnergyValue")
        for body, cls in [
            (None, "Get1PhaseActiveEnergyCommand"),
            ({"value": "L1"}, "Get3PhaseActiveEnergyCommand"),
            ({"phaseID": "L1"}, "Get3PhaseActiveEnergyCommand"),
            ({"tariffID": "T1"}, "GetMultiTariff1PhaseActiveEnergyCommand"),
            ({"tariffID": "T1", "phaseID": "L1"}, "GetMultiTariff3PhaseActiveEnergyCommand"),
        ]:
            self.assertEqual(arguments(types, body)[0].cls, cls)

    def test_singlePhaseTakesNoPhase(self) -> None:
        self.refused(Code.BAD_BODY, "MeteringPowerOutlet", "getActivePower", {"value": "L1"})

    def test_everyCommandOfEveryClass(self) -> None:
        """Without arguments a command is taken exactly if one of its classes has no parameters."""
        for name in catalogue():
            for command, types in Device("d", name).commands.items():
                if any(not each.params for each in types):
                    self.assertEqual(self.call(name, command)[1], {})
                else:
                    self.refused(Code.BAD_BODY, name, command)


class ColorTests(ArgumentsTestCase):
    light = "ColorDimmableLight"

    def test_rgb(self) -> None:
        """Exchange 508."""
        for given in ({"red": 10, "green": 20, "blue": 30}, {"red": "10", "green": "20", "blue": "30"}):
            self.assertEqual(self.value(self.light, "setColorRGB", given), RGBColor(10, 20, 30))

    def test_hsb(self) -> None:
        for hue, saturation, brightness in [(0, 0, 0), (65535, 254, 254), (1, 255, 255)]:
            given = {"hue": hue, "saturation": saturation, "brightness": brightness}
            self.assertEqual(self.value(self.light, "setColorHSB", given), HSBColor(hue, saturation, brightness))

    def test_badBody(self) -> None:
        """Exchanges 503, 505, 510."""
        for command, given in [
            ("setColorRGB", {"red": 5}),
            ("setColorRGB", {}),
            ("setColorRGB", {"red": 1, "green": 2, "blue": None}),
            ("setColorRGB", {"red": 1, "green": 2, "blue": True}),
            ("setColorRGB", {"red": 1, "green": 2, "blue": 3, "white": 4}),
            ("setColorRGB", "#0000ff"),
            ("setColorRGB", [1, 2, 3]),
            ("setColorHSB", {"red": 10, "green": 20, "blue": 30}),
        ]:
            self.refused(Code.BAD_BODY, self.light, command, {"value": given})

    def test_refused(self) -> None:
        for given, code in [
            ({"red": 256, "green": 0, "blue": 0}, Code.OUT_OF_RANGE),
            ({"red": 0, "green": -1, "blue": 0}, Code.OUT_OF_RANGE),
            ({"red": 0, "green": 0, "blue": 1.5}, Code.BAD_VALUE),
            ({"red": 0, "green": 0, "blue": "blue"}, Code.BAD_VALUE),
        ]:
            self.refused(code, self.light, "setColorRGB", {"value": given})
        for given in (
            {"hue": 65536, "saturation": 0, "brightness": 0},
            {"hue": 0, "saturation": 256, "brightness": 0},
            {"hue": 0, "saturation": 0, "brightness": 256},
        ):
            self.refused(Code.OUT_OF_RANGE, self.light, "setColorHSB", {"value": given})

    def test_partIsNamed(self) -> None:
        error = self.refused(
            Code.OUT_OF_RANGE, self.light, "setColorRGB", {"value": {"red": 256, "green": 0, "blue": 0}}
        )
        self.assertEqual(error.refused.message, "red: expected a whole number from 0 to 255, got 256")


def point(at: Any, temperature: Any = "20 C") -> dict[str, Any]:
    return {"timeAt": at, "desiredTemperature": temperature}


def daily(weekDay: Any = 1, *points: Any) -> dict[str, Any]:
    return {"weekDay": weekDay, "switchPoints": list(points)}


class ScheduleTests(ArgumentsTestCase):
    valve = "ThermostaticRadiatorValve"

    def setUp(self) -> None:
        """A zone in which an instant and its local time differ."""
        before = os.environ.get("TZ")
        self.addCleanup(self.zone, before)
        self.zone("CET-1CEST,M3.5.0,M10.5.0/3")

    def zone(self, name: str | None) -> None:
        if name is None:
            os.environ.pop("TZ", None)
        else:
            os.environ["TZ"] = name
        time.tzset()

    def at(self, given: Any) -> datetime:
        found = self.value(self.valve, "setDailyClimateSchedule", daily(1, point(given)))
        assert isinstance(found, DailyClimateSchedule)
        return found.switchPoints[0].timeAt

    def test_day(self) -> None:
        at = datetime(2013, 10, 22, 15, 55, tzinfo=timezone(timedelta(hours=2)))
        expected = DailyClimateSchedule(1, (SwitchPoint(at, Measure.parse("20.5 C")),))
        for weekDay in (1, "1", 1.0):
            given = daily(weekDay, point("2013-10-22T15:55:00.000+02:00", "20.5 C"))
            self.assertEqual(self.value(self.valve, "setDailyClimateSchedule", given), expected)

    def test_days(self) -> None:
        """Exchanges 482, 490."""
        first, second = (
            point("2013-10-22T15:55:00.000+02:00", "20.5 C"),
            point("2013-10-22T20:45:00.000+02:00", "17.5 C"),
        )
        found = self.value(self.valve, "setClimateSchedule", [daily(1, first, second), daily("2", first, second)])
        assert isinstance(found, tuple)
        self.assertEqual([each.weekDay for each in found], [1, 2])
        self.assertEqual([str(each.desiredTemperature) for each in found[1].switchPoints], ["20.5 C", "17.5 C"])

    def test_oneDayForTheWeek(self) -> None:
        given = daily(3, point("2013-10-22T15:55:00Z"))
        day = self.value(self.valve, "setDailyClimateSchedule", given)
        self.assertEqual(self.value(self.valve, "setClimateSchedule", given), (day,))

    def test_listForOneDay(self) -> None:
        given = [daily(3, point("2013-10-22T15:55:00Z"))]
        self.refused(Code.BAD_BODY, self.valve, "setDailyClimateSchedule", {"value": given})

    def test_timeAt(self) -> None:
        """Exchange 486, and every spelling of the same instant."""
        instant = datetime(2013, 10, 22, 13, 55, tzinfo=UTC)
        for given in (
            "2013-10-22T15:55:00.000+02:00",
            "2013-10-22T15:55:00.000+0200",
            "2013-10-22T15:55:00+02:00",
            "2013-10-22T13:55:00Z",
            "2013-10-22T13:55:00.000Z",
            "2013-10-22T13:55:00+00:00",
            1382450100000,
            1382450100000.0,
            "1382450100000",
        ):
            found = self.at(given)
            self.assertEqual(found, instant)
            self.assertEqual((found.hour, found.minute), (15, 55), given)

    def test_ownOffsetIsKept(self) -> None:
        """A time that names its zone means the time of day there."""
        self.assertEqual(self.at("2013-10-22T15:55:00+05:30").hour, 15)

    def test_instantInWinter(self) -> None:
        self.assertEqual(self.at("2013-12-22T13:55:00Z").hour, 14)

    def test_badTime(self) -> None:
        for given, code in [
            ("2013-10-22T15:55:00", Code.BAD_VALUE),
            ("2013-10-22", Code.BAD_VALUE),
            ("15:55", Code.BAD_VALUE),
            ("soon", Code.BAD_VALUE),
            ("2013-13-22T15:55:00Z", Code.BAD_VALUE),
            ("", Code.BAD_VALUE),
            (1e18, Code.OUT_OF_RANGE),
            (-1e18, Code.OUT_OF_RANGE),
            ("1e300", Code.OUT_OF_RANGE),
            ("9999-12-31T23:59:59Z", Code.OUT_OF_RANGE),
            (True, Code.BAD_BODY),
            ([1], Code.BAD_BODY),
        ]:
            body = {"value": daily(1, point(given))}
            error = self.refused(code, self.valve, "setDailyClimateSchedule", body)
            self.assertEqual(error.refused.details["parameter"], "timeAt")

    def test_badBody(self) -> None:
        """Exchanges 495, 496."""
        given: Any
        for given in (
            {},
            {"weekDay": 9},
            {"switchPoints": []},
            {"weekDay": 1, "switchPoints": {}},
            {"weekDay": 1, "switchPoints": None},
            {"weekDay": 1, "switchPoints": [], "x": 1},
            {"weekDay": True, "switchPoints": []},
            {"weekDay": 1, "switchPoints": [{"timeAt": 0}]},
            {"weekDay": 1, "switchPoints": [{"timeAt": 0, "desiredTemperature": "1 C", "x": 1}]},
            {"weekDay": 1, "switchPoints": ["now"]},
            {"weekDay": 1, "switchPoints": [point(0, True)]},
            "always",
            3,
        ):
            for command in ("setDailyClimateSchedule", "setClimateSchedule"):
                self.refused(Code.BAD_BODY, self.valve, command, {"value": given})

    def test_badDay(self) -> None:
        for weekDay, code in [
            (0, Code.OUT_OF_RANGE),
            (8, Code.OUT_OF_RANGE),
            ("9", Code.OUT_OF_RANGE),
            (1.5, Code.BAD_VALUE),
            ("Monday", Code.BAD_VALUE),
        ]:
            self.refused(code, self.valve, "setDailyClimateSchedule", {"value": daily(weekDay)})

    def test_badTemperature(self) -> None:
        """Exchange 484."""
        for temperature, code in [
            ("warm", Code.BAD_VALUE),
            ("20 W", Code.BAD_UNIT),
            ("-300 C", Code.OUT_OF_RANGE),
        ]:
            body = {"value": daily(1, point("2013-10-22T15:55:00Z", temperature))}
            error = self.refused(code, self.valve, "setDailyClimateSchedule", body)
            self.assertEqual(error.refused.details["parameter"], "desiredTemperature")

    def test_dayTwice(self) -> None:
        self.refused(Code.BAD_VALUE, self.valve, "setClimateSchedule", {"value": [daily(1), daily("1")]})

    def test_query(self) -> None:
        """Exchange 493."""
        self.assertEqual(self.call(self.valve, "getDaySchedule", {"value": 1})[1], {"weekDay": 1})


class TeachInTests(ArgumentsTestCase):
    def test_explicit(self) -> None:
        """Exchange 520."""
        given = {"deviceEEP": "A5-02-05", "deviceHexAddress": "01854d34"}
        expected = ExplicitTeachInData("A5-02-05", "01854d34")
        self.assertEqual(self.value("EnOceanGateway", "explicitTeachIn", given), expected)

    def test_refused(self) -> None:
        for eep, address, code in [
            ("A5-02", "01854d34", Code.BAD_VALUE),
            ("A5-02-0G", "01854d34", Code.BAD_VALUE),
            ("A5-02-05", "nowhere", Code.BAD_VALUE),
            ("A5-02-05", "0123456789", Code.BAD_VALUE),
            ("A5-02-05", 1854, Code.BAD_BODY),
            ("A5-02-05", None, Code.BAD_BODY),
        ]:
            body = {"value": {"deviceEEP": eep, "deviceHexAddress": address}}
            self.refused(code, "EnOceanGateway", "explicitTeachIn", body)
        for given in ({}, "A5-02-05", {"deviceEEP": "A5-02-05"}):
            self.refused(Code.BAD_BODY, "EnOceanGateway", "explicitTeachIn", {"value": given})


class CompletenessTests(SynchronousTestCase):
    def test_everyParameterHasAParser(self) -> None:
        """Each type that a command of the catalogue takes is one that is parsed as what it is."""
        examples: dict[str, Any] = {
            "Measure": 20,
            "Integer": 3,
            "int": 3,
            "Object": 5,
            "String": "text",
            "HSBColor": {"hue": 1, "saturation": 2, "brightness": 3},
            "RGBColor": {"red": 1, "green": 2, "blue": 3},
            "DailyClimateSchedule": daily(),
            "DailyClimateSchedule[]": [daily()],
            "ExplicitTeachInData": {"deviceEEP": "A5-02-05", "deviceHexAddress": "1"},
        }
        results: dict[str, Any] = {
            "Measure": Measure,
            "String": str,
            "HSBColor": HSBColor,
            "RGBColor": RGBColor,
            "DailyClimateSchedule": DailyClimateSchedule,
            "DailyClimateSchedule[]": tuple,
            "ExplicitTeachInData": ExplicitTeachInData,
        }
        for name in catalogue():
            for types in Device("d", name).commands.values():
                for each in types:
                    body = {param.name: examples[param.type] for param in each.params}
                    type, args = arguments([each], body)
                    self.assertIs(type, each)
                    for param in each.params:
                        self.assertIsInstance(args[param.name], results.get(param.type, int))

    def test_measuresAreInRange(self) -> None:
        """Whatever is accepted for a quantity is inside its range."""
        for quantity in catalogue().quantities:
            type = CommandType("C", "c", (Param("p", "Measure", quantity),))
            low, high = rangeOf(quantity)
            for bound, beyond in ((low, -1), (high, 1)):
                if bound is not None:
                    arguments([type], {"value": str(bound)})
                    error: Refusal = self.assertRaises(Refusal, arguments, [type], {"value": str(bound + beyond)})
                    self.assertEqual(error.refused.code, Code.OUT_OF_RANGE)
