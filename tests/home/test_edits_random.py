"""Random edits of real homes, one upon the other: read again, the file says what was meant, and nothing else moved."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.home import edits
from dog.home.document import Document, Element, parse
from dog.home.find import findDevice, findFlat
from dog.home.reader import readHome
from dog.home.text import tidy
from dog.model.home import Flat, Home, Opening, Room, Surface, Wall
from dog.model.refusal import Code, Refusal
from tests.home import samples

try:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st
except ImportError:
    st = None  # type: ignore[assignment]

_IS_IN = re.compile(rb"[ \t]*<(dhc:)?isIn>[^<]*</(dhc:)?isIn>(\r?\n)?")
_REF = re.compile(rb' ref="[^"]*"')


def flatsOf(home: Home, change: Callable[[Flat], Flat | None]) -> Home:
    """A home with its flats changed; None takes one out."""

    def those(flats: tuple[Flat, ...]) -> tuple[Flat, ...]:
        return tuple(new for each in flats if (new := change(each)) is not None)

    buildings = tuple(
        replace(
            each,
            flats=those(each.flats),
            storeys=tuple(replace(storey, flats=those(storey.flats)) for storey in each.storeys),
        )
        for each in home.buildings
    )
    return replace(home, buildings=buildings)


def vacated(home: Home, before: Home) -> Home:
    """Devices in places that are gone are nowhere."""
    gone = before.places - home.places
    return replace(
        home,
        devices={
            id: replace(each, isIn=None if each.isIn in gone else each.isIn) for id, each in home.devices.items()
        },
    )


def withoutDanglingReferences(home: Home) -> Home:
    """Walls that referred to walls that are gone refer to nothing; a wall that then says nothing is none."""
    rooms = [room for flat in home.flats() for room in flat.rooms]
    walls = [wall for room in rooms for wall in room.walls]
    known: set[str | None] = {*home.places, *(wall.id for wall in walls)}
    known |= {opening.id for wall in walls for opening in wall.openings}
    known |= {each.id for room in rooms for each in (room.ceiling, room.floor) if each is not None}

    def wall(each: Wall) -> Wall:
        openings = tuple(replace(o, ref=o.ref if o.ref in known else None) for o in each.openings)
        openings = tuple(o for o in openings if o != Opening())
        return replace(each, ref=each.ref if each.ref in known else None, openings=openings)

    def flat(each: Flat) -> Flat:
        rooms = tuple(replace(r, walls=tuple(w for w in map(wall, r.walls) if w != Wall())) for r in each.rooms)
        return replace(each, rooms=rooms)

    return flatsOf(home, flat)


def shown(home: Home) -> tuple[object, object]:
    return home.buildings, {id: replace(each, line=0) for id, each in home.devices.items()}


def outside(document: Document, elements: list[Element]) -> tuple[bytes, bytes]:
    """What is in front of the lines of some elements and behind them, places and references of devices aside."""
    data = document.data
    start = min(each.start for each in elements)
    end = max(document.end(each) for each in elements)
    before = data[: data.rfind(b"\n", 0, start) + 1]
    after = data[data.find(b"\n", end) :] if b"\n" in data[end:] else b""
    return _REF.sub(b"", _IS_IN.sub(b"", before)), _REF.sub(b"", _IS_IN.sub(b"", after))


if st is not None:
    names = st.sampled_from(
        ["cellar", "attic", "kitchen", "w1", "w2", "w3", "r1", "r2", "r3", "flat", "Küche", "1st", "a b", "ceiling"]
    )
    texts = st.text(max_size=12) | st.sampled_from(["<&>\"']]>", " a\n\tb ", "☕", "\x01", ""])
    maybe = st.none() | texts
    ids = st.none() | names
    openings = st.builds(Opening, ids, maybe, ids)
    walls = st.builds(Wall, ids, maybe, maybe, maybe, ids, st.lists(openings, max_size=2).map(tuple))
    surfaces = st.none() | st.builds(Surface, ids, maybe)
    rooms = st.builds(Room, names, maybe, maybe, surfaces, surfaces, st.lists(walls, max_size=3).map(tuple))
    lists = st.lists(rooms, max_size=3, unique_by=lambda each: each.id).map(tuple)
    flats = st.builds(
        Flat, st.sampled_from(["f1", "f2"]), maybe, maybe, st.none() | st.sampled_from(["a.svg", "%"]), lists
    )


class RandomEditTests(SynchronousTestCase):
    if st is None:
        skip = "hypothesis is not installed"
    else:

        @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(st.data())
        def test_edits(self, draw: Any) -> None:
            name = draw.draw(st.sampled_from(samples.XML))
            data = samples.read(name)
            if draw.draw(st.booleans()):
                data = data.replace(b"\n", b"\r\n")
            self.old = data
            for _ in range(draw.draw(st.integers(1, 6))):
                data = self.step(draw.draw, data)
            if samples.hasSchema():
                self.assertLessEqual(len(samples.violations(data)), len(samples.violations(self.old)))

    def step(self, draw: Callable[[Any], Any], data: bytes) -> bytes:
        """One edit, checked; a refused one changes nothing."""
        home = readHome(data, "f")
        kind = draw(
            st.sampled_from(
                ["move", "describe", "addRoom", "replaceRoom", "removeRoom", "addFlat", "replaceFlat", "removeFlat"]
            )
        )
        try:
            new, expected, touched = getattr(self, kind)(draw, data, home)
        except Refusal as refusal:
            code = refusal.refused.code
            self.assertIn(code, (Code.BAD_VALUE, Code.DUPLICATE_ID, Code.IN_USE, Code.NOT_FOUND), refusal)
            return data
        found = readHome(new, "f")
        self.assertEqual([each for each in found.problems if each.fatal], [])
        self.assertEqual(shown(found), shown(withoutDanglingReferences(expected)))
        if touched:
            before, after = outside(parse(data), touched)
            self.assertTrue(_REF.sub(b"", _IS_IN.sub(b"", new)).startswith(before))
            self.assertTrue(_REF.sub(b"", _IS_IN.sub(b"", new)).endswith(after))
        return bytes(new)

    def move(self, draw: Callable[[Any], Any], data: bytes, home: Home) -> tuple[bytes, Home, list[Element]]:
        device = draw(st.sampled_from(list(home.devices.values())))
        place = draw(st.sampled_from([*sorted(home.places), "nowhere", None]))
        new = edits.setLocation(data, device.id, place)
        devices = {**home.devices, device.id: replace(device, isIn=place)}
        return new, replace(home, devices=devices), [findDevice(parse(data).root, device.id)]

    def describe(self, draw: Callable[[Any], Any], data: bytes, home: Home) -> tuple[bytes, Home, list[Element]]:
        device = draw(st.sampled_from(list(home.devices.values())))
        text = draw(maybe)
        new = edits.setDescription(data, device.id, text)
        shown = None if text is None else tidy(text)
        devices = {**home.devices, device.id: replace(device, description=shown)}
        return new, replace(home, devices=devices), [findDevice(parse(data).root, device.id)]

    def asShown(self, room: Room) -> Room:
        """Fillers are nothing, and descriptions are tidy."""
        ceiling = None if room.ceiling == Surface() else room.ceiling
        floor = None if room.floor == Surface() else room.floor
        walls = tuple(replace(w, openings=tuple(o for o in w.openings if o != Opening())) for w in room.walls)
        description = None if room.description is None else tidy(room.description)
        return Room(room.id, room.cls, description, ceiling, floor, tuple(w for w in walls if w != Wall()))

    def flat(self, draw: Callable[[Any], Any], home: Home) -> Flat:
        return draw(st.sampled_from([*home.flats(), Flat("nope")]))  # type: ignore[no-any-return]

    def element(self, data: bytes, flat: Flat) -> list[Element]:
        return [findFlat(parse(data).root, flat.id)]

    def addRoom(self, draw: Callable[[Any], Any], data: bytes, home: Home) -> tuple[bytes, Home, list[Element]]:
        flat, room = self.flat(draw, home), draw(rooms)
        new = edits.addRoom(data, flat.id or "", room)
        expected = flatsOf(
            home, lambda each: replace(each, rooms=(*each.rooms, self.asShown(room))) if each is flat else each
        )
        return new, expected, self.element(data, flat)

    def replaceRoom(self, draw: Callable[[Any], Any], data: bytes, home: Home) -> tuple[bytes, Home, list[Element]]:
        flat, room = self.flat(draw, home), draw(rooms)
        if flat.rooms:
            room = replace(room, id=draw(st.sampled_from(flat.rooms)).id)
        new = edits.replaceRoom(data, flat.id or "", room)
        done = tuple(self.asShown(room) if each.id == room.id else each for each in flat.rooms)
        expected = flatsOf(home, lambda each: replace(each, rooms=done) if each is flat else each)
        return new, expected, self.element(data, flat)

    def removeRoom(self, draw: Callable[[Any], Any], data: bytes, home: Home) -> tuple[bytes, Home, list[Element]]:
        flat = self.flat(draw, home)
        room = draw(st.sampled_from(flat.rooms or (Room("nope"),)))
        new = edits.removeRoom(data, flat.id or "", room.id, force=draw(st.booleans()))
        left = tuple(each for each in flat.rooms if each is not room)
        expected = flatsOf(home, lambda each: replace(each, rooms=left) if each is flat else each)
        return new, vacated(expected, home), self.element(data, flat)

    def addFlat(self, draw: Callable[[Any], Any], data: bytes, home: Home) -> tuple[bytes, Home, list[Element]]:
        flat = draw(flats)
        new = edits.addFlat(data, flat)
        found = readHome(new, "f")
        self.assertEqual(found.flat(flat.id), self.flatAsShown(flat))
        rest = flatsOf(found, lambda each: None if each.id == flat.id else each)
        if home.buildings:
            self.assertEqual(rest.buildings, home.buildings)
        return new, found, []

    def flatAsShown(self, flat: Flat) -> Flat:
        description = None if flat.description is None else tidy(flat.description)
        return replace(flat, description=description, rooms=tuple(map(self.asShown, flat.rooms)))

    def replaceFlat(self, draw: Callable[[Any], Any], data: bytes, home: Home) -> tuple[bytes, Home, list[Element]]:
        flat, wanted = self.flat(draw, home), draw(flats)
        keep = draw(st.booleans())
        some = draw(st.permutations(flat.rooms)) if flat.rooms else []
        wanted = replace(wanted, id=flat.id, rooms=(*some[: draw(st.integers(0, 3))], *wanted.rooms))
        new = edits.replaceFlat(data, wanted, keepRooms=keep, force=draw(st.booleans()))
        done = self.flatAsShown(wanted)
        if keep:
            done = replace(done, rooms=flat.rooms)
        expected = flatsOf(home, lambda each: done if each is flat else each)
        return new, vacated(expected, home), self.element(data, flat)

    def removeFlat(self, draw: Callable[[Any], Any], data: bytes, home: Home) -> tuple[bytes, Home, list[Element]]:
        flat = self.flat(draw, home)
        new = edits.removeFlat(data, flat.id or "", force=draw(st.booleans()))
        expected = flatsOf(home, lambda each: None if each is flat else each)
        return new, vacated(expected, home), self.element(data, flat)
