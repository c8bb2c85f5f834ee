"""Who did what."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dog.live.audit import FILE, Audit
from dog.model.refusal import MAX_TEXT
from tests.logs import record


class AuditTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.clock = Clock()
        self.audit = self.made()

    def made(self, inTurn: Any = maybeDeferred, **more: Any) -> Audit:
        return Audit(self.folder, inTurn, self.clock.callLater, lambda: datetime(2026, 5, 1, tzinfo=UTC), **more)

    def entries(self, name: str = FILE) -> list[Any]:
        return [json.loads(each) for each in (self.folder / name).read_text().splitlines()]

    def test_tell(self) -> None:
        self.audit.tell("panel", "PUT /a", "192.0.2.1", "done")
        told = {"at": "2026-05-01T00:00:00+00:00", "who": "panel", "what": "PUT /a", "from": "192.0.2.1"}
        self.assertEqual(self.entries(), [{**told, "outcome": "done"}])
        self.assertEqual((self.folder / FILE).stat().st_mode & 0o777, 0o600)

    def test_clean(self) -> None:
        """Nothing that a terminal obeys, no second line, and not all of it; neither here nor in the log."""
        said = record(self)
        self.audit.tell("a\x1b[2Jb", "PUT /\n\r\u2028\u202ex", "192.0.2.1", "y" * 9999)
        [entry] = self.entries()
        self.assertEqual((entry["who"], entry["what"]), ("a\ufffd[2Jb", "PUT /\ufffd\ufffd\ufffd\ufffdx"))
        self.assertEqual(entry["outcome"], "y" * MAX_TEXT)
        self.assertEqual((said[0]["who"], said[0]["what"]), (entry["who"], entry["what"]))

    def test_halfCharacter(self) -> None:
        """Half a surrogate pair, which JSON can carry, ends nothing."""
        self.audit.tell("\ud800", "x", "", "done")
        self.assertEqual(self.entries()[0]["who"], "\ufffd")

    def test_rotated(self) -> None:
        self.audit = self.made(size=300, keep=2)
        for number in range(20):
            self.audit.tell("panel", f"{number}", "192.0.2.1", "done")
        self.assertEqual(sorted(os.listdir(self.folder)), [FILE, f"{FILE}.1", f"{FILE}.2"])
        self.assertEqual(self.entries()[-1]["what"], "19")
        kept = [each["what"] for name in (f"{FILE}.2", f"{FILE}.1", FILE) for each in self.entries(name)]
        self.assertEqual(kept, [str(number) for number in range(20)][-len(kept) :])
        self.assertTrue(all((self.folder / each).stat().st_size <= 300 for each in os.listdir(self.folder)))

    def test_manyRefusals(self) -> None:
        """Some of a minute are written; how many more there were follows."""
        for _ in range(100):
            self.audit.tellRefusal("anonymous", "PUT /a", "192.0.2.1", "unauthorized")
        self.assertEqual(len(self.entries()), 20)
        self.clock.advance(60)
        self.assertEqual((self.entries()[-1]["what"], self.entries()[-1]["count"]), ("more refusals", 80))
        self.audit.tellRefusal("anonymous", "PUT /a", "192.0.2.1", "unauthorized")
        self.assertEqual(len(self.entries()), 22)
        self.audit.close()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_slowDisk(self) -> None:
        """What waits is bounded; what was lost is counted."""
        waiting: list[tuple[Deferred[Any], Any]] = []

        def inTurn(call: Any) -> Deferred[Any]:
            waiting.append((Deferred(), call))
            return waiting[-1][0]

        self.audit = self.made(inTurn, waiting=5)
        for number in range(10):
            self.audit.tell("panel", f"{number}", "", "done")
        self.assertEqual(len(waiting), 1)
        while waiting:
            done, call = waiting.pop()
            done.callback(call())
        self.assertEqual([each["what"] for each in self.entries()], ["0", "1", "2", "3", "4", "5", "lost entries"])
        self.assertEqual(self.entries()[-1]["count"], 4)

    def test_fullDisk(self) -> None:
        """It is said once, and once that it is over, with the number of what is missing."""
        said = record(self)
        self.folder.rename(f"{self.folder}.away")
        for number in range(3):
            self.audit.tell("panel", f"{number}", "", "done")
        Path(f"{self.folder}.away").rename(self.folder)
        self.audit.tell("panel", "3", "", "done")
        self.assertEqual([each["what"] for each in self.entries()], ["3", "lost entries"])
        self.assertEqual(self.entries()[-1]["count"], 3)
        self.assertEqual(len([each for each in said if "audit log" in (each["log_format"] or "")]), 2)
