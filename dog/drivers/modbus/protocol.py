"""One request at a time on one wire: timing, transaction ids, what comes late or broken."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.interfaces import IDelayedCall

from dog.drivers.modbus import codec
from dog.drivers.modbus.codec import BadResponse, Framing, ModbusException, Request
from dog.interfaces import IKit

T = TypeVar("T")

#: Exceptions that mean "not yet" (V1.1b3, section 7): worth another attempt.
_LATER = (5, 6)

_MOST_HEARD = 4096


class Silent(Exception):
    """No sound answer in time."""


class Closed(Exception):
    """The link ended meanwhile."""


@dataclass(frozen=True)
class Timing:
    """How long things take on a line, in seconds.

    @ivar turnaround: what a unit may take until it begins to answer.
    @ivar byteTime: what one byte takes on the line; 0 on a network.
    @ivar gap: silence between an answer and the next request.
    @ivar echo: the adapter repeats what is sent.
    """

    turnaround: float = 0.5
    byteTime: float = 0.0
    gap: float = 0.0
    echo: bool = False

    def timeout(self, sent: int, expected: int, turnaround: float | None) -> float:
        """Seconds to wait for an answer of C{expected} bytes to C{sent} ones."""
        return (self.turnaround if turnaround is None else turnaround) + self.byteTime * (sent + expected)

    def pause(self, gap: float | None) -> float:
        """Seconds of silence before the next request: on a serial line at least 3.5 bytes (Serial Line 2.5.1.1)."""
        least = max(3.5 * self.byteTime, 0.00175) if self.byteTime else 0.0
        return max(least, self.gap if gap is None else gap)


class Line:
    """Asks and listens. Garbage, late answers and those of others are passed over.

    @ivar heardAt: when a sound answer came last.
    """

    def __init__(self, kit: IKit, framing: Framing, timing: Timing, write: Callable[[bytes], object]) -> None:
        self.timing = timing
        self.heardAt = 0.0
        self._kit = kit
        self._framing = framing
        self._write = write
        self._heard = bytearray()
        self._echo = b""
        self._transaction = kit.random.randrange(0x10000)
        self._readyAt = 0.0
        self._asked: tuple[int, Request] | None = None
        self._gap: float | None = None
        self._answer: Deferred[bytes] | None = None
        self._timer: IDelayedCall | None = None
        self._sent = False
        self._stray = False
        self._mute: set[int] = set()
        self._closed = False

    def ask(
        self, unit: int, request: Request, timeout: float | None = None, gap: float | None = None
    ) -> Deferred[bytes]:
        """The PDU of the answer; fails with L{Silent} or L{Closed}. Only one at a time.

        @param timeout: instead of the line's turnaround. @param gap: instead of the line's, after the answer.
        """
        assert self._answer is None, "one request at a time"
        answer: Deferred[bytes] = Deferred()
        if self._closed:
            answer.errback(Closed("the link is closed"))
            return answer
        self._answer = answer
        self._asked = (unit, request)
        self._gap = gap
        wait = self._readyAt - self._kit.clock.seconds()
        if wait > 0:
            self._timer = self._kit.clock.callLater(wait, self._send, timeout)
        else:
            self._send(timeout)
        return answer

    def _send(self, turnaround: float | None) -> None:
        assert self._asked is not None
        unit, request = self._asked
        self._transaction = (self._transaction + 1) & 0xFFFF
        frame = self._framing.encode(unit, request.pdu, self._transaction)
        self._sent = True
        self._heard.clear()
        self._echo = frame if self.timing.echo else b""
        expected = self._framing.overhead + (request.expected or 253)
        timeout = self.timing.timeout(len(frame), expected, turnaround)
        self._timer = self._kit.clock.callLater(timeout, self._tooLate, timeout)
        self._write(frame)

    def heard(self, data: bytes) -> None:
        """Bytes came."""
        now = self._kit.clock.seconds()
        self._readyAt = max(self._readyAt, now + self.timing.pause(self._gap))
        if self._asked is None or not self._sent:
            self._stray = True
            return
        self._heard += data
        if self._echo:
            if len(self._heard) < len(self._echo):
                return
            if self._heard.startswith(self._echo):
                del self._heard[: len(self._echo)]
            self._echo = b""
        del self._heard[:-_MOST_HEARD]
        pdu = self._framing.find(bytes(self._heard), *self._asked, self._transaction)
        if pdu is not None:
            self.heardAt = self._kit.clock.seconds()
            self._mute.discard(self._asked[0])
            self._end().callback(pdu)

    def _tooLate(self, seconds: float) -> None:
        self._timer = None
        assert self._asked is not None
        self._readyAt = self._kit.clock.seconds() + self.timing.pause(self._gap) + self._drain(self._asked[0])
        what = f"{len(self._heard)} bytes that make no answer" if self._heard else "no answer"
        self._end().errback(Silent(f"{what} within {seconds:.3g} s"))

    def _drain(self, unit: int) -> float:
        """Seconds to let pass after a time-out, so that a late answer is not taken for that to the next request.

        Not where answers name their requests, nor for a unit from which nothing came last time either.
        """
        silent = unit in self._mute and not self._stray
        self._mute.add(unit)
        self._stray = False
        return 0.0 if self._framing.identified or silent else self.timing.turnaround

    def _end(self) -> Deferred[bytes]:
        answer = self._answer
        assert answer is not None
        self._answer = self._asked = None
        self._sent = False
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        return answer

    def close(self) -> None:
        """Ask nothing more; what is asked fails with L{Closed}."""
        self._closed = True
        if self._answer is not None:
            self._end().errback(Closed("the link was closed"))

    @inlineCallbacks
    def transact(
        self,
        unit: int,
        request: Request,
        parse: Callable[[Request, bytes], T],
        attempts: int = 1,
        until: float | None = None,
        timeout: float | None = None,
        gap: float | None = None,
    ) -> Generator[Deferred[Any], Any, T]:
        """Ask, up to C{attempts} times, but not again if no answer could come before C{until}.

        Fails with L{ModbusException}, L{Silent}, L{BadResponse} or L{Closed}.
        """
        while True:
            attempts -= 1
            try:
                pdu = yield self.ask(unit, request, timeout, gap)
                return parse(request, pdu)
            except (Silent, BadResponse, ModbusException) as error:
                if isinstance(error, ModbusException) and error.code not in _LATER:
                    raise
                now = self._kit.clock.seconds()
                if attempts <= 0 or (until is not None and now + self.timing.turnaround > until):
                    raise
                if isinstance(error, ModbusException):
                    self._readyAt = max(self._readyAt, now + 0.05)

    @inlineCallbacks
    def identify(self, unit: int) -> Generator[Deferred[Any], Any, dict[int, bytes]]:
        """What the unit says it is: the objects of its basic device identification. Fails as L{transact}."""
        objects: dict[int, bytes] = {}
        first: int | None = 0
        # A unit that always says that there is more does not keep the line for itself.
        for _ in range(8):
            request = codec.identify(1, first or 0)
            found = yield self.transact(unit, request, codec.identity)
            objects |= found.objects
            first = found.more
            if not first:
                break
        return objects
