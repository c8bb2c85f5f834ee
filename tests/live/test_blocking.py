"""A real gateway with a third-party driver that blocks it: the log names the driver, and everything else goes on."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from twisted.trial.unittest import SynchronousTestCase

from dog.testing.process import GatewayProcess

DRIVER = '''"""A driver that some other people have written."""

import time

from dog.testing.scripted import ScriptedDriver, confirm


def think(command):
    time.sleep(1.5)
    return confirm()


driver = ScriptedDriver("blinker", ("Blinker",))
driver.script(None, "on", think)
driver.script(None, "off", RuntimeError("it has a bug"))
'''

HOME = """<?xml version="1.0" encoding="UTF-8"?>
<dhc:dogHomeConfiguration xmlns:dhc="http://elite.polito.it/dogHomeConfiguration">
  <dhc:buildingEnvironment/>
  <dhc:controllables>
    <dhc:device id="theirs" class="SimpleLamp" domoticSystem="Blinker"/>
    <dhc:device id="ours" class="SimpleLamp" domoticSystem="Simulated"/>
  </dhc:controllables>
</dhc:dogHomeConfiguration>
"""

#: Seconds within which what must happen happens, on a machine that has much else to do.
PATIENCE = 60.0


class BlockingTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp()).absolute()
        installed = folder / "site" / "blinker-1.0.dist-info"
        (folder / "site" / "blinker").mkdir(parents=True)
        installed.mkdir()
        (folder / "site" / "blinker" / "__init__.py").write_text("")
        (folder / "site" / "blinker" / "driver.py").write_text(DRIVER)
        (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: blinker\nVersion: 1.0\n")
        (installed / "entry_points.txt").write_text("[dog.drivers]\nblinker = blinker.driver:driver\n")
        (folder / "home.xml").write_text(HOME)
        before = os.environ.get("PYTHONPATH", "")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(folder / "site"), before)))
        self.addCleanup(os.environ.__setitem__, "PYTHONPATH", before)
        self.gateway = GatewayProcess("--home", str(folder / "home.xml"), cwd=str(folder))
        self.gateway.start(PATIENCE)
        self.addCleanup(self.gateway.kill)

    def ask(self, path: str, method: str = "GET") -> Any:
        """The answer's JSON, its text where it is none, or an error's status."""
        body = None if method == "GET" else b"{}"
        request = urllib.request.Request(
            self.gateway.url + path, body, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                text = answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code
        try:
            return json.loads(text or "null")
        except ValueError:
            return text

    def until(self, there: Callable[[], Any]) -> Any:
        end = time.monotonic() + PATIENCE
        while not (found := there()):
            self.assertLess(time.monotonic(), end, "".join(self.gateway.output))
            time.sleep(0.05)
        return found

    def lines(self, word: str) -> list[str]:
        return [each for each in self.gateway.output if word in each]

    def driver(self) -> Any:
        return next(each for each in self.ask("/api/v1/drivers")["drivers"] if each["name"] == "blinker")

    def test_namedAndCounted(self) -> None:
        self.assertIsNone(self.ask("/api/v1/devices/theirs/commands/on", "PUT"))
        [line] = self.until(lambda: self.lines("stood still"))
        self.assertRegex(line, r"stood still for 1\.\d+ s in driver blinker, link None: blinker\.driver:\d+ think < ")
        driver = self.driver()
        self.assertEqual(driver["blocked"]["count"], 1)
        self.assertEqual(driver["links"][0]["blocked"]["count"], 1)
        self.assertIn('dog_blocked_total{driver="blinker"} 1\n', self.ask("/metrics"))
        kinds = [each["kind"] for each in self.ask("/api/v1/events")["events"]]
        self.assertIn("driverBlocked", kinds)

        self.assertEqual(self.ask("/api/v1/devices/theirs/commands/off", "PUT"), 500)
        self.assertEqual((self.driver()["crashes"], self.driver()["links"][0]["state"]), (1, "up"))
        self.assertIsNone(self.ask("/api/v1/devices/ours/commands/on", "PUT"))
        [ours] = [each for each in self.ask("/api/v1/drivers")["drivers"] if each["name"] == "simulated"]
        self.assertEqual((ours["crashes"], ours["blocked"]["count"]), (0, 0))
        self.assertEqual((ours["links"][0]["state"], ours["links"][0]["attempts"]), ("up", 1))

        [link] = self.ask("/api/v1/drivers/blinker/restart", "POST")["links"]
        self.assertEqual((link["state"], link["attempts"]), ("up", 2))
