"""Edits of home.xml: pure functions from the bytes of the file to its new bytes.

Each parses the file anew, so an edit always stands on what the file says now. It changes the lines it is about
and no others, and adds no violation of the schema of home.xml: ids are names and unique in the whole document
(xs:ID), references between walls have a target (xs:IDREF), C{svgfootprint} is a URI reference, children stand
in the schema's order, and what the schema demands is there (L{dog.home.render}).

What all of them raise, as L{Refusal}: NOT_FOUND for what the arguments name and the file has not;
DUPLICATE_ID; IN_USE with C{devices} in its details; BAD_VALUE for what can't be written; STORAGE if the file
can't be read.
"""

from __future__ import annotations

from dataclasses import replace

from dog.home.document import Element
from dog.home.find import begin, buildings, devices, findDevice, findFlat, findRoom, flats, places
from dog.home.integrity import checkChanged, checkNew, dropReferences, ids, nodeIds, vacate
from dog.home.render import FLAT_FILLER, ROOM_FILLER, deviceNode, flatNode, roomNode, textNode
from dog.home.splice import Node, Splices
from dog.home.sync import isFiller, place, sync
from dog.home.text import tidy
from dog.model.device import Device
from dog.model.home import Flat, Room
from dog.model.refusal import Code, Refusal, quoted


def setLocation(data: bytes, deviceId: str, room: str | None) -> bytes:
    """Move a device; None takes its C{isIn} away.

    @param room: the id of a room, a garden or a garage; BAD_VALUE if the file has none such.
    """
    splices = begin(data)
    root = splices.document.root
    device = findDevice(root, deviceId)
    within = (each for each in places(root) if each.name in ("room", "garden", "garage"))
    if room is not None and not any(each.attributes.get("id") == room for each in within):
        expected = "the id of a room, a garden or a garage"
        message = f"isIn: expected {expected}, and {quoted(room)} is none"
        raise Refusal(Code.BAD_VALUE, message, parameter="isIn", expected=expected)
    _setText(splices, device, "isIn", room)
    return splices.apply()


def setDescription(data: bytes, deviceId: str, text: str | None) -> bytes:
    """Describe a device anew; written as it will be shown: trimmed, on one line. None takes it away."""
    splices = begin(data)
    _setText(splices, findDevice(splices.document.root, deviceId), "description", text)
    return splices.apply()


# -- flats ----------------------------------------------------------------------------------------------------------


def addFlat(data: bytes, flat: Flat) -> bytes:
    """Add a flat behind the others: to the first building that has flats, else to one without storeys, else to
    the last storey of the first building. A file without a building gets one."""
    splices = begin(data)
    root = splices.document.root
    node = flatNode(flat)
    checkNew(root, node, flats(root))
    houses = list(buildings(root))
    home = next((each for each in houses if each.first("flat")), None)
    home = home or next((each for each in houses if not each.first("storey")), None)
    if home is None and houses:
        home = list(houses[0].named("storey"))[-1]
    environment = root.first("buildingEnvironment")
    if home is not None:
        place(splices, home, node)
    elif environment is not None:
        place(splices, environment, Node("building", children=(node,)))
    else:
        place(splices, root, Node("buildingEnvironment", children=(Node("building", children=(node,)),)))
    return splices.apply()


def replaceFlat(data: bytes, flat: Flat, *, keepRooms: bool = False, force: bool = False) -> bytes:
    """Give a flat new attributes, description and rooms.

    @param keepRooms: leave its rooms as they are; C{flat.rooms} is not looked at.
    @param force: rooms that are left out may hold devices; these lose their C{isIn}.
    """
    if not keepRooms:
        data = _orderRooms(data, flat)
    splices = begin(data)
    root = splices.document.root
    element = findFlat(root, flat.id)
    node = flatNode(replace(flat, rooms=()) if keepRooms else flat)
    if keepRooms:
        node = replace(node, children=tuple(each for each in node.children if each.name != "room"))
        checkChanged(root, (element,), node)
        _syncOwn(splices, element, node)
        return splices.apply()
    checkChanged(root, element.walk(), node)
    wanted = {each.id for each in flat.rooms}
    gone = [each for each in element.named("room") if each.attributes.get("id") not in wanted]
    vacate(splices, gone, force)
    sync(splices, element, node)
    dropReferences(splices, element, ids(element) - nodeIds(node))
    return splices.apply()


