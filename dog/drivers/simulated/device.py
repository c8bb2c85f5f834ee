"""One simulated device: its values, its behaviours, and what it tells its port."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from dog.drivers.simulated.behaviour import Args, Behaviour
from dog.drivers.simulated.dice import Dice
from dog.drivers.simulated.gauge import Gauge, declaredParam, gauge
from dog.drivers.simulated.plan import Plan
from dog.drivers.simulated.timers import Timer
from dog.interfaces import IDeviceDriver, IDevicePort
from dog.model.command import Command, Outcome, Stage
from dog.model.device import Device
from dog.model.refusal import Code
from dog.model.values import Pulse, Reading, Seen, Slot, Value, features

if TYPE_CHECKING:
    from dog.drivers.simulated.link import SimulatedLink
    from dog.drivers.simulated.meters import Electricity
    from dog.drivers.simulated.world import Room

_B = TypeVar("_B", bound=Behaviour)


class Refuses(Exception):
    """Raised by a behaviour: the device refuses this command, in these words."""


@implementer(IDeviceDriver)
class SimulatedDevice:
    """A device without a bus.

    Behaviours change it with L{put} and L{tell}, always inside L{run} (timers) or L{send}: whatever they change
    there is reported together, as one step.

    @ivar live: attached, on a link that runs.
    @ivar values: slot -> value, every state of the device.
    @ivar nominal: watts it draws when fully on. @ivar watts: what it draws itself now.
    @ivar gate: the share (0..1) of what is plugged into it that it lets through.
    @ivar meter: its electricity meter, if it is one.
    """

    __slots__ = (
        "_last",
        "_pulses",
        "_readings",
        "device",
        "dice",
        "gate",
        "id",
        "link",
        "live",
        "meter",
        "nominal",
        "parts",
        "plan",
        "port",
        "values",
        "watts",
    )

    def __init__(self, link: SimulatedLink, device: Device, port: IDevicePort, plan: Plan) -> None:
        self.link = link
        self.device = device
        self.id = device.id
        self.port = port
        self.plan = plan
        self.live = False
        self.dice = Dice(link.seed, device.id)
        self.values: dict[Slot, Value] = {}
        self.nominal = plan.nominal(device)
        self.watts = 0.0
        self.gate = 1.0
        self.meter: Electricity | None = None
        self._readings: dict[Slot, Reading] = {}
        self._pulses: list[Pulse] = []
        self._last: dict[str, Mapping[str, Value]] = {}
        self.parts: tuple[Behaviour, ...] = ()
        for behaviour in plan.behaviours:
            self.parts = (*self.parts, behaviour(self))
        self._readings.clear()
        self._pulses.clear()

    # -- life -------------------------------------------------------------------------------------

    def wake(self) -> None:
        """The link runs: report everything, and set the behaviours going."""
        self.live = True
        for part in self.parts:
            part.begin()
        self._taken()
        self.loaded()
        self._report()
        for part in self.parts:
            part.wake()
        self.flush()

    def _report(self) -> None:
        """Every value; what did not change is told to nobody."""
        if self.values:
            self.port.observed(*(Reading(slot, value) for slot, value in self.values.items()))

    def after(self, seconds: float, call: Callable[..., object], *args: object) -> Timer:
        """Run C{call} later, as one step of this device."""
        return self.link.timers.after(seconds, lambda: self.run(call, *args))

    def run(self, call: Callable[..., object], *args: object) -> None:
        if self.live:
            call(*args)
            self.flush()

    def flush(self) -> None:
        """Report what changed since the last time."""
        seen = self._taken()
        if seen and self.live:
            self.port.observed(*seen)

    def _taken(self) -> tuple[Seen, ...]:
        if not self._readings and not self._pulses:
            return ()
        seen: tuple[Seen, ...] = (*self._readings.values(), *self._pulses)
        self._readings.clear()
        self._pulses.clear()
        return seen

    # -- what behaviours use ------------------------------------------------------------------------

    def has(self, name: str) -> bool:
        """Is this one of the device's functionalities, states or notifications?"""
        return name in self.plan.names

    def part(self, kind: type[_B]) -> _B | None:
        """The behaviour of that kind, if the device has it."""
        return next((each for each in self.parts if isinstance(each, kind)), None)

    @property
    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return self.link.now()

    @property
    def room(self) -> Room:
        return self.link.room(self.device.isIn or self.id)

    def slot(self, state: str, **named: str) -> Slot:
        return Slot(self.id, state, features(**named))

    def get(self, state: str) -> Value | None:
        """The value of a state without key parameters."""
        return self.values.get(Slot(self.id, state))

    def put(self, where: str | Slot, value: Value) -> None:
        """The state now has this value. Reported if it is another one; a state that the device lacks is ignored."""
        slot = Slot(self.id, where) if isinstance(where, str) else where
        if slot.state not in self.plan.states:
            return
        if self.values.get(slot) == value:
            return
        self.values[slot] = value
        self._readings[slot] = Reading(slot, value)

    def tell(self, notification: str, **params: Value) -> None:
        """It happened. A pulse, unless a state of the device tells it; ignored if the class has no such thing."""
        if notification in self.plan.pulses:
            if notification in self.plan.valued:
                self._last[notification] = params
            self._pulses.append(Pulse(self.id, notification, params))

    def repeat(self, slots: Iterable[Slot]) -> bool:
        """Report these even though they did not change. Whether there was any."""
        found = [slot for slot in slots if slot in self.values]
        for slot in found:
            self._readings[slot] = Reading(slot, self.values[slot], forced=True)
        return bool(found)

    def retell(self, notifications: Iterable[str]) -> bool:
        """Tell again what these notifications told last. Whether there was any."""
        found = [each for each in notifications if each in self._last]
        self._pulses += (Pulse(self.id, each, self._last[each]) for each in found)
        return bool(found)

    def gauge(self, quantity: str | None, state: str | None, notification: str | None) -> Gauge:
        """How this device tells a quantity: in the unit that home.xml declares, else in the catalogue's.

        @param state: the state that holds it, None if only C{notification} tells it.
        """
        declared = None
        if self.device.declaredStates or self.device.notificationFunctionalities:
            declared = next(iter(declaredParam(self.device, "unitOfMeasure", state, notification)), None)
        return gauge(quantity, declared, state is not None and state in self.plan.plain)

    def turned(self, on: bool) -> None:
        """Tell every behaviour that the device was switched."""
        for part in self.parts:
            part.turned(on)
        self.loaded()

    def loaded(self) -> None:
        """What the device draws may have changed."""
        if not self.live:
            return
        duties = [duty for duty in (part.draw() for part in self.parts) if duty is not None]
        watts = 0.0
        gate = 1.0
        for duty in duties:
            gate *= duty
        if duties and not self.link.feeds(self.id):
            watts = self.nominal * gate
        if watts != self.watts or gate != self.gate:
            self.link.drawing(self, watts, gate)

    def relay(self, command: str, **args: Value) -> None:
        """Whoever is at this device thereby operates those it C{controls}."""
        for id in self.device.controls:
            self.link.operate(id, command, args)

    def people(self, mean: float) -> float:
        """Seconds until people do it again: about C{mean} while they are about, longer at night."""
        return self.dice.about(mean) / self.link.world.bustle(self.now)

    # -- commands -------------------------------------------------------------------------------------

    def send(self, command: Command) -> Deferred[Outcome]:
        self.link.rouse(self)
        if not self.live:
            return succeed(
                Outcome(Stage.FAILED, Code.UNREACHABLE.value, f"{self.id} is not attached to a running link")
            )
        if not self.link.latency:
            return succeed(self.obey(command))
        return self.link.later(lambda: self.obey(command))

    def refresh(self) -> None:
        if self.live:
            self.after(0.0, self._report)

    def obey(self, command: Command) -> Outcome:
        """Do it; the outcome proves what has changed at once. Fades and travels go on by themselves."""
        if not self.live:
            return Outcome(Stage.FAILED, Code.UNREACHABLE.value, f"{self.id} was detached")
        self.flush()
        try:
            self._obey(command.type.cls, command.args)
        except Refuses as refused:
            self._taken()
            return Outcome(Stage.FAILED, Code.BUS_REFUSED.value, str(refused))
        return Outcome(Stage.CONFIRMED, seen=self._taken())

    def operate(self, command: str, args: Args) -> None:
        """Obey another device rather than a client."""
        try:
            self._obey(command, args)
        except Refuses:
            self._readings.clear()
            self._pulses.clear()

    def _obey(self, command: str, args: Args) -> None:
        obeyed = self.plan.commands.get(command, ())
        for index, method in obeyed:
            part = self.parts[index]
            if getattr(part, method)(args) is not False:
                if not self._readings and not self._pulses:
                    self._prove(part)
                return
        if obeyed:
            raise Refuses(f"{self.id} can't do this with " + ", ".join(f"{key} {args[key]}" for key in args))
        for index in self.plan.queries.get(command, ()):
            part = self.parts[index]
            slots = part.slots(command)
            answered = self.repeat(_matching(slots, args))
            if not answered and slots and args:
                raise Refuses(f"{self.id} has no value for " + ", ".join(f"{key} {args[key]}" for key in args))
            if answered or self.retell(part.retold(command)):
                return
        self._proveAnything()

    def _prove(self, part: Behaviour) -> None:
        """It was so already: say how it is."""
        for slot in part.slots():
            if slot in self.values:
                self._readings[slot] = Reading(slot, self.values[slot])
        if not self._readings:
            self._proveAnything()

    def _proveAnything(self) -> None:
        """Nothing in the class shows what was done: its states are told anew, and the values it told last."""
        self.repeat(self.values)
        self.retell(tuple(self._last))


def _matching(slots: Iterable[Slot], args: Args) -> list[Slot]:
    """The slots whose key parameters are what the arguments ask for. Two phases name the voltage between them."""
    texts = {str(value).strip().removesuffix("N") for value in args.values()}
    if not texts:
        return list(slots)
    digits = sorted(text.lstrip("L") for text in texts)
    found = []
    for slot in slots:
        own = {value for _, value in slot.features}
        pair = len(digits) == 2 and any(sorted(value.lstrip("L")) == digits for value in own)
        if own <= texts or pair:
            found.append(slot)
    return found
