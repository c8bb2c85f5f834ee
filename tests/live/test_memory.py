"""What outlasts a restart, and what the gateway says where it can't."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from dog.core.events import Kind, Resume
from dog.core.ledger import Entry
from dog.core.values import Quality
from dog.live import state
from dog.live.memory import MAX_ASIDE, Memory
from dog.live.state import Newer, StateFile
from dog.model.command import Stage
from dog.model.device import Device
from dog.model.measure import Measure
from dog.model.refusal import Code, Refusal
from dog.model.rights import ANONYMOUS
from dog.model.values import Reading, Slot, features
from dog.testing.scripted import NEVER, confirm
from tests.live.house import RunningHouse

LAMP = Device("lamp", "SimpleLamp", "Scripted")
METER = Device("meter", "ThreePhaseActivePowerMeter", "Scripted")
ON = Slot("lamp", "OnOffState")
L1 = Slot("meter", "ThreePhaseActivePowerMeasurementState", features(phaseID="L1"))


class MemoryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp()) / "state.db"
        self.runs = 0
        self.start()

    def start(self, *devices: Device) -> None:
        """A new process on the same file."""
        self.runs += 1
        self.house = RunningHouse()
        self.core = self.house.core
        self.core.log.epoch = f"epoch{self.runs}"
        self.house.apply(*(devices or (LAMP, METER)))
        self.core.log._events.clear()
        self.core.log._monos.clear()
        self.core.log.lastId = 0
        self.memory = Memory(self.house.stepper, self.path, maybeDeferred, maxWaiting=50)
        self.memory.recall()
        self.memory.startService()
        self.house.commands._remember = self.memory.remember
        self.house.start()

    def stop(self) -> None:
        self.house.stepper.stop()
        self.successResultOf(self.memory.close())

    def crash(self) -> None:
        """The process is gone; what was not written is lost."""
        self.house.stepper.stop()
        if self.memory._file is not None:
            self.memory._file.close()

    def hear(self, slot: Slot, value: Any) -> None:
        self.house.driver.report(slot.device, Reading(slot, value))

    def told(self) -> list[str]:
        found = self.core.log.after(self.core.log.firstId - 1) or []
        return [each.notification.cls for each in found if each.notification is not None]

    # -- values -----------------------------------------------------------------------------------------

    def test_valuesAreRestored(self) -> None:
        """As restored, with their times; another reading of the same is no event, another value is."""
        self.hear(ON, "on")
        self.hear(L1, Measure.of("230.50", "W"))
        before = self.core.values.get(ON)
        assert before is not None
        self.stop()
        self.start()
        held = self.core.values.get(ON)
        assert held is not None
        self.assertEqual((held.value, held.quality), ("on", Quality.RESTORED))
        self.assertEqual((held.changedAt, held.heardAt), (before.changedAt, before.heardAt))
        self.assertEqual(str(self.core.values.value(L1)), "230.50 W")
        self.hear(ON, "on")
        self.assertEqual(self.told(), [])
        self.assertIs(held.quality, Quality.GOOD)
        self.assertEqual(held.changedAt, before.changedAt)
        self.hear(ON, "off")
        self.assertEqual(self.told(), ["OffNotification"])

    def test_restartIsNoEvent(self) -> None:
        """Restored values don't go stale because their link is only starting."""
        self.hear(ON, "on")
        self.stop()
        self.start()
        kinds = {each.kind for each in self.core.log.after(self.core.log.firstId - 1) or []}
        self.assertNotIn(Kind.VALUE_STALED, kinds)

    def test_goneDevices(self) -> None:
        """Neither a device removed while it ran nor one removed meanwhile comes back."""
        self.hear(ON, "on")
        self.hear(L1, Measure.of(1, "W"))
        self.house.kit.run(20)
        self.house.apply(METER)
        self.stop()
        self.start(LAMP)
        self.assertEqual(self.core.values.of("lamp"), {})
        self.assertEqual(self.core.values.of("meter"), {})

    # -- events -----------------------------------------------------------------------------------------

    def test_replayAcrossARestart(self) -> None:
        self.hear(ON, "on")
        cursor = self.core.log.lastId
        self.hear(L1, Measure.of(5, "W"))
        self.stop()
        self.start()
        self.hear(ON, "off")
        resumed = self.core.log.resume("epoch1", cursor)
        self.assertIs(resumed.how, Resume.REPLAY)
        told = [(each.eventId, each.notification.cls) for each in resumed.events if each.notification]
        self.assertEqual(
            [each for _, each in told], ["ThreePhaseActivePowerMeasurementNotification", "OffNotification"]
        )
        ids = [each.eventId for each in resumed.events]
        self.assertEqual(ids, list(range(cursor + 1, cursor + 1 + len(ids))))
        self.assertEqual(resumed.events[0].params, {"phaseID": "L1", "value": Measure.of(5, "W")})
        self.assertEqual(resumed.events[0].slots, (L1,))

    def test_gapAfterACrash(self) -> None:
        self.hear(ON, "on")
        self.house.kit.run(20)
        self.crash()
        self.start()
        self.assertIs(self.core.log.resume("epoch1", 1).how, Resume.GAP)
        self.assertEqual(self.core.values.value(ON), "on", "what had been written is there")

    def test_onlyTheEpochBefore(self) -> None:
        self.hear(ON, "on")
        cursor = self.core.log.lastId
        self.stop()
        self.start()
        self.stop()
        self.start()
        self.assertIs(self.core.log.resume("epoch1", cursor).how, Resume.GAP)
        assert self.core.log.before is not None
        self.assertIsNot(self.core.log.resume("epoch2", self.core.log.before.lastId).how, Resume.GAP)

    def test_writesAreBatched(self) -> None:
        """A memory card has a budget: many events, one write."""
        writes = self.count("write")
        for number in range(100):
            self.hear(L1, Measure.of(number, "W"))
        self.assertEqual(writes, [])
        self.house.kit.run(10)
        self.assertEqual(len(writes), 1)
        self.house.kit.run(600)
        self.assertEqual(len(writes), 1, "nothing happens, nothing is written")

    # -- commands ---------------------------------------------------------------------------------------

    def send(self, name: str = "on", key: str | None = None) -> Deferred[Entry]:
        return self.house.commands.send(LAMP, name, None, ANONYMOUS, key=key)

    def test_keyAcrossARestart(self) -> None:
        """A retried key answers with the first outcome, and nothing is sent again."""
        first = self.successResultOf(self.send(key="k"))
        self.crash()
        self.start()
        again = self.successResultOf(self.send(key="k"))
        self.assertEqual(again.command.id, first.command.id)
        self.assertIs(again.stage, Stage.CONFIRMED)
        self.assertEqual(self.house.driver.sent, [])
        error = self.assertRaises(Refusal, self.send, "off", key="k")
        self.assertIs(error.refused.code, Code.BAD_BODY)

    def test_onDiskBeforeTheReply(self) -> None:
        waiting: list[Deferred[None]] = []

        def remember(entry: Entry) -> Deferred[None]:
            waiting.append(Deferred())
            return waiting[-1]

        self.house.commands._remember = remember
        sending = self.send(key="k")
        again = self.send(key="k")
        self.assertNoResult(sending)
        waiting[0].callback(None)
        self.assertIs(self.successResultOf(sending), self.successResultOf(again))

    def test_keptCommandsAreBounded(self) -> None:
        file = StateFile(self.path.with_name("other.db"), maxCommands=3)
        for number in range(5):
            self.house.clock.advance(1)
            self.house.driver.script("lamp", "on", confirm())
            file.command(self.successResultOf(self.send(key=str(number))))
        self.assertEqual([each.command.key for each in file.load().commands], ["2", "3", "4"])
        file.close()

    # -- the disk fails -----------------------------------------------------------------------------------

    def count(self, name: str) -> list[Any]:
        calls: list[Any] = []
        real = getattr(self.memory._file, name)

        def counted(*args: Any) -> Any:
            calls.append(args)
            return real(*args)

        self.patch(self.memory._file, name, counted)
        return calls

    def fill(self) -> Any:
        """The disk is full."""

        def full(*args: Any) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        return self.patch(self.memory._file, "write", full)

    def test_fullDiskLosesNothing(self) -> None:
        patch = self.fill()
        self.hear(ON, "on")
        self.house.kit.run(60)
        self.hear(L1, Measure.of(5, "W"))
        patch.restore()
        self.house.kit.run(20)
        last = self.core.log.lastId
        self.stop()
        self.start()
        self.assertEqual(self.core.values.value(ON), "on")
        self.assertIs(self.core.log.resume("epoch1", 1).how, Resume.REPLAY)
        ids = [each.eventId for each in self.core.log.resume("epoch1", 1).events]
        self.assertEqual([each for each in ids if each <= last], list(range(2, last + 1)))

    def test_failedWriteUnderwayAtTheEnd(self) -> None:
        """A write that fails while the gateway stops is made good by the last one, or the epoch is not closed."""
        calls: list[Any] = []
        waiting: list[Deferred[Any]] = []

        def inTurn(call: Any) -> Deferred[Any]:
            calls.append(call)
            waiting.append(Deferred())
            return waiting[-1]

        self.hear(ON, "on")
        self.memory._inTurn = inTurn
        self.house.kit.run(20)
        last = self.core.log.lastId
        closing = self.memory.close()
        self.assertEqual(len(calls), 1)
        waiting[0].errback(sqlite3.OperationalError("database or disk is full"))
        waiting[1].callback(calls[1]())
        self.successResultOf(closing)
        self.house.stepper.stop()
        self.start()
        ids = [each.eventId for each in self.core.log.resume("epoch1", 0).events]
        self.assertEqual([each for each in ids if each <= last], list(range(1, last + 1)))

    def test_fullForTooLong(self) -> None:
        """What had to be given up is a gap, not a lie: even between what was written before and after."""
        self.hear(ON, "on")
        self.house.kit.run(20)
        patch = self.fill()
        for number in range(200):
            self.hear(L1, Measure.of(number, "W"))
        self.house.kit.run(20)
        self.assertLessEqual(len(self.memory._batch.events), 51)
        patch.restore()
        self.house.kit.run(20)
        self.stop()
        self.start()
        self.assertIs(self.core.log.resume("epoch1", 1).how, Resume.GAP)
        self.assertEqual(str(self.core.values.value(L1)), "199 W")

    def test_commandOnAFullDisk(self) -> None:
        """The caller gets his answer all the same."""

        def full(*args: Any) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        self.patch(self.memory._file, "command", full)
        self.assertIs(self.successResultOf(self.send()).stage, Stage.CONFIRMED)

    def test_noPlaceForAFile(self) -> None:
        self.stop()
        self.path = Path(self.mktemp())
        self.path.write_text("a file where a folder should be")
        self.path = self.path / "state.db"
        self.start()
        self.hear(ON, "on")
        self.house.kit.run(20)
        self.assertIs(self.successResultOf(self.send()).stage, Stage.CONFIRMED)
        self.stop()

    def test_readOnly(self) -> None:
        """What the file holds is known, the write-ahead log included; nothing is changed, nothing more remembered."""
        self.hear(ON, "on")
        self.house.kit.run(20)
        self.house.stepper.stop()
        crashed, self.memory._file = self.memory._file, None  # not closed, which would put the log into the database
        assert crashed is not None
        self.addCleanup(crashed.close)
        files = [self.path, Path(f"{self.path}-wal")]
        before = [each.read_bytes() for each in files]
        connect = sqlite3.connect

        def readOnly(path: Any, **options: Any) -> Any:
            if Path(path) == self.path:
                raise sqlite3.OperationalError("attempt to write a readonly database")
            return connect(path, **options)

        self.patch(sqlite3, "connect", readOnly)
        self.start()
        self.assertIsNone(self.memory.file)
        self.assertEqual(self.core.values.value(ON), "on")
        self.hear(ON, "off")
        self.house.kit.run(20)
        self.assertIs(self.successResultOf(self.send()).stage, Stage.CONFIRMED)
        self.stop()
        self.assertEqual([each.read_bytes() for each in files], before)

    def test_fullAtTheStart(self) -> None:
        """What was read counts, though nothing can be written."""
        self.hear(ON, "on")
        self.stop()

        def full(*args: Any) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        self.patch(StateFile, "begin", full)
        self.start()
        self.assertEqual(self.core.values.value(ON), "on")
        self.assertIsNone(self.memory.file)

    def test_noDatabase(self) -> None:
        """A file that is no database is put aside, not deleted; the gateway starts with an empty memory."""
        self.stop()
        self.path.write_bytes(b"not a database at all " * 100)
        self.start()
        self.assertEqual(self.core.values.of("lamp"), {})
        self.assertTrue(Path(f"{self.path}.unreadable").read_bytes().startswith(b"not a database"))
        self.hear(ON, "on")
        self.stop()
        self.start()
        self.assertEqual(self.core.values.value(ON), "on")

    def test_noDatabaseAgain(self) -> None:
        """The one that was put aside first, which holds most, is not lost to the next; their number has a bound."""
        self.stop()
        for number in range(2 * MAX_ASIDE):
            self.path.write_bytes(b"no database %d" % number + bytes(2000))
            self.start()
            self.stop()
        aside = sorted(self.path.parent.glob(f"{self.path.name}.unreadable*"))
        self.assertEqual(len(aside), MAX_ASIDE)
        self.assertTrue(aside[0].read_bytes().startswith(b"no database 0"))
        self.assertTrue(aside[-1].read_bytes().startswith(b"no database 9"))

    def test_newer(self) -> None:
        self.stop()
        db = sqlite3.connect(self.path)
        db.execute("PRAGMA user_version=99")
        db.close()
        self.assertRaises(Newer, self.start)

    def test_migration(self) -> None:
        """An older file is copied, then brought up to date; what it held is there."""
        self.hear(ON, "on")
        self.stop()
        before = len(state.SCHEMA)
        self.patch(state, "SCHEMA", (*state.SCHEMA, "CREATE TABLE more (x);"))
        self.start()
        self.assertEqual(self.core.values.value(ON), "on")
        self.assertTrue(Path(f"{self.path}.v{before}").exists())
        assert self.memory._file is not None
        self.assertEqual(self.memory._file._db.execute("SELECT count(*) FROM more").fetchone(), (0,))

    def test_openCommandAtACrash(self) -> None:
        """A command that was underway: nobody knows, and that is what is said."""
        self.house.driver.script("lamp", "on", NEVER)
        self.send(key="k")
        entry = self.core.ledger.withKey("anonymous", "k", self.house.stepper.now())
        assert entry is not None
        self.successResultOf(self.memory.remember(entry))
        self.crash()
        self.start()
        again = self.successResultOf(self.send(key="k"))
        self.assertIs(again.stage, Stage.UNKNOWN)
        self.assertEqual(self.house.driver.sent, [])

    def test_rememberWithoutAFile(self) -> None:
        self.memory._file = None
        entry = self.successResultOf(self.send())
        self.assertIsNone(self.successResultOf(self.memory.remember(entry)))
