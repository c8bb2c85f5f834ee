"""Many devices, everything going wrong: shorter spans of what C{python -m tests.drivers.modbus.load} reports."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.drivers.modbus.load import Faults, House, objects, saturated


class LoadTests(SynchronousTestCase):
    def test_theLineIsTheLimit(self) -> None:
        """With block reads, 60 meters that are wanted again at once keep a line at 115200 baud busy, each in turn."""
        found = saturated(0, 20.0, 5.0)
        self.assertGreaterEqual(found["busy"], 0.9)
        least, most = found["leastToMost"]
        self.assertLessEqual(most - least, 1)
        one = saturated(1, 75.0, 30.0)
        # The same 59 units, in as many seconds.
        self.assertGreaterEqual(one["readings"] / 75, 0.95 * found["readings"] / 20)

    def test_home(self) -> None:
        """Units die, answers are refused and garbled, wires are lost: nobody starves, nothing piles up."""
        house = House(rtu=20, tcp=50, faults=Faults(dies=120.0, lost=300.0, dead=60.0), tcpInterval=5000)
        house.run(900)
        before = objects()
        house.run(900)
        self.assertLess(objects(), 1.05 * before)
        rtu, *tcp = house.wires.values()
        for wires in ([rtu], tcp):
            found = house.report(wires)
            periods = found["secondsBetweenReadings"]
            self.assertLessEqual(periods["p50"], 5.2)
            self.assertLessEqual(periods["p99"], 8.0)
            self.assertLessEqual(periods["most"], 15.0)
            # Of 360 that were due; a unit is dead or away for a part of the time.
            self.assertGreater(found["readingsPerUnit"]["least"], 180)
        self.assertLess(len(house.clock.getDelayedCalls()), 100)
