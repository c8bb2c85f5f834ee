"""The driver author's guide's example, as somebody else's package: built, installed, found, commanded, captured."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from functools import cache
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.testing import GatewayProcess, readCapture
from tests.examples.installed import LACKING, PATIENCE, Process, install
from tests.source import ROOT

NAME = "dog-driver-relayboard"


@cache
def installed() -> Path:
    """Once for all of these tests, in trial's temporary folder."""
    return install(NAME, Path(NAME).absolute())


class RelayBoardTests(SynchronousTestCase):
    """Blocks: everything runs in processes of its own."""

    if LACKING:
        skip = f"needs {' and '.join(LACKING)}: python3-setuptools python3-wheel"

    def setUp(self) -> None:
        self.site = installed()
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(self.site), str(ROOT)])}
        self.patch(os, "environ", self.environment)

    def run_(self, *command: str) -> Process:
        return Process(self, *command, environment=self.environment, cwd=self.folder)

    def test_itsOwnTests(self) -> None:
        """They pass where it is installed."""
        tests = self.run_("-m", "twisted.trial", "--temp-directory=trial", "dog_relayboard")
        self.assertEqual(tests.wait(), 0, "\n".join(tests.lines))
        self.assertRegex("\n".join(tests.lines), r"Ran [1-9]\d+ tests")

    def start(self) -> None:
        """The board and, with the example's home on another port, the gateway."""
        self.board = self.run_("-m", "dog_relayboard.board", "--listen", "tcp:0:interface=127.0.0.1")
        port = self.board.next("listening on ").split()[-1]
        text = (ROOT / "examples" / NAME / "home.xml").read_text(encoding="utf-8")
        self.assertIn("tcp:127.0.0.1:7000", text)
        home, config = self.folder / "home.xml", self.folder / "dog.toml"
        home.write_text(text.replace("127.0.0.1:7000", f"127.0.0.1:{port}"), encoding="utf-8")
        config.write_text("[drivers.relayboard]\npollSeconds = 5\n", encoding="utf-8")
        self.gateway = GatewayProcess("--config", str(config), "--home", str(home), cwd=str(self.folder))
        self.addCleanup(self.gateway.kill)
        self.gateway.start(PATIENCE)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.gateway.url + path, timeout=PATIENCE) as answer:
            return json.load(answer)

    def becomes(self, device: str, wanted: str) -> None:
        until = time.monotonic() + PATIENCE
        while True:
            found = self.get(f"/api/v1/devices/{device}/status").get("status", {}).get("OnOffState")
            if found and found[0]["value"] == wanted:
                return
            self.assertLess(time.monotonic(), until, f"{device} does not become {wanted}: {found}")
            time.sleep(0.05)

    def put(self, path: str) -> int:
        request = urllib.request.Request(self.gateway.url + path, method="PUT")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            status: int = answer.status
            return status

    def dogctl(self, *arguments: str) -> Process:
        return self.run_("-m", "dog.cli", "--gateway", self.gateway.url, *arguments)

    def test_inAGateway(self) -> None:
        """It is found by its entry point, its devices do what they are told and say what is done to them; what passes
        on its wire is captured, and is what its tests play.
        """
        self.start()
        self.becomes("lamp", "off")
        [found] = [each for each in self.get("/api/v1/drivers")["drivers"] if each["name"] == "relayboard"]
        self.assertEqual((found["systems"], [each["state"] for each in found["links"]]), (["RelayBoard"], ["up"]))
        [link] = [each["key"] for each in found["links"]]

        file = self.folder / "board.jsonl"
        capture = self.dogctl("capture", "relayboard", link, "--seconds", "600", "--bytes", "34", "-o", str(file))
        until = time.monotonic() + PATIENCE
        while not file.exists() or len(file.read_text().splitlines()) < 2:
            self.assertLess(time.monotonic(), until, capture.lines)
            time.sleep(0.05)
        self.assertEqual(self.put("/api/v1/devices/lamp/commands/on"), 200)
        self.becomes("lamp", "on")
        self.board.type("1 OFF")
        self.becomes("lamp", "off")
        self.put("/api/v1/devices/outlet/commands/on")
        self.assertEqual(capture.wait(), 0, capture.lines)
        self.assertIn("ended by: bytes", capture.lines[-1])
        passed = [(each.what, each.data) for each in readCapture(file).records if each.data != b"STATE\n"]
        passed = [each for each in passed if not each[1].startswith(b"STATE ")]
        self.assertEqual(
            passed[:4],
            [("open", b""), ("sent", b"SET 1 ON\n"), ("received", b"OK 1 ON\n"), ("received", b"RELAY 1 OFF\n")],
        )

    def test_boardGone(self) -> None:
        """The gateway says so at once, and has it again when it is back."""
        self.start()
        self.becomes("outlet", "off")
        port = self.board.next("listening on ").split()[-1]
        self.board.stop()
        until = time.monotonic() + PATIENCE
        while self.get("/health")["devices"]["online"]:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.05)
        self.board = self.run_("-m", "dog_relayboard.board", "--listen", f"tcp:{port}:interface=127.0.0.1")
        while self.get("/health")["devices"]["online"] != 2:
            self.assertLess(time.monotonic(), until, self.gateway.output)
            time.sleep(0.05)
