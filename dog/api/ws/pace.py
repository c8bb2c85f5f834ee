"""Not too often: at most one measurement of a thing in an interval, always ending with the latest."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from dog.api.ws.cursor import Cursor
from dog.api.ws.later import Cancels, Later
from dog.core.events import Event


@dataclass(slots=True)
class _Resting:
    """A thing that was told of less than an interval ago.

    @ivar event: the latest that has come since, held back.
    @ivar since: the number of the first that has come since.
    """

    interval: float
    timer: Cancels
    event: Event | None = None
    since: int = 0


class Pace:
    """What one client is told of at intervals.

    @param later: for the intervals.
    @param cursor: told of what is held back.
    @param send: sends an event that was held back, given the number under which the cursor knows it.
    """

    __slots__ = ("_cursor", "_later", "_resting", "_send")

    def __init__(self, later: Later, cursor: Cursor, send: Callable[[Event, int], object]) -> None:
        self._later = later
        self._cursor = cursor
        self._send = send
        self._resting: dict[Hashable, _Resting] = {}

    def __len__(self) -> int:
        """Of how many things it knows that they were told of not long ago."""
        return len(self._resting)

    def may(self, key: Hashable, event: Event, interval: float) -> bool:
        """Whether a measurement may be sent now; if not, it is kept until its time has come, or its successor's.

        @param key: what it measures.
        @param interval: seconds; 0: always.
        """
        resting = self._resting.get(key)
        if resting is None:
            if interval:
                self.rest(key, interval)
            return True
        if not interval:
            resting.timer.cancel()
            del self._resting[key]
            if resting.event is not None:
                self._cursor.release(resting.since)
            return True
        resting.interval = interval
        self._cursor.looked(event.eventId)
        if resting.event is None:
            resting.since = event.eventId
            self._cursor.hold(resting.since)
        resting.event = event
        return False

    def rest(self, key: Hashable, interval: float) -> None:
        """It was told of just now."""
        if key not in self._resting:
            self._resting[key] = _Resting(interval, self._later(interval, lambda: self._due(key)))

    def forget(self) -> None:
        """What is held back is not sent any more. The cursor is left to the caller."""
        for resting in self._resting.values():
            resting.event = None

    def stop(self) -> None:
        """Forget everything, and let no timer run on."""
        for resting in self._resting.values():
            resting.timer.cancel()
        self._resting.clear()

    def _due(self, key: Hashable) -> None:
        resting = self._resting[key]
        event = resting.event
        if event is None:
            del self._resting[key]
            return
        resting.event = None
        resting.timer = self._later(resting.interval, lambda: self._due(key))
        self._send(event, resting.since)
