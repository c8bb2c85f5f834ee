"""What is to be sent and can't be yet: bounded, in order, measurements merged to the latest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import count

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from dog.api.ws.cursor import Cursor
from dog.api.ws.envelope import Notification
from dog.api.ws.replay import Gone, Replay


@dataclass(slots=True)
class _Waiting:
    """A notification that waits. C{since}: the number of the first event that was merged into it, or its own."""

    notification: Notification
    since: int


@dataclass(frozen=True, slots=True)
class _Gap:
    """Where notifications were dropped. C{since}: the cursor before that."""

    since: int


class Budget:
    """What may wait for all clients together: over it, the one for whom most waits loses it.

    @ivar bytes: what waits now.
    @ivar maxBytes: the bound.
    """

    def __init__(self, maxBytes: int) -> None:
        self.bytes = 0
        self.maxBytes = maxBytes
        self._outboxes: dict[Outbox, None] = {}

    def changed(self, outbox: Outbox, by: int) -> None:
        self.bytes += by
        if outbox.waiting[1]:
            self._outboxes[outbox] = None
        else:
            self._outboxes.pop(outbox, None)

    def keep(self) -> None:
        """Come back within the bound."""
        while self.bytes > self.maxBytes:
            max(self._outboxes, key=lambda each: each.waiting[1]).overflow()


@implementer(IPushProducer)
class Outbox:
    """Stands between a connection and its transport, as the transport's producer.

    While the peer takes what it is sent, everything passes at once. A transport that is full (64 KiB in user space)
    is a signal to wait, never a verdict: a healthy client that asks much at once causes it too. What waits keeps
    its order; only a measurement that is superseded (L{Notification.key}) is dropped, its successor at the tail.

    Replies wait as long as it takes: their number is bounded by the requests in flight, and no new request is begun
    while anything waits. Notifications wait up to the bounds. Over them they are forgotten, and so is what comes
    after, until the client reads again and can be told of the gap; if it does not understand that, this is the end.

    @param write: sends a frame.
    @param render: the frame of a notification, given the cursor: the highest event number up to which nothing is
        held back for this client.
    @param drained: called when everything has been sent that waited.
    @param overflowed: called when a notification is over the bounds. Says whether the client can be told of a gap;
        if not, nothing is sent from then on.
    @param gap: the frame that tells of a gap, given the cursor before it. What has happened by then is in it: it
        moves L{cursor} there.
    @param clogged: called with True when the transport is full, with False when it takes again.
    @ivar cursor: what is held back for this client, here and by others; of a replay only the replay itself knows.
    """

    def __init__(
        self,
        write: Callable[[bytes], object],
        render: Callable[[Notification, int], bytes],
        drained: Callable[[], object],
        overflowed: Callable[[], bool | None],
        *,
        gap: Callable[[int], bytes] | None = None,
        clogged: Callable[[bool], object] | None = None,
        maxMessages: int = 1024,
        maxBytes: int = 256 * 1024,
        budget: Budget | None = None,
    ) -> None:
        self.cursor = Cursor()
        self._write = write
        self._render = render
        self._drained = drained
        self._overflowed = overflowed
        self._gap = gap
        self._clogged = clogged
        self._maxMessages = maxMessages
        self._maxBytes = maxBytes
        self._budget = budget
        self._paused = False
        self._closed = False
        self._lost = False
        self._queue: OrderedDict[Hashable, _Waiting | _Gap | Replay | bytes] = OrderedDict()
        self._replays: dict[Hashable, Replay] = {}  # those in the queue
        self._number = count()
        self._messages = 0
        self._bytes = 0

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
            self._queue["reply", next(self._number)] = frame

    def replay(self, replay: Replay) -> None:
        """Send what was missed, at the pace of the client, after what was told before and before what is told next."""
        if self._closed:
            return
        flowing = self.flowing
        key = "replay", next(self._number)
        self._queue[key] = self._replays[key] = replay
        if flowing:
            self._pump()

    def passes(self, eventId: int) -> bool:
        """Whether a notification can be sent at once; the caller does that, without L{tell}, and it counts as sent."""
        if self._paused or self._queue or self._closed:
            return False
        cursor = self.cursor
        if eventId > cursor.highest:
            cursor.highest = eventId
        return True

    def tell(self, notification: Notification, since: int | None = None) -> None:
        """Send a notification, or let it wait.

        @param since: where it was held back (L{cursor}) before: the number under which it was.
        """
        if self._closed:
            return
        self.cursor.looked(notification.eventId)
        if self._lost or (not self._paused and not self._queue):
            if since is not None:
                self.cursor.release(since)
            if not self._lost:
                self._write(self._render(notification, self.cursor.value))
            return
        if since is None:
            since = notification.eventId
            self.cursor.hold(since)
        key: Hashable = ("event", notification.eventId) if notification.key is None else notification.key
        old = self._queue.pop(key, None)
        if isinstance(old, _Waiting):
            self._count(-1, -old.notification.size)
            self.cursor.release(max(since, old.since))
            since = min(since, old.since)
        self._queue[key] = _Waiting(notification, since)
        self._count(1, notification.size)
        if self._messages > self._maxMessages or self._bytes > self._maxBytes:
            self.overflow()
        elif self._budget is not None:
            self._budget.keep()

    def overflow(self) -> None:
        """Forget what waits, replies excepted: it is too much."""
        if self._closed or self._lost:
            return
        gap = _Gap(self._cursor())
        if not self._overflowed():
            self.close()
            return
        self._lost = True
        self._count(-self._messages, -self._bytes)
        for key in [key for key, each in self._queue.items() if not isinstance(each, bytes)]:
            del self._queue[key]
        self._replays.clear()
        self._queue["gap", next(self._number)] = gap

    def upTo(self, eventId: int) -> int:
        """The cursor, where everything up to C{eventId} is sent, or waits, or was not for this client.

        Right before a frame that is sent next, and while nothing has been forgotten that waited.
        """
        self.cursor.looked(eventId)
        return self._cursor()

    def close(self) -> None:
        """Send nothing any more, and forget what waits."""
        self._closed = True
        self._queue.clear()
        self._replays.clear()
        self._count(-self._messages, -self._bytes)

    # -- the transport says -----------------------------------------------------------------------------

    def pauseProducing(self) -> None:
        if not self._paused:
            self._paused = True
            if self._clogged is not None:
                self._clogged(True)

    def resumeProducing(self) -> None:
        if self._paused:
            self._paused = False
            if self._clogged is not None:
                self._clogged(False)
        self._pump()

    def stopProducing(self) -> None:
        self.close()

    def _pump(self) -> None:
        while self._queue and not self._paused:
            key, next = self._first()
            if isinstance(next, Replay):
                self._go(key, next)
                continue
            del self._queue[key]
            if isinstance(next, bytes):
                self._write(next)
            elif isinstance(next, _Gap):
                assert self._gap is not None
                self._lost = False
                self._write(self._gap(next.since))
            else:
                self._count(-1, -next.notification.size)
                self.cursor.release(next.since)
                self._write(self._render(next.notification, self._cursor()))
        if self.flowing and not self._closed:
            self._drained()

    def _go(self, key: Hashable, replay: Replay) -> None:
        """Go on with a replay by one event."""
        try:
            event = replay.next()
        except Gone:
            self.overflow()
            return
        if event is None:
            del self._queue[key], self._replays[key]
        else:
            self._write(self._render(Notification(event), self._cursor()))

    def _first(self) -> tuple[Hashable, _Waiting | _Gap | Replay | bytes]:
        return next(iter(self._queue.items()))

    def _cursor(self) -> int:
        """With what is still to be replayed."""
        if not self._replays:
            return self.cursor.value
        return min(self.cursor.value, *(each.cursor for each in self._replays.values()))

    def _count(self, messages: int, bytes: int) -> None:
        self._messages += messages
        self._bytes += bytes
        if self._budget is not None and bytes:
            self._budget.changed(self, bytes)
