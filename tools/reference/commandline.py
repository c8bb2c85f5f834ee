"""dogctl, out of its own parser, and twistd dog, out of its options."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from dog.cli.main import makeParser
from dog.tap import Options
from tools.manpages import argumentsOf, commandsOf, daemonOptions
from tools.reference.markdown import code, fenced, page, plain, table


def commandLinePage() -> str:
    parser = makeParser()
    common = {each.dest for each in parser._actions}
    parts = [
        "## twistd dog\n",
        f"{plain(' '.join((Options.longdesc or Options.__doc__ or '').split()))}\n",
        _rows(daemonOptions()),
        "## dogctl\n",
        f"{plain(parser.description or '')} Options stand before or after the command; see also `docs/dogctl.md`.\n",
        _arguments(parser, set()),
    ]
    for name, command in commandsOf(parser, ""):
        usage = command.format_usage().removeprefix("usage: ")
        parts += [f"### dogctl {name}\n", f"{plain(command.description or '')}\n"]
        parts += [fenced(" ".join(usage.split()), "text"), _arguments(command, common)]
    return page("Command line", *parts)


def _arguments(parser: argparse.ArgumentParser, left: set[str]) -> str:
    return _rows(argumentsOf(parser, left))


def _rows(found: Iterable[tuple[str, str, str]]) -> str:
    return table(
        ("option or argument", "what it does"),
        ((code(f"{called} {value}".strip()), plain(" ".join(text.split()))) for called, value, text in found),
    )
