"""Thermostats: a set point, heating and cooling by it, and the room that gets warm."""

from __future__ import annotations

from dog.drivers.simulated.behaviour import Args, Behaviour, numberOf
from dog.drivers.simulated.device import Refuses, SimulatedDevice
from dog.drivers.simulated.onoff import OnOff
from dog.drivers.simulated.plan import SETPOINT
from dog.drivers.simulated.timers import Timer
from dog.model.values import Slot, Value

#: Kelvin per hour that heating and cooling bring about (before losses).
_GAIN = {"heating": 1.8, "cooling": -1.8, "idle": 0.0}

#: Kelvin around the set point within which nothing is switched.
_BAND = 0.3


class Thermostat(Behaviour):
    """Heats or cools its room to the set point, with some play. A fridge keeps its own inside cold instead.

    Set points are kept within 5..35 C, those of a fridge within -5..15 C: what is beyond comes as near as it can.

    @ivar mode: C{heat}, C{cool} or C{stop}, as commanded. @ivar activity: C{heating}, C{cooling} or C{idle}.
    @ivar desired: degrees Celsius.
    """

    __slots__ = ("_inside", "_seen", "activity", "desired", "mode")

    functionalities = frozenset({"ThermostatControlFunctionality"})
    notifications = frozenset({"ChangedDesiredTemperatureNotification", "StopHeatingCoolingNotification"})
    states = frozenset({"HeatingAndCoolingUnitState"})
    commands = {
        "HeatCommand": "heat",
        "CoolCommand": "cool",
        "StopHeatingCoolingCommand": "stop",
        "SetDesiredTemperature": "setDesired",
    }
    queries = frozenset({"GetSetpointTemperatureCommand"})
    _period = 120.0

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self.activity = "idle"
        self._inside: float | None = None
        self._seen = 0.0
        if self._cold:
            self.mode, self.desired, self._inside = "cool", 5.0, 5.2
        else:
            self.mode, self.desired = "heat", round(unit.dice.between(39, 43)) / 2
        onoff = unit.part(OnOff)
        self._showUnit("auto" if onoff is None or onoff.mode == "on" else "off")
        self._tellDesired()

    @property
    def _cold(self) -> bool:
        return self.unit.has("SuperCoolingFunctionality")

    def wake(self) -> None:
        self._seen = self.unit.now
        self.unit.after(self.unit.link.first(self.unit.dice, self._period), self._regulate)

    def _regulate(self) -> None:
        self._control()
        self.unit.after(self._period, self._regulate)

    def temperature(self) -> float:
        """What it feels: the room's air, or the inside of a fridge."""
        now = self.unit.now
        if self._inside is None:
            return self.unit.room.temperature(now)
        hours = max(0.0, now - self._seen) / 3600
        self._seen = now
        rate = -9.0 if self.activity == "cooling" else 2.5
        self._inside = min(20.0, max(-2.0, self._inside + rate * hours))
        return self._inside

    def _control(self) -> None:
        off = self.unit.part(OnOff)
        if self.mode == "stop" or (off is not None and off.mode != "on" and self.unit.has("OnNotification")):
            return
        wanting = self.desired - self.temperature()
        sign = 1 if self.mode == "heat" else -1
        if wanting * sign > _BAND:
            self._act("heating" if sign > 0 else "cooling")
        elif wanting * sign < -_BAND:
            self._act("idle")

    def _act(self, activity: str, tellAnyway: bool = False) -> None:
        """Heat, cool or do neither from now on; told if it is something else than before."""
        before, self.activity = self.activity, activity
        if activity == before and not tellAnyway:
            return
        if self._inside is None:
            self.unit.room.condition(_GAIN[activity], self.unit.now)
        if activity == "idle":
            self._showUnit("auto")
            if before != "idle" or tellAnyway:
                self.unit.tell("StopHeatingCoolingNotification")
        else:
            self._showUnit(activity)
            self.unit.tell("HeatNotification" if activity == "heating" else "CoolNotification")
        onoff = self.unit.part(OnOff)
        if onoff is not None and not self.unit.has("OnNotification"):
            onoff.follow("off" if activity == "idle" else "on")
        self.unit.loaded()

    def _showUnit(self, state: str) -> None:
        self.unit.put("HeatingAndCoolingUnitState", state)

    def turned(self, on: bool) -> None:
        if self.activity != "idle":
            self.activity = "idle"
            self.unit.tell("StopHeatingCoolingNotification")
        if self._inside is None:
            self.unit.room.condition(0.0, self.unit.now)
        self._showUnit("on" if on else "off")

    def to(self, desired: float) -> None:
        """Another set point."""
        self.desired = desired
        self._tellDesired()
        self._control()

    def _tellDesired(self) -> None:
        if self.unit.has(SETPOINT):
            self.unit.put("TemperatureState", self._measured("TemperatureState"))
        else:
            self.unit.tell("ChangedDesiredTemperatureNotification", newTemperatureValue=self._measured(None))

    def _measured(self, state: str | None) -> Value:
        return self.unit.gauge("temperature", state, "ChangedDesiredTemperatureNotification").read(self.desired)

    # -- commands ---------------------------------------------------------------------------------

    def heat(self, args: Args) -> None:
        self._begin("heat", "heating")

    def cool(self, args: Args) -> None:
        self._begin("cool", "cooling")

    def stop(self, args: Args) -> None:
        self._begin("stop", "idle")

    def _begin(self, mode: str, activity: str) -> None:
        """What is commanded begins at once; the set point has its say at the next regulation."""
        self.mode = mode
        onoff = self.unit.part(OnOff)
        if activity != "idle" and onoff is not None and onoff.mode != "on" and self.unit.has("OnNotification"):
            onoff.follow("on")
        self._act(activity, tellAnyway=True)

    def setDesired(self, args: Args) -> None:
        desired = numberOf(args.get("temperature"))
        if desired is None:
            raise Refuses(f"expected a temperature, got {args.get('temperature')}")
        low, high = (-5.0, 15.0) if self._cold else (5.0, 35.0)
        self.to(min(high, max(low, desired)))

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        if query:
            return (self.unit.slot("TemperatureState"),) if self.unit.has(SETPOINT) else ()
        return (self.unit.slot("HeatingAndCoolingUnitState"),)

    def draw(self) -> float | None:
        return 0.02 if self.activity == "idle" else 1.0


