"""ESP3 packets: checksums, resynchronisation, and that another codec reads them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from dog.drivers.enocean.esp3 import CommonCommand, Deframer, Packet, PacketType, commonCommand, crc8

packets = st.builds(Packet, st.integers(1, 255), st.binary(min_size=1, max_size=40), st.binary(max_size=20))

#: Bytes in which no packet can begin.
noise = st.binary(max_size=40).map(lambda data: data.replace(b"\x55", b"\x54"))


class CRC(SynchronousTestCase):
    def test_knownValues(self) -> None:
        """The check value of CRC-8 with polynomial 7 is F4; the version command's header is 70, its data 09."""
        self.assertEqual(crc8(b"123456789"), 0xF4)
        self.assertEqual(commonCommand(CommonCommand.READ_VERSION).encode(), bytes.fromhex("55 0001 00 05 70 03 09"))
        self.assertEqual(commonCommand(CommonCommand.READ_BASE_ID).encode(), bytes.fromhex("55 0001 00 05 70 08 38"))


class Framing(SynchronousTestCase):
    @given(st.lists(packets, max_size=5), st.data())
    def test_anyChunks(self, sent: list[Packet], data: st.DataObject) -> None:
        """Packets come out as they went in, however the bytes are cut."""
        line = b"".join(each.encode() for each in sent)
        deframer, found = Deframer(), []
        while line:
            size = data.draw(st.integers(1, len(line)))
            found += deframer.feed(line[:size])
            line = line[size:]
        self.assertEqual(found, sent)
        self.assertFalse(deframer.waiting)
        self.assertEqual((deframer.garbage, deframer.broken), (0, 0))

    @given(st.lists(st.tuples(noise, packets), max_size=5))
    def test_noiseBetween(self, sent: list[tuple[bytes, Packet]]) -> None:
        deframer = Deframer()
        found = deframer.feed(b"".join(dirt + each.encode() for dirt, each in sent))
        self.assertEqual(found, [each for _, each in sent])
        self.assertEqual(deframer.garbage, sum(len(dirt) for dirt, _ in sent))

    @given(packets, packets, st.data())
    def test_flippedBit(self, first: Packet, second: Packet, data: st.DataObject) -> None:
        """A single wrong bit never yields a wrong packet in its place; once the line rests, the next one is read."""
        line = bytearray(first.encode())
        bit = data.draw(st.integers(0, len(line) * 8 - 1))
        line[bit // 8] ^= 1 << bit % 8
        deframer = Deframer()
        found = deframer.feed(bytes(line)) + deframer.gap()
        self.assertNotIn(first, found)
        self.assertFalse(deframer.waiting)
        self.assertEqual(deframer.feed(second.encode()), [second])

    @given(packets, packets, st.data())
    def test_cutPacket(self, first: Packet, second: Packet, data: st.DataObject) -> None:
        """A packet of which the rest is missing does not take the next one with it.

        Unless the next one's bytes happen to fit the checksum: one in 256, which no receiver can tell.
        """
        line = first.encode()
        cut = line[: data.draw(st.integers(1, len(line) - 1))]
        deframer = Deframer()
        found = deframer.feed(cut + second.encode()) + deframer.gap()
        assume(all(each == second for each in found))
        self.assertEqual(found, [second])
        self.assertGreater(deframer.broken, 0)

    @given(st.binary(min_size=1, max_size=20), st.lists(packets, min_size=1, max_size=3), st.data())
    def test_skip(self, rest: bytes, sent: list[Packet], data: st.DataObject) -> None:
        """Whole packets behind a cut one are found without giving up one that has only begun."""
        whole = Packet(1, rest).encode()
        cut = whole[: data.draw(st.integers(6, len(whole) - 1))]
        deframer = Deframer()
        self.assertEqual(deframer.feed(cut), [])
        self.assertEqual(deframer.skip(), [])
        self.assertEqual(deframer.feed(whole[len(cut) :]), [Packet(1, rest)])
        header = bytes([1, 44, 0, 1])
        line = bytes([0x55, *header, crc8(header), 1, 2, 3])
        self.assertEqual(deframer.feed(line + b"".join(each.encode() for each in sent)), [])
        self.assertEqual(deframer.skip(), sent)
        self.assertEqual((deframer.waiting, deframer.broken, deframer.garbage), (False, 1, len(line)))

    @given(st.binary(max_size=300))
    def test_fuzz(self, line: bytes) -> None:
        """Anything at all: never an exception, nothing kept after a rest, and only packets whose checksums fit."""
        deframer = Deframer()
        found = deframer.feed(line) + deframer.gap()
        for each in found:
            self.assertIn(each.encode(), line)
        self.assertFalse(deframer.waiting)
        self.assertEqual(deframer.garbage + sum(len(each.encode()) for each in found), len(line))

    def test_impossibleLength(self) -> None:
        """A header with a fitting checksum that promises 65535 bytes is not waited for."""
        header = bytes([0xFF, 0xFF, 0, 1])
        good = commonCommand(CommonCommand.READ_VERSION)
        self.assertEqual(Deframer().feed(bytes([0x55, *header, crc8(header)]) + good.encode()), [good])

    def test_zeros(self) -> None:
        """Zeros have the checksum zero: a packet of type 0 without data is none."""
        deframer = Deframer()
        self.assertEqual(deframer.feed(b"\x55" + bytes(50)), [])
        self.assertEqual(deframer.broken, 1)
        self.assertEqual(Deframer().feed(Packet(0, b"\1").encode()), [])

    def test_tooLong(self) -> None:
        self.assertRaises(ValueError, Packet(1, bytes(65536)).encode)
        self.assertRaises(ValueError, Packet(1, b"\0", bytes(256)).encode)


class Peer(SynchronousTestCase):
    """Against the PyPI package enocean, which nobody here wrote."""

    def setUp(self) -> None:
        try:
            self.theirs: Any = import_module("enocean.protocol.packet").Packet
            self.ok: Any = import_module("enocean.protocol.constants").PARSE_RESULT.OK
        except ImportError as error:
            raise SkipTest("the PyPI package enocean is not installed") from error

    @given(st.binary(min_size=1, max_size=14), st.binary(min_size=4, max_size=4), st.integers(0, 255))
    def test_theyReadOurs(self, payload: bytes, sender: bytes, status: int) -> None:
        packet = Packet(
            PacketType.RADIO_ERP1, b"\xd2" + payload + sender + bytes([status]), bytes([3, 255, 255, 255, 255, 60, 0])
        )
        result, rest, parsed = self.theirs.parse_msg(list(packet.encode()))
        self.assertEqual(result, self.ok)
        self.assertEqual(rest, [])
        self.assertEqual(bytes(parsed.data), packet.data)
        self.assertEqual(bytes(parsed.optional), packet.optional)

    @given(packets)
    def test_weReadTheirs(self, packet: Packet) -> None:
        built = self.theirs(packet.type, data=list(packet.data), optional=list(packet.optional)).build()
        self.assertEqual(bytes(built), packet.encode())
        self.assertEqual(Deframer().feed(bytes(built)), [packet])
