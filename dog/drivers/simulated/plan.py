"""Which behaviours a device is put together from, found by its functionalities, states and notifications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from dog.drivers.simulated.behaviour import Behaviour
from dog.drivers.simulated.gauge import PLAIN
from dog.model.catalogue import catalogue
from dog.model.device import Device
from dog.model.measure import BadMeasure, Measure
from dog.model.tell import stateOf

#: Kind of device (itself or an ancestor) -> watts when fully on, unless the param C{nominalPower} says otherwise.
_NOMINAL = (
    ("FlashingLamp", 15.0),
    ("Lighting", 9.0),
    ("HeatingAndCoolingUnit", 1200.0),
    ("AirConditioningSystem", 1400.0),
    ("Heater", 300.0),
    ("Fridge", 120.0),
    ("DeepFreezer", 150.0),
    ("WhiteGoods", 2000.0),
    ("BrownGoods", 90.0),
    ("PowerDelivery", 110.0),
    ("Acoustic", 3.0),
    ("NetworkComponent", 4.0),
)


@dataclass(frozen=True)
class Plan:
    """What devices of one make-up share.

    @ivar names: functionalities, states and notifications.
    @ivar pulses: the notifications that no state tells; C{valued} those of them that carry a value.
    @ivar plain: states whose values are plain numbers rather than measures.
    @ivar watts: what it draws when fully on.
    @ivar commands: command class -> (index of the behaviour, its method), in the order in which they are asked.
    @ivar queries: command class -> indexes of the behaviours that answer it.
    """

    states: frozenset[str]
    names: frozenset[str]
    pulses: frozenset[str]
    valued: frozenset[str]
    behaviours: tuple[type[Behaviour], ...]
    commands: Mapping[str, tuple[tuple[int, str], ...]]
    queries: Mapping[str, tuple[int, ...]]
    watts: float
    plain: frozenset[str]

    def nominal(self, device: Device) -> float:
        declared = device.param("nominalPower")
        if declared:
            try:
                measure = Measure.parse(declared)
            except BadMeasure:
                return self.watts
            return max(0.0, float(measure.number) * (1000.0 if measure.unit == "kW" else 1.0))
        return self.watts


def planOf(device: Device) -> Plan:
    """The plan of a device whose class is known."""
    assert device.type is not None
    functionalities = [
        *device.type.control,
        *device.type.notification,
        *device.type.query,
        *(each.cls for each in device.controlFunctionalities),
        *(each.cls for each in device.notificationFunctionalities),
    ]
    pulses = frozenset(each for each in device.notifications if stateOf(device, each) is None)
    valve = stateOf(device, "ChangedDesiredTemperatureNotification") == ("TemperatureState", None)
    return _plan(
        device.type.name,
        frozenset(functionalities),
        frozenset(device.states),
        frozenset(device.notifications),
        pulses,
        valve,
    )


@lru_cache(maxsize=1024)
def _plan(
    name: str,
    functionalities: frozenset[str],
    states: frozenset[str],
    notifications: frozenset[str],
    pulses: frozenset[str],
    valve: bool,
) -> Plan:
    from dog.drivers.simulated.choice import BEHAVIOURS

    type = catalogue().deviceClass(name)
    assert type is not None
    names = functionalities | states | notifications
    if valve:
        names |= {SETPOINT}
    behaviours = tuple(each for each in BEHAVIOURS if each.fits(names))
    commands: dict[str, list[tuple[int, str]]] = {}
    queries: dict[str, list[int]] = {}
    for index, each in enumerate(behaviours):
        for command, method in each.commands.items():
            commands.setdefault(command, []).append((index, method))
        for command in each.queries:
            queries.setdefault(command, []).append(index)
    plain = []
    for cls in states:
        state = catalogue().state(cls, type.name)
        if state is not None and state.quantity in PLAIN:
            plain.append(cls)
    return Plan(
        states,
        names,
        pulses,
        frozenset(each for each in pulses if _valued(each)),
        behaviours,
        {command: tuple(found) for command, found in commands.items()},
        {command: tuple(found) for command, found in queries.items()},
        next((watts for kind, watts in _NOMINAL if type.isA(kind)), 5.0),
        frozenset(plain),
    )


def _valued(notification: str) -> bool:
    found = catalogue().notification(notification)
    return found is not None and found.valueParam is not None


#: Among the names of a device whose TemperatureState is its set point, not what it measures.
SETPOINT = "TemperatureState is the set point"
