"""What a gateway would make of a device's reports: values kept, notifications derived, everything checked."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

from zope.interface import implementer

from dog.interfaces import IDevicePort
from dog.model.bounds import within
from dog.model.catalogue import NotificationType, StateType, catalogue
from dog.model.device import Device
from dog.model.measure import Measure, unitNamed
from dog.model.reflection import NEITHER
from dog.model.tell import stateOf, told
from dog.model.values import (
    DailyClimateSchedule,
    HSBColor,
    Pulse,
    Reading,
    RGBColor,
    Seen,
    Slot,
    Value,
)
from dog.testing import FakeKit

#: Quantity -> what is believable of it in a house, in the catalogue's unit.
BELIEVABLE = {
    "temperature": (-10, 90),
    "relative_humidity": (10, 95),
    "illuminance": (0, 5000),
    "active_power": (0, 30_000),
    "reactive_power": (0, 20_000),
    "apparent_power": (0, 35_000),
    "active_energy": (0, 20_000),
    "reactive_energy": (0, 20_000),
    "apparent_energy": (0, 20_000),
    "energy": (0, 30_000),
    "thermal_energy": (0, 30_000),
    "power": (0, 10_000),
    "current": (0, 150),
    "voltage": (215, 420),
    "frequency": (49.9, 50.1),
    "power_factor": (0.8, 1),
    "pulse_frequency": (0.8, 2.2),
    "pressure": (90_000, 300_000),
    "co2": (350, 3000),
    "co2_equivalent": (350, 3000),
    "tvoc": (0, 3),
    "pm10": (0, 120),
    "pm25": (0, 80),
    "sound_pressure": (15, 100),
    "em_high_frequency": (0, 5),
    "em_low_frequency": (0, 2),
    "wifi_count": (0, 40),
    "air_quality": (0, 100),
    "flow_rate": (0, 3),
    "water_volume": (0, 20_000),
    "gas_volume": (0, 20_000),
    "time": (0, 7 * 86400),
    "acceleration": (-2, 2),
    "angular_rate": (-100, 100),
    "magnetic_flux_density": (-100, 100),
    "length": (-50, 50),
    "oxygen_saturation": (85, 100),
    "ph": (5, 9),
}

_TYPES: dict[str, type | tuple[type, ...]] = {
    "String": str,
    "Integer": int,
    "int": int,
    "Object": (str, int, float, Measure),
    "Measure": Measure,
    "HSBColor": HSBColor,
    "RGBColor": RGBColor,
    "DailyClimateSchedule": DailyClimateSchedule,
}


@implementer(IDevicePort)
class Observer:
    """An L{IDevicePort} that derives notifications as the core does.

    @ivar told: notification class -> how often it occurred.
    @ivar changes: how many values became others. @ivar moved: slots that had more than one value.
    @ivar forced: how many were reported anyway.
    @ivar problems: everything that is wrong with what was reported.
    @ivar reported: every text value each state has had.
    """

    def __init__(self, device: Device, kit: FakeKit, deriving: bool = True) -> None:
        self.device = device
        self.kit = kit
        self.deriving = deriving
        self.values: dict[Slot, Value] = {}
        self.told: dict[str, int] = {}
        self.changes = 0
        self.moved: set[Slot] = set()
        self.forced = 0
        self.steps = 0
        self.problems: list[str] = []
        self.reported: dict[str, set[str]] = {}
        self._log = blake2b(digest_size=16)

    def reachable(self, yes: bool, reason: str | None = None) -> None:
        self.problems.append(f"reachable({yes}, {reason})")

    def observed(self, *seen: Seen) -> None:
        self.steps += 1
        before: dict[Slot, Value] = {}
        news: list[Slot] = []
        for each in seen:
            self._write(each)
            if not self.deriving:
                continue
            if isinstance(each, Pulse):
                self._pulse(each)
                continue
            self._check(each)
            if self.values.get(each.slot) != each.value:
                self.changes += 1
                if each.slot in self.values:
                    self.moved.add(each.slot)
                news.append(each.slot)
            elif each.forced:
                self.forced += 1
                news.append(each.slot)
            if each.slot in self.values:
                before.setdefault(each.slot, self.values[each.slot])
            self.values[each.slot] = each.value
        if news:
            for tale in told(self.device, news, self.values.get, previous=before.get):
                self._count(tale.notification.cls)

    @property
    def notifications(self) -> int:
        return sum(self.told.values())

    def log(self) -> str:
        """A digest of everything reported, with its time."""
        return self._log.hexdigest()

    def _write(self, seen: Seen) -> None:
        if isinstance(seen, Pulse):
            what = f"{seen.device} {seen.notification} {sorted((key, str(each)) for key, each in seen.params.items())}"
        else:
            what = f"{seen.slot.device} {seen.slot.state} {seen.slot.features} {seen.value} {seen.forced}"
        self._log.update(f"{self.kit.clock.seconds():.6f} {what}\n".encode())

    def _count(self, notification: str) -> None:
        self.told[notification] = self.told.get(notification, 0) + 1

    # -- is it right? -----------------------------------------------------------------------------

    def _wrong(self, text: str) -> None:
        problem = f"{self.device.cls}: {text}"
        if problem not in self.problems:
            self.problems.append(problem)

    def _pulse(self, pulse: Pulse) -> None:
        kind = self.device.notifications.get(pulse.notification)
        if kind is None:
            self._wrong(f"{pulse.notification} is not its own")
            return
        self._count(kind.cls)
        if stateOf(self.device, kind.cls) is not None:
            self._wrong(f"{kind.cls} is told by a state already")
        self._params(kind, pulse)

    def _params(self, kind: NotificationType, pulse: Pulse) -> None:
        if set(pulse.params) != {param.name for param in kind.params}:
            self._wrong(f"{kind.cls} with {sorted(pulse.params)}")
        for param in kind.params:
            value = pulse.params.get(param.name)
            if not isinstance(value, _TYPES[param.type]):
                self._wrong(f"{kind.cls}: {param.name} is {value!r}, not a {param.type}")
            elif isinstance(value, Measure):
                self._number(f"{kind.cls}: {param.name}", value, param.quantity)

    def _check(self, reading: Reading) -> None:
        state = self.device.states.get(reading.slot.state)
        value = reading.value
        if reading.slot.device != self.device.id or state is None:
            self._wrong(f"{reading.slot} is not its own")
        elif isinstance(value, HSBColor):
            if not (0 <= value.hue <= 65535 and 0 <= value.saturation <= 254 and 0 <= value.brightness <= 254):
                self._wrong(f"{state.cls} is {value}")
        elif state.cls == "ClimateScheduleState":
            if not (isinstance(value, tuple) and all(isinstance(day, DailyClimateSchedule) for day in value)):
                self._wrong(f"{state.cls} is {value!r}")
        elif state.discrete:
            self._text(state, value)
        else:
            self._continuous(state, value)

    def _text(self, state: StateType, value: Value) -> None:
        possible = (*state.values, NEITHER) if len(state.values) == 1 else state.values
        if not isinstance(value, str) or (possible and value not in possible):
            self._wrong(f"{state.cls} is {value!r}, not one of {possible}")
        else:
            self.reported.setdefault(state.cls, set()).add(value)

    def _continuous(self, state: StateType, value: Value) -> None:
        if state.quantity in ("level", "shade_level", "volume_level", "channel"):
            if type(value) is not int or not 0 <= value <= 100:
                self._wrong(f"{state.cls} is {value!r}")
        elif not isinstance(value, Measure):
            self._wrong(f"{state.cls} is {value!r}, not a measure")
        else:
            self._number(state.cls, value, state.quantity)

    def _number(self, what: str, value: Measure, quantity: str | None) -> None:
        if value.unit not in _units(quantity) or not within(value, quantity):
            self._wrong(f"{what} is {value}")
            return
        low, high = BELIEVABLE.get(quantity or "", (-1e6, 1e6))
        number = value.number if value.unit == _units(quantity)[0] else value.to(_units(quantity)[0]).number
        if not low <= number <= high:
            self._wrong(f"{what} is {value}, hardly believable")


@lru_cache
def _units(quantity: str | None) -> tuple[str, ...]:
    """As they are written, the default first."""
    return ("",) if quantity is None else tuple(str(unitNamed(each)) for each in catalogue().units(quantity))
