"""Killed at each call by which the gateway changes the disk, or denied them: it comes back whole."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

ROOT = Path(__file__).parent.parent.parent

#: Of the calls that write on, every so many-th is the last one of a gateway; of all others, and of first writes, each.
STRIDE = 8


class ComesBack(SynchronousTestCase):
    """What a next start has to find, whatever ended the one before."""

    def comesBack(self, answer: dict[str, Any], tls: bool) -> None:
        """Everything that was promised is there, nothing is half, and it works."""
        about = json.dumps(answer)
        told = {each["what"]: each for each in answer["told"]}
        self.assertNotIn("failed", told, about)
        self.assertEqual([each["what"] for each in answer["found"]], ["found", "worked"], about)
        found = answer["found"][0]
        self.assertEqual((found["problems"], found["leftOver"]), ([], []), about)
        self.assertTrue(found["admin"] and found["remembers"], about)
        self.assertEqual(found["certificate"], tls, about)
        devices = found["devices"]
        self.assertIn(devices, ([], ["lamp"], ["lamp", "other"]), about)
        self.assertLessEqual({"lamp", "other"} & told.keys(), set(devices), about)
        self.assertEqual(found["online"], devices, about)
        if "token" in told and "other" not in told:
            self.assertEqual(found["tokens"], [told["token"]["id"]], about)
        if "revoked" in told:
            self.assertEqual(found["tokens"], [], about)
        if "command" in told:
            self.assertEqual(found["command"], told["command"]["id"], about)
        if "written" in told:
            self.assertTrue(found["ignored"], about)
            self.assertEqual(found["value"], {"OnOffState": "on"}, about)
        if "started" in told:
            epoch, _, closed = found["before"]
            self.assertEqual(epoch, told["started"]["epoch"], about)
            self.assertFalse(closed and "revoked" not in told, about)


class CrashTests(ComesBack):
    timeout = 600

    def ask(self, tls: bool, *lines: str) -> list[dict[str, Any]]:
        """What the victims answer to these."""
        if sys.platform != "linux" or shutil.which("gcc") is None:
            raise SkipTest("calls are struck with a library that gcc makes on Linux")
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        library = folder / "strike.so"
        source = Path(__file__).with_name("strike.c")
        subprocess.run(["gcc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, source, "-ldl"], check=True)
        victim = [sys.executable, "-m", "tests.crash.victim", str(folder), "tls" if tls else "plain"]
        environment = {**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(  # noqa: PLW1510
            victim, input="\n".join(lines), capture_output=True, text=True, env=environment, cwd=ROOT, timeout=500
        )
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_killed(self) -> None:
        """At every sync, rename, removal and new file, and at many writes: of home.xml, of what the gateway remembers,
        of the first token and of the certificate."""
        try:
            import cryptography  # noqa: F401
            import OpenSSL  # noqa: F401

            tls = True
        except ImportError:
            tls = False
        [whole] = self.ask(tls, "count")
        self.assertFalse(whole["killed"])
        self.assertEqual(whole["told"][-1]["what"], "stopped", whole["told"])
        self.assertEqual(whole["found"][0]["before"], [whole["told"][0]["epoch"], whole["told"][-1]["last"], True])
        self.comesBack(whole, tls)
        kinds = whole["kinds"]
        self.assertGreater(kinds.count("s"), 40)
        chosen = [at for at, kind in enumerate(kinds) if "s" in (kind, kinds[at - 1]) or at % STRIDE == 0]
        answers = self.ask(tls, *map(str, chosen))
        self.assertEqual([each["number"] for each in answers], chosen)
        ends = {tuple(each["what"] for each in answer["told"]) for answer in answers}
        self.assertGreaterEqual(len(ends), 6, "the deaths come at every stage of a life")
        for answer in answers:
            self.comesBack(answer, tls)

    def test_denied(self) -> None:
        """The disk is full, read-only or broken for a while: who asks is told, nothing is half, all else goes on; and
        later it works."""
        for error in (errno.ENOSPC, errno.EROFS, errno.EIO):
            [answer] = self.ask(False, f"denied {error}")
            about = f"{errno.errorcode[error]}: {json.dumps(answer)}"
            told = {each["what"]: each for each in answer["told"]}
            self.assertNotIn("failed", told, about)
            self.assertEqual((told["home"]["code"], told["home"]["whole"]), ("storage", True), about)
            self.assertEqual((told["token"]["code"], told["token"]["known"]), ("storage", ["admin"]), about)
            self.assertEqual(told["command"]["stage"], "confirmed", about)
            self.assertIn("allowed", told, about)
            self.assertEqual(
                (told["begun"]["devices"], told["begun"]["stage"]), (["lamp", "other"], "confirmed"), about
            )
            self.assertIn("ended", told, about)
            found = told["found"]
            self.assertEqual((found["problems"], found["devices"]), ([], ["lamp", "other"]), about)
            self.assertTrue(found["admin"] and found["remembers"], about)
            self.assertEqual((found["value"], found["leftOver"]), ({"OnOffState": "on"}, []), about)
            self.assertIn("worked", told, about)
