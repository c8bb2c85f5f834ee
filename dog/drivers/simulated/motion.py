"""What people do where sensors see it: move, be there; and what alarms are for."""

from __future__ import annotations

from dog.drivers.simulated.behaviour import Behaviour
from dog.drivers.simulated.device import SimulatedDevice
from dog.drivers.simulated.onoff import OnOff
from dog.model.values import Slot


class Seen(Behaviour):
    """Something comes and goes. The base of what follows.

    @cvar spells: seconds that it stays, from .. to. @cvar pause: seconds between two spells while people are about.
    """

    __slots__ = ("_here",)

    state = ""
    values = ("", "")
    tells = ("", "")
    spells = (10.0, 40.0)
    pause = 150.0

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self._here = False
        unit.put(self.state, self.values[False])

    def wake(self) -> None:
        self.unit.after(self.unit.link.first(self.unit.dice, self.pause), self._change)

    def _change(self) -> None:
        self.show(not self._here)
        if self._here:
            self.unit.after(self.unit.dice.between(*self.spells), self._change)
        else:
            self.unit.after(self.unit.dice.about(self.pause) / self.hurry(), self._change)

    def show(self, here: bool) -> None:
        self._here = here
        self.unit.put(self.state, self.values[here])
        self.unit.tell(self.tells[here])

    def hurry(self) -> float:
        """How much more often it comes now, 0.1..1."""
        return self.unit.link.world.bustle(self.unit.now)

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return (self.unit.slot(self.state),)


class Movement(Seen):
    """Somebody walks past a movement sensor."""

    __slots__ = ()

    states = frozenset({"MovementState"})
    notifications = frozenset({"SimpleMovementNotification", "SimpleNoMovementNotification"})
    state = "MovementState"
    values = ("notMoving", "isMoving")
    tells = ("SimpleNoMovementNotification", "SimpleMovementNotification")

    @classmethod
    def fits(cls, names: frozenset[str]) -> bool:
        return super().fits(names) and names.isdisjoint({"OpenCloseFunctionality", "ShadeState"})


class Presence(Seen):
    """Somebody stays in the room for a while."""

    __slots__ = ()

    states = frozenset({"PresenceState"})
    state = "PresenceState"
    values = ("notPresent", "present")
    tells = ("NotPresentNotification", "IsPresentNotification")
    spells = (240.0, 2400.0)
    pause = 1200.0


class Occupancy(Presence):
    """The same, in an OccupancyState; also of those that can be asked for it and have no state."""

    __slots__ = ()

    states = frozenset({"OccupancyState"})
    queries = frozenset({"GetOccupancyCommand"})
    functionalities = frozenset({"OccupancySensingFunctionality"})
    state = "OccupancyState"
    values = ("noPersonInside", "personInside")


class Infrared(Seen):
    """Something warm passes an infrared barrier."""

    __slots__ = ()

    states = frozenset({"SensingState"})
    state = "SensingState"
    values = ("notDetected", "detected")
    tells = ("NotDetectedNotification", "DetectedNotification")

    @classmethod
    def fits(cls, names: frozenset[str]) -> bool:
        return super().fits(names) and "OnNotification" not in names


class Alarm(Seen):
    """Smoke, gas or water where it should not be: a false alarm or a test, a few times a day."""

    __slots__ = ()

    states = frozenset({"SensingState"})
    state = "SensingState"
    values = ("notDetected", "detected")
    tells = ("OffNotification", "OnNotification")
    spells = (60.0, 180.0)
    pause = 5 * 3600.0

    @classmethod
    def fits(cls, names: frozenset[str]) -> bool:
        return super().fits(names) and "OnNotification" in names

    def wake(self) -> None:
        self.unit.after(self.unit.dice.between(900.0, self.pause), self._change)

    def show(self, here: bool) -> None:
        super().show(here)
        onoff = self.unit.part(OnOff)
        if onoff is not None and self.unit.has("OnOffState"):
            onoff.follow("on" if here else "off")

    def hurry(self) -> float:
        return 1.0
