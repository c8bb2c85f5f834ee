"""C{dogctl discovery}: what the buses offer and the home has not; searched for, adopted, ignored."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from dog.cli.devices import active
from dog.cli.options import DONE, FAILED, Options, UsageError, common
from dog.cli.table import clean
from dog.client.errors import Failed

if TYPE_CHECKING:
    from dog.cli.console import Console
    from dog.client.rest import Rest

PATH = "/api/v1/discovery"

#: Seconds between two looks at the inbox.
INTERVAL = 1.0


def addTo(commands: Any) -> None:
    parser = commands.add_parser(
        "discovery",
        parents=[common()],
        help="devices that the buses offer: list, search, adopt, ignore",
        description="What the buses have found and the home has not. Without a command: list.",
    )
    parser.set_defaults(run=listed, all=False)
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", dest="discoveryCommand")
    each = inner.add_parser("list", parents=[common()], help="what is offered")
    each.add_argument("--all", action="store_true", help="what is ignored, too")
    each.set_defaults(run=listed)
    each = inner.add_parser(
        "search",
        parents=[common()],
        help="search a bus: teach-in, permit join, inclusion",
        description="Searches a bus and shows what is heard meanwhile. Ctrl-C ends the search.",
    )
    each.add_argument(
        "bus", metavar="BUS", nargs="?", help="the id of a gateway device, or a driver (default: the only one)"
    )
    each.add_argument("--how", metavar="WAY", help="one of the ways that the driver knows (default: its usual one)")
    each.add_argument("--seconds", type=_seconds, metavar="N", help="for how long, 1 to 600 (default: 60)")
    each.set_defaults(run=search)
    each = inner.add_parser("watch", parents=[common()], help="what is heard, until Ctrl-C; searches nothing")
    each.set_defaults(run=watch)
    each = inner.add_parser(
        "adopt",
        parents=[common()],
        help="make a candidate a device of the home",
        description="Writes a candidate into the home file; what is not given is as it is proposed.",
    )
    each.add_argument("candidate", metavar="CANDIDATE", help="its id in the inbox")
    each.add_argument("id", metavar="ID", nargs="?", help="the id it gets in the home")
    each.add_argument("--class", dest="cls", metavar="CLASS", help="its device class")
    each.add_argument("--room", metavar="ROOM", help="the id of the room it is in")
    each.add_argument("--description", metavar="TEXT", help="what it is, in words")
    each.add_argument("--through", metavar="ID", help="the id of its gateway device")
    each.add_argument(
        "--param", dest="params", metavar="NAME=VALUE", action="append", default=[], help="a param for its driver"
    )
    each.set_defaults(run=adopt)
    for name, what in (
        ("ignore", "offer candidates no more"),
        ("offer", "offer candidates again that were ignored"),
        ("forget", "forget candidates until they are heard again"),
    ):
        each = inner.add_parser(name, parents=[common()], help=what)
        each.add_argument("candidates", metavar="CANDIDATE", nargs="+", help="its id in the inbox")
        each.set_defaults(run=judge)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 1 to 600")
    return value


# -- looking --------------------------------------------------------------------------------------------


def listed(arguments: argparse.Namespace, console: Console) -> int:
    body = Options.of(arguments).rest().get(f"{PATH}?ignored=true" if arguments.all else PATH)
    found = body["candidates"]
    if console.json:
        console.document(body)
        return DONE
    if found:
        console.table(["CANDIDATE", "CLASS", "SEEN", "TIMES", "DBM", "DESCRIPTION"], [_row(each) for each in found])
    else:
        console.note("nothing is offered")
    for each in body["sources"]:
        if not found and each.get("reason"):
            console.note(f"{_nameOf(each)} can't be searched: {each['reason']}")
        elif not found:
            console.note(f"{_nameOf(each)} can be searched ({', '.join(each['ways'])})")
    return DONE


def _nameOf(source: dict[str, Any]) -> str:
    return str(source["driver"]) if "gateway" not in source else f"{source['gateway']} ({source['driver']})"


def _row(candidate: dict[str, Any]) -> list[str]:
    told = candidate.get("class", "?") + (" ?" if candidate["guessed"] else "")
    return [
        candidate["id"],
        told,
        _local(candidate["lastSeen"]),
        str(candidate["timesSeen"]),
        str(candidate.get("signal", "")),
        ("(ignored) " if candidate["ignored"] else "") + candidate["description"],
    ]


def _local(instant: str) -> str:
    """In the time of this place."""
    try:
        return datetime.fromisoformat(instant).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return ""


class Looks:
    """What is heard from the first look on: the candidates of each look that were not in the one before."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._seen = self._look()

    def _look(self) -> dict[str, dict[str, Any]]:
        return {each["id"]: each for each in self._rest.get(PATH)["candidates"]}

    def news(self) -> Iterator[dict[str, Any]]:
        """New ones, and those that were heard again; the one that was heard first comes first."""
        now = self._look()
        for id, each in reversed(now.items()):
            if id not in self._seen or self._seen[id]["timesSeen"] != each["timesSeen"]:
                yield each
        self._seen = now


