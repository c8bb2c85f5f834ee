"""C{dogctl devices [FILTER...]}: which devices there are."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from dog.cli.filters import Filters, Subject
from dog.cli.options import DONE, Options, common

if TYPE_CHECKING:
    from dog.cli.console import Console

PATH = "/api/v1/devices?detail=full"


def addTo(commands: Any) -> None:
    parser = commands.add_parser("devices", parents=[common()], help="which devices there are")
    parser.add_argument(
        "filters", metavar="FILTER", nargs="*", help="only those whose id, class or room is so named (* and ? work)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    filters = Filters(arguments.filters)
    body = Options.of(arguments).rest().get(PATH)
    found = [each for each in body["devices"] if filters.match(subjectOf(each))]
    if console.json:
        console.document({"devices": found})
        return DONE
    rows = [
        [each["id"], each.get("class", ""), each.get("isIn", ""), active(each), each.get("description", "")]
        for each in found
    ]
    console.table(["ID", "CLASS", "ROOM", "ACTIVE", "DESCRIPTION"], rows)
    return DONE


def subjectOf(device: dict[str, Any]) -> Subject:
    """A device of the API, for L{Filters}."""
    return Subject(device.get("id", ""), device.get("class", ""), device.get("isIn", ""))


def active(device: dict[str, Any]) -> str:
    """Whether a device is served, in a word: C{yes}, C{offline}, or the code that says why not."""
    if "active" not in device:
        return ""
    if not device["active"]:
        return str(device.get("code") or "no")
    return "offline" if device.get("online") is False else "yes"
