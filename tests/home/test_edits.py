from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.home import edits
from dog.home.reader import readHome
from dog.model.device import (
    Command,
    ConfigParam,
    ControlFunctionality,
    Device,
    Notification,
    NotificationFunctionality,
    State,
    StateValue,
)
from dog.model.home import Flat, Home, Opening, Room, Surface, Wall
from dog.model.refusal import Code
from tests.home import samples

FILLED = (
    "+                <dhc:room{}>\n"
    "+                    <dhc:ceiling/>\n"
    "+                    <dhc:floor/>\n"
    "+                    <dhc:wall/>\n"
    "+                </dhc:room>\n"
)


class EditCase(SynchronousTestCase):
    """Edits of a real home: which lines change, how it reads then, what the schema says."""

    name = "recorded/home.xml"

    def setUp(self) -> None:
        self.old = samples.read(self.name)

    def edit(self, edit: Callable[..., bytes], *args: Any, **kwargs: Any) -> Home:
        """Make an edit; its lines are in C{self.lines} then, its bytes in C{self.new}."""
        self.new = edit(self.old, *args, **kwargs)
        self.lines = samples.changes(self.old, self.new)
        if samples.hasSchema():
            before, after = samples.violations(self.old), samples.violations(self.new)
            self.assertLessEqual(len(after), len(before), after)
        home = readHome(self.new, self.name)
        self.assertEqual([each for each in home.problems if each.fatal], [])
        return home

    def refused(self, code: Code, edit: Callable[..., bytes], *args: Any, **kwargs: Any) -> str:
        refused = samples.refused(self, code, edit, self.old, *args, **kwargs)
        self.details = dict(refused.details)
        return refused.message


class DeviceTextTests(EditCase):
    def test_move(self) -> None:
        home = self.edit(edits.setLocation, "Lamp_Holder", "lobby")
        self.assertEqual(home.devices["Lamp_Holder"].isIn, "lobby")
        self.assertEqual(
            self.lines, ["-            <dhc:isIn>livingroom</dhc:isIn>\n", "+            <dhc:isIn>lobby</dhc:isIn>\n"]
        )

    def test_moveFromNowhere(self) -> None:
        """In the schema's place: behind the description, before the params."""
        home = self.edit(edits.setLocation, "Bare_1", "garden")
        self.assertEqual(home.devices["Bare_1"].isIn, "garden")
        self.assertEqual(self.lines, ["+            <dhc:isIn>garden</dhc:isIn>\n"])
        self.old = samples.read("knx/knx.xml")
        self.edit(edits.setLocation, "KNXNetIPGateway_DemoCase_Elite", "storageroom")
        self.assertEqual(self.lines, ["+\t\t\t<dhc:isIn>storageroom</dhc:isIn>\n"])
        self.assertIn(
            b'</dhc:description>\n\t\t\t<dhc:isIn>storageroom</dhc:isIn>\n\t\t\t<dhc:param value="192', self.new
        )

    def test_moveAway(self) -> None:
        home = self.edit(edits.setLocation, "Lamp_Holder", None)
        self.assertIsNone(home.devices["Lamp_Holder"].isIn)
        self.assertEqual(self.lines, ["-            <dhc:isIn>livingroom</dhc:isIn>\n"])

    def test_nothingToDo(self) -> None:
        for edit, text in ((edits.setLocation, "livingroom"), (edits.setLocation, None)):
            device = "Lamp_Holder" if text else "Bare_1"
            self.edit(edit, device, text)
            self.assertEqual(self.new, self.old)
        self.edit(edits.setDescription, "SimpleLamp_mb1", " A SimpleLamp on coil 0\n")
        self.assertEqual(self.new, self.old)

    def test_describe(self) -> None:
        """Written on one line, as it will be shown."""
        home = self.edit(edits.setDescription, "SimpleLamp_mb1", 'Caffè ☕ <&>\t\n"x ')
        self.assertEqual(home.devices["SimpleLamp_mb1"].description, 'Caffè ☕ <&> "x')
        self.assertEqual(
            self.lines,
            [
                "-            <dhc:description>A SimpleLamp on\n",
                "-\t\t\t\tcoil 0</dhc:description>\n",
                '+            <dhc:description>Caffè ☕ &lt;&amp;&gt; "x</dhc:description>\n',
            ],
        )
        home = self.edit(edits.setDescription, "SimpleLamp_mb1", "")
        self.assertEqual(home.devices["SimpleLamp_mb1"].description, "")
        self.assertIsNone(
            self.edit(edits.setDescription, "SimpleLamp_mb1", None).devices["SimpleLamp_mb1"].description
        )

    def test_refused(self) -> None:
        self.assertIn("'nope'", self.refused(Code.NOT_FOUND, edits.setLocation, "nope", "lobby"))
        self.assertIn("'nope'", self.refused(Code.BAD_VALUE, edits.setLocation, "Bare_1", "nope"))
        self.refused(Code.BAD_VALUE, edits.setLocation, "Bare_1", "")
        self.refused(Code.NOT_FOUND, edits.setLocation, "bare_1", "lobby")
        self.refused(Code.NOT_FOUND, edits.setDescription, "nope", "x")
        self.assertIn("U+0001 at position 2", self.refused(Code.BAD_VALUE, edits.setDescription, "Bare_1", "a\x01"))

    def test_unreadable(self) -> None:
        """A file that somebody is in the middle of writing is not edited."""
        for data, reason in ((self.old[:-10], "line"), (b"", "empty"), (b"<ruleList/>", "root element")):
            self.old = data
            self.assertIn(reason, self.refused(Code.STORAGE, edits.setLocation, "Bare_1", "lobby"))

    def test_everyDeviceOfEveryHome(self) -> None:
        """Describing a device changes its description and nothing else in the file."""
        for name in samples.XML:
            self.old = samples.read(name)
            for device in readHome(self.old, name).devices.values():
                new = edits.setDescription(self.old, device.id, "☕")
                start = len(b"".join(self.old.splitlines(True)[: device.line]))
                end = self.old.index(b"</", self.old.index(b"description>", start))
                self.assertEqual(new[:start], self.old[:start])
                self.assertTrue(new.endswith(self.old[end:]))
                self.assertEqual(readHome(new, name).devices[device.id].description, "☕")


