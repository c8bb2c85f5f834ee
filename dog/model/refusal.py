"""Why something is refused: one enumeration of codes for REST and WebSocket (rest-api.md, "Which status")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """The code in C{error.code}. L{Code.status} is the HTTP status it answers with."""

    BAD_JSON = "bad_json"
    BAD_BODY = "bad_body"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    DUPLICATE_ID = "duplicate_id"
    IN_USE = "in_use"
    PRECONDITION_FAILED = "precondition_failed"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    MISDIRECTED = "misdirected"
    UPGRADE_REQUIRED = "upgrade_required"
    BAD_VALUE = "bad_value"
    BAD_UNIT = "bad_unit"
    OUT_OF_RANGE = "out_of_range"
    INTERNAL = "internal"
    BUS_REFUSED = "bus_refused"
    NO_DRIVER = "no_driver"
    UNREACHABLE = "unreachable"
    BUSY = "busy"
    STORAGE = "storage"
    TIMEOUT = "timeout"

    @property
    def meaning(self) -> str:
        """In words, for the documentation: what it says, and what a client does about it."""
        return _MEANING[self]

    @property
    def status(self) -> int:
        return _STATUS[self]


_STATUS = {
    Code.BAD_JSON: 400,
    Code.BAD_BODY: 400,
    Code.UNAUTHORIZED: 401,
    Code.FORBIDDEN: 403,
    Code.NOT_FOUND: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.NOT_ACCEPTABLE: 406,
    Code.DUPLICATE_ID: 409,
    Code.IN_USE: 409,
    Code.PRECONDITION_FAILED: 412,
    Code.TOO_LARGE: 413,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
    Code.MISDIRECTED: 421,
    Code.UPGRADE_REQUIRED: 426,
    Code.BAD_VALUE: 422,
    Code.BAD_UNIT: 422,
    Code.OUT_OF_RANGE: 422,
    Code.INTERNAL: 500,
    Code.BUS_REFUSED: 502,
    Code.NO_DRIVER: 503,
    Code.UNREACHABLE: 503,
    Code.BUSY: 503,
    Code.STORAGE: 507,
    Code.TIMEOUT: 504,
}


_MEANING = {
    Code.BAD_JSON: "The body is no JSON: position, or what is not allowed (NaN, too deep). Correct the client.",
    Code.BAD_BODY: "It is JSON of another shape than is taken here; path and expected say which. Correct the client.",
    Code.UNAUTHORIZED: "A token is needed, or the one that was brought is unknown, revoked or expired. Ask for one.",
    Code.FORBIDDEN: "Whoever asks has no right to this, or his page is of an origin that may not. Don't repeat it.",
    Code.NOT_FOUND: "There is no such thing, or none that whoever asks may see.",
    Code.METHOD_NOT_ALLOWED: "It is there, and can't be asked like this; allowed lists how. A command is no GET.",
    Code.NOT_ACCEPTABLE: "It has no form that Accept allows (the plan is SVG, which a WebSocket can't carry).",
    Code.DUPLICATE_ID: "Something of that name is there already. Take another one.",
    Code.IN_USE: "Others depend on it, a room with devices in it; force=true removes it all the same.",
    Code.PRECONDITION_FAILED: "It has changed since the client saw it (If-Match). Read it again, then decide.",
    Code.TOO_LARGE: "Body, message or header is over its limit, which is told.",
    Code.UNSUPPORTED_MEDIA_TYPE: "The body's Content-Type is not taken; accepted lists which are.",
    Code.MISDIRECTED: "The gateway is not known by that name (Host). Use its address, or put the name into hosts.",
    Code.UPGRADE_REQUIRED: "This is the WebSocket's address, and the request is no upgrade.",
    Code.BAD_VALUE: "A value, a parameter or a setting makes no sense; expected says what would.",
    Code.BAD_UNIT: "The unit is of another quantity, or none that is known.",
    Code.OUT_OF_RANGE: "The value is not within what the device or the parameter takes; the bounds are told.",
    Code.INTERNAL: "A bug of the gateway; its log says where. Report it.",
    Code.BUS_REFUSED: "The device or its bus said no, with its own reason. The command was not carried out.",
    Code.NO_DRIVER: "No driver serves the device: none is there for its system, or it is not set up. See its reason.",
    Code.UNREACHABLE: "The device or the line to it is down. It comes back by itself; ask again later.",
    Code.BUSY: "Too much at once: the device's queue is full, too many connections or attempts. Ask again later.",
    Code.STORAGE: "It could not be stored: the disk is full, read only or broken, or there is no place for it.",
    Code.TIMEOUT: "No acknowledgement in time: whether a command was carried out is not known. Look at the status.",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal is a value; an exception is a bug. C{details} go into the error object beside code and message."""

    code: Code
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)


#: Characters of a client's own text that an error repeats.
MAX_QUOTED = 80

#: Characters of somebody else's text in a log.
MAX_TEXT = 200

#: Characters of an idempotency key.
MAX_KEY = 255


def clipped(text: str) -> str:
    """As much of a client's text as an error repeats."""
    return text if len(text) <= MAX_QUOTED else text[: MAX_QUOTED - 1] + "…"


def quoted(text: str | None) -> str:
    """The same in quotes."""
    return repr(text if text is None else clipped(text))


def escaped(text: str) -> str:
    """C{text} on one line, with nothing in it that a terminal obeys or that runs backwards: what can't be printed is
    written as in a Python literal.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def cleaned(value: Any) -> Any:
    """As it may stand in a log: a text L{escaped}, and not all of it where it is long."""
    return escaped(value[:MAX_TEXT])[:MAX_TEXT] if isinstance(value, str) else value


#: Names in a message, and in its details.
MAX_NAMED = 10
MAX_LISTED = 100


def some(names: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    shown = ", ".join(clipped(each) for each in names[:MAX_NAMED])
    return shown if len(names) <= MAX_NAMED else f"{shown} and {len(names) - MAX_NAMED} more"


class Refusal(Exception):
    """A L{Refused} on its way up through code that can't return it (parsers, threads)."""

    def __init__(self, code: Code, message: str, **details: Any) -> None:
        super().__init__(message)
        self.refused = Refused(code, message, details)
