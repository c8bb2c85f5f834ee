"""The device catalogue: the 210 device classes of DogOnt with everything that belongs to them.

Source: C{data/dogont.json} (derived from DogOnt, Apache-2.0; see NOTICE). The file is parsed once per
process; a device class is resolved when it is first asked for.
"""

from __future__ import annotations

import json
import os.path
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from dog.model.measure import unitNamed


@dataclass(frozen=True, slots=True)
class Param:
    """A typed parameter of a command or a notification. C{quantity} names an entry of L{Catalogue.quantities}."""

    name: str
    type: str
    quantity: str | None = None


@dataclass(frozen=True, slots=True)
class CommandType:
    """A command class. C{name} is the realCommandName clients use; C{intended} what the ontology meant by it."""

    cls: str
    name: str
    params: tuple[Param, ...] = ()
    returns: str | None = None
    intended: str | None = None


@dataclass(frozen=True, slots=True)
class NotificationType:
    """A notification class with the fields that go on the wire.

    @ivar valueParam: the parameter that carries the value, if any.
    @ivar keyParams: the parameters that tell one source from another (merging and minInterval go by them).
    """

    cls: str
    name: str
    params: tuple[Param, ...] = ()
    valueParam: str | None = None
    keyParams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StateType:
    """A state class.

    @ivar discrete: whether its values are texts out of C{values}.
    @ivar values: the texts a discrete state can have.
    @ivar components: (state value class, count or minimum) of a continuous state.
    @ivar features: names of the key parameters its values carry (phaseID, sensorID ...). Those of the state
        itself: the model gives an ActiveEnergyStateValue a phaseID, a single-phase state has none all the same.
    @ivar quantity: an entry of L{Catalogue.quantities}, for continuous states.
    """

    cls: str
    discrete: bool
    values: tuple[str, ...] = ()
    components: tuple[tuple[str, int], ...] = ()
    features: tuple[str, ...] = ()
    quantity: str | None = None
    multiple: bool = False


@dataclass(frozen=True, slots=True)
class DeviceClass:
    """A device class with its effective (inherited included) functionalities, commands, notifications, states.

    @ivar commands: realCommandName, or the name that the catalogue says was meant -> the command classes it may mean.
    @ivar notifications: notification class -> what it is.
    @ivar states: state class -> what it is.
    """

    name: str
    description: str
    ancestors: tuple[str, ...]
    category: tuple[str, ...]
    control: tuple[str, ...]
    notification: tuple[str, ...]
    query: tuple[str, ...]
    commands: Mapping[str, tuple[CommandType, ...]]
    notifications: Mapping[str, NotificationType]
    states: Mapping[str, StateType]

    def isA(self, name: str) -> bool:
        """Is this the class C{name} or a subclass of it?"""
        return name == self.name or name in self.ancestors


#: A declared abstract state, and what a device reports in its place (rest-api, "Names").
_CONCRETE = {"ColorState": "ColorStateHSB"}

#: States of which the model fixes less than their name says. The light intensity of a dimmer is a LevelState.
_QUANTITIES = {
    "LightIntensityState": "illuminance",
    "ActivePowerMeasurementState": "active_power",
    "ApparentPowerMeasurementState": "apparent_power",
    "ReactivePowerMeasurementState": "reactive_power",
}

#: A class that declares a plain state although it has several sensors (DogOnt, "Known inconsistencies").
_FEATURES = {("PressureState", "MultiplePressureSensor"): ("sensorID",)}


