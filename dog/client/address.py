"""Where a gateway is, from whatever form the user knows it in."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

#: Where a gateway listens unless it is told otherwise.
DEFAULT = "ws://127.0.0.1:8080/ws"

#: The gateway's own port, taken where an address has no scheme.
PORT = 8080

_SCHEMES = {"ws": False, "http": False, "wss": True, "https": True}


class BadAddress(ValueError):
    """Not the address of a gateway; the text says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """A gateway's address, good for both of its doors.

    @ivar socketPath: the path of the WebSocket endpoint.
    @ivar prefix: what comes before C{/api/v1} in REST paths; empty unless the gateway is behind a proxy.
    """

    secure: bool
    host: str
    port: int
    socketPath: str = "/ws"
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> Address:
        """From C{ws://host:port/ws}, C{http://host:port}, their TLS forms, or C{host} and C{host:port}.

        With a scheme, the port defaults to the scheme's (80, 443), without one to 8080. The path of a WebSocket
        address is the endpoint's; one that ends in C{/ws} gives the prefix too. The path of an HTTP address
        is the prefix (C{/ws} at its end is not part of it), and the endpoint is C{/ws} under it.

        @raise BadAddress: anything else.
        """
        stripped = text.strip()
        schemed = "://" in stripped
        try:
            parts = urlsplit(stripped if schemed else f"http://{stripped}")
            port = parts.port
        except ValueError as error:
            raise BadAddress(f"{text!r} is not an address: {error}") from None
        if parts.scheme not in _SCHEMES:
            raise BadAddress(f"{text!r}: the scheme is ws, wss, http or https, not {parts.scheme!r}")
        if not parts.hostname or any(each.isspace() for each in parts.hostname):
            raise BadAddress(f"{text!r}: no host is named")
        if parts.query or parts.fragment or parts.username is not None:
            raise BadAddress(f"{text!r}: an address has no user, query or fragment")
        secure = _SCHEMES[parts.scheme]
        if port is None:
            port = (443 if secure else 80) if schemed else PORT
        socketPath, prefix = _paths(parts)
        return cls(secure, parts.hostname, port, socketPath, prefix)

    @property
    def netloc(self) -> str:
        return f"{self.hostInUrl}:{self.port}"

    @property
    def hostInUrl(self) -> str:
        """The host, in brackets if it is an IPv6 address."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def socket(self) -> str:
        """The URL of the WebSocket endpoint."""
        return f"{'wss' if self.secure else 'ws'}://{self.netloc}{self.socketPath}"

    @property
    def http(self) -> str:
        """The URL under which C{/api/v1} is."""
        return f"{'https' if self.secure else 'http'}://{self.netloc}{self.prefix}"

    def __str__(self) -> str:
        return self.http


def _paths(parts: SplitResult) -> tuple[str, str]:
    """The endpoint's path and the prefix."""
    path = quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=~")
    if path == "/ws" or path.endswith("/ws"):
        return path, path[: -len("/ws")]
    if parts.scheme in ("http", "https") or not path:
        return f"{path}/ws", path
    return path, ""
