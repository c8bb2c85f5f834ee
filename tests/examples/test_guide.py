"""docs/drivers.md tells the truth: each of its blocks stands in the example as it is, or is run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dog.config import readSettings
from dog.testing import DriverContract
from dog.testing.replay import parseCapture
from tests.examples.relayboard import NAME, RelayBoardCase
from tests.source import ROOT

TEXT = (ROOT / "docs" / "drivers.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "examples" / NAME

#: What tests.examples.relayboard does in its own way: it installs, and starts on free ports.
PERFORMED = {
    "pip install .",
    "python -m twisted.trial dog_relayboard",
    "python -m dog_relayboard.board",
    "twistd --nodaemon dog --home home.xml",
}


def blocks() -> list[tuple[str, str, str]]:
    """(language, file or nothing, text) of every block."""
    return re.findall(r"(?ms)^```(\w+)(?: (\S+))?\n(.*?)^```$", TEXT)


class GuideTests(SynchronousTestCase):
    def test_kinds(self) -> None:
        """No block is passed over by the tests below."""
        self.assertEqual(TEXT.count("\n```"), 2 * len(blocks()))
        kinds = {(language, bool(file)) for language, file, _ in blocks()}
        quoted = {(each, True) for each in ("python", "toml", "xml")}
        self.assertEqual(kinds, quoted | {(each, False) for each in ("python", "toml", "jsonl", "sh")})

    def test_quoted(self) -> None:
        """What is shown as out of a file is in it, word by word."""
        for _, file, text in blocks():
            if file:
                self.assertIn("\n" + text, "\n" + (EXAMPLE / file).read_text(encoding="utf-8"), file)

    def test_python(self) -> None:
        """What is shown as code runs, and its assertions hold."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        for language, file, text in blocks():
            if language == "python" and not file:
                done = subprocess.run(
                    [sys.executable, "-W", "ignore", "-c", text],
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                self.assertEqual((done.returncode, done.stderr), (0, ""), text)

    def test_settings(self) -> None:
        [text] = [text for language, file, text in blocks() if language == "toml" and not file]
        path = Path(self.mktemp())
        path.write_text(text, encoding="utf-8")
        self.assertEqual(readSettings(path).drivers["relayboard"], {"pollSeconds": 5})

    def test_capture(self) -> None:
        """The lines shown are a capture, and are those of the example's session."""
        [text] = [text for language, _, text in blocks() if language == "jsonl"]
        kinds = [each.what for each in parseCapture(text).records]
        self.assertEqual(kinds, ["opened", "sent", "received", "lost", "end"])
        recorded = (EXAMPLE / "dog_relayboard" / "test" / "session.jsonl").read_text(encoding="utf-8")
        for line in text.splitlines():
            self.assertIn(line, recorded)

    def test_names(self) -> None:
        """What is spoken of in passing is there."""
        for name in re.findall(r"`dog\.testing\.(\w+)`", TEXT):
            self.assertTrue((ROOT / "dog" / "testing" / f"{name}.py").exists(), name)
        for name in re.findall(r"`((?:docs|dog|examples|etc)/[\w./-]+)`", TEXT):
            self.assertTrue((ROOT / name).exists(), name)
        self.assertTrue(hasattr(DriverContract, "test_contractStarts"))


class CommandsTests(RelayBoardCase):
    """What is to be typed does what it should, before a gateway that runs the example."""

    def test_commands(self) -> None:
        self.start()
        self.becomes("lamp", "off")
        lines = [line for language, _, text in blocks() if language == "sh" for line in text.splitlines()]
        self.assertTrue(set(lines) >= PERFORMED)
        for line in lines:
            if line not in PERFORMED:
                program, *arguments = line.split()
                self.assertEqual(program, "dogctl")
                process = self.dogctl(*arguments)
                self.assertEqual(process.wait(), 0, process.lines)
        self.becomes("lamp", "on")
