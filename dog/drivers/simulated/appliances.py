"""Household appliances: programs that run, faults, alerts and events, times."""

from __future__ import annotations

from dog.drivers.simulated.behaviour import Args, Behaviour, numberOf
from dog.drivers.simulated.device import Refuses, SimulatedDevice
from dog.drivers.simulated.onoff import OnOff
from dog.drivers.simulated.timers import Timer
from dog.model.measure import Measure
from dog.model.reflection import NEITHER
from dog.model.values import Slot

#: Phases of a program: its share of the time, the WashingApplianceState in it, the share of the nominal power.
_PROGRAM = (
    (0.15, "washOrRinse", 0.1),
    (0.25, "heating", 1.0),
    (0.35, "washOrRinse", 0.15),
    (0.15, "rinseHold", 0.05),
    (0.10, "washOrRinse", 0.3),
)

#: Seconds between two runs that somebody starts.
_AGAIN = 3 * 3600.0


class Program(Behaviour):
    """A program: started by command or by somebody in the house, paused, stopped, delayed; it ends by itself.

    @ivar phase: index of the phase it is in; None while it does not run (a pause keeps it).
    """

    __slots__ = ("_duration", "_ends", "_left", "_start", "_step", "_tick", "phase")

    states = frozenset({"RunState", "ProgramState", "WashingApplianceState", "MicrowaveEmissionState"})
    functionalities = frozenset({"StartStopPauseFunctionality", "CycleTimingControlFunctionality"})
    commands = {
        "StartCommand": "start",
        "StopCommand": "stop",
        "PauseCommand": "pause",
        "SetStartTimeCommand": "setTimes",
        "SetEndTimeCommand": "setTimes",
        "SetRemainingTimeCommand": "setTimes",
    }
    queries = frozenset({"GetStartTimeCommand", "GetEndTimeCommand", "GetRemainingTimeCommand"})

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        short = unit.has("MicrowaveEmissionState")
        self._duration = 60.0 * round(unit.dice.between(2, 6) if short else unit.dice.between(40, 110))
        self.phase: int | None = None
        self._left = 0.0  # seconds of the phase that remain after a pause
        self._ends = 0.0  # when the whole program ends
        self._start: Timer | None = None
        self._step: Timer | None = None
        self._tick: Timer | None = None
        self._show("idle", "notProgrammed")
        self._tellTimes()

    def wake(self) -> None:
        self.unit.after(self.unit.people(_AGAIN / 4), self._somebody)

    def _somebody(self) -> None:
        onoff = self.unit.part(OnOff)
        if self.phase is None and self._start is None and (onoff is None or onoff.mode == "on"):
            self.start({})
        self.unit.after(self.unit.people(_AGAIN), self._somebody)

    # -- running ----------------------------------------------------------------------------------

    def _show(self, run: str, program: str) -> None:
        self.unit.put("RunState", run)
        self.unit.put("ProgramState", program)
        emits = run == "running" and self.phase in (1, 3)
        self.unit.put("MicrowaveEmissionState", "emittingMicrowaves" if emits else "notEmittingMicrowaves")
        washing = "rinseHold" if self.phase is None else _PROGRAM[self.phase][1]
        self.unit.put("WashingApplianceState", washing)
        self.unit.loaded()

    def _enter(self, phase: int, seconds: float) -> None:
        self.phase = phase
        self._step = self.unit.after(seconds, self._next)
        self._show("running", "programmed")

    def _next(self) -> None:
        assert self.phase is not None
        if self.phase + 1 < len(_PROGRAM):
            self._enter(self.phase + 1, _PROGRAM[self.phase + 1][0] * self._duration)
        else:
            self._end("endProgrammed")
            self.unit.tell("EventNotification", event="programEnded")
            self.unit.tell("MultipleEventNotification", event="programEnded", sensorId="1")

    def _end(self, program: str) -> None:
        self._cancel()
        self.phase = None
        self._left = 0.0
        self._show("idle", program)
        self.unit.tell("StopApplianceNotification")

    def _cancel(self) -> None:
        for timer in (self._start, self._step, self._tick):
            if timer is not None:
                timer.cancel()
        self._start = self._step = self._tick = None

    def _tellTimes(self) -> None:
        """Seconds from now: until it starts, until it ends; and how long it has still to run."""
        now = self.unit.now
        starts = max(0.0, self._ends - self._duration - now) if self._start is not None else 0.0
        ends = max(0.0, self._ends - now) if self.phase is not None or self._start is not None else 0.0
        self.unit.tell("StartTimeChangedNotification", startTime=Measure.of(round(starts), "s"))
        self.unit.tell("EndTimeChangedNotification", endTime=Measure.of(round(ends), "s"))
        self._tellRemaining(ends - starts)

    def _tellRemaining(self, seconds: float) -> None:
        self.unit.tell("RemainingTimeChangedNotification", remainingTime=Measure.of(round(seconds), "s"))

    def _remind(self) -> None:
        """Every five minutes of a run: what remains."""
        self._tellRemaining(max(0.0, self._ends - self.unit.now))
        self._tick = self.unit.after(300.0, self._remind)

    def turned(self, on: bool) -> None:
        if not on and (self.phase is not None or self._start is not None):
            self._end("programInterrupted")

    # -- commands ---------------------------------------------------------------------------------

    def start(self, args: Args) -> None:
        if self.unit.get("RunState") == "running":
            return
        self._cancel()
        onoff = self.unit.part(OnOff)
        if onoff is not None and onoff.mode != "on":
            onoff.follow("on")
        if self.phase is None:
            self.phase, self._left = 0, _PROGRAM[0][0] * self._duration
        rest = self._left + sum(each[0] for each in _PROGRAM[self.phase + 1 :]) * self._duration
        self._ends = self.unit.now + rest
        self.unit.tell("StartApplianceNotification")
        self.unit.tell("EventNotification", event="programStarted")
        self.unit.tell("MultipleEventNotification", event="programStarted", sensorId="1")
        self._enter(self.phase, self._left)
        self._tellTimes()
        self._tick = self.unit.after(300.0, self._remind)

    def stop(self, args: Args) -> None:
        if self.phase is not None or self._start is not None:
            self._end("programInterrupted")

    def pause(self, args: Args) -> None:
        if self.phase is None:
            return
        if self._step is not None:
            self._left = max(0.0, self._step.when - self.unit.link.seconds())
        self._cancel()
        self._show("pause", "programInterrupted")
        self.unit.tell("PauseApplianceNotification")

    def setTimes(self, args: Args) -> None:
        """All in seconds from now. A run that is under way takes C{remainingTime} only."""
        seconds = {name: numberOf(value) for name, value in args.items()}
        if any(each is None or not 0 <= each <= 7 * 86400 for each in seconds.values()):
            raise Refuses("expected from 0 to 604800 seconds")
        remaining = seconds.get("remainingTime")
        if self.phase is not None:
            self._stretch(remaining if remaining is not None else seconds.get("endTime") or 0.0)
            return
        if remaining:
            self._duration = remaining
        delay = seconds.get("startTime")
        end = seconds.get("endTime")
        if delay is None:
            delay = max(0.0, (end if end is not None else self._duration) - self._duration)
        self._cancel()
        self._start = self.unit.after(delay, self._begin)
        self._ends = self.unit.now + delay + self._duration
        self._show("idle", "programmedAndWaitingToStart")
        self._tellTimes()

    def _begin(self) -> None:
        self._start = None
        self.start({})

    def _stretch(self, remaining: float) -> None:
        """The rest of the run takes that long."""
        assert self.phase is not None
        share = sum(each[0] for each in _PROGRAM[self.phase :])
        self._duration = max(60.0, remaining / share)
        self._ends = self.unit.now + self._duration * share
        if self._step is not None:
            self._step.cancel()
            self._step = self.unit.after(_PROGRAM[self.phase][0] * self._duration, self._next)
        else:
            self._left = _PROGRAM[self.phase][0] * self._duration
        self._tellTimes()

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        if query:
            return ()
        return tuple(self.unit.slot(state) for state in ("RunState", "ProgramState"))

    def retold(self, query: str) -> tuple[str, ...]:
        name = query.removeprefix("Get").removesuffix("Command")
        return (f"{name}ChangedNotification",)

    def draw(self) -> float | None:
        if self.unit.has("ThermostatControlFunctionality"):
            return None
        if self.unit.get("RunState") != "running" or self.phase is None:
            return 0.004
        return _PROGRAM[self.phase][2]


