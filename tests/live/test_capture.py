"""Captures: what passes on a driver's wires is recorded while somebody asks, and only then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol, IProtocolFactory, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides, implementer
from zope.interface.verify import verifyObject

from dog.live.capture import Capture, Captures, Tap, untapped
from dog.live.kit import Kit
from dog.model.refusal import Code, Refusal


class Heard(Protocol):
    """The driver's own protocol."""

    transport: Any = None

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.lost: list[str] = []

    def dataReceived(self, data: bytes) -> None:
        self.heard.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.append(reason.getErrorMessage())


@implementer(IHalfCloseableProtocol)
class HalfClosing(Heard):
    closed = False

    def readConnectionLost(self) -> None:
        self.closed = True

    def writeConnectionLost(self) -> None:
        """Nothing is left to say."""


class Gives(Factory):
    """Builds one protocol, that one."""

    noisy = False

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: object) -> Any:
        return self._protocol


def through(tap: Tap, protocol: Any) -> Any:
    """What a transport gets to talk to in the protocol's place."""
    return tap.on("tcp:192.0.2.1:1", Gives(protocol)).buildProtocol(IPv4Address("TCP", "192.0.2.1", 1))


class CaptureCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.captures = Captures(self.clock.seconds, self.clock.callLater)
        self.records: list[Mapping[str, Any]] = []

    def begin(self, driver: str = "bus", link: str | None = None, seconds: float = 60, bound: int = 1000) -> Capture:
        capture = Capture(self.captures, driver, link, seconds, bound, self.records.append)
        capture.begin()
        return capture

    def connect(self, tap: Tap, protocol: Any = None) -> tuple[Any, StringTransport, Heard]:
        """What the transport has for a protocol, the transport, and the driver's protocol."""
        own = Heard() if protocol is None else protocol
        transport = StringTransport()
        outer = through(tap, own)
        outer.makeConnection(transport)
        return outer, transport, own

    def said(self) -> list[tuple[Any, ...]]:
        return [
            (
                each["at"],
                each["what"],
                each.get("hex") or each.get("endpoint") or each.get("reason") or each.get("why"),
            )
            for each in self.records
        ]


class CaptureTests(CaptureCase):
    def test_bothDirections(self) -> None:
        """Opened, sent, received and lost, with the seconds since the capture began."""
        self.clock.advance(100)
        tap = self.captures.tap("bus", "gw")
        self.begin()
        outer, transport, own = self.connect(tap)
        self.clock.advance(0.25)
        own.transport.write(b"\x01\x02")
        own.transport.writeSequence([b"\x03", b"\x04"])
        self.clock.advance(0.5)
        outer.dataReceived(b"\xff")
        outer.connectionLost(Failure(ConnectionDone("bye")))
        self.assertEqual(
            self.said(),
            [
                (0.0, "opened", "tcp:192.0.2.1:1"),
                (0.25, "sent", "0102"),
                (0.25, "sent", "0304"),
                (0.75, "received", "ff"),
                (0.75, "lost", "Connection was closed cleanly: bye."),
            ],
        )
        self.assertEqual(self.records[0]["link"], "gw")
        self.assertEqual(len({each["connection"] for each in self.records}), 1)
        self.assertEqual((transport.value(), own.heard), (b"\1\2\3\4", [b"\xff"]))
        self.assertEqual(own.lost, ["Connection was closed cleanly: bye."])

    def test_openAlready(self) -> None:
        """A link that is up is told at the beginning, and recorded from there."""
        outer, _, own = self.connect(self.captures.tap("bus", "gw"))
        own.transport.write(b"before")
        self.begin()
        outer.dataReceived(b"after")
        self.assertEqual(self.said(), [(0.0, "open", "tcp:192.0.2.1:1"), (0.0, "received", b"after".hex())])

    def test_whatIsGoneIsNotOpen(self) -> None:
        tap = self.captures.tap("bus", "gw")
        outer, _, _ = self.connect(tap)
        outer.connectionLost(Failure(ConnectionDone()))
        self.begin()
        self.assertEqual(self.records, [])

    def test_onlyWhatIsAsked(self) -> None:
        """Another driver's links are left out, and other links where one is named; the latter come later too."""
        taps = [self.captures.tap(*each) for each in (("other", "gw"), ("bus", "gw2"))]
        self.begin(link="gw")
        tap = self.captures.tap("bus", "gw")
        for each in taps:
            self.connect(each)[0].dataReceived(b"no")
        self.assertEqual(self.records, [])
        self.connect(tap)[0].dataReceived(b"yes")
        self.assertEqual([each["what"] for each in self.records], ["opened", "received"])
        self.assertIs(self.captures.tap("bus", "gw"), tap)

    def test_endsInTime(self) -> None:
        tap = self.captures.tap("bus", "gw")
        outer, _, own = self.connect(tap)
        self.begin(seconds=10)
        self.clock.advance(10)
        outer.dataReceived(b"late")
        own.transport.write(b"late")
        self.assertEqual(self.said()[1:], [(10.0, "end", "time")])
        self.assertEqual((tap.listeners, self.captures.running, own.heard), ((), {}, [b"late"]))

    def test_endsWithBytes(self) -> None:
        """At the bound it ends, both directions counted; its timer goes with it."""
        outer, _, own = self.connect(self.captures.tap("bus", "gw"))
        self.begin(bound=4)
        own.transport.write(b"12")
        outer.dataReceived(b"345")
        outer.dataReceived(b"6")
        self.assertEqual([each["what"] for each in self.records], ["open", "sent", "received", "end"])
        self.assertEqual((self.records[-1]["why"], self.records[-1]["bytes"]), ("bytes", 5))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_ended(self) -> None:
        """Ended once, it stays ended; another one goes on."""
        tap = self.captures.tap("bus", "gw")
        first = self.begin()
        more: list[Mapping[str, Any]] = []
        Capture(self.captures, "bus", None, 60, 1000, more.append).begin()
        first.end("enough")
        first.end("enough")
        self.connect(tap)
        self.assertEqual([each["what"] for each in self.records], ["end"])
        self.assertEqual([each["what"] for each in more], ["opened"])
        self.captures.close()
        self.assertEqual(more[-1]["why"], "the gateway stops")

    def test_bounded(self) -> None:
        for _ in range(self.captures.most):
            self.captures.check()
            self.begin()
        self.assertIs(self.assertRaises(Refusal, self.captures.check).refused.code, Code.BUSY)

    def test_forgotten(self) -> None:
        """A link that is no more leaves nothing behind."""
        tap = self.captures.tap("bus", "gw")
        self.assertEqual(self.captures.taps(), [tap])
        del tap
        self.assertEqual(self.captures.taps(), [])


