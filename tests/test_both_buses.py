"""One process with EnOcean on a serial port, Modbus over TCP and Modbus RTU on a serial port; peers by other people.

Each cable is pulled and put back in turn. Meanwhile the others work, and who listens to the events misses none.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.testing.process import GatewayProcess
from tests import talker
from tests.drivers.enocean import transceiver
from tests.drivers.enocean.transceiver import Pty, Transceiver
from tests.drivers.modbus.test_end_to_end import Peer
from tests.drivers.modbus.test_peers import PYTHON
from tests.source import ROOT
from tests.talker import PATIENCE, Events, Talker, awaitThat


def _params(**values: object) -> str:
    return "".join(f'<dhc:param name="{name}" value="{value}"/>' for name, value in values.items())


def _device(cls: str, id: str, system: str, inner: str = "", gateway: str | None = None) -> str:
    behind = "" if gateway is None else f' gateway="{gateway}"'
    return (
        f'<dhc:device class="{cls}" domoticSystem="{system}" id="{id}"{behind}>'
        f"<dhc:description>{id}</dhc:description>{inner}</dhc:device>"
    )


def _told(functionality: str, notification: str, name: str, register: str) -> str:
    return (
        f'<dhc:notificationFunctionality class="{functionality}"><dhc:notifications><dhc:notification '
        f'class="{notification}" id="{name}">{register}</dhc:notification></dhc:notifications>'
        "</dhc:notificationFunctionality>"
    )


def _modbus(gateway: str) -> str:
    """A lamp on coil 0 and a thermometer on input register 100."""
    lamp = _told(
        "StateChangeNotificationFunctionality",
        "StateChangeNotification",
        f"changed_{gateway}",
        _params(registerAddress=0, registerType="c", dataSize="bit", slaveId=1),
    )
    thermometer = _told(
        "TemperatureMeasurementNotificationFunctionality",
        "TemperatureMeasurementNotification",
        f"measured_{gateway}",
        _params(registerAddress=100, registerType="ir", slaveId=1, scaleFactor="0.1", unitOfMeasure="C"),
    )
    return _device("SimpleLamp", f"{gateway}-lamp", "Modbus", lamp, gateway) + _device(
        "SingleTemperatureSensor", f"{gateway}-thermometer", "Modbus", thermometer, gateway
    )


def homeOf(port: int, line: Path) -> str:
    air = [
        _device("EnOceanGateway", "air", "EnOcean"),
        _device("SingleTemperatureSensor", "air-thermometer", "EnOcean", _params(address="1", eep="a5-02-05"), "air"),
        _device("MainsPowerOutlet", "air-lamp", "EnOcean", _params(address="01020304", eep="d2-01-01"), "air"),
    ]
    tcp = _params(IPAddress="127.0.0.1", port=port, pollingTimeMillis=300)
    rtu = _params(portName=line, protocolVariant="RTU", baudRate=19200, parity="none", pollingTimeMillis=300)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<dhc:dogHomeConfiguration '
        'xmlns:dhc="http://elite.polito.it/dogHomeConfiguration"><dhc:buildingEnvironment/><dhc:controllables>'
        + "".join(air)
        + _device("ModbusGateway", "tcp", "Modbus", tcp)
        + _modbus("tcp")
        + _device("ModbusGateway", "rtu", "Modbus", rtu)
        + _modbus("rtu")
        + "</dhc:controllables></dhc:dogHomeConfiguration>\n"
    )


class Cable:
    """What is at the other end of a bus. C{x-lamp} and C{x-thermometer} are the devices on bus C{x}."""

    name: str

    def plug(self) -> None:
        raise NotImplementedError

    def pull(self) -> None:
        raise NotImplementedError

    def warm(self, number: int) -> str:
        """Have the thermometer measure something, another number each time. As clients are told of it."""
        raise NotImplementedError

    def lit(self) -> bool:
        """Whether the lamp is on, as the peer has it."""
        raise NotImplementedError


class Air(Cable):
    name = "air"

    def __init__(self, folder: Path) -> None:
        self.pty = Pty(folder, "air")
        self._transceiver: Transceiver | None = None
        self._output = 0

    def plug(self) -> None:
        self.pty.plug()
        self._transceiver = Transceiver(self.pty.theirs)
        self._transceiver.output = self._output
        self.pty.show()

    def pull(self) -> None:
        if self._transceiver is not None:
            self._output = self._transceiver.output
            self._transceiver.stop()
            self._transceiver = None
        self.pty.pull()

    def warm(self, number: int) -> str:
        assert self._transceiver is not None
        raw = 200 - number
        self._transceiver.say(0xA5, 2, 5, [0, 0, 0, 1], TMP=40 - raw * 40 / 255)
        return f"{round((255 - round(255 - (40 - raw * 40 / 255) * 255 / 40)) * 40 / 255, 2):.2f} C"

    def lit(self) -> bool:
        assert self._transceiver is not None
        return self._transceiver.output > 0


class Modbus(Cable):
    """pymodbus's server, which forgets its registers when it is pulled."""

    def __init__(self, kind: str, where: str, pty: Pty | None = None) -> None:
        self.name = kind
        self._where = where
        self._pty = pty
        self._peer: Peer | None = None

    def plug(self) -> None:
        if self._pty is not None:
            self._pty.plug()
        self._peer = Peer(self._where, self.name)
        if self._pty is not None:
            self._pty.show()

    def pull(self) -> None:
        if self._peer is not None:
            self._peer.kill()
            self._peer = None
        if self._pty is not None:
            self._pty.pull()

    def warm(self, number: int) -> str:
        assert self._peer is not None
        self._peer.ask(set=["ir", 100, 200 + number])
        return f"{20 + number / 10:.1f} C"

    def lit(self) -> bool:
        assert self._peer is not None
        return bool(self._peer.ask(get=["c", 0]))


