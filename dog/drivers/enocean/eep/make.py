"""Short ways of writing the tables of profiles down."""

from __future__ import annotations

from decimal import Decimal

from dog.drivers.enocean.eep.fields import Case, Field, Profile

Only = tuple[str, int] | None


def linear(
    name: str,
    offset: int,
    size: int,
    raw: tuple[int, int],
    scaled: tuple[str, str],
    unit: str,
    quantity: str | None = None,
    only: Only = None,
) -> Field:
    """A field that grows evenly from end to end."""
    return Field(name, offset, size, raw, (Decimal(scaled[0]), Decimal(scaled[1])), unit, quantity, only=only)


def named(name: str, offset: int, size: int, *texts: str, quantity: str | None = None) -> Field:
    """A field whose raw values 0, 1, 2 ... have names; one that is empty has none."""
    meanings = tuple((raw, raw, text) for raw, text in enumerate(texts) if text)
    return Field(name, offset, size, quantity=quantity, meanings=meanings)


def flag(name: str, offset: int) -> Field:
    return named(name, offset, 1, "no", "yes")


def temperature(offset: int, raw: tuple[int, int], low: str, high: str, size: int = 8, only: Only = None) -> Field:
    return linear("TMP", offset, size, raw, (low, high), "C", "temperature", only)


#: LRN bit: 0 is a teach-in telegram, of which the other fields are no data.
LEARN = named("LRNB", 28, 1, "teach-in", "data")


def fourBytes(eep: str, title: str, *fields: Field, cycle: float | None = None) -> Profile:
    """A 4BS profile with a single telegram: four bytes, the LRN bit set."""
    return Profile(eep, title, (Case("data", (*fields, LEARN), 4, match=(28, 1, 1)),), cycle)
