"""The values that make sense: the range of each quantity, and of each number that a command takes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from dog.model.catalogue import Param, catalogue
from dog.model.measure import BadMeasure, Measure

Range = tuple[Decimal | None, Decimal | None]

ANY: Range = (None, None)
_POSITIVE: Range = (Decimal(0), None)
_PERCENT: Range = (Decimal(0), Decimal(100))

#: Quantity -> lowest and highest value in its default unit. What is missing has neither: a power, a current, a
#: flow may run backwards; reactive energy is signed. Levels are 0..100 whatever the bus counts (units.md).
_RANGES: Mapping[str, Range] = {
    "temperature": (Decimal("-273.15"), None),
    "relative_humidity": _PERCENT,
    "illuminance": _POSITIVE,
    "apparent_power": _POSITIVE,
    "active_energy": _POSITIVE,
    "apparent_energy": _POSITIVE,
    "energy": _POSITIVE,
    "thermal_energy": _POSITIVE,
    "voltage": _POSITIVE,
    "frequency": _POSITIVE,
    "power_factor": (Decimal(-1), Decimal(1)),
    "pulse_frequency": _POSITIVE,
    "level": _PERCENT,
    "fill_level": _PERCENT,
    "speed_level": _PERCENT,
    "volume_level": _PERCENT,
    "shade_level": _PERCENT,
    "battery_level": _PERCENT,
    "pressure": _POSITIVE,
    "co2": _POSITIVE,
    "co2_equivalent": _POSITIVE,
    "tvoc": _POSITIVE,
    "pm10": _POSITIVE,
    "pm25": _POSITIVE,
    "em_high_frequency": _POSITIVE,
    "em_low_frequency": _POSITIVE,
    "wifi_count": _POSITIVE,
    "air_quality": _POSITIVE,
    "water_volume": _POSITIVE,
    "gas_volume": _POSITIVE,
    "time": _POSITIVE,
    "oxygen_saturation": _PERCENT,
    "ph": (Decimal(0), Decimal(14)),
    "channel": _POSITIVE,
    "hue_raw": (Decimal(0), Decimal(65535)),
    "saturation_raw": (Decimal(0), Decimal(254)),
    "brightness_raw": (Decimal(0), Decimal(254)),
    "rgb_raw": (Decimal(0), Decimal(255)),
}

#: Parameters that are whole numbers without a quantity. Those of colours tolerate 255 (units.md).
_NUMBERS: Mapping[str, Range] = {
    "hour": (Decimal(0), Decimal(23)),
    "minutes": (Decimal(0), Decimal(59)),
    "seconds": (Decimal(0), Decimal(59)),
    "weekDay": (Decimal(1), Decimal(7)),
    "volume": _PERCENT,
    "channel": _POSITIVE,
    "groupID": _POSITIVE,
    "sceneNumber": _POSITIVE,
    "trackNumber": _POSITIVE,
    "warningEvent": _POSITIVE,
    "hue": _RANGES["hue_raw"],
    "saturation": (Decimal(0), Decimal(255)),
    "brightness": (Decimal(0), Decimal(255)),
    "red": _RANGES["rgb_raw"],
    "green": _RANGES["rgb_raw"],
    "blue": _RANGES["rgb_raw"],
}


def rangeOf(quantity: str | None) -> Range:
    """Lowest and highest value of a quantity in its default unit; None where there is no such bound."""
    return ANY if quantity is None else _RANGES.get(quantity, ANY)


def rangeOfParam(param: Param) -> Range:
    """The range of a parameter: that of its quantity, else of the whole number of that name."""
    return _NUMBERS.get(param.name, ANY) if param.quantity is None else rangeOf(param.quantity)


def within(value: Measure | int | float | Decimal, quantity: str | None) -> bool:
    """Is this a possible value of the quantity? A measure in any unit of it; a plain number in the default one.

    False for a unit of another dimension, for infinity and for not-a-number.
    """
    if isinstance(value, Measure):
        try:
            number = value.to(catalogue().unit(quantity)).number if quantity else value.number
        except BadMeasure:
            return False
    else:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    return number.is_finite() and inside(number, rangeOf(quantity))


def inside(number: Decimal, range: Range) -> bool:
    """Is a finite number within both bounds, themselves included?"""
    low, high = range
    return (low is None or number >= low) and (high is None or number <= high)
