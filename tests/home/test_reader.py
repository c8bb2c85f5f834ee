from __future__ import annotations

import re
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from dog.home.reader import readHome
from dog.model.device import ConfigParam, StateValue
from dog.model.home import Flat, Ground, Home, Opening, Room, Surface, Wall
from tests.home import samples


def withoutLines(home: Home) -> tuple[object, object]:
    """Everything but where it stands."""
    devices = {id: replace(each, line=0) for id, each in home.devices.items()}
    return home.buildings, devices


class RealHomeTests(SynchronousTestCase):
    def home(self, name: str) -> Home:
        return readHome(samples.read(name), name)

    def test_devices(self) -> None:
        """Every device of every real home is listed, in order, none for a fatal problem."""
        for name in samples.XML:
            home = self.home(name)
            written = re.findall(rb"<(?:dhc:)?device\s[^>]*?\bid=\"([^\"]*)\"", samples.read(name))
            self.assertEqual(list(home.devices), [each.decode() for each in written], name)
            self.assertGreater(len(home.devices), 4, name)
            self.assertFalse([each for each in home.problems if each.fatal], name)
            self.assertFalse([each for each in home.devices.values() if each.type is None], name)

    def test_lines(self) -> None:
        """Every device knows the line it starts in."""
        for name in samples.XML:
            lines = samples.read(name).decode().split("\n")
            for device in self.home(name).devices.values():
                self.assertRegex(lines[device.line - 1], r"<(dhc:)?device ", name)
                self.assertIn(f'"{device.id}"', "".join(lines[device.line - 1 : device.line + 1]))

    def test_recorded(self) -> None:
        """All of the environment, and a device with everything, as they are written."""
        home = self.home("recorded/home.xml")
        (building,) = home.buildings
        self.assertEqual((building.id, building.cls), ("Casa", "Building"))
        (storey,) = building.storeys
        self.assertEqual((storey.id, storey.levelFromGround, storey.description), ("first_floor", "1", "First floor"))
        self.assertEqual([each.id for each in home.flats()], ["flat", "flat2", "empty_flat", "flat_upstairs"])
        self.assertEqual([each.id for each in storey.rooms], ["corridor"])
        self.assertEqual(home.flat("empty_flat"), Flat("empty_flat", "Flat"))
        self.assertEqual(building.gardens, (Ground("garden", "The garden"),))
        self.assertEqual(building.garages, (Ground("garage", "The garage"),))
        self.assertEqual(
            home.rooms["attic"],
            Room(
                "attic",
                "StorageRoom",
                "Attic",
                Surface("ceiling_attic", "Ceiling"),
                Surface("floor_attic", "Floor"),
                (Wall("wall_attic_1", "Wall", "4.5 m", "2.7 m"),),
            ),
        )
        outlet = home.devices["MeteringPowerOutlet"]
        self.assertEqual(outlet.meterOf, ("Fridge", "Oven"))
        self.assertEqual(outlet.gateway, "zwave-gateway")
        self.assertEqual(outlet.domoticSystem, "ZWave")
        off = outlet.controlFunctionalities[0].commands[0]
        self.assertEqual((off.cls, off.realName, off.id), ("OffCommand", "off", off.name))
        self.assertEqual(outlet.declaredStates[0].cls, "OnOffState")
        self.assertEqual(outlet.declaredStates[0].values[0], StateValue("OffStateValue", "off"))
        self.assertEqual(home.devices["modbus-gw"].params[1], ConfigParam("port", "15020", "network"))
        self.assertEqual(home.devices["Shutter_1"].actuatorOf, "window_1")
        bare = home.devices["Bare_1"]
        self.assertEqual((bare.isIn, bare.params, bare.declaredStates), (None, (), ()))

    def test_relations(self) -> None:
        home = self.home("bticino/bticino.xml")
        switch = home.devices["Switch_b3_lobby"]
        self.assertEqual(switch.controls, ("SimpleLamp_lamp2_bath",))
        off = switch.notificationFunctionalities[0].notifications[0]
        self.assertEqual(off.generatesCommand, ("OffCommand_lamp2_bath",))
        self.assertEqual(off.params, (ConfigParam("notificationName", "off"),))
        self.assertEqual(self.home("knx/knx.xml").devices["MainsPowerOutlet_1"].hasMeter, "energy_meter_1")

    def test_problems(self) -> None:
        """Names that the catalogue lacks are told once each; the three homes of today's names have none."""
        for name, expected in {
            "knx/knx.xml": ["dangling_relation"] * 4,
            "bticino/bticino.xml": ["dangling_relation"],
            "zwave/zwave.xml": [],
        }.items():
            self.assertEqual([each.code for each in self.home(name).problems], expected, name)
        problems = self.home("recorded/home.xml").problems
        told = [each.message for each in problems if each.code.startswith("unknown_")]
        self.assertEqual(len(told), len(set(told)))
        self.assertIn("'GetHumidityCommand'", " ".join(told))
        self.assertEqual([each.line for each in problems], sorted(each.line for each in problems))
        self.assertEqual({each.code for each in problems if each.device is None}, set())

    def test_descriptions(self) -> None:
        """Trimmed, and tabs and newlines are one space, as the recordings show them."""
        recorded = self.home("recorded/home.xml").devices
        self.assertEqual(recorded["SimpleLamp_mb1"].description, "A SimpleLamp on coil 0")
        self.assertEqual(recorded["zwave-gateway"].description, "The ZWave X gateway")
        self.assertEqual(recorded["Lamp_Holder"].description, "A MainsPowerOutlet instance named MainsPowerOutlet_ZW1")

    def test_ofTheOldGateway(self) -> None:
        """What the Java gateway made of home.xml (no namespace, another root) is the same home."""
        first, second = self.home("recorded/home.xml"), self.home("recorded/home-rewritten.xml")
        self.assertEqual(first.buildings, second.buildings)
        self.assertEqual(set(first.devices), set(second.devices))


