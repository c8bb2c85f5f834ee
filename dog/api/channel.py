"""HTTP/1.1 with bounds: how large a request may be, and how long it may take to come."""

# Twisted's web server has no types to speak of, and this builds on it.
# mypy: disallow-untyped-calls=False

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.web.http import HTTPChannel
from twisted.web.server import Request as WebRequest

from dog.api.crowd import Place, Seat
from dog.api.jsontext import dump
from dog.model.refusal import Code
from dog.model.rights import Principal

_ABSOLUTE = re.compile(rb"https?://([^/?#]*)", re.IGNORECASE)

#: Seconds after which a client that was one too many may come again.
COME_AGAIN = 5

#: Seconds for which what it sends is thrown away: it would not see the answer if the connection was reset.
_TURN_AWAY = 1.0

#: How many may be turned away like this at once; all others find their connection closed.
_TURNED_AWAY = 64


@dataclass(frozen=True)
class Bounds:
    """What one request may be.

    @ivar maxBody: bytes of its body.
    @ivar receiveTimeout: seconds from its first byte to its last.
    @ivar drainTimeout: seconds for which the rest of a refused body is read and thrown away, so that the client gets
        to see the answer: closing at once would reset the connection.
    @ivar tooLarge: makes the whole response to a body over the bound.
    """

    maxBody: int
    receiveTimeout: float
    tooLarge: Callable[[BoundedRequest], bytes]
    drainTimeout: float = 5.0


