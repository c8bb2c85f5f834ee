"""Equipment profiles as data. See C{fields} for what they are made of, C{sensors} and C{others} for the tables."""

from __future__ import annotations

import re

from dog.drivers.enocean.eep import others, sensors
from dog.drivers.enocean.eep.fields import BadValue, Case, Decoded, Field, Profile

__all__ = ["PROFILES", "BadValue", "Case", "Decoded", "Field", "Profile", "normalEEP", "profileOf"]

#: EEP in upper case -> its profile.
PROFILES = {each.eep: each for each in (*sensors.PROFILES, *others.PROFILES)}

_EEP = re.compile(r"[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}", re.ASCII | re.IGNORECASE)


def normalEEP(text: str) -> str | None:
    """C{"A5-02-0A"} for any case it is written in; None if it is no EEP."""
    return text.strip().upper() if _EEP.fullmatch(text.strip()) else None


def profileOf(eep: str) -> Profile | None:
    return PROFILES.get(normalEEP(eep) or "")