class FormTests(SynchronousTestCase):
    """The same home however it is written."""

    def same(self, data: bytes) -> None:
        expected = readHome(samples.read("recorded/home.xml"), "a")
        found = readHome(data, "b")
        self.assertEqual(withoutLines(found), withoutLines(expected))
        self.assertEqual([each.code for each in found.problems], [each.code for each in expected.problems])

    def setUp(self) -> None:
        self.text = samples.read("recorded/home.xml").decode()

    def test_otherPrefix(self) -> None:
        self.same(self.text.replace("dhc:", "h:").replace("xmlns:dhc", "xmlns:h").encode())

    def test_defaultNamespace(self) -> None:
        self.same(self.text.replace("xmlns:dhc", "xmlns").replace("dhc:", "").encode())

    def test_noNamespace(self) -> None:
        text = re.sub(r' xmlns:dhc="[^"]*"', "", self.text).replace("dhc:", "")
        self.same(text.encode())
        self.same(text.replace("dogHomeConfiguration", "DogHomeConfiguration").encode())

    def test_byteOrderMark(self) -> None:
        self.same(b"\xef\xbb\xbf" + self.text.encode())

    def test_lineEnds(self) -> None:
        self.same(self.text.replace("\n", "\r\n").encode())

    def test_oneLine(self) -> None:
        self.same(re.sub(r">\s+<", "><", self.text).encode())

    def test_foreignElementsAndComments(self) -> None:
        """Whatever else is in the file is passed over, with all that is in it."""
        more = (
            '<!-- <dhc:device id="no"/> --><x:note xmlns:x="urn:x"><dhc:device id="no" class="SimpleLamp"/>'
            "<x:deep><dhc:param/></x:deep></x:note><dhc:whatever><dhc:room/></dhc:whatever>"
        )
        text = re.sub(
            r"(<dhc:(device|flat|room|state|commands|command|controllables)\b[^>]*[^/]>)", rf"\1{more}", self.text
        )
        self.assertGreater(text.count("x:note"), 150)
        self.same(text.encode())

    def test_foreignAttributes(self) -> None:
        text = self.text.replace("<dhc:device ", '<dhc:device xmlns:x="urn:x" x:id="no" x:class="no" colour="red" ')
        self.same(text.encode())


