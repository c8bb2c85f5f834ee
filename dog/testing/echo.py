"""An echo service on the gateway's own WebSocket classes: for Autobahn's test suite, and for measuring.

python -m dog.testing.echo --listen tcp:9001:interface=127.0.0.1
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IPushProducer, IReactorCore
from twisted.internet.task import react
from twisted.web.server import Site
from zope.interface import implementer

from dog.api.ws.protocol import WebSocket, WebSocketDoor, WebSocketFactory
from dog.api.ws.turn import Turns


@implementer(IPushProducer)
class _ReadsNoFaster:
    """While the peer does not take what it is sent, nothing more is read from it."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def pauseProducing(self) -> None:
        self._transport.pauseProducing()

    def resumeProducing(self) -> None:
        self._transport.resumeProducing()

    def stopProducing(self) -> None:
        """The transport ends by itself."""


class Echo(WebSocket):
    """Says what it hears."""

    def producer(self) -> IPushProducer:
        return _ReadsNoFaster(self.transport)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self.isOpen:
            self.sendMessage(payload, isBinary)  # type: ignore[no-untyped-call]


class EchoFactory(WebSocketFactory):
    protocol = Echo


def serve(reactor: IReactorCore, listen: str, maxMessage: int, deflate: bool) -> Deferred[Any]:
    """Serve on that endpoint until the reactor stops. Writes a line with the address when it can be connected to."""
    clock: Any = reactor
    factory = EchoFactory(clock.callLater, maxMessage=maxMessage, deflate=deflate, turns=Turns(clock.callLater))
    site = Site(WebSocketDoor(factory), reactor=reactor)

    def listening(port: Any) -> Deferred[Any]:
        sys.stdout.write(f"listening on {port.getHost()}\n")
        sys.stdout.flush()
        return Deferred()

    serving: Deferred[Any] = serverFromString(reactor, listen).listen(site)
    return serving.addCallback(listening)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m dog.testing.echo", description="Echo over WebSocket.")
    parser.add_argument("--listen", default="tcp:9001:interface=127.0.0.1", help="Twisted endpoint (%(default)s)")
    parser.add_argument("--max-message", type=int, default=64 * 1024 * 1024, help="bytes (%(default)s)")
    parser.add_argument("--deflate", action="store_true", help="agree to permessage-deflate")
    options = parser.parse_args(arguments)
    react(serve, (options.listen, options.max_message, options.deflate))


if __name__ == "__main__":
    main()
