"""Where things stand in a home file that is about to be edited: rooms, flats and devices by their ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dog.home.document import Element, Unreadable, parse
from dog.home.kinds import ROOTS
from dog.home.splice import Splices
from dog.model.refusal import Code, Refusal, quoted

PLACES = ("building", "storey", "flat", "room", "garden", "garage")


def begin(data: bytes) -> Splices:
    try:
        document = parse(data)
    except Unreadable as error:
        raise Refusal(Code.STORAGE, f"the home file can't be edited: line {error.line}: {error.message}") from None
    if document.root.name not in ROOTS:
        raise Refusal(Code.STORAGE, "the home file can't be edited: its root element is not dogHomeConfiguration")
    return Splices(document)


def buildings(root: Element) -> Iterator[Element]:
    for environment in root.named("buildingEnvironment"):
        yield from environment.named("building")


def flats(root: Element) -> Iterator[Element]:
    """As L{dog.model.home.Home.flats} has them."""
    for building in buildings(root):
        yield from building.named("flat")
    for building in buildings(root):
        for storey in building.named("storey"):
            yield from storey.named("flat")


def places(root: Element) -> Iterator[Element]:
    for building in buildings(root):
        yield from (each for each in building.walk() if each.name in PLACES)


def devices(root: Element) -> Iterator[Element]:
    for controllables in root.named("controllables"):
        yield from controllables.named("device")


def _found(elements: Iterable[Element], kind: str, id: str | None) -> Element:
    """The first with this id."""
    for each in elements:
        if id and each.attributes.get("id") == id:
            return each
    raise Refusal(Code.NOT_FOUND, f"there is no {kind} {quoted(id)}")


def findFlat(root: Element, id: str | None) -> Element:
    return _found(flats(root), "flat", id)


def findRoom(root: Element, flat: str, id: str | None) -> Element:
    return _found(findFlat(root, flat).named("room"), f"room in flat {quoted(flat)} with id", id)


def findDevice(root: Element, id: str) -> Element:
    return _found(devices(root), "device", id)
