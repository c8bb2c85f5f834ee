"""The resources of devices, through the HTTP door, in the documented profile."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from twisted.internet.defer import Deferred

from dog.api.call import Request
from dog.api.views.status import StatusView
from dog.core.core import Attached
from dog.interfaces import LinkFailed
from dog.model.rights import ANONYMOUS, Principal, Role
from dog.model.values import Reading, Slot
from tests.api.recorded.differences import FOLDER
from tests.api.recorded.gateway import LAMP, Gateway, InHome

DHC = "{http://elite.polito.it/dogHomeConfiguration}"


class Reads(InHome):
    def test_devices(self) -> None:
        """All of them, in the order of the file, in the documented shape."""
        answer = self.ask("GET", "/api/v1/devices")
        self.assertEqual((answer.status, answer.media), (200, "application/json"))
        devices = answer.json["devices"]
        self.assertEqual([each["id"] for each in devices], list(self.gateway.home.devices))
        self.assertEqual(
            [each["class"] for each in devices[2]["controlFunctionality"][0]["commands"]],
            ["OffCommand", "OnCommand"],
        )
        self.assertNotIn("active", devices[2])

    def test_released(self) -> None:
        """The released shape, by header or query."""
        for answer in (
            self.ask("GET", LAMP, Accept="application/json;profile=released"),
            self.ask("GET", f"{LAMP}?profile=released"),
        ):
            commands = answer.json["controlFunctionality"][0]["commands"]
            self.assertEqual(commands["command"][0]["name"], "OffCommand_SimpleLamp_mb1")

    def test_xml(self) -> None:
        for path, count in (("/api/v1/devices", 22), (LAMP, 1)):
            answer = self.ask("GET", path, Accept="application/xml")
            self.assertEqual(answer.media, "application/xml")
            root = ET.fromstring(answer.body)
            self.assertEqual(len(root.findall(f"{DHC}controllables/{DHC}device")), count)

    def test_noNetworkParams(self) -> None:
        """Nobody learns here how the bus is wired."""
        for accept in ("application/json", "application/xml"):
            self.assertNotIn(b"registerAddress", self.ask("GET", "/api/v1/devices", Accept=accept).body)

    def test_full(self) -> None:
        """Every device says with C{?detail=full} whether it is served, and why not."""
        lamp = self.ask("GET", f"{LAMP}?detail=full").json
        self.assertEqual((lamp["active"], lamp["online"]), (True, True))
        other = self.ask("GET", "/api/v1/devices/Lamp_Holder?detail=full").json
        self.assertEqual(
            (other["active"], other["code"], other["reason"]), (False, "no_driver", "no driver for ZWave")
        )

    def test_unknown(self) -> None:
        for path in ("/api/v1/devices/nope", "/api/v1/devices/nope/status", "/api/v1/devices/simplelamp_MB1"):
            self.refused(self.ask("GET", path), 404, "not_found")

    def test_invisible(self) -> None:
        """A device that one may not see is not there; nor is it in any list."""
        house = self.gateway.core.visibility.house(ANONYMOUS)
        seen = type(house)(house.home, house.principal, house.visible - {"SimpleLamp_mb1"})
        self.patch(self.gateway.core.visibility, "house", lambda principal: seen)
        for path in (LAMP, f"{LAMP}/status"):
            self.refused(self.ask("GET", path), 404, "not_found")
        for path, body in (
            ("location", {"isIn": "lobby"}),
            ("description", {"description": "x"}),
            ("commands/on", {}),
        ):
            self.refused(self.ask("PUT", f"{LAMP}/{path}", body), 404, "not_found")
        for path in ("/api/v1/devices", "/api/v1/devices/status", "/api/v1/dog/configuration"):
            self.assertNotIn(b'"SimpleLamp_mb1"', self.ask("GET", path).body)

    def test_noRights(self) -> None:
        """A viewer sees, and changes nothing."""
        viewer = Principal("guest", Role.VIEWER)
        house = self.gateway.core.visibility.house(viewer)
        self.patch(self.gateway.core.visibility, "house", lambda principal: house)
        self.assertEqual(self.ask("GET", LAMP).status, 200)
        flats = "/api/v1/environment/flats"
        for method, path, body in (
            ("PUT", f"{LAMP}/location", {"isIn": "lobby"}),
            ("PUT", f"{LAMP}/description", {"description": "x"}),
            ("PUT", f"{LAMP}/commands/on", {}),
            ("POST", f"{LAMP}/commands/on", {}),
            ("POST", flats, {"id": "loft"}),
            ("PUT", f"{flats}/flat", {"id": "flat"}),
            ("DELETE", f"{flats}/empty_flat", None),
            ("POST", f"{flats}/flat/rooms", {"id": "study"}),
            ("PUT", f"{flats}/flat/rooms/kitchen", {"id": "kitchen"}),
            ("DELETE", f"{flats}/flat_upstairs/rooms/attic", None),
            ("PUT", "/api/v1/dog/configuration", {"devices": []}),
        ):
            self.refused(self.ask(method, path, body), 403, "forbidden")
        self.refused(self.ask("GET", "/api/v1/dog/configuration"), 403, "forbidden")
        self.assertEqual(self.driver.sent, [])
        self.assertEqual(self.file.read_bytes(), (FOLDER / "home.xml").read_bytes())

    def test_user(self) -> None:
        """A user commands devices, and changes nothing of the house."""
        house = self.gateway.core.visibility.house(Principal("child", Role.USER))
        self.patch(self.gateway.core.visibility, "house", lambda principal: house)
        self.assertEqual(self.ask("PUT", f"{LAMP}/commands/on").status, 200)
        self.refused(self.ask("PUT", f"{LAMP}/location", {"isIn": "lobby"}), 403, "forbidden")


class Statuses(InHome):
    def test_one(self) -> None:
        self.assertEqual(
            self.ask("GET", f"{LAMP}/status").json,
            {"id": "SimpleLamp_mb1", "active": True, "status": {"OnOffState": [{"value": "off"}]}},
        )

    def test_all(self) -> None:
        found = self.ask("GET", "/api/v1/devices/status").json["devicesStatus"]
        self.assertEqual([each["id"] for each in found], list(self.gateway.home.devices))
        self.assertEqual({each["id"] for each in found if "status" in each}, {"SimpleLamp_mb1", "Temp_mb1"})

    def test_renderedOnce(self) -> None:
        """Asked again, through either door, a status that has not changed is not put together again."""
        made: list[object] = []
        of = StatusView.of

        def counted(*arguments: Any, **more: Any) -> StatusView:
            made.append(arguments)
            return of(*arguments, **more)

        self.patch(StatusView, "of", staticmethod(counted))
        for _ in range(5):
            self.assertEqual(self.ask("GET", f"{LAMP}/status").json["status"]["OnOffState"], [{"value": "off"}])
            self.assertEqual(self.tell("GET", f"{LAMP}/status").json["status"]["OnOffState"], [{"value": "off"}])
        self.assertEqual(len(made), 2)
        self.driver.report("SimpleLamp_mb1", Reading(Slot("SimpleLamp_mb1", "OnOffState"), "on"))
        for _ in range(5):
            self.assertEqual(self.tell("GET", f"{LAMP}/status").json["status"]["OnOffState"], [{"value": "on"}])
        self.assertEqual(len(made), 3)

    def test_webSocket(self) -> None:
        """Over WebSocket a status comes with its description; with C{?detail=full} everywhere."""
        for described in (
            self.tell("GET", f"{LAMP}/status").json,
            self.tell("GET", "/api/v1/devices/status").json["devicesStatus"][2],
            self.ask("GET", f"{LAMP}/status?detail=full").json,
        ):
            self.assertEqual(described["description"], "A SimpleLamp on coil 0")
        self.assertNotIn("description", self.ask("GET", f"{LAMP}/status").json)

    def test_stale(self) -> None:
        """What a value is worth is told as it is now: after its time, and after the link was lost."""
        path = "/api/v1/devices/Temp_mb1/status?detail=full"
        (value,) = self.ask("GET", path).json["status"]["TemperatureState"]
        self.assertEqual(
            value,
            {
                "value": "21.5 C",
                "online": True,
                "quality": "good",
                "changedAt": "2024-05-01T12:00:00.000Z",
                "heardAt": "2024-05-01T12:00:00.000Z",
                "expiresAt": "2024-05-01T12:00:30.000Z",
            },
        )
        self.gateway.clock.advance(31)
        (value,) = self.ask("GET", path).json["status"]["TemperatureState"]
        self.assertEqual((value["quality"], value["online"]), ("stale", True))
        self.driver.lose(LinkFailed("closed", "cable out"))
        found = self.ask("GET", path).json
        self.assertEqual((found["active"], found["online"], found["reason"]), (True, False, "cable out"))
        self.assertFalse(found["status"]["TemperatureState"][0]["online"])

    def test_kept(self) -> None:
        """A status that is asked for again is the present one, whatever has changed meanwhile."""
        path = f"{LAMP}/status"

        def both() -> tuple[Any, Any]:
            first = self.ask("GET", path).json, self.tell("GET", path).json
            self.assertEqual((self.ask("GET", path).json, self.tell("GET", path).json), first)
            return first

        both()
        self.driver.report("SimpleLamp_mb1", Reading(Slot("SimpleLamp_mb1", "OnOffState"), "on"))
        for each in both():
            self.assertEqual(each["status"], {"OnOffState": [{"value": "on"}]})
        self.assertEqual(self.ask("PUT", f"{LAMP}/description", {"description": "new"}).status, 200)
        http, ws = both()
        self.assertEqual((ws["description"], "description" in http), ("new", False))
        self.assertEqual(self.ask("GET", path, Accept="application/json;profile=released").media, "application/json")
        self.assertIn("quality", self.ask("GET", f"{path}?detail=full").json["status"]["OnOffState"][0])
        self.gateway.stepper.step(Attached("SimpleLamp_mb1", False, "misconfigured", "no such coil"))
        for each in both():
            self.assertFalse(each["active"])

    def test_etag(self) -> None:
        """A status that has not changed need not be sent again."""
        first = self.ask("GET", f"{LAMP}/status")
        self.assertEqual(self.ask("GET", f"{LAMP}/status", If_None_Match=first.headers["etag"]).status, 304)
        self.driver.report("SimpleLamp_mb1", Reading(Slot("SimpleLamp_mb1", "OnOffState"), "on"))
        self.assertEqual(self.ask("GET", f"{LAMP}/status", If_None_Match=first.headers["etag"]).status, 200)


class Edits(InHome):
    def test_location(self) -> None:
        """It is moved: in the file, in what is told, and without losing driver or values."""
        answer = self.ask("PUT", f"{LAMP}/location", {"isIn": "lobby"})
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(self.ask("GET", LAMP).json["isIn"], "lobby")
        self.assertEqual(self.ask("GET", f"{LAMP}/status").json["status"], {"OnOffState": [{"value": "off"}]})
        before = (FOLDER / "home.xml").read_text("utf-8").splitlines()
        after = self.file.read_text("utf-8").splitlines()
        changed = [(old.strip(), new.strip()) for old, new in zip(before, after, strict=True) if old != new]
        self.assertEqual(changed, [("<dhc:isIn>kitchen</dhc:isIn>", "<dhc:isIn>lobby</dhc:isIn>")])

    def test_places(self) -> None:
        """A device is in a room, a flat's or a storey's, in a garden or in a garage; in nothing larger."""
        for place in ("corridor", "attic", "garden", "garage"):
            self.assertEqual(self.ask("PUT", f"{LAMP}/location", {"isIn": place}).status, 200, place)
            self.assertEqual(self.ask("GET", LAMP).json["isIn"], place)

    def test_littleIsRepeated(self) -> None:
        """Of what a client sends, an error repeats as much as can be recognised."""
        long = "x" * 3000
        flats = "/api/v1/environment/flats"
        for method, path, body in (
            ("PUT", f"{LAMP}/location", {"isIn": long}),
            ("PUT", f"{LAMP}/location", {"isIn": "lobby", long: 1}),
            ("PUT", f"{LAMP}/commands/{long}", None),
            ("PUT", f"{LAMP}/commands/on", {long: 1}),
            ("GET", f"/api/v1/devices/{long}", None),
            ("GET", f"/api/v1/commands/{long}", None),
            ("GET", f"/api/v1/events?limit={long}", None),
            ("GET", f"{LAMP}?profile={long}", None),
            ("GET", f"{flats}/{long}", None),
            ("GET", f"{flats}/flat/rooms/{long}", None),
            ("POST", flats, {"id": "1" + long}),
            ("GET", f"/{long}", None),
        ):
            answer = self.ask(method, path, body)
            self.assertTrue(400 <= answer.status < 500, (method, path[:60]))
            self.assertIn("xxxxxxxxxx", answer.body.decode(), path[:60])
            self.assertNotIn("x" * 81, answer.body.decode(), path[:60])

    def test_noPlaces(self) -> None:
        for place in ("flat2", "first_floor", "Casa"):
            error = self.refused(self.ask("PUT", f"{LAMP}/location", {"isIn": place}), 422, "bad_value")
            self.assertEqual(
                error["message"], f"isIn: expected the id of a room, a garden or a garage, and '{place}' is none"
            )
        self.assertEqual(self.ask("GET", LAMP).json["isIn"], "kitchen")

    def test_description(self) -> None:
        """As it is shown: trimmed, on one line."""
        answer = self.ask("PUT", f"{LAMP}/description", {"description": ' Caff\u00e8 \u2615\n\t<&> "x" '})
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(self.ask("GET", LAMP).json["description"], 'Caff\u00e8 \u2615 <&> "x"')

    def test_onlyTheirOwn(self) -> None:
        """Any key of a device is accepted; the other's is not taken."""
        whole = self.ask("GET", LAMP).json | {"isIn": "lobby", "description": "both"}
        self.assertEqual(self.ask("PUT", f"{LAMP}/location", whole).status, 200)
        lamp = self.ask("GET", LAMP).json
        self.assertEqual((lamp["isIn"], lamp["description"]), ("lobby", "A SimpleLamp on coil 0"))
        self.assertEqual(self.ask("PUT", f"{LAMP}/description", whole | {"isIn": "kitchen"}).status, 200)
        lamp = self.ask("GET", LAMP).json
        self.assertEqual((lamp["isIn"], lamp["description"]), ("lobby", "both"))

    def test_refused(self) -> None:
        """And nothing is written."""
        for path, body, status, code in (
            ("location", {"isIn": "no_such_room"}, 422, "bad_value"),
            ("location", {"isIn": ""}, 422, "bad_value"),
            ("location", {"isIn": None}, 400, "bad_body"),
            ("location", {"isIn": 5}, 400, "bad_body"),
            ("location", {"isIn": "lobby", "room": "lobby"}, 400, "bad_body"),
            ("location", {}, 400, "bad_body"),
            ("location", ["lobby"], 400, "bad_body"),
            ("location", None, 400, "bad_body"),
            ("location", '{"isIn": "lobby",}', 400, "bad_json"),
            ("description", {"description": "\u0000"}, 422, "bad_value"),
            ("description", {"isIn": "lobby"}, 400, "bad_body"),
        ):
            self.refused(self.ask("PUT", f"{LAMP}/{path}", body), status, code)
        self.refused(
            self.ask("PUT", f"{LAMP}/location", "<isIn/>", Content_Type="application/xml"),
            415,
            "unsupported_media_type",
        )
        self.refused(self.ask("PUT", "/api/v1/devices/nope/location", {"isIn": "lobby"}), 404, "not_found")
        self.assertEqual(self.file.read_bytes(), (FOLDER / "home.xml").read_bytes())

    def test_unknownKeyHelps(self) -> None:
        error = self.refused(self.ask("PUT", f"{LAMP}/location", {"isin": "lobby"}), 400, "bad_body")
        self.assertIn("'isin'", error["message"])
        self.assertIn("'isIn'", error["expected"])

    def test_ifMatch(self) -> None:
        """An edit of what has changed since is refused."""
        tag = self.ask("GET", LAMP).headers["etag"]
        self.assertEqual(self.ask("PUT", f"{LAMP}/location", {"isIn": "lobby"}, If_Match=tag).status, 200)
        self.refused(
            self.ask("PUT", f"{LAMP}/location", {"isIn": "kitchen"}, If_Match=tag), 412, "precondition_failed"
        )
        self.assertEqual(self.ask("GET", LAMP).json["isIn"], "lobby")

    def test_goneMeanwhile(self) -> None:
        """A device that the file has no more when the edit's turn comes is 404."""
        text = self.file.read_text("utf-8").replace('id="Bare_1"', 'id="Bare_2"')
        self.file.write_text(text, "utf-8")
        self.refused(self.ask("PUT", "/api/v1/devices/Bare_1/location", {"isIn": "lobby"}), 404, "not_found")
        self.assertEqual(self.file.read_text("utf-8"), text)

    def test_inTurn(self) -> None:
        """Edits at the same time are all made, one after the other."""
        waiting: list[tuple[Deferred[Any], Any]] = []

        def later(work: Any) -> Deferred[Any]:
            done: Deferred[Any] = Deferred()
            waiting.append((done, work))
            return done

        self.patch(self.gateway.homes, "_elsewhere", later)
        requests = [
            Request(
                "PUT", ("api", "v1", "devices", "SimpleLamp_mb1", "location"), ANONYMOUS, body=b'{"isIn":"lobby"}'
            ),
            Request("PUT", ("api", "v1", "devices", "Outlet_mb1", "location"), ANONYMOUS, body=b'{"isIn":"attic"}'),
        ]
        replies = [self.gateway.api.answer(each) for each in requests]
        for reply in replies:
            self.assertEqual(len(waiting), 1)
            self.assertNoResult(reply)
            done, work = waiting.pop()
            done.callback(work())
            self.assertEqual(self.successResultOf(reply).status, 200)
        self.assertEqual(self.gateway.home.devices["SimpleLamp_mb1"].isIn, "lobby")
        self.assertEqual(self.gateway.home.devices["Outlet_mb1"].isIn, "attic")

    def test_noFile(self) -> None:
        """A house without a file can't be changed, and says so."""
        gateway = Gateway().start()
        self.addCleanup(gateway.stop)
        answer = gateway.ask("POST", "/api/v1/environment/flats", {"id": "f"})
        self.refused(answer, 507, "storage")
