from __future__ import annotations

import os
import stat
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dog.moving import tree
from dog.moving.tree import Found, NotTaken, Tree


class TreeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        (self.folder / "in" / "a").mkdir(parents=True)
        (self.folder / "secret").mkdir()
        (self.folder / "secret" / "key").write_text("secret")
        (self.folder / "in" / "a" / "file").write_text("data")
        self.tree = Tree(os.fspath(self.folder / "in"))
        self.addCleanup(self.tree.close)

    def refused(self, path: str, limit: int = 100) -> str:
        return str(self.assertRaises(NotTaken, self.tree.read, path, limit))

    def test_read(self) -> None:
        (self.folder / "in" / "a" / "file").chmod(0o640)
        found = self.tree.read("a/file", 4)
        self.assertEqual((found.data, found.mode), (b"data", 0o640))

    def test_tooLarge(self) -> None:
        self.assertIn("more than 3 bytes", self.refused("a/file", 3))

    def test_missing(self) -> None:
        self.assertIn("no such file", self.refused("a/other"))
        self.assertIn("no such file", self.refused("b/other"))

    def test_noFile(self) -> None:
        """A folder, a pipe (which is not waited for)."""
        os.mkfifo(self.folder / "in" / "pipe")
        self.assertIn("no regular file", self.refused("pipe"))
        self.assertIn("no regular file", self.refused("a"))

    def test_links(self) -> None:
        """None is followed: to a file, to a folder on the way, to what is in the tree itself."""
        (self.folder / "in" / "toFile").symlink_to("../secret/key")
        (self.folder / "in" / "toFolder").symlink_to("../secret")
        (self.folder / "in" / "inside").symlink_to("a/file")
        for path in ("toFile", "toFolder/key", "inside"):
            self.assertIn("symbolic link", self.refused(path))
        self.assertEqual([each.path for each in self.tree.walk("toFolder")], ["toFolder"])

    def test_swapped(self) -> None:
        """A link that takes a file's place after it was looked at is not followed either."""
        (self.folder / "in" / "x").symlink_to("../secret/key")
        self.patch(self.tree, "_refuseLink", lambda name, folder: None)
        self.assertIn("can't be read", self.refused("x"))

    def test_resolve(self) -> None:
        inside = os.fspath(self.folder / "in")
        for base, name, path in (
            (".", "a/file", "a/file"),
            ("a", "file", "a/file"),
            ("a", "../a/./file", "a/file"),
            (".", f"{inside}/a/file", "a/file"),
        ):
            self.assertEqual(self.tree.resolve(base, name), path)
        for base, name in ((".", "../secret/key"), ("a", "../../secret"), (".", "/etc/passwd"), (".", f"{inside}/..")):
            self.assertIn("outside", str(self.assertRaises(NotTaken, self.tree.resolve, base, name)))
        self.assertRaises(NotTaken, self.tree.resolve, ".", "a\0b")

    def test_walk(self) -> None:
        (self.folder / "in" / "link").symlink_to("/etc")
        os.mkfifo(self.folder / "in" / "pipe")
        found = list(self.tree.walk())
        self.assertEqual(found, [Found("a/file", "file"), Found("link", "link"), Found("pipe", "other")])
        self.assertFalse(self.tree.cut)
        self.assertEqual(list(self.tree.walk("a")), [Found("a/file", "file")])
        self.assertEqual(list(self.tree.walk("none")), [Found("none", "other")])

    def test_walkIsBounded(self) -> None:
        self.patch(tree, "MAX_FILES", 3)
        for number in range(5):
            (self.folder / "in" / f"f{number}").touch()
        self.assertEqual(len(list(self.tree.walk())), 3)
        self.assertTrue(self.tree.cut)

    def test_walkIsNotDeep(self) -> None:
        deep = self.folder / "in" / "/".join("d" * tree.MAX_DEPTH)
        deep.mkdir(parents=True)
        (deep / "file").touch()
        self.assertEqual([each.path for each in self.tree.walk()], ["a/file"])
        self.assertTrue(self.tree.cut)

    def test_throughALink(self) -> None:
        """The folder that was named may be reached by one."""
        (self.folder / "there").symlink_to("in")
        other = Tree(os.fspath(self.folder / "there"))
        self.addCleanup(other.close)
        self.assertEqual(other.read("a/file", 10).data, b"data")

    def test_nothingStaysOpen(self) -> None:
        before = len(os.listdir("/proc/self/fd"))
        list(self.tree.walk())
        self.tree.read("a/file", 10)
        self.refused("a/none")
        self.refused("none/file")
        self.refused("a")
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)
        self.assertTrue(stat.S_ISDIR(os.fstat(self.tree._fd).st_mode))
