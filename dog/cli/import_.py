"""C{dogctl import DIR}: moves a Java Dog installation over. Needs no gateway."""

from __future__ import annotations

import argparse
import os
import socket
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dog.cli.homecheck import driverProblems, lineOf, problemJson
from dog.cli.options import DONE, FAILED, UsageError, common
from dog.cli.restore import isInUse
from dog.cli.table import clean

if TYPE_CHECKING:
    from dog.cli.console import Console
    from dog.moving.moving import Moved
    from dog.moving.report import Item, Stop

#: Where the Debian package has its state.
STATE_DIR = "/var/lib/dog"


def addTo(commands: Any) -> None:
    parser = commands.add_parser(
        "import",
        parents=[common(connects=False)],
        help="move a Java Dog installation over",
        description="Reads the configuration of a Java Dog installation; writes dog.toml, home.xml, the plan, rules "
        "and schedules. Says for whom something would stop working, and what was taken, changed and left. Without "
        "--output it only says so. The installation is not touched. Exit status 1 if there is no home to take.",
    )
    parser.add_argument("file", metavar="DIR", help="the configuration folder, or the whole installation")
    parser.add_argument("--output", dest="folder", metavar="DIR", help="where to write: what will be state_dir")
    parser.add_argument("--force", action="store_true", help="also where there is something already: replace it")
    parser.add_argument(
        "--keep-open",
        dest="keepOpen",
        action="store_true",
        help="as open as the old gateway: every address, everything for everybody, pages of every origin",
    )
    parser.add_argument("--port", type=_port, metavar="PORT", help="the HTTP port (default: the old one, else 8080)")
    parser.add_argument(
        "--profile",
        choices=["documented", "released"],
        help="shape of the answers (default: released where the bundle device.api is 1.2.0 or newer)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from dog.live.drivers import findDrivers
    from dog.moving.moving import move
    from dog.moving.server import Choices
    from dog.moving.writing import InTheWay, write

    output = arguments.folder and os.path.abspath(arguments.folder)
    choices = Choices(arguments.keepOpen, arguments.port, arguments.profile, hasIPv6())
    try:
        moved = move(arguments.file, output or STATE_DIR, choices, findDrivers().bySystem.keys())
    except OSError as error:
        raise UsageError(f"{arguments.file}: {error.strerror}") from None
    problem, code = moved.report.failed, "bad_value"
    if problem is None and output:
        try:
            if isInUse(Path(output) / "state.db"):
                raise InTheWay(f"a gateway runs in {output}: stop it first")
            write(output, moved.files, arguments.force)
        except InTheWay as there:
            problem, code = str(there), "in_use"
        except OSError as error:
            problem, code = f"{error.filename or output}: {error.strerror}", "storage"
    written = output if problem is None else None
    (_document if console.json else _tell)(moved, written, console)
    if problem is not None:
        console.fail(f"{problem}; nothing was written" if code != "storage" else problem, code=code)
        return FAILED
    if written:
        console.note(
            f"look at {written}/dog.toml, then start the gateway with it: twistd dog --config {written}/dog.toml",
            file=f"{written}/dog.toml",
        )
    else:
        console.note("nothing was written: --output DIR says where to")
    return DONE


def hasIPv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _problems(moved: Moved) -> list[Any]:
    home = moved.report.home
    if home is None:
        return []
    problems = list(home.problems)
    if moved.report.failed is None:
        found = driverProblems(home, moved.report.homeName, moved.settings.drivers)
        problems += [each for each in found if each.code != "no_driver"]
    return problems


def _document(moved: Moved, written: str | None, console: Console) -> None:
    report = moved.report
    lists: dict[str, list[Any]] = {
        "stops": report.stops,
        "taken": report.taken,
        "changed": report.changed,
        "left": report.left,
    }
    configuration = moved.files.get("dog.toml")
    console.document(
        {
            "ok": report.failed is None,
            **{name: [_some(asdict(each)) for each in items] for name, items in lists.items()},
            "problems": [_some(problemJson(each)) for each in _problems(moved)],
            "devices": 0 if report.home is None else len(report.home.devices),
            "files": sorted(moved.files),
            "configuration": None if configuration is None else configuration.data.decode("utf-8"),
            "output": written,
        }
    )


def _some(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "")}


def _tell(moved: Moved, written: str | None, console: Console) -> None:
    report = moved.report
    _part(console, "WHO WOULD STOP WORKING", map(_stopped, report.stops), "nobody")
    _part(console, "TAKEN", map(_moved, report.taken), "nothing")
    _part(console, "CHANGED", map(_moved, report.changed), "nothing")
    _part(console, "LEFT", map(_moved, report.left), "nothing")
    devices = 0 if report.home is None else len(report.home.devices)
    _part(console, f"THE HOME: {devices} DEVICES", map(lineOf, _problems(moved)), "no problems")
    names = [f"{written or ''}{'/' if written else ''}{name}" for name in sorted(moved.files)]
    _part(console, "WRITTEN" if written else "TO BE WRITTEN", names, "nothing")


def _part(console: Console, head: str, lines: Iterable[str], none: str) -> None:
    console.line(console.bold(head))
    for line in list(lines) or [none]:
        console.line(f"  {clean(line)}")
    console.line("")


def _stopped(stop: Stop) -> str:
    return f"{stop.who}: {stop.why}." + (f" Instead: {stop.instead}" if stop.instead else "")


def _moved(item: Item) -> str:
    where = ":".join(str(each) for each in (item.file, item.line) if each)
    to = f" -> {item.to}" if item.to else ""
    value = f" = {item.value}" if item.value is not None else ""
    why = f": {item.why}" if item.why else ""
    return f"{where}{' ' + item.key if item.key else ''}{to}{value}{why}"
