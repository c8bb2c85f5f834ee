"""Which behaviours a device is put together from, found by its functionalities, states and notifications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dog.drivers.simulated.behaviour import Behaviour
from dog.drivers.simulated.gauge import PLAIN
from dog.model.catalogue import DeviceClass, catalogue
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
    ("ShutterActuator", 120.0),
    ("ShadeActuator", 40.0),
    ("AwningActuator", 120.0),
    ("GateActuator", 300.0),
    ("DoorActuator", 80.0),
    ("WindowActuator", 60.0),
    ("Pump", 45.0),
    ("Ventilator", 40.0),
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
    """The plan of a device whose class is known; worked out once for each make-up."""
    assert device.type is not None
    key = (
        device.type.name,
        tuple(device.states),
        tuple(device.notifications),
        tuple(each.cls for each in device.controlFunctionalities),
        tuple(each.cls for each in device.notificationFunctionalities),
    )
    plan = _plans.get(key)
    if plan is None:
        if len(_plans) >= _MOST:
            _plans.clear()
        plan = _plans[key] = _plan(device, device.type, (*key[3], *key[4]))
    return plan


_plans: dict[tuple[object, ...], Plan] = {}
_MOST = 1024


def _plan(device: Device, type: DeviceClass, declared: tuple[str, ...]) -> Plan:
    from dog.drivers.simulated.choice import BEHAVIOURS

    states = frozenset(device.states)
    pulses = frozenset(each for each in device.notifications if stateOf(device, each) is None)
    names = states | {*type.control, *type.notification, *type.query, *declared, *device.notifications}
    if stateOf(device, "ChangedDesiredTemperatureNotification") == ("TemperatureState", None):
        names |= {SETPOINT}
    behaviours = tuple(each for each in BEHAVIOURS if each.fits(names))
    commands: dict[str, list[tuple[int, str]]] = {}
    queries: dict[str, list[int]] = {}
    for index, each in enumerate(behaviours):
        for command, method in each.commands.items():
            commands.setdefault(command, []).append((index, method))
        for command in each.queries:
            queries.setdefault(command, []).append(index)
    return Plan(
        states,
        names,
        pulses,
        frozenset(each for each in pulses if _valued(each)),
        behaviours,
        {command: tuple(found) for command, found in commands.items()},
        {command: tuple(found) for command, found in queries.items()},
        next((watts for kind, watts in _NOMINAL if type.isA(kind)), 5.0),
        frozenset(cls for cls, state in device.states.items() if state.quantity in PLAIN),
    )


def _valued(notification: str) -> bool:
    found = catalogue().notification(notification)
    return found is not None and found.valueParam is not None


#: Among the names of a device whose TemperatureState is its set point, not what it measures.
SETPOINT = "TemperatureState is the set point"
