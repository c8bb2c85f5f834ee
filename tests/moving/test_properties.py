from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dog.moving.properties import MAX_BYTES, MAX_ENTRIES, BadProperties, Entry, parse


def pairs(data: str | bytes, typed: bool = False) -> list[tuple[str, object]]:
    found = parse(data if isinstance(data, bytes) else data.encode(), typed)
    return [(each.key, each.value) for each in found]


class Plain(SynchronousTestCase):
    def test_separators(self) -> None:
        """An equals sign, a colon or blanks; one of them, with blanks around it."""
        for line in ("a=b", "a:b", "a b", "a = b", "a\t:\tb", "  a   b", "\fa\f=\fb"):
            self.assertEqual(pairs(line), [("a", "b")], line)
        self.assertEqual(pairs("a==b\nc=:d\ne = = f"), [("a", "=b"), ("c", ":d"), ("e", "= f")])
        self.assertEqual(pairs("a\nb=\n=c"), [("a", ""), ("b", ""), ("", "c")])

    def test_blanksAtTheEnd(self) -> None:
        """They belong to the value, as in Java: whoever wants a number takes them off."""
        self.assertEqual(pairs("pollingTimeMillis = 1000 "), [("pollingTimeMillis", "1000 ")])

    def test_comments(self) -> None:
        self.assertEqual(pairs("# a=1\n  ! b=2\n\n \t\nc=3 # no comment\n"), [("c", "3 # no comment")])

    def test_continued(self) -> None:
        """Over lines, whose blanks at the front don't count; a comment isn't continued, and is none in the middle."""
        self.assertEqual(pairs("a=b,\\\n    c,\\\r\n\t# d\n#e\\\nf=g"), [("a", "b,c,# d"), ("f", "g")])
        self.assertEqual(pairs("a=b\\\\\nc=d"), [("a", "b\\"), ("c", "d")])
        self.assertEqual(pairs("a=b\\"), [("a", "b")])
        self.assertEqual(pairs("a=\\\n\nb=c"), [("a", ""), ("b", "c")])

    def test_newlines(self) -> None:
        """Those that Java knows, and no others."""
        self.assertEqual(pairs("a=1\rb=2\r\nc=3\x85d"), [("a", "1"), ("b", "2"), ("c", "3\x85d")])

    def test_escapes(self) -> None:
        self.assertEqual(pairs(r"a\ b\=\:c=\t\n\\x\q"), [("a b=:c", "\t\n\\xq")])
        self.assertEqual(pairs(r"a=\u00e8\uD83D\uDC15"), [("a", "è🐕")])
        self.assertEqual(pairs(r"a=\ud83d."), [("a", "\ufffd.")])

    def test_brokenEscape(self) -> None:
        """Java refuses the whole file."""
        for text in (r"a=\u12", r"a=\u12g4", r"x=1" + "\n" + r"a=C:\users"):
            error = self.assertRaises(BadProperties, parse, text.encode())
            self.assertIn("line 2" if "users" in text else "line 1", str(error))

    def test_encoding(self) -> None:
        """UTF-8, with a mark or without; else ISO 8859-1."""
        for data in ("a=è".encode(), "\ufeffa=è".encode(), "a=è".encode("iso-8859-1")):
            self.assertEqual(pairs(data), [("a", "è")])

    def test_lines(self) -> None:
        self.assertEqual(parse(b"#\n\na=1\\\n2\nb=3"), [Entry("a", "12", 3), Entry("b", "3", 5)])

    def test_givenAgain(self) -> None:
        self.assertEqual(pairs("a=1\nA=2\na=3"), [("a", "1"), ("A", "2"), ("a", "3")])

    def test_refused(self) -> None:
        for data, words in (
            (b"\x7fELF\x02\x01\x01\0\0", "no text"),
            (b"a=1\nb=\0", "line 2"),
            ("a=1".encode("utf-16"), "no text"),
            (b"a" * (MAX_BYTES + 1), "more than"),
            (b"a\n" * (MAX_ENTRIES + 1), "entries"),
        ):
            self.assertIn(words, str(self.assertRaises(BadProperties, parse, data)))


class Typed(SynchronousTestCase):
    """Values as Felix Config Admin writes them."""

    def test_config(self) -> None:
        text = 'a=I"8080"\nb="text \\"in\\" it\\=x"\nc=B"true"\nd=["x", \\\n "y", \\\n ]\ne=I("1","2")\nf=[ ]\n'
        self.assertEqual(
            pairs(text, True),
            [("a", "8080"), ("b", 'text "in" it=x'), ("c", "true"), ("d", ("x", "y")), ("e", ("1", "2")), ("f", ())],
        )

    def test_cfg(self) -> None:
        """A letter tells it anywhere; quotes alone where every value of the file is typed."""
        self.assertEqual(pairs('port=I"8080"\nname="x"\nplain=y'), [("port", "8080"), ("name", '"x"'), ("plain", "y")])
        self.assertEqual(pairs('port=I"8080"\nname="x"'), [("port", "8080"), ("name", "x")])

    def test_notQuite(self) -> None:
        """What only looks like it is text."""
        for value in ('I"8080', 'I"80"80"', '["a" "b"]', "[a]", 'Z"1"', '["a",,]', 'x I"1"'):
            self.assertEqual(pairs(f"a={value}", True), [("a", value)], value)


_SPACE = " \t\f"


class Any(SynchronousTestCase):
    @given(st.binary(max_size=400), st.booleans())
    def test_neverRaises(self, data: bytes, typed: bool) -> None:
        """Whatever it is: entries, or L{BadProperties}."""
        try:
            found = parse(data, typed)
        except BadProperties:
            return
        for each in found:
            each.key.encode()
            for value in (each.value,) if isinstance(each.value, str) else each.value:
                value.encode()

    @given(st.text(alphabet='ab\\=: \t\f\n\r#!u0"I[](),', max_size=60), st.booleans())
    def test_nearlyRight(self, text: str, typed: bool) -> None:
        try:
            parse(text.encode(), typed)
        except BadProperties as bad:
            self.assertIn("\\u", str(bad))

    @given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), max_size=5))
    def test_comesBack(self, entries: list[tuple[str, str]]) -> None:
        """What Java would have written is read as it was."""

        def written(text: str) -> str:
            units = text.encode("utf-16-be", "surrogatepass")
            return "".join(f"\\u{high:02x}{low:02x}" for high, low in zip(units[::2], units[1::2], strict=True))

        def whole(text: str) -> str:
            return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

        data = "\n".join(f"{written(key)}={written(value)}" for key, value in entries)
        self.assertEqual(pairs(data), [(whole(key), whole(value)) for key, value in entries])

    def test_manyQuotes(self) -> None:
        """No pattern takes its time on what is made for that."""
        for text in ("a=[" + '"x" ' * 20_000, 'a="' + '\\"' * 50_000, "a=" + "\\" * 100_001, "\\\n" * 50_000):
            parse(text.encode(), True)
