"""The driver keeps the contract, and says what is wrong with a configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.enocean.driver import EnOcean
from dog.interfaces import Unsupported
from dog.model.command import Command
from dog.model.device import ConfigParam, Device
from dog.testing import DriverContract
from dog.testing.links import FakeKit
from tests.drivers.enocean.air import ENDPOINT, SETTINGS, Air, Plug, device

GATEWAY = Device("gw", "EnOceanGateway", "EnOcean")


class Contract(DriverContract, SynchronousTestCase):
    def makeDriver(self) -> EnOcean:
        return EnOcean()

    def settings(self) -> Mapping[str, Any]:
        return SETTINGS

    def gateway(self) -> Device:
        return GATEWAY

    def devices(self) -> Sequence[Device]:
        return [
            device("plug", "MeteringPowerOutlet", "D2-01-0A", "01020304"),
            device("rocker", "RockerSwitch", "f6-02-01"),
            device("door", "DoorSensor", "d5-00-01", "0025C57B"),
            GATEWAY,
        ]

    def makeKit(self) -> FakeKit:
        kit = FakeKit()
        self.air = Air(kit)
        self.air.devices[0x01020304] = Plug()
        return kit

    def letStart(self, kit: FakeKit) -> None:
        self.air.pump(0.5)

    def letAnswer(self, kit: FakeKit, command: Command) -> None:
        self.air.pump(2)

    def letRefresh(self, kit: FakeKit) -> None:
        self.air.pump(1)


class Configuration(SynchronousTestCase):
    def check(self, settings: Mapping[str, Any], *devices: Device, gateway: Device | None = GATEWAY) -> list[str]:
        return EnOcean().check(settings, gateway, devices)

    def test_good(self) -> None:
        lower = device("t", "SingleTemperatureSensor", "a5-02-0a", "0x00-25-c5-7a", uid="2475386")
        high = device("u", "DoorSensor", "D5-00-01", "FFFFFFFF", uid="-1")
        self.assertEqual(self.check({"serialPort": "/dev/ttyUSB0", "teachInSeconds": 60}, lower, high, GATEWAY), [])

    def test_bad(self) -> None:
        for settings, what in (
            ({}, "no transceiver"),
            ({"serialPort": "ttyUSB0"}, "ttyUSB0"),
            ({"serialPort": "tcp:nowhere"}, "tcp:HOST:PORT"),
            ({"serialPort": "/dev/x", "baud": 1}, "baud"),
            ({"serialPort": "/dev/x", "teachInSeconds": True}, "teachInSeconds"),
            ({"serialPort": "/dev/x", "teachInSeconds": 0}, "teachInSeconds"),
        ):
            problems = self.check(settings)
            self.assertEqual(len(problems), 1, problems)
            self.assertIn(what, problems[0])

    def test_badDevices(self) -> None:
        nameless = Device("n", "DoorSensor", "EnOcean", "gw", params=(ConfigParam("eep", "d5-00-01"),))
        noEEP = Device("n", "DoorSensor", "EnOcean", "gw", params=(ConfigParam("address", "1"),))
        for wrong, what in (
            (nameless, "neither address nor uid"),
            (noEEP, "no eep"),
            (device("n", "DoorSensor", "d5-00-01", "xyz"), "hexadecimal"),
            (device("n", "DoorSensor", "d5-00-01", "123456789"), "hexadecimal"),
            (device("n", "DoorSensor", "d5-00"), "rr-ff-tt"),
            (device("n", "DoorSensor", "d5-77-01"), "not known"),
            (device("n", "DoorSensor", "d5-00-01", uid="17"), "00000011"),
            (device("n", "DoorSensor", "d5-00-01", uid="x"), "uid"),
            (device("n", "MainsPowerOutlet", "d2-01-0a", channel="30"), "channel"),
            (device("n", "DoorSensor", "d5-00-01", maxAge="0"), "maxAge"),
        ):
            problems = self.check(SETTINGS, wrong)
            self.assertEqual(len(problems), 1, problems)
            self.assertIn("n: ", problems[0])
            self.assertIn(what, problems[0])

    def test_linkKey(self) -> None:
        """By the transceiver's port: the gateway's param goes before the setting; a uid alone is enough."""
        ours = Device("gw", "EnOceanGateway", "EnOcean", params=(ConfigParam("portName", "/dev/ttyUSB1"),))
        door = Device("d", "DoorSensor", "EnOcean", params=(ConfigParam("uid", "5"), ConfigParam("eep", "d5-00-01")))
        self.assertEqual(EnOcean().linkKey(SETTINGS, GATEWAY, door), ENDPOINT)
        key = EnOcean().linkKey(SETTINGS, ours, door)
        self.assertEqual(key, "serial:/dev/ttyUSB1:baudRate=57600:dataBits=8:parity=none:stopBits=1")
        self.assertRaises(Unsupported, EnOcean().linkKey, {}, None, door)
