"""A connection from the upgrade to the end, in memory: requests, answers, notifications, slow and rude clients."""

import json
import secrets
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from dog.api.call import Media, ParsedBody, Reply, Request
from dog.api.identity import Identity
from dog.api.routes import On, Route, Table
from dog.api.ws import envelope
from dog.api.ws.connection import COURTESY, Connection
from dog.api.ws.protocol import padded
from dog.core.core import Applied, Observed
from dog.core.now import Now
from dog.model.device import Device
from dog.model.home import Home, HomeDiff
from dog.model.measure import Measure
from dog.model.rights import ANONYMOUS, Principal, Right, Role
from dog.model.values import Pulse, Reading, Slot
from tests.api.ws.talk import BINARY, CLOSE, PING, PONG, TEXT, Behind, Client, Pipe, frame, later, upgrade
from tests.logs import record

DEVICES = (Device("lamp", "SimpleLamp"), Device("button", "Button"), Device("meter", "ThreePhaseElectricityMeter"))


class House(Behind):
    """Three devices, told of by hand."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        home = Home(devices={each.id: each for each in DEVICES})
        self.step(Applied(HomeDiff(home, added=tuple(home.devices))))

    def step(self, input: Any) -> None:
        effects = self.core.step(input, Now(0.0, datetime(2024, 5, 1, tzinfo=UTC)))
        for event, clients in effects.deliveries:
            for client in clients:
                client.deliver(event)  # type: ignore[attr-defined]

    def press(self, times: int = 1) -> None:
        for _ in range(times):
            self.step(Observed("button", (Pulse("button", "PressedNotification"),)))

    def switch(self, value: str) -> None:
        self.step(Observed("lamp", (Reading(Slot("lamp", "OnOffState"), value),)))

    def measure(self, watts: int, phase: str = "L1") -> None:
        slot = Slot("meter", "ThreePhaseActivePowerMeasurementState", (("phaseID", phase),))
        self.step(Observed("meter", (Reading(slot, Measure.of(watts, "W"), forced=True),)))

    def subscribed(self, **settings: Any) -> Client:
        client = self.client(**settings)
        self.core.subscriptions.subscribe(client.connection, None, ["*"])
        return client


def pressing(house: House) -> Callable[[Request], Reply]:
    """Answers each of whose requests makes something happen."""

    def answer(request: Request) -> Reply:
        house.press()
        return Reply(200)

    return answer


def names(messages: list[Any]) -> list[str]:
    return [each["notification"]["notificationName"] for each in messages if each["messageType"] == "notification"]


class UpgradeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.behind = Behind()

    def test_presentation(self) -> None:
        client = self.behind.client()
        self.assertEqual(client.presentation["messageType"], "presentation")
        self.assertRegex(client.id, r"\A[0-9a-f]{8}\Z")
        self.assertEqual(client.presentation["server"], {"name": "dog", "version": "9"})
        self.assertEqual((client.presentation["epoch"], client.presentation["eventId"]), ("e1", 0))
        self.assertIs(client.presentation["authenticated"], True)
        self.assertEqual(client.take(), [])

    def test_eventId(self) -> None:
        house = House()
        before = house.core.log.lastId
        self.assertGreater(before, 0)
        self.assertEqual(house.client().presentation["eventId"], before)

    def test_idOfItsOwn(self) -> None:
        ids = ["aaaaaaaa", "aaaaaaaa", "bbbbbbbb"]
        self.patch(secrets, "token_hex", lambda size: ids.pop(0))
        self.assertEqual([self.behind.client().id, self.behind.client().id], ["aaaaaaaa", "bbbbbbbb"])

    def test_subprotocol(self) -> None:
        """C{dog} where it is offered; none is needed, and no other agreed to."""
        for offered, agreed in (("dog", True), ("other, dog", True), ("dog, dog.tokens", True), ("other", False)):
            head = self.behind.client(upgrade(Sec_WebSocket_Protocol=offered)).head.decode()
            self.assertTrue(head.startswith("HTTP/1.1 101"), head)
            self.assertEqual("Sec-WebSocket-Protocol: dog" in head.split("\r\n"), agreed, head)

    def test_padded(self) -> None:
        """By 128 bytes: ws4py's client, reading so much at a time, has none of the presentation with it."""
        for request in (upgrade(), upgrade(Sec_WebSocket_Protocol="dog")):
            head = self.behind.client(request).head + b"\r\n\r\n"
            self.assertEqual(len(head) % 128, 0, head)
        self.assertEqual([len(padded(b"HTTP/1.1 101 " + b"x" * size)) % 128 for size in range(300)], [0] * 300)

    def test_noDeflate(self) -> None:
        """Agreed to only where it is configured."""
        head = self.behind.client(upgrade(Sec_WebSocket_Extensions="permessage-deflate")).head
        self.assertTrue(head.startswith(b"HTTP/1.1 101"))
        self.assertNotIn(b"permessage-deflate", head)

    def test_origin(self) -> None:
        """The published test client names ws://host:port; a page of the gateway's own http://host:port."""
        for origin in ("ws://127.0.0.1:8080", "http://127.0.0.1:8080"):
            self.assertTrue(self.behind.client(upgrade(Origin=origin)).head.startswith(b"HTTP/1.1 101"), origin)

    def test_foreignOrigin(self) -> None:
        for origin in ("http://elsewhere.example", "http://127.0.0.1:9999", "null", "file://"):
            client = self.behind.client(upgrade(Origin=origin))
            self.assertTrue(client.head.startswith(b"HTTP/1.1 403"), origin)
            self.assertTrue(client.transport.disconnecting)

    def test_configuredOrigin(self) -> None:
        behind = Behind(origins=["https://panel.example"])
        self.assertTrue(behind.client(upgrade(Origin="https://panel.example")).head.startswith(b"HTTP/1.1 101"))
        self.assertTrue(behind.client(upgrade(Origin="https://other.example")).head.startswith(b"HTTP/1.1 403"))

    def test_bad(self) -> None:
        client = self.behind.client(b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\r\n")
        self.assertTrue(client.head.startswith(b"HTTP/1.1 400"))
        client.lose()
        self.assertEqual(self.behind.factory.connections, {})


class RequestTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.behind = Behind()
        self.client = self.behind.client()

    def test_answered(self) -> None:
        answer = self.client.ask("GET", "/api/v1/devices")
        self.assertEqual(answer["response"], {"ok": True})
        self.assertEqual((answer["clientId"], answer["sequenceNumber"]), (self.client.id, 1))

    def test_request(self) -> None:
        """What the resource tree is asked."""
        self.client.ask("PUT", "api/v1/devices/a%20b/commands/on?x=1", {"value": 3}, idempotencyKey="k")
        [request] = self.behind.api.requests
        self.assertEqual(
            request,
            Request(
                "PUT",
                ("api", "v1", "devices", "a b", "commands", "on"),
                self.client.connection.principal,
                {"x": "1"},
                ParsedBody({"value": 3}),
                headers={"idempotency-key": "k"},
                connection=self.client.connection,
                origin=self.client.connection.transport.getPeer(),
            ),
        )

    def test_xml(self) -> None:
        """A text that begins like XML is XML where the resource takes it, and a text elsewhere."""
        takes = Route("PUT", "/x", lambda call: None, Right.VIEW, On.HOUSE, takes=(Media.JSON, Media.XML))
        takesNot = Route("PUT", "/j", lambda call: None, Right.VIEW, On.HOUSE)
        self.behind.api.table = Table((takes, takesNot))
        self.client.ask("PUT", "/api/v1/x", "<a>è</a>")
        self.client.ask("PUT", "/api/v1/j", "<a/>")
        self.client.ask("PUT", "/api/v1/x", {"a": 1})
        self.client.ask("PUT", "/api/v1/nowhere", "<a/>")
        self.assertEqual(
            [(each.body, each.contentType) for each in self.behind.api.requests],
            [
                ("<a>è</a>".encode(), "application/xml"),
                (ParsedBody("<a/>"), None),
                (ParsedBody({"a": 1}), None),
                (ParsedBody("<a/>"), None),
            ],
        )

    def test_later(self) -> None:
        """Answers overtake each other; each has its own number."""
        waiting, self.behind.api.answers = later()
        for _ in range(3):
            self.client.send(self.client.request("GET", "/a"))
        self.assertEqual(self.client.take(), [])
        for index in (2, 0, 1):
            waiting[index].callback(Reply(200, json={"index": index}))
        self.assertEqual(
            [(each["sequenceNumber"], each["response"]["index"]) for each in self.client.take()],
            [(3, 2), (1, 0), (2, 1)],
        )

    def test_malformed(self) -> None:
        """Answered, and the connection stays up."""
        self.client.send("{")
        self.assertEqual(self.client.take()[0]["error"]["code"], "bad_json")
        self.assertEqual(self.client.ask("GET", "/a")["status"], 200)
        self.assertEqual(len(self.behind.api.requests), 1)

    def test_forgot(self) -> None:
        self.client.send({**self.client.request("GET", "/a"), "clientId": "ffffffff"})
        self.assertIn("You forgot", self.client.take()[0]["response"])
        self.assertEqual(self.behind.api.requests, [])

    def test_kept(self) -> None:
        """What the resource tree has kept is the answer, to a plain GET only."""
        self.behind.api.keeps = Reply(200, json={"kept": True}, text=b'{"kept":true}')
        self.assertEqual(self.client.ask("GET", "/a/b")["response"], {"kept": True})
        self.assertEqual(self.behind.api.keptFor, [(("a", "b"), ANONYMOUS)])
        self.assertEqual(self.behind.api.requests, [])
        for other in (
            self.client.request("PUT", "/a"),
            self.client.request("GET", "/a?detail=full"),
            self.client.request("GET", "/a", idempotencyKey="k"),
        ):
            self.client.send(other)
            self.assertEqual(self.client.take()[0]["response"], {"ok": True})
        self.assertEqual(len(self.behind.api.requests), 3)

    def test_bug(self) -> None:
        """Of the resource tree, now or later: 500, no trace of it in the answer, and one in the log."""
        waiting, answer = later()
        for each in (ZeroDivisionError("secret"), answer):
            self.behind.api.answers = each
            self.client.send(self.client.request("GET", "/a"))
        waiting[0].errback(ZeroDivisionError("secret"))
        answers = self.client.take()
        self.assertEqual([(each["status"], each["sequenceNumber"]) for each in answers], [(500, 1), (500, 2)])
        self.assertNotIn("secret", json.dumps(answers))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)
        self.behind.api.answers = Reply(200)
        self.assertEqual(self.client.ask("GET", "/a")["status"], 200)

    def test_bugLoggedClean(self) -> None:
        """What the client wants back is shown without control characters, and not all of it."""
        self.behind.api.answers = ZeroDivisionError("bug")
        logged = record(self)
        self.client.send(self.client.request("GET", "/a", sequenceNumber="\x1b[2J\n" + "x" * 1000))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        [echo] = [each["echo"] for each in logged if "echo" in each]
        self.assertTrue(echo.isprintable() and len(echo) <= 200, echo)

    def test_unspeakable(self) -> None:
        """A reply that can't be written as JSON is a bug too."""
        self.behind.api.answers = Reply(200, json={"a": object()})
        self.assertEqual(self.client.ask("GET", "/a")["error"]["code"], "internal")
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)

    def test_unreadable(self) -> None:
        """So is a message on which reading fails in a way that nobody thought of."""

        def fails(*args: Any) -> None:
            raise ZeroDivisionError

        self.patch(envelope, "read", fails)
        self.client.send(self.client.request("GET", "/a"))
        [answer] = self.client.take()
        self.assertEqual((answer["status"], answer["clientId"]), (500, self.client.id))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_largeAnswer(self) -> None:
        """The limit is for what comes in."""
        behind = Behind(maxSize=1000)
        client = behind.client()
        behind.api.answers = Reply(200, json={"text": "x" * 200_000})
        self.assertEqual(len(client.ask("GET", "/a")["response"]["text"]), 200_000)

    def test_tooLarge(self) -> None:
        """A little over the limit: an answer. Far over it: the end."""
        behind = Behind(maxSize=1000)
        client = behind.client()
        client.send(client.request("GET", "/a", "x" * 1000))
        [answer] = client.take()
        self.assertEqual((answer["status"], answer["error"]["code"], answer["sequenceNumber"]), (413, "too_large", 1))
        self.assertEqual(client.ask("GET", "/a")["status"], 200)
        client.send("x" * (1000 + COURTESY + 1))
        self.assertEqual(client.take(), [])
        assert client.closed is not None
        self.assertEqual(client.closed[0], 1009)

    def test_tooLargeAnnounced(self) -> None:
        """Before it has come, and however it is cut into frames."""
        client = Behind(maxSize=1000).client()
        client.raw(frame(TEXT, b"x" * 60_000, fin=False))
        client.take()
        self.assertIsNone(client.closed)
        client.raw(frame(0, b"x" * 60_000, fin=False)[:20])
        client.take()
        assert client.closed is not None
        self.assertEqual(client.closed[0], 1009)

    def test_fragmented(self) -> None:
        text = json.dumps(self.client.request("GET", "/a")).encode()
        data = frame(TEXT, text[:10], fin=False) + frame(PING, b"p") + frame(0, text[10:])
        for index in range(len(data)):
            self.client.raw(data[index : index + 1])
        self.assertEqual(self.client.take()[0]["sequenceNumber"], 1)
        self.assertEqual(self.client.other, [(PONG, b"p")])

    def test_binary(self) -> None:
        self.client.raw(frame(BINARY, json.dumps(self.client.request("GET", "/a")).encode()))
        self.assertEqual(self.client.take(), [])
        assert self.client.closed is not None
        self.assertEqual(self.client.closed[0], 1003)
        self.assertEqual(self.behind.api.requests, [])

    def test_notUtf8(self) -> None:
        self.client.raw(frame(TEXT, b'{"\xff"}'))
        self.client.take()
        assert self.client.closed is not None
        self.assertEqual(self.client.closed[0], 1007)

    def test_afterClose(self) -> None:
        """What comes after the server began to close is not looked at."""
        self.client.raw(frame(BINARY))
        self.client.send(self.client.request("GET", "/a"))
        self.assertEqual(self.behind.api.requests, [])


class InFlightTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.behind = Behind(maxInFlight=4)
        self.waiting, self.behind.api.answers = later()
        self.client = self.behind.client()

    def ask(self, number: int) -> None:
        self.client.raw(
            b"".join(frame(TEXT, json.dumps(self.client.request("GET", "/a")).encode()) for _ in range(number))
        )

    def test_bounded(self) -> None:
        """What is over the bound waits, nothing is read meanwhile, and nothing is lost."""
        self.ask(4)
        self.assertEqual(self.client.transport.producerState, "producing")
        self.ask(8)
        self.assertEqual((len(self.waiting), self.client.transport.producerState), (4, "paused"))
        for index in range(12):
            self.assertEqual(len(self.waiting), min(12, index + 4))
            self.waiting[index].callback(Reply(200))
        self.assertEqual(self.client.transport.producerState, "producing")
        self.assertEqual([each["sequenceNumber"] for each in self.client.take()], list(range(1, 13)))

    def test_pipelined(self) -> None:
        """512 requests at once, each answered once, in whatever order the outcomes come."""
        self.ask(512)
        while self.waiting:
            self.waiting.pop().callback(Reply(200))
        self.assertEqual(sorted(each["sequenceNumber"] for each in self.client.take()), list(range(1, 513)))

    def test_manyAtOnce(self) -> None:
        """Answers that are there at once don't pile up on the stack."""
        self.behind.api.answers = Reply(200)
        self.ask(3000)
        self.assertEqual(len(self.client.take()), 3000)

    def test_resumedOnce(self) -> None:
        self.ask(5)
        self.waiting[0].callback(Reply(200))
        self.assertEqual((len(self.waiting), self.client.transport.producerState), (5, "producing"))

    def test_notTaken(self) -> None:
        """A client that does not take its answers gets no further ones until it does."""
        self.behind.api.answers = Reply(200)
        self.client.transport.full = True
        self.ask(3000)
        self.assertEqual((len(self.behind.api.requests), self.client.transport.producerState), (1, "paused"))
        self.client.transport.drain()
        self.assertEqual((len(self.behind.api.requests), self.client.transport.producerState), (3000, "producing"))
        self.assertEqual([each["sequenceNumber"] for each in self.client.take()], list(range(1, 3001)))

    def test_cancelled(self) -> None:
        """The end of the connection ends the waiting for answers, and what has not begun is not begun."""
        cancelled: list[Deferred[Any]] = []
        self.behind.api.answers = lambda request: Deferred(cancelled.append)
        self.ask(6)
        self.assertEqual(len(self.behind.api.requests), 4)
        self.client.lose()
        self.assertEqual(len(cancelled), 4)
        self.assertEqual(len(self.behind.api.requests), 4)
        self.assertEqual(self.client.take(), [])
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_cancelledWithAnAnswer(self) -> None:
        """Whoever is cancelled may answer all the same: it is nobody's, and no error."""
        self.behind.api.answers = lambda request: Deferred(lambda answering: answering.callback(Reply(504)))
        self.ask(2)
        self.client.lose()
        self.assertEqual(self.client.take(), [])
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_answeredTooLate(self) -> None:
        self.ask(1)
        self.client.lose()
        self.waiting[0].callback(Reply(200))
        self.assertEqual(self.client.take(), [])
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_closedByARequest(self) -> None:
        """Nothing is begun after the one that ended it."""

        def answer(request: Request) -> Reply:
            self.client.connection.close(1001)
            return Reply(200)

        self.client.transport.full = True
        self.behind.api.answers = Reply(200)
        self.ask(3)
        self.behind.api.answers = answer
        self.client.transport.drain()
        self.assertEqual(len(self.behind.api.requests), 2)

    def test_closingWhileWaiting(self) -> None:
        """When the server closes, it reads on: the client's own close has to be seen."""
        self.ask(6)
        self.assertEqual(self.client.transport.producerState, "paused")
        self.client.connection.close(1001)
        self.assertEqual(self.client.transport.producerState, "producing")
        self.waiting[0].callback(Reply(200))
        self.assertEqual(len(self.behind.api.requests), 4)
        self.client.take()
        self.client.raw(frame(CLOSE, (1001).to_bytes(2, "big")))
        self.assertTrue(self.client.transport.disconnecting)


class NotificationTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()

    def test_told(self) -> None:
        client = self.house.subscribed()
        self.house.measure(42)
        self.assertEqual(
            client.take(),
            [
                {
                    "clientId": client.id,
                    "messageType": "notification",
                    "notification": {
                        "notificationTopic": "ThreePhaseActivePowerMeasurementNotification",
                        "notificationName": "newActivePowerValue",
                        "phaseID": "L1",
                        "value": "42 W",
                        "deviceUri": "meter",
                    },
                }
            ],
        )

    def test_onceEach(self) -> None:
        """However many subscriptions match; to every client, with its own id."""
        clients = [self.house.subscribed() for _ in range(3)]
        for client in clients:
            for scope in (None, "lamp"):
                self.house.core.subscriptions.subscribe(
                    client.connection, scope, ["OnNotification", "*", "StateChangeNotification"]
                )
        self.house.switch("on")
        for client in clients:
            [told] = client.take()
            self.assertEqual(told["clientId"], client.id)
            self.assertEqual(told["notification"]["notificationTopic"], "OnNotification")

    def test_serialisedOnce(self) -> None:
        made = []
        original = envelope.Notification

        def counting(event: Any) -> Any:
            made.append(event)
            return original(event)

        self.patch(envelope, "Notification", counting)
        clients = [self.house.subscribed() for _ in range(5)]
        self.house.press(2)
        self.assertEqual(len(made), 2)
        for client in clients:
            self.assertEqual(names(client.take()), ["pressed", "pressed"])

    def test_notSubscribed(self) -> None:
        client = self.house.client()
        self.house.press()
        self.assertEqual(client.take(), [])

    def test_notVisible(self) -> None:
        """What one may not see one is not told of, whatever was subscribed to."""
        nobody = Principal("nobody", Role.VIEWER)
        self.patch(Principal, "may", lambda self, right: self.name != "nobody")
        hidden = Behind.client(House(identity=Identity(nobody)))
        self.assertIs(hidden.presentation["authenticated"], False)
        self.house.factory.identity = Identity(nobody)
        client = self.house.subscribed()
        self.house.press()
        self.assertEqual(client.take(), [])

    def test_stamped(self) -> None:
        client = self.house.subscribed()
        client.connection.features = frozenset({"eventId"})
        self.house.press()
        [told] = client.take()
        last = self.house.core.log.lastId
        self.assertEqual((told["eventId"], told["cursor"], told["at"]), (last, last, "2024-05-01T00:00:00.000Z"))

    def test_lost(self) -> None:
        """Subscriptions end with the connection."""
        client = self.house.subscribed()
        self.assertEqual(len(self.house.core.subscriptions), 1)
        client.lose()
        self.assertEqual(len(self.house.core.subscriptions), 0)
        self.assertEqual(self.house.factory.connections, {})
        self.house.press()
        self.assertEqual(client.take(), [])

    def test_closing(self) -> None:
        """Nothing is told once the closing has begun, from either side."""
        ours, theirs = self.house.subscribed(), self.house.subscribed()
        ours.connection.close(1001)
        theirs.raw(frame(CLOSE, (1000).to_bytes(2, "big")))
        self.house.press()
        self.assertEqual((ours.take(), theirs.take()), ([], []))


class SlowTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(maxMessages=10, closeWithin=3.0)
        self.client = self.house.subscribed()
        self.client.transport.full = True
        self.house.press()
        self.assertEqual(names(self.client.take()), ["pressed"])

    def test_waits(self) -> None:
        self.house.press(3)
        self.house.switch("on")
        self.assertEqual(self.client.take(), [])
        self.client.transport.drain()
        self.assertEqual(names(self.client.take()), ["pressed"] * 3 + ["on"])

    def test_merged(self) -> None:
        """The latest of each slot, however many there were."""
        for watts in range(1, 100):
            for phase in ("L1", "L2"):
                self.house.measure(watts, phase)
        self.house.press()
        self.client.transport.drain()
        told = [each["notification"] for each in self.client.take()]
        self.assertEqual(
            [(each.get("phaseID"), each.get("value")) for each in told], [("L1", "99 W"), ("L2", "99 W"), (None, None)]
        )

    def test_replyInOrder(self) -> None:
        """Events of a command are told before its answer, to a slow client too."""
        waiting, self.house.api.answers = later()
        self.client.transport.full = False
        self.client.transport.drain()
        self.client.send(self.client.request("PUT", "/a"))
        self.client.transport.full = True
        self.house.press()
        self.house.switch("on")
        waiting[0].callback(Reply(200))
        self.client.take()
        self.client.transport.drain()
        self.assertEqual([each["messageType"] for each in self.client.take()], ["notification", "response"])

    def test_overflow(self) -> None:
        """Over the bound something would be lost: 1013, never silence; and the end within the deadline."""
        self.house.press(11)
        self.client.take()
        assert self.client.closed is not None
        self.assertEqual(self.client.closed[0], 1013)
        self.assertFalse(self.client.transport.disconnecting)
        self.house.clock.advance(1.6)
        self.assertTrue(self.client.transport.disconnecting)
        self.assertIsNone(self.client.transport.producer)
        self.house.clock.advance(1.3)
        self.assertFalse(self.client.transport.disconnected)
        self.house.clock.advance(0.2)
        self.assertTrue(self.client.transport.disconnected)
        self.client.lose()
        self.assertEqual(len(self.house.core.subscriptions), 0)
        self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_closedAlready(self) -> None:
        """While it is being closed nothing piles up."""
        self.client.connection.close(1001)
        self.house.press(5)
        self.assertEqual(self.client.connection.outbox.waiting, (0, 0))
        self.client.take()
        assert self.client.closed is not None
        self.assertEqual(self.client.closed[0], 1001)

    def test_overflowTaken(self) -> None:
        """A client that answers the close ends at once, and no timer stays behind."""
        self.house.press(11)
        self.client.raw(frame(CLOSE, (1013).to_bytes(2, "big")))
        self.assertTrue(self.client.transport.disconnecting)
        self.client.lose()
        self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_othersUnharmed(self) -> None:
        other = self.house.subscribed()
        self.house.press(30)
        self.assertEqual(len(other.take()), 30)
        self.assertIsNone(other.closed)

    def test_inTheMiddleOfARequest(self) -> None:
        """The bound passed by the events of its own command: no further request is begun, no error."""
        self.client.transport.drain()
        self.client.take()

        def answer(request: Request) -> Reply:
            self.client.transport.full = True
            self.house.press(12)
            return Reply(200)

        self.house.api.answers = answer
        for _ in range(3):
            self.client.send(self.client.request("PUT", "/a"))
        self.assertEqual(len(self.house.api.requests), 1)
        self.client.take()
        assert self.client.closed is not None
        self.assertEqual((self.client.closed[0], self.client.transport.producerState), (1013, "producing"))


class EndTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.behind = Behind(closeWithin=2.0)

    def test_theirClose(self) -> None:
        client = self.behind.client()
        client.raw(frame(CLOSE, (1000).to_bytes(2, "big") + b"bye"))
        client.take()
        self.assertEqual(client.closed, (1000, ""))
        self.assertTrue(client.transport.disconnecting)

    def test_theirCloseNotTaken(self) -> None:
        """A peer that closes and then reads nothing does not stay for ever."""
        client = self.behind.client()
        client.raw(frame(CLOSE))
        self.behind.clock.pump([1.1, 1.1])
        self.assertTrue(client.transport.disconnected)

    def test_violation(self) -> None:
        """Autobahn's own closes have the deadline too."""
        client = self.behind.client()
        client.raw(frame(TEXT | 0x70, b"reserved bits"))
        client.take()
        assert client.closed is not None
        self.assertEqual(client.closed[0], 1002)
        self.behind.clock.pump([1.1, 1.1])
        self.assertTrue(client.transport.disconnected)

    def test_stop(self) -> None:
        """Everybody is told, nobody is let in, and it fires when the last has gone."""
        clients = [self.behind.client() for _ in range(3)]
        stopped: list[Any] = []
        self.behind.factory.stop().addCallback(stopped.append)
        for client in clients:
            client.take()
            assert client.closed is not None
            self.assertEqual(client.closed[0], 1001)
        self.assertTrue(self.behind.client().head.startswith(b"HTTP/1.1 503"))
        for client in clients:
            self.assertEqual(stopped, [])
            client.lose()
        self.assertEqual(stopped, [None])

    def test_stopAlone(self) -> None:
        self.assertIsNone(self.successResultOf(self.behind.factory.stop()))
        self.assertIsNone(self.successResultOf(self.behind.factory.stop()))

    def test_stopByForce(self) -> None:
        client = self.behind.client()
        self.behind.factory.stop()
        self.behind.clock.pump([1.1, 1.1])
        self.assertTrue(client.transport.disconnected)


