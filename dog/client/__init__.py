"""The client library: L{Client} speaks the WebSocket protocol on Twisted, L{dog.client.aio.Client} on asyncio, L{Rest}
asks one thing at a time, blocking.

    client = Client("ws://127.0.0.1:8080/ws", reactor, resume=True, onNotification=print)
    client.connect().addCallback(lambda _: client.subscribe())

Names are loaded when they are first used: a script that only wants L{Rest} does not pay for Twisted. More is told in
docs/clients.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dog.client.address import Address, BadAddress
    from dog.client.client import Client
    from dog.client.errors import Failed, Interrupted, NoAnswer, NotReachable
    from dog.client.messages import Event, Gap, Notification, Presentation, Response, Snapshot
    from dog.client.rest import Rest
    from dog.client.trust import Trust

__all__ = [
    "Address",
    "BadAddress",
    "Client",
    "Event",
    "Failed",
    "Gap",
    "Interrupted",
    "NoAnswer",
    "NotReachable",
    "Notification",
    "Presentation",
    "Response",
    "Rest",
    "Snapshot",
    "Trust",
]

_HOME = {
    "Address": "address",
    "BadAddress": "address",
    "Client": "client",
    "Event": "messages",
    "Failed": "errors",
    "Gap": "messages",
    "Interrupted": "errors",
    "NoAnswer": "errors",
    "NotReachable": "errors",
    "Notification": "messages",
    "Presentation": "messages",
    "Response": "messages",
    "Rest": "rest",
    "Snapshot": "messages",
    "Trust": "trust",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"dog.client.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
