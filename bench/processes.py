"""The servers as processes, and what the kernel knows of them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent
#: What runs the gateway and bare Autobahn, which are compared; the others are run by the interpreter that measures.
python = sys.executable

_READY = re.compile(r"bench ready (\d+) (\d+)")
_DOG_READY = re.compile(r"\bready http://[^ ]*:(\d+)")


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has taken so far, all of its threads, to the nanosecond."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            total += int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
        except FileNotFoundError:
            continue
    return total / 1e9


def resident(pid: int) -> int:
    """Bytes of a process in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Server:
    """A server that runs; a context manager.

    @ivar port: TCP, of HTTP and WebSocket alike.
    @ivar events: UDP: each datagram makes one event happen.
    @ivar startSeconds, startCpu: from the fork until it says that it is ready.
    """

    def __init__(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> None:
        self.name = name
        self._command = command
        self._environment = environment or {}
        self.port = self.events = 0
        self.startSeconds = self.startCpu = 0.0
        self.output: list[str] = []
        self._ready = threading.Event()

    def __enter__(self) -> Server:
        begun = time.perf_counter()
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        # Compiled once, as whatever is installed is.
        inherited = {name: each for name, each in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self._process = subprocess.Popen(
            self._command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env={**inherited, "PYTHONPATH": path, **self._environment},
        )
        self.pid = self._process.pid
        threading.Thread(target=self._read, daemon=True).start()
        if not self._ready.wait(60) or not self.port:
            self._process.kill()
            raise RuntimeError(f"{self.name} did not start:\n{''.join(self.output)}")
        self.startSeconds = time.perf_counter() - begun
        return self

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if len(self.output) < 200:
                self.output.append(line)
            found = _READY.search(line) or _DOG_READY.search(line)
            if found and not self._ready.is_set():
                if found.re is _DOG_READY and "BENCH_HOME" in self._environment:
                    continue  # its source of events comes after it
                self.startCpu = cpu(self.pid)
                self.port = int(found[1])
                self.events = int(found[2]) if found.re is _READY else 0
                self._ready.set()
        self._ready.set()

    def settle(self, patience: float = 15.0) -> None:
        """Wait until it does nothing any more: after a start, every simulated device says how it is."""
        deadline = time.monotonic() + patience
        before = self.cpu()
        while time.monotonic() < deadline:
            time.sleep(0.3)
            now = self.cpu()
            if now - before < 0.01:
                return
            before = now

    def cpu(self) -> float:
        return cpu(self.pid)

    def resident(self) -> int:
        return resident(self.pid)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def gateway(home: Path, slowFor: float = 30.0) -> Server:
    """The whole gateway, with a source of events in place of a bus.

    @param slowFor: seconds that a client may take nothing of what it is sent.
    """
    command = [python, "-c", "from twisted.scripts.twistd import run; run()"]
    environment = {"BENCH_HOME": str(home), "BENCH_SLOW_FOR": str(slowFor)}
    return Server("dog", [*command, "-n", "--pidfile=", "-y", "bench/servers/gateway.tac"], environment)


def daemon(home: Path | str) -> Server:
    """C{twistd dog --simulate} as anybody would start it."""
    command = [python, "-c", "from twisted.scripts.twistd import run; run()"]
    listen = ["--listen", "tcp:0:interface=127.0.0.1"]
    return Server("dog", [*command, "-n", "--pidfile=", "dog", "--simulate", "--home", str(home), *listen])


def bare(name: str) -> Server:
    """A server with hard-coded answers: C{autobahn}, C{aiohttp}, C{picows}."""
    return Server(name, [python if name == "autobahn" else sys.executable, "-m", f"bench.servers.{name}_server"])


def versions(names: tuple[str, ...], interpreter: str) -> dict[str, str]:
    """What an interpreter is, and which releases of these packages it has."""
    program = (
        "import json, platform, sys; from importlib.metadata import PackageNotFoundError, version\n"
        "found = {'python': platform.python_version()}\n"
        "for name in sys.argv[1:]:\n"
        "    try: found[name] = version(name)\n"
        "    except PackageNotFoundError: found[name] = 'not installed'\n"
        "print(json.dumps(found))"
    )
    found: dict[str, str] = json.loads(subprocess.check_output([interpreter, "-c", program, *names]))
    return found


def unsent(port: int, peers: set[int]) -> dict[int, int]:
    """Of the connections to C{port} from C{peers} on loopback that are established: bytes that the kernel keeps for
    the peer, sent and not acknowledged ones too (proc(5), /proc/net/tcp).
    """
    found: dict[int, int] = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, queues = line.split()[:5]
        peer = int(remote.rpartition(":")[2], 16)
        if state == "01" and int(local.rpartition(":")[2], 16) == port and peer in peers:
            found[peer] = int(queues.partition(":")[0], 16)
    return found
