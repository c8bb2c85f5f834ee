"""What C{dogctl} writes to: answers to standard output, everything else to standard error."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from dog.cli.table import clean, layout

_BOLD, _DIM, _RED, _PLAIN = "\033[1m", "\033[2m", "\033[31m", "\033[0m"


class Console:
    """@param color: write escape codes for bold and the like.
    @param columns: the width tables must keep to; None where nobody looks (a file, a pipe): nothing is cut.
    """

    def __init__(
        self, out: TextIO, err: TextIO, *, json: bool = False, color: bool = False, columns: int | None = None
    ) -> None:
        self._out = out
        self._err = err
        self.json = json
        self.color = color
        self.columns = columns

    @classmethod
    def standard(cls, json: bool) -> Console:
        """The process's own. Color and cut tables are for terminals; NO_COLOR and TERM=dumb turn color off."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        terminal = sys.stdout.isatty()
        color = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        columns = shutil.get_terminal_size().columns if terminal else None
        return cls(sys.stdout, sys.stderr, json=json, color=color, columns=columns)

    def line(self, text: str) -> None:
        """One line of the answer, as it is, at once."""
        self._out.write(text + "\n")
        self._out.flush()

    def document(self, value: Any) -> None:
        """The whole answer as JSON."""
        self.line(json.dumps(value, ensure_ascii=False, indent=2))

    def record(self, value: Any) -> None:
        """One of many JSON values: one per line."""
        self.line(json.dumps(value, ensure_ascii=False, separators=(",", ":")))

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Rows in columns under their heads."""
        head, *lines = layout(heads, rows, self.columns)
        self._out.write("\n".join([self.bold(head), *lines]) + "\n")
        self._out.flush()

    def note(self, text: str, **fields: Any) -> None:
        """Something to know that is no part of the answer; with C{--json} a JSON object on one line."""
        self._say({"note": text, **fields}, clean(text))

    def fail(self, text: str, **fields: Any) -> None:
        """Why there is no answer; with C{--json} as C{{"error": {"code", "message", ...}}}."""
        self._say({"error": {"message": text, **fields}}, clean(text))

    def _say(self, fields: dict[str, Any], text: str) -> None:
        line = json.dumps(fields, ensure_ascii=False) if self.json else f"dogctl: {text}"
        self._err.write(line + "\n")
        self._err.flush()

    def bold(self, text: str) -> str:
        return f"{_BOLD}{text}{_PLAIN}" if self.color else text

    def dim(self, text: str) -> str:
        return f"{_DIM}{text}{_PLAIN}" if self.color else text

    def red(self, text: str) -> str:
        return f"{_RED}{text}{_PLAIN}" if self.color else text
