"""What is wrong with a home: collected while it is read, and looked for when all of it is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from dog.home.document import Unreadable
from dog.model.catalogue import catalogue
from dog.model.device import Device, State, StateValue
from dog.model.home import Building, Flat, Home, Problem, Room

#: Kind of name -> (where the catalogue has it, code of the problem, what it is called, what becomes of it).
_KINDS = {
    "functionality": (
        "functionalities",
        "unknown_functionality",
        "functionality",
        "its commands and notifications count",
    ),
    "command": ("commands", "unknown_command", "command", "taken by its realCommandName"),
    "notification": ("notifications", "unknown_notification", "notification", "the device emits those of its class"),
    "state": ("states", "unknown_state", "state", "the device has those of its class"),
    "statevalue": ("state_values", "unknown_state_value", "state value", "the catalogue's are used"),
}


@dataclass(slots=True)
class Mark:
    """Where something stands in the file."""

    line: int = 0
    column: int = 0


class Findings:
    """The problems of one home file.

    @ivar known: per kind of name, those that need no more asking: present, mapped, or reported already.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.known: dict[str, set[str]] = {kind: set() for kind in _KINDS}
        self._places: dict[str, Mark] = {}
        self._flats: set[str] = set()
        self._rooms: set[str] = set()
        self._storeys: set[str] = set()

    def add(self, code: str, message: str, line: int, column: int = 0, device: str | None = None) -> None:
        self.problems.append(Problem(code, message, self.file, line, column, device))

    def fatal(self, error: Unreadable) -> Home:
        """The home of a file that can't be read: nothing but the reason."""
        return Home(problems=(Problem(error.code, error.message, self.file, error.line, error.column, fatal=True),))

    def name(self, kind: str, cls: str, line: int, column: int, device: str | None) -> None:
        """A class name that is not in C{known} yet: reported unless the catalogue knows it or its successor."""
        self.known[kind].add(cls)
        section, code, called, then = _KINDS[kind]
        if catalogue().current(section, cls) is None:
            self.add(code, f"the catalogue has no {called} {cls!r}; {then}", line, column, device)

    def place(self, kind: str, id: str | None, line: int, column: int) -> None:
        """A room, flat or storey was read: its id is present (rooms and flats are addressed by it) and new."""
        seen = {"room": self._rooms, "flat": self._flats, "storey": self._storeys}[kind]
        if not id:
            if kind != "storey":
                self.add("missing_id", f"this {kind} has no id, so nothing can name it", line, column)
        elif id in seen:
            self.add("duplicate_id", f"there is a {kind} {id!r} already; the first one counts", line, column)
        else:
            seen.add(id)

    def home(
        self,
        buildings: tuple[Building, ...],
        devices: dict[str, Device],
        isIn: dict[str, Mark],
        relations: Iterable[tuple[str, str, str, Mark]],
    ) -> Home:
        """The whole home with what is wrong between its parts.

        @param isIn: device id -> where its isIn stands.
        @param relations: (device id, name of the relation, the id it names, where).
        """
        home = Home(buildings, devices)
        places = home.places | frozenset(_dwellings(buildings))
        things: frozenset[str] | None = None
        for device in devices.values():
            if device.isIn and device.isIn not in places:
                mark = isIn[device.id]
                message = f"isIn names {device.isIn!r}, which is no room or other place of this home"
                self.add("dangling_isin", message, mark.line, mark.column, device.id)
            if device.gateway and device.gateway not in devices:
                message = f"its gateway {device.gateway!r} is not in this home"
                self.add("dangling_gateway", message, device.line, 0, device.id)
        for id, relation, target, mark in relations:
            if target in devices:
                continue
            if relation in ("actuatorOf", "sensorOf"):
                if things is None:
                    things = frozenset(_things(buildings)) | places
                if target in things:
                    continue
            self.add(
                "dangling_relation",
                f"{relation} names {target!r}, which is not in this home",
                mark.line,
                mark.column,
                id,
            )
        self.problems.sort(key=lambda each: (each.line, each.column))
        return Home(buildings, devices, tuple(self.problems))

    def described(self, device: Device, column: int) -> None:
        """Report what a device lacks: its class, or the catalogue's word for it, and a description."""
        if not device.cls:
            self.add("missing_class", "the device has no class, so it stays inactive", device.line, column, device.id)
        elif device.type is None:
            message = f"the catalogue has no device class {device.cls!r}, so the device stays inactive"
            self.add("unknown_class", message, device.line, column, device.id)
        if not device.description:
            self.add("missing_description", "the device has no description", device.line, column, device.id)


def _dwellings(buildings: tuple[Building, ...]) -> Iterator[str]:
    """Ids of buildings, storeys and flats: old home files put devices there, so a reader takes them, too."""
    for building in buildings:
        flats = chain(building.flats, *(storey.flats for storey in building.storeys))
        for id in (building.id, *(each.id for each in building.storeys), *(each.id for each in flats)):
            if id:
                yield id


def _things(buildings: tuple[Building, ...]) -> Iterator[str]:
    """Ids of walls, ceilings, floors, doors and windows."""
    for room in _rooms(buildings):
        for surface in (room.ceiling, room.floor):
            if surface is not None and surface.id:
                yield surface.id
        for wall in room.walls:
            if wall.id:
                yield wall.id
            for opening in wall.openings:
                if opening.id:
                    yield opening.id


def _rooms(buildings: tuple[Building, ...]) -> Iterator[Room]:
    for building in buildings:
        flats: Iterable[Flat] = chain(building.flats, *(storey.flats for storey in building.storeys))
        for flat in flats:
            yield from flat.rooms
        for storey in building.storeys:
            yield from storey.rooms


def catalogueValues(state: str) -> tuple[StateValue, ...]:
    """The state values that the catalogue has for a state class, as a home file would declare them."""
    current = catalogue().current("states", state)
    found = None if current is None else catalogue().state(current)
    if found is None:
        return ()
    names = found.values if len(found.values) == len(found.components) else ("",) * len(found.components)
    return tuple(StateValue(cls, name) for (cls, _), name in zip(found.components, names, strict=True))


def isPlaceholderState(state: State) -> bool:
    """Was it written only because the schema wants a state (see L{dog.home.render})?"""
    return not state.cls and all(not each.cls and not each.params for each in state.values)
