"""A real gateway in a process of its own: C{twistd dog --simulate} on the demo home and a free port of loopback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from tests.source import ROOT

_READY = re.compile(r"\bready\b.*?(http://\S+)")

#: Seconds after which a gateway that is not ready is taken for broken.
PATIENCE = 60

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}


class RunningGateway:
    """Started when made; L{stop} it.

    @param stateDir: where it keeps its state; a new folder unless given.
    @ivar url: C{http://127.0.0.1:PORT}.
    """

    def __init__(
        self, home: Path = ROOT / "dog" / "demo" / "home.xml", port: int = 0, stateDir: Path | None = None
    ) -> None:
        self.home = home
        self._folder = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [
                sys.executable,
                *("-c", "from twisted.scripts.twistd import run; run()"),
                *("--nodaemon", "--pidfile=", "dog", "--simulate"),
                *("--home", str(home), "--state-dir", str(stateDir or self._folder.name)),
                *("--listen", f"tcp:{port}:interface=127.0.0.1"),
            ],
            cwd=self._folder.name,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._log: list[str] = []
        self._ready = threading.Event()
        self.url = ""
        # Reads to the end, so that the gateway never waits for somebody to read its log.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(PATIENCE) or not self.url:
            self.stop()
            raise RuntimeError("the gateway did not start:\n" + "".join(self._log))

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._log.append(line)
            match = _READY.search(line)
            if match and not self.url:
                self.url = match[1]
                self._ready.set()
        self._ready.set()

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def log(self) -> str:
        return "".join(self._log)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self.stop()

    def stop(self) -> int:
        """End it as systemd would; returns its exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._reader.join(PATIENCE)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._folder.cleanup()
        return status
