"""Writes the manual pages into a folder: dog(8), dogctl(1) and dog.toml(5).

    python3 tools/manpages.py FOLDER

Options come from the programs themselves and settings from etc/dog/dog.toml, so the pages tell what the code does.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
CONFIGURATION = ROOT / "etc" / "dog" / "dog.toml"

from dog import __version__  # noqa: E402
from dog.cli.main import makeParser  # noqa: E402
from dog.tap import Options  # noqa: E402

_DAEMON = """\
.SH DESCRIPTION
.B twistd dog
puts every home\\-automation bus of a house behind one WebSocket and REST API. It reads the home from home.xml, speaks
to the buses through drivers, keeps the last known truth about every device, and tells its clients about every change.
Once it accepts clients it logs one line
.BR ready
with its addresses. On Debian the program is called
.BR twistd3 .
.PP
Options override the configuration file. Without any, it listens on port 8080 of this machine and its house is empty.
"""

_FILES = """\
.SH FILES
.TP
.I /etc/dog/dog.toml
The configuration of the service; see
.BR dog.toml (5).
.TP
.I /var/lib/dog
The state of the service: home.xml, state.db, and the first token.
.SH SIGNALS
.TP
.B SIGTERM
Stop: commands are settled, clients and buses are closed. Takes at most two seconds.
.SH SEE ALSO
.BR dogctl (1),
.BR dog.toml (5),
.BR twistd3 (1)
"""


def escape(text: str) -> str:
    """Text that roff takes for text."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in text.split("\n"))


def head(name: str, section: int, what: str) -> str:
    return (
        f'.TH {escape(name.upper())} {section} "" "Dog {__version__}" "Dog home\\-automation gateway"\n'
        f".SH NAME\n{escape(name)} \\- {escape(what)}\n"
    )


def daemon() -> str:
    """dog(8)."""
    lines = [
        head("dog", 8, "home-automation gateway"),
        ".SH SYNOPSIS\n.B twistd \\-\\-nodaemon dog\n[options]\n",
        _DAEMON,
    ]
    lines.append(".SH OPTIONS\n")
    lines += [_option(*each) for each in daemonOptions()]
    return "".join([*lines, _FILES])


def daemonOptions() -> Iterator[tuple[str, str, str]]:
    """(how it is called, its value or nothing, what it does) of each option of C{twistd dog}."""
    for name, short, _, text in Options.optParameters:
        yield f"-{short}, --{name}" if short else f"--{name}", str(name).upper(), text or ""
    yield "--listen", "ENDPOINT", Options.opt_listen.__doc__ or ""
    for name, short, text in Options.optFlags:
        yield f"-{short}, --{name}" if short else f"--{name}", "", text or ""
    yield "--version", "", Options.opt_version.__doc__ or ""


def _option(called: str, value: str, text: str) -> str:
    return f".TP\n\\fB{escape(called)}\\fR" + (f" \\fI{escape(value)}\\fR" if value else "") + f"\n{escape(text)}\n"


def client() -> str:
    """dogctl(1): the options of every command, then each command with its own."""
    parser = makeParser()
    common = {each.dest for each in parser._actions}
    parts = [head("dogctl", 1, "talk to a Dog home-automation gateway")]
    parts.append(".SH SYNOPSIS\n.B dogctl\n[options] COMMAND ...\n.SH DESCRIPTION\n")
    parts.append(escape((parser.description or "") + "\nOptions may stand before the command and after it.") + "\n")
    parts.append(".SH OPTIONS\n" + "".join(_option(*each) for each in argumentsOf(parser, set())))
    parts.append(".SH COMMANDS\n")
    for name, command in commandsOf(parser, ""):
        usage = command.format_usage().removeprefix("usage: ").replace("\n", " ")
        parts.append(f".SS {escape(name)}\n{escape(command.description or '')}\n.PP\n")
        parts.append(
            f"{escape(' '.join(usage.split()))}\n" + "".join(_option(*each) for each in argumentsOf(command, common))
        )
    parts.append(".SH EXIT STATUS\n0 done, 1 failed, 2 wrong usage, 3 gateway not reachable.\n")
    parts.append(".SH ENVIRONMENT\nDOG_GATEWAY and DOG_TOKEN stand for the options of that name.\n")
    parts.append(".SH SEE ALSO\n.BR dog (8)\n")
    return "".join(parts)


def commandsOf(parser: argparse.ArgumentParser, before: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """(name with those of the commands it is below, its parser) of each command that has none below."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                called = f"{before} {name}".strip()
                below = list(commandsOf(command, called))
                yield from below or [(called, command)]


def argumentsOf(parser: argparse.ArgumentParser, left: set[str]) -> Iterator[tuple[str, str, str]]:
    """(how it is called, its value or nothing, what it does) of each option and argument that is not C{left} out."""
    for action in parser._actions:
        if action.dest in left or isinstance(action, argparse._SubParsersAction) or action.help == argparse.SUPPRESS:
            continue
        value = str(action.metavar or (action.dest.upper() if action.nargs != 0 else ""))
        called = ", ".join(action.option_strings)
        text = (action.help or "") % {"default": action.default, "prog": parser.prog}
        yield called or value, value if called else "", text


class Kind(Enum):
    """What a line of the commented configuration is."""

    SECTION = "section"
    SETTING = "setting"
    END = "end"


def said(configuration: str) -> Iterator[tuple[Kind, str, str]]:
    """(what it is, the line, what the comments before it say) of each section and setting; last what comes behind."""
    comments: list[str] = []
    for line in configuration.splitlines():
        if line.startswith("# ") or not line:
            comments.append(line.removeprefix("#").strip())
            continue
        section = line.startswith("[")
        told = "\n".join(filter(None, comments))
        yield Kind.SECTION if section else Kind.SETTING, line if section else line.removeprefix("#"), told
        comments.clear()
    yield Kind.END, "", "\n".join(filter(None, comments))


def configuration() -> str:
    """dog.toml(5): the comments of the commented configuration, each with the setting that it is about."""
    parts = [head("dog.toml", 5, "configuration of the Dog home-automation gateway"), ".SH DESCRIPTION\n"]
    for kind, line, comment in said(CONFIGURATION.read_text("utf-8")):
        told = escape(comment) + "\n" if comment else ""
        if kind is Kind.SECTION:
            parts.append(f"{told}.SH {escape(line)}\n")
        elif kind is Kind.SETTING:
            parts.append(f".TP\n\\fB{escape(line)}\\fR\n{told}")
        else:
            parts.append(f".PP\n{told}")
    return "".join([*parts, ".SH SEE ALSO\n.BR dog (8)\n"])


PAGES = {"dog.8": daemon, "dogctl.1": client, "dog.toml.5": configuration}


def main(folder: str) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, write in PAGES.items():
        (Path(folder) / name).write_text(write(), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
