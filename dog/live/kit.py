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
from dog.live.serial import PREFIX, connectSerial
from dog.live.stepper import utcNow


@implementer(IKit)
class Kit:
    """The real world: the reactor, the system's clock, endpoints by their strings."""

    def __init__(
        self,
        reactor: IReactorTime,
        driver: str,
        key: Hashable,
        seed: int = 0,
        utcNow: Callable[[], datetime] = utcNow,
    ) -> None:
        self.clock = reactor
        self.random = Random(f"{seed}/{driver}/{key}")
        self.log = Logger(namespace=f"dog.drivers.{driver}")
        self._utcNow = utcNow

    def utcNow(self) -> datetime:
        return self._utcNow()

    def connect(self, endpoint: str, factory: IProtocolFactory) -> Deferred[IProtocol]:
        if endpoint.startswith(PREFIX):
            return connectSerial(self.clock, endpoint, factory)
        connecting: Deferred[IProtocol] = clientFromString(self.clock, endpoint).connect(factory)
        return connecting