class Watch:
    """C{dogctl watch --json} in a process of its own.

    @ivar lines: what it has shown so far.
    """

    def __init__(self, url: str) -> None:
        self.lines: list[dict[str, Any]] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dog.cli", "watch", "--json", "--gateway", url],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(json.loads(line))

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


class BothBuses(SynchronousTestCase):
    """Blocks: everything else runs in threads and processes of its own."""

    skip = transceiver.whyNot() or talker.whyNot() or ("" if PYTHON else "PyPI pymodbus is not installed") or None
    timeout = 300

    def setUp(self) -> None:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        line = Pty(folder, "rtu")
        air = Air(folder)
        self.cables: list[Cable] = [air, Modbus("tcp", str(port)), Modbus("rtu", str(line.theirs), line)]
        for cable in self.cables:
            self.addCleanup(cable.pull)
            cable.plug()
        (folder / "home.xml").write_text(homeOf(port, line.ours))
        (folder / "dog.toml").write_text(f'[drivers.enocean]\nserialPort = "{air.pty.ours}"\n')
        self.gateway = GatewayProcess("--config", str(folder / "dog.toml"), "--home", str(folder / "home.xml"))
        self.addCleanup(self.gateway.kill)
        self.gateway.start(2 * PATIENCE)
        self.events = Events(self.gateway.url)
        self.addCleanup(self.events.close)
        self.client = Talker(self.gateway.url)
        self.addCleanup(self.client.close)
        self.number = 0

    def status(self, device: str) -> dict[str, Any]:
        url = f"{self.gateway.url}/api/v1/devices/{device}/status?detail=full"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def put(self, device: str, command: str) -> tuple[int, str]:
        """The answer over REST: status, and the code of the error."""
        url = f"{self.gateway.url}/api/v1/devices/{device}/commands/{command}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="PUT"), timeout=PATIENCE) as answer:
                return answer.status, ""
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)["error"]["code"]

    def succeeds(self, device: str, command: str) -> None:
        awaitThat(lambda: self.client.command(device, command)[0] == 200, lambda: f"{device} {command}")

    def works(self, cable: Cable) -> None:
        """From the bus to the client, and from the client to the bus and back."""
        self.number += 1
        told = cable.warm(self.number)
        name = cable.name
        self.client.hears(f"{name}-thermometer", "TemperatureMeasurementNotification", temperatureValue=told)
        for command, topic in (("on", "OnNotification"), ("off", "OffNotification")):
            # On a busy machine a peer may answer too late once, and what happened is not known.
            self.succeeds(f"{name}-lamp", command)
            self.assertEqual(cable.lit(), command == "on")
            self.client.hears(f"{name}-lamp", topic)
        self.assertEqual(self.status(f"{name}-lamp")["status"]["OnOffState"][0]["value"], "off")

    def test_eachCableInTurn(self) -> None:
        for cable in self.cables:
            self.up(cable)
            self.works(cable)
        watch = Watch(self.gateway.url)
        self.addCleanup(watch.stop)
        while not watch.lines:
            self.works(self.cables[1])
        for cable in self.cables:
            lamp = f"{cable.name}-lamp"
            before = len(self.events.seen)
            cable.pull()
            self.events.awaits(before, "connectionLost")
            self.events.awaits(before, "deviceLost", device=lamp)
            # The answer is that it can't be reached, over both doors; nobody waits for a time-out.
            self.assertEqual(self.put(lamp, "on"), (503, "unreachable"))
            self.assertEqual(self.client.command(lamp, "on")[0], 503)
            self.assertTrue(self.stale(f"{cable.name}-thermometer"))
            for other in self.cables:
                if other is not cable:
                    self.works(other)
            before = len(self.events.seen)
            cable.plug()
            self.events.awaits(before, "connectionMade")
            self.up(cable)
            self.works(cable)
            self.assertFalse(self.stale(f"{cable.name}-thermometer"))
        self.nothingIsMissing(watch)

    def up(self, cable: Cable) -> None:
        """Until its lamp was heard."""
        lamp = f"{cable.name}-lamp"
        awaitThat(lambda: not self.stale(lamp), lambda: "".join(self.gateway.output[-30:]))

    def stale(self, device: str) -> bool:
        """Whether what is known of it is old, or nothing is known."""
        states = self.status(device).get("status", {}).values()
        values = [each for entries in states for each in entries]
        return not values or any(each["quality"] == "stale" or not each["online"] for each in values)

    def nothingIsMissing(self, watch: Watch) -> None:
        """Numbers without holes; what the clients were told is in it, one for one, in the same order."""
        numbers = [number for (_, number), _, _ in self.events.seen]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        streamed = [data["notification"] for _, kind, data in self.events.seen if kind == "notification"]
        told = [each["notification"] for each in self.client.told]
        awaitThat(
            lambda: [each.get("notification") for each in watch.lines[-1:]] == told[-1:], lambda: str(watch.lines[-3:])
        )
        watched = [each["notification"] for each in watch.lines]
        for some in (told, watched):
            self.assertEqual(streamed[len(streamed) - len(some) :], some)
