"""What changed from one home to the next."""

from __future__ import annotations

from dog.model.device import Device
from dog.model.home import Home, HomeDiff


def diff(old: Home, new: Home) -> HomeDiff:
    """The way from C{old} to C{new}; ids in the order of the file they are in.

    A device that only stands in another line of the file has not changed. A device whose gateway changed its bus
    side is not itself C{changed}: whoever owns the link knows what hangs on it.
    """
    common = [(old.devices[id], device) for id, device in new.devices.items() if id in old.devices]
    changed = {device.id for before, device in common if _bus(before) != _bus(device)}
    moved = {device.id for before, device in common if device.id not in changed and _place(before) != _place(device)}
    return HomeDiff(
        new,
        tuple(id for id in new.devices if id not in old.devices),
        tuple(id for id in old.devices if id not in new.devices),
        tuple(id for id in new.devices if id in changed),
        tuple(id for id in new.devices if id in moved),
        old.buildings != new.buildings,
    )


def _bus(device: Device) -> tuple[object, ...]:
    """What its driver, its commands and its states follow from."""
    return (
        device.cls,
        device.domoticSystem,
        device.gateway,
        device.params,
        device.controlFunctionalities,
        device.notificationFunctionalities,
        device.declaredStates,
    )


def _place(device: Device) -> tuple[object, ...]:
    """Description, place and relations."""
    return (
        device.description,
        device.isIn,
        device.actuatorOf,
        device.sensorOf,
        device.pluggedIn,
        device.meterOf,
        device.controls,
        device.hasMeter,
    )
