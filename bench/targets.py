"""What is to be reached, and the tables that say whether it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

#: scenario -> server -> its figures, one per round.
Results = dict[str, dict[str, list[dict[str, float]]]]

SERVERS = ("dog", "autobahn", "aiohttp", "picows")


def middle(results: Results, scenario: str, server: str, figure: str) -> float | None:
    """The median over the rounds."""
    rounds = [each[figure] for each in results.get(scenario, {}).get(server, []) if figure in each]
    return median(rounds) if rounds else None


def ratio(results: Results, scenario: str, figure: str = "cpu", server: str = "dog") -> float | None:
    """A server's median over the bare Autobahn server's."""
    ours, bare = (middle(results, scenario, each, figure) for each in (server, "autobahn"))
    return None if ours is None or not bare else ours / bare


@dataclass(frozen=True)
class Target:
    """A figure that may be at most C{bound}."""

    what: str
    value: Callable[[Results], float | None]
    bound: float
    unit: str = ""


def _ratio(what: str, scenario: str, bound: float) -> Target:
    return Target(what, lambda results: ratio(results, scenario), bound, "x Autobahn's CPU")


def _figure(what: str, scenario: str, figure: str, bound: float, unit: str) -> Target:
    return Target(what, lambda results: middle(results, scenario, "dog", figure), bound, unit)


def _perDevice(results: Results) -> float | None:
    small, large = (middle(results, f"devices {n}", "dog", "resident") for n in (10, 10000))
    return None if small is None or large is None else (large - small) * 1e6 / 1024 / 9990


def _flat(figure: str) -> Callable[[Results], float | None]:
    def growth(results: Results) -> float | None:
        small, large = (middle(results, f"devices {n}", "dog", figure) for n in (10, 10000))
        return None if not small or large is None else large / small

    return growth


def _disturbed(results: Results) -> float | None:
    alone, among = (middle(results, "stuck", "dog", figure) for figure in ("p50Alone", "p50"))
    return None if not alone or among is None else among / alone


def _others(results: Results) -> float | None:
    alone, many = (middle(results, f"matching {n}", "dog", "cpu") for n in (0, 500))
    return None if not alone or many is None else many / alone


TARGETS = (
    _ratio("request, 1 client, 1 in flight", "requests 1x1", 0.9),
    _ratio("request, 1 client, 32 in flight", "requests 1x32", 0.9),
    _ratio("request, 50 clients", "requests 50x1", 0.9),
    _ratio("fan-out to 100, stream", "stream 100", 0.4),
    _ratio("fan-out to 1000, stream", "stream 1000", 0.4),
    _ratio("fan-out to 100, one at a time", "single 100", 0.4),
    _ratio("fan-out to 1000, one at a time", "single 1000", 0.4),
    _figure("event to the last of 100, p50", "single 100", "p50", 2, "ms"),
    _figure("event to the last of 100, p99", "single 100", "p99", 5, "ms"),
    _figure("event to the last of 1000, p50", "single 1000", "p50", 25, "ms"),
    _figure("notification after a reply, p90", "afterReply", "p90", 2, "ms"),
    _figure("memory with the demo home", "start", "resident", 60, "MB"),
    _figure("memory of an idle connection", "idle", "perConnection", 15, "KB"),
    Target("memory of a device, 10 000 of them", _perDevice, 4, "KB"),
    _figure("start with the demo home", "start", "cpu", 0.6, "s of CPU"),
    _figure("start with 10 000 devices", "devices 10000", "startCpu", 2, "s of CPU"),
    Target("request with 10 000 devices / with 10", _flat("request"), 1.2, "times"),
    Target("delivery with 10 000 devices / with 10", _flat("delivery"), 1.2, "times"),
    _figure("memory of a client that does not read", "stuck", "perStuck", 512, "KB"),
    _figure("such a client is gone, 3 s and 0.9 s to close being configured", "stuck", "gone", 4.1, "s"),
    Target("event to the others with 10 of them / with none", _disturbed, 1.2, "times"),
    Target("event with 500 clients that do not want it / with none", _others, 1.2, "times"),
)


def columns(rows: list[list[str]]) -> str:
    """A table as text, Markdown too."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for index, row in enumerate(rows):
        lines.append("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
        if index == 0:
            lines.append("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def measured(results: Results) -> str:
    """Every scenario: medians of each server, and ours over bare Autobahn's."""
    rows = [["scenario", "figure", *SERVERS, "dog/autobahn"]]
    for scenario, servers in results.items():
        figures: dict[str, Any] = {}
        for each in servers.values():
            for one in each:
                figures.update(dict.fromkeys(one))
        for figure in figures:
            values = [middle(results, scenario, server, figure) for server in SERVERS]
            share = ratio(results, scenario, figure) if figure in ("cpu", "p50", "perConnection", "base") else None
            rows.append(
                [
                    scenario,
                    "s of CPU" if (scenario, figure) == ("start", "cpu") else _NAMES.get(figure, figure),
                    *("" if each is None else f"{each:.4g}" for each in values),
                    "" if share is None else f"{share:.2f}",
                ]
            )
    return columns(rows)


_NAMES = {
    "cpu": "CPU, s per 10 000",
    "rate": "per second",
    "p50": "p50, ms",
    "p90": "p90, ms",
    "p99": "p99, ms",
    "base": "MB",
    "resident": "MB",
    "perConnection": "KB per connection",
    "request": "request, CPU",
    "delivery": "delivery, CPU",
    "startCpu": "start, s of CPU",
    "startSeconds": "start, s",
    "seconds": "s",
    "perStuck": "KB per stuck client",
    "gone": "gone, s",
    "p50Alone": "p50 without them, ms",
}


def reached(results: Results) -> str:
    """The targets: met or missed. What was not measured is left out."""
    rows = [["target", "measured", "at most", "unit", ""]]
    for target in TARGETS:
        value = target.value(results)
        if value is not None:
            verdict = "met" if value <= target.bound else "MISSED"
            rows.append([target.what, f"{value:.3g}", f"{target.bound:g}", target.unit, verdict])
    return columns(rows)
