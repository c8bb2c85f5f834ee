"""The code blocks of the documentation: where they are, in which language, and who runs them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.source import ROOT

#: Languages of what is shown and not typed: output, and words with places to fill in.
SHOWN = {"text", "console"}

_NOT_RUN = re.compile(r"<!-- not run: (\S.*) -->")

#: Programs by which a line of an indented block is known as one that is typed.
_TYPED = re.compile(
    r"\$ |(?:\.venv/bin/)?(?:dogctl|twistd|curl|make|pip|python3?|npx|ssh|source|export|timeout|sudo)\s"
)


@dataclass(frozen=True)
class Block:
    """A code block.

    @ivar file: relative to the project's folder. @ivar line: of its first line.
    @ivar language: empty for an indented block, of which nobody said what it is.
    @ivar named: what stands behind the language: the file that it is, or is out of.
    @ivar reason: why it is not run, out of a comment C{<!-- not run: ... -->} above it.
    """

    file: str
    line: int
    language: str
    named: str
    text: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def typed(self) -> list[str]:
        """The lines that are typed into a shell, without comments."""
        if self.language not in ("", "sh", "bash"):
            return []
        lines = [line for line in self.text.splitlines() if self.language or _TYPED.match(line)]
        return [re.sub(r"(?:\s{2,}|\s+# ).*$", "", line.removeprefix("$ ")) for line in lines]


def documents() -> list[Path]:
    """Every page of the documentation that is written by hand."""
    return [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "dog" / "drivers").glob("*/README.md")),
        *sorted((ROOT / "examples").glob("*/README.md")),
    ]


def everyBlock() -> list[Block]:
    return [each for path in documents() for each in blocksOf(path.read_text("utf-8"), str(path.relative_to(ROOT)))]


def blocksOf(text: str, file: str) -> Iterator[Block]:
    """The blocks of a page: fenced ones, and those that are indented by four spaces behind an empty line."""
    lines = text.splitlines()
    number, reason = 0, ""
    while number < len(lines):
        line = lines[number]
        fence = re.match(r"(`{3,})(\S*)\s*(.*)$", line)
        if fence:
            end = next(
                (each for each in range(number + 1, len(lines)) if lines[each].rstrip() == fence[1]), len(lines)
            )
            if not fence[2].startswith("{"):  # a directive of Sphinx
                body = "\n".join(lines[number + 1 : end]) + "\n"
                yield Block(file, number + 2, fence[2], fence[3], body, reason)
            number, reason = end + 1, ""
            continue
        if line.startswith("    ") and (number == 0 or not lines[number - 1].strip()) and not _inList(lines, number):
            end = next(
                (each for each in range(number, len(lines)) if lines[each].strip() and lines[each][:4] != "    "),
                len(lines),
            )
            body = "\n".join(each[4:] for each in lines[number:end]).rstrip() + "\n"
            yield Block(file, number + 1, "", "", body, reason)
            number, reason = end, ""
            continue
        if line.strip():
            found = _NOT_RUN.fullmatch(line)
            reason = found[1] if found else ""
        number += 1


def _inList(lines: list[str], number: int) -> bool:
    """Whether what is indented goes on with an entry of a list."""
    before = next((each for each in reversed(lines[:number]) if each.strip() and each[:1] != " "), "")
    return re.match(r"(?:[*-]|\d+\.) ", before) is not None
