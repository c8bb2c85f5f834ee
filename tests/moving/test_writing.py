from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.home.disk import System
from dog.moving.tree import Contents
from dog.moving.writing import InTheWay, write

FILES = {
    "dog.toml": Contents(b"toml", 0o600),
    "home.xml": Contents(b"home", 0o666),
    "rules/schedules/1.json": Contents(b"{}", 0o440),
}


class WriteTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.base = Path(self.mktemp()).absolute()
        self.base.mkdir()
        self.folder = self.base / "out"
        self.addCleanup(os.umask, os.umask(0o022))

    def there(self) -> dict[str, bytes]:
        return {
            os.fspath(each.relative_to(self.folder)): each.read_bytes()
            for each in sorted(self.folder.rglob("*"))
            if each.is_file()
        }

    def test_new(self) -> None:
        write(os.fspath(self.folder), FILES)
        self.assertEqual(self.there(), {name: each.data for name, each in FILES.items()})
        self.assertEqual(os.listdir(self.base), ["out"])
        modes = [stat.S_IMODE((self.folder / name).stat().st_mode) for name in FILES]
        self.assertEqual(modes, [0o600, 0o644, 0o640])

    def failing(self, at: int) -> None:
        """The disk is full at that file."""
        count = 0
        real = System.fsync

        def fsync(system: System, file: int) -> Any:
            nonlocal count
            count += stat.S_ISREG(os.fstat(file).st_mode)
            if count == at:
                raise OSError(28, "No space left on device")
            return real(system, file)

        self.patch(System, "fsync", fsync)

    def test_allOrNothing(self) -> None:
        """What fails leaves nothing of a new folder."""
        for at in (1, 2, 3):
            self.failing(at)
            self.assertRaises(OSError, write, os.fspath(self.folder), FILES)
            self.assertEqual(os.listdir(self.base), [], at)

    def test_inTheWay(self) -> None:
        self.folder.mkdir()
        write(os.fspath(self.folder), FILES)
        error = self.assertRaises(InTheWay, write, os.fspath(self.folder), FILES)
        self.assertIn("--force", str(error))

    def test_force(self) -> None:
        """What is there is replaced, what is nobody's concern stays."""
        self.folder.mkdir()
        (self.folder / "state.db").write_bytes(b"state")
        (self.folder / "home.xml").write_bytes(b"old")
        write(os.fspath(self.folder), FILES, force=True)
        self.assertEqual(self.there(), {**{name: each.data for name, each in FILES.items()}, "state.db": b"state"})

    def test_configurationLast(self) -> None:
        """Where it fails in a folder that is there, the configuration is still the old one, and each file is whole."""
        self.folder.mkdir()
        (self.folder / "dog.toml").write_bytes(b"old")
        (self.folder / "home.xml").write_bytes(b"old")
        for at in (1, 2, 3):
            self.failing(at)
            self.assertRaises(OSError, write, os.fspath(self.folder), FILES, True)
            found = self.there()
            self.assertEqual(found["dog.toml"], b"old")
            self.assertIn(found["home.xml"], (b"old", b"home"))

    def test_links(self) -> None:
        """Nothing is written through a link in the folder; one to nowhere is no new folder."""
        self.folder.mkdir()
        (self.base / "elsewhere").mkdir()
        (self.folder / "rules").symlink_to("../elsewhere")
        (self.folder / "home.xml").symlink_to("../elsewhere/home.xml")
        self.assertRaises(InTheWay, write, os.fspath(self.folder), FILES, True)
        self.assertEqual(os.listdir(self.base / "elsewhere"), [])
        (self.base / "dangling").symlink_to("nowhere")
        self.assertRaises(InTheWay, write, os.fspath(self.base / "dangling"), FILES)

    def test_owner(self) -> None:
        """Root writes for the folder's owner."""
        self.folder.mkdir()
        changed: list[tuple[str, int]] = []
        self.patch(os, "geteuid", lambda: 0)
        self.patch(os, "chown", lambda path, user, group, **how: changed.append((os.path.basename(path), user)))
        write(os.fspath(self.folder), FILES)
        names = ["home.xml", "rules", "schedules", "1.json", "dog.toml"]
        self.assertEqual(changed, [(name, self.folder.stat().st_uid) for name in names])
