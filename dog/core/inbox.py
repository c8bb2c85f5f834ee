"""What the buses offer: candidates, each once, those that are ignored remembered. Bounded. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from dog.model.candidate import Candidate, sameAddress
from dog.model.device import Device
from dog.model.home import Home

#: A candidate that is heard again and again is written again so often only: memory cards have a budget.
REWRITTEN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Taken:
    """A candidate that was not there before. C{instead}: the one that had to go for it."""

    candidate: Candidate
    instead: Candidate | None = None


class Inbox:
    """Candidates by their ids, the longest unheard first.

    @param limit: how many there may be. Over it, the longest unheard goes, of those that nobody has ignored first.
    """

    def __init__(self, limit: int = 500) -> None:
        self._limit = limit
        self._candidates: dict[str, Candidate] = {}
        self._changed: set[str] = set()
        self._written: dict[str, Candidate] = {}
        self._home = Home()
        self._index: dict[tuple[str, str, str], list[Device]] | None = None

    def get(self, id: str) -> Candidate | None:
        return self._candidates.get(id)

    def all(self) -> list[Candidate]:
        """The one that was heard last comes first."""
        return list(reversed(self._candidates.values()))

    # -- what happens -----------------------------------------------------------------------------------

    def hear(self, heard: Candidate) -> Taken | None:
        """Take in what a bus offers. None where that is nothing new: it was there, it is ignored, it is at home."""
        before = self._candidates.pop(heard.id, None)
        if before is not None:
            self._candidates[heard.id] = now = _again(before, heard)
            written = self._written.get(heard.id)
            if written is None or now.lastSeen - written.lastSeen >= REWRITTEN or _differs(now, written):
                self._changed.add(heard.id)
            return None
        if self.atHome(heard):
            return None
        instead = self._room()
        self._candidates[heard.id] = heard
        self._changed.add(heard.id)
        return Taken(heard, instead)

    def judge(self, id: str, ignored: bool) -> bool:
        """Ignore a candidate, or offer it again. Whether that changed anything; KeyError if there is none."""
        before = self._candidates[id]
        if before.ignored == ignored:
            return False
        self._candidates[id] = replace(before, ignored=ignored)
        self._changed.add(id)
        return True

    def forget(self, id: str) -> Candidate | None:
        """As if it had never been heard: the next time it is, it is offered anew."""
        found = self._candidates.pop(id, None)
        if id in self._written:
            self._changed.add(id)
        else:
            self._changed.discard(id)
        return found

    def apply(self, home: Home) -> list[Candidate]:
        """The home is this one: what is in it is not offered any more. Those that went."""
        self._home, self._index = home, None
        found = [each for each in self._candidates.values() if self.atHome(each)] if self._candidates else []
        for each in found:
            self.forget(each.id)
        return found

    def atHome(self, candidate: Candidate) -> Device | None:
        """The device of the home that it is."""
        return _find(candidate, self._devices())

    # -- the memory -------------------------------------------------------------------------------------

    def restore(self, candidates: Iterable[Candidate]) -> None:
        """Know again what was known before the start, but for what came home meanwhile."""
        for each in sorted(candidates, key=lambda each: each.lastSeen):
            self._candidates[each.id] = self._written[each.id] = each
            if self.atHome(each):
                self.forget(each.id)

    def takeChanged(self) -> dict[str, Candidate | None]:
        """What is to be written since this was last asked: by id, None where it is gone."""
        changed, self._changed = self._changed, set()
        found = {id: self._candidates.get(id) for id in changed}
        for id, each in found.items():
            if each is None:
                self._written.pop(id, None)
            else:
                self._written[id] = each
        return found

    # -- within -----------------------------------------------------------------------------------------

    def _room(self) -> Candidate | None:
        """Make room for one more."""
        if len(self._candidates) < self._limit:
            return None
        oldest = next((each for each in self._candidates.values() if not each.ignored), None)
        return self.forget((oldest or next(iter(self._candidates.values()))).id)

    def _devices(self) -> dict[tuple[str, str, str], list[Device]]:
        """The home's devices by system, name of a param and its value."""
        if self._index is None:
            self._index = {}
            for device in self._home.devices.values():
                system = (device.domoticSystem or "").lower()
                for name, value in {each.name: each.value for each in device.params}.items():
                    if value is not None:
                        self._index.setdefault((system, name, sameAddress(value)), []).append(device)
        return self._index


def _find(candidate: Candidate, index: dict[tuple[str, str, str], list[Device]]) -> Device | None:
    system = candidate.domoticSystem.lower()
    for name, value in candidate.params:
        if name in candidate.identity:
            for device in index.get((system, name, sameAddress(value)), ()):
                if candidate.isDevice(device):
                    return device
    return None


def _again(before: Candidate, heard: Candidate) -> Candidate:
    """Heard once more. What a device said of itself outlasts what is guessed of it."""
    latest = before if heard.guessed and not before.guessed else heard
    return replace(
        latest,
        gateway=heard.gateway,
        firstSeen=before.firstSeen,
        lastSeen=heard.lastSeen,
        timesSeen=before.timesSeen + 1,
        signal=heard.signal,
        ignored=before.ignored,
    )


def _differs(one: Candidate, other: Candidate) -> bool:
    """Whether they differ in more than how they were heard."""
    return replace(one, lastSeen=other.lastSeen, timesSeen=other.timesSeen, signal=other.signal) != other


class Allowance:
    """How often something may be said: C{size} times at once, and once more every C{seconds}. Counts what was not."""

    def __init__(self, size: int, seconds: float) -> None:
        self._size = size
        self._seconds = seconds
        self._left = float(size)
        self._at: float | None = None
        self.withheld = 0

    def take(self, mono: float) -> bool:
        """Whether it may be said now."""
        if self._at is not None:
            self._left = min(self._size, self._left + (mono - self._at) / self._seconds)
        self._at = mono
        if self._left < 1:
            self.withheld += 1
            return False
        self._left -= 1
        return True

    def takeWithheld(self) -> int:
        """How many were not said since this was last asked."""
        found, self.withheld = self.withheld, 0
        return found
