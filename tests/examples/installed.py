"""An example package, built and installed as its users would, in a folder of its own."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

from tests.source import ROOT

#: Seconds a process may take to say what is waited for.
PATIENCE = 60.0

#: setuptools makes wheels by itself since 70.1, before that with the help of wheel.
LACKING = [name for name in ("setuptools", "wheel") if importlib.util.find_spec(name) is None]
if LACKING == ["wheel"] and importlib.util.find_spec("setuptools.command.bdist_wheel") is not None:
    LACKING = []


def install(name: str, folder: Path) -> Path:
    """Build the wheel of C{examples/name} and unpack it, as pip does with one of plain Python; C{folder} must be new.
    What is to be put on PYTHONPATH.
    """
    source = folder / "source"
    folder.mkdir()
    shutil.copytree(
        ROOT / "examples" / name, source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    )
    code = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, "../wheel"],
        cwd=source,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AssertionError(done.stdout)
    [wheel] = (folder / "wheel").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return (folder / "site").absolute()


class Process:
    """A process whose lines can be waited for. Ended at the end of the test."""

    def __init__(self, case: Any, *command: str, environment: dict[str, str], cwd: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", *command],
            env=environment,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._more = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        case.addCleanup(self.stop)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self.lines.append(line.rstrip("\n"))
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    def next(self, start: str) -> str:
        """The first line that begins so."""
        with self._more:
            while True:
                for line in self.lines:
                    if line.startswith(start):
                        return line
                if self._ended or not self._more.wait(PATIENCE):
                    raise AssertionError(f"it does not say {start!r}: {self.lines}")

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def wait(self) -> int:
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
