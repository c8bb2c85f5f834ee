"""dog-client.js in Node, on sockets and a clock made up by C{clientcases.mjs}."""

import re
import shutil
import subprocess
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.source import ROOT


def node() -> str:
    """A Node that knows what the module needs."""
    found = shutil.which("node")
    if found is None:
        raise SkipTest("node is not installed")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    match = re.match(r"v(\d+)\.", version)
    if match is None or int(match[1]) < 20:
        raise SkipTest(f"node is {version}, and 20 is needed")
    return found


class ClientTests(SynchronousTestCase):
    def test_cases(self) -> None:
        done = subprocess.run(
            [node(), str(Path(__file__).with_name("clientcases.mjs")), str(ROOT / "dog" / "pages" / "dog-client.js")],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"^1[5-9] cases, 0 failed\n$")
