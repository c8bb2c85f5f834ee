"""A relay board to try the driver with, where there is none: C{python -m dog_relayboard.board --listen tcp:7000}.

What is typed is done by hand at the board: C{3 ON}.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.protocol import Factory
from twisted.internet.stdio import StandardIO
from twisted.internet.task import react
from twisted.protocols.basic import LineReceiver

RELAYS = 4


class Board:
    """The relays; every answer of the board as text."""

    def __init__(self, relays: int = RELAYS) -> None:
        self.on = [False] * relays

    def answer(self, request: bytes) -> bytes:
        match request.split():
            case [b"STATE"]:
                return b"STATE " + b" ".join(b"ON" if each else b"OFF" for each in self.on) + b"\n"
            case [b"SET", number, (b"ON" | b"OFF") as how]:
                if not (number.isdigit() and 1 <= int(number) <= len(self.on)):
                    return b"ERROR no such relay\n"
                self.on[int(number) - 1] = how == b"ON"
                return b"OK %s %s\n" % (number, how)
        return b"ERROR not understood\n"

    def turn(self, relay: int, on: bool) -> bytes:
        """Somebody turns a knob; what the board says of it."""
        self.on[relay - 1] = on
        return b"RELAY %d %s\n" % (relay, b"ON" if on else b"OFF")


class Served(LineReceiver):
    """A connection to the board."""

    delimiter = b"\n"

    def __init__(self, board: Board, connections: set[Served]) -> None:
        self._board = board
        self._connections = connections

    def connectionMade(self) -> None:
        self._connections.add(self)

    def connectionLost(self, reason: Any = None) -> None:
        self._connections.discard(self)

    def lineReceived(self, line: bytes) -> None:
        assert self.transport is not None
        self.transport.write(self._board.answer(line))


class Knobs(LineReceiver):
    """Hands at the board, on standard input."""

    delimiter = b"\n"

    def __init__(self, board: Board, connections: set[Served]) -> None:
        self._board = board
        self._connections = connections

    def lineReceived(self, line: bytes) -> None:
        number, _, how = line.partition(b" ")
        if number.isdigit() and 1 <= int(number) <= len(self._board.on) and how in (b"ON", b"OFF"):
            said = self._board.turn(int(number), how == b"ON")
            for each in self._connections:
                assert each.transport is not None
                each.transport.write(said)
        else:
            sys.stdout.write("say: RELAY ON, or: RELAY OFF\n")


class Boards(Factory):
    noisy = False

    def __init__(self, board: Board, connections: set[Served]) -> None:
        self._board = board
        self._connections = connections

    def buildProtocol(self, addr: object) -> Served:
        return Served(self._board, self._connections)


def serve(reactor: Any, listen: str) -> Deferred[Any]:
    """Serve until the reactor stops. Says where it listens when it can be connected to."""
    board, connections = Board(), set[Served]()
    StandardIO(Knobs(board, connections), reactor=reactor)

    def listening(port: Any) -> Deferred[Any]:
        sys.stdout.write(f"listening on {port.getHost().port}\n")
        sys.stdout.flush()
        return Deferred()

    serving: Deferred[Any] = serverFromString(reactor, listen).listen(Boards(board, connections))
    return serving.addCallback(listening)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m dog_relayboard.board", description="A relay board in memory.")
    parser.add_argument("--listen", default="tcp:7000:interface=127.0.0.1", help="Twisted endpoint (%(default)s)")
    react(serve, (parser.parse_args(arguments).listen,))


if __name__ == "__main__":
    main()
