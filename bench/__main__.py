"""python -m bench [--rounds N] [--scenarios requests,fanout,...]: measures, prints tables, writes bench/results/."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench import home, processes, scenarios, targets
from bench.processes import ROOT, Server
from bench.targets import Results

#: name -> what it measures, of servers that run all the time.
Measure = Callable[[Server], scenarios.Figures]


def requestScenarios(seconds: float) -> dict[str, Measure]:
    return {
        f"requests {clients}x{inFlight}": partial(
            scenarios.requests, clients=clients, inFlight=inFlight, seconds=seconds
        )
        for clients, inFlight in ((1, 1), (1, 32), (50, 1))
    }


def fanScenarios(seconds: float) -> dict[str, Measure]:
    found: dict[str, Measure] = {}
    for clients in (10, 100, 1000):
        for name, stream in (("single", False), ("stream", True)):
            found[f"{name} {clients}"] = partial(scenarios.fanout, clients=clients, seconds=seconds, stream=stream)
    return found


def replyScenarios(seconds: float) -> dict[str, Measure]:
    return {"afterReply": scenarios.afterReply}


def restScenarios(seconds: float) -> dict[str, Measure]:
    return {
        f"REST {method} x{clients}": partial(scenarios.rest, method=method, clients=clients, seconds=seconds)
        for method in ("GET", "PUT")
        for clients in (1, 32)
    }


def matchScenarios(seconds: float) -> dict[str, Measure]:
    return {
        f"matching {others}": partial(scenarios.matching, clients=1, others=others, seconds=seconds)
        for others in (0, 500)
    }


RUNNING: dict[str, Callable[[float], dict[str, Measure]]] = {
    "requests": requestScenarios,
    "fanout": fanScenarios,
    "reply": replyScenarios,
    "rest": restScenarios,
    "matching": matchScenarios,
}
OWN = ("memory", "start", "devices", "stuck")


class Bench:
    """One run.

    @ivar results: what was measured so far.
    """

    def __init__(self, folder: Path, rounds: int, seconds: float) -> None:
        self.results: Results = {}
        self._folder = folder
        self._rounds = rounds
        self._seconds = seconds

    def _keep(self, scenario: str, server: str, figures: scenarios.Figures) -> None:
        self.results.setdefault(scenario, {}).setdefault(server, []).append(figures)
        sys.stderr.write(f"  {scenario:16} {server:9} " + _short(figures) + "\n")

    def running(self, wanted: list[str]) -> None:
        """Everything that is asked of servers that run: all servers in turn, in every round."""
        with contextlib.ExitStack() as stack:
            lamps = home.write(self._folder / "100.xml", 100)
            servers = [stack.enter_context(each) for each in (processes.gateway(lamps), *self._bare())]
            for server in servers:
                server.settle()
            for number in range(self._rounds):
                sys.stderr.write(f"round {number + 1} of {self._rounds}\n")
                for group in wanted:
                    for scenario, measure in RUNNING[group](self._seconds).items():
                        for server in servers:
                            if _possible(scenario, server.name):
                                self._keep(scenario, server.name, measure(server))

    def _bare(self) -> Iterator[Server]:
        for name in targets.SERVERS[1:]:
            if name == "autobahn" or importlib.util.find_spec(name) is not None:
                yield processes.bare(name)
            else:
                sys.stderr.write(f"{name} is not installed and is left out\n")

    def memory(self) -> None:
        lamps = home.write(self._folder / "100.xml", 100)
        for _ in range(min(self._rounds, 2)):
            for server in (processes.gateway(lamps), *self._bare()):
                with server:
                    server.settle()
                    self._keep("idle", server.name, scenarios.idle(server, 1000))

    def start(self) -> None:
        for _ in range(min(self._rounds, 3)):
            self._keep("start", "dog", scenarios.start(ROOT / "dog/demo/home.xml"))

    def devices(self) -> None:
        for _ in range(min(self._rounds, 2)):
            for count in (10, 100, 1000, 10000):
                lamps = home.write(self._folder / f"{count}.xml", count)
                self._keep(f"devices {count}", "dog", scenarios.size(lamps, count, self._seconds))

    def stuck(self) -> None:
        lamps = home.write(self._folder / "100.xml", 100)
        for _ in range(min(self._rounds, 2)):
            self._keep("stuck", "dog", scenarios.stuck(lamps))


def _short(figures: scenarios.Figures) -> str:
    return " ".join(f"{name} {value:.4g}" for name, value in figures.items())


def _possible(scenario: str, server: str) -> bool:
    """picows knows no HTTP; who wants what is a matter of the gateway alone."""
    if scenario.startswith("matching"):
        return server == "dog"
    return not (scenario.startswith("REST") and server == "picows")


def machine() -> dict[str, Any]:
    """What it ran on."""
    model = "unknown"
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((each.partition(":")[2].strip() for each in lines if each.startswith("model name")), model)
    ours = processes.versions(("twisted", "autobahn", "orjson"), processes.python)
    others = processes.versions(("aiohttp", "picows"), sys.executable)
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "load": os.getloadavg()[0],
        **ours,
        "aiohttp": others["aiohttp"],
        "picows": others["picows"],
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each figure is measured (%(default)s)")
    parser.add_argument("--seconds", type=float, default=0.7, help="how long each time (%(default)s)")
    parser.add_argument("--scenarios", default=",".join((*RUNNING, *OWN)), help="which (%(default)s)")
    parser.add_argument(
        "--python", default=sys.executable, help="what runs the gateway and bare Autobahn (this interpreter)"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "bench/results", help="folder for the JSON (%(default)s)")
    options = parser.parse_args(arguments)
    processes.python = options.python
    wanted = [each for each in options.scenarios.split(",") if each]
    unknown = set(wanted) - {*RUNNING, *OWN}
    if unknown:
        parser.error(f"unknown scenarios: {', '.join(sorted(unknown))}")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most if most < 65536 else 65536, most))
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="dog-bench-") as folder:
        os.environ["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        with processes.daemon(ROOT / "dog/demo/home.xml"):
            pass  # so that the starts that count find everything compiled
        bench = Bench(Path(folder), options.rounds, options.seconds)
        for name in OWN:
            if name in wanted:
                getattr(bench, name)()
        running = [each for each in RUNNING if each in wanted]
        if running:
            bench.running(running)
    about = machine() | {"at": datetime.now(UTC).isoformat(timespec="seconds"), "rounds": options.rounds}
    print()
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    print(
        "\nCPU: the server's own seconds per 10 000 requests, deliveries or events; "
        f"medians of {options.rounds} rounds.\n"
    )
    print(targets.measured(bench.results))
    print()
    print(targets.reached(bench.results))
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    file.write_text(json.dumps({"about": about, "results": bench.results}, indent=1))
    print(f"\n{file}  ({time.monotonic() - begun:.0f} s)")


if __name__ == "__main__":
    main()
