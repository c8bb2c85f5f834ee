"""The event log: numbers, bound, and what came after a cursor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from twisted.trial.unittest import SynchronousTestCase

from dog.core.events import EventLog, Kind, Resume, Resumed, Tail, sizeOf

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

    def test_boundedByBytes(self) -> None:
        log = EventLog("e")
        self.fill(log, 1)
        size = log.bytes
        log = EventLog("e", maxBytes=3 * size)
        self.fill(log, 10)
        self.assertEqual((len(log), log.bytes), (3, 3 * size))
        self.assertIsNone(log.after(6))

    def test_textsCount(self) -> None:
        """A long text in an event does not slip through the bound."""
        log = EventLog("e", maxBytes=100_000)
        for _ in range(10):
            log.append(NOW, Kind.COMMAND_SETTLED, "d", details={"reason": "x" * 40_000})
        self.assertLessEqual(log.bytes, 100_000)
        self.assertEqual(len(log), 2)

    def test_boundedByAge(self) -> None:
        log = EventLog("e", maxAge=60)
        for seconds in (0, 30, 61, 100):
            log.append(NOW + timedelta(seconds=seconds), Kind.ENVIRONMENT_CHANGED)
        self.assertEqual(log.firstId, 3)

    def test_theLastIsAlwaysKept(self) -> None:
        log = EventLog("e", maxEvents=0, maxBytes=0)
        event = log.append(NOW, Kind.ENVIRONMENT_CHANGED)
        self.assertEqual(log.after(0), [event])
        self.assertEqual(log.bytes, sizeOf(event))


class ResumeTests(SynchronousTestCase):
    """Exactly one of complete, replay, gap."""

    def log(self, count: int, before: Tail | None = None, **bounds: int) -> EventLog:
        log = EventLog("now", **bounds)
        if before is not None:
            log.follow(before)
        for _ in range(count):
            log.append(NOW, Kind.ENVIRONMENT_CHANGED)
        return log

    def tail(self, log: EventLog, closed: bool = True, kept: int = 100) -> Tail:
        events = log.after(log.firstId - 1)
        assert events is not None
        return Tail("then", tuple(events[-kept:]), log.lastId, closed)

    def ids(self, resumed: Resumed) -> list[int]:
        return [each.eventId for each in resumed.events]

    def test_complete(self) -> None:
        self.assertEqual(self.log(5).resume("now", 5), Resumed(Resume.COMPLETE))

    def test_replay(self) -> None:
        resumed = self.log(5).resume("now", 3)
        self.assertEqual((resumed.how, self.ids(resumed)), (Resume.REPLAY, [4, 5]))

    def test_gap(self) -> None:
        resumed = self.log(10, maxEvents=3).resume("now", 2)
        self.assertEqual((resumed.how, resumed.gapFrom, resumed.gapTo), (Resume.GAP, 2, 10))
        self.assertEqual(resumed.events, ())

    def test_unknownEpoch(self) -> None:
        for log in (self.log(5), self.log(5, self.tail(self.log(3)))):
            resumed = log.resume("long ago", 2)
            self.assertEqual((resumed.how, resumed.gapFrom, resumed.gapTo), (Resume.GAP, None, log.lastId))

    def test_cursorThatWasNeverGivenOut(self) -> None:
        resumed = self.log(5).resume("now", 6)
        self.assertEqual((resumed.how, resumed.gapFrom), (Resume.GAP, None))

    def test_acrossARestart(self) -> None:
        """Numbers go on, and what was missed of both epochs follows in order."""
        log = self.log(2, self.tail(self.log(5)))
        self.assertEqual(log.lastId, 7)
        self.assertEqual(self.ids(log.resume("then", 3)), [4, 5, 6, 7])
        self.assertEqual(self.ids(log.resume("then", 5)), [6, 7])
        self.assertIs(self.log(0, self.tail(self.log(5))).resume("then", 5).how, Resume.COMPLETE)

    def test_midwayAcrossARestart(self) -> None:
        """A client that lost its connection in the middle of such a replay knows the new epoch and an old number."""
        log = self.log(2, self.tail(self.log(5)))
        self.assertEqual(self.ids(log.resume("now", 3)), [4, 5, 6, 7])
        self.assertIs(self.log(2, self.tail(self.log(5), closed=False)).resume("now", 3).how, Resume.GAP)

    def test_acrossACrash(self) -> None:
        """Without its closing record nobody knows what happened last in an epoch."""
        log = self.log(2, self.tail(self.log(5), closed=False))
        self.assertIs(log.resume("then", 5).how, Resume.GAP)

    def test_acrossTooFar(self) -> None:
        """Too far back in the epoch before, or too much has happened since."""
        self.assertIs(self.log(2, self.tail(self.log(5), kept=2)).resume("then", 2).how, Resume.GAP)
        self.assertEqual(self.ids(self.log(2, self.tail(self.log(5), kept=2)).resume("then", 3)), [4, 5, 6, 7])
        self.assertIs(self.log(9, self.tail(self.log(5)), maxEvents=3).resume("then", 5).how, Resume.GAP)
        self.assertIs(self.log(2, self.tail(self.log(5))).resume("then", 6).how, Resume.GAP)
