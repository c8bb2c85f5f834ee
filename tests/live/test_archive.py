"""The form of a backup: nothing gets out of it that was not put in."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.live import archive
from dog.live.archive import BadArchive, pack, unpack

AT = datetime(2026, 1, 2, tzinfo=UTC)
FILES = {"home.xml": b"<home/>", "state.db": bytes(range(256)) * 10, "plan.svg": b""}


def tar(*members: tuple[str, bytes], change: Callable[[tarfile.TarInfo], object] = lambda member: None) -> bytes:
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w:gz") as file:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            change(member)
            file.addfile(member, io.BytesIO(data))
    return found.getvalue()


def _update(change: dict[str, Any], manifest: dict[str, Any]) -> None:
    manifest.update(change)


class ArchiveTests(SynchronousTestCase):
    def bad(self, data: bytes) -> str:
        return str(self.assertRaises(BadArchive, unpack, data))

    def remade(self, change: Callable[[dict[str, Any]], object], *members: tuple[str, bytes]) -> bytes:
        """With another manifest."""
        manifest, files = unpack(pack(FILES, "1", AT))
        manifest = json.loads(json.dumps(manifest))
        change(manifest)
        return tar(("manifest.json", json.dumps(manifest).encode()), *files.items(), *members)

    def test_thereAndBack(self) -> None:
        manifest, files = unpack(pack(FILES, "1.2", AT))
        self.assertEqual(files, FILES)
        self.assertEqual((manifest["dog"], manifest["at"]), ("1.2", AT.isoformat()))

    def test_tarReadsIt(self) -> None:
        """Nobody needs Dog to get at his home."""
        with tarfile.open(fileobj=io.BytesIO(pack(FILES, "1", AT))) as file:
            self.assertEqual(file.getnames(), ["manifest.json", *FILES])
            content = file.extractfile("home.xml")
            assert content is not None
            self.assertEqual(content.read(), b"<home/>")

    def test_broken(self) -> None:
        """A cut and a flipped byte anywhere are noticed, unless they take nothing away."""
        whole = pack(FILES, "1", AT)
        cuts = [whole[:at] for at in range(0, len(whole), 7)]
        flips = [whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :] for at in range(0, len(whole), 13)]
        bad = 0
        for data in (*cuts, *flips):
            try:
                self.assertEqual(unpack(data)[1], FILES)
            except BadArchive:
                bad += 1
        self.assertGreater(bad, (len(cuts) + len(flips)) * 0.8)
        for data in (b"", b"nonsense" * 100, tar(("home.xml", b""))):
            self.bad(data)

    def test_otherThanTheManifest(self) -> None:
        self.assertIn("not what was put", self.bad(self.remade(lambda each: each["files"].pop("home.xml"))))
        self.assertIn("not what was put", self.bad(self.remade(lambda each: None, ("tls.key", b"x"))))
        self.assertIn("not what was put", self.bad(self.remade(lambda each: each["files"]["home.xml"].update(size=1))))
        self.assertIn("not what was put", self.bad(self.remade(lambda e: e["files"]["home.xml"].update(sha256="0"))))
        self.assertIn("later Dog", self.bad(self.remade(lambda each: each.update(format=2))))
        changes: list[dict[str, Any]] = [{"format": None}, {"files": []}, {"files": {"a": 1}}]
        for change in changes:
            self.assertIn("manifest", self.bad(self.remade(partial(_update, change))))
        for text in (b"[]", b"nonsense", b"[" * 100_000):
            self.assertIn("manifest", self.bad(tar(("manifest.json", text))))

    def test_names(self) -> None:
        """Members with paths, twice the same one, links and devices."""
        manifest = ("manifest.json", b'{"format": 1, "files": {}}')
        for name in ("../home.xml", "/etc/passwd", "x/home.xml", "other", "home.xml/"):
            self.assertIn("does not belong", self.bad(tar(manifest, (name, b"x"))))
        self.assertIn("does not belong", self.bad(tar(manifest, ("home.xml", b"x"), ("home.xml", b"x"))))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE):

            def be(member: tarfile.TarInfo, kind: bytes = kind) -> None:
                if member.name == "home.xml":
                    member.type, member.linkname = kind, "/etc/passwd"

            self.assertIn("does not belong", self.bad(tar(manifest, ("home.xml", b""), change=be)))

    def test_bounds(self) -> None:
        self.patch(archive, "MAX_BYTES", 1000)
        self.assertIn("1000 bytes", self.bad(pack({"state.db": b"x" * 1001}, "1", AT)))
        self.patch(archive, "MAX_PACKED", 50)
        self.assertIn("50 bytes", self.bad(pack(FILES, "1", AT)))
