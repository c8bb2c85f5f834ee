"""Telnet's bytes, in any pieces."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dog.live.telnet import DO, WILL, Decoder, Item, Subnegotiation, Verb, escape

_ITEMS = st.one_of(
    st.binary(min_size=1, max_size=20),
    st.builds(Verb, st.integers(WILL, 254), st.integers(0, 255)),
    st.builds(Subnegotiation, st.binary(min_size=1, max_size=20)),
)


def joined(items: list[Item]) -> list[Item]:
    """Data that follows data is one."""
    found: list[Item] = []
    for each in items:
        if found and isinstance(each, bytes) and isinstance(found[-1], bytes):
            found[-1] += each
        else:
            found.append(each)
    return found


class TelnetTests(SynchronousTestCase):
    def test_examples(self) -> None:
        """Source: RFC 2217, section 3: 115200 baud are 0x0001C200; and 255 within data."""
        self.assertEqual(Verb(WILL, 44).encode(), b"\xff\xfb\x2c")
        self.assertEqual(
            Subnegotiation(bytes([44, 1]) + (115200).to_bytes(4, "big")).encode(),
            b"\xff\xfa\x2c\x01\x00\x01\xc2\x00\xff\xf0",
        )
        self.assertEqual(Subnegotiation(b"\x2c\x0a\xff").encode(), b"\xff\xfa\x2c\x0a\xff\xff\xff\xf0")
        self.assertEqual(
            list(Decoder().feed(b"a\r\n\xff\xff\r\x00\xff\xfd\x2cb")), [b"a\r\n\xff\r\x00", Verb(DO, 44), b"b"]
        )

    @settings(max_examples=150, deadline=None)
    @given(st.lists(_ITEMS, max_size=8), st.data())
    def test_roundTrip(self, items: list[Item], data: st.DataObject) -> None:
        """However it is cut into pieces."""
        wire = b"".join(escape(each) if isinstance(each, bytes) else each.encode() for each in items)
        decoder, found = Decoder(), []
        while wire:
            size = data.draw(st.integers(1, len(wire)))
            found += list(decoder.feed(wire[:size]))
            wire = wire[size:]
        self.assertEqual(joined(found), joined(items))

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.binary(max_size=30)))
    def test_fuzz(self, pieces: list[bytes]) -> None:
        """Anything may come; what follows two ends of nonsense is understood."""
        decoder = Decoder()
        for piece in pieces:
            list(decoder.feed(piece))
        list(decoder.feed(b"\x00\xff\xf0\xff\xf0"))
        self.assertEqual(list(decoder.feed(b"abc\xff\xfb\x2c")), [b"abc", Verb(WILL, 44)])

    def test_bounded(self) -> None:
        """A subnegotiation that does not end is no way to fill the memory."""
        decoder = Decoder()
        found = list(decoder.feed(b"\xff\xfa\x2c" + b"x" * 100_000 + b"\xff\xf0"))
        self.assertLess(len(found[0].data), 1000)  # type: ignore[union-attr]

    def test_otherCommands(self) -> None:
        """No operation, break, go ahead: passed over."""
        self.assertEqual(joined(list(Decoder().feed(b"a\xff\xf1\xff\xf3b\xff\xf9c"))), [b"abc"])