class TransparentTests(CaptureCase):
    """A driver does not notice that its wire passes a tap."""

    def test_transport(self) -> None:
        class Transport(StringTransport):
            noDelay = False

            def setTcpNoDelay(self, enabled: bool) -> None:
                self.noDelay = enabled

        own, transport = Heard(), Transport()
        directlyProvides(transport, ITCPTransport)
        outer = through(self.captures.tap("bus", "gw"), own)
        outer.makeConnection(transport)
        seen: Any = own.transport
        self.assertTrue(ITCPTransport.providedBy(seen))
        seen.setTcpNoDelay(True)
        seen.loseConnection()
        self.assertEqual((transport.noDelay, transport.disconnecting), (True, True))
        self.assertRaises(AttributeError, getattr, seen, "abort")

    def test_protocol(self) -> None:
        """What else the protocol provides reaches it, and a plain one does not seem to provide it."""
        half = HalfClosing()
        outer, _, _ = self.connect(self.captures.tap("bus", "gw"), half)
        self.assertTrue(IHalfCloseableProtocol.providedBy(outer))
        outer.readConnectionLost()
        self.assertTrue(half.closed)
        plain, _, own = self.connect(self.captures.tap("bus", "gw"))
        self.assertFalse(IHalfCloseableProtocol.providedBy(plain))
        self.assertIs(untapped(plain), own)
        self.assertIs(untapped(own), own)

    def test_factory(self) -> None:
        """The factory is told when it is used, and may build nothing."""

        inner = Gives(None)
        outer: Any = self.captures.tap("bus", "gw").on("x", inner)
        verifyObject(IProtocolFactory, outer)
        outer.doStart()
        self.assertEqual(inner.numPorts, 1)
        outer.doStop()
        self.assertEqual(inner.numPorts, 0)
        self.assertIsNone(through(self.captures.tap("bus", "gw"), None))

    def test_kit(self) -> None:
        """A kit's connections pass the tap; the driver gets its own protocol."""
        reactor = MemoryReactorClock()
        self.captures = Captures(reactor.seconds, reactor.callLater)
        tap = self.captures.tap("bus", "gw")
        kit = Kit(reactor, "bus", "gw", tap=tap)
        own = Heard()
        connecting = kit.connect("tcp:127.0.0.1:502", Gives(own))
        self.begin()
        (host, port, factory, *_) = reactor.tcpClients[0]
        self.assertEqual((host, port), ("127.0.0.1", 502))
        protocol: Any = factory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 502))
        transport = StringTransport()
        protocol.makeConnection(transport)
        self.assertIs(self.successResultOf(connecting), own)
        protocol.dataReceived(b"hello")
        own.transport.write(b"there")
        self.assertEqual(
            self.said(),
            [
                (0.0, "opened", "tcp:127.0.0.1:502"),
                (0.0, "received", b"hello".hex()),
                (0.0, "sent", b"there".hex()),
            ],
        )
