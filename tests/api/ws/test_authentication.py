"""Who a WebSocket client is: from the upgrade, or from its session; and for how long."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import formatEvent
from twisted.trial.unittest import SynchronousTestCase

from dog.api.call import Reply, Request
from dog.api.dispatch import Api
from dog.api.identity import Identity
from dog.api.resources import admin, session, subscriptions, system
from dog.api.routes import routesOf
from dog.api.slowdown import Slowdown
from dog.api.ws.connection import ConnectionFactory
from dog.core.core import Applied, Core, Observed
from dog.core.now import Now
from dog.home.diff import diff
from dog.model.device import Device
from dog.model.home import Home
from dog.model.rights import ANONYMOUS, NOBODY, Principal, Role, Scope
from dog.model.values import Reading, Slot
from dog.testing.links import EPOCH
from tests.api.test_session import Ports
from tests.api.ws.talk import Client, Pipe, upgrade
from tests.logs import record

ADMIN = Principal("admin", Role.ADMIN, token="a")
HALL = Principal("hall", Role.VIEWER, Scope(devices=("hall",)), token="h")
VIEWER = Principal("anonymous", Role.VIEWER)

NOTIFICATIONS = "/api/v1/subscriptions/devices/notifications"


class Keys:
    def __init__(self) -> None:
        self.known = {"dog_admin": ADMIN, "dog_hall": HALL}

    def principal(self, secret: str) -> Principal | None:
        return self.known.get(secret)


class Case(SynchronousTestCase):
    """Behind the real resource tree, a house with a lamp in the hall and one in the attic.

    @ivar anonymous: a client without a token.
    """

    anonymous = NOBODY

    def setUp(self) -> None:
        self.clock = Clock()
        self.core = Core("e1")
        devices = {id: Device(id, "SimpleLamp") for id in ("hall", "attic")}
        self.core.step(Applied(diff(Home(), Home(devices=devices))), Now(0.0, EPOCH))
        ports: Any = Ports(self.core)
        ports.table = ports.about = ports.attachments = ports.streams = ports.certificate = None
        api = Api(routesOf([admin, session, subscriptions, system]), ports, self.clock)
        identity = Identity(self.anonymous, None, Keys(), Slowdown(self.clock, free=1, least=2.0))
        self.factory = ConnectionFactory(api, self.core, self.clock.callLater, identity=identity, identifyWithin=15)

    def client(self, **headers: str) -> Client:
        return Client(self.factory, upgrade(**headers))

    def switch(self, *ids: str) -> None:
        for id in ids or ("hall", "attic"):
            value = "on" if self.core.values.value(Slot(id, "OnOffState")) == "off" else "off"
            observed = Observed(id, (Reading(Slot(id, "OnOffState"), value),))
            for event, clients in self.core.step(observed, Now(self.clock.seconds(), EPOCH)).deliveries:
                for client in clients:
                    client.deliver(event)  # type: ignore[attr-defined]

    def told(self, client: Client) -> list[str]:
        return [each["notification"]["deviceUri"] for each in client.take() if each["messageType"] == "notification"]

    def subscribe(self, client: Client) -> int:
        status: int = client.ask("POST", NOTIFICATIONS, ["*"])["status"]
        return status

    def session(self, client: Client, token: str) -> dict[str, Any]:
        answer: dict[str, Any] = client.ask("PUT", "/api/v1/session", {"token": token})
        return answer


class Upgrade(Case):
    def test_header(self) -> None:
        client = self.client(Authorization="Bearer dog_admin")
        self.assertIs(client.connection.principal, ADMIN)
        self.assertIs(client.presentation["authenticated"], True)

    def test_subprotocol(self) -> None:
        """As browsers have to; it is not told back."""
        client = self.client(Sec_WebSocket_Protocol="dog, dog.token.dog_admin")
        self.assertIs(client.connection.principal, ADMIN)
        self.assertIn(b"\r\nSec-WebSocket-Protocol: dog\r\n", client.head + b"\r\n")
        self.assertNotIn(b"dog_admin", client.head)

    def test_bad(self) -> None:
        """Refused, also where a client without a token would not be."""
        self.factory.identity.local = self.factory.identity.remote = ANONYMOUS
        for number, headers in enumerate((
            {"Authorization": "Bearer dog_bad"},
            {"Sec_WebSocket_Protocol": "dog, dog.token.dog_bad"},
            {"Authorization": "Basic Zm9vOmJhcg=="},
        )):  # fmt: skip
            client = self.client(**headers)
            if number:
                self.assertEqual(client.head, b"")
                self.clock.advance(8)
                client.head = client.transport.value()
            self.assertTrue(client.head.startswith(b"HTTP/1.1 401 "), client.head)
            self.assertNotIn(b"dog_bad", client.head)
            self.assertTrue(client.transport.disconnecting)
        self.assertEqual(self.factory.connections, {})

    def test_notLogged(self) -> None:
        """Neither by us nor by Autobahn, at any level."""
        logged = record(self)
        for token in ("dog_admin", "dog_bad"):
            self.client(Authorization=f"Bearer {token}")
            self.client(Sec_WebSocket_Protocol=f"dog, dog.token.{token}")
        client = self.client()
        self.session(client, "dog_admin")

        def broken(request: Request) -> Deferred[Reply]:
            raise ZeroDivisionError

        self.factory.api.answer = broken  # type: ignore[method-assign]
        self.assertEqual(self.session(client, "dog_bad")["status"], 500)
        self.clock.advance(8)
        [failure] = self.flushLoggedErrors(ZeroDivisionError)
        for text in (*map(repr, logged), *filter(None, map(formatEvent, logged)), failure.getTraceback()):
            self.assertNotIn("dog_admin", text)
            self.assertNotIn("dog_bad", text)
        self.assertTrue(logged)

    def test_goneMeanwhile(self) -> None:
        """A client that does not wait for its refusal leaves nothing behind."""
        self.client(Authorization="Bearer dog_bad")
        client = self.client(Authorization="Bearer dog_bad")
        client.lose()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_local(self) -> None:
        """A client of this machine may be somebody else than one from elsewhere."""
        self.factory.identity.local = ANONYMOUS
        self.assertIs(self.client().connection.principal, NOBODY)
        self.patch(Pipe, "getPeer", lambda self: IPv4Address("TCP", "127.0.0.1", 4000))
        self.assertIs(self.client().connection.principal, ANONYMOUS)
        self.assertIs(self.client(X_Forwarded_For="192.0.2.1").connection.principal, NOBODY)


class Session(Case):
    def test_nothingBefore(self) -> None:
        """Who has not said who he is gets nothing but what is everybody's."""
        client = self.client()
        self.assertIs(client.presentation["authenticated"], False)
        for action, path in (
            ("GET", "/api/v1/events"),
            ("POST", NOTIFICATIONS),
            ("GET", "/admin/framework/memory/runtime"),
        ):
            answer = client.ask(action, path)
            self.assertEqual((answer["status"], answer["error"]["code"]), (401, "unauthorized"))
            self.assertEqual(answer["response"], {"result": "Not authorised"})
        self.assertEqual(client.ask("GET", "/api/v1/ping")["status"], 200)

    def test_identify(self) -> None:
        client = self.client()
        answer = self.session(client, "dog_admin")
        self.assertEqual(answer["response"], {"features": [], "authenticated": True})
        self.assertEqual(self.subscribe(client), 200)
        self.switch()
        self.assertEqual(self.told(client), ["hall", "attic"])

    def test_anotherOne(self) -> None:
        """What was subscribed to stays; what is seen of it is what the new one may see."""
        client = self.client(Authorization="Bearer dog_admin")
        self.subscribe(client)
        self.session(client, "dog_hall")
        self.switch()
        self.assertEqual(self.told(client), ["hall"])
        self.assertEqual(client.ask("GET", "/admin/framework/memory/runtime")["status"], 403)

    def test_bad(self) -> None:
        """It is told, and the connection is closed: it never goes on as whoever it was."""
        for begun in ({}, {"Authorization": "Bearer dog_admin"}):
            client = self.client(**begun)
            client.send(client.request("PUT", "/api/v1/session", {"token": "dog_bad", "features": ["gap"]}))
            self.clock.advance(8)
            [answer] = client.take()
            self.assertEqual((answer["status"], answer["error"]["code"]), (401, "unauthorized"))
            self.assertEqual(client.closed, (1008, "the token is not valid"))
            self.assertEqual(client.connection.features, frozenset())

    def test_deadline(self) -> None:
        client, known, named = self.client(), self.client(), self.client(Authorization="Bearer dog_hall")
        self.session(known, "dog_hall")
        self.clock.advance(14.9)
        client.take()
        self.assertIsNone(client.closed)
        self.clock.advance(0.2)
        for each in (client, known, named):
            each.take()
        self.assertEqual(client.closed, (1008, "a token is needed here"))
        self.assertEqual((known.closed, named.closed), (None, None))

    def test_noTimerLeft(self) -> None:
        client = self.client()
        client.lose()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class AnonymousSession(Case):
    anonymous = VIEWER

    def test_more(self) -> None:
        """A client with some rights gets others by its token, and has all the time it wants."""
        client = self.client()
        self.assertIs(client.presentation["authenticated"], True)
        self.clock.advance(100)
        self.assertEqual(client.ask("GET", "/api/v1/events")["status"], 200)
        self.assertEqual(client.ask("GET", "/admin/framework/memory/runtime")["status"], 403)
        self.session(client, "dog_admin")
        self.assertIs(client.connection.principal, ADMIN)


