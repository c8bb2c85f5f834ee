"""Every block of code in the documentation is run by a test, or says why it is not.

C{json}, C{jsonl}, C{toml}, C{xml}, C{python} and C{javascript} are read here, whoever else runs them; lines that are
typed have to be taken by the program that they call. What has an effect is run by the test that L{RUN_BY} names.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from dog.cli.main import makeParser
from dog.cli.options import common
from dog.config import parseSettings
from dog.home.reader import readHome
from dog.tap import Options
from tests.cli.running import ENVIRONMENT, PATIENCE, RunningGateway
from tests.docs.blocks import SHOWN, Block, blocksOf, everyBlock
from tests.source import ROOT
from tools.manpages import commandsOf

#: Which test runs the blocks of a language in a file; C{sh} are the lines that are typed, indented ones, too.
RUN_BY = {
    ("README.md", "sh"): "tests.test_readme",
    ("docs/clients.md", "python"): "tests.client.test_docs",
    ("docs/clients.md", "javascript"): "tests.client.test_docs",
    ("docs/drivers.md", "python"): "tests.examples.test_guide",
    ("docs/drivers.md", "sh"): "tests.examples.test_guide",
    ("docs/tutorial.md", "python"): "tests.docs.test_tutorial",
    ("docs/tutorial.md", "sh"): "tests.docs.test_tutorial",
    ("docs/websocket.md", "conversation"): "tests.api.ws.test_documented",
    # the same lines as in the guide, in which the example is presented
    ("examples/dog-driver-relayboard/README.md", "sh"): "tests.examples.test_guide",
}

#: Languages that nobody needs to run: to read them, as is done here, is all there is to them.
READ = {"json", "jsonl", "toml", "xml"}

#: Of the lines in these files that L{RUN_BY} does not name, those of these commands are typed before a gateway.
PERFORMED = {"devices", "status", "send", "token", "drivers"}

#: Something to fill in.
_PLACE = re.compile(r"\[|\||\.\.\.|\b[A-Z]{2,}\b(?![=-])")

BLOCKS = everyBlock()


def run(block: Block) -> str | None:
    """The test that runs it."""
    if block.file.startswith("docs/howto/") and not block.reason:
        return "tests.docs.test_howto"
    return RUN_BY.get((block.file, block.language or "sh"))


class Blocks(SynchronousTestCase):
    def test_found(self) -> None:
        """Fenced blocks with their names, indented ones, reasons; neither directives nor what belongs to a list."""
        text = "one\n\n    $ dogctl devices   all\n    shown\n\n* entry\n\n    of it\n\n"
        text += "<!-- not run: why -->\n```sh x\na\n```\n```{toctree}\nb\n```\n\n```python\n```\n"
        found = list(blocksOf(text, "f.md"))
        self.assertEqual(
            [(each.line, each.language, each.named, each.reason) for each in found],
            [(3, "", "", ""), (12, "sh", "x", "why"), (19, "python", "", "")],
        )
        self.assertEqual([each.typed for each in found], [["dogctl devices"], ["a"], []])

    def test_everyOne(self) -> None:
        """A fenced block has a language that is read, one that is only shown, a test that runs it, or a reason."""
        for block in BLOCKS:
            if block.language and block.language not in SHOWN | READ and not block.reason:
                self.assertTrue(run(block), f"{block}: nobody runs this; see RUN_BY, or say <!-- not run: why -->")
            self.assertTrue(block.language or not block.text.lstrip().startswith("<"), f"{block}: say its language")

    def test_runBy(self) -> None:
        """Whoever is said to run something is there and names the file; nothing is listed that is not there."""
        there = {(each.file, each.language or "sh") for each in BLOCKS}
        for (file, language), module in RUN_BY.items():
            self.assertIn((file, language), there)
            source = ROOT / (module.replace(".", "/") + ".py")
            self.assertTrue(source.exists(), module)
            words = source.read_text("utf-8")
            if not file.startswith("examples/"):
                self.assertIn(Path(file).name, words, module)

    def test_json(self) -> None:
        for block in BLOCKS:
            if block.language == "json":
                json.loads(block.text)
            elif block.language == "jsonl":
                for line in block.text.splitlines():
                    json.loads(line)

    def test_toml(self) -> None:
        """What is not out of another file is a configuration of ours."""
        for block in BLOCKS:
            if block.language == "toml":
                tomllib.loads(block.text)
                if block.named in ("", "dog.toml"):
                    parseSettings(block.text, str(block))

    def test_xml(self) -> None:
        """A whole home can be read; a part of one is named after the file it is out of, whose test compares them."""
        for block in BLOCKS:
            if block.language == "xml" and "dogHomeConfiguration" in block.text:
                readHome(block.text.encode(), str(block))
            elif block.language == "xml":
                self.assertTrue(block.named or block.reason, str(block))

    def test_python(self) -> None:
        for block in BLOCKS:
            if block.language == "python" and not block.named:
                compile(block.text, str(block), "exec")

    def test_javascript(self) -> None:
        node = shutil.which("node")
        if node is None:
            self.skipTest("node is not installed")
        for block in BLOCKS:
            if block.language == "javascript":
                path = Path(self.mktemp() + ".mjs")
                path.write_text(block.text, encoding="utf-8")
                done = subprocess.run([node, "--check", str(path)], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, f"{block}\n{done.stderr}")


class Lines(SynchronousTestCase):
    """What is to be typed is something that can be typed."""

    def setUp(self) -> None:
        self.commands = dict(commandsOf(makeParser(), ""))
        makefile = (ROOT / "Makefile").read_text("utf-8")
        self.targets = set(re.findall(r"(?m)^([a-z][\w-]*):", makefile))
        self.variables = set(re.findall(r"(?m)^#   ([A-Z_]+) ", makefile))

    def lines(self, program: str) -> list[tuple[Block, list[str]]]:
        """The words of the lines that call it, without what they are redirected to."""
        found = []
        for block in BLOCKS:
            for line in block.typed:
                for part in re.findall(rf"(?:^|[(]|\| )(?:\.venv/bin/)?{program} ([^|()]*)", line.split(" && ")[-1]):
                    if not _PLACE.search(line.partition("{")[0].replace("'", "")):
                        found.append((block, shlex.split(part.split(" >")[0])))
        return found

    def test_dogctl(self) -> None:
        """Its parser takes them."""
        found = self.lines("dogctl")
        self.assertGreater(len(found), 40)
        for block, words in found:
            if words != ["--version"]:
                try:
                    makeParser().parse_args(words)
                except (SystemExit, argparse.ArgumentError) as error:
                    raise AssertionError(f"{block}: dogctl {words}") from error

    def test_everyOption(self) -> None:
        """The page about dogctl names each command and each option, and none that there is not."""
        text = (ROOT / "docs" / "dogctl.md").read_text("utf-8")
        shared = {each for action in common()._actions for each in action.option_strings}
        known = {"--help", "--version", *shared}
        for name, parser in self.commands.items():
            self.assertIn(name, text)
            for action in parser._actions:
                known.update(action.option_strings)
                long = [each for each in action.option_strings if each.startswith("--") and each != "--help"]
                self.assertTrue(not long or any(each in text for each in long), f"{name}: {long}")
        self.assertEqual(set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - known, set())

    def test_commands(self) -> None:
        """Those with places to fill in begin with a command, or with the group of some."""
        first = {name.split()[0] for name in self.commands}
        for block in BLOCKS:
            for line in block.typed:
                words = line.removeprefix(".venv/bin/").split()
                if words[0] == "dogctl" and _PLACE.search(line):
                    self.assertIn(words[1], first, str(block))

    def test_twistd(self) -> None:
        found = self.lines("twistd")
        self.assertGreater(len(found), 1)
        for block, words in found:
            options = Options()
            options.postOptions = lambda: None  # type: ignore[method-assign]
            try:
                options.parseOptions(words[words.index("dog") + 1 :])
            except UsageError as error:
                raise AssertionError(f"{block}: {error}") from error

    def test_make(self) -> None:
        found = self.lines("make")
        self.assertGreater(len(found), 5)
        for block, words in found:
            self.assertIn(words[0], self.targets, str(block))
            for each in words[1:]:
                self.assertIn(each.partition("=")[0], self.variables, str(block))

    def test_performed(self) -> None:
        """Lines of the pages about dogctl and about tokens do, one after the other, what they should."""
        gateway = RunningGateway()
        self.addCleanup(gateway.stop)
        environment = {**ENVIRONMENT, "DOG_GATEWAY": gateway.url}
        folder = self.mktemp()
        Path(folder).mkdir()
        done = 0
        for block, words in self.lines("dogctl"):
            if run(block) is None and words[0] in PERFORMED and not {"--gateway", "restart"} & set(words):
                typed = subprocess.run(
                    [sys.executable, "-m", "dog.cli", *words],
                    env=environment,
                    cwd=folder,
                    capture_output=True,
                    text=True,
                    timeout=PATIENCE,
                    check=False,
                )
                self.assertEqual(typed.returncode, 0, f"{block}: {words}\n{typed.stderr}")
                done += 1
        self.assertGreater(done, 8)
