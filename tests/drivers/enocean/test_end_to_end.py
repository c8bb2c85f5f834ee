"""A running gateway, and at the other end of its port transceivers made of codecs that nobody here wrote."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.testing.process import GatewayProcess
from tests import talker
from tests.drivers.enocean import nodejs, transceiver
from tests.drivers.enocean.transceiver import Bridge, NodeTransceiver, Pty, Transceiver
from tests.talker import PATIENCE, Talker, awaitThat

_DEVICE = """<dhc:device class="{cls}" domoticSystem="EnOcean" id="{id}" gateway="gw">
<dhc:param name="address" value="{address}"/><dhc:param name="eep" value="{eep}"/></dhc:device>"""

HOME = """<?xml version="1.0" encoding="UTF-8"?>
<dhc:dogHomeConfiguration xmlns:dhc="http://elite.polito.it/dogHomeConfiguration"><dhc:buildingEnvironment/>
<dhc:controllables><dhc:device class="EnOceanGateway" domoticSystem="EnOcean" id="gw"/>{devices}</dhc:controllables>
</dhc:dogHomeConfiguration>
""".format(
    devices="".join(
        _DEVICE.format(cls=cls, id=id, address=address, eep=eep)
        for cls, id, address, eep in (
            ("SingleTemperatureSensor", "thermometer", "00000001", "a5-02-05"),
            ("RockerSwitch", "rocker", "0025C57A", "f6-02-02"),
            ("DoorSensor", "door", "00000003", "d5-00-01"),
            ("MainsPowerOutlet", "plug", "01020304", "d2-01-01"),
            ("ThermostatTemperatureSensor", "valve", "01020305", "a5-20-01"),
        )
    )
)

ROCKER = [0, 0x25, 0xC5, 0x7A]


class Running(SynchronousTestCase):
    """Blocks: everything else runs in threads and processes of its own."""

    gateway: GatewayProcess
    client: Talker

    def folder(self) -> Path:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        return folder

    def live(self, folder: Path, port: str) -> None:
        """A gateway on that port, and a client."""
        (folder / "home.xml").write_text(HOME)
        (folder / "dog.toml").write_text(f'[drivers.enocean]\nserialPort = "{port}"\n')
        self.gateway = GatewayProcess("--config", str(folder / "dog.toml"), "--home", str(folder / "home.xml"))
        self.addCleanup(self.gateway.kill)
        self.gateway.start(2 * PATIENCE)
        self.client = Talker(self.gateway.url)
        self.addCleanup(self.client.close)

    def command(self, device: str, name: str, **more: Any) -> None:
        """Until it is done: on a busy machine the codec at the other end may be late once."""
        for _ in range(5):
            answer = self.client.ask("PUT", f"/api/v1/devices/{device}/commands/{name}", **more)
            if answer.get("status", 200) == 200:
                return
        self.fail(f"{name} was never confirmed: {answer}")

    def awaitLog(self, text: str, times: int = 1) -> None:
        """Until the gateway has logged that so many times."""
        awaitThat(
            lambda: sum(text in line for line in self.gateway.output) >= times, lambda: "".join(self.gateway.output)
        )


class Python(Running):
    """The PyPI package enocean, on a pty and behind a raw TCP server."""

    skip = transceiver.whyNot() or talker.whyNot() or None

    def plugIn(self) -> None:
        self.pty.plug()
        self.transceiver = Transceiver(self.pty.theirs)
        self.pty.show()

    def setUp(self) -> None:
        self.here = self.folder()
        self.pty = Pty(self.here)
        self.addCleanup(self.pty.pull)
        self.plugIn()
        self.addCleanup(self.stopTransceiver)

    def stopTransceiver(self) -> None:
        """The one that is there then."""
        self.transceiver.stop()

    def telegrams(self) -> None:
        """From devices to the client."""
        self.transceiver.say(0xA5, 2, 5, [0, 0, 0, 1], TMP=20)
        self.client.hears("thermometer", "TemperatureMeasurementNotification", temperatureValue="20.08 C")
        self.transceiver.say(0xD5, 0, 1, [0, 0, 0, 3], CO=1)
        self.client.hears("door", "CloseNotification")
        self.transceiver.say(0xF6, 2, 2, ROCKER, R1=1, EB=1, T21=1, NU=1)
        self.client.hears("rocker", "PressedMNotification", buttonID="0")
        self.transceiver.release(ROCKER)
        self.client.hears("rocker", "ReleasedMNotification", buttonID="0")

    def orders(self) -> None:
        """From the client to devices, as the package reads it; and what comes back."""
        self.command("plug", "off")
        while not self.transceiver.orders.empty():
            self.transceiver.orders.get()
        self.command("plug", "on")
        order = {"CMD": 1, "DV": 0, "IO": 0, "OV": 100, "sender": [0xFF, 0x80, 0, 0]}
        awaitThat(lambda: self.transceiver.orders.get(timeout=PATIENCE) == order, lambda: "no order")
        self.client.hears("plug", "OnNotification")

    def test_conversation(self) -> None:
        """Both directions; the cable is pulled and put back."""
        self.live(self.here, str(self.pty.ours))
        self.awaitLog("is up")
        self.telegrams()
        self.orders()
        self.transceiver.stop()
        self.pty.pull()
        self.awaitLog("is down")
        self.plugIn()
        self.awaitLog("is up", 2)
        self.transceiver.say(0xD5, 0, 1, [0, 0, 0, 3], CO=0)
        self.client.hears("door", "OpenNotification")
        self.orders()

    def test_valve(self) -> None:
        """An order waits for the valve, and goes out when it wakes, as the package reads it."""
        self.live(self.here, str(self.pty.ours))
        self.awaitLog("is up")
        self.command("valve", "setTemperatureAt", parameters={"temperature": "21 C"})
        self.assertTrue(self.transceiver.answers.empty())
        self.transceiver.say(0xA5, 0x20, 1, self.transceiver.valve, direction=1, CV=0, TMP=20)
        told = self.transceiver.answers.get(timeout=PATIENCE)
        told = {name: told[name] for name in ("SP", "SPS", "RCU", "RIN")}
        self.assertEqual(told, {"SP": 134, "SPS": 1, "RCU": 0, "RIN": 0})
        self.client.hears("valve", "TemperatureMeasurementNotification", temperatureValue="19.92 C")

    def test_overTCP(self) -> None:
        """A transceiver behind a server that hands its bytes on and nothing else, as ser2net does.

        The server is not there when the gateway starts, and is restarted later.
        """
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        self.live(self.here, f"tcp:127.0.0.1:{port}")
        self.awaitLog("is down")
        bridge = Bridge(port, self.pty.ours)
        self.addCleanup(bridge.stop)
        self.awaitLog("is up")
        self.telegrams()
        self.orders()
        bridge.stop()
        self.awaitLog("is down", 2)
        self.assertEqual(self.client.command("plug", "off")[0], 503)
        again = Bridge(port, self.pty.ours)
        self.addCleanup(again.stop)
        self.awaitLog("is up", 2)
        self.orders()


class JavaScript(Running):
    """npm's enocean-js: it builds what the gateway hears, and reads what the gateway says."""

    skip = transceiver.whyNotPty() or nodejs.whyNot() or talker.whyNot() or None

    def test_conversation(self) -> None:
        here = self.folder()
        pty = Pty(here)
        self.addCleanup(pty.pull)
        pty.plug()
        node = NodeTransceiver(pty.theirs)
        self.addCleanup(node.stop)
        pty.show()
        self.live(here, str(pty.ours))
        self.awaitLog("is up")
        node.say("a5-02-05", "00000001", TMP=20)
        self.client.hears("thermometer", "TemperatureMeasurementNotification", temperatureValue="19.92 C")
        node.raw([0xF6, 0x30, *ROCKER, 0x30])
        self.client.hears("rocker", "PressedMNotification", buttonID="0")
        node.raw([0xF6, 0x00, *ROCKER, 0x20])
        self.client.hears("rocker", "ReleasedMNotification", buttonID="0")
        self.command("plug", "on")
        self.client.hears("plug", "OnNotification")
        order = {"sender": "ff800000", "to": "01020304", "CMD": 1, "DV": 0, "I/O": 0, "OV": 100}
        awaitThat(lambda: order in node.heard, lambda: f"{order} was not heard, but {node.heard}")
        self.command("valve", "setTemperatureAt", parameters={"temperature": "21 C"})
        node.raw([0xA5, 0, 0, 0x80, 0x08, 1, 2, 3, 5, 0])
        answer = {"sender": "ff800000", "to": "01020305", "SP": 134, "SPS": 1, "RCU": 0}
        awaitThat(
            lambda: any(answer.items() <= each.items() for each in node.heard), lambda: f"no answer in {node.heard}"
        )
