"""The heartbeat by itself, on a clock."""

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dog.api.ws.heartbeat import Heartbeat


class HeartbeatTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.said: list[tuple[str, float]] = []
        self.excused = False
        self.make(30.0, 10.0)

    def make(self, every: float, within: float) -> None:
        self.heartbeat = Heartbeat(
            self.clock.callLater, every, within, self.saying("ask"), lambda: self.excused, self.saying("dead")
        )
        self.heartbeat.start()

    def saying(self, what: str) -> Any:
        return lambda: self.said.append((what, self.clock.seconds()))

    def advance(self, seconds: int) -> None:
        self.clock.pump([1.0] * seconds)

    def test_silent(self) -> None:
        """Asked in time, dead in time, once, and no timer stays."""
        self.advance(120)
        self.assertEqual(self.said, [("ask", 30.0), ("dead", 40.0)])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_answers(self) -> None:
        """Whoever answers is asked again, at even intervals."""
        for _ in range(4):
            self.advance(30)
            self.heartbeat.heard()
        self.assertEqual(self.said, [("ask", 30.0), ("ask", 60.0), ("ask", 90.0), ("ask", 120.0)])

    def test_heardBefore(self) -> None:
        """What was heard before the question is no answer."""
        self.advance(29)
        self.heartbeat.heard()
        self.advance(11)
        self.assertEqual(self.said[-1], ("dead", 40.0))

    def test_heardTooLate(self) -> None:
        self.advance(40)
        self.heartbeat.heard()
        self.advance(60)
        self.assertEqual(self.said, [("ask", 30.0), ("dead", 40.0)])

    def test_excused(self) -> None:
        """Whoever can't answer has until the next time."""
        self.excused = True
        self.advance(41)
        self.excused = False
        self.assertEqual(self.said, [("ask", 30.0)])
        self.advance(30)
        self.assertEqual(self.said, [("ask", 30.0), ("ask", 60.0), ("dead", 70.0)])

    def test_longDeadline(self) -> None:
        """Longer than the interval: the next question follows at once."""
        self.heartbeat.stop()
        self.make(5.0, 10.0)
        self.advance(6)
        self.heartbeat.heard()
        self.advance(40)
        self.assertEqual(self.said, [("ask", 5.0), ("ask", 15.0), ("dead", 25.0)])

    def test_stop(self) -> None:
        for seconds in (5, 35, 60):
            self.heartbeat.stop()
            self.make(30.0, 10.0)
            self.advance(seconds)
            self.heartbeat.stop()
            self.assertEqual(self.clock.getDelayedCalls(), [])
            self.heartbeat.stop()
