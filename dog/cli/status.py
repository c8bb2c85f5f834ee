"""C{dogctl status [ID]}: what is known of the states of every device, or of one."""

from __future__ import annotations

import argparse
import calendar
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dog.cli.devices import active
from dog.cli.options import DONE, Options, common
from dog.cli.table import clean

if TYPE_CHECKING:
    from dog.cli.console import Console

#: What an entry of a state says about its value, beside the key parameters (phaseID ...).
_WORTH = frozenset({"value", "online", "quality", "changedAt", "heardAt", "expiresAt"})


def addTo(commands: Any) -> None:
    parser = commands.add_parser("status", parents=[common()], help="how the devices are, or one of them")
    parser.add_argument("device", metavar="ID", nargs="?", help="the device; all of them if not given")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    rest = Options.of(arguments).rest()
    device = arguments.device
    path = "/api/v1/devices/status" if device is None else f"/api/v1/devices/{quote(device, safe='')}/status"
    body = rest.get(f"{path}?detail=full")
    if console.json:
        console.document(body)
    elif device is None:
        rows = [[each["id"], summary(each), each.get("description", "")] for each in body["devicesStatus"]]
        console.table(["ID", "STATE", "DESCRIPTION"], rows)
    else:
        _one(body, console)
    return DONE


def _one(status: dict[str, Any], console: Console) -> None:
    title = [console.bold(clean(status["id"]))]
    if status.get("description"):
        title.append(clean(status["description"]))
    title.append(f"({clean(_served(status))})")
    console.line("  ".join(title))
    rows = [
        [state, keyOf(entry), valueOf(entry), str(entry.get("quality", "")), local(entry.get("changedAt"))]
        for state, entries in status.get("status", {}).items()
        for entry in entries
    ]
    if rows:
        console.table(["STATE", "OF", "VALUE", "QUALITY", "CHANGED"], rows)


def _served(status: dict[str, Any]) -> str:
    if status.get("active") is False:
        return f"inactive: {status['reason']}" if status.get("reason") else "inactive"
    return "offline" if active(status) == "offline" else "active"


def summary(status: dict[str, Any]) -> str:
    """Every value of a device on one line; what is known of it where there is no value."""
    values = []
    for entries in status.get("status", {}).values():
        if entries and isinstance(entries[0].get("value"), dict) and "switchPoints" in entries[0]["value"]:
            values.append(f"schedule of {len(entries)} day{'s' if len(entries) > 1 else ''}")
            continue
        for entry in entries:
            key = keyOf(entry)
            stale = " (stale)" if entry.get("quality") == "stale" else ""
            values.append((f"{key} " if key else "") + valueOf(entry) + stale)
    if status.get("active") is False:
        values.append(f"[{_served(status)}]")
    return ", ".join(values) or "-"


def keyOf(entry: dict[str, Any]) -> str:
    """The key parameters of a value: C{L1} out of C{{"value": "230.0 V", "phaseID": "L1"}}."""
    return " ".join(str(each) for name, each in entry.items() if name not in _WORTH)


def valueOf(entry: dict[str, Any]) -> str:
    return text(entry.get("value"))


def text(value: Any) -> str:
    """A JSON value for people: texts as they are, schedules and colours in words, the rest as JSON."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict):
        try:
            return _schedule(value) if "switchPoints" in value else ", ".join(_members(value))
        except (TypeError, ValueError, KeyError, OverflowError):
            pass  # not what it looks like: as JSON, then
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _members(value: dict[str, Any]) -> Iterator[str]:
    """C{hue 12046}: of objects of plain numbers and texts."""
    for name, member in value.items():
        if not isinstance(member, (str, int, float)):
            raise TypeError("not plain")
        yield f"{name} {member}"


def _schedule(value: dict[str, Any]) -> str:
    """C{Mon 06:30 20.5 C, 08:30 18.0 C}; the times are of this place."""
    day = calendar.day_abbr[(int(value["weekDay"]) - 2) % 7]
    points = (
        f"{datetime.fromtimestamp(point['timeAt'] / 1000, UTC).astimezone():%H:%M} {point['desiredTemperature']}"
        for point in value["switchPoints"]
    )
    return f"{day} {', '.join(points)}"


def local(instant: Any) -> str:
    """An instant of the API in the time of this place."""
    try:
        return datetime.fromisoformat(instant).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (TypeError, ValueError):
        return ""