class Condition(Behaviour):
    """What an appliance reports besides: that it is connected, and once or twice a day a fault with its alert."""

    __slots__ = ("_alert",)

    states = frozenset({"FaultState", "ConnectionState"})
    notifications = frozenset({"AlertNotification", "MultipleAlertNotification"})
    queries = frozenset({"GetEventsAndAlertsCommand"})
    _interval = 9 * 3600.0

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self._alert = "none"
        unit.put("ConnectionState", "connected")
        unit.put("FaultState", "noFailure")

    def wake(self) -> None:
        if self.unit.has("FaultState"):
            self.unit.after(self.unit.dice.between(900.0, self._interval), self._fail)

    def _fail(self) -> None:
        self.unit.put("FaultState", "failure")
        self._alert = self.unit.dice.pick(("doorNotClosed", "waterSupply", "overheating", "filterBlocked"))
        self._tell()
        self.unit.after(self.unit.dice.between(120.0, 900.0), self._recover)

    def _recover(self) -> None:
        self.unit.put("FaultState", "noFailure")
        self.unit.tell("EventNotification", event="faultCleared")
        self.unit.tell("MultipleEventNotification", event="faultCleared", sensorId="1")
        self.unit.after(self.unit.dice.about(self._interval), self._fail)

    def _tell(self) -> None:
        self.unit.tell("AlertNotification", alert=self._alert)
        self.unit.tell("MultipleAlertNotification", alertId="1", alert=self._alert)

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return tuple(self.unit.slot(state) for state in ("FaultState", "ConnectionState"))


