"""Doors, windows, gates, awnings: moved by a motor, or by hand and only watched."""

from __future__ import annotations

from dog.drivers.simulated.behaviour import Args, Behaviour, numberOf
from dog.drivers.simulated.device import Refuses, SimulatedDevice
from dog.drivers.simulated.timers import Timer
from dog.model.values import Slot


class Door(Behaviour):
    """A motor opens and closes: open as soon as there is a gap, closed when it has arrived.

    One that can be opened for a while closes by itself.
    """

    __slots__ = ("_again", "_timer", "travel")

    functionalities = frozenset({"OpenCloseFunctionality"})
    commands = {"OpenCommand": "open", "CloseCommand": "close", "TimedOnCommand": "timedOn"}
    _selfCloses = 30.0

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self.travel = unit.dice.between(5.0, 15.0)
        self._timer: Timer | None = None
        self._again: Timer | None = None
        unit.put("OpenCloseState", "close")
        unit.put("MovementState", "notMoving")

    def _move(self, opens: bool) -> None:
        for timer in (self._timer, self._again):
            if timer is not None:
                timer.cancel()
        self._timer = self._again = None
        moving = self.unit.get("MovementState") == "isMoving"
        if not moving and (self.unit.get("OpenCloseState") == "open") == opens:
            self._closeLater(opens)
            return
        self.unit.put("MovementState", "isMoving")
        self.unit.tell("SimpleMovementNotification")
        if opens:
            self._show("open")
        self._timer = self.unit.after(self.travel, self._arrive, opens)

    def _arrive(self, open: bool) -> None:
        self._timer = None
        self._show("open" if open else "close")
        self.unit.put("MovementState", "notMoving")
        self.unit.tell("SimpleNoMovementNotification")
        self._closeLater(open)

    def _closeLater(self, open: bool) -> None:
        if open and self._again is None and self.unit.has("TimedOnFunctionality"):
            self._again = self.unit.after(self._selfCloses, self._move, False)

    def _show(self, state: str) -> None:
        self.unit.put("OpenCloseState", state)
        self.unit.tell("OpenNotification" if state == "open" else "CloseNotification")

    def open(self, args: Args) -> None:
        self._move(True)

    def close(self, args: Args) -> None:
        self._move(False)

    def timedOn(self, args: Args) -> None:
        seconds = numberOf(args.get("timeToOff"))
        if seconds is None or seconds < 0:
            raise Refuses(f"open for {args.get('timeToOff')}: expected seconds")
        self._move(True)
        self._again = self.unit.after(self.travel + seconds, self._move, False)

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return (self.unit.slot("OpenCloseState"), self.unit.slot("MovementState"))

    def draw(self) -> float | None:
        return 0.0 if self._timer is None else 1.0


class Contact(Behaviour):
    """A contact on a door or window that people open and close."""

    __slots__ = ()

    states = frozenset({"OpenCloseState"})
    notifications = frozenset({"OpenNotification", "CloseNotification"})
    _interval = 900.0

    @classmethod
    def fits(cls, names: frozenset[str]) -> bool:
        return super().fits(names) and "OpenCloseFunctionality" not in names

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        unit.put("OpenCloseState", "close")

    def wake(self) -> None:
        self.unit.after(self.unit.link.first(self.unit.dice, self._interval), self._open)

    def _open(self) -> None:
        self.unit.put("OpenCloseState", "open")
        self.unit.tell("OpenNotification")
        self.unit.after(self.unit.dice.pick((5.0, 12.0, 40.0, 300.0)), self._close)

    def _close(self) -> None:
        self.unit.put("OpenCloseState", "close")
        self.unit.tell("CloseNotification")
        self.unit.after(self.unit.people(self._interval), self._open)

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return (self.unit.slot("OpenCloseState"),)
