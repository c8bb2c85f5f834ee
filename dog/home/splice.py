"""Cuts in the bytes of a document: put an element in, take one out, change a text or an attribute.

Everything that no cut touches stays byte for byte. What is put in looks like its surroundings: the parent's
prefix, the indentation and newlines of the file, its way of closing empty elements. Where the file has
elements side by side on one line, so does what is put in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dog.home.document import Document, Element
from dog.home.text import checkCharacters, escapeAttribute, escapeText

_NEWLINE = re.compile(rb"\r\n|\n|\r")
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Node:
    """An element that ought to be there.

    @ivar attributes: those that this project knows; None for one that must not be there.
    @ivar demanded: attributes that the schema demands, for when the element is written anew and lacks them.
    @ivar filler: it only stands in for what the schema demands; see L{dog.home.render}.
    """

    name: str
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    text: str | None = None
    children: tuple[Node, ...] = ()
    filler: bool = False
    demanded: Mapping[str, str] = field(default_factory=dict)

    @property
    def written(self) -> dict[str, str]:
        """The attributes of the element if it is written anew."""
        return {**self.demanded, **{key: value for key, value in self.attributes.items() if value is not None}}


class Splices:
    """The cuts of one edit. They are made all at once, by L{apply}; spans refer to the bytes as they were."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._data = document.data
        self._cuts: list[tuple[int, int, bytes]] = []
        newline = _NEWLINE.search(self._data)
        self._newline = newline[0] if newline else b"\n"
        spaced = self._data.count(b" />")
        self._close = b" />" if spaced * 2 > self._data.count(b"/>") else b"/>"

    def apply(self) -> bytes:
        """The new bytes."""
        done: list[bytes] = []
        at = 0
        for start, end, new in sorted(self._cuts, key=lambda cut: cut[:2]):
            assert start >= at, "cuts overlap"
            done += self._data[at:start], new
            at = end
        return b"".join([*done, self._data[at:]])

    def replace(self, start: int, end: int, new: bytes) -> None:
        if self._data[start:end] != new:
            self._cuts.append((start, end, new))

    # -- one element ----------------------------------------------------------------------------------------------

    def setText(self, element: Element, text: str) -> None:
        new = escapeText(checkCharacters(text, element.name or ""))
        start, end = self.document.content(element)
        if self.document.isEmptyTag(element):
            if new:
                self._open(element, new)
        else:
            self.replace(start, end, new)

    def setAttribute(self, element: Element, name: str, value: str | None) -> None:
        """None takes it out. One that has that value already is left as it is written."""
        if element.attributes.get(name) == value:
            return
        last = None
        for each, found in self.document.attributeSpans(element):
            last = found
            if each == name:
                if value is None:
                    self.replace(found.start(1), found.end(3), b"")
                else:
                    quote = found[3][:1]
                    new = quote + escapeAttribute(checkCharacters(value, name), quote) + quote
                    self.replace(found.start(3), found.end(3), new)
                return
        assert value is not None, "it was not there, so it differs from None"
        at = last.end(3) if last else self.document.tag(element).end(1)
        quote = last[3][:1] if last else b'"'
        self.replace(at, at, _attribute(name, value, quote))

    def remove(self, element: Element) -> None:
        """With its lines, if nothing else is on them."""
        start, end = element.start, self.document.end(element)
        lineStart = self._indentStart(start)
        after = end
        while self._data[after : after + 1] in (b" ", b"\t"):
            after += 1
        newline = _NEWLINE.match(self._data, after)
        if lineStart is not None and newline:
            start, end = lineStart, newline.end()
        self.replace(start, end, b"")

    def exchange(self, element: Element, node: Node) -> None:
        """Another element in its place."""
        indent = self._indent(element)
        unit = self._unit(element.parent) if element.parent else b""
        prefix = self._prefix(element)
        self.replace(element.start, self.document.end(element), self._render(node, prefix, indent, unit))

    # -- children -------------------------------------------------------------------------------------------------

    def insert(self, parent: Element, nodes: Iterable[tuple[Element | None, Node]]) -> None:
        """Put new children in, each behind a child that stays, or (None) in front of all."""
        nodes = list(nodes)
        if not nodes:
            return
        indent, unit, prefix = self._childIndent(parent), self._unit(parent), self._prefix(parent)
        start, end = self.document.content(parent)
        content = self._data[start:end]
        if not content.strip() and not _NEWLINE.search(content):
            rendered = [self._render(node, prefix, indent, unit) for _, node in nodes]
            if indent is None:
                new = b"".join(rendered)
            else:
                lead = self._newline + indent
                new = lead + lead.join(rendered) + self._newline + (self._indent(parent) or b"")
            if self.document.isEmptyTag(parent):
                self._open(parent, new)
            else:
                self.replace(start, end, new)
            return
        for anchor, node in nodes:
            at = start if anchor is None else self.document.end(anchor)
            lineEnd = None if indent is None else self._lineEnd(at)
            if indent is None or lineEnd is None:
                self.replace(at, at, self._render(node, prefix, None, unit))
            else:
                new = self._newline + indent + self._render(node, prefix, indent, unit)
                self.replace(lineEnd, lineEnd, new)

    # -- how the file is written ------------------------------------------------------------------------------------

    def _open(self, element: Element, content: bytes) -> None:
        """<name/> becomes <name>content</name>."""
        tag = self.document.tag(element)
        cut = tag.end() - 2
        while self._data[cut - 1 : cut].isspace():
            cut -= 1
        self.replace(cut, tag.end(), b">" + content + b"</" + tag[1] + b">")

    def _prefix(self, element: Element) -> bytes:
        """The prefix of an element, with its colon."""
        name: bytes = self.document.tag(element)[1]
        return name[: name.find(b":") + 1]

    def _indentStart(self, at: int) -> int | None:
        """The start of the line, if only blanks are between it and C{at}."""
        start = at
        while start and self._data[start - 1 : start] in (b" ", b"\t"):
            start -= 1
        return start if start == 0 or self._data[start - 1 : start] in (b"\n", b"\r") else None

    def _indent(self, element: Element) -> bytes | None:
        """What is in front of an element on its line; None if that is not only blanks."""
        start = self._indentStart(element.start)
        return None if start is None else self._data[start : element.start]

    def _lineEnd(self, at: int) -> int | None:
        """Where the line ends on which C{at} is, if until there are only blanks and comments."""
        while True:
            while self._data[at : at + 1] in (b" ", b"\t"):
                at += 1
            if _NEWLINE.match(self._data, at):
                return at
            comment = _COMMENT.match(self._data, at)
            if comment is None:
                return None
            at = comment.end()

    def _childIndent(self, parent: Element) -> bytes | None:
        """The indentation of children; None where they are not on lines of their own."""
        for child in parent.children:
            indent = self._indent(child)
            if indent is not None:
                return indent
        own = self._indent(parent)
        if own is None or parent.children:
            return None
        return own + self._unit(parent)

    def _unit(self, element: Element) -> bytes:
        """By how much more a child is indented than its parent, hereabouts."""
        each: Element | None = element
        while each is not None:
            own = self._indent(each)
            for child in each.children:
                indent = self._indent(child)
                if own is not None and indent is not None:
                    if indent.startswith(own) and len(indent) > len(own):
                        return indent[len(own) :]
                    break
            each = each.parent
        return b"    "

    def _render(self, node: Node, prefix: bytes, indent: bytes | None, unit: bytes) -> bytes:
        """The node, from its first tag to its last; its children on lines of their own unless C{indent} is None."""
        name = prefix + node.name.encode()
        tag = b"<" + name
        for key, value in node.written.items():
            tag += _attribute(key, value, b'"')
        if node.text is not None:
            return tag + b">" + escapeText(checkCharacters(node.text, node.name)) + b"</" + name + b">"
        if not node.children:
            return tag + self._close
        inner = None if indent is None else indent + unit
        lead = b"" if inner is None else self._newline + inner
        children = b"".join(lead + self._render(child, prefix, inner, unit) for child in node.children)
        return tag + b">" + children + (b"" if indent is None else self._newline + indent) + b"</" + name + b">"


def _attribute(name: str, value: str, quote: bytes) -> bytes:
    return b" " + name.encode() + b"=" + quote + escapeAttribute(checkCharacters(value, name), quote) + quote
