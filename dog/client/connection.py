"""One connection to a gateway: Autobahn's client protocol, told what we need of it and nothing more."""

from __future__ import annotations

from typing import Any, Protocol

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import ConnectionRefusedError, DNSLookupError, TimeoutError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.python.failure import Failure

from dog import __version__
from dog.client.address import Address
from dog.client.closing import MAX_MESSAGE, reasonOf
from dog.client.errors import Failed, NotReachable
from dog.client.trust import USUAL, BadTrust, Trust


class Owner(Protocol):
    """Whom a connection reports to."""

    def received(self, connection: Connection, payload: bytes) -> None:
        """A message came."""

    def heard(self, connection: Connection) -> None:
        """A ping or a pong came."""

    def closed(self, connection: Connection, reason: Failed | NotReachable) -> None:
        """It is gone. Reported once."""


class Connection(WebSocketClientProtocol):
    """What Autobahn gets to see. Every timer is the owner's: Autobahn's own can't be driven by a test's clock."""

    # As a class attribute, because Autobahn reads it before it copies the factory's options.
    tcpNoDelay = True

    def __init__(self, address: Address, owner: Owner) -> None:
        super().__init__()
        self._address = address
        self._owner = owner

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self._owner.received(self, payload)

    def onPing(self, payload: bytes) -> None:
        super().onPing(payload)
        self._owner.heard(self)

    def onPong(self, payload: bytes) -> None:
        self._owner.heard(self)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        unclean = getattr(self, "wasNotCleanReason", None)
        why = reasonOf(self._address, wasClean, code, reason, unclean)
        self._owner.closed(self, why)

    def finish(self) -> None:
        """Say goodbye; L{Owner.closed} follows once the gateway has, too."""
        if self.state == self.STATE_OPEN:
            self.sendClose(1000)
        else:
            self.drop()

    def drop(self) -> None:
        """Close it at once."""
        self.dropConnection(abort=True)


class ConnectionFactory(WebSocketClientFactory):
    """Makes the L{Connection} of one attempt."""

    noisy = False

    def __init__(self, address: Address, owner: Owner, token: str | None, reactor: Any) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            address.socket,
            useragent=f"dog/{__version__}",
            headers={} if token is None else {"Authorization": f"Bearer {token}"},
            reactor=reactor,
        )
        self.host = address.hostInUrl
        self.setProtocolOptions(  # type: ignore[no-untyped-call]
            openHandshakeTimeout=0,
            closeHandshakeTimeout=0,
            serverConnectionDropTimeout=0,
            autoPingInterval=0,
            maxMessagePayloadSize=MAX_MESSAGE,
            maxFramePayloadSize=MAX_MESSAGE,
        )
        self._address = address
        self._owner = owner

    def buildProtocol(self, addr: object) -> Connection:
        connection = Connection(self._address, self._owner)
        connection.factory = self
        return connection


def endpointOf(address: Address, reactor: Any, timeout: float, trust: Trust = USUAL) -> IStreamClientEndpoint:
    """Where to connect to, with TLS for C{wss}.

    @raise NotReachable: TLS is asked for, and pyOpenSSL or service_identity is not installed, or what is to be
        trusted can't be read.
    """
    endpoint: IStreamClientEndpoint = HostnameEndpoint(reactor, address.host, address.port, timeout=timeout)
    if not address.secure:
        return endpoint
    try:
        creator = trust.creator(address.host)
    except ImportError as error:
        raise NotReachable(address.socket, f"TLS needs pyOpenSSL and service_identity ({error})") from None
    except BadTrust as bad:
        raise NotReachable(address.socket, str(bad)) from None
    return wrapClientTLS(creator, endpoint)


def unconnected(address: Address, failure: Failure) -> NotReachable:
    """Why there is no connection, in words."""
    error = failure.value
    if isinstance(error, NotReachable):
        return error
    if isinstance(error, ConnectionRefusedError):
        reason = "nothing listens there"
    elif isinstance(error, DNSLookupError):
        reason = "no such host"
    elif isinstance(error, TimeoutError):
        reason = "no answer in time"
    else:
        reason = " ".join(str(error).split()) or type(error).__name__
    return NotReachable(address.socket, reason)
