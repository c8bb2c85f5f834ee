"""Buttons that people press and let go."""

from __future__ import annotations

from dog.drivers.simulated.behaviour import Behaviour
from dog.drivers.simulated.device import SimulatedDevice
from dog.drivers.simulated.gauge import declaredParam
from dog.drivers.simulated.onoff import OnOff
from dog.model.values import Slot


class Button(Behaviour):
    """One button: its OnOffState is on while it is pressed. It toggles what it controls."""

    __slots__ = ()

    notifications = frozenset({"PressedNotification", "ReleasedNotification"})
    pause = 600.0

    def wake(self) -> None:
        self.unit.after(self.unit.people(self.pause), self._press)

    def _press(self) -> None:
        self._show(True)
        self.unit.relay("ToggleCommand")
        self.unit.after(self.unit.dice.between(0.15, 0.6), self._release)

    def _release(self) -> None:
        self._show(False)
        self.unit.after(self.unit.people(self.pause), self._press)

    def _show(self, pressed: bool) -> None:
        onoff = self.unit.part(OnOff)
        if onoff is not None:
            onoff.follow("on" if pressed else "off")
        self.unit.tell("PressedNotification" if pressed else "ReleasedNotification")


class Buttons(Behaviour):
    """Several buttons, told apart by C{buttonID}: as declared in home.xml, else 1 and 2.

    The first switches on what the device controls, the second switches it off, and so on in turn.
    """

    __slots__ = ("_ids",)

    states = frozenset({"MultipleOnOffState"})
    notifications = frozenset({"PressedMNotification", "ReleasedMNotification"})
    pause = 600.0

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        declared = declaredParam(unit.device, "buttonID", "MultipleOnOffState", "PressedMNotification")
        self._ids = declared or ("1", "2")
        for slot in self.slots():
            unit.put(slot, "off")

    def wake(self) -> None:
        self.unit.after(self.unit.people(self.pause), self._press)

    def _press(self) -> None:
        index = self.unit.dice.bits() % len(self._ids)
        self._show(index, True)
        self.unit.relay("OffCommand" if index % 2 else "OnCommand")
        self.unit.after(self.unit.dice.between(0.15, 0.6), self._release, index)

    def _release(self, index: int) -> None:
        self._show(index, False)
        self.unit.after(self.unit.people(self.pause), self._press)

    def _show(self, index: int, pressed: bool) -> None:
        id = self._ids[index]
        self.unit.put(self.unit.slot("MultipleOnOffState", buttonID=id), "on" if pressed else "off")
        self.unit.tell("PressedMNotification" if pressed else "ReleasedMNotification", buttonID=id)

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return tuple(self.unit.slot("MultipleOnOffState", buttonID=id) for id in self._ids)
