"""What a driver may use of the outside world."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime
from random import Random

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from dog.interfaces import IKit
from dog.live import datagrams, rfc2217, serial
from dog.live.capture import Tap, untapped
from dog.live.stepper import utcNow

#: Endpoints that are none of Twisted's.
_OTHERS = {
    serial.PREFIX: serial.connectSerial,
    rfc2217.PREFIX: rfc2217.connectRfc2217,
    datagrams.PREFIX: datagrams.connectUdp,
}


@implementer(IKit)
class Kit:
    """The real world: the reactor, the system's clock, endpoints by their strings.

    @param tap: where everything that is connected passes by; None: nowhere.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        driver: str,
        key: Hashable,
        seed: int = 0,
        utcNow: Callable[[], datetime] = utcNow,
        tap: Tap | None = None,
    ) -> None:
        self.clock = reactor
        self.random = Random(f"{seed}/{driver}/{key}")
        self.log = Logger(namespace=f"dog.drivers.{driver}")
        self._utcNow = utcNow
        self._tap = tap

    def utcNow(self) -> datetime:
        return self._utcNow()

    def connect(self, endpoint: str, factory: IProtocolFactory) -> Deferred[IProtocol]:
        if self._tap is None:
            return self._connect(endpoint, factory)
        return self._connect(endpoint, self._tap.on(endpoint, factory)).addCallback(untapped)

    def _connect(self, endpoint: str, factory: IProtocolFactory) -> Deferred[IProtocol]:
        for prefix, connect in _OTHERS.items():
            if endpoint.startswith(prefix):
                return connect(self.clock, endpoint, factory)
        connecting: Deferred[IProtocol] = clientFromString(self.clock, endpoint).connect(factory)
        return connecting
