"""What can go wrong between a client and its gateway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class NotReachable(Exception):
    """There is no conversation with the gateway: nothing listens there, the name is unknown, it is no Dog gateway.

    The request was never sent (but see L{Interrupted} and L{NoAnswer}).
    """

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url}: {reason}")
        self.url = url
        self.reason = reason


class Interrupted(NotReachable):
    """The connection was lost while a request was on its way: it may have been carried out."""


class NoAnswer(NotReachable):
    """The connection stands but the answer did not come in time: the request may have been carried out."""


class Failed(Exception):
    """The gateway answered, and the answer is no.

    @ivar status: the HTTP status, over WebSocket too.
    @ivar code: one of the gateway's error codes (C{not_found}, C{bad_value}, C{unreachable} ...).
    @ivar message: in words.
    @ivar error: the whole error object: C{code}, C{message} and what else belongs to it.
    """

    def __init__(self, status: int, code: str, message: str, error: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{message} [{code}, {status}]")
        self.status = status
        self.code = code
        self.message = message
        self.error: Mapping[str, Any] = error if error is not None else {"code": code, "message": message}


def failedFrom(status: int, error: object, otherwise: str) -> Failed:
    """From an answer's error object, as far as it is one; C{otherwise} says what happened where it is not."""
    if not isinstance(error, Mapping):
        error = {}
    code, message = error.get("code"), error.get("message")
    return Failed(
        status,
        code if isinstance(code, str) else "unknown",
        message if isinstance(message, str) else otherwise,
        dict(error) or None,
    )
