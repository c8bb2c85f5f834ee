"""How devices, statuses and the environment are written: both profiles, JSON and XML."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.api.call import Profile
from dog.api.views.device import DevicesView, DeviceView
from dog.api.views.environment import EnvironmentView, FlatsView, FlatView, RoomsView, RoomView
from dog.api.views.instant import instant
from dog.api.views.status import DevicesStatusView, StatusView
from dog.api.views.xml import Node, document, node
from dog.core.core import Applied, Attached, Core, Observed, Presence, Reached
from dog.core.now import Now
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
from dog.model.home import Building, Flat, Home, HomeDiff, Opening, Room, Storey, Surface, Wall
from dog.model.measure import Measure
from dog.model.values import DailyClimateSchedule, Reading, RGBColor, Slot, SwitchPoint, features

RECORDED = Path(__file__).parent / "recorded"
EXAMPLES = RECORDED / "examples"
DHC = "{http://elite.polito.it/dogHomeConfiguration}"
NOON = datetime(2024, 5, 1, 12, 0, 0, 123_999, tzinfo=UTC)

EVERYTHING = Device(
    "meter",
    "SinglePhaseElectricityMeter",
    domoticSystem="Modbus",
    gateway="gw",
    description="A meter",
    isIn="cellar",
    actuatorOf="window",
    sensorOf="door",
    pluggedIn="outlet",
    meterOf=("fridge", "oven"),
    controls=("lamp", "fan"),
    hasMeter="other",
    params=(ConfigParam("slaveId", "1", "network"), ConfigParam("color", "red"), ConfigParam("color", "blue", "text")),
    controlFunctionalities=(
        ControlFunctionality(
            "OnOffFunctionality",
            (Command("OnCommand", "name", "id", (ConfigParam("realCommandName", "on"),), "Boolean"),),
        ),
        ControlFunctionality("EmptyFunctionality"),
    ),
    notificationFunctionalities=(
        NotificationFunctionality(
            "OnOffNotificationFunctionality",
            (Notification("OnNotification", "n", (ConfigParam("register", "7", "network"),), ("c1", "c2")),),
        ),
    ),
    declaredStates=(State("OnOffState", (StateValue("OffStateValue", ""),)),),
)


def recorded(id: str) -> str:
    """What the old gateway answered in the exchange of that id."""
    with open(RECORDED / "exchanges.jsonl", encoding="utf-8") as file:
        for line in file:
            exchange = json.loads(line)
            if exchange["id"] == id:
                return str(exchange["response"]["body"])
    raise KeyError(id)


def recordedHome() -> Home:
    return readHome((RECORDED / "home.xml").read_bytes(), "home.xml")


def exampleHome(name: str) -> Home:
    return readHome((EXAMPLES / name).read_bytes(), name)


def allDevices(home: Home) -> DevicesView:
    return DevicesView(tuple(DeviceView(each) for each in home.devices.values()))


def plain(element: ET.Element) -> Any:
    """An element as data: name without prefix, attributes, text without indentation, children."""
    name = element.tag.removeprefix(DHC)
    return name, dict(element.attrib), (element.text or "").strip(), [plain(each) for each in element]


class Released(SynchronousTestCase):
    """The released profile, to the letter."""

    def test_devicesJSON(self) -> None:
        """Keys, their order and the order of everything are those of the old gateway."""
        ours = allDevices(recordedHome()).json(Profile.RELEASED)
        self.assertEqual(json.dumps(ours), json.dumps(json.loads(recorded("001-devices-json"))))

    def test_devicesXML(self) -> None:
        ours = allDevices(recordedHome()).xml(Profile.RELEASED)
        self.assertEqual(ours.decode(), recorded("002-devices-xml"))

    def test_deviceXML(self) -> None:
        """One device has the same frame as many."""
        device = recordedHome().devices["MeteringPowerOutlet"]
        self.assertEqual(
            DeviceView(device).xml(Profile.RELEASED).decode(), recorded("041-device-xml-MeteringPowerOutlet")
        )

    def test_environmentJSON(self) -> None:
        ours = EnvironmentView(recordedHome()).json(Profile.RELEASED)
        self.assertEqual(json.dumps(ours), json.dumps(json.loads(recorded("200-env-json"))))

    def test_environmentXML(self) -> None:
        self.assertEqual(EnvironmentView(recordedHome()).xml(Profile.RELEASED).decode(), recorded("201-env-xml"))

    def test_flatsJSON(self) -> None:
        """Without those of storeys."""
        ours = FlatsView(recordedHome()).json(Profile.RELEASED)
        self.assertEqual(json.dumps(ours), json.dumps(json.loads(recorded("223-flats-noaccept"))))

    def test_emptyAttributes(self) -> None:
        """XML drops them, JSON keeps them."""
        element = ET.fromstring(DeviceView(EVERYTHING).xml(Profile.RELEASED))
        value = element.find("controllables/device/state/statevalues/statevalue")
        assert value is not None
        self.assertEqual(value.attrib, {"class": "OffStateValue"})
        self.assertEqual(DeviceView(EVERYTHING).json(Profile.RELEASED)["state"][0]["statevalues"][0]["name"], "")


class Documented(SynchronousTestCase):
    def test_everyKey(self) -> None:
        """In order, with bare lists; network params are hidden, empty lists left out."""
        found = DeviceView(EVERYTHING).json(Profile.DOCUMENTED)
        self.assertEqual(
            json.dumps(found),
            json.dumps(
                {
                    "description": "A meter",
                    "isIn": "cellar",
                    "actuatorOf": "window",
                    "sensorOf": "door",
                    "pluggedIn": "outlet",
                    "meterOf": ["fridge", "oven"],
                    "controls": ["lamp", "fan"],
                    "hasMeter": "other",
                    "param": [
                        {"name": "color", "value": "red"},
                        {"name": "color", "value": "blue", "type": "text"},
                    ],
                    "controlFunctionality": [
                        {
                            "commands": [
                                {
                                    "param": [{"name": "realCommandName", "value": "on"}],
                                    "name": "name",
                                    "returnType": "Boolean",
                                    "id": "id",
                                    "class": "OnCommand",
                                }
                            ],
                            "class": "OnOffFunctionality",
                        },
                        {"class": "EmptyFunctionality"},
                    ],
                    "notificationFunctionality": [
                        {
                            "notifications": [
                                {"generatesCommand": ["c1", "c2"], "id": "n", "class": "OnNotification"}
                            ],
                            "class": "OnOffNotificationFunctionality",
                        }
                    ],
                    "state": [{"statevalues": [{"name": "", "class": "OffStateValue"}], "class": "OnOffState"}],
                    "id": "meter",
                    "domoticSystem": "Modbus",
                    "gateway": "gw",
                    "class": "SinglePhaseElectricityMeter",
                }
            ),
        )

    def test_onlyWhatIsThere(self) -> None:
        self.assertEqual(DeviceView(Device("x", "Lamp")).json(Profile.DOCUMENTED), {"id": "x", "class": "Lamp"})

    def test_network(self) -> None:
        """The low-level configuration shows network params, and has the documented shape in either profile."""
        view = DeviceView(EVERYTHING, network=True)
        found = view.json(Profile.DOCUMENTED)
        self.assertEqual(found["param"][0], {"name": "slaveId", "value": "1", "type": "network"})
        self.assertEqual(
            found["notificationFunctionality"][0]["notifications"][0]["param"],
            [{"name": "register", "value": "7", "type": "network"}],
        )
        self.assertEqual(view.json(Profile.RELEASED), found)

    def test_publishedDevice(self) -> None:
        """The published XML and what we make of it, and the published JSON."""
        home = exampleHome("get-configuration-single-device.xml")
        ours = DeviceView(home.devices["Lamp_Holder"])
        published = ET.fromstring((EXAMPLES / "get-configuration-single-device.xml").read_bytes())
        self.assertEqual(plain(ET.fromstring(ours.xml(Profile.DOCUMENTED))), plain(published))
        text = (EXAMPLES / "get-configuration-single-device.json").read_text("utf-8")
        self.assertEqual(ours.json(Profile.DOCUMENTED), json.loads(text))

    def test_publishedDevices(self) -> None:
        """The published JSON of devices, once the key C{notification} of its one misprint is spelled right."""
        home = exampleHome("get-configuration-response.xml")
        text = (EXAMPLES / "get-configuration-response.json").read_text("utf-8")
        published = json.loads(text.replace('"notification" : [', '"notifications" : ['))["devices"]
        ours = {each["id"]: each for each in allDevices(home).json(Profile.DOCUMENTED)["devices"]}
        self.assertEqual([ours[each["id"]] for each in published], published)

    def test_publishedEnvironment(self) -> None:
        """The published XML, given the namespace that it forgets to declare."""
        text = (EXAMPLES / "get-environment.xml").read_text("utf-8")
        text = text.replace("<dhc:dogHomeConfiguration>", f'<dhc:dogHomeConfiguration xmlns:dhc="{DHC[1:-1]}">')
        home = readHome(text.encode(), "published")
        ours = ET.fromstring(EnvironmentView(home).xml(Profile.DOCUMENTED))
        self.assertEqual(plain(ours), plain(ET.fromstring(text)))
        self.assertEqual(home.problems, ())

    def test_publishedEnvironmentJSON(self) -> None:
        """The published JSON, with the quote that it forgets."""
        kitchen = Room(
            "kitchen",
            "Kitchen",
            "The best room in the house",
            Surface("ceiling", "Ceiling"),
            Surface("floor", "Floor"),
            (Wall("wall", "Wall"),),
        )
        home = Home((Building("SimpleHome", flats=(Flat("flat", "Flat", "The flat I rent", rooms=(kitchen,)),)),))
        text = (EXAMPLES / "get-environment.json").read_text("utf-8").replace('"description :', '"description" :')
        self.assertEqual(EnvironmentView(home).json(Profile.DOCUMENTED), json.loads(text))

    def test_publishedRooms(self) -> None:
        kitchen = Room("kitchen", "Kitchen", "The best room in the house")
        bedroom = Room("sam_bedroom", "Bedroom", "Sam's bedroom")
        flat = Flat("flat", "Flat", "The flat I rent", rooms=(kitchen, bedroom))
        for view, name in (
            (RoomView(kitchen), "get-environment-single-room.json"),
            (RoomsView(flat), "get-environment-rooms.json"),
            (FlatView(flat), "get-environment-single-flat.json"),
        ):
            published = json.loads((EXAMPLES / name).read_text("utf-8"))
            self.assertEqual(view.json(Profile.DOCUMENTED), published, name)

    def test_declaration(self) -> None:
        """XML starts with a declaration, its root in the namespace; everything else in it too."""
        data = EnvironmentView(recordedHome()).xml(Profile.DOCUMENTED)
        self.assertTrue(data.startswith(b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<dhc:dogHome'))
        root = ET.fromstring(data)
        self.assertEqual(root.tag, f"{DHC}dogHomeConfiguration")
        self.assertEqual([each.tag for each in root.iter() if not each.tag.startswith(DHC)], [])

    def test_sameInBothProfiles(self) -> None:
        """The XML of the profiles differs by its names only (and by empty attributes)."""
        home = recordedHome()
        for view in (allDevices(home), EnvironmentView(home)):
            documented = plain(ET.fromstring(view.xml(Profile.DOCUMENTED)))
            released = plain(ET.fromstring(view.xml(Profile.RELEASED)))
            text = re.sub(r", 'name': ''|'name': '', ", "", repr(documented[1:]))
            self.assertEqual(text, repr(released[1:]))

    def test_xmlReadsBack(self) -> None:
        """What we say of a device, our reader reads as that device, network params apart."""
        data = DeviceView(EVERYTHING, network=True).xml(Profile.DOCUMENTED)
        again = readHome(data, "again").devices["meter"]
        self.assertEqual(
            DeviceView(again, network=True).json(Profile.DOCUMENTED),
            DeviceView(EVERYTHING, network=True).json(Profile.DOCUMENTED),
        )
        self.assertIn("slaveId", data.decode())
        self.assertNotIn("slaveId", DeviceView(EVERYTHING).xml(Profile.DOCUMENTED).decode())

    def test_escaped(self) -> None:
        """Markup in texts and attributes stays text."""
        device = Device('a"<b', "Lamp", description="<&>\u2615 \"x'", isIn="a\tb")
        found = ET.fromstring(DeviceView(device).xml(Profile.DOCUMENTED)).find(f"{DHC}controllables/{DHC}device")
        assert found is not None
        self.assertEqual(found.get("id"), 'a"<b')
        self.assertEqual([each.text for each in found], ["<&>\u2615 \"x'", "a\tb"])

    def test_full(self) -> None:
        """With C{?detail=full} a device says whether it is served, and why not."""
        view = DeviceView(Device("x", "Lamp"), Presence(False, "unknown_class", "unknown device class 'Lamp'"))
        self.assertEqual(
            view.json(Profile.DOCUMENTED, True),
            {
                "id": "x",
                "class": "Lamp",
                "active": False,
                "online": False,
                "code": "unknown_class",
                "reason": "unknown device class 'Lamp'",
            },
        )
        self.assertNotIn("active", view.json(Profile.DOCUMENTED))
        self.assertEqual(
            DevicesView((view,)).json(Profile.DOCUMENTED, True), {"devices": [view.json(Profile.DOCUMENTED, True)]}
        )


class Environment(SynchronousTestCase):
    def test_flatsOfStoreys(self) -> None:
        """The documented profile lists them after the direct ones."""
        found = FlatsView(recordedHome()).json(Profile.DOCUMENTED)["flats"]
        self.assertEqual([each["id"] for each in found], ["flat", "flat2", "empty_flat", "flat_upstairs"])

    def test_collectionsAreThere(self) -> None:
        """The list that names a collection is there even when it is empty."""
        for profile in Profile:
            self.assertEqual(FlatsView(Home()).json(profile), {"flats": []})
            self.assertEqual(RoomsView(Flat("f")).json(profile), {"rooms": []})
            self.assertEqual(EnvironmentView(Home()).json(profile), {"building": []})
            self.assertEqual(DevicesView(()).json(profile), {"devices": []})
            self.assertEqual(DevicesStatusView(()).json(profile), {"devicesStatus": []})

    def test_walls(self) -> None:
        """Openings, sizes and references."""
        wall = Wall("w", "Wall", "4 m", "2.7 m", "v", (Opening("d", "Door", "e"), Opening("o", "Window")))
        home = Home((Building("b", storeys=(Storey("s", "Storey", "-1", rooms=(Room("r", walls=(wall,)),)),)),))
        found = EnvironmentView(home).json(Profile.DOCUMENTED)
        self.assertEqual(
            found["building"][0]["storey"][0],
            {
                "id": "s",
                "rooms": [
                    {
                        "id": "r",
                        "walls": [
                            {
                                "id": "w",
                                "length": "4 m",
                                "height": "2.7 m",
                                "ref": "v",
                                "hasWallOpening": [
                                    {"id": "d", "ref": "e", "class": "Door"},
                                    {"id": "o", "class": "Window"},
                                ],
                                "class": "Wall",
                            }
                        ],
                    }
                ],
                "levelFromGround": -1,
                "class": "Storey",
            },
        )
        self.assertEqual(readHome(EnvironmentView(home).xml(Profile.DOCUMENTED), "again").buildings, home.buildings)

    def test_level(self) -> None:
        """A level that is no number is shown as it is."""
        home = Home((Building("b", storeys=(Storey("s", levelFromGround="attic"),)),))
        found = EnvironmentView(home).json(Profile.DOCUMENTED)
        self.assertEqual(found["building"][0]["storey"][0]["levelFromGround"], "attic")


class Status(SynchronousTestCase):
    def core(self, *devices: Device) -> Core:
        core = Core("e")
        home = Home(devices={each.id: each for each in devices})
        core.step(Applied(HomeDiff(home, added=tuple(home.devices))), Now(0.0, NOON))
        return core

    def serve(self, core: Core, device: str, *readings: Reading, at: datetime = NOON) -> None:
        core.step(Attached(device, True), Now(0.0, NOON))
        core.step(Reached(device, True), Now(0.0, NOON))
        if readings:
            core.step(Observed(device, readings), Now(0.0, at))

    def test_values(self) -> None:
        """Measures, discrete values, colours and levels, as the values are written everywhere."""
        lamp = Device("lamp", "ColorDimmableLight", description="A lamp")
        core = self.core(lamp)
        self.serve(
            core,
            "lamp",
            Reading(Slot("lamp", "LevelState"), 63),
            Reading(Slot("lamp", "OnOffState"), "on"),
            Reading(Slot("lamp", "ColorStateHSB"), RGBColor(1, 2, 3)),
        )
        self.assertEqual(
            json.dumps(StatusView.of(core, lamp).json(Profile.DOCUMENTED)),
            json.dumps(
                {
                    "id": "lamp",
                    "active": True,
                    "status": {
                        "ColorStateHSB": [{"value": {"red": 1, "green": 2, "blue": 3}}],
                        "LevelState": [{"value": 63}],
                        "OnOffState": [{"value": "on"}],
                    },
                }
            ),
        )

    def test_features(self) -> None:
        """One entry per slot, in the order in which they were heard; what no class names comes last."""
        meter = Device("m", "ThreePhaseElectricityMeter")
        core = self.core(meter)
        self.serve(
            core,
            "m",
            Reading(Slot("m", "ExtraState"), "odd"),
            Reading(Slot("m", "ThreePhaseCurrentState", features(phaseID="L2")), Measure.of("0.9", "A")),
            Reading(Slot("m", "ThreePhaseCurrentState", features(phaseID="L1")), Measure.of("4.8", "A")),
        )
        found = StatusView.of(core, meter).json(Profile.DOCUMENTED)["status"]
        self.assertEqual(
            found,
            {
                "ThreePhaseCurrentState": [
                    {"value": "0.9 A", "phaseID": "L2"},
                    {"value": "4.8 A", "phaseID": "L1"},
                ],
                "ExtraState": [{"value": "odd"}],
            },
        )
        self.assertEqual(list(found), ["ThreePhaseCurrentState", "ExtraState"])

    def test_severalValues(self) -> None:
        """A schedule of several days is an entry per day."""
        valve = Device("v", "ThermostaticRadiatorValve")
        core = self.core(valve)
        point = SwitchPoint(datetime(2013, 10, 22, 13, 45, tzinfo=UTC), Measure.of("20.5", "C"))
        days = tuple(DailyClimateSchedule(each, (point,)) for each in (1, 2))
        self.serve(core, "v", Reading(Slot("v", "ClimateScheduleState"), days))
        entries = StatusView.of(core, valve).json(Profile.DOCUMENTED)["status"]["ClimateScheduleState"]
        self.assertEqual([each["value"]["weekDay"] for each in entries], [1, 2])
        self.assertEqual(
            entries[0]["value"]["switchPoints"], [{"desiredTemperature": "20.5 C", "timeAt": 1382449500000}]
        )

    def test_published(self) -> None:
        """The published statuses, from the values they name."""
        for name in ("get-single-device-status.json", "get-all-device-status.json"):
            data = json.loads((EXAMPLES / name).read_text("utf-8"))
            for published in data.get("devicesStatus", [data]):
                device = Device(published["id"], "AnyClass")
                core = self.core(device)
                readings = [
                    Reading(Slot(device.id, state), self.typed(values))
                    for state, values in published["status"].items()
                ]
                self.serve(core, device.id, *readings)
                self.assertEqual(StatusView.of(core, device).json(Profile.DOCUMENTED), published)

    def typed(self, entries: list[dict[str, Any]]) -> Any:
        first = entries[0]["value"]
        if isinstance(first, dict):
            return tuple(
                DailyClimateSchedule(
                    each["value"]["weekDay"],
                    tuple(
                        SwitchPoint(
                            datetime.fromtimestamp(point["timeAt"] / 1000, UTC),
                            Measure.parse(point["desiredTemperature"]),
                        )
                        for point in each["value"]["switchPoints"]
                    ),
                )
                for each in entries
            )
        return Measure.parse(first) if first[0].isdigit() else first

    def test_notHeard(self) -> None:
        """Left out; in the released profile what the file declares has the class's first value, or 0.0."""
        states = (State("OnOffState"), State("LightIntensityState"), State("NoSuchState"))
        lamp = Device("lamp", "ColorDimmableLight", declaredStates=states)
        core = self.core(lamp)
        self.serve(core, "lamp")
        view = StatusView.of(core, lamp)
        self.assertEqual(view.json(Profile.DOCUMENTED), {"id": "lamp", "active": True})
        self.assertEqual(
            view.json(Profile.RELEASED),
            {
                "id": "lamp",
                "active": True,
                "status": {"OnOffState": [{"value": "off"}], "LevelState": [{"value": "0.0 "}]},
            },
        )

    def test_inactive(self) -> None:
        """No driver: nothing is presumed; the reason is told where it is asked for."""
        lamp = Device("lamp", "SimpleLamp", declaredStates=(State("OnOffState"),))
        core = self.core(lamp)
        core.step(Attached("lamp", False, "no_driver", "no driver for Abacus"), Now(0.0, NOON))
        view = StatusView.of(core, lamp)
        for profile in Profile:
            self.assertEqual(view.json(profile), {"id": "lamp", "active": False})
        self.assertEqual(
            view.json(Profile.DOCUMENTED, True),
            {
                "id": "lamp",
                "active": False,
                "online": False,
                "code": "no_driver",
                "reason": "no driver for Abacus",
            },
        )

    def test_described(self) -> None:
        """The description comes second, where it is asked for, in the documented profile alone."""
        lamp = Device("lamp", "SimpleLamp", description="A lamp")
        core = self.core(lamp)
        self.serve(core, "lamp")
        for view, full in ((StatusView.of(core, lamp, described=True), False), (StatusView.of(core, lamp), True)):
            self.assertEqual(list(view.json(Profile.DOCUMENTED, full))[:2], ["id", "description"])
            self.assertEqual(view.json(Profile.DOCUMENTED, full)["description"], "A lamp")
            self.assertNotIn("description", view.json(Profile.RELEASED, full))
        self.assertNotIn("description", StatusView.of(core, lamp).json(Profile.DOCUMENTED))
        bare = Device("bare", "SimpleLamp")
        self.assertNotIn("description", StatusView.of(self.core(bare), bare, True).json(Profile.DOCUMENTED))

    def test_worth(self) -> None:
        """With C{?detail=full} every value says what it is worth: while its link is up and when it is down."""
        lamp = Device("lamp", "SimpleLamp")
        core = self.core(lamp)
        slot = Slot("lamp", "OnOffState")
        self.serve(core, "lamp", Reading(slot, "on"))
        later = NOON + timedelta(seconds=2)
        core.step(Observed("lamp", (Reading(slot, "on", maxAge=60.0),)), Now(2.0, later))
        view = StatusView.of(core, lamp)
        entry = {
            "value": "on",
            "online": True,
            "quality": "good",
            "changedAt": "2024-05-01T12:00:00.123Z",
            "heardAt": "2024-05-01T12:00:02.123Z",
            "expiresAt": "2024-05-01T12:01:02.123Z",
        }
        self.assertEqual(view.json(Profile.DOCUMENTED, True)["status"], {"OnOffState": [entry]})
        core.step(Reached("lamp", False, "cable out"), Now(3.0, later))
        found = StatusView.of(core, lamp).json(Profile.DOCUMENTED, True)
        self.assertEqual(found["reason"], "cable out")
        self.assertEqual(found["status"], {"OnOffState": [entry | {"online": False, "quality": "stale"}]})
        core.step(Observed("lamp", (Reading(slot, "on"),)), Now(4.0, later))
        (fresh,) = StatusView.of(core, lamp).json(Profile.DOCUMENTED, True)["status"]["OnOffState"]
        self.assertNotIn("expiresAt", fresh)

    def test_all(self) -> None:
        lamp, fan = Device("lamp", "SimpleLamp"), Device("fan", "Fan")
        core = self.core(lamp, fan)
        view = DevicesStatusView((StatusView.of(core, lamp), StatusView.of(core, fan)))
        self.assertEqual(
            view.json(Profile.RELEASED),
            {"devicesStatus": [{"id": "lamp", "active": False}, {"id": "fan", "active": False}]},
        )


class Small(SynchronousTestCase):
    def test_instant(self) -> None:
        """UTC and milliseconds, cut, whatever the offset it came with."""
        self.assertEqual(instant(NOON), "2024-05-01T12:00:00.123Z")
        elsewhere = datetime(2024, 5, 1, 14, 0, 0, 0, tzinfo=timezone(timedelta(hours=2)))
        self.assertEqual(instant(elsewhere), "2024-05-01T12:00:00.000Z")

    def test_nothing(self) -> None:
        """Attributes and children that are None are left out."""
        data = document(Profile.RELEASED, None, node("a", None, Node("b", text="t"), cls="c", name=None, id=""))
        self.assertEqual(data, b'<DogHomeConfiguration><a class="c"><b>t</b></a></DogHomeConfiguration>')
