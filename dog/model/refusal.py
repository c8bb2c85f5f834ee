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
