"""The last known truth about every slot: value, quality, and when it was heard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dog.core.now import Now
from dog.model.values import Reading, Slot, Value


class Quality(StrEnum):
    """How much a held value is worth."""

    GOOD = "good"
    STALE = "stale"  # not heard in time, or its link or driver is gone
    RESTORED = "restored"  # known from before the start, not heard since


@dataclass(slots=True)
class Held:
    """A value as it is held.

    @ivar changedAt: when it last became another value.
    @ivar heardAt: when it was last heard, changed or not.
    @ivar expiresAt: when it turns stale unless heard again; None: not by age.
    """

    value: Value
    quality: Quality
    changedAt: datetime
    heardAt: datetime
    expiresAt: datetime | None = None


class Values:
    """Every slot that was ever heard of, by device."""

    def __init__(self) -> None:
        self._devices: dict[str, dict[Slot, Held]] = {}
        self._stamps: dict[str, object] = {}

    def stamp(self, device: str) -> object:
        """Another object whenever a value of the device is another one, in whatever way it is written. Its quality
        and its times do not count.
        """
        return self._stamps.get(device)

    def of(self, device: str) -> Mapping[Slot, Held]:
        """The held values of a device, in the order in which they were first heard."""
        return self._devices.get(device, {})

    def get(self, slot: Slot) -> Held | None:
        return self._devices.get(slot.device, {}).get(slot)

    def value(self, slot: Slot) -> Value | None:
        held = self.get(slot)
        return None if held is None else held.value

    def differs(self, reading: Reading) -> bool:
        """Whether the reading would be a change: another value than the held one, or the first."""
        held = self.get(reading.slot)
        return held is None or _differs(held.value, reading.value)

    def observe(self, reading: Reading, now: Now) -> bool:
        """Take in a reading. Whether the value is another one than before (or the first)."""
        at = now.utc if reading.at is None else reading.at
        expires = None if reading.maxAge is None else at + timedelta(seconds=reading.maxAge)
        held = self.get(reading.slot)
        if held is None:
            self._devices.setdefault(reading.slot.device, {})[reading.slot] = Held(
                reading.value, Quality.GOOD, at, at, expires
            )
            self._stamps[reading.slot.device] = object()
            return True
        if held.value is not reading.value:
            self._stamps[reading.slot.device] = object()
        changed = _differs(held.value, reading.value)
        if changed:
            held.changedAt = at
        held.value = reading.value
        held.quality = Quality.GOOD
        held.heardAt = at
        held.expiresAt = expires
        return changed

    def restore(self, slot: Slot, value: Value, changedAt: datetime, heardAt: datetime) -> None:
        """A value known from before the start: good until proven otherwise, but nobody has heard it since."""
        self._devices.setdefault(slot.device, {})[slot] = Held(value, Quality.RESTORED, changedAt, heardAt)
        self._stamps[slot.device] = object()

    def makeStale(self, slots: Iterable[Slot]) -> list[Slot]:
        """Those of C{slots} that were good before. A restored value stays restored: nobody has taken it for fresh."""
        found = []
        for slot in slots:
            held = self.get(slot)
            if held is not None and held.quality is Quality.GOOD:
                held.quality = Quality.STALE
                found.append(slot)
        return found

    def forget(self, device: str) -> tuple[Slot, ...]:
        """Drop a device's values; the slots that were held."""
        self._stamps.pop(device, None)
        return tuple(self._devices.pop(device, {}))


def _differs(old: Value, new: Value) -> bool:
    """Whether two values are told apart: C{True} is not C{1}, and C{20 C} is C{20.0 C}."""
    return (type(old) is not type(new) and not _numbers(old, new)) or old != new


def _numbers(old: Value, new: Value) -> bool:
    return all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in (old, new))
