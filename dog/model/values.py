"""What a state or a parameter can hold, and the names under which the gateway keeps it.

A C{Value} is one of: L{Measure<dog.model.measure.Measure>} (number + unit), C{str} (discrete state
values, texts), C{int}/C{float} (levels: 0..100 per cent), C{bool}, L{HSBColor}, L{RGBColor},
L{DailyClimateSchedule}, a tuple of those, L{ExplicitTeachInData}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

from dog.model.measure import Measure


@dataclass(frozen=True, slots=True)
class HSBColor:
    """Raw colour: hue 0..65535, saturation and brightness 0..254 (255 tolerated). Source: dogont.json, types."""

    hue: int
    saturation: int
    brightness: int


@dataclass(frozen=True, slots=True)
class RGBColor:
    """Colour, each component 0..255."""

    red: int
    green: int
    blue: int


@dataclass(frozen=True, slots=True)
class SwitchPoint:
    """From C{timeAt} on, hold C{desiredTemperature}. Of the time, hour, minute and second in its own offset matter."""

    timeAt: datetime
    desiredTemperature: Measure

    @property
    def timeOfDay(self) -> time:
        return self.timeAt.time()


@dataclass(frozen=True, slots=True)
class DailyClimateSchedule:
    """The switch points of one day. C{weekDay}: 1 = Sunday .. 7 = Saturday."""

    weekDay: int
    switchPoints: tuple[SwitchPoint, ...]


@dataclass(frozen=True, slots=True)
class ExplicitTeachInData:
    """An EnOcean device to learn: profile C{XX-XX-XX} and its hexadecimal address."""

    deviceEEP: str
    deviceHexAddress: str


Value = (
    Measure
    | str
    | int
    | float
    | bool
    | HSBColor
    | RGBColor
    | DailyClimateSchedule
    | tuple[DailyClimateSchedule, ...]
    | ExplicitTeachInData
)

#: Key parameters of a slot or an event (phaseID, sensorID, buttonID ...), sorted by name.
Features = tuple[tuple[str, str], ...]


def features(**named: str) -> Features:
    """The canonical form of key parameters: C{features(phaseID="L1")}."""
    return tuple(sorted(named.items()))


@dataclass(frozen=True, slots=True)
class Slot:
    """The address of one value: device id, state class and the state's key parameters."""

    device: str
    state: str
    features: Features = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A state value as a driver reports it.

    @ivar at: when the bus said so (aware UTC), or None for now.
    @ivar maxAge: seconds after which the value is stale unless heard again; None: never by age.
    @ivar forced: tell clients even if the value did not change (a meter's periodic report).
    """

    slot: Slot
    value: Value
    at: datetime | None = None
    maxAge: float | None = None
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Pulse:
    """Something that happened and is no state (pressed, identify): told once, never merged.

    @ivar notification: the notification class, e.g. C{PressedNotification}.
    """

    device: str
    notification: str
    params: Mapping[str, Value] = field(default_factory=dict)
    at: datetime | None = None


Seen = Reading | Pulse


def render(value: Value) -> Any:
    """A value as JSON: measures as text, colours and schedules as objects (C{timeAt} in epoch milliseconds).

    Source: dogont.json, section C{types}; units.md, "Rendering rules".
    """
    if isinstance(value, Measure):
        return str(value)
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, HSBColor):
        return {"hue": value.hue, "saturation": value.saturation, "brightness": value.brightness}
    if isinstance(value, RGBColor):
        return {"red": value.red, "green": value.green, "blue": value.blue}
    if isinstance(value, DailyClimateSchedule):
        return {
            "weekDay": value.weekDay,
            "switchPoints": [
                {
                    "desiredTemperature": str(point.desiredTemperature),
                    "timeAt": round(point.timeAt.timestamp() * 1000),
                }
                for point in value.switchPoints
            ],
        }
    if isinstance(value, ExplicitTeachInData):
        return {"deviceEEP": value.deviceEEP, "deviceHexAddress": value.deviceHexAddress}
    return [render(each) for each in value]
