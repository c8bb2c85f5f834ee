"""One write per connection and reactor turn: a transport in front of the transport.

Twisted's own transport asks the reactor to be told when the socket can be written, and writes then: three system
calls and a pass of the reactor for each piece. Here what is written in one turn of the reactor is joined and sent at
its end, at once and directly; only what the socket does not take goes the usual way, until it is drained. Answers wait
for that end too: sent one by one, each would wake its client, and its next request would come alone.

It goes on after the upgrade, so that HTTP never meets it; not on TLS, which joins by itself.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.interfaces import IConsumer, IPullProducer, IPushProducer, ISSLTransport, ITCPTransport
from twisted.logger import Logger
from zope.interface import implementer

#: Bytes that may wait for the socket before the producer is told to pause; as much as Twisted's own transports allow.
FULL = 64 * 1024


class Turns:
    """The connections that were written to in this turn of the reactor.

    @param later: the reactor's C{callLater}.
    """

    log = Logger()

    def __init__(self, later: Callable[[float, Callable[[], object]], object]) -> None:
        self._later = later
        self._written: list[Turn] = []

    def around(self, transport: Any) -> Any:
        """The transport to use in place of this one; the same one where it is of no use: TLS, or nothing to write to
        directly.

        No producer may be registered with it.
        """
        if ISSLTransport.providedBy(transport) or not hasattr(transport, "writeSomeData"):
            return transport
        return Turn(transport, self)

    def written(self, turn: Turn) -> None:
        """Flush it at the end of this turn."""
        if not self._written:
            self._later(0, self._end)
        self._written.append(turn)

    def _end(self) -> None:
        written, self._written = self._written, []
        for each in written:
            try:
                each.flush()
            except Exception:
                self.log.failure("a connection could not be written to and is dropped")
                each.abortConnection()


@implementer(ITCPTransport, IConsumer)
class Turn:
    """Collects what is written to a connection; passes everything else on to its transport.

    Of its transport it uses what is public: its socket, or C{writeSomeData} where it has none; C{write}, and a pull
    producer that is asked for more when everything is sent. It does not know what was written before it: it begins as
    if the socket were full, so that nothing overtakes what another protocol has left there.
    """

    __slots__ = (
        "_closed",
        "_full",
        "_given",
        "_paused",
        "_pending",
        "_producer",
        "_send",
        "_size",
        "_transport",
        "_turns",
    )

    def __init__(self, transport: Any, turns: Turns) -> None:
        self._transport = transport
        self._turns = turns
        self._pending: list[bytes] = []
        self._size = 0  # of pending
        self._given = 0  # handed to the transport and perhaps not sent
        self._full = False
        self._paused = False
        self._closed = False
        self._producer: IPushProducer | None = None
        handle = transport.getHandle() if hasattr(transport, "getHandle") else None
        # Half of what writeSomeData costs is its own doing; this runs once per client and event.
        self._send: Callable[[bytes], int] | None = handle.send if isinstance(handle, socket.socket) else None
        self._fill(b"")

    # -- what is written --------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if self._closed:
            return
        pending = self._pending
        if not pending:
            written = self._turns._written
            if written:
                written.append(self)
            else:
                self._turns.written(self)
        pending.append(data)
        self._size = size = self._size + len(data)
        if size + self._given > FULL:
            self._tooMuch()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def flush(self) -> None:
        """Send what was collected, as far as the socket takes it. While it is full, everything waits."""
        if not self._pending:
            return
        if self._full:
            if not self._given:
                self._give(self._take())
            return
        data = self._take()
        if self._send is None:
            sent = self._transport.writeSomeData(data)
        else:
            try:
                sent = self._send(data)
            except OSError as error:
                sent = 0 if isinstance(error, BlockingIOError) else error
        if sent != len(data):
            # Where it has failed, writing it the usual way is how the reactor gets to know.
            self._fill(data[sent:] if isinstance(sent, int) else data)

    def _take(self) -> bytes:
        data = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self._pending.clear()
        self._size = 0
        return data

    def _tooMuch(self) -> None:
        self.flush()
        if self._size + self._given > FULL and not self._paused and self._producer is not None:
            self._paused = True
            self._producer.pauseProducing()

    # -- while the socket is full -------------------------------------------------------------------------

    def _fill(self, data: bytes) -> None:
        self._full = True
        self._give(data)
        self._transport.registerProducer(_Rest(self), False)

    def _give(self, data: bytes) -> None:
        self._given = len(data)
        self._transport.write(data)

    def drained(self) -> None:
        """Everything has been sent that was handed to the transport."""
        if self._pending:
            self._give(self._take())
            return
        self._given = 0
        self._full = False
        self._transport.unregisterProducer()
        if self._paused and self._producer is not None:
            self._paused = False
            self._producer.resumeProducing()

    # -- the rest of a transport --------------------------------------------------------------------------

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """@param streaming: true: there is nothing here that pulls."""
        if not streaming or self._producer is not None:
            raise RuntimeError("one push producer at a time")
        self._producer = producer

    def unregisterProducer(self) -> None:
        self._producer = None
        self._paused = False

    def loseConnection(self) -> None:
        """Close, when everything has been sent that was written."""
        if self._closed:
            return
        self.flush()
        self._closed = True
        if self._full:
            if self._pending:
                self._transport.write(self._take())
            self._transport.unregisterProducer()
        self._transport.loseConnection()

    def abortConnection(self) -> None:
        """Close at once; what was not sent is dropped."""
        self._drop()
        self._transport.abortConnection()

    def lost(self) -> None:
        """The connection has ended."""
        self._drop()
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.stopProducing()

    def _drop(self) -> None:
        self._closed = True
        self._send = None
        self._pending.clear()
        self._size = 0

    # Word for word: with __getattr__ every attribute of this class would be found more slowly.

    def loseWriteConnection(self) -> None:
        self.flush()
        if self._pending:
            self._give(self._take())
        self._transport.loseWriteConnection()

    def pauseProducing(self) -> None:
        """Read nothing for now."""
        self._transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Read again."""
        self._transport.resumeProducing()

    def getHandle(self) -> Any:
        return self._transport.getHandle()

    def getPeer(self) -> Any:
        return self._transport.getPeer()

    def getHost(self) -> Any:
        return self._transport.getHost()

    def getTcpNoDelay(self) -> bool:
        return bool(self._transport.getTcpNoDelay())

    def setTcpNoDelay(self, enabled: bool) -> None:
        self._transport.setTcpNoDelay(enabled)

    def getTcpKeepAlive(self) -> bool:
        return bool(self._transport.getTcpKeepAlive())

    def setTcpKeepAlive(self, enabled: bool) -> None:
        self._transport.setTcpKeepAlive(enabled)


@implementer(IPullProducer)
class _Rest:
    """Asked by the transport for more each time it has sent everything."""

    __slots__ = ("_asked", "_turn")

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._asked = False

    def resumeProducing(self) -> None:
        if self._asked:
            self._turn.drained()
        self._asked = True  # the first time it is only registered

    def stopProducing(self) -> None:
        self._turn.lost()