class Ended(Case):
    def test_closed(self) -> None:
        """At once, and what waits for it is not sent any more; others stay."""
        mine, other = self.client(Authorization="Bearer dog_hall"), self.client(Authorization="Bearer dog_admin")
        late = self.client()
        self.session(late, "dog_hall")
        for each in (mine, other, late):
            self.subscribe(each)
        mine.transport.full = True
        self.switch()
        mine.take()
        self.switch()  # waits: the transport is full
        late.take()
        self.factory.ended(HALL)
        self.switch()
        mine.transport.drain()
        self.assertEqual(self.told(mine), [])
        self.assertEqual(self.told(late), [])
        self.assertEqual((mine.closed, late.closed), ((1008, "the token has ended"), (1008, "the token has ended")))
        self.assertEqual(self.told(other), ["hall", "attic"] * 3)
        self.assertIsNone(other.closed)

    def test_batch(self) -> None:
        """What was put together for him is not sent either."""
        mine = self.client(Authorization="Bearer dog_hall")
        mine.send(mine.request("PUT", "/api/v1/session", {"features": ["batch"]}))
        self.clock.advance(1)
        mine.take()
        mine.send(mine.request("POST", NOTIFICATIONS, ["*"]))
        self.clock.advance(1)
        mine.take()
        self.switch()
        self.factory.ended(HALL)
        self.clock.advance(1)
        self.assertEqual(mine.take(), [])
        self.assertEqual(mine.closed, (1008, "the token has ended"))

    def test_requestsAfterIt(self) -> None:
        mine = self.client(Authorization="Bearer dog_admin")
        self.factory.ended(ADMIN)
        mine.send(mine.request("GET", "/admin/framework/memory/runtime"))
        self.assertEqual(mine.take(), [])
