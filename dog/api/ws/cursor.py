"""Up to where a client knows everything: the number it comes back with."""

from __future__ import annotations

import heapq


class Cursor:
    """The highest event number up to which nothing is held back for a client.

    What is held back (waits, or is delayed by an interval) is known by the number of the first event that went into
    it: a measurement that stands for earlier ones is held since the first of them.

    @ivar highest: the highest number that was looked at for this client.
    """

    __slots__ = ("_gone", "_heap", "highest")

    def __init__(self) -> None:
        self.highest = 0
        self._heap: list[int] = []
        self._gone: set[int] = set()

    @property
    def value(self) -> int:
        if not self._heap:
            return self.highest
        while self._heap and self._heap[0] in self._gone:
            self._gone.discard(heapq.heappop(self._heap))
        return min(self.highest, self._heap[0] - 1) if self._heap else self.highest

    def looked(self, eventId: int) -> None:
        """Everything up to this number has been sent, or is held, or was not for this client."""
        if eventId > self.highest:
            self.highest = eventId

    def hold(self, since: int) -> None:
        """Something is held back. No number twice, until it is released."""
        heapq.heappush(self._heap, since)

    def release(self, since: int) -> None:
        """What was held back since then is sent, or not wanted any more."""
        if self._heap[0] == since:
            heapq.heappop(self._heap)
        else:
            self._gone.add(since)

    def forget(self, eventId: int) -> None:
        """Nothing is held back any more: up to this number the client is told in another way."""
        self._heap.clear()
        self._gone.clear()
        self.highest = max(self.highest, eventId)
