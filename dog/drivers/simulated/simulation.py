"""The driver itself: what it asks of the settings, and its one link."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from zope.interface import implementer

from dog.drivers.simulated.link import SimulatedLink
from dog.interfaces import IDriver, IKit, ILinkPort, Unsupported
from dog.model.device import Device


@implementer(IDriver)
class Simulation:
    """Stands in for devices of any class. Settings: C{latency}, seconds from a command to its answer (0)."""

    name = "simulated"
    systems = ("Simulated",)

    def check(self, settings: Mapping[str, Any], gateway: Device | None, devices: Sequence[Device]) -> list[str]:
        problems = [f"unknown setting {name!r}" for name in settings if name != "latency"]
        latency = settings.get("latency", 0)
        if isinstance(latency, bool) or not isinstance(latency, (int, float)) or not 0 <= latency <= 60:
            problems.append(f"latency: expected seconds from 0 to 60, got {latency!r}")
        problems += (f"{each.id}: unknown device class {each.cls}" for each in devices if each.type is None)
        return problems

    def linkKey(self, settings: Mapping[str, Any], gateway: Device | None, device: Device) -> Hashable:
        """One key for all, since a home's devices are to know each other."""
        if device.type is None:
            raise Unsupported(f"unknown device class {device.cls}")
        return "home"

    def link(
        self, key: Hashable, settings: Mapping[str, Any], gateway: Device | None, port: ILinkPort, kit: IKit
    ) -> SimulatedLink:
        return SimulatedLink(settings, port, kit)
