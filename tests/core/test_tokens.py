"""Tokens as the gateway knows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from twisted.trial.unittest import SynchronousTestCase

from dog.core.tokens import LENGTH, PREFIX, Keyring, Token, digestOf
from dog.model.rights import Principal, Role

NOW = datetime(2024, 5, 1, tzinfo=UTC)
SECRET = PREFIX + "a" * (LENGTH - len(PREFIX))


class KeyringTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.keys = Keyring()
        self.token = Token(Principal("panel", Role.USER, token="t1"), digestOf(SECRET), NOW)
        self.keys.add(self.token)

    def test_digest(self) -> None:
        """The SHA-256 of its text, so that files can be read for ever."""
        self.assertEqual(digestOf(SECRET), sha256(SECRET.encode()).digest())

    def test_bring(self) -> None:
        self.assertIsNone(self.keys.usedAt("t1"))
        self.assertIs(self.keys.bring(SECRET, NOW), self.token)
        self.assertEqual(self.keys.usedAt("t1"), NOW)

    def test_noToken(self) -> None:
        for wrong in ("", PREFIX, SECRET[:-1], SECRET + "a", SECRET[:-1] + "b", SECRET.upper(), "x" * 10**6):
            self.assertIsNone(self.keys.bring(wrong, NOW), wrong[:60])
        self.assertIsNone(self.keys.usedAt("t1"))

    def test_expires(self) -> None:
        self.keys.add(replace(self.token, expiresAt=NOW + timedelta(seconds=1)))
        self.assertIsNotNone(self.keys.bring(SECRET, NOW))
        self.assertIsNone(self.keys.bring(SECRET, NOW + timedelta(seconds=1)))

    def test_nextExpiry(self) -> None:
        self.assertIsNone(self.keys.nextExpiry(NOW))
        for number, seconds in enumerate((-1, 0, 7, 5)):
            who = Principal(f"n{number}", Role.USER, token=f"n{number}")
            self.keys.add(Token(who, bytes([number]), NOW, NOW + timedelta(seconds=seconds)))
        self.assertEqual(self.keys.nextExpiry(NOW), NOW + timedelta(seconds=5))

    def test_remove(self) -> None:
        self.keys.bring(SECRET, NOW)
        self.keys.remove("t1")
        self.assertIsNone(self.keys.bring(SECRET, NOW))
        self.assertEqual((len(self.keys), self.keys.usedAt("t1"), self.keys.named("panel")), (0, None, None))

    def test_notShown(self) -> None:
        """Not even the hash is in a repr."""
        self.assertNotIn("digest", repr(self.token))
        self.assertNotIn(repr(digestOf(SECRET))[2:20], repr(self.token))
