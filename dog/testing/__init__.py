"""Public test support for driver and client authors.

The names below are loaded when they are first used, since what they need (trial) is none of a running gateway's.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dog.testing.bus import Bus
    from dog.testing.driver import DriverContract
    from dog.testing.links import EPOCH, FakeDevicePort, FakeKit, FakeLinkPort
    from dog.testing.process import GatewayProcess
    from dog.testing.replay import ReplayKit, readCapture
    from dog.testing.scripted import NEVER, Block, ScriptedDriver, confirm, refuse, sent

__all__ = [
    "EPOCH",
    "NEVER",
    "Block",
    "Bus",
    "DriverContract",
    "FakeDevicePort",
    "FakeKit",
    "FakeLinkPort",
    "GatewayProcess",
    "ReplayKit",
    "ScriptedDriver",
    "confirm",
    "readCapture",
    "refuse",
    "sent",
]

_MODULES = {
    "Block": "scripted",
    "Bus": "bus",
    "DriverContract": "driver",
    "EPOCH": "links",
    "FakeDevicePort": "links",
    "FakeKit": "links",
    "FakeLinkPort": "links",
    "GatewayProcess": "process",
    "NEVER": "scripted",
    "ReplayKit": "replay",
    "ScriptedDriver": "scripted",
    "confirm": "scripted",
    "readCapture": "replay",
    "refuse": "scripted",
    "sent": "scripted",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