class Furnace(Behaviour):
    """A heater that burns pellets: it fires up for three minutes, then heats; switched off, it cools down."""

    __slots__ = ("_timer",)

    states = frozenset({"HeaterState"})
    notifications = frozenset({"FiringUpNotification"})

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self._timer: Timer | None = None
        onoff = unit.part(OnOff)
        unit.put("HeaterState", "heating" if onoff is not None and onoff.mode == "on" else "cooling")

    def wake(self) -> None:
        if self.unit.get("HeaterState") == "heating":
            self._timer = self.unit.after(self.unit.dice.about(3600.0), self._refuel)

    def turned(self, on: bool) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not on:
            self._show("cooling", "CoolNotification")
        elif self.unit.get("HeaterState") != "heating":
            self._fire()

    def _fire(self) -> None:
        self._show("firingUp", "FiringUpNotification")
        self._timer = self.unit.after(180.0, self._heat)

    def _heat(self) -> None:
        self._show("heating", "HeatNotification")
        self._timer = self.unit.after(self.unit.dice.about(4 * 3600.0), self._refuel)

    def _refuel(self) -> None:
        """The room is warm enough: the fire goes out for a while."""
        self._show("cooling", "CoolNotification")
        self._timer = self.unit.after(self.unit.dice.about(2400.0), self._fire)

    def _show(self, state: str, notification: str) -> None:
        self.unit.put("HeaterState", state)
        self.unit.tell(notification)
        self.unit.loaded()

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return (self.unit.slot("HeaterState"),)

    def draw(self) -> float | None:
        return {"firingUp": 1.0, "heating": 0.3}.get(str(self.unit.get("HeaterState")), 0.1)
