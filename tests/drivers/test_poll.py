"""The poll plan: blocks, intervals, units that do not answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.poll import Block, Plan, Wanted


def plan(**more: tuple[float, float]) -> Plan:
    return Plan({"hr": 125, "c": 2000}, {"hr": 8, "c": 64}, **more)


def wanted(
    address: int, unit: int = 1, count: int = 1, interval: float = 5.0, table: str = "hr", **more: bool
) -> Wanted:
    return Wanted((unit, table, address, count), unit, table, address, count, interval, **more)


def shape(plan: Plan) -> list[tuple[Hashable, int, int]]:
    return sorted((block.unit, block.address, block.count) for block in plan.blocks)


class Line:
    """Plays a line on which each request takes a while; units that are dead cost a time-out."""

    def __init__(self, plan: Plan, cost: float = 0.02, timeout: float = 0.5) -> None:
        self.plan, self.cost, self.timeout = plan, cost, timeout
        self.now = 0.0
        self.dead: set[Hashable] = set()
        self.log: list[tuple[float, Block, bool]] = []

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            block = self.plan.next(self.now)
            if block is None:
                wake = self.plan.wakeAt()
                assert wake is None or wake > self.now
                self.now = until if wake is None else min(until, wake)
                continue
            answers = block.unit not in self.dead
            self.log.append((self.now, block, answers))
            self.now += self.cost if answers else self.timeout
            if answers:
                self.plan.read(block, self.now)
            else:
                self.plan.failed(block.unit, self.now, self.timeout)


class BlockTests(SynchronousTestCase):
    def test_neighboursAreJoined(self) -> None:
        found = plan()
        found.add([wanted(10, count=2), wanted(0), wanted(12), wanted(21), wanted(30)], 0)
        self.assertEqual(shape(found), [(1, 0, 1), (1, 10, 21)])

    def test_notAcrossUnitsTablesIntervals(self) -> None:
        found = plan()
        found.add([wanted(0), wanted(1, unit=2), wanted(2, table="c"), wanted(3, interval=1)], 0)
        self.assertEqual(len(found.blocks), 4)

    def test_notBeyondTheMost(self) -> None:
        found = plan()
        found.add([wanted(each, count=2) for each in range(0, 250, 2)], 0)
        self.assertEqual(shape(found), [(1, 0, 124), (1, 124, 124), (1, 248, 2)])

    def test_alone(self) -> None:
        found = plan()
        found.add([wanted(0), wanted(1, alone=True), wanted(2), wanted(3)], 0)
        self.assertEqual(shape(found), [(1, 0, 1), (1, 1, 1), (1, 2, 2)])

    def test_samePlaceTwice(self) -> None:
        """Two devices that want one register share its reading, even if they opt out of blocks."""
        found = plan()
        one = Wanted("a", 1, "hr", 5, 1, 5.0, alone=True)
        two = Wanted("b", 1, "hr", 5, 1, 5.0, alone=True)
        found.add([one, two], 0)
        self.assertEqual(shape(found), [(1, 5, 1)])

    def test_separate(self) -> None:
        found = plan()
        found.add([wanted(0), wanted(4), wanted(100), wanted(101)], 0)
        block = next(each for each in found.blocks if each.address == 0)
        found.separate(block, 0)
        self.assertEqual(shape(found), [(1, 0, 1), (1, 4, 1), (1, 100, 2)])

    def test_remove(self) -> None:
        found = plan()
        found.add([wanted(0), wanted(1), wanted(0, unit=2)], 0)
        found.remove([wanted(1).id, wanted(0, unit=2).id, "nobody"], 0)
        self.assertEqual(shape(found), [(1, 0, 1)])

    @settings(max_examples=200, deadline=None)
    @given(
        st.lists(
            st.tuples(st.integers(0, 300), st.integers(1, 4), st.integers(1, 3), st.booleans()),
            min_size=1,
            max_size=40,
        )
    )
    def test_everythingIsReadOnce(self, described: list[tuple[int, int, int, bool]]) -> None:
        """Each wanted is in exactly one block, wholly, and no block is too long or has too wide a gap."""
        found = plan()
        items = [
            Wanted(index, unit, "hr", address, count, 5.0, alone)
            for index, (address, count, unit, alone) in enumerate(described)
        ]
        for item in items:
            found.add([item], 0)
        self.assertEqual(sorted(each.id for block in found.blocks for each in block.items), list(range(len(items))))
        for block in found.blocks:
            self.assertLessEqual(block.count, 125)
            end = block.address
            for each in sorted(block.items, key=lambda each: each.address):
                self.assertLessEqual(each.address - end, 8)
                end = max(end, each.end)
            self.assertEqual(end, block.address + block.count)


class TimeTests(SynchronousTestCase):
    def test_intervals(self) -> None:
        """Each at its own interval, the first reading at once."""
        line = Line(plan())
        line.plan.add([wanted(0, interval=1), wanted(100, interval=10)], 0)
        line.run(100.5)
        counted = Counter(block.address for _, block, _ in line.log)
        self.assertEqual(counted, {0: 101, 100: 11})

    def test_overloadIsShared(self) -> None:
        """More wanted than the line can carry: everybody gets the same."""
        line = Line(plan(), cost=0.1)
        line.plan.add([wanted(0, unit=unit, interval=1) for unit in range(1, 41)], 0)
        line.run(100)
        counted = Counter(block.unit for _, block, _ in line.log)
        self.assertEqual(len(counted), 40)
        self.assertLessEqual(max(counted.values()) - min(counted.values()), 1)

    def test_hasten(self) -> None:
        line = Line(plan())
        line.plan.add([wanted(0), wanted(100)], 0)
        line.run(1)
        line.log.clear()
        line.plan.hasten([wanted(100).id], line.now)
        line.run(0.1)
        self.assertEqual([block.address for _, block, _ in line.log], [100])

    def test_nothingWanted(self) -> None:
        self.assertIsNone(plan().next(0))
        self.assertIsNone(plan().wakeAt())


class SilenceTests(SynchronousTestCase):
    def test_deadUnitIsLeftAloneForSeconds(self) -> None:
        line = Line(plan())
        line.plan.add([wanted(each * 100) for each in range(5)], 0)
        line.dead = {1}
        line.run(30)
        times = [when for when, _, _ in line.log]
        pauses = [round(later - earlier, 2) for earlier, later in pairwise(times)]
        self.assertEqual(pauses[:3], [2.0, 2.5, 4.5])
        self.assertEqual(set(pauses[3:]), {5.5})

    def test_recoversWithinOnePoll(self) -> None:
        """Once it answers, all of it is read at once, and goes on at its interval."""
        line = Line(plan())
        line.plan.add([wanted(each * 100) for each in range(5)], 0)
        line.dead = {1}
        line.run(60)
        line.dead = set()
        line.log.clear()
        line.run(5.5 + 0.2)
        self.assertEqual(len({block.address for _, block, _ in line.log}), 5)
        self.assertFalse(line.plan.isSilent(1))

    def test_manyDeadDoNotStarveTheLiving(self) -> None:
        """Twenty dead units take a quarter of the line; the living are read at their interval."""
        line = Line(plan())
        line.plan.add([wanted(0, unit=unit) for unit in range(1, 61)], 0)
        line.dead = set(range(1, 21))
        line.run(100)
        counted = Counter(block.unit for when, block, answers in line.log if answers and when > 40)
        self.assertEqual(set(counted), set(range(21, 61)))
        self.assertGreaterEqual(min(counted.values()), 11)
        wasted = sum(line.timeout for when, _, answers in line.log if not answers and when > 40)
        self.assertLessEqual(wasted, 60 * 0.27)

    def test_oneDeadUnitOnABusyLine(self) -> None:
        """While others want the line all the time, it takes a twenty-fifth of it; else it is tried every 5 seconds."""
        for interval, share, pauses in ((0.01, 0.041, {12.5, 13.0}), (5.0, 0.1, {5.5, 6.0})):
            line = Line(plan())
            line.plan.add([wanted(0, unit=unit, interval=interval) for unit in range(1, 11)], 0)
            line.dead = {1}
            line.run(200)
            times = [when for when, _, answers in line.log if not answers and when > 30]
            self.assertLessEqual(len(times) * line.timeout, 170 * share, interval)
            self.assertLessEqual({round(2 * (b - a)) / 2 for a, b in pairwise(times)}, pauses, interval)

    def test_theDeadHaveTheirTurnEach(self) -> None:
        line = Line(plan())
        line.plan.add([wanted(0, unit=unit) for unit in range(1, 11)], 0)
        line.dead = set(range(1, 11))
        line.run(200)
        counted = Counter(block.unit for when, block, _ in line.log if when > 50)
        self.assertLessEqual(max(counted.values()) - min(counted.values()), 1)

    def test_answersToSomethingElse(self) -> None:
        """A command that a silent unit answers ends its silence."""
        found = plan()
        found.add([wanted(0)], 0)
        self.assertTrue(found.failed(1, 0, 0.5))
        self.assertFalse(found.failed(1, 2, 0.5))
        self.assertIsNone(found.next(2.1))
        self.assertTrue(found.answered(1, 2.1))
        self.assertFalse(found.answered(1, 2.1))
        self.assertIsNotNone(found.next(2.1))
