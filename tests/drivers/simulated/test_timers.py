"""Many timers on one delayed call."""

from __future__ import annotations

from functools import partial

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.simulated.timers import Timers


class TimersTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.timers = Timers(self.clock)
        self.ran: list[object] = []

    def add(self, seconds: float, name: object) -> None:
        self.timers.after(seconds, partial(self.ran.append, name))

    def test_inOrder(self) -> None:
        for seconds in (3, 1, 2, 1):
            self.add(seconds, (seconds, len(self.ran)))
        self.clock.pump([1, 1, 1])
        self.assertEqual([each[0] for each in self.ran], [1, 1, 2, 3])  # type: ignore[index]

    def test_sameMoment(self) -> None:
        """First set, first run."""
        for name in "abc":
            self.add(1, name)
        self.clock.advance(1)
        self.assertEqual(self.ran, ["a", "b", "c"])

    def test_oneDelayedCall(self) -> None:
        for seconds in range(100, 0, -1):
            self.add(seconds, seconds)
            self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.clock.advance(1)
        self.assertEqual(self.ran, [1])
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_fromWithin(self) -> None:
        """A timer set by a timer runs in its turn; one that is due at once still in this one."""

        def first() -> None:
            self.ran.append("first")
            self.add(0, "now")
            self.add(5, "later")

        self.timers.after(1, first)
        self.clock.advance(1)
        self.assertEqual(self.ran, ["first", "now"])
        self.clock.advance(5)
        self.assertEqual(self.ran, ["first", "now", "later"])

    def test_cancel(self) -> None:
        """A cancelled timer does not run, and nothing is left to wait for."""
        timer = self.timers.after(1, partial(self.ran.append, "no"))
        self.add(2, "yes")
        timer.cancel()
        timer.cancel()
        self.clock.advance(2)
        self.assertEqual(self.ran, ["yes"])
        self.assertEqual(self.clock.getDelayedCalls(), [])
        timer.cancel()

    def test_clear(self) -> None:
        self.add(1, "no")
        self.timers.clear()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.clock.advance(1)
        self.assertEqual(self.ran, [])

    def test_afterAFailure(self) -> None:
        """A timer that fails does not keep the others from running; the failure goes to whoever runs the clock."""
        self.timers.after(1, lambda: 1 // 0)
        self.add(1, "other")
        self.assertRaises(ZeroDivisionError, self.clock.advance, 1)
        self.clock.advance(0)
        self.assertEqual(self.ran, ["other"])
