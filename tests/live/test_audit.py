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

from dog.live.audit import COMMANDS_FILE, FILE, Audit, Page
from dog.live.book import MOST_READ
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
        told = {"n": 1, "at": "2026-05-01T00:00:00+00:00", "who": "panel", "what": "PUT /a", "from": "192.0.2.1"}
        self.assertEqual(self.entries(), [{**told, "outcome": "done"}])
        self.assertEqual((self.folder / FILE).stat().st_mode & 0o777, 0o600)

    def test_clean(self) -> None:
        """Nothing that a terminal obeys, no second line, and not all of it; neither here nor in the log."""
        said = record(self)
        self.audit.tell("a\x1b[2Jb", "PUT /\n\r\u2028\u202ex", "192.0.2.1", "y" * 9999)
        [entry] = self.entries()
        self.assertEqual((entry["who"], entry["what"]), ("a\\x1b[2Jb", "PUT /\\n\\r\\u2028\\u202ex"))
        self.assertEqual(entry["outcome"], "y" * MAX_TEXT)
        self.assertEqual((said[0]["who"], said[0]["what"]), (entry["who"], entry["what"]))

    def test_halfCharacter(self) -> None:
        """Half a surrogate pair, which JSON can carry, ends nothing."""
        self.audit.tell("\ud800", "x", "", "done")
        self.assertEqual(self.entries()[0]["who"], "\\ud800")

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
        self.successResultOf(self.audit.close())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_refusalsWithoutEnd(self) -> None:
        """Whoever is refused all day does not push out all else: what is counted takes longer each time."""
        for _ in range(24 * 60):
            for _ in range(30):
                self.audit.tellRefusal("anonymous", "PUT /a", "192.0.2.1", "unauthorized")
            self.clock.advance(60)
        told = self.entries()
        self.assertLess(len(told), 30 * 21)
        self.clock.advance(3600)
        self.clock.advance(3600)
        counted = sum(each.get("count", 1) for each in self.entries())
        self.assertEqual(counted, 24 * 60 * 30)

    def test_calmAgain(self) -> None:
        """After a while without too many, a minute is a minute."""
        for _ in range(3):
            for _ in range(30):
                self.audit.tellRefusal("anonymous", "PUT /a", "", "unauthorized")
            self.clock.advance(3600)
        self.audit.tellRefusal("anonymous", "PUT /a", "", "unauthorized")
        self.clock.advance(3600)
        for _ in range(21):
            self.audit.tellRefusal("anonymous", "PUT /a", "", "unauthorized")
        self.clock.advance(60)
        self.assertEqual(self.entries()[-1]["count"], 1)

    def test_torn(self) -> None:
        """What a power cut has left of a line ends nothing, and is counted by whoever reads."""
        self.audit.tell("panel", "1", "", "done")
        with (self.folder / FILE).open("ab") as file:
            file.write(b'{"n": 2, "at": "2026')
        self.audit.tell("panel", "2", "", "done")
        page = self.page()
        self.assertEqual([each["what"] for each in page.entries], ["2", "1"])
        self.assertEqual(page.unreadable, 1)

    def test_halfWritten(self) -> None:
        """A disk that is full in the middle of an entry leaves no half of it."""
        self.audit.tell("panel", "1", "", "done")
        write, room = os.write, 10

        def full(handle: int, data: bytes) -> int:
            nonlocal room
            if not room:
                raise OSError(28, "No space left on device")
            done, room = write(handle, data[:room]), 0
            return done

        self.patch(os, "write", full)
        self.audit.tell("panel", "2", "", "done")
        self.patch(os, "write", write)
        self.audit.tell("panel", "3", "", "done")
        self.assertEqual([each["what"] for each in self.entries()], ["1", "3", "lost entries"])

    def test_numbers(self) -> None:
        """They go on after a restart, also when the file was just rotated or ends in something else."""
        self.audit.tell("panel", "1", "", "done")
        self.audit.tell("panel", "2", "", "done")
        with (self.folder / FILE).open("ab") as file:
            file.write(b"\xff\n[]\n{}\n" + b"[" * 100_000 + b"\n")
        (self.folder / FILE).rename(self.folder / f"{FILE}.1")
        self.audit = self.made()
        self.audit.recall()
        self.audit.tell("panel", "3", "", "done")
        self.assertEqual([each["n"] for each in self.page().entries], [3, 2, 1])

    def test_pages(self) -> None:
        """From the newest on, over all files, each entry once; what is wanted of them."""
        self.audit = self.made(size=300)
        for number in range(9):
            self.audit.tell("panel" if number % 2 else "phone", f"{number}", "192.0.2.1", "done")
        found: list[str] = []
        before = None
        while True:
            page = self.page(2, before)
            found += [each["what"] for each in page.entries]
            before = page.next
            if before is None:
                break
        self.assertEqual(found, [str(each) for each in range(8, -1, -1)])
        self.assertEqual(self.page(9).next, None)
        of = self.page(2, None, lambda each: each["who"] == "panel")
        self.assertEqual(([each["what"] for each in of.entries], of.next), (["7", "5"], 6))

    def page(self, limit: int = 100, before: int | None = None, wanted: Any = lambda _: True) -> Page:
        return self.successResultOf(self.audit.read(limit, before, wanted))

    def test_commands(self) -> None:
        """However many there are, they push out nothing else; who reads has both, in order."""
        self.audit = self.made(size=1000, keep=1)
        self.audit.tell("admin", "POST /tokens", "", "done")
        for number in range(100):
            self.audit.tellCommand("panel", f"{number}", "", "done")
        self.audit.tell("admin", "DELETE /tokens", "", "done")
        self.assertEqual([each["what"] for each in self.entries()], ["POST /tokens", "DELETE /tokens"])
        self.assertLess(sum(each.stat().st_size for each in self.folder.glob(f"{COMMANDS_FILE}*")), 2001)
        told = [each["what"] for each in self.page().entries]
        self.assertEqual((told[:3], told[-1]), (["DELETE /tokens", "99", "98"], "POST /tokens"))
        self.audit = self.made()
        self.audit.recall()
        self.audit.tellCommand("panel", "on", "", "done")
        self.assertEqual(self.page(1).entries[0]["n"], 103)

    def test_noFile(self) -> None:
        self.assertEqual(self.page(), Page([], None, 0))

    def test_link(self) -> None:
        """Neither written nor read through: who can put one there could have anything added to."""
        (self.folder / "other").write_text("mine\n")
        (self.folder / FILE).symlink_to(self.folder / "other")
        self.audit.recall()
        self.audit.tell("panel", "1", "", "done")
        self.assertEqual((self.folder / "other").read_text(), "mine\n")
        self.failureResultOf(self.audit.read(1), OSError)

    def test_pipe(self) -> None:
        """Nobody waits for one."""
        os.mkfifo(self.folder / FILE)
        self.assertEqual(self.page(), Page([], None, 0))

    def test_large(self) -> None:
        """Of a file that is not as we leave it, the end is read."""
        (self.folder / FILE).write_bytes(b"x" * (MOST_READ + 1000) + b"\n")
        self.audit = self.made(size=2 * MOST_READ)
        self.audit.tell("panel", "1", "", "done")
        self.assertEqual([each["what"] for each in self.page().entries], ["1"])

    def test_close(self) -> None:
        """It fires when all is on the disk, also what came while the disk was slow; later entries are only logged."""
        waiting: list[tuple[Deferred[Any], Any]] = []

        def inTurn(call: Any) -> Deferred[Any]:
            waiting.append((Deferred(), call))
            return waiting[-1][0]

        self.audit = self.made(inTurn)
        self.audit.tell("panel", "1", "", "done")
        self.audit.tell("panel", "2", "", "done")
        closed = self.audit.close()
        self.audit.tell("panel", "3", "", "done")
        for _ in range(2):
            self.assertNoResult(closed)
            done, call = waiting.pop()
            done.callback(call())
        self.successResultOf(closed)
        self.assertEqual([each["what"] for each in self.entries()], ["1", "2"])

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
