"""By which names the gateway can be addressed."""

from __future__ import annotations

import socket

from twisted.trial.unittest import SynchronousTestCase

from dog.api import hosts
from dog.api.hosts import Hosts


class Allows(SynchronousTestCase):
    def setUp(self) -> None:
        self.patch(socket, "gethostname", lambda: "Box.Example")
        self.hosts = Hosts(["Panel.Example", "dog."])

    def check(self, expected: bool, *hosts: str | None) -> None:
        for host in hosts:
            self.assertEqual(self.hosts.allows(host), expected, host)

    def test_addresses(self) -> None:
        self.check(True, "127.0.0.1", "192.168.1.5:8080", "[::1]", "[::1]:8080", "[fe80::1%25eth0]:80", "10.0.0.1:")
        self.check(False, "127.1", "1.2.3.4.5", "[localhost]", "[::1", "0x7f000001", "1.2.3.4:x", "256.1.1.1")

    def test_withoutBrackets(self) -> None:
        """As ws4py has it: an IPv6 address with a port, not in brackets."""
        self.check(True, "::1:8080", "fd00::1:8080", "fd00:1:2:3:4:5:6:7:8080")
        self.check(False, "evil.example::1", "::1", "::1:evil", "evil:80:80", "a:b:c", "::::1", ":80")
        self.check(False, "::1:8080:evil.example")

    def test_localhost(self) -> None:
        self.check(True, "localhost", "LOCALHOST:80", "dog.localhost", "a.b.localhost:1", "localhost.")
        self.check(False, "localhost.evil.example", "evillocalhost")

    def test_own(self) -> None:
        self.check(True, "box.example", "BOX.example:8080", "box.example.local", "box.example.")
        self.check(False, "box", "box.local", "evil.box.example")
        self.patch(socket, "gethostname", lambda: "box.local")
        self.hosts = Hosts()
        self.check(True, "box", "box.local")

    def test_configured(self) -> None:
        self.check(True, "panel.example", "PANEL.example:443", "dog", "dog:80")
        self.check(False, "evil.example", "dog.example", "panel.example.evil.example", "dog@panel.example")

    def test_none(self) -> None:
        """HTTP/1.0."""
        self.check(True, None, "")

    def test_several(self) -> None:
        self.check(False, "localhost, evil.example", "localhost evil", "localhost/evil", " localhost")

    def test_lookedAtOnce(self) -> None:
        """A good one is known again, up to a bound; a bad one is looked at each time, and never becomes good."""
        looked: list[str] = []
        isOurs = self.hosts._isOurs

        def look(host: str) -> bool:
            looked.append(host)
            return isOurs(host)

        self.patch(self.hosts, "_isOurs", look)
        for _ in range(3):
            self.check(True, "127.0.0.1:8080")
        self.assertEqual(looked, ["127.0.0.1:8080"])
        del looked[:]
        for _ in range(3):
            self.check(False, "evil.example")
        self.assertEqual(len(looked), 3)
        for number in range(hosts.MAX_KNOWN * 2):
            self.check(True, f"127.0.0.1:{number}", "x" * hosts.MAX_LENGTH + ".localhost")
        self.assertEqual(len(self.hosts._allowed), hosts.MAX_KNOWN)
        self.assertLessEqual(max(map(len, self.hosts._allowed)), hosts.MAX_LENGTH)