class BoundedRequest(WebRequest):
    """A request whose body is counted while it arrives, and stays in memory.

    Twisted's own writes what is over 100 kB to a temporary file, without bound.
    """

    channel: BoundedChannel
    content: BytesIO
    _refused = False
    _bodySize = 0
    contentType: bytes | None = None
    _delayed: IDelayedCall | None = None
    principal: Principal | None = None  # who asks, once that is known

    def gotLength(self, length: int | None) -> None:
        self.content = BytesIO()
        if length is not None and length > self.channel.bounds.maxBody:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        if self._refused:
            return
        self._bodySize += len(data)
        if self._bodySize > self.channel.bounds.maxBody:
            self._refuse()
        else:
            self.content.write(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        self.channel.received()
        if self._refused:
            self.channel.loseConnection()
            return
        place = self.channel.placeOf(self)
        wait = 0.0 if place is None else place.ask()
        if wait:
            # The channel takes this one as being answered: what comes after it waits, and soon nothing more is read.
            self._delayed = self.channel.callLater(wait, lambda: self._begin(command, path, version))
        else:
            self._begin(command, path, version)

    def connectionLost(self, reason: Any) -> None:
        delayed, self._delayed = self._delayed, None
        if delayed is not None:
            delayed.cancel()
        super().connectionLost(reason)

    def _begin(self, command: bytes, path: bytes, version: bytes) -> None:
        self._delayed = None
        # Twisted would parse forms into args; no resource here takes any.
        path = self._originForm(command, path)
        self.contentType = self.getHeader(b"content-type")
        self.requestHeaders.removeHeader(b"content-type")
        super().requestReceived(command, path, version)

    def _originForm(self, command: bytes, target: bytes) -> bytes:
        """The request target as a path (RFC 9112, 3.2): an absolute one says the host, too; a star is the server."""
        absolute = _ABSOLUTE.match(target)
        if absolute is not None:
            self.requestHeaders.setRawHeaders(b"host", [absolute[1]])
            target = target[absolute.end() :]
        elif target == b"*" and command == b"OPTIONS":
            return b"/"
        return target if target.startswith(b"/") else b"/" + target

    def process(self) -> None:
        if self.contentType is not None:
            self.requestHeaders.setRawHeaders(b"content-type", [self.contentType])
        super().process()

    @property
    def refused(self) -> bool:
        """Whether its answer has been sent already."""
        return self._refused

    def _refuse(self) -> None:
        self._refused = True
        self.content = BytesIO()
        self.requestHeaders.removeHeader(b"expect")  # no "100 Continue" for what is refused
        self.channel.refuse(self)


class BoundedChannel(HTTPChannel):
    """A connection that gives a request an absolute time to arrive.

    Twisted's own time-out begins anew with every byte: a header that dribbles outlives it.

    @ivar site: its site, which says the L{Bounds}.
    """

    site: Any
    transport: Any

    maxHeaders = 100
    totalHeadersSize = 16384

    def __init__(self) -> None:
        super().__init__()
        self._seat: Seat | None = None
        self._fromProxy = False
        self._turnedAway = False
        self._begun = False
        self._answering = False
        self._deadline: IDelayedCall | None = None

    @property
    def bounds(self) -> Bounds:
        bounds: Bounds = self.site.bounds
        return bounds

    def connectionMade(self) -> None:
        super().connectionMade()
        peer = self.transport.getPeer()
        self._fromProxy = self.site.proxies.trusts(peer)
        self._seat = self.site.crowd.enter(peer, not self._fromProxy)
        if self._seat is None:
            self._turnAway()
        else:
            self._expect(self.bounds.receiveTimeout)  # TLS has to be negotiated by then as well

    def _turnAway(self) -> None:
        """There is no seat: say so, if not too many are told so right now."""
        self._turnedAway = True
        if self.site.turnedAway >= _TURNED_AWAY:
            self.transport.abortConnection()
            return
        self.site.turnedAway += 1
        self.transport.write(
            _told(Code.BUSY, b"503 Service Unavailable", "there are too many connections", COME_AGAIN)
        )
        self._expect(_TURN_AWAY)

    def giveSeat(self) -> Seat | None:
        """The connection is somebody else's from now on; so is its seat."""
        seat, self._seat = self._seat, None
        return seat

    def seats(self, request: BoundedRequest) -> bool:
        """Whether there is room for who asks for a WebSocket or a stream, if a proxy has handed him on."""
        if not self._fromProxy or self._seat is None:
            return True
        moved: bool = self.site.crowd.move(self._seat, self.origin(request))
        return moved

    def unseat(self) -> None:
        """The proxy's connection is nobody's again, for whoever it hands on next."""
        if self._fromProxy and self._seat is not None:
            self.site.crowd.move(self._seat, None)

    def origin(self, request: BoundedRequest) -> Any:
        """The address of whose request it is."""
        peer = request.getClientAddress()
        if not self._fromProxy:
            return peer
        headers = request.requestHeaders.getRawHeaders(b"x-forwarded-for")
        forwarded = None if headers is None else b",".join(headers).decode("latin-1")
        return self.site.proxies.origin(peer, forwarded)

    def placeOf(self, request: BoundedRequest) -> Place | None:
        """Whose requests it counts among; None: they are not counted."""
        if self._fromProxy:
            place: Place | None = self.site.crowd.placeOf(self.origin(request))
            return place
        return None if self._seat is None else self._seat.place

    def dataReceived(self, data: bytes) -> None:
        if self._turnedAway:
            return
        self._begun = True
        if self._deadline is None and not self._answering:
            self._expect(self.bounds.receiveTimeout)
        super().dataReceived(data)

    def received(self) -> None:
        """A request is complete: it is the gateway's turn."""
        self._answering = True
        self._relax()

    def requestDone(self, request: Any) -> None:
        self._answering = False
        super().requestDone(request)
        if self.requests and not self._answering:
            # The beginning of the next one was here already.
            self._expect(self.bounds.receiveTimeout)

    def refuse(self, request: BoundedRequest) -> None:
        """Answer before the body has come, and then read on for a while."""
        self.transport.write(self.bounds.tooLarge(request))
        self._relax()
        self._expect(self.bounds.drainTimeout)

    def forceAbortClient(self) -> None:
        """As Twisted's own, which says a second time in the log that the connection is closed."""
        self._abortingCall = None
        self.transport.abortConnection()

    def headerReceived(self, line: bytes) -> bool:
        """Twisted passes over C{Transfer-Encoding: identity} (RFC 9112, 6.1: what does not end in chunked, or is said
        twice, has an end that others may see elsewhere).
        """
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"transfer-encoding":
            if value.strip(b" \t").lower() != b"chunked":
                self._respondToBadRequestAndDisconnect()
                return False
        return bool(super().headerReceived(line))

    def lineLengthExceeded(self, line: bytes) -> None:
        self._tooLong()

    def _respondToBadRequestAndDisconnect(self) -> None:
        if self._receivedHeaderSize > self.totalHeadersSize or self._receivedHeaderCount > self.maxHeaders:
            self._tooLong()
        else:
            super()._respondToBadRequestAndDisconnect()

    def _tooLong(self) -> None:
        message = f"a request's header has at most {self.maxHeaders} fields and {self.totalHeadersSize} bytes here"
        self.transport.write(_told(Code.TOO_LARGE, b"431 Request Header Fields Too Large", message))
        self.loseConnection()

    def connectionLost(self, reason: Any = None) -> None:
        if self._turnedAway and self._deadline is not None:
            self.site.turnedAway -= 1
        seat = self.giveSeat()
        if seat is not None:
            seat.leave()
        self._answering = True
        self._relax()
        super().connectionLost(reason)

    def _expect(self, seconds: float) -> None:
        if self._deadline is None:
            self._deadline = self.callLater(seconds, self._tooLate)

    def _relax(self) -> None:
        deadline, self._deadline = self._deadline, None
        if deadline is not None and deadline.active():
            deadline.cancel()

    def _tooLate(self) -> None:
        self._deadline = None
        if self._turnedAway:
            self.site.turnedAway -= 1
        elif self._begun and not (self.requests and self.requests[0].refused):
            message = f"a request has {self.bounds.receiveTimeout:g} s to arrive here"
            self.transport.write(_told(Code.TIMEOUT, b"408 Request Timeout", message))
        self.timeoutConnection()


def _told(code: Code, status: bytes, message: str, after: int | None = None) -> bytes:
    """A whole response, where there is no request yet that could be answered."""
    body = dump({"error": {"code": code.value, "message": message}})
    head = b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\nConnection: close\r\n"
    if after is not None:
        head += b"Retry-After: %d\r\n" % after
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body
