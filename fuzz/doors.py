"""A whole gateway in memory, with a simulated home, whose two doors take anything."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import provider

import dog
from dog.config import Settings
from dog.service import Gateway

#: Requests per second that nobody reaches.
PLENTY = 10_000

UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)

_CLIENT_ID = re.compile(rb'"clientId":"([^"]+)"')


def frame(payload: bytes, opcode: int = 1) -> bytes:
    """As a client sends it, with a mask of zeros (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        head = bytes([0x80 | opcode, 0x80 | size])
    elif size < 65536:
        head = bytes([0x80 | opcode, 0xFE]) + size.to_bytes(2, "big")
    else:
        head = bytes([0x80 | opcode, 0xFF]) + size.to_bytes(8, "big")
    return head + bytes(4) + payload


class Transport(StringTransport):
    """As real ones, it does not mind to be told twice that there is no producer."""

    def unregisterProducer(self) -> None:
        self.producer = None


class Doors:
    """The gateway, and what it lets through.

    @param folder: empty; the home and the state are in it.
    """

    def __init__(self, folder: Path) -> None:
        home = Path(dog.__file__).parent / "demo" / "home.xml"
        (folder / "home.xml").write_bytes(home.read_bytes())
        self.reactor: Any = MemoryReactorClock()
        settings = Settings(
            home=folder / "home.xml",
            stateDir=folder,
            simulate=True,
            requestsPerSecond=PLENTY,
            burst=PLENTY,
            blockedAfter=0,
        )
        self.gateway = Gateway(settings, self.reactor, maybeDeferred)
        self.gateway.privilegedStartService()  # type: ignore[no-untyped-call]
        self.gateway.startService()
        self.site: Any = self.reactor.tcpServers[0][1]
        self.reactor.advance(1.0)

    def close(self) -> None:
        """Stop it: its threads end."""
        self.gateway.stopService()
        self.reactor.advance(self.gateway.patience)

    def connect(self) -> Any:
        """The transport of a new client."""
        transport: Any = Transport()  # type: ignore[no-untyped-call]
        transport.protocol = self.site.buildProtocol(transport.getPeer())
        transport.protocol.makeConnection(transport)
        return transport

    def http(self, data: bytes) -> bytes:
        """What is answered to these bytes, within a second. Raises what the gateway has logged as its own failure."""
        transport = self.connect()
        return self._take(transport, data)

    def webSocket(self, data: bytes) -> bytes:
        """The same, sent by a client that has made the handshake; C{CLIENT} in it stands for the client's id."""
        transport = self.connect()
        transport.protocol.dataReceived(UPGRADE)
        found = _CLIENT_ID.search(transport.value())
        assert found is not None, transport.value()
        answer = self._take(transport, data.replace(b"CLIENT", found[1]))
        connections = self.gateway.sockets.connections
        assert not connections, f"{len(connections)} connections are left"
        return answer

    def _take(self, transport: Any, data: bytes) -> bytes:
        failures: list[Failure] = []

        @provider(ILogObserver)
        def observe(event: LogEvent) -> None:
            if event.get("log_failure") is not None:
                failures.append(event["log_failure"])

        globalLogPublisher.addObserver(observe)
        try:
            for at in range(0, len(data), 1000):
                if not transport.disconnecting:
                    transport.protocol.dataReceived(data[at : at + 1000])
            self.reactor.advance(1.0)
            transport.protocol.connectionLost(Failure(ConnectionDone()))
            self.reactor.advance(0.1)
        finally:
            globalLogPublisher.removeObserver(observe)
        for each in failures:
            each.raiseException()
        return bytes(transport.value())
