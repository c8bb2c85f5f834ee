"""How long a link waits before its next attempt: seconds after a loss, longer the more often its driver crashes."""

from __future__ import annotations

from random import Random


class Delays:
    """Grows with every failure, up to a bound; never gives up.

    @ivar shortest, longest: seconds after a failure, doubling from the one to the other.
    @ivar steady: a link that was up for that many seconds begins with the shortest again. One that falls at once, time
        after time, does not.
    @cvar budget: crashes that are treated like any other failure. @cvar peace: seconds up without a crash that give it
        back.
    @cvar rest, longestRest: seconds after one crash more than that, doubling likewise.
    """

    steady = 10.0
    budget = 5
    peace = 600.0
    rest = 60.0
    longestRest = 900.0

    def __init__(self, random: Random, shortest: float, longest: float) -> None:
        self._random = random
        self.shortest = shortest
        self.longest = longest
        self._next = shortest
        self._crashes = 0

    def reset(self) -> None:
        """Nothing has happened yet."""
        self._next = self.shortest
        self._crashes = 0

    def lost(self, upFor: float | None) -> float:
        """After a failure that is no bug. C{upFor}: seconds for which it had been up, None where it had not."""
        if upFor is not None and upFor >= self.steady:
            self._next = self.shortest
        delay, self._next = self._next, min(self.longest, self._next * 2)
        return self._jittered(delay)

    def crashed(self, upFor: float | None) -> tuple[float, bool]:
        """After a bug: the delay, and whether the budget is spent."""
        if upFor is not None and upFor >= self.peace:
            self._crashes = 0
        self._crashes += 1
        over = self._crashes - self.budget
        if over <= 0:
            return self.lost(upFor), False
        return self._jittered(min(self.longestRest, self.rest * 2 ** min(over - 1, 10))), True

    def _jittered(self, delay: float) -> float:
        return delay * self._random.uniform(0.75, 1.25)
