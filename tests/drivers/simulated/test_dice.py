"""Repeatable chance and noise."""

from __future__ import annotations

from itertools import pairwise

from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.simulated.dice import Dice, Wave


class DiceTests(SynchronousTestCase):
    def test_repeatable(self) -> None:
        """The same seed and name give the same stream, on every machine: the numbers are fixed."""
        self.assertEqual(Dice(1, "lamp").bits(), 17067113383051897627)

    def test_splitmix(self) -> None:
        """The published test vector of splitmix64 for the state 1234567."""
        dice = Dice(0, "")
        dice._state = 1234567
        self.assertEqual(
            [dice.bits() for _ in range(3)], [6457827717110365317, 3203168211198807973, 9817491932198370423]
        )

    def test_namesAndSeedsDiffer(self) -> None:
        firsts = {Dice(seed, name).bits() for seed in (1, 2, 2**64 - 1) for name in ("lamp", "door", "")}
        self.assertEqual(len(firsts), 9)

    def test_even(self) -> None:
        dice = Dice(3, "x")
        numbers = [dice.random() for _ in range(4000)]
        self.assertTrue(all(0 <= each < 1 for each in numbers))
        for tenth in range(10):
            count = sum(tenth / 10 <= each < (tenth + 1) / 10 for each in numbers)
            self.assertTrue(320 < count < 480, f"{count} between {tenth / 10} and {(tenth + 1) / 10}")

    def test_between(self) -> None:
        dice = Dice(3, "x")
        numbers = [dice.between(5.0, 6.0) for _ in range(100)]
        self.assertTrue(5.0 <= min(numbers) < 5.1 and 5.9 < max(numbers) < 6.0)
        self.assertTrue(all(50 <= dice.about(100) <= 150 for _ in range(100)))
        self.assertEqual({dice.pick("abc") for _ in range(100)}, {"a", "b", "c"})
        self.assertTrue(20 < sum(dice.chance(0.3) for _ in range(100)) < 40)


class WaveTests(SynchronousTestCase):
    def test_boundedWithoutJumps(self) -> None:
        wave = Wave(Dice(1, "x"), 3600.0)
        values = [wave.at(1.7e9 + 10.0 * step) for step in range(3000)]
        self.assertTrue(all(-1 <= each <= 1 for each in values))
        self.assertTrue(min(values) < -0.5 < 0.5 < max(values))
        steps = [abs(one - other) for one, other in pairwise(values)]
        self.assertLess(max(steps), 0.06)
        self.assertGreater(max(steps), 0.001)
