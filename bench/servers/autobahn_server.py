"""Bare Autobahn on Twisted: C{sendMessage} and nothing else. Bare twisted.web at its side."""

from __future__ import annotations

import secrets
import sys
from typing import Any

from autobahn.twisted.resource import WebSocketResource
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import reactor
from twisted.internet.protocol import DatagramProtocol
from twisted.web.resource import Resource
from twisted.web.server import Site

from bench.servers.messages import STATUS_TEXT, notification, presentation, response

CLIENTS: dict[Any, bytes] = {}


class Protocol(WebSocketServerProtocol):
    def onOpen(self) -> None:
        self.clientId = secrets.token_hex(4)
        self.sendMessage(presentation(self.clientId))  # type: ignore[no-untyped-call]

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        answer, subscribes = response(payload)
        if subscribes:
            CLIENTS[self] = self.clientId.encode()
        self.sendMessage(answer)  # type: ignore[no-untyped-call]

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        CLIENTS.pop(self, None)


class Events(DatagramProtocol):
    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        for client, clientId in CLIENTS.items():
            client.sendMessage(notification(clientId))


class Status(Resource):
    isLeaf = True

    def render_GET(self, request: Any) -> bytes:
        request.setHeader(b"content-type", b"application/json")
        return STATUS_TEXT

    def render_PUT(self, request: Any) -> bytes:
        request.content.read()
        return b""


def main() -> None:
    factory = WebSocketServerFactory()
    factory.protocol = Protocol
    root = Resource()
    root.putChild(b"ws", WebSocketResource(factory))
    root.putChild(b"api", Status())  # type: ignore[no-untyped-call]
    run: Any = reactor
    tcp = run.listenTCP(0, Site(root), interface="127.0.0.1")
    udp = run.listenUDP(0, Events(), interface="127.0.0.1")
    sys.stdout.write(f"bench ready {tcp.getHost().port} {udp.getHost().port}\n")
    sys.stdout.flush()
    run.run()


if __name__ == "__main__":
    main()
