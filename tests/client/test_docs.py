"""docs/clients.md tells the truth: its examples run, all at once, before a real gateway that is restarted."""

import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.cli.running import RunningGateway
from tests.source import ROOT

TEXT = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
LAMP = "lake-kitchen-lamp"
OTHER = "lake-ceiling-lamp"
PATIENCE = 60


def examples(language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", TEXT)


class Running:
    """An example, and what it prints."""

    def __init__(self, case: Any, name: str, command: list[str]) -> None:
        self.name = name
        self.lines: list[str] = []
        self.said: list[str] = []  # all of them
        self._more = threading.Condition()
        self._ended = False
        self._process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "NODE_NO_WARNINGS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        case.addCleanup(self.stop)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._more:
                self.lines.append(line.rstrip("\n"))
                self.said.append(line.rstrip("\n"))
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    def next(self, pattern: str) -> str:
        """Wait for a line, take it and what comes before it."""
        with self._more:
            while True:
                for number, line in enumerate(self.lines):
                    if re.search(pattern, line):
                        del self.lines[: number + 1]
                        return line
                if self._ended or not self._more.wait(PATIENCE):
                    raise AssertionError(f"{self.name} does not say {pattern!r}: {self.lines}")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()


class ExampleTests(SynchronousTestCase):
    def switch(self, gateway: RunningGateway, command: str, lamp: str = LAMP) -> None:
        request = urllib.request.Request(f"{gateway.url}/api/v1/devices/{lamp}/commands/{command}", method="PUT")
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30):
            pass

    def start(self, **options: Any) -> RunningGateway:
        gateway = RunningGateway(**options)
        self.addCleanup(gateway.stop)
        return gateway

    def run_(self, folder: Path, port: int, narrowed: bool = False) -> list[Running]:
        """@param narrowed: with the subscriptions that are told under "Less than everything"."""
        twisted, aio = examples("python")
        [javascript] = examples("javascript")
        found = []
        narrow = re.findall(r"`(client\.(?:subscribe|follow)\(.*minInterval.*\))`", TEXT)
        for name, text, instead in zip(
            ("twisted.py", "aio.py", "example.mjs"), (twisted, aio, javascript), narrow, strict=True
        ):
            self.assertIn("127.0.0.1:8080", text)
            if narrowed:
                everything = re.findall(r"client\.(?:subscribe|follow)\(\)", text)
                self.assertEqual(len(everything), 1)
                text = text.replace(everything[0], instead)
            # Not under a name that hides a package from the example itself.
            path = folder / f"example-{name}"
            path.write_text(text.replace("127.0.0.1:8080", f"127.0.0.1:{port}"), encoding="utf-8")
            found.append(path)
        shutil.copy(ROOT / "dog" / "pages" / "dog-client.js", folder / "dog-client.js")
        (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
        running = [Running(self, path.name, [sys.executable, str(path)]) for path in found[:2]]
        node = shutil.which("node")
        if node is not None and self.hasWebSocket(node):
            running.append(Running(self, "node", [node, "--experimental-websocket", str(found[2])]))
        return running

    def hasWebSocket(self, node: str) -> bool:
        asked = subprocess.run([node, "--experimental-websocket", "-e", "WebSocket"], capture_output=True, check=False)
        return asked.returncode == 0

    def test_examples(self) -> None:
        """Each tells how the lamp is, that it is switched, and what happened while the gateway was restarted."""
        folder = Path(self.mktemp()).resolve()
        folder.mkdir()
        (folder / "state").mkdir()
        gateway = self.start(stateDir=folder / "state")
        running = self.run_(folder, gateway.port)
        values = {each.next(rf"^{LAMP} (on|off)$").split()[1] for each in running}
        self.assertEqual(len(values), 1)
        value = values.pop()
        for _ in range(2):
            value = "off" if value == "on" else "on"
            self.switch(gateway, value)
            for each in running:
                each.next(rf"^{LAMP} {value}$")
        gateway.stop()
        gateway = self.start(port=gateway.port, stateDir=folder / "state")
        value = "off" if value == "on" else "on"
        self.switch(gateway, value)
        for each in running:
            each.next(rf"^{LAMP} {value}$")
            self.assertNotIn("events are lost", each.lines)

    def test_narrowed(self) -> None:
        """They are told of the devices that they want, before and after a restart, and of no others."""
        folder = Path(self.mktemp()).resolve()
        folder.mkdir()
        (folder / "state").mkdir()
        gateway = self.start(stateDir=folder / "state")
        running = self.run_(folder, gateway.port, narrowed=True)
        for each in running:
            each.next(rf"^{LAMP} (on|off)$")
        for _ in range(2):
            for command in ("on", "off"):
                self.switch(gateway, command, OTHER)
                self.switch(gateway, command)
            for each in running:
                each.next(rf"^{LAMP} off$")
            gateway.stop()
            gateway = self.start(port=gateway.port, stateDir=folder / "state")
            self.switch(gateway, "on", OTHER)
            self.switch(gateway, "on")
            for each in running:
                each.next(rf"^{LAMP} on$")
        for each in running:
            strange = [line for line in each.said if line.startswith(OTHER) or line == "events are lost"]
            self.assertEqual(strange, [], each.name)
