"""What a bus offers and the home has not: a device that might be adopted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dog.model.catalogue import catalogue
from dog.model.device import ConfigParam, Device

#: What is accepted of a driver, which has it from the air or the wire: characters of a key, of a param's value and of
#: a text; params; classes.
MAX_KEY, MAX_VALUE, MAX_TEXT, MAX_PARAMS, MAX_CLASSES = 64, 200, 120, 32, 32

_KEY = re.compile(rf"[A-Za-z0-9_.:-]{{1,{MAX_KEY}}}", re.ASCII)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d+", re.ASCII)


class BadCandidate(ValueError):
    """A driver's offer that is none, in words."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device that a bus has and the home has not.

    @ivar driver: whose it is.
    @ivar key: what it is on its bus, for good: an address, a serial number. One per driver.
    @ivar gateway: the gateway device through which it was heard; None where the link has none.
    @ivar deviceId: a proposal for its id in the home.
    @ivar cls: the device class that suits it best; None: nobody knows.
    @ivar classes: those that its driver could serve it as, C{cls} first.
    @ivar params: what home.xml has to say of it.
    @ivar identity: the names of those params that tell which device it is; the others tell how it is treated.
    @ivar guessed: it did not say what it is; what it did say before counts more.
    @ivar about: what else is known of it, for people.
    @ivar signal: how strong it was heard, in dBm; None: not told.
    """

    driver: str
    key: str
    domoticSystem: str
    gateway: str | None
    deviceId: str
    cls: str | None
    classes: tuple[str, ...]
    description: str
    params: tuple[tuple[str, str], ...]
    identity: tuple[str, ...]
    firstSeen: datetime
    lastSeen: datetime
    guessed: bool = False
    about: tuple[tuple[str, str], ...] = ()
    signal: int | None = None
    timesSeen: int = 1
    ignored: bool = False

    @property
    def id(self) -> str:
        """Its name in the inbox."""
        return f"{self.driver}-{self.key}"

    def isDevice(self, device: Device) -> bool:
        """Whether that device of the home is this one: as far as its params tell which it is, they tell the same."""
        if (device.domoticSystem or "").lower() != self.domoticSystem.lower():
            return False
        told = [(device.param(name), value) for name, value in self.params if name in self.identity]
        given = [(mine, value) for mine, value in told if mine is not None]
        return bool(given) and all(sameAddress(mine) == sameAddress(value) for mine, value in given)

    def device(self, id: str, cls: str, **more: Any) -> Device:
        """It, as a device of the home."""
        params = tuple(ConfigParam(name, value) for name, value in self.params)
        fields = {"gateway": self.gateway, "description": self.description, "params": params}
        return Device(id, cls, domoticSystem=self.domoticSystem, **(fields | more))


def sameAddress(text: str) -> str:
    """An address in the one way of writing it: C{00-25-C5-7A}, C{0x0025c57a} and C{25C57A} are the same."""
    text = text.strip().lower()
    if _NUMBER.fullmatch(text):
        return str(int(text)) if len(text) < 100 else text
    return re.sub(r"[-:. ]", "", text).removeprefix("0x").lstrip("0") or "0"


def candidateFrom(given: Mapping[str, Any], driver: str, system: str, gateway: str | None, now: datetime) -> Candidate:
    """What a driver said it found, looked at: sizes bounded, texts cleaned, unknown classes left out.

    @param given: C{key} and C{params} must be there. C{class}, C{classes}, C{id} (a proposal), C{description},
        C{domoticSystem}, C{identity} (names of params; all of them where it is absent), C{guessed}, C{signal} (dBm)
        and C{about} (name -> text, number or None) may be. Other keys are passed over.
    @param system: the domoticSystem where it names none.
    @raise BadCandidate: it can't be offered.
    """
    key = given.get("key")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise BadCandidate(f"key: expected 1 to {MAX_KEY} letters, digits, _ . : -, got {shown(key)}")
    params = _params(given.get("params"))
    names = tuple(name for name, _ in params)
    classes = _classes([given.get("class"), *_listed(given.get("classes"))])
    cls = _text(given.get("class"))
    identity = given.get("identity")
    told = names if identity is None else tuple(each for each in _listed(identity) if each in names)
    if not told:
        raise BadCandidate("identity: none of its params tells which device it is")
    signal = given.get("signal")
    return Candidate(
        driver=driver,
        key=key,
        domoticSystem=_text(given.get("domoticSystem")) or system,
        gateway=gateway,
        deviceId=_identifier(_text(given.get("id")) or f"{classes[0] if classes else driver}_{key}"),
        cls=cls if cls in classes else None,
        classes=classes,
        description=_text(given.get("description")) or f"{driver} {key}",
        params=params,
        identity=told,
        firstSeen=now,
        lastSeen=now,
        guessed=given.get("guessed") is True,
        about=_about(given.get("about")),
        signal=signal if isinstance(signal, int) and -200 <= signal <= 50 else None,
    )


def _params(given: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(given, Mapping) or not 0 < len(given) <= MAX_PARAMS:
        raise BadCandidate(f"params: expected 1 to {MAX_PARAMS} of them, got {shown(given)}")
    found = []
    for name, value in given.items():
        text = str(value) if isinstance(value, str) or _isInteger(value) else None
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise BadCandidate(f"params: {shown(name)} is no name of a param")
        if text is None or len(text) > MAX_VALUE or not text.isprintable():
            raise BadCandidate(
                f"params: {name}: expected a text of at most {MAX_VALUE} characters, got {shown(value)}"
            )
        found.append((name, text))
    return tuple(found)


def _classes(given: Iterable[Any]) -> tuple[str, ...]:
    known = (each for each in given if isinstance(each, str) and catalogue().deviceClass(each) is not None)
    return tuple(dict.fromkeys(known))[:MAX_CLASSES]


def _about(given: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(given, Mapping):
        return ()
    pairs = ((_text(name), _text(value)) for name, value in list(given.items())[:MAX_PARAMS])
    return tuple((name, value) for name, value in pairs if name and value)


def _listed(given: Any) -> list[Any]:
    return list(given)[:1000] if isinstance(given, (list, tuple, set, frozenset)) else []


def _isInteger(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(value: Any) -> str:
    """On one line, without what can't be seen; empty where it is no text."""
    text = str(value) if isinstance(value, str) or _isInteger(value) else ""
    seen = "".join(each if each.isprintable() else " " for each in text[: 4 * MAX_TEXT])
    return " ".join(seen.split())[:MAX_TEXT]


def _identifier(text: str) -> str:
    """As an id may be (a name of XML), in letters that every keyboard has."""
    made = re.sub(r"[^A-Za-z0-9_.-]+", "_", text)[:MAX_TEXT]
    return made if re.match(r"[A-Za-z_]", made) else f"_{made}"


def shown(value: Any) -> str:
    """As much of a value as an error repeats."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
