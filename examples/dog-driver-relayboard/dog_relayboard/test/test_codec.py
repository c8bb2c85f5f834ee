"""The board's language."""

from twisted.trial.unittest import SynchronousTestCase

from dog_relayboard.codec import MAX_LINE, BadLine, Changed, Done, Lines, Refused, States, parse, switch


class CodecTests(SynchronousTestCase):
    def test_parse(self) -> None:
        for line, message in (
            (b"STATE ON OFF", States((True, False))),
            (b"OK 2 ON", Done(2, True)),
            (b"RELAY 3 OFF", Changed(3, False)),
            (b"ERROR no such relay", Refused("no such relay")),
            (b"ERROR", Refused("no reason given")),
        ):
            self.assertEqual(parse(line), message)

    def test_nonsense(self) -> None:
        for line in (b"", b"STATE", b"STATE ON PERHAPS", b"OK", b"OK x ON", b"RELAY 1", b"\xff\xfe", b"HELLO"):
            self.assertRaises(BadLine, parse, line)

    def test_switch(self) -> None:
        self.assertEqual((switch(2, True), switch(11, False)), (b"SET 2 ON\n", b"SET 11 OFF\n"))

    def test_lines(self) -> None:
        """In whatever pieces they come; an endless one is forgotten, and the next one is read."""
        lines = Lines()
        self.assertEqual([lines.feed(each) for each in (b"ON", b"E\r\nTWO\n\n", b"\n")], [[], [b"ONE", b"TWO"], []])
        self.assertEqual(lines.feed(b"x" * (MAX_LINE + 1)), [])
        self.assertEqual(lines.feed(b"y\nTHREE\n"), [b"y", b"THREE"])
