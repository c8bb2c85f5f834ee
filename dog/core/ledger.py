"""The commands: each with an id, a deadline, who asked, and what became of it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from dog.core.now import Now
from dog.model.command import Command, Outcome, Stage

#: Stages after which nothing more happens to a command. SENT settles a command on a bus without acknowledgement.
FINAL = frozenset({Stage.SENT, Stage.CONFIRMED, Stage.FAILED, Stage.EXPIRED, Stage.SUPERSEDED, Stage.UNKNOWN})


#: How long a retry with the same idempotency key is a retry. A key is for the seconds in which a client does not know
#: whether its command arrived; a client that counts 1, 2, 3 at every start must not be told of last week's command.
KEY_AGE = timedelta(minutes=10)


@dataclass(slots=True)
class Entry:
    """A command in the ledger. C{outcome} is None while it is open; C{mono} where it is from before the start."""

    command: Command
    acceptedAt: datetime
    outcome: Outcome | None = None
    settledAt: datetime | None = None
    mono: float | None = None

    @property
    def stage(self) -> Stage:
        return Stage.ACCEPTED if self.outcome is None else self.outcome.stage


class Ledger:
    """Open commands, and the last settled ones up to C{maxSettled}."""

    def __init__(self, maxSettled: int = 1000) -> None:
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._keys: dict[tuple[str, str], str] = {}
        self._settled: OrderedDict[str, None] = OrderedDict()
        self._maxSettled = maxSettled

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, id: str) -> Entry | None:
        return self._entries.get(id)

    def withKey(self, who: str, key: str, now: Now) -> Entry | None:
        """The command that this caller sent with this idempotency key, at most L{KEY_AGE} ago.

        Of one from before the start only the UTC is known, which may have been put forward or back meanwhile: one that
        is to come is no retry's either.
        """
        id = self._keys.get((who, key))
        entry = None if id is None else self._entries.get(id)
        if entry is None:
            return None
        age = abs(now.utc - entry.acceptedAt) if entry.mono is None else timedelta(seconds=now.mono - entry.mono)
        return None if age > KEY_AGE else entry

    def accept(self, command: Command, at: datetime, mono: float | None = None) -> Entry:
        entry = self._entries[command.id] = Entry(command, at, mono=mono)
        if command.key is not None:
            self._keys[(command.who.name, command.key)] = command.id
        return entry

    def restore(self, entry: Entry) -> None:
        """A settled command from before the start."""
        outcome, settledAt = entry.outcome, entry.settledAt
        if outcome is not None and settledAt is not None:
            self.accept(entry.command, entry.acceptedAt)
            self.settle(entry.command.id, outcome, settledAt)

    def settle(self, id: str, outcome: Outcome, at: datetime) -> Entry | None:
        """The first outcome counts; None where the command is unknown or settled already."""
        entry = self._entries.get(id)
        if entry is None or entry.outcome is not None:
            return None
        entry.outcome = outcome
        entry.settledAt = at
        self._settled[id] = None
        while len(self._settled) > self._maxSettled:
            old, _ = self._settled.popitem(last=False)
            gone = self._entries.pop(old).command
            if gone.key is not None and self._keys.get((gone.who.name, gone.key)) == old:
                del self._keys[gone.who.name, gone.key]
        return entry
