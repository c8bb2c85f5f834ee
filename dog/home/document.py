"""An XML document as bytes and where its elements stand in them (expat; design: home.xml is edited by byte spans).

Nothing here knows what a home is. The guards are shared by everything that reads a home file: the size is
checked before a byte is parsed; UTF-8 only; no DOCTYPE, so no entities but XML's own five; a bound on depth
and on attributes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

#: The namespace of home.xml. Elements in it and in no namespace are read alike; all others are passed over.
NAMESPACE = "http://elite.polito.it/dogHomeConfiguration"

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64
MAX_ATTRIBUTES = 64

#: Leaf elements that hold text.
TEXTS = frozenset(
    "description isIn actuatorOf sensorOf pluggedIn meterOf controls hasMeter generatesCommand".split(),
)

_PREFIX = NAMESPACE + " "
_BOM = b"\xef\xbb\xbf"
_SNIFF = 1000
_TAG = re.compile(rb"""<([^\s/>]+)(?:[^>"']|"[^"]*"|'[^']*')*>""")
_ATTRIBUTE = re.compile(rb"""(\s+)([^\s=]+)\s*=\s*("[^"]*"|'[^']*')""")
_INVALID_TOKEN = 4
_UNDEFINED_ENTITY = 11
_UNBOUND_PREFIX = 27


class Unreadable(Exception):
    """Nothing can be read. C{code} is that of the L{dog.model.home.Problem}; line and column count from 1."""

    def __init__(self, code: str, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line
        self.column = column


def localName(name: str) -> str | None:
    """The plain name of an element of ours, from expat's form of it; None for a foreign one."""
    if name.startswith(_PREFIX):
        return name[len(_PREFIX) :]
    return None if " " in name else name


def checkSize(size: int, limit: int = MAX_BYTES) -> None:
    """@raise Unreadable: C{empty_file} or C{too_large}."""
    if size > limit:
        raise Unreadable("too_large", f"the file has {size} bytes, the bound is {limit}")
    if size == 0:
        raise Unreadable("empty_file", "the file is empty", 1, 1)


def newParser(data: bytes, limit: int = MAX_BYTES) -> expat.XMLParserType:
    """A parser for C{data}, guarded; the caller sets its element callbacks and calls L{run}.

    @raise Unreadable: size, encoding.
    """
    checkSize(len(data), limit)
    if not data[:_SNIFF].removeprefix(_BOM).strip(b" \t\r\n") and not data.removeprefix(_BOM).strip(b" \t\r\n"):
        raise Unreadable("empty_file", "the file is empty", 1, 1)
    # Expat switches to UTF-16 where it smells it, whatever encoding it was told; UTF-8 never has a NUL in XML.
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data:
        raise Unreadable("encoding", "the file is UTF-16, or no text at all; save it as UTF-8", 1, 1)
    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = False

    def declaration(version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.upper() not in ("UTF-8", "UTF8", "US-ASCII", "ASCII"):
            raise Unreadable("encoding", f"the file says it is {encoding}; save it as UTF-8", *where(parser))

    def doctype(*_: object) -> None:
        raise Unreadable("doctype", "a DOCTYPE is not accepted, nor are entities of one's own", *where(parser))

    parser.XmlDeclHandler = declaration
    parser.StartDoctypeDeclHandler = doctype
    return parser


def where(parser: expat.XMLParserType) -> tuple[int, int]:
    """Line and column of the present event, from 1."""
    return parser.CurrentLineNumber, parser.CurrentColumnNumber + 1


def run(parser: expat.XMLParserType, data: bytes) -> None:
    """@raise Unreadable: not well-formed."""
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        code = "undefined_entity" if error.code == _UNDEFINED_ENTITY else "malformed"
        message = f"not well-formed XML: {expat.ErrorString(error.code)}"
        if error.code == _INVALID_TOKEN:
            message = "not well-formed XML: an invalid character or a stray sign"
            at = parser.ErrorByteIndex
            try:
                data[at : at + 4].decode("utf-8")
            except UnicodeDecodeError as wrong:
                if wrong.start == 0 and wrong.reason != "unexpected end of data":
                    code, message = "encoding", "the file is not UTF-8"
        elif error.code == _UNBOUND_PREFIX:
            message += f'; the root element lacks an xmlns:PREFIX="{NAMESPACE}"'
        raise Unreadable(code, message, error.lineno, error.offset + 1) from None


def tooDeep(parser: expat.XMLParserType) -> Unreadable:
    return Unreadable("too_deep", f"elements are nested more than {MAX_DEPTH} deep", *where(parser))


def tooManyAttributes(parser: expat.XMLParserType) -> Unreadable:
    return Unreadable("too_many_attributes", f"an element has more than {MAX_ATTRIBUTES} attributes", *where(parser))


@dataclass(slots=True, eq=False)
class Element:
    """An element and where it stands. C{name} is None for one in a namespace that is not ours.

    @ivar start: the offset of its C{<}.
    @ivar stop: where its end was seen: the C{<} of its end tag, or just behind it if it has none.
    @ivar attributes: those with a prefix under expat's form of their name, which has a space in it.
    """

    name: str | None
    parent: Element | None
    start: int
    line: int
    attributes: dict[str, str]
    stop: int = 0
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def named(self, *names: str) -> Iterator[Element]:
        """The children with one of these names, in order."""
        return (each for each in self.children if each.name in names)

    def first(self, name: str) -> Element | None:
        return next(self.named(name), None)

    def walk(self) -> Iterator[Element]:
        """Itself and everything in it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """The bytes of a document and its elements. Spans are byte offsets into C{data}."""

    data: bytes
    root: Element

    def tag(self, element: Element) -> re.Match[bytes]:
        """The start tag; group 1 is the name as written, prefix included."""
        found = _TAG.match(self.data, element.start)
        assert found is not None, "the document was parsed from these bytes"
        return found

    def isEmptyTag(self, element: Element) -> bool:
        """Is it written C{<name/>}?"""
        return self.tag(element)[0].endswith(b"/>")

    def content(self, element: Element) -> tuple[int, int]:
        """The span between the tags; empty, and behind the element, where it is written C{<name/>}."""
        end = self.tag(element).end()
        return (end, end) if self.isEmptyTag(element) else (end, element.stop)

    def end(self, element: Element) -> int:
        """The offset behind the element."""
        return element.stop if self.isEmptyTag(element) else self.data.index(b">", element.stop) + 1

    def attributeSpans(self, element: Element) -> Iterator[tuple[str, re.Match[bytes]]]:
        """Name and match: group 1 the white space before, group 2 the name, group 3 the value with its quotes."""
        tag = self.tag(element)
        for found in _ATTRIBUTE.finditer(self.data, tag.end(1), tag.end()):
            yield found[2].decode("utf-8"), found


def parse(data: bytes, limit: int = MAX_BYTES) -> Document:
    """The document with all its elements, for one edit; no tree is kept between edits.

    @raise Unreadable: anything that keeps it from being read, with the line.
    """
    parser = newParser(data, limit)
    stack: list[Element] = []
    roots: list[Element] = []
    texts: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) >= MAX_DEPTH:
            raise tooDeep(parser)
        if len(attributes) > MAX_ATTRIBUTES:
            raise tooManyAttributes(parser)
        parent = stack[-1] if stack else None
        element = Element(
            None if parent is not None and parent.name in TEXTS else localName(name),
            parent,
            parser.CurrentByteIndex,
            parser.CurrentLineNumber,
            attributes,
        )
        (roots if parent is None else parent.children).append(element)
        stack.append(element)
        if element.name in TEXTS:
            texts.clear()
            parser.CharacterDataHandler = texts.append
        elif parser.CharacterDataHandler is not None:
            parser.CharacterDataHandler = None

    def end(name: str) -> None:
        element = stack.pop()
        element.stop = parser.CurrentByteIndex
        if element.name in TEXTS:
            element.text = "".join(texts)
            parser.CharacterDataHandler = None
        elif stack and stack[-1].name in TEXTS:
            parser.CharacterDataHandler = texts.append

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    run(parser, data)
    return Document(data, roots[0])
