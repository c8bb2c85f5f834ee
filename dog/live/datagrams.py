"""UDP by endpoint strings, C{udp:HOST:PORT}: one peer, each write one datagram, each datagram one dataReceived."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectError, ConnectionDone, ConnectionLost, ConnectionRefusedError, DNSLookupError
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, IResolutionReceiver, ITransport
from twisted.internet.protocol import DatagramProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from dog.live.serial import fields

PREFIX = "udp:"

#: What sending may fail with while the peer may yet be reached: as good as a datagram lost on its way.
_LOST = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS)


def connectUdp(reactor: Any, endpoint: str, factory: IProtocolFactory) -> Deferred[IProtocol]:
    """Connect a protocol of C{factory}, once the host's address is known. Nothing is sent, nothing is proven.

    Fails with ValueError, DNSLookupError or OSError. The protocol's connection is lost when the peer's host says
    that nobody listens there, and when sending fails.
    """

    def connect(address: str) -> IProtocol:
        protocol = factory.buildProtocol(None)  # type: ignore[arg-type]
        if protocol is None:
            raise ConnectError(string="the factory built no protocol")
        datagrams = _Datagrams(protocol, address, int(port))
        reactor.listenUDP(0, datagrams, interface="::" if isIPv6Address(address) else "")
        protocol.makeConnection(datagrams)
        return protocol

    host, *rest = fields(endpoint.removeprefix(PREFIX))
    port = rest[0] if len(rest) == 1 else ""
    resolving: Deferred[str] = Deferred()
    if not host or not port.isdigit() or not 1 <= int(port) <= 0xFFFF:
        resolving.errback(ValueError(f"expected udp:HOST:PORT, got {endpoint!r}"))
    elif isIPAddress(host) or isIPv6Address(host):
        resolving = succeed(host)
    else:
        reactor.nameResolver.resolveHostName(_First(host, resolving), host, int(port))
    return resolving.addCallback(connect)


@implementer(IResolutionReceiver)
class _First:
    """The first address that a name resolves to."""

    def __init__(self, host: str, found: Deferred[str]) -> None:
        self._host = host
        self._found = found

    def resolutionBegan(self, resolutionInProgress: object) -> None:
        pass

    def addressResolved(self, address: Any) -> None:
        if not self._found.called:
            self._found.callback(address.host)

    def resolutionComplete(self) -> None:
        if not self._found.called:
            self._found.errback(DNSLookupError(self._host))


@implementer(ITransport)
class _Datagrams(DatagramProtocol):
    """The transport of the protocol, and the receiver of what comes from its peer; others are not heard."""

    def __init__(self, protocol: IProtocol, host: str, port: int) -> None:
        self._protocol: IProtocol | None = protocol
        self._peer = (host, port)
        self._port: Any = None

    def startProtocol(self) -> None:
        self._port = self.transport
        self._port.connect(*self._peer)

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        if self._protocol is not None and addr[:2] == self._peer:
            self._protocol.dataReceived(datagram)

    def connectionRefused(self) -> None:
        self._end(ConnectionRefusedError())

    def stopProtocol(self) -> None:
        # With some reactors this is all that tells of an ICMP error, which the socket still knows.
        number = self._port.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number == errno.ECONNREFUSED:
            self._end(ConnectionRefusedError())
        else:
            self._end(OSError(number, os.strerror(number)) if number else ConnectionLost())

    def _end(self, why: Exception) -> None:
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            self._port.stopListening()
            protocol.connectionLost(Failure(why))

    # -- ITransport ---------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if self._protocol is None:
            return
        try:
            self._port.write(data)
        except OSError as error:
            if error.errno not in _LOST:
                self._end(error)

    def writeSequence(self, data: Any) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """At once: there is nothing that waits to be sent."""
        self._end(ConnectionDone())

    def getPeer(self) -> IAddress:
        return self.getHost().__class__("UDP", *self._peer)  # type: ignore[call-arg]

    def getHost(self) -> IAddress:
        host: IAddress = self._port.getHost()
        return host
