"""C{dogctl _words SHELL}: what a shell's completion script offers. Quick, and silent where there is no gateway.

The script hands over what is typed in the environment, where nothing of it can be taken for an option of ours:
DOGCTL_LINE (bash: the line up to the cursor; zsh: one word a line) and DOGCTL_PART (bash: the part to be replaced).
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dog.cli.options import DONE, Options, UsageError
from dog.cli.table import clean
from dog.client.errors import Failed, NotReachable

if TYPE_CHECKING:
    from dog.cli.console import Console
    from dog.client.rest import Rest

#: Seconds that somebody who has pressed Tab will wait.
PATIENCE = 1.0

#: Says that a file is to be named here.
FILES = "<files>"

#: Arguments that are one.
FILE_ARGUMENTS = frozenset({"file", "tokenFile", "config", "ca", "folder"})

#: A word and what it means.
Offer = tuple[str, str]


def run(parser: argparse.ArgumentParser, shell: str, console: Console, environment: Mapping[str, str]) -> int:
    """Print the words that can stand at the cursor of C{shell}, C{bash} or C{zsh}."""
    line = environment.get("DOGCTL_LINE", "")
    words = _split(line) if shell == "bash" else line.split("\n")
    place = find(parser, words[1:])
    if place.argument in FILE_ARGUMENTS:
        console.line(FILES)
        return DONE
    typed = words[-1]
    offers = [each for each in offersAt(place, _rest) if each[0].startswith(typed) and clean(each[0]) == each[0]]
    if shell == "bash":
        passed = max(0, len(typed) - len(environment.get("DOGCTL_PART", typed)))
        for word, _ in offers:
            console.line(word[passed:])
    else:
        for word, meaning in offers:
            console.line(word.replace("\\", "\\\\").replace(":", "\\:") + (f":{meaning}" if meaning else ""))
    return DONE


def _split(line: str) -> list[str]:
    """The words of a line that is still being typed; the last is the one at the cursor, perhaps empty."""
    if (len(line) - len(line.rstrip("\\"))) % 2:
        line = line[:-1]  # what it escapes is still to come
    for closing in ("", "'", '"'):
        try:
            words = shlex.split(line + closing)
        except ValueError:
            continue
        at = not closing and line[-1:].isspace()
        return [*words, ""] if at or not words else words
    return [""]


@dataclass
class Place:
    """Where in a command line the cursor is.

    @ivar argument: the argument whose value is to be typed, None where there is none.
    @ivar values: the arguments that are given already.
    @ivar isOption: an option is to be typed.
    """

    parser: argparse.ArgumentParser
    words: tuple[str, ...] = ()
    argument: str | None = None
    action: argparse.Action | None = None
    values: dict[str, str] = field(default_factory=dict)
    isOption: bool = False


def find(parser: argparse.ArgumentParser, words: Sequence[str]) -> Place:
    """The place of the last of C{words}, the program's name left out."""
    place = Place(parser)
    positional = 0
    pending: argparse.Action | None = None
    for word in words[:-1]:
        if pending is not None:
            place.values[pending.dest] = word
            pending = None
        elif word.startswith("-") and len(word) > 1:
            name, equals, value = word.partition("=")
            action = place.parser._option_string_actions.get(name)
            if action is not None and action.nargs != 0:
                if equals:
                    place.values[action.dest] = value
                else:
                    pending = action
        else:
            found = _positional(place.parser, positional)
            if isinstance(found, argparse._SubParsersAction):
                below = found.choices.get(word)
                if below is None:
                    return Place(argparse.ArgumentParser(add_help=False))
                place.parser, place.words, positional = below, (*place.words, word), 0
            elif found is not None:
                place.values.setdefault(found.dest, word)
                if found.nargs not in ("*", "+"):
                    positional += 1
    place.isOption = pending is None and words[-1].startswith("-")
    if not place.isOption:
        place.action = pending or _positional(place.parser, positional)
        place.argument = None if place.action is None else place.action.dest
    return place


def _positional(parser: argparse.ArgumentParser, index: int) -> argparse.Action | None:
    found = [each for each in parser._actions if not each.option_strings]
    return found[index] if index < len(found) else None


