"""UDP by endpoint strings, on real sockets of the loopback."""

from __future__ import annotations

import errno
from collections.abc import Generator
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.error import ConnectionDone, ConnectionRefusedError, DNSLookupError
from twisted.internet.protocol import DatagramProtocol, Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from dog.live.datagrams import connectUdp
from dog.live.kit import Kit


class Peer(DatagramProtocol):
    """Answers each datagram with two; from another port, too, if told so."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.stranger: Any = None

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        assert self.transport is not None
        self.heard.append(datagram)
        if self.stranger is not None:
            self.stranger.write(b"not yours", addr)
        self.transport.write(b"<" + datagram, addr)
        self.transport.write(b">", addr)


class Ours(Protocol):
    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.lost: Deferred[Any] = Deferred()
        self.waiting: Deferred[None] | None = None
        self.wanted = 0

    def until(self, count: int) -> Deferred[None]:
        """Fires when that many datagrams have come."""
        self.waiting, self.wanted = Deferred(), count
        return self.waiting

    def dataReceived(self, data: bytes) -> None:
        self.heard.append(data)
        if self.waiting is not None and len(self.heard) == self.wanted:
            self.waiting.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.callback(reason.type)


class DatagramTests(TestCase):
    timeout = 20

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any = reactor

    def listen(self, protocol: DatagramProtocol, interface: str = "127.0.0.1") -> Any:
        port = self.reactor.listenUDP(0, protocol, interface=interface)
        self.addCleanup(port.stopListening)
        return port

    @inlineCallbacks
    def connect(self, port: Any, host: str = "127.0.0.1") -> Generator[Deferred[Any], Any, Ours]:
        endpoint = f"udp:{host}:{port.getHost().port}"
        ours: Ours = yield Kit(self.reactor, "test", "x").connect(endpoint, Factory.forProtocol(Ours))
        assert ours.transport is not None
        self.addCleanup(ours.transport.loseConnection)
        return ours

    @inlineCallbacks
    def test_bothWays(self) -> Generator[Deferred[Any], Any, None]:
        """Each write is a datagram, each datagram one piece; what comes from elsewhere is not heard."""
        peer = Peer()
        peer.stranger = self.listen(DatagramProtocol())
        ours = yield self.connect(self.listen(peer))
        ours.transport.write(b"one")
        yield ours.until(2)
        ours.transport.writeSequence([b"t", b"wo"])
        yield ours.until(4)
        self.assertEqual(ours.heard, [b"<one", b">", b"<two", b">"])
        self.assertEqual(peer.heard, [b"one", b"two"])
        self.assertEqual(ours.transport.getPeer().host, "127.0.0.1")
        self.assertNotEqual(ours.transport.getHost().port, ours.transport.getPeer().port)

    @inlineCallbacks
    def test_hostsByName(self) -> Generator[Deferred[Any], Any, None]:
        peer = Peer()
        ours = yield self.connect(self.listen(peer), "localhost")
        if ours.transport.getPeer().host != "127.0.0.1":  # where the name means ::1
            return
        ours.transport.write(b"one")
        yield ours.until(2)

    @inlineCallbacks
    def test_ip6(self) -> Generator[Deferred[Any], Any, None]:
        try:
            port = self.listen(Peer(), "::1")
        except Exception as error:
            self.skipTest(f"no IPv6 here: {error}")
        ours = yield self.connect(port, r"\:\:1")
        ours.transport.write(b"one")
        yield ours.until(2)
        self.assertEqual(ours.heard, [b"<one", b">"])

    @inlineCallbacks
    def test_nobodyThere(self) -> Generator[Deferred[Any], Any, None]:
        """The peer's host says so: the connection is lost."""
        port = self.reactor.listenUDP(0, DatagramProtocol(), interface="127.0.0.1")
        ours = yield self.connect(port)
        yield port.stopListening()
        ours.transport.write(b"one")
        reason = yield ours.lost
        self.assertIs(reason, ConnectionRefusedError)
        ours.transport.write(b"nothing happens")

    @inlineCallbacks
    def test_close(self) -> Generator[Deferred[Any], Any, None]:
        ours = yield self.connect(self.listen(Peer()))
        ours.transport.loseConnection()
        ours.transport.loseConnection()
        reason = yield ours.lost
        self.assertIs(reason, ConnectionDone)


class Udp:
    """Of a reactor, its UDP."""

    def __init__(self) -> None:
        self.port: Any = None
        self.error: OSError | None = None
        self.stopped = 0
        self.connected: list[tuple[str, int]] = []

    def listenUDP(self, port: int, protocol: Any, interface: str = "") -> Any:
        protocol.makeConnection(self)
        return self

    def connect(self, host: str, port: int) -> None:
        self.connected.append((host, port))

    def write(self, data: bytes, addr: Any = None) -> None:
        if self.error is not None:
            raise self.error

    def stopListening(self) -> None:
        self.stopped += 1


class FailureTests(SynchronousTestCase):
    def test_badEndpoints(self) -> None:
        for bad in ("udp:", "udp:host", "udp:host:x", "udp:host:0", "udp::502", "udp:host:502:more"):
            self.failureResultOf(connectUdp(Clock(), bad, Factory.forProtocol(Ours)), ValueError)

    def test_names(self) -> None:
        """The first address of a name is taken; a name that has none fails; what comes after a cancel is nothing."""
        reactor: Any = Udp()
        receivers: list[Any] = []
        resolver = type("Resolver", (), {"resolveHostName": lambda self, each, *_: receivers.append(each)})()
        reactor.nameResolver = resolver
        connecting = [connectUdp(reactor, "udp:plc:502", Factory.forProtocol(Ours)) for _ in range(3)]
        for each in receivers:
            each.resolutionBegan(None)
        connecting[1].cancel()
        receivers[0].addressResolved(IPv4Address("UDP", "192.0.2.1", 502))
        receivers[0].addressResolved(IPv4Address("UDP", "192.0.2.2", 502))
        for each in receivers:
            each.resolutionComplete()
        self.assertEqual(reactor.connected, [("192.0.2.1", 502)])
        self.successResultOf(connecting[0])
        self.failureResultOf(connecting[1])
        self.failureResultOf(connecting[2], DNSLookupError)

    def test_sendingFails(self) -> None:
        """A full buffer is a lost datagram; a network that is gone, a lost connection."""

        udp = Udp()
        ours: Any = self.successResultOf(connectUdp(udp, "udp:192.0.2.1:502", Factory.forProtocol(Ours)))
        udp.error = OSError(errno.ENOBUFS, "full")
        ours.transport.write(b"one")
        self.assertNoResult(ours.lost)
        udp.error = OSError(errno.ENETUNREACH, "no network")
        ours.transport.write(b"two")
        self.assertIs(self.successResultOf(ours.lost), OSError)
        self.assertEqual(udp.stopped, 1)
