"""The short way of a whole text message: says what Autobahn says of the same bytes, and is really gone."""

import random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.api.ws import protocol
from dog.api.ws.frames import wholeText
from dog.api.ws.protocol import WebSocket
from tests.api.ws.talk import BINARY, CLOSE, PING, TEXT, Behind, Pipe, frame, frames, upgrade

MOST = 1 << 20


class WholeTextTests(SynchronousTestCase):
    def test_lengths(self) -> None:
        for length in (1, 2, 3, 4, 5, 124, 125, 126, 127, 1000, 65535):
            text = bytes(33 + index % 90 for index in range(length))
            data = frame(TEXT, text)
            self.assertEqual(wholeText(data, 0, MOST), (text, len(data)), length)
            self.assertEqual(wholeText(b"before" + data + b"after", 6, MOST), (text, 6 + len(data)), length)

    def test_notWhole(self) -> None:
        for length in (5, 200):
            data = frame(TEXT, b"x" * length)
            for cut in range(len(data)):
                self.assertIsNone(wholeText(data[:cut], 0, MOST), (length, cut))

    def test_tooLong(self) -> None:
        self.assertIsNone(wholeText(frame(TEXT, b"x" * 65536), 0, MOST))
        self.assertIsNone(wholeText(frame(TEXT, b"x" * 51), 0, 50))
        self.assertIsNotNone(wholeText(frame(TEXT, b"x" * 50), 0, 50))

    def test_others(self) -> None:
        """Whatever is not a sound, masked, unfragmented text message is for Autobahn to judge."""
        sound = frame(TEXT, b"sound")
        longer = frame(TEXT, b"x" * 200)
        for data in (
            frame(TEXT),
            frame(BINARY, b"x"),
            frame(CLOSE, b"\x03\xe8"),
            frame(PING, b"x"),
            frame(TEXT, b"first", fin=False),
            frame(0, b"last"),
            bytes((sound[0] | 0x40,)) + sound[1:],
            b"\x81\x05hello, unmasked",
            b"\x81\x7e\x00\xc8" + b"x" * 200,
            longer[:2] + b"\x00\x05" + longer[4:],  # not the shortest way to say five
            frame(TEXT, b"\xff\xfe"),
            frame(TEXT, b"\xed\xa0\x80"),
            frame(TEXT, "ü".encode()[:1]),
        ):
            self.assertIsNone(wholeText(data, 0, MOST), data)

    def test_notAscii(self) -> None:
        text = "Küche, 厨房, 🏠".encode()
        self.assertEqual(wholeText(frame(TEXT, text), 0, MOST), (text, len(frame(TEXT, text))))


class Heard(Behind):
    """A connection, and what has come through it."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[tuple[bytes, bool]] = []
        connection: Any = self.factory.buildProtocol(None)
        connection.makeConnection(Pipe())
        connection.dataReceived(upgrade())
        connection.transport.clear()
        connection.onMessage = lambda payload, isBinary: self.messages.append((payload, isBinary))
        self.connection = connection

    def feed(self, pieces: list[bytes]) -> tuple[list[tuple[bytes, bool]], list[tuple[int, bytes]], int]:
        for each in pieces:
            self.connection.dataReceived(each)
        return self.messages, frames(self.connection.transport.value())[0], self.connection.state


class SameTests(SynchronousTestCase):
    def test_asAutobahn(self) -> None:
        """Frames of all sorts, cut anywhere: messages, answers and end are those without the short way."""
        rng = random.Random(7)
        sorts = (
            *[frame(TEXT, b"x" * each) for each in (1, 30, 125, 126, 3000)],
            frame(TEXT, "Küche".encode()),
            frame(TEXT),
            frame(BINARY, b"\x00\xff"),
            frame(PING, b"there?"),
            frame(TEXT, b"in two ", fin=False) + frame(0, b"pieces"),
            frame(TEXT, b"with a ping ", fin=False) + frame(PING, b"!") + frame(0, b"between"),
        )
        ends = (
            b"",
            frame(TEXT, b"open", fin=False) + frame(TEXT, b"not allowed here"),
            frame(TEXT, b"\xff") + frame(TEXT, b"after"),
            frame(CLOSE, b"\x03\xe8") + frame(TEXT, b"after"),
            b"\x81\x05hello" + frame(TEXT, b"after"),
        )
        for case in range(200):
            data = b"".join(rng.choices(sorts, k=rng.randint(1, 8))) + rng.choice(ends)
            cuts = sorted(rng.sample(range(len(data) + 1), k=min(len(data), rng.randint(0, 6))))
            pieces = [data[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
            short = Heard().feed(pieces)
            with_ = self.patch(protocol, "wholeText", lambda data, at, most: None)
            try:
                self.assertEqual(short, Heard().feed(pieces), (case, pieces))
            finally:
                with_.restore()

    def test_shortWay(self) -> None:
        """Messages that come whole, one or many at a time, do not go through Autobahn's states."""
        behind = Heard()
        behind.connection.processData = lambda: self.fail("the long way")
        pieces = [frame(TEXT, b"one"), frame(TEXT, b"two") * 32]
        self.assertEqual(behind.feed(pieces)[0], [(b"one", False)] + [(b"two", False)] * 32)

    def test_closedBetween(self) -> None:
        """After a close of ours nothing more is taken of what came along."""
        behind = Heard()
        heard: list[bytes] = []

        def first(payload: bytes, isBinary: bool) -> None:
            heard.append(payload)
            behind.connection.close(1000)

        behind.connection.onMessage = first
        behind.feed([frame(TEXT, b"one") + frame(TEXT, b"two")])
        self.assertEqual(heard[:1], [b"one"])
        self.assertNotEqual(behind.connection.state, WebSocket.STATE_OPEN)
