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

from dog.model.rights import Principal

_ABSOLUTE = re.compile(rb"https?://([^/?#]*)", re.IGNORECASE)


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

    def __init__(self) -> None:
        super().__init__()
        self._answering = False
        self._deadline: IDelayedCall | None = None

    @property
    def bounds(self) -> Bounds:
        bounds: Bounds = self.site.bounds
        return bounds

    def dataReceived(self, data: bytes) -> None:
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

    def connectionLost(self, reason: Any = None) -> None:
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
        self.timeoutConnection()
