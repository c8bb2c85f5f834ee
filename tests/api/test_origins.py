"""Which pages may use the API."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.api.origins import Origins


class Allows(SynchronousTestCase):
    def test_sameOrigin(self) -> None:
        """Same host and port; default ports may be left out. TLS may end at a proxy."""
        for origin, host in (
            ("http://localhost:8080", "localhost:8080"),
            ("ws://Localhost:8080", "localHOST:8080"),
            ("https://dog.example", "dog.example"),
            ("https://dog.example", "dog.example:443"),
            ("https://dog.example:443", "dog.example"),
            ("http://dog.example:80", "dog.example"),
            ("http://[::1]:8080", "[::1]:8080"),
        ):
            self.assertTrue(Origins().allows(origin, host), (origin, host))

    def test_secure(self) -> None:
        """Where TLS ends here, pages without it are others: whoever is on the wire may have written them."""
        for origin, host, same in (
            ("https://dog.example", "dog.example", True),
            ("wss://dog.example:8443", "dog.example:8443", True),
            ("http://dog.example", "dog.example", False),
            ("ws://dog.example:8443", "dog.example:8443", False),
            ("http://dog.example:443", "dog.example", False),
            ("https://dog.example:8443", "dog.example", False),
        ):
            self.assertEqual(Origins().allows(origin, host, secure=True), same, (origin, host))

    def test_others(self) -> None:
        for origin, host in (
            ("http://evil.example", "localhost:8080"),
            ("http://localhost:8081", "localhost:8080"),
            ("http://localhost", "localhost:8080"),
            ("http://localhost:8080", None),
            ("null", "localhost:8080"),
            ("null", "null"),
            ("file://", "localhost:8080"),
            ("file://localhost:8080", "localhost:8080"),
            ("chrome-extension://localhost:8080", "localhost:8080"),
            ("http://localhost:8080@evil.example", "localhost:8080"),
            ("http://localhost:8080/", "localhost:8080"),
            ("http://", ""),
            ("localhost:8080", "localhost:8080"),
            ("http://dog.example", "dog.example:443"),
            ("http://localhost:8080.evil.example", "localhost:8080"),
        ):
            self.assertFalse(Origins().allows(origin, host), (origin, host))

    def test_configured(self) -> None:
        origins = Origins(["https://Panel.example/", "http://10.0.0.2:3000"])
        for origin in ("https://panel.example", "http://10.0.0.2:3000"):
            self.assertTrue(origins.allows(origin, "localhost:8080"), origin)
        for origin in ("http://panel.example", "https://panel.example:8443", "http://10.0.0.2", "null"):
            self.assertFalse(origins.allows(origin, "localhost:8080"), origin)

    def test_every(self) -> None:
        self.assertTrue(Origins(["*"]).allows("null", None))
