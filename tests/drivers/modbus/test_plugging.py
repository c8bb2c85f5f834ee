"""A USB adapter that is not there yet, is pulled and put back; what the log says, and how often it is tried."""

from __future__ import annotations

import errno
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import Any

from serial import SerialException
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.error import ConnectionDone
from twisted.logger import formatEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dog.core.core import Applied, Core
from dog.drivers.modbus import driver
from dog.drivers.modbus.codec import Rtu
from dog.home.diff import diff
from dog.live.attachments import Attachments
from dog.live.drivers import collect
from dog.live.stepper import Stepper
from dog.model.command import Stage
from dog.model.device import Device
from dog.model.home import Home
from dog.model.values import Slot
from tests.drivers.modbus.slave import LAMP, Slave, SlaveKit, params
from tests.drivers.modbus.test_peers import SerialLineTestCase

PATH = "/dev/serial/by-id/usb-FTDI_USB-RS485_A1-if00-port0"
ENDPOINT = f"serial:{PATH}:baudRate=115200:dataBits=8:parity=even:stopBits=1"
ABSENT = SerialException(errno.ENOENT, "could not open port")


class SupervisedTests(SynchronousTestCase):
    """With everything live above the driver, on a hand-driven clock."""

    def setUp(self) -> None:
        slave = Slave()
        slave.hold("c", 0, 1)
        self.kit = SlaveKit(slave, ENDPOINT, Rtu())
        self.core = Core("epoch")
        stepper = Stepper(self.core, self.kit.clock, self.kit.utcNow)
        gateway = Device("gw", "ModbusGateway", "Modbus", params=params(portName=PATH, protocolVariant="RTU"))
        attachments = Attachments(stepper, collect([driver]), {}, lambda name, key: self.kit)
        stepper.step(Applied(diff(self.core.home, Home(devices={"gw": gateway, "lamp": LAMP}))))
        self.said: list[str] = []
        observer: Any = self.look
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.start = attachments.startService
        self.addCleanup(attachments.stopService)

    def look(self, event: Any) -> None:
        words = formatEvent(event)
        for end in (" is up", " is down"):
            if end in words:
                self.said.append(end.split()[1] + words.partition(end)[2])

    @property
    def online(self) -> bool:
        return self.core.presence("lamp").online

    def test_notThereYet(self) -> None:
        """Said once, tried for ever but not all the time, and found when it appears; said once, too."""
        self.kit.refuse(ENDPOINT, ABSENT)
        self.start()
        self.kit.run(3600)
        self.assertEqual(self.said, [f"down: {PATH} is not there"])
        # A look every half second for ten seconds, then half a minute's rest.
        self.assertLess(len(self.kit.attempts), 3600 * 2 / 3)
        self.assertGreater(len(self.kit.attempts), 3600 / 40)
        self.kit.accept(ENDPOINT)
        self.kit.run(40)
        self.assertTrue(self.online)
        self.assertEqual(self.said[1:], ["up"])
        held = self.core.values.get(Slot("lamp", "OnOffState"))
        self.assertEqual(held.value if held else None, "on")

    def test_pulledAndPutBack(self) -> None:
        self.start()
        self.kit.run(60)
        self.assertEqual(self.said, ["up"])
        for _ in range(3):
            self.said.clear()
            self.kit.refuse(ENDPOINT, ABSENT)
            self.kit.connections[-1].protocol.connectionLost(Failure(ConnectionDone()))
            self.assertFalse(self.online)
            self.kit.run(5)
            self.kit.accept(ENDPOINT)
            self.kit.run(2)
            self.assertTrue(self.online)
            self.assertEqual(len(self.said), 2, self.said)
            self.kit.run(60)

    def test_looseContact(self) -> None:
        """A port that comes and goes every moment is tried less and less often."""
        self.start()
        for _ in range(600):
            self.kit.run(1)
            if self.online:
                self.kit.connections[-1].protocol.connectionLost(Failure(ConnectionDone()))
        self.assertLess(len(self.kit.attempts), 60)
        self.kit.run(60)
        self.assertTrue(self.online)


class PseudoTerminalTests(SerialLineTestCase):
    """On real ports: the name by id is a symbolic link, which goes and comes back to another port."""

    @inlineCallbacks
    def test_byId(self) -> Generator[Deferred[Any], Any, None]:
        name = Path(self.folder, "by-id", "usb-FTDI")
        name.parent.mkdir()
        own = params(portName=name, protocolVariant="RTU", baudRate=19200, parity="None", requestTimeout=400)
        self.begin(Device("gw", "ModbusGateway", "Modbus", params=own), LAMP)
        for value in (1, 0):
            self.ours, self.theirs = f"{self.folder}/ttyUSB{value}", f"{self.folder}/other{value}"
            peer = yield self.reopen()
            yield peer.ask(set=["c", 0, value])
            name.symlink_to(self.ours)
            yield self.until(partial(self.shows, "lamp", "OnOffState", "on" if value else "off"))
            entry = yield self.send("lamp", "on")
            self.assertEqual(entry.outcome.stage, Stage.CONFIRMED)
            name.unlink()
            yield self.socat.kill()
            yield self.until(lambda: not self.core.presence("lamp").online)
            yield peer.kill()
