"""The Modbus driver keeps the contract of every driver, and says what is wrong with a configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.modbus import driver
from dog.drivers.modbus.codec import Rtu
from dog.interfaces import Unsupported
from dog.model.command import Command
from dog.model.device import Device
from dog.testing.driver import DriverContract
from dog.testing.links import FakeKit
from tests.drivers.modbus.slave import LAMP, THERMOMETER, Slave, SlaveKit, commanded, device, gateway, told


class ModbusContractTests(DriverContract, SynchronousTestCase):
    def makeDriver(self) -> Any:
        return driver

    def gateway(self) -> Device:
        return gateway()

    def devices(self) -> Sequence[Device]:
        return [LAMP, THERMOMETER, gateway()]

    def makeKit(self) -> FakeKit:
        slave = Slave()
        slave.hold("c", 0, 0)
        slave.hold("ir", 100, 215)
        return SlaveKit(slave)

    def command(self, device: Device) -> Command:
        command = super().command(device)
        return Command(command.id, command.device, command.type, command.args, 1e9, command.who)


class SerialContractTests(ModbusContractTests):
    """The same on a serial port."""

    def gateway(self) -> Device:
        return Device("gw", "ModbusGateway", "Modbus", params=gateway(portName="/dev/ttyS9").params[1:])

    def devices(self) -> Sequence[Device]:
        return [LAMP, THERMOMETER, self.gateway()]

    def makeKit(self) -> FakeKit:
        kit = super().makeKit()
        assert isinstance(kit, SlaveKit)
        kit.framing = Rtu()
        kit.accept("serial:/dev/ttyS9:baudRate=115200:dataBits=8:parity=even:stopBits=1")
        return kit


class SilentContractTests(SerialContractTests):
    """The same while no unit answers: nothing hangs, nothing is claimed."""

    def makeKit(self) -> FakeKit:
        kit = super().makeKit()
        assert isinstance(kit, SlaveKit)
        kit.slave.deaf = {1}
        return kit

    def letRefresh(self, kit: FakeKit) -> None:
        assert isinstance(kit, SlaveKit)
        kit.slave.deaf = set()


class CheckTests(SynchronousTestCase):
    def test_settings(self) -> None:
        self.assertEqual(driver.check({"pollingTimeMillis": 1000, "nRetriesWithinTransaction": 0}, None, []), [])
        for name, value, words in (
            ("pollingTimeMillis", 3, "pollingTimeMillis: expected a whole number from 50 to 86400000, got 3"),
            ("nRetriesWithinTransaction", True, "expected a whole number from 0 to 10, got True"),
            ("blacklistCycle", 80, "has no meaning any more: a unit that does not answer"),
            ("pollingGapMillis", 80, "unknown setting 'pollingGapMillis'"),
        ):
            problems = driver.check({name: value}, None, [])
            self.assertEqual(len(problems), 1)
            self.assertIn(words, problems[0])

    def test_gateways(self) -> None:
        for named, words in (
            ({"IPAddress": ""}, "gw: IPAddress is missing"),
            ({"port": "x"}, "gw: port: expected 1 to 65535, got x"),
            ({"protocolVariant": "RTUUDP"}, "expected one of TCP, RTU, RTU_TCP, UDP, RTU_UDP, got RTUUDP"),
            ({"protocolVariant": "RTU"}, "gw: expected the path of a serial port, tcp:HOST:PORT or rfc2217:HOST:PORT"),
            ({"protocolVariant": "RTU", "portName": "COM1"}, "got 'COM1'"),
            ({"protocolVariant": "RTU", "portName": "/dev/x", "parity": "mark"}, "gw: parity: expected none, even or"),
            ({"protocolVariant": "RTU_TCP", "encoding": "bin"}, "gw: encoding: expected rtu or ascii, got bin"),
            ({"requestTimeout": "soon"}, "gw: requestTimeout: expected 1 to 3600000, got soon"),
        ):
            problems = driver.check({}, gateway(**named), [])
            self.assertEqual(len(problems), 1, named)
            self.assertIn(words, problems[0])
            error = self.assertRaises(Unsupported, driver.linkKey, {}, gateway(**named), LAMP)
            self.assertIn(words, str(error))

    def test_devices(self) -> None:
        for each, words in (
            (Device("x", "NoSuchClass"), "x: unknown device class NoSuchClass"),
            (device("x", "SimpleLamp"), "x: none of its commands and notifications has a register"),
            (device("x", "SimpleLamp", told("StateChangeNotification", 0, "2")), "registerType 2 is not known"),
            (
                device("x", "ThreePhaseElectricityMeter", told("StateChangeNotification", 0)),
                "has no state that it tells",
            ),
            (
                device("x", "SimpleLamp", commanded("on", 0, "c"), blockReads="no"),
                "blockReads: expected true or false",
            ),
            (device("x", "SimpleLamp", commanded("on", 0, "ir")), "x: on: ir can't be written"),
            (
                device("x", "ThreePhaseElectricityMeter", told("ThreePhaseCurrentMeasurementNotification", 0)),
                "phaseID is missing",
            ),
            (
                device("x", "ShutterActuator", commanded("up", 0), commanded("down", 0)),
                "it shares its register, say its registerValue",
            ),
        ):
            problems = driver.check({}, gateway(), [each])
            self.assertIn(words, problems[0] if problems else "nothing")

    def test_theGatewayIsMissing(self) -> None:
        self.assertEqual(driver.check({}, None, [LAMP]), ["lamp: its gateway is missing"])
        self.assertRaises(Unsupported, driver.linkKey, {}, None, LAMP)

    def test_oneLinePerEndpoint(self) -> None:
        self.assertEqual(driver.linkKey({}, gateway(), LAMP), driver.linkKey({}, gateway(port="502"), THERMOMETER))
        self.assertNotEqual(driver.linkKey({}, gateway(), LAMP), driver.linkKey({}, gateway(port="503"), LAMP))
