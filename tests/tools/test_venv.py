"""C{tools/venv.sh}: what it says when it can not go on. (That it works is shown by every C{make test}.)"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.source import ROOT


class Complaints(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.venv = self.folder / "venv"

    def setUpVenv(self, python: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", str(ROOT / "tools" / "venv.sh"), "yaml"],
            cwd=self.folder,
            env={**os.environ, "VENV": str(self.venv), "PYTHON": python, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def script(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    def test_pythonTooOld(self) -> None:
        """A Python that is too old is not used; the message says which is needed and how to get it."""
        done = self.setUpVenv(self.script("python3.10", "#!/bin/sh\nexit 1\n"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("Python 3.11 or newer is missing", done.stderr)
        self.assertIn("sudo apt-get install python3 python3-venv", done.stderr)
        self.assertFalse(self.venv.exists())

    def test_noVenv(self) -> None:
        """Without ensurepip and pip, as Debian has it without python3-venv, the message names the package."""
        for name in ("ensurepip.py", "pip.py"):
            self.script(name, "raise ImportError('split off')\n")
        done = self.setUpVenv(sys.executable, PYTHONPATH=str(self.folder))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"sudo apt-get install python3\S*-venv")
        self.assertFalse(self.venv.exists())