class Catalogue:
    """Look-ups by class name; every one answers None for a name that is unknown."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self._classes: dict[str, DeviceClass] = {}
        self._commands: dict[str, CommandType] = {}
        self._notifications: dict[str, NotificationType] = {}
        self._states: dict[tuple[str, str | None], StateType] = {}

    # -- device classes ------------------------------------------------------------------------

    def __iter__(self) -> Iterator[str]:
        return iter(self._data["device_classes"])

    def __len__(self) -> int:
        return len(self._data["device_classes"])

    def __contains__(self, name: object) -> bool:
        return name in self._data["device_classes"]

    def deviceClass(self, name: str) -> DeviceClass | None:
        found = self._classes.get(name)
        if found is None and name in self._data["device_classes"]:
            found = self._classes[name] = self._resolve(name, self._data["device_classes"][name])
        return found

    def _resolve(self, name: str, entry: Mapping[str, Any]) -> DeviceClass:
        control = tuple(entry.get("control", ()))
        notification = tuple(entry.get("notification", ()))
        query = tuple(entry.get("query", ()))
        commands: dict[str, list[CommandType]] = {}
        for functionality in control + query:
            for cls in self._functionality(functionality).get("commands", ()):
                command = self.command(cls)
                assert command is not None, cls
                same = commands.setdefault(command.name, [])
                if command not in same:
                    same.append(command)
        notifications: dict[str, NotificationType] = {}
        for functionality in notification:
            for cls in self._functionality(functionality).get("notifications", ()):
                found = self.notification(cls)
                if found is not None:
                    notifications[cls] = found
        for each in [each for same in commands.values() for each in same if each.intended]:
            # Under the name that was meant, so that nobody takes enableGas for the disableGas it is called.
            commands.setdefault(each.intended or "", [replace(each, name=each.intended or "")])
        ancestors = tuple(entry.get("ancestors", ()))
        return DeviceClass(
            name,
            entry["desc"],
            ancestors,
            tuple(entry.get("category", ())),
            control,
            notification,
            query,
            MappingProxyType({key: tuple(each) for key, each in commands.items()}),
            MappingProxyType(notifications),
            MappingProxyType({each.cls: each for each in self._statesOf(name, entry)}),
        )

    def _statesOf(self, name: str, entry: Mapping[str, Any]) -> Iterator[StateType]:
        sensor = "LightSensingFunctionality" in entry.get("query", ())
        declared: list[str] = []
        for cls in [*entry.get("states", ()), *entry.get("states_implied", ())]:
            if cls == "LightIntensityState" and not sensor:
                cls = "LevelState"
            declared.append(_CONCRETE.get(cls, cls))
        if not declared:
            declared = list(entry.get("states_observed", ()))
        for cls in dict.fromkeys(declared):
            state = self.state(cls, name)
            if state is not None:
                yield state

    def _functionality(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._data["functionalities"][name]
        return found

    # -- commands, notifications, states --------------------------------------------------------

    def functionality(self, name: str) -> Mapping[str, Any] | None:
        """The raw entry: kind, commands, notifications."""
        found: Mapping[str, Any] | None = self._data["functionalities"].get(name)
        return found

    def command(self, cls: str) -> CommandType | None:
        found = self._commands.get(cls)
        if found is None and cls in self._data["commands"]:
            entry = self._data["commands"][cls]
            found = self._commands[cls] = CommandType(
                cls, entry["name"], _params(entry), entry.get("returns"), entry.get("intended_name")
            )
        return found

    def commandsNamed(self, name: str) -> tuple[CommandType, ...]:
        """Every command class with this realCommandName (twelve names are ambiguous)."""
        found = (self.command(cls) for cls in self._data["index"]["command_names"].get(name, ()))
        return tuple(each for each in found if each is not None)

    def notification(self, cls: str) -> NotificationType | None:
        """A concrete notification class."""
        found = self._notifications.get(cls)
        entry = self._data["notifications"].get(cls)
        if found is None and entry is not None and not entry.get("abstract"):
            found = self._notifications[cls] = NotificationType(
                cls,
                entry["name"],
                _params(entry),
                entry.get("value_param"),
                tuple(entry.get("key_params", ())),
            )
        return found

    def notifications(self) -> Iterator[NotificationType]:
        """Every concrete notification class."""
        for cls in self._data["notifications"]:
            found = self.notification(cls)
            if found is not None:
                yield found

    def notificationsNamed(self, name: str) -> tuple[NotificationType, ...]:
        """Every notification class with this notificationName."""
        found = (self.notification(cls) for cls in self._data["index"]["notification_names"].get(name, ()))
        return tuple(each for each in found if each is not None)

    def state(self, cls: str, deviceClass: str | None = None) -> StateType | None:
        """A state class, its quantity narrowed for C{deviceClass} where the model narrows it."""
        key = (cls, deviceClass)
        found = self._states.get(key)
        entry = self._data["states"].get(cls)
        if found is None and entry is not None:
            values = entry.get("values", ())
            parts = [self._data["state_values"][each["class"]] for each in values]
            discrete = entry["kind"] == "discrete"
            quantity = entry.get("quantity") or next(
                (part["quantity"] for part in parts if part.get("quantity")), None
            )
            quantity = entry.get("quantity_by_class", {}).get(deviceClass, _QUANTITIES.get(cls, quantity))
            features = dict.fromkeys(
                [*entry.get("features", ()), *(f for part in parts for f in part.get("features", ()) if _has(cls, f))]
            )
            features.update(dict.fromkeys(_FEATURES.get((cls, deviceClass or ""), ())))
            found = self._states[key] = StateType(
                cls,
                discrete,
                tuple(each["value"] for each in values if "value" in each) if discrete else (),
                tuple((each["class"], each.get("count", each.get("min", 1))) for each in values),
                tuple(features),
                None if discrete else quantity,
                bool(entry.get("multiple")),
            )
        return found

    # -- units ----------------------------------------------------------------------------------

    def unit(self, quantity: str | None) -> str:
        """The default unit of a quantity as measures spell it; empty for unitless and for None."""
        return "" if quantity is None else _spelled(self._data["quantities"][quantity]["unit"])

    def units(self, quantity: str) -> tuple[str, ...]:
        """Every unit that the catalogue names for this quantity, as measures spell them, the default first."""
        entry = self._data["quantities"][quantity]
        return tuple(map(_spelled, (entry["unit"], *entry.get("also", ()))))

    @property
    def quantities(self) -> Iterable[str]:
        found: Mapping[str, Any] = self._data["quantities"]
        return found.keys()

    # -- names of older configurations ------------------------------------------------------------

    def current(self, kind: str, name: str) -> str | None:
        """The present name of a C{kind} ("device_classes", "commands", "states" ...), itself if it is present.

        None for a name that is neither present nor has a successor. A name that was concrete once and is abstract
        now (FrequencyMeasurementNotification) is its successor's.
        """
        legacy = self._data["legacy"][kind].get(name)
        entry = self._data[kind].get(name)
        if entry is not None and not (legacy and entry.get("abstract")):
            return name
        if isinstance(legacy, Mapping):
            legacy = legacy["use"]
        return None if legacy is None else str(legacy)

    @property
    def environment(self) -> Mapping[str, Any]:
        """Classes, groups and XML elements of rooms and walls, as the data file has them."""
        found: Mapping[str, Any] = self._data["environment"]
        return found


def _spelled(unit: str) -> str:
    known = unitNamed(unit)
    assert known is not None, unit
    return known


def _has(state: str, feature: str) -> bool:
    """Do the values of this state carry a feature that the model gives to their value class?"""
    prefix = {"phaseID": "ThreePhase", "tariffID": "MultiTariff", "sensorID": "Multiple"}.get(feature, "")
    return prefix in state


def _params(entry: Mapping[str, Any]) -> tuple[Param, ...]:
    return tuple(Param(each["name"], each["type"], each.get("quantity")) for each in entry.get("params", ()))


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The catalogue, loaded once per process (some 6 ms on a small machine)."""
    # Not importlib.resources: importing it alone costs more than parsing the file.
    path = os.path.join(os.path.dirname(__file__), "data", "dogont.json")
    with open(path, encoding="utf-8") as file:
        return Catalogue(json.load(file))
