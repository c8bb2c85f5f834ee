"""Listeners: bound at once, or one line and no start."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Generator
from typing import Any
from unittest import SkipTest

from twisted.internet.defer import inlineCallbacks
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactor
from twisted.trial.unittest import SynchronousTestCase, TestCase

from dog.listeners import CannotListen, Listeners, sixOnly

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

    def changing(self, reactor: Any, *endpoints: str) -> tuple[Listeners, list[str]]:
        """Listeners that listen, and what is opened and closed from now on."""
        listeners = self.listeners(reactor, *endpoints)
        listeners.privilegedStartService()
        listeners.startService()
        seen: list[str] = []
        opening, closing = type(reactor).listenTCP, type(listeners)._close

        def listenTCP(port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
            found = opening(reactor, port, factory, backlog, interface)
            seen.append(f"+{port}")
            return found

        def close(listening: Any) -> Any:
            seen.extend(f"-{port.getHost().port}" for _, port in listening)
            return closing(listeners, listening)

        self.patch(reactor, "listenTCP", listenTCP)
        self.patch(listeners, "_close", close)
        return listeners, seen

    def test_noSocketOfSystemd(self) -> None:
        """The configuration counts on a socket that was not handed over."""
        self.assertIn("no such socket", self.exits(MemoryReactor(), "systemd:domain=INET:index=7"))

    def test_change(self) -> None:
        """What stays is not touched; what goes is closed before what comes is opened: it may want the port."""
        listeners, seen = self.changing(MemoryReactor(), FOUR, "tcp:8081")
        self.successResultOf(listeners.change([FOUR, "tcp:8082"]))
        self.assertEqual(seen, ["-8081", "+8082"])
        self.assertEqual(_ports(listeners), [8080, 8082])

    def test_changeThatFails(self) -> None:
        """It listens on what it did before."""
        reactor = FailingReactor("::1", errno.EADDRINUSE)
        listeners, seen = self.changing(reactor, FOUR, "tcp:8081")
        failure = self.failureResultOf(listeners.change([FOUR, "tcp:8082", "tcp6:9:interface=\\:\\:1"]), CannotListen)
        self.assertIn("Address already in use", str(failure.value))
        self.assertEqual(seen, ["-8081", "+8082", "-8082", "+8081"])
        self.assertEqual(_ports(listeners), [8080, 8081])
        self.failureResultOf(listeners.change([FOUR, "nonsense:1"]), CannotListen)
        self.assertEqual(_ports(listeners), [8080, 8081])

    def test_changeWhileItStops(self) -> None:
        listeners, seen = self.changing(MemoryReactor(), FOUR)
        listeners.stopService()
        self.successResultOf(listeners.change(["tcp:8082"]))
        self.assertEqual(seen, ["-8080"])

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


class RealSockets(TestCase):
    @inlineCallbacks
    def test_onePortForBothFamilies(self) -> Generator[Any, Any, None]:
        """Every address of IPv4 and every one of IPv6, on one port and in either order; alone, IPv6 is as the system
        has it. A change takes the socket for both away where another wants half of it.
        """
        from twisted.internet import reactor

        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                probe.bind(("::1", 0))
            except OSError:
                raise SkipTest("this machine has no IPv6") from None
            port = probe.getsockname()[1]
        four, six = f"tcp:{port}", f"tcp6:port={port}"
        self.assertEqual(sixOnly([six, "tcp:1"]), frozenset())
        self.assertEqual(sixOnly([f"{six}:interface=\\:\\:1", four]), frozenset())
        for endpoints in [four, six], [six, four]:
            listeners = Listeners(reactor, endpoints, Factory.forProtocol(Protocol))
            listeners.privilegedStartService()
            self.addCleanup(listeners.stopService)
            self.assertEqual(sorted(listeners.addresses), sorted([f"http://0.0.0.0:{port}", f"http://[::]:{port}"]))
            self.assertEqual(self.answering(port), {"127.0.0.1", "::1"})
            listeners.startService()
            yield listeners.change([six])
            self.assertEqual(self.answering(port) - {"127.0.0.1"}, {"::1"})
            yield listeners.change([four, six])
            self.assertEqual(self.answering(port), {"127.0.0.1", "::1"})
            yield listeners.change([four, "tcp6:nonsense"]).addErrback(lambda failure: failure.trap(CannotListen))
            self.assertEqual(self.answering(port), {"127.0.0.1", "::1"})
            taken = Listeners(reactor, endpoints, Factory.forProtocol(Protocol))
            self.assertIn(
                "Address already in use", str(self.assertRaises(SystemExit, taken.privilegedStartService).code)
            )
            yield listeners.stopService()

    def answering(self, port: int) -> set[str]:
        found = set()
        for address in "127.0.0.1", "::1":
            with contextlib.suppress(OSError), socket.create_connection((address, port), 5):
                found.add(address)
        return found


def _ports(listeners: Listeners) -> list[int]:
    return [int(each.rpartition(":")[2]) for each in listeners.addresses]
