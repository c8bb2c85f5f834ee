"""The gateway itself: ping, health, drivers, commands, events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred

from dog.api.call import Reply, Request
from dog.api.resources import system
from dog.core.core import Applied
from dog.core.events import EventLog, Kind, Tail
from dog.core.now import Now
from dog.core.visibility import House, Visibility
from dog.interfaces import LinkFailed
from dog.model.home import Home, HomeDiff, Problem
from dog.model.measure import Measure
from dog.model.rights import Principal, Role
from dog.model.values import Reading, Slot
from dog.testing.scripted import NEVER, refuse
from tests.api.recorded.gateway import START, Asked, Gateway, InHome

LAMP = "SimpleLamp_mb1"
GUEST = Principal("guest", Role.VIEWER)


class Case(InHome):
    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def asking(self, path: str, principal: Principal) -> Reply:
        """The same as somebody else."""
        path, _, query = path.partition("?")
        segments = tuple(each for each in path.split("/") if each)
        parsed = dict(each.split("=") for each in query.split("&")) if query else {}
        answering: Deferred[Reply] = self.gateway.api.answer(Request("GET", segments, principal, parsed))
        return self.successResultOf(answering)

    def hide(self, *devices: str) -> None:
        """These can't be seen any more, by anybody."""

        def house(visibility: Visibility, principal: Principal) -> House:
            return House(self.gateway.home, principal, frozenset(self.gateway.home.devices) - set(devices))

        self.patch(Visibility, "house", house)


class Health(Case):
    def test_told(self) -> None:
        health = self.get("/health")
        self.assertEqual((health["name"], health["version"], health["epoch"]), ("dog", "test", "epoch"))
        self.assertEqual(health["started"], "2024-05-01T12:00:00.000Z")
        core = self.gateway.core
        presences = [core.presence(each) for each in self.gateway.home.devices]
        self.assertEqual(
            health["devices"],
            {
                "total": len(presences),
                "active": sum(each.active for each in presences),
                "online": sum(each.online for each in presences),
            },
        )
        self.assertTrue(0 < health["devices"]["active"] < health["devices"]["total"])

    def test_inactive(self) -> None:
        """Devices that no driver serves are told with the reason."""
        health = self.get("/health")
        self.assertEqual(health["status"], "degraded")
        told = {each["id"]: each for each in health["inactive"]}
        self.assertEqual(
            told["Lamp_Holder"],
            {
                "id": "Lamp_Holder",
                "class": self.gateway.home.devices["Lamp_Holder"].cls,
                "code": "no_driver",
                "reason": "no driver for ZWave",
            },
        )
        self.assertNotIn(LAMP, told)

    def test_offline(self) -> None:
        """Devices that do not answer are told with the reason."""
        before = {each["id"] for each in self.get("/health")["offline"]}
        self.assertNotIn(LAMP, before)
        self.driver.lose(LinkFailed("closed", "pulled out"))
        after = {each["id"]: each["reason"] for each in self.get("/health")["offline"]}
        self.assertEqual(after[LAMP], "pulled out")

    def test_well(self) -> None:
        """A house in which nothing is wrong is well."""
        gateway = Gateway()
        self.assertEqual(gateway.ask("GET", "/health").json["status"], "ok")
        gateway.attachments.drivers = type(gateway.attachments.drivers)(failed={"knx": "does not load"})
        health = gateway.ask("GET", "/health").json
        self.assertEqual((health["status"], health["drivers"]), ("degraded", {"knx": "does not load"}))

    def test_problemsThatDoNoHarm(self) -> None:
        """A house in which everything works is well, whatever there is to say about its file."""
        gateway = Gateway()
        warning = Problem("unknown_notification", "the catalogue has no notification 'X'", "home.xml", 7)
        for problem, status in ((warning, "ok"), (replace(warning, fatal=True), "degraded")):
            home = Home(problems=(problem,))
            gateway.core.step(Applied(HomeDiff(home)), Now(0.0, START))
            health = gateway.ask("GET", "/health").json
            self.assertEqual((health["status"], len(health["problems"])), (status, 1))

    def test_problems(self) -> None:
        """What is wrong with the home file is told with its line, and never with its path."""
        self.file.write_bytes(self.file.read_bytes().replace(b'"SimpleLamp"', b'"NoSuchLamp"'))
        self.successResultOf(self.gateway.homes.reload())
        health = self.get("/health")
        unknown = [each for each in health["problems"] if each["code"] == "unknown_class"]
        lines = {each["device"]: each["line"] for each in unknown}
        self.assertEqual(lines[LAMP], self.gateway.home.devices[LAMP].line)
        self.assertNotIn(str(self.file), str(health))
        [inactive] = [each for each in health["inactive"] if each["id"] == LAMP]
        self.assertEqual(inactive["code"], "unknown_class")
        self.assertGreater(len(self.get("/health")["problems"]), 1)
        self.patch(system, "SHOWN", 1)
        self.assertEqual(len(self.get("/health")["problems"]), 1)
        self.patch(system, "SHOWN", 100)
        self.hide(LAMP)
        told = self.get("/health")["problems"]
        self.assertEqual([each for each in told if each.get("device") == LAMP], [])
        self.assertGreater(len(told), 1)
        self.patch(system, "SHOWN", 0)
        self.assertEqual(self.get("/health")["problems"], [])

    def test_hidden(self) -> None:
        """Devices that can't be seen are not counted either."""
        before = self.get("/health")["devices"]["total"]
        self.hide(LAMP, "Lamp_Holder")
        health = self.get("/health")
        self.assertEqual(health["devices"]["total"], before - 2)
        self.assertNotIn("Lamp_Holder", str(health))

    def test_strangers(self) -> None:
        """Who may not see the house learns whether all is well, and no more."""
        self.patch(House, "may", lambda house, right, device=None: False)
        self.assertEqual(set(self.get("/health")), {"status", "name", "version", "started"})


