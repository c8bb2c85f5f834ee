"""C{dogctl reload}: have the gateway read its configuration, its home and its certificate again."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from dog.cli.options import DONE, FAILED, Options, common
from dog.cli.table import clean
from dog.client.errors import Failed

if TYPE_CHECKING:
    from dog.cli.console import Console

PATH = "/api/v1/admin/reload"


def addTo(commands: Any) -> None:
    parser = commands.add_parser(
        "reload",
        parents=[common()],
        help="have the configuration, the home and the certificate read again",
        description="Has the gateway read its dog.toml, its home and its TLS certificate again, as SIGHUP does, and "
        "tells what is different now and what needs a restart. Exit status 1 when any of it can't be read: then that "
        "stays as it was.",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    try:
        found = Options.of(arguments).rest().request("POST", PATH).body
    except Failed as failed:
        if not console.json:
            for each in failed.error.get("problems", ())[1:]:  # the first is in the message
                console.fail(clean(str(each)))
        raise
    if console.json:
        console.document(found)
        return FAILED if "homeProblem" in found else DONE
    for each in found["applied"]:
        console.line(clean(f"applied: {each}"))
    for each in found["restart"]:
        console.line(clean(f"needs a restart: {each}"))
    changes = [f"{number} {name}" for name, number in found.get("home", {}).items() if number]
    if changes:
        console.line(f"home: {', '.join(changes)}")
    if "fingerprint" in found:
        console.line(clean(f"certificate: {found['fingerprint']}"))
    if "homeProblem" in found:
        console.fail(clean(found["homeProblem"]))
        return FAILED
    if not (found["applied"] or found["restart"] or changes or "fingerprint" in found):
        console.line("nothing has changed")
    return DONE
