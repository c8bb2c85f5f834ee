"""A command on its way to a device, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dog.model.catalogue import CommandType
from dog.model.rights import Principal
from dog.model.values import Seen, Value


class Stage(StrEnum):
    """How far a command has come. The first two are open, the rest final."""

    ACCEPTED = "accepted"  # in the device's queue
    SENT = "sent"  # the telegram left; the bus has no acknowledgement (final) or has not acknowledged yet
    CONFIRMED = "confirmed"  # the device or its bus acknowledged
    FAILED = "failed"  # refused, unreachable, no driver
    EXPIRED = "expired"  # its deadline passed while it waited in the queue: never sent
    SUPERSEDED = "superseded"  # a later command to the same device made it pointless
    UNKNOWN = "unknown"  # sent, but no acknowledgement before the deadline: it may have happened


@dataclass(frozen=True, slots=True)
class Command:
    """One command for one device, arguments already checked against its type.

    @ivar id: the gateway's id of this command, unique in the ledger.
    @ivar type: the command class; C{type.name} is its realCommandName.
    @ivar args: parameter name -> value, complete.
    @ivar deadline: monotonic seconds at which its outcome must be known.
    @ivar key: the client's idempotency key, if it gave one.
    """

    id: str
    device: str
    type: CommandType
    args: Mapping[str, Value]
    deadline: float
    who: Principal
    key: str | None = None

    @property
    def name(self) -> str:
        return self.type.name


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a driver (or the gateway itself) says became of a command.

    @ivar stage: SENT, CONFIRMED, FAILED or UNKNOWN from a driver; EXPIRED, SUPERSEDED from the gateway.
    @ivar code: for failures, one of L{dog.model.refusal.Code}, e.g. C{bus_refused}, C{unreachable}, C{timeout}.
    @ivar reason: in words, the bus's own where it has any.
    @ivar seen: readings and pulses that the outcome proves; taken in in the same step, before the reply.
    """

    stage: Stage
    code: str | None = None
    reason: str | None = None
    seen: tuple[Seen, ...] = field(default=())
