"""The legal limit on how long one may transmit. Pure."""

from __future__ import annotations

from collections import deque


class DutyCycle:
    """At most 1 % of any hour on the air: 36 s, as EN 300 220 allows on 868.3 MHz.

    Counted per minute and forgotten an hour after the minute has ended, so it errs on the safe side.

    @ivar used: seconds on the air within the last hour (as of the last call).
    """

    _MINUTE = 60.0
    _HOUR = 3600.0

    def __init__(self, limit: float = 36.0) -> None:
        self.limit = limit
        self.used = 0.0
        self._minutes: deque[tuple[float, float]] = deque()

    def take(self, now: float, seconds: float) -> bool:
        """Whether that long may be transmitted now; if so, it is counted.

        @param now: monotonic seconds.
        """
        while self._minutes and self._minutes[0][0] + self._MINUTE + self._HOUR <= now:
            self._minutes.popleft()
        self.used = sum(airtime for _, airtime in self._minutes)
        if self.used + seconds > self.limit:
            return False
        self.used += seconds
        if self._minutes and now < self._minutes[-1][0] + self._MINUTE:
            began, airtime = self._minutes.pop()
            self._minutes.append((began, airtime + seconds))
        else:
            self._minutes.append((now, seconds))
        return True