class Drivers(Case):
    def test_links(self) -> None:
        found = self.get("/api/v1/drivers")
        [driver] = found["drivers"]
        self.assertEqual((driver["name"], driver["systems"], found["failed"]), ("modbus", ["Modbus"], []))
        states = {link["key"]: link["state"] for link in driver["links"]}
        self.assertEqual(states, {"modbus-gw": "up", "modbus-gw-dead": "waiting"})
        down = next(each for each in driver["links"] if each["key"] == "modbus-gw-dead")
        self.assertEqual((down["reason"], down["attempts"]), ("nobody answers", 1))
        up = next(each for each in driver["links"] if each["key"] == "modbus-gw")
        self.assertIn(LAMP, up["devices"])
        self.assertNotIn("reason", up)

    def test_failed(self) -> None:
        self.gateway.attachments.drivers = type(self.gateway.attachments.drivers)(failed={"knx": "does not load"})
        self.assertEqual(self.get("/api/v1/drivers")["failed"], [{"name": "knx", "reason": "does not load"}])

    def test_forAdmins(self) -> None:
        self.assertEqual(self.asking("/api/v1/drivers", Principal("user", Role.USER)).status, 403)


class Commands(Case):
    def send(self, path: str = f"/api/v1/devices/{LAMP}/commands/on", body: Any = None) -> Asked:
        return self.ask("PUT", path, body)

    def test_done(self) -> None:
        id = self.send().headers["dog-command"]
        self.assertEqual(
            self.get(f"/api/v1/commands/{id}"),
            {
                "id": id,
                "device": LAMP,
                "command": "on",
                "arguments": {},
                "stage": "confirmed",
                "settled": True,
                "who": "anonymous",
                "acceptedAt": "2024-05-01T12:00:00.000Z",
                "settledAt": "2024-05-01T12:00:00.000Z",
            },
        )

    def test_refused(self) -> None:
        self.driver.script(LAMP, "on", refuse("broken lamp"))
        id = self.send().json["error"]["commandId"]
        entry = self.get(f"/api/v1/commands/{id}")
        self.assertEqual((entry["stage"], entry["code"], entry["reason"]), ("failed", "bus_refused", "broken lamp"))

    def test_open(self) -> None:
        """A command that is on its way is told as such."""
        self.driver.script(LAMP, "on", NEVER)
        commands = self.gateway.commands
        waiting = commands.send(self.gateway.home.devices[LAMP], "on", None, GUEST)
        [command] = self.driver.sent
        entry = self.get(f"/api/v1/commands/{command.id}")
        self.assertEqual((entry["stage"], entry["settled"], entry["who"]), ("accepted", False, "guest"))
        self.assertNotIn("settledAt", entry)
        commands.stop()
        self.successResultOf(waiting)

    def test_unknown(self) -> None:
        self.refused(self.ask("GET", "/api/v1/commands/nope"), 404, "not_found")

    def test_ofAHiddenDevice(self) -> None:
        id = self.send().headers["dog-command"]
        self.hide(LAMP)
        self.refused(self.ask("GET", f"/api/v1/commands/{id}"), 404, "not_found")