class RoomTests(EditCase):
    def test_addMinimal(self) -> None:
        """The schema's ceiling, floor and wall are written; what is read, and shown, is what was asked for."""
        home = self.edit(edits.addRoom, "flat", Room("cellar"))
        self.assertEqual(home.rooms["cellar"], Room("cellar"))
        flat = home.flat("flat")
        assert flat is not None
        self.assertEqual([each.id for each in flat.rooms], ["kitchen", "livingroom", "lobby", "cellar"])
        filled = FILLED.format(' id="cellar"').replace("+", "").encode()
        self.assertEqual(self.new.replace(b"</dhc:room>\n" + filled, b"</dhc:room>\n"), self.old)

    def test_addEverything(self) -> None:
        """To a flat that was written as an empty element; the second wall is the other side of one elsewhere."""
        wall = Wall("w1", "Wall", "1 m", "2 m", None, (Opening("o1", "Door"),))
        room = Room(
            "cellar", "StorageRoom", "Wine", Surface("c1", "Ceiling"), None, (wall, Wall(ref="wall_kitchen_1"))
        )
        home = self.edit(edits.addRoom, "empty_flat", room)
        self.assertEqual(home.flat("empty_flat"), Flat("empty_flat", "Flat", rooms=(room,)))
        self.assertEqual(
            "".join(self.lines),
            '-            <dhc:flat id="empty_flat" class="Flat"/>\n'
            '+            <dhc:flat id="empty_flat" class="Flat">\n'
            '+                <dhc:room id="cellar" class="StorageRoom">\n'
            "+                    <dhc:description>Wine</dhc:description>\n"
            '+                    <dhc:ceiling id="c1" class="Ceiling"/>\n'
            "+                    <dhc:floor/>\n"
            '+                    <dhc:wall id="w1" class="Wall" length="1 m" height="2 m">\n'
            '+                        <dhc:hasWallOpening id="o1" class="Door"/>\n'
            "+                    </dhc:wall>\n"
            '+                    <dhc:wall ref="wall_kitchen_1"/>\n'
            "+                </dhc:room>\n"
            "+            </dhc:flat>\n",
        )

    def test_fillersGo(self) -> None:
        """The last room leaves a filler, which the next room replaces, and the file is as it was."""
        room = readHome(self.old, "f").rooms["attic"]
        home = self.edit(edits.removeRoom, "flat_upstairs", "attic")
        flat = home.flat("flat_upstairs")
        assert flat is not None
        self.assertEqual(flat.rooms, ())
        self.assertEqual("".join(self.lines[-4:]).count("<dhc:"), 4)
        original, self.old = self.old, self.new
        self.edit(edits.addRoom, "flat_upstairs", room)
        self.assertEqual(self.new.replace(b'length="4.5 m" height="2.7 m" class="Wall"', b""), original)

    def test_fillerWithAComment(self) -> None:
        """What somebody wrote into a filler is not lost."""
        self.edit(edits.removeRoom, "flat_upstairs", "attic")
        self.old = self.new.replace(b"<dhc:room>\n", b"<dhc:room><!-- here was the attic -->\n")
        self.assertNotEqual(self.old, self.new)
        home = self.edit(edits.addRoom, "flat_upstairs", Room("loft"))
        self.assertIn(b"<!-- here was the attic -->", self.new)
        self.assertEqual(home.rooms["loft"], Room("loft"))

    def test_refuseAdd(self) -> None:
        """Ids are names, and unique in the whole file, whatever has them."""
        for room, code, reason in (
            (Room("kitchen"), Code.DUPLICATE_ID, "there is a room 'kitchen' already"),
            (Room("attic"), Code.DUPLICATE_ID, "there is a room 'attic' already"),
            (Room("corridor"), Code.DUPLICATE_ID, "there is a room 'corridor' already"),
            (Room("flat2"), Code.DUPLICATE_ID, "'flat2' is that of the flat in line 46"),
            (Room("Bare_1"), Code.DUPLICATE_ID, "'Bare_1' is that of the device in line 897"),
            (Room("OffCommand_Outlet_mb1"), Code.DUPLICATE_ID, "that of the command in line"),
            (Room("new", ceiling=Surface("ceiling_attic")), Code.DUPLICATE_ID, "ceiling in line 11"),
            (Room("new", walls=(Wall("w"), Wall("w"))), Code.DUPLICATE_ID, "'w' is there twice"),
            (Room("new", floor=Surface("new")), Code.DUPLICATE_ID, "'new' is there twice"),
            (Room("1st"), Code.BAD_VALUE, "'1st' can't be an id"),
            (Room("my room"), Code.BAD_VALUE, "'my room' can't be an id"),
            (Room("new", walls=(Wall("2"),)), Code.BAD_VALUE, "'2' can't be an id"),
            (Room("new", walls=(Wall(ref="nowhere"),)), Code.BAD_VALUE, "ref 'nowhere'"),
            (Room("new", cls="a\0"), Code.BAD_VALUE, "U+0000"),
            (Room(None), Code.BAD_VALUE, "needs an id"),
            (Room(""), Code.BAD_VALUE, "needs an id"),
        ):
            self.assertIn(reason, self.refused(code, edits.addRoom, "flat", room))
        self.refused(Code.NOT_FOUND, edits.addRoom, "nope", Room("new"))

    def test_replace(self) -> None:
        """What stays the same stays as it is written, where it is; the rest goes where the schema wants it."""
        wall = Wall("wall_lobby_1", "Partition", None, "2.7 m", None, (Opening("door_lobby", "Door"),))
        room = Room(
            "lobby", "Lobby", "The lobby", Surface("ceiling_lobby", "Ceiling"), Surface("f9"), (wall, Wall("w2"))
        )
        home = self.edit(edits.replaceRoom, "flat", room)
        self.assertEqual(home.rooms["lobby"], room)
        self.assertEqual(
            "".join(self.lines),
            "+                    <dhc:description>The lobby</dhc:description>\n"
            '-                    <dhc:floor id="floor_lobby" class="Floor"/>\n'
            '-                    <dhc:wall id="wall_lobby_1" class="Wall" length="4.5 m" height="2.7 m"/>\n'
            '+                    <dhc:floor id="f9"/>\n'
            '+                    <dhc:wall id="wall_lobby_1" class="Partition" height="2.7 m">\n'
            '+                        <dhc:hasWallOpening id="door_lobby" class="Door"/>\n'
            "+                    </dhc:wall>\n"
            '+                    <dhc:wall id="w2"/>\n',
        )

    def test_replaceWithNothing(self) -> None:
        home = self.edit(edits.replaceRoom, "flat", Room("kitchen"))
        self.assertEqual(home.rooms["kitchen"], Room("kitchen"))
        self.assertEqual(home.devicesIn("kitchen"), readHome(self.old, "f").devicesIn("kitchen"))

    def test_replaceKeepsWhatIsNotOurs(self) -> None:
        """Comments, foreign elements and attributes in a room outlive its replacement."""
        self.old = self.old.replace(
            b'<dhc:room id="lobby" class="Lobby">',
            b'<dhc:room id="lobby" colour="red" class="Lobby"><!-- a --><x:y xmlns:x="urn:x">z</x:y>',
        )
        home = self.edit(edits.replaceRoom, "flat", Room("lobby", "Hall"))
        self.assertEqual(home.rooms["lobby"], Room("lobby", "Hall"))
        self.assertIn(
            b'<dhc:room id="lobby" colour="red" class="Hall"><!-- a --><x:y xmlns:x="urn:x">z</x:y>\n', self.new
        )

    def test_replaceAddsNoOtherLines(self) -> None:
        """A room without ceiling in the file does not get one because it is described."""
        self.old = samples.HEAD.encode() + (
            b'<dhc><buildingEnvironment><building>\n<flat id="f">\n<room id="r">\n</room>\n</flat>\n'
            b"</building></buildingEnvironment></dhc>\n"
        )
        self.new = edits.replaceRoom(self.old, "f", Room("r", description="x"))
        self.assertEqual(samples.changes(self.old, self.new), ["+    <description>x</description>\n"])

    def test_replaceRefused(self) -> None:
        self.refused(Code.NOT_FOUND, edits.replaceRoom, "flat", Room("nope"))
        self.refused(Code.NOT_FOUND, edits.replaceRoom, "nope", Room("kitchen"))
        self.refused(Code.NOT_FOUND, edits.replaceRoom, "flat2", Room("kitchen"))
        self.refused(Code.DUPLICATE_ID, edits.replaceRoom, "flat", Room("kitchen", ceiling=Surface("ceiling_lobby")))

    def test_remove(self) -> None:
        home = self.edit(edits.setLocation, "DoorSensor_1", None)
        self.old = self.new
        home = self.edit(edits.removeRoom, "flat_upstairs", "attic")
        self.assertNotIn("attic", home.rooms)
        self.refused(Code.NOT_FOUND, edits.removeRoom, "flat", "attic")

    def test_removeInUse(self) -> None:
        inside = readHome(self.old, "f").devicesIn("kitchen")
        self.refused(Code.IN_USE, edits.removeRoom, "flat", "kitchen")
        self.assertEqual(self.details["devices"], list(inside))
        home = self.edit(edits.removeRoom, "flat", "kitchen", force=True)
        self.assertEqual({home.devices[each].isIn for each in inside}, {None})
        self.assertEqual(self.lines[:1], ['-                <dhc:room id="kitchen" class="Kitchen">\n'])
        self.assertEqual(self.lines[-8:], ["-            <dhc:isIn>kitchen</dhc:isIn>\n"] * 8)
        self.assertEqual(len(self.lines), 17)
        self.assertNotIn("dangling_isin", {each.code for each in home.problems})

    def test_manyInside(self) -> None:
        """Ten of them are named in the message, a hundred in the details."""
        head, tail = self.old.split(b"</dhc:controllables>")
        device = '<dhc:device class="SimpleLamp" id="many%d"><dhc:isIn>kitchen</dhc:isIn></dhc:device>\n'
        self.old = head + "".join(device % each for each in range(200)).encode() + b"</dhc:controllables>" + tail
        inside = readHome(self.old, "f").devicesIn("kitchen")
        message = self.refused(Code.IN_USE, edits.removeRoom, "flat", "kitchen")
        self.assertEqual(message, f"devices are in it: {', '.join(inside[:10])} and {len(inside) - 10} more")
        self.assertEqual(self.details["devices"], list(inside[:100]))

    def test_removeOneOfTwo(self) -> None:
        """Where another room has the id, too, devices stay where they are."""
        self.old = samples.read("broken/duplicate-room.xml")
        new = edits.removeRoom(self.old, "down", "kitchen")
        self.assertEqual(readHome(new, "f").devices["fine"].isIn, "kitchen")
        samples.refused(self, Code.IN_USE, edits.removeRoom, new, "up", "kitchen")

    def test_removeTheOtherSide(self) -> None:
        """A wall that referred to one that is gone refers to nothing: no dangling xs:IDREF."""
        self.old = edits.addRoom(
            self.old, "empty_flat", Room("r", walls=(Wall("w", ref="wall_attic_1"), Wall(ref="wall_attic_1")))
        )
        home = self.edit(edits.removeRoom, "flat_upstairs", "attic")
        self.assertEqual(home.rooms["r"].walls, (Wall("w"),))
        home = self.edit(edits.replaceRoom, "flat_upstairs", Room("attic"))
        self.assertEqual(home.rooms["r"].walls, (Wall("w"),))