def offersAt(place: Place, rest: Callable[[Mapping[str, str]], Rest]) -> list[Offer]:
    """What can stand at this place. C{rest} makes the gateway's door out of the options given so far."""
    if place.isOption:
        return _options(place.parser)
    action = place.action
    if isinstance(action, argparse._SubParsersAction):
        return [(each.dest, each.help or "") for each in action._choices_actions]
    if action is not None and action.choices is not None:
        return [(str(each), "") for each in action.choices]
    if action is None or action.option_strings:
        return []
    asked = _ASKED.get((*place.words, action.dest))
    if asked is None:
        return []
    try:
        return asked(rest(place.values), place.values)
    except (Failed, NotReachable, UsageError):
        return []


def _options(parser: argparse.ArgumentParser) -> list[Offer]:
    return [
        (name, (action.help or "").partition(" (")[0])
        for action in parser._actions
        for name in action.option_strings
        if name.startswith("--")
    ]


def _rest(values: Mapping[str, str]) -> Rest:
    given = {name: values[name] for name in ("gateway", "token", "tokenFile", "ca", "fingerprint") if name in values}
    return Options.of(argparse.Namespace(**given, timeout=PATIENCE)).rest()


# -- what the gateway knows -----------------------------------------------------------------------------


def _devices(rest: Rest, values: Mapping[str, str]) -> list[Offer]:
    devices = rest.get("/api/v1/devices")["devices"]
    return [(each["id"], clean(each.get("description") or each.get("class", ""))) for each in devices]


def _filters(rest: Rest, values: Mapping[str, str]) -> list[Offer]:
    """Ids, rooms and classes."""
    devices = rest.get("/api/v1/devices")["devices"]
    kinds = (("id", "device"), ("isIn", "room"), ("class", "class"))
    found = {each[key]: kind for key, kind in kinds for each in devices if each.get(key)}
    return list(found.items())


def _commands(rest: Rest, values: Mapping[str, str]) -> list[Offer]:
    device = rest.get(f"/api/v1/devices/{quote(values.get('device', ''), safe='')}")
    return [(each, "") for each in commandsOf(device)]


def commandsOf(device: Mapping[str, Any]) -> list[str]:
    """The realCommandNames that a device of the API declares, in either profile."""
    found: dict[str, None] = {}
    for functionality in device.get("controlFunctionality", ()):
        commands = functionality.get("commands", ())
        for command in commands.get("command", ()) if isinstance(commands, dict) else commands:
            for param in command.get("param", ()):
                if param.get("name") == "realCommandName" and param.get("value"):
                    found[param["value"]] = None
    return list(found)


def _drivers(rest: Rest, values: Mapping[str, str]) -> list[Offer]:
    return [(each["name"], ", ".join(each["systems"])) for each in rest.get("/api/v1/drivers")["drivers"]]


def _tokens(rest: Rest, values: Mapping[str, str]) -> list[Offer]:
    return [(each["name"], each["role"]) for each in rest.get("/api/v1/tokens")["tokens"]]


def _links(rest: Rest, values: Mapping[str, str]) -> list[Offer]:
    drivers = rest.get("/api/v1/drivers")["drivers"]
    return [(link["key"], "") for each in drivers if each["name"] == values.get("driver") for link in each["links"]]


def _candidates(rest: Rest, values: Mapping[str, str]) -> list[Offer]:
    return [(each["id"], clean(each["description"])) for each in rest.get("/api/v1/discovery")["candidates"]]


def _ignored(rest: Rest, values: Mapping[str, str]) -> list[Offer]:
    found = rest.get("/api/v1/discovery?ignored=true")["candidates"]
    return [(each["id"], clean(each["description"])) for each in found if each["ignored"]]


def _buses(rest: Rest, values: Mapping[str, str]) -> list[Offer]:
    """Those that can be searched, by gateway device where they have one."""
    sources = [each for each in rest.get("/api/v1/discovery")["sources"] if each["ways"]]
    return [(each.get("gateway", each["driver"]), each["driver"]) for each in sources]


_ASKED: dict[tuple[str, ...], Callable[[Rest, Mapping[str, str]], list[Offer]]] = {
    ("status", "device"): _devices,
    ("send", "device"): _devices,
    ("send", "name"): _commands,
    ("watch", "filters"): _filters,
    ("token", "revoke", "which"): _tokens,
    ("drivers", "restart", "driver"): _drivers,
    ("drivers", "restart", "link"): _links,
    ("capture", "driver"): _drivers,
    ("capture", "link"): _links,
    ("devices", "filters"): _filters,
    ("discovery", "search", "bus"): _buses,
    ("discovery", "adopt", "candidate"): _candidates,
    ("discovery", "ignore", "candidates"): _candidates,
    ("discovery", "forget", "candidates"): _candidates,
    ("discovery", "offer", "candidates"): _ignored,
}
