"""Counting what happened."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.api.counts import Counts
from dog.core.events import Event, Kind
from tests.api.recorded.gateway import START


class Heard(SynchronousTestCase):
    def test_counted(self) -> None:
        counts = Counts()
        settled = [
            Event(number, START, Kind.COMMAND_SETTLED, "lamp", details={"stage": stage})
            for number, stage in enumerate(("confirmed", "failed", "confirmed"))
        ]
        counts.heard(settled)
        counts.heard([Event(9, START, Kind.DEVICE_LOST, "lamp")])
        self.assertEqual(counts.events, {Kind.COMMAND_SETTLED: 3, Kind.DEVICE_LOST: 1})
        self.assertEqual(counts.commands, {"confirmed": 2, "failed": 1})
        self.assertEqual(counts.connections(), 0)
