"""A gateway in memory: Autobahn's own server protocol and the v1 messages, on transports that a test pumps by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.test.iosim import FakeTransport, connect
from zope.interface import implementer

#: What a resource answers: (status, response) or (status, response, fields beside them).
Answer = tuple[Any, ...]


class Peer(WebSocketServerProtocol):
    """The gateway's end of one connection.

    @ivar requests: (action, endPoint, parameters) of every request, in order.
    @ivar headers: what came with the upgrade.
    """

    gateway: FakeGateway

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[tuple[str, str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self.headers: dict[str, str] = {}
        self.closeCode: int | None = None
        self.ended = False

    def onConnect(self, request: Any) -> None:
        self.headers = dict(request.headers)
        self.path = request.path
        if self.gateway.turnAway is not None:
            self.gateway.turnAway()

    def onOpen(self) -> None:
        if self.gateway.presents:
            self.tell({"clientId": self.clientId, "messageType": "presentation", **self.gateway.presentation})

    @property
    def clientId(self) -> str:
        return f"client{self.gateway.peers.index(self)}"

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        message = json.loads(payload)
        self.messages.append(message)
        self.requests.append((message["action"], message["endPoint"], message.get("parameters")))
        if not self.gateway.answering or self.respond(self, message):
            return
        answer = self.gateway.answers.get((message["action"], message["endPoint"]))
        if answer is None and message["endPoint"].startswith("/api/v1/subscriptions"):
            word = "Registration" if message["action"] == "POST" else "Unregistration"
            answer = (200, {"result": f"{word} completed successfully"})
        if answer is None:
            answer = (404, {"result": "The requested resource was not found"})
        self.answer(message, *answer)

    def respond(self, peer: Peer, message: dict[str, Any]) -> bool:
        """For gateways that can do more: has the request been answered?"""
        return False

    def answer(self, message: dict[str, Any], status: int, response: Any, fields: Any = None) -> None:
        echoed = {name: message[name] for name in ("clientId", "sequenceNumber", "action", "endPoint")}
        self.tell({**echoed, "messageType": "response", "response": response, "status": status, **(fields or {})})

    def notify(self, device: str, cls: str, name: str, fields: Any = None, **params: Any) -> None:
        body = {"deviceUri": device, "notificationTopic": cls, "notificationName": name, **params}
        self.tell({"clientId": self.clientId, "messageType": "notification", "notification": body, **(fields or {})})

    def tell(self, message: Any) -> None:
        self.sendMessage(json.dumps(message).encode("utf-8"))

    def onPing(self, payload: bytes) -> None:
        if self.gateway.ponging:
            super().onPing(payload)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self.closeCode = code
        self.ended = True


@implementer(IStreamClientEndpoint)
class FakeGateway:
    """Hand it to a client as its C{endpoint}; L{flush} lets everything that is on its way arrive.

    @ivar refusing: an exception with which connections fail, or None.
    @ivar hanging: connections neither succeed nor fail.
    @ivar turnAway: raises what the upgrade is refused with.
    @ivar answers: (action, endPoint) -> L{Answer}; subscriptions are answered by themselves, all else is 404.
    """

    def __init__(self, clock: Clock, url: str = "ws://127.0.0.1:8080/ws") -> None:
        self.clock = clock
        self.refusing: Exception | None = None
        self.hanging = False
        self.turnAway: Callable[[], object] | None = None
        self.presents = True
        self.answering = True
        self.ponging = True
        self.presentation: dict[str, Any] = {}
        self.answers: dict[tuple[str, str], Answer] = {}
        self.attempts = 0
        self.cancelled = 0
        self.peers: list[Peer] = []
        self._pumps: list[Any] = []
        self._factory = WebSocketServerFactory(url, reactor=clock)
        self._factory.setProtocolOptions(openHandshakeTimeout=0, closeHandshakeTimeout=0)

    def connect(self, factory: IProtocolFactory) -> Deferred[Any]:
        self.attempts += 1
        if self.hanging:
            return Deferred(self._cancelled)
        if self.refusing is not None:
            return fail(self.refusing)
        client = factory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 8080))
        peer = self.newPeer()
        self._pumps.append(connect(peer, FakeTransport(peer, True), client, FakeTransport(client, False), greet=False))
        return succeed(client)

    def newPeer(self) -> Peer:
        peer = Peer()
        peer.factory = self._factory
        peer.gateway = self
        self.peers.append(peer)
        return peer

    def listening(self) -> Any:
        """The factory of the gateway's ends, for tests on real sockets."""
        self._factory.protocol = self.newPeer  # type: ignore[assignment]
        return self._factory

    def _cancelled(self, deferred: object) -> None:
        self.cancelled += 1

    @property
    def peer(self) -> Peer:
        """The end of the newest connection."""
        return self.peers[-1]

    def flush(self) -> None:
        moved = True
        while moved:
            moved = False
            for pump in self._pumps:
                moved = bool(pump.pump()) or moved

    def lose(self) -> None:
        """The newest connection breaks off without a word."""
        self.peer.dropConnection(abort=True)
        self.flush()
