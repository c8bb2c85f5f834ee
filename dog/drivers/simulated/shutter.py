"""What travels up and down: shutters, shades, and the buttons for them."""

from __future__ import annotations

from dog.drivers.simulated.behaviour import Args, Behaviour
from dog.drivers.simulated.device import SimulatedDevice
from dog.drivers.simulated.level import levelOf
from dog.drivers.simulated.timers import Timer
from dog.model.values import Slot

#: Seconds from one end to the other.
TRAVEL = 20.0


class Travel(Behaviour):
    """Something on its way between 0 (down, closed) and 100 (up, open).

    @ivar position: per cent, where it was when it last stopped.
    """

    __slots__ = ("_from", "_target", "_timer", "position")

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self.position = 100.0
        self._target = 100.0
        self._from = 0.0
        self._timer: Timer | None = None

    def travel(self, target: float) -> None:
        """Go there, whatever it did before. Nothing if it is there and at rest."""
        self.halt()
        if target == self.position:
            self.stopped()
            return
        self._target = target
        self._from = self.unit.now
        self.moving(target > self.position)
        self._timer = self.unit.after(abs(target - self.position) / 100 * TRAVEL, self._arrive)

    def halt(self) -> bool:
        """Stay where it is. Whether it was under way."""
        if self._timer is None:
            return False
        self._timer.cancel()
        self._timer = None
        way = (self.unit.now - self._from) / TRAVEL * 100
        if self._target > self.position:
            self.position = min(self._target, self.position + way)
        else:
            self.position = max(self._target, self.position - way)
        return True

    def _arrive(self) -> None:
        self._timer = None
        self.position = self._target
        self.stopped()

    def moving(self, up: bool) -> None:
        """It has begun to move."""
        raise NotImplementedError

    def stopped(self) -> None:
        """It rests at C{position}."""
        raise NotImplementedError

    def draw(self) -> float | None:
        return 0.0 if self._timer is None else 1.0


class Shutter(Travel):
    """A shutter between up and down: it reports raising and lowering, and rest where it is stopped halfway."""

    __slots__ = ()

    functionalities = frozenset({"UpDownRestFunctionality"})
    states = frozenset({"ShutterState", "MovingUpDownState"})
    commands = {
        "UpCommand": "up",
        "DownCommand": "down",
        "RestCommand": "rest",
        "StepUpCommand": "stepUp",
        "StepDownCommand": "stepDown",
    }

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self.position = unit.dice.pick((0.0, 100.0, 100.0, 50.0))
        self.stopped()

    def moving(self, up: bool) -> None:
        self.unit.put("ShutterState", "raising" if up else "lowering")
        self.unit.put("MovingUpDownState", "raising" if up else "lowering")
        self.unit.tell("MovingUpNotification" if up else "MovingDownNotification")

    def stopped(self) -> None:
        state, notification = {0.0: ("down", "RestDown"), 100.0: ("up", "RestUp")}.get(
            round(self.position, 3), ("rest", "Rest")
        )
        self.unit.put("ShutterState", state)
        self.unit.put("MovingUpDownState", "notMoving")
        self.unit.tell(f"{notification}Notification")

    def up(self, args: Args) -> None:
        self.travel(100.0)

    def down(self, args: Args) -> None:
        self.travel(0.0)

    def rest(self, args: Args) -> None:
        if self.halt():
            self.stopped()

    def stepUp(self, args: Args) -> None:
        self.halt()
        self.travel(min(100.0, self.position + 10))

    def stepDown(self, args: Args) -> None:
        self.halt()
        self.travel(max(0.0, self.position - 10))

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return (self.unit.slot("ShutterState"),)


class Shade(Travel):
    """A shade: its level is how far it is open. It says while it moves, and its level every second of the way."""

    __slots__ = ("_report",)

    states = frozenset({"ShadeState"})
    commands = {"SetCommand": "set", "StepUpCommand": "stepUp", "StepDownCommand": "stepDown"}

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self.position = float(10 * round(unit.dice.between(0, 10)))
        self._report: Timer | None = None
        self._put(self.position)
        unit.put("MovementState", "notMoving")

    def _put(self, position: float) -> None:
        self.unit.put("ShadeState", round(position))

    def moving(self, up: bool) -> None:
        self.unit.put("MovementState", "isMoving")
        if self._report is None:
            self._report = self.unit.after(1.0, self._underWay)

    def _underWay(self) -> None:
        self._report = None
        if self._timer is not None:
            way = (self.unit.now - self._from) / TRAVEL * 100
            self._put(self.position + (way if self._target > self.position else -way))
            self._report = self.unit.after(1.0, self._underWay)

    def stopped(self) -> None:
        self._put(self.position)
        self.unit.put("MovementState", "notMoving")

    def turned(self, on: bool) -> None:
        self.travel(100.0 if on else 0.0)

    def set(self, args: Args) -> None:
        self.travel(float(levelOf(args, "value")))

    def stepUp(self, args: Args) -> None:
        self.halt()
        self.travel(min(100.0, self.position + 10))

    def stepDown(self, args: Args) -> None:
        self.halt()
        self.travel(max(0.0, self.position - 10))

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return (self.unit.slot("ShadeState"), self.unit.slot("MovementState"))


class ShutterButton(Behaviour):
    """A button with two sides and a rest position between them, used morning and evening."""

    __slots__ = ()

    notifications = frozenset({"PressedUpNotification", "PressedDownNotification"})
    states = frozenset({"UpDownRestState"})
    _interval = 1800.0

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        unit.put("UpDownRestState", "rest")

    def wake(self) -> None:
        self.unit.after(self.unit.people(self._interval), self._press)

    def _press(self) -> None:
        up = self.unit.dice.chance(0.5)
        self.unit.put("UpDownRestState", "up" if up else "down")
        self.unit.tell("PressedUpNotification" if up else "PressedDownNotification")
        self.unit.relay("UpCommand" if up else "DownCommand")
        self.unit.after(0.4, self._release)

    def _release(self) -> None:
        self.unit.put("UpDownRestState", "rest")
        self.unit.after(self.unit.people(self._interval), self._press)

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return (self.unit.slot("UpDownRestState"),)
