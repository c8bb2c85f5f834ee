"""The resources of the building, through the HTTP door."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.api.call import Profile
from tests.api.recorded.differences import FOLDER
from tests.api.recorded.gateway import LAMP, Gateway, InHome

FLATS = "/api/v1/environment/flats"
EXAMPLES = FOLDER / "examples"
PLAN = b'<svg xmlns="http://www.w3.org/2000/svg"/>'

ROOM: dict[str, Any] = {
    "id": "bathroom",
    "class": "Bathroom",
    "description": "The bathroom",
    "ceiling": {"id": "ceiling_b", "class": "Ceiling"},
    "floor": {"id": "floor_b", "class": "Floor"},
    "walls": [
        {"id": "wall_b", "class": "Wall", "length": "2 m", "hasWallOpening": [{"id": "door_b", "class": "Door"}]},
        {"class": "Wall", "ref": "wall_b"},
    ],
}


class Reads(InHome):
    def test_environment(self) -> None:
        building = self.ask("GET", "/api/v1/environment").json["building"][0]
        self.assertEqual([each["id"] for each in building["flats"]], ["flat", "flat2", "empty_flat"])
        self.assertEqual(building["storey"][0]["levelFromGround"], 1)

    def test_xml(self) -> None:
        answer = self.ask("GET", "/api/v1/environment", Accept="application/xml")
        names = {each.tag.partition("}")[2] for each in ET.fromstring(answer.body).iter()}
        self.assertTrue({"building", "storey", "flat", "room", "garden", "garage", "wall"} <= names)

    def test_flats(self) -> None:
        """Those of storeys too, last; the released profile leaves them out."""
        found = [each["id"] for each in self.ask("GET", FLATS).json["flats"]]
        self.assertEqual(found, ["flat", "flat2", "empty_flat", "flat_upstairs"])
        found = [each["id"] for each in self.ask("GET", f"{FLATS}?profile=released").json["flats"]]
        self.assertEqual(found, ["flat", "flat2", "empty_flat"])

    def test_one(self) -> None:
        flat = self.ask("GET", f"{FLATS}/flat").json
        self.assertEqual((flat["description"], flat["svgfootprint"]), ("Main flat", "flat.svg"))
        self.assertEqual(self.ask("GET", f"{FLATS}/flat/rooms").json, {"rooms": flat["rooms"]})
        self.assertEqual(self.ask("GET", f"{FLATS}/flat/rooms/kitchen").json, flat["rooms"][0])
        self.assertEqual(self.ask("GET", f"{FLATS}/empty_flat/rooms").json, {"rooms": []})
        self.assertEqual(self.ask("GET", f"{FLATS}/flat_upstairs/rooms/attic").json["class"], "StorageRoom")

    def test_unknown(self) -> None:
        for path in ("nope", "nope/rooms", "nope/rooms/kitchen", "flat/rooms/nope", "flat2/rooms/kitchen", "Flat"):
            self.refused(self.ask("GET", f"{FLATS}/{path}"), 404, "not_found")

    def test_noXML(self) -> None:
        for path in (FLATS, f"{FLATS}/flat", f"{FLATS}/flat/rooms", f"{FLATS}/flat/rooms/kitchen"):
            self.assertEqual(self.ask("GET", path, Accept="application/xml").status, 406)

    def test_plan(self) -> None:
        """A drawing; 404 where there is none, 406 for who wants none, over WebSocket too."""
        path = "/api/v1/environment/plan"
        self.refused(self.ask("GET", path), 404, "not_found")
        self.gateway.plan = PLAN
        answer = self.ask("GET", path)
        self.assertEqual((answer.status, answer.media, answer.body), (200, "image/svg+xml", PLAN))
        self.refused(self.ask("GET", path, Accept="application/json"), 406, "not_acceptable")
        self.assertEqual(self.tell("GET", path).status, 406)


class Rooms(InHome):
    path = f"{FLATS}/flat/rooms"

    def test_add(self) -> None:
        """201 with its place; read again, it is what was sent."""
        answer = self.ask("POST", self.path, ROOM)
        self.assertEqual((answer.status, answer.body), (201, b""))
        self.assertEqual(answer.headers["location"], f"{self.path}/bathroom")
        self.assertEqual(self.ask("GET", answer.headers["location"]).json, ROOM)
        rooms = [each["id"] for each in self.ask("GET", self.path).json["rooms"]]
        self.assertEqual(rooms, ["kitchen", "livingroom", "lobby", "bathroom"])
        self.assertEqual(self.ask("PUT", f"{LAMP}/location", {"isIn": "bathroom"}).status, 200)

    def test_addMinimal(self) -> None:
        """An id is enough, and nothing is made up; null is nothing."""
        for id, body in (("a", {"id": "a"}), ("b", {"id": "b", "class": None, "walls": None, "ceiling": None})):
            self.assertEqual(self.ask("POST", f"{FLATS}/empty_flat/rooms", body).status, 201)
            self.assertEqual(self.ask("GET", f"{FLATS}/empty_flat/rooms/{id}").json, {"id": id})

    def test_addToFlatInStorey(self) -> None:
        self.assertEqual(self.ask("POST", f"{FLATS}/flat_upstairs/rooms", {"id": "study"}).status, 201)
        self.assertEqual(self.ask("GET", f"{FLATS}/flat_upstairs/rooms/study").status, 200)

    def test_location(self) -> None:
        """The place is a URL: what is no ASCII is escaped, and the escaped path finds the room."""
        answer = self.ask("POST", self.path, {"id": "K\u00fcche"})
        self.assertEqual(answer.headers["location"], f"{self.path}/K%C3%BCche")
        self.assertEqual(self.ask("GET", answer.headers["location"]).json, {"id": "K\u00fcche"})

    def test_addRefused(self) -> None:
        """And nothing is written."""
        for flat, body, status, code in (
            ("flat", {"id": "kitchen"}, 409, "duplicate_id"),
            ("flat", {"id": "guestroom"}, 409, "duplicate_id"),
            ("flat", {"id": "corridor"}, 409, "duplicate_id"),
            ("flat", {"id": "r", "walls": [{"id": "w"}, {"id": "w"}]}, 409, "duplicate_id"),
            ("flat", {"id": "with blank"}, 422, "bad_value"),
            ("flat", {"id": "r", "description": "\u0001"}, 422, "bad_value"),
            ("nope", {"id": "r"}, 404, "not_found"),
            ("flat", {"id": ""}, 400, "bad_body"),
            ("flat", {"id": 5}, 400, "bad_body"),
            ("flat", {"class": "Kitchen"}, 400, "bad_body"),
            ("flat", {"id": "r", "foo": 1}, 400, "bad_body"),
            ("flat", {"id": "r", "walls": {"id": "w"}}, 400, "bad_body"),
            ("flat", {"id": "r", "walls": [{"id": "w", "color": "red"}]}, 400, "bad_body"),
            ("flat", None, 400, "bad_body"),
            ("flat", "null", 400, "bad_body"),
            ("flat", '{"id":', 400, "bad_json"),
        ):
            self.refused(self.ask("POST", f"{FLATS}/{flat}/rooms", body), status, code)
        error = self.ask("POST", self.path, {"id": "r", "walls": [{}, {"length": 4}]}).json["error"]
        self.assertEqual(error["path"], "/walls/1/length")
        self.assertEqual(self.file.read_bytes(), (FOLDER / "home.xml").read_bytes())

    def test_replace(self) -> None:
        """What is not given is taken away; its devices stay in it."""
        answer = self.ask("PUT", f"{self.path}/kitchen", {"id": "kitchen", "class": "Kitchen", "description": "New"})
        self.assertEqual((answer.status, answer.body), (200, b""))
        room = self.ask("GET", f"{self.path}/kitchen").json
        self.assertEqual(room, {"id": "kitchen", "class": "Kitchen", "description": "New"})
        self.assertEqual(self.ask("GET", LAMP).json["isIn"], "kitchen")

    def test_replaceRefused(self) -> None:
        for room, body, status, code in (
            ("kitchen", {"id": "other"}, 400, "bad_body"),
            ("nope", {"id": "nope"}, 404, "not_found"),
            ("guestroom", {"id": "guestroom"}, 404, "not_found"),
            ("kitchen", {"class": "Kitchen"}, 400, "bad_body"),
        ):
            self.refused(self.ask("PUT", f"{self.path}/{room}", body), status, code)

    def test_remove(self) -> None:
        self.ask("POST", self.path, ROOM)
        answer = self.ask("DELETE", f"{self.path}/bathroom")
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.refused(self.ask("DELETE", f"{self.path}/bathroom"), 404, "not_found")

    def test_removeInUse(self) -> None:
        """409 with who is in it; by force, they are nowhere."""
        error = self.refused(self.ask("DELETE", f"{self.path}/kitchen"), 409, "in_use")
        self.assertEqual(error["devices"], list(self.gateway.home.devicesIn("kitchen")))
        self.refused(self.ask("DELETE", f"{self.path}/kitchen?force=false"), 409, "in_use")
        self.assertEqual(self.ask("GET", f"{self.path}/kitchen").status, 200)
        self.assertEqual(self.ask("DELETE", f"{self.path}/kitchen?force=true").status, 204)
        self.refused(self.ask("GET", f"{self.path}/kitchen"), 404, "not_found")
        self.assertNotIn("isIn", self.ask("GET", LAMP).json)

    def test_methods(self) -> None:
        """What can't be done to a collection, or to one."""
        for path in (FLATS, self.path):
            self.assertEqual(self.ask("DELETE", path).headers["allow"], "GET, HEAD, OPTIONS, POST")
        answer = self.ask("POST", f"{self.path}/kitchen", ROOM)
        self.assertEqual((answer.status, answer.headers["allow"]), (405, "DELETE, GET, HEAD, OPTIONS, PUT"))


