"""From what a profile tells to the states of a device's class. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from dog.drivers.enocean.eep import Decoded, Field, Profile
from dog.model.catalogue import StateType, catalogue
from dog.model.device import Device
from dog.model.measure import Measure
from dog.model.values import Value

#: Discrete state -> (the quantity of a field that tells it, the field's meaning -> the state's value).
_DISCRETE: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "OpenCloseState": ("contact", {"closed": "close", "open": "open", "tilt": "open"}),
    "MovementState": ("motion", {"on": "isMoving", "off": "notMoving"}),
    "PresenceState": ("motion", {"on": "present", "off": "notPresent"}),
    "OccupancyState": ("motion", {"on": "personInside", "off": "noPersonInside"}),
}

#: Energies that the profiles tell and the catalogue has no unit for: unit -> (unit, as many of it).
_ODD = {"Ws": ("Wh", Decimal(3600))}


def quantitiesOf(profile: Profile) -> frozenset[str]:
    """What devices of this profile tell."""
    fields = (field for case in profile.cases if case.fromDevice for field in case.fields)
    return frozenset(field.quantity for field in fields if field.quantity is not None)


def tells(state: StateType, profile: Profile) -> str | None:
    """The quantity by which C{profile} tells C{state}; None if it does not."""
    found = _DISCRETE[state.cls][0] if state.cls in _DISCRETE else state.quantity
    return found if found in quantitiesOf(profile) and not state.features else None


def statesOf(device: Device, profile: Profile) -> dict[str, str]:
    """State class -> quantity, of the states of the device that the profile tells."""
    found = ((state.cls, tells(state, profile)) for state in device.states.values())
    return {cls: quantity for cls, quantity in found if quantity is not None}


def valuesOf(states: Mapping[str, str], decoded: Mapping[str, tuple[Field, Decoded]]) -> Iterator[tuple[str, Value]]:
    """(state class, value) of what a telegram tells of these states."""
    for cls, quantity in states.items():
        for field, value in decoded.values():
            if field.quantity != quantity:
                continue
            if isinstance(value, str):
                yield cls, _DISCRETE[cls][1][value]
            else:
                yield cls, measured(Decimal(value), field.unit, quantity)


def measured(number: Decimal, unit: str, quantity: str) -> Measure:
    """In the catalogue's unit of the quantity. Watt seconds are rounded to a hundredth of a watt hour."""
    if unit in _ODD:
        unit, divisor = _ODD[unit]
        number = (number / divisor).quantize(Decimal("0.01"))
    return Measure.of(number, unit).to(catalogue().unit(quantity))
