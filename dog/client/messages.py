"""The messages of the WebSocket protocol as a client sees them. Pure: text in, values out, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dog.client.errors import Failed, failedFrom


class BadMessage(ValueError):
    """The gateway sent something that is not of the protocol."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """The gateway's first message. A Dog 3 gateway tells its C{clientId} only."""

    clientId: str
    server: str = ""
    apiVersion: str = ""
    features: tuple[str, ...] = ()
    epoch: str | None = None
    eventId: int | None = None
    authenticated: bool | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """An answer.

    @ivar status: the HTTP status; worked out from the words of the answer where a Dog 3 gateway sent none.
    @ivar response: what the resource says, or C{{"result": ...}}.
    @ivar commandId: the gateway's id of the command that was sent.
    """

    sequenceNumber: str | None
    status: int
    response: Any
    error: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    commandId: str | None = None

    def failure(self) -> Failed | None:
        """The refusal that this is; None if it is none."""
        if self.status < 400:
            return None
        result = self.response.get("result") if isinstance(self.response, Mapping) else self.response
        return failedFrom(self.status, self.error, str(result or "the request failed"))


@dataclass(frozen=True, slots=True)
class Notification:
    """An event.

    @ivar cls: the notification class (C{OnNotification}).
    @ivar name: its notificationName (C{on}).
    @ivar params: the class's own fields, measures as text.
    @ivar body: the notification object as it came.
    @ivar at: when it happened, RFC 3339; None unless the session asked for C{eventId}. So C{eventId} and C{cursor}.
    """

    device: str
    cls: str
    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    at: str | None = None
    eventId: int | None = None
    cursor: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What else happens: what no notification tells. Only to whom has asked for it.

    @ivar kind: C{valueStaled}, C{deviceLost}, C{deviceChanged}, ...
    @ivar device: its id; None where it is about none.
    @ivar states: whose values it is about, each with its C{state} and key parameters.
    @ivar details: what belongs to the kind.
    @ivar body: the event object as it came.
    @ivar at: when it happened, RFC 3339.
    """

    kind: str
    device: str | None = None
    states: tuple[Mapping[str, Any], ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    at: str | None = None
    eventId: int | None = None
    cursor: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How the devices of a subscription were, all at one moment.

    @ivar devicesStatus: what C{GET /api/v1/devices/status} has under this name.
    @ivar eventId: the last event that is in it.
    """

    devicesStatus: tuple[Mapping[str, Any], ...]
    epoch: str | None = None
    eventId: int | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Events are lost to this client: those after C{since}, up to and with C{until}.

    @ivar since: None: it is not known from where, because the gateway has begun a new epoch.
    @ivar until: None: it is not known to where either, because the gateway does not number its events.
    @ivar devicesStatus: how the devices were at C{until}, where it came along.
    """

    epoch: str | None
    since: int | None
    until: int | None
    devicesStatus: tuple[Mapping[str, Any], ...] | None = None

    @classmethod
    def of(cls, value: Any, devicesStatus: Any = None) -> Gap:
        """From a C{gap} of the wire, as far as it is one."""
        if not isinstance(value, Mapping):
            value = {}
        statuses = tuple(devicesStatus) if isinstance(devicesStatus, list) else None
        return cls(_textOf(value.get("epoch")), _integerOf(value.get("from")), _integerOf(value.get("to")), statuses)


@dataclass(frozen=True, slots=True)
class Other:
    """A message of a type that this version does not know; extensions may add some."""

    messageType: str
    body: Mapping[str, Any] = field(default_factory=dict)


Message = Presentation | Response | Notification | Event | Gap | Other


def encodeRequest(clientId: str, sequence: str, action: str, endPoint: str, parameters: Any = None) -> bytes:
    """A request as it goes on the wire. C{parameters}: any JSON value; None is none."""
    message: dict[str, Any] = {
        "clientId": clientId,
        "sequenceNumber": sequence,
        "messageType": "request",
        "action": action,
        "endPoint": endPoint,
    }
    if parameters is not None:
        message["parameters"] = parameters
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def decode(payload: bytes) -> list[Message]:
    """The messages in one text frame: one, or with feature C{batch} any number.

    @raise BadMessage: not JSON, or not an object with a messageType.
    """
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"not JSON: {error}") from None
    return [_message(each) for each in (value if isinstance(value, list) else [value])]


def _message(value: Any) -> Message:
    if not isinstance(value, dict) or not isinstance(value.get("messageType"), str):
        raise BadMessage("not an object with a messageType")
    kind = value["messageType"]
    if kind == "presentation":
        return _presentation(value)
    if kind == "response":
        return _response(value)
    if kind == "notification":
        return _notification(value)
    if kind == "event":
        return _event(value)
    if kind == "gap":
        return Gap.of(value.get("gap"), value.get("devicesStatus"))
    return Other(kind, value)


def _presentation(value: Mapping[str, Any]) -> Presentation:
    if not isinstance(value.get("clientId"), str):
        raise BadMessage("a presentation without clientId")
    features = value.get("features")
    server = value.get("server")
    if isinstance(server, Mapping):
        server = " ".join(str(server[each]) for each in ("name", "version") if each in server)
    return Presentation(
        value["clientId"],
        server=str(server or ""),
        apiVersion=str(value.get("apiVersion") or ""),
        features=tuple(map(str, features)) if isinstance(features, list) else (),
        epoch=_textOf(value.get("epoch")),
        eventId=_integerOf(value.get("eventId")),
        authenticated=value["authenticated"] if isinstance(value.get("authenticated"), bool) else None,
    )


def _response(value: Mapping[str, Any]) -> Response:
    response = value.get("response")
    status = value.get("status")
    error = value.get("error")
    warnings = value.get("warnings")
    sequence = value.get("sequenceNumber")
    return Response(
        None if sequence is None else str(sequence),
        status if isinstance(status, int) else _statusOf(response),
        response,
        error if isinstance(error, Mapping) else None,
        tuple(map(str, warnings)) if isinstance(warnings, list) else (),
        _textOf(value.get("commandId")),
    )


def _statusOf(response: Any) -> int:
    """The status that the words of a Dog 3 gateway mean (websocket-api.md, "Response")."""
    result = response.get("result") if isinstance(response, Mapping) else response
    if not isinstance(result, str):
        return 200
    if result == "The requested resource was not found":
        return 404
    if result == "Not authorised":
        return 403
    if result.startswith("You forgot") or result == "Registration failed":
        return 400
    return 500 if result.endswith("execution failed") else 200


def _notification(value: Mapping[str, Any]) -> Notification:
    body = value.get("notification")
    if not isinstance(body, Mapping):
        raise BadMessage("a notification without its event")
    own = ("deviceUri", "notificationTopic", "notificationName")
    return Notification(
        str(body.get("deviceUri", "")),
        str(body.get("notificationTopic", "")),
        str(body.get("notificationName", "")),
        params={name: each for name, each in body.items() if name not in own},
        body=body,
        at=_textOf(value.get("at")),
        eventId=_integerOf(value.get("eventId")),
        cursor=_integerOf(value.get("cursor")),
    )


def _event(value: Mapping[str, Any]) -> Event:
    body = value.get("event")
    if not isinstance(body, Mapping) or not isinstance(body.get("kind"), str):
        raise BadMessage("an event without its kind")
    states, details = body.get("states"), body.get("details")
    return Event(
        body["kind"],
        _textOf(body.get("device")),
        tuple(each for each in states if isinstance(each, Mapping)) if isinstance(states, list) else (),
        details if isinstance(details, Mapping) else {},
        body,
        _textOf(value.get("at")),
        _integerOf(value.get("eventId")),
        _integerOf(value.get("cursor")),
    )


def _textOf(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _integerOf(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
