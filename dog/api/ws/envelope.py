"""The messages of websocket-api.md as texts: what a request asks, and what is told in return. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from dog.api import jsontext
from dog.api.call import ParsedBody, Reply
from dog.api.views.event import happenedJson, notificationJson
from dog.api.views.instant import instant
from dog.core.events import Event
from dog.model.refusal import MAX_KEY, Code, Refusal, Refused, quoted

#: What a request may want to do.
ACTIONS = ("GET", "PUT", "POST", "DELETE")

#: The length of every clientId: hexadecimal digits.
ID_LENGTH = 8

#: What a client can ask for in its session.
FEATURES = frozenset({"eventId", "gap", "batch", "events"})

#: The features that come along with a snapshot, or with C{events}: without numbers, neither is worth much.
RESUMING = frozenset({"eventId", "gap"})

FORGOT = "You forgot to send the clientId or the message type is not a request"
NOT_FOUND = {"result": "The requested resource was not found"}
NOT_AUTHORISED = {"result": "Not authorised"}
NOT_REGISTERED = {"result": "Registration failed"}
NOT_UNDERSTOOD = {"result": "The message could not be understood"}

#: Characters of an end point that is remembered with what it means.
MAX_KNOWN = 256

_SEQUENCE = re.compile(r'"sequenceNumber"\s*:\s*("(?:[^"\\]|\\.)*"|[-+.\w]+)')
_MESSAGE = b'{"clientId":"'


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was understood.

    @ivar echo: what its answer repeats of it, in the order of the wire.
    @ivar path: decoded segments, without empty ones.
    @ivar query: the last value of each name.
    @ivar body: None for no body.
    @ivar xml: C{parameters} as it came, where it begins like XML; for resources that take XML.
    @ivar key: the client's idempotency key.
    """

    echo: Mapping[str, Any]
    action: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    body: ParsedBody | None = None
    xml: str | None = None
    key: str | None = None


# -- what comes in ------------------------------------------------------------------------------------


def read(payload: bytes, clientId: str, maxSize: int) -> Asked | bytes:
    """What a message asks; or, where it can't be understood, the answer that says why.

    @param clientId: the connection's own.
    @param maxSize: bytes; a longer message is not looked into.
    """
    if len(payload) > maxSize:
        refused = Refused(Code.TOO_LARGE, f"a message has at most {maxSize} bytes", {"limit": maxSize})
        return _refuse({"clientId": clientId} | _sequenceIn(payload), refused)
    try:
        message = jsontext.parse(payload)
    except Refusal as refusal:
        return _refuse({"clientId": clientId} | _sequenceIn(payload), refusal.refused)
    if not isinstance(message, dict):
        refused = Refused(Code.BAD_BODY, "a message is a JSON object", {"expected": "an object"})
        return _refuse({"clientId": clientId}, refused)
    if message.get("clientId") != clientId or message.get("messageType") != "request":
        echo = {name: message[name] for name in ("clientId", "sequenceNumber") if name in message}
        refused = Refused(Code.BAD_BODY, "expected the clientId of the presentation, and messageType request")
        return _encode(echo, FORGOT, refused.code.status, _error(refused))
    return _request(message)


