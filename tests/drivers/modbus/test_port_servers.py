"""A serial line behind a server on the network: ser2net (raw, and RFC 2217), and pyserial's RFC 2217 server.

Dog, the server, a pair of pseudo-terminals, pymodbus on RTU.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import deferLater

from dog.model.device import Device
from tests.drivers.modbus.slave import LAMP, commanded, device, params, told
from tests.drivers.modbus.test_peers import Child, SerialLineTestCase

SER2NET = shutil.which("ser2net") or shutil.which("ser2net", path="/usr/sbin")


NUMBERS = (0x0D0A, 0x0D00, 0xFFFF)
WORD = device(
    "word", "SingleTemperatureSensor", told("TemperatureMeasurementNotification", 100, "ir", dataSize="uint16")
)
ODD = device(
    "odd",
    "ShutterActuator",
    *(
        commanded(name, 255, registerValue=value, dataSize="uint16")
        for name, value in zip(("up", "down", "rest"), NUMBERS, strict=True)
    ),
)


class _Server:
    """What holds behind every server."""

    scheme = "rfc2217"
    settings = {"baudRate": 19200, "parity": "None"}

    def serve(self: Any) -> Any:
        raise NotImplementedError

    @inlineCallbacks
    def open(self: Any) -> Generator[Deferred[Any], Any, tuple[Child, Device]]:
        self.number = self.port()
        peer = yield self.reopen()
        self.server = yield self.serve()
        own = params(portName=f"{self.scheme}:127.0.0.1:{self.number}", protocolVariant="RTU", requestTimeout=400)
        return peer, Device("gw", "ModbusGateway", "Modbus", params=own + params(**self.settings))

    @inlineCallbacks
    def test_bothWays(self: Any) -> Generator[Deferred[Any], Any, None]:
        """Readings and commands; the numbers have 255, CR LF and CR NUL in them."""
        peer, gw = yield self.open()
        self.begin(gw, ODD, WORD)
        for value in NUMBERS:
            yield peer.ask(set=["ir", 100, value])
            yield self.until(partial(self.shows, "word", "TemperatureState", f"{value} C"))
        for name, value in zip(("up", "down", "rest"), NUMBERS, strict=True):
            entry = yield self.send("odd", name)
            self.assertEqual((entry.outcome.stage.value, entry.outcome.reason), ("confirmed", None))
            found = yield peer.ask(get=["hr", 255])
            self.assertEqual(found, value)

    @inlineCallbacks
    def test_killedAndRestarted(self: Any) -> Generator[Deferred[Any], Any, None]:
        peer, gw = yield self.open()
        yield peer.ask(set=["c", 0, 1])
        self.begin(gw, LAMP)
        yield self.until(lambda: self.shows("lamp", "OnOffState", "on"))
        yield self.server.kill()
        yield self.until(lambda: not self.core.presence("lamp").online)
        yield peer.ask(set=["c", 0, 0])
        self.server = yield self.serve()
        yield self.until(lambda: self.shows("lamp", "OnOffState", "off"))


class _Ser2net(_Server):
    accepter = ""

    def serve(self: Any) -> Child:
        lines = (
            "%YAML 1.1",
            "---",
            "connection: &dog",
            f"  accepter: {self.accepter}tcp,127.0.0.1,{self.number}",
            f"  connector: serialdev,{self.ours},19200n81,local",
        )
        file = Path(self.folder, "ser2net.yaml")
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return self.launch(SER2NET, "-n", "-d", "-c", str(file))  # type: ignore[no-any-return]


class Ser2netRawTests(_Ser2net, SerialLineTestCase):
    """The bytes and nothing else: the server has set the port."""

    skip = SerialLineTestCase.skip or (None if SER2NET else "ser2net is not installed")
    scheme = "tcp"


class Ser2netTests(_Ser2net, SerialLineTestCase):
    skip = SerialLineTestCase.skip or (None if SER2NET else "ser2net is not installed")
    accepter = "telnet(rfc2217),"


class PySerialTests(_Server, SerialLineTestCase):
    only: tuple[str, ...] = ()

    def serve(self) -> Deferred[Child]:
        path = str(Path(__file__).with_name("peer_rfc2217.py"))
        return self.spawn(sys.executable, path, str(self.number), self.ours, *self.only)

    @inlineCallbacks
    def test_settings(self) -> Generator[Deferred[Any], Any, None]:
        """The port runs as home.xml says (a pty knows neither parity nor 7 bits)."""
        self.settings = {"baudRate": 57600, "parity": "None", "stopBits": 2}
        _, gw = yield self.open()
        wanted = [57600, 8, "N", 2]
        found: list[Any] = []
        waiting = [Deferred[Any]() for _ in range(6)]
        self.server.waiting.extend(waiting)
        self.begin(gw, LAMP)
        while found != wanted:
            found = yield waiting.pop(0)
        for each in waiting:
            each.addErrback(lambda _: None)  # that the process ends

    @inlineCallbacks
    def test_refused(self) -> Generator[Deferred[Any], Any, None]:
        """A port that can't run like that is a matter for the installer, and said in these words."""
        self.only = ("9600",)
        _, gw = yield self.open()
        words = "the server does not take baudRate: 19200, but 9600"
        self.begin(gw, LAMP)
        while self.core.presence("lamp").reason != words:
            yield deferLater(self.reactor, 0.05)
