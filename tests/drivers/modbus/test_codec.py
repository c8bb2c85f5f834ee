"""Modbus PDUs and framings, against the examples of the specification and against chance."""

from __future__ import annotations

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.modbus import codec
from dog.drivers.modbus.codec import Ascii, BadResponse, Either, Mbap, ModbusException, Request, Rtu

FRAMINGS = (Mbap(), Rtu(), Ascii())
words = st.integers(0, 0xFFFF)
requests = st.one_of(
    st.builds(codec.readBits, st.sampled_from((1, 2)), st.integers(0, 0xF000), st.integers(1, 2000)),
    st.builds(codec.readRegisters, st.sampled_from((3, 4)), st.integers(0, 0xFF00), st.integers(1, 125)),
    st.builds(codec.writeCoil, words, st.booleans()),
    st.builds(codec.writeRegister, words, words),
    st.builds(codec.writeRegisters, st.integers(0, 0xFF00), st.lists(words, min_size=1, max_size=123)),
    st.builds(codec.writeCoils, st.integers(0, 0xF000), st.lists(st.booleans(), min_size=1, max_size=100)),
    st.builds(codec.maskWrite, words, words, words),
    st.builds(codec.readWriteRegisters, words.map(lambda n: n // 2), st.integers(1, 125), st.just(5), st.just([1, 2])),
    st.just(codec.identify()),
)


def answer(request: Request, fill: int = 0x5A) -> bytes:
    """A PDU that answers it."""
    if request.function in (5, 6, 15, 16, 22):
        return request.pdu[: request.expected]
    if request.function == codec.IDENTIFY:
        return bytes([43, 14, 1, 1, 0, 0, 1, 0, 3]) + b"ABC"
    return bytes([request.function, request.expected - 2]) + bytes([fill]) * (request.expected - 2)


class RequestTests(SynchronousTestCase):
    def test_examplesOfTheSpecification(self) -> None:
        """V1.1b3, section 6: the examples of each function code."""
        for request, wanted in (
            (codec.readBits(1, 0x13, 0x13), "0100130013"),
            (codec.readBits(2, 0xC4, 0x16), "0200c40016"),
            (codec.readRegisters(3, 0x6B, 3), "03006b0003"),
            (codec.readRegisters(4, 8, 1), "0400080001"),
            (codec.writeCoil(0xAC, True), "0500acff00"),
            (codec.writeCoil(0xAC, False), "0500ac0000"),
            (codec.writeRegister(1, 3), "0600010003"),
            (codec.writeCoils(0x13, [bool(0x1CD >> n & 1) for n in range(10)]), "0f0013000a02cd01"),
            (codec.writeRegisters(1, [0x0A, 0x102]), "100001000204000a0102"),
            (codec.maskWrite(4, 0xF2, 0x25), "16000400f20025"),
            (codec.readWriteRegisters(3, 6, 0x0E, [0xFF, 0xFF, 0xFF]), "1700030006000e00030600ff00ff00ff"),
            (codec.identify(1, 0), "2b0e0100"),
        ):
            self.assertEqual(request.pdu.hex(), wanted)

    def test_answersOfTheSpecification(self) -> None:
        coils = codec.bits(codec.readBits(1, 0x13, 0x13), bytes.fromhex("0103cd6b05"))
        self.assertEqual("".join(str(int(each)) for each in coils), "1011001111010110101")
        found = codec.registers(codec.readRegisters(3, 0x6B, 3), bytes.fromhex("0306022b00000064"))
        self.assertEqual(found, [555, 0, 100])
        codec.written(codec.writeCoil(0xAC, True), bytes.fromhex("0500acff00"))
        codec.written(codec.writeRegisters(1, [10, 258]), bytes.fromhex("1000010002"))
        codec.written(codec.maskWrite(4, 0xF2, 0x25), bytes.fromhex("16000400f20025"))

    def test_identity(self) -> None:
        pdu = bytes.fromhex("2b0e0101ff0202") + b"\x00\x03ACME"[:5] + b"\x01\x02P1"
        found = codec.identity(codec.identify(), pdu)
        self.assertEqual((found.objects, found.more), ({0: b"ACM", 1: b"P1"}, 2))
        self.assertIsNone(codec.identity(codec.identify(), bytes.fromhex("2b0e0101000000")).more)
        for length in range(len(pdu)):
            self.assertRaises(BadResponse, codec.identity, codec.identify(), pdu[:length])

    def test_exceptionsAreNamed(self) -> None:
        error = self.assertRaises(ModbusException, codec.registers, codec.readRegisters(3, 0, 1), b"\x83\x02")
        self.assertEqual((error.code, str(error)), (2, "ILLEGAL DATA ADDRESS (exception 2)"))
        self.assertEqual(str(ModbusException(99)), "unknown exception (exception 99)")

    def test_whatDoesNotFit(self) -> None:
        read, write = codec.readRegisters(3, 0, 2), codec.writeRegister(7, 1)
        for pdu in (b"", b"\x04\x04\0\0\0\0", b"\x03\x04\0\0\0", b"\x03\x02\0\0\0\0", b"\x83", b"\x83\x01\x01"):
            self.assertRaises(BadResponse, codec.registers, read, pdu)
        self.assertRaises(BadResponse, codec.written, write, bytes.fromhex("0600070002"))
        self.assertRaises(BadResponse, codec.bits, codec.readBits(1, 0, 1), b"\x01\x02\x01")

    def test_limits(self) -> None:
        for call in (
            lambda: codec.readRegisters(3, 0, 126),
            lambda: codec.readRegisters(3, 0xFFFF, 2),
            lambda: codec.readBits(1, 0, 0),
            lambda: codec.readBits(1, 0, 2001),
            lambda: codec.writeRegister(0, 0x10000),
            lambda: codec.writeRegister(-1, 0),
            lambda: codec.writeRegisters(0, [0] * 124),
            lambda: codec.writeCoils(0, []),
            lambda: codec.identify(5),
        ):
            self.assertRaises(ValueError, call)


class FramingTests(SynchronousTestCase):
    def test_knownFrames(self) -> None:
        pdu = bytes.fromhex("0300000001")
        self.assertEqual(Mbap().encode(17, pdu, 0x1501).hex(), "150100000006110300000001")
        self.assertEqual(Rtu().encode(1, pdu, 0).hex(), "010300000001840a")
        self.assertEqual(Ascii().encode(17, bytes.fromhex("03006b0003"), 0), b":1103006B00037E\r\n")
        self.assertEqual(codec.crc16(b"123456789"), 0x4B37)

    @settings(max_examples=150, deadline=None)
    @given(request=requests, unit=st.integers(1, 247), transaction=words, junk=st.binary(max_size=40))
    @example(request=codec.readRegisters(3, 0, 1), unit=1, transaction=1, junk=b"\x01\x03\x02")
    def test_foundInGarbage(self, request: Request, unit: int, transaction: int, junk: bytes) -> None:
        """Whatever comes before it, and byte by byte: the answer is found, and not before it is whole."""
        for framing in FRAMINGS:
            pdu = answer(request)
            frame = framing.encode(unit, pdu, transaction)
            self.assertEqual(framing.find(frame, unit, request, transaction), pdu)
            self.assertIsNone(framing.find(frame[:-1], unit, request, transaction))
            if framing.find(junk, unit, request, transaction) is None:
                self.assertEqual(framing.find(junk + frame + b"\x00", unit, request, transaction), pdu)

    @settings(max_examples=150, deadline=None)
    @given(request=requests, unit=st.integers(1, 247), code=st.integers(1, 11))
    def test_exceptionsAreFound(self, request: Request, unit: int, code: int) -> None:
        for framing in FRAMINGS:
            pdu = bytes([request.function | 0x80, code])
            self.assertEqual(framing.find(framing.encode(unit, pdu, 9), unit, request, 9), pdu)

    @settings(max_examples=150, deadline=None)
    @given(request=requests, position=st.integers(0, 300), flip=st.integers(1, 255))
    def test_corruptedIsNotTaken(self, request: Request, position: int, flip: int) -> None:
        """A changed byte anywhere: RTU (CRC) and ASCII (LRC) take nothing."""
        for framing in (Rtu(), Ascii()):
            frame = bytearray(framing.encode(5, answer(request), 0))
            at = position % len(frame)
            changed = frame[at] ^ flip
            assume(not (isinstance(framing, Ascii) and chr(changed).upper() == chr(frame[at]).upper()))
            frame[at] = changed
            self.assertIsNone(framing.find(bytes(frame), 5, request, 0))

    def test_othersAnswersAreNotTaken(self) -> None:
        """Another transaction, another unit, another function."""
        request = codec.readRegisters(3, 0, 1)
        pdu = answer(request)
        self.assertIsNone(Mbap().find(Mbap().encode(1, pdu, 6), 1, request, 7))
        for framing in FRAMINGS:
            self.assertIsNone(framing.find(framing.encode(2, pdu, 7), 1, request, 7))
            self.assertIsNone(framing.find(framing.encode(1, b"\x04" + pdu[1:], 7), 1, request, 7))

    @settings(max_examples=300, deadline=None)
    @given(request=requests, junk=st.binary(max_size=300))
    def test_fuzz(self, request: Request, junk: bytes) -> None:
        """Nothing that comes from outside raises anything but the two errors that are named."""
        for framing in FRAMINGS:
            pdu = framing.find(junk, 1, request, 1)
            self.assertTrue(pdu is None or pdu[0] & 0x7F == request.function)
        for parse in (codec.bits, codec.registers, codec.written, codec.identity):
            try:
                parse(request, junk)
            except (BadResponse, ModbusException):
                continue


class EitherTests(SynchronousTestCase):
    """Two framings by turns, until one is answered."""

    def test_turns(self) -> None:
        request = codec.readRegisters(3, 0, 1)
        either = Either(Mbap(), Rtu())
        self.assertEqual((either.overhead, either.identified), (7, False))
        asked = [either.encode(1, request.pdu, 5) for _ in range(4)]
        self.assertEqual(asked, 2 * [Mbap().encode(1, request.pdu, 5), Rtu().encode(1, request.pdu, 5)])
        # What is asked in one is not answered in the other.
        answer = bytes([3, 2, 0, 7])
        self.assertIsNone(either.find(Mbap().encode(1, answer, 5), 1, request, 5))
        self.assertEqual(either.find(Rtu().encode(1, answer, 0), 1, request, 5), answer)
        self.assertEqual((either.overhead, either.identified), (3, False))
        self.assertEqual({either.encode(1, request.pdu, 5) for _ in range(3)}, {Rtu().encode(1, request.pdu, 5)})

    def test_identified(self) -> None:
        request = codec.readRegisters(3, 0, 1)
        either = Either(Mbap(), Rtu())
        either.encode(1, request.pdu, 5)
        self.assertIsNotNone(either.find(Mbap().encode(1, bytes([3, 2, 0, 7]), 5), 1, request, 5))
        self.assertEqual((either.overhead, either.identified), (7, True))
