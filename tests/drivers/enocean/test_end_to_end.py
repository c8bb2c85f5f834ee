"""A running gateway, a pty pair, and at its other end a transceiver made of the PyPI package enocean.

No device was at hand: the telegrams are built and read by a codec that nobody here wrote.
"""

from __future__ import annotations

import json
import logging
import queue
import shutil
import subprocess
import threading
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.testing.process import GatewayProcess
from tests.drivers.enocean.air import BASE, VERSION

PATIENCE = 20.0

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
        )
    )
)


class Pty:
    """Two serial ports that socat joins, under names that stay the same when they are pulled and put back."""

    def __init__(self, folder: Path) -> None:
        self.ours, self.theirs = folder / "ours", folder / "theirs"
        self._socat: subprocess.Popen[bytes] | None = None

    def plug(self) -> None:
        ends = [f"pty,raw,echo=0,link={each}" for each in (self.ours, self.theirs)]
        self._socat = subprocess.Popen(["socat", *ends])
        until = time.monotonic() + PATIENCE
        while not (self.ours.exists() and self.theirs.exists()):
            assert time.monotonic() < until and self._socat.poll() is None, "socat did not make its ports"
            threading.Event().wait(0.02)

    def pull(self) -> None:
        if self._socat is not None:
            self._socat.terminate()
            self._socat.wait()
            self._socat = None


class Transceiver:
    """What a USB 300 does, with the package's own packets, and one D2-01 actuator behind it."""

    def __init__(self, port: Path) -> None:
        self._packet = import_module("enocean.protocol.packet")
        logging.getLogger("enocean").setLevel(logging.ERROR)
        communicator = import_module("enocean.communicators.serialcommunicator").SerialCommunicator
        self._line: Any = communicator(port=str(port))
        self._line.start()
        self.output = 0
        self.orders: queue.Queue[list[int]] = queue.Queue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._line.stop()
        self._thread.join(PATIENCE)
        self._line.join(PATIENCE)

    def say(self, rorg: int, func: int, type: int, sender: list[int], **values: Any) -> None:
        packet = self._packet.RadioPacket.create(
            rorg=rorg, rorg_func=func, rorg_type=type, sender=sender, learn=False, **values
        )
        self._line.send(packet)

    def release(self, sender: list[int]) -> None:
        """A U-message, which the package has no words for."""
        packet = self._packet.RadioPacket(1, data=[0xF6, 0, *sender, 0x20], optional=[1, 255, 255, 255, 255, 60, 0])
        self._line.send(packet)

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                packet = self._line.receive.get(timeout=0.1)
            except queue.Empty:
                continue
            if packet.packet_type == 5:
                answer = VERSION if packet.data[0] == 3 else b"\0" + BASE.to_bytes(4, "big")
                self._line.send(self._packet.Packet(2, data=list(answer)))
            elif packet.packet_type == 1:
                self._line.send(self._packet.Packet(2, data=[0]))
                self._actuator(list(packet.data))

    def _actuator(self, data: list[int]) -> None:
        if data[1] == 1:
            self.output = data[3]
            self.orders.put(data)
        elif data[1] == 3:
            self.say(0xD2, 1, 1, [1, 2, 3, 4], command=4, OV=self.output, IO=0)


