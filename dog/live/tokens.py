"""Tokens that outlast the gateway: made, revoked, expired; in C{state.db}, on disk before anybody is told."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from dog.core.tokens import PREFIX, Keyring, Token, digestOf
from dog.live.memory import Memory
from dog.live.state import StateFile
from dog.live.stepper import Stepper, Timer
from dog.model.refusal import Code, Refusal, quoted
from dog.model.rights import EVERYWHERE, RESERVED, Principal, Role, Scope

#: Tokens that one house may have.
MAX_TOKENS = 1000

#: The file in the state directory that holds the first admin's token.
ADMIN_FILE = "admin.token"

#: Seconds after which an expiry is looked at again, whatever the system's clock has done meanwhile.
AT_MOST = 60.0

#: Seconds between writes of when tokens were last used: memory cards have a budget.
USED_EVERY = 600.0


def newSecret() -> str:
    """A token: 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


class Tokens:
    """The tokens of the house. Without a memory there are none, and everybody who brings one is refused.

    @param memory: where they are kept.
    @param folder: the state directory, for the first admin's token.
    """

    log = Logger()

    def __init__(self, stepper: Stepper, memory: Memory | None = None, folder: Path | None = None) -> None:
        self._stepper = stepper
        self._memory = memory
        self._folder = folder
        self._keys = Keyring()
        self._ended: list[Callable[[Principal], object]] = []
        self._unwritten: set[str] = set()
        self._expired: set[str] = set()
        self._expiry: Timer | None = None
        self._writing: Timer | None = None

    def __iter__(self) -> Iterator[Token]:
        return iter(self._keys)

    def get(self, id: str) -> Token | None:
        return self._keys.get(id)

    def usedAt(self, id: str) -> datetime | None:
        return self._keys.usedAt(id)

    def expired(self, token: Token) -> bool:
        return token.expired(self._stepper.now().utc)

    def listen(self, ended: Callable[[Principal], object]) -> None:
        """C{ended} is called with whoever has lost his token just now: revoked or expired."""
        self._ended.append(ended)

    def recall(self) -> bool:
        """Read them, blocking, after the memory was; make the first admin's where there is no admin's: True."""
        if self._memory is None:
            return False
        now = self._stepper.now().utc
        for token, usedAt in self._memory.tokens:
            self._keys.add(token, usedAt)
        file = self._memory.file
        first = not any(each.principal.role is Role.ADMIN and not each.expired(now) for each in self)
        made = False
        try:
            if file is not None and first:
                self._makeFirst(file)
                made = True
        except (OSError, sqlite3.Error) as error:
            self.log.error("the first token can't be written: {error}", error=str(error))
        self._expired.update(each.id for each in self if each.expired(now))
        self._look()
        return made

    def _makeFirst(self, file: StateFile) -> None:
        """The file comes first: a token that nobody has would be of no use, and the next start makes another one."""
        assert self._folder is not None
        name = next(each for each in _names("admin") if self._keys.named(each) is None)
        secret, token = self._make(name, Role.ADMIN)
        path = self._folder / ADMIN_FILE
        writePrivately(path, secret + "\n")
        file.addToken(token)
        self._keys.add(token)
        self.log.info("the admin's token is in {path}", path=str(path))

    # -- who is it ------------------------------------------------------------------------------------

    def principal(self, secret: str) -> Principal | None:
        """Whose token this is; None where it is none, or none any more."""
        found = self._keys.bring(secret, self._stepper.now().utc)
        if found is None:
            return None
        self._unwritten.add(found.id)
        if self._writing is None:
            self._writing = self._stepper.callLater(USED_EVERY, self._writeUsed)
        return found.principal

    # -- made and revoked -----------------------------------------------------------------------------

    def create(
        self,
        name: str,
        role: Role,
        views: Scope = EVERYWHERE,
        operates: Scope = EVERYWHERE,
        expiresAt: datetime | None = None,
    ) -> Deferred[tuple[str, Token]]:
        """Make a token. Fires with it, which nobody will know any more, and with what is kept of it, once on disk.

        Fails with L{Refusal} C{storage} where the disk does not take it.

        @raise Refusal: C{storage}: there is no state directory; C{duplicate_id}: the name is another one's;
            C{bad_value}: of the rights or the expiry, or there are too many.
        """
        if self._memory is None or self._memory.file is None:
            raise Refusal(Code.STORAGE, "tokens are kept in the state directory, and there is none (state_dir)")
        if name in RESERVED or self._keys.named(name) is not None:
            raise Refusal(Code.DUPLICATE_ID, f"there is somebody called {quoted(name)} already", name=name)
        if len(self._keys) >= MAX_TOKENS:
            raise Refusal(Code.BAD_VALUE, f"there are {MAX_TOKENS} tokens already")
        if expiresAt is not None and expiresAt <= self._stepper.now().utc:
            raise Refusal(Code.BAD_VALUE, "expiresAt has passed already", parameter="expiresAt")
        secret, token = self._make(name, role, views, operates, expiresAt)
        self._keys.add(token)  # the name is taken from now on; nobody knows the secret until it is on disk

        def stored(_: object) -> tuple[str, Token]:
            self._look()
            return secret, token

        def failed(failure: Failure) -> Failure:
            if self._keys.get(token.id) is token:
                self._keys.remove(token.id)
            return failure

        return self._write(lambda file: file.addToken(token)).addCallbacks(stored, failed)

    def revoke(self, id: str) -> Deferred[None]:
        """Whoever brings it is refused from now on, and whoever has come with it goes. Fires once that is on disk.

        Fails with L{Refusal} C{storage} where the disk does not take it: after a restart it would be a token again.

        @raise Refusal: C{not_found}.
        """
        token = self._keys.get(id)
        if token is None:
            raise Refusal(Code.NOT_FOUND, f"there is no token {quoted(id)}")
        self._keys.remove(id)
        self._unwritten.discard(id)
        self._expired.discard(id)
        self._tell(token)
        return self._write(lambda file: file.dropToken(id))

    def _make(
        self,
        name: str,
        role: Role,
        views: Scope = EVERYWHERE,
        operates: Scope = EVERYWHERE,
        expiresAt: datetime | None = None,
    ) -> tuple[str, Token]:
        secret = newSecret()
        while self._keys.get(id := secrets.token_hex(4)) is not None:
            pass
        try:
            principal = Principal(name, role, views, operates, id)
        except ValueError as error:
            raise Refusal(Code.BAD_VALUE, str(error), parameter="role") from None
        return secret, Token(principal, digestOf(secret), self._stepper.now().utc, expiresAt)

    def _write(self, call: Callable[[StateFile], None]) -> Deferred[None]:
        assert self._memory is not None, "there is no token without a memory"
        return self._memory.run(call).addErrback(_unstorable)

    # -- time -----------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Tell of those that have expired, and look again when the next one does."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        now = self._stepper.now().utc
        for token in list(self._keys):
            if not token.expired(now):
                self._expired.discard(token.id)  # the system's clock was put back
            elif token.id not in self._expired:
                self._expired.add(token.id)
                self.log.info("the token {name} has expired", name=token.principal.name)
                self._tell(token)
        at = self._keys.nextExpiry(now)
        if at is not None:
            self._expiry = self._stepper.callLater(min(AT_MOST, (at - now).total_seconds()), self._look)

    def _tell(self, token: Token) -> None:
        for ended in self._ended:
            try:
                ended(token.principal)
            except Exception:
                self.log.failure("{ended!r} failed when a token ended", ended=ended)

    def _writeUsed(self) -> None:
        self._writing = None
        found = [(id, at) for id in self._unwritten if (at := self._keys.usedAt(id)) is not None]
        self._unwritten.clear()
        if found:
            self._write(lambda file: file.tokensUsed(found)).addErrback(self._unwritable)

    def _unwritable(self, failure: Failure) -> None:
        self.log.warn("when tokens were used can't be written: {error}", error=failure.getErrorMessage())

    def close(self) -> None:
        """Write what waits, before the memory is closed."""
        for timer in (self._expiry, self._writing):
            if timer is not None:
                timer.cancel()
        self._expiry = None
        self._writeUsed()


def _unstorable(failure: Failure) -> None:
    failure.trap(sqlite3.Error)
    raise Refusal(Code.STORAGE, f"the state directory does not take it: {failure.getErrorMessage()}")


def _names(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def writePrivately(path: Path, text: str) -> None:
    """A file that only its owner reads, at no moment anybody else; in place of one that may be there. OSError."""
    aside = path.with_name(f"{path.name}.new")
    aside.unlink(missing_ok=True)
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
