"""Which notification classes reflect which state: rules first, and a small table for what no rule gives.

Rules: a notification without a value reflects the discrete value of its own name (C{off} -> C{off},
C{standBy} -> C{standby}); one with a value reflects the continuous state of the same quantity whose key
parameters it has. The tables below name the rest, in the order of preference: the first that a device owns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dog.model.catalogue import NotificationType, StateType

#: Discrete value -> short names of the notifications that tell that it was entered.
ENTERED: Mapping[str, tuple[str, ...]] = {
    "on": ("Pressed", "PressedM"),
    "off": ("Released", "ReleasedM"),
    "detected": ("On",),
    "notDetected": ("Off",),
    "present": ("IsPresent",),
    "personInside": ("IsPresent",),
    "noPersonInside": ("NotPresent",),
    "isMoving": ("SimpleMovement",),
    "notMoving": ("SimpleNoMovement",),
    "raising": ("MovingUp",),
    "lowering": ("MovingDown",),
    "up": ("RestUp", "PressedUp"),
    "down": ("RestDown", "PressedDown"),
    "rest": ("Rest",),
    "cooling": ("Cool",),
    "heating": ("Heat", "StartedHeatingCycle"),
    "washOrRinse": ("StartedWashing",),
    "superCooling": ("StartedSuperCooling",),
    "superFreezing": ("StartedSuperFreezing",),
    "superHeating": ("StartedSuperHeating",),
    "running": ("StartAppliance",),
    "idle": ("StopAppliance", "DiscoveryIdle", "TeachInEnded"),
    "playing": ("Play",),
    "forward": ("Forward",),
    "rewind": ("Rewind",),
    "searching": ("DiscoveryActive",),
    "teachingIn": ("TeachInActive",),
    "authenticating": ("PushLinkAuthenticationActive",),
    "authenticated": ("PushLinkAuthenticationIdle",),
    "needsAuthentication": ("PushLinkAuthenticationIdle",),
}

#: Discrete value -> short names of the notifications that tell that it was left.
LEFT: Mapping[str, tuple[str, ...]] = {
    "cooling": ("StopHeatingCooling",),
    "heating": ("StoppedHeatingCycle", "StopHeatingCooling"),
    "washOrRinse": ("StoppedWashing",),
    "superCooling": ("StoppedSuperCooling",),
    "superFreezing": ("StoppedSuperFreezing",),
    "superHeating": ("StoppedSuperHeating",),
}

#: State -> short names of notifications whose quantity or type does not give them away.
TOLD_BY: Mapping[str, tuple[str, ...]] = {
    "EnergyMeasurementState": ("HeatingEnergyMeasurement",),
    "GenericContinuousState": ("Event",),
    "GenericDiscreteState": ("Event",),
    "MultipleGenericContinuousState": ("MultipleEvent",),
    "MultipleGenericDiscreteState": ("MultipleEvent",),
    "SourceSelectionState": ("SourceSelection",),
    "TunerState": ("ChannelControl",),
}

#: The parameter that carries the value, where the catalogue does not say so.
VALUES: Mapping[str, str] = {
    "ChannelControlNotification": "channelId",
    "EventNotification": "event",
    "MultipleEventNotification": "event",
    "SourceSelectionNotification": "sourceId",
}

#: Quantities that are a level on the wire (LevelControlNotification).
LEVELS = frozenset({"level", "fill_level", "shade_level", "volume_level"})

#: Reflects a measured state only where nothing else does: a valve's TemperatureState is its set point.
SECOND_CHOICE = frozenset({"ChangedDesiredTemperatureNotification"})

#: What a device reports in a discrete state of one value (HeatingApplianceState) once that is left.
NEITHER = "idle"


@dataclass(frozen=True, slots=True)
class Carrier:
    """A notification that carries the value of a state.

    @ivar value: the parameter for the value.
    @ivar keys: feature of the slot, in lower case -> the parameter it fills (C{sensorid} -> C{sensorId}).
    """

    notification: NotificationType
    value: str
    keys: Mapping[str, str]


def short(notification: NotificationType) -> str:
    return notification.cls.removesuffix("Notification")


def entered(value: str, owned: Iterable[NotificationType], features: Iterable[str]) -> NotificationType | None:
    """The notification that tells that a discrete state with these features took this value."""
    known = {each.lower() for each in features}
    named: dict[str, NotificationType] = {}
    for each in owned:
        if each.valueParam is None and {param.name.lower() for param in each.params} <= known:
            if each.name.lower() == value.lower():
                return each
            named[short(each)] = each
    return next((named[each] for each in ENTERED.get(value, ()) if each in named), None)


def left(value: str, owned: Iterable[NotificationType]) -> NotificationType | None:
    """The notification that tells that a discrete state no longer has this value."""
    named = {short(each): each for each in owned}
    return next((named[each] for each in LEFT.get(value, ()) if each in named), None)


def afterwards(value: str, state: StateType, owned: Iterable[NotificationType]) -> str:
    """A value that C{state} may have once C{value} is left and L{left} was told; best one that nothing else tells."""
    owned = tuple(owned)
    told = left(value, owned)
    others = [each for each in state.values if left(each, owned) is not told]
    return min(others, key=lambda each: each in LEFT, default=NEITHER)


def carriers(state: StateType, owned: Iterable[NotificationType]) -> tuple[Carrier, ...]:
    """The notifications that carry the value of this state, those with the most key parameters first.

    Every feature of the state is among their keys; they may have more, which a slot may fill.
    """
    found = [
        carrier
        for carrier in _carriers(state, owned)
        if {each.lower() for each in state.features} <= carrier.keys.keys()
    ]
    first = [each for each in found if each.notification.cls not in SECOND_CHOICE]
    return tuple(sorted(first or found, key=lambda each: -len(each.keys)))


def _carriers(state: StateType, owned: Iterable[NotificationType]) -> Iterator[Carrier]:
    named = TOLD_BY.get(state.cls, ())
    for each in owned:
        value = each.valueParam or VALUES.get(each.cls)
        if value is None:
            continue
        quantity = next((param.quantity for param in each.params if param.name == value), None)
        if short(each) in named or (quantity is not None and quantity == _wire(state.quantity)):
            yield Carrier(
                each, value, {param.name.lower(): param.name for param in each.params if param.name != value}
            )


def _wire(quantity: str | None) -> str | None:
    return "level" if quantity in LEVELS else quantity


def axes(state: StateType, owned: Iterable[NotificationType]) -> tuple[NotificationType, Mapping[str, str]] | None:
    """The notification that joins the axes of this state, and axisID -> parameter (C{X} -> C{accX})."""
    if "axisID" in state.features:
        for each in owned:
            if each.params and all(param.quantity == state.quantity for param in each.params):
                params = {param.name[-1].upper(): param.name for param in each.params}
                if len(params) > 1:
                    return each, dict(sorted(params.items()))
    return None
