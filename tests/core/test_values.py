"""Values by slot: quality, times, change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from twisted.trial.unittest import SynchronousTestCase

from dog.core.now import Now
from dog.core.values import Quality, Values
from dog.model.measure import Measure
from dog.model.values import Reading, Slot, Value, features

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> Now:
    return Now(seconds, START + timedelta(seconds=seconds))


class ValuesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.values = Values()
        self.slot = Slot("d", "TemperatureState")

    def hear(self, value: Value, seconds: float = 0.0, maxAge: float | None = None) -> bool:
        return self.values.observe(Reading(self.slot, value, maxAge=maxAge), at(seconds))

    def test_firstIsAChange(self) -> None:
        self.assertTrue(self.hear("on"))
        held = self.values.get(self.slot)
        assert held is not None
        self.assertEqual((held.value, held.quality), ("on", Quality.GOOD))

    def test_sameAgain(self) -> None:
        """Hearing the same value moves heardAt and leaves changedAt."""
        self.hear("on", 1)
        self.assertFalse(self.hear("on", 5))
        held = self.values.get(self.slot)
        assert held is not None
        self.assertEqual((held.changedAt, held.heardAt), (at(1).utc, at(5).utc))

    def test_change(self) -> None:
        self.hear("on", 1)
        self.assertTrue(self.hear("off", 5))
        held = self.values.get(self.slot)
        assert held is not None
        self.assertEqual((held.value, held.changedAt), ("off", at(5).utc))

    def test_whatDiffers(self) -> None:
        """20 C is 20.0 C, 1 is 1.0, but True is not 1 and a unit counts."""
        for old, new, changed in (
            (Measure(Decimal("20"), "C"), Measure(Decimal("20.0"), "C"), False),
            (Measure(Decimal("20"), "C"), Measure(Decimal("20"), "W"), True),
            (1, 1.0, False),
            (1, True, True),
            (40, 41, True),
            ("1", 1, True),
        ):
            self.values = Values()
            self.hear(old)
            self.assertEqual(self.hear(new), changed, (old, new))

    def test_readingWithItsOwnTime(self) -> None:
        then = START - timedelta(minutes=5)
        self.values.observe(Reading(self.slot, 1, at=then, maxAge=600), at(0))
        held = self.values.get(self.slot)
        assert held is not None
        self.assertEqual(held.heardAt, then)
        self.assertEqual(held.expiresAt, then + timedelta(seconds=600))

    def test_stamp(self) -> None:
        """Another one for every other value, however small the difference; the same while only its worth changes."""
        self.assertIsNone(self.values.stamp("d"))
        stamps: list[object] = []

        def new() -> bool:
            stamp = self.values.stamp("d")
            stamps.append(stamp)
            return all(stamp is not each for each in stamps[:-1])

        value = Measure(Decimal("20"), "C")
        self.hear(value)
        self.assertTrue(new())
        self.hear(Measure(Decimal("20.0"), "C"))
        self.assertTrue(new())
        other = Slot("d", "HumidityState")
        self.values.observe(Reading(other, 1), at(0))
        self.assertTrue(new())
        self.values.restore(self.slot, value, START, START)
        self.assertTrue(new())
        self.hear(value)
        self.values.makeStale([self.slot, other])
        self.assertFalse(new())
        self.values.forget("d")
        self.assertTrue(new())

    def test_staleOnce(self) -> None:
        self.hear("on")
        self.assertEqual(self.values.makeStale([self.slot]), [self.slot])
        self.assertEqual(self.values.makeStale([self.slot]), [])
        self.assertEqual(self.values.makeStale([Slot("nobody", "X")]), [])

    def test_heardAgainIsGood(self) -> None:
        self.hear("on")
        self.values.makeStale([self.slot])
        self.assertFalse(self.hear("on"))
        held = self.values.get(self.slot)
        assert held is not None
        self.assertIs(held.quality, Quality.GOOD)

    def test_keyParametersTellSlotsApart(self) -> None:
        one = Slot("m", "ThreePhaseVoltageState", features(phaseID="L1"))
        two = Slot("m", "ThreePhaseVoltageState", features(phaseID="L2"))
        self.values.observe(Reading(one, 1), at(0))
        self.values.observe(Reading(two, 2), at(0))
        self.assertEqual((self.values.value(one), self.values.value(two)), (1, 2))
        self.assertEqual(list(self.values.of("m")), [one, two])

    def test_forget(self) -> None:
        self.hear("on")
        self.assertEqual(self.values.forget("d"), (self.slot,))
        self.assertIsNone(self.values.value(self.slot))
        self.assertEqual(self.values.forget("d"), ())
