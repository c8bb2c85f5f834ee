"""The discovery inbox through the doors: from the offer to the device, and who is told."""

from __future__ import annotations

from typing import Any

from dog.api import http
from dog.api.identity import Identity
from dog.api.resources import ROUTES
from dog.model.rights import Principal, Right, Role
from tests.api.recorded.gateway import Asked, InHome

INBOX = "/api/v1/discovery"
USER, ADMIN = Principal("u", Role.USER), Principal("a", Role.ADMIN)


class DiscoveryTests(InHome):
    def setUp(self) -> None:
        super().setUp()
        self.driver.finds("teachIn")
        self.driver.find(key="00:17", cls="Button", id="Button_17", params={"address": "17"}, signal=-70)

    def listed(self, query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", INBOX + query).json["candidates"]
        return found

    def test_adopt(self) -> None:
        """Where it is then is in Location; it is served, and no candidate any more."""
        (found,) = self.listed()
        self.assertEqual((found["id"], found["deviceId"], found["class"]), ("modbus-00:17", "Button_17", "Button"))
        self.assertEqual(found["params"], {"address": "17"})
        one = self.ask("GET", f"{INBOX}/modbus-00%3A17").json
        self.assertEqual(one, found)
        answer = self.ask("POST", f"{INBOX}/modbus-00%3A17/adopt", {"id": "door_bell", "isIn": "lobby"})
        self.assertEqual((answer.status, answer.body), (201, b""))
        device = self.ask("GET", f"{answer.headers['location']}?detail=full").json
        self.assertEqual((device["id"], device["isIn"], device["active"]), ("door_bell", "lobby", True))
        self.assertIn('id="door_bell" domoticSystem="Modbus" gateway="modbus-gw"', self.file.read_text())
        self.assertEqual(self.listed(), [])
        self.refused(self.ask("POST", f"{INBOX}/modbus-00%3A17/adopt"), 404, "not_found")

    def test_notServed(self) -> None:
        """A device that its driver can't serve is there all the same; why it is not served is a warning."""
        self.driver.unsupported["Button_17"] = "has no buttons"
        reply = self.tell("POST", f"{INBOX}/modbus-00:17/adopt")
        self.assertEqual((reply.status, len(reply.warnings)), (201, 1))
        self.assertIn("has no buttons", reply.warnings[0])

    def test_ignore(self) -> None:
        self.assertEqual(self.ask("POST", f"{INBOX}/modbus-00:17/ignore").status, 200)
        self.assertEqual(self.listed(), [])
        self.assertEqual([each["ignored"] for each in self.listed("?ignored=true")], [True])
        self.assertEqual(self.ask("POST", f"{INBOX}/modbus-00:17/offer").status, 200)
        self.assertEqual([each["ignored"] for each in self.listed()], [False])
        self.assertEqual(self.ask("DELETE", f"{INBOX}/modbus-00:17").status, 204)
        self.assertEqual(self.listed("?ignored=true"), [])

    def test_search(self) -> None:
        answer = self.ask("POST", f"{INBOX}/search", {"gateway": "modbus-gw", "seconds": 5})
        self.assertEqual(self.driver.searches, [("teachIn", 5)])
        running = self.ask("GET", answer.headers["location"]).json
        self.assertEqual((running["state"], running["gateway"]), ("running", "modbus-gw"))
        self.assertEqual(self.ask("DELETE", answer.headers["location"]).status, 204)
        self.assertEqual(self.driver.searchesCancelled, ["teachIn"])
        (over,) = self.ask("GET", f"{INBOX}/search").json["searches"]
        self.assertEqual(over["state"], "cancelled")

    def test_rights(self) -> None:
        """All of it is for admins; so are the events of it."""
        for each in ROUTES:
            if each.path.startswith("/discovery"):
                self.assertIs(each.right, Right.ADMIN, each.path)

    def page(self, who: Principal) -> list[str]:
        """The kinds of events that somebody is told of."""
        return [each["kind"] for each in self.askAs(who, "/events").json["events"]]

    def askAs(self, who: Principal, path: str, **headers: str) -> Asked:
        self.gateway._site = http.factory(
            self.gateway.api, Identity(who, keys=self.gateway.tokens), self.gateway.clock
        )
        return self.ask("GET", path, **headers)

    def test_events(self) -> None:
        self.assertIn("candidateChanged", self.page(ADMIN))
        self.assertNotIn("candidateChanged", self.page(USER))
        self.assertEqual(self.askAs(USER, INBOX).status, 403)
        streams = [
            self.askAs(who, "/events?after=0&epoch=epoch", Accept="text/event-stream").body for who in (ADMIN, USER)
        ]
        self.assertEqual([b"event: candidateChanged" in each for each in streams], [True, False])
