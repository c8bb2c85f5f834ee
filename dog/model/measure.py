"""A measure: number and unit. Parsing and rendering as data/dogont units.md lays down.

No locale, no rounding; the scale of the number is kept, exponents are written as Java's BigDecimal
writes them (which is what Python's Decimal does), a unitless measure ends in one space. Units of the same
dimension are converted exactly (L{Measure.to}).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

#: How a unit is written on output -> every spelling accepted on input. Source: units.md, "Units in use".
UNITS: dict[str, tuple[str, ...]] = {
    "": ("",),
    "C": ("C", "°C", "℃", "Celsius"),
    "%": ("%",),
    "W": ("W",),
    "kW": ("kW",),
    "Wh": ("Wh", "W·h"),
    "kWh": ("kWh",),
    "var": ("var", "Var"),
    "var·h": ("Varh", "varh", "var·h"),
    "kVarh": ("kVarh", "kvarh"),
    "VA": ("VA",),
    "kVA": ("kVA",),
    "VA·h": ("VAh", "VA·h"),
    "kVAh": ("kVAh",),
    "A": ("A",),
    "V": ("V",),
    "Hz": ("Hz",),
    "lx": ("lx", "Lux", "lux"),
    "Pa": ("Pa",),
    "hPa": ("hPa", "mbar"),
    "ppm": ("ppm",),
    "µg/m³": ("µg/m³", "ug/m3", "µg/m3"),
    "dB": ("dB",),
    "V/m": ("V/m",),
    "µT": ("µT", "uT"),
    "m³/h": ("m³/h", "m^3/h"),
    "m³": ("m³", "m^3"),
    "s": ("s",),
    "grav": ("grav",),
    "°": ("°",),
    "m": ("m",),
}

#: Unit -> the unit it is counted in, and how many of those it is as a power of ten. Others are their own.
_SCALES: dict[str, tuple[str, int]] = {
    "kW": ("W", 3),
    "kWh": ("Wh", 3),
    "kVarh": ("var·h", 3),
    "kVA": ("VA", 3),
    "kVAh": ("VA·h", 3),
    "hPa": ("Pa", 2),
}

_SPELLINGS = {spelling: unit for unit, spellings in UNITS.items() for spelling in spellings}
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)


def _unsigned(number: Decimal) -> Decimal:
    """Zero has no sign, as in BigDecimal."""
    return number if number else number.copy_abs()


class BadMeasure(ValueError):
    """Not a number followed by a unit we know. C{code} is C{bad_value} or C{bad_unit}."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def unitNamed(spelling: str) -> str | None:
    """The unit as we write it for any accepted spelling of it; None if there is none."""
    return _SPELLINGS.get(spelling.strip())


@dataclass(frozen=True, slots=True)
class Measure:
    """An exact decimal number with a unit, in the unit's output spelling."""

    number: Decimal
    unit: str = ""

    @classmethod
    def of(cls, number: int | float | str | Decimal, unit: str = "") -> Measure:
        """From a number; a float goes through its shortest decimal text.

        Raises L{BadMeasure} for an unknown unit, for infinity, not-a-number and text that is no number.
        """
        known = unitNamed(unit)
        if known is None:
            raise BadMeasure("bad_unit", f"unknown unit {unit!r}")
        try:
            decimal = Decimal(str(number) if isinstance(number, float) else number)
        except InvalidOperation:
            raise BadMeasure("bad_value", f"expected a number, got {number!r}") from None
        if not decimal.is_finite():
            raise BadMeasure("bad_value", f"expected a number, got {number!r}")
        return cls(_unsigned(decimal), known)

    @classmethod
    def parse(cls, text: str) -> Measure:
        """From text such as C{"16.648 kWh"}, C{"63"}, C{"41.0%"}. Raises L{BadMeasure}."""
        stripped = text.strip()
        match = _NUMBER.match(stripped)
        if match is None:
            raise BadMeasure("bad_value", f"expected a number followed by a unit, got {text!r}")
        rest = stripped[match.end() :]
        spelling = rest.strip()
        unit = unitNamed(spelling)
        if spelling and rest == spelling and unit not in ("%", "C"):
            raise BadMeasure("bad_value", f"expected a number, a space and a unit, got {text!r}")
        if unit is None:
            raise BadMeasure("bad_unit", f"unknown unit {spelling!r}")
        return cls(_unsigned(Decimal(match.group())), unit)

    def to(self, unit: str) -> Measure:
        """The same measure in another unit of its dimension, exactly. Raises L{BadMeasure} if it has none such."""
        known = unitNamed(unit)
        if known is None:
            raise BadMeasure("bad_unit", f"unknown unit {unit!r}")
        if known == self.unit:
            return self
        base, power = _SCALES.get(self.unit, (self.unit, 0))
        newBase, newPower = _SCALES.get(known, (known, 0))
        if base != newBase:
            raise BadMeasure("bad_unit", f"{self.unit or 'a number without unit'} can't be converted to {known!r}")
        # Not scaleb(): it rounds to the precision of the context.
        sign, digits, exponent = self.number.as_tuple()
        if not isinstance(exponent, int):
            raise BadMeasure("bad_value", f"{self.number} can't be converted")
        exponent += power - newPower
        if exponent > 0:
            digits, exponent = (digits + (0,) * exponent if any(digits) else (0,)), 0
        return Measure(Decimal((sign, digits, exponent)), known)

    def __str__(self) -> str:
        return f"{self.number} {self.unit}"
