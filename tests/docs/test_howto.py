"""The recipes of docs/howto, followed word for word.

A page is a script: blocks that are named after a file are written into it, C{sh start} is begun and left running until
the end, C{sh} is typed and has to succeed, one after the other, in one new folder.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.cli.running import ENVIRONMENT
from tests.docs.blocks import Block, blocksOf
from tests.source import ROOT

FOLDER = ROOT / "docs" / "howto"

#: Ports that the pages speak of; here each gets one that is free.
PORTS = ("8080", "8443")

#: Seconds for anything.
PATIENCE = 60.0

_PROGRAMS = {
    "dogctl": 'exec "{python}" -m dog.cli "$@"',
    "twistd": 'exec "{python}" -c "from twisted.scripts.twistd import run; run()" "$@"',
}


class Recipe:
    """A page on its way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said = ""
        programs = folder.parent / f"{folder.name}-bin"
        programs.mkdir()
        for name, text in _PROGRAMS.items():
            path = programs / name
            path.write_text(f"#!/bin/sh\n{text.format(python=sys.executable)}\n")
            path.chmod(0o755)
        folder.mkdir()
        self._ports = dict(zip(PORTS, _freePorts(len(PORTS)), strict=True))
        self._running: list[subprocess.Popen[bytes]] = []
        self.environment = {
            **ENVIRONMENT,
            "PATH": f"{programs.absolute()}{os.pathsep}{os.environ['PATH']}",
            "DOG_GATEWAY": f"http://127.0.0.1:{self._ports['8080']}",
        }

    def here(self, text: str) -> str:
        """With the ports that are ours."""
        return re.sub(r"\b(8080|8443)\b", lambda found: self._ports[found[1]], text)

    def follow(self, block: Block) -> None:
        text = self.here(block.text)
        if block.language == "sh" and block.named == "start":
            self._start(text)
        elif block.language == "sh":
            done = subprocess.run(
                ["bash", "-eu", "-o", "pipefail", "-c", text],
                cwd=self.folder,
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            self.said = done.stdout + done.stderr
            assert done.returncode == 0, f"{block}: {text}\n{self.said}"
        elif block.named:
            (self.folder / block.named).write_text(text, encoding="utf-8")

    def _start(self, text: str) -> None:
        log = self.folder / "said.log"
        with log.open("wb") as file:
            self._running.append(
                subprocess.Popen(
                    ["bash", "-c", f"exec {text}"],
                    cwd=self.folder,
                    env=self.environment,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                )
            )
        end = time.monotonic() + PATIENCE
        while "ready " not in log.read_text():
            assert self._running[-1].poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        for each in self._running:
            each.send_signal(signal.SIGTERM)
            each.wait(PATIENCE)


def _freePorts(count: int) -> list[str]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


class HowToTests(SynchronousTestCase):
    timeout = 240

    def follow(self, name: str, see: Callable[[Recipe, Block], object] = lambda recipe, block: None) -> Recipe:
        """Do what the page says. C{see}: called after each block."""
        if shutil.which("curl") is None:
            self.skipTest("curl is not installed")
        recipe = Recipe(Path(self.mktemp()).absolute())
        self.addCleanup(recipe.stop)
        for block in blocksOf((FOLDER / name).read_text("utf-8"), f"docs/howto/{name}"):
            if not block.reason:
                recipe.follow(block)
                see(recipe, block)
        return recipe

    def test_everyPage(self) -> None:
        """Each page is followed here, or has nothing that could be."""
        for path in FOLDER.glob("*.md"):
            typed = [each for each in blocksOf(path.read_text("utf-8"), path.name) if each.typed and not each.reason]
            self.assertTrue(not typed or hasattr(self, f"test_{path.stem}"), path.name)

    def test_install(self) -> None:
        self.follow("install.md")

    def test_lan(self) -> None:
        recipe = self.follow("lan.md")
        self.assertIn("kitchen-panel (user)", recipe.said)

    def test_tls(self) -> None:
        said: list[str] = []
        self.follow("tls.md", lambda recipe, block: said.append(recipe.said))
        self.assertIn('"fingerprint"', said[-1])
        self.assertRegex("".join(said), r"([0-9A-F]{2}:){31}[0-9A-F]{2}")

    def test_proxy(self) -> None:
        recipe = self.follow("proxy.md")
        self.assertRegex(recipe.said, r"192\.0\.2\.7 .*unauthorized")

    def test_backup(self) -> None:
        recipe = self.follow("backup.md")
        self.assertEqual((recipe.folder / "other" / "home.xml").read_bytes(), (recipe.folder / "home.xml").read_bytes())
        self.assertEqual((recipe.folder / "house.tar.gz").stat().st_mode & 0o777, 0o600)

    def test_bus(self) -> None:
        said: list[str] = []
        self.follow("bus.md", lambda recipe, block: said.append(recipe.said))
        self.assertRegex(said[-1], r"(?m)^kitchen-lamp +- ")
        recipe = Recipe(Path(self.mktemp()).absolute())
        [block] = [
            each for each in blocksOf((FOLDER / "bus.md").read_text("utf-8"), "bus.md") if each.named == "enocean.xml"
        ]
        recipe.follow(block)
        check = Block("bus.md", 1, "sh", "", "dogctl home check enocean.xml", "")
        recipe.follow(check)
        self.assertEqual(recipe.said, "enocean.xml: 2 devices, no problems\n")
