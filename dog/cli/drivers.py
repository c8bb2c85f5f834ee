"""C{dogctl drivers [restart NAME [LINK]]}: how the drivers and their links are; begin anew."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dog.cli.options import DONE, FAILED, Options, common
from dog.cli.status import local
from dog.cli.table import clean

if TYPE_CHECKING:
    from dog.cli.console import Console

#: States of a link in which there is nothing to complain about.
_WELL = ("up", "unused")


def addTo(commands: Any) -> None:
    parser = commands.add_parser(
        "drivers",
        parents=[common()],
        help="the drivers and their links, or restart them",
        description="Without a command: every driver with its links, and why one is not up.",
    )
    parser.set_defaults(run=run)
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", dest="driversCommand")
    restart = inner.add_parser(
        "restart",
        parents=[common()],
        help="close a driver's links and begin anew",
        description="Closes the links of a driver, or one of them, and begins anew; commands that are underway are "
        "settled. Exit status 0 when every one of them is up again, 1 when one is not.",
    )
    restart.add_argument("driver", metavar="NAME", help="the driver")
    restart.add_argument("link", metavar="LINK", nargs="?", help="a link's key, or a device on it; all if not given")
    restart.set_defaults(run=runRestart)


def run(arguments: argparse.Namespace, console: Console) -> int:
    body = Options.of(arguments).rest().get("/api/v1/drivers")
    if console.json:
        console.document(body)
        return DONE
    rows = []
    for driver in body["drivers"]:
        name, blocked = driver["name"], driver.get("blocked")
        rows += [_row(name, link) for link in driver["links"]]
        if not driver["links"]:
            counts = [str(driver.get("crashes", 0)), _blocked(blocked)]
            rows.append([name, "-", "idle", "", "", *counts, ", ".join(driver["systems"])])
    rows += [[each["name"], "-", "failed", "", "", "", "", each["reason"]] for each in body["failed"]]
    console.table(["DRIVER", "LINK", "STATE", "SINCE", "DEVICES", "CRASHES", "BLOCKED", "REASON"], rows)
    for each in body.get("blocked", ()):
        console.line(clean(f"blocked elsewhere: {each['module']} {_blocked(each)}"))
    return DONE


def runRestart(arguments: argparse.Namespace, console: Console) -> int:
    path = f"/api/v1/drivers/{quote(arguments.driver, safe='')}/restart"
    body = None if arguments.link is None else {"link": arguments.link}
    answer = Options.of(arguments).rest().request("POST", path, body).body
    links = answer["links"]
    well = all(each["state"] in _WELL for each in links)
    if console.json:
        console.document(answer)
    else:
        for link in links:
            reason = f": {link['reason']}" if link.get("reason") else ""
            text = clean(f"{answer['driver']} {link['key']}: {link['state']}{reason}")
            console.line(text if link["state"] in _WELL else console.red(text))
        if not links:
            console.line(clean(f"{answer['driver']}: no device of the home is on it"))
    return DONE if well else FAILED


def _row(driver: str, link: dict[str, Any]) -> list[str]:
    reason = link.get("reason", "")
    if link.get("nextAttemptAt"):
        reason += f" (again at {local(link['nextAttemptAt'])[11:]})"
    return [
        driver,
        link["key"],
        link["state"],
        local(link.get("since")),
        str(len(link["devices"])),
        str(link.get("crashes", 0)),
        _blocked(link.get("blocked")),
        reason,
    ]


def _blocked(tally: dict[str, Any] | None) -> str:
    """C{3x 4.2 s}; nothing where there is nothing."""
    return f"{tally['count']}x {tally['seconds']:.1f} s" if tally and tally["count"] else ""
