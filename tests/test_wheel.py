"""What is in the wheel that C{pip install} and the Debian package are made from."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from threading import Timer
from unittest import SkipTest

import autobahn
import zope.interface
from twisted.trial.unittest import SynchronousTestCase

import twisted
from tests.source import ROOT, filesUnder

#: setuptools makes wheels by itself since 70.1, before that with the help of wheel.
_LACKING = [name for name in ("setuptools", "wheel") if importlib.util.find_spec(name) is None]
if _LACKING == ["wheel"] and importlib.util.find_spec("setuptools.command.bdist_wheel") is not None:
    _LACKING = []

README = ROOT / "README.md"
#: Its script is where Twisted is installed, not here.
TWISTD = "from twisted.scripts.twistd import run; run()"
#: The tree's own dog must not be found.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


class Wheel(SynchronousTestCase):
    if _LACKING:
        skip = f"needs {' and '.join(_LACKING)}: python3-setuptools python3-wheel"

    def build(self) -> Path:
        """The wheel, built from a copy of what it needs."""
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
        return wheel.absolute()

    def test_content(self) -> None:
        """All of dog and the twistd plugin are in it, and nothing else: no tests, no tools, no package twisted."""
        wheel = self.build()
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
        self.assertIn("[pipx.run]\ndog-gateway = dog.cli.main:main", commands)
        self.assertRegex(described, r"(?m)^Requires-Python: >=3\.11$")
        self.assertRegex(described, r"(?m)^Provides-Extra: all$")
        self.assertRegex(described, r"(?m)^Description-Content-Type: text/markdown$")
        self.assertIn(README.read_text("utf-8").strip(), described.replace("\r", ""))

    def test_installed(self) -> None:
        """Installed by pip into an environment of its own: Twisted finds the gateway there, dogctl talks to it."""
        if importlib.util.find_spec("pip") is None:
            raise SkipTest("needs pip: python3-pip")
        wheel = self.build()
        folder = wheel.parent / "venv"
        venv.create(folder, with_pip=False)
        python = folder / "bin" / "python"
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index"]
        self.execute(*pip, "--disable-pip-version-check", "-q", str(wheel), cwd=wheel.parent)
        (site,) = (folder / "lib").glob("python3*/site-packages")
        libraries = {str(Path(str(module.__file__)).parents[1]) for module in (twisted, autobahn, zope.interface)}
        # zope is a level deeper.
        libraries |= {str(Path(each).parent) for each in libraries if each.endswith("zope")}
        (site / "libraries.pth").write_text("\n".join(sorted(libraries)), "utf-8")
        inside = self.execute(str(python), "-c", "import dog; print(dog.__file__)", cwd=folder).strip()
        self.assertTrue(inside.startswith(str(site)), inside)

        home = Path(inside).parent / "demo" / "home.xml"
        options = ["--simulate", "--home", str(home), "--listen", "tcp:0:interface=127.0.0.1"]
        with subprocess.Popen(
            [str(python), "-c", TWISTD, "--nodaemon", "--pidfile=", "dog", *options],
            cwd=folder,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as daemon:
            # Whatever happens it ends: so does what reads its output.
            bound = Timer(60, daemon.kill)
            bound.start()
            try:
                assert daemon.stdout is not None
                said = ""
                found = None
                while found is None:
                    line = daemon.stdout.readline()
                    self.assertNotEqual(line, "", said)
                    said += line
                    found = re.search(r"ready (http://127\.0\.0\.1:\d+)", line)
                dogctl = str(folder / "bin" / "dogctl")
                devices = self.execute(dogctl, "--gateway", found[1], "devices", "--json", cwd=folder)
                self.assertIn("lake-kitchen-lamp", {each["id"] for each in json.loads(devices)["devices"]})
                self.execute(dogctl, "--gateway", found[1], "send", "lake-kitchen-lamp", "on", cwd=folder)
            finally:
                daemon.terminate()
                bound.cancel()

    def execute(self, *command: str, cwd: Path) -> str:
        done = subprocess.run(
            command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=90, check=False
        )
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout
