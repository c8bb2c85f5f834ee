"""/dog/configuration: devices with what their drivers are told, read and changed while the gateway runs."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

from dog.home.reader import readHome
from tests.api.recorded.differences import FOLDER, exchanges
from tests.api.recorded.gateway import LAMP, InHome

PATH = "/api/v1/dog/configuration"

NEW: dict[str, Any] = {
    "description": "A new lamp",
    "isIn": "attic",
    "param": [{"name": "color", "value": "red"}],
    "controlFunctionality": [
        {
            "commands": [
                {
                    "param": [{"name": "realCommandName", "value": "on"}],
                    "name": "OnCommand_new",
                    "id": "OnCommand_new",
                    "class": "OnCommand",
                }
            ],
            "class": "OnOffFunctionality",
        }
    ],
    "notificationFunctionality": [
        {
            "notifications": [
                {
                    "param": [
                        {"name": "notificationName", "value": "on"},
                        {"name": "registerAddress", "value": "9", "type": "network"},
                    ],
                    "id": "OnNotification_new",
                    "class": "OnNotification",
                }
            ],
            "class": "OnOffNotificationFunctionality",
        }
    ],
    "state": [
        {
            "statevalues": [
                {"name": "off", "class": "OffStateValue"},
                {"name": "on", "class": "OnStateValue"},
            ],
            "class": "OnOffState",
        }
    ],
    "id": "new_lamp",
    "domoticSystem": "Modbus",
    "gateway": "modbus-gw",
    "class": "SimpleLamp",
}


class Reads(InHome):
    def test_network(self) -> None:
        """Everything that the file says of a device, in the documented shape whatever is asked for."""
        for path in (PATH, f"{PATH}?profile=released"):
            devices = {each["id"]: each for each in self.ask("GET", path).json["devices"]}
            self.assertEqual(list(devices), list(self.gateway.home.devices))
            self.assertEqual(
                devices["modbus-gw"]["param"][0], {"name": "IPAddress", "value": "127.0.0.1", "type": "network"}
            )
            lamp = devices["SimpleLamp_mb1"]
            (notification,) = lamp["notificationFunctionality"][0]["notifications"]
            self.assertEqual(len(notification["param"]), 7)
            self.assertEqual(len(lamp["controlFunctionality"][0]["commands"]), 2)

    def test_xml(self) -> None:
        """Is read as the devices of this home."""
        answer = self.ask("GET", PATH, Accept="application/xml")
        self.assertEqual(self.ask("GET", f"{PATH}?profile=released", Accept="application/xml").body, answer.body)
        again = readHome(answer.body, "again").devices
        self.assertEqual(list(again), list(self.gateway.home.devices))
        self.assertEqual(again["modbus-gw"].param("port"), "15020")
        self.assertTrue(ET.fromstring(answer.body).tag.endswith("dogHomeConfiguration"))


class Changes(InHome):
    def put(self, *devices: dict[str, Any]) -> None:
        answer = self.ask("PUT", PATH, {"devices": devices})
        self.assertEqual((answer.status, answer.body), (200, b""))

    def configured(self, id: str) -> dict[str, Any]:
        (found,) = (each for each in self.ask("GET", PATH).json["devices"] if each["id"] == id)
        return dict(found)

    def test_add(self) -> None:
        """It is there at once, served and obeyed, and in the file."""
        self.put(NEW)
        self.assertEqual(self.configured("new_lamp"), NEW)
        self.assertEqual(self.ask("GET", "/api/v1/devices/new_lamp").json["isIn"], "attic")
        self.assertTrue(self.ask("GET", "/api/v1/devices/new_lamp/status").json["active"])
        self.assertEqual(self.ask("PUT", "/api/v1/devices/new_lamp/commands/on").status, 200)
        self.assertEqual([each.device for each in self.driver.sent], ["new_lamp"])
        self.assertIn("new_lamp", readHome(self.file.read_bytes(), "home.xml").devices)

    def test_replace(self) -> None:
        """The device is attached anew; the others keep their values."""
        lamp = self.configured("SimpleLamp_mb1")
        parameters = lamp["notificationFunctionality"][0]["notifications"][0]["param"]
        next(each for each in parameters if each["name"] == "registerAddress")["value"] = "77"
        self.put(lamp)
        self.assertEqual(self.configured("SimpleLamp_mb1"), lamp)
        served = self.driver.links[0].devices["SimpleLamp_mb1"].device
        (declared,) = served.notificationFunctionalities[0].notifications
        self.assertEqual(declared.param("registerAddress"), "77")
        status = self.ask("GET", "/api/v1/devices/Temp_mb1/status").json["status"]
        self.assertEqual(status, {"TemperatureState": [{"value": "21.5 C"}]})

    def test_same(self) -> None:
        """What is read can be put back: nothing changes, not in the file either."""
        before = self.ask("GET", PATH).json
        self.put(*before["devices"])
        self.assertEqual(self.ask("GET", PATH).json, before)
        self.assertEqual(self.file.read_bytes(), (FOLDER / "home.xml").read_bytes())

    def test_asBadAsBefore(self) -> None:
        """A device that has been wrong all along can be put back as it is; made wrong it can't be."""
        text = self.file.read_text("utf-8")
        text = text.replace('class="OnOffSwitch" id="Bare_1"', 'class="Nonsense" id="Bare_1"')
        self.file.write_text(
            text.replace("Bare device</dhc:description>", "Bare</dhc:description><dhc:isIn>x</dhc:isIn>")
        )
        self.successResultOf(self.gateway.homes.reload())
        bare = self.configured("Bare_1")
        self.assertEqual((bare["class"], bare["isIn"]), ("Nonsense", "x"))
        self.put(bare | {"description": "As bad as before"})
        self.assertEqual(self.configured("Bare_1")["description"], "As bad as before")
        for worse in ({"class": "More nonsense"}, {"isIn": "y"}):
            self.refused(self.ask("PUT", PATH, {"devices": [bare | worse]}), 422, "bad_value")

    def test_releasedShape(self) -> None:
        """Devices in the released shape are taken too."""
        released = json.loads(exchanges()["001-devices-json"]["response"]["body"])["devices"]
        bathroom = next(each for each in released if each["id"] == "TempHum_1") | {"id": "again"}
        for functionality in bathroom["controlFunctionality"]:
            for each in functionality["commands"]["command"]:
                each["id"] += "_again"
        for functionality in bathroom["notificationFunctionality"]:
            for each in functionality["notifications"]["notification"]:
                each["id"] += "_again"
        self.put(bathroom)
        self.assertEqual(
            self.ask("GET", "/api/v1/devices/again", Accept="application/json;profile=released").json, bathroom
        )

    def test_minimal(self) -> None:
        self.put({"id": "bare", "class": "SimpleLamp", "description": None})
        self.assertEqual(self.configured("bare")["class"], "SimpleLamp")
        self.assertFalse(self.ask("GET", "/api/v1/devices/bare/status").json["active"])

    def test_allOrNone(self) -> None:
        """One that can't be keeps the others out."""
        for bad, status, code in (
            ({"id": "x", "class": "Flying carpet"}, 422, "bad_value"),
            ({"id": "x", "class": "SimpleLamp", "isIn": "nowhere"}, 422, "bad_value"),
            ({"id": "x", "class": "SimpleLamp", "isIn": "flat"}, 422, "bad_value"),
            ({"id": "new_lamp", "class": "SimpleLamp"}, 409, "duplicate_id"),
            ({"id": "kitchen", "class": "SimpleLamp"}, 409, "duplicate_id"),
            ({"id": "a b", "class": "SimpleLamp"}, 422, "bad_value"),
            ({"id": "x"}, 400, "bad_body"),
            ({"id": "x", "class": "SimpleLamp", "wings": 2}, 400, "bad_body"),
            ({"id": "x", "class": "SimpleLamp", "param": [{"value": "1"}]}, 400, "bad_body"),
        ):
            self.refused(self.ask("PUT", PATH, {"devices": [NEW, bad]}), status, code)
        self.assertNotIn("new_lamp", self.gateway.home.devices)
        self.assertEqual(self.file.read_bytes(), (FOLDER / "home.xml").read_bytes())

    def test_notOneDevice(self) -> None:
        self.refused(self.ask("PUT", PATH, NEW), 400, "bad_body")
        self.refused(self.ask("PUT", PATH), 400, "bad_body")

    def test_networkStaysHidden(self) -> None:
        self.put(NEW)
        self.assertNotIn(b"registerAddress", self.ask("GET", "/api/v1/devices/new_lamp").body)
        self.assertNotIn(b"registerAddress", self.ask("GET", LAMP).body)
