"""What is in the wheel that C{pip install} and the Debian package are made from."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.source import ROOT, filesUnder

#: setuptools makes wheels by itself since 70.1, before that with the help of wheel.
_LACKING = [name for name in ("setuptools", "wheel") if importlib.util.find_spec(name) is None]
if _LACKING == ["wheel"] and importlib.util.find_spec("setuptools.command.bdist_wheel") is not None:
    _LACKING = []


class Wheel(SynchronousTestCase):
    if _LACKING:
        skip = f"needs {' and '.join(_LACKING)}: python3-setuptools python3-wheel"

    def test_content(self) -> None:
        """All of dog and the twistd plugin are in it, and nothing else: no tests, no tools, no package twisted."""
        tree = Path(self.mktemp()) / "tree"
        for folder in ("dog", "twisted", "tests", "tools"):
            shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__", "dropin.cache"))
        for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "NOTICE", "MANIFEST.in"):
            shutil.copy(ROOT / name, tree)
        code = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, "../wheel"],
            cwd=tree,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        (wheel,) = (tree.parent / "wheel").glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            (entryPoints,) = (name for name in names if name.endswith(".dist-info/entry_points.txt"))
            commands = archive.read(entryPoints).decode()
            (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
            described = archive.read(metadata).decode()

        self.assertRegex(wheel.name, r"^dog_gateway-[^-]+-py3-none-any\.whl$")
        wanted = {str(path.relative_to(ROOT)) for path in filesUnder("dog")} | {"twisted/plugins/dog_plugin.py"}
        self.assertEqual({name for name in names if ".dist-info/" not in name}, wanted)
        for name in ("LICENSE", "NOTICE"):
            self.assertTrue(any(".dist-info/" in path and path.endswith(name) for path in names), name)
        self.assertIn("dogctl = dog.cli.main:main", commands)
        self.assertIn("[dog.drivers]", commands)
        self.assertRegex(described, r"(?m)^Requires-Python: >=3\.11$")
