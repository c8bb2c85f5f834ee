"""What is due when: one heap with lazy expiry, one entry per key."""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from itertools import count


class Agenda:
    """Keys with the monotonic time at which they are due.

    Moving a key later (a value heard again) does not touch the heap: the old entry is looked at when
    it comes up, and goes back in at the key's present time.
    """

    def __init__(self) -> None:
        self._due: dict[Hashable, float] = {}
        self._queued: dict[Hashable, float] = {}
        self._heap: list[tuple[float, int, Hashable]] = []
        self._tie = count()

    def __len__(self) -> int:
        return len(self._due)

    def set(self, key: Hashable, at: float) -> None:
        """C{key} is due at C{at}; replaces what was set for it."""
        self._due[key] = at
        queued = self._queued.get(key)
        if queued is None or queued > at:
            self._push(key, at)

    def cancel(self, key: Hashable) -> None:
        """C{key} is not due any more. Unknown keys are ignored."""
        self._due.pop(key, None)

    def next(self) -> float | None:
        """When to look again; never later than the earliest due time, None when nothing is set."""
        while self._heap:
            at, _, key = self._heap[0]
            if self._queued.get(key) == at and key in self._due:
                return at
            heapq.heappop(self._heap)
            if self._queued.get(key) == at:
                del self._queued[key]
        return None

    def due(self, mono: float) -> list[Hashable]:
        """Take out every key that is due, in order of time."""
        found: list[Hashable] = []
        while (at := self.next()) is not None and at <= mono:
            _, _, key = heapq.heappop(self._heap)
            del self._queued[key]
            if self._due[key] > at:
                self._push(key, self._due[key])
            else:
                del self._due[key]
                found.append(key)
        return found

    def _push(self, key: Hashable, at: float) -> None:
        self._queued[key] = at
        heapq.heappush(self._heap, (at, next(self._tie), key))
