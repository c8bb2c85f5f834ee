from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.home.document import parse
from dog.home.text import checkCharacters, escapeAttribute, escapeText, isName, isReference, tidy
from dog.model.refusal import Code
from tests.home import samples


class TextTests(SynchronousTestCase):
    def test_tidy(self) -> None:
        for text, expected in (
            ("  A lamp \n", "A lamp"),
            ("A lamp on\n\t\t\tcoil 0", "A lamp on coil 0"),
            ("one \t two", "one two"),
            ("one\r\n\r\ntwo", "one two"),
            ("two  spaces  stay", "two  spaces  stay"),
            ("\u00a0no-break spaces stay\u00a0", "\u00a0no-break spaces stay\u00a0"),
            ("\n", ""),
            ("", ""),
        ):
            self.assertEqual(tidy(text), expected, repr(text))
            self.assertEqual(tidy(expected), expected)

    def test_escapes(self) -> None:
        """What is escaped is read as what it was."""
        text = "<a href='x'>\"&amp;\"</a> ]]> \t\n\r é☕\U0001f600"
        for quote in (b'"', b"'"):
            data = b"<a b=" + quote + escapeAttribute(text, quote) + quote + b"/>"
            self.assertEqual(parse(data).root.attributes["b"], text)
        data = b"<a><description>" + escapeText(text) + b"</description></a>"
        self.assertEqual(parse(data).root.children[0].text, text)

    def test_characters(self) -> None:
        for text in ("\x00", "a\x0b", "\x1b[31m", "\ud800", "\ufffe", "\uffff"):
            self.assertIn(
                f"U+{ord(text[-1] if text != chr(27) + '[31m' else text[0]):04X}",
                samples.refused(self, Code.BAD_VALUE, checkCharacters, text, "description").message,
            )
        for text in ("\t\n\r", "\x7f", "\u2028", "\ufffd", "\U0010ffff"):
            self.assertEqual(checkCharacters(text, "description"), text)


class SchemaTypeTests(SynchronousTestCase):
    """Whatever passes here passes the schema, too."""

    if not samples.hasSchema():
        skip = "lxml is not installed"

    def valid(self, type: str, text: str) -> bool:
        from lxml import etree

        schema = etree.XMLSchema(
            etree.fromstring(
                f'<schema xmlns="http://www.w3.org/2001/XMLSchema"><element name="a" type="{type}"/></schema>'
            )
        )
        element = etree.Element("a")
        element.text = text
        return bool(schema.validate(element))

    def test_names(self) -> None:
        for text in ("kitchen", "_1", "Küche", "кухня", "台所", "부엌", "a-b.c_d·1", "ceiling_b"):
            self.assertTrue(isName(text), text)
            self.assertTrue(self.valid("NCName", text), text)
        for text in ("", "1st", "-a", "a b", "a:b", "858543ad-2fc1", " a", "a\n", "a/b", "a\U0001f600", "é\u0301a*"):
            self.assertFalse(isName(text), repr(text))

    def test_everyCharacterOfAName(self) -> None:
        """No character that may start a name, or be in one, is one that the schema refuses."""
        from lxml import etree

        schema = etree.XMLSchema(
            etree.fromstring(
                b'<schema xmlns="http://www.w3.org/2001/XMLSchema"><element name="a" type="NCName"/></schema>'
            )
        )
        element = etree.Element("a")
        letters = [chr(each) for each in range(0x20, 0xFFFE) if isName(chr(each))]
        others = [chr(each) for each in range(0x20, 0xFFFE) if isName("a" + chr(each))]
        self.assertGreater(len(letters), 30000)
        for each in ("".join(letters), "a" + "".join(others)):
            element.text = each
            self.assertTrue(schema.validate(element))
        for letter in letters[:600]:
            element.text = letter
            self.assertTrue(schema.validate(element), hex(ord(letter)))

    def test_references(self) -> None:
        for text in (
            "flat.svg",
            "a b.svg",
            "Küche.svg",
            "../plans/f.svg?x=1#y",
            "http://h:80/a",
            "data:x",
            "",
            "#a",
            "/",
            "a%20b",
        ):
            self.assertTrue(isReference(text), text)
            self.assertTrue(self.valid("anyURI", text), text)
        for text in ("a%zz", "::", "1a:b", "#a#b", "[", "http://[x", "http://h:port", "%", "-a:b"):
            self.assertFalse(isReference(text), text)
            self.assertFalse(self.valid("anyURI", text), text)