class FlatTests(EditCase):
    def test_add(self) -> None:
        flat = Flat("flat3", "Flat", "New flat", "f3.svg", (Room("r31", "Bedroom"),))
        home = self.edit(edits.addFlat, flat)
        self.assertEqual(home.flat("flat3"), flat)
        self.assertEqual([each.id for each in home.buildings[0].flats], ["flat", "flat2", "empty_flat", "flat3"])
        self.assertEqual(
            "".join(self.lines),
            '+            <dhc:flat id="flat3" svgfootprint="f3.svg" class="Flat">\n'
            "+                <dhc:description>New flat</dhc:description>\n"
            + FILLED.format(' id="r31" class="Bedroom"')
            + "+            </dhc:flat>\n",
        )

    def test_addWithoutRooms(self) -> None:
        home = self.edit(edits.addFlat, Flat("flat3"))
        self.assertEqual(home.flat("flat3"), Flat("flat3"))
        self.assertEqual("".join(self.lines[1:-1]), FILLED.format(""))

    def test_addWhereThereIsNoBuilding(self) -> None:
        """Its building, too, before the devices."""
        self.old = samples.read("published/get-configuration-response.xml")
        home = self.edit(edits.addFlat, Flat("flat3"))
        self.assertEqual([each.id for each in home.buildings[0].flats], ["flat3"])
        self.assertLess(self.new.index(b"buildingEnvironment"), self.new.index(b"controllables"))
        for inner in ("", "<buildingEnvironment/>", "<buildingEnvironment><building/></buildingEnvironment>"):
            text = f'<h:dogHomeConfiguration xmlns:h="{samples.NAMESPACE}">{inner}</h:dogHomeConfiguration>'
            self.old = text.replace("<b", "<h:b").replace("</b", "</h:b").encode()
            self.assertEqual(self.edit(edits.addFlat, Flat("f")).flat("f"), Flat("f"))

    def test_addWhereThereAreStoreys(self) -> None:
        """A building is of storeys or of flats: where there are storeys only, a flat goes to the last one."""
        text = self.old.decode()
        start, end = text.index('            <dhc:flat id="flat"'), text.index("            <dhc:garden")
        self.old = (text[:start] + '            <dhc:storey id="second"/>\n' + text[end:]).encode()
        if samples.hasSchema():
            self.assertNotIn("'flat'", " ".join(samples.violations(self.old)))
        home = self.edit(edits.addFlat, Flat("new"))
        self.assertEqual(home.buildings[0].storeys[1].flats, (Flat("new"),))

    def test_refuseAdd(self) -> None:
        for flat, code, reason in (
            (Flat("flat2"), Code.DUPLICATE_ID, "there is a flat 'flat2'"),
            (Flat("flat_upstairs"), Code.DUPLICATE_ID, "there is a flat 'flat_upstairs'"),
            (Flat("kitchen"), Code.DUPLICATE_ID, "that of the room in line 25"),
            (Flat("new", rooms=(Room("kitchen"),)), Code.DUPLICATE_ID, "that of the room in line 25"),
            (Flat("new", rooms=(Room("r"), Room("r"))), Code.DUPLICATE_ID, "'r' is there twice"),
            (Flat("new", rooms=(Room(None, "Kitchen"),)), Code.BAD_VALUE, "a room needs an id"),
            (Flat("new", svgfootprint="a%zz"), Code.BAD_VALUE, "svgfootprint 'a%zz'"),
            (Flat(None), Code.BAD_VALUE, "needs an id"),
            (Flat("no good"), Code.BAD_VALUE, "can't be an id"),
        ):
            self.assertIn(reason, self.refused(code, edits.addFlat, flat))

    def test_replaceKeepingRooms(self) -> None:
        flat = Flat("flat", "House", None, "a b.svg")
        home = self.edit(edits.replaceFlat, flat, keepRooms=True)
        rooms = readHome(self.old, "f").flat("flat")
        assert rooms is not None
        self.assertEqual(home.flat("flat"), replace(flat, rooms=rooms.rooms))
        self.assertEqual(
            self.lines,
            [
                '-            <dhc:flat id="flat" class="Flat" svgfootprint="flat.svg">\n',
                "-                <dhc:description>Main flat</dhc:description>\n",
                '+            <dhc:flat id="flat" class="House" svgfootprint="a b.svg">\n',
            ],
        )
        self.old = self.new
        self.assertEqual(
            self.edit(edits.replaceFlat, Flat("flat", description="x"), keepRooms=True).devicesIn("lobby"),
            readHome(self.old, "f").devicesIn("lobby"),
        )
        self.assertEqual(self.lines[-1], "+                <dhc:description>x</dhc:description>\n")

    def test_replaceRooms(self) -> None:
        """In the order that is given; rooms that stay are moved as they are written."""
        self.old = self.old.replace(b'id="lobby" class="Lobby">', b'id="lobby" class="Lobby"> <!-- shoes! -->')
        old = readHome(self.old, "f")
        flat = old.flat("flat")
        assert flat is not None
        kitchen, living, lobby = flat.rooms
        wanted = Flat("flat", "Flat", "x", None, (lobby, Room("new"), kitchen, replace(living, description="y")))
        home = self.edit(edits.replaceFlat, wanted)
        self.assertEqual(home.flat("flat"), wanted)
        self.assertIn(b'<dhc:room id="lobby" class="Lobby"> <!-- shoes! -->\n', self.new)
        self.assertEqual(
            {id: each.isIn for id, each in home.devices.items()}, {id: each.isIn for id, each in old.devices.items()}
        )

    def test_replaceLeavingARoomOut(self) -> None:
        self.refused(Code.IN_USE, edits.replaceFlat, Flat("flat2", rooms=(Room("other"),)))
        self.assertEqual(self.details["devices"], ["TempHum_1", "ThermostaticRadiatorValve_1"])
        home = self.edit(edits.replaceFlat, Flat("flat2", rooms=(Room("other"),)), force=True)
        self.assertEqual(home.flat("flat2"), Flat("flat2", rooms=(Room("other"),)))
        self.assertIsNone(home.devices["TempHum_1"].isIn)
        home = self.edit(edits.replaceFlat, Flat("flat2"), force=True)
        self.assertEqual(home.flat("flat2"), Flat("flat2"))

    def test_replaceRefused(self) -> None:
        self.refused(Code.NOT_FOUND, edits.replaceFlat, Flat("nope"))
        self.refused(Code.NOT_FOUND, edits.replaceFlat, Flat("nope"), keepRooms=True)
        self.refused(Code.DUPLICATE_ID, edits.replaceFlat, Flat("flat2", rooms=(Room("guestroom"), Room("kitchen"))))
        self.refused(Code.BAD_VALUE, edits.replaceFlat, Flat("flat2", svgfootprint="%"), keepRooms=True)
        self.refused(Code.BAD_VALUE, edits.replaceFlat, Flat("flat2", description="\x01"), keepRooms=True)

    def test_remove(self) -> None:
        home = self.edit(edits.removeFlat, "flat_upstairs")
        self.assertIsNone(home.flat("flat_upstairs"))
        self.assertEqual({each[0] for each in self.lines}, {"-"})
        self.assertEqual(len(self.lines), 9)
        self.refused(Code.NOT_FOUND, edits.removeFlat, "nope")

    def test_removeInUse(self) -> None:
        """By what is in its rooms, or in the flat itself."""
        self.refused(Code.IN_USE, edits.removeFlat, "flat2")
        self.assertEqual(self.details["devices"], ["TempHum_1", "ThermostaticRadiatorValve_1"])
        home = self.edit(edits.removeFlat, "flat2", force=True)
        self.assertIsNone(home.devices["TempHum_1"].isIn)
        self.old = edits.setLocation(self.old, "Bare_1", "garden").replace(
            b"<dhc:isIn>garden<", b"<dhc:isIn>empty_flat<", 1
        )
        self.refused(Code.IN_USE, edits.removeFlat, "empty_flat")
        self.assertEqual(self.details["devices"], ["Bare_1"])

    def test_removeTheLast(self) -> None:
        """A building without flats and storeys would violate the schema: a filler stays, until the next flat."""
        self.old = samples.read("knx/knx.xml")
        home = self.edit(edits.removeFlat, "KNX_DemoBox", force=True)
        self.assertEqual(list(home.flats()), [])
        self.old = self.new
        home = self.edit(edits.addFlat, Flat("new"))
        self.assertEqual(list(home.flats()), [Flat("new")])
        self.assertEqual(self.lines, ["-\t\t\t<dhc:flat>\n", '+\t\t\t<dhc:flat id="new">\n'])


