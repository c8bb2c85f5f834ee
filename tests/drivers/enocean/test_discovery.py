"""From a telegram of a stranger to a device of the home, in a running gateway: a pty, dogctl, and a restart."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.client.rest import Rest
from dog.testing.process import GatewayProcess
from tests.cli.running import ENVIRONMENT
from tests.drivers.enocean.transceiver import PATIENCE, Pty, Transceiver, whyNot

HOME = """<?xml version="1.0" encoding="UTF-8"?>
<dhc:dogHomeConfiguration xmlns:dhc="http://elite.polito.it/dogHomeConfiguration">
<dhc:buildingEnvironment><dhc:building><dhc:flat id="flat"><dhc:room id="hall"/></dhc:flat></dhc:building>
</dhc:buildingEnvironment>
<dhc:controllables><dhc:device class="EnOceanGateway" domoticSystem="EnOcean" id="gw"/></dhc:controllables>
</dhc:dogHomeConfiguration>
"""

ROCKER, THERMOMETER, PLUG = [0, 0x25, 0xC5, 0x7A], [0xFF, 0x81, 0x23, 0x45], [1, 2, 3, 4]

#: A UTE query of a D2-01-09 with one output, and the answer that it was learned.
QUERY, LEARNED = [0xD4, 0xA0, 1, 0x46, 0, 9, 1, 0xD2], [0xD4, 0x91, 1, 0x46, 0, 9, 1, 0xD2]


class Air(Transceiver):
    """@ivar taught: the answers to teach-in queries that it was asked to transmit."""

    def __init__(self, port: Path) -> None:
        self.taught: queue.Queue[list[int]] = queue.Queue()
        super().__init__(port)
        self._line.teach_in = False  # the package would answer our answers

    def _hear(self, packet: Any) -> None:
        if packet.rorg == 0xD4:
            self.taught.put(list(packet.data))
        else:
            super()._hear(packet)

    def raw(self, data: list[int], sender: list[int], status: int = 0) -> None:
        optional = [1, 255, 255, 255, 255, 60, 0]
        self._line.send(self._packet.RadioPacket(1, data=[*data, *sender, status], optional=optional))


class Adopted(SynchronousTestCase):
    skip = whyNot() or None

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        pty = Pty(self.folder)
        self.addCleanup(pty.pull)
        pty.plug()
        self.air = Air(pty.theirs)
        self.addCleanup(self.air.stop)
        pty.show()
        self.home = self.folder / "home.xml"
        self.home.write_text(HOME)
        (self.folder / "dog.toml").write_text(f'[drivers.enocean]\nserialPort = "{pty.ours}"\n')
        self.start()

    def start(self) -> None:
        """A process on the same files, whose link is up."""
        self.gateway = GatewayProcess(
            *("--config", str(self.folder / "dog.toml"), "--home", str(self.home)),
            *("--state-dir", str(self.folder / "state")),
        )
        self.addCleanup(self.gateway.kill)
        self.gateway.start()
        self.rest = Rest(self.gateway.url)
        self.until(lambda: self.rest.get("/api/v1/discovery")["sources"][0]["ways"], "its link came up")

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        until = time.monotonic() + PATIENCE
        while not (found := condition()):
            self.assertLess(time.monotonic(), until, f"not {what}: {''.join(self.gateway.output)}")
            threading.Event().wait(0.05)
        return found

    def dogctl(self, *arguments: str) -> str:
        """Its standard output; it ends with 0."""
        command = [sys.executable, "-m", "dog.cli", "--gateway", self.gateway.url, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=ENVIRONMENT, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def offered(self, id: str) -> Any:
        """The candidate, once it is offered."""
        return self.until(
            lambda: [each for each in self.rest.get("/api/v1/discovery")["candidates"] if each["id"] == id],
            f"{id} was offered",
        )[0]

    def notified(self, device: str) -> Any:
        """The first notification of a device, once there is one."""

        def found() -> Any:
            events = self.rest.get("/api/v1/events")["events"]
            return [each for each in events if each.get("device") == device and "notification" in each]

        return self.until(found, f"{device} was told of")[0]["notification"]

    def test_adopted(self) -> None:
        # A sensor's learn button: it says its profile.
        self.air.raw([0xA5, 0x08, 0x28, 0x0B, 0x80], THERMOMETER)
        found = self.offered("enocean-FF812345")
        self.assertEqual((found["class"], found["guessed"], found["signal"]), ("SingleTemperatureSensor", False, -60))
        self.dogctl("discovery", "adopt", "enocean-FF812345", "thermometer", "--room", "hall")
        text = self.home.read_text()
        self.assertIn('<dhc:device class="SingleTemperatureSensor" id="thermometer" domoticSystem="EnOcean"', text)
        self.assertIn('<dhc:param name="address" value="FF812345"/>', text)
        self.air.say(0xA5, 2, 5, THERMOMETER, TMP=20)
        self.assertEqual(self.notified("thermometer")["temperatureValue"], "20.08 C")

        # A neighbour's rocker is ignored, for good.
        self.air.say(0xF6, 2, 2, ROCKER, R1=1, EB=1, T21=1, NU=1)
        self.assertTrue(self.offered("enocean-0025C57A")["guessed"])
        self.dogctl("discovery", "ignore", "enocean-0025C57A")
        self.gateway.stop(60)
        self.start()
        self.air.say(0xF6, 2, 2, ROCKER, R1=1, EB=1, T21=1, NU=1)
        self.air.say(0xA5, 2, 5, THERMOMETER, TMP=30)
        self.until(lambda: self.value() == "30.12 C", "the telegrams were heard")
        body = json.loads(self.dogctl("discovery", "list", "--all", "--json"))
        (ignored,) = body["candidates"]
        self.assertTrue(ignored["ignored"])
        self.assertGreater(ignored["timesSeen"], 1)
        self.assertEqual(self.rest.get("/api/v1/discovery")["candidates"], [])

    def value(self) -> Any:
        status = self.rest.get("/api/v1/devices/thermometer/status")["status"]
        return status["TemperatureState"][0]["value"] if status.get("TemperatureState") else None

    def test_searched(self) -> None:
        """A query for teaching in is answered only while somebody searches."""
        self.air.raw(QUERY, PLUG)
        self.offered("enocean-01020304")
        command = [sys.executable, "-m", "dog.cli", "--gateway", self.gateway.url, "--json", "discovery", "search"]
        search = subprocess.Popen([*command, "gw", "--seconds", "120"], stdout=subprocess.PIPE, env=ENVIRONMENT)
        self.addCleanup(search.wait)
        self.addCleanup(search.kill)
        assert search.stdout is not None
        self.addCleanup(search.stdout.close)
        self.until(lambda: self.rest.get("/api/v1/discovery")["sources"][0].get("search"), "the search began")
        self.assertTrue(self.air.taught.empty())
        self.air.raw(QUERY, PLUG)
        self.assertEqual(self.air.taught.get(timeout=PATIENCE)[:8], LEARNED)
        self.assertEqual(json.loads(search.stdout.readline())["id"], "enocean-01020304")
        search.send_signal(signal.SIGINT)
        self.assertEqual(search.wait(60), 0)
        (over,) = self.rest.get("/api/v1/discovery/search")["searches"]
        self.assertEqual(over["state"], "cancelled")
        self.dogctl("discovery", "adopt", "enocean-01020304", "plug")
        self.assertIn('value="D2-01-09"', self.home.read_text())
        self.dogctl("send", "plug", "on")
        self.assertEqual(self.air.orders.get(timeout=PATIENCE)["OV"], 100)
