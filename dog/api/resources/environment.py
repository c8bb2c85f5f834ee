"""The building: all of it, its plan, and its flats and rooms, which can be added, changed and taken away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from twisted.internet.defer import Deferred

from dog.api.call import Answer, Call, Media, RawView, Result
from dog.api.resources.devices import edited
from dog.api.routes import On, route
from dog.api.views.environment import EnvironmentView, FlatsView, FlatView, RoomsView, RoomView
from dog.api.views.schema import ENVIRONMENT, FLAT, FLATS, ROOM, ROOMS
from dog.home import edits
from dog.live.home import LiveHome
from dog.model.home import Flat, Home, Opening, Room, Surface, Wall
from dog.model.refusal import Code, Refusal, quoted
from dog.model.rights import Right

_READ = (Code.NOT_FOUND,)
_ADD = (Code.BAD_JSON, Code.BAD_BODY, Code.DUPLICATE_ID, Code.BAD_VALUE, Code.STORAGE)
_WRITE = (Code.NOT_FOUND, *_ADD)

FLATS_PATH = "/environment/flats"
FLAT_PATH = f"{FLATS_PATH}/{{flat}}"
ROOMS_PATH = f"{FLAT_PATH}/rooms"
ROOM_PATH = f"{ROOMS_PATH}/{{room}}"


@route(
    "GET",
    "/environment",
    right=Right.VIEW,
    on=On.HOUSE,
    answers={200: ENVIRONMENT},
    media=(Media.JSON, Media.XML),
)
def environment(call: Call) -> Result:
    """Every building with its storeys, flats, rooms, gardens and garages."""
    return Answer(EnvironmentView(call.house.home))


@route(
    "GET",
    "/environment/plan",
    right=Right.VIEW,
    on=On.HOUSE,
    answers={200: None},
    media=(Media.SVG,),
    refuses=_READ,
)
def environmentPlan(call: Call, plan: Callable[[], bytes | None]) -> Result:
    """The plan of the house, a drawing."""
    drawing = plan()
    if drawing is None:
        raise Refusal(Code.NOT_FOUND, "there is no plan of this house")
    return Answer(RawView(Media.SVG, drawing))


# -- flats ----------------------------------------------------------------------------------------------


@route("GET", FLATS_PATH, right=Right.VIEW, on=On.HOUSE, answers={200: FLATS})
def flats(call: Call) -> Result:
    """Every flat."""
    return Answer(FlatsView(call.house.home))


@route("POST", FLATS_PATH, right=Right.EDIT, on=On.HOUSE, body=FLAT, answers={201: None}, refuses=_ADD)
def addFlat(call: Call, homes: LiveHome) -> Deferred[Result]:
    """Add a flat, with its rooms if any are given."""
    flat = flatFrom(call.body)
    done = _created("environment", "flats", _id(flat))
    return edited(homes, lambda _, data: edits.addFlat(data, flat), done)


@route("GET", FLAT_PATH, right=Right.VIEW, on=On.HOUSE, answers={200: FLAT}, refuses=_READ)
def flat(call: Call) -> Result:
    """One flat."""
    return Answer(FlatView(flatOf(call.house.home, call)))


@route(
    "PUT",
    FLAT_PATH,
    right=Right.EDIT,
    on=On.HOUSE,
    body=FLAT,
    answers={200: None},
    refuses=(*_WRITE, Code.IN_USE),
    query=("force",),
)
def replaceFlat(call: Call, homes: LiveHome) -> Deferred[Result]:
    """Change a flat; its rooms stay if none are given."""
    flat = flatFrom(call.body)
    _sameId(flat.id, call.params["flat"])
    keep = call.body.get("rooms") is None
    return edited(homes, lambda _, data: edits.replaceFlat(data, flat, keepRooms=keep, force=call.force))


@route(
    "DELETE",
    FLAT_PATH,
    right=Right.EDIT,
    on=On.HOUSE,
    answers={204: None},
    refuses=(Code.NOT_FOUND, Code.IN_USE, Code.STORAGE),
    query=("force",),
)
def removeFlat(call: Call, homes: LiveHome) -> Deferred[Result]:
    """Take a flat away, with its rooms. C{?force=true} does so even while devices are in it: they are nowhere then."""
    id = call.params["flat"]
    return edited(homes, lambda _, data: edits.removeFlat(data, id, force=call.force), Answer(status=204))


# -- rooms ----------------------------------------------------------------------------------------------


@route("GET", ROOMS_PATH, right=Right.VIEW, on=On.HOUSE, answers={200: ROOMS}, refuses=_READ)
def rooms(call: Call) -> Result:
    """The rooms of a flat."""
    return Answer(RoomsView(flatOf(call.house.home, call)))


@route("POST", ROOMS_PATH, right=Right.EDIT, on=On.HOUSE, body=ROOM, answers={201: None}, refuses=_WRITE)
def addRoom(call: Call, homes: LiveHome) -> Deferred[Result]:
    """Add a room to a flat."""
    room = roomFrom(call.body)
    flat = call.params["flat"]
    done = _created("environment", "flats", flat, "rooms", _id(room))
    return edited(homes, lambda _, data: edits.addRoom(data, flat, room), done)


@route("GET", ROOM_PATH, right=Right.VIEW, on=On.HOUSE, answers={200: ROOM}, refuses=_READ)
def room(call: Call) -> Result:
    """One room."""
    return Answer(RoomView(roomOf(call.house.home, call)))


@route("PUT", ROOM_PATH, right=Right.EDIT, on=On.HOUSE, body=ROOM, answers={200: None}, refuses=_WRITE)
def replaceRoom(call: Call, homes: LiveHome) -> Deferred[Result]:
    """Change a room."""
    room = roomFrom(call.body)
    _sameId(room.id, call.params["room"])
    return edited(homes, lambda _, data: edits.replaceRoom(data, call.params["flat"], room))


@route(
    "DELETE",
    ROOM_PATH,
    right=Right.EDIT,
    on=On.HOUSE,
    answers={204: None},
    refuses=(Code.NOT_FOUND, Code.IN_USE, Code.STORAGE),
    query=("force",),
)
def removeRoom(call: Call, homes: LiveHome) -> Deferred[Result]:
    """Take a room away. C{?force=true} does so even while devices are in it: they are nowhere then."""
    flat, room = call.params["flat"], call.params["room"]
    return edited(homes, lambda _, data: edits.removeRoom(data, flat, room, force=call.force), Answer(status=204))


# -- what the path names ----------------------------------------------------------------------------------


def flatOf(home: Home, call: Call) -> Flat:
    """The flat that the path names, wherever in the building it is."""
    found = home.flat(call.params["flat"])
    if found is None:
        raise Refusal(Code.NOT_FOUND, f"there is no flat {quoted(call.params['flat'])}")
    return found


def roomOf(home: Home, call: Call) -> Room:
    """The room that the path names, in the flat that it names."""
    flat = flatOf(home, call)
    for each in flat.rooms:
        if each.id == call.params["room"]:
            return each
    raise Refusal(Code.NOT_FOUND, f"there is no room {quoted(call.params['room'])} in flat {quoted(flat.id)}")


# -- from bodies ------------------------------------------------------------------------------------------


def flatFrom(body: dict[str, Any]) -> Flat:
    """A flat out of a body that has the shape of one; null is the same as nothing."""
    return Flat(
        body["id"],
        body.get("class"),
        body.get("description"),
        body.get("svgfootprint"),
        tuple(roomFrom(each) for each in body.get("rooms") or ()),
    )


def roomFrom(body: dict[str, Any]) -> Room:
    return Room(
        body["id"],
        body.get("class"),
        body.get("description"),
        _surfaceFrom(body.get("ceiling")),
        _surfaceFrom(body.get("floor")),
        tuple(_wallFrom(each) for each in body.get("walls") or ()),
    )


def _surfaceFrom(body: dict[str, Any] | None) -> Surface | None:
    return None if body is None else Surface(body.get("id"), body.get("class"))


def _wallFrom(body: dict[str, Any]) -> Wall:
    openings = body.get("hasWallOpening") or ()
    return Wall(
        body.get("id"),
        body.get("class"),
        body.get("length"),
        body.get("height"),
        body.get("ref"),
        tuple(Opening(each.get("id"), each.get("class"), each.get("ref")) for each in openings),
    )


def _id(named: Flat | Room) -> str:
    assert named.id is not None
    return named.id


def _sameId(given: str | None, named: str) -> None:
    if given != named:
        raise Refusal(
            Code.BAD_BODY,
            f"id: the path names {quoted(named)}, the body {quoted(given)}",
            path="/id",
            expected=f"the id of the path, {quoted(named)}",
        )


def _created(*path: str) -> Answer:
    return Answer(status=201, headers={"Location": "/api/v1/" + "/".join(quote(each, safe="") for each in path)})
