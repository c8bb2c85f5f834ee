"""Which registers mean which states, and which commands write where, out of home.xml. Pure; works for every class.

A notification's register is a source of the state that the notification reflects; a command's register is where it
writes. A command without one writes to the source of the state that it changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from dog.drivers.modbus.mapping import RegisterMap, Source, Target
from dog.drivers.modbus.registers import BadRegister, Register, registerOf
from dog.model.catalogue import CommandType, StateType, catalogue
from dog.model.device import Command, ConfigParam, Device, Notification
from dog.model.measure import BadMeasure, Measure
from dog.model.tell import stateOf
from dog.model.values import Features, Slot

#: Quantities whose states are plain numbers.
_PLAIN = frozenset({"channel", "level", "shade_level", "speed_level", "volume_level"})

#: The value that a register other than 0 means, in discrete states of two.
_POSITIVE = frozenset(
    {"on", "open", "detected", "isMoving", "present", "personInside", "connected", "failure", "emittingMicrowaves"}
)

#: Command without parameters -> the values that the state may have then, the first that it knows.
_EFFECTS: Mapping[str, tuple[str, ...]] = {
    "on": ("on",),
    "off": ("off",),
    "standBy": ("standBy",),
    "open": ("open",),
    "close": ("close",),
    "up": ("raising", "up"),
    "down": ("lowering", "down"),
    "rest": ("rest",),
    "heat": ("heating",),
    "cool": ("cooling",),
    "start": ("running",),
    "pause": ("pause",),
    "play": ("playing",),
    "stop": ("idle", "stop"),
}

#: Command with a number -> the notifications that tell that number.
_TOLD: Mapping[str, tuple[str, ...]] = {
    "set": ("LevelControlNotification",),
    "setSpeed": ("SpeedControlNotification",),
    "setVolume": ("LevelControlNotification",),
    "setTemperatureAt": ("ChangedDesiredTemperatureNotification",),
}

#: Command -> the command whose number it changes, and by how much.
_STEPS: Mapping[str, tuple[str, int]] = {
    "stepUp": ("set", 10),
    "stepDown": ("set", -10),
    "speedUp": ("setSpeed", 10),
    "speedDown": ("setSpeed", -10),
    "increaseVolume": ("setVolume", 10),
    "decreaseVolume": ("setVolume", -10),
}


def mapOf(device: Device) -> RegisterMap:
    """What the elements of a device say. Never fails: what is wrong is among the problems."""
    return _Mapper(device).map()


class _Mapper:
    def __init__(self, device: Device) -> None:
        self.device = device
        self.sources: list[Source] = []
        self.targets: dict[str, Target] = {}
        self.problems: list[str] = []

    def map(self) -> RegisterMap:
        for functionality in self.device.notificationFunctionalities:
            for notification in functionality.notifications:
                register = self._register(notification.cls, notification)
                if register is not None:
                    self._source(notification, register)
        own: dict[str, tuple[Register, Decimal | None]] = {}
        for control in self.device.controlFunctionalities:
            for command in control.commands:
                register = self._register(command.cls, command)
                if register is not None and command.realName:
                    own[command.realName] = (register, self._raw(command.cls, command))
        for name, types in self.device.commands.items():
            if types[0].returns is None:
                target = self._own(name, types[0], own) if name in own else self._fallback(name)
                if target is not None and not target.register.table.writable:
                    if name in own:
                        self.problems.append(f"{name}: {target.register.table} can't be written")
                    target = None
                if target is not None:
                    self.targets[name] = target
        return RegisterMap(self.device, tuple(self.sources), self.targets, tuple(self.problems))

    def _register(self, what: str, element: Notification | Command) -> Register | None:
        try:
            return registerOf(element.param)
        except BadRegister as error:
            self.problems.append(f"{what}: {error}")
            return None

    def _raw(self, what: str, element: Notification | Command) -> Decimal | None:
        text = (element.param("registerValue") or "").strip()
        try:
            return Decimal(int(text, 0)) if text else None
        except (ValueError, InvalidOperation):
            self.problems.append(f"{what}: registerValue: expected a whole number, got {text}")
            return None

    # -- sources ----------------------------------------------------------------------------------------

    def _source(self, element: Notification, register: Register) -> None:
        cls = self._notification(element)
        told = stateOf(self.device, cls) if cls is not None else self._generic()
        if told is None:
            kind = self.device.notifications.get(cls) if cls is not None else None
            if kind is None or cls is None:
                self.problems.append(f"{element.cls}: {self.device.cls} has no state that it tells")
                return
            quantity = next((each.quantity for each in kind.params if each.name == kind.valueParam), None)
            keys = self._features(element.cls, tuple(kind.keyParams), element.params)
            if keys is not None:
                measured = register.measureUnit or catalogue().unit(quantity)
                self.sources.append(Source(register, cls, None, unit=measured, keys=keys))
            return
        state = self.device.states[told[0]]
        features = self._features(element.cls, state.features, element.params)
        if features is None:
            return
        slot = Slot(self.device.id, state.cls, features)
        if state.discrete:
            self._discrete(element, register, cls, slot, state, told[1])
        elif (state.quantity or "").endswith("_raw"):
            self.problems.append(f"{element.cls}: {state.cls} is no number that a register could hold")
        else:
            unit = None if state.quantity in _PLAIN else register.measureUnit or self._unit(state)
            self.sources.append(Source(register, cls, slot, unit=unit))

    def _notification(self, element: Notification) -> str | None:
        """The class that is meant: as written, or by its notificationName."""
        current = catalogue().current("notifications", element.cls)
        if current in self.device.notifications:
            return current
        name = element.param("notificationName")
        return next((each.cls for each in self.device.notifications.values() if name and each.name == name), None)

    def _generic(self) -> tuple[str, str | None] | None:
        """What a StateChangeNotification means: the state that is switched, or the only one."""
        states = list(self.device.states.values())
        discrete = [each for each in states if each.discrete and each.values]
        if "OnOffState" in self.device.states:
            return "OnOffState", None
        if len(states) == 1 or len(discrete) == 1:
            return (discrete[0] if len(discrete) == 1 else states[0]).cls, None
        return None

    def _features(self, what: str, names: tuple[str, ...], params: tuple[ConfigParam, ...]) -> Features | None:
        given = {each.name.lower(): each.value for each in params if each.name and each.value}
        missing = [name for name in names if name.lower() not in given]
        if missing:
            self.problems.append(f"{what}: {', '.join(missing)} is missing")
            return None
        return tuple(sorted((name, str(given[name.lower()])) for name in names))

    def _unit(self, state: StateType) -> str:
        for declared in self.device.declaredStates:
            if catalogue().current("states", declared.cls) == state.cls:
                for value in declared.values:
                    for param in value.params:
                        if param.name == "unitOfMeasure" and param.value:
                            try:
                                return Measure.of(0, param.value).unit
                            except BadMeasure:
                                self.problems.append(f"{declared.cls}: unknown unit {param.value}")
        return catalogue().unit(state.quantity)

    def _discrete(
        self,
        element: Notification,
        register: Register,
        cls: str | None,
        slot: Slot,
        state: StateType,
        value: str | None,
    ) -> None:
        """Two values and one register: on is what is not 0. Else the notification's own value, by registerValue."""
        if not state.values:
            self.problems.append(f"{element.cls}: {state.cls} has no values that a register could mean")
            return
        register = replace(register, factor=Decimal(1))
        raw = self._raw(element.cls, element)
        positive = next((each for each in state.values if each in _POSITIVE), None)
        two = len(state.values) == 2 and positive is not None
        shared = any(
            each.slot == slot and each.register.place == register.place and each.means != (raw, value)
            for each in self.sources
        )
        if raw is None and two and (value is None or shared or state.cls.endswith("OnOffState")):
            value = positive
        if value is None:
            self.problems.append(f"{element.cls}: say which notification of {state.cls} it is, or its registerValue")
            return
        zero = next((each for each in state.values if each != value), None) if two and raw is None else None
        if zero is None and raw is None and "rest" in state.values and value != "rest":
            zero = "rest"
        if raw is None and shared and two:
            self.sources = [
                each for each in self.sources if each.slot != slot or each.register.place != register.place
            ]
        elif raw is None and shared:
            self.problems.append(f"{element.cls}: it shares its register, say its registerValue")
            return
        self.sources.append(Source(register, cls, slot, (raw, value), zero))

    # -- targets ----------------------------------------------------------------------------------------

    def _own(self, name: str, kind: CommandType, own: Mapping[str, tuple[Register, Decimal | None]]) -> Target | None:
        """A command that has a register of its own."""
        register, raw = own[name]
        if kind.params:
            if len(kind.params) > 1:
                self.problems.append(f"{name}: a register can't take {len(kind.params)} parameters")
                return None
            source = self._toldBy(name)
            unit = register.measureUnit or catalogue().unit(kind.params[0].quantity) or None
            slot = self._levelSlot(name)
            return Target(register, unit=unit, assumed=((slot, None),) if source is None and slot is not None else ())
        register = replace(register, factor=Decimal(1))
        value, slot = self._effect(name)
        if raw is None:
            others = [each for each in own if each != name and own[each][0].place == register.place]
            shared = bool(others) or any(each.register.place == register.place for each in self.sources)
            if value in _POSITIVE or not shared:
                raw = Decimal(1)
            elif value is not None and slot is not None and len(self.device.states[slot.state].values) == 2:
                raw = Decimal(0)
            else:
                self.problems.append(f"{name}: it shares its register, say its registerValue")
                return None
        if slot is not None and value is not None and all(each.slot != slot for each in self.sources):
            return Target(register, raw, assumed=((slot, value),))
        return Target(register, raw)

    def _fallback(self, name: str) -> Target | None:
        """A command without a register: it writes to what tells the state that it changes."""
        if name in _STEPS:
            base, step = _STEPS[name]
            source = self._toldBy(base)
            return None if source is None else Target(source.register, unit=source.unit, step=step)
        if name in _TOLD:
            source = self._toldBy(name)
            return None if source is None else Target(source.register, unit=source.unit)
        value, slot = self._effect(name)
        if value is None:
            return None
        for each in self.sources:
            if each.slot == slot and each.means is not None:
                raw, meant = each.means
                if meant == value:
                    return Target(each.register, Decimal(1) if raw is None else raw)
                if each.zero == value:
                    return Target(each.register, Decimal(0))
        level = self._toldBy("set")
        if level is not None and value in ("on", "off") and all(each.slot != slot for each in self.sources):
            return Target(level.register, Decimal(100 if value == "on" else 0))
        return None

    def _toldBy(self, name: str) -> Source | None:
        """The source of the number that a command sets."""
        return next((each for each in self.sources if each.notification in _TOLD.get(name, ())), None)

    def _levelSlot(self, name: str) -> Slot | None:
        if name == "set" and "LevelState" in self.device.states:
            return Slot(self.device.id, "LevelState")
        return None

    def _effect(self, name: str) -> tuple[str | None, Slot | None]:
        """The discrete value that a command leads to, and of which state."""
        for state in self.device.states.values():
            if state.discrete and not state.features:
                for value in _EFFECTS.get(name, ()):
                    if value in state.values:
                        return value, Slot(self.device.id, state.cls)
        return None, None
