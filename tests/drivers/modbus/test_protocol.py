"""One request at a time: what is late, what is repeated, how long is waited."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.modbus import codec
from dog.drivers.modbus.codec import Framing, Mbap, Rtu
from dog.drivers.modbus.protocol import Closed, Line, Silent, Timing
from dog.testing.links import FakeKit

FIRST, SECOND = codec.readRegisters(4, 100, 1), codec.readRegisters(4, 150, 1)


class LineTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.kit = FakeKit()
        self.written: list[bytes] = []

    def line(self, framing: Framing) -> Line:
        return Line(self.kit, framing, Timing(0.5), self.written.append)

    def answer(self, value: int) -> bytes:
        """What unit 1 says to the request sent last."""
        return Rtu().encode(1, bytes([4, 2]) + value.to_bytes(2, "big"), 0)

    def test_lateAnswer(self) -> None:
        """Without ids, a late answer is let pass before the next request goes out, and taken for nothing."""
        line = self.line(Rtu())
        self.failureResultOf(self.after(line.ask(1, FIRST), 0.6), Silent)
        asked = line.ask(1, SECOND)
        line.heard(self.answer(11))
        self.assertNoResult(asked)
        self.assertEqual(len(self.written), 1)
        self.kit.run(0.5)
        self.assertEqual(len(self.written), 2)
        line.heard(self.answer(22))
        self.assertEqual(codec.registers(SECOND, self.successResultOf(asked)), [22])

    def test_deadUnitCostsOneTimeOut(self) -> None:
        """Where nothing came the last time either, there is nothing to let pass."""
        line = self.line(Rtu())
        for _ in range(2):
            self.failureResultOf(self.after(line.ask(1, FIRST), 1.1), Silent)
        self.failureResultOf(self.after(line.ask(1, FIRST), 0.51), Silent)
        line.ask(1, FIRST).addErrback(lambda _: None)
        self.assertEqual(len(self.written), 4)

    def test_withIdsNothingIsLetPass(self) -> None:
        line = self.line(Mbap())
        self.failureResultOf(self.after(line.ask(1, FIRST), 0.5), Silent)
        line.ask(1, SECOND).addErrback(lambda _: None)
        self.assertEqual(len(self.written), 2)
        self.assertNotEqual(self.written[0][:2], self.written[1][:2])

    def after(self, asked: Deferred[Any], seconds: float) -> Deferred[Any]:
        self.kit.run(seconds)
        return asked

    def test_attempts(self) -> None:
        """As many as are wanted, but none that could not be answered before the deadline."""
        for until, requests in ((None, 3), (0.9, 1), (1.4, 2)):
            self.setUp()
            asked = self.line(Mbap()).transact(1, FIRST, codec.registers, 3, until)
            self.failureResultOf(self.after(asked, 5), Silent)
            self.assertEqual(len(self.written), requests, until)

    def test_timeoutAndGapOfOneRequest(self) -> None:
        line = self.line(Mbap())
        asked = line.ask(1, FIRST, 2.0, 0.3)
        self.assertNoResult(self.after(asked, 1.9))
        self.failureResultOf(self.after(asked, 0.1), Silent)
        again = line.ask(1, SECOND)
        self.assertEqual(len(self.written), 1)
        self.kit.run(0.31)
        self.assertEqual(len(self.written), 2)
        line.close()
        self.failureResultOf(again, Closed)
        self.failureResultOf(line.ask(1, FIRST), Closed)
        self.assertEqual(self.kit.clock.getDelayedCalls(), [])
