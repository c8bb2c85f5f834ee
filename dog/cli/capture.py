"""C{dogctl capture DRIVER [LINK]}: the raw bytes on a driver's wires, until the time is up or Ctrl-C."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import quote, urlencode

from dog.cli.options import DONE, FAILED, NOT_REACHABLE, Options, common

if TYPE_CHECKING:
    from dog.cli.console import Console

#: Seconds of silence after which the gateway is taken for gone; it sends something every five.
SILENCE = 20.0


def addTo(commands: Any) -> None:
    parser = commands.add_parser(
        "capture",
        parents=[common()],
        help="the raw bytes on a driver's wires, as they pass",
        description="Records what a driver sends and receives, a JSON object a line, until the time is up or Ctrl-C. "
        "The bytes are raw: whatever secrets the bus carries are among them.",
    )
    parser.add_argument("driver", metavar="DRIVER", help="the driver's name")
    parser.add_argument("link", metavar="LINK", nargs="?", help="the key of one of its links; all if not given")
    parser.add_argument("--seconds", type=_number, metavar="N", help="end after so many seconds (default: 60)")
    parser.add_argument("--bytes", type=_number, metavar="N", help="end after so many bytes (default: 1048576)")
    parser.add_argument(
        "-o", "--output", dest="file", metavar="FILE", help="write to this file (default: standard output)"
    )
    parser.set_defaults(run=run)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of that")
    return int(text)


def run(arguments: argparse.Namespace, console: Console) -> int:
    rest = Options.of(arguments).rest()
    given = {name: getattr(arguments, name) for name in ("link", "seconds", "bytes")}
    query = urlencode({name: value for name, value in given.items() if value is not None}, quote_via=quote)
    path = f"/api/v1/drivers/{quote(arguments.driver, safe='')}/capture" + (f"?{query}" if query else "")
    lines = rest.lines(path, SILENCE)
    head = next(lines, None)  # refusals come here, before the file is touched
    bytes, last = 0, {"at": 0.0, "what": "begun"}
    try:
        with nullcontext(sys.stdout) if arguments.file is None else open(arguments.file, "w", encoding="utf-8") as out:
            _write(out, head)
            try:
                for last in lines:
                    bytes += len(last.get("hex", "")) // 2
                    _write(out, last)
            except KeyboardInterrupt:
                last = {"at": last["at"], "what": "end", "why": "interrupted"}
    except BrokenPipeError:
        raise
    except OSError as error:
        console.fail(f"{arguments.file}: {error.strerror}", code="storage")
        return FAILED
    if last["what"] != "end":
        console.fail("the gateway has gone; what it has sent until then is kept", code="not_reachable")
        return NOT_REACHABLE
    if arguments.file is not None:
        _tell(console, arguments.file, bytes, last)
    return DONE


def _write(out: TextIO, record: Any) -> None:
    out.write(json.dumps(record, separators=(",", ":")) + "\n")
    out.flush()


def _tell(console: Console, file: str, bytes: int, end: dict[str, Any]) -> None:
    if console.json:
        console.document({"file": file, "bytes": bytes, "seconds": end["at"], "why": end["why"]})
    else:
        console.line(f"{file}: {bytes} bytes in {end['at']:.1f} s (ended by: {end['why']})")
