"""C{dogctl home check FILE}: everything that is wrong with a home file, without a gateway.

An error keeps a device or a place from being what the file says: exit status 1. A warning does not (a name that the
catalogue does not know, a bus without a driver): exit status 0.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dog.cli.options import DONE, FAILED, UsageError, common
from dog.cli.table import clean

if TYPE_CHECKING:
    from dog.cli.console import Console
    from dog.model.device import Device
    from dog.model.home import Home, Problem

#: Problems that cost nothing but a name or a text.
WARNINGS = frozenset(
    {
        "unknown_functionality",
        "unknown_command",
        "unknown_notification",
        "unknown_state",
        "unknown_state_value",
        "missing_description",
        "dangling_relation",
        "no_driver",
    }
)


def addTo(commands: Any) -> None:
    parser = commands.add_parser("home", help="work on a home file")
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, dest="homeCommand")
    check = inner.add_parser(
        "check",
        parents=[common(connects=False)],
        help="what is wrong with a home file",
        description="Lists every problem with its line and device; needs no gateway. "
        "Exit status 1 if there are errors, 0 if there are only warnings or nothing.",
    )
    check.add_argument("file", metavar="FILE", help="home.xml, or the YAML form of the Java gateway")
    check.add_argument(
        "--config", metavar="FILE", help="dog.toml: drivers are asked with their settings there, not with empty ones"
    )
    check.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from dog.home.store import HomeStore

    settings = _settings(arguments.config)
    home = HomeStore(arguments.file).read()
    problems = list(home.problems)
    if not any(each.fatal for each in problems):
        problems += driverProblems(home, arguments.file, settings)
    problems.sort(key=lambda each: (each.line, each.column))
    counts = Counter(severity(each) for each in problems)
    bad = bool(counts["fatal"] or counts["error"])
    if console.json:
        console.document(
            {
                "file": arguments.file,
                "ok": not bad,
                "devices": len(home.devices),
                "problems": [problemJson(each) for each in problems],
            }
        )
    else:
        for each in problems:
            line = clean(lineOf(each))
            console.line(line if severity(each) == "warning" else console.red(line))
        console.line(f"{clean(arguments.file)}: {len(home.devices)} devices, {_counted(counts)}")
    return FAILED if bad else DONE


def severity(problem: Problem) -> str:
    """C{fatal}, C{error} or C{warning}."""
    if problem.fatal:
        return "fatal"
    return "warning" if problem.code in WARNINGS else "error"


def lineOf(problem: Problem) -> str:
    """C{home.xml:12:5: error: device lamp: isIn names ... [dangling_isin]}, as compilers write it."""
    where = ":".join(str(each) for each in (problem.file, problem.line, problem.column) if each)
    about = f" device {problem.device}:" if problem.device else ""
    return f"{where}: {severity(problem)}:{about} {problem.message} [{problem.code}]"


def _settings(config: str | None) -> Mapping[str, Mapping[str, Any]]:
    """Driver name -> its settings. @raise UsageError: the file is none."""
    if config is None:
        return {}
    from dog.config import BadConfiguration, readSettings

    try:
        return readSettings(Path(config)).drivers
    except BadConfiguration as bad:
        raise UsageError("\n".join(bad.problems)) from None


def driverProblems(home: Home, file: str, settings: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """What the installed drivers say about their devices, and the buses that have none.

    @param settings: driver name -> its settings; a driver that is not in it is asked with empty ones.
    """
    from dog.live.drivers import findDrivers
    from dog.model.home import Problem

    drivers = findDrivers()
    groups: dict[tuple[str, str | None], list[Device]] = {}
    for device in home.devices.values():
        gateway = home.gatewayOf(device)
        behind = device.gateway if gateway is None else gateway.id
        groups.setdefault(((device.domoticSystem or "").lower(), behind), []).append(device)
    without: dict[str, list[Device]] = {}
    for (system, gatewayId), devices in groups.items():
        driver = drivers.bySystem.get(system)
        if driver is None:
            without.setdefault(system, []).extend(devices)
            continue
        gateway = home.devices.get(gatewayId) if gatewayId else None
        first = gateway or devices[0]
        own = settings.get(driver.name, {})
        try:
            messages = driver.check(own, gateway, [each for each in devices if each is not gateway])
        except Exception as error:
            messages = [f"the driver failed on it: {type(error).__name__}: {error}"]
        for message in messages:
            yield Problem("driver", f"{driver.name}: {message}", file, first.line, 0, first.id)
    for devices in without.values():
        first = min(devices, key=lambda each: each.line)
        what = f"no driver for {first.domoticSystem}" if first.domoticSystem else "no domoticSystem is given"
        more = f" (and {len(devices) - 1} others)" if len(devices) > 1 else ""
        yield Problem("no_driver", f"{what}: the device{more} stays inactive", file, first.line, 0, first.id)


def problemJson(problem: Problem) -> dict[str, Any]:
    """As C{--json} has it."""
    return {
        "severity": severity(problem),
        "code": problem.code,
        "message": problem.message,
        "line": problem.line or None,
        "column": problem.column or None,
        "device": problem.device,
    }


def _counted(counts: Counter[str]) -> str:
    if counts["fatal"]:
        return "not readable"
    if not counts:
        return "no problems"
    words = [(counts[kind], kind if counts[kind] == 1 else f"{kind}s") for kind in ("error", "warning")]
    return ", ".join(f"{count} {word}" for count, word in words if count)
