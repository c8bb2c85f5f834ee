"""What Autobahn says when a connection ends, in the words of this library. Pure; for both of its flavours."""

from __future__ import annotations

import re

from dog.client.address import Address
from dog.client.errors import Failed, NotReachable

#: A bound for what a gateway may send in one message, in bytes.
MAX_MESSAGE = 32 * 1024 * 1024

_UPGRADE_FAILED = re.compile(r"upgrade failed \[(\d{3})\]:?\s*(.*)")


def reasonOf(
    address: Address, wasClean: bool, code: int | None, reason: str | None, unclean: object = None
) -> Failed | NotReachable:
    """From the arguments of C{onClose}, and Autobahn's C{wasNotCleanReason}."""
    refused = _UPGRADE_FAILED.search(str(unclean or ""))
    if refused is not None:
        return _refusal(address, int(refused[1]), refused[2])
    if wasClean:
        words = f" {reason}" if reason else ""
        return NotReachable(address.socket, f"the gateway closed the connection ({code}{words})")
    return NotReachable(address.socket, f"the connection was lost ({unclean or reason})")


def _refusal(address: Address, status: int, words: str) -> Failed | NotReachable:
    """What an HTTP status in place of the WebSocket means."""
    if status == 401:
        return Failed(status, "unauthorized", "the gateway wants a valid token")
    if status == 403:
        return Failed(status, "forbidden", "the gateway does not let this token or origin in")
    return NotReachable(address.socket, f"no Dog gateway answers there ({status} {words})".replace(" )", ")"))
