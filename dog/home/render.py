"""The model -> elements as the schema of home.xml wants them.

The schema wants a ceiling, a floor and a wall in every room, a room in every flat, a flat (or storey) in every
building, and a state with a value in every device; the API lets a room be nothing but an id. What is missing is
written as an element without attributes (a state: with an empty class), a I{filler}. The reader takes fillers
for nothing, so the API shows what was put in; an edit that has something real to say replaces them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dog.home.findings import catalogueValues
from dog.home.splice import Node
from dog.home.text import tidy
from dog.model.device import Command, ConfigParam, Device, Notification, State
from dog.model.home import Flat, Opening, Room, Surface, Wall
from dog.model.refusal import Code, Refusal, clipped

_CEILING = Node("ceiling", {"id": None, "class": None}, filler=True)
_FLOOR = Node("floor", {"id": None, "class": None}, filler=True)
_WALL = Node("wall", filler=True)
ROOM_FILLER = Node("room", children=(_CEILING, _FLOOR, _WALL), filler=True)
FLAT_FILLER = Node("flat", children=(ROOM_FILLER,), filler=True)
_STATE_FILLER = Node(
    "state",
    {"class": ""},
    children=(Node("statevalues", children=(Node("statevalue", {"class": ""}),)),),
    filler=True,
)


def roomNode(room: Room) -> Node:
    walls = tuple(_wall(each) for each in room.walls) or (_WALL,)
    children = (
        *_description(room.description),
        _surface(room.ceiling, _CEILING),
        _surface(room.floor, _FLOOR),
        *walls,
    )
    return Node("room", {"id": room.id, "class": room.cls}, children=children)


def flatNode(flat: Flat) -> Node:
    rooms = tuple(roomNode(each) for each in flat.rooms) or (ROOM_FILLER,)
    attributes = {"id": flat.id, "svgfootprint": flat.svgfootprint, "class": flat.cls}
    return Node("flat", attributes, children=(*_description(flat.description), *rooms))


def textNode(name: str, text: str) -> Node:
    return Node(name, text=tidy(text))


def deviceNode(device: Device) -> Node:
    """The device with everything the schema wants; the values of a state that has none are the catalogue's.

    @raise Refusal: BAD_VALUE, for a functionality without commands or notifications, a state without values.
    """
    texts = (
        ("description", device.description),
        ("isIn", device.isIn),
        ("actuatorOf", device.actuatorOf),
        ("sensorOf", device.sensorOf),
        ("pluggedIn", device.pluggedIn),
        *(("meterOf", each) for each in device.meterOf),
        *(("controls", each) for each in device.controls),
        ("hasMeter", device.hasMeter),
    )
    children = [textNode(name, text) for name, text in texts if text is not None]
    children += _params(device.params)
    for control in device.controlFunctionalities:
        _full(device, control.cls, control.commands)
        commands = tuple(_command(device, each) for each in control.commands)
        children.append(
            Node("controlFunctionality", {"class": control.cls}, children=(Node("commands", {}, None, commands),))
        )
    for notifying in device.notificationFunctionalities:
        _full(device, notifying.cls, notifying.notifications)
        notifications = tuple(_notifications(device, notifying.notifications))
        inner = (Node("notifications", {}, None, notifications),)
        children.append(Node("notificationFunctionality", {"class": notifying.cls}, children=inner))
    states = [_state(each) for each in device.declaredStates]
    attributes = {
        "class": device.cls,
        "id": device.id,
        "domoticSystem": device.domoticSystem,
        "gateway": device.gateway,
    }
    return Node("device", attributes, children=(*children, *(states or [_STATE_FILLER])))


def _full(device: Device, cls: str, declared: tuple[object, ...]) -> None:
    if not declared:
        raise Refusal(
            Code.BAD_VALUE, f"device {clipped(device.id)}: {clipped(cls)} has neither commands nor notifications"
        )


def _description(text: str | None) -> tuple[Node, ...]:
    return () if text is None else (textNode("description", text),)


def _surface(surface: Surface | None, filler: Node) -> Node:
    if surface is None or surface == Surface():
        return filler
    return Node(filler.name, {"id": surface.id, "class": surface.cls})


def _wall(wall: Wall) -> Node:
    attributes = {"id": wall.id, "class": wall.cls, "length": wall.length, "height": wall.height, "ref": wall.ref}
    return Node("wall", attributes, children=tuple(_opening(each) for each in wall.openings))


def _opening(opening: Opening) -> Node:
    return Node("hasWallOpening", {"id": opening.id, "class": opening.cls, "ref": opening.ref})


def _params(params: tuple[ConfigParam, ...]) -> tuple[Node, ...]:
    return tuple(Node("param", {"name": each.name, "value": each.value, "type": each.type}) for each in params)


def _command(device: Device, command: Command) -> Node:
    attributes = {"class": command.cls, "name": command.name, "id": command.id, "returnType": command.returnType}
    demanded = {"class": "", "name": command.id or f"{command.cls}_{device.id}"}
    return Node("command", attributes, children=_params(command.params), demanded=demanded)


def _notifications(device: Device, notifications: tuple[Notification, ...]) -> Iterator[Node]:
    taken = Counter(each.id for each in notifications)
    for each in notifications:
        id = name = f"{each.cls}_{device.id}"
        while taken[id]:
            id = f"{name}_{taken[name] + 1}"
            taken[name] += 1
        if each.id is None:
            taken[id] += 1
        generates = tuple(textNode("generatesCommand", text) for text in each.generatesCommand)
        attributes = {"class": each.cls, "id": each.id}
        children = (*generates, *_params(each.params))
        yield Node("notification", attributes, children=children, demanded={"class": "", "id": id})


def _state(state: State) -> Node:
    values = state.values or catalogueValues(state.cls)
    if not values:
        raise Refusal(Code.BAD_VALUE, f"state {clipped(state.cls)} has no values, and the catalogue knows none")
    inner = tuple(
        Node("statevalue", {"class": each.cls, "name": each.name}, None, _params(each.params)) for each in values
    )
    return Node("state", {"class": state.cls}, children=(Node("statevalues", {}, None, inner),))
