"""What is known of a device's states: values, and on request how much they are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dog.api.call import Profile
from dog.api.views.device import presenceOf
from dog.api.views.instant import instant
from dog.core.core import Core, Presence
from dog.core.values import Held
from dog.model.device import Device
from dog.model.measure import Measure
from dog.model.values import Slot, render

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StatusView:
    """One device's status.

    @ivar values: the core's own, read when the view is rendered: in the turn in which it was made.
    @ivar described: add the description (documented profile; over WebSocket and with C{?detail=full}).
    """

    device: Device
    presence: Presence
    values: Mapping[Slot, Held]
    described: bool = False

    @classmethod
    def of(cls, core: Core, device: Device, described: bool = False) -> StatusView:
        """The status of C{device} as the core holds it now."""
        return cls(device, core.presence(device.id), core.values.of(device.id), described)

    @staticmethod
    def version(core: Core, device: str) -> tuple[object, object]:
        """What a status follows from beside its device, where it does not tell what its values are worth: the same
        objects as long as it is the same.
        """
        return core.presence(device), core.values.stamp(device)

    def json(self, profile: Profile, full: bool = False) -> JSON:
        found: JSON = {"id": self.device.id}
        if (self.described or full) and profile is Profile.DOCUMENTED and self.device.description is not None:
            found["description"] = self.device.description
        found["active"] = self.presence.active
        if full:
            found.update(presenceOf(self.presence))
        states = self._states(profile, full)
        if states:
            found["status"] = states
        return found

    def _states(self, profile: Profile, full: bool) -> JSON:
        """State class -> entries: the device's states in their order, then what else was heard."""
        heard: dict[str, list[JSON]] = {}
        for slot, held in self.values.items():
            heard.setdefault(slot.state, []).extend(self._entries(slot, held, full))
        found: JSON = {}
        # The old gateway filled in what its home file declared before a driver had reported it.
        presumed = self.device.resolvedStates if profile is Profile.RELEASED and self.presence.active else {}
        for cls, state in self.device.states.items():
            if cls in heard:
                found[cls] = heard[cls]
            elif cls in presumed:
                found[cls] = [{"value": state.values[0] if state.values else str(Measure.of("0.0"))}]
        return found | {cls: entries for cls, entries in heard.items() if cls not in found}

    def _entries(self, slot: Slot, held: Held, full: bool) -> list[JSON]:
        """A value's entries: one, or one each where it consists of several (the days of a schedule)."""
        values = held.value if isinstance(held.value, tuple) else (held.value,)
        more = dict(slot.features) | (self._worth(held) if full else {})
        return [{"value": render(each)} | more for each in values]

    def _worth(self, held: Held) -> JSON:
        found: JSON = {
            "online": self.presence.online,
            "quality": held.quality.value,
            "changedAt": instant(held.changedAt),
            "heardAt": instant(held.heardAt),
        }
        if held.expiresAt is not None:
            found["expiresAt"] = instant(held.expiresAt)
        return found


@dataclass(frozen=True, slots=True)
class DevicesStatusView:
    """The status of every device one may see."""

    statuses: tuple[StatusView, ...]

    def json(self, profile: Profile, full: bool = False) -> JSON:
        return {"devicesStatus": [each.json(profile, full) for each in self.statuses]}
