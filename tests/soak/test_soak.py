"""Half an hour of a house, in which more happens than in a day; and who finds what grows."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from soak.life import Life, Sample
from soak.verdict import ALLOWED, growing, table
from tests.bounded import bound


class LifeTests(SynchronousTestCase):
    def test_nothingGrows(self) -> None:
        bound(self)
        folder = Path(self.mktemp())
        folder.mkdir()
        life = Life(folder.absolute(), pace=10)
        life.small()
        samples = life.run(1600, 8)
        self.assertEqual(life.failures, {})
        self.assertEqual(growing(samples), [], table(samples))
        # That everything did happen.
        done = "\n".join(life.done)
        for each in ("WebSocket came", "Events came", "tokens 201", "rooms 201", "200", "204", "400", "401", "503"):
            self.assertIn(each, done)
        self.assertGreater(samples[-1].figures["log of events"], 100)
        left = [each for each in life.house.reactor.getDelayedCalls() if each.func.__module__.startswith("dog.")]
        self.assertEqual(left, [], "of a gateway that has stopped")


class VerdictTests(SynchronousTestCase):
    def samples(self, **last: float) -> list[Sample]:
        """Eight, the same but for some figures of the last three."""
        flat = dict.fromkeys(ALLOWED, 50.0)
        return [Sample(n / 8, flat | (last if n >= 5 else {})) for n in range(8)]

    def test_flat(self) -> None:
        self.assertEqual(growing(self.samples()), [])

    def test_grows(self) -> None:
        """Each figure, for itself."""
        for name in ALLOWED:
            more = {name: 100_000.0}
            self.assertEqual(
                growing(self.samples(**more)), [f"{name}: 50 in the first half, 100000 in the second"], name
            )
            self.assertEqual(growing(self.samples(**{name: 0.0})), [])

    def test_allowed(self) -> None:
        self.assertEqual(growing(self.samples(files=51, threads=50)), [])
        self.assertEqual(len(growing(self.samples(files=52, threads=51))), 2)
        self.assertEqual(growing(self.samples(commands=1000)), [], "as many are kept")