class Super(Behaviour):
    """Super heating, freezing, cooling: a spell of full power that ends by itself after an hour."""

    __slots__ = ("_on", "_timer")

    functionalities = frozenset(
        {"SuperHeatingFunctionality", "SuperFreezingFunctionality", "SuperCoolingFunctionality"}
    )
    states = frozenset({"HeatingApplianceState", "FreezingApplianceState", "CoolingApplianceState"})
    commands = {
        "StartSuperHeatingCommand": "start",
        "StopSuperHeatingCommand": "stop",
        "StartSuperFreezingCommand": "start",
        "StopSuperFreezingCommand": "stop",
        "StartSupercoolingCommand": "start",
        "StopSupercoolingCommand": "stop",
    }

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self._on = False
        self._timer: Timer | None = None
        self._show()

    def _show(self) -> None:
        """A state that knows one value only is C{idle} otherwise."""
        self.unit.put("HeatingApplianceState", "superHeating" if self._on else NEITHER)
        self.unit.put("FreezingApplianceState", "superFreezing" if self._on else NEITHER)
        self.unit.put("CoolingApplianceState", "superCooling" if self._on else NEITHER)

    def _switch(self, on: bool) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._on = on
        self._show()
        for kind in ("Heating", "Freezing", "Cooling"):
            self.unit.tell(f"{'Started' if on else 'Stopped'}Super{kind}Notification")
        if on:
            self._timer = self.unit.after(3600.0, self._switch, False)
        self.unit.loaded()

    def start(self, args: Args) -> None:
        self._switch(True)

    def stop(self, args: Args) -> None:
        self._switch(False)

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return tuple(self.unit.slot(state) for state in sorted(self.states))


class Gas(Behaviour):
    """A cooker's gas. The catalogue has no state for it; what happens is told as an event."""

    __slots__ = ()

    functionalities = frozenset({"EnableDisableGasFunctionality"})
    commands = {"DisableGasCommand": "disable", "EnableGasCommand": "enable"}

    def disable(self, args: Args) -> None:
        self._tell("gasDisabled")

    def enable(self, args: Args) -> None:
        self._tell("gasEnabled")

    def _tell(self, event: str) -> None:
        self.unit.tell("EventNotification", event=event)
        self.unit.tell("MultipleEventNotification", event=event, sensorId="1")
