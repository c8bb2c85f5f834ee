"""The bus in memory: it answers, speaks by itself, and goes wrong exactly as told."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dog.testing.bus import Bus, corrupt, cut, delay, disconnect, drop, garbage, lines, pieces, sound
from dog.testing.links import FakeKit

ENDPOINT = "tcp:192.0.2.1:7000"


class Heard(Protocol):
    transport: Any = None

    def __init__(self, kit: FakeKit) -> None:
        self.kit = kit
        self.heard: list[tuple[float, bytes]] = []
        self.lost: list[str] = []

    def dataReceived(self, data: bytes) -> None:
        self.heard.append((round(self.kit.clock.seconds(), 3), data))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.append(type(reason.value).__name__)


class BusTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.kit = FakeKit()
        self.bus = Bus(self.kit, ENDPOINT, self.answer, cut=lines)
        self.protocol = self.connect()

    def connect(self) -> Heard:
        factory = Factory.forProtocol(lambda: Heard(self.kit))
        found: Heard = self.successResultOf(self.kit.connect(ENDPOINT, factory))
        return found

    def answer(self, request: bytes) -> bytes | None:
        return None if request == b"quiet" else b"<" + request + b">"

    def ask(self, text: bytes, seconds: float = 1.0) -> list[tuple[float, bytes]]:
        """What arrives after that, with the seconds it took."""
        began = self.kit.clock.seconds()
        self.protocol.transport.write(text)
        self.kit.run(seconds)
        heard, self.protocol.heard = self.protocol.heard, []
        return [(round(at - began, 3), data) for at, data in heard]

    def test_answers(self) -> None:
        """Requests are cut where they end, whatever is written at once; no answer comes while one is written."""
        self.protocol.transport.write(b"on")
        self.protocol.transport.writeSequence([b"e\r\ntwo\nthr", b"ee"])
        self.assertEqual(self.protocol.heard, [])
        self.kit.run(0)
        self.assertEqual([data for _, data in self.protocol.heard], [b"<one>", b"<two>"])
        self.protocol.heard.clear()
        self.assertEqual(self.ask(b"\nquiet\n"), [(0.0, b"<three>")])
        self.assertEqual(self.bus.requests, [b"one", b"two", b"three", b"quiet"])
        self.assertEqual(self.bus.times, [0.0] * 4)

    def test_latency(self) -> None:
        self.bus.latency = 0.25
        self.assertEqual(self.ask(b"a\n"), [(0.25, b"<a>")])

    def test_faults(self) -> None:
        """Each goes with one answer; then all is well again."""
        for fault, arrives in (
            (delay(0.5), [(0.5, b"<a>")]),
            (drop, []),
            (cut(2), [(0.0, b"<a")]),
            (cut(-2), [(0.0, b"<")]),
            (corrupt(1, 0x03), [(0.0, b"<b>")]),
            (corrupt(-1, 0x02), [(0.0, b"<a<")]),
            (garbage(b"??"), [(0.0, b"??<a>")]),
            (pieces(2, 0.1), [(0.1, b"<a"), (0.2, b">")]),
            (sound, [(0.0, b"<a>")]),
        ):
            self.bus.next(fault)
            self.assertEqual(self.ask(b"a\n"), arrives)
            self.assertEqual(self.ask(b"a\n"), [(0.0, b"<a>")])

    def test_nothingToCorrupt(self) -> None:
        self.assertEqual(list(corrupt()(b"")), [(0.0, b"")])

    def test_inTurn(self) -> None:
        self.bus.next(drop)
        self.bus.next(delay(0.1), drop)
        self.bus.every(garbage(b"?"))
        self.assertEqual(self.ask(b"a\nb\nc\nd\n"), [(0.0, b"?<d>"), (0.1, b"<b>")])
        self.bus.every(sound)
        self.assertEqual(self.ask(b"e\n"), [(0.0, b"<e>")])

    def test_disconnects(self) -> None:
        """In place of an answer the connection ends; the driver may come again, and begins anew."""
        self.bus.next(disconnect)
        self.protocol.transport.write(b"a\nhalf")
        self.kit.run(1)
        self.assertEqual((self.protocol.heard, self.protocol.lost), ([], ["ConnectionLost"]))
        self.bus.say(b"into the void")
        self.protocol = self.connect()
        self.assertEqual(self.ask(b"b\n"), [(0.0, b"<b>")])
        self.assertEqual((self.bus.connected, self.bus.requests), (2, [b"a", b"b"]))

    def test_speaks(self) -> None:
        self.bus.say(b"hello")
        self.assertEqual(self.protocol.heard, [(0.0, b"hello")])

    def test_hangsUp(self) -> None:
        self.protocol.transport.write(b"a\n")
        self.bus.hangUp()
        self.bus.hangUp()
        self.kit.run(1)
        self.assertEqual((self.protocol.heard, self.protocol.lost), ([], ["ConnectionLost"]))

    def test_driverCloses(self) -> None:
        """The driver hears of it a moment later, once, and of nothing else any more; no timer stays."""
        self.protocol.transport.write(b"a\n")
        self.protocol.transport.loseConnection()
        self.protocol.transport.loseConnection()
        self.protocol.transport.write(b"b\n")
        self.bus.say(b"c")
        self.assertEqual(self.protocol.lost, [])
        self.kit.run(1)
        self.assertEqual((self.protocol.heard, self.protocol.lost), ([], ["ConnectionDone"]))
        self.assertEqual((self.bus.requests, self.kit.clock.getDelayedCalls()), ([b"a"], []))
        self.assertTrue(self.kit.connections[0].transport.disconnected)

    def test_driverAborts(self) -> None:
        self.protocol.transport.loseConnection()
        self.protocol.transport.abortConnection()
        self.kit.run(1)
        self.assertEqual(self.protocol.lost, ["ConnectionLost"])
