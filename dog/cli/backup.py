"""C{dogctl backup FILE}: everything that a gateway must not lose, in one file."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from dog.cli.options import DONE, FAILED, Options, common

if TYPE_CHECKING:
    from dog.cli.console import Console

PATH = "/api/v1/admin/backup"
MEDIA = "application/gzip"

#: Seconds that making one may take, unless C{--timeout} says otherwise.
PATIENCE = 60.0


def addTo(commands: Any) -> None:
    parser = commands.add_parser(
        "backup",
        parents=[common()],
        help="everything that the gateway must not lose, in one file",
        description="Has the gateway pack its home, its plan, what it remembers (tokens, inbox, values, events), its "
        "configuration and its certificate, and puts that into FILE. There are secrets in it: only you can read it. "
        "The gateway goes on meanwhile.",
    )
    parser.add_argument("file", metavar="FILE", help="where it goes; a backup that is there is replaced")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from dog.home.disk import createWhole
    from dog.live.archive import BadArchive, unpack

    arguments.timeout = getattr(arguments, "timeout", PATIENCE)
    target = arguments.file
    try:
        with open(target, "rb") as file:
            if file.read(2) != b"\x1f\x8b":
                console.fail(f"{target}: there is something that is no backup", code="in_use")
                return FAILED
    except FileNotFoundError:
        pass
    except OSError as error:
        console.fail(f"{target}: {error.strerror}", code="storage")
        return FAILED
    data = Options.of(arguments).rest().download("POST", PATH, MEDIA)
    try:
        manifest, files = unpack(data)
        createWhole(target, data, 0o600)
    except BadArchive as bad:
        console.fail(f"what the gateway has sent: {bad}", code="internal")
        return FAILED
    except OSError as error:
        console.fail(f"{target}: {error.strerror}", code="storage")
        return FAILED
    if console.json:
        console.document({"file": target, "bytes": len(data), "at": manifest["at"], "files": sorted(files)})
    else:
        console.line(f"{target}: {', '.join(sorted(files))} ({len(data)} bytes)")
    console.note("there are secrets in it: only you can read it", file=target)
    return DONE
