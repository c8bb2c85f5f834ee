"""Failed attempts wait, per address."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dog.api.slowdown import Slowdown, placeOf
from dog.model.refusal import Code, Refusal
from tests.logs import record

WRONG = Refusal(Code.UNAUTHORIZED, "no")


def at(host: str) -> Any:
    return (IPv6Address if ":" in host else IPv4Address)("TCP", host, 40000)


class Places(SynchronousTestCase):
    def test_placeOf(self) -> None:
        for host, place in (
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("what", "what"),
        ):
            self.assertEqual(placeOf(at(host)), place)
        self.assertEqual(placeOf(UNIXAddress(b"/run/x")), "a local socket")


class Slowing(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.slow = Slowdown(self.clock, places=3, waiting=4)

    def attempt(self, host: str = "192.0.2.1") -> Deferred[Any]:
        return self.slow.failed(at(host), WRONG)

    def wait(self, host: str = "192.0.2.1") -> float:
        """How long a failure is kept waiting, to an eighth of a second."""
        refused = self.attempt(host)
        found: list[Any] = []
        refused.addErrback(found.append)
        begun = self.clock.seconds()
        while not found:
            self.clock.advance(0.125)
            self.assertLess(self.clock.seconds(), begun + 100)
        self.assertIs(found[0].value, WRONG)
        return self.clock.seconds() - begun

    def atOnce(self, host: str = "192.0.2.1") -> Code:
        code: Code = self.failureResultOf(self.attempt(host), Refusal).value.refused.code
        return code

    def test_growing(self) -> None:
        for _ in range(3):
            self.assertEqual(self.atOnce(), Code.UNAUTHORIZED)
        self.assertEqual([self.wait() for _ in range(8)], [0.25, 0.5, 1, 2, 4, 8, 8, 8])

    def test_perAddress(self) -> None:
        """Others don't wait for it; the neighbours of its /64 do."""
        for last in range(3):
            self.atOnce(f"2001:db8::{last}")
        self.assertEqual(self.wait("2001:db8::99"), 0.25)
        self.assertEqual(self.atOnce("2001:db8:0:1::1"), Code.UNAUTHORIZED)

    def test_forgotten(self) -> None:
        for _ in range(3):
            self.atOnce()
        self.wait()
        self.clock.advance(599)
        self.assertEqual(self.wait(), 0.5)
        self.clock.advance(601)
        self.assertEqual(self.atOnce(), Code.UNAUTHORIZED)

    def test_tooMany(self) -> None:
        """So many may wait; one more is told so, until one of them has gone."""
        for _ in range(3):
            self.atOnce()
        waiting = [self.attempt() for _ in range(4)]
        self.assertEqual(self.atOnce(), Code.BUSY)
        waiting[1].cancel()
        self.failureResultOf(waiting[1])
        last = self.attempt()
        self.assertNoResult(last)
        self.assertEqual(self.atOnce(), Code.BUSY)
        self.clock.advance(10)
        for each in (waiting[0], waiting[2], waiting[3], last):
            self.failureResultOf(each, Refusal)
        self.assertEqual(self.slow._failures["192.0.2.1"].waiting, 0)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_bounded(self) -> None:
        """The ones that failed longest ago are forgotten."""
        for last in (1, 2, 3, 1, 4):
            self.atOnce(f"192.0.2.{last}")
        self.assertEqual(list(self.slow._failures), ["192.0.2.3", "192.0.2.1", "192.0.2.4"])

    def test_logged(self) -> None:
        """Seldom, and from where."""
        logged = record(self)
        for _ in range(150):
            self.attempt().addErrback(lambda _: None)
        self.clock.advance(10)
        self.assertEqual([each["count"] for each in logged], [1, 10, 100])
        self.assertEqual({each["place"] for each in logged}, {"192.0.2.1"})
