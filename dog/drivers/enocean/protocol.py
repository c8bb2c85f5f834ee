"""ESP3 over a line: one request at a time, its response, and the telegrams in between."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall

from dog.drivers.enocean.erp import BadTelegram, Telegram
from dog.drivers.enocean.esp3 import BAUDRATE, CUT, GAP, Deframer, Packet, PacketType, ReturnCode
from dog.drivers.link import SerialSettings, Wire, portEndpoint
from dog.interfaces import IKit, LinkFailed

#: What goes first: answers that are awaited on the air, what somebody asked for, what is only kept up to date.
URGENT, NORMAL, BACKGROUND = range(3)


class NoAnswer(Exception):
    """The transceiver did not answer a request, or the line was closed before it could."""


def endpointOf(name: str) -> str:
    """The endpoint string of a transceiver's port; see L{portEndpoint}. ValueError, in words."""
    return portEndpoint(name, SerialSettings(BAUDRATE))


@dataclass(eq=False)
class _Request:
    packet: Packet
    size: int
    answered: Deferred[bytes]


class Line:
    """The transceiver at the other end of a wire.

    ESP3 numbers nothing: a response belongs to the request before it. So there is one request at a time, and one
    whose data has not the size of what was asked is a late answer to an earlier request, and ignored.

    Times are measured up to when something was read, not to when it came: on a busy machine it may have come and wait
    to be read when its time is over. So everything that is due is given up one turn of the reactor later.

    @cvar patience: seconds to wait for a response. Source: ESP3, "Packet type 2: RESPONSE" (500 ms).
    @cvar pause: seconds between two transmissions.
    @cvar giveUp: requests in a row without an answer after which the line is lost.
    @ivar ignored: packets so far that were neither telegrams nor responses to anything.
    """

    patience = 0.5
    pause = 0.05
    giveUp = 3

    def __init__(
        self,
        kit: IKit,
        endpoint: str,
        heard: Callable[[Telegram], object],
        lost: Callable[[LinkFailed], object],
        event: Callable[[bytes], object] = lambda data: None,
    ) -> None:
        """
        @param heard: called with every telegram.
        @param event: called with the data of every event that the transceiver tells.
        @param lost: called once if the line ends, or the transceiver has stopped answering.
        """
        self._kit = kit
        self._heard = heard
        self._lost = lost
        self._event = event
        self._wire = Wire(kit, endpoint, self._received, self._broken)
        self._deframer = Deframer()
        self._queues: tuple[deque[_Request], ...] = (deque(), deque(), deque())
        self._current: _Request | None = None
        self._timers: dict[str, IDelayedCall] = {}
        self._silent = 0
        self._closed = False
        self.ignored = 0

    def open(self) -> Deferred[None]:
        """Fires with None once connected; fails with L{LinkFailed}."""
        return self._wire.open()

    def close(self) -> Deferred[None]:
        """Fires with None when closed. Requests that are open fail with L{NoAnswer}. Any number of times."""
        self._end()
        return self._wire.close()

    def request(self, packet: Packet, size: int = 1, rank: int = NORMAL) -> Deferred[bytes]:
        """The data of its response, return code first. Fails with L{NoAnswer}. May be cancelled.

        @param size: how many bytes the data has, if the return code is OK.
        @param rank: L{URGENT} goes ahead of all that wait, L{BACKGROUND} behind.
        """
        if self._closed:
            return fail(NoAnswer("the line is closed"))
        asked = _Request(packet, size, Deferred(lambda _: self._forget(asked)))
        self._queues[rank].append(asked)
        self._next()
        return asked.answered

    def respond(self, packet: Packet) -> None:
        """Write a response to an event, which the transceiver waits for. It is not answered, so it goes at once."""
        if not self._closed:
            self._wire.write(packet.encode())

    def _forget(self, request: _Request) -> None:
        """Cancelled: if it is on its way already, its response is still waited for, to keep count."""
        for queue in self._queues:
            if request in queue:
                queue.remove(request)

    # -- one after the other ------------------------------------------------------------------------------

    def _next(self) -> None:
        waiting = next((queue for queue in self._queues if queue), None)
        if self._current is not None or waiting is None or "pause" in self._timers:
            return
        self._current = waiting.popleft()
        self._wire.write(self._current.packet.encode())
        self._after("answer", self.patience, lambda: self._after("answer", 0, self._unanswered))

    def _unanswered(self) -> None:
        self._silent += 1
        if self._silent >= self.giveUp:
            self._broken(LinkFailed("timeout", "the transceiver has stopped answering"))
        else:
            self._settle(None)

    def _settle(self, response: bytes | None) -> None:
        request, self._current = self._current, None
        self._stop("answer")
        if not self._closed:
            self._after("pause", self.pause, self._next)
        if request is not None and not request.answered.called:
            if response is None:
                request.answered.errback(NoAnswer(f"no answer from the transceiver within {self.patience:g} s"))
            else:
                request.answered.callback(response)

    # -- what comes ---------------------------------------------------------------------------------------

    def _received(self, data: bytes) -> None:
        self._take(self._deframer.feed(data))
        self._stop("gap")
        if self._deframer.waiting and not self._closed:
            self._after("gap", GAP, lambda: self._after("gap", 0, self._rests))

    def _rests(self) -> None:
        """Whole packets behind one that does not go on count; that one may still, being only read late."""
        self._take(self._deframer.skip())
        if self._deframer.waiting and not self._closed:
            self._after("gap", CUT - GAP, lambda: self._after("gap", 0, self._cutOff))

    def _cutOff(self) -> None:
        self._take(self._deframer.gap())

    def _take(self, packets: list[Packet]) -> None:
        for packet in packets:
            if self._closed:
                return
            if packet.type == PacketType.RESPONSE:
                self._response(packet.data)
                continue
            if packet.type == PacketType.EVENT:
                self._event(packet.data)
                continue
            try:
                telegram = Telegram.parse(packet)
            except BadTelegram as bad:
                self.ignored += 1
                self._kit.log.debug("ignored: {bad}", bad=str(bad))
            else:
                self._heard(telegram)

    def _response(self, data: bytes) -> None:
        if self._current is None or (data[0] == ReturnCode.OK and len(data) != self._current.size):
            self.ignored += 1
            return
        self._silent = 0
        self._settle(data)

    # -- the end --------------------------------------------------------------------------------------------

    def _broken(self, reason: LinkFailed) -> None:
        """Say so first: those whose requests fail then know why."""
        if not self._closed:
            self._closed = True
            self._lost(reason)
            self._end()

    def _end(self) -> None:
        self._closed = True
        for name in list(self._timers):
            self._stop(name)
        waiting = [each for queue in self._queues for each in queue]
        if self._current is not None:
            waiting.insert(0, self._current)
        self._current = None
        for queue in self._queues:
            queue.clear()
        for request in waiting:
            if not request.answered.called:
                request.answered.errback(NoAnswer("the line was closed"))

    def _after(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        def due() -> None:
            del self._timers[name]
            call()

        self._timers[name] = self._kit.clock.callLater(seconds, due)

    def _stop(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
