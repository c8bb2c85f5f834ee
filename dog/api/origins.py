"""Which web pages may use the API: those of the same origin, and those that the configuration names."""

from __future__ import annotations

from collections.abc import Iterable

_PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443"}


class Origins:
    """The origins that are allowed.

    @param configured: such as C{https://panel.example:8443}; C{*} allows every origin.
    """

    def __init__(self, configured: Iterable[str] = ()) -> None:
        self._configured = frozenset(each.rstrip("/").lower() for each in configured)

    def allows(self, origin: str, host: str | None) -> bool:
        """Whether a page of that origin may use the API that it addressed as C{host}.

        @param origin: the Origin header.
        @param host: the Host header. Scheme does not count in comparing the two: TLS may end at a proxy.
        """
        if "*" in self._configured or origin.lower() in self._configured:
            return True
        return host is not None and _sameHost(origin.lower(), host.lower())


def _sameHost(origin: str, host: str) -> bool:
    scheme, _, place = origin.partition("://")
    if not place:
        return False
    port = _PORTS.get(scheme)
    return place == host or (port is not None and f"{place}:{port}" == host) or place == f"{host}:{port}"
