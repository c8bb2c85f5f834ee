"""Values -> TOML 1.0. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_SPECIAL = re.compile(r'[\x00-\x1f"\\\x7f]')


def text(value: str) -> str:
    """A basic string."""
    plain = value.encode("utf-8", "replace").decode("utf-8")
    return (
        '"' + _SPECIAL.sub(lambda each: {'"': '\\"', "\\": "\\\\"}.get(each[0], f"\\u{ord(each[0]):04x}"), plain) + '"'
    )


def key(name: str) -> str:
    return name if _BARE.fullmatch(name) else text(name)


def value(what: Any) -> str:
    """A text, truth, whole number, or a list of them."""
    if isinstance(what, bool):
        return "true" if what else "false"
    if isinstance(what, int):
        return str(what)
    if isinstance(what, (list, tuple)):
        return "[" + ", ".join(map(value, what)) + "]"
    return text(what)


def table(path: tuple[str, ...], entries: Mapping[str, Any]) -> list[str]:
    """The lines of a table: plain values first, then the tables in it."""
    lines = [f"[{'.'.join(map(key, path))}]"]
    lines += [f"{key(name)} = {value(each)}" for name, each in entries.items() if not isinstance(each, Mapping)]
    for name, each in entries.items():
        if isinstance(each, Mapping):
            lines += ["", *table((*path, name), each)]
    return lines
