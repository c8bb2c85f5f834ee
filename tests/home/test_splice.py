"""How an edit looks in files that are written in all sorts of ways."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.home import edits
from dog.home.document import parse
from dog.home.reader import readHome
from dog.home.splice import Node, Splices
from dog.model.home import Flat, Room, Surface
from tests.home import samples


class LayoutTests(SynchronousTestCase):
    def describe(self, device: str, expected: str) -> None:
        """A device without a description gets one."""
        text = f"<dogHomeConfiguration><controllables>\n{device}\n</controllables></dogHomeConfiguration>"
        new = edits.setDescription(text.encode(), "d", "x")
        self.assertEqual(new.decode(), text.replace(device, expected))
        self.assertEqual(readHome(new, "f").devices["d"].description, "x")

    def test_emptyElement(self) -> None:
        self.describe("  <device id='d'/>", "  <device id='d'>\n      <description>x</description>\n  </device>")
        self.describe("<device id='d' />", "<device id='d'>\n    <description>x</description>\n</device>")
        self.describe(
            "\t<device id='d'></device>", "\t<device id='d'>\n\t    <description>x</description>\n\t</device>"
        )
        self.describe("<device id='d'>  </device>", "<device id='d'>\n    <description>x</description>\n</device>")

    def test_onlyBlankLines(self) -> None:
        self.describe(
            "  <device id='d'>\n\n  </device>", "  <device id='d'>\n      <description>x</description>\n\n  </device>"
        )

    def test_onlyAComment(self) -> None:
        self.describe(
            "<device id='d'> <!-- a -->\n  <!-- b -->\n</device>",
            "<device id='d'> <!-- a -->\n    <description>x</description>\n  <!-- b -->\n</device>",
        )

    def test_commentOverLines(self) -> None:
        """A comment that starts behind the element before stays with it."""
        self.describe(
            "<device id='d'> <!-- a\n b -->\n   <isIn>r</isIn>\n</device>",
            "<device id='d'> <!-- a\n b -->\n   <description>x</description>\n   <isIn>r</isIn>\n</device>",
        )

    def test_sideBySide(self) -> None:
        self.describe(
            "<device id='d'><isIn>r</isIn></device>",
            "<device id='d'><description>x</description><isIn>r</isIn></device>",
        )
        self.describe("<x/><device id='d'/>", "<x/><device id='d'><description>x</description></device>")

    def test_deeperThanItsPlace(self) -> None:
        """As its siblings are indented, whatever the parent's indentation."""
        self.describe(
            "\t\t<device id='d'>\n   <isIn>r</isIn>\n\t\t</device>",
            "\t\t<device id='d'>\n   <description>x</description>\n   <isIn>r</isIn>\n\t\t</device>",
        )

    def test_remove(self) -> None:
        for before, after in (
            ("\n  <isIn>r</isIn>\n  <param name='a'/>", "\n  <param name='a'/>"),
            ("\n  <isIn>\n  r\n  </isIn>  \n  <param name='a'/>", "\n  <param name='a'/>"),
            ("\n  <isIn>r</isIn> <!-- here -->\n", "\n   <!-- here -->\n"),
            ("\n  <!-- here --> <isIn>r</isIn>\n", "\n  <!-- here --> \n"),
            ("<isIn>r</isIn><param name='a'/>", "<param name='a'/>"),
            ("\n  <isIn>r</isIn><param name='a'/>\n", "\n  <param name='a'/>\n"),
            ("<isIn>r</isIn>\n", "\n"),
            ("\n  <isIn>r</isIn>\n  <isIn>s</isIn>\n", "\n"),
        ):
            text = "<dhc><controllables><device id='d'>{}</device></controllables></dhc>"
            new = edits.setLocation(text.format(before).encode(), "d", None)
            self.assertEqual(new.decode(), text.format(after))

    def test_newlines(self) -> None:
        """The file's own, in what is put in as well."""
        for newline in ("\r\n", "\r"):
            data = samples.read("recorded/home.xml").replace(b"\n", newline.encode())
            new = edits.addRoom(data, "flat", Room("cellar", description="Wine"))
            plain = edits.addRoom(samples.read("recorded/home.xml"), "flat", Room("cellar", description="Wine"))
            self.assertEqual(new, plain.replace(b"\n", newline.encode()))

    def test_prefixes(self) -> None:
        """The parent's, or none."""
        original = samples.read("recorded/home.xml")
        expected = edits.addFlat(original, Flat("new", rooms=(Room("r"),)))
        for old, new in ((b"dhc:", b"h:"), (b"xmlns:dhc", b"xmlns:h")), ((b"xmlns:dhc", b"xmlns"), (b"dhc:", b"")):
            data, wanted = original, expected
            for before, after in (old, new):
                data, wanted = data.replace(before, after), wanted.replace(before, after)
            self.assertEqual(edits.addFlat(data, Flat("new", rooms=(Room("r"),))), wanted)

    def test_closing(self) -> None:
        """Empty elements are closed as the file does it."""
        for name, ceiling in (("knx/knx.xml", "<dhc:ceiling />"), ("zwave/zwave.xml", "<dhc:ceiling/>")):
            data = samples.read(name)
            (flat,) = readHome(data, name).flats()
            assert flat.id is not None
            self.assertIn(ceiling, edits.addRoom(data, flat.id, Room("cellar")).decode())

    def test_byteOrderMark(self) -> None:
        data = b"\xef\xbb\xbf" + samples.read("recorded/home.xml")
        self.assertEqual(
            edits.setLocation(data, "Bare_1", "lobby"),
            b"\xef\xbb\xbf" + edits.setLocation(data[3:], "Bare_1", "lobby"),
        )


