"""Feature C{events}: what is no notification, told to WebSocket clients that have asked for it, and to no others."""

from __future__ import annotations

from typing import Any

from dog.core.core import Applied, Attached, Observed, Reached, Supervised
from dog.core.events import Kind
from dog.core.now import Now
from dog.home.diff import diff
from dog.model.device import Device
from dog.model.home import Home, HomeDiff
from dog.model.measure import Measure
from dog.model.rights import Principal, Role, Scope
from dog.model.values import Reading, Slot
from dog.testing.links import EPOCH
from tests.api.test_session import Talking
from tests.api.ws.talk import Client

ALL = "/api/v1/subscriptions/devices/notifications"
HALL = Principal("hall", Role.VIEWER, Scope(devices=("lamp",)), token="h")
VIEWER = Principal("viewer", Role.VIEWER)
DEVICES = (Device("lamp", "SimpleLamp"), Device("meter", "HeatEnergyCalculator"))
HOME = Home(devices={each.id: each for each in DEVICES})


class Case(Talking):
    def setUp(self) -> None:
        super().setUp()
        self.step(Applied(diff(Home(), HOME), initial=True))
        for id in HOME.devices:
            self.step(Attached(id, True))
            self.step(Reached(id, True))

    def step(self, input: Any) -> None:
        for event, clients in self.core.step(input, Now(self.clock.seconds(), EPOCH)).deliveries:
            for client in clients:
                client.deliver(event)  # type: ignore[attr-defined]

    def follow(self, parameters: Any = "*", principal: Principal | None = None, endPoint: str = ALL) -> Client:
        client = Client(self.factory)
        if principal is not None:
            client.connection.principal = principal
        answer = client.ask("PUT", "/api/v1/session", {"features": ["events"]})
        self.assertEqual(answer["response"]["features"], ["eventId", "events", "gap"])
        self.assertEqual(client.ask("POST", endPoint, parameters)["status"], 200)
        return client

    def kinds(self, client: Client) -> list[str]:
        return [each["event"]["kind"] for each in client.take() if each["messageType"] == "event"]

    def staled(self, id: str = "lamp") -> None:
        """A value is heard, and then its device is lost: three events, the first of them a notification."""
        self.step(Observed(id, (Reading(Slot(id, "OnOffState"), "on", forced=True),)))
        self.step(Reached(id, False, "nobody is there"))


