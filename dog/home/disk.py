"""A file that is always whole: the old contents or the new, whatever fails in between."""

from __future__ import annotations

import contextlib
import errno
import os
import stat

_NO_LINKS = frozenset((errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV, errno.EMLINK, errno.EACCES))
_NO_FOLDER_SYNC = frozenset((errno.EINVAL, errno.ENOTSUP, errno.EBADF))


class System:
    """The calls that can fail; a test hands in one that does."""

    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        return os.open(path, flags | os.O_CLOEXEC, mode)

    def write(self, file: int, data: memoryview) -> int:
        return os.write(file, data)

    def fsync(self, file: int) -> None:
        os.fsync(file)

    def close(self, file: int) -> None:
        os.close(file)

    def chmod(self, file: int, mode: int) -> None:
        os.fchmod(file, mode)

    def chown(self, file: int, user: int, group: int) -> None:
        os.fchown(file, user, group)

    def link(self, path: str, to: str) -> None:
        os.link(path, to)

    def rename(self, path: str, to: str) -> None:
        os.replace(path, to)

    def unlink(self, path: str) -> None:
        os.unlink(path)


class NotDurable(OSError):
    """The new contents are in place, but the folder could not be made to hold on to them."""


def readWhole(path: str, limit: int) -> bytes:
    """The contents of a regular file, or its first C{limit} + 1 bytes: whoever gets more than C{limit} knows.

    @raise OSError: also for what is no regular file.
    """
    with open(path, "rb", opener=_openNoWait) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        return file.read(limit + 1)


def _openNoWait(path: str, flags: int) -> int:
    """A FIFO is noticed instead of waited for."""
    return os.open(path, flags | os.O_NONBLOCK)


def replaceWhole(path: str, old: bytes, new: bytes, system: System) -> None:
    """Put C{new} in the place of a file that holds C{old}, durably; the old contents stay as C{path}.bak.

    Mode and, where that is allowed, owner are kept. Nothing that was written aside is left behind.

    @raise NotDurable: after all was done.
    @raise OSError: else, and then the file is as it was.
    """
    folder, name = os.path.split(path)
    aside = os.path.join(folder, f".{name}.new")
    backup = os.path.join(folder, f".{name}.old")
    before = os.stat(path)
    try:
        _write(aside, new, before, system)
        try:
            _unlink(backup, system)
            system.link(path, backup)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _write(backup, old, before, system)
        system.rename(backup, f"{path}.bak")
        # Where a failure has left .bak a link to the very same file, POSIX has rename do nothing.
        _unlink(backup, system)
        system.rename(aside, path)
    except BaseException:
        for each in (aside, backup):
            with contextlib.suppress(OSError):
                _unlink(each, system)
        raise
    try:
        _syncFolder(folder or ".", system)
    except OSError as error:
        raise NotDurable(*error.args) from error


def createWhole(path: str, data: bytes, mode: int, system: System | None = None) -> None:
    """A file with these contents, durably: there is all of it or nothing of it. One that is there is replaced.

    @param mode: as far as the process's umask has it.
    @raise OSError: and then nothing has changed, unless it is L{NotDurable}.
    """
    system = System() if system is None else system
    folder, name = os.path.split(path)
    aside = os.path.join(folder, f".{name}.new")
    try:
        _write(aside, data, None, system, mode)
        system.rename(aside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            _unlink(aside, system)
        raise
    try:
        _syncFolder(folder or ".", system)
    except OSError as error:
        raise NotDurable(*error.args) from error


def _unlink(path: str, system: System) -> None:
    with contextlib.suppress(FileNotFoundError):
        system.unlink(path)


def _write(path: str, data: bytes, like: os.stat_result | None, system: System, mode: int = 0o600) -> None:
    _unlink(path, system)
    file = system.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[system.write(file, rest) :]
        if like is not None:
            with contextlib.suppress(PermissionError):
                system.chown(file, like.st_uid, like.st_gid)
            system.chmod(file, stat.S_IMODE(like.st_mode))
        system.fsync(file)
    finally:
        system.close(file)


def _syncFolder(folder: str, system: System) -> None:
    file = system.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        system.fsync(file)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        system.close(file)
