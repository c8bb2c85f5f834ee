"""The system's clock is wrong, and then it jumps: no RTC, 1970 until the network is there; put forward, put back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from dog.core.events import Resume
from dog.core.values import Quality
from dog.live.memory import Memory
from dog.live.tokens import Tokens
from dog.model.command import Stage
from dog.model.device import Device
from dog.model.measure import Measure
from dog.model.rights import ANONYMOUS, Role
from dog.model.values import Reading, Slot, features
from dog.testing.scripted import NEVER
from tests.live.house import RunningHouse

LAMP = Device("lamp", "SimpleLamp", "Scripted")
METER = Device("meter", "ThreePhaseElectricityMeter", "Scripted")
POWER = Slot("meter", "ThreePhaseActivePowerMeasurementState", features(phaseID="L1"))
BOOT = datetime(1970, 1, 1, 0, 0, 20, tzinfo=UTC)
RIGHT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
FAR = datetime(2099, 1, 1, tzinfo=UTC)


class ClockTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = RunningHouse(LAMP, METER)
        self.jump(BOOT)
        self.house.start()

    def jump(self, to: datetime) -> None:
        """From now on, the system's clock goes on from there."""
        clock = self.house.clock
        begin = clock.seconds()
        self.house.stepper._utcNow = lambda: to + timedelta(seconds=clock.seconds() - begin)

    def hear(self, value: float, maxAge: float | None = 60.0) -> None:
        port = self.house.driver.links[0].devices["meter"].port
        port.observed(Reading(POWER, Measure.of(value, "W"), maxAge=maxAge))

    def quality(self) -> Quality:
        held = self.house.core.values.get(POWER)
        assert held is not None
        return held.quality

    def test_values(self) -> None:
        """They go stale when they have not been heard for so long, and never by a jump."""
        for to in (RIGHT, FAR, BOOT):
            self.hear(20)
            self.house.clock.advance(30)
            self.jump(to)
            self.house.clock.advance(29)
            self.assertIs(self.quality(), Quality.GOOD)
            self.house.clock.advance(1)
            self.assertIs(self.quality(), Quality.STALE)

    def test_commands(self) -> None:
        """Neither answered too early nor too late."""
        for to in (RIGHT, FAR, BOOT):
            self.house.driver.script("lamp", "on", NEVER)
            sending = self.house.commands.send(LAMP, "on", None, ANONYMOUS)
            self.house.clock.advance(1)
            self.jump(to)
            self.house.clock.advance(0.9)
            self.assertNoResult(sending)
            self.house.clock.advance(0.2)
            self.assertIs(self.successResultOf(sending).stage, Stage.UNKNOWN)

    def test_retries(self) -> None:
        """A command is not sent twice since the clock was put right between two attempts."""
        first = self.successResultOf(self.house.commands.send(LAMP, "on", None, ANONYMOUS, key="k"))
        for to in (RIGHT, FAR, BOOT):
            self.jump(to)
            again = self.successResultOf(self.house.commands.send(LAMP, "on", None, ANONYMOUS, key="k"))
            self.assertIs(again, first)
        self.assertEqual(len(self.house.driver.sent), 1)
        self.house.clock.advance(601)
        again = self.successResultOf(self.house.commands.send(LAMP, "on", None, ANONYMOUS, key="k"))
        self.assertIsNot(again, first)

    def test_events(self) -> None:
        """In the order in which they happened, and none is lost: their ages are not told by that clock."""
        log = self.house.core.log
        cursor = log.lastId
        for number, to in enumerate((BOOT, RIGHT, FAR, BOOT, RIGHT)):
            self.jump(to)
            self.hear(20 + number)
        resumed = log.resume(log.epoch, cursor)
        self.assertIs(resumed.how, Resume.REPLAY)
        told = [str(value) for each in resumed.events for value in each.params.values() if isinstance(value, Measure)]
        self.assertEqual(told, [f"{20 + number} W" for number in range(5)])
        ids = [each.eventId for each in resumed.events]
        self.assertEqual(ids, sorted(ids))
        self.house.clock.advance(24 * 3600 + 1)
        self.hear(30)
        self.assertIs(log.resume(log.epoch, cursor).how, Resume.GAP, "a day later they are gone all the same")

    def test_tokens(self) -> None:
        """One with an expiry is good again once the clock is; it is never deleted, and one without is always good."""
        folder = Path(self.mktemp())
        memory = Memory(self.house.stepper, folder / "state.db", maybeDeferred)
        memory.recall()
        self.addCleanup(lambda: self.successResultOf(memory.close()))
        tokens = Tokens(self.house.stepper, memory, folder)
        tokens.recall()
        self.addCleanup(tokens.close)
        self.jump(RIGHT)
        secret, _ = self.successResultOf(tokens.create("a", Role.USER, expiresAt=RIGHT + timedelta(days=1)))
        lasting, _ = self.successResultOf(tokens.create("b", Role.USER))
        for to, good in ((BOOT, True), (FAR, False), (RIGHT, True), (FAR, False), (BOOT, True)):
            self.jump(to)
            self.house.clock.advance(61)
            self.assertEqual(tokens.principal(secret) is not None, good, to)
            self.assertIsNotNone(tokens.principal(lasting))
