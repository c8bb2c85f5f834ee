"""Sensors of nothing in particular, and things worn: values that drift until they are set, a display."""

from __future__ import annotations

from dog.drivers.simulated.behaviour import Args, Behaviour, numberOf
from dog.drivers.simulated.device import Refuses, SimulatedDevice
from dog.drivers.simulated.gauge import Gauge, declaredParam
from dog.drivers.simulated.onoff import OnOff
from dog.drivers.simulated.timers import Timer
from dog.model.values import Slot

_CONTINUOUS = ("GenericContinuousState", "MultipleGenericContinuousState")
_DISCRETE = ("GenericDiscreteState", "MultipleGenericDiscreteState")
_WORDS = ("low", "normal", "high")


class GenericValue(Behaviour):
    """A number that walks between 0 and 100, and a word for it. Set by command, they stay so for ten minutes."""

    __slots__ = ("_gauge", "_held", "_ids", "_numbers", "_period")

    functionalities = frozenset({"GenericControlFunctionality", "MultipleGenericControlFunctionality"})
    states = frozenset({*_CONTINUOUS, *_DISCRETE})
    commands = {"SetGenericValue": "set", "SetMultipleGenericValue": "set"}
    queries = frozenset({"GetGenericValue", "GetMultipleGenericValue"})

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self._ids: tuple[str, ...] = ("",)
        if unit.has(_CONTINUOUS[1]) or unit.has(_DISCRETE[1]):
            declared = declaredParam(unit.device, "sensorID", _CONTINUOUS[1], "MultipleEventNotification")
            self._ids = declared or unit.device.paramSet("sensorID") or ("1", "2")
        self._period = unit.dice.between(60.0, 180.0)
        self._held = 0.0
        state = next((each for each in _CONTINUOUS if unit.has(each)), _CONTINUOUS[0])
        notification = "EventNotification" if self._ids == ("",) else "MultipleEventNotification"
        self._gauge: Gauge = unit.gauge("generic", state, notification)
        self._numbers = {id: unit.dice.between(20.0, 80.0) for id in self._ids}
        for id in self._ids:
            self._show(id)

    def wake(self) -> None:
        self.unit.after(self.unit.link.first(self.unit.dice, self._period), self._walk)

    def _walk(self) -> None:
        if self.unit.now >= self._held:
            for id in self._ids:
                step = self.unit.dice.between(-6.0, 6.0)
                self._numbers[id] = min(100.0, max(0.0, self._numbers[id] + step))
                self._show(id)
        self.unit.after(self._period, self._walk)

    def _show(self, id: str, word: str | None = None) -> None:
        number = self._numbers[id]
        for state in _CONTINUOUS:
            self.unit.put(self._slot(state, id), self._gauge.read(number))
        for state in _DISCRETE:
            self.unit.put(self._slot(state, id), word or _WORDS[0 if number < 33 else 1 if number < 66 else 2])

    def _slot(self, state: str, id: str) -> Slot:
        return self.unit.slot(state, **({"sensorID": id} if id else {}))

    def set(self, args: Args) -> None:
        id = str(args.get("sensorId", self._ids[0]))
        if id not in self._ids:
            raise Refuses(f"no sensor {id}, only {', '.join(self._ids)}")
        value = args.get("value")
        number = numberOf(value)
        self._held = self.unit.now + 600.0
        if number is not None:
            self._numbers[id] = number
        self._show(id, value if isinstance(value, str) and number is None else None)

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return tuple(
            self._slot(state, id) for state in (*_CONTINUOUS, *_DISCRETE) if self.unit.has(state) for id in self._ids
        )


class Display(Behaviour):
    """A watch that shows a text or plays a sound: it is on meanwhile, ten seconds at most."""

    __slots__ = ("_timer", "text")

    functionalities = frozenset({"DisplayFunctionality", "SoundFunctionality"})
    commands = {"DisplayCommand": "display", "PlayCommand": "play", "StopPlayingCommand": "stop"}

    @classmethod
    def fits(cls, names: frozenset[str]) -> bool:
        return super().fits(names) and "PlayFunctionality" not in names

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self.text = ""
        self._timer: Timer | None = None

    def _busy(self, busy: bool) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        onoff = self.unit.part(OnOff)
        if onoff is not None:
            onoff.follow("on" if busy else "off")
        if busy:
            self._timer = self.unit.after(10.0, self._busy, False)

    def display(self, args: Args) -> None:
        self.text = str(args.get("msg", ""))
        self._busy(True)

    def play(self, args: Args) -> None:
        self._busy(True)

    def stop(self, args: Args) -> None:
        self._busy(False)

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return (self.unit.slot("OnOffState"),)
