from __future__ import annotations

import errno
import hashlib
import os
from functools import partial

from dog.home import edits
from dog.home.store import HomeStore
from dog.model.home import Home, Problem
from dog.model.refusal import Code, Refusal
from tests.home import samples
from tests.home.test_disk import DiskCase, Failing
from tests.home.test_yaml import missing

DATA = samples.read("recorded/home.xml")
toLobby = partial(edits.setLocation, deviceId="Bare_1", room="lobby")


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class StoreCase(DiskCase):
    def setUp(self) -> None:
        super().setUp()
        self.write(self.path, DATA)
        self.store = HomeStore(self.path)

    def refusal(self, store: HomeStore) -> str:
        error: Refusal = self.assertRaises(Refusal, store.edit, toLobby)
        self.assertEqual(error.refused.code, Code.STORAGE)
        return error.refused.message


class ReadTests(StoreCase):
    def fatal(self, home: Home) -> Problem:
        (problem,) = home.problems
        self.assertTrue(problem.fatal)
        self.assertFalse(home.devices)
        return problem

    def test_read(self) -> None:
        home = self.store.read()
        self.assertEqual(len(home.devices), 22)
        self.assertEqual({each.file for each in home.problems}, {self.path})
        self.assertEqual((self.store.readHash, self.store.ownHash), (sha(DATA), None))

    def test_yaml(self) -> None:
        for name in ("home.yaml", "home.YML"):
            path = os.path.join(self.folder, name)
            self.write(path, samples.read("recorded/home.yaml"))
            self.assertEqual(len(HomeStore(path).read().devices), 22)

    if missing:
        test_yaml.skip = missing  # type: ignore[attr-defined]

    def test_missing(self) -> None:
        os.unlink(self.path)
        problem = self.fatal(self.store.read())
        self.assertEqual((problem.code, problem.file), ("missing_file", self.path))

    def test_unreadable(self) -> None:
        """A folder, or a file that may not be read."""
        self.assertEqual(self.fatal(HomeStore(self.folder).read()).code, "unreadable_file")

    def test_tooLarge(self) -> None:
        """A file beyond the bound is not even read to its end."""
        store = HomeStore(self.path, limit=1000)
        self.assertEqual(self.fatal(store.read()).code, "too_large")
        self.assertIn("1000 bytes", self.refusal(store))

    def test_malformed(self) -> None:
        self.write(self.path, DATA[:-5])
        self.assertEqual(self.fatal(self.store.read()).code, "malformed")
        self.assertIn("line 901", self.refusal(self.store))


