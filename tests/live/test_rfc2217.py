"""Serial ports set over the network: what is negotiated, what is refused."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dog.interfaces import LinkFailed
from dog.live.kit import Kit
from dog.live.telnet import DO, DONT, WILL, WONT, Decoder, Item, Subnegotiation, Verb

ENDPOINT = "rfc2217:192.0.2.1:2217:baudRate=19200:dataBits=7:parity=even:stopBits=2"


class Ours(Protocol):
    def __init__(self) -> None:
        self.heard = b""
        self.lost: list[Any] = []

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.append(reason.type)


class Transport(StringTransport):
    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True


class ClientTests(SynchronousTestCase):
    def connect(self, endpoint: str = ENDPOINT) -> Deferred[Any]:
        self.reactor = MemoryReactorClock()
        return Kit(self.reactor, "test", "x").connect(endpoint, Factory.forProtocol(Ours))

    def accept(self) -> None:
        """The server takes the connection."""
        factory: Any = self.reactor.tcpClients[0][2]
        self.telnet: Any = factory.buildProtocol(None)
        self.transport = Transport()
        self.telnet.makeConnection(self.transport)
        self.decoder = Decoder()

    def said(self) -> list[Item]:
        """What the client has said since."""
        data = self.transport.value()
        self.transport.clear()
        return list(self.decoder.feed(data))

    def say(self, *items: Item) -> None:
        for each in items:
            self.telnet.dataReceived(each if isinstance(each, bytes) else each.encode())

    def acknowledge(self, *settings: bytes) -> None:
        self.say(*(Subnegotiation(b"\x2c" + each) for each in settings))

    def ready(self) -> Ours:
        connecting = self.connect()
        self.accept()
        self.say(Verb(DO, 44))
        self.acknowledge(b"\x65\x00\x00\x4b\x00", b"\x66\x07", b"\x67\x03", b"\x68\x02")
        self.said()
        ours: Ours = self.successResultOf(connecting)
        return ours

    def failed(self, connecting: Deferred[Any]) -> tuple[str, str]:
        error: LinkFailed = self.failureResultOf(connecting, LinkFailed).value
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        return error.code, str(error)

    def test_settings(self) -> None:
        """First the options, then every setting; usable with the last acknowledgement, and not before."""
        connecting = self.connect()
        host, port, *_ = self.reactor.tcpClients[0]
        self.assertEqual((host, port), ("192.0.2.1", 2217))
        self.accept()
        self.assertIn(Verb(WILL, 44), self.said())
        self.say(Verb(DO, 44), b"\r\nser2net port 2217\r\n")
        self.assertEqual(
            self.said(),
            [
                Subnegotiation(b"\x2c" + each)
                for each in (b"\x01\x00\x00\x4b\x00", b"\x02\x07", b"\x03\x03", b"\x04\x02", b"\x05\x01", b"\x0c\x03")
            ],
        )
        settings = (b"\x65\x00\x00\x4b\x00", b"\x66\x07", b"\x67\x03", b"\x68\x02")
        for each in (*settings[:3], b"\x6b\xb0", b"\x69\x01", b"\x00ser2net", settings[0]):
            self.acknowledge(each)
            self.assertNoResult(connecting)
        self.acknowledge(settings[3])
        self.assertEqual(self.successResultOf(connecting).heard, b"")
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_everySetting(self) -> None:
        for how, said in (
            (":baudRate=115200", (b"\x01\x00\x01\xc2\x00", b"\x02\x08", b"\x03\x01", b"\x04\x01")),
            (":parity=odd:stopBits=1.5:dataBits=5", (b"\x01\x00\x00\x25\x80", b"\x02\x05", b"\x03\x02", b"\x04\x03")),
        ):
            self.connect("rfc2217:192.0.2.1:2217" + how).addErrback(lambda _: None)
            self.accept()
            self.said()
            self.say(Verb(DO, 44))
            self.assertEqual(self.said()[:4], [Subnegotiation(b"\x2c" + each) for each in said])

    def test_bytesBothWays(self) -> None:
        """As they are: 255, CR LF and CR NUL too."""
        ours = self.ready()
        odd = bytes(range(256)) + b"\r\n\r\x00\xff\xff\xf0\xff"
        assert ours.transport is not None
        ours.transport.write(odd[:100])
        ours.transport.writeSequence([odd[100:200], odd[200:]])
        self.assertEqual(b"".join(each for each in self.said() if isinstance(each, bytes)), odd)
        self.say(odd.replace(b"\xff", b"\xff\xff"), Subnegotiation(b"\x2c\x6b\x10"), b"more")
        self.assertEqual(ours.heard, odd + b"more")

    def test_otherOptions(self) -> None:
        """They are refused; no answer is answered again, so that two sides do not talk for ever."""
        self.connect().addErrback(lambda _: None)
        self.accept()
        self.said()
        self.say(Verb(WILL, 1), Verb(DO, 24), Verb(WILL, 1), Verb(DO, 24), Verb(WILL, 0), Verb(DO, 3), Verb(WONT, 5))
        self.assertEqual(self.said(), [Verb(DONT, 1), Verb(WONT, 24)])

    def test_refused(self) -> None:
        """What the server won't do is named, as what the installer has to change."""
        for said, words in (
            (Subnegotiation(b"\x2c\x65\x00\x00\x25\x80"), "the server does not take baudRate: 19200, but 9600"),
            (Subnegotiation(b"\x2c\x67\x01"), "the server does not take parity: E, but N"),
            (Subnegotiation(b"\x2c\x68\x01"), "the server does not take stopBits: 2, but 1"),
            (Verb(DONT, 44), "the server does not let serial ports be set (RFC 2217); tcp:HOST:PORT may do"),
        ):
            connecting = self.connect()
            self.accept()
            self.say(Verb(DO, 44), said)
            self.assertEqual(self.failed(connecting), ("misconfigured", words))
            self.assertTrue(self.transport.disconnecting)
            self.telnet.connectionLost(Failure(ConnectionDone()))

    def test_silence(self) -> None:
        """A server that does not know RFC 2217 says nothing; one that hangs acknowledges half."""
        for said, words in (
            ((), "the server did not acknowledge RFC 2217 within 5 s"),
            (
                (Verb(DO, 44), Subnegotiation(b"\x2c\x66\x07")),
                "the server did not acknowledge baudRate, parity, stopBits within 5 s",
            ),
        ):
            connecting = self.connect()
            self.accept()
            self.say(*said)
            self.reactor.advance(4.9)
            self.assertNoResult(connecting)
            self.reactor.advance(0.2)
            self.assertEqual(self.failed(connecting), ("timeout", words))
            self.assertTrue(self.transport.disconnecting)

    def test_noConnection(self) -> None:
        connecting = self.connect()
        factory: Any = self.reactor.tcpClients[0][2]
        factory.clientConnectionFailed(None, Failure(ConnectionRefusedError()))
        self.failureResultOf(connecting, ConnectionRefusedError)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_closedMeanwhile(self) -> None:
        connecting = self.connect()
        self.accept()
        self.telnet.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.failed(connecting)[0], "closed")

    def test_lost(self) -> None:
        """The driver's protocol hears of it once; what it closes is closed."""
        ours = self.ready()
        assert ours.transport is not None
        ours.transport.loseConnection()
        self.assertTrue(self.transport.disconnecting)
        self.telnet.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(ours.lost, [ConnectionDone])

    def test_cancelled(self) -> None:
        for accepted in (False, True):
            connecting = self.connect()
            if accepted:
                self.accept()
            connecting.cancel()
            self.failureResultOf(connecting, CancelledError)
            self.assertEqual(self.reactor.getDelayedCalls(), [])
            if accepted:
                self.assertTrue(self.transport.aborted)
                self.telnet.connectionLost(Failure(ConnectionDone()))

    def test_badEndpoints(self) -> None:
        for bad in (
            *("rfc2217:", "rfc2217:host", "rfc2217:host:x", "rfc2217:host:0", "rfc2217:host:1:speed=1"),
            *("rfc2217:host:1:dataBits=9", "rfc2217:host:1:stopBits=3", "rfc2217:host:1:baudRate=0"),
        ):
            self.failureResultOf(self.connect(bad), ValueError)