class DeviceTests(EditCase):
    lamp = Device(
        "lamp",
        "DimmerLamp",
        "Modbus",
        "modbus-gw",
        "A new <lamp>",
        "kitchen",
        meterOf=("Outlet_mb1",),
        params=(ConfigParam("slaveId", "1", "network"), ConfigParam("slaveId", "2", "network")),
        controlFunctionalities=(
            ControlFunctionality(
                "OnOffFunctionality", (Command("OnCommand", "on", None, (ConfigParam("realCommandName", "on"),)),)
            ),
        ),
        notificationFunctionalities=(
            NotificationFunctionality(
                "OnOffNotificationFunctionality", (Notification("OnNotification", "n_on", (), ("c1", "c2")),)
            ),
        ),
        declaredStates=(State("OnOffState", (StateValue("OnStateValue", "on"),)),),
    )

    def test_add(self) -> None:
        home = self.edit(edits.addDevice, self.lamp)
        self.assertEqual(replace(home.devices["lamp"], line=0), self.lamp)
        self.assertEqual(list(home.devices)[-1], "lamp")
        self.assertEqual({each[0] for each in self.lines}, {"+"})

    def test_addBare(self) -> None:
        """The state that the schema demands is a filler; names and ids that it demands are made up."""
        for name in samples.XML[:-1]:
            self.old = samples.read(name)
            home = self.edit(edits.addDevice, Device("lamp", "SimpleLamp"))
            self.assertEqual(replace(home.devices["lamp"], line=0), Device("lamp", "SimpleLamp"))
        command, notification = Command("OnCommand"), Notification("OnNotification")
        device = Device(
            "lamp",
            "SimpleLamp",
            controlFunctionalities=(ControlFunctionality("OnOffFunctionality", (command,)),),
            notificationFunctionalities=(
                NotificationFunctionality("OnOffNotificationFunctionality", (notification, notification)),
            ),
            declaredStates=(State("OnOffState"),),
        )
        lamp = self.edit(edits.addDevice, device).devices["lamp"]
        self.assertEqual(lamp.controlFunctionalities[0].commands[0].name, "OnCommand_lamp")
        ids = [each.id for each in lamp.notificationFunctionalities[0].notifications]
        self.assertEqual(ids, ["OnNotification_lamp", "OnNotification_lamp_2"])
        self.assertEqual([each.name for each in lamp.declaredStates[0].values], ["off", "on"])

    def test_addTheFirst(self) -> None:
        self.old = b"<dogHomeConfiguration/>"
        self.new = edits.addDevice(self.old, self.lamp)
        self.assertEqual(replace(readHome(self.new, "f").devices["lamp"], line=0), self.lamp)

    def test_addRefused(self) -> None:
        self.refused(Code.DUPLICATE_ID, edits.addDevice, replace(self.lamp, id="Bare_1"))
        self.refused(Code.DUPLICATE_ID, edits.addDevice, replace(self.lamp, id="kitchen"))
        self.refused(Code.BAD_VALUE, edits.addDevice, replace(self.lamp, id="858543ad-2fc1"))
        none = (ControlFunctionality("OnOffFunctionality"),)
        self.refused(Code.BAD_VALUE, edits.addDevice, replace(self.lamp, controlFunctionalities=none))
        self.refused(Code.BAD_VALUE, edits.addDevice, replace(self.lamp, declaredStates=(State("NoSuchState"),)))

    def test_replaceWithItself(self) -> None:
        """Nothing changes, in any home, whatever the device lacks."""
        for name in samples.XML:
            self.old = samples.read(name)
            for device in readHome(self.old, name).devices.values():
                self.assertEqual(edits.replaceDevice(self.old, device), self.old, device.id)

    def test_replace(self) -> None:
        old = readHome(self.old, "f").devices["Lamp_Holder"]
        wanted = replace(
            old,
            gateway=None,
            isIn=None,
            params=(*old.params[1:], ConfigParam("NodeID", "5", "network")),
            controls=("x",),
        )
        home = self.edit(edits.replaceDevice, wanted)
        self.assertEqual(replace(home.devices["Lamp_Holder"], line=0), replace(wanted, line=0))
        self.assertEqual(len(self.lines), 6)

    def test_replaceParts(self) -> None:
        """Functionalities, commands and states come and go; what stays is not written anew."""
        old = readHome(self.old, "f").devices["DimmerLamp_l4"]
        first, *others = old.controlFunctionalities
        commands = (Command("OnCommand", "a", "a_new", (ConfigParam("realCommandName", "on"),)), *first.commands[:1])
        wanted = replace(
            old,
            cls="DimmableLight",
            controlFunctionalities=(replace(first, commands=commands), *others),
            declaredStates=old.declaredStates[1:],
        )
        home = self.edit(edits.replaceDevice, wanted)
        self.assertEqual(replace(home.devices["DimmerLamp_l4"], line=0), replace(wanted, line=0))
        home = self.edit(edits.replaceDevice, replace(old, declaredStates=(), notificationFunctionalities=()))
        self.assertEqual(home.devices["DimmerLamp_l4"].declaredStates, ())

    def test_replaceRefused(self) -> None:
        self.refused(Code.NOT_FOUND, edits.replaceDevice, self.lamp)

    def test_remove(self) -> None:
        home = self.edit(edits.removeDevice, "Bare_1")
        self.assertNotIn("Bare_1", home.devices)
        self.assertEqual(len(self.lines), 3)
        self.refused(Code.NOT_FOUND, edits.removeDevice, "nope")