class GapTests(SynchronousTestCase):
    """A slow client that has asked to be told of gaps."""

    def setUp(self) -> None:
        self.house = House(maxMessages=10, closeWithin=3.0, slowFor=20.0)
        self.client = self.house.subscribed()
        self.client.connection.features = frozenset({"eventId", "gap"})
        self.client.transport.full = True
        self.house.press()
        [first] = self.client.take()
        self.first = first["eventId"]

    def test_gap(self) -> None:
        self.house.press(20)
        self.house.switch("on")
        self.assertEqual(self.client.take(), [])
        self.house.clock.advance(19)
        self.client.transport.drain()
        [gap] = self.client.take()
        last = self.house.core.log.lastId
        self.assertEqual(list(gap), ["clientId", "messageType", "gap", "devicesStatus"])
        self.assertEqual((gap["clientId"], gap["messageType"]), (self.client.id, "gap"))
        self.assertEqual(gap["gap"], {"epoch": "e1", "from": self.first, "to": last})
        states = {each["id"]: each.get("status") for each in gap["devicesStatus"]}
        self.assertEqual(states, {"lamp": {"OnOffState": [{"value": "on"}]}, "button": None, "meter": None})
        self.house.press()
        [told] = self.client.take()
        self.assertEqual((told["eventId"], told["cursor"]), (last + 1, last + 1))
        self.house.clock.advance(10)
        self.client.raw(frame(PONG))
        self.house.clock.advance(19)
        self.assertIsNone(self.client.closed)

    def test_covered(self) -> None:
        """Of the devices that it has subscribed to."""
        self.house.core.subscriptions.drop(self.client.connection)
        self.house.core.subscriptions.subscribe(self.client.connection, "button", ["*"])
        self.house.press(20)
        self.client.transport.drain()
        self.assertEqual([each["id"] for each in self.client.take()[0]["devicesStatus"]], ["button"])

    def test_heldBack(self) -> None:
        """A measurement that waits for its interval is in the gap, and is not told again."""
        self.client.transport.full = False
        self.client.transport.drain()
        self.house.core.subscriptions.subscribe(self.client.connection, None, ["*"], interval=5.0)
        self.house.measure(1)
        self.house.measure(2)
        self.client.transport.full = True
        self.house.press(20)
        self.client.take()
        self.client.transport.drain()
        [gap] = self.client.take()
        self.assertEqual(gap["gap"]["from"], self.first + 1)
        self.house.clock.advance(6)
        self.house.press()
        [told] = self.client.take()
        self.assertEqual(told["cursor"], self.house.core.log.lastId)

    def test_withoutTheFeature(self) -> None:
        self.client.connection.features = frozenset({"eventId"})
        self.house.press(20)
        self.client.take()
        assert self.client.closed is not None
        self.assertEqual(self.client.closed[0], 1013)

    def test_staysClogged(self) -> None:
        """Whatever it has asked for: 1013 after the configured time, and gone."""
        for features, presses in (({"gap"}, 20), ({"gap"}, 2), (set[str](), 2)):
            self.setUp()
            self.client.connection.features = frozenset(features)
            self.house.press(presses)
            self.house.clock.advance(19.9)
            self.client.take()
            self.assertIsNone(self.client.closed)
            self.house.clock.advance(0.2)
            self.client.take()
            assert self.client.closed is not None
            self.assertEqual(self.client.closed[0], 1013)
            self.assertEqual(self.client.connection.outbox.waiting, (0, 0))
            self.house.clock.pump([1.6, 1.6])
            self.assertTrue(self.client.transport.disconnected)
            self.client.lose()
            self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_dropped(self) -> None:
        """A client that could not be told of an event is closed with 1011: it is never left in silence."""
        client = self.house.subscribed()
        client.connection.dropped()
        client.take()
        assert client.closed is not None
        self.assertEqual(client.closed[0], 1011)

    def test_slowButReading(self) -> None:
        """Whoever takes something now and then is not clogged."""
        self.house.factory.heartbeat = 0.0
        for _ in range(10):
            self.house.press(3)
            self.house.clock.advance(15)
            assert self.client.transport.producer is not None
            self.client.transport.producer.resumeProducing()
        self.client.take()
        self.assertIsNone(self.client.closed)

    def test_noTimerIsLeft(self) -> None:
        self.client.lose()
        self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_total(self) -> None:
        """Bounded over all connections: the one for whom most waits is the first to lose it."""
        self.house = House(maxMessages=1000, maxTotalBytes=4096)
        slow, slower, quick = (self.house.subscribed() for _ in range(3))
        for client in (slow, slower):
            client.connection.features = frozenset({"eventId", "gap"})
        slower.transport.full = True
        self.house.press(5)
        slow.transport.full = True
        self.house.press(25)
        self.assertEqual(slower.connection.outbox.waiting, (0, 0))
        for client in (slow, slower):
            client.transport.drain()
        self.assertIn("gap", [each["messageType"] for each in slower.take()])
        self.assertEqual(len(quick.take()), 30)
        self.assertEqual(self.house.factory.budget.bytes, 0)


class BatchTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.client = self.house.subscribed()
        self.client.connection.features = frozenset({"batch"})

    def test_batch(self) -> None:
        """What happens in one turn is told in one frame; v1 clients get it one by one."""
        other = self.house.subscribed()
        self.house.press(2)
        self.house.switch("on")
        self.assertEqual(self.client.take(), [])
        self.house.clock.advance(0)
        [batch] = self.client.take()
        self.assertEqual(names(batch), ["pressed", "pressed", "on"])
        self.assertEqual(names(other.take()), ["pressed", "pressed", "on"])

    def test_withReplies(self) -> None:
        self.house.api.answers = pressing(self.house)
        self.client.send(self.client.request("PUT", "/a"))
        self.house.clock.advance(0)
        [batch] = self.client.take()
        self.assertEqual([each["messageType"] for each in batch], ["notification", "response"])

    def test_featureEnds(self) -> None:
        """What was collected is not overtaken."""
        self.house.press()
        self.client.connection.features = frozenset()
        self.house.switch("on")
        self.house.clock.advance(0)
        [batch] = self.client.take()
        self.assertEqual(names(batch), ["pressed", "on"])
        self.house.press()
        self.assertEqual(names(self.client.take()), ["pressed"])

    def test_closed(self) -> None:
        """Nothing is left behind by a close."""
        self.house.press(2)
        self.client.connection.close(1001)
        [batch] = self.client.take()
        self.assertEqual((len(batch), self.client.closed), (2, (1001, "")))
        self.client.lose()
        self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_lost(self) -> None:
        self.house.press()
        self.client.lose()
        self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_full(self) -> None:
        """A full transport is noticed in the middle of a turn, and nothing is lost by it."""
        self.client.connection.features = frozenset({"batch", "eventId", "gap"})
        self.client.transport.full = True
        self.house.press(1000)
        self.assertGreater(self.client.connection.outbox.waiting[0], 800)
        self.client.transport.drain()
        self.house.clock.advance(0)
        self.assertEqual(sum(map(len, self.client.take())), 1000)


