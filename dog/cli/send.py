"""C{dogctl send ID COMMAND [VALUE...]}: tell a device to do something, and wait until it has.

VALUE is sent as text, whatever it looks like: the gateway knows what the command takes (C{40}, C{"21.5 C"},
C{"40 %"}, C{heating}); several words are one text. A JSON object or array is sent as such (colours, schedules).
C{name=value} gives a parameter by its name; C{value=...} is good for texts that would be taken for one of the above.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dog.cli.options import DONE, Options, UsageError, common

if TYPE_CHECKING:
    from dog.cli.console import Console

_NAMED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)


def addTo(commands: Any) -> None:
    parser = commands.add_parser("send", parents=[common()], help="tell a device to do something")
    parser.add_argument("device", metavar="ID", help="the device")
    parser.add_argument("name", metavar="COMMAND", help="what it is to do: on, off, set ...")
    parser.add_argument(
        "values",
        metavar="VALUE",
        nargs="*",
        help='a number or measure (40, "21.5 C"), a text, a JSON object; name=value for a parameter by its name',
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    options = Options.of(arguments)
    device, name = arguments.device, arguments.name
    path = f"/api/v1/devices/{quote(device, safe='')}/commands/{quote(name, safe='')}"
    answer = options.rest().request("PUT", path, body(arguments.values))
    commandId = answer.headers.get("dog-command")
    if console.json:
        console.document({"device": device, "command": name, "status": answer.status, "commandId": commandId})
    else:
        console.line(f"{device}: {name} done")
    return DONE


def body(words: Sequence[str]) -> dict[str, Any] | None:
    """What the command line says the parameters are; None for none.

    @raise UsageError: named and unnamed ones are mixed, one is named twice, or JSON is broken.
    """
    if not words:
        return None
    named = [_NAMED.fullmatch(each) for each in words]
    found: dict[str, Any] = {}
    for match in named:
        if match is None:
            continue
        if match[1] in found:
            raise UsageError(f"{match[1]} is given twice")
        found[match[1]] = match[2] if match[1] == "value" else _value(match[2])
    if len(found) == len(words):
        return found
    if found:
        word = next(each for each, match in zip(words, named, strict=True) if match is None)
        raise UsageError(f"{word!r} is not of the form name=value, as the other values are")
    return {"value": _value(" ".join(words))}


def _value(text: str) -> Any:
    """A JSON object or array, else the text."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{text!r} is not JSON: {error}") from None
