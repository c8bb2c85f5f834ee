"""Intervals between measurements, with the cursor that knows what is held back."""

from datetime import UTC, datetime

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dog.api.ws.cursor import Cursor
from dog.api.ws.pace import Pace
from dog.core.events import Event, Kind

AT = datetime(2024, 5, 1, tzinfo=UTC)


class PaceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.cursor = Cursor()
        self.sent: list[int] = []
        self.number = 0
        self.pace = Pace(self.clock.callLater, self.cursor, self.send)

    def send(self, event: Event, since: int) -> None:
        self.cursor.release(since)
        self.sent.append(event.eventId)

    def measure(self, key: str = "a", interval: float = 10.0) -> bool:
        self.number += 1
        may = self.pace.may(key, Event(self.number, AT, Kind.NOTIFICATION), interval)
        if may:
            self.cursor.looked(self.number)
        return may

    def test_first(self) -> None:
        self.assertTrue(self.measure())
        self.assertFalse(self.measure())
        self.assertTrue(self.measure("b"))
        self.assertEqual((self.sent, len(self.pace)), ([], 2))

    def test_latest(self) -> None:
        self.measure()
        self.measure()
        self.measure()
        self.assertEqual(self.cursor.value, 1)
        self.clock.advance(10)
        self.assertEqual((self.sent, self.cursor.value), ([3], 3))
        self.clock.advance(9)
        self.assertFalse(self.measure())
        self.clock.advance(1)
        self.assertEqual(self.sent, [3, 4])
        self.clock.advance(10)
        self.assertEqual((self.sent, len(self.pace), self.clock.getDelayedCalls()), ([3, 4], 0, []))
        self.assertTrue(self.measure())

    def test_never(self) -> None:
        for _ in range(3):
            self.assertTrue(self.measure(interval=0))
        self.assertEqual((len(self.pace), self.clock.getDelayedCalls()), (0, []))

    def test_otherInterval(self) -> None:
        """Counts from the next one on."""
        self.measure(interval=10)
        self.measure(interval=2)
        self.clock.advance(10)
        self.assertEqual(self.sent, [2])
        self.measure(interval=2)
        self.clock.advance(2)
        self.assertEqual(self.sent, [2, 3])

    def test_noIntervalAnyMore(self) -> None:
        self.measure()
        self.measure()
        self.assertTrue(self.measure(interval=0))
        self.assertEqual((self.cursor.value, self.clock.getDelayedCalls()), (3, []))
        self.clock.advance(20)
        self.assertEqual(self.sent, [])

    def test_rest(self) -> None:
        """Told of in another way."""
        self.pace.rest("a", 10)
        self.pace.rest("a", 10)
        self.assertFalse(self.measure())
        self.clock.advance(10)
        self.assertEqual(self.sent, [1])

    def test_forget(self) -> None:
        self.measure()
        self.measure()
        self.pace.forget()
        self.cursor.forget(2)
        self.clock.advance(9)
        self.assertFalse(self.measure())
        self.assertEqual(self.cursor.value, 2)
        self.clock.advance(1)
        self.assertEqual((self.sent, self.cursor.value), ([3], 3))

    def test_stop(self) -> None:
        self.measure()
        self.measure()
        self.measure("b")
        self.pace.stop()
        self.assertEqual((self.clock.getDelayedCalls(), len(self.pace)), ([], 0))
