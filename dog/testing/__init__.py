"""Public test support for driver and client authors.

The names below are loaded when they are first used, since what they need (trial) is none of a running gateway's.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dog.testing.driver import DriverContract
    from dog.testing.links import EPOCH, FakeDevicePort, FakeKit, FakeLinkPort
    from dog.testing.scripted import NEVER, ScriptedDriver, confirm, refuse, sent

__all__ = [
    "EPOCH",
    "NEVER",
    "DriverContract",
    "FakeDevicePort",
    "FakeKit",
    "FakeLinkPort",
    "ScriptedDriver",
    "confirm",
    "refuse",
    "sent",
]

_MODULES = {
    "DriverContract": "driver",
    "EPOCH": "links",
    "FakeDevicePort": "links",
    "FakeKit": "links",
    "FakeLinkPort": "links",
    "NEVER": "scripted",
    "ScriptedDriver": "scripted",
    "confirm": "scripted",
    "refuse": "scripted",
    "sent": "scripted",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
