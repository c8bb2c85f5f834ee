"""Listeners: bound at once, or one line and no start."""

from __future__ import annotations

import errno
from typing import Any

from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactor
from twisted.trial.unittest import SynchronousTestCase

from dog.listeners import Listeners

FOUR, SIX = "tcp:8080:interface=127.0.0.1", "tcp6:8080:interface=\\:\\:1"


class FailingReactor(MemoryReactor):
    """Does not listen on one address."""

    def __init__(self, interface: str, number: int) -> None:
        super().__init__()
        self.failing = (interface, number)

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        if interface == self.failing[0]:
            raise CannotListenError(interface, port, OSError(self.failing[1], "text of the system"))
        return super().listenTCP(port, factory, backlog, interface)


class OverflowingReactor(MemoryReactor):
    """Complains as the socket library does about a port that is none."""

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        raise OverflowError("bind(): port must be 0-65535.")


class ListenersTests(SynchronousTestCase):
    def listeners(self, reactor: Any, *endpoints: str, optional: str = SIX) -> Listeners:
        return Listeners(reactor, endpoints, Factory(), frozenset([optional]))

    def exits(self, reactor: Any, *endpoints: str) -> str:
        found = self.assertRaises(SystemExit, self.listeners(reactor, *endpoints).privilegedStartService).code
        self.assertIsInstance(found, str)
        self.assertNotIn("\n", str(found))
        return str(found)

    def test_both(self) -> None:
        reactor = MemoryReactor()
        self.listeners(reactor, FOUR, SIX).privilegedStartService()
        self.assertEqual([each[3] for each in reactor.tcpServers], ["127.0.0.1", "::1"])

    def test_portInUse(self) -> None:
        line = self.exits(FailingReactor("127.0.0.1", errno.EADDRINUSE), FOUR)
        self.assertIn("Address already in use", line)
        self.assertIn("8080", line)

    def test_optionalInUse(self) -> None:
        """An optional listener may be impossible here; it may not be somebody else's."""
        self.exits(FailingReactor("::1", errno.EADDRINUSE), FOUR, SIX)

    def test_noIPv6(self) -> None:
        reactor = FailingReactor("::1", errno.EADDRNOTAVAIL)
        listeners = self.listeners(reactor, FOUR, SIX)
        listeners.privilegedStartService()
        self.assertEqual(len(reactor.tcpServers), 1)

    def test_nonsense(self) -> None:
        self.assertIn("carrier", self.exits(MemoryReactor(), "carrier:pigeon"))
        self.assertIn("tcp:80000", self.exits(OverflowingReactor(), "tcp:80000:interface=127.0.0.1"))
        self.exits(MemoryReactor(), "tcp:abc")
