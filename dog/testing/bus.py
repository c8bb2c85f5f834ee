"""The other end of a bus in memory: answers what a driver asks, and goes wrong on order.

Use::

    kit = FakeKit()
    bus = Bus(kit, "tcp:192.0.2.1:7000", lambda request: b"OK\\n", cut=lines)
    link.start()
    kit.run(1)                       # what was asked is answered, as time passes
    bus.next(delay(3), drop)         # the next answer comes late, the one after it never
    bus.say(b"RELAY 1 ON\\n")         # the bus speaks by itself
    bus.hangUp()

A fault is a function: what an answer becomes on its way. It is given the answer, and returns the pieces in which it
arrives: (seconds after the last piece, bytes), None in the place of bytes being the end of the connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from dog.testing.links import FakeKit

Pieces = Iterable[tuple[float, bytes | None]]
Fault = Callable[[bytes], Pieces]

#: Takes what has arrived; gives the requests that are whole, and the rest.
Cut = Callable[[bytes], tuple[list[bytes], bytes]]


# -- where requests end -----------------------------------------------------------------------------------


def whole(data: bytes) -> tuple[list[bytes], bytes]:
    """Whatever is written at once is a request."""
    return [data], b""


def lines(data: bytes) -> tuple[list[bytes], bytes]:
    """A request is a line; its end (LF, or CR LF) is taken off."""
    *found, rest = data.split(b"\n")
    return [each.removesuffix(b"\r") for each in found], rest


# -- faults -----------------------------------------------------------------------------------------------


def sound(answer: bytes) -> Pieces:
    """No fault at all."""
    return [(0.0, answer)]


def drop(answer: bytes) -> Pieces:
    """It never comes."""
    return []


def disconnect(answer: bytes) -> Pieces:
    """The connection ends in its place."""
    return [(0.0, None)]


def delay(seconds: float) -> Fault:
    """It comes so many seconds late."""
    return lambda answer: [(seconds, answer)]


def cut(keep: int) -> Fault:
    """Only so many bytes of it come; negative: all but so many."""
    return lambda answer: [(0.0, answer[:keep])]


def corrupt(byte: int = 0, bits: int = 0x55) -> Fault:
    """The bits of that byte arrive inverted (negative: counted from the end). An empty answer stays as it is."""

    def fault(answer: bytes) -> Pieces:
        found = bytearray(answer)
        if found:
            found[byte] ^= bits
        return [(0.0, bytes(found))]

    return fault


def garbage(noise: bytes = b"\x00\xff\x55\xaa") -> Fault:
    """Noise comes before it."""
    return lambda answer: [(0.0, noise + answer)]


def pieces(size: int = 1, pause: float = 0.001) -> Fault:
    """It comes in pieces of so many bytes, so many seconds apart."""
    return lambda answer: [(pause, answer[at : at + size]) for at in range(0, len(answer), size)]


# -- the bus ------------------------------------------------------------------------------------------------


class Bus:
    """Everything at the other end of one endpoint of a L{FakeKit}.

    Nothing arrives at once: answers come when time passes on the kit's clock, C{latency} seconds after the request.

    @param answer: (a request) -> the bytes of the answer, or None: nothing.
    @param cut: where a request ends, L{whole} or L{lines} or the bus's own.
    @ivar requests: every request that came. @ivar times: and when, on the kit's clock.
    @ivar connected: how often the driver has connected.
    """

    def __init__(
        self,
        kit: FakeKit,
        endpoint: str,
        answer: Callable[[bytes], bytes | None],
        cut: Cut = whole,
        latency: float = 0.0,
    ) -> None:
        self.latency = latency
        self.requests: list[bytes] = []
        self.times: list[float] = []
        self.connected = 0
        self._kit = kit
        self._answer = answer
        self._cut = cut
        self._next: list[Fault] = []
        self._every: Fault = sound
        self._plug: BusTransport | None = None
        self._rest = b""
        kit.accept(endpoint, self._accept)

    # -- what a test lays down ------------------------------------------------------------------------------

    def next(self, *faults: Fault) -> None:
        """What becomes of the next answers, one fault for each, after those that were laid down before."""
        self._next.extend(faults)

    def every(self, fault: Fault) -> None:
        """What becomes of every answer for which nothing else was laid down; L{sound} heals the bus."""
        self._every = fault

    def say(self, data: bytes) -> None:
        """Something that nobody asked for arrives, now. Nothing happens while the driver is not connected."""
        if self._plug is not None:
            self._plug.arrive(data)

    def hangUp(self) -> None:
        """The connection ends, now, if there is one. The driver may connect again."""
        if self._plug is not None:
            self._plug.end(ConnectionLost())

    # -- the driver's side ----------------------------------------------------------------------------------

    def _accept(self, protocol: Any) -> BusTransport:
        self.connected += 1
        self._rest = b""
        self._plug = BusTransport(self._kit, protocol, self._written, self._ended)
        return self._plug

    def _written(self, data: bytes) -> None:
        requests, self._rest = self._cut(self._rest + data)
        for each in requests:
            self.requests.append(each)
            self.times.append(self._kit.clock.seconds())
            answer = self._answer(each)
            if answer is not None and self._plug is not None:
                fault = self._next.pop(0) if self._next else self._every
                at = self.latency
                for seconds, piece in fault(answer):
                    at += seconds
                    self._plug.later(at, piece)

    def _ended(self, plug: BusTransport) -> None:
        if self._plug is plug:
            self._plug = None


class BusTransport(StringTransport):
    """A transport in memory that ends as a real one does: the protocol is told, and nothing arrives any more."""

    def __init__(
        self,
        kit: FakeKit,
        protocol: Any,
        written: Callable[[bytes], object],
        ended: Callable[[BusTransport], object],
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._kit = kit
        self._protocol = protocol
        self._written = written
        self._ended = ended
        self._calls: list[IDelayedCall] = []

    def write(self, data: bytes) -> None:
        """The driver writes; kept as by any C{StringTransport}, and heard at the other end."""
        if not self.disconnecting:
            super().write(data)  # type: ignore[no-untyped-call]
            self._written(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """The same in parts."""
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """The driver closes: it is told so a moment later, as by a socket."""
        if not self.disconnecting:
            self.disconnecting = True
            self._callLater(0.0, self.end, ConnectionDone())

    def abortConnection(self) -> None:
        """The driver closes by force: it is told so at once."""
        if not self.disconnected:
            self.disconnecting = True
            self.end(ConnectionLost())

    def later(self, seconds: float, data: bytes | None) -> None:
        """So many seconds from now this arrives; None: the connection ends."""
        if data is None:
            self._callLater(seconds, self.end, ConnectionLost())
        else:
            self._callLater(seconds, self.arrive, data)

    def _callLater(self, seconds: float, call: Callable[..., object], *args: object) -> None:
        self._calls = [each for each in self._calls if each.active()]
        self._calls.append(self._kit.clock.callLater(seconds, call, *args))

    def arrive(self, data: bytes) -> None:
        """This arrives, now."""
        if not self.disconnecting and not self.disconnected and data:
            self._protocol.dataReceived(data)

    def end(self, why: Exception) -> None:
        """The connection has ended."""
        if not self.disconnected:
            self._stop()
            self.disconnected = True
            self._ended(self)
            self._protocol.connectionLost(Failure(why))

    def _stop(self) -> None:
        calls, self._calls = self._calls, []
        for each in calls:
            if each.active():
                each.cancel()
