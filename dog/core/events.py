"""Things that happened, numbered: the event and the log that keeps the last of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from dog.model.catalogue import NotificationType
from dog.model.values import Slot, Value


class Kind(StrEnum):
    """What an event tells. Past tense, as everywhere."""

    NOTIFICATION = "notification"  # something v1 clients are told: a state change or a pulse with its class
    VALUE_OBSERVED = "valueObserved"  # a state changed that no notification class of the device tells
    VALUE_STALED = "valueStaled"
    COMMAND_SETTLED = "commandSettled"
    DEVICE_CHANGED = "deviceChanged"  # added, removed, changed or moved in the home
    DEVICE_REACHED = "deviceReached"
    DEVICE_LOST = "deviceLost"
    DEVICE_ATTACHED = "deviceAttached"  # a driver serves it (or no longer does: details)
    ENVIRONMENT_CHANGED = "environmentChanged"
    CONNECTION_MADE = "connectionMade"  # of a driver's link; no device and for admins, as with all below
    CONNECTION_LOST = "connectionLost"
    LINK_RESTARTED = "linkRestarted"  # somebody asked for it
    LINK_SUSPENDED = "linkSuspended"  # it has crashed too often: the next attempt is a long time off
    DRIVER_CRASHED = "driverCrashed"
    DRIVER_BLOCKED = "driverBlocked"  # it held up the whole process for a while
    CANDIDATE_CHANGED = "candidateChanged"  # found by a bus, ignored, offered again, gone (details)


#: What only those are told who run the house.
FOR_ADMINS = frozenset(
    {
        Kind.CONNECTION_MADE,
        Kind.CONNECTION_LOST,
        Kind.LINK_RESTARTED,
        Kind.LINK_SUSPENDED,
        Kind.DRIVER_CRASHED,
        Kind.DRIVER_BLOCKED,
        Kind.CANDIDATE_CHANGED,
    }
)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    @ivar eventId: grows by one within an epoch.
    @ivar notification: its class, for L{Kind.NOTIFICATION}.
    @ivar params: the notification's own fields, typed; rendered at the rim.
    @ivar slots: the slots it tells about (merging goes by them).
    @ivar discrete: a discrete state or a pulse: never merged, never dropped in silence.
    @ivar stateChange: tells the change of a discrete state (C{StateChangeNotification} means these).
    @ivar details: for the other kinds, JSON-ready.
    """

    eventId: int
    at: datetime
    kind: Kind
    device: str | None = None
    notification: NotificationType | None = None
    params: Mapping[str, Value] = field(default_factory=dict)
    slots: tuple[Slot, ...] = ()
    discrete: bool = True
    stateChange: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of an earlier epoch, as it was stored.

    @ivar lastId: the last number it gave out.
    @ivar closed: it ended with its closing record: nothing happened in it after C{lastId}.
    """

    epoch: str
    events: tuple[Event, ...]
    lastId: int
    closed: bool


class Resume(StrEnum):
    """What a client that comes back is told, exactly one of them."""

    COMPLETE = "complete"  # nothing was missed
    REPLAY = "replay"  # what was missed follows
    GAP = "gap"  # some of what was missed is gone


@dataclass(frozen=True, slots=True)
class Resumed:
    """What happened after a cursor.

    @ivar events: for L{Resume.REPLAY}: everything after the cursor, in order.
    @ivar gapFrom, gapTo: for L{Resume.GAP}: numbers are missing after C{gapFrom} (None: the epoch is another and
        nothing is known of it), up to and with C{gapTo}.
    """

    how: Resume
    events: tuple[Event, ...] = ()
    gapFrom: int | None = None
    gapTo: int = 0


class EventLog:
    """The last events of this epoch, bounded by count, bytes and age; and the end of the one before.

    Numbers go on over the epochs that are known, so that a replay across a restart is one growing sequence.

    @param maxBytes: of events, as L{sizeOf} estimates them.
    @param maxAge: seconds.
    """

    def __init__(
        self,
        epoch: str,
        maxEvents: int = 10_000,
        maxBytes: int = 8 * 1024 * 1024,
        maxAge: float = 24 * 3600.0,
    ) -> None:
        self.epoch = epoch
        self.before: Tail | None = None
        self.bytes = 0
        self.lastId = self._started = 0
        self._maxEvents = maxEvents
        self._maxBytes = maxBytes
        self._maxAge = maxAge
        self._events: deque[Event] = deque()
        self._monos: deque[float] = deque()

    def follow(self, before: Tail) -> None:
        """Go on where an earlier epoch ended. Before the first event."""
        assert not self._events, "this epoch has begun"
        self.before = before
        self.lastId = self._started = before.lastId

    def __len__(self) -> int:
        return len(self._events)

    def append(
        self, at: datetime, kind: Kind, device: str | None = None, mono: float | None = None, **fields: Any
    ) -> Event:
        """Number an event and keep it. C{mono}: by which its age is told, whatever becomes of the clock."""
        self.lastId += 1
        event = Event(self.lastId, at, kind, device, **fields)
        self._events.append(event)
        now = at.timestamp() if mono is None else mono
        self._monos.append(now)
        self.bytes += sizeOf(event)
        while (
            len(self._events) > self._maxEvents or self.bytes > self._maxBytes or now - self._monos[0] > self._maxAge
        ) and len(self._events) > 1:
            self._monos.popleft()
            self.bytes -= sizeOf(self._events.popleft())
        return event

    @property
    def firstId(self) -> int:
        """The oldest event that is kept; one more than L{lastId} when none is."""
        return self._events[0].eventId if self._events else self.lastId + 1

    def after(self, cursor: int) -> list[Event] | None:
        """Every event of this epoch with a number over C{cursor}, in order; None where some of them are gone."""
        if cursor + 1 < self.firstId or cursor > self.lastId:
            return None
        return list(islice(self._events, cursor + 1 - self.firstId, None))

    def resume(self, epoch: str, cursor: int) -> Resumed:
        """What happened after C{cursor} of C{epoch}."""
        before = self.before
        goesOn = before is not None and before.closed
        if epoch == self.epoch and (cursor >= self._started or not goesOn):
            found = self.after(cursor)
        elif before is not None and goesOn and epoch in (before.epoch, self.epoch):
            # A client that is in the middle of a replay knows the new epoch and is not beyond the one before.
            found = self._across(before, cursor)
        else:
            return Resumed(Resume.GAP, gapFrom=None, gapTo=self.lastId)
        if found is None:
            return Resumed(Resume.GAP, gapFrom=cursor if cursor <= self.lastId else None, gapTo=self.lastId)
        return Resumed(Resume.REPLAY, tuple(found)) if found else Resumed(Resume.COMPLETE)

    def _across(self, before: Tail, cursor: int) -> list[Event] | None:
        """What was missed of the epoch before, and then all of this one, if all of it is kept."""
        oldest = before.events[0].eventId if before.events else before.lastId + 1
        ours = self.after(self._started)
        if ours is None or not oldest <= cursor + 1 <= before.lastId + 1:
            return None
        return [each for each in before.events if each.eventId > cursor] + ours


def sizeOf(event: Event) -> int:
    """Bytes an event takes, about; texts count with their length."""
    texts = sum(len(each) for each in (*event.params.values(), *event.details.values()) if isinstance(each, str))
    return 400 + 64 * (len(event.params) + len(event.slots) + len(event.details)) + texts
