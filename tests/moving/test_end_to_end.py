"""What was moved starts: every sample installation."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from socket import socket
from urllib.request import Request, urlopen

from dog.cli.import_ import hasIPv6
from dog.cli.main import main
from dog.testing.process import GatewayProcess
from tests.cli.fakes import Pipe
from tests.moving.trees import HOUSE, MADE, SAMPLES, TreeCase

#: Seconds after which a gateway that is not ready is taken for broken.
PATIENCE = 120


class Starts(TreeCase):
    def moved(self, folder: Path, *options: str) -> Path:
        out = Path(self.mktemp()).absolute()
        streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = told = Pipe(), Pipe()
        try:
            status = main(["import", os.fspath(folder), "--output", os.fspath(out), *options])
        finally:
            sys.stdout, sys.stderr = streams
        self.assertEqual(status, 0, told[1].getvalue())
        return out

    def started(self, out: Path) -> tuple[list[str], dict[str, object]]:
        """The ids of its devices in the documented shape, and its health."""
        process = GatewayProcess("--config", f"{out}/dog.toml", "--listen", "tcp:0:interface=127.0.0.1")
        process.start(PATIENCE)
        try:
            with urlopen(f"{process.url}/api/v1/devices?profile=documented", timeout=PATIENCE) as answer:
                ids = [each["id"] for each in json.load(answer)["devices"]]
            with urlopen(f"{process.url}/api/v1/devices", timeout=PATIENCE) as answer:
                shape = json.load(answer)
        finally:
            process.stop(PATIENCE)
        return ids, shape

    def test_samples(self) -> None:
        counts = {}
        for name, folder in SAMPLES.items():
            ids, shape = self.started(self.moved(folder))
            counts[name] = len(ids)
            control = next(each["controlFunctionality"] for each in shape["devices"] if "controlFunctionality" in each)  # type: ignore[attr-defined]
            self.assertIs(isinstance(control[0]["commands"], dict), name == "made", "released, with device.api 1.2.0")
        self.assertEqual(counts, {"knx": 6, "bticino": 10, "zwave": 5, "made": 22})

    def test_yaml(self) -> None:
        """A home in YAML, as home.xml."""
        try:
            import yaml  # noqa: F401
        except ImportError:
            self.skipTest("PyYAML is not installed")
        folder = self.folder / "yaml"
        shutil.copytree(MADE, folder)
        config = folder / "configuration" / "config"
        (config / HOUSE).write_text("devices=home.yaml\n")
        shutil.copy(MADE.parent.parent / "homes" / "recorded" / "home.yaml", config)
        self.assertEqual(len(self.started(self.moved(folder))[0]), 22)

    def test_open(self) -> None:
        """As open as it was, on its own listeners: for both kinds of addresses, and for pages from anywhere."""
        with socket() as free:
            free.bind(("", 0))
            port = free.getsockname()[1]
        out = self.moved(SAMPLES["knx"], "--keep-open", "--port", str(port))
        process = GatewayProcess()
        process.options = ["--config", f"{out}/dog.toml"]
        process.start(PATIENCE)
        try:
            for host in ("127.0.0.1", *(["[::1]"] if hasIPv6() else [])):
                request = Request(f"http://{host}:{port}/api/v1/devices", headers={"Origin": "http://elsewhere"})
                with urlopen(request, timeout=PATIENCE) as answer:
                    self.assertEqual(len(json.load(answer)["devices"]), 6)
                    self.assertIn(answer.headers["Access-Control-Allow-Origin"], ("*", "http://elsewhere"))
        finally:
            process.stop(PATIENCE)

    def test_closed(self) -> None:
        """On its own listeners, at another port than the usual."""
        with socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = GatewayProcess()
        process.options = ["--config", f"{self.moved(SAMPLES['knx'], '--port', str(port))}/dog.toml"]
        process.start(PATIENCE)
        try:
            self.assertTrue(all("127.0.0.1" in each or "::1" in each for each in process.addresses), process.addresses)
            with urlopen(f"http://127.0.0.1:{port}/api/v1/devices", timeout=PATIENCE) as answer:
                self.assertEqual(len(json.load(answer)["devices"]), 6)
        finally:
            process.stop(PATIENCE)
