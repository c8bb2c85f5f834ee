"""The simulated driver keeps the contract of every driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.simulated import driver
from dog.model.device import Device
from dog.testing.driver import DriverContract


class SimulatedContractTests(DriverContract, SynchronousTestCase):
    def makeDriver(self) -> Any:
        return driver

    def devices(self) -> Sequence[Device]:
        return [
            Device("lamp", "DimmerLamp", "Simulated"),
            Device("meter", "SinglePhaseElectricityMeter", "Simulated"),
            Device("door", "DoorActuator", "Simulated"),
        ]

    def unsupportedDevice(self) -> Device:
        return Device("strange", "NoSuchDeviceClass", "Simulated")


class SlowSimulatedContractTests(SimulatedContractTests):
    """The same with a second between a command and its answer."""

    def settings(self) -> Mapping[str, Any]:
        return {"latency": 1.0}


class CheckTests(SynchronousTestCase):
    def test_settings(self) -> None:
        problems = driver.check({"latency": -1, "speed": 2}, None, [])
        self.assertEqual(problems, ["unknown setting 'speed'", "latency: expected seconds from 0 to 60, got -1"])
        self.assertEqual(driver.check({"latency": "soon"}, None, [])[0][:8], "latency:")

    def test_unknownClass(self) -> None:
        self.assertEqual(
            driver.check({}, None, [Device("x", "NoSuchClass"), Device("lamp", "Lamp")]),
            ["x: unknown device class NoSuchClass"],
        )
