"""A WebSocket client in memory, written from RFC 6455 without Autobahn, and what stands behind the door in tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from dog.api.call import Reply, Request
from dog.api.routes import Table
from dog.api.ws.connection import Connection, ConnectionFactory
from dog.core.core import Core
from dog.model.rights import Principal

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
)


def upgrade(path: str = "/ws", host: str = "127.0.0.1:8080", **headers: str) -> bytes:
    """The request that begins a WebSocket; C{Sec_WebSocket_Protocol="dog"} for further headers."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return UPGRADE.format(path=path, host=host, more=more).encode()


def frame(opcode: int, payload: bytes = b"", fin: bool = True) -> bytes:
    """A frame from client to server, masked."""
    mask = b"\x01\x02\x03\x04"
    size = len(payload)
    if size <= 125:
        head = bytes((opcode | fin << 7, size | 0x80))
    elif size <= 0xFFFF:
        head = bytes((opcode | fin << 7, 126 | 0x80)) + size.to_bytes(2, "big")
    else:
        head = bytes((opcode | fin << 7, 127 | 0x80)) + size.to_bytes(8, "big")
    return head + mask + bytes(each ^ mask[index % 4] for index, each in enumerate(payload))


def frames(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The (opcode, payload) of whole frames from a server, and the rest."""
    found = []
    while len(data) >= 2:
        assert data[0] & 0x80 and not data[1] & 0x80, "unfragmented and unmasked"
        size, start = data[1], 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(data[2:10], "big"), 10
        if len(data) < start + size:
            break
        found.append((data[0] & 0x0F, data[start : start + size]))
        data = data[start + size :]
    return found, data


class Pipe(StringTransport):
    """A transport that can be full, and that does not mind what real ones don't mind either."""

    full = False

    def write(self, data: bytes) -> None:
        super().write(data)
        if self.full and self.producer is not None:
            self.producer.pauseProducing()

    def unregisterProducer(self) -> None:
        self.producer = None

    def drain(self) -> None:
        """The peer reads again."""
        self.full = False
        assert self.producer is not None
        self.producer.resumeProducing()


class FakeApi:
    """Answers what a test says.

    @ivar answers: a Reply, a Deferred, an exception to raise, or a function of the request.
    @ivar keeps: what it has kept of every path.
    """

    def __init__(self) -> None:
        self.table = Table(())
        self.requests: list[Request] = []
        self.answers: Any = Reply(200, json={"ok": True})
        self.keeps: Reply | None = None
        self.keptFor: list[tuple[tuple[str, ...], Principal]] = []

    def kept(self, path: tuple[str, ...], principal: Principal) -> Reply | None:
        self.keptFor.append((path, principal))
        return self.keeps

    def answer(self, request: Request) -> Deferred[Reply]:
        self.requests.append(request)
        answer = self.answers(request) if callable(self.answers) else self.answers
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Deferred) else succeed(answer)


class Client:
    """One client of a factory, connected in memory.

    @ivar messages: every JSON message that has come, parsed; L{take} takes them.
    @ivar closed: (code, reason) of the server's close frame.
    """

    connection: Connection
    transport: Pipe
    head: bytes
    presentation: dict[str, Any]
    id: str
    _rest: bytes
    _next: int

    def __init__(self, factory: ConnectionFactory, request: bytes | None = None) -> None:
        built = factory.buildProtocol(None)
        assert isinstance(built, Connection)
        self.connection = built
        self.transport = Pipe()
        self.connection.makeConnection(self.transport)
        self.connection.dataReceived(upgrade() if request is None else request)
        self.head, _, self._rest = self.transport.value().partition(b"\r\n\r\n")
        self.transport.clear()
        self.messages: list[Any] = []
        self.other: list[tuple[int, bytes]] = []
        self.closed: tuple[int, str] | None = None
        self._next = 0
        if self.head.startswith(b"HTTP/1.1 101"):
            self.presentation = self.take()[0]
            self.id = self.presentation["clientId"]

    def take(self) -> list[Any]:
        """The JSON messages that have come since the last time."""
        found, self._rest = frames(self._rest + self.transport.value())
        self.transport.clear()
        for opcode, payload in found:
            if opcode == TEXT:
                self.messages.append(json.loads(payload))
            elif opcode == CLOSE:
                self.closed = int.from_bytes(payload[:2], "big"), payload[2:].decode()
            else:
                self.other.append((opcode, payload))
        taken, self.messages = self.messages, []
        return taken

    def send(self, message: Any) -> None:
        """Send a value as JSON, or a text or bytes as they are, in one text frame."""
        if not isinstance(message, (str, bytes)):
            message = json.dumps(message)
        self.raw(frame(TEXT, message.encode() if isinstance(message, str) else message))

    def raw(self, data: bytes) -> None:
        self.connection.dataReceived(data)

    def request(self, action: str, endPoint: str, parameters: Any = None, **more: Any) -> dict[str, Any]:
        """A request message. C{parameters} is left out where it is None."""
        self._next += 1
        message = {
            "clientId": self.id,
            "sequenceNumber": self._next,
            "messageType": "request",
            "action": action,
            "endPoint": endPoint,
            **({} if parameters is None else {"parameters": parameters}),
            **more,
        }
        return message

    def ask(self, action: str, endPoint: str, parameters: Any = None, **more: Any) -> Any:
        """Ask, and hand back the one answer."""
        self.send(self.request(action, endPoint, parameters, **more))
        [answer] = self.take()
        return answer

    def lose(self) -> None:
        """The TCP connection ends."""
        self.connection.connectionLost(Failure(ConnectionDone()))


class Behind:
    """A factory with a fake resource tree and a real core, and a clock."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.api = FakeApi()
        self.core = Core("e1")
        about = {"name": "dog", "version": "9"}
        self.factory = ConnectionFactory(self.api, self.core, self.clock.callLater, about=about, **settings)

    def client(self, request: bytes | None = None) -> Client:
        return Client(self.factory, request)


def later() -> tuple[list[Deferred[Reply]], Callable[[Request], Deferred[Reply]]]:
    """Answers that have not come yet, for L{FakeApi.answers}."""
    waiting: list[Deferred[Reply]] = []

    def answer(request: Request) -> Deferred[Reply]:
        waiting.append(Deferred())
        return waiting[-1]

    return waiting, answer
