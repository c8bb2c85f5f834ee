"""A gateway on the demo home in a process of its own, as tests of clients want it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dog.testing.process import GatewayProcess
from tests.source import ROOT

#: Seconds after which a gateway that is not ready is taken for broken.
PATIENCE = 60

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}


class RunningGateway:
    """Started when made; L{stop} it.

    @param stateDir: where it keeps its state; a new folder unless given.
    @param listen: endpoints in place of that port of loopback.
    @param config: the configuration's text; none unless given.
    @ivar url: C{http://127.0.0.1:PORT}.
    """

    def __init__(
        self,
        home: Path = ROOT / "dog" / "demo" / "home.xml",
        port: int = 0,
        stateDir: Path | None = None,
        listen: Sequence[str] = (),
        config: str | None = None,
    ) -> None:
        self.home = home
        self._folder = tempfile.TemporaryDirectory()
        options: list[str] = []
        if config is not None:
            file = Path(self._folder.name, "dog.toml")
            file.write_text(config, encoding="utf-8")
            options = ["--config", str(file)]
        self._process = GatewayProcess(
            *(*options, "--simulate", "--home", str(home), "--state-dir", str(stateDir or self._folder.name)),
            *(word for each in listen or [f"tcp:{port}:interface=127.0.0.1"] for word in ("--listen", each)),
            cwd=self._folder.name,
        )
        try:
            self._process.start(PATIENCE)
        except RuntimeError:
            self._folder.cleanup()
            raise
        self.url = self._process.url
        self.addresses = self._process.addresses

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def log(self) -> str:
        return "".join(self._process.output)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._folder.cleanup()

    def stop(self) -> int:
        """End it as systemd would; returns its exit status."""
        try:
            return self._process.stop(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self._process.kill()
            self._folder.cleanup()