class Told(Case):
    def test_message(self) -> None:
        client = self.follow()
        last = self.core.log.lastId
        self.staled()
        on, lost, staled = client.take()
        self.assertEqual(on["messageType"], "notification")
        stamp = {"at": "2025-01-15T12:00:00.000Z", "eventId": last + 2, "cursor": last + 2}
        event = {"kind": "deviceLost", "device": "lamp", "details": {"reason": "nobody is there"}}
        id = client.connection.clientId
        self.assertEqual(lost, {"clientId": id, "messageType": "event", "event": event, **stamp})
        self.assertEqual(
            staled["event"], {"kind": "valueStaled", "device": "lamp", "states": [{"state": "OnOffState"}]}
        )
        self.assertEqual(staled["cursor"], last + 3)

    def test_onlyWhoAsks(self) -> None:
        """A client of version 1, one with all other features, and one that has changed its mind."""
        plain = self.client
        plain.ask("POST", ALL, "*")
        resuming = Client(self.factory)
        resuming.ask("POST", ALL, {"snapshot": True})
        resuming.connection.choose(["eventId", "gap", "batch"])
        former = self.follow()
        former.ask("PUT", "/api/v1/session", {"features": []})
        self.staled()
        self.clock.advance(0)
        for client in (plain, resuming, former):
            self.assertEqual([each["messageType"] for each in client.take()], ["notification"])

    def test_nothingSubscribed(self) -> None:
        """It is the subscriptions that say of which devices."""
        client = Client(self.factory)
        client.ask("PUT", "/api/v1/session", {"features": ["events"]})
        one = self.follow("OnNotification", endPoint="/api/v1/subscriptions/devices/lamp/notifications")
        narrow = self.follow({"devices": ["me*"]})
        self.staled()
        self.step(Reached("meter", False))
        self.assertEqual(client.take(), [])
        self.assertEqual(self.kinds(one), ["deviceLost", "valueStaled"])
        self.assertEqual(self.kinds(narrow), ["deviceLost"])
        one.ask("DELETE", "/api/v1/subscriptions/devices/lamp/notifications/*")
        self.step(Reached("lamp", True))
        self.assertEqual(one.take(), [])

    def test_interval(self) -> None:
        """A measurement that no notification tells comes no more often than was wished; each state by itself."""
        slow, client = self.follow({"minInterval": 5}), self.follow()
        for value in range(3):
            for state in ("MultipleEnergyMeasurementState", "MultipleTemperatureState"):
                self.step(Observed("meter", (Reading(Slot("meter", state), Measure.parse(f"{value} W")),)))
        self.assertEqual(self.kinds(client), ["valueObserved"] * 6)
        self.assertEqual(self.kinds(slow), ["valueObserved"] * 2)
        self.clock.advance(5)
        self.assertEqual(self.kinds(slow), ["valueObserved"] * 2)

    def test_house(self) -> None:
        """What is about no device goes to who has subscribed to all of them."""
        everything, one = self.follow(), self.follow(endPoint="/api/v1/subscriptions/devices/lamp/notifications")
        self.step(Applied(HomeDiff(HOME, environment=True)))
        self.assertEqual(self.kinds(everything), ["environmentChanged"])
        self.assertEqual(self.kinds(one), [])

    def test_removed(self) -> None:
        """Who sees the whole house is told which device went; who sees only some is told nothing of others."""
        everything, restricted = self.follow(), self.follow(principal=HALL)
        self.step(Applied(diff(HOME, Home(devices={"lamp": HOME.devices["lamp"]}))))
        [told] = everything.take()
        self.assertEqual((told["event"]["device"], told["event"]["details"]), ("meter", {"what": "removed"}))
        self.assertEqual(restricted.take(), [])


class Rights(Case):
    def test_devices(self) -> None:
        client = self.follow(principal=HALL)
        self.step(Reached("meter", False))
        self.assertEqual(client.take(), [])
        self.step(Reached("lamp", False))
        self.assertEqual(self.kinds(client), ["deviceLost"])

    def test_drivers(self) -> None:
        """What happens to links is for who runs the house."""
        admin, viewer = self.follow(), self.follow(principal=VIEWER)
        self.step(Supervised(Kind.CONNECTION_LOST, {"driver": "modbus", "link": "x"}))
        self.assertEqual(self.kinds(admin), ["connectionLost"])
        self.assertEqual(viewer.take(), [])


class Resumed(Case):
    def since(self, client: Client, cursor: int) -> list[Any]:
        client.send(client.request("POST", ALL, {"since": {"epoch": "e1", "cursor": cursor}}))
        answer, *missed = client.take()
        return [answer["response"]["resume"], *(each["messageType"] for each in missed)]

    def test_replay(self) -> None:
        """With the feature they are replayed in their place; without it there is nothing that was missed."""
        cursor = self.core.log.lastId
        self.step(Reached("lamp", False))
        without = Client(self.factory)
        self.assertEqual(self.since(without, cursor), ["complete"])
        self.step(Observed("lamp", (Reading(Slot("lamp", "OnOffState"), "on"),)))
        client = Client(self.factory)
        client.ask("PUT", "/api/v1/session", {"features": ["events"]})
        self.assertEqual(self.since(client, cursor), ["replay", "event", "notification"])
        restricted = Client(self.factory)
        restricted.connection.principal = Principal("m", Role.VIEWER, Scope(devices=("meter",)), token="m")
        restricted.ask("PUT", "/api/v1/session", {"features": ["events"]})
        self.assertEqual(self.since(restricted, cursor), ["complete"])

    def test_gone(self) -> None:
        """Nothing of a client is kept that has gone."""
        client = self.follow()
        client.lose()
        self.assertEqual(self.core.subscriptions._followers, {})
        self.assertEqual(self.core.subscriptions._scopes, {})
