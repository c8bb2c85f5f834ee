"""Events and commands as they are told over REST."""

from __future__ import annotations

from typing import Any

from dog.api.shapes import Anything, Array, Boolean, Integer, Map, Named, Nullable, Object, String
from dog.api.views.instant import instant
from dog.core.events import FOR_ADMINS, Event, Kind
from dog.core.ledger import Entry
from dog.core.visibility import House
from dog.model.catalogue import NotificationType
from dog.model.command import Stage
from dog.model.rights import Right
from dog.model.values import Slot, render

_INSTANT = String(format="date-time")

EVENT = Named(
    "Event",
    Object(
        {"eventId": Integer(minimum=1), "at": _INSTANT, "kind": String(*Kind)},
        {
            "device": String(),
            "notification": Object(
                {"notificationTopic": String(), "notificationName": String(), "deviceUri": String()},
                extra=Anything(),
                description="As WebSocket clients are told of it, one key per parameter of its class.",
            ),
            "states": Array(Object({"state": String()}, extra=String()), description="The values it tells about."),
            "details": Map(Anything()),
        },
    ),
    "Something that happened, numbered within an epoch.",
)

EVENTS = Named(
    "Events",
    Object(
        {
            "epoch": String(description="Of next: what to ask with it."),
            "events": Array(EVENT),
            "next": Integer(description="The cursor to go on from."),
        },
        {
            "gap": Object(
                {"epoch": String(), "from": Nullable(Integer()), "to": Integer()},
                description="Events after from, up to and with to, are lost; from is null when the epoch is another.",
            )
        },
    ),
)

COMMAND_ENTRY = Named(
    "CommandEntry",
    Object(
        {
            "id": String(),
            "device": String(),
            "command": String(),
            "arguments": Map(Anything()),
            "stage": String(*Stage),
            "settled": Boolean(),
            "who": String(),
            "acceptedAt": _INSTANT,
        },
        {"code": String(), "reason": String(), "settledAt": _INSTANT},
    ),
    "A command and what became of it.",
)


def notificationJson(event: Event, kind: NotificationType) -> dict[str, Any]:
    """A notification's fields as v1 has them: class, name, one per parameter of its class, device."""
    fields: dict[str, Any] = {"notificationTopic": kind.cls, "notificationName": kind.name}
    for param in kind.params:
        if param.name in event.params:
            fields[param.name] = render(event.params[param.name])
    fields["deviceUri"] = event.device
    return fields


def isTold(event: Event, house: House) -> bool:
    """Whether somebody with this house is told of it: devices that he sees, links and candidates if he runs it."""
    if event.kind in FOR_ADMINS:
        return house.may(Right.ADMIN)
    if event.device is None or event.device in house.visible:
        return True
    # Whoever sees all of the house is told, too, which device went.
    return event.kind is Kind.DEVICE_CHANGED and event.device not in house.home.devices and house.whole


def eventJson(event: Event) -> dict[str, Any]:
    """An event as L{EVENT}."""
    return {"eventId": event.eventId, "at": instant(event.at), **happenedJson(event)}


def happenedJson(event: Event) -> dict[str, Any]:
    """The same without its number and time."""
    found: dict[str, Any] = {"kind": event.kind.value}
    if event.device is not None:
        found["device"] = event.device
    if event.notification is not None:
        found["notification"] = notificationJson(event, event.notification)
    if event.slots:
        found["states"] = [_slotJson(each) for each in event.slots]
    details = {key: value for key, value in event.details.items() if value is not None}
    if details:
        found["details"] = details
    return found


def _slotJson(slot: Slot) -> dict[str, Any]:
    return {"state": slot.state, **dict(slot.features)}


def entryJson(entry: Entry) -> dict[str, Any]:
    """A ledger entry as L{COMMAND_ENTRY}."""
    command = entry.command
    found: dict[str, Any] = {
        "id": command.id,
        "device": command.device,
        "command": command.name,
        "arguments": {name: render(value) for name, value in command.args.items()},
        "stage": entry.stage.value,
        "settled": entry.outcome is not None,
        "who": command.who.name,
        "acceptedAt": instant(entry.acceptedAt),
    }
    if entry.outcome is not None:
        found |= {
            key: value for key, value in (("code", entry.outcome.code), ("reason", entry.outcome.reason)) if value
        }
    if entry.settledAt is not None:
        found["settledAt"] = instant(entry.settledAt)
    return found
