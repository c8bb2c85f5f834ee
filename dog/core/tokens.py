"""Tokens: by which somebody says who he is. Pure: secrets are made and stored in L{dog.live.tokens}.

What is kept of a token is its SHA-256. It has 256 random bits, so there is nothing to guess that a slow hash would
have to protect, and every request pays for the hash.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from dog.model.rights import Principal

#: How every token begins: scanners for leaked secrets know it by that.
PREFIX = "dog_"

#: Characters of a token: the prefix and 32 bytes as base64url. What is longer is none, and is not hashed.
LENGTH = len(PREFIX) + 43


def digestOf(secret: str) -> bytes:
    """What is kept of a token."""
    return sha256(secret.encode("utf-8", "replace")).digest()


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is known; the token itself is not.

    @ivar principal: who brings it, with the token's name and id.
    @ivar expiresAt: None: never.
    """

    principal: Principal
    digest: bytes = field(repr=False)
    createdAt: datetime
    expiresAt: datetime | None = None

    @property
    def id(self) -> str:
        assert self.principal.token is not None
        return self.principal.token

    def expired(self, at: datetime) -> bool:
        return self.expiresAt is not None and self.expiresAt <= at


class Keyring:
    """Every token there is, and when each was last brought."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._byDigest: dict[bytes, Token] = {}
        self._usedAt: dict[str, datetime] = {}

    def __len__(self) -> int:
        return len(self._tokens)

    def __iter__(self) -> Iterator[Token]:
        """In the order in which they were made."""
        return iter(self._tokens.values())

    def get(self, id: str) -> Token | None:
        return self._tokens.get(id)

    def named(self, name: str) -> Token | None:
        return next((each for each in self if each.principal.name == name), None)

    def usedAt(self, id: str) -> datetime | None:
        return self._usedAt.get(id)

    def add(self, token: Token, usedAt: datetime | None = None) -> None:
        self._tokens[token.id] = self._byDigest[token.digest] = token
        if usedAt is not None:
            self._usedAt[token.id] = usedAt

    def remove(self, id: str) -> None:
        del self._byDigest[self._tokens.pop(id).digest]
        self._usedAt.pop(id, None)

    def bring(self, secret: str, at: datetime) -> Token | None:
        """The token that this is, if it is one and has not expired; notes that it was used."""
        if len(secret) != LENGTH or not secret.startswith(PREFIX):
            return None
        # A look-up by the hash tells nothing by the time it takes: nobody can choose a hash's first bytes.
        found = self._byDigest.get(digestOf(secret))
        if found is None or found.expired(at):
            return None
        self._usedAt[found.id] = at
        return found

    def nextExpiry(self, at: datetime) -> datetime | None:
        """The first instant after C{at} at which one expires."""
        coming = [each.expiresAt for each in self if each.expiresAt is not None and each.expiresAt > at]
        return min(coming, default=None)
