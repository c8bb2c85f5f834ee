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


class EventLog:
    """The last events of this epoch, bounded by count."""

    def __init__(self, epoch: str, maxEvents: int = 10_000) -> None:
        self.epoch = epoch
        self.lastId = 0
        self._events: deque[Event] = deque(maxlen=maxEvents)

    def append(self, at: datetime, kind: Kind, device: str | None = None, **fields: Any) -> Event:
        """Number an event and keep it."""
        self.lastId += 1
        event = Event(self.lastId, at, kind, device, **fields)
        self._events.append(event)
        return event

    @property
    def firstId(self) -> int:
        """The oldest event that is kept; one more than L{lastId} when none is."""
        return self._events[0].eventId if self._events else self.lastId + 1

    def after(self, cursor: int) -> list[Event] | None:
        """Every event with a number over C{cursor}, in order; None where some of them are gone."""
        if cursor + 1 < self.firstId or cursor > self.lastId:
            return None
        return list(islice(self._events, cursor + 1 - self.firstId, None))
