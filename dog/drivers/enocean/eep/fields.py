"""What an equipment profile is made of: fields of bits with their meaning. Pure.

Bits are counted as the specification counts them: offset 0 is the highest bit of the first payload byte.

Source: EnOcean Equipment Profiles (EEP) 2.6, "General information: bit offsets, ranges and scales".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from dog.drivers.enocean.eep.sources import sourceOf

#: A decoded value: a number in the field's unit, a named meaning, or a bare number.
Decoded = Decimal | str | int


class BadValue(ValueError):
    """A value that a field can't carry."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a telegram.

    @ivar name: the shortcut in the specification.
    @ivar raw: the raw values at the two ends of the range; they may run downwards. Outside it, the field has no value.
    @ivar scaled: the values at the two ends, in C{unit}.
    @ivar quantity: what it measures: a quantity of the device catalogue, or C{contact}, C{motion} ...
    @ivar meanings: (first raw value, last raw value, meaning), for fields that name things.
    @ivar only: (field, raw value): it has a value only where that field has this one.
    @ivar power: (field, factor, addend): its value times ten to the power of factor x that field + addend.
    """

    name: str
    offset: int
    size: int
    raw: tuple[int, int] | None = None
    scaled: tuple[Decimal, Decimal] | None = None
    unit: str = ""
    quantity: str | None = None
    meanings: tuple[tuple[int, int, str], ...] = ()
    only: tuple[str, int] | None = None
    power: tuple[str, int, int] | None = None

    def get(self, payload: bytes) -> int:
        """Its raw value. The payload must reach that far."""
        shift = len(payload) * 8 - self.offset - self.size
        return int.from_bytes(payload, "big") >> shift & (1 << self.size) - 1

    def put(self, payload: bytes, raw: int) -> bytes:
        """The payload with this raw value in the field."""
        if not 0 <= raw < 1 << self.size:
            raise BadValue(f"{self.name}: {raw} does not fit {self.size} bits")
        shift = len(payload) * 8 - self.offset - self.size
        mask = (1 << self.size) - 1 << shift
        return (int.from_bytes(payload, "big") & ~mask | raw << shift).to_bytes(len(payload), "big")

    def decode(self, raw: int) -> Decoded | None:
        """The value of a raw value; None where it has none. C{power} is not yet taken into account."""
        if self.meanings:
            return next((text for low, high, text in self.meanings if low <= raw <= high), None)
        if self.raw is None:
            return raw
        if not min(self.raw) <= raw <= max(self.raw):
            return None
        if self.scaled is None:
            return raw
        low, step, digits = _scale(self.raw, self.scaled)
        return _rounded(low + (raw - self.raw[0]) * step, digits)

    def encode(self, value: Decoded) -> int:
        """The raw value nearest to a value. Raises L{BadValue}."""
        if self.meanings:
            found = next((low for low, _, text in self.meanings if text == value), None)
            if found is None:
                raise BadValue(f"{self.name}: {value!r} is none of {', '.join(text for _, _, text in self.meanings)}")
            return found
        if isinstance(value, str):
            raise BadValue(f"{self.name} is a number, not {value!r}")
        raw = int(value)
        if self.raw is not None:
            if self.scaled is not None:
                low, step, _ = _scale(self.raw, self.scaled)
                raw = round((Fraction(value) - low) / step) + self.raw[0]
            if not min(self.raw) <= raw <= max(self.raw):
                raise BadValue(f"{self.name}: {value} is out of range")
        return raw


@lru_cache(maxsize=1024)
def _scale(raw: tuple[int, int], scaled: tuple[Decimal, Decimal]) -> tuple[Fraction, Fraction, int]:
    """Value at the first end, value per raw step, and the decimal places with which values are told.

    All of them where they end; otherwise so many that the rounding is at most a twentieth of a step.
    """
    low = Fraction(scaled[0])
    step = (Fraction(scaled[1]) - low) / (raw[1] - raw[0])
    for digits in range(8):
        if (step * 10**digits).denominator == 1 and (low * 10**digits).denominator == 1:
            return low, step, digits
    digits = 0
    while Fraction(1, 10**digits) > abs(step) / 10:
        digits += 1
    return low, step, digits


def _rounded(value: Fraction, digits: int) -> Decimal:
    number = Decimal(round(value * 10**digits)).scaleb(-digits)
    return number if number else number.copy_abs()


@dataclass(frozen=True, slots=True)
class Case:
    """One of the telegrams of a profile.

    @ivar size: bytes of its payload, at least.
    @ivar match: (offset, size, value): bits that tell it from the others.
    @ivar status: (mask, value) of the status byte that tell it from the others.
    @ivar fromDevice: whether the device sends it, or is sent it.
    """

    name: str
    fields: tuple[Field, ...]
    size: int
    match: tuple[int, int, int] | None = None
    status: tuple[int, int] | None = None
    fromDevice: bool = True

    def fits(self, payload: bytes, status: int, fromDevice: bool) -> bool:
        if len(payload) < self.size or self.fromDevice is not fromDevice:
            return False
        if self.status is not None and status & self.status[0] != self.status[1]:
            return False
        return self.match is None or Field("", *self.match[:2]).get(payload) == self.match[2]

    def decode(self, payload: bytes) -> dict[str, tuple[Field, Decoded]]:
        """Field name -> (the field, its value), of all fields that have one here."""
        raws = {each.name: each.get(payload) for each in self.fields}
        found: dict[str, tuple[Field, Decoded]] = {}
        for each in self.fields:
            if each.only is not None and raws[each.only[0]] != each.only[1]:
                continue
            value = each.decode(each.get(payload))
            if value is None:
                continue
            if each.power is not None:
                name, factor, addend = each.power
                value = shifted(Decimal(value), factor * raws[name] + addend)
            found[each.name] = (each, value)
        return found

    def encode(self, values: Mapping[str, Decoded], base: bytes = b"") -> bytes:
        """A payload with these values; the other bits as in C{base}, or 0. Raises L{BadValue}."""
        payload = base or bytes(self.size)
        if self.match is not None:
            payload = Field("", *self.match[:2]).put(payload, self.match[2])
        missing = set(values) - {each.name for each in self.fields}
        if missing:
            raise BadValue(f"{self.name} has no {', '.join(sorted(missing))}")
        for each in sorted(self.fields, key=lambda field: field.only is not None or field.power is not None):
            if each.name not in values or (each.only is not None and self._raw(payload, each.only[0]) != each.only[1]):
                continue
            value = values[each.name]
            if each.power is not None and not isinstance(value, str):
                name, factor, addend = each.power
                value = shifted(Decimal(value), -(factor * self._raw(payload, name) + addend))
            payload = each.put(payload, each.encode(value))
        return payload

    def _raw(self, payload: bytes, name: str) -> int:
        return next(each for each in self.fields if each.name == name).get(payload)


def shifted(number: Decimal, places: int) -> Decimal:
    """Times ten to the power of C{places}, exactly, and never written with an exponent."""
    moved = number.scaleb(places)
    return moved.quantize(Decimal(1)) if places > 0 and moved == moved.to_integral_value() else moved


@dataclass(frozen=True, slots=True)
class Profile:
    """An equipment profile.

    @ivar eep: C{"A5-02-05"}, in upper case.
    @ivar cycle: seconds between two telegrams at most, where the specification says so.
    """

    eep: str
    title: str
    cases: tuple[Case, ...]
    cycle: float | None = None

    @property
    def rorg(self) -> int:
        return int(self.eep[:2], 16)

    @property
    def source(self) -> str:
        """Where its bits are laid down, and what they were compared with."""
        return sourceOf(self.eep)

    def case(self, payload: bytes, status: int = 0, fromDevice: bool = True) -> Case | None:
        """Which of its telegrams this is; None if it is none of them."""
        return next((each for each in self.cases if each.fits(payload, status, fromDevice)), None)

    def named(self, name: str) -> Case:
        return next(each for each in self.cases if each.name == name)

    def decode(self, payload: bytes, status: int = 0, fromDevice: bool = True) -> dict[str, Decoded]:
        """Field name -> value; empty for a telegram that the profile does not have."""
        case = self.case(payload, status, fromDevice)
        return {} if case is None else {name: value for name, (_, value) in case.decode(payload).items()}
