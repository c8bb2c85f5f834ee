"""What a client has missed, read from the event log little by little as the client takes it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from dog.api.ws.cursor import Cursor
from dog.api.ws.envelope import mergeKey
from dog.core.events import Event, EventLog, Resume

#: Events taken from the log at a time. A client that is stuck keeps no more than these from being forgotten.
CHUNK = 256


class Gone(Exception):
    """The log has forgotten what was still to be replayed."""


class Replay:
    """The events after a cursor, up to now, that a subscription wants.

    Measurements that have an interval are thinned to the latest of each thing: they would come all at once.

    @param wants: the interval of an event that is wanted, else None (L{Subscriptions.interval}).
    @param missed: everything after C{cursor}, as the log has it now.
    """

    def __init__(
        self, log: EventLog, cursor: int, missed: Iterable[Event], wants: Callable[[Event], float | None]
    ) -> None:
        self._log = log
        self._wants = wants
        self._until = log.lastId
        self._cursor = Cursor()
        self._cursor.looked(cursor)
        self._chunk: deque[Event] = deque()
        self._held: dict[Any, int] = {}
        #: Of each thing that has an interval: its latest event, and the interval.
        self.latest: dict[Any, tuple[int, float]] = {}
        self.any = False
        for event in missed:
            interval = wants(event)
            if interval is not None:
                self.any = True
                if interval and not event.discrete:
                    self.latest[mergeKey(event)] = event.eventId, interval

    @property
    def cursor(self) -> int:
        """The highest number up to which everything has been replayed."""
        return self._cursor.value

    def next(self) -> Event | None:
        """The next one; None when there is none left.

        @raise Gone: it can't go on.
        """
        while self._chunk or self._cursor.highest < self._until:
            if not self._chunk:
                self._fetch()
            event = self._chunk.popleft()
            self._cursor.looked(event.eventId)
            if self._isDue(event):
                return event
        return None

    def _fetch(self) -> None:
        resumed = self._log.resume(self._log.epoch, self._cursor.highest)
        if resumed.how is not Resume.REPLAY:
            raise Gone
        self._chunk.extend(each for each in resumed.events[:CHUNK] if each.eventId <= self._until)

    def _isDue(self, event: Event) -> bool:
        interval = self._wants(event)
        if not interval or event.discrete:
            return interval is not None
        key = mergeKey(event)
        if key in self.latest and self.latest[key][0] != event.eventId:
            if key not in self._held:
                self._held[key] = event.eventId
                self._cursor.hold(event.eventId)
            return False
        if key in self._held:
            self._cursor.release(self._held.pop(key))
        return True
