"""The sockets on which clients connect: bound before anything else starts, so that a port in use ends the start."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.logger import Logger
from twisted.python.failure import Failure

#: What the system says where this machine has no IPv6, or no such address.
_NO_SUCH_ADDRESS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT})


class Listeners(Service):
    """Listens on every endpoint, or does not start.

    @param optional: endpoints that may be missing (the default's IPv6 loopback, where there is no IPv6).
    """

    log = Logger()

    def __init__(
        self, reactor: Any, endpoints: Sequence[str], factory: IProtocolFactory, optional: frozenset[str] = frozenset()
    ) -> None:
        self._reactor = reactor
        self._endpoints = endpoints
        self._factory = factory
        self._optional = optional
        self._ports: list[IListeningPort] = []

    @property
    def addresses(self) -> list[str]:
        """Where clients can connect, as URLs."""
        return [_url(each.getHost()) for each in self._ports]

    def privilegedStartService(self) -> None:
        """Bind. Ends the process with one line where that is not possible."""
        for text in self._endpoints:
            try:
                endpoint = serverFromString(self._reactor, text)
            except (ValueError, TypeError):
                example = "tcp:8080:interface=127.0.0.1"
                raise SystemExit(f"dog: {text!r} is no server endpoint; one is {example}") from None
            outcome: list[Any] = []
            maybeDeferred(endpoint.listen, self._factory).addBoth(outcome.append)
            if not outcome:
                raise SystemExit(f"dog: {text!r} does not bind at once, which a gateway's listener must")
            if isinstance(outcome[0], Failure):
                self._refuse(text, outcome[0].value)
            else:
                self._ports.append(outcome[0])

    def _refuse(self, text: str, error: BaseException | None) -> None:
        why: object = error
        if isinstance(error, CannotListenError):
            number = getattr(error.socketError, "errno", None)
            if text in self._optional and number in _NO_SUCH_ADDRESS:
                self.log.info("not listening on {endpoint}: this machine has no such address", endpoint=text)
                return
            why = error.socketError if number is None else os.strerror(number)
        for port in self._ports:
            port.stopListening()
        raise SystemExit(f"dog: can't listen on {text}: {why}")

    def stopService(self) -> Deferred[Any]:
        super().stopService()  # type: ignore[no-untyped-call]
        ports, self._ports = self._ports, []
        stopping = [maybeDeferred(each.stopListening) for each in ports]
        return DeferredList(stopping, consumeErrors=True)


def _url(host: Any) -> str:
    address = getattr(host, "host", None)
    if address is None:
        name = getattr(host, "name", host)
        return f"unix:{name.decode() if isinstance(name, bytes) else name}"
    return f"http://[{address}]:{host.port}" if ":" in address else f"http://{address}:{host.port}"
