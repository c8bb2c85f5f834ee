"""A reactor without sockets whose time passes at the speed of what happens in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactor
from twisted.python.failure import Failure

from tests.drivers.modbus.load import HeapClock

BEGIN = datetime(2025, 1, 15, tzinfo=UTC)

#: Bytes that wait in a line before its writer is asked to pause, as in Twisted's transports.
FULL = 64 * 1024


class SoakReactor(HeapClock, MemoryReactor):  # type: ignore[misc]
    """C{run(seconds)} has everything happen that is due by then."""

    def __init__(self) -> None:
        MemoryReactor.__init__(self)
        HeapClock.__init__(self)

    def utcNow(self) -> datetime:
        return BEGIN + timedelta(seconds=self.seconds())

    def callFromThread(self, call: Any, *args: Any, **more: Any) -> None:
        self.callLater(0.0, call, *args, **more)


class Line:
    """A client's connection to a server: the transport of the server's protocol, and what the client does with it.

    @ivar closed: nothing comes or goes any more.
    """

    disconnecting = False

    def __init__(self, reactor: SoakReactor, factory: Any, host: str, port: int) -> None:
        self._reactor = reactor
        self._peer = IPv4Address("TCP", host, port)
        self._waiting: list[bytes] = []
        self._size = 0
        self._producer: Any = None
        self._paused = False
        self.closed = False
        self.protocol = factory.buildProtocol(self._peer)
        if self.protocol is None:
            self.closed = True
        else:
            self.protocol.makeConnection(self)

    # -- the client's end ------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        if not self.closed and not self.disconnecting:
            self.protocol.dataReceived(data)

    def read(self) -> bytes:
        """Everything that has come since."""
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        if self.disconnecting:
            self._close()
        elif self._paused and self._producer is not None:
            self._paused = False
            self._producer.resumeProducing()
        return data

    def hangUp(self) -> None:
        self._waiting.clear()
        self._close()

    # -- the server's end ------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if self.closed or self.disconnecting:
            return
        self._waiting.append(bytes(data))
        self._size += len(data)
        if self._size > FULL and self._producer is not None and not self._paused:
            self._paused = True
            self._producer.pauseProducing()

    def writeSequence(self, data: Any) -> None:
        self.write(b"".join(data))

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert streaming, "pull producers are wrapped by their channels"
        self._producer = producer

    def unregisterProducer(self) -> None:
        self._producer = None
        self._paused = False

    def loseConnection(self) -> None:
        """What waits goes first, as far as the client reads it."""
        self.disconnecting = True
        if not self._waiting:
            self._reactor.callLater(0.0, self._close)

    def abortConnection(self) -> None:
        self.disconnecting = True
        self._reactor.callLater(0.0, self._close)

    def _close(self) -> None:
        if not self.closed:
            self.closed = True
            protocol, self.protocol, self._producer = self.protocol, None, None
            protocol.connectionLost(Failure(ConnectionDone()))

    def getPeer(self) -> IPv4Address:
        return self._peer

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "127.0.0.1", 8080)

    def setTcpNoDelay(self, yes: bool) -> None:
        pass

    def setTcpKeepAlive(self, yes: bool) -> None:
        pass
