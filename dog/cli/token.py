"""C{dogctl token list|add|revoke}: who may come, and what each may do."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dog.cli.options import DONE, Options, UsageError, common
from dog.client.errors import Failed

if TYPE_CHECKING:
    from dog.cli.console import Console

PATH = "/api/v1/tokens"

#: What stands before a name, and the list that it goes into.
KINDS = {"id": "devices", "room": "rooms", "class": "classes"}

_SPAN = re.compile(r"(\d{1,5})([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def addTo(commands: Any) -> None:
    parser = commands.add_parser("token", help="who may come, and what each may do")
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, dest="tokenCommand")
    listing = inner.add_parser("list", parents=[common()], help="which tokens there are")
    listing.set_defaults(run=runList)
    add = inner.add_parser(
        "add",
        parents=[common()],
        help="make a token",
        description="Makes a token and prints it: nobody will see it again. Whoever makes one has to be an admin.",
    )
    add.add_argument("name", metavar="NAME", help="whose it is; every token has a name of its own")
    add.add_argument(
        "--role", choices=("viewer", "user", "admin"), default="user", help="what it may do at all (default: user)"
    )
    add.add_argument("--expires", metavar="WHEN", help="30d, 12h, 90m, or an instant: 2030-12-31T12:00:00Z")
    for name, text in (("view", "the only devices that it sees"), ("operate", "the only ones that it may operate")):
        add.add_argument(
            f"--{name}",
            metavar="WHICH",
            action="append",
            help=f"{text}: id:NAME, room:NAME or class:NAME (* works); several of one kind add up",
        )
    add.add_argument(
        "-o", "--output", dest="file", metavar="FILE", help="put it into this new file, which only you can read"
    )
    add.set_defaults(run=runAdd)
    revoke = inner.add_parser("revoke", parents=[common()], help="let nobody in with a token any more")
    revoke.add_argument("which", metavar="TOKEN", help="its id, or its name")
    revoke.set_defaults(run=runRevoke)


def runList(arguments: argparse.Namespace, console: Console) -> int:
    body = Options.of(arguments).rest().get(PATH)
    if console.json:
        console.document(body)
        return DONE
    rows = [
        [each["id"], each["name"], each["role"], _limits(each), _expiry(each), each.get("usedAt", "never")]
        for each in body["tokens"]
    ]
    console.table(["ID", "NAME", "ROLE", "LIMITS", "EXPIRES", "LAST USED"], rows)
    return DONE


def runAdd(arguments: argparse.Namespace, console: Console) -> int:
    wish: dict[str, Any] = {"name": arguments.name, "role": arguments.role}
    if arguments.expires is not None:
        wish["expiresAt"] = instantOf(arguments.expires, datetime.now(UTC))
    for name in ("view", "operate"):
        if getattr(arguments, name) is not None:
            wish[name] = scopeOf(getattr(arguments, name), f"--{name}")
    rest = Options.of(arguments).rest()
    # The file comes first: a token that could not be kept would be lost.
    handle = None if arguments.file is None else _private(arguments.file)
    try:
        made = dict(rest.request("POST", PATH, wish).body)
    except BaseException:
        if handle is not None:
            os.close(handle)
            os.unlink(arguments.file)
        raise
    if handle is not None:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(made.pop("token") + "\n")
    if console.json:
        console.document(made)
    elif handle is None:
        console.line(made["token"])
    console.note(f"{made['name']} is token {made['id']}", id=made["id"])
    return DONE


def runRevoke(arguments: argparse.Namespace, console: Console) -> int:
    rest = Options.of(arguments).rest()
    tokens = rest.get(PATH)["tokens"]
    found = [each for key in ("id", "name") for each in tokens if each[key] == arguments.which]
    if not found:
        raise Failed(404, "not_found", f"there is no token {arguments.which!r}")
    id = found[0]["id"]
    rest.request("DELETE", f"{PATH}/{quote(id, safe='')}")
    if console.json:
        console.document({"id": id, "name": found[0]["name"], "revoked": True})
    else:
        console.line(f"{found[0]['name']} ({id}) is revoked")
    return DONE


def _private(path: str) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(f"--output: {path}: {error.strerror}") from None


def instantOf(text: str, now: datetime) -> str:
    """A span from now, or the instant that it is already."""
    match = _SPAN.fullmatch(text)
    if match is None:
        return text
    return (now + timedelta(**{_UNITS[match[2]]: int(match[1])})).isoformat()


def scopeOf(words: Sequence[str], option: str) -> dict[str, list[str]]:
    """What C{room:kitchen class:Lamp} is in the API."""
    found: dict[str, list[str]] = {}
    for word in words:
        kind, colon, name = word.partition(":")
        if not colon or kind not in KINDS:
            raise UsageError(f"{option}: {word!r} does not begin with {', '.join(f'{each}:' for each in KINDS)}")
        found.setdefault(KINDS[kind], []).append(name)
    return found


def _limits(token: dict[str, Any]) -> str:
    kinds = {value: key for key, value in KINDS.items()}
    found = []
    for name in ("view", "operate"):
        words = [f"{kinds[each]}:{one}" for each, names in token.get(name, {}).items() for one in names or ["-"]]
        if words:
            found.append(f"{name} {' '.join(words)}")
    return ", ".join(found)


def _expiry(token: dict[str, Any]) -> str:
    return f"{token.get('expiresAt', 'never')}{' (expired)' if token['expired'] else ''}"
