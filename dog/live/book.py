"""A file of JSON objects, one a line, that is only ever added to, and a few older ones. Blocking; for one thread."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

#: Bytes of one file that are read; ours are shorter.
MOST_READ = 4 * 1024 * 1024

#: A link in place of the file is not followed; nor is a pipe waited for.
_OWN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

#: What every entry has, besides its number C{n}.
_TEXTS = ("at", "who", "what", "from", "outcome")


class Book:
    """One of the files in which L{dog.live.audit} keeps its entries.

    @param size: bytes of a file. @param keep: older files that are kept.
    @ivar unreadable: lines, of those read so far, that are no entries: torn by a power cut, or not ours.
    """

    def __init__(self, path: Path, size: int, keep: int) -> None:
        self.path = path
        self.size = size
        self.keep = keep
        self.unreadable = 0

    def write(self, data: bytes) -> None:
        """Add whole lines. Raises C{OSError}, and then nothing was added."""
        if not self._append(data, self.size):
            self._rotate()
            self._append(data)

    def _append(self, data: bytes, most: int | None = None) -> bool:
        """False: the file would have more than C{most} bytes then, and is as it was."""
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _OWN, 0o600)
        try:
            size = os.fstat(handle).st_size
            if size and most is not None and size + len(data) > most:
                return False
            if size and os.pread(handle, 1, size - 1) != b"\n":
                data = b"\n" + data  # a power cut has torn the line before
            try:
                while data:
                    data = data[os.write(handle, data) :]
            except OSError:
                os.ftruncate(handle, size)
                raise
            return True
        finally:
            os.close(handle)

    def _rotate(self) -> None:
        files = self._files()
        for older, newer in reversed(list(zip(files[1:], files, strict=False))):
            if newer.exists():
                os.replace(newer, older)

    def _files(self) -> list[Path]:
        """The newest first."""
        older = (self.path.with_name(f"{self.path.name}.{number}") for number in range(1, self.keep + 1))
        return [self.path, *older]

    def entries(self) -> Iterator[Mapping[str, Any]]:
        """The newest first. Raises C{OSError}."""
        for path in self._files():
            for line in _linesOf(path):
                entry = _entryOf(line)
                if entry is None:
                    self.unreadable += 1
                else:
                    yield entry


def _linesOf(path: Path) -> Iterator[bytes]:
    """The lines of a file, the last one first. No file: no lines."""
    try:
        handle = os.open(path, os.O_RDONLY | _OWN)
    except FileNotFoundError:
        return
    with open(handle, "rb") as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            return
        file.seek(max(0, about.st_size - MOST_READ))
        lines = file.read(MOST_READ).split(b"\n")
    if about.st_size > MOST_READ:
        del lines[0]
    yield from filter(None, reversed(lines))


def _entryOf(line: bytes) -> Mapping[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or type(entry.get("n")) is not int:
        return None
    return entry if all(isinstance(entry.get(name), str) for name in _TEXTS) else None