class ElementTests(SynchronousTestCase):
    def test_fillers(self) -> None:
        """Elements that say nothing are nothing: what an edit writes for the schema's sake is not shown."""
        data = samples.HEAD + (
            "<dogHomeConfiguration><buildingEnvironment><building id='b'>"
            "<flat id='f'><room id='r'><ceiling/><floor/><wall/></room></flat>"
            "<flat id='g'><room><ceiling/><floor/><wall/></room></flat>"
            "<flat><room><ceiling/><floor/><wall><hasWallOpening/></wall></room></flat>"
            "</building></buildingEnvironment><controllables><device id='d' class='SimpleLamp'>"
            "<description>x</description><state class=''><statevalues><statevalue class=''/></statevalues></state>"
            "</device></controllables></dogHomeConfiguration>"
        )
        home = readHome(data.encode(), "f")
        self.assertEqual(home.buildings[0].flats, (Flat("f", rooms=(Room("r"),)), Flat("g")))
        self.assertEqual(home.devices["d"].declaredStates, ())
        self.assertEqual(home.problems, ())

    def test_openings(self) -> None:
        data = (
            "<dogHomeConfiguration><buildingEnvironment><building><flat id='f'><room id='r'>"
            "<wall id='w' class='Wall' length='1 m' height='2 m' ref='v'>"
            "<hasWallOpening id='o' class='Window' ref='p'/></wall></room></flat></building></buildingEnvironment>"
            "</dogHomeConfiguration>"
        )
        room = readHome(data.encode(), "f").rooms["r"]
        self.assertEqual(room.walls, (Wall("w", "Wall", "1 m", "2 m", "v", (Opening("o", "Window", "p"),)),))

    def test_firstCounts(self) -> None:
        data = samples.devices(
            "<device id='d' class='SimpleLamp'><description>one</description><description>two</description></device>"
        )
        self.assertEqual(readHome(data, "f").devices["d"].description, "one")

    def test_textsWithElements(self) -> None:
        """Text in a foreign element is not the description's; text after it is."""
        data = samples.devices(
            "<device id='d' class='SimpleLamp'><description>one <b>no<i/>no</b>two &amp; <![CDATA[<3]]></description>"
            "</device>"
        )
        self.assertEqual(readHome(data, "f").devices["d"].description, "one two & <3")

    def test_emptyPlace(self) -> None:
        """An isIn without a room dangles nowhere."""
        data = samples.devices(
            "<device id='d' class='SimpleLamp'><description>x</description><isIn></isIn><meterOf/></device>"
        )
        home = readHome(data, "f")
        self.assertEqual(home.problems, ())
        self.assertEqual((home.devices["d"].isIn, home.devices["d"].meterOf), ("", ()))

    def test_places(self) -> None:
        """isIn may name a flat, a storey, a garden, a building, too; sensorOf may name a window."""
        home = samples.read("recorded/home.xml").decode()
        for place in ("flat", "first_floor", "garden", "garage", "Casa", "corridor", "attic"):
            text = home.replace("<dhc:isIn>kitchen</dhc:isIn>", f"<dhc:isIn>{place}</dhc:isIn>")
            codes = {each.code for each in readHome(text.encode(), "f").problems}
            self.assertNotIn("dangling_isin", codes, place)
        text = home.replace('id="wall_attic_1"', 'id="front_door"').replace('id="ceiling_attic"', 'id="window_1"')
        relations = [each for each in readHome(text.encode(), "f").problems if each.code == "dangling_relation"]
        self.assertEqual([each.device for each in relations], ["MeteringPowerOutlet"] * 2)

    def test_nameTwice(self) -> None:
        """A name that is unknown is told with the first device that has it."""
        state = "<state class='BlinkState'><statevalues/></state>"
        one, two = (
            f"<device id='{id}' class='SimpleLamp'><description>x</description>{state}</device>" for id in "ab"
        )
        problems = readHome(samples.devices(one, two), "f").problems
        self.assertEqual([(each.code, each.device) for each in problems], [("unknown_state", "a")])

    def test_sharing(self) -> None:
        """Devices that say the same share it: a home of ten thousand lamps does not hold ten thousand of each."""
        home = readHome(samples.read("recorded/home.xml"), "f")
        one, other = home.devices["SimpleLamp_mb1"], home.devices["Outlet_mb1"]
        self.assertIs(one.declaredStates, other.declaredStates)
        self.assertIs(one.isIn, other.isIn)
        commands = [each.controlFunctionalities[0].commands[0] for each in (one, other)]
        self.assertEqual(commands[0].params, commands[1].params)
        self.assertIs(commands[0].params, commands[1].params)
        self.assertIs(commands[0].id, commands[0].name)
        gateways = [home.devices[each].params[0] for each in ("modbus-gw", "modbus-gw-dead")]
        self.assertIs(gateways[0], gateways[1])
