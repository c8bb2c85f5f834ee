"""Failed attempts to get in: each from the same address waits longer for its refusal.

Who brings a valid token never waits: there is nothing to guess in 256 random bits, and nobody can keep others out by
failing in their name.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from dog.live.audit import Tells
from dog.model.refusal import Code, Refusal
from dog.model.rights import NOBODY


def placeOf(peer: Any) -> str:
    """What counts as one address: of IPv6 the /64, all of which one machine can have."""
    host = getattr(peer, "host", None)
    if host is None:
        return "a local socket"
    try:
        address = ip_address(str(host).partition("%")[0])
    except ValueError:
        return str(host)
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Network((address, 64), strict=False))
    return str(address)


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: float = 0.0
    waiting: int = 0


class Slowdown:
    """Remembers who has failed.

    @ivar free: failures that are refused at once: a wrong token in some settings is no attack.
    @ivar least: seconds that the next one waits; it doubles from one to the next,
    @ivar most: up to so many.
    @ivar forget: seconds without a failure after which an address is as good as new.
    @ivar places: addresses that are remembered; of more the ones that failed longest ago are forgotten.
    @ivar tellRefusal: told of each.
    @ivar waiting: refusals of one address that may wait at once; one more is refused as C{busy}, at once.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        *,
        free: int = 3,
        least: float = 0.25,
        most: float = 8.0,
        forget: float = 600.0,
        places: int = 1000,
        waiting: int = 10,
    ) -> None:
        self._clock = clock
        self.tellRefusal: Tells | None = None
        self.free = free
        self.least = least
        self.most = most
        self.forget = forget
        self.places = places
        self.waiting = waiting
        self._failures: dict[str, _Failures] = {}  # the one that failed longest ago first

    def failed(self, peer: Any, refusal: Refusal) -> Deferred[Any]:
        """Somebody has failed. Fails with C{refusal} in due time, or with another one; may be cancelled."""
        place = placeOf(peer)
        now = self._clock.seconds()
        known = self._failures.pop(place, None)
        if known is None or (now - known.last > self.forget and not known.waiting):
            known = _Failures()
        self._failures[place] = known
        while len(self._failures) > self.places:
            del self._failures[next(iter(self._failures))]
        if self.tellRefusal is not None:
            self.tellRefusal(NOBODY.name, "a token", str(getattr(peer, "host", place)), refusal.refused.code.value)
        known.count += 1
        known.last = now
        if known.count in (1, 10, 100) or known.count % 1000 == 0:
            self.log.warn("{count} failed attempts with a token from {place}", count=known.count, place=place)
        if known.count <= self.free:
            return fail(refusal)
        if known.waiting >= self.waiting:
            return fail(Refusal(Code.BUSY, "too many failed attempts from this address"))
        delay = min(self.most, self.least * 2.0 ** min(known.count - self.free - 1, 30))
        return self._later(known, delay, refusal)

    def _later(self, known: _Failures, delay: float, refusal: Refusal) -> Deferred[Any]:
        known.waiting += 1

        def done() -> None:
            known.waiting -= 1
            refused.errback(refusal)

        timer: IDelayedCall = self._clock.callLater(delay, done)

        def cancelled(_: Deferred[Any]) -> None:
            known.waiting -= 1
            timer.cancel()

        refused: Deferred[Any] = Deferred(cancelled)
        return refused
