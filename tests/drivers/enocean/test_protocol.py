"""Requests and responses on a line: one at a time, in order of rank, with pauses, and an end."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.enocean.erp import Telegram
from dog.drivers.enocean.esp3 import CommonCommand, Packet, PacketType, commonCommand, crc8
from dog.drivers.enocean.protocol import BACKGROUND, NORMAL, URGENT, Line, NoAnswer, endpointOf
from dog.interfaces import LinkFailed
from dog.testing.links import FakeKit
from tests.drivers.enocean.air import ENDPOINT, VERSION, stall

DOOR = Telegram(0xD5, b"\x09", 1)


def numbered(number: int) -> Packet:
    """A transmission that can be told from others."""
    return Telegram(0xD5, bytes([number]), 2).packet()


class Lines(SynchronousTestCase):
    def setUp(self) -> None:
        self.kit = FakeKit()
        self.kit.accept(ENDPOINT)
        self.heard: list[Telegram] = []
        self.losses: list[LinkFailed] = []
        self.events: list[bytes] = []
        self.line = Line(self.kit, ENDPOINT, self.heard.append, self.losses.append, self.events.append)
        self.successResultOf(self.line.open())

    def feed(self, data: bytes) -> None:
        self.kit.connections[-1].protocol.dataReceived(data)

    def answer(self, data: bytes = b"\0") -> None:
        self.feed(Packet(PacketType.RESPONSE, data).encode())

    def written(self) -> list[int]:
        """The numbers of the transmissions since the last time."""
        transport = self.kit.connections[-1].transport
        data = transport.value()
        transport.clear()
        size = len(numbered(0).encode())
        return [data[at + 7] for at in range(0, len(data), size)]

    def test_endpoint(self) -> None:
        self.assertEqual(endpointOf("tcp:192.0.2.1:3000"), ENDPOINT)
        self.assertRaises(ValueError, endpointOf, "COM1")

    def test_ranksAndPauses(self) -> None:
        """One after the other, the urgent one first, and 50 ms of quiet before each."""
        done: list[int] = []
        for number, rank in ((0, NORMAL), (1, BACKGROUND), (2, NORMAL), (3, URGENT), (4, NORMAL)):
            self.line.request(numbered(number), rank=rank).addCallback(lambda _, number: done.append(number), number)
        order = []
        for _ in range(5):
            order += self.written()
            self.answer()
            self.kit.clock.advance(0.049)
            self.assertEqual(self.written(), [])
            self.kit.clock.advance(0.002)
        self.assertEqual(order, [0, 3, 2, 4, 1])
        self.assertEqual(done, order)

    def test_tooShort(self) -> None:
        """A response that can't be the answer is somebody else's; a refusal may be short."""
        asked = self.line.request(commonCommand(CommonCommand.READ_BASE_ID), 5)
        self.answer()
        self.assertNoResult(asked)
        self.assertEqual(self.line.ignored, 1)
        self.answer(b"\0\xff\x80\0\0")
        self.assertEqual(self.successResultOf(asked), b"\0\xff\x80\0\0")
        self.kit.clock.advance(0.1)
        refused = self.line.request(commonCommand(CommonCommand.READ_BASE_ID), 5)
        self.answer(b"\2")
        self.assertEqual(self.successResultOf(refused), b"\2")
        self.answer()
        self.assertEqual(self.line.ignored, 2)

    def silence(self) -> Deferred[bytes]:
        asked = self.line.request(numbered(0))
        self.kit.run(0.6)
        return asked

    def test_silences(self) -> None:
        """Three in a row end the line, not three in all."""
        for _ in range(2):
            self.failureResultOf(self.silence(), NoAnswer)
        asked = self.line.request(numbered(0))
        self.answer()
        self.successResultOf(asked)
        self.kit.run(0.1)
        for _ in range(2):
            self.failureResultOf(self.silence(), NoAnswer)
        self.assertEqual(self.losses, [])
        last, waiting = self.line.request(numbered(0)), self.line.request(numbered(1))
        self.kit.run(0.6)
        self.failureResultOf(last, NoAnswer)
        self.failureResultOf(waiting, NoAnswer)
        self.assertEqual([each.code for each in self.losses], ["timeout"])
        self.failureResultOf(self.line.request(numbered(0)), NoAnswer)
        self.assertEqual(self.kit.clock.getDelayedCalls(), [])

    def test_cancelled(self) -> None:
        """One that waits is not sent; the response to one that was sent is not taken for the next one's."""
        first, second, third = (self.line.request(numbered(number)) for number in range(3))
        for each in (first, second):
            each.cancel()
            self.failureResultOf(each)
        self.assertEqual(self.written(), [0])
        self.answer()
        self.assertNoResult(third)
        self.kit.clock.advance(0.051)
        self.assertEqual(self.written(), [2])
        self.answer()
        self.assertEqual(self.successResultOf(third), b"\0")

    def test_cutPacket(self) -> None:
        """A packet that promises 300 bytes and stops does not keep the next ones waiting for more than 100 ms."""
        header = bytes([1, 44, 0, 1])
        self.feed(bytes([0x55, *header, crc8(header), 1, 2, 3]))
        self.kit.clock.advance(0.09)
        self.feed(DOOR.packet().encode())
        self.assertEqual(self.heard, [])
        self.kit.clock.advance(0.11)
        self.assertEqual(len(self.heard), 1)
        self.assertEqual(self.kit.clock.getDelayedCalls(), [])

    def test_slowPacket(self) -> None:
        """One whose rest comes late, from a machine or a serial server that is busy, is read; up to a second."""
        line = DOOR.packet().encode()
        self.feed(line[:9])
        self.kit.run(0.9)
        self.feed(line[9:])
        self.assertEqual(len(self.heard), 1)
        self.feed(line[:9])
        self.kit.run(1.1)
        self.feed(line[9:])
        self.assertEqual(len(self.heard), 1)
        self.feed(line)
        self.assertEqual(len(self.heard), 2)

    def test_readLate(self) -> None:
        """What has come when its time is over, and only was not read yet, is in time."""
        asked = self.line.request(numbered(0))
        line = DOOR.packet().encode()
        self.feed(line[:-1])
        stall(self.kit, 2)
        self.feed(line[-1:])
        self.answer()
        self.assertEqual(self.successResultOf(asked), b"\0")
        self.assertEqual(len(self.heard), 1)

    def test_lateAnswer(self) -> None:
        """A late answer to the question for the version is not taken for the base id."""
        self.line.request(commonCommand(CommonCommand.READ_VERSION), 33).addErrback(lambda _: None)
        self.kit.run(0.6)
        asked = self.line.request(commonCommand(CommonCommand.READ_BASE_ID), 5)
        self.answer(VERSION)
        self.assertNoResult(asked)
        self.answer(b"\0\xff\x80\0\0")
        self.assertEqual(self.successResultOf(asked)[1:], b"\xff\x80\0\0")

    def test_otherPackets(self) -> None:
        """Events are told apart; types that nobody knows, and radio packets that are no telegrams, are passed over."""
        for packet in (Packet(PacketType.EVENT, b"\4\0"), Packet(1, b"\xf6"), Packet(0x30, b"\0"), DOOR.packet()):
            self.feed(packet.encode())
        self.assertEqual((len(self.heard), self.events, self.line.ignored), (1, [b"\4\0"], 2))

    def test_respond(self) -> None:
        """A response to an event does not wait for the answer to a request, and takes none away."""
        asked = self.line.request(numbered(0))
        self.line.respond(Packet(PacketType.RESPONSE, b"\0"))
        written = self.kit.connections[-1].transport.value()
        self.assertEqual(written, numbered(0).encode() + Packet(PacketType.RESPONSE, b"\0").encode())
        self.answer()
        self.assertEqual(self.successResultOf(asked), b"\0")
        self.line.close()
        self.line.respond(Packet(PacketType.RESPONSE, b"\0"))
        self.assertEqual(self.kit.connections[-1].transport.value(), written)

    def test_nothingAfterTheEnd(self) -> None:
        """Whoever closes the line while it hears something hears no more."""
        heard: list[Telegram] = []

        def hear(telegram: Telegram) -> None:
            heard.append(telegram)
            self.line.close()

        self.line = Line(self.kit, ENDPOINT, hear, self.losses.append)
        self.successResultOf(self.line.open())
        self.feed(DOOR.packet().encode() * 3)
        self.assertEqual(len(heard), 1)
        self.assertEqual(self.losses, [])