class PipelineTests(SynchronousTestCase):
    def test_nothingIsLost(self) -> None:
        """A healthy client asks 512 times at once, each with an event, on a transport that is full each time."""
        house = House(maxMessages=10)
        client = house.subscribed()
        house.api.answers = pressing(house)
        client.transport.full = True
        client.raw(b"".join(frame(TEXT, json.dumps(client.request("PUT", "/a")).encode()) for _ in range(512)))
        came: list[Any] = []
        while taken := client.take():
            came += taken
            assert client.transport.producer is not None
            client.transport.producer.resumeProducing()
        self.assertEqual([each["messageType"] for each in came], ["notification", "response"] * 512)
        self.assertEqual([each["sequenceNumber"] for each in came[1::2]], list(range(1, 513)))
        self.assertIsNone(client.closed)


class HeartbeatTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(heartbeat=30.0, answerWithin=10.0)
        self.client = self.house.subscribed()

    def advance(self, seconds: int) -> None:
        self.house.clock.pump([1.0] * seconds)
        self.client.take()

    def test_pinged(self) -> None:
        """A client that answers stays."""
        for number in range(1, 5):
            self.advance(31)
            self.assertEqual([opcode for opcode, _ in self.client.other], [PING] * number)
            self.client.raw(frame(PONG, self.client.other[-1][1]))
        self.assertFalse(self.client.transport.disconnecting)

    def test_anythingIsLife(self) -> None:
        for data in (frame(PONG, b"unasked"), frame(PING), frame(TEXT, b"{}"), frame(TEXT, b"{}")[:3]):
            self.advance(30)
            self.client.raw(data)
        self.advance(20)
        self.assertFalse(self.client.transport.disconnecting)

    def test_silent(self) -> None:
        """One that does not is dropped, with its subscriptions."""
        self.advance(39)
        self.assertFalse(self.client.transport.disconnecting)
        self.advance(1)
        self.assertTrue(self.client.transport.disconnected)
        self.client.lose()
        self.assertEqual((len(self.house.core.subscriptions), self.house.clock.getDelayedCalls()), (0, []))

    def test_notRead(self) -> None:
        """While its requests are in flight nothing is read of it: that is no silence."""
        self.house.factory.maxInFlight = 1
        waiting, self.house.api.answers = later()
        for _ in range(2):
            self.client.send(self.client.request("GET", "/a"))
        self.assertEqual(self.client.transport.producerState, "paused")
        self.advance(60)
        self.assertFalse(self.client.transport.disconnecting)
        for _ in range(2):
            waiting.pop().callback(Reply(200))
        self.advance(20)
        self.assertTrue(self.client.transport.disconnected)

    def test_none(self) -> None:
        house = House(heartbeat=0.0)
        client = house.client()
        house.clock.advance(1000)
        client.take()
        self.assertEqual((client.other, house.clock.getDelayedCalls()), ([], []))


class DeflateTests(SynchronousTestCase):
    def test_deflated(self) -> None:
        """Where it is configured, and the client offers it: what is sent is compressed."""
        house = House(deflate=True, heartbeat=0.0)
        connection = house.factory.buildProtocol(None)
        assert isinstance(connection, Connection)
        transport = Pipe()
        connection.makeConnection(transport)
        connection.dataReceived(upgrade(Sec_WebSocket_Extensions="permessage-deflate"))
        head, _, rest = transport.value().partition(b"\r\n\r\n")
        self.assertIn(b"permessage-deflate", head)
        house.core.subscriptions.subscribe(connection, None, ["*"])
        transport.clear()
        house.press()
        inflate = zlib.decompressobj(-15)
        messages = []
        for data in (rest, transport.value()):
            self.assertEqual((data[0], data[1] & 0x80), (0xC1, 0))
            start = 4 if data[1] == 126 else 2
            messages.append(json.loads(inflate.decompress(data[start:] + b"\x00\x00\xff\xff")))
        self.assertEqual([each["messageType"] for each in messages], ["presentation", "notification"])
