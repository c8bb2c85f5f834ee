"""The example of the driver author's guide, built and installed as somebody else's package, in a running gateway."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from functools import cache
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.testing import GatewayProcess
from tests.examples.installed import LACKING, PATIENCE, Process, install
from tests.source import ROOT

NAME = "dog-driver-relayboard"


@cache
def installed() -> Path:
    """Once for all of these tests, in trial's temporary folder."""
    return install(NAME, Path(NAME).absolute())


class RelayBoardCase(SynchronousTestCase):
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
