"""A real gateway in a process of its own, for tests from end to end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType

_READY = re.compile(r"\bready (\S.*)$")

#: The source tree, put on the child's path so that an uninstalled Dog is found too, plugin included.
_ROOT = Path(__file__).resolve().parent.parent.parent


class GatewayProcess:
    """C{twistd -n dog} with these options, as a context manager. Blocks: for scripts, and for tests in a thread.

    @param options: of C{twistd dog}; without C{--listen} it listens on a free port of 127.0.0.1.
    @ivar output: every line it has printed so far.
    """

    def __init__(self, *options: str, python: str = sys.executable, cwd: str | None = None) -> None:
        self.options = list(options)
        if "--listen" not in self.options:
            self.options += ["--listen", "tcp:0:interface=127.0.0.1"]
        self._python = python
        self._cwd = cwd
        self.output: list[str] = []
        self._ready = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self.addresses: list[str] = []

    def start(self, patience: float = 30.0) -> GatewayProcess:
        """Start it and wait until it is ready. RuntimeError with its output where it is not."""
        code = "from twisted.scripts.twistd import run; run()"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])}
        self._process = subprocess.Popen(
            [self._python, "-c", code, "--nodaemon", "--pidfile=", "dog", *self.options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self._cwd,
            env=environment,
        )
        threading.Thread(target=self._read, daemon=True).start()
        if not self._ready.wait(patience) or not self.addresses:
            self.kill()
            raise RuntimeError("the gateway did not start:\n" + "".join(self.output))
        return self

    def _read(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        for line in self._process.stdout:
            self.output.append(line)
            match = _READY.search(line)
            if match:
                self.addresses = match[1].split()
                self._ready.set()
        self._ready.set()

    @property
    def url(self) -> str:
        """Where it answers, e.g. C{http://127.0.0.1:40123}."""
        return self.addresses[0]

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def stop(self, patience: float = 20.0) -> int:
        """SIGTERM, and its exit status. subprocess.TimeoutExpired where it does not end."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(patience)

    def wait(self, patience: float = 30.0) -> int:
        """Wait until it ends by itself; its exit status."""
        assert self._process is not None
        return self._process.wait(patience)

    def kill(self) -> None:
        """SIGKILL: the plug is pulled. Harmless when it has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> GatewayProcess:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
