"""A WebSocket client that asks too fast has to wait."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dog.api.crowd import Crowd, Limits
from tests.api.ws.talk import Behind


class RateTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.crowd = Crowd(Limits(rate=10, burst=2), self.clock.seconds)
        self.behind = Behind()
        self.client = self.behind.client()
        peer: Any = IPv4Address("TCP", "192.0.2.1", 40000)
        self.client.connection._seat = self.crowd.enter(peer)
        self.client.connection.factory.later = self.clock.callLater

    def ask(self, number: int) -> None:
        self.client.send(self.client.request("GET", "/api/v1/ping", sequenceNumber=str(number)))

    def answers(self) -> list[str]:
        return [each["sequenceNumber"] for each in self.client.take()]

    def test_waits(self) -> None:
        """All are answered in the end, in order; nothing more is read meanwhile."""
        for number in range(5):
            self.ask(number)
        self.assertEqual(self.answers(), ["0", "1"])
        self.assertTrue(self.client.connection.deaf)
        for expected in ("2", "3", "4"):
            self.clock.advance(0.101)
            self.assertEqual(self.answers(), [expected])
        self.assertFalse(self.client.connection.deaf)

    def test_goneMeanwhile(self) -> None:
        """It takes its seat with it, and no timer stays."""
        for number in range(5):
            self.ask(number)
        self.assertEqual(self.crowd.total, 1)
        self.client.lose()
        self.assertEqual(self.crowd.total, 0)
        self.assertEqual(self.clock.getDelayedCalls(), [])
