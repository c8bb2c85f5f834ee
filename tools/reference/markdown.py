"""The little Markdown that the pages are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def plain(text: str) -> str:
    """Text that Markdown takes for text, in a paragraph and in a cell of a table."""
    return re.sub(r"([\\`*\[\]<>|{}$#])", r"\\\1", text)


def code(text: str) -> str:
    """Text as code, in a cell of a table, too."""
    return "`" + text.replace("|", "\\|") + "`"


def codes(texts: Iterable[str]) -> str:
    return ", ".join(map(code, texts))


def fenced(text: str, language: str) -> str:
    return f"```{language}\n{text.strip(chr(10))}\n```\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Nothing where there are no rows."""
    lines = ["| " + " | ".join(each) + " |" for each in rows]
    if not lines:
        return ""
    return "\n".join(["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *lines]) + "\n"


def page(title: str, *parts: str) -> str:
    """Parts that say nothing are left out; an empty line between the others."""
    return "\n".join([f"# {title}\n", *(each for each in parts if each)])


def anchor(name: str) -> str:
    """A place that links can name: C{(name)=} before a heading."""
    return f"({name})="
