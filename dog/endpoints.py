"""What the text of a server endpoint tells (Twisted's C{serverFromString}, with C{tls:} and C{tls6:} of ours)."""

from __future__ import annotations


def isSecure(endpoint: str) -> bool:
    """Whether it is an endpoint with TLS of ours."""
    return endpoint.partition(":")[0] in ("tls", "tls6")


def interfaceOf(endpoint: str) -> str:
    """The address that a server endpoint is bound to, as far as its text tells; C{""}: every one."""
    return _named(endpoint, "interface")


def portOf(endpoint: str) -> str:
    """The port that a server endpoint is bound to, as its text tells; C{""} where it tells none."""
    first = endpoint.partition(":")[2].partition(":")[0]
    return _named(endpoint, "port") if "=" in first else first


def _named(endpoint: str, wanted: str) -> str:
    found = ""
    for part in endpoint.replace("\\:", "\0").split(":")[1:]:
        name, equals, value = part.partition("=")
        if equals and name == wanted:
            found = value.replace("\0", ":")
    return found


def isLoopback(endpoint: str) -> bool:
    """Whether this server endpoint can be reached from this machine only, as far as its text tells."""
    kind = endpoint.partition(":")[0]
    if kind in ("unix", "onion"):
        return kind == "unix"
    interface = interfaceOf(endpoint)
    return interface == "::1" or interface == "localhost" or interface.startswith("127.")
