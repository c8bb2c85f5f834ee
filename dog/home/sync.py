"""Bring an element to what it ought to be, with as few cuts as that takes.

What the model does not know (foreign elements, comments, further attributes) stays where it is. Children that
stay keep their order; new ones go where the schema's order has them.
"""

from __future__ import annotations

from dog.home.document import Element
from dog.home.kinds import ROOTS, WITHIN
from dog.home.splice import Node, Splices
from dog.home.text import tidy

#: Kind -> kinds of its children, in the schema's order.
_ORDER = WITHIN | dict.fromkeys(ROOTS, WITHIN["root"])

#: Children of which the first counts.
_SINGLE = frozenset("description isIn actuatorOf sensorOf pluggedIn hasMeter ceiling floor".split())
_TEXTS = frozenset(("meterOf", "controls", "generatesCommand"))
_KEYS = {
    "room": ("id",),
    "wall": ("id",),
    "hasWallOpening": ("id",),
    "param": ("name",),
    "command": ("class", "id"),
    "notification": ("class", "id"),
    "statevalue": ("class", "name"),
    "controlFunctionality": ("class",),
    "notificationFunctionality": ("class",),
    "state": ("class",),
}
_KNOWN = {
    "flat": ("id", "class", "svgfootprint"),
    "room": ("id", "class"),
    "ceiling": ("id", "class"),
    "floor": ("id", "class"),
    "wall": ("id", "class", "length", "height", "ref"),
    "hasWallOpening": ("id", "class", "ref"),
}


def isFiller(element: Element) -> bool:
    """Does the reader take it for nothing?"""
    if element.name == "state":
        values = (value for each in element.named("statevalues") for value in each.named("statevalue"))
        return not element.attributes.get("class") and not any(
            value.attributes.get("class") or value.first("param") for value in values
        )
    known = _KNOWN.get(element.name or "")
    if known is None or any(each in element.attributes for each in known):
        return False
    children = [each for each in element.children if each.name in _ORDER.get(element.name or "", ())]
    return all(isFiller(each) for each in children)


def isBareFiller(splices: Splices, element: Element) -> bool:
    """A filler with nothing in it that would be lost: no foreign attribute or element, no comment."""
    return (
        isFiller(element)
        and all(each.name in _KNOWN or each.name in _ORDER for each in element.walk())
        and all(not each.attributes or not each.attributes.get("class", "x") for each in element.walk())
        and b"<!--" not in splices.document.data[element.start : splices.document.end(element)]
    )


def sync(splices: Splices, element: Element, node: Node) -> None:
    """Cuts that make C{element} say what C{node} says."""
    for name, value in node.attributes.items():
        splices.setAttribute(element, name, value)
    if node.text is not None:
        if tidy(element.text) != node.text:
            splices.setText(element, node.text)
        return
    order = _ORDER.get(node.name, ())
    kept: list[Element] = []
    inserts: list[tuple[Element | None, Node]] = []
    for child in order:
        _children(
            splices, element, child, [each for each in node.children if each.name == child], kept, inserts, order
        )
    splices.insert(element, inserts)


def place(splices: Splices, parent: Element, node: Node) -> None:
    """Put a new child in, behind those of its name; it takes the place of a filler."""
    mine = list(parent.named(node.name))
    if len(mine) == 1 and isBareFiller(splices, mine[0]):
        splices.exchange(mine[0], node)
        return
    order = _ORDER.get(parent.name or "", (node.name,))
    before = order[: order.index(node.name) + 1] if node.name in order else order
    splices.insert(parent, [(_last(list(parent.named(*before))), node)])


def _children(
    splices: Splices,
    element: Element,
    name: str,
    wanted: list[Node],
    kept: list[Element],
    inserts: list[tuple[Element | None, Node]],
    order: tuple[str, ...],
) -> None:
    """Bring the children of one name to what is wanted; C{kept} are those of earlier names that stay."""
    present = list(element.named(name))
    if name in _SINGLE:
        if present and wanted:
            sync(splices, present[0], wanted[0])
            kept += present
            return
        fillers: list[Element] = []
        mine = present
    else:
        fillers = [each for each in present if isFiller(each)]
        mine = [each for each in present if each not in fillers]
    if wanted and wanted[0].filler:
        # Nothing real is left. A lack that was there before is not filled: the lines are not the edit's.
        if mine and not fillers:
            splices.exchange(mine[0], wanted[0])
            kept.append(mine.pop(0))
        wanted = []
    elif wanted and len(fillers) == 1 and not mine and isBareFiller(splices, fillers[0]):
        splices.exchange(fillers[0], wanted[0])
        kept += fillers
        inserts += [(fillers[0], each) for each in wanted[1:]]
        return
    anchor = _last(kept)
    at = 0
    for node in wanted:
        found = next((index for index in range(at, len(mine)) if _same(mine[index], node)), None)
        if found is None:
            inserts.append((anchor, node))
            continue
        for each in mine[at:found]:
            splices.remove(each)
        anchor = mine[found]
        kept.append(anchor)
        sync(splices, anchor, node)
        at = found + 1
    for each in mine[at:]:
        splices.remove(each)
    kept += fillers


def _same(element: Element, node: Node) -> bool:
    if node.name in _TEXTS:
        return tidy(element.text) == node.text
    keys = _KEYS.get(node.name, ())
    return all(element.attributes.get(each) == node.attributes.get(each) for each in keys)


def _last(elements: list[Element]) -> Element | None:
    return max(elements, key=lambda each: each.start, default=None)
