"""A home: buildings with their flats and rooms, and the devices in them. Frozen; an edit makes a new one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from dog.model.device import Device


@dataclass(frozen=True, slots=True)
class Opening:
    """A C{hasWallOpening}: door or window in a wall."""

    id: str | None = None
    cls: str | None = None
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class Surface:
    """A ceiling or a floor."""

    id: str | None = None
    cls: str | None = None


@dataclass(frozen=True, slots=True)
class Wall:
    id: str | None = None
    cls: str | None = None
    length: str | None = None
    height: str | None = None
    ref: str | None = None
    openings: tuple[Opening, ...] = ()


@dataclass(frozen=True, slots=True)
class Room:
    id: str | None
    cls: str | None = None
    description: str | None = None
    ceiling: Surface | None = None
    floor: Surface | None = None
    walls: tuple[Wall, ...] = ()


@dataclass(frozen=True, slots=True)
class Flat:
    id: str | None
    cls: str | None = None
    description: str | None = None
    svgfootprint: str | None = None
    rooms: tuple[Room, ...] = ()


@dataclass(frozen=True, slots=True)
class Storey:
    id: str | None = None
    cls: str | None = None
    levelFromGround: str | None = None
    description: str | None = None
    flats: tuple[Flat, ...] = ()
    rooms: tuple[Room, ...] = ()


@dataclass(frozen=True, slots=True)
class Ground:
    """A garden or a garage."""

    id: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Building:
    id: str | None = None
    cls: str | None = None
    storeys: tuple[Storey, ...] = ()
    flats: tuple[Flat, ...] = ()
    gardens: tuple[Ground, ...] = ()
    garages: tuple[Ground, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a home file that is not as it should be.

    @ivar fatal: nothing could be read (not well-formed, refused); else the rest of the home works.
    @ivar code: a stable name, e.g. C{unknown_class}, C{duplicate_id}, C{dangling_isin}.
    @ivar device: the id of the device it is about, if any.
    """

    code: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    device: str | None = None
    fatal: bool = False

    def __str__(self) -> str:
        where = ":".join([self.file, *(str(each) for each in (self.line, self.column) if each)])
        about = f" device {self.device}:" if self.device else ""
        return f"{where}:{about} {self.message} [{self.code}]"


@dataclass(frozen=True)
class Home:
    """The whole home. C{devices} is in file order and holds every device that is listed (duplicates are not)."""

    buildings: tuple[Building, ...] = ()
    devices: Mapping[str, Device] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def flats(self) -> Iterator[Flat]:
        """Direct flats first, then those of storeys."""
        for building in self.buildings:
            yield from building.flats
        for building in self.buildings:
            for storey in building.storeys:
                yield from storey.flats

    def flat(self, id: str) -> Flat | None:
        return next((each for each in self.flats() if each.id == id), None)

    @cached_property
    def rooms(self) -> Mapping[str, Room]:
        """Room id -> room, in flats and directly in storeys; the first of an id wins."""
        found: dict[str, Room] = {}
        for flat in self.flats():
            for room in flat.rooms:
                if room.id:
                    found.setdefault(room.id, room)
        for building in self.buildings:
            for storey in building.storeys:
                for room in storey.rooms:
                    if room.id:
                        found.setdefault(room.id, room)
        return found

    @cached_property
    def places(self) -> frozenset[str]:
        """Every id that a client may give as C{isIn}: rooms, gardens and garages."""
        found: set[str | None] = set(self.rooms)
        for building in self.buildings:
            found.update(each.id for each in (*building.gardens, *building.garages))
        return frozenset(each for each in found if each)

    @cached_property
    def _gateways(self) -> frozenset[str]:
        return frozenset(each.gateway for each in self.devices.values() if each.gateway)

    def gatewayOf(self, device: Device) -> Device | None:
        """The gateway device a device is reached through: the one it names, or itself where it is one."""
        if device.gateway:
            return self.devices.get(device.gateway)
        return device if device.cls.endswith("Gateway") or device.id in self._gateways else None

    def devicesIn(self, room: str) -> tuple[str, ...]:
        """Ids of the devices whose C{isIn} names this place."""
        return tuple(each.id for each in self.devices.values() if each.isIn == room)


@dataclass(frozen=True, slots=True)
class HomeDiff:
    """What changes from one home to the next: the only way a home changes. Applied in one step.

    @ivar changed: devices whose bus side changed (class, system, gateway, params, commands ...): re-attached.
    @ivar moved: devices of which only description, place or relations changed: they keep driver and values.
    """

    home: Home
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    environment: bool = False

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.moved or self.environment)
