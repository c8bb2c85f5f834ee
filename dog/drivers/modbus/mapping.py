"""What a device's registers mean: readings out of numbers, and where commands write. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from dog.drivers.modbus.registers import Register
from dog.model.device import Device
from dog.model.measure import BadMeasure, Measure
from dog.model.values import Features, Pulse, Slot, Value


@dataclass(frozen=True, slots=True)
class Source:
    """A register that tells something.

    @ivar slot: of which state; None: it is told as a pulse when it changes.
    @ivar means: (raw number, discrete value): what the register says; raw None: anything but 0.
    @ivar zero: the discrete value that a 0 means.
    @ivar unit: of the measure; None: a plain number.
    """

    register: Register
    notification: str | None
    slot: Slot | None
    means: tuple[Decimal | None, str] | None = None
    zero: str | None = None
    unit: str | None = None
    keys: Features = ()


@dataclass(frozen=True, slots=True)
class Target:
    """Where a command writes, and what.

    @ivar raw: what it always writes; None: its parameter, or a step.
    @ivar unit: what a parameter is converted to. @ivar step: what is added to what is there (0..100).
    @ivar assumed: what the state is once the unit has acknowledged, if no register tells; None: the number written.
    """

    register: Register
    raw: Decimal | None = None
    unit: str | None = None
    step: int = 0
    assumed: tuple[tuple[Slot, Value | None], ...] = ()


@dataclass(frozen=True)
class RegisterMap:
    """Everything about the registers of one device.

    @ivar targets: realCommandName -> target. @ivar problems: what of its description is of no use, in words.
    """

    device: Device
    sources: tuple[Source, ...] = ()
    targets: Mapping[str, Target] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def registers(self) -> tuple[Register, ...]:
        """What is to be read, each once."""
        return tuple(dict.fromkeys(each.register for each in self.sources))

    @property
    def units(self) -> frozenset[int]:
        return frozenset(each.unit for each in (*self.registers, *(one.register for one in self.targets.values())))

    def values(
        self, numbers: Mapping[Register, Decimal | None], heard: Iterable[Register]
    ) -> list[tuple[Slot, Value]]:
        """The states that follow from C{numbers}, of those that a register in C{heard} has a say in."""
        told = set(heard)
        slots = dict.fromkeys(each.slot for each in self.sources if each.slot is not None and each.register in told)
        found: list[tuple[Slot, Value]] = []
        for slot in slots:
            value = self._value([each for each in self.sources if each.slot == slot], numbers)
            if value is not None:
                found.append((slot, value))
                found += self._onOff(slot, value)
        return found

    def _value(self, sources: list[Source], numbers: Mapping[Register, Decimal | None]) -> Value | None:
        zero = None
        for each in sources:
            number = numbers.get(each.register)
            if number is None:
                continue
            if each.means is None:
                return _carried(number, each.unit)
            raw, value = each.means
            if number == raw or (raw is None and number != 0):
                return value
            zero = zero or each.zero
        return zero

    def _onOff(self, slot: Slot, value: Value) -> Iterator[tuple[Slot, Value]]:
        """A dimmer of which only the level can be read is off at 0."""
        if slot.state == "LevelState" and "OnOffState" in self.device.states and isinstance(value, (int, float)):
            onOff = Slot(slot.device, "OnOffState")
            if all(each.slot != onOff for each in self.sources):
                yield onOff, "on" if value > 0 else "off"

    def pulses(
        self, before: Mapping[Register, Decimal | None], numbers: Mapping[Register, Decimal | None]
    ) -> list[Pulse]:
        """What happened, as far as no state tells it: a value that changed, a signal that came."""
        found = []
        for each in self.sources:
            old, new = before.get(each.register), numbers.get(each.register)
            if each.slot is not None or each.notification is None or old is None or new is None or old == new:
                continue
            kind = self.device.notifications[each.notification]
            params: dict[str, Value] = dict(each.keys)
            if kind.valueParam is not None:
                params[kind.valueParam] = Measure.of(new, each.unit or "")
            elif new == 0:
                continue
            found.append(Pulse(self.device.id, each.notification, params))
        return found


def _carried(number: Decimal, unit: str | None) -> Value:
    if unit is not None:
        return Measure.of(number, unit)
    return int(number) if number == number.to_integral_value() else float(number)


def numberOf(value: Value, unit: str | None) -> Decimal:
    """The number of a command's parameter, in C{unit} where it has one. ValueError if it has none."""
    if isinstance(value, bool):
        return Decimal(int(value))
    if isinstance(value, (int, float)):
        return Decimal(str(value))
    try:
        measure = Measure.parse(value) if isinstance(value, str) else value
        if isinstance(measure, Measure):
            return (measure.to(unit) if unit and measure.unit else measure).number
    except BadMeasure as error:
        raise ValueError(str(error)) from None
    raise ValueError(f"{value} is no number")
