"""Many timers on one delayed call."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Timer:
    """A call that is due once, at C{when} (monotonic seconds). Cancelling twice, or too late, does nothing."""

    __slots__ = ("call", "when")

    def __init__(self, when: float, call: Callable[[], object]) -> None:
        self.when = when
        self.call: Callable[[], object] | None = call

    def cancel(self) -> None:
        self.call = None


class Timers:
    """All timers of a link. The reactor sees one delayed call, however many devices there are.

    Timers due at the same moment run in the order in which they were set.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._next: IDelayedCall | None = None
        self._running = False

    def after(self, seconds: float, call: Callable[[], object]) -> Timer:
        """Run C{call} that many seconds from now."""
        timer = Timer(self._clock.seconds() + max(0.0, seconds), call)
        heappush(self._heap, (timer.when, next(self._order), timer))
        if not self._running:
            self._plan()
        return timer

    def clear(self) -> None:
        """Forget every timer."""
        self._heap.clear()
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _plan(self) -> None:
        while self._heap and self._heap[0][2].call is None:
            heappop(self._heap)
        if not self._heap:
            return
        when = self._heap[0][0]
        if self._next is not None:
            if self._next.getTime() <= when:
                return
            self._next.cancel()
        self._next = self._clock.callLater(max(0.0, when - self._clock.seconds()), self._run)

    def _run(self) -> None:
        self._next = None
        self._running = True
        try:
            now = self._clock.seconds()
            while self._heap and self._heap[0][0] <= now:
                call = heappop(self._heap)[2].call
                if call is not None:
                    call()
        finally:
            self._running = False
            self._plan()
