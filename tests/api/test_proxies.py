"""From where a request really comes."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.trial.unittest import SynchronousTestCase

from dog.api.proxies import Proxies

PROXY: Any = IPv4Address("TCP", "192.0.2.80", 40000)


class ProxiesTests(SynchronousTestCase):
    def origin(
        self, header: str | None, peer: Any = PROXY, trusted: tuple[str, ...] = ("192.0.2.80", "10.0.0.0/8")
    ) -> str:
        found: str = Proxies(trusted).origin(peer, header).host
        return found

    def test_fromTheRight(self) -> None:
        """What the client has made up stands to the left of what the nearest proxy has seen."""
        for header, host in (
            ("198.51.100.1", "198.51.100.1"),
            ("127.0.0.1, 198.51.100.1", "198.51.100.1"),
            ("203.0.113.9,198.51.100.1, 10.1.2.3", "198.51.100.1"),
            ("10.1.2.3, 10.1.2.4", "10.1.2.3"),
            (" 198.51.100.1:4711 ", "198.51.100.1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("::ffff:198.51.100.1", "198.51.100.1"),
            ("rubbish, 198.51.100.1", "198.51.100.1"),
        ):
            self.assertEqual(self.origin(header), host, header)
        self.assertIsInstance(Proxies(["192.0.2.80"]).origin(PROXY, "2001:db8::1"), IPv6Address)

    def test_unreadable(self) -> None:
        for header in ("", "unknown", "198.51.100.1, _hidden", "198.51.100.1,", "198.51.100.256", "[::1", "a" * 9999):
            found = self.origin(header)
            self.assertEqual(found, "::1" if header == "[::1" else "192.0.2.80", header)

    def test_others(self) -> None:
        """The header of whoever is not trusted means nothing."""
        self.assertEqual(self.origin("198.51.100.1", IPv4Address("TCP", "192.0.2.81", 1)), "192.0.2.81")
        self.assertEqual(self.origin("198.51.100.1", trusted=()), "192.0.2.80")
        self.assertEqual(self.origin(None), "192.0.2.80")

    def test_unix(self) -> None:
        peer = UNIXAddress(b"/run/x")
        self.assertEqual(self.origin("198.51.100.1", peer, ("unix",)), "198.51.100.1")
        self.assertIs(Proxies(["192.0.2.80"]).origin(peer, "198.51.100.1"), peer)

    def test_mapped(self) -> None:
        """A listener for both kinds sees a proxy's IPv4 address as one of IPv6."""
        self.assertEqual(self.origin("198.51.100.1", IPv6Address("TCP", "::ffff:192.0.2.80", 1)), "198.51.100.1")
