"""Radio telegrams and teach-in."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from dog.drivers.enocean.erp import BROADCAST, BadTelegram, Rorg, Telegram, airtime
from dog.drivers.enocean.esp3 import Deframer, Packet
from dog.drivers.enocean.teachin import Answer, Request, TeachIn, answerTo, parseTeachIn
from tests.drivers.enocean import nodejs

addresses = st.integers(0, 0xFFFFFFFF)
telegrams = st.one_of(
    *(
        st.builds(
            Telegram, st.just(rorg), st.binary(min_size=low, max_size=high), addresses, st.integers(0, 255), addresses
        )
        for rorg, low, high in (
            (Rorg.RPS, 1, 1),
            (Rorg.BS1, 1, 1),
            (Rorg.BS4, 4, 4),
            (Rorg.VLD, 1, 14),
            (Rorg.MSC, 1, 14),
            (Rorg.UTE, 7, 7),
        )
    )
)


class Telegrams(SynchronousTestCase):
    def test_received(self) -> None:
        """A rocker's telegram as a USB 300 hands it over."""
        packet = Packet(1, bytes.fromhex("f6 70 0025c57a 31"), bytes.fromhex("01 ffffffff 3c 00"))
        telegram = Telegram.parse(packet)
        self.assertEqual(telegram, Telegram(0xF6, b"\x70", 0x0025C57A, 0x31, BROADCAST, -60))
        self.assertEqual((telegram.t21, telegram.nu, telegram.repeated, telegram.teachIn), (True, True, 1, False))

    @given(telegrams)
    def test_roundTrip(self, telegram: Telegram) -> None:
        self.assertEqual(Telegram.parse(telegram.packet()), telegram)

    @given(st.integers(0, 255), st.binary(max_size=30), st.binary(max_size=10))
    def test_fuzz(self, type: int, data: bytes, optional: bytes) -> None:
        """A telegram or L{BadTelegram}; and what is a telegram has a verdict on teach-in."""
        try:
            telegram = Telegram.parse(Packet(type, data, optional))
        except BadTelegram:
            return
        self.assertEqual(telegram.payload, data[1:-5])
        parseTeachIn(telegram)

    def test_refused(self) -> None:
        for type, data in ((2, "f670000000aa30"), (1, "f600000000"), (1, "a5000000000000aa00"), (1, "d40000000aaa00")):
            self.assertRaises(BadTelegram, Telegram.parse, Packet(type, bytes.fromhex(data)))

    def test_airtime(self) -> None:
        """Three subtelegrams of a rocker take about 2.6 ms, addressed ones longer."""
        self.assertAlmostEqual(airtime(Telegram(0xF6, b"\0", 1)), 3 * 110 * 8e-6)
        self.assertAlmostEqual(airtime(Telegram(0xF6, b"\0", 1, destination=2)), 3 * 170 * 8e-6)


