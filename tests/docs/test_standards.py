"""docs/security-standards.md: every line is there, and says what shows it; and what is shown nowhere else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.runner import TestLoader
from twisted.trial.unittest import SynchronousTestCase

from dog.config import Settings
from dog.core.tokens import PREFIX
from dog.service import Gateway
from tests.source import ROOT

PAGE = ROOT / "docs" / "security-standards.md"

#: How many provisions each clause of EN 303 645 has.
_ETSI = {1: 5, 2: 3, 3: 16, 4: 4, 5: 8, 6: 9, 7: 2, 8: 3, 9: 3, 10: 1, 11: 4, 12: 3, 13: 1}

LINES = {
    "ETSI": [f"5.{clause}-{each}" for clause, count in _ETSI.items() for each in range(1, count + 1)]
    + [f"6.{each}" for each in range(1, 6)],
    "Cyber": ["I.1", *(f"I.2{each}" for each in "abcdefghijklm"), *(f"II.{each}" for each in range(1, 9))],
    "OWASP": [
        *("origin", "tls", "handshake", "cookies", "addresses", "authorise", "ended", "input", "size", "rate"),
        *("connections", "slow", "idle", "compression", "errors", "log", "library"),
    ],
}

_ADMITTED = ("Does not apply: ", "By procedure: ", "Not met: ")


def rows() -> dict[str, list[list[str]]]:
    """Heading -> the cells of each line of its table, without the head."""
    found: dict[str, list[list[str]]] = {}
    heading = ""
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ").split()[0].rstrip(",")
        elif line.startswith("| ") and heading in LINES:
            found.setdefault(heading, []).append([each.strip() for each in line.strip("|").split("|")])
    return {name: lines[1:] for name, lines in found.items()}


class StandardsTests(SynchronousTestCase):
    def test_complete(self) -> None:
        """Each line once, in order."""
        found = rows()
        for name, lines in LINES.items():
            self.assertEqual([each[0] for each in found[name]], lines)

    def test_shown(self) -> None:
        """By tests that are there, by a target of the Makefile, or it is said why it is not."""
        targets = re.findall(r"(?m)^([a-z][\w-]*):", (ROOT / "Makefile").read_text("utf-8"))
        loader: Any = TestLoader()
        known: set[str] = set()
        for lines in rows().values():
            for line, *_, shown in lines:
                named = re.findall(r"`(tests\.[\w.]+|make [\w-]+)`", shown)
                self.assertTrue(named or shown.startswith(_ADMITTED), f"{line}: {shown}")
                for each in named:
                    if each.startswith("make "):
                        self.assertIn(each.removeprefix("make "), targets, line)
                    elif each not in known:
                        suite = loader.loadByName(each, recurse=True)
                        self.assertGreater(suite.countTestCases(), 0, each)
                        self.assertNotIn("ErrorHolder", repr(list(suite)), f"{line}: there is no {each}")
                        known.add(each)

    def test_procedures(self) -> None:
        """Where something is said to be written, there is that file."""
        for lines in rows().values():
            for line, *_, shown in lines:
                for each in re.findall(r"\b((?:docs/)?[\w/-]+\.md)\b", shown):
                    self.assertTrue((ROOT / each).exists(), f"{line}: {each}")

    def test_noSecretInTheSource(self) -> None:
        """No token and no private key is part of what is installed."""
        secret = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}|-----BEGIN [A-Z ]*PRIVATE KEY-----")
        for path in (each for folder in ("dog", "etc", "debian", "twisted") for each in (ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                self.assertIsNone(secret.search(path.read_text("utf-8", errors="replace")), path)

    def test_callsNobody(self) -> None:
        """A day of the demo home: not one connection is begun, nothing is sent to anybody."""
        reactor = MemoryReactorClock()
        folder = Path(self.mktemp())
        folder.mkdir()
        settings = Settings(home=ROOT / "dog" / "demo" / "home.xml", stateDir=folder, simulate=True)
        gateway = Gateway(settings, reactor, maybeDeferred)
        gateway.privilegedStartService()
        gateway.startService()
        for _ in range(24):
            reactor.advance(3600)
        stopped = gateway.stopService()
        reactor.advance(gateway.patience)
        self.successResultOf(stopped)
        self.assertGreater(gateway.stepper.core.log.lastId, 500)
        begun = (reactor.tcpClients, reactor.sslClients, reactor.unixClients, reactor.connectors)
        self.assertEqual([len(each) for each in begun], [0, 0, 0, 0])

    def test_noCookies(self) -> None:
        """Nothing of ours sets one or reads one."""
        for path in (ROOT / "dog").rglob("*"):
            if path.suffix in (".py", ".js", ".html"):
                text = path.read_text("utf-8")
                self.assertNotRegex(text, r"(?i)set-cookie|document\.cookie|addCookie|getCookie", path)