def _tell(candidates: Iterator[dict[str, Any]], console: Console, told: set[str]) -> None:
    """Each candidate once."""
    for each in candidates:
        if each["id"] in told:
            continue
        told.add(each["id"])
        if console.json:
            console.record(each)
        else:
            guessed = ", as far as one can guess" if each["guessed"] else ""
            console.line(clean(f"{each['id']}  {each.get('class', '?')}{guessed}: {each['description']}"))


def watch(arguments: argparse.Namespace, console: Console) -> int:
    looks = Looks(Options.of(arguments).rest())
    told: set[str] = set()
    try:
        while True:
            time.sleep(INTERVAL)
            _tell(looks.news(), console, told)
    except KeyboardInterrupt:
        return DONE


def search(arguments: argparse.Namespace, console: Console) -> int:
    rest = Options.of(arguments).rest()
    looks = Looks(rest)
    body = {"how": arguments.how, "seconds": arguments.seconds, **_bus(arguments.bus, rest)}
    answer = rest.request("POST", f"{PATH}/search", {key: each for key, each in body.items() if each is not None})
    location = answer.headers["location"]
    told: set[str] = set()
    try:
        state = rest.get(location)
        console.note(f"searching ({state['how']}) until {_local(state['until'])}; Ctrl-C ends it")
        while state["state"] == "running":
            time.sleep(INTERVAL)
            state = rest.get(location)
            _tell(looks.news(), console, told)
    except KeyboardInterrupt:
        rest.request("DELETE", location)
        state = {"state": "cancelled"}
    if state["state"] == "failed":
        console.fail(f"the search failed: {state.get('reason', 'nobody knows why')}", code="bus_refused")
        return FAILED
    if not told:
        console.note("nothing was found")
    return DONE


def _bus(name: str | None, rest: Rest) -> dict[str, str]:
    """Whether it is a gateway device or a driver: what is neither, the gateway refuses."""
    if name is None:
        return {}
    sources = rest.get(PATH)["sources"]
    return {"gateway" if any(each.get("gateway") == name for each in sources) else "driver": name}


# -- deciding -------------------------------------------------------------------------------------------


def adopt(arguments: argparse.Namespace, console: Console) -> int:
    rest = Options.of(arguments).rest()
    params: dict[str, str] = {}
    for each in arguments.params:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise UsageError(f"--param {each!r} is not of the form NAME=VALUE")
        params[name] = value
    body = {
        "id": arguments.id,
        "class": arguments.cls,
        "isIn": arguments.room,
        "description": arguments.description,
        "gateway": arguments.through,
        "params": params or None,
    }
    path = f"{_path(arguments.candidate)}/adopt"
    answer = rest.request("POST", path, {key: each for key, each in body.items() if each is not None})
    id = unquote(answer.headers["location"].rpartition("/")[2])
    device = rest.get(f"/api/v1/devices/{quote(id, safe='')}?detail=full")
    if console.json:
        console.document({"candidate": arguments.candidate, "device": device})
        return DONE
    where = f" in {device['isIn']}" if device.get("isIn") else ""
    console.line(clean(f"{arguments.candidate}: adopted as {id}, {device['class']}{where}"))
    if active(device) != "yes":
        console.note(f"{id} can't be reached: {device.get('reason') or active(device)}")
    return DONE


def judge(arguments: argparse.Namespace, console: Console) -> int:
    """Each by itself; the status is that of the worst."""
    rest = Options.of(arguments).rest()
    word = arguments.discoveryCommand
    method, suffix = ("DELETE", "") if word == "forget" else ("POST", f"/{word}")
    exitStatus = DONE
    for each in arguments.candidates:
        try:
            rest.request(method, f"{_path(each)}{suffix}")
        except Failed as failed:
            console.fail(str(failed), status=failed.status, **{**failed.error, "message": failed.message})
            exitStatus = FAILED
            continue
        if console.json:
            console.record({"candidate": each, "done": word})
        else:
            console.line(clean(f"{each}: {_DID[word]}"))
    return exitStatus


_DID = {"ignore": "ignored from now on", "offer": "offered again", "forget": "forgotten"}


def _path(candidate: str) -> str:
    return f"{PATH}/{quote(candidate, safe='')}"
