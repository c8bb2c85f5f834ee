"""Telnet as far as serial ports on the network need it (RFC 854, 855, 856, 858; COM-PORT-OPTION: RFC 2217). Pure.

twisted.conch.telnet is made for terminals: it turns CR LF and CR NUL into something else in binary mode, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240

#: Options. Source: RFC 856 (binary), 858 (suppress go ahead), 2217 (com port).
BINARY, SUPPRESS_GO_AHEAD, COM_PORT = 0, 3, 44

#: Of a subnegotiation more is not kept: those of RFC 2217 have a few bytes, its signature a line of text.
_MOST = 512


@dataclass(frozen=True, slots=True)
class Verb:
    """C{WILL}, C{WONT}, C{DO} or C{DONT} about an option."""

    verb: int
    option: int

    def encode(self) -> bytes:
        return bytes([IAC, self.verb, self.option])


@dataclass(frozen=True, slots=True)
class Subnegotiation:
    """What is said within an option, the option's number first."""

    data: bytes

    def encode(self) -> bytes:
        return bytes([IAC, SB]) + escape(self.data) + bytes([IAC, SE])


Item = bytes | Verb | Subnegotiation


def escape(data: bytes) -> bytes:
    """Data as it travels: 255 is doubled."""
    return data.replace(b"\xff", b"\xff\xff")


class Decoder:
    """Takes apart what comes, in any pieces. Other commands than the above are passed over."""

    def __init__(self) -> None:
        self._verb: int | None = None
        self._escaped = False
        self._within: bytearray | None = None

    def feed(self, data: bytes) -> Iterator[Item]:
        """Data and what lies between it, in order."""
        plain = bytearray()
        for byte in data:
            if self._verb is not None:
                verb, self._verb = self._verb, None
                yield Verb(verb, byte)
            elif self._escaped:
                self._escaped = False
                if byte == IAC:
                    self._take(byte, plain)
                    continue
                if plain:
                    yield bytes(plain)
                    plain.clear()
                within, self._within = self._within, None
                if byte == SE and within:
                    yield Subnegotiation(bytes(within))
                elif byte == SB:
                    self._within = bytearray()
                elif WILL <= byte <= DONT:
                    self._verb = byte
            elif byte == IAC:
                self._escaped = True
            else:
                self._take(byte, plain)
        if plain:
            yield bytes(plain)

    def _take(self, byte: int, plain: bytearray) -> None:
        if self._within is None:
            plain.append(byte)
        elif len(self._within) < _MOST:
            self._within.append(byte)
