"""By which names the gateway can be addressed: what a page of another site can't make its own by DNS rebinding.

A page of C{evil.example} may have that name resolve to an address in the house once it is loaded; to its browser the
gateway is the page's own origin then. What it can't change is the name in the Host header.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv6Address

#: Headers that were found good and are not looked at again, and how long they may be.
MAX_KNOWN = 64
MAX_LENGTH = 80

_HOST = re.compile(r"(?:\[([^\[\]]*)\]|([^\[\]:@/,\s]+))(?::\d{0,5})?", re.ASCII)

_BARE = re.compile(r"([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*):(\d{1,5})")


class Hosts:
    """The names that are the gateway's: addresses, C{localhost} and what is under it, the machine's own name with and
    without C{.local}, and those that are configured.

    @param configured: host names, without a port.
    """

    def __init__(self, configured: Iterable[str] = ()) -> None:
        self.configure(configured)

    def configure(self, configured: Iterable[str]) -> None:
        """Have these names from now on, besides those that it always has."""
        own = _plain(socket.gethostname()).removesuffix(".local")
        self._allowed: set[str] = set()
        self._names = frozenset({"localhost", own, f"{own}.local", *map(_plain, configured)})

    def allows(self, host: str | None) -> bool:
        """Whether a request with this Host header is for the gateway. HTTP/1.0 may go without: no browser does."""
        if not host or host in self._allowed:
            return True
        allowed = self._isOurs(host)
        if allowed and len(self._allowed) < MAX_KNOWN and len(host) <= MAX_LENGTH:
            self._allowed.add(host)
        return allowed

    def _isOurs(self, host: str) -> bool:
        match = _HOST.fullmatch(host)
        if match is None:
            return bracketed(host) is not None
        address, name = match.groups()
        if address is not None:
            return _isAddress(address)
        name = _plain(name)
        return name in self._names or name.endswith(".localhost") or _isAddress(name)


def bracketed(host: str) -> str | None:
    """C{[address]:port} for an IPv6 address and port without the brackets, as ws4py has it; None for anything else.

    It can't be a name: no name has a colon in it.
    """
    match = _BARE.fullmatch(host)
    return f"[{match[1]}]:{match[2]}" if match is not None and _isAddress(match[1]) else None


def _plain(name: str) -> str:
    return name.lower().removesuffix(".")


def _isAddress(text: str) -> bool:
    for kind in (IPv4Address, IPv6Address):
        try:
            kind(text)
        except AddressValueError:
            continue
        return True
    return False
