"""docs/tutorial.md tells the truth: it is gone through from its first block to its last."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.testing.process import GatewayProcess
from tests.cli.running import ENVIRONMENT, PATIENCE, RunningGateway
from tests.docs.blocks import Block, blocksOf
from tests.source import ROOT

BLOCKS = list(blocksOf((ROOT / "docs" / "tutorial.md").read_text("utf-8"), "docs/tutorial.md"))
TYPED = [line for each in BLOCKS for line in each.typed if not each.reason]

#: What is performed below in another way: in the background, on a free port, until something has been seen.
UNIT = "python3 first/unit.py"
GATEWAY = ".venv/bin/twistd --nodaemon --pidfile= dog --config first/dog.toml"
WATCH = ".venv/bin/dogctl watch lake-kitchen-lamp"


def file(name: str) -> Block:
    [found] = [each for each in BLOCKS if each.named == name]
    return found


class Tutorial(SynchronousTestCase):
    """Blocks: everything runs in processes of its own."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).resolve()
        (self.folder / "first").mkdir(parents=True)
        (self.folder / ".venv" / "bin").mkdir(parents=True)
        dogctl = self.folder / ".venv" / "bin" / "dogctl"
        dogctl.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dog.cli "$@"\n', encoding="utf-8")
        dogctl.chmod(0o755)

    def type_(self, line: str, url: str) -> str:
        """Type a line; what it prints. It has to succeed."""
        environment = {**ENVIRONMENT, "DOG_GATEWAY": url, "no_proxy": "*"}
        done = subprocess.run(
            ["sh", "-c", line.replace("http://127.0.0.1:8080", url).replace("curl ", "curl -sS ", 1)],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout}{done.stderr}")
        return done.stdout

    def test_lines(self) -> None:
        """Every line that is to be typed is one that the tests below type or perform, and the other way round."""
        simulated = [each for each in TYPED if "lake-" in each]
        bus = [each for each in TYPED if each not in simulated]
        self.assertEqual(len(simulated), 7)
        self.assertIn(WATCH, simulated)
        check = ".venv/bin/dogctl home check first/home.xml"
        self.assertEqual(bus[:3], [UNIT, check, GATEWAY])
        self.assertEqual([each.split()[1] for each in bus[3:]], ["drivers", "send", "status", "capture"])

    def afterStart(self) -> list[str]:
        return TYPED[TYPED.index(GATEWAY) + 1 :]

    def test_simulated(self) -> None:
        if shutil.which("curl") is None:
            self.skipTest("curl is not installed")
        gateway = RunningGateway()
        self.addCleanup(gateway.stop)
        said = {line: self.type_(line, gateway.url) for line in TYPED if "lake-" in line and line != WATCH}
        on, status, wrong, listed, off, told = said.values()
        self.assertEqual((on, bool(off)), ("", True))
        self.assertEqual(json.loads(status)["status"]["OnOffState"], [{"value": "on"}])
        self.assertEqual(json.loads(wrong)["error"]["code"], "not_found")
        self.assertIn("lake-kitchen-lamp", listed)
        self.assertIn("off", told)

    def test_watched(self) -> None:
        """What the page does is seen: here, what dogctl does."""
        gateway = RunningGateway()
        self.addCleanup(gateway.stop)
        pressing = threading.Event()

        def press() -> None:
            while not pressing.wait(0.5):
                for command in ("on", "off"):
                    self.type_(f".venv/bin/dogctl send lake-kitchen-lamp {command}", gateway.url)

        thread = threading.Thread(target=press)
        thread.start()
        try:
            seen = self.type_(f"timeout {PATIENCE / 2} {WATCH} | head -1", gateway.url)
        finally:
            pressing.set()
            thread.join()
        self.assertIn("lake-kitchen-lamp", seen)

    def test_bus(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        for name in ("unit.py", "home.xml", "dog.toml"):
            text = file(name).text.replace('"15020"', f'"{port}"')
            (self.folder / "first" / name).write_text(text, encoding="utf-8")
        self.assertIn("no problems", self.type_(TYPED[TYPED.index(GATEWAY) - 1], ""))
        unit = self.unit(port)
        gateway = GatewayProcess(*GATEWAY.partition(" dog ")[2].split(), cwd=str(self.folder))
        self.addCleanup(gateway.kill)
        gateway.start(PATIENCE)
        self.becomes(gateway.url, ".venv/bin/dogctl status", "21.5")
        drivers, sent, status, captured = (self.type_(line, gateway.url) for line in self.afterStart())
        self.assertRegex(drivers, r"modbus +tcp:127\.0\.0\.1:\d+\S* +up")
        self.assertIn("on", status)
        self.assertTrue(captured)
        assert unit.stdout is not None
        self.assertEqual(unit.stdout.readline(), "the lamp is on\n", sent)
        unit.kill()
        self.becomes(gateway.url, ".venv/bin/dogctl status hall-lamp", "stale")
        refused = self.type_(".venv/bin/dogctl send hall-lamp off 2>&1; test $? = 1", gateway.url)
        self.assertIn("unreachable", refused)
        unit.wait()
        unit = self.unit(port)
        self.becomes(gateway.url, ".venv/bin/dogctl drivers", " up ")
        self.type_(".venv/bin/dogctl send hall-lamp on", gateway.url)

    def unit(self, port: int) -> Any:
        process = subprocess.Popen(
            [sys.executable, *UNIT.split()[1:], str(port)],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
        )

        def end() -> None:
            process.kill()
            process.communicate()

        self.addCleanup(end)
        return process

    def becomes(self, url: str, line: str, wanted: str) -> None:
        until = time.monotonic() + PATIENCE
        while wanted not in (said := self.type_(line, url)):
            self.assertLess(time.monotonic(), until, said)
