"""What is heard while teaching in: which device it is, and what it could be in the home. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dog.drivers.enocean.eep import Profile, normalEEP, profileOf
from dog.drivers.enocean.erp import Rorg, Telegram
from dog.drivers.enocean.params import uidOf
from dog.drivers.enocean.teachin import TeachIn, parseTeachIn

#: EEP, or its beginning -> the device class that suits it best. The longest that fits counts.
_CLASSES = {
    "F6-02": "RockerSwitch",
    "F6-10": "WindowSensor",
    "D5-00": "DoorSensor",
    "A5-02": "SingleTemperatureSensor",
    "A5-04": "TemperatureAndHumiditySensor",
    "A5-06": "LightSensor",
    "A5-07": "OccupancySensor",
    "A5-08": "TripleSensor",
    "A5-09-02": "SingleTemperatureSensor",
    "A5-09-04": "Co2Sensor",
    "A5-09-08": "Co2Sensor",
    "A5-09-09": "Co2Sensor",
    "A5-09-0A": "SingleTemperatureSensor",
    "A5-12-01": "EnergyAndPowerMeter",
    "A5-12-02": "GasMeter",
    "A5-12-03": "WaterConsumptionMeter",
    "A5-12-04": "SingleTemperatureSensor",
    "A5-12-05": "SingleTemperatureSensor",
    "A5-14-01": "DoorSensor",
    "A5-14-02": "DoorSensor",
    "A5-14-03": "DoorSensor",
    "A5-14-04": "DoorSensor",
    "A5-14-06": "LightSensor",
    "A5-14-0A": "WindowSensor",
    "A5-20-01": "ThermostatTemperatureSensor",
    "D2-01": "MainsPowerOutlet",
    "D2-05": "ShutterActuator",
}

#: Smart teach-in: what a device that does not say its profile is taken for.
_SMART = {Rorg.RPS: "F6-02-01", Rorg.BS1: "D5-00-01"}


def classFor(eep: str) -> str | None:
    return next((_CLASSES[eep[:end]] for end in (8, 5) if eep[:end] in _CLASSES), None)


class Learning:
    """One teach-in.

    @ivar how: C{teachIn}, C{smartTeachIn}, C{explicitTeachIn}.
    @ivar wanted: of an explicit one: the address; the next telegram of it completes.
    """

    def __init__(self, how: str, wanted: int | None = None, eep: str | None = None) -> None:
        self.how = how
        self.wanted = wanted
        self._eep = eep
        self._found: set[int] = set()

    def hear(self, telegram: Telegram) -> tuple[Profile, TeachIn] | None:
        """Whether a telegram of an unknown device teaches it: the profile, and what it said. Each device once."""
        said = parseTeachIn(telegram)
        eep = self._which(telegram, said)
        profile = profileOf(eep) if eep is not None else None
        if profile is None or (telegram.sender in self._found and not (said is not None and said.wantsAnswer)):
            return None
        self._found.add(telegram.sender)
        return profile, said or TeachIn(profile.eep)

    def first(self, address: int) -> bool:
        """Whether this device was not offered before; from now on it was."""
        new = address not in self._found
        self._found.add(address)
        return new

    def _which(self, telegram: Telegram, said: TeachIn | None) -> str | None:
        if self.wanted is not None:
            return self._eep if telegram.sender == self.wanted else None
        if said is not None and said.eep is not None:
            return said.eep
        if self.how == "smartTeachIn" and telegram.rorg in (Rorg.RPS, Rorg.BS1):
            return _SMART[Rorg(telegram.rorg)]
        return None


def candidateOf(telegram: Telegram, profile: Profile, said: TeachIn, gateway: str | None) -> Mapping[str, Any]:
    """What is offered to the home: an id, a class and the params of a new device."""
    cls = classFor(profile.eep)
    return {
        "driver": "enocean",
        "id": f"{cls or 'EnOcean'}_{uidOf(telegram.sender)}",
        "class": cls,
        "domoticSystem": "EnOcean",
        "gateway": gateway,
        "description": profile.title,
        "params": {
            "address": f"{telegram.sender:08X}",
            "uid": str(uidOf(telegram.sender)),
            "eep": normalEEP(profile.eep),
        },
        "manufacturer": said.manufacturer,
        "channels": said.channels,
        "rssi": telegram.rssi,
    }