class Flats(InHome):
    flat: dict[str, Any] = {
        "id": "loft",
        "class": "Flat",
        "description": "The loft",
        "svgfootprint": "loft.svg",
        "rooms": [ROOM, {"id": "study"}],
    }

    def test_add(self) -> None:
        answer = self.ask("POST", FLATS, self.flat)
        self.assertEqual((answer.status, answer.headers["location"]), (201, f"{FLATS}/loft"))
        self.assertEqual(self.ask("GET", f"{FLATS}/loft").json, self.flat)

    def test_addMinimal(self) -> None:
        self.assertEqual(self.ask("POST", FLATS, {"id": "loft", "rooms": []}).status, 201)
        self.assertEqual(self.ask("GET", f"{FLATS}/loft").json, {"id": "loft"})

    def test_addRefused(self) -> None:
        for body, status, code in (
            ({"id": "flat"}, 409, "duplicate_id"),
            ({"id": "flat_upstairs"}, 409, "duplicate_id"),
            ({"id": "loft", "rooms": [{"id": "kitchen"}]}, 409, "duplicate_id"),
            ({"id": "loft", "rooms": [{"id": "a"}, {"id": "a"}]}, 409, "duplicate_id"),
            ({"id": "loft", "rooms": [{"class": "Kitchen"}]}, 400, "bad_body"),
            ({"class": "Flat"}, 400, "bad_body"),
            ({"id": "loft", "svgfootprint": "%"}, 422, "bad_value"),
        ):
            self.refused(self.ask("POST", FLATS, body), status, code)
        self.assertEqual(self.file.read_bytes(), (FOLDER / "home.xml").read_bytes())

    def test_replaceKeepsRooms(self) -> None:
        """Without rooms, or with null for them, they stay as they are; all else is as it is given."""
        rooms = self.ask("GET", f"{FLATS}/flat/rooms").json["rooms"]
        for body in ({"id": "flat", "description": "Mine"}, {"id": "flat", "description": "Mine", "rooms": None}):
            self.assertEqual(self.ask("PUT", f"{FLATS}/flat", body).status, 200)
            self.assertEqual(
                self.ask("GET", f"{FLATS}/flat").json, {"id": "flat", "description": "Mine", "rooms": rooms}
            )

    def test_replaceRooms(self) -> None:
        """Rooms that are given replace them; one that is left out must be empty, unless by force."""
        body = {"id": "flat2", "class": "Flat", "rooms": [{"id": "study"}]}
        error = self.refused(self.ask("PUT", f"{FLATS}/flat2", body), 409, "in_use")
        self.assertIn("TempHum_1", error["devices"])
        kept = body | {"rooms": [{"id": "study"}, {"id": "guestroom"}]}
        self.assertEqual(self.ask("PUT", f"{FLATS}/flat2", kept).status, 200)
        self.assertEqual(self.ask("GET", f"{FLATS}/flat2").json, kept)
        self.assertEqual(self.ask("PUT", f"{FLATS}/flat2?force=true", body).status, 200)
        self.assertEqual(self.ask("GET", f"{FLATS}/flat2").json, body)
        self.assertNotIn("isIn", self.ask("GET", "/api/v1/devices/TempHum_1").json)

    def test_replaceRefused(self) -> None:
        for flat, body, status, code in (
            ("flat2", {"id": "other"}, 400, "bad_body"),
            ("nope", {"id": "nope"}, 404, "not_found"),
            ("flat2", {"id": "flat2", "rooms": [{"id": "guestroom"}, {"id": "kitchen"}]}, 409, "duplicate_id"),
            ("flat2", {"description": "x"}, 400, "bad_body"),
        ):
            self.refused(self.ask("PUT", f"{FLATS}/{flat}", body), status, code)

    def test_remove(self) -> None:
        """An empty one, one in a storey, one in use."""
        for flat in ("empty_flat", "flat_upstairs"):
            self.assertEqual(self.ask("DELETE", f"{FLATS}/{flat}").status, 204)
            self.refused(self.ask("GET", f"{FLATS}/{flat}"), 404, "not_found")
        self.refused(self.ask("DELETE", f"{FLATS}/flat2"), 409, "in_use")
        self.assertEqual(self.ask("DELETE", f"{FLATS}/flat2?force=true").status, 204)
        self.assertNotIn("isIn", self.ask("GET", "/api/v1/devices/TempHum_1").json)
        self.refused(self.ask("DELETE", f"{FLATS}/flat2"), 404, "not_found")

    def test_badForce(self) -> None:
        self.refused(self.ask("DELETE", f"{FLATS}/flat2?force=perhaps"), 422, "bad_value")

    def test_ifMatch(self) -> None:
        tag = self.ask("GET", f"{FLATS}/flat2").headers["etag"]
        body = {"id": "flat2", "description": "a"}
        self.assertEqual(self.ask("PUT", f"{FLATS}/flat2", body, If_Match=tag).status, 200)
        self.refused(self.ask("PUT", f"{FLATS}/flat2", body, If_Match=tag), 412, "precondition_failed")


