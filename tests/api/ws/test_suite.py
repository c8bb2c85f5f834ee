"""Autobahn's own test suite against the echo service, which runs on the gateway's own WebSocket classes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parents[3]

#: Cases of which the suite wants to know, not to judge: what follows a close, and codes that the standard leaves open.
INFORMATIONAL = {"7.1.6", "7.13.1", "7.13.2"}

CASES = 517
DEFLATED = 216  # of them: sections 12 and 13


def wheel() -> Path | None:
    """PyPI's autobahntestsuite, as a file; C{DOG_AUTOBAHN_SUITE} names it, or .ci/run has put it into .ci."""
    named = os.environ.get("DOG_AUTOBAHN_SUITE")
    found = [Path(named)] if named else sorted((ROOT / ".ci").glob("autobahntestsuite-*.whl"))
    return found[-1] if found else None


class SuiteTests(SynchronousTestCase):
    if wheel() is None:
        skip = "PyPI autobahntestsuite is not there: DOG_AUTOBAHN_SUITE names its wheel (pip download, see .ci/run)"

    def perform(self, *cases: str, options: tuple[str, ...] = ()) -> dict[str, Any]:
        """Case -> what became of it."""
        echo = subprocess.Popen(
            [sys.executable, "-m", "dog.testing.echo", "--listen", "tcp:0:interface=127.0.0.1", *options],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

        def end() -> None:
            echo.kill()
            echo.communicate()

        self.addCleanup(end)
        assert echo.stdout is not None
        port = echo.stdout.readline().rpartition("port=")[2].strip(")\n")
        command = [sys.executable, "-m", "tests.api.ws.suite", str(wheel()), f"ws://127.0.0.1:{port}", *cases]
        done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=600)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def test_all(self) -> None:
        found = self.perform(options=("--deflate",))
        bad = {case: said for case, said in found.items() if case not in INFORMATIONAL and said[:2] != ["OK", "OK"]}
        self.assertEqual(bad, {})
        self.assertEqual(len(found), CASES)
        self.assertEqual({case for case, said in found.items() if said[0] == "INFORMATIONAL"}, INFORMATIONAL)

    def test_withoutDeflate(self) -> None:
        """It does not agree to what it was not told to; all the rest is the same code."""
        found = self.perform("1.*", "12.*", "13.*")
        verdicts = Counter((case.partition(".")[0] == "1", *said[:2]) for case, said in found.items())
        self.assertEqual(verdicts, {(True, "OK", "OK"): 16, (False, "UNIMPLEMENTED", "OK"): DEFLATED})