class EditTests(StoreCase):
    def test_edit(self) -> None:
        """The new home is returned, and is what is on the disk."""
        self.store.read()
        home = self.store.edit(toLobby)
        self.assertEqual(home.devices["Bare_1"].isIn, "lobby")
        written = self.content(self.path)
        self.assertEqual(written, toLobby(DATA))
        self.assertEqual(self.content(f"{self.path}.bak"), DATA)
        self.assertEqual((self.store.ownHash, self.store.readHash), (sha(written), sha(written)))
        self.assertFalse(self.store.changedElsewhere)
        self.assertEqual(self.store.read(), home)

    def test_ownHashIsKnownFirst(self) -> None:
        """A watcher that sees the new file knows that it is ours."""
        seen: list[str | None] = []
        test = self

        class Watched(Failing):
            def rename(self, path: str, to: str) -> None:
                super().rename(path, to)
                if to == os.path.realpath(test.path):
                    seen.extend([store.ownHash, sha(test.content(to))])

        store = HomeStore(self.path, Watched())
        store.edit(toLobby)
        self.assertEqual(len(seen), 2)
        self.assertEqual(seen[0], seen[1])

    def test_changedElsewhere(self) -> None:
        """The edit is made on what somebody else has written, and that is told."""
        self.store.read()
        self.write(self.path, DATA.replace(b">Bare device<", b">By hand<"))
        home = self.store.edit(toLobby)
        self.assertTrue(self.store.changedElsewhere)
        self.assertEqual((home.devices["Bare_1"].description, home.devices["Bare_1"].isIn), ("By hand", "lobby"))
        self.assertIn(b">By hand<", self.content(self.path))
        self.store.edit(partial(edits.setLocation, deviceId="Bare_1", room="kitchen"))
        self.assertFalse(self.store.changedElsewhere)

    def test_nothingToWrite(self) -> None:
        self.store.edit(toLobby)
        before = os.stat(self.path)
        self.store.edit(toLobby)
        after = os.stat(self.path)
        self.assertEqual((after.st_ino, after.st_mtime_ns), (before.st_ino, before.st_mtime_ns))
        self.assertEqual(self.content(f"{self.path}.bak"), DATA)

    def test_refused(self) -> None:
        """What the edit refuses reaches the caller, and the file is not touched."""
        error: Refusal = self.assertRaises(
            Refusal, self.store.edit, partial(edits.setLocation, deviceId="nope", room="lobby")
        )
        self.assertEqual(error.refused.code, Code.NOT_FOUND)
        self.assertEqual(os.listdir(self.folder), ["home.xml"])

    def test_wouldBreakTheFile(self) -> None:
        """An edit with a bug does not get at the file."""
        self.assertRaises(ValueError, self.store.edit, lambda data: data[:-5])
        self.assertEqual(self.content(self.path), DATA)

    def test_symbolicLink(self) -> None:
        """The file that is meant is replaced, not the link; it is written aside in the file's own folder."""
        other = os.path.join(self.folder, "etc")
        os.mkdir(other)
        link = os.path.join(other, "link.xml")
        os.symlink("../home.xml", link)
        HomeStore(link).edit(toLobby)
        self.assertTrue(os.path.islink(link))
        self.assertEqual(self.content(self.path), toLobby(DATA))
        self.assertEqual(os.listdir(other), ["link.xml"])

    def test_relativePath(self) -> None:
        """A bare file name is one in the working folder."""
        here = os.getcwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, here)
        HomeStore("home.xml").edit(toLobby)
        self.assertEqual(sorted(os.listdir(".")), ["home.xml", "home.xml.bak"])

    def test_yaml(self) -> None:
        path = os.path.join(self.folder, "home.yaml")
        self.write(path, b"controllables: []\n")
        self.assertIn("YAML", self.refusal(HomeStore(path)))
        self.assertEqual(self.content(path), b"controllables: []\n")

    def test_missing(self) -> None:
        os.unlink(self.path)
        self.assertIn("No such file", self.refusal(self.store))
        self.assertEqual(os.listdir(self.folder), [])


class FailureTests(StoreCase):
    def test_everyFailure(self) -> None:
        """Each call in turn fails: STORAGE, the file is whole, and the store tells the truth about it afterwards."""
        HomeStore(self.path, counted := Failing()).edit(toLobby)
        self.assertGreater(len(counted.calls), 10)
        new = toLobby(DATA)
        for at in range(len(counted.calls)):
            self.fresh()
            self.write(self.path, DATA)
            store = HomeStore(self.path, Failing(at, OSError(errno.EIO, "broken")))
            old = store.read()
            message = self.refusal(store)
            found = self.content(self.path)
            self.assertIn(found, (DATA, new))
            self.assertIn("it is as it was" if found == DATA else "was changed", message)
            self.assertEqual(store.read() == old, found == DATA)
            self.assertEqual([each for each in os.listdir(self.folder) if each.startswith(".")], [])

    def test_says(self) -> None:
        """The reason of the disk's refusal is in the message."""
        for number in (errno.ENOSPC, errno.EROFS, errno.EACCES):
            store = HomeStore(self.path, Failing(0, OSError(number, os.strerror(number))))
            self.assertIn(os.strerror(number), self.refusal(store))
