"""How long to wait before the next attempt."""

from __future__ import annotations

from random import Random


class Backoff:
    """Delays that double from C{first} to C{most} seconds, each shortened by chance by up to half.

    Chance keeps the clients of a gateway that was restarted from coming back all at once.
    """

    def __init__(self, random: Random, first: float = 0.5, most: float = 30.0) -> None:
        self._random = random
        self._first = first
        self._most = most
        self._next = first

    def next(self) -> float:
        """Seconds to wait before the next attempt."""
        delay = self._next * self._random.uniform(0.5, 1.0)
        self._next = min(self._next * 2, self._most)
        return delay

    def reset(self) -> None:
        """An attempt has succeeded for good: start again with the shortest delay."""
        self._next = self._first
