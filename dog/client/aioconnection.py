"""One connection of the asyncio flavour: Autobahn's client protocol, told what we need of it and nothing more."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any

from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol

from dog import __version__
from dog.client.address import Address
from dog.client.closing import MAX_MESSAGE, reasonOf
from dog.client.errors import Failed, NotReachable
from dog.client.trust import NOT_THE_ONE, USUAL, BadTrust, Trust

log = logging.getLogger(__name__)


class Connection(WebSocketClientProtocol):
    """What Autobahn gets to see.

    @ivar ended: a future of the reason.
    @ivar heardAt: when anything came last, by the loop's clock.
    @ivar paused: nothing is read now.
    """

    factory: WebSocketClientFactory

    def __init__(
        self, address: Address, received: Callable[[Connection, bytes], object], trust: Trust = USUAL
    ) -> None:
        super().__init__()
        self._trust = trust
        self._refused = False
        loop = asyncio.get_running_loop()
        self._address = address
        self._received = received
        self._now = loop.time
        self.ended: asyncio.Future[Failed | NotReachable] = loop.create_future()
        self.heardAt = self._now()
        self.paused = False

    def connection_made(self, transport: Any) -> None:
        # Before anything is sent: the token is in the very first line.
        secure = transport.get_extra_info("ssl_object")
        if secure is not None and not self._trust.accepts(secure.getpeercert(True)):
            self._refused = True
            transport.abort()
            self.ended.set_result(NotReachable(self._address.socket, NOT_THE_ONE))
            return
        super().connection_made(transport)  # type: ignore[no-untyped-call]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._refused:
            super().connection_lost(exc)  # type: ignore[no-untyped-call]

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self.heardAt = self._now()
        if self.ended.done():
            return
        try:
            self._received(self, payload)
        except Exception:  # it would stop Autobahn from reading, silently
            log.exception("a message could not be worked on")

    def onPing(self, payload: bytes) -> None:
        super().onPing(payload)
        self.heardAt = self._now()

    def onPong(self, payload: bytes) -> None:
        self.heardAt = self._now()

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        if not self.ended.done():
            unclean = getattr(self, "wasNotCleanReason", None)
            self.ended.set_result(reasonOf(self._address, wasClean, code, reason, unclean))

    def pause(self) -> None:
        """Let the gateway wait."""
        self.paused = True
        self.transport.pause_reading()

    def resume(self) -> None:
        self.paused = False
        self.heardAt = self._now()
        if self.transport is not None:
            self.transport.resume_reading()

    async def finish(self, patience: float) -> None:
        """Say goodbye, and close it for good once the gateway has, too, or after C{patience} seconds."""
        if self.ended.done():
            return
        if self.paused:
            self.resume()
        if self.state == self.STATE_OPEN:
            self.sendClose(1000)
            await asyncio.wait([self.ended], timeout=patience)
        if not self.ended.done():
            self.dropConnection(abort=True)


async def connectTo(
    address: Address,
    token: str | None,
    received: Callable[[Connection, bytes], object],
    trust: Trust = USUAL,
) -> Connection:
    """A new connection, its handshake on the way; with TLS for C{wss}.

    @raise NotReachable: there is nobody.
    """
    loop = asyncio.get_running_loop()
    factory = WebSocketClientFactory(
        address.socket,
        useragent=f"dog/{__version__}",
        headers={} if token is None else {"Authorization": f"Bearer {token}"},
        loop=loop,
    )
    factory.host = address.hostInUrl
    # Every timer is the client's: Autobahn's go on after the end.
    factory.setProtocolOptions(
        openHandshakeTimeout=0,
        closeHandshakeTimeout=0,
        serverConnectionDropTimeout=0,
        autoPingInterval=0,
        maxMessagePayloadSize=MAX_MESSAGE,
        maxFramePayloadSize=MAX_MESSAGE,
    )

    def build() -> Connection:
        connection = Connection(address, received, trust)
        connection.factory = factory
        return connection

    try:
        tls = trust.context() if address.secure else None
    except BadTrust as bad:
        raise NotReachable(address.socket, str(bad)) from None
    try:
        _, connection = await loop.create_connection(build, address.host, address.port, ssl=tls)
    except ConnectionRefusedError:
        raise NotReachable(address.socket, "nothing listens there") from None
    except socket.gaierror:
        raise NotReachable(address.socket, "no such host") from None
    except OSError as error:
        raise NotReachable(address.socket, error.strerror or str(error)) from None
    return connection
