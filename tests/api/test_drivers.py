"""The drivers over the API: how they and their links are, and a restart."""

from __future__ import annotations

from typing import Any

from dog.api.call import Request
from dog.core.events import Event, Kind
from dog.interfaces import LinkFailed
from dog.live.drivers import Drivers
from dog.live.guard import Tally
from dog.model.rights import Principal, Role
from dog.model.values import Reading, Slot
from dog.testing.scripted import NEVER
from tests.api.recorded.gateway import InHome

ON = "/api/v1/devices/SimpleLamp_mb1/commands/on"


class DriversCase(InHome):
    def shown(self) -> dict[str, Any]:
        [driver] = self.ask("GET", "/api/v1/drivers").json["drivers"]
        return dict(driver)

    def up(self) -> dict[str, Any]:
        [link] = [each for each in self.shown()["links"] if each["state"] == "up"]
        return dict(link)

    def restart(self, body: Any = None, name: str = "modbus", advance: float = 0.0) -> Any:
        return self.gateway.ask("POST", f"/api/v1/drivers/{name}/restart", body, advance=advance)


class ShownTests(DriversCase):
    def test_well(self) -> None:
        link = self.up()
        self.assertEqual(link["since"], "2024-05-01T12:00:00.000Z")
        self.assertEqual((link["attempts"], link["crashes"], link["blocked"]["count"]), (1, 0, 0))
        self.assertNotIn("reason", link)
        self.assertNotIn("nextAttemptAt", link)

    def test_lost(self) -> None:
        key = self.up()["key"]
        self.gateway.clock.advance(5)
        self.driver.lose(LinkFailed("closed", "cable pulled"))
        [link] = [each for each in self.shown()["links"] if each["key"] == key]
        self.assertEqual(
            (link["state"], link["code"], link["reason"], link["since"]),
            ("waiting", "closed", "cable pulled", "2024-05-01T12:00:05.000Z"),
        )
        self.assertRegex(link["nextAttemptAt"], r"^2024-05-01T12:00:05\.[3-7]\d\dZ$")

    def test_conduct(self) -> None:
        conduct = self.gateway.attachments.conduct
        conduct.blocked["modbus"] = Tally(2, 3.45678)
        conduct.blockedLinks["modbus", self.up()["key"]] = Tally(1, 1.0)
        conduct.blockedElsewhere["dog.home.store"] = Tally(1, 0.5)
        self.driver.faulty("send", RuntimeError, None)
        self.ask("PUT", ON)
        self.assertEqual((self.shown()["crashes"], self.shown()["blocked"]), (1, {"count": 2, "seconds": 3.457}))
        self.assertEqual((self.up()["crashes"], self.up()["blocked"]), (1, {"count": 1, "seconds": 1.0}))
        self.assertEqual(
            self.ask("GET", "/api/v1/drivers").json["blocked"],
            [{"module": "dog.home.store", "count": 1, "seconds": 0.5}],
        )
        metrics = self.ask("GET", "/metrics").body.decode()
        for line in (
            'dog_driver_crashes_total{driver="modbus"} 1',
            'dog_blocked_total{driver="modbus"} 2',
            'dog_blocked_seconds_total{driver="modbus"} 3.45678',
            'dog_blocked_total{module="dog.home.store"} 1',
        ):
            self.assertIn(line + "\n", metrics)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)


class ToldTests(DriversCase):
    def kinds(self, role: Role) -> set[str]:
        request = Request("GET", ("api", "v1", "events"), Principal("somebody", role))
        return {each["kind"] for each in self.successResultOf(self.gateway.api.answer(request)).json["events"]}

    def test_events(self) -> None:
        """What becomes of links is told to those who run the house, not to everybody who looks at a lamp."""
        self.driver.lose(LinkFailed("closed", "cable pulled"))
        self.gateway.attachments.restart("modbus")
        links = {"connectionMade", "connectionLost", "linkRestarted"}
        self.assertLessEqual(links, self.kinds(Role.ADMIN))
        self.assertIn("deviceLost", self.kinds(Role.USER))
        for role in (Role.VIEWER, Role.USER):
            self.assertEqual(links & self.kinds(role), set())

    def test_webSocket(self) -> None:
        """A client of the old gateway, who has subscribed to everything, is told nothing that it does not know."""
        told: list[Event] = []
        client = type("Client", (), {"deliver": lambda _, event: told.append(event), "dropped": lambda _: None})()
        self.gateway.core.subscriptions.subscribe(client, None, {"*"})
        self.driver.onStart(None)
        self.driver.lose(LinkFailed("closed", "cable pulled"))
        self.gateway.attachments.restart("modbus")
        self.gateway.clock.advance(5)
        self.driver.report("SimpleLamp_mb1", Reading(Slot("SimpleLamp_mb1", "OnOffState"), "on"))
        self.assertEqual({each.kind for each in told}, {Kind.NOTIFICATION})


class RestartTests(DriversCase):
    def test_one(self) -> None:
        """By a device on it; the answer tells how it is now, the log who wanted it."""
        self.driver.onStart(None)
        key, before = self.up()["key"], self.gateway.core.log.lastId
        answer = self.restart({"link": "SimpleLamp_mb1"})
        self.assertEqual((answer.status, answer.json["driver"]), (200, "modbus"))
        [link] = answer.json["links"]
        self.assertEqual((link["key"], link["state"], link["attempts"]), (key, "up", 2))
        events = self.ask("GET", f"/api/v1/events?after={before}").json["events"]
        [restarted] = [each for each in events if each["kind"] == Kind.LINK_RESTARTED]
        self.assertEqual(restarted["details"], {"driver": "modbus", "link": key, "who": "anonymous"})
        self.assertEqual([each["kind"] for each in events if each["kind"] == "connectionMade"], ["connectionMade"])

    def test_all(self) -> None:
        """With no body: every link, each with what came of it."""
        self.driver.onStart(None, LinkFailed("refused", "nobody answers"))
        links = self.restart().json["links"]
        self.assertEqual([each["state"] for each in links], ["up", "waiting"])
        self.assertEqual((links[1]["code"], links[1]["reason"]), ("refused", "nobody answers"))

    def test_notYet(self) -> None:
        """What takes long is told as it is after a few seconds."""
        self.driver.onStart(NEVER)
        [link] = self.restart({"link": "SimpleLamp_mb1"}, advance=5.1).json["links"]
        self.assertEqual((link["state"], link["code"]), ("starting", "restarted"))

    def test_refused(self) -> None:
        attachments = self.gateway.attachments
        attachments.drivers = Drivers(attachments.drivers.byName, failed={"knx": "does not load: no xknx"})
        for body, name, status, code, word in (
            (None, "nope", 404, "not_found", "no driver"),
            ({"link": "nope"}, "modbus", 404, "not_found", "no link"),
            (None, "knx", 503, "no_driver", "no xknx"),
            ({"links": "all"}, "modbus", 400, "bad_body", "links"),
        ):
            answer = self.restart(body, name)
            self.assertEqual((answer.status, answer.code), (status, code))
            self.assertIn(word, answer.json["error"]["message"])

    def test_adminsOnly(self) -> None:
        for role in (Role.VIEWER, Role.USER):
            request = Request("POST", ("api", "v1", "drivers", "modbus", "restart"), Principal("somebody", role))
            answer = self.successResultOf(self.gateway.api.answer(request))
            self.assertEqual(answer.status, 403)
        self.assertEqual(self.up()["attempts"], 1)
