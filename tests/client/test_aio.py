"""The asyncio flavour, in a process of its own: see L{tests.client.aiocases}."""

import json
import os
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from tests.source import ROOT


class AioTests(SynchronousTestCase):
    def test_cases(self) -> None:
        """Every case, and none leaves an exception that nobody looks at."""
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-W", "ignore", "-m", "tests.client.aiocases"],
            cwd=ROOT,
            check=False,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual("\n".join(f"{name}:\n{text}" for name, text in found.items() if text), "")
        self.assertGreaterEqual(len(found), 13)

    def test_without_twisted(self) -> None:
        """The asyncio flavour does not load Twisted, nor the Twisted flavour of Autobahn."""
        code = "import sys, dog.client.aio\nprint([each for each in sys.modules if each.split('.')[0] == 'twisted'])"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True, timeout=60
        )
        self.assertEqual((done.stdout.strip(), done.returncode), ("[]", 0), done.stderr)
