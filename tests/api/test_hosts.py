"""By which names the gateway can be addressed."""

from __future__ import annotations

import socket

from twisted.trial.unittest import SynchronousTestCase

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
        self.check(False, "127.1", "1.2.3.4.5", "[localhost]", "::1", "[::1", "0x7f000001", "1.2.3.4:x", "256.1.1.1")

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
