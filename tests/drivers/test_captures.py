"""Traffic of real sessions, as C{dogctl capture} recorded it, played to the drivers: see tests/data/captures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.enocean.driver import driver as enocean
from dog.drivers.modbus import driver as modbus
from dog.home.store import HomeStore
from dog.interfaces import IDriver
from dog.model.command import Command, Outcome, Stage
from dog.model.rights import GATEWAY
from dog.model.values import render
from dog.testing import FakeDevicePort, FakeLinkPort, ReplayKit, readCapture
from tests.source import ROOT

CAPTURES = ROOT / "tests" / "data" / "captures"


class Session:
    """A captured session, played to a driver that serves the home of that time.

    @ivar ports: what the driver reported, by device. @ivar outcomes: of the commands that were sent.
    """

    def __init__(self, driver: IDriver, name: str, settings: Mapping[str, Any] | None = None) -> None:
        self.kit = ReplayKit(readCapture(CAPTURES / f"{name}.jsonl"))
        self.devices = HomeStore(CAPTURES / f"{name}.home.xml").read().devices
        self.ports = {id: FakeDevicePort() for id in self.devices}
        self.linkPort = FakeLinkPort()
        self.outcomes: list[Outcome] = []
        self._driver = driver
        self._settings = settings or {}
        self._drivers: dict[str, Any] = {}

    def begin(self) -> Deferred[None]:
        gateway = self.devices["gw"]
        key = self._driver.linkKey(self._settings, gateway, next(iter(self.devices.values())))
        link = self._driver.link(key, self._settings, gateway, self.linkPort, self.kit)
        self._drivers = {id: link.attach(device, self.ports[id]) for id, device in self.devices.items()}
        starting: Deferred[None] = link.start()
        return starting

    def send(self, at: float, device: str, name: str) -> None:
        """So many seconds after the beginning, that command."""
        command = Command("c", device, self.devices[device].commands[name][0], {}, 1e9, GATEWAY)
        send: Callable[[Command], Deferred[Outcome]] = self._drivers[device].send
        self.kit.clock.callLater(at, lambda: send(command).addCallback(self.outcomes.append))

    def told(self, device: str) -> list[Any]:
        """What was reported of a device, in order: the changes of its values, and what happened."""
        found: list[Any] = []
        for each in self.ports[device].seen:
            said = render(each.value) if hasattr(each, "value") else each.notification
            if said not in found[-1:]:
                found.append(said)
        return found


class ModbusTests(SynchronousTestCase):
    """pymodbus's server over TCP."""

    def test_session(self) -> None:
        session = Session(modbus, "modbus-tcp")
        session.kit.random.randrange = lambda *_: 0xEC07  # type: ignore[method-assign]
        starting = session.begin()
        session.send(1.525, "lamp", "on")
        session.kit.play()
        self.successResultOf(starting)
        self.assertEqual(session.told("thermometer"), ["21.5 C", "-1.2 C"])
        self.assertEqual(session.told("lamp"), ["off", "on"])
        self.assertEqual([each.stage for each in session.outcomes], [Stage.CONFIRMED])
        self.assertEqual([each.code for each in session.linkPort.losses], ["closed"])

    def test_strict(self) -> None:
        """A command that was not sent then is noticed: the session does not go like that."""
        session = Session(modbus, "modbus-tcp")
        session.kit.random.randrange = lambda *_: 0xEC07  # type: ignore[method-assign]
        session.begin()
        session.send(1.525, "lamp", "off")
        self.assertIn("line 7: ", str(self.assertRaises(AssertionError, session.kit.play)))


class EnOceanTests(SynchronousTestCase):
    """A transceiver of PyPI's enocean at the other end of a pty."""

    def test_session(self) -> None:
        session = Session(enocean, "enocean-serial", {"serialPort": "/dev/ttyUSB0"})
        starting = session.begin()
        session.send(1.42, "plug", "on")
        session.kit.play()
        self.successResultOf(starting)
        self.assertEqual(session.told("thermometer"), ["20.08 C"])
        self.assertEqual(session.told("door"), ["close"])
        self.assertEqual(session.told("rocker"), ["on", "off"])
        self.assertEqual(session.told("plug"), ["off", "on"])
        self.assertEqual([each.stage for each in session.outcomes], [Stage.CONFIRMED])
        self.assertEqual([each.code for each in session.linkPort.losses], ["closed"])
