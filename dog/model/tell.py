"""How changed values become notifications: what clients are told when the state of a device changes.

Pure, and the same for every bus: a driver reports readings, and the notifications of the device's class that
reflect them follow from the catalogue (L{dog.model.reflection}). What is no state (a scene stored, a step, an alert) a
driver reports as a L{Pulse<dog.model.values.Pulse>} instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from dog.model.catalogue import NotificationType, StateType, catalogue
from dog.model.color import toHSB, toRGB
from dog.model.device import Device
from dog.model.measure import Measure
from dog.model.reflection import TOLD_BY, Carrier, afterwards, axes, carriers, entered, left
from dog.model.values import DailyClimateSchedule, HSBColor, RGBColor, Slot, Value

Current = Callable[[Slot], "Value | None"]


@dataclass(frozen=True, slots=True)
class Told:
    """One notification of a device.

    @ivar params: every parameter of the notification class -> value.
    @ivar slots: the slots whose values it tells; all three axes, even if only one changed.
    @ivar discrete: it tells a discrete state: it must reach clients, a later one does not replace it.
    """

    notification: NotificationType
    params: dict[str, Value]
    slots: tuple[Slot, ...]
    discrete: bool


def told(
    device: Device,
    changed: Sequence[Slot],
    current: Current,
    *,
    previous: Current | None = None,
) -> list[Told]:
    """The notifications of C{device} that tell what changed in one atomic step, in the order of C{changed}.

    @param changed: slots of this device; a slot that no notification reflects is told by none.
    @param current: the value of a slot after the step; None if it was never heard.
    @param previous: the value of a slot before the step, None if it was not known. It tells what was left
        (C{StoppedWashingNotification}) and which days of a schedule changed. Without it, only states of a
        single value are known to be left, and a schedule of one day is told as that day, a longer one as the week.
    @raise TypeError: a value that its notification can't carry: a driver's bug.
    """
    found: list[Told] = []
    kind = _kind(device.type.name if device.type else None, tuple(device.notifications))
    for slot in changed:
        value = current(slot)
        if value is not None:
            for each in kind.tell(slot, value, current, previous):
                _add(found, each)
    return found


def stateOf(device: Device, notification: str) -> tuple[str, str | None] | None:
    """The state class that a notification class reflects, and the value if it tells that the state has that value.

    None for a pure pulse, which only a driver can report, and for a notification that C{device} does not have. For a
    notification of leaving (C{StoppedSuperHeatingNotification}), a value that the state may have afterwards.
    """
    kind = _kind(device.type.name if device.type else None, tuple(device.notifications))
    for state in device.states.values():
        reflected = kind.reflected(state)
        if notification in reflected:
            return state.cls, reflected[notification]
    return None


def discreteNotifications(device: Device) -> frozenset[str]:
    """The notification classes by which C{device} tells changes of its discrete states.

    They are what a subscription to C{StateChangeNotification} means.
    """
    kind = _kind(device.type.name if device.type else None, tuple(device.notifications))
    return frozenset(each for state in device.states.values() if state.discrete for each in kind.reflected(state))


def _add(found: list[Told], new: Told) -> None:
    """Say it once, even if two states of the device say the same."""
    for index, each in enumerate(found):
        if each.notification is new.notification and each.params == new.params:
            if not set(new.slots) <= set(each.slots):
                found[index] = replace(each, slots=each.slots + new.slots)
            return
    found.append(new)


class _Kind:
    """How devices of one class with one set of notifications tell their states. Worked out once per state."""

    def __init__(self, cls: str | None, notifications: tuple[str, ...]) -> None:
        self._cls = cls
        known = (catalogue().notification(each) for each in notifications)
        self._owned = tuple(each for each in known if each is not None)
        self._states: dict[str, StateType | None] = {}
        self._entered: dict[tuple[str, tuple[str, ...]], NotificationType | None] = {}
        self._carriers: dict[str, tuple[Carrier, ...]] = {}
        self._reflected: dict[tuple[str, tuple[str, ...]], Mapping[str, str | None]] = {}

    # -- at run time ---------------------------------------------------------------------------------

    def tell(self, slot: Slot, value: Value, current: Current, previous: Current | None) -> Iterator[Told]:
        state = self._state(slot.state)
        if state is None:
            return
        if state.cls in ("ColorStateHSB", "ColorStateRGB"):
            yield from self._color(slot, value)
        elif state.cls == "ClimateScheduleState":
            yield from self._schedule(slot, value, previous)
        elif state.values and state.cls not in TOLD_BY:
            yield from self._discrete(state, slot, value, previous)
        elif "axisID" in state.features:
            yield from self._axes(state, slot, current)
        else:
            yield from self._carried(state, slot, value)

    def _state(self, cls: str) -> StateType | None:
        if cls not in self._states:
            self._states[cls] = catalogue().state(cls, self._cls)
        return self._states[cls]

    def _owns(self, cls: str) -> NotificationType | None:
        return next((each for each in self._owned if each.cls == cls), None)

    def _discrete(self, state: StateType, slot: Slot, value: Value, previous: Current | None) -> Iterator[Told]:
        if not isinstance(value, str):
            raise TypeError(f"{slot.state} of {slot.device} is a text, not {value!r}")
        if previous is not None:
            before = previous(slot)
        else:
            before = state.values[0] if len(state.values) == 1 else None
        if isinstance(before, str) and before != value:
            stopped = left(before, self._owned)
            if stopped is not None and stopped is not left(value, self._owned):
                yield Told(stopped, {}, (slot,), True)
        names = tuple(name for name, _ in slot.features)
        key = (value, names)
        if key not in self._entered:
            self._entered[key] = entered(value, self._owned, names)
        started = self._entered[key]
        if started is not None:
            yield Told(started, _keys(started, slot), (slot,), True)

    def _carried(self, state: StateType, slot: Slot, value: Value) -> Iterator[Told]:
        found = self._carriers.get(state.cls)
        if found is None:
            found = self._carriers[state.cls] = carriers(state, self._owned)
        features = {name.lower(): text for name, text in slot.features}
        fitting = [each for each in found if each.keys.keys() <= features.keys()]
        if fitting:
            carrier = _choose(fitting, features)
            params: dict[str, Value] = {}
            for param in carrier.notification.params:
                if param.name == carrier.value:
                    params[param.name] = _carry(value, param.type, param.quantity, slot)
                else:
                    params[param.name] = features[param.name.lower()]
            yield Told(carrier.notification, params, (slot,), state.discrete)

    def _axes(self, state: StateType, slot: Slot, current: Current) -> Iterator[Told]:
        """Told once all of its axes are known."""
        found = axes(state, self._owned)
        if found is not None and any(name == "axisID" for name, _ in slot.features):
            notification, params = found
            slots = {
                param: replace(
                    slot, features=tuple((name, axis if name == "axisID" else text) for name, text in slot.features)
                )
                for axis, param in params.items()
            }
            values = {param: current(each) for param, each in slots.items()}
            if slot in slots.values() and None not in values.values():
                types = {param.name: param for param in notification.params}
                yield Told(
                    notification,
                    {
                        name: _carry(value, types[name].type, types[name].quantity, slot)
                        for name, value in values.items()
                        if value is not None
                    },
                    tuple(slots.values()),
                    False,
                )

    def _color(self, slot: Slot, value: Value) -> Iterator[Told]:
        if isinstance(value, HSBColor):
            hsb, rgb = value, toRGB(value)
        elif isinstance(value, RGBColor):
            hsb, rgb = toHSB(value), value
        else:
            raise TypeError(f"{slot.state} of {slot.device} is a colour, not {value!r}")
        for cls, param, color in (
            ("ColorHSBNotification", "colorHSB", hsb),
            ("ColorRGBNotification", "colorRGB", rgb),
        ):
            notification = self._owns(cls)
            if notification is not None:
                yield Told(notification, {param: color}, (slot,), False)

    def _schedule(self, slot: Slot, value: Value, previous: Current | None) -> Iterator[Told]:
        days = _days(slot, value)
        before = previous(slot) if previous is not None else None
        known = () if before is None else _days(slot, before)
        changed = [each for each in days if each not in known]
        gone = {each.weekDay for each in known} - {each.weekDay for each in days}
        daily = self._owns("DailyClimateScheduleNotification")
        weekly = self._owns("WeeklyClimateScheduleNotification")
        if daily is not None and len(changed) == 1 and not gone:
            yield Told(daily, {"daySchedule": changed[0]}, (slot,), True)
        elif weekly is not None:
            yield Told(weekly, {"dailySchedules": days}, (slot,), True)

    # -- known beforehand -----------------------------------------------------------------------------

    def reflected(self, state: StateType) -> Mapping[str, str | None]:
        """Notification class -> the discrete value it tells of this state, or None where it carries the value."""
        key = (state.cls, state.features)
        if key not in self._reflected:
            found: dict[str, str | None] = {}
            for cls, value in self._reflections(state):
                found.setdefault(cls, value)
            self._reflected[key] = found
        return self._reflected[key]

    def _reflections(self, state: StateType) -> Iterator[tuple[str, str | None]]:
        if state.cls in ("ColorStateHSB", "ColorStateRGB"):
            names = ["ColorHSBNotification", "ColorRGBNotification"]
        elif state.cls == "ClimateScheduleState":
            names = ["DailyClimateScheduleNotification", "WeeklyClimateScheduleNotification"]
        elif state.values and state.cls not in TOLD_BY:
            for value in state.values:
                started = entered(value, self._owned, state.features)
                if started is not None:
                    yield started.cls, value
            for value in state.values:
                stopped = left(value, self._owned)
                if stopped is not None:
                    yield stopped.cls, afterwards(value, state, self._owned)
            return
        elif "axisID" in state.features:
            found = axes(state, self._owned)
            names = [] if found is None else [found[0].cls]
        else:
            fitting = [each for each in carriers(state, self._owned) if len(each.keys) == len(state.features)]
            # A state without features can't say that its water is hot.
            names = [each.notification.cls for each in (fitting if state.features else fitting[:1])]
        for name in names:
            if self._owns(name) is not None:
                yield name, None


@lru_cache(maxsize=1024)
def _kind(cls: str | None, notifications: tuple[str, ...]) -> _Kind:
    return _Kind(cls, notifications)


def _keys(notification: NotificationType, slot: Slot) -> dict[str, Value]:
    features = {name.lower(): text for name, text in slot.features}
    return {param.name: features[param.name.lower()] for param in notification.params}


def _choose(fitting: Sequence[Carrier], features: Mapping[str, str]) -> Carrier:
    """The one that the features mean, a pair of phases or one, hot water or cold; else the one with the most keys."""
    phase = features.get("phaseid", "")
    wanted = "LLVoltage" if len(re.findall(r"\d", phase)) > 1 else "LNVoltage"
    if "hot" in features.get("sensorid", "").lower():
        wanted = "HotWater"
    return next((each for each in fitting if wanted in each.notification.cls), fitting[0])


def _carry(value: Value, type: str, quantity: str | None, slot: Slot) -> Value:
    """The value in the parameter's type."""
    if type == "Measure":
        if isinstance(value, Measure):
            return Measure(value.number) if quantity == "level" else value
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return Measure.of(value, catalogue().unit(quantity))
    elif type == "Object":
        return value
    elif type == "String":
        if isinstance(value, Measure):
            return str(value).strip()
        if isinstance(value, (str, int, float)):
            return str(value)
    raise TypeError(f"{slot.state} of {slot.device} is a {type}, not {value!r}")


def _days(slot: Slot, value: Value) -> tuple[DailyClimateSchedule, ...]:
    days = (value,) if isinstance(value, DailyClimateSchedule) else value
    if isinstance(days, tuple):
        return days
    raise TypeError(f"{slot.state} of {slot.device} is a schedule, not {value!r}")
