from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.home.document import MAX_ATTRIBUTES, MAX_DEPTH, Document, Element, Unreadable, parse
from tests.home import samples


class SpanTests(SynchronousTestCase):
    def document(self, text: str) -> Document:
        return parse(text.encode("utf-8"))

    def whole(self, document: Document, element: Element) -> str:
        return document.data[element.start : document.end(element)].decode()

    def inside(self, document: Document, element: Element) -> str:
        start, end = document.content(element)
        return document.data[start:end].decode()

    def test_everyElementOfEveryHome(self) -> None:
        """The span of an element begins with its start tag and ends with its end tag, and holds its children."""
        for name in samples.XML:
            document = parse(samples.read(name))
            for element in document.root.walk():
                whole = self.whole(document, element)
                written = document.tag(element)[1].decode()
                self.assertTrue(whole.startswith(f"<{written}"), whole)
                self.assertTrue(whole.endswith((f"</{written}>", "/>")), whole)
                self.assertEqual(element.line, document.data.count(b"\n", 0, element.start) + 1)
                if element.parent is not None:
                    self.assertIn(whole, self.inside(document, element.parent))

    def test_bytesNotCharacters(self) -> None:
        """Characters of several bytes, a byte order mark, comments, CDATA and > in attributes do not shift spans."""
        text = '\ufeff<?xml version="1.0"?><!-- é > --><a x="é>" y=\'"\'>☕<b/>é<![CDATA[<b>]]><c z="/>">x</c ></a>\n'
        document = self.document(text)
        b, c = document.root.children
        self.assertEqual(self.whole(document, b), "<b/>")
        self.assertEqual(self.whole(document, c), '<c z="/>">x</c >')
        self.assertEqual(self.inside(document, c), "x")
        self.assertEqual(self.inside(document, b), "")
        self.assertEqual(document.root.attributes, {"x": "é>", "y": '"'})
        self.assertEqual(
            [(name, found[3].decode()) for name, found in document.attributeSpans(document.root)],
            [("x", '"é>"'), ("y", "'\"'")],
        )

    def test_emptyTagBeforeTheParentsEnd(self) -> None:
        document = self.document("<a><b /></a>")
        self.assertTrue(document.isEmptyTag(document.root.children[0]))
        self.assertFalse(document.isEmptyTag(document.root))
        self.assertEqual(self.whole(document, document.root.children[0]), "<b />")

    def test_namespaces(self) -> None:
        """Ours under any prefix and none at all are known; others are not."""
        document = self.document(
            f'<p:a xmlns:p="{samples.NAMESPACE}" xmlns:o="urn:other"><p:b/><c/><o:b/><d xmlns="urn:other"/>'
            f'<e xmlns="{samples.NAMESPACE}" o:x="1" x="2"/></p:a>'
        )
        self.assertEqual(document.root.name, "a")
        self.assertEqual([each.name for each in document.root.children], ["b", "c", None, None, "e"])
        self.assertEqual(document.root.children[-1].attributes["x"], "2")

    def test_text(self) -> None:
        """The text of a text element is its own, references resolved; that of elements in it is not."""
        document = self.document(
            "<a><description>x &amp; <![CDATA[<y>]]> <isIn>no</isIn>z</description><isIn/>stray</a>"
        )
        self.assertEqual([each.text for each in document.root.children], ["x & <y> z", ""])
        self.assertEqual(document.root.text, "")


class GuardTests(SynchronousTestCase):
    def refused(self, data: bytes, limit: int = 10000) -> Unreadable:
        error: Unreadable = self.assertRaises(Unreadable, parse, data, limit)
        return error

    def test_bounds(self) -> None:
        """What is just within a bound is read, what is just beyond is not."""

        def nested(depth: int) -> bytes:
            return b"<a>" * depth + b"</a>" * depth

        def many(count: int) -> bytes:
            return b"<a " + b" ".join(b'a%d="1"' % each for each in range(count)) + b"/>"

        parse(nested(MAX_DEPTH))
        self.assertEqual(self.refused(nested(MAX_DEPTH + 1)).code, "too_deep")
        parse(many(MAX_ATTRIBUTES))
        self.assertEqual(self.refused(many(MAX_ATTRIBUTES + 1)).code, "too_many_attributes")
        parse(b"<abcdef/>", 9)
        self.assertEqual(self.refused(b"<abcdefg/>", 9).code, "too_large")

    def test_refused(self) -> None:
        for data, code in (
            (b"<!DOCTYPE a><a/>", "doctype"),
            (b"<a>&x;</a>", "undefined_entity"),
            (b"<a>", "malformed"),
            (b"", "empty_file"),
            (b"\xef\xbb\xbf \n", "empty_file"),
            (b"<a>\xff</a>", "encoding"),
            (b'<?xml version="1.0" encoding="windows-1252"?><a/>', "encoding"),
            ("<a/>".encode("utf-16-le"), "encoding"),
        ):
            self.assertEqual(self.refused(data).code, code, data)

    def test_asciiIsUtf8(self) -> None:
        self.assertEqual(parse(b'<?xml version="1.0" encoding="us-ascii"?><a/>').root.name, "a")

    def test_where(self) -> None:
        error = self.refused("<a>\n  é&x;</a>".encode())
        self.assertEqual((error.line, error.column), (2, 4))
