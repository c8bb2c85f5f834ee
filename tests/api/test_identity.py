"""Who a client is."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.trial.unittest import SynchronousTestCase

from dog.api.identity import Identity, isLocal, isPassedOn, tokenIn
from dog.model.refusal import Code, Refusal
from dog.model.rights import ANONYMOUS, NOBODY, Principal, Role

PANEL = Principal("panel", Role.USER, token="t1")
HERE: Any = IPv4Address("TCP", "127.0.0.1", 40000)
THERE: Any = IPv4Address("TCP", "192.0.2.1", 40000)


class Keys:
    def principal(self, secret: str) -> Principal | None:
        return PANEL if secret == "dog_good" else None


class TokenIn(SynchronousTestCase):
    def test_header(self) -> None:
        for header in ("Bearer dog_x", "bearer  dog_x ", " BEARER dog_x"):
            self.assertEqual(tokenIn(header), "dog_x")

    def test_none(self) -> None:
        self.assertIsNone(tokenIn(None))
        self.assertIsNone(tokenIn(None, ["dog", "dog.tokens"]))

    def test_somethingElse(self) -> None:
        """It is not taken for nothing."""
        for header in ("", "Basic dXNlcjpwdw==", "Bearer", "Bearer ", "dog_x"):
            self.assertEqual(tokenIn(header), "", header)

    def test_subprotocol(self) -> None:
        self.assertEqual(tokenIn(None, ["dog", "dog.token.dog_x"]), "dog_x")
        self.assertEqual(tokenIn("Bearer dog_y", ["dog.token.dog_x"]), "dog_y")


class Local(SynchronousTestCase):
    def test_isLocal(self) -> None:
        for host, local in (
            ("127.0.0.1", True),
            ("127.9.9.9", True),
            ("::1", True),
            ("::ffff:127.0.0.1", True),
            ("192.168.1.2", False),
            ("::ffff:192.168.1.2", False),
            ("fe80::1%eth0", False),
            ("2001:db8::1", False),
            ("0.0.0.0", False),
            ("localhost", False),
        ):
            address: Any = (IPv6Address if ":" in host else IPv4Address)("TCP", host, 1)
            self.assertEqual(isLocal(address), local, host)
        self.assertTrue(isLocal(UNIXAddress(None)))

    def test_isPassedOn(self) -> None:
        for header, passedOn in (("x-forwarded-for", True), ("forwarded", True), ("x-real-ip", True), ("host", False)):
            self.assertEqual(isPassedOn({header}.__contains__), passedOn)


class Who(SynchronousTestCase):
    def setUp(self) -> None:
        self.identity = Identity(ANONYMOUS, NOBODY, Keys())

    def test_withoutAToken(self) -> None:
        """On this machine somebody else than from elsewhere, or through a proxy on this machine."""
        self.assertIs(self.identity.who(None, HERE), ANONYMOUS)
        self.assertIs(self.identity.who(None, THERE), NOBODY)
        self.assertIs(self.identity.who(None, HERE, passedOn=True), NOBODY)

    def test_everywhereTheSame(self) -> None:
        viewer = Principal("anonymous", Role.VIEWER)
        self.assertIs(Identity(viewer).who(None, THERE), viewer)

    def test_token(self) -> None:
        for peer in (HERE, THERE):
            self.assertIs(self.identity.who("dog_good", peer), PANEL)

    def test_badToken(self) -> None:
        """It is nobody's, wherever it comes from, and never the anonymous client's."""
        for identity in (self.identity, Identity(ANONYMOUS)):
            for token in ("dog_bad", ""):
                refused: Any = identity.who(token, HERE)
                refusal = self.failureResultOf(refused, Refusal).value
                self.assertEqual(refusal.refused.code, Code.UNAUTHORIZED)
                self.assertNotIn("dog_bad", str(refusal))