class EveryFileTests(SynchronousTestCase):
    def test_commentsBeforeTheRoot(self) -> None:
        data = (
            samples.read("recorded/home.xml").replace(b"?>\n", b"?>\n<!-- mine -->\n<?pi x?>\n\n", 1) + b"<!-- end -->"
        )
        new = edits.setLocation(data, "Bare_1", "lobby")
        self.assertEqual(samples.changes(data, new), ["+            <dhc:isIn>lobby</dhc:isIn>\n"])

    def test_firstOfTwo(self) -> None:
        """Where an id is there twice, the edit is about the one that counts."""
        data = samples.read("broken/duplicate-device.xml")
        new = edits.setDescription(data, "lamp", "x")
        self.assertEqual(readHome(new, "f").devices["lamp"].description, "x")
        self.assertEqual(len(samples.changes(data, new)), 2)

    def test_existingViolationsMayStay(self) -> None:
        """A flat whose walls share an id can be edited, as long as it gets no worse."""
        data = samples.read("recorded/home.xml").replace(b'id="wall_kitchen_2"', b'id="wall_kitchen_1"')
        flat = readHome(data, "f").flat("flat")
        assert flat is not None
        new = edits.replaceFlat(data, replace(flat, description="x"))
        self.assertEqual(len(samples.changes(data, new)), 2)
        three = replace(flat.rooms[0], walls=(*flat.rooms[0].walls, Wall("wall_kitchen_1")))
        samples.refused(self, Code.DUPLICATE_ID, edits.replaceRoom, data, "flat", three)
