"""What is to be sent and can't be yet: bounded, in order, measurements merged to the latest."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import count

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from dog.api.ws.envelope import Notification


@dataclass(slots=True)
class _Waiting:
    """A notification that waits. C{since}: the number of the first event that was merged into it, or its own."""

    notification: Notification
    since: int


@implementer(IPushProducer)
class Outbox:
    """Stands between a connection and its transport, as the transport's producer.

    While the peer takes what it is sent, everything passes at once. A transport that is full (64 KiB in user space)
    is a signal to wait, never a verdict: a healthy client that asks much at once causes it too. What waits keeps
    its order; only a measurement that is superseded (L{Notification.key}) is dropped, its successor at the tail.

    Replies wait as long as it takes: their number is bounded by the requests in flight, and no new request is begun
    while anything waits. Notifications wait up to the bounds; over them the client would have to lose something.

    @param write: sends a frame.
    @param render: the frame of a notification, given the cursor: the highest event number up to which nothing is
        held back for this client.
    @param drained: called when everything has been sent that waited.
    @param overflowed: called, once, when a notification is over the bounds; nothing is sent from then on.
    """

    def __init__(
        self,
        write: Callable[[bytes], object],
        render: Callable[[Notification, int], bytes],
        drained: Callable[[], object],
        overflowed: Callable[[], object],
        *,
        maxMessages: int = 1024,
        maxBytes: int = 256 * 1024,
    ) -> None:
        self._write = write
        self._render = render
        self._drained = drained
        self._overflowed = overflowed
        self._maxMessages = maxMessages
        self._maxBytes = maxBytes
        self._paused = False
        self._closed = False
        self._queue: OrderedDict[Hashable, _Waiting | bytes] = OrderedDict()
        self._replies = count()
        self._messages = 0
        self._bytes = 0
        self._merged: list[int] = []
        self._sent: set[int] = set()

    @property
    def flowing(self) -> bool:
        """Whether nothing waits."""
        return not self._paused and not self._queue

    @property
    def waiting(self) -> tuple[int, int]:
        """How many notifications wait, and about how many bytes they are."""
        return self._messages, self._bytes

    def reply(self, frame: bytes) -> None:
        """Send a frame after everything that was told before it."""
        if self._closed:
            return
        if self.flowing:
            self._write(frame)
        else:
            self._queue["reply", next(self._replies)] = frame

    def tell(self, notification: Notification) -> None:
        """Send a notification, or let it wait."""
        if self._closed:
            return
        if self.flowing:
            self._write(self._render(notification, notification.eventId))
            return
        new = _Waiting(notification, notification.eventId)
        key: Hashable = ("event", notification.eventId) if notification.key is None else notification.key
        old = self._queue.pop(key, None)
        if isinstance(old, _Waiting):
            self._forget(old)
            new.since = old.since
            if old.since == old.notification.eventId:
                heapq.heappush(self._merged, old.since)
        self._queue[key] = new
        self._messages += 1
        self._bytes += notification.size
        if self._messages > self._maxMessages or self._bytes > self._maxBytes:
            self.close()
            self._overflowed()

    def close(self) -> None:
        """Send nothing any more, and forget what waits."""
        self._closed = True
        self._queue.clear()
        self._messages = self._bytes = 0

    # -- the transport says -----------------------------------------------------------------------------

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        while self._queue and not self._paused:
            _, next = self._queue.popitem(last=False)
            if isinstance(next, bytes):
                self._write(next)
            else:
                self._forget(next)
                if next.since != next.notification.eventId:
                    self._sent.add(next.since)
                self._write(self._render(next.notification, self._cursor(next.notification.eventId)))
        if not self._queue:
            self._merged.clear()
            self._sent.clear()
        if self.flowing and not self._closed:
            self._drained()

    def stopProducing(self) -> None:
        self.close()

    def _forget(self, waiting: _Waiting) -> None:
        self._messages -= 1
        self._bytes -= waiting.notification.size

    def _cursor(self, eventId: int) -> int:
        """Behind everything that was merged away and whose successor still waits."""
        while self._merged and self._merged[0] in self._sent:
            self._sent.discard(heapq.heappop(self._merged))
        return min(eventId, self._merged[0] - 1) if self._merged else eventId
