"""The driver itself: what it asks of a configuration, and which devices share a line."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from zope.interface import implementer

from dog.drivers.modbus.gateway import BadGateway, blocksOf, intervalOf, lineOf, settingProblems
from dog.drivers.modbus.link import ModbusLink
from dog.drivers.modbus.mapper import mapOf
from dog.drivers.modbus.registers import BadRegister
from dog.interfaces import IDriver, IKit, ILinkPort, Unsupported
from dog.model.device import Device


@implementer(IDriver)
class ModbusDriver:
    """Devices of any class whose states and commands are described by registers. See README.md."""

    name = "modbus"
    systems = ("Modbus",)

    def check(self, settings: Mapping[str, Any], gateway: Device | None, devices: Sequence[Device]) -> list[str]:
        problems = settingProblems(settings)
        if gateway is not None:
            try:
                lineOf(gateway, settings)
            except BadGateway as error:
                problems.append(f"{gateway.id}: {error}")
        for device in devices:
            if device is gateway or (device.cls.endswith("Gateway") and device.type is not None):
                continue
            if device.type is None:
                problems.append(f"{device.id}: unknown device class {device.cls}")
                continue
            if gateway is None:
                problems.append(f"{device.id}: its gateway is missing")
            try:
                intervalOf(device, 1.0)
                blocksOf(device)
            except BadRegister as error:
                problems.append(f"{device.id}: {error}")
            found = mapOf(device)
            problems += (f"{device.id}: {each}" for each in found.problems)
            if not found.sources and not found.targets and not found.problems:
                problems.append(f"{device.id}: none of its commands and notifications has a register")
        return problems

    def linkKey(self, settings: Mapping[str, Any], gateway: Device | None, device: Device) -> Hashable:
        """The endpoint: two gateway devices that name one line share it."""
        if gateway is None:
            raise Unsupported("its gateway is missing: name a ModbusGateway in its gateway attribute")
        try:
            return lineOf(gateway, settings).endpoint
        except BadGateway as error:
            raise Unsupported(f"{gateway.id}: {error}") from None

    def link(
        self, key: Hashable, settings: Mapping[str, Any], gateway: Device | None, port: ILinkPort, kit: IKit
    ) -> ModbusLink:
        if gateway is None:
            raise Unsupported("its gateway is missing")
        return ModbusLink(lineOf(gateway, settings), port, kit)
