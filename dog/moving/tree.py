"""The files of an installation, and none outside: links are not followed, not even on the way."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator
from dataclasses import dataclass

MAX_FILES = 5000
MAX_DEPTH = 8

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class NotTaken(Exception):
    """It can't be taken; the text says why, in the words of the report."""


@dataclass(frozen=True, slots=True)
class Found:
    """@ivar path: from the tree's root. @ivar kind: C{file}, C{link}, or C{other} (a device, a pipe ...)."""

    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class Contents:
    """@ivar mode: permission bits."""

    data: bytes
    mode: int


class Tree:
    """@param root: a folder; the way to it may lead over links.

    @ivar cut: some files were not listed: there are too many, or they lie too deep.
    @raise OSError: it can't be opened.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self._fd = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.cut = False

    def close(self) -> None:
        os.close(self._fd)

    def resolve(self, base: str, name: str) -> str:
        """The path of what a file in C{base} calls C{name}. Raises L{NotTaken} where that is outside."""
        if "\0" in name:
            raise NotTaken("its name has a NUL in it")
        path = name if posixpath.isabs(name) else posixpath.join(self.root, base, name)
        path = posixpath.relpath(posixpath.normpath(path), self.root)
        if path == ".." or path.startswith("../"):
            raise NotTaken(f"{name} is outside of {self.root}")
        return path

    def read(self, path: str, limit: int) -> Contents:
        """A regular file of at most C{limit} bytes. Raises L{NotTaken}."""
        *folders, name = path.split("/")
        try:
            folder = self._open("/".join(folders))
            try:
                self._refuseLink(name, folder)
                file = os.open(name, _FILE, dir_fd=folder)
            finally:
                os.close(folder)
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                os.close(file)
                raise NotTaken("it is no regular file")
            with os.fdopen(file, "rb") as opened:
                data = opened.read(limit + 1)
        except FileNotFoundError:
            raise NotTaken("there is no such file") from None
        except OSError as error:
            raise NotTaken(f"it can't be read: {error.strerror}") from None
        if len(data) > limit:
            raise NotTaken(f"it has more than {limit} bytes")
        return Contents(data, stat.S_IMODE(status.st_mode))

    def walk(self, path: str = ".", depth: int = MAX_DEPTH) -> Iterator[Found]:
        """Every file under a folder, sorted; at most C{MAX_FILES}. A folder that can't be read counts as a file."""
        yield from list(self._walk(path, depth, [MAX_FILES]))

    def _walk(self, path: str, depth: int, left: list[int]) -> Iterator[Found]:
        try:
            folder = self._open(path)
        except (OSError, NotTaken):
            yield Found(path, "other")
            return
        try:
            with os.scandir(folder) as entries:
                kinds = sorted((each.name, _kind(each)) for each in entries)
        finally:
            os.close(folder)
        for name, kind in kinds:
            below = posixpath.normpath(posixpath.join(path, name))
            if left[0] <= 0 or (kind == "folder" and depth <= 1):
                self.cut = True
            elif kind == "folder":
                yield from self._walk(below, depth - 1, left)
            else:
                left[0] -= 1
                yield Found(below, kind)

    def _open(self, path: str) -> int:
        folder = os.dup(self._fd)
        for part in path.split("/"):
            if part in ("", "."):
                continue
            try:
                self._refuseLink(part, folder)
                below = os.open(part, _FOLDER, dir_fd=folder)
            finally:
                os.close(folder)
            folder = below
        return folder

    def _refuseLink(self, name: str, folder: int) -> None:
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise NotTaken(f"{name} is a symbolic link: it was not followed")


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "link"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if entry.is_file(follow_symlinks=False) else "other"