class AttributeTests(SynchronousTestCase):
    def edit(self, tag: str, **values: str | None) -> str:
        splices = Splices(parse(tag.encode()))
        for name, value in values.items():
            splices.setAttribute(splices.document.root, name, value)
        return splices.apply().decode()

    def test_change(self) -> None:
        self.assertEqual(
            self.edit("<a  x = 'é'  y=\"2\" />", x="'\"<&>\n"), '<a  x = \'&apos;"&lt;&amp;&gt;&#10;\'  y="2" />'
        )

    def test_same(self) -> None:
        """One that says the same already stays as it is written."""
        for tag in ("<a x='&#65;'/>", "<a/>"):
            self.assertEqual(self.edit(tag, x="A" if "x" in tag else None), tag)

    def test_add(self) -> None:
        self.assertEqual(self.edit("<a />", x="1", y="2"), '<a x="1" y="2" />')
        self.assertEqual(self.edit("<a\n  b='1'\n></a>", x="'"), "<a\n  b='1' x='&apos;'\n></a>")

    def test_remove(self) -> None:
        self.assertEqual(self.edit("<a b='1'\n  x='2' c='3'/>", x=None), "<a b='1' c='3'/>")
        self.assertEqual(self.edit("<a x='2'/>", x=None), "<a/>")
        self.assertEqual(self.edit("<a b=' x=\"1\"' x='2'/>", x=None, y="3"), "<a b=' x=\"1\"' y='3'/>")

    def test_prefixed(self) -> None:
        """An attribute of another namespace is another attribute."""
        tag = "<a xmlns:o='urn:o' o:x='1'/>"
        self.assertEqual(self.edit(tag, x=None), tag)


class RenderTests(SynchronousTestCase):
    def test_escapes(self) -> None:
        """Whatever is put in is read as what it was."""
        odd = "<\"'&>\t é☕ ]]>"
        room = Room("r", odd, odd.strip(), Surface(cls=odd))
        data = edits.addRoom(samples.read("recorded/home.xml"), "empty_flat", room)
        self.assertEqual(readHome(data, "f").rooms["r"], Room("r", odd, "<\"'&> é☕ ]]>", Surface(cls=odd)))

    def test_cutsDoNotOverlap(self) -> None:
        """A mistake in an edit is found before anything is written."""
        splices = Splices(parse(b"<a><b>xx</b></a>"))
        splices.replace(4, 8, b"1")
        splices.replace(6, 9, b"2")
        self.assertRaises(AssertionError, splices.apply)

    def test_insertSeveral(self) -> None:
        splices = Splices(parse(b"<a>\n  <b/>\n</a>"))
        root = splices.document.root
        splices.insert(root, [(None, Node("c")), (None, Node("d")), (root.children[0], Node("e"))])
        self.assertEqual(splices.apply(), b"<a>\n  <c/>\n  <d/>\n  <b/>\n  <e/>\n</a>")
