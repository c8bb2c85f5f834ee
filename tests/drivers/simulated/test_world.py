"""Weather, daylight, mains, rooms."""

from __future__ import annotations

from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.simulated.dice import Dice
from dog.drivers.simulated.world import Room, World


def at(month: int, day: int, hour: int) -> float:
    return datetime(2025, month, day, hour, tzinfo=UTC).timestamp()


class WorldTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.world = World(1)

    def test_seasonsAndDays(self) -> None:
        """Summer is warmer than winter, the afternoon than the night; averaged over the weather."""

        def mean(month: int, hour: int) -> float:
            return sum(self.world.outdoors(at(month, day, hour)) for day in range(1, 29)) / 28

        self.assertGreater(mean(7, 15), mean(1, 15) + 15)
        self.assertGreater(mean(7, 15), mean(7, 4) + 7)
        year = [
            self.world.outdoors(at(month, day, hour)) for month in range(1, 13) for day in (5, 20) for hour in (4, 15)
        ]
        self.assertTrue(-12 < min(year) < 5 and 22 < max(year) < 36, (min(year), max(year)))

    def test_daylight(self) -> None:
        self.assertEqual(self.world.daylight(at(3, 1, 2)), 0.0)
        self.assertGreater(self.world.daylight(at(3, 1, 12)), 5000)
        self.assertTrue(all(0 <= self.world.daylight(at(3, day, 12)) <= 60_000 for day in range(1, 29)))

    def test_mains(self) -> None:
        times = [at(3, 1, 0) + 37.0 * step for step in range(1000)]
        self.assertTrue(all(225 <= self.world.voltage(each) <= 235 for each in times))
        self.assertTrue(all(49.95 <= self.world.frequency(each) <= 50.05 for each in times))
        self.assertTrue(all(99_000 < self.world.airPressure(each) < 103_400 for each in times))

    def test_bustle(self) -> None:
        """Nights are quiet, evenings are not."""
        self.assertEqual([self.world.bustle(at(3, 1, hour)) for hour in (3, 8, 12, 20)], [0.1, 1.0, 0.5, 1.0])


class RoomTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.start = at(1, 15, 12)
        self.room = Room(World(1), Dice(1, "room"), self.start)

    def test_unconditioned(self) -> None:
        """It stays pleasant, and drifts with the time of day."""
        day = [self.room.temperature(self.start + 600.0 * step) for step in range(144)]
        self.assertTrue(16 < min(day) < max(day) < 25, (min(day), max(day)))
        self.assertGreater(max(day) - min(day), 0.8)

    def test_heated(self) -> None:
        """Heating warms it by a kelvin or so in an hour, without it the room cools towards the outside."""
        self.room.condition(1.8, self.start)
        before = self.room.temperature(self.start)
        hour = self.room.temperature(self.start + 3600)
        self.assertTrue(0.5 < hour - before < 1.8, hour - before)
        self.room.condition(0.0, self.start + 3600)
        later = self.room.temperature(self.start + 10 * 3600)
        self.assertTrue(1.0 < hour - later < 10.0, hour - later)

    def test_asksDoNotMatter(self) -> None:
        """How often somebody looks does not change how warm it gets (but for the weather in between)."""
        other = Room(World(1), Dice(1, "room"), self.start)
        for room in (self.room, other):
            room.condition(1.8, self.start)
        for minute in range(60):
            other.temperature(self.start + 60.0 * minute)
        self.assertAlmostEqual(
            self.room.temperature(self.start + 3600), other.temperature(self.start + 3600), places=1
        )
