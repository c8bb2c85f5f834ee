"""Which web pages may use the API: those of the same origin, and those that the configuration names."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PLACE = re.compile(r"(\[[0-9a-f:.%]+\]|[^][:/@\s]+)(?::(\d{1,5}))?", re.ASCII)
_PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443"}


class Origins:
    """The origins that are allowed.

    @param configured: such as C{https://panel.example:8443}; C{*} allows every origin.
    """

    def __init__(self, configured: Iterable[str] = ()) -> None:
        self.configure(configured)

    def configure(self, configured: Iterable[str]) -> None:
        """Allow these from now on, and no others."""
        self._configured = frozenset(each.rstrip("/").lower() for each in configured)

    def allows(self, origin: str, host: str | None, secure: bool = False) -> bool:
        """Whether a page of that origin may use the API that it addressed as C{host}.

        Compared are scheme class (ws is http, wss is https), host and port. C{null}, C{file:} and the like have none
        of these, and need to be configured.

        @param origin: the Origin header.
        @param host: the Host header.
        @param secure: the request came with TLS. Where it came without, TLS may have ended at a proxy.
        """
        if "*" in self._configured or origin.lower() in self._configured:
            return True
        return host is not None and _isSame(origin.lower(), host.lower(), secure)


def _isSame(origin: str, host: str, secure: bool) -> bool:
    scheme, _, place = origin.partition("://")
    usual = _PORTS.get(scheme)
    if usual is None or (secure and usual != _PORTS["https"]):
        return False
    page, asked = _PLACE.fullmatch(place), _PLACE.fullmatch(host)
    if page is None or asked is None:
        return False
    return page[1] == asked[1] and (page[2] or usual) == (asked[2] or usual)