class Events(Case):
    def setUp(self) -> None:
        super().setUp()
        self.cursor = self.gateway.core.log.lastId

    def report(self, value: str) -> None:
        self.driver.report(LAMP, Reading(Slot(LAMP, "OnOffState"), value))

    def test_notifications(self) -> None:
        self.report("on")
        self.driver.report("Temp_mb1", Reading(Slot("Temp_mb1", "TemperatureState"), Measure.of("22", "C"), maxAge=30))
        page = self.get(f"/api/v1/events?after={self.cursor}")
        self.assertEqual((page["epoch"], page["next"]), ("epoch", self.cursor + 2))
        self.assertNotIn("gap", page)
        on, temperature = page["events"]
        self.assertEqual(
            on,
            {
                "eventId": self.cursor + 1,
                "at": "2024-05-01T12:00:00.000Z",
                "kind": "notification",
                "device": LAMP,
                "notification": {
                    "notificationTopic": "OnNotification",
                    "notificationName": "on",
                    "deviceUri": LAMP,
                },
                "states": [{"state": "OnOffState"}],
            },
        )
        self.assertEqual(temperature["notification"]["temperatureValue"], "22 C")

    def test_details(self) -> None:
        self.ask("PUT", f"/api/v1/devices/{LAMP}/commands/on")
        events = self.get(f"/api/v1/events?after={self.cursor}")["events"]
        [settled] = [each for each in events if each["kind"] == Kind.COMMAND_SETTLED.value]
        self.assertEqual((settled["details"]["command"], settled["details"]["stage"]), ("on", "confirmed"))
        self.assertNotIn("reason", settled["details"])
        [reached, *_] = [each for each in self.get("/events")["events"] if each["kind"] == Kind.DEVICE_REACHED.value]
        self.assertNotIn("details", reached)

    def test_sameAtTheRoot(self) -> None:
        self.assertEqual(self.get("/events"), self.get("/api/v1/events"))

    def test_pages(self) -> None:
        """Page by page is everything once."""
        for number in range(5):
            self.report(("on", "off")[number % 2])
        found, cursor = [], 0
        while True:
            page = self.get(f"/events?after={cursor}&limit=2")
            self.assertTrue(len(page["events"]) <= 2)
            if not page["events"]:
                break
            found += page["events"]
            cursor = page["next"]
        self.assertEqual([each["eventId"] for each in found], list(range(1, self.gateway.core.log.lastId + 1)))
        self.assertEqual(found, self.get("/events")["events"])
        self.assertEqual(cursor, self.gateway.core.log.lastId)

    def test_hidden(self) -> None:
        """Events of devices that can't be seen are left out; the cursor goes over them."""
        self.report("on")
        self.hide(LAMP)
        page = self.get(f"/events?after={self.cursor}")
        self.assertEqual((page["events"], page["next"]), ([], self.cursor + 1))

    def test_gap(self) -> None:
        """What the log does not keep any more is a gap, told before what follows."""
        log = self.gateway.core.log = EventLog("small", maxEvents=2)
        for _ in range(5):
            log.append(START, Kind.ENVIRONMENT_CHANGED)
        page = self.get("/events?after=1")
        self.assertEqual(page["gap"], {"epoch": "small", "from": 1, "to": 3})
        self.assertEqual(([each["eventId"] for each in page["events"]], page["next"]), ([4, 5], 5))
        self.assertNotIn("gap", self.get("/events?after=3"))
        self.assertNotIn("gap", self.get("/events"))

    def test_acrossARestart(self) -> None:
        """A cursor of an epoch that ended in good order goes on into this one, page by page."""
        earlier = EventLog("earlier")
        for _ in range(4):
            earlier.append(START, Kind.ENVIRONMENT_CHANGED)
        log = self.gateway.core.log = EventLog("later")
        log.follow(Tail("earlier", tuple(earlier.after(0) or ()), 4, closed=True))
        log.append(START, Kind.ENVIRONMENT_CHANGED)
        epoch, cursor, found = "earlier", 1, []
        for _ in range(3):
            page = self.get(f"/events?after={cursor}&epoch={epoch}&limit=2")
            self.assertNotIn("gap", page)
            found.append(([each["eventId"] for each in page["events"]], page["epoch"]))
            epoch, cursor = page["epoch"], page["next"]
        self.assertEqual(found, [([2, 3], "earlier"), ([4, 5], "later"), ([], "later")])
        whole = self.get("/events?after=2&epoch=earlier&limit=2")
        self.assertEqual((whole["epoch"], whole["next"]), ("later", 4))
        self.assertEqual(self.get("/events?after=4&epoch=later")["next"], 5)
        self.assertEqual(self.get("/events?after=5&epoch=later")["events"], [])

    def test_anotherEpoch(self) -> None:
        """A cursor of another start, known by its epoch or by being ahead, is a gap without a beginning."""
        for query in (f"after={self.cursor}&epoch=other", f"after={self.cursor + 1}"):
            page = self.get(f"/events?{query}")
            self.assertEqual(page["gap"], {"epoch": "epoch", "from": None, "to": 0})
            self.assertEqual(len(page["events"]), self.cursor)
        self.assertNotIn("gap", self.get(f"/events?after={self.cursor}&epoch=epoch"))

    def test_queries(self) -> None:
        for query in ("after=x", "after=-1", "after=1.5", "limit=0", "limit=1001", "after=" + "9" * 30, "after=²"):
            name = query.partition("=")[0]
            error = self.refused(self.ask("GET", f"/events?{query.replace('²', '%C2%B2')}"), 422, "bad_value")
            self.assertEqual(error["parameter"], name)


class Nobody(Case):
    def test_emptyHouse(self) -> None:
        """Everything answers before any home is read."""
        gateway = Gateway()
        self.assertEqual(gateway.home, Home())
        for path in ("/health", "/metrics", "/events", "/api/v1/drivers", "/api/v1/ping", "/api/v1/openapi.json"):
            self.assertEqual(gateway.ask("GET", path).status, 200, path)
