"""The driver itself: what it asks of settings and devices."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from zope.interface import implementer

from dog.drivers.enocean.link import EnOceanLink
from dog.drivers.enocean.params import SETTINGS, BadParam, endpointFor, identityOf, teachInSeconds
from dog.drivers.enocean.valve import Order
from dog.interfaces import IDriver, IKit, ILinkPort, Unsupported
from dog.model.device import Device


@implementer(IDriver)
class EnOcean:
    """Devices on the air behind a transceiver. One link per port."""

    name = "enocean"
    systems = ("EnOcean",)

    def __init__(self) -> None:
        #: Of each port, what its valves are to do: a link that is lost and replaced goes on with it.
        self._orders: dict[str, dict[int, Order]] = {}

    def check(self, settings: Mapping[str, Any], gateway: Device | None, devices: Sequence[Device]) -> list[str]:
        problems = [f"unknown setting {name!r}" for name in settings if name not in SETTINGS]
        for read in (lambda: endpointFor(settings, gateway), lambda: teachInSeconds(settings)):
            try:
                read()
            except BadParam as bad:
                problems.append(str(bad))
        for device in devices:
            if "TeachInState" in device.states:
                continue
            try:
                identityOf(device)
            except BadParam as bad:
                problems.append(f"{device.id}: {bad}")
        return problems

    def linkKey(self, settings: Mapping[str, Any], gateway: Device | None, device: Device) -> Hashable:
        """The endpoint of the transceiver."""
        try:
            return endpointFor(settings, gateway)
        except BadParam as bad:
            raise Unsupported(str(bad)) from None

    def link(
        self, key: Hashable, settings: Mapping[str, Any], gateway: Device | None, port: ILinkPort, kit: IKit
    ) -> EnOceanLink:
        try:
            seconds = teachInSeconds(settings)
        except BadParam as bad:
            raise Unsupported(str(bad)) from None
        orders = self._orders.setdefault(str(key), {})
        return EnOceanLink(str(key), seconds, gateway, port, kit, orders)


driver = EnOcean()
