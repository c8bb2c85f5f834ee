"""How long a link waits before its next attempt."""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from dog.live.delays import Delays


class Even(Random):
    """No jitter."""

    def uniform(self, a: float, b: float) -> float:
        return 1.0


class DelaysTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.delays = Delays(Even(), 0.5, 30.0)

    def test_grows(self) -> None:
        self.assertEqual([self.delays.lost(None) for _ in range(9)], [0.5, 1, 2, 4, 8, 16, 30, 30, 30])

    def test_steady(self) -> None:
        """Only a link that stayed up for a while begins anew."""
        for _ in range(5):
            self.delays.lost(None)
        self.assertEqual(self.delays.lost(Delays.steady - 1), 16)
        self.assertEqual(self.delays.lost(Delays.steady), 0.5)

    def test_jitter(self) -> None:
        delays = Delays(Random(1), 1.0, 1.0)
        found = [delays.lost(None) for _ in range(200)]
        self.assertTrue(0.75 <= min(found) < 0.8 and 1.2 < max(found) <= 1.25)

    def crashes(self, count: int, upFor: float | None = None) -> list[tuple[float, bool]]:
        return [self.delays.crashed(upFor) for _ in range(count)]

    def test_budget(self) -> None:
        """Beyond the budget it waits long, longer each time, to a bound; a loss in between is a loss."""
        self.assertEqual(self.crashes(5), [(0.5, False), (1, False), (2, False), (4, False), (8, False)])
        self.assertEqual(self.crashes(2), [(60, True), (120, True)])
        self.assertEqual(self.delays.lost(None), 16)
        self.assertEqual(self.crashes(30)[2:], [(900, True)] * 28)

    def test_peace(self) -> None:
        self.crashes(20)
        self.assertEqual(self.delays.crashed(Delays.peace - 1)[1], True)
        self.assertEqual(self.delays.crashed(Delays.peace), (0.5, False))

    def test_reset(self) -> None:
        self.crashes(20)
        self.delays.reset()
        self.assertEqual(self.crashes(1), [(0.5, False)])
