"""The ledger: first outcome counts, keys are remembered, settled commands are bounded."""

from __future__ import annotations

from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from dog.core.ledger import Ledger
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
        self.assertIs(ledger.withKey("anonymous", "k"), mine)
        self.assertIs(ledger.withKey("gateway", "k"), theirs)
        self.assertIsNone(ledger.withKey("anonymous", "other"))

    def test_boundedButNeverTheOpenOnes(self) -> None:
        ledger = Ledger(maxSettled=2)
        ledger.accept(command("open"), NOW)
        for id in "abc":
            ledger.accept(command(id, key=id), NOW)
            ledger.settle(id, Outcome(Stage.CONFIRMED), NOW)
        self.assertIsNone(ledger.get("a"))
        self.assertIsNone(ledger.withKey("anonymous", "a"))
        self.assertIsNotNone(ledger.get("b"))
        self.assertIsNotNone(ledger.get("open"))
        self.assertEqual(len(ledger), 3)
