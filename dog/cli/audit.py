"""C{dogctl audit}: who did what, when, from where, and what came of it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dog.cli.options import DONE, Options, common
from dog.cli.status import local

if TYPE_CHECKING:
    from dog.cli.console import Console

PATH = "/api/v1/admin/audit"

#: Entries that are asked for at once.
PAGE = 1000

_FILTERS = {
    "who": "only what this one did: a token's name, anonymous, gateway",
    "from": "only what was done from this address",
    "what": "only what has this in its text",
    "outcome": "only what came to this: done, forbidden, unauthorized...",
}


def addTo(commands: Any) -> None:
    parser = commands.add_parser(
        "audit",
        parents=[common()],
        help="who did what",
        description="Commands, edits, tokens, reloads, and who was refused: the last of them, the newest at the end.",
    )
    parser.add_argument("-n", "--lines", type=_lines, default=50, metavar="N", help="how many (default: 50)")
    parser.add_argument("--before", type=_lines, metavar="N", help="only those before this one")
    for name, text in _FILTERS.items():
        parser.add_argument(f"--{name}", dest=f"only_{name}", metavar="TEXT", help=text)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    rest = Options.of(arguments).rest()
    query = {name: value for name in _FILTERS if (value := getattr(arguments, f"only_{name}")) is not None}
    before, unreadable = arguments.before, 0
    entries: list[dict[str, Any]] = []
    while True:
        page: dict[str, Any] = {**query, "limit": min(PAGE, arguments.lines - len(entries))}
        if before is not None:
            page["before"] = before
        body = rest.get(f"{PATH}?{urlencode(page)}")
        entries += body["entries"]
        unreadable += body["unreadable"]
        before = body.get("next")
        if before is None or len(entries) >= arguments.lines:
            break
    if console.json:
        more = {} if before is None else {"next": before}
        console.document({"entries": entries, "unreadable": unreadable, **more})
        return DONE
    rows = [
        [str(each["n"]), local(each["at"]), each["who"], each["from"], _what(each), each["outcome"]]
        for each in reversed(entries)
    ]
    console.table(["N", "AT", "WHO", "FROM", "WHAT", "OUTCOME"], rows)
    if before is not None:
        console.note(f"there are older ones: --before {before}")
    if unreadable:
        console.note(f"{unreadable} lines of the log are no entries")
    return DONE


def _what(entry: dict[str, Any]) -> str:
    about = f": {entry['about']}" if "about" in entry else ""
    return f"{entry['what']} ({entry['count']})" if "count" in entry else f"{entry['what']}{about}"


def _lines(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 10**15:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
