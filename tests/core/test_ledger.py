"""The ledger: first outcome counts, keys are remembered, settled commands are bounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from twisted.trial.unittest import SynchronousTestCase

from dog.core.ledger import KEY_AGE, Ledger
from dog.core.now import Now
from dog.model.catalogue import CommandType
from dog.model.command import Command, Outcome, Stage
from dog.model.rights import ANONYMOUS, GATEWAY, Principal

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ON = CommandType("OnCommand", "on")


def command(id: str, key: str | None = None, who: Principal = ANONYMOUS) -> Command:
    return Command(id, "lamp", ON, {}, 2.0, who, key)


class LedgerTests(SynchronousTestCase):
    def test_acceptedThenSettled(self) -> None:
        ledger = Ledger()
        entry = ledger.accept(command("1"), NOW)
        self.assertIs(entry.stage, Stage.ACCEPTED)
        settled = ledger.settle("1", Outcome(Stage.CONFIRMED), NOW)
        self.assertIs(settled, entry)
        self.assertIs(entry.stage, Stage.CONFIRMED)
        self.assertEqual(entry.settledAt, NOW)

    def test_firstOutcomeCounts(self) -> None:
        ledger = Ledger()
        entry = ledger.accept(command("1"), NOW)
        ledger.settle("1", Outcome(Stage.UNKNOWN), NOW)
        self.assertIsNone(ledger.settle("1", Outcome(Stage.CONFIRMED), NOW))
        self.assertIs(entry.stage, Stage.UNKNOWN)
        self.assertIsNone(ledger.settle("unheard of", Outcome(Stage.CONFIRMED), NOW))

    def test_keysArePerCaller(self) -> None:
        ledger = Ledger()
        mine = ledger.accept(command("1", "k"), NOW)
        theirs = ledger.accept(command("2", "k", GATEWAY), NOW)
        self.assertIs(ledger.withKey("anonymous", "k", Now(0.0, NOW)), mine)
        self.assertIs(ledger.withKey("gateway", "k", Now(0.0, NOW)), theirs)
        self.assertIsNone(ledger.withKey("anonymous", "other", Now(0.0, NOW)))

    def test_keysAge(self) -> None:
        """After ten minutes a key is a new one; the old entry going does not take the new one's key along."""
        ledger = Ledger(maxSettled=1)
        ledger.accept(command("1", "k"), NOW)
        ledger.settle("1", Outcome(Stage.CONFIRMED), NOW)
        self.assertIsNotNone(ledger.withKey("anonymous", "k", Now(0.0, NOW + KEY_AGE)))
        later = NOW + KEY_AGE + timedelta(seconds=1)
        self.assertIsNone(ledger.withKey("anonymous", "k", Now(0.0, later)))
        second = ledger.accept(command("2", "k"), later)
        ledger.settle("2", Outcome(Stage.CONFIRMED), later)
        self.assertIsNone(ledger.get("1"))
        self.assertIs(ledger.withKey("anonymous", "k", Now(0.0, later)), second)

    def test_clockJumps(self) -> None:
        """How old a key is does not follow from what the system's clock says."""
        ledger = Ledger()
        entry = ledger.accept(command("1", "k"), NOW, 100.0)
        for years in (-56, 56):
            jumped = NOW + timedelta(days=365 * years)
            self.assertIs(ledger.withKey("anonymous", "k", Now(101.0, jumped)), entry)
            self.assertIsNone(ledger.withKey("anonymous", "k", Now(100.0 + KEY_AGE.total_seconds() + 1, jumped)))

    def test_fromBeforeTheStart(self) -> None:
        """Of those nothing but the UTC is known, and one from the future is nobody's retry."""
        ledger = Ledger()
        entry = ledger.accept(command("1", "k"), NOW)
        for seconds in (-599, 599):
            self.assertIs(ledger.withKey("anonymous", "k", Now(1.0, NOW + timedelta(seconds=seconds))), entry)
        for seconds in (-601, 601):
            self.assertIsNone(ledger.withKey("anonymous", "k", Now(1.0, NOW + timedelta(seconds=seconds))))

    def test_keysGoWithTheirCommands(self) -> None:
        ledger = Ledger(maxSettled=2)
        for number in range(10):
            ledger.accept(command(str(number), f"k{number}"), NOW)
            ledger.settle(str(number), Outcome(Stage.CONFIRMED), NOW)
        self.assertEqual(len(ledger._keys), 2)

    def test_boundedButNeverTheOpenOnes(self) -> None:
        ledger = Ledger(maxSettled=2)
        ledger.accept(command("open"), NOW)
        for id in "abc":
            ledger.accept(command(id, key=id), NOW)
            ledger.settle(id, Outcome(Stage.CONFIRMED), NOW)
        self.assertIsNone(ledger.get("a"))
        self.assertIsNone(ledger.withKey("anonymous", "a", Now(0.0, NOW)))
        self.assertIsNotNone(ledger.get("b"))
        self.assertIsNotNone(ledger.get("open"))
        self.assertEqual(len(ledger), 3)
