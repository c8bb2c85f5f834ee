"""Narrower subscriptions: by device, room and device class, each a list of names in which C{*} stands for anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dog.model.device import Device
from dog.model.home import Home

Globs = tuple[str, ...]


def _fits(glob: str, name: str) -> bool:
    """In time that grows with the lengths: the first place where a piece between two stars fits is as good as any."""
    first, *rest = glob.split("*")
    if not rest:
        return glob == name
    *pieces, last = rest
    at, end = len(first), len(name) - len(last)
    if at > end or not name.startswith(first) or not name.endswith(last):
        return False
    for piece in pieces:
        found = name.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def fits(globs: Globs, names: Iterable[str]) -> bool:
    """Whether any of C{names} is, as a whole, one of C{globs}. Case counts; only C{*} has a meaning of its own."""
    names = tuple(names)
    return any(_fits(glob, name) for glob in globs for name in names)


@dataclass(frozen=True, slots=True)
class Traits:
    """What filters look at; worked out once for however many of them."""

    id: str
    places: tuple[str, ...]
    classes: tuple[str, ...]

    @classmethod
    def of(cls, device: Device, home: Home) -> Traits:
        return cls(device.id, _places(device, home), _classes(device))


@dataclass(frozen=True, slots=True)
class Filter:
    """Which devices a subscription is about: those that fit everything that is given.

    @ivar devices: globs of device ids; None: whatever the device. No glob at all fits nothing, here and below.
    @ivar rooms: globs of room ids, and of the flats in which the rooms are.
    @ivar classes: globs of device classes; a class stands for those derived from it as well.
    """

    devices: Globs | None = None
    rooms: Globs | None = None
    classes: Globs | None = None

    @property
    def size(self) -> int:
        """How many globs there are."""
        return sum(len(each) for each in (self.devices, self.rooms, self.classes) if each is not None)

    def matches(self, about: Traits) -> bool:
        return (
            (self.devices is None or fits(self.devices, (about.id,)))
            and (self.rooms is None or fits(self.rooms, about.places))
            and (self.classes is None or fits(self.classes, about.classes))
        )


#: What a plain subscription has: every device.
EVERY = Filter()


def _places(device: Device, home: Home) -> tuple[str, ...]:
    if device.isIn is None:
        return ()
    flats = (each.id for each in home.flats() if each.id and any(room.id == device.isIn for room in each.rooms))
    return (device.isIn, *flats)


def _classes(device: Device) -> tuple[str, ...]:
    return (device.cls,) if device.type is None else (device.cls, device.type.name, *device.type.ancestors)
