"""How many may be here at once, and how often each may ask: per address, and in total.

A limit on requests delays: what comes too fast is begun later, and nothing more is read of who sends it. Nothing is
dropped. Clients of this machine are not limited, except that they count in the total.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.logger import Logger

from dog.api.identity import isLocal
from dog.api.slowdown import placeOf
from dog.live.audit import Tells
from dog.model.refusal import Code
from dog.model.rights import NOBODY


@dataclass
class Limits:
    """@ivar connections: at once, all together.
    @ivar perAddress: at once from one address; of IPv6 one /64.
    @ivar rate: requests a second from one address; 0: as many as it likes.
    @ivar burst: requests that may come at once after a rest.
    """

    connections: int = 2000
    perAddress: int = 100
    rate: float = 100.0
    burst: int = 200


class Place:
    """One address: who is here from it, and how much it may ask still."""

    __slots__ = ("_limits", "_seconds", "_tokens", "_when", "connections")

    def __init__(self, limits: Limits, seconds: Callable[[], float]) -> None:
        self._limits = limits
        self._seconds = seconds
        self._tokens = float(limits.burst)
        self._when = seconds()
        self.connections = 0

    def ask(self) -> float:
        """One request more. Seconds until it may be begun; 0: now."""
        rate = self._limits.rate
        if not rate:
            return 0.0
        self._fill(rate)
        self._tokens -= 1.0
        return max(0.0, -self._tokens / rate)

    @property
    def rested(self) -> bool:
        """Whether nothing would change if it was forgotten."""
        rate = self._limits.rate
        if rate:
            self._fill(rate)
        return not self.connections and (not rate or self._tokens >= self._limits.burst)

    def _fill(self, rate: float) -> None:
        now = self._seconds()
        self._tokens = min(float(self._limits.burst), self._tokens + (now - self._when) * rate)
        self._when = now


class Seat:
    """What one connection takes up, until L{leave}.

    @ivar place: its address; None where that is not limited.
    """

    __slots__ = ("_crowd", "_left", "place")

    def __init__(self, crowd: Crowd, place: Place | None) -> None:
        self._crowd = crowd
        self._left = False
        self.place = place

    def leave(self) -> None:
        if not self._left:
            self._left = True
            self._crowd.left(self)


class Crowd:
    """Everybody who is connected.

    @ivar total: connections now. @ivar refused: that were one too many, since the start.
    @ivar tellRefusal: told of each of these.
    """

    log = Logger()

    #: Addresses from which nobody is connected any more, before those that may be forgotten are looked for.
    places = 1000

    def __init__(self, limits: Limits, seconds: Callable[[], float]) -> None:
        self.limits = limits
        self.total = 0
        self.refused = 0
        self._seconds = seconds
        self._places: dict[str, Place] = {}
        self._sweepAt = self.places
        self.tellRefusal: Tells | None = None

    def __len__(self) -> int:
        """Addresses that are remembered."""
        return len(self._places)

    def enter(self, peer: Any, counted: bool = True) -> Seat | None:
        """A connection from there; None: it is one too many.

        @param counted: whether it counts for its address; not where a proxy hands on many clients' connections.
        """
        if self.total >= self.limits.connections:
            self._tooMany("all together", self.limits.connections)
            return None
        place = self.placeOf(peer) if counted else None
        if place is not None:
            if place.connections >= self.limits.perAddress:
                self._tooMany(placeOf(peer), self.limits.perAddress)
                return None
            place.connections += 1
        self.total += 1
        return Seat(self, place)

    def move(self, seat: Seat, peer: Any) -> bool:
        """It has turned out from where that connection is, behind a proxy. False: it is one too many from there.

        @param peer: None: it is nobody's.
        """
        place = self.placeOf(peer)
        if place is seat.place:
            return True
        if place is not None:
            if place.connections >= self.limits.perAddress:
                self._tooMany(placeOf(peer), self.limits.perAddress)
                return False
            place.connections += 1
        if seat.place is not None:
            seat.place.connections -= 1
        seat.place = place
        return True

    def placeOf(self, peer: Any) -> Place | None:
        """What is known of that address; None: it is of this machine, and not limited."""
        if isLocal(peer):
            return None
        name = placeOf(peer)
        found = self._places.get(name)
        if found is None:
            if len(self._places) >= self._sweepAt:
                self._places = {name: each for name, each in self._places.items() if not each.rested}
                self._sweepAt = max(self.places, 2 * len(self._places))
            found = self._places[name] = Place(self.limits, self._seconds)
        return found

    def left(self, seat: Seat) -> None:
        self.total -= 1
        if seat.place is not None:
            seat.place.connections -= 1

    def _tooMany(self, whose: str, limit: int) -> None:
        self.refused += 1
        if self.tellRefusal is not None:
            self.tellRefusal(NOBODY.name, "one connection too many", whose, Code.BUSY.value)
        if self.refused in (1, 10, 100) or self.refused % 1000 == 0:
            self.log.warn(
                "{count} connections refused so far; the last from {whose}, of which there may be {limit} at once",
                count=self.refused,
                whose=whose,
                limit=limit,
            )
