"""How many may be here, and how often they may ask."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dog.api.crowd import Crowd, Limits, Place


def at(host: str) -> Any:
    return (IPv6Address if ":" in host else IPv4Address)("TCP", host, 40000)


class CrowdTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.crowd = Crowd(Limits(connections=10, perAddress=2, rate=2, burst=4), self.clock.seconds)

    def test_network(self) -> None:
        """Of IPv6 a /64 is one address; an IPv4 address that is written as one of IPv6 is that IPv4 address."""
        for hosts in (("2001:db8::1", "2001:db8::2"), ("192.0.2.1", "::ffff:192.0.2.1")):
            self.assertTrue(all(self.crowd.enter(at(each)) for each in hosts))
            self.assertIsNone(self.crowd.enter(at(hosts[0])))
            self.assertIsNone(self.crowd.enter(at(hosts[1])))
        self.assertIsNotNone(self.crowd.enter(at("2001:db8:0:1::1")))
        self.assertEqual((self.crowd.total, self.crowd.refused), (5, 4))

    def test_leave(self) -> None:
        """Once, however often it is said."""
        seats = [self.crowd.enter(at("192.0.2.1")) for _ in range(2)]
        assert seats[0] is not None
        seats[0].leave()
        seats[0].leave()
        self.assertEqual(self.crowd.total, 1)
        self.assertIsNotNone(self.crowd.enter(at("192.0.2.1")))
        self.assertIsNone(self.crowd.enter(at("192.0.2.1")))

    def test_move(self) -> None:
        seats = [self.crowd.enter(at("192.0.2.80"), counted=False) for _ in range(3)]
        moved = [self.crowd.move(each, at("192.0.2.1")) for each in seats if each is not None]
        self.assertEqual(moved, [True, True, False])
        assert seats[0] is not None and seats[2] is not None
        self.assertTrue(self.crowd.move(seats[0], at("192.0.2.2")))
        self.assertTrue(self.crowd.move(seats[2], at("192.0.2.1")))

    def test_bounded(self) -> None:
        """Addresses from which nobody is here are forgotten once they could ask all that they may."""
        for number in range(3000):
            seat = self.crowd.enter(at(f"10.0.{number // 256}.{number % 256}"))
            assert seat is not None and seat.place is not None
            seat.place.ask()
            seat.leave()
            self.clock.advance(0.01)
        self.assertLessEqual(len(self.crowd), self.crowd.places)


class PlaceTests(SynchronousTestCase):
    def test_ask(self) -> None:
        clock = Clock()
        place = Place(Limits(rate=2, burst=4), clock.seconds)
        self.assertEqual([place.ask() for _ in range(6)], [0, 0, 0, 0, 0.5, 1.0])
        clock.advance(1.0)
        self.assertEqual(place.ask(), 0.5)
        self.assertFalse(place.rested)
        clock.advance(100)
        self.assertTrue(place.rested)
        self.assertEqual([place.ask() for _ in range(5)], [0, 0, 0, 0, 0.5])

    def test_noLimit(self) -> None:
        place = Place(Limits(rate=0), Clock().seconds)
        self.assertEqual({place.ask() for _ in range(10_000)}, {0})
