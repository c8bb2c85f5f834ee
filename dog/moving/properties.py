"""C{.cfg} and C{.config} files -> entries. Pure.

The format is that of C{java.util.Properties.load} (Java SE API): comments with C{#} and C{!}, continuation lines,
C{=}, C{:} or blanks behind the key, C{\\uXXXX}. Felix Config Admin adds typed values: C{I"8080"}, C{["a", "b"]},
C{("a",)}.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_BYTES = 256 * 1024
MAX_ENTRIES = 10_000

_NEWLINE = re.compile(r"\r\n|\n|\r")
_BINARY = re.compile(r"[^\t\n\f\r\x20-\x7e\x80-\U0010ffff]")
_BLANKS = " \t\f"
#: A key, its end where neither a backslash nor a separator goes on; then the separator.
_KEY = re.compile(r"((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*", re.DOTALL)
_ESCAPE = re.compile(r"\\(u.{0,4}|.|\Z)", re.DOTALL)
_HEX = re.compile(r"u[0-9A-Fa-f]{4}", re.ASCII)
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_SCALAR = re.compile(rf"([TILFDXSCBtilfdxscb]?){_QUOTED}\s*", re.DOTALL)
_LIST = re.compile(r"([TILFDXSCBtilfdxscb]?)(?:\[(.*)\]|\((.*)\))\s*", re.DOTALL)
_ITEM = re.compile(rf"\s*{_QUOTED}\s*(?:,|\Z)", re.DOTALL)


class BadProperties(ValueError):
    """It is no such file; the text says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """@ivar key: as written. @ivar value: a text, of a typed list its texts. @ivar line: where it begins, from 1."""

    key: str
    value: str | tuple[str, ...]
    line: int


def parse(data: bytes, typed: bool = False) -> list[Entry]:
    """Every entry in the order of the file, of a key that is given again too.

    @param typed: of a C{.config} file: a value in quotes is what is between them. Elsewhere that is so where every
        value of the file is typed, as Felix has it; a letter in front of quotes or brackets tells it in any case.
    @raise BadProperties: too large, no text, a broken C{\\u} escape (Java refuses the file as well).
    """
    found: list[tuple[str, str, int]] = []
    for line, text in _logicalLines(_decode(data)):
        if len(found) >= MAX_ENTRIES:
            raise BadProperties(f"it has more than {MAX_ENTRIES} entries")
        match = _KEY.match(text)
        assert match is not None, "it matches the empty text"
        found.append((_unescape(match[1], line), text[match.end() :], line))
    typed = typed or all(_isTyped(raw) for _, raw, _ in found)
    return [Entry(key, _value(raw, typed, line), line) for key, raw, line in found]


def _decode(data: bytes) -> str:
    """UTF-8 where it is that, else ISO 8859-1: as newer Javas do it, and as older ones did."""
    if len(data) > MAX_BYTES:
        raise BadProperties(f"it has more than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("iso-8859-1")
    if binary := _BINARY.search(text):
        raise BadProperties(f"it is no text (character {ord(binary[0]):#04x} in line {_lineAt(text, binary.start())})")
    return text


def _lineAt(text: str, at: int) -> int:
    return len(_NEWLINE.findall(text, 0, at)) + 1


def _logicalLines(text: str) -> Iterator[tuple[int, str]]:
    """Number and text of every line that is no comment, those that go on joined; escapes are still in it."""
    parts: list[str] = []
    begun = 0
    for number, natural in enumerate(_NEWLINE.split(text), 1):
        line = natural.lstrip(_BLANKS)
        if not parts:
            if not line or line[0] in "#!":
                continue
            begun = number
        if (len(line) - len(line.rstrip("\\"))) % 2:
            parts.append(line[:-1])
            continue
        yield begun, "".join([*parts, line])
        parts = []
    if any(parts):
        yield begun, "".join(parts)


def _unescape(text: str, line: int) -> str:
    if "\\" not in text:
        return text

    def one(match: re.Match[str]) -> str:
        what = match[1]
        if what[:1] != "u":
            return _ESCAPED.get(what, what)
        if not _HEX.fullmatch(what):
            raise BadProperties(f"line {line}: \\u without four hexadecimal digits")
        return chr(int(what[1:], 16))

    # Java's characters are UTF-16: two escapes may make one.
    return _ESCAPE.sub(one, text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _isTyped(raw: str) -> bool:
    return bool(_SCALAR.fullmatch(raw)) or _items(raw) is not None


def _items(raw: str) -> tuple[str, list[str]] | None:
    """The letter and the texts of a list, escapes still in them; None where it is none."""
    match = _LIST.fullmatch(raw)
    if match is None:
        return None
    inner = match[2] if match[2] is not None else match[3]
    items, at = [], 0
    while inner[at:].strip():
        item = _ITEM.match(inner, at)
        if item is None:
            return None
        items.append(item[1])
        at = item.end()
    return match[1], items


def _value(raw: str, typed: bool, line: int) -> str | tuple[str, ...]:
    scalar = _SCALAR.fullmatch(raw)
    if scalar is not None and (typed or scalar[1]):
        return _unescape(scalar[2], line)
    items = _items(raw)
    if items is not None and (typed or items[0]):
        return tuple(_unescape(each, line) for each in items[1])
    return _unescape(raw, line)