class TeachIns(SynchronousTestCase):
    def parse(self, rorg: int, payload: str) -> TeachIn | None:
        return parseTeachIn(Telegram(rorg, bytes.fromhex(payload), 1))

    def test_4BS(self) -> None:
        """FUNC 6 bits, TYPE 7 bits, manufacturer 11 bits: A5-02-05 of Thermokon (00B)."""
        self.assertEqual(self.parse(0xA5, "08 28 0b 80"), TeachIn("A5-02-05", 0x00B))
        self.assertEqual(self.parse(0xA5, "10 1f ff 80"), TeachIn("A5-04-03", 0x7FF))
        self.assertEqual(self.parse(0xA5, "00 00 00 00"), TeachIn(None))
        self.assertIsNone(self.parse(0xA5, "08 28 0b 88"))

    def test_1BS(self) -> None:
        self.assertEqual(self.parse(0xD5, "00"), TeachIn(None))
        self.assertIsNone(self.parse(0xD5, "08"))

    def test_UTE(self) -> None:
        found = self.parse(0xD4, "a0 02 46 00 0a 01 d2")
        self.assertEqual(found, TeachIn("D2-01-0A", 0x046, Request.EITHER, True, True, 2))
        unidirectional = self.parse(0xD4, "50 ff 46 07 0a 01 d2")
        self.assertEqual(unidirectional, TeachIn("D2-01-0A", 0x746, Request.DELETION, False, False, 255))
        self.assertIsNone(self.parse(0xD4, "91 02 46 00 0a 01 d2"))

    def test_others(self) -> None:
        for rorg, payload in ((0xF6, "00"), (0xD2, "0400e4"), (0xD1, "0000")):
            self.assertIsNone(self.parse(rorg, payload))

    def test_answer(self) -> None:
        """Back to the device, in its own words, with the answer in bits 5 and 4 and the response command."""
        query = Telegram(0xD4, bytes.fromhex("a0 02 46 00 0a 01 d2"), 0x01020304, destination=BROADCAST)
        answers = {
            Answer.REFUSED: "81",
            Answer.LEARNED: "91",
            Answer.DELETED: "a1",
            Answer.UNSUPPORTED: "b1",
        }
        for answer, head in answers.items():
            self.assertEqual(
                answerTo(query, answer, 0xFF800000),
                Telegram(0xD4, bytes.fromhex(head + "024600 0a01d2"), 0xFF800000, 0, 0x01020304),
            )

    def test_answer4BS(self) -> None:
        """Variation 3: only profiles that listen are answered, in their own words; a response is no query."""
        query = Telegram(0xA5, bytes.fromhex("80080a80"), 0x01020304)
        self.assertEqual(parseTeachIn(query), TeachIn("A5-20-01", 0x00A, wantsAnswer=True, bidirectional=True))
        for answer, last in (
            (Answer.LEARNED, "f0"),
            (Answer.REFUSED, "d0"),
            (Answer.DELETED, "d0"),
            (Answer.UNSUPPORTED, "90"),
        ):
            response = answerTo(query, answer, 0xFF800000)
            self.assertEqual(
                response, Telegram(0xA5, bytes.fromhex("80080a" + last), 0xFF800000, destination=0x01020304)
            )
            self.assertIsNone(parseTeachIn(response))

    @given(telegrams, st.sampled_from(Answer), addresses)
    def test_answersToAnything(self, query: Telegram, answer: Answer, sender: int) -> None:
        """Whatever asks for an answer gets one that nobody takes for a query, to itself alone."""
        said = parseTeachIn(query)
        if said is not None and said.wantsAnswer:
            response = answerTo(query, answer, sender)
            self.assertEqual((response.sender, response.destination), (sender, query.sender))
            self.assertTrue(response.teachIn)
            self.assertIsNone(parseTeachIn(response))
            self.assertEqual(Telegram.parse(response.packet()), response)

    @given(st.integers(0, 63), st.integers(0, 127), st.integers(0, 2047))
    def test_any4BS(self, func: int, type: int, manufacturer: int) -> None:
        bits = func << 18 | type << 11 | manufacturer
        said = parseTeachIn(Telegram(0xA5, bits.to_bytes(3, "big") + b"\x80", 1))
        assert said is not None
        self.assertEqual((said.eep, said.manufacturer), (f"A5-{func:02X}-{type:02X}", manufacturer))

    @given(
        st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.integers(0, 2047), st.sampled_from(Request)
    )
    def test_anyUTE(self, rorg: int, func: int, type: int, manufacturer: int, request: Request) -> None:
        head = 0x80 | request << 4
        words = [head, 1, manufacturer & 0xFF, manufacturer >> 8, type, func, rorg]
        said = parseTeachIn(Telegram(0xD4, bytes(words), 1))
        expected = TeachIn(f"{rorg:02X}-{func:02X}-{type:02X}", manufacturer, request, True, True, 1)
        self.assertEqual(said, expected)


class JavaScript(SynchronousTestCase):
    """Against npm's enocean-js, which nobody here wrote."""

    def setUp(self) -> None:
        reason = nodejs.whyNot()
        if reason:
            raise SkipTest(reason)

    def test_samePackets(self) -> None:
        """What it builds of a telegram is what we build, byte by byte, and what we read."""
        random = Random(5)
        telegrams = [
            Telegram(rorg, random.randbytes(size), random.getrandbits(32), random.getrandbits(8))
            for rorg, size in ((Rorg.RPS, 1), (Rorg.BS1, 1), (Rorg.BS4, 4), (Rorg.VLD, 3), (Rorg.VLD, 9))
            for _ in range(8)
        ]
        asked = [
            {"eep": None, "rorg": int(each.rorg), "payload": list(each.payload), "sender": f"{each.sender:08x}"}
            | {"status": each.status, "direction": 1}
            for each in telegrams
        ]
        for telegram, answer in zip(telegrams, nodejs.ask(*asked), strict=True):
            line = bytes.fromhex(answer["line"])
            self.assertEqual(line, telegram.packet().encode())
            self.assertEqual([Telegram.parse(each) for each in Deframer().feed(line)], [telegram])
