"""Reads the command line, runs the command, and tells how it went by the exit status.

0: done. 1: the gateway (or the file) says no. 2: the command line makes no sense. 3: the gateway can't be reached.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from dog import __version__
from dog.cli import (
    audit,
    backup,
    capture,
    completion,
    devices,
    discovery,
    drivers,
    fingerprint,
    homecheck,
    import_,
    reload,
    restore,
    send,
    status,
    token,
    watch,
    words,
)
from dog.cli.console import Console
from dog.cli.options import DONE, FAILED, NOT_REACHABLE, USAGE, UsageError, common
from dog.client.errors import Failed, NotReachable

#: The modules of the commands, in the order in which --help shows them.
COMMANDS = (
    devices,
    status,
    send,
    watch,
    discovery,
    drivers,
    capture,
    token,
    audit,
    fingerprint,
    reload,
    backup,
    restore,
    import_,
    homecheck,
    completion,
)

_EPILOG = "exit status: 0 done, 1 failed, 2 wrong usage, 3 gateway not reachable"


def makeParser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "dogctl", description="Talk to a Dog home-automation gateway.", epilog=_EPILOG, parents=[common()]
    )
    parser.add_argument("--version", action="version", version=f"dogctl {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, dest="command")
    for module in COMMANDS:
        module.addTo(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status; wrong usage exits by itself, as argparse does."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = makeParser()
    if given[:1] == ["_words"]:
        return words.run(parser, "".join(given[1:2]), Console.standard(False), os.environ)
    parsed = parser.parse_args(given)
    console = Console.standard(getattr(parsed, "json", False))
    try:
        exitStatus: int = parsed.run(parsed, console)
    except UsageError as error:
        console.fail(str(error), code="usage")
        return USAGE
    except Failed as failed:
        console.fail(str(failed), status=failed.status, **{**failed.error, "message": failed.message})
        return FAILED
    except NotReachable as reason:
        console.fail(f"cannot reach the gateway: {reason}", code="not_reachable")
        return NOT_REACHABLE
    except BrokenPipeError:
        # Whoever read our output has read enough. Nothing more can be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return 130
    return exitStatus
