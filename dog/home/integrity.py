"""What an edit must not break: ids and references in the whole document, and who is in a room that goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from dog.home.document import Element
from dog.home.find import PLACES, devices, places
from dog.home.splice import Node, Splices
from dog.home.text import isName, isReference, tidy
from dog.model.refusal import MAX_LISTED, Code, Refusal, clipped, quoted, some

_REFERRING = ("wall", "hasWallOpening")


def checkNew(root: Element, node: Node, taken: Iterable[Element]) -> None:
    """Before C{node} is put in.

    @param taken: the elements of its kind, whose ids it may not have.
    @raise Refusal: BAD_VALUE, DUPLICATE_ID.
    """
    name = node.attributes.get("id")
    if not name:
        raise Refusal(Code.BAD_VALUE, f"a {node.name} needs an id")
    if any(each.attributes.get("id") == name for each in taken):
        raise Refusal(Code.DUPLICATE_ID, f"there is a {node.name} {quoted(name)} already", id=clipped(name))
    _check(root, node, ())


def checkChanged(root: Element, old: Iterable[Element], node: Node) -> None:
    """Before elements are made into C{node}. What they violate already they may go on violating.

    @raise Refusal: BAD_VALUE, DUPLICATE_ID.
    """
    _check(root, node, tuple(old))


def _check(root: Element, node: Node, old: tuple[Element, ...]) -> None:
    leaving = set(map(id, old))
    before = Counter(each.attributes["id"] for each in old if "id" in each.attributes)
    others = {
        each.attributes["id"]: each
        for each in root.walk()
        if each.name and "id" in each.attributes and id(each) not in leaving
    }
    new = tuple(_walk(node))
    for name, times in Counter(each.written.get("id") for each in new).items():
        if name is None or times <= before[name]:
            continue
        if name in others:
            other = others[name]
            message = f"the id {quoted(name)} is that of the {other.name} in line {other.line} already"
            raise Refusal(Code.DUPLICATE_ID, message, id=clipped(name))
        if times > 1:
            raise Refusal(Code.DUPLICATE_ID, f"the id {quoted(name)} is there twice", id=clipped(name))
        if not isName(name):
            made = "letters, digits, _ - and . and starts with a letter or _"
            message = f"{quoted(name)} can't be an id: it is made of {made}"
            raise Refusal(Code.BAD_VALUE, message, id=clipped(name))
    dangling = {each.attributes.get("ref") for each in old} - set(before)
    footprints = {each.attributes.get("svgfootprint") for each in old}
    known = nodeIds(node) | set(others) | dangling
    for each in new:
        ref, footprint = each.attributes.get("ref"), each.attributes.get("svgfootprint")
        if each.name == "room" and not each.filler and not each.attributes.get("id"):
            raise Refusal(Code.BAD_VALUE, "a room needs an id")
        if ref is not None and ref not in known:
            raise Refusal(Code.BAD_VALUE, f"ref {quoted(ref)} names nothing in this home", ref=clipped(ref))
        if footprint is not None and footprint not in footprints and not isReference(footprint):
            raise Refusal(Code.BAD_VALUE, f"svgfootprint {quoted(footprint)} is no URI reference")


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def nodeIds(node: Node) -> frozenset[str]:
    return frozenset(id for each in _walk(node) if (id := each.written.get("id")) is not None)


def ids(element: Element) -> frozenset[str]:
    return frozenset(each.attributes["id"] for each in element.walk() if "id" in each.attributes)


def vacate(splices: Splices, gone: Collection[Element], force: bool) -> None:
    """Devices in places that go lose their isIn, so that nothing dangles.

    A place whose id another one has, too, leaves them where they are.

    @raise Refusal: IN_USE, if there are such devices and it is not forced.
    """
    root = splices.document.root
    leaving = {id(each) for place in gone for each in place.walk()}
    staying = {each.attributes.get("id") for each in places(root) if id(each) not in leaving}
    lost = {
        each.attributes["id"]
        for place in gone
        for each in place.walk()
        if each.name in PLACES and "id" in each.attributes
    }
    lost -= staying
    there = [each for each in devices(root) if (isIn := each.first("isIn")) and tidy(isIn.text) in lost]
    if there and not force:
        names = [each.attributes.get("id", "") for each in there]
        raise Refusal(Code.IN_USE, f"devices are in it: {some(names)}", devices=names[:MAX_LISTED])
    for device in there:
        for each in device.named("isIn"):
            splices.remove(each)


def dropReferences(splices: Splices, element: Element, gone: frozenset[str]) -> None:
    """Walls elsewhere that were the other side of a wall that is gone: their C{ref} goes, too."""
    root = splices.document.root
    inside = set(map(id, element.walk()))
    outside = [each for each in root.walk() if each.name and id(each) not in inside]
    lost = gone - {each.attributes.get("id", "") for each in outside}
    for each in outside:
        if each.name in _REFERRING and each.attributes.get("ref") in lost:
            splices.setAttribute(each, "ref", None)