def _request(message: Mapping[str, Any]) -> Asked | bytes:
    """A message whose C{clientId} and C{messageType} are right."""
    action = message.get("action")
    endPoint = message.get("endPoint", message.get("endpoint"))
    key = message.get("idempotencyKey")
    echo = {"clientId": message["clientId"]}
    if "sequenceNumber" in message:
        echo["sequenceNumber"] = message["sequenceNumber"]
    if isinstance(action, str):
        echo["action"] = action
    if isinstance(endPoint, str):
        echo["endPoint"] = endPoint
    for name, value in (("action", action), ("endPoint", endPoint), ("idempotencyKey", "" if key is None else key)):
        if not isinstance(value, str):
            problem = "is missing" if value is None else "is not a text"
            return _refuse(echo, Refused(Code.BAD_BODY, f"{name} {problem}", {"path": f"/{name}"}))
    if key is not None and len(key) > MAX_KEY:
        problem = f"idempotencyKey has more than {MAX_KEY} characters"
        return _refuse(echo, Refused(Code.BAD_BODY, problem, {"path": "/idempotencyKey"}))
    if action not in ACTIONS:
        message_ = f"there is no action {quoted(action)}; there are {', '.join(ACTIONS)}"
        return _refuse(echo, Refused(Code.METHOD_NOT_ALLOWED, message_, {"allowed": list(ACTIONS)}))
    path, query = (_known if len(endPoint) <= MAX_KNOWN else _place)(endPoint)
    parameters = message.get("parameters")
    return Asked(
        echo,
        action,
        path,
        query,
        _body(parameters),
        parameters if isinstance(parameters, str) and parameters.lstrip().startswith("<") else None,
        key or None,
    )


