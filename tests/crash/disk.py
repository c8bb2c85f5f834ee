"""A disk as a power cut may leave it: of what was not synced, any part is there, in any order.

Stricter than the file systems that we know. A file holds what it held at its last fsync, and any of the writes since,
each whole or its first sectors. The names in a folder are those of its last fsync, or as they were after any later
change (names change in order; file systems keep a journal of that).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

SECTOR = 512

#: A write at an offset, or a cut to a size.
Change = tuple[int, bytes] | int


def applied(content: bytes, change: Change) -> bytes:
    if isinstance(change, int):
        return content[:change].ljust(change, b"\0")
    where, data = change
    return content[:where].ljust(where, b"\0") + data + content[where + len(data) :]


@dataclass
class File:
    """@ivar synced: what it holds for certain. @ivar changes: since then."""

    synced: bytes = b""
    changes: list[Change] = field(default_factory=list)

    def sync(self) -> None:
        for each in self.changes:
            self.synced = applied(self.synced, each)
        self.changes.clear()

    def left(self, how: Random | bool) -> bytes:
        """What is in it after the cut: with all changes, with none, or with some."""
        content = self.synced
        for each in self.changes:
            if how is True:
                content = applied(content, each)
            elif how is not False and how.random() < 0.5:
                if not isinstance(each, int) and how.random() < 0.3:
                    each = each[0], each[1][: SECTOR * how.randrange(len(each[1]) // SECTOR + 1)]
                content = applied(content, each)
        return content


class Disk:
    """One folder of it.

    @ivar told: what had been promised so far.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._open: dict[int, File | None] = {}  # None: the folder itself
        self._names: list[dict[str, File]] = [{}]  # as they were synced, and after each change since
        self.told: list[dict[str, Any]] = []

    def play(self, line: str) -> bool:
        """One line of the record. Whether the disk is another one now."""
        kind, _, rest = line.partition(" ")
        names = self._names[-1]
        if kind == "M":
            self.told.append(json.loads(rest))
            return False
        if kind == "O":
            file, cut, path = rest.split(" ", 2)
            if path == self._folder:
                self._open[int(file)] = None
                return False
            found = names.get(path)
            if found is None:
                found = File()
                self._names.append({**names, path: found})
            elif cut == "1":
                found.changes.append(0)
            self._open[int(file)] = found
            return True
        if kind in "RLU":
            path, _, to = rest.partition("\t")
            after = dict(names)
            found = after[path]
            if kind != "L":
                del after[path]
            if kind != "U":
                after[to] = found
            self._names.append(after)
            return True
        file, *more = rest.split(" ")
        found = self._open[int(file)]
        if kind == "S":
            if found is None:
                del self._names[:-1]
            else:
                found.sync()
        elif found is not None:
            found.changes.append(int(more[0]) if kind == "T" else (int(more[0]), bytes.fromhex(more[1])))
        return True

    def cuts(self, random: Random) -> Iterator[dict[str, bytes]]:
        """Folders that a cut may leave now: path -> contents."""
        oldest, newest = self._names[0], self._names[-1]
        somewhere = random.choice(self._names)
        for names, how in ((oldest, False), (newest, False), (newest, True), (oldest, True), (somewhere, random)):
            yield {path: file.left(how) for path, file in names.items()}


def write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir()
    for path, content in files.items():
        target = folder / os.path.basename(path)
        target.write_bytes(content)
        target.chmod(0o600)
