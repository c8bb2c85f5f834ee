"""The README's ways in by pip, pipx and uv, word for word, with this tree's wheel and PyPI, from an empty folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

import twisted
from tests.source import ROOT

README = (ROOT / "README.md").read_text("utf-8")
#: What a shell of this machine would bring along: the tree, a virtual environment, places to install into.
FOREIGN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "DOG_GATEWAY", "PIPX_HOME", "PIPX_BIN_DIR", "UV_TOOL_DIR")
DEMO = "lake-kitchen-lamp"


def commands(program: str) -> list[str]:
    """The README's lines under "Installing it" that start this program."""
    section = README.partition("## Installing it")[2].partition("\n## ")[0]
    return re.findall(rf"(?m)^      ((?:\S*/)?{re.escape(program)} .*)$", section)


class WaysIn(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.empty = self.folder / "empty"
        self.empty.mkdir(parents=True)
        self.environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        self.environment["HOME"] = str(self.folder)
        if "dist-packages" in str(twisted.__file__):
            raise SkipTest("what runs this is Debian's Twisted, what is installed PyPI's: the other run shows it")
        # Debian's Python says no to pip, as it should; in an environment it does not.
        if self.attempt(f"'{sys.executable}' -m venv tools").returncode:
            raise SkipTest("needs python3-venv")
        tools = self.folder / "tools" / "bin"
        self.environment["PATH"] = f"{tools}:/usr/sbin:/usr/bin:/sbin:/bin"
        done = self.attempt("pip install --quiet pipx uv twine setuptools wheel")
        if done.returncode:
            # Not reachable, or known and not there: what PyPI does not answer is no fault of the wheel.
            raise SkipTest(f"needs PyPI: {done.stderr.strip().splitlines()[-1]}")
        self.wheel = self.build()

    def build(self) -> Path:
        tree = self.folder / "tree"
        for folder in ("dog", "twisted", "tests", "tools"):
            shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__", "dropin.cache"))
        for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "NOTICE", "MANIFEST.in"):
            shutil.copy(ROOT / name, tree)
        self.sh("pip wheel --quiet --no-deps --no-build-isolation --wheel-dir wheel ./tree")
        (wheel,) = (self.folder / "wheel").glob("*.whl")
        return wheel

    def attempt(self, command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", command],
            cwd=cwd or self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def sh(self, command: str) -> str:
        done = self.attempt(command)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    def readme(self, command: str) -> str:
        """What the README says, in the empty folder, with this wheel for the release that is not there yet."""
        said = command.replace("dog-gateway[all]", f"{self.wheel}[all]")
        return said.replace("pipx run dog-gateway", f"pipx run --spec '{self.wheel}' dogctl")

    def inEmpty(self, command: str) -> str:
        done = self.attempt(self.readme(command), self.empty)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    @contextmanager
    def running(self, command: str) -> Iterator[str]:
        """A daemon, on a port of its own; its address, once it is ready."""
        with subprocess.Popen(
            ["bash", "-c", f"exec {command} --listen tcp:0:interface=127.0.0.1"],
            cwd=self.empty,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as daemon:
            bound = Timer(90, daemon.kill)
            bound.start()
            try:
                assert daemon.stdout is not None
                said, found = "", None
                while found is None:
                    line = daemon.stdout.readline()
                    self.assertNotEqual(line, "", said)
                    said += line
                    found = re.search(r"ready (http://127\.0\.0\.1:\d+)", line)
                yield found[1]
            finally:
                daemon.terminate()
                bound.cancel()

    def talk(self, dogctl: str, url: str) -> None:
        devices = json.loads(self.inEmpty(f"{dogctl} --gateway {url} devices --json"))["devices"]
        self.assertIn(DEMO, {each["id"] for each in devices})
        self.inEmpty(f"{dogctl} --gateway {url} send {DEMO} on")

    def test_all(self) -> None:
        """One after the other, as they share what was fetched: metadata, pip, pipx, uv."""
        self.assertIn("PASSED", self.sh(f"twine check --strict '{self.wheel}'"))

        for command in (*commands("python3"), *commands("pip"), *commands("cp")):
            self.inEmpty(command)
        (site,) = (self.empty / "dog" / "lib").glob("python3*/site-packages")
        # Nobody has looked for plugins yet: had it been in a wheel, it would be here.
        self.assertFalse((site / "twisted" / "plugins" / "dropin.cache").exists())
        self.assertRegex(self.inEmpty("dog/bin/twistd --help"), r"(?m)^    dog +\S")
        (start,) = commands("twistd")
        (dogctl,) = commands("dogctl")
        with self.running(start) as url:
            self.talk(dogctl.split()[0], url)
            self.inEmpty(f"DOG_GATEWAY={url} {dogctl}")

        install, run = commands("pipx")
        self.inEmpty(install)
        local = self.folder / ".local" / "bin"
        with self.running(f"{local}/twistd {start.partition(' ')[2]}") as url:
            self.talk(f"{local}/dogctl", url)
        self.assertIn("devices", self.inEmpty(run))
        self.assertRegex(self.inEmpty(f"pipx run --spec '{self.wheel}' twistd --help"), r"(?m)^    dog +\S")
        # What pipx would run by the name of the package, once that is known to PyPI.
        self.inEmpty(f"pipx run --spec '{self.wheel}' dog-gateway --version")
        self.inEmpty(f"pipx uninstall {self.wheel.name.partition('-')[0].replace('_', '-')}")

        (install,), (run,) = commands("uv"), commands("uvx")
        self.inEmpty(install)
        with self.running(f"{local}/twistd {start.partition(' ')[2]}") as url:
            self.talk(f"{local}/dogctl", url)
        self.assertIn("devices", self.inEmpty(run))
        self.assertEqual(sorted(each.name for each in self.empty.iterdir()), ["dog", "home.xml"])
