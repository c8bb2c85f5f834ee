"""The board's language: bytes to messages and back. Pure, so that every line of it can be tested without a wire.

The gateway asks one thing at a time, and each is answered by one line::

    STATE             ->  STATE ON OFF OFF OFF      every relay, the first one first
    SET 2 ON          ->  OK 2 ON                   or: ERROR no such relay

Somebody who turns a knob at the board is told of without being asked: C{RELAY 3 ON}.
"""

from __future__ import annotations

from dataclasses import dataclass

#: A line that has no end by then is noise.
MAX_LINE = 256


@dataclass(frozen=True)
class States:
    """How the relays are, the first one first."""

    on: tuple[bool, ...]


@dataclass(frozen=True)
class Done:
    relay: int
    on: bool


@dataclass(frozen=True)
class Changed:
    """Somebody has turned a knob."""

    relay: int
    on: bool


@dataclass(frozen=True)
class Refused:
    reason: str


Message = States | Done | Changed | Refused

ASK = b"STATE\n"


def switch(relay: int, on: bool) -> bytes:
    return b"SET %d %s\n" % (relay, b"ON" if on else b"OFF")


class BadLine(ValueError):
    """Nothing that a board says."""


def parse(line: bytes) -> Message:
    """What a line says. Raises L{BadLine}."""
    word, *rest = line.decode("ascii", "replace").split() or [""]
    try:
        if word == "STATE" and rest:
            return States(tuple(_on(each) for each in rest))
        if word == "OK" and len(rest) == 2:
            return Done(int(rest[0]), _on(rest[1]))
        if word == "RELAY" and len(rest) == 2:
            return Changed(int(rest[0]), _on(rest[1]))
        if word == "ERROR":
            return Refused(" ".join(rest) or "no reason given")
    except ValueError:
        pass  # said below, with the whole line
    raise BadLine(repr(line[:40]))


def _on(text: str) -> bool:
    if text not in ("ON", "OFF"):
        raise ValueError(text)
    return text == "ON"


class Lines:
    """Finds lines in what arrives, in whatever pieces. Noise costs the line it is in, and no more."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE:
            self._rest = b""
        return [each.strip() for each in lines if each.strip()]