class EndToEnd(SynchronousTestCase):
    if shutil.which("socat") is None:
        skip = "socat is not installed"
    elif find_spec("enocean") is None or find_spec("serial") is None:
        skip = "the PyPI package enocean is not installed"
    elif find_spec("websockets") is None or find_spec("websockets.sync") is None:
        skip = "PyPI websockets is not installed"

    def setUp(self) -> None:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        self.pty = Pty(folder)
        self.addCleanup(self.pty.pull)
        self.pty.plug()
        self.transceiver = Transceiver(self.pty.theirs)
        self.addCleanup(self.stopTransceiver)
        (folder / "home.xml").write_text(HOME)
        (folder / "dog.toml").write_text(f'[drivers.enocean]\nserialPort = "{self.pty.ours}"\n')
        gateway = GatewayProcess("--config", str(folder / "dog.toml"), "--home", str(folder / "home.xml"))
        self.addCleanup(gateway.kill)
        gateway.start()
        self.gateway = gateway
        self.heard: queue.Queue[Any] = queue.Queue()
        self.number = 0
        self.told: list[dict[str, Any]] = []
        connect = import_module("websockets.sync.client").connect
        self.client = connect(gateway.url.replace("http:", "ws:") + "/ws", subprotocols=["dog"])
        self.addCleanup(self.client.close)
        threading.Thread(target=self._listen, daemon=True).start()
        self.clientId = self.hear()["clientId"]

    def stopTransceiver(self) -> None:
        """The one that is there then."""
        self.transceiver.stop()

    def _listen(self) -> None:
        for message in self.client:
            self.heard.put(json.loads(message))

    def hear(self) -> Any:
        return self.heard.get(timeout=PATIENCE)

    def ask(self, action: str, endPoint: str, **more: Any) -> Any:
        """The answer; what is told meanwhile is kept in C{told}."""
        self.number += 1
        request = {"clientId": self.clientId, "sequenceNumber": str(self.number), "messageType": "request"}
        self.client.send(json.dumps(request | {"action": action, "endPoint": endPoint} | more))
        while True:
            message = self.hear()
            if message["messageType"] == "response":
                return message
            self.told.append(message["notification"])

    def command(self, name: str) -> None:
        """Until it is confirmed: on a busy machine the codec at the other end may be late once."""
        for _ in range(5):
            answer = self.ask("PUT", f"/api/v1/devices/plug/commands/{name}")
            if answer.get("status", 200) == 200:
                return
        self.fail(f"{name} was never confirmed: {answer}")

    def next(self) -> dict[str, Any]:
        """The next notification."""
        if not self.told:
            message = self.hear()
            self.assertEqual(message["messageType"], "notification")
            self.told.append(message["notification"])
        found: dict[str, Any] = self.told.pop(0)
        return found

    def awaitLog(self, text: str, times: int = 1) -> None:
        """Until the gateway has logged that so many times."""
        until = time.monotonic() + PATIENCE
        while sum(text in line for line in self.gateway.output) < times:
            self.assertLess(time.monotonic(), until, "".join(self.gateway.output))
            threading.Event().wait(0.05)

    def test_conversation(self) -> None:
        self.awaitLog("is up")
        self.command("off")
        while not self.transceiver.orders.empty():
            self.transceiver.orders.get()
        self.ask("POST", "/api/v1/subscriptions/devices/notifications", parameters="*")
        self.told.clear()

        self.transceiver.say(0xA5, 2, 5, [0, 0, 0, 1], TMP=20)
        told = self.next()
        self.assertEqual(
            (told["deviceUri"], told["notificationTopic"], told["temperatureValue"]),
            ("thermometer", "TemperatureMeasurementNotification", "20.08 C"),
        )
        self.transceiver.say(0xD5, 0, 1, [0, 0, 0, 3], CO=1)
        self.assertEqual(self.next()["notificationTopic"], "CloseNotification")
        self.transceiver.say(0xF6, 2, 2, [0, 0x25, 0xC5, 0x7A], R1=1, EB=1, T21=1, NU=1)
        told = self.next()
        self.assertEqual((told["notificationTopic"], told["buttonID"]), ("PressedMNotification", "0"))
        self.transceiver.release([0, 0x25, 0xC5, 0x7A])
        told = self.next()
        self.assertEqual((told["notificationTopic"], told["buttonID"]), ("ReleasedMNotification", "0"))

        self.command("on")
        self.assertEqual(self.transceiver.orders.get(timeout=PATIENCE)[:4], [0xD2, 1, 0, 100])
        self.assertEqual(self.next()["notificationTopic"], "OnNotification")

        # The cable is pulled and put back.
        self.transceiver.stop()
        self.pty.pull()
        self.awaitLog("is down")
        self.pty.plug()
        self.transceiver = Transceiver(self.pty.theirs)
        self.awaitLog("is up", 2)
        self.told.clear()
        self.transceiver.say(0xD5, 0, 1, [0, 0, 0, 3], CO=0)
        while (told := self.next())["deviceUri"] != "door":
            pass
        self.assertEqual(told["notificationTopic"], "OpenNotification")
