"""WebSocket (RFC 6455) as this gateway speaks it: Autobahn, with what it leaves open settled.

TCP_NODELAY is really set, every close has a deadline of our own, and no debug line is put together for each message.
L{dog.testing.echo} runs on the very same classes, so that Autobahn's test suite can be held against them.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

from autobahn.twisted.resource import WebSocketResource
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.server import Request

from dog import __version__
from dog.api.call import Media
from dog.api.channel import BoundedChannel
from dog.api.crowd import Seat
from dog.api.rendering import errorReply
from dog.api.ws.envelope import payloadOf
from dog.api.ws.frames import wholeText
from dog.api.ws.heartbeat import Heartbeat
from dog.api.ws.later import Cancels, Later
from dog.api.ws.turn import Turn, Turns
from dog.model.refusal import Code, Refused

#: Close codes (RFC 6455, section 7.4.1, and the IANA registry).
GOING_AWAY = 1001
INTERNAL_ERROR = 1011
UNSUPPORTED_DATA = 1003
POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013

#: The kernel takes no more than so much that it has not sent: what a slow peer does not take stays in sight.
UNSENT = 16 * 1024

#: The socket option for that; before Python knew it by name it was Linux's 25.
TCP_NOTSENT_LOWAT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", 25 if sys.platform == "linux" else None)


def padded(head: bytes) -> bytes:
    """The answer to an upgrade, with a header that makes it a multiple of 128 bytes long.

    ws4py's client, which v1 clients are made of, reads it by 128 bytes, and has two threads read what it got too much
    of; that goes wrong when the presentation follows at once.
    """
    if not head.startswith(b"HTTP/1.1 101 "):
        return head
    return head[:-2] + b"X-Padding: " + b"-" * (-(len(head) + 13) % 128) + b"\r\n\r\n"


class WebSocket(WebSocketServerProtocol):
    """One connection, from the upgrade to the end."""

    # Autobahn reads it before it copies it from the factory: only here it takes effect.
    tcpNoDelay = True

    factory: WebSocketFactory
    transport: Any
    current_frame: Any
    maxMessagePayloadSize: int

    def __init__(self) -> None:
        super().__init__()
        self._deadline: Cancels | None = None
        self._turn: Turn | None = None
        self._beats: Heartbeat | None = None
        self._seat: Seat | None = None

    @property
    def isOpen(self) -> bool:
        """Whether a message can be sent: the opening handshake is done and nobody has begun to close."""
        return bool(self.state == self.STATE_OPEN)

    def sendText(self, frame: bytes) -> None:
        """Send a whole message, its frame head included (L{dog.api.ws.envelope.frameHead}).

        Nothing is sent, and nothing said, where it is too late for it.
        """
        if self.state == self.STATE_OPEN:
            if self.websocket_extensions_in_use:
                self.sendMessage(payloadOf(frame))  # type: ignore[no-untyped-call]
            elif self.send_queue:
                self.sendData(frame)
            else:
                self.transport.write(frame)

    def close(self, code: int, reason: str = "") -> None:
        """Begin to close. The peer has until the factory's deadline to answer. Harmless while closing or closed.

        @param reason: at most 123 bytes as UTF-8 (section 5.5).
        """
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code, reason.encode())

    def producer(self) -> IPushProducer:
        """Who is told when the peer takes its data too slowly, and when it takes it again. Override."""
        raise NotImplementedError

    @property
    def deaf(self) -> bool:
        """Whether nothing is read of the peer, or it may not have got what it was sent. Override."""
        return False

    # -- what Autobahn calls ------------------------------------------------------------------------

    def makeConnection(self, transport: Any) -> None:
        self._seat, self.factory.seat = self.factory.seat, None
        turns = self.factory.turns
        if turns is not None:
            transport = turns.around(transport)
        if isinstance(transport, Turn):
            self._turn = transport
        super().makeConnection(transport)  # type: ignore[no-untyped-call]

    def onOpen(self) -> None:
        self.transport.registerProducer(self.producer(), True)
        _keepUnsentSmall(self.transport)
        if self.factory.heartbeat:
            self._beats = Heartbeat(
                self.factory.later,
                self.factory.heartbeat,
                self.factory.answerWithin,
                self.sendPing,
                lambda: self.deaf,
                self._silent,
            )
            self._beats.start()

    def sendCloseFrame(self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False) -> None:
        # Every close comes by here: ours, the answer to the peer's, Autobahn's own on a violation. A peer that reads
        # nothing would keep any of them from ending: Autobahn bounds only some, by the global reactor's clock.
        super().sendCloseFrame(code, reasonUtf8, isReply)
        if self._deadline is None and self.state != self.STATE_CLOSED:
            self._deadline = self.factory.later(self.factory.closeWithin / 2, self._unanswered)

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        # Autobahn's formats a debug line each time, whatever the log level.
        if self.state == self.STATE_CONNECTING:
            data = padded(data)
        if sync or chopsize or self.send_queue:
            super().sendData(data, sync, chopsize)
        else:
            self.transport.write(data)

    def dataReceived(self, data: bytes) -> None:
        # Likewise. And what is nearly all that clients send, a whole text message in one frame, need not go through
        # all of Autobahn's states; anything else does, as soon as it comes.
        if self._beats is not None:
            self._beats.heard()
        if self.state == self.STATE_OPEN and not self.data and not self.inside_message and self.current_frame is None:
            data = self._wholeMessages(data)
            if not data:
                return
        self.data += data
        self.consumeData()

    def _wholeMessages(self, data: bytes) -> bytes:
        """Take the messages with which C{data} begins, as long as each is whole; the rest is returned."""
        at = 0
        while self.state == self.STATE_OPEN:
            found = wholeText(data, at, self.maxMessagePayloadSize)
            if found is None:
                break
            payload, at = found
            self.onMessage(payload, False)
        return data[at:] if at else data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if self._beats is not None:
            self._beats.stop()
        if self._turn is not None:
            self._turn.lost()
        if self._seat is not None:
            self._seat.leave()
        super().connectionLost(reason)

    def _silent(self) -> None:
        # Whoever does not answer a ping would not answer a close.
        self.wasNotCleanReason = f"it did not answer a ping within {self.factory.answerWithin:g} s"
        self.transport.abortConnection()

    def _unanswered(self) -> None:
        # Half of the time is over: end it as soon as everything has been sent that was to be sent.
        self._deadline = self.factory.later(self.factory.closeWithin / 2, self._stuck)
        self.wasNotCleanReason = self.wasNotCleanReason or "it did not answer the close in time"
        self.dropConnection(abort=False)

    def _stuck(self) -> None:
        self._deadline = None
        self.transport.abortConnection()


def _keepUnsentSmall(transport: Any) -> None:
    # Over TLS the socket is that of the transport beneath.
    while hasattr(transport, "transport"):
        transport = transport.transport
    handle: Any = transport.getHandle() if hasattr(transport, "getHandle") else None
    if TCP_NOTSENT_LOWAT is not None and getattr(handle, "family", None) in (socket.AF_INET, socket.AF_INET6):
        handle.setsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT)


class WebSocketFactory(WebSocketServerFactory):
    """Makes L{WebSocket}s.

    @param later: for deadlines.
    @param maxMessage: bytes; over it the connection is closed with 1009.
    @param closeWithin: seconds from the beginning of a close to the end of the connection: a peer that has not
        answered after half of them is not waited for, and what it has not taken after all of them is dropped.
    @param deflate: agree to permessage-deflate (RFC 7692) where a client offers it: 87 KB for each that does.
    @param heartbeat: seconds between pings; 0: none.
    @param answerWithin: seconds that the peer may take to answer one, or to send whatever else; then it is dropped.
    @param turns: joins what is written to a connection in one turn of the reactor; None: it goes out piece by piece.
    @ivar seat: that of the connection which is just being taken over from HTTP.
    """

    seat: Seat | None = None

    protocol = WebSocket  # type: ignore[assignment]

    def __init__(
        self,
        later: Later,
        *,
        maxMessage: int = 1024 * 1024,
        closeWithin: float = 5.0,
        deflate: bool = False,
        heartbeat: float = 0.0,
        answerWithin: float = 10.0,
        turns: Turns | None = None,
    ) -> None:
        # Without a reactor Autobahn would import the global one; all that needs it is turned off.
        super().__init__(server=f"dog/{__version__}", reactor=later)  # type: ignore[no-untyped-call]
        self.later = later
        self.closeWithin = closeWithin
        self.heartbeat = heartbeat
        self.answerWithin = answerWithin
        self.turns = turns
        self.setProtocolOptions(  # type: ignore[no-untyped-call]
            webStatus=False,
            openHandshakeTimeout=0,
            closeHandshakeTimeout=0,
            failByDrop=False,
            maxMessagePayloadSize=maxMessage,
            allowNullOrigin=True,  # origins are looked at in onConnect
            perMessageCompressionAccept=_acceptDeflate if deflate else None,
        )

    def setDeflate(self, deflate: bool) -> None:
        """Whether to agree to compression, with connections from now on."""
        accept = _acceptDeflate if deflate else _acceptNothing
        self.setProtocolOptions(perMessageCompressionAccept=accept)  # type: ignore[no-untyped-call]


def _acceptNothing(offers: list[Any]) -> None:
    """No compression."""


def _acceptDeflate(offers: list[Any]) -> Any:
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer):
            return PerMessageDeflateOfferAccept(offer)
    return None


class WebSocketDoor(WebSocketResource):
    """The web resource where connections are upgraded. A request that is no upgrade is told so."""

    def __init__(self, factory: WebSocketFactory) -> None:
        super().__init__(factory)  # type: ignore[no-untyped-call]
        self._sockets = factory

    def render(self, request: Request) -> Any:
        if request.method == b"OPTIONS":
            request.setResponseCode(204)
            request.setHeader("Allow", "GET, OPTIONS")
            return b""
        if request.method != b"GET":
            request.setHeader("Allow", "GET, OPTIONS")
            return _refuse(request, Code.METHOD_NOT_ALLOWED, "only GET is possible here, to begin a WebSocket")
        upgrade = request.getHeader("upgrade") or ""
        if "websocket" not in upgrade.lower() or request.clientproto != b"HTTP/1.1":
            request.setHeader("Upgrade", "websocket")
            request.setHeader("Connection", "Upgrade")
            return _refuse(request, Code.UPGRADE_REQUIRED, "this is a WebSocket endpoint: connect with ws: or wss:")
        # The channel would stay the transport's producer, and take offence at the first slow reader.
        channel: Any = request.channel
        channel.transport.unregisterProducer()
        if isinstance(channel, BoundedChannel):
            self._sockets.seat = channel.giveSeat()
        return super().render(request)  # type: ignore[no-untyped-call]


def _refuse(request: Request, code: Code, message: str) -> bytes:
    reply = errorReply(Refused(code, message), Media.JSON)
    request.setResponseCode(reply.status, code.value.replace("_", " ").title().encode())
    request.setHeader("Content-Type", Media.JSON.value)
    return reply.body
