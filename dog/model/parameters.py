"""One parameter of a command: from JSON to the type that the catalogue says.

Source: rest-api.md, "Command parameters"; dogont.json, section C{types}; units.md.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

from dog.model.bounds import Range, inside, rangeOf, rangeOfParam
from dog.model.catalogue import CommandType, Param, catalogue
from dog.model.device import Device
from dog.model.measure import BadMeasure, Measure, unitNamed
from dog.model.refusal import Code, Refusal
from dog.model.values import (
    DailyClimateSchedule,
    ExplicitTeachInData,
    HSBColor,
    RGBColor,
    SwitchPoint,
    Value,
)

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_EEP = re.compile(r"[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}")
_ADDRESS = re.compile(r"[0-9A-Fa-f]{1,8}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: Numbers of more digits before the point fit no double, and no JSON reader on the way.
_DIGITS = 308

#: The longest part of a client's value that a message repeats.
_SHOWN = 60


#: Characters of a text that a device is sent.
MAX_TEXT = 1000


def parse(param: Param, given: Any, command: CommandType, device: Device | None) -> Value:
    """The value of C{param}, given as JSON that is not null. Raises L{Refusal}."""
    _bound(param, given)
    if param.type == "Object":
        return _object(param, given, command, device)
    return _PARSERS.get(param.type, _generic)(param, given)


# -- refusing ------------------------------------------------------------------------------------------


def _refuse(code: Code, param: Param, expected: str, given: Any) -> NoReturn:
    shown = json.dumps(given, ensure_ascii=False, default=str)
    if len(shown) > _SHOWN:
        shown = shown[: _SHOWN - 1] + "…"
    raise Refusal(code, f"{param.name}: expected {expected}, got {shown}", parameter=param.name, expected=expected)


def _bound(param: Param, given: Any) -> None:
    if isinstance(given, str) and len(given) > MAX_TEXT:
        expected = f"a text of at most {MAX_TEXT} characters"
        message = f"{param.name}: expected {expected}, got {len(given)}"
        raise Refusal(Code.OUT_OF_RANGE, message, parameter=param.name, expected=expected)


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _inRange(expected: str, range: Range) -> str:
    low, high = range
    if low is not None and high is not None:
        return f"{expected} from {low} to {high}"
    return f"{expected} of at least {low}" if low is not None else expected


# -- numbers -------------------------------------------------------------------------------------------


def _number(param: Param, given: Any, expected: str) -> Decimal:
    """A JSON number or numeric text, finite."""
    if isinstance(given, bool) or not isinstance(given, (int, float, str, Decimal)):
        _refuse(Code.BAD_BODY, param, expected, given)
    if isinstance(given, str):
        text = given.strip()
        if not _NUMBER.fullmatch(text):
            _refuse(Code.BAD_VALUE, param, expected, given)
        given = Decimal(text)
    if isinstance(given, float) and not math.isfinite(given):
        # JSON has no infinity: 1e400 is a number, only too large.
        _refuse(Code.BAD_VALUE if math.isnan(given) else Code.OUT_OF_RANGE, param, expected, str(given))
    number = Decimal(str(given)) if isinstance(given, float) else Decimal(given)
    if number.adjusted() > _DIGITS:
        _refuse(Code.OUT_OF_RANGE, param, expected, f"{number:.3E}")
    return number


def _integer(param: Param, given: Any) -> int:
    range = rangeOfParam(param)
    expected = _inRange("a whole number", range)
    number = _number(param, given, expected)
    if number != number.to_integral_value():
        _refuse(Code.BAD_VALUE, param, expected, given)
    if not inside(number, range):
        _refuse(Code.OUT_OF_RANGE, param, expected, given)
    return int(number)


def _double(param: Param, given: Any) -> float:
    return float(_number(param, given, "a number"))


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


# -- measures ------------------------------------------------------------------------------------------


def _measure(param: Param, given: Any) -> Measure:
    quantity = param.quantity
    unit = unitNamed(catalogue().unit(quantity)) or ""
    noun = (quantity or "measure").replace("_", " ")
    if quantity is None:
        expected = 'a measure such as "20 C"'
    else:
        expected = f'{_article(noun)} such as "{f"20 {unit}".strip()}"'
    return _measured(param, given, expected, quantity, unit)


def _measured(param: Param, given: Any, expected: str, quantity: str | None, unit: str) -> Measure:
    """A number in C{unit}, or text with any unit of that dimension; per cent for a unitless level."""
    range = rangeOf(quantity)
    expected = _inRange(expected, range)
    if isinstance(given, str):
        try:
            measure = Measure.parse(given)
        except BadMeasure as error:
            _refuse(Code(error.code), param, expected, given)
        _number(param, measure.number, expected)
    else:
        measure = Measure(_number(param, given, expected))
    if not measure.unit or (measure.unit == "%" and range == rangeOf("level")):
        measure = Measure(measure.number, unit)
    if quantity is not None:
        try:
            number = measure.to(unit).number
        except BadMeasure:
            _refuse(Code.BAD_UNIT, param, expected, given)
        if not inside(number, range):
            _refuse(Code.OUT_OF_RANGE, param, expected, given)
    return measure


# -- texts and what may be anything ----------------------------------------------------------------------


def _text(param: Param, given: Any) -> str:
    if not isinstance(given, str):
        _refuse(Code.BAD_BODY, param, "a text", given)
    return given


def _boolean(param: Param, given: Any) -> bool:
    if not isinstance(given, bool):
        _refuse(Code.BAD_BODY, param, "true or false", given)
    return given


def _object(param: Param, given: Any, command: CommandType, device: Device | None) -> Value:
    """An untyped parameter: a level or a channel for C{set}, else whatever it looks like."""
    if command.cls == "SetCommand" or command.name == "set":
        quantity = _regulated(device)
        noun = "a channel" if quantity == "channel" else 'a level such as 40 or "40 %"'
        return _plain(_measured(param, given, noun, quantity, "").number)
    return _generic(param, given)


def _regulated(device: Device | None) -> str:
    """What C{set} sets: the channel of a device that only has a tuner, else a level."""
    control = set(device.type.control) if device is not None and device.type is not None else set()
    levels = {
        "ColorControlFunctionality",
        "LevelControlFunctionality",
        "LightRegulationFunctionality",
        "ShutterRegulationFunctionality",
    }
    return "channel" if "TunerFunctionality" in control and not control & levels else "level"


def _generic(param: Param, given: Any) -> Value:
    """A number, a measure if the text is one, or the text."""
    if not isinstance(given, str):
        return _plain(_number(param, given, "a number, a measure or a text"))
    if _NUMBER.fullmatch(given.strip()):
        return _plain(_number(param, given, "a number"))
    try:
        return Measure.parse(given)
    except BadMeasure:
        return given


# -- objects -------------------------------------------------------------------------------------------


def _members(param: Param, given: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """An object with these keys, no more and no less."""
    expected = "an object with " + ", ".join(names)
    if not isinstance(given, dict) or given.keys() != set(names):
        _refuse(Code.BAD_BODY, param, expected, given)
    return given


def _integers(param: Param, given: Any, names: tuple[str, ...]) -> list[int]:
    found = _members(param, given, names)
    return [_integer(Param(name, "Integer"), found[name]) for name in names]


def _hsb(param: Param, given: Any) -> HSBColor:
    return HSBColor(*_integers(param, given, ("hue", "saturation", "brightness")))


def _rgb(param: Param, given: Any) -> RGBColor:
    return RGBColor(*_integers(param, given, ("red", "green", "blue")))


def _teachIn(param: Param, given: Any) -> ExplicitTeachInData:
    found = _members(param, given, ("deviceEEP", "deviceHexAddress"))
    for name, pattern, expected in (
        ("deviceEEP", _EEP, 'a profile such as "A5-02-05"'),
        ("deviceHexAddress", _ADDRESS, 'up to eight hexadecimal digits such as "01854d34"'),
    ):
        inner = Param(name, "String")
        if not pattern.fullmatch(_text(inner, found[name]).strip()):
            _refuse(Code.BAD_VALUE, inner, expected, found[name])
    return ExplicitTeachInData(found["deviceEEP"].strip(), found["deviceHexAddress"].strip())


# -- schedules -----------------------------------------------------------------------------------------


def _day(param: Param, given: Any) -> DailyClimateSchedule:
    found = _members(param, given, ("weekDay", "switchPoints"))
    weekDay = _integer(Param("weekDay", "Integer"), found["weekDay"])
    points = found["switchPoints"]
    if not isinstance(points, list):
        _refuse(Code.BAD_BODY, Param("switchPoints", "Object"), "a list of switch points", points)
    return DailyClimateSchedule(weekDay, tuple(_switchPoint(each) for each in points))


def _days(param: Param, given: Any) -> tuple[DailyClimateSchedule, ...]:
    days = tuple(_day(param, each) for each in (given if isinstance(given, list) else [given]))
    if len({each.weekDay for each in days}) < len(days):
        _refuse(Code.BAD_VALUE, param, "each weekDay once", [each.weekDay for each in days])
    return days


def _switchPoint(given: Any) -> SwitchPoint:
    found = _members(Param("switchPoints", "Object"), given, ("timeAt", "desiredTemperature"))
    return SwitchPoint(
        _time(Param("timeAt", "Calendar"), found["timeAt"]),
        _measure(Param("desiredTemperature", "Measure", "temperature"), found["desiredTemperature"]),
    )


def _time(param: Param, given: Any) -> datetime:
    """ISO 8601 with its offset, or epoch milliseconds.

    What is written in UTC or as an instant is put into the zone of this machine, because the time of day in the
    result's own offset is what counts: browsers write a local time as UTC (C{Date.toISOString}).
    """
    expected = 'a time such as "2013-10-22T15:55:00+02:00" or epoch milliseconds'
    if isinstance(given, str) and not _NUMBER.fullmatch(given.strip()):
        try:
            at = datetime.fromisoformat(given.strip())
        except ValueError:
            _refuse(Code.BAD_VALUE, param, expected, given)
        offset = at.utcoffset()
        if offset is None:
            _refuse(Code.BAD_VALUE, param, expected, given)
        if offset:
            return at
    else:
        milliseconds = _number(param, given, expected)
        try:
            at = _EPOCH + timedelta(milliseconds=float(milliseconds))
        except OverflowError:
            _refuse(Code.OUT_OF_RANGE, param, expected, given)
    try:
        return at.astimezone()
    except (OverflowError, ValueError):
        _refuse(Code.OUT_OF_RANGE, param, expected, given)


_PARSERS: Mapping[str, Callable[[Param, Any], Value]] = {
    "Measure": _measure,
    "Integer": _integer,
    "int": _integer,
    "Double": _double,
    "String": _text,
    "Boolean": _boolean,
    "HSBColor": _hsb,
    "RGBColor": _rgb,
    "DailyClimateSchedule": _day,
    "DailyClimateSchedule[]": _days,
    "ExplicitTeachInData": _teachIn,
}