def _place(endPoint: str) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Path and query of an end point."""
    path, _, query = endPoint.partition("?")
    return (
        tuple(unquote(each) for each in path.split("/") if each),
        dict(parse_qsl(query, keep_blank_values=True)) if query else {},
    )


_known = lru_cache(maxsize=1024)(_place)


def _body(parameters: Any) -> ParsedBody | None:
    """C{parameters} as a body: a JSON value, a text that holds JSON, or else the text itself."""
    if isinstance(parameters, str) and parameters:
        try:
            parameters = jsontext.parse(parameters)
        except Refusal:
            pass
    return None if parameters is None or parameters == "" else ParsedBody(parameters)


def _sequenceIn(payload: bytes) -> dict[str, Any]:
    """The sequenceNumber of a message that is no JSON, where there is no doubt about it."""
    found = _SEQUENCE.findall(payload.decode("utf-8", "replace"))
    if len(found) != 1:
        return {}
    try:
        return {"sequenceNumber": jsontext.parse(found[0])}
    except Refusal:
        return {}


# -- what goes out ------------------------------------------------------------------------------------


def presentation(clientId: str, about: Mapping[str, Any], epoch: str, eventId: int, authenticated: bool) -> bytes:
    """The first message.

    @param about: C{name} and C{version} of the server.
    @param eventId: the last event that has happened.
    """
    return jsontext.dump(
        {
            "clientId": clientId,
            "messageType": "presentation",
            "server": {"name": about.get("name"), "version": about.get("version")},
            "apiVersion": "v1",
            "features": sorted(FEATURES),
            "epoch": epoch,
            "eventId": eventId,
            "authenticated": authenticated,
        }
    )


def response(asked: Asked, reply: Reply) -> bytes:
    """The answer to a request."""
    body = reply.response
    if reply.text is not None and reply.error is None and not reply.warnings and reply.commandId is None:
        head = jsontext.dump({**asked.echo, "messageType": "response"})
        return b'%s,"response":%s,"status":%d}' % (head[:-1], reply.text, reply.status)
    if body is None:
        body = _failure(asked, reply.status) if reply.status >= 400 else reply.json
    if body is None:
        body = {"result": f"{asked.echo['action']} {asked.echo['endPoint']} executed successfully"}
    more: dict[str, Any] = {}
    if reply.error is not None:
        more["error"] = reply.error
    if reply.warnings:
        more["warnings"] = list(reply.warnings)
    if reply.commandId is not None:
        more["commandId"] = reply.commandId
    return _encode(asked.echo, body, reply.status, more)


def failure(echo: Mapping[str, Any]) -> bytes:
    """The answer to a request on which the gateway failed. C{echo}: as in L{Asked}, as far as it is known."""
    return _refuse(echo, Refused(Code.INTERNAL, "the gateway failed on this; its log says how"))


def _failure(asked: Asked, status: int) -> Mapping[str, str]:
    """The v1 words for a failure, which v1 clients look for."""
    if status == 404:
        return NOT_FOUND
    if status in (401, 403):
        return NOT_AUTHORISED
    if asked.action == "POST" and asked.path[2:3] == ("subscriptions",):
        return NOT_REGISTERED
    return _failed(asked.echo)


def _failed(echo: Mapping[str, Any]) -> Mapping[str, str]:
    if "action" in echo and "endPoint" in echo:
        return {"result": f"{echo['action']} {echo['endPoint']} execution failed"}
    return NOT_UNDERSTOOD


def _refuse(echo: Mapping[str, Any], refused: Refused) -> bytes:
    return _encode(echo, _failed(echo), refused.code.status, _error(refused))


def _error(refused: Refused) -> dict[str, Any]:
    return {"error": {"code": refused.code.value, "message": refused.message, **refused.details}}


def _encode(echo: Mapping[str, Any], body: Any, status: int, more: Mapping[str, Any]) -> bytes:
    return jsontext.dump({**echo, "messageType": "response", "response": body, "status": status, **more})


def frameHead(length: int) -> bytes:
    """What goes before a text message of that many bytes, unfragmented, from server to client (RFC 6455, 5.2)."""
    if length <= 125:
        return bytes((0x81, length))
    if length <= 0xFFFF:
        return b"\x81\x7e" + length.to_bytes(2, "big")
    return b"\x81\x7f" + length.to_bytes(8, "big")


def payloadOf(frame: bytes) -> bytes:
    """The text message without its L{frameHead}."""
    return frame[{126: 4, 127: 10}.get(frame[1], 2) :]


def gap(clientId: str, since: int | None, until: int, epoch: str, statuses: Any) -> bytes:
    """What tells that notifications were dropped: those after C{since}, up to and with C{until}.

    @param statuses: the state of things at C{until}.
    """
    lost = {"epoch": epoch, "from": since, "to": until}
    return jsontext.dump({"clientId": clientId, "messageType": "gap", "gap": lost, "devicesStatus": statuses})


def mergeKey(event: Event) -> tuple[str | None, ...]:
    """What a measurement is superseded by: one of the same device, class and key parameters."""
    kind = event.notification
    if kind is None:
        return (event.device, event.kind, *map(str, event.slots))
    return (event.device, kind.cls, *(str(event.params.get(name)) for name in kind.keyParams))


class Notification:
    """An event as it is told: serialised once, each client's id and cursor spliced in.

    What is no notification is a message of type C{event}, for those who have asked for that.

    @ivar key: what a later measurement supersedes it by: device, class and key parameters; None: nothing does.
    @ivar size: bytes, about.
    """

    __slots__ = ("_at", "_end", "_start", "_tail", "eventId", "key", "size")

    def __init__(self, event: Event) -> None:
        kind = event.notification
        self.eventId = event.eventId
        if kind is None:
            self._tail = b'","messageType":"event","event":' + jsontext.dump(happenedJson(event))
        else:
            self._tail = b'","messageType":"notification","notification":' + jsontext.dump(
                notificationJson(event, kind)
            )
        self._at = event.at
        self.size = len(_MESSAGE) + ID_LENGTH + len(self._tail) + 1
        self._start = frameHead(self.size) + _MESSAGE
        self._end = self._tail + b"}"
        self.key = None if event.discrete else mergeKey(event)

    def frame(self, clientId: bytes) -> bytes:
        """The whole message, frame head included, to this client."""
        return self._start + clientId + self._end

    def stamped(self, clientId: bytes, cursor: int) -> bytes:
        """The same with C{eventId}, C{at} and C{cursor}."""
        stamp = b',"eventId":%d,"at":"%s","cursor":%d}' % (self.eventId, instant(self._at).encode(), cursor)
        return b"".join((frameHead(self.size - 1 + len(stamp)), _MESSAGE, clientId, self._tail, stamp))
