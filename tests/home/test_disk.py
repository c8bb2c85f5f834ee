"""Whatever fails, the file is whole: the old contents or the new."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.home.disk import NotDurable, System, createWhole, readWhole, replaceWhole

OLD, NEW = b"<old/>" * 100, b"<new/>" * 200


class Failing(System):
    """The real calls; the one numbered C{at} fails, or does what C{instead} does. C{calls} are those made."""

    def __init__(
        self, at: int = -1, error: BaseException | None = None, instead: Callable[[], Any] | None = None
    ) -> None:
        self.calls: list[str] = []
        self._at = at
        self._error = error
        self._instead = instead

    def _call(self, name: str, *args: Any) -> Any:
        self.calls.append(name)
        if len(self.calls) - 1 == self._at:
            if self._error is not None:
                raise self._error
            if self._instead is not None:
                return self._instead()
        return getattr(System, name)(self, *args)

    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        return int(self._call("open", path, flags, mode))

    def write(self, file: int, data: memoryview) -> int:
        return int(self._call("write", file, data))

    def fsync(self, file: int) -> None:
        self._call("fsync", file)

    def close(self, file: int) -> None:
        self._call("close", file)

    def chmod(self, file: int, mode: int) -> None:
        self._call("chmod", file, mode)

    def chown(self, file: int, user: int, group: int) -> None:
        self._call("chown", file, user, group)

    def link(self, path: str, to: str) -> None:
        self._call("link", path, to)

    def rename(self, path: str, to: str) -> None:
        self._call("rename", path, to)

    def unlink(self, path: str) -> None:
        self._call("unlink", path)


class Crash(BaseException):
    """The process ends here: nothing more is done to the disk."""


class Dying(Failing):
    """From call C{at} on, nothing reaches the disk any more: not even the tidying up."""

    def _call(self, name: str, *args: Any) -> Any:
        if len(self.calls) >= self._at:
            self.calls.append(name)
            raise Crash
        return super()._call(name, *args)


class DiskCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = self.mktemp()
        os.mkdir(self.folder)
        self.path = os.path.join(self.folder, "home.xml")
        self.write(self.path, OLD)

    def write(self, path: str, data: bytes) -> None:
        with open(path, "wb") as file:
            file.write(data)

    def content(self, path: str) -> bytes:
        with open(path, "rb") as file:
            return file.read()

    def fresh(self) -> None:
        for name in os.listdir(self.folder):
            os.unlink(os.path.join(self.folder, name))
        self.write(self.path, OLD)


class ReplaceTests(DiskCase):
    def test_replaces(self) -> None:
        """New contents, the old ones as .bak, nothing else; the file is on the disk before it takes the name."""
        system = Failing()
        replaceWhole(self.path, OLD, NEW, system)
        self.assertEqual(self.content(self.path), NEW)
        self.assertEqual(self.content(f"{self.path}.bak"), OLD)
        self.assertEqual(sorted(os.listdir(self.folder)), ["home.xml", "home.xml.bak"])
        self.assertLess(system.calls.index("fsync"), system.calls.index("rename"))
        self.assertEqual(system.calls[-3:], ["open", "fsync", "close"])
        self.assertEqual([each for each in system.calls if each in ("link", "rename")], ["link", "rename", "rename"])

    def test_again(self) -> None:
        """The copy is always that of the contents before."""
        replaceWhole(self.path, OLD, NEW, System())
        replaceWhole(self.path, NEW, b"third", System())
        self.assertEqual((self.content(self.path), self.content(f"{self.path}.bak")), (b"third", NEW))

    def test_modeAndOwner(self) -> None:
        os.chmod(self.path, 0o640)
        owner = os.stat(self.path)
        replaceWhole(self.path, OLD, NEW, System())
        for path in (self.path, f"{self.path}.bak"):
            found = os.stat(path)
            self.assertEqual(stat.S_IMODE(found.st_mode), 0o640)
            self.assertEqual((found.st_uid, found.st_gid), (owner.st_uid, owner.st_gid))

    def test_ownerMayNotBeGivenAway(self) -> None:
        calls = Failing()
        replaceWhole(self.path, OLD, NEW, calls)
        self.fresh()
        system = Failing(calls.calls.index("chown"), PermissionError(errno.EPERM, "no"))
        replaceWhole(self.path, OLD, NEW, system)
        self.assertEqual(self.content(self.path), NEW)

    def test_everyFailure(self) -> None:
        """Each call in turn fails: an error is raised, the file is whole, and nothing is left lying about."""
        replaceWhole(self.path, OLD, NEW, counted := Failing())
        done = counted.calls.index("rename", counted.calls.index("rename") + 1)
        for at, name in enumerate(counted.calls):
            for error in (
                OSError(errno.ENOSPC, "full"),
                OSError(errno.EROFS, "read-only"),
                OSError(errno.EIO, "broken"),
            ):
                self.fresh()
                self.write(f"{self.path}.bak", b"older")
                system = Failing(at, error)
                with self.subTest(at=at, name=name):
                    if at > done:
                        self.assertRaises(NotDurable, replaceWhole, self.path, OLD, NEW, system)
                    else:
                        self.assertRaises(OSError, replaceWhole, self.path, OLD, NEW, system)
                    self.assertEqual(self.content(self.path), NEW if at > done else OLD)
                    self.assertIn(self.content(f"{self.path}.bak"), (OLD, b"older"))
                    self.assertEqual(sorted(os.listdir(self.folder)), ["home.xml", "home.xml.bak"])

    def test_everyCrash(self) -> None:
        """The process dies before each call in turn: the file is whole, and the next edit tidies up."""
        replaceWhole(self.path, OLD, NEW, counted := Failing())
        for at in range(len(counted.calls)):
            self.fresh()
            self.assertRaises(Crash, replaceWhole, self.path, OLD, NEW, Dying(at))
            found = self.content(self.path)
            self.assertIn(found, (OLD, NEW), at)
            replaceWhole(self.path, found, b"next", System())
            self.assertEqual(self.content(f"{self.path}.bak"), found)
            self.assertEqual(sorted(os.listdir(self.folder)), ["home.xml", "home.xml.bak"], at)

    def test_shortWrites(self) -> None:
        """A disk that takes little at a time gets all of it."""

        class Slow(System):
            def write(self, file: int, data: memoryview) -> int:
                return os.write(file, data[:7])

        replaceWhole(self.path, OLD, NEW, Slow())
        self.assertEqual(self.content(self.path), NEW)

    def test_fullHalfway(self) -> None:
        class Full(System):
            def write(self, file: int, data: memoryview) -> int:
                if len(data) < 600:
                    raise OSError(errno.ENOSPC, "full")
                return os.write(file, data[:7])

        self.assertRaises(OSError, replaceWhole, self.path, OLD, NEW, Full())
        self.assertEqual(self.content(self.path), OLD)
        self.assertEqual(os.listdir(self.folder), ["home.xml"])

    def test_withoutHardLinks(self) -> None:
        """On a file system without links the copy is written."""
        replaceWhole(self.path, OLD, NEW, counted := Failing())
        self.fresh()
        at = counted.calls.index("link")
        replaceWhole(self.path, OLD, NEW, Failing(at, OSError(errno.EPERM, "no links")))
        self.assertEqual((self.content(self.path), self.content(f"{self.path}.bak")), (NEW, OLD))
        self.assertNotEqual(os.stat(self.path).st_ino, os.stat(f"{self.path}.bak").st_ino)

    def test_folderThatCannotSync(self) -> None:
        """Some file systems do not know how to sync a folder; that is none of ours."""
        replaceWhole(self.path, OLD, NEW, counted := Failing())
        self.fresh()
        last = len(counted.calls) - 2
        self.assertEqual(counted.calls[last], "fsync")
        replaceWhole(self.path, OLD, NEW, Failing(last, OSError(errno.EINVAL, "what?")))
        self.assertEqual(self.content(self.path), NEW)

    def test_leftOver(self) -> None:
        """What an earlier life left lying about, even as a link to elsewhere, is not written through."""
        elsewhere = os.path.join(self.folder, "elsewhere")
        self.write(elsewhere, b"mine")
        os.symlink("elsewhere", os.path.join(self.folder, ".home.xml.new"))
        replaceWhole(self.path, OLD, NEW, System())
        self.assertEqual((self.content(elsewhere), self.content(self.path)), (b"mine", NEW))
        self.assertFalse(os.path.islink(self.path))


class ReadTests(DiskCase):
    def test_bound(self) -> None:
        self.assertEqual(readWhole(self.path, len(OLD)), OLD)
        self.assertEqual(len(readWhole(self.path, 10)), 11)

    def test_notAFile(self) -> None:
        """A FIFO that nobody writes to, or a folder, is refused at once."""
        fifo = os.path.join(self.folder, "fifo")
        os.mkfifo(fifo)
        for path in (fifo, self.folder, os.path.join(self.folder, "nothing")):
            self.assertRaises(OSError, readWhole, path, 10)


class CreateTests(DiskCase):
    def test_creates(self) -> None:
        """There is nothing of it until all of it is on the disk."""
        os.unlink(self.path)
        system = Failing()
        createWhole(self.path, NEW, 0o600, system)
        self.assertEqual(self.content(self.path), NEW)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.assertEqual(os.listdir(self.folder), ["home.xml"])
        self.assertLess(system.calls.index("fsync"), system.calls.index("rename"))
        self.assertEqual(system.calls[-3:], ["open", "fsync", "close"])

    def test_everyFailureAndEveryDeath(self) -> None:
        """All of it or nothing; a failure leaves nothing lying about, and after a death it works the next time."""
        createWhole(self.path, NEW, 0o600, counted := Failing())
        for at in range(len(counted.calls)):
            for system in (Failing(at, OSError(errno.ENOSPC, "full")), Dying(at)):
                self.fresh()
                os.unlink(self.path)
                self.assertRaises((OSError, Crash), createWhole, self.path, NEW, 0o600, system)
                found = set(os.listdir(self.folder))
                if "home.xml" in found:
                    self.assertEqual(self.content(self.path), NEW)
                if not isinstance(system, Dying):
                    self.assertLessEqual(found, {"home.xml"})
                createWhole(self.path, NEW, 0o600)
                self.assertEqual(os.listdir(self.folder), ["home.xml"])
