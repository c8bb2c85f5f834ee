"""From where a request really comes, where a proxy that is trusted hands it on."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from twisted.internet import address

#: Stands for those that connect by a UNIX socket.
UNIX = "unix"

#: Proxies in a row; what is longer was made up.
MOST = 16


class Proxies:
    """Those that are trusted to say in X-Forwarded-For whom they act for. The header of all others means nothing.

    @param trusted: addresses, networks, and L{UNIX}. ValueError for anything else.
    """

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        self.configure(trusted)

    def configure(self, trusted: Iterable[str]) -> None:
        names = set(trusted)
        self._unix = UNIX in names
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(each) for each in names - {UNIX}]

    def trusts(self, peer: Any) -> bool:
        """Whether that is one of them."""
        if not self._networks and not self._unix:
            return False
        host = getattr(peer, "host", None)
        if host is None:
            return self._unix
        found = _read(host)
        return found is not None and self._isOne(found)

    def origin(self, peer: Any, forwardedFor: str | None) -> Any:
        """The address (Twisted's) of the client.

        The header is read from the right, where the nearest proxy has written: the first that is none of them is the
        client. A header that can't be read is ignored.
        """
        if forwardedFor is None or not self.trusts(peer):
            return peer
        names = forwardedFor.split(",")[-MOST:]
        found = None
        for each in reversed(names):
            found = _read(each)
            if found is None:
                return peer
            if not self._isOne(found):
                break
        if found is None:
            return peer
        kind = address.IPv4Address if found.version == 4 else address.IPv6Address
        return kind("TCP", str(found), 0)

    def _isOne(self, found: IPv4Address | IPv6Address) -> bool:
        return any(found in each for each in self._networks)


def _read(text: str) -> IPv4Address | IPv6Address | None:
    """An address, as such headers have it: in brackets, with a port, or neither."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
