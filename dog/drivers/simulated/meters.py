"""Electricity meters: the power of what is plugged in, and what it adds up to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import sqrt

from dog.drivers.simulated.behaviour import Behaviour
from dog.drivers.simulated.device import SimulatedDevice
from dog.drivers.simulated.dice import Wave
from dog.drivers.simulated.gauge import Gauge, declaredParam
from dog.drivers.simulated.timers import Timer
from dog.model.values import Slot

PHASES = ("L1", "L2", "L3")
_PAIRS = ("L12", "L23", "L31")

#: How the load is spread over the phases; a meter without phases has it all.
_SHARES = {"": 1.0, "L1": 0.36, "L2": 0.34, "L3": 0.3}


@dataclass
class Load:
    """What flows through one phase at one moment. Energies in kWh, kvarh, kVAh."""

    watts: float = 0.0
    factor: float = 1.0
    volts: float = 230.0
    active: float = 0.0
    reactive: float = 0.0
    apparent: float = 0.0

    @property
    def var(self) -> float:
        return self.watts * sqrt(1.0 - self.factor**2) / self.factor

    @property
    def va(self) -> float:
        return self.watts / self.factor

    @property
    def amperes(self) -> float:
        return self.va / self.volts

    def integrate(self, hours: float) -> None:
        self.active += self.watts * hours / 1000.0
        self.reactive += self.var * hours / 1000.0
        self.apparent += self.va * hours / 1000.0


@dataclass(frozen=True)
class Quantity:
    """One state of electricity meters.

    @ivar get: reads it from the load. @ivar query: the command class that asks for it.
    @ivar adds: the sum over three phases, if a meter of three tells one number, is the number (else their mean).
    """

    state: str
    notification: str
    query: str
    get: Callable[[Load], float]
    phases: bool = False
    tariffs: bool = False
    adds: bool = True


def _quantities() -> tuple[Quantity, ...]:
    found = []
    for name, short, get, adds in (
        ("ActiveEnergy", "ActiveEnergy", lambda load: load.active, True),
        ("ReactiveEnergy", "ReactiveEnergy", lambda load: load.reactive, True),
        ("ApparentEnergy", "ApparentEnergy", lambda load: load.apparent, True),
        ("ActivePower", "ActivePowerMeasurement", lambda load: load.watts, True),
        ("ReactivePower", "ReactivePowerMeasurement", lambda load: load.var, True),
        ("ApparentPower", "ApparentPowerMeasurement", lambda load: load.va, True),
        ("Current", "Current", lambda load: load.amperes, True),
        ("Voltage", "Voltage", lambda load: load.volts, False),
        ("PowerFactor", "PowerFactorMeasurement", lambda load: load.factor, False),
    ):
        for phase, digit in (("SinglePhase", "1"), ("ThreePhase", "3")):
            found.append(
                Quantity(
                    f"{phase}{short}State",
                    f"{phase}{name}MeasurementNotification",
                    f"Get{digit}Phase{name}Command",
                    get,
                    digit == "3",
                    adds=adds,
                )
            )
            if name in ("ActiveEnergy", "ReactiveEnergy"):
                found.append(
                    Quantity(
                        f"MultiTariff{phase}{name}State",
                        f"MultiTariff{phase}{name}MeasurementNotification",
                        f"GetMultiTariff{digit}Phase{name}Command",
                        get,
                        digit == "3",
                        True,
                    )
                )
            if digit == "1" and "Energy" not in name:
                # Older configurations declare these; drivers report them to this day.
                found.append(
                    Quantity(
                        f"{name}MeasurementState",
                        f"{phase}{name}MeasurementNotification",
                        f"Get1Phase{name}Command",
                        get,
                        adds=adds,
                    )
                )
    return tuple(found)


QUANTITIES = _quantities()
_FREQUENCY = "FrequencyMeasurementState"
_FREQUENCIES = "ThreePhaseFrequencyMeasurementState"


class Electricity(Behaviour):
    """Meters what is plugged into the device, what it is C{meterOf}, or what names it in C{hasMeter}.

    An outlet with nothing plugged in has an appliance of its own behind it. A meter without any relation is that of
    the house: it counts every device of the home, and what is always on besides.

    The first of two tariffs holds on weekdays from 7 to 19 hours UTC.
    """

    __slots__ = ("_always", "_at", "_base", "_joules", "_loads", "_period", "_poked", "_slots", "_tariffs", "_waves")

    states = frozenset(each.state for each in QUANTITIES) | {_FREQUENCY, _FREQUENCIES}
    queries = frozenset(each.query for each in QUANTITIES) | {
        "GetFrequencyCommand",
        "Get3PhaseLLVoltageCommand",
        "Get3PhaseLNVoltageCommand",
    }

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        dice = unit.dice
        unit.meter = self
        self._period = dice.between(20.0, 60.0)
        self._waves = (Wave(dice, 3600.0), Wave(dice, 7200.0), Wave(dice, 1800.0))
        self._base = dice.between(90.0, 220.0)
        self._at = unit.now
        self._joules = 0.0
        self._always = 0.0
        self._poked: Timer | None = None
        has = unit.device.states
        three = any(each.phases and each.state in has for each in QUANTITIES)
        self._tariffs = self._declared("tariffID") or ("1", "2")
        self._loads: dict[tuple[str, str], Load] = {}
        shown = dice.between(200.0, 9000.0)
        for tariff in self._tariffs if any(each.tariffs and each.state in has for each in QUANTITIES) else ("",):
            for phase in PHASES if three else ("",):
                part = shown * dice.between(0.2, 0.4)
                self._loads[phase, tariff] = Load(active=part, reactive=part * 0.2, apparent=part * 1.03)
        self._slots: list[tuple[Slot, Gauge, str, Callable[[], float]]] = []
        for each in QUANTITIES:
            if each.state in has:
                self._add(each)
        self._addFrequencies()
        self._show()

    def _declared(self, name: str) -> tuple[str, ...]:
        for each in QUANTITIES:
            if each.tariffs:
                found = declaredParam(self.unit.device, name, each.state, each.notification)
                if found:
                    return found
        return ()

    def _add(self, each: Quantity) -> None:
        unit = self.unit
        gauge = unit.gauge(unit.device.states[each.state].quantity, each.state, _telling(unit, each))
        phases: tuple[str, ...] = ("",)
        if each.phases:
            phases = (*PHASES, *_PAIRS) if "Voltage" in each.state else PHASES
        for tariff in self._tariffs if each.tariffs else ("",):
            for phase in phases:
                named = {"phaseID": phase, "tariffID": tariff}
                slot = unit.slot(each.state, **{key: value for key, value in named.items() if value})
                query = each.query
                if each.query == "Get3PhaseVoltageCommand":
                    query = "Get3PhaseLLVoltageCommand" if phase in _PAIRS else "Get3PhaseLNVoltageCommand"
                self._slots.append((slot, gauge, query, self._reader(each, phase, tariff)))

    def _addFrequencies(self) -> None:
        """The same in all phases."""
        unit, link = self.unit, self.unit.link
        for state, phases in ((_FREQUENCY, ("",)), (_FREQUENCIES, PHASES)):
            if not unit.has(state):
                continue
            gauge = unit.gauge("frequency", state, state.removesuffix("State") + "Notification")
            for phase in phases:
                slot = unit.slot(state, **({"phaseID": phase} if phase else {}))
                self._slots.append((slot, gauge, "GetFrequencyCommand", lambda: link.world.frequency(link.now())))

    def _reader(self, quantity: Quantity, phase: str, tariff: str) -> Callable[[], float]:
        """What reads the number for one slot from the loads."""
        get = quantity.get
        if phase in _PAIRS:
            now = ("", self._tariffs[0])
            one, other = (
                load for (each, at), load in self._loads.items() if each and each[1] in phase[1:] and at in now
            )
            return lambda: sqrt(3.0) * (one.volts + other.volts) / 2.0
        # All tariffs add up to one energy; what flows now flows in each of them.
        tariffs = {tariff} if tariff else set(self._tariffs) if "Energy" in quantity.state else {self._tariffs[0]}
        loads = [
            load for (each, at), load in self._loads.items() if phase in ("", each) and (at in tariffs or at == "")
        ]
        if len(loads) == 1:
            load = loads[0]
            return lambda: get(load)
        if quantity.adds:
            return lambda: sum(map(get, loads))
        return lambda: sum(map(get, loads)) / len(loads)

    # -- measuring --------------------------------------------------------------------------------

    def begin(self) -> None:
        self._at = self.unit.now
        self._joules = self.unit.link.joules()
        self._measure()
        self._show()

    def wake(self) -> None:
        self.unit.after(self.unit.link.first(self.unit.dice, self._period), self._tick)

    def _tick(self) -> None:
        self._report()
        self.unit.after(self._period, self._tick)

    def poke(self) -> None:
        """What flows has changed: say so half a second later."""
        if self._poked is None and self.unit.live:
            self._poked = self.unit.after(0.5, self._report)

    def _report(self) -> None:
        self._poked = None
        self.integrate()
        self._measure()
        self._show()

    def integrate(self) -> None:
        """Add what has flowed since the last time: in the house exactly, else by the power that was measured then."""
        now = self.unit.now
        seconds = now - self._at
        if seconds <= 0:
            return
        self._at = now
        if self._house:
            joules = self.unit.link.joules()
            self._spread((joules - self._joules) / seconds + self._always)
            self._joules = joules
        tariff = self._tariff(now)
        for (_, each), load in self._loads.items():
            if each in ("", tariff):
                load.integrate(seconds / 3600.0)

    def _measure(self) -> None:
        now = self.unit.now
        self._spread(self._watts(now))
        voltage = self.unit.link.world.voltage(now)
        for (phase, _), load in self._loads.items():
            noise = self._waves[PHASES.index(phase) if phase else 0].at(now)
            load.factor = 0.93 + 0.05 * noise
            load.volts = voltage + 1.5 * noise

    def _spread(self, watts: float) -> None:
        for (phase, _), load in self._loads.items():
            load.watts = watts * _SHARES[phase]

    @property
    def _house(self) -> bool:
        """Is it the meter of the whole house?"""
        unit = self.unit
        return not (unit.has("OnOffFunctionality") or unit.link.feeds(unit.id))

    def _watts(self, now: float) -> float:
        unit = self.unit
        if self._house:
            self._always = self._base * (1.0 + unit.link.world.bustle(now) + 0.4 * self._waves[0].at(now))
            return unit.link.watts + self._always
        if unit.link.feeds(unit.id):
            return unit.link.flow(unit)
        return unit.watts * (0.95 + 0.05 * self._waves[0].at(now))

    def _tariff(self, when: float) -> str:
        now = datetime.fromtimestamp(when, UTC)
        day = now.isoweekday() <= 5 and 7 <= now.hour < 19
        return self._tariffs[0 if day else -1]

    # -- telling ----------------------------------------------------------------------------------

    def _show(self) -> None:
        for slot, gauge, _, reader in self._slots:
            self.unit.put(slot, gauge.read(reader()))

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return tuple(slot for slot, _, asked, _ in self._slots if not query or query == asked)


def _telling(unit: SimulatedDevice, quantity: Quantity) -> str | None:
    """The notification that tells it: voltage has two names for three phases."""
    names = (quantity.notification, "ThreePhaseLNVoltageMeasurementNotification")
    return next((each for each in names if unit.has(each)), None)
