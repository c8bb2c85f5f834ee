"""Who a client is. One answer for every door: REST, WebSocket and event streams ask here, and nowhere else.

A client that brings no token is the anonymous one, with the rights that the settings give it. One that brings a token
is its owner or nobody: a token that is none is refused, and never taken for no token at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Protocol

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from dog.api.slowdown import Slowdown
from dog.model.refusal import Code, Refusal, Refused
from dog.model.rights import ANONYMOUS, Principal

#: How a token is brought among the subprotocols of a WebSocket: browsers can set no header there.
SUBPROTOCOL = "dog.token."

#: What proxies add. A request with one of these comes from elsewhere, whoever hands it to us.
_PASSED_ON = ("forwarded", "x-forwarded-for", "x-real-ip")


class Keys(Protocol):
    """Knows tokens (L{dog.live.tokens.Tokens})."""

    def principal(self, secret: str) -> Principal | None: ...


def tokenIn(authorization: str | None, subprotocols: Iterable[str] = ()) -> str | None:
    """The token that a request brings; None: it brings none. C{""}: something else, which is no valid token either.

    @param authorization: the header (RFC 6750, section 2.1).
    @param subprotocols: of Sec-WebSocket-Protocol.
    """
    if authorization is not None:
        scheme, _, token = authorization.strip().partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""
    for each in subprotocols:
        if each.startswith(SUBPROTOCOL):
            return each[len(SUBPROTOCOL) :]
    return None


def isPassedOn(has: Callable[[str], bool]) -> bool:
    """Whether a proxy handed the request on. C{has}: whether it has that header, by its lower-case name."""
    return any(map(has, _PASSED_ON))


def isLocal(peer: Any) -> bool:
    """Whether an address (Twisted's) is of this machine: loopback, or a UNIX socket."""
    host = getattr(peer, "host", None)
    return host is None or _isLoopback(host)


@lru_cache(maxsize=256)  # asked with every request
def _isLoopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def refusedOf(failure: Failure) -> Refused:
    """Why L{Identity.who} has failed. Anything but a L{Refusal} is raised again."""
    if not isinstance(failure.value, Refusal):
        failure.raiseException()
    return failure.value.refused


class Identity:
    """Says who a client is.

    @ivar local: a client of this machine without a token.
    @ivar remote: one from elsewhere; unless given, the same.
    @ivar keys: the tokens; None: there are none, and whoever brings one is refused.
    @ivar slow: what slows failed attempts; None: nothing.
    """

    def __init__(
        self,
        local: Principal = ANONYMOUS,
        remote: Principal | None = None,
        keys: Keys | None = None,
        slow: Slowdown | None = None,
    ) -> None:
        self.local = local
        self.remote = local if remote is None else remote
        self.keys = keys
        self.slow = slow

    def who(self, token: str | None, peer: Any, passedOn: bool = False) -> Principal | Deferred[Principal]:
        """Who that is; or a Deferred that fails, after a while where there were other failures from there.

        It fails with L{Refusal} C{unauthorized}, or C{busy} where too many of its kind wait already. Cancelling it
        ends the wait.

        @param token: what L{tokenIn} has found.
        @param peer: the address (Twisted's) that it came from.
        @param passedOn: by a proxy.
        """
        if token is None:
            return self.local if isLocal(peer) and not passedOn else self.remote
        found = None if self.keys is None else self.keys.principal(token)
        if found is not None:
            return found
        refusal = Refusal(Code.UNAUTHORIZED, "this token is not valid: it is unknown, was revoked or has expired")
        return fail(refusal) if self.slow is None else self.slow.failed(peer, refusal)
