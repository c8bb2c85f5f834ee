"""A device as home.xml describes it, and what it can do once the catalogue has been asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from dog.model.catalogue import CommandType, DeviceClass, NotificationType, Param, StateType, catalogue

_T = TypeVar("_T")


class _once(Generic[_T]):
    """As functools.cached_property, for a class with slots: an instance of many fields with a dictionary takes 700
    bytes more, and there may be ten thousand devices. The value is kept in the slot of that name after a C{_}.
    """

    def __init__(self, compute: Callable[[Any], _T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._slot = f"_{name}"

    def __get__(self, instance: Any, owner: type) -> _T:
        try:
            found: _T = getattr(instance, self._slot)
        except AttributeError:
            found = self._compute(instance)
            object.__setattr__(instance, self._slot, found)
        return found


@dataclass(frozen=True, slots=True)
class ConfigParam:
    """A C{param} element. C{type="network"} hides it from the API views; drivers get every one."""

    name: str
    value: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A C{command} element, as written."""

    cls: str
    name: str | None = None
    id: str | None = None
    params: tuple[ConfigParam, ...] = ()
    returnType: str | None = None

    def param(self, name: str) -> str | None:
        return paramOf(self.params, name)

    @property
    def realName(self) -> str | None:
        return self.param("realCommandName")


@dataclass(frozen=True, slots=True)
class Notification:
    """A C{notification} element, as written."""

    cls: str
    id: str | None = None
    params: tuple[ConfigParam, ...] = ()
    generatesCommand: tuple[str, ...] = ()

    def param(self, name: str) -> str | None:
        return paramOf(self.params, name)


@dataclass(frozen=True, slots=True)
class StateValue:
    """A C{statevalue} element, as written."""

    cls: str
    name: str | None = None
    params: tuple[ConfigParam, ...] = ()


