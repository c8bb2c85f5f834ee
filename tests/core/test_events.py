"""The event log: numbers, bound, and what came after a cursor."""

from __future__ import annotations

from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from dog.core.events import EventLog, Kind

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class EventLogTests(SynchronousTestCase):
    def fill(self, log: EventLog, count: int) -> None:
        for _ in range(count):
            log.append(NOW, Kind.ENVIRONMENT_CHANGED)

    def ids(self, log: EventLog, cursor: int) -> list[int] | None:
        found = log.after(cursor)
        return None if found is None else [each.eventId for each in found]

    def test_numbersGrowByOne(self) -> None:
        log = EventLog("e")
        self.fill(log, 3)
        self.assertEqual(self.ids(log, 0), [1, 2, 3])
        self.assertEqual(log.lastId, 3)

    def test_after(self) -> None:
        log = EventLog("e")
        self.fill(log, 5)
        self.assertEqual(self.ids(log, 3), [4, 5])
        self.assertEqual(self.ids(log, 5), [])

    def test_empty(self) -> None:
        log = EventLog("e")
        self.assertEqual(log.after(0), [])
        self.assertEqual(log.firstId, 1)

    def test_boundedAndHonest(self) -> None:
        """Only the last are kept; a cursor before them is told that some are gone."""
        log = EventLog("e", maxEvents=3)
        self.fill(log, 10)
        self.assertEqual(log.firstId, 8)
        self.assertEqual(self.ids(log, 7), [8, 9, 10])
        self.assertIsNone(log.after(6))

    def test_cursorFromTheFuture(self) -> None:
        """A number that was never given out is of another epoch, or a lie: not "nothing missed"."""
        log = EventLog("e")
        self.fill(log, 2)
        self.assertIsNone(log.after(3))
