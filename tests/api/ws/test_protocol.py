"""Upgrades through the real web server, in memory and over loopback: what only shows on a live socket."""

import json
import socket
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase
from twisted.web.server import Site

from dog.api import http
from dog.api.call import Reply, Request
from dog.api.dispatch import Api
from dog.api.identity import Identity
from dog.api.ws.connection import Connection, ConnectionFactory
from dog.api.ws.protocol import TCP_NOTSENT_LOWAT, UNSENT, WebSocket, WebSocketDoor, WebSocketFactory
from dog.api.ws.turn import Turns
from dog.core.core import Core
from tests.api.test_session import Ports
from tests.api.ws.talk import CLOSE, TEXT, FakeApi, Pipe, frame, frames, upgrade
from tests.api.ws.test_connection import House

network: Any = reactor


class DoorTests(SynchronousTestCase):
    """In memory, through the gateway's own web server."""

    def setUp(self) -> None:
        self.clock = Clock()
        core = Core("e1")
        self.factory = ConnectionFactory(FakeApi(), core, self.clock.callLater)
        api = Api((), Ports(core), self.clock)  # type: ignore[arg-type]
        self.site = http.factory(api, Identity(), self.clock, ws={"/ws": WebSocketDoor(self.factory)})

    def ask(self, request: bytes) -> bytes:
        self.transport = Pipe()
        self.transport.protocol = channel = self.site.buildProtocol(None)  # type: ignore[attr-defined]
        channel.makeConnection(self.transport)
        channel.dataReceived(request)
        answer: bytes = self.transport.value()
        return answer

    def test_paths(self) -> None:
        for path in ("/ws", "/ws/", "//ws", "/ws?x=1", "//ws//"):
            answer = self.ask(upgrade(path))
            self.assertTrue(answer.startswith(b"HTTP/1.1 101"), (path, answer))
            [(opcode, payload)], _ = frames(answer.partition(b"\r\n\r\n")[2])
            self.assertEqual((opcode, json.loads(payload)["messageType"]), (TEXT, "presentation"))

    def test_otherPaths(self) -> None:
        for path in ("/", "/ws/x", "/api/v1/ws", "/wss"):
            self.assertTrue(self.ask(upgrade(path)).startswith(b"HTTP/1.1 404"), path)

    def test_takenOver(self) -> None:
        """The web server lets go of the connection: it is no producer any more, and has no time-out left."""
        self.ask(upgrade())
        [connection] = self.factory.connections.values()
        self.assertIs(self.transport.producer, connection.outbox)
        self.assertEqual(self.transport.producerState, "producing")
        self.clock.advance(100_000)
        self.assertFalse(self.transport.disconnecting)
        self.assertTrue(connection.isOpen)

    def test_noUpgrade(self) -> None:
        answer = self.ask(b"GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 426 Upgrade Required\r\n"), answer)
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertIn(b"\r\nUpgrade: websocket", head)
        self.assertIn(b"\r\nContent-Type: application/json", head)
        self.assertEqual(json.loads(body)["error"]["code"], "upgrade_required")

    def test_oldHttp(self) -> None:
        answer = self.ask(upgrade().replace(b"HTTP/1.1", b"HTTP/1.0"))
        self.assertIn(b" 426 ", answer.partition(b"\r\n")[0])

    def test_otherMethods(self) -> None:
        for method in (b"POST", b"PUT", b"DELETE", b"HEAD"):
            answer = self.ask(method + b" /ws HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
            self.assertTrue(answer.startswith(b"HTTP/1.1 405"), answer)
            self.assertIn(b"\r\nAllow: GET, OPTIONS\r\n", answer)
        self.assertTrue(self.ask(b"OPTIONS /ws HTTP/1.1\r\nHost: localhost\r\n\r\n").startswith(b"HTTP/1.1 204"))

    def test_incomplete(self) -> None:
        """An upgrade that lacks what the standard asks for."""
        answer = self.ask(b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 400"), answer)
        self.assertTrue(self.transport.disconnecting)

    def test_version(self) -> None:
        answer = self.ask(upgrade().replace(b"Version: 13", b"Version: 99"))
        self.assertTrue(answer.startswith(b"HTTP/1.1 400"), answer)
        self.assertIn(b"Sec-WebSocket-Version: 13", answer)


class NamesTests(SynchronousTestCase):
    def test_onlyMeant(self) -> None:
        """No attribute of ours is one of Autobahn's by accident, in the release that is installed."""

        def clashes(ours: type, theirs: type) -> set[str]:
            return {name for name in vars(ours) if not name.startswith("__") and hasattr(theirs, name)}

        self.assertEqual(
            clashes(WebSocket, WebSocketServerProtocol),
            {"makeConnection", "onOpen", "sendCloseFrame", "sendData", "dataReceived", "connectionLost"},
        )
        self.assertEqual(
            clashes(Connection, WebSocketServerProtocol),
            {"onConnect", "onOpen", "onClose", "onMessage", "sendCloseFrame"},
        )
        self.assertEqual(clashes(WebSocketFactory, WebSocketServerFactory), {"protocol"})
        self.assertEqual(clashes(ConnectionFactory, WebSocketServerFactory), {"protocol"})
        # What is set on instances.
        plain = WebSocketServerProtocol()
        self.assertEqual(set(vars(Connection())) & (set(dir(plain)) | set(plain.CONFIG_ATTRS)), set(vars(plain)))
        bare = WebSocketServerFactory(reactor=object())
        made = ConnectionFactory(FakeApi(), Core("e1"), Clock().callLater)
        self.assertEqual(set(vars(made)) & set(dir(bare)), set(vars(bare)))


class Raw(Protocol):
    """A client as bytes, over TCP."""

    def __init__(self) -> None:
        self.data = b""
        self.head = b""
        self.found: list[tuple[int, bytes]] = []
        self.open: Deferred[None] = Deferred()
        self.lost: Deferred[None] = Deferred()
        self._wanted: list[tuple[int, Deferred[None]]] = []

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(upgrade())

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        if not self.head:
            head, end, rest = self.data.partition(b"\r\n\r\n")
            if not end:
                return
            self.head, self.data = head, rest
        more, self.data = frames(self.data)
        self.found += more
        if self.found and not self.open.called:
            self.open.callback(None)
        while self._wanted and self._wanted[0][0] <= len(self.found):
            self._wanted.pop(0)[1].callback(None)

    def have(self, number: int) -> Deferred[None]:
        """Fires when that many frames have come in all."""
        wanted: Deferred[None] = Deferred()
        self._wanted.append((number, wanted))
        self.dataReceived(b"")
        return wanted

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.callback(None)

    def messages(self) -> list[Any]:
        return [json.loads(payload) for opcode, payload in self.found if opcode == TEXT]


class LiveTests(TestCase):
    """Over loopback."""

    timeout = 30

    def serve(self, web: bool = True, **settings: Any) -> House:
        house = House(**settings)
        house.factory.later = network.callLater
        served = Site(WebSocketDoor(house.factory)) if web else house.factory
        port = network.listenTCP(0, served, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        self.port = port.getHost().port
        return house

    @inlineCallbacks
    def connect(self):
        client = Raw()
        factory = Factory.forProtocol(lambda: client)
        factory.noisy = False
        yield TCP4ClientEndpoint(network, "127.0.0.1", self.port).connect(factory)
        yield client.open

        def end() -> Deferred[None]:
            client.transport.abortConnection()  # type: ignore[union-attr]
            return client.lost

        self.addCleanup(end)
        return client

    def served(self, house: House) -> Connection:
        [connection] = house.factory.connections.values()
        return connection

    @inlineCallbacks
    def test_noDelay(self):
        """TCP_NODELAY is set on the socket itself, without the web server's doing."""
        house = self.serve(web=False)
        yield self.connect()
        handle = self.served(house).transport.getHandle()
        self.assertEqual(handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), 1)

    @inlineCallbacks
    def test_unsentIsSmall(self):
        """The kernel is told to take no more than it can send soon; through the gateway's own transport, too."""
        house = self.serve(turns=Turns(network.callLater))
        yield self.connect()
        if TCP_NOTSENT_LOWAT is None:
            raise SkipTest("this platform has no TCP_NOTSENT_LOWAT")
        handle = self.served(house).transport.getHandle()
        self.assertEqual(handle.getsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT), UNSENT)

    @inlineCallbacks
    def test_pipelined(self):
        """512 requests at once, each with an event, by a client that reads only when it has asked everything."""
        house = self.serve(turns=Turns(network.callLater))
        client = yield self.connect()
        connection = self.served(house)
        connection.transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        house.core.subscriptions.subscribe(connection, None, ["*"])
        full: Deferred[None] = Deferred()

        def clogged(yes: bool) -> None:
            if not full.called:
                full.callback(None)

        self.patch(connection.outbox, "_clogged", clogged)

        def answer(request: Request) -> Reply:
            house.press()
            return Reply(200, json={"text": "x" * 2000})

        house.api.answers = answer
        id = client.messages()[0]["clientId"]
        request = {"clientId": id, "messageType": "request", "action": "GET", "endPoint": "/a"}
        client.transport.pauseProducing()
        client.transport.write(frame(TEXT, json.dumps(request).encode()) * 512)
        yield full
        client.transport.resumeProducing()
        yield client.have(1 + 2 * 512)
        self.assertEqual([each["messageType"] for each in client.messages()[1:]], ["notification", "response"] * 512)
        self.assertTrue(connection.isOpen)

    @inlineCallbacks
    def test_conversation(self):
        house = self.serve()
        client = yield self.connect()
        id = client.messages()[0]["clientId"]
        request = {"clientId": id, "messageType": "request", "action": "GET", "endPoint": "/a"}
        client.transport.write(frame(TEXT, json.dumps(request).encode()) * 512)
        yield client.have(513)
        self.assertEqual({each["status"] for each in client.messages()[1:]}, {200})
        self.assertEqual(len(house.api.requests), 512)
        client.transport.write(frame(CLOSE, (1000).to_bytes(2, "big")))
        yield client.lost
        self.assertEqual(client.found[-1], (CLOSE, (1000).to_bytes(2, "big")))

    @inlineCallbacks
    def test_slowReader(self):
        """A client that reads again in time has lost nothing, although its transport was full."""
        house = self.serve()
        client = yield self.connect()
        connection = self.served(house)
        connection.transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        house.core.subscriptions.subscribe(connection, None, ["*"])
        client.transport.pauseProducing()
        number = 0
        while connection.outbox.flowing:
            house.press()
            number += 1
        for _ in range(100):
            house.press()
        self.assertEqual(connection.outbox.waiting[0], 100)
        client.transport.resumeProducing()
        yield client.have(1 + number + 100)
        self.assertEqual(len(client.messages()), 1 + number + 100)
        self.assertTrue(connection.outbox.flowing)

    @inlineCallbacks
    def test_stuckReader(self):
        """One that does not is gone, with what it had; the others have not noticed."""
        house = self.serve(closeWithin=0.05)
        stuck = yield self.connect()
        connection = self.served(house)
        connection.transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        other = yield self.connect()
        for each in house.factory.connections.values():
            house.core.subscriptions.subscribe(each, None, ["*"])
        gone: Deferred[None] = Deferred()
        left = house.factory.left

        def leaving(each: Connection) -> None:
            left(each)
            gone.callback(None)

        self.patch(house.factory, "left", leaving)
        stuck.transport.pauseProducing()
        number = 0
        while connection.isOpen:
            house.press()
            number += 1
            yield other.have(1 + number)
        self.assertLess(number * 200, 512 * 1024)
        yield gone
        self.assertEqual(len(house.core.subscriptions), 1)
        self.assertEqual(len(other.messages()), 1 + number)
        self.assertEqual(len(house.factory.connections), 1)
        stuck.transport.resumeProducing()
        yield stuck.lost
