"""What is heard while teaching in: which device it is, and what it could be in the home. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from dog.drivers.enocean.eep import Profile, normalEEP, profileOf
from dog.drivers.enocean.erp import Rorg, Telegram
from dog.drivers.enocean.mapping import tells
from dog.drivers.enocean.params import uidOf
from dog.drivers.enocean.teachin import Request, TeachIn, parseTeachIn
from dog.model.catalogue import catalogue

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

#: Beginning of an EEP -> what else its devices may be, where more counts than what they tell.
_MORE = {
    "F6-02": ("Button",),
    "D2-01": ("SimpleLamp", "DimmerLamp", "LevelControllableOutput", "MeteringPowerOutlet"),
    "D2-05": ("ShadeActuator",),
}

#: Outputs that one actuator may have.
_OUTPUTS = 30

#: Smart teach-in: what a device that does not say its profile is taken for.
_SMART = {Rorg.RPS: "F6-02-01", Rorg.BS1: "D5-00-01"}


def classFor(eep: str) -> str | None:
    return next((_CLASSES[eep[:end]] for end in (8, 5) if eep[:end] in _CLASSES), None)


@lru_cache(maxsize=256)
def classesFor(profile: Profile) -> tuple[str, ...]:
    """The device classes that suit it, the best first; of the others, those of which it tells every state."""
    found = [classFor(profile.eep), *_MORE.get(profile.eep[:5], ())]
    for name in catalogue():
        cls = catalogue().deviceClass(name)
        states = () if cls is None else cls.states.values()
        if states and all(tells(each, profile) for each in states):
            found.append(name)
    return tuple(dict.fromkeys(each for each in found if each is not None))


def guess(telegram: Telegram) -> tuple[Profile, TeachIn] | None:
    """What a telegram of an unknown device tells of it, while nobody teaches it in; None where that is nothing."""
    said = parseTeachIn(telegram)
    if said is not None and said.request is Request.DELETION:
        return None
    return Learning("smartTeachIn").hear(telegram)


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


def candidatesOf(
    telegram: Telegram, profile: Profile, said: TeachIn, guessed: bool = False
) -> Iterator[Mapping[str, Any]]:
    """What is offered (L{dog.interfaces.ILinkPort.found}): a device, or one for each of several outputs."""
    outputs = said.channels if profile.eep.startswith("D2-01") and said.channels is not None else 1
    classes = classesFor(profile)
    address, uid = f"{telegram.sender:08X}", str(uidOf(telegram.sender))
    for channel in range(outputs) if 1 < outputs <= _OUTPUTS else (None,):
        own = {} if channel is None else {"channel": str(channel)}
        yield {
            "key": "-".join([address, *own.values()]),
            "id": "_".join([classes[0] if classes else "EnOcean", uid, *own.values()]),
            "class": classes[0] if classes else None,
            "classes": classes,
            "description": ", output ".join([profile.title, *own.values()]),
            "params": {"address": address, "uid": uid, "eep": normalEEP(profile.eep), **own},
            "identity": ("address", "uid", *own),
            "guessed": guessed,
            "signal": telegram.rssi,
            "about": {"profile": profile.eep, "manufacturer": said.manufacturer},
        }
