"""An installation -> the files of this gateway, and the report. Blocks; writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dog.config import Settings, checkExposure, parseSettings
from dog.moving import toml
from dog.moving.bundles import addonOf, driverOf
from dog.moving.buses import buses
from dog.moving.house import house
from dog.moving.installation import Installation
from dog.moving.report import Item, Report, Stop
from dog.moving.rules import kept, leave, leaveSettings
from dog.moving.server import Choices, server
from dog.moving.tree import Contents

#: The order in which the report has them.
_ORDER = (
    *("listeners", "authentication", "profile", "rules", "schedules", "bus", "addon"),
    *("websocket", "rest", "port", "origins", "hosts"),
)

_HEAD = """\
# Made by dogctl import of a Java Dog installation. What is not here has its default; man dog.toml has every setting,
# docs/moving.md is about moving.
"""
_OPEN = """\
# As the old gateway: every address, everything for everybody, pages of every origin (--keep-open).
"""
_CLOSED = """\
# This machine only. For others: docs/security.md.
"""


@dataclass
class Moved:
    """@ivar files: path from the state directory -> contents; empty where there is nothing to start with.
    @ivar settings: C{dog.toml}, as the gateway reads it.
    """

    report: Report
    files: dict[str, Contents] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)


def move(given: str, stateDir: str, choices: Choices, systems: Collection[str]) -> Moved:
    """What becomes of the installation in the folder C{given}.

    @param stateDir: where the files will be, absolute.
    @param systems: lower-case domoticSystems that there is a driver for.
    @raise OSError: it is no folder, or can't be read.
    """
    report = Report()
    old = Installation(given, report)
    try:
        files = house(old, report)
        sections = server(old, choices, report)
        more, paths = kept(old, report)
        drivers = buses(old, report, paths)
        _addons(old, report)
        leave(old, report)
    finally:
        old.close()
    _withoutDriver(report, systems)
    report.stops.sort(key=lambda each: _ORDER.index(each.code))
    if report.failed is not None:
        return Moved(report)
    text = _configuration(stateDir, "home.yaml" if "home.yaml" in files else None, sections, drivers, choices)
    settings = parseSettings(text, "dog.toml", Path(stateDir))
    checkExposure(settings)
    configuration = Contents(text.encode("utf-8"), 0o600)
    return Moved(report, {**files, **more, "dog.toml": configuration}, settings)


def _addons(old: Installation, report: Report) -> None:
    """What is left of the configurations when drivers and core have taken theirs."""
    for configuration in old.configurations:
        addon = addonOf(configuration.bundle.pid)
        if addon is not None:
            leaveSettings(configuration, report, addon.why)
            if addon.who is not None:
                report.stops.append(Stop("addon", addon.who, addon.why))
        elif configuration.entries and driverOf(configuration.bundle.pid) is None:
            leaveSettings(configuration, report, "nothing here has such a setting")
        if not any(each.file == configuration.file for each in (*report.taken, *report.changed, *report.left)):
            report.left.append(Item(configuration.file, why="there is nothing in it"))


def _withoutDriver(report: Report, systems: Collection[str]) -> None:
    if report.home is None:
        return
    counts = Counter(each.domoticSystem or "" for each in report.home.devices.values())
    for system, count in sorted(counts.items()):
        if system.lower() not in systems:
            who = f"{count} {'device' if count == 1 else 'devices'} on {system or 'no bus'}"
            why = "there is no driver for it yet: listed, not active, commands are refused (503)"
            if not system:
                why = "no domoticSystem is given"
            report.stops.append(Stop("bus", who, why, "the settings are kept for the driver"))


def _configuration(
    stateDir: str, home: str | None, sections: Mapping[str, Any], drivers: Mapping[str, Any], choices: Choices
) -> str:
    house = {"state_dir": stateDir} | ({} if home is None else {"home": f"{stateDir}/{home}"})
    lines = [_HEAD, *toml.table(("house",), house), ""]
    lines += [(_OPEN if choices.keepOpen else _CLOSED) + "\n".join(toml.table(("server",), sections["server"])), ""]
    lines += toml.table(("api",), sections["api"])
    for name in sorted(drivers):
        lines += ["", *toml.table(("drivers", name), drivers[name])]
    return "\n".join(lines) + "\n"
