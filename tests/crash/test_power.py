"""A power cut at any moment: whatever the disk has kept of what was not synced, the gateway comes back whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.crash.disk import Disk, File, applied, write
from tests.crash.test_crash import ROOT, ComesBack

#: Of the moments between two changes, every so many-th; DOG_POWER_STRIDE=1 for each.
STRIDE = int(os.environ.get("DOG_POWER_STRIDE", "12"))


class PowerTests(ComesBack):
    timeout = 3600

    def test_cut(self) -> None:
        if sys.platform != "linux" or shutil.which("gcc") is None:
            raise SkipTest("calls are recorded with a library that gcc makes on Linux")
        try:
            import cryptography  # noqa: F401
            import OpenSSL  # noqa: F401

            kind = "tls"
        except ImportError:
            kind = "plain"
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        library, log, state = folder / "record.so", folder / "log", folder / "state"
        source = Path(__file__).with_name("record.c")
        subprocess.run(["gcc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, source, "-ldl"], check=True)
        state.mkdir()
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        run: Any = {"cwd": ROOT, "capture_output": True, "text": True, "timeout": 3000}
        power = [sys.executable, "-m", "tests.crash.power"]
        subprocess.run(
            [*power, "record", str(state), str(log), kind],
            env={**environment, "LD_PRELOAD": str(library)},
            check=True,
            **run,
        )
        disk = Disk(str(state))
        random = Random(7)
        told: list[list[dict[str, Any]]] = []
        moment = 0
        for line in log.read_text().splitlines():
            if not disk.play(line):
                continue
            moment += 1
            if moment % STRIDE == 0:
                for files in disk.cuts(random):
                    write(folder / f"cut{len(told)}", files)
                    told.append(list(disk.told))
        self.assertGreater(moment, 100)
        self.assertEqual(disk.told[-1]["what"], "stopped")
        names = "".join(f"{folder}/cut{number}\n" for number in range(len(told)))
        looked = subprocess.run([*power, "look", kind], input=names, env=environment, check=True, **run)
        found = [json.loads(line) for line in looked.stdout.splitlines()]
        self.assertEqual(len(found), len(told))
        for number, (promised, there) in enumerate(zip(told, found, strict=True)):
            self.comesBack({"cut": number, "told": promised, "found": there}, kind == "tls")


class DiskTests(SynchronousTestCase):
    """The model itself."""

    def test_applied(self) -> None:
        self.assertEqual(applied(b"abcdef", (2, b"XY")), b"abXYef")
        self.assertEqual(applied(b"ab", (4, b"X")), b"ab\0\0X")
        self.assertEqual((applied(b"abc", 1), applied(b"a", 3)), (b"a", b"a\0\0"))

    def test_file(self) -> None:
        file = File(b"old", [(0, b"new")])
        self.assertEqual((file.left(False), file.left(True)), (b"old", b"new"))
        self.assertEqual({file.left(Random(each)) for each in range(50)}, {b"old", b"new"})
        file.sync()
        self.assertEqual(file.left(False), b"new")

    def test_notSynced(self) -> None:
        """What was renamed without being synced may be empty; where the folder was not, it may have its old name."""
        for synced, left in ((False, [{}, {"/d/b": b""}, {"/d/b": b"x"}, {}]), (True, [{"/d/b": b"x"}] * 4)):
            disk = Disk("/d")
            lines = ["O 3 0 /d/a", "W 3 0 78", *(["S 3 0"] if synced else []), "R /d/a\t/d/b"]
            lines += ["O 4 0 /d", "S 4 0"] if synced else []
            for line in lines:
                disk.play(line)
            self.assertEqual(list(disk.cuts(Random(1)))[:4], left)
