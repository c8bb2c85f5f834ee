"""What nothing here reads yet, kept for when it does: rules, schedules of valves, the Z-Wave device data."""

from __future__ import annotations

import json
import posixpath

from dog.home.document import MAX_DEPTH, Unreadable, newParser, run, tooDeep
from dog.moving.bundles import RULES, VALVES, ZWAVE_GATEWAY
from dog.moving.installation import Configuration, Installation
from dog.moving.properties import BadProperties, parse
from dog.moving.report import Item, Report, Stop
from dog.moving.tree import Contents, NotTaken

MAX_FILE = 8 * 1024 * 1024
_NOT_YET = "kept; rules are not executed yet"


def kept(old: Installation, report: Report) -> tuple[dict[str, Contents], dict[tuple[str, str], str]]:
    """The files, and where those are now that a driver's setting names: lower-case (PID, key) -> path."""
    files, paths = _rules(old, report), dict[tuple[str, str], str]()
    _schedules(old, report, files, paths)
    _deviceData(old, report, files, paths)
    return files, paths


def _rules(old: Installation, report: Report) -> dict[str, Contents]:
    files: dict[str, Contents] = {}
    names: list[str] = []
    configuration = old.of(RULES)
    if configuration is not None and (taken := configuration.take("RULES")):
        entry, name = taken
        item = Item(configuration.file, entry.key, entry.line)
        try:
            path = old.resolve(name)
            contents = old.tree.read(path, MAX_FILE)
        except NotTaken as no:
            report.left.append(Item(item.file, item.key, item.line, why=f"{name}: {no}"))
        else:
            old.files.pop(path, None)
            to, why = f"rules/{posixpath.basename(path)}", _NOT_YET
            try:
                names = [] if path.lower().endswith(".drl") else _ruleNames(contents.data)
            except Unreadable as bad:
                why = f"{_NOT_YET}, nor could these be read: {bad.message} (line {bad.line})"
            files[to] = contents
            report.changed.append(Item(item.file, item.key, item.line, to, name, why))
            who = f"the rules in {name}" if not names else f"{len(names)} {'rule' if len(names) == 1 else 'rules'}"
            first = ", ".join(each[:60] for each in names[:5])
            more = f": {first}{' ...' if len(names) > 5 else ''}" if names else ""
            report.stops.append(Stop("rules", who + more, "nothing executes them yet", f"they are in {to}"))
    drools = [path for path, kind in old.files.items() if kind == "file" and path.lower().endswith(".drl")]
    for path in drools:
        try:
            contents = old.tree.read(path, MAX_FILE)
        except NotTaken as no:
            old.files[path] = str(no)
            continue
        del old.files[path]
        to = _free(f"rules/{posixpath.basename(path)}", files)
        files[to] = contents
        report.changed.append(Item(path, to=to, why=f"Drools: {_NOT_YET}"))
        report.stops.append(Stop("rules", f"the rules in {path}", "nothing executes them yet", f"they are in {to}"))
    return files


def _free(path: str, files: dict[str, Contents]) -> str:
    stem, dot, kind = path.rpartition(".")
    number = 1
    while path in files:
        number += 1
        path = f"{stem}-{number}{dot}{kind}"
    return path


def _ruleNames(data: bytes) -> list[str]:
    """Raises L{Unreadable}."""
    parser = newParser(data, MAX_FILE)
    names: list[str] = []
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise tooDeep(parser)
        if name.rpartition(" ")[2] == "rule":
            names.append(attributes.get("name", "(without a name)"))

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler, parser.EndElementHandler = start, end
    run(parser, data)
    return names


def _schedules(
    old: Installation, report: Report, files: dict[str, Contents], paths: dict[tuple[str, str], str]
) -> None:
    configuration = old.of(VALVES)
    entry = None if configuration is None else configuration.entries.get("persistentstore")
    if configuration is None or entry is None:
        return
    try:
        folder = old.resolve(str(entry.value).strip())
    except NotTaken as no:
        configuration.take("persistentStore")
        report.left.append(Item(configuration.file, entry.key, entry.line, why=str(no)))
        return
    count = 0
    for path in [each for each in old.files if each.startswith(f"{folder}/") and each.endswith("-schedule.json")]:
        try:
            contents = old.tree.read(path, MAX_FILE)
            json.loads(contents.data)
        except NotTaken as no:
            old.files[path] = str(no)
        except (ValueError, RecursionError):
            old.files[path] = "it is no JSON"
        else:
            del old.files[path]
            to = f"rules/schedules/{posixpath.basename(path)}"
            files[to] = contents
            report.changed.append(Item(path, to=to, why="kept; schedules are not executed yet"))
            count += 1
    if count:
        paths[VALVES, "persistentstore"] = "rules/schedules"
        report.stops.append(
            Stop(
                "schedules",
                f"thermostatic valves with a schedule ({count})",
                "nothing executes it yet: they stay at their last set point",
                "they are in rules/schedules",
            )
        )


def _deviceData(
    old: Installation, report: Report, files: dict[str, Contents], paths: dict[tuple[str, str], str]
) -> None:
    configuration = old.of(ZWAVE_GATEWAY)
    entry = None if configuration is None else configuration.entries.get("devicedb")
    if configuration is None or entry is None:
        return
    to = "zwave-devices.properties"
    try:
        path = old.resolve(str(entry.value).strip())
        contents = old.tree.read(path, MAX_FILE)
        count = len(parse(contents.data))
    except (NotTaken, BadProperties) as no:
        configuration.take("deviceDB")
        report.left.append(Item(configuration.file, entry.key, entry.line, why=str(no)))
        return
    old.files.pop(path, None)
    files[to] = contents
    paths[ZWAVE_GATEWAY, "devicedb"] = to
    report.changed.append(
        Item(path, to=to, value=f"{count} products", why="kept for the Z-Wave driver, which is to come")
    )


def leave(old: Installation, report: Report) -> None:
    """All that nobody has taken."""
    for path, kind in sorted(old.files.items()):
        why = {
            "file": "no configuration names it, or what it is for",
            "link": "it is a symbolic link: it was not followed",
            "other": "it is no file that can be read",
        }.get(kind, kind)
        report.left.append(Item(path, why=why))
    if old.isCut:
        report.left.append(
            Item("(more)", why="there are too many files, or they lie too deep: these were not looked at")
        )


def leaveSettings(configuration: Configuration, report: Report, why: str) -> None:
    for entry in configuration.entries.values():
        report.left.append(Item(configuration.file, entry.key, entry.line, why=why))
    if not configuration.entries:
        report.left.append(Item(configuration.file, why=why))
    configuration.entries.clear()
