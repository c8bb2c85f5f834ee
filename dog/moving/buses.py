"""The settings of the drivers -> C{[drivers.NAME]}.

Of drivers that there are, what they take; of those that are still to come, all of it as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dog.drivers.modbus.gateway import GONE, SETTINGS
from dog.moving.bundles import ENOCEAN, MODBUS, UNREAD, driverOf
from dog.moving.installation import Configuration, Installation, plain
from dog.moving.properties import Entry
from dog.moving.report import Item, Report, shown

#: Settings of ours that mean something else than they did.
_NOW = {
    "pollingTimeMillis": "it is the time between two readings of a register; it was a pause after a round of them",
    "nRetriesWithinTransaction": "it is about commands; a poll is repeated once at most",
}


def buses(old: Installation, report: Report, paths: Mapping[tuple[str, str], str]) -> dict[str, dict[str, Any]]:
    """Driver name -> its settings.

    @param paths: lower-case (PID, key) -> where a file that a setting names is now.
    """
    found: dict[str, dict[str, Any]] = {}
    for configuration in old.configurations:
        pid = configuration.bundle.pid
        driver = driverOf(pid)
        if driver is None:
            continue
        bus, part = driver
        _leaveUnread(configuration, report)
        if pid.lower() == MODBUS:
            found["modbus"] = _modbus(configuration, report)
        elif pid.lower() == ENOCEAN:
            found["enocean"] = _enocean(configuration, report)
        elif bus in ("modbus", "enocean"):
            _leave(configuration, report, "the driver needs no setting for each kind of device")
        else:
            _keep(configuration, report, (bus, part), found.setdefault(bus, {}), paths)
    return {bus: {key: each for key, each in section.items() if each != {}} for bus, section in found.items()}


def _leaveUnread(configuration: Configuration, report: Report) -> None:
    for key, why in UNREAD.get(configuration.bundle.pid.lower(), {}).items():
        taken = configuration.take(key)
        if taken:
            report.left.append(Item(configuration.file, taken[0].key, taken[0].line, why=why))


def _leave(configuration: Configuration, report: Report, why: str) -> None:
    for entry in configuration.entries.values():
        report.left.append(Item(configuration.file, entry.key, entry.line, why=why))
    if not configuration.entries:
        report.left.append(Item(configuration.file, why=why))
    configuration.entries.clear()


def _modbus(configuration: Configuration, report: Report) -> dict[str, Any]:
    file, found = configuration.file, dict[str, Any]()
    for name, (default, low, high) in SETTINGS.items():
        taken = configuration.take(name)
        if taken is None:
            continue
        entry, text = taken
        to = f"drivers.modbus.{name}"
        try:
            number = int(text)
        except ValueError:
            bad = f"{text[:40]!r} is no whole number: as before, the default counts ({default})"
            report.left.append(Item(file, entry.key, entry.line, why=bad))
            continue
        fit = min(max(number, low), high)
        why = _NOW.get(name) if fit == number else f"it was {number}; {low} to {high} are possible"
        report.changed.append(Item(file, entry.key, entry.line, to, str(fit), why))
        found[name] = fit
    for name, why in GONE.items():
        taken = configuration.take(name)
        if taken:
            report.left.append(Item(file, taken[0].key, taken[0].line, why=why))
    if configuration.entries:
        _leave(configuration, report, "the Modbus driver has no such setting")
    return found


def _enocean(configuration: Configuration, report: Report) -> dict[str, Any]:
    file, found = configuration.file, dict[str, Any]()
    taken = configuration.take("serialPort")
    if taken and taken[1]:
        entry, port = taken
        found["serialPort"] = port
        report.taken.append(Item(file, entry.key, entry.line, "drivers.enocean.serialPort", port))
    elif taken:
        report.left.append(Item(file, taken[0].key, taken[0].line, why="it is empty"))
    taken = configuration.take("deviceDB")
    if taken:
        why = "it holds Java objects; devices are known by address and eep in home.xml"
        report.left.append(Item(file, taken[0].key, taken[0].line, why=why))
    if configuration.entries:
        _leave(configuration, report, "the EnOcean driver has no such setting")
    return found


def _keep(
    configuration: Configuration,
    report: Report,
    driver: tuple[str, str],
    section: dict[str, Any],
    paths: Mapping[tuple[str, str], str],
) -> None:
    """The settings as they were, for a driver that is still to come. Those of a kind of device get a table."""
    bus, part = driver
    if not configuration.entries:
        return
    table, where = section, f"drivers.{bus}"
    if part != "network":
        name = _free(part, section)
        table = section[name] = {}
        where += f".{name}"
    for entry in configuration.entries.values():
        moved = paths.get((configuration.bundle.pid.lower(), entry.key.lower()))
        value = natural(entry) if moved is None else moved
        name = _free(entry.key, table)
        table[name] = value
        to = f"{where}.{name}"
        report.taken.append(Item(configuration.file, entry.key, entry.line, to, shown(entry.key, value)))
    configuration.entries.clear()


def _free(name: str, table: Mapping[str, Any]) -> str:
    while name in table:
        name += "_"
    return name


def natural(entry: Entry) -> Any:
    """A number or truth as such, where it is written as one is written."""
    if not isinstance(entry.value, str):
        return list(entry.value)
    text = plain(entry.value)
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if text.isascii() and len(text) < 18 and text.removeprefix("-").isdigit() and str(int(text)) == text:
        return int(text)
    return text