@dataclass(frozen=True, slots=True)
class ControlFunctionality:
    cls: str
    commands: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class NotificationFunctionality:
    cls: str
    notifications: tuple[Notification, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    cls: str
    values: tuple[StateValue, ...] = ()


def paramOf(params: tuple[ConfigParam, ...], name: str) -> str | None:
    """The value of the last param of that name."""
    found = None
    for param in params:
        if param.name == name:
            found = param.value
    return found


class _Resolved:
    __slots__ = ("_commands", "_notifications", "_resolvedStates", "_states", "_type")


@dataclass(frozen=True, slots=True)
class Device(_Resolved):
    """A C{device} element, as written; names unresolved. C{line} is where it starts in its file (1-based).

    The resolved side (L{type}, L{commands}, L{notifications}, L{states}) follows rest-api.md, "Names
    that the catalogue does not know": home.xml adds to the class, the class decides.
    """

    id: str
    cls: str
    domoticSystem: str | None = None
    gateway: str | None = None
    description: str | None = None
    isIn: str | None = None
    actuatorOf: str | None = None
    sensorOf: str | None = None
    pluggedIn: str | None = None
    meterOf: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    hasMeter: str | None = None
    params: tuple[ConfigParam, ...] = ()
    controlFunctionalities: tuple[ControlFunctionality, ...] = ()
    notificationFunctionalities: tuple[NotificationFunctionality, ...] = ()
    declaredStates: tuple[State, ...] = ()
    line: int = 0

    def param(self, name: str) -> str | None:
        """The value of a device-level param (the last, where it is repeated; see L{paramSet})."""
        return paramOf(self.params, name)

    def paramSet(self, name: str) -> tuple[str, ...]:
        """Every value of a repeated device-level param, in order."""
        return tuple(each.value for each in self.params if each.name == name and each.value is not None)

    @_once
    def type(self) -> DeviceClass | None:
        """The device class; None where the catalogue has neither it nor a successor of its name."""
        current = catalogue().current("device_classes", self.cls)
        return None if current is None else catalogue().deviceClass(current)

    @_once
    def commands(self) -> Mapping[str, tuple[CommandType, ...]]:
        """realCommandName (or the catalogue's intended name) -> the command classes it may mean."""
        own: Mapping[str, tuple[CommandType, ...]] = self.type.commands if self.type else _NOTHING
        added: dict[str, Command] = {}
        for functionality in self.controlFunctionalities:
            for declared in functionality.commands:
                name = declared.realName
                if name and name not in own:
                    added.setdefault(name, declared)
        if not added:
            return own
        key = tuple((name, each.cls, _paramsOf(each), each.returnType) for name, each in added.items())
        return _commands(self.type.name if self.type else None, key)

    @_once
    def notifications(self) -> Mapping[str, NotificationType]:
        """The notification classes of this device: those of its class, plus declared ones that resolve."""
        own: Mapping[str, NotificationType] = self.type.notifications if self.type else _NOTHING
        added: dict[str, None] = {}
        for functionality in self.notificationFunctionalities:
            for declared in functionality.notifications:
                current = catalogue().current("notifications", declared.cls)
                if current is not None and current not in own:
                    added[current] = None
        return _notifications(self.type.name if self.type else None, tuple(added)) if added else own

    @_once
    def states(self) -> Mapping[str, StateType]:
        """State class -> state: declared ones that resolve, in order, then the class's own."""
        own: Mapping[str, StateType] = self.type.states if self.type else _NOTHING
        declared = tuple(self.resolvedStates)
        if declared == tuple(own)[: len(declared)]:
            return own
        return _states(self.type.name if self.type else None, tuple(dict.fromkeys((*declared, *own))))

    @_once
    def resolvedStates(self) -> Mapping[str, StateType]:
        """State class -> state, of those only that the file declares and the catalogue knows."""
        if not self.declaredStates:
            return _NOTHING
        own: Mapping[str, StateType] = self.type.states if self.type else _NOTHING
        found: dict[str, None] = {}
        for declared in self.declaredStates:
            current = catalogue().current("states", declared.cls)
            if current == "LightIntensityState" and "LevelState" in own:
                current = "LevelState"
            elif current == "ColorState":
                current = "ColorStateHSB"
            if current is not None:
                found[current] = None
        if tuple(found) == tuple(own):
            return own
        return _states(self.type.name if self.type else None, tuple(found))


_NOTHING: Mapping[str, Any] = MappingProxyType({})

# What devices add to their class is shared among those that add the same: ten thousand of them cost next to nothing.

_Declared = tuple[str, str, tuple[Param, ...], str | None]


def _own(cls: str | None) -> DeviceClass | None:
    return None if cls is None else catalogue().deviceClass(cls)


@lru_cache(maxsize=4096)
def _commands(cls: str | None, added: tuple[_Declared, ...]) -> Mapping[str, tuple[CommandType, ...]]:
    own = _own(cls)
    found: dict[str, tuple[CommandType, ...]] = dict(own.commands) if own else {}
    for name, declared, params, returns in added:
        found[name] = _commandTypes(declared, name, params, returns)
    for types in list(found.values()):
        for each in types:
            if each.intended and each.intended not in found:
                found[each.intended] = (replace(each, name=each.intended),)
    return MappingProxyType(found)


@lru_cache(maxsize=4096)
def _notifications(cls: str | None, added: tuple[str, ...]) -> Mapping[str, NotificationType]:
    own = _own(cls)
    found: dict[str, NotificationType] = dict(own.notifications) if own else {}
    for name in added:
        kind = catalogue().notification(name)
        if kind is not None:
            found[name] = kind
    return MappingProxyType(found)


@lru_cache(maxsize=4096)
def _states(cls: str | None, names: tuple[str, ...]) -> Mapping[str, StateType]:
    own = _own(cls)
    found: dict[str, StateType] = {}
    for name in names:
        state = (own.states.get(name) if own else None) or catalogue().state(name, cls)
        if state is not None:
            found[name] = state
    return MappingProxyType(found)


def _paramsOf(declared: Command) -> tuple[Param, ...]:
    return tuple(
        Param(each.value, each.type or "Object")
        for each in declared.params
        if each.name == "commandParamName" and each.value
    )


def _commandTypes(declared: str, name: str, params: tuple[Param, ...], returns: str | None) -> tuple[CommandType, ...]:
    """What a declared command means: the class it names, else the classes of its real name, else as declared.

    A class that is known, under a name that is not (setDaySchedule), keeps its parameters unless others are declared.
    """
    current = catalogue().current("commands", declared)
    kind = None if current is None else catalogue().command(current)
    if kind is not None and kind.name == name:
        return (kind,)
    named = catalogue().commandsNamed(name)
    if named:
        return named
    if kind is not None:
        return (replace(kind, name=name, params=params or kind.params),)
    return (CommandType(declared, name, params, returns),)
