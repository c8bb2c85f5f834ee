"""How a physical number becomes a reported value: unit, decimals, plain number or measure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from dog.model.catalogue import catalogue
from dog.model.device import ConfigParam, Device, paramOf
from dog.model.measure import BadMeasure, Measure, unitNamed
from dog.model.values import Value

#: Quantities whose states are plain numbers (units.md, "Decisions for ours").
PLAIN = frozenset({"channel", "level", "shade_level", "speed_level", "volume_level"})

#: Quantity -> decimals in the unit of the catalogue. Others have one.
_DECIMALS = {
    "active_energy": 3,
    "reactive_energy": 3,
    "apparent_energy": 3,
    "energy": 3,
    "thermal_energy": 3,
    "current": 3,
    "frequency": 2,
    "power_factor": 2,
    "pulse_frequency": 2,
    "flow_rate": 3,
    "water_volume": 3,
    "gas_volume": 3,
    "acceleration": 3,
    "length": 2,
    "tvoc": 2,
    "em_high_frequency": 2,
    "em_low_frequency": 2,
    "ph": 2,
    "generic": 2,
    "co2": 0,
    "co2_equivalent": 0,
    "illuminance": 0,
    "pressure": 0,
    "wifi_count": 0,
    "wifi_level": 0,
    "air_quality": 0,
    "time": 0,
}


@dataclass(frozen=True)
class Gauge:
    """Reads one quantity: C{read(number in the catalogue's unit)} gives the value as the device tells it."""

    unit: str
    tens: int
    decimals: int
    plain: bool

    def read(self, number: float) -> Value:
        if self.plain:
            return round(number)
        scaled = number * 10.0**self.tens
        text = f"{scaled:.{self.decimals}f}"
        if text[0] == "-" and float(text) == 0.0:
            text = text[1:]
        return Measure(Decimal(text), self.unit)


@lru_cache(maxsize=256)
def gauge(quantity: str | None, declared: str | None = None, plain: bool = False) -> Gauge:
    """The gauge of a quantity of the catalogue.

    @param declared: C{unitOfMeasure} of home.xml; one that does not measure this quantity is left aside.
    @param plain: give plain numbers (states of levels) rather than measures (parameters).
    """
    unit = unitNamed(catalogue().unit(quantity)) or ""
    decimals = 0 if quantity in PLAIN else _DECIMALS.get(quantity or "generic", 1)
    tens = 0
    wanted = unitNamed(declared) if declared else None
    if wanted is not None:
        try:
            tens = Measure.of("1E0", unit).to(wanted).number.adjusted()
        except BadMeasure:
            wanted = None
    return Gauge(unit if wanted is None else wanted, tens, max(0, decimals - tens), plain)


def declaredParam(device: Device, name: str, state: str | None, notification: str | None) -> tuple[str, ...]:
    """Every value of a param that home.xml declares on a state's values or on a notification, each once."""
    found: list[str | None] = []
    current = catalogue().current
    for declaredState in device.declaredStates:
        if state is not None and current("states", declaredState.cls) == state:
            found += [_any(value.params, name) for value in declaredState.values]
    for functionality in device.notificationFunctionalities:
        for declared in functionality.notifications:
            if notification is not None and current("notifications", declared.cls) == notification:
                found.append(_any(declared.params, name))
    return tuple(dict.fromkeys(each for each in found if each))


def _any(params: tuple[ConfigParam, ...], name: str) -> str | None:
    """The last param of that name, whatever its case (sensorID, sensorId)."""
    exact = paramOf(params, name)
    if exact is not None:
        return exact
    lower = name.lower()
    return next((each.value for each in params if each.name and each.name.lower() == lower), None)
