"""Values as JSON that keeps their type: for what the gateway stores and reads back (the wire has C{render})."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from dog.model.measure import Measure
from dog.model.values import (
    DailyClimateSchedule,
    ExplicitTeachInData,
    HSBColor,
    RGBColor,
    SwitchPoint,
    Value,
)


def encode(value: Value) -> Any:
    """A JSON value from which L{decode} makes an equal value of the same type."""
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Measure):
        return ["measure", str(value.number), value.unit]
    if isinstance(value, HSBColor):
        return ["hsb", value.hue, value.saturation, value.brightness]
    if isinstance(value, RGBColor):
        return ["rgb", value.red, value.green, value.blue]
    if isinstance(value, DailyClimateSchedule):
        return ["day", value.weekDay, [_point(each) for each in value.switchPoints]]
    if isinstance(value, ExplicitTeachInData):
        return ["teachIn", value.deviceEEP, value.deviceHexAddress]
    return ["days", *(encode(each) for each in value)]


def _point(point: SwitchPoint) -> list[Any]:
    return [point.timeAt.isoformat(), encode(point.desiredTemperature)]


def decode(data: Any) -> Value:
    """The value that was encoded. Raises ValueError for anything that L{encode} does not make."""
    if isinstance(data, (str, bool, int, float)):
        return data
    try:
        kind, *rest = data
        if kind == "measure":
            number, unit = rest
            return Measure(Decimal(number), unit)
        if kind == "hsb":
            return HSBColor(*rest)
        if kind == "rgb":
            return RGBColor(*rest)
        if kind == "day":
            return _day(*rest)
        if kind == "teachIn":
            return ExplicitTeachInData(*rest)
        if kind == "days":
            return tuple(_day(*each[1:]) for each in rest)
    except (TypeError, ValueError, KeyError, InvalidOperation) as error:
        raise ValueError(f"no encoded value: {data!r}") from error
    raise ValueError(f"no encoded value: {data!r}")


def _day(weekDay: int, points: list[Any]) -> DailyClimateSchedule:
    switchPoints = []
    for at, temperature in points:
        measure = decode(temperature)
        if not isinstance(measure, Measure):
            raise ValueError("a temperature is a measure")
        switchPoints.append(SwitchPoint(datetime.fromisoformat(at), measure))
    return DailyClimateSchedule(weekDay, tuple(switchPoints))
