"""The building and what it consists of, as clients see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dog.api.call import Profile
from dog.api.views.xml import Node, document, leaf, node
from dog.model.home import Building, Flat, Ground, Home, Opening, Room, Storey, Surface, Wall

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EnvironmentView:
    """Every building with its storeys, flats, rooms, gardens and garages."""

    home: Home

    def json(self, profile: Profile, full: bool = False) -> JSON:
        return {"building": [_building(each) for each in self.home.buildings]}

    def xml(self, profile: Profile) -> bytes:
        return document(profile, node("buildingEnvironment", *(_buildingNode(each) for each in self.home.buildings)))


@dataclass(frozen=True, slots=True)
class FlatsView:
    """The flats: those directly in a building and, in the documented profile, then those of its storeys."""

    home: Home

    def json(self, profile: Profile, full: bool = False) -> JSON:
        direct = [each for building in self.home.buildings for each in building.flats]
        flats = direct if profile is Profile.RELEASED else self.home.flats()
        return {"flats": [flatJSON(each) for each in flats]}


@dataclass(frozen=True, slots=True)
class FlatView:
    flat: Flat

    def json(self, profile: Profile, full: bool = False) -> JSON:
        return flatJSON(self.flat)


@dataclass(frozen=True, slots=True)
class RoomsView:
    """The rooms of a flat; the list is there even when it is empty."""

    flat: Flat

    def json(self, profile: Profile, full: bool = False) -> JSON:
        return {"rooms": [roomJSON(each) for each in self.flat.rooms]}


@dataclass(frozen=True, slots=True)
class RoomView:
    room: Room

    def json(self, profile: Profile, full: bool = False) -> JSON:
        return roomJSON(self.room)


# -- JSON ---------------------------------------------------------------------------------------------


def flatJSON(flat: Flat) -> JSON:
    return _present(
        id=flat.id,
        description=flat.description,
        rooms=[roomJSON(each) for each in flat.rooms],
        svgfootprint=flat.svgfootprint,
        cls=flat.cls,
    )


def roomJSON(room: Room) -> JSON:
    return _present(
        id=room.id,
        description=room.description,
        ceiling=_surface(room.ceiling),
        floor=_surface(room.floor),
        walls=[_wall(each) for each in room.walls],
        cls=room.cls,
    )


def _building(building: Building) -> JSON:
    return _present(
        id=building.id,
        storey=[_storey(each) for each in building.storeys],
        flats=[flatJSON(each) for each in building.flats],
        garden=[_ground(each) for each in building.gardens],
        garage=[_ground(each) for each in building.garages],
        cls=building.cls,
    )


def _storey(storey: Storey) -> JSON:
    return _present(
        id=storey.id,
        description=storey.description,
        flats=[flatJSON(each) for each in storey.flats],
        rooms=[roomJSON(each) for each in storey.rooms],
        levelFromGround=_level(storey.levelFromGround),
        cls=storey.cls,
    )


def _level(text: str | None) -> int | str | None:
    """A number; what is none stays the text it is in the file."""
    try:
        return None if text is None else int(text)
    except ValueError:
        return text


def _wall(wall: Wall) -> JSON:
    return _present(
        id=wall.id,
        length=wall.length,
        height=wall.height,
        ref=wall.ref,
        hasWallOpening=[_opening(each) for each in wall.openings],
        cls=wall.cls,
    )


def _opening(opening: Opening) -> JSON:
    return _present(id=opening.id, ref=opening.ref, cls=opening.cls)


def _surface(surface: Surface | None) -> JSON | None:
    return None if surface is None else _present(id=surface.id, cls=surface.cls)


def _ground(ground: Ground) -> JSON:
    return _present(id=ground.id, description=ground.description)


def _present(**found: Any) -> JSON:
    """Without nulls and empty lists; C{cls} is the key C{class}."""
    return {"class" if key == "cls" else key: each for key, each in found.items() if each is not None and each != []}


# -- XML ----------------------------------------------------------------------------------------------


def _buildingNode(building: Building) -> Node:
    return node(
        "building",
        *(_storeyNode(each) for each in building.storeys),
        *(_flatNode(each) for each in building.flats),
        *(_groundNode("garden", each) for each in building.gardens),
        *(_groundNode("garage", each) for each in building.garages),
        id=building.id,
        cls=building.cls,
    )


def _storeyNode(storey: Storey) -> Node:
    return node(
        "storey",
        leaf("description", storey.description),
        *(_flatNode(each) for each in storey.flats),
        *(_roomNode(each) for each in storey.rooms),
        id=storey.id,
        levelFromGround=storey.levelFromGround,
        cls=storey.cls,
    )


def _flatNode(flat: Flat) -> Node:
    return node(
        "flat",
        leaf("description", flat.description),
        *(_roomNode(each) for each in flat.rooms),
        id=flat.id,
        svgfootprint=flat.svgfootprint,
        cls=flat.cls,
    )


def _roomNode(room: Room) -> Node:
    return node(
        "room",
        leaf("description", room.description),
        _surfaceNode("ceiling", room.ceiling),
        _surfaceNode("floor", room.floor),
        *(_wallNode(each) for each in room.walls),
        id=room.id,
        cls=room.cls,
    )


def _surfaceNode(name: str, surface: Surface | None) -> Node | None:
    return None if surface is None else node(name, id=surface.id, cls=surface.cls)


def _wallNode(wall: Wall) -> Node:
    return node(
        "wall",
        *(node("hasWallOpening", id=each.id, cls=each.cls, ref=each.ref) for each in wall.openings),
        id=wall.id,
        length=wall.length,
        height=wall.height,
        cls=wall.cls,
        ref=wall.ref,
    )


def _groundNode(name: str, ground: Ground) -> Node:
    return node(name, leaf("description", ground.description), id=ground.id)
