"""The core: takes one input at one instant, and says what follows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from dog.core.agenda import Agenda
from dog.core.events import Event, EventLog, Kind, Tail
from dog.core.inbox import Allowance, Inbox
from dog.core.ledger import Entry, Ledger
from dog.core.now import Now
from dog.core.subscriptions import Client, Subscriptions
from dog.core.values import Values
from dog.core.visibility import Visibility
from dog.model.candidate import Candidate
from dog.model.command import Command, Outcome
from dog.model.device import Device
from dog.model.home import Home, HomeDiff
from dog.model.tell import Told, discreteNotifications, told
from dog.model.values import Pulse, Reading, Seen, Slot, Value


@dataclass(frozen=True, slots=True)
class Observed:
    """Readings and pulses of one device that belong together."""

    device: str
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Attached:
    """A driver serves the device from now on, or none does (C{active} False, with the reason)."""

    device: str
    active: bool
    code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """The device answers, or does not answer any more (link down, device silent)."""

    device: str
    online: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A command was taken into its device's queue."""

    command: Command


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a command."""

    id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Applied:
    """The home is another one.

    @ivar initial: it is the home at the start: nothing has happened that anybody would have to be told.
    """

    diff: HomeDiff
    initial: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A bus offers a device that may not be in the home."""

    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Judged:
    """Somebody wants a candidate ignored, or offered again (C{ignored} False), or forgotten (None)."""

    id: str
    ignored: bool | None


@dataclass(frozen=True, slots=True)
class Supervised:
    """Something has happened to a driver or to one of its links; no device's truth changes by it.

    @ivar details: JSON-ready: C{driver}, C{link} and what belongs to the kind.
    """

    kind: Kind
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time has passed; nothing else happened."""


Input = Observed | Attached | Reached | Accepted | Settled | Applied | Found | Judged | Supervised | Ticked


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a device is served and whether it answers.

    @ivar active: a driver is attached (what the API calls active).
    @ivar code: why not, one of C{no_driver}, C{unknown_class}, C{misconfigured}...; None while active.
    @ivar online: it answers, as far as is known.
    """

    active: bool = False
    code: str | None = "no_driver"
    reason: str | None = "not started yet"
    online: bool = False


@dataclass(slots=True)
class Effects:
    """What follows from a step: events in order, each with the clients to tell, and what came due."""

    events: list[Event] = field(default_factory=list)
    deliveries: list[tuple[Event, list[Client]]] = field(default_factory=list)
    due: list[Hashable] = field(default_factory=list)


NOT_STARTED = Presence()

#: The same for the same: of ten thousand devices nearly all are present in the same way.
presenceOf = lru_cache(maxsize=256)(Presence)


