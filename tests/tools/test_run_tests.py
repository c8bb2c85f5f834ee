"""L{tools.run_tests}: the counts it reads, and the line it closes with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from tests.source import ROOT
from tools import run_tests
from tools.run_tests import Tally, missing, tally


class Counts(SynchronousTestCase):
    def test_closingLines(self) -> None:
        """Every kind of count that trial closes with is read."""
        for line, expected in (
            ("PASSED (successes=3)", Tally(3, 0, 0)),
            ("PASSED (skips=2, successes=3)", Tally(3, 0, 2)),
            ("PASSED (skips=1, expectedFailures=2, successes=3)\n", Tally(5, 0, 1)),
            ("FAILED (failures=1, errors=2, unexpectedSuccesses=4, successes=3)", Tally(3, 7, 0)),
            ("PASSED", Tally(0, 0, 0)),
        ):
            self.assertEqual(tally(["Ran 3 tests in 1s\n", "\n", line]), expected, line)

    def test_lastOneCounts(self) -> None:
        """A test may print what looks like trial's closing line."""
        self.assertEqual(tally(["PASSED (successes=99)\n", "FAILED (errors=1)\n", "bye\n"]), Tally(0, 1, 0))

    def test_none(self) -> None:
        """Output without a closing line is told from a run of no tests."""
        self.assertIsNone(tally(["Traceback (most recent call last):\n", "it PASSED (successes=1)\n"]))

    def test_line(self) -> None:
        """Runs are added up, and said in the plain form."""
        self.assertEqual(str(Tally(1, 2, 3) + Tally(10, 20, 30)), "11 passed, 22 failed, 33 skipped")


class Missing(SynchronousTestCase):
    def test_thisPython(self) -> None:
        """The Python that runs this has what it runs, and lacks what does not exist."""
        self.assertEqual(missing(sys.executable, ["twisted", "no.such.module", "python3.11"]), ["no.such.module"])

    def test_noPython(self) -> None:
        """A Python that is not there lacks everything."""
        self.assertEqual(missing("/no/such/python3", ["twisted", "serial"]), ["twisted", "serial"])


class Runs(SynchronousTestCase):
    """The program, with a test case of its own in place of the suite."""

    def run_(self, body: str, *words: str) -> tuple[int, list[str]]:
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "sample.py").write_text(
            "from twisted.trial.unittest import TestCase\nclass Sample(TestCase):\n" + body, encoding="utf-8"
        )
        program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tools import run_tests; import pathlib; "
        program += "run_tests.ROOT = pathlib.Path.cwd(); sys.exit(run_tests.main(sys.argv[1:]))"
        done = subprocess.run(
            [sys.executable, "-c", program, *words, "--", "sample"],
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout.splitlines()

    def test_passed(self) -> None:
        """Two runs are added up on the last line; the temporary directories are apart."""
        body = "    def test_a(self): self.assertTrue(True)\n    def test_b(self): pass\n    test_b.skip = 'why'\n"
        status, lines = self.run_(body, f"one={sys.executable}", f"two={sys.executable}")
        self.assertEqual((status, lines[-1]), (0, "2 passed, 0 failed, 2 skipped"))

    def test_failed(self) -> None:
        """A failure shows in the line and in the exit status."""
        status, lines = self.run_("    def test_a(self): self.fail('no')\n", f"one={sys.executable}")
        self.assertEqual((status, lines[-1]), (1, "0 passed, 1 failed, 0 skipped"))

    def test_died(self) -> None:
        """A run that ends in the middle is a failure, not a run of no tests."""
        status, lines = self.run_("    def test_a(self):\n        import os; os._exit(0)\n", f"one={sys.executable}")
        self.assertEqual((status, lines[-1]), (1, "0 passed, 1 failed, 0 skipped"))

    def test_nothing(self) -> None:
        """No test at all is no success."""
        status, lines = self.run_("    pass\n", f"one={sys.executable}")
        self.assertEqual((status, lines[-1]), (1, "0 passed, 0 failed, 0 skipped"))

    def test_passedOver(self) -> None:
        """A Python without the libraries is passed over, and the notice names the packages."""
        body = "    def test_a(self): self.assertTrue(True)\n"
        status, lines = self.run_(body, f"one={sys.executable}", "two=/no/such/python3")
        self.assertEqual((status, lines[-1]), (0, "1 passed, 0 failed, 0 skipped"))
        notice = [line for line in lines if line.startswith("two: NOT RUN")]
        self.assertEqual(len(notice), 2)
        self.assertIn("sudo apt-get install python3.11 python3-twisted python3-autobahn python3-serial", notice[0])

    def test_wrongWords(self) -> None:
        """Without a run to do, it says how it is used."""
        with mock.patch("builtins.print") as said:
            self.assertEqual(run_tests.main(["python3"]), 2)
        said.assert_called_once_with(run_tests.__doc__)
