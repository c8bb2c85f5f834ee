"""What home.xml and dog.toml say about EnOcean devices. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dog.drivers.enocean.eep import Profile, normalEEP, profileOf
from dog.drivers.enocean.protocol import endpointOf
from dog.model.device import Device

#: The settings under [drivers.enocean].
SETTINGS = ("serialPort", "teachInSeconds")

#: Seconds that teaching in lasts, unless told otherwise.
TEACH_IN = 20.0

_HEX = re.compile(r"[0-9A-Fa-f]{1,8}", re.ASCII)


class BadParam(ValueError):
    """A param or setting that can't be used, in words for the installer."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which device on the air a device of the home is.

    @ivar channel: of an actuator with several.
    @ivar maxAge: seconds after which what it said is stale; None: never by age.
    """

    address: int
    profile: Profile
    channel: int = 0
    maxAge: float | None = None


def parseAddress(text: str) -> int:
    """C{0025C57A}, C{00-25-C5-7A}, C{0x0025c57a}. Raises L{BadParam}."""
    stripped = text.strip().lower().replace("-", "").replace(":", "").removeprefix("0x")
    if not _HEX.fullmatch(stripped):
        raise BadParam(f"address: expected 8 hexadecimal digits, got {text!r}")
    return int(stripped, 16)


def uidOf(address: int) -> int:
    """The address as the signed number that home.xml calls uid."""
    return address - (1 << 32) if address >= 1 << 31 else address


def identityOf(device: Device) -> Identity:
    """Raises L{BadParam}."""
    address, uid, eep = device.param("address"), device.param("uid"), device.param("eep")
    if not address and not uid:
        raise BadParam("neither address nor uid is given")
    found = None if not address else parseAddress(address)
    if uid:
        number = _integer("uid", uid, -(1 << 31), (1 << 32) - 1) & 0xFFFFFFFF
        if found is not None and found != number:
            raise BadParam(f"uid {uid} is {number:08X}, but address is {found:08X}")
        found = number
    assert found is not None
    if not eep:
        raise BadParam("no eep is given")
    profile = profileOf(eep)
    if profile is None:
        raise BadParam(f"eep {eep}: {'is not known' if normalEEP(eep) else 'expected rr-ff-tt'}")
    channel = _integer("channel", device.param("channel") or "0", 0, 29)
    maxAge = device.param("maxAge")
    if maxAge:
        return Identity(found, profile, channel, float(_integer("maxAge", maxAge, 1, 10_000_000)))
    # Two telegrams may be missed before what was said is stale.
    return Identity(found, profile, channel, None if profile.cycle is None else 2.5 * profile.cycle)


def _integer(name: str, text: str, low: int, high: int) -> int:
    try:
        number = int(text.strip())
    except ValueError:
        raise BadParam(f"{name}: expected a whole number, got {text!r}") from None
    if not low <= number <= high:
        raise BadParam(f"{name}: expected {low} to {high}, got {number}")
    return number


def endpointFor(settings: Mapping[str, Any], gateway: Device | None) -> str:
    """The endpoint string of the transceiver: the gateway's C{portName}, else the setting. Raises L{BadParam}."""
    name = (gateway.param("portName") if gateway is not None else None) or settings.get("serialPort")
    if not name:
        raise BadParam("no transceiver: neither portName of the gateway nor serialPort in [drivers.enocean] is given")
    try:
        return endpointOf(str(name))
    except ValueError as error:
        raise BadParam(str(error)) from None


def teachInSeconds(settings: Mapping[str, Any]) -> float:
    """Raises L{BadParam}."""
    seconds = settings.get("teachInSeconds", TEACH_IN)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 1 <= seconds <= 3600:
        raise BadParam(f"teachInSeconds: expected seconds from 1 to 3600, got {seconds!r}")
    return float(seconds)