def removeFlat(data: bytes, flatId: str, *, force: bool = False) -> bytes:
    """Take a flat out with its rooms.

    @param force: there may be devices in it or its rooms; these lose their C{isIn}.
    """
    splices = begin(data)
    element = findFlat(splices.document.root, flatId)
    parent = element.parent
    assert parent is not None
    vacate(splices, [element], force)
    if parent.name == "building" and len(list(parent.named("flat", "storey"))) == 1:
        splices.exchange(element, FLAT_FILLER)
    else:
        splices.remove(element)
    dropReferences(splices, element, ids(element))
    return splices.apply()


# -- rooms ----------------------------------------------------------------------------------------------------------


def addRoom(data: bytes, flatId: str, room: Room) -> bytes:
    """Add a room behind the others of a flat."""
    splices = begin(data)
    root = splices.document.root
    element = findFlat(root, flatId)
    node = roomNode(room)
    checkNew(root, node, (each for each in places(root) if each.name == "room"))
    place(splices, element, node)
    return splices.apply()


def replaceRoom(data: bytes, flatId: str, room: Room) -> bytes:
    """Give a room new attributes, description, ceiling, floor and walls."""
    splices = begin(data)
    root = splices.document.root
    element = findRoom(root, flatId, room.id)
    node = roomNode(room)
    checkChanged(root, element.walk(), node)
    sync(splices, element, node)
    dropReferences(splices, element, ids(element) - nodeIds(node))
    return splices.apply()


def removeRoom(data: bytes, flatId: str, roomId: str, *, force: bool = False) -> bytes:
    """Take a room out.

    @param force: there may be devices in it; these lose their C{isIn}.
    """
    splices = begin(data)
    element = findRoom(splices.document.root, flatId, roomId)
    assert element.parent is not None
    vacate(splices, [element], force)
    if len(list(element.parent.named("room"))) == 1:
        splices.exchange(element, ROOM_FILLER)
    else:
        splices.remove(element)
    dropReferences(splices, element, ids(element))
    return splices.apply()


# -- devices --------------------------------------------------------------------------------------------------------


def addDevice(data: bytes, device: Device) -> bytes:
    """Add a device behind the others."""
    splices = begin(data)
    root = splices.document.root
    node = deviceNode(device)
    checkNew(root, node, devices(root))
    controllables = list(root.named("controllables"))
    if controllables:
        place(splices, controllables[-1], node)
    else:
        place(splices, root, Node("controllables", children=(node,)))
    return splices.apply()


def replaceDevice(data: bytes, device: Device) -> bytes:
    """Give a device new everything but its id. Parts that stay the same stay as they are written."""
    splices = begin(data)
    root = splices.document.root
    element = findDevice(root, device.id)
    node = deviceNode(device)
    checkChanged(root, element.walk(), node)
    sync(splices, element, node)
    return splices.apply()


def removeDevice(data: bytes, deviceId: str) -> bytes:
    """Take a device out. What names it (a gateway, C{controls}, rules) is not looked at."""
    splices = begin(data)
    splices.remove(findDevice(splices.document.root, deviceId))
    return splices.apply()


def _setText(splices: Splices, device: Element, name: str, text: str | None) -> None:
    present = list(device.named(name))
    if text is None:
        for each in present:
            splices.remove(each)
    elif not present:
        place(splices, device, textNode(name, text))
    elif tidy(present[0].text) != tidy(text):
        splices.setText(present[0], tidy(text))


def _syncOwn(splices: Splices, element: Element, node: Node) -> None:
    """Attributes and description, no rooms."""
    for name, value in node.attributes.items():
        splices.setAttribute(element, name, value)
    text = next((each.text for each in node.children if each.name == "description"), None)
    _setText(splices, element, "description", text)


def _orderRooms(data: bytes, flat: Flat) -> bytes:
    """Rooms that stay, in the order that is wanted: their bytes trade places, what is between them stays."""
    splices = begin(data)
    present = [each for each in findFlat(splices.document.root, flat.id).named("room") if not isFiller(each)]
    byId = {each.attributes.get("id"): each for each in present}
    wanted = [byId[each.id] for each in flat.rooms if each.id in byId]
    if len(byId) < len(present) or len(set(map(id, wanted))) < len(wanted):
        return data
    slots = [each for each in present if each in wanted]
    for slot, each in zip(slots, wanted, strict=True):
        new = data[each.start : splices.document.end(each)]
        splices.replace(slot.start, splices.document.end(slot), new)
    return splices.apply()
