"""Texts in columns, for people. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

#: What makes following text run backwards: a terminal would show something else than is there.
_BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}


def clean(text: str) -> str:
    """C{text} on one line, without anything that a terminal would obey: descriptions come from outside."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(char: str) -> str:
    if char in "\t\n\r":
        return " "
    if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or ord(char) in _BIDI:
        return f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"
    return char


def width(text: str) -> int:
    """The columns that C{text} takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_columns(each) for each in text)


def _columns(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def fit(text: str, columns: int) -> str:
    """C{text} cut to so many columns, with an ellipsis if anything is missing."""
    if width(text) <= columns:
        return text
    kept, used = [], 0
    for char in text:
        used += _columns(char)
        if used > columns - 1:
            break
        kept.append(char)
    return "".join(kept) + "…"


def pad(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def layout(heads: Sequence[str], rows: Sequence[Sequence[str]], limit: int | None = None) -> list[str]:
    """Lines of a table, the heads first, every text cleaned.

    @param limit: the columns there are. The widest texts are cut until a line fits; None: nothing is cut.
    """
    cells = [[clean(each) for each in row] for row in (heads, *rows)]
    widths = [max(width(row[index]) for row in cells) for index in range(len(heads))]
    if limit is not None:
        _squeeze(widths, [width(each) for each in heads], limit)
    lines = []
    for row in cells:
        fitted = [pad(fit(each, columns), columns) for each, columns in zip(row, widths, strict=True)]
        lines.append("  ".join(fitted).rstrip())
    return lines


def _squeeze(widths: list[int], least: Sequence[int], limit: int) -> None:
    """Take from the widest column, the last of equals, until all fit or only the heads would."""
    gaps = 2 * (len(widths) - 1)
    while sum(widths) + gaps > limit:
        wide = [index for index in range(len(widths)) if widths[index] > max(least[index], 4)]
        if not wide:
            return
        index = max(wide, key=lambda each: (widths[each], each))
        widths[index] -= 1
