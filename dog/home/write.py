"""A whole home -> home.xml, for one that came from elsewhere (YAML). One that is XML is edited, never rewritten."""

from __future__ import annotations

from dataclasses import replace

from dog.home.diff import diff
from dog.home.document import parse
from dog.home.render import FLAT_FILLER, deviceNode, flatNode, roomNode, textNode
from dog.home.splice import Node, Splices
from dog.model.device import Device
from dog.model.home import Building, Ground, Home, Storey

_EMPTY = b"""\
<?xml version="1.0" encoding="UTF-8"?>
<dhc:dogHomeConfiguration xmlns:dhc="http://elite.polito.it/dogHomeConfiguration">
    <dhc:buildingEnvironment/>
    <dhc:controllables/>
</dhc:dogHomeConfiguration>
"""


def writeHome(home: Home) -> bytes:
    """All that the model has of the home, in file order.

    @raise Refusal: BAD_VALUE, for what the schema of home.xml has no place for (L{dog.home.render}).
    """
    splices = Splices(parse(_EMPTY))
    environment, controllables = splices.document.root.children
    splices.insert(environment, [(None, _building(each)) for each in home.buildings])
    splices.insert(controllables, [(None, deviceNode(each)) for each in home.devices.values()])
    return splices.apply()


def isSame(home: Home, written: Home) -> bool:
    """Whether nothing was lost: the same places and devices, but for names that only the schema demands."""
    return not diff(_withoutNames(home), _withoutNames(written))


def _withoutNames(home: Home) -> Home:
    return replace(home, devices={id: _unnamed(device) for id, device in home.devices.items()})


def _unnamed(device: Device) -> Device:
    controls = (
        replace(each, commands=tuple(replace(command, id=None, name=None) for command in each.commands))
        for each in device.controlFunctionalities
    )
    notifying = (
        replace(each, notifications=tuple(replace(notification, id=None) for notification in each.notifications))
        for each in device.notificationFunctionalities
    )
    return replace(device, controlFunctionalities=tuple(controls), notificationFunctionalities=tuple(notifying))


def _building(building: Building) -> Node:
    children = (
        *(_storey(each) for each in building.storeys),
        *(flatNode(each) for each in building.flats),
        *(_ground("garden", each) for each in building.gardens),
        *(_ground("garage", each) for each in building.garages),
    )
    filler = () if building.storeys or building.flats else (FLAT_FILLER,)
    return Node("building", {"id": building.id, "class": building.cls}, children=(*filler, *children))


def _storey(storey: Storey) -> Node:
    attributes = {"id": storey.id, "class": storey.cls, "levelFromGround": storey.levelFromGround}
    children = (*(flatNode(each) for each in storey.flats), *(roomNode(each) for each in storey.rooms))
    return Node("storey", attributes, children=(*_described(storey.description), *children))


def _ground(name: str, ground: Ground) -> Node:
    return Node(name, {"id": ground.id}, children=_described(ground.description))


def _described(description: str | None) -> tuple[Node, ...]:
    return () if description is None else (textNode("description", description),)
