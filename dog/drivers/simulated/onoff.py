"""On, off, stand-by, toggle, flash, on for a while."""

from __future__ import annotations

from dog.drivers.simulated.behaviour import Args, Behaviour, numberOf
from dog.drivers.simulated.device import Refuses, SimulatedDevice
from dog.drivers.simulated.timers import Timer
from dog.model.values import Slot

#: What stands for something else that switches this device's OnOffState.
_DRIVES = frozenset(
    {
        "ButtonNotificationFunctionality",
        "ButtonMNotificationFunctionality",
        "SensingState",
        "SoundFunctionality",
        "ThermostatControlFunctionality",
    }
)
_CONTROL = frozenset({"OnOffFunctionality", "OnOffStandByFunctionality", "ToggleFunctionality"})

#: Seconds between two times that somebody uses a switch, while people are about.
_HAND = 900.0


class OnOff(Behaviour):
    """Switches at once. Without a command of its own, it is a switch that people in the house use.

    @ivar mode: C{on}, C{off} or C{standBy}.
    """

    __slots__ = ("_timer", "mode")

    functionalities = _CONTROL | {"OnOffFlashingFunctionality"}
    states = frozenset({"OnOffState", "StandByOnOffState"})
    notifications = frozenset({"OnNotification", "OffNotification", "StandByNotification"})
    commands = {
        "OnCommand": "on",
        "OffCommand": "off",
        "StandBy": "standBy",
        "ToggleCommand": "toggle",
        "OnFlashingCommand": "on",
        "OffFlashingCommand": "off",
        "TimedOnCommand": "timedOn",
    }

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self._timer: Timer | None = None
        self.mode = "off"
        if not unit.plan.names.isdisjoint(_CONTROL) and (unit.has("StandByOnOffState") or unit.dice.chance(0.4)):
            self.mode = "on"
        for state in self.states:
            unit.put(state, self.mode)

    def wake(self) -> None:
        names = self.unit.plan.names
        if names.isdisjoint(_CONTROL) and names.isdisjoint(_DRIVES):
            self._again()

    def _hand(self) -> None:
        """Somebody uses the switch, and with it what it controls."""
        self.switch("off" if self.mode == "on" else "on")
        self.unit.relay("OnCommand" if self.mode == "on" else "OffCommand")
        self._again()

    def _again(self) -> None:
        self.unit.after(self.unit.people(_HAND), self._hand)

    def switch(self, mode: str) -> None:
        """To C{on}, C{off} or C{standBy}; what depends on it follows."""
        self.follow(mode)
        self.unit.turned(mode == "on")

    def follow(self, mode: str) -> None:
        """Show a mode that another behaviour of the device has brought about."""
        self.mode = mode
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.unit.put("OnOffState", "on" if mode == "on" else "off")
        self.unit.put("StandByOnOffState", mode)
        self.unit.tell({"on": "OnNotification", "off": "OffNotification"}.get(mode, "StandByNotification"))

    # -- commands ---------------------------------------------------------------------------------

    def on(self, args: Args) -> None:
        self.switch("on")

    def off(self, args: Args) -> None:
        self.switch("off")

    def standBy(self, args: Args) -> None:
        self.switch("standBy")

    def toggle(self, args: Args) -> None:
        self.switch("off" if self.mode == "on" else "on")

    def timedOn(self, args: Args) -> None:
        seconds = numberOf(args.get("timeToOff"))
        if seconds is None or seconds < 0:
            raise Refuses(f"on for {args.get('timeToOff')}: expected seconds")
        self.switch("on")
        self._timer = self.unit.after(seconds, self.switch, "off")

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return tuple(self.unit.slot(state) for state in ("OnOffState", "StandByOnOffState") if self.unit.has(state))

    def draw(self) -> float | None:
        return {"on": 1.0, "standBy": 0.01}.get(self.mode, 0.0)