class Published(SynchronousTestCase):
    """The published requests, on the published home."""

    def setUp(self) -> None:
        text = (EXAMPLES / "get-environment.xml").read_text("utf-8")
        root = "<dhc:dogHomeConfiguration"
        file = Path(self.mktemp())
        file.write_text(text.replace(root, f'{root} xmlns:dhc="http://elite.polito.it/dogHomeConfiguration"'), "utf-8")
        self.gateway = Gateway(file).start()
        self.addCleanup(self.gateway.stop)

    def send(self, method: str, path: str, name: str) -> tuple[int, Any]:
        text = (EXAMPLES / name).read_text("utf-8")
        answer = self.gateway.ask(method, path, text, {"Content-Type": "application/json"})
        return answer.status, answer.json["error"] if answer.status >= 400 else json.loads(text)

    def test_flat(self) -> None:
        status, flat = self.send("PUT", f"{FLATS}/flat", "put-environment-single-flat.json")
        self.assertEqual(status, 200)
        self.assertEqual(self.gateway.ask("GET", f"{FLATS}/flat").json, flat)

    def test_room(self) -> None:
        status, room = self.send("PUT", f"{FLATS}/flat/rooms/kitchen", "put-environment-single-room.json")
        self.assertEqual(status, 200)
        self.assertEqual(self.gateway.ask("GET", f"{FLATS}/flat/rooms/kitchen").json, room)

    def test_addRoom(self) -> None:
        status, room = self.send("POST", f"{FLATS}/flat/rooms", "post-environment-rooms.json")
        self.assertEqual(status, 201)
        self.assertEqual(self.gateway.ask("GET", f"{FLATS}/flat/rooms/bedroom").json, room)

    def test_addFlat(self) -> None:
        """Its kitchen is one too many here; in a house without one, it is taken."""
        status, error = self.send("POST", FLATS, "post-environment-flat.json")
        self.assertEqual((status, error["id"]), (409, "kitchen"))
        self.assertEqual(self.gateway.ask("DELETE", f"{FLATS}/flat/rooms/kitchen").status, 204)
        status, flat = self.send("POST", FLATS, "post-environment-flat.json")
        self.assertEqual(status, 201)
        self.assertEqual(self.gateway.ask("GET", f"{FLATS}/loft").json, flat)

    def test_notJSON(self) -> None:
        """Two of the published bodies have a comma too many; they are told where."""
        home = Path(self.mktemp())
        home.write_bytes((FOLDER / "home.xml").read_bytes())
        self.gateway = Gateway(home).start()
        self.addCleanup(self.gateway.stop)
        for path, name in (
            ("location", "put-location-single-device.json"),
            ("description", "put-description-single-device.json"),
        ):
            status, error = self.send("PUT", f"{LAMP}/{path}", name)
            self.assertEqual((status, error["code"]), (400, "bad_json"))
            # Newer Pythons point at the comma, older ones at what comes after it.
            self.assertIn(error["line"], (2, 3))
            self.assertIn(f"at line {error['line']}, column {error['column']}", error["message"])

    def test_profile(self) -> None:
        """A gateway that is configured to speak the released profile does so unasked."""
        home = Path(self.mktemp())
        home.write_bytes((FOLDER / "home.xml").read_bytes())
        gateway = Gateway(home, profile=Profile.RELEASED).start()
        self.addCleanup(gateway.stop)
        answer = gateway.ask("GET", "/api/v1/environment", None, {"Accept": "application/xml"})
        self.assertTrue(answer.body.startswith(b"<DogHomeConfiguration>"))
        answer = gateway.ask("GET", "/api/v1/environment?profile=documented", None, {"Accept": "application/xml"})
        self.assertTrue(answer.body.startswith(b"<?xml"))
