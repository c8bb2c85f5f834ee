"""Levels in per cent: set, stepped, faded to. And fans, whose levels nobody fades."""

from __future__ import annotations

from dog.drivers.simulated.behaviour import Args, Behaviour, isColor, numberOf
from dog.drivers.simulated.device import Refuses, SimulatedDevice
from dog.drivers.simulated.onoff import OnOff
from dog.drivers.simulated.timers import Timer
from dog.model.measure import Measure
from dog.model.values import Slot

#: A fade takes 2 s from end to end: steps of 10 per cent, 0.2 s apart.
_STEP, _PAUSE = 10, 0.2

#: Seconds between two times that somebody uses a dimmer, while people are about.
_HAND = 900.0


def levelOf(args: Args, name: str) -> int:
    """The level 0..100 in an argument. Raises L{Refuses}."""
    number = numberOf(args.get(name))
    if number is None or not 0 <= number <= 100:
        raise Refuses(f"expected a level from 0 to 100, got {args.get(name)}")
    return round(number)


class Level(Behaviour):
    """Fades from where it is to where it is told. Without a command of its own, it is a dimmer that people use.

    @ivar level: 0..100, where it is now.
    """

    __slots__ = ("_before", "_target", "_timer", "level")

    functionalities = frozenset({"LevelControlFunctionality", "LightRegulationFunctionality"})
    states = frozenset({"LevelState"})
    notifications = frozenset({"LevelStepUpNotification", "LevelStepDownNotification", "LevelControlNotification"})
    commands = {"SetCommand": "set", "StepUpCommand": "stepUp", "StepDownCommand": "stepDown"}

    @classmethod
    def fits(cls, names: frozenset[str]) -> bool:
        if "ShadeState" in names:
            return False
        if "LevelState" in names or not names.isdisjoint(cls.functionalities):
            return True
        told = names.isdisjoint({"FillLevelState", "VolumeLevelState"})
        return told and not names.isdisjoint(cls.notifications)

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self._timer: Timer | None = None
        self._before = 10 * round(unit.dice.between(3, 10))
        onoff = unit.part(OnOff)
        self.level = self._before if onoff is None or onoff.mode == "on" else 0
        self._target = self.level
        unit.put("LevelState", self.level)

    def wake(self) -> None:
        if self.unit.plan.names.isdisjoint(self.functionalities):
            self.unit.after(self.unit.people(_HAND), self._hand)

    def _hand(self) -> None:
        """Somebody turns the dimmer, and what it controls follows."""
        up = self._target < 100 and (self._target == 0 or self.unit.dice.chance(0.5))
        self._stepBy(up)
        self.unit.relay("StepUpCommand" if up else "StepDownCommand")
        self.unit.after(self.unit.people(_HAND), self._hand)

    def turned(self, on: bool) -> None:
        if not on:
            self._before = self._target or self._before
        self._fadeTo(self._before if on else 0)

    # -- commands ---------------------------------------------------------------------------------

    def set(self, args: Args) -> bool | None:
        if isColor(args.get("value")):
            return False
        self._to(levelOf(args, "value"))
        return None

    def stepUp(self, args: Args) -> None:
        self._stepBy(True)

    def stepDown(self, args: Args) -> None:
        self._stepBy(False)

    def _stepBy(self, up: bool) -> None:
        self.unit.tell("LevelStepUpNotification" if up else "LevelStepDownNotification")
        self._to(min(100, self._target + _STEP) if up else max(0, self._target - _STEP))

    def _to(self, level: int) -> None:
        onoff = self.unit.part(OnOff)
        if onoff is not None and (onoff.mode == "on") != (level > 0):
            onoff.follow("on" if level > 0 else "off")
        self._fadeTo(level)

    def _fadeTo(self, level: int) -> None:
        self._target = level
        if self._timer is not None:
            self._timer.cancel()
        self._fade()

    def _fade(self) -> None:
        self._timer = None
        self.level += max(-_STEP, min(_STEP, self._target - self.level))
        self.unit.put("LevelState", self.level)
        self.unit.loaded()
        if self.level != self._target:
            self._timer = self.unit.after(_PAUSE, self._fade)
        else:
            self.unit.tell("LevelControlNotification", newLevel=Measure.of(self.level))
            for part in self.unit.parts:
                part.dimmed(self.level)

    def follow(self, level: int) -> None:
        """Show a level that another behaviour of the device has brought about."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.level = self._target = level
        self.unit.put("LevelState", level)
        self.unit.loaded()

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return (self.unit.slot("LevelState"),)

    def draw(self) -> float | None:
        return self.level / 100


class Fan(Behaviour):
    """A fan's speed in per cent. A thermostat that has a fan but no command for it turns it by itself.

    @ivar speed: 0..100.
    """

    __slots__ = ("speed",)

    functionalities = frozenset({"FanControlFunctionality"})
    notifications = frozenset({"SpeedControlNotification", "SpeedStepUpNotification", "SpeedStepDownNotification"})
    commands = {"SetSpeedCommand": "set", "SpeedUpCommand": "up", "SpeedDownCommand": "down"}
    _interval = 1200.0

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        onoff = unit.part(OnOff)
        self.speed = 40 if onoff is not None and onoff.mode == "on" else 0

    def wake(self) -> None:
        if not self.unit.has("FanControlFunctionality"):
            self.unit.after(self.unit.link.first(self.unit.dice, self._interval), self._regulate)

    def _regulate(self) -> None:
        if self.speed == 0 or (self.speed < 80 and self.unit.dice.chance(0.5)):
            self.up({})
        else:
            self.down({})
        self.unit.after(self.unit.dice.about(self._interval), self._regulate)

    def turned(self, on: bool) -> None:
        if on and self.speed == 0:
            self._to(40)
        elif not on and self.speed:
            self._to(0)

    def set(self, args: Args) -> None:
        self._command(levelOf(args, "speed"))

    def up(self, args: Args) -> None:
        self.unit.tell("SpeedStepUpNotification")
        self._command(min(100, self.speed + 20))

    def down(self, args: Args) -> None:
        self.unit.tell("SpeedStepDownNotification")
        self._command(max(0, self.speed - 20))

    def _command(self, speed: int) -> None:
        onoff = self.unit.part(OnOff)
        if onoff is not None and self.unit.has("OnOffFunctionality") and (onoff.mode == "on") != (speed > 0):
            onoff.follow("on" if speed > 0 else "off")
        self._to(speed)

    def _to(self, speed: int) -> None:
        self.speed = speed
        self.unit.tell("SpeedControlNotification", newSpeed=Measure.of(speed))
        self.unit.loaded()

    def draw(self) -> float | None:
        return 0.2 + 0.8 * self.speed / 100 if self.unit.has("FanControlFunctionality") else None