class Core:
    """Everything that is true. Only L{step} changes it.

    @ivar agenda: what is due when. Slots are core's own keys; live sets keys of its own and finds those
        that came due in L{Effects.due}.
    """

    def __init__(self, epoch: str, *, maxEvents: int = 10_000, maxSettled: int = 1000) -> None:
        self.home = Home()
        self.values = Values()
        self.log = EventLog(epoch, maxEvents)
        self.subscriptions = Subscriptions()
        self.ledger = Ledger(maxSettled)
        self.agenda = Agenda()
        self.visibility = Visibility()
        self.inbox = Inbox()
        #: A bus with many strangers, or somebody who makes them up, is no reason for a flood of events.
        self._announced = Allowance(20, 30.0)
        self._presence: dict[str, Presence] = {}
        self._steps: dict[type, Callable[[Any, Now], None]] = {
            Observed: self._observed,
            Attached: self._attached,
            Reached: self._reached,
            Accepted: self._accepted,
            Settled: self._settled,
            Applied: self._applied,
            Found: self._found,
            Judged: self._judged,
            Supervised: lambda input, now: self._emit(now, input.kind, None, details=input.details),
            Ticked: lambda _input, _now: None,
        }
        self._effects = Effects()

    def restore(
        self,
        tail: Tail | None,
        values: Iterable[tuple[Slot, Value, datetime, datetime]],
        commands: Iterable[Entry],
        candidates: Iterable[Candidate] = (),
    ) -> None:
        """Know again what was known before the start. No event: nothing has happened.

        @param values: slot, value, changedAt, heardAt; those of devices that are gone are left out.
        @param commands: settled ones, the oldest first.
        @param candidates: those that are in the home by now are left out.
        """
        if tail is not None:
            self.log.follow(tail)
        for slot, value, changedAt, heardAt in values:
            if slot.device in self.home.devices:
                self.values.restore(slot, value, changedAt, heardAt)
        for entry in commands:
            self.ledger.restore(entry)
        self.inbox.restore(candidates)

    def presence(self, device: str) -> Presence:
        return self._presence.get(device, NOT_STARTED)

    def step(self, input: Input, now: Now) -> Effects:
        """Take in one input. First what has come due by now, then the input, in one atomic step."""
        effects = self._effects = Effects()
        self._expire(now)
        self._steps[type(input)](input, now)
        return effects

    # -- what is heard ----------------------------------------------------------------------------

    def _observed(self, input: Observed, now: Now) -> None:
        self._take(input.device, input.seen, now)

    def _take(self, id: str, seen: Sequence[Seen], now: Now) -> None:
        device = self.home.devices.get(id)
        if device is None:
            return
        readings, pulses, tales = self._understand(device, seen)
        self._commit(device, readings, pulses, tales, now)

    def _understand(
        self, device: Device, seen: Sequence[Seen]
    ) -> tuple[dict[Slot, Reading], list[Pulse], tuple[list[Slot], list[Told]]]:
        """What it comes to, with nothing changed yet: a driver's bug (ValueError, TypeError) leaves no trace.

        Of several readings of one slot in one step the last counts.
        """
        readings: dict[Slot, Reading] = {}
        pulses: list[Pulse] = []
        for each in seen:
            if isinstance(each, Pulse):
                if each.notification not in device.notifications:
                    raise ValueError(f"{device.id}: {each.notification} is no notification of a {device.cls}")
                pulses.append(each)
            elif each.slot.device != device.id:
                raise ValueError(f"{device.id}: reported a value of {each.slot.device}")
            else:
                readings[each.slot] = each
        changed = [slot for slot, each in readings.items() if each.forced or self.values.differs(each)]

        def current(slot: Slot) -> Value | None:
            reading = readings.get(slot)
            return self.values.value(slot) if reading is None else reading.value

        tales = told(device, changed, current, previous=self.values.value) if changed else []
        return readings, pulses, (changed, tales)

    def _commit(
        self,
        device: Device,
        readings: dict[Slot, Reading],
        pulses: list[Pulse],
        changes: tuple[list[Slot], list[Told]],
        now: Now,
    ) -> None:
        id = device.id
        for reading in readings.values():
            self.values.observe(reading, now)
            self._schedule(reading, now)
        changed, tales = changes
        if changed:
            untold = dict.fromkeys(changed)
            for tale in tales:
                for slot in tale.slots:
                    untold.pop(slot, None)
                self._emit(
                    now,
                    Kind.NOTIFICATION,
                    id,
                    notification=tale.notification,
                    params=tale.params,
                    slots=tale.slots,
                    discrete=tale.discrete,
                    stateChange=tale.discrete,
                )
            for slot in untold:
                state = device.states.get(slot.state)
                self._emit(now, Kind.VALUE_OBSERVED, id, slots=(slot,), discrete=state is None or state.discrete)
        for pulse in pulses:
            kind = device.notifications[pulse.notification]
            self._emit(
                now,
                Kind.NOTIFICATION,
                id,
                notification=kind,
                params=pulse.params,
                discrete=kind.valueParam is None,
                stateChange=kind.cls in discreteNotifications(device),
            )

    def _schedule(self, reading: Reading, now: Now) -> None:
        if reading.maxAge is None:
            self.agenda.cancel(reading.slot)
        else:
            age = 0.0 if reading.at is None else max(0.0, (now.utc - reading.at).total_seconds())
            self.agenda.set(reading.slot, now.mono + reading.maxAge - age)

    def _expire(self, now: Now) -> None:
        slots = []
        for key in self.agenda.due(now.mono):
            if isinstance(key, Slot):
                slots.append(key)
            else:
                self._effects.due.append(key)
        self._stale(slots, now)

    def _stale(self, slots: Sequence[Slot], now: Now) -> None:
        for slot in self.values.makeStale(slots):
            self.agenda.cancel(slot)
            self._emit(now, Kind.VALUE_STALED, slot.device, slots=(slot,))

    # -- who serves what ----------------------------------------------------------------------------

    def _attached(self, input: Attached, now: Now) -> None:
        if input.device not in self.home.devices:
            return
        before = self.presence(input.device)
        after = presenceOf(input.active, input.code, input.reason, before.online and input.active)
        if after == before:
            return
        self._presence[input.device] = after
        if before is not NOT_STARTED:
            self._emit(
                now,
                Kind.DEVICE_ATTACHED,
                input.device,
                details={"active": input.active, "code": input.code, "reason": input.reason},
            )
        if not input.active:
            self._stale(tuple(self.values.of(input.device)), now)

    def _reached(self, input: Reached, now: Now) -> None:
        if input.device not in self.home.devices:
            return
        before = self.presence(input.device)
        reason = None if input.online else input.reason
        after = presenceOf(before.active, before.code, reason if before.active else before.reason, input.online)
        if after == before:
            return
        self._presence[input.device] = after
        if before.online != input.online:
            kind = Kind.DEVICE_REACHED if input.online else Kind.DEVICE_LOST
            self._emit(now, kind, input.device, details={"reason": input.reason})
        if not input.online:
            self._stale(tuple(self.values.of(input.device)), now)

    # -- commands -------------------------------------------------------------------------------------

    def _accepted(self, input: Accepted, now: Now) -> None:
        self.ledger.accept(input.command, now.utc, now.mono)

    def _settled(self, input: Settled, now: Now) -> None:
        open = self.ledger.get(input.id)
        if open is None or open.outcome is not None:
            return
        command = open.command
        self._take(command.device, input.outcome.seen, now)
        self.ledger.settle(input.id, input.outcome, now.utc)
        self._emit(
            now,
            Kind.COMMAND_SETTLED,
            command.device,
            details={
                "commandId": command.id,
                "command": command.name,
                "stage": input.outcome.stage.value,
                "code": input.outcome.code,
                "reason": input.outcome.reason,
                "who": command.who.name,
            },
        )

    # -- the home -------------------------------------------------------------------------------------

    def _applied(self, input: Applied, now: Now) -> None:
        diff = input.diff
        self.home = diff.home
        self.visibility.apply(diff.home)
        self.subscriptions.apply(diff.home)
        for id in (*diff.removed, *diff.changed):
            for slot in self.values.forget(id):
                self.agenda.cancel(slot)
            self._presence.pop(id, None)
        adopted = self.inbox.apply(diff.home)
        if input.initial:
            return
        for what, ids in (
            ("removed", diff.removed),
            ("added", diff.added),
            ("changed", diff.changed),
            ("moved", diff.moved),
        ):
            for id in ids:
                self._emit(now, Kind.DEVICE_CHANGED, id, details={"what": what})
        if diff.environment:
            self._emit(now, Kind.ENVIRONMENT_CHANGED, None)
        for candidate in adopted:
            self._tellCandidate(now, candidate, "gone")

    # -- what the buses offer -------------------------------------------------------------------------

    def _found(self, input: Found, now: Now) -> None:
        taken = self.inbox.hear(input.candidate)
        if taken is None or not self._announced.take(now.mono):
            return
        more: dict[str, Any] = {"withheld": self._announced.takeWithheld() or None}
        if taken.instead is not None:
            more["instead"] = taken.instead.id
        self._tellCandidate(now, taken.candidate, "found", **more)

    def _judged(self, input: Judged, now: Now) -> None:
        candidate = self.inbox.get(input.id)
        if candidate is None:
            return
        if input.ignored is None:
            self.inbox.forget(input.id)
            self._tellCandidate(now, candidate, "gone")
        elif self.inbox.judge(input.id, input.ignored):
            self._tellCandidate(now, candidate, "ignored" if input.ignored else "offered")

    def _tellCandidate(self, now: Now, candidate: Candidate, what: str, **more: object) -> None:
        details = {
            "what": what,
            "candidate": candidate.id,
            "driver": candidate.driver,
            "class": candidate.cls,
            "description": candidate.description,
        }
        self._emit(now, Kind.CANDIDATE_CHANGED, None, details={**details, **more})

    def _emit(self, now: Now, kind: Kind, device: str | None, **fields: object) -> None:
        event = self.log.append(now.utc, kind, device, now.mono, **fields)
        self._effects.events.append(event)
        clients = self.subscriptions.wanting(event)
        if clients:
            self._effects.deliveries.append((event, clients))
