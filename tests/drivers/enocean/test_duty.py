"""One per cent of any hour, wherever the hour begins."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.enocean.duty import DutyCycle


class Duty(SynchronousTestCase):
    @given(st.lists(st.tuples(st.floats(0, 900), st.floats(0.001, 3)), max_size=80))
    def test_noHourHasMore(self, wanted: list[tuple[float, float]]) -> None:
        duty, now, sent = DutyCycle(limit=6), 0.0, []
        for gap, airtime in wanted:
            now += gap
            if duty.take(now, airtime):
                sent.append((now, airtime))
        for began, _ in sent:
            self.assertLessEqual(sum(each for at, each in sent if began <= at < began + 3600), 6 + 1e-9)

    def test_allOfIt(self) -> None:
        """36 s can be used, no more, and again when an hour and a minute have passed."""
        duty = DutyCycle()
        self.assertEqual([duty.take(0.0, 12) for _ in range(4)], [True, True, True, False])
        self.assertEqual(duty.used, 36)
        self.assertFalse(duty.take(3600, 0.1))
        self.assertTrue(duty.take(3660, 36))
