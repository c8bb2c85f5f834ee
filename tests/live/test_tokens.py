"""Tokens that outlast a restart."""

from __future__ import annotations

import os
import sqlite3
import stat
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import formatEvent
from twisted.trial.unittest import SynchronousTestCase

from dog.core.tokens import LENGTH, PREFIX, Token
from dog.live import tokens
from dog.live.memory import Memory
from dog.live.state import StateFile
from dog.live.tokens import ADMIN_FILE, USED_EVERY, Tokens, writePrivately
from dog.model.refusal import Code, Refusal
from dog.model.rights import Principal, Role, Scope
from dog.testing.links import EPOCH
from tests.live.house import RunningHouse
from tests.logs import record

KITCHEN = Scope(rooms=("kitchen",))


class TokensTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.ended: list[Principal] = []
        self.runs = count()
        self.start()
        self.addCleanup(self.stop)

    def start(self, later: timedelta = timedelta()) -> None:
        self.house = RunningHouse()
        utcNow = self.house.stepper._utcNow
        self.house.stepper._utcNow = lambda: utcNow() + later
        self.house.core.log.epoch = f"epoch {next(self.runs)}"
        self.memory = Memory(self.house.stepper, self.folder / "state.db", maybeDeferred)
        self.memory.recall()
        self.tokens = Tokens(self.house.stepper, self.memory, self.folder)
        self.tokens.listen(self.ended.append)
        self.tokens.recall()

    def stop(self) -> None:
        self.tokens.close()
        self.house.stepper.stop()
        self.successResultOf(self.memory.close())

    def restart(self, later: timedelta = timedelta()) -> None:
        self.stop()
        self.start(later)

    def create(self, name: str = "panel", role: Role = Role.USER, **more: object) -> tuple[str, Token]:
        made: tuple[str, Token] = self.successResultOf(self.tokens.create(name, role, **more))  # type: ignore[arg-type]
        return made

    def refused(self, name: str, role: Role = Role.USER, **more: object) -> Code:
        refusal = self.assertRaises(Refusal, self.tokens.create, name, role, **more)
        code: Code = refusal.refused.code
        return code

    def first(self) -> str:
        return (self.folder / ADMIN_FILE).read_text("ascii").strip()

    # -- the first one ----------------------------------------------------------------------------------

    def test_first(self) -> None:
        """An admin's, in a file that only its owner reads; the next start leaves it as it is."""
        secret = self.first()
        self.assertEqual(stat.S_IMODE((self.folder / ADMIN_FILE).stat().st_mode), 0o600)
        who = self.tokens.principal(secret)
        assert who is not None
        self.assertEqual((who.name, who.role, who.unrestricted), ("admin", Role.ADMIN, True))
        self.restart()
        self.assertEqual(self.first(), secret)
        self.assertEqual(self.tokens.principal(secret), who)

    def test_firstIsNotLogged(self) -> None:
        logged = record(self)
        self.folder = self.folder / "other"
        self.restart()
        self.assertEqual(1, len([each for each in map(formatEvent, logged) if ADMIN_FILE in each]))
        self.assertNotIn(self.first(), repr(logged))

    def test_noAdminLeft(self) -> None:
        """Where no admin's token is left at a start, there is a new one: nobody is locked out for good."""
        [admin] = self.tokens
        old = self.first()
        self.create()
        self.successResultOf(self.tokens.revoke(admin.id))
        self.restart()
        self.assertNotEqual(self.first(), old)
        self.assertIsNone(self.tokens.principal(old))
        self.assertIsNotNone(self.tokens.principal(self.first()))
        self.assertEqual([each.principal.name for each in self.tokens], ["panel", "admin"])

    def test_fileFirst(self) -> None:
        """A crash between the file and the database costs nothing: the next start makes another one."""
        self.stop()
        self.folder = Path(self.mktemp())
        self.patch(StateFile, "addToken", lambda *_: (_ for _ in ()).throw(sqlite3.OperationalError("cut")))
        self.start()
        lost = self.first()
        self.assertEqual(list(self.tokens), [])
        self.flushLoggedErrors()
        self.stop()
        self.patch(StateFile, "addToken", _addToken)
        self.start()
        self.assertNotEqual(self.first(), lost)
        self.assertIsNotNone(self.tokens.principal(self.first()))

    def test_writePrivately(self) -> None:
        """Never through a link, never into a file that others opened before; whatever the umask."""
        path = self.folder / "secret"
        mine = self.folder / "mine"
        mine.write_text("mine")
        path.with_name("secret.new").symlink_to(mine.absolute())
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        writePrivately(path, "x\n")
        self.assertEqual((path.read_text(), mine.read_text()), ("x\n", "mine"))
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertFalse(path.is_symlink())

    # -- made -------------------------------------------------------------------------------------------

    def test_secrets(self) -> None:
        """256 random bits in base64url, marked so that scanners know it."""
        found = {tokens.newSecret() for _ in range(100)}
        self.assertEqual(len(found), 100)
        for each in found:
            self.assertRegex(each, r"\Adog_[A-Za-z0-9_-]{43}\Z")
            self.assertEqual((len(each), each.startswith(PREFIX)), (LENGTH, True))

    def test_outlasts(self) -> None:
        until = EPOCH + timedelta(days=1)
        secret, token = self.create(views=KITCHEN, operates=Scope(classes=("Lamp",), devices=()), expiresAt=until)
        self.restart()
        self.assertEqual(self.tokens.get(token.id), token)
        who = self.tokens.principal(secret)
        assert who is not None
        self.assertEqual((who.name, who.role, who.views, who.token), ("panel", Role.USER, KITCHEN, token.id))
        self.assertEqual(who.operates, Scope(classes=("Lamp",), devices=()))
        self.assertIsNone(self.tokens.principal(secret[:-1] + ("A" if secret[-1] != "A" else "B")))

    def test_notStored(self) -> None:
        """No file holds a token, but the first admin's the one that is meant for it."""
        secret, _ = self.create()
        self.stop()
        found = {
            each.name
            for each in self.folder.iterdir()
            for known in (secret, self.first())
            if known.encode() in each.read_bytes()
        }
        self.start()
        self.assertEqual(found, {ADMIN_FILE})

    def test_onDiskBeforeItIsTold(self) -> None:
        """And nothing of it is left where the disk does not take it."""
        waiting: Deferred[None] = Deferred()
        self.patch(self.memory, "run", lambda call: waiting)
        made = self.tokens.create("panel", Role.USER)
        self.assertNoResult(made)
        self.assertEqual(self.refused("panel"), Code.DUPLICATE_ID)
        waiting.errback(sqlite3.OperationalError("disk I/O error"))
        self.assertEqual(self.failureResultOf(made, Refusal).value.refused.code, Code.STORAGE)
        self.assertEqual([each.principal.name for each in self.tokens], ["admin"])

    def test_refused(self) -> None:
        self.create()
        for name in ("panel", "admin", "anonymous", "gateway"):
            self.assertEqual(self.refused(name), Code.DUPLICATE_ID)
        self.assertEqual(self.refused("a", Role.ADMIN, views=KITCHEN), Code.BAD_VALUE)
        self.assertEqual(self.refused("a", expiresAt=EPOCH), Code.BAD_VALUE)
        self.patch(tokens, "MAX_TOKENS", 2)
        self.assertEqual(self.refused("a"), Code.BAD_VALUE)
        self.assertEqual([each.principal.name for each in self.tokens], ["admin", "panel"])

    def test_noStateDirectory(self) -> None:
        """There are no tokens then, and none can be made."""
        without = Tokens(self.house.stepper)
        without.recall()
        self.assertIsNone(without.principal(self.first()))
        self.assertEqual(self.assertRaises(Refusal, without.create, "a", Role.USER).refused.code, Code.STORAGE)
        without.close()

    def test_readOnly(self) -> None:
        """Where C{state.db} can't be written, those that were made are valid, and one that was revoked is not."""
        secret, token = self.create()
        gone, other = self.create("other")
        self.successResultOf(self.tokens.revoke(other.id))
        connect = sqlite3.connect

        def readOnly(path: Any, **options: Any) -> Any:
            if Path(path) == self.folder / "state.db":
                raise sqlite3.OperationalError("attempt to write a readonly database")
            return connect(path, **options)

        admin = self.first()
        crashed, self.memory._file = self.memory._file, None  # so that the write-ahead log is still one
        assert crashed is not None
        self.addCleanup(crashed.close)
        self.patch(sqlite3, "connect", readOnly)
        self.restart()
        self.assertEqual(self.tokens.principal(secret), token.principal)
        self.assertIsNone(self.tokens.principal(gone))
        self.assertIsNotNone(self.tokens.principal(admin))
        self.assertEqual(self.first(), admin)
        self.assertEqual(self.refused("new"), Code.STORAGE)
        self.failureResultOf(self.tokens.revoke(token.id), Refusal)
        self.assertIsNone(self.tokens.principal(secret))

    # -- ended ------------------------------------------------------------------------------------------

    def test_revoke(self) -> None:
        secret, token = self.create()
        self.successResultOf(self.tokens.revoke(token.id))
        self.assertEqual(self.ended, [token.principal])
        self.assertIsNone(self.tokens.principal(secret))
        self.restart()
        self.assertIsNone(self.tokens.principal(secret))
        refusal = self.assertRaises(Refusal, self.tokens.revoke, token.id)
        self.assertEqual(refusal.refused.code, Code.NOT_FOUND)
        self.create()  # the name is free again

    def test_revokedWhateverTheDiskSays(self) -> None:
        secret, token = self.create()
        self.patch(self.memory, "_inTurn", lambda call: maybeDeferred(_raise))
        code = self.failureResultOf(self.tokens.revoke(token.id), Refusal).value.refused.code
        self.assertEqual((code, self.ended), (Code.STORAGE, [token.principal]))
        self.assertIsNone(self.tokens.principal(secret))

    def test_expires(self) -> None:
        """At its instant, without anybody asking; told once."""
        secret, token = self.create(expiresAt=EPOCH + timedelta(seconds=90))
        _, later = self.create("later", expiresAt=EPOCH + timedelta(seconds=100))
        self.house.clock.pump([30, 30, 29])
        self.assertEqual(self.ended, [])
        self.assertIsNotNone(self.tokens.principal(secret))
        self.house.clock.advance(1)
        self.assertEqual(self.ended, [token.principal])
        self.assertIsNone(self.tokens.principal(secret))
        self.assertTrue(self.tokens.expired(token))
        self.house.clock.pump([10, 100])
        self.assertEqual(self.ended, [token.principal, later.principal])
        self.restart(timedelta(seconds=200))
        self.house.clock.advance(200)
        self.assertEqual(len(self.ended), 2, "what was expired at the start has nobody to be told of")

    def test_clockPutForward(self) -> None:
        """The system's clock may jump: an expiry is noticed within a minute."""
        _, token = self.create(expiresAt=EPOCH + timedelta(days=300))
        utc = self.house.stepper._utcNow
        self.patch(self.house.stepper, "_utcNow", lambda: utc() + timedelta(days=400))
        self.house.clock.advance(60)
        self.assertEqual(self.ended, [token.principal])

    def test_aListenerThatFails(self) -> None:
        _, token = self.create()
        self.tokens._ended.insert(0, lambda principal: 1 / 0)
        self.successResultOf(self.tokens.revoke(token.id))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.ended, [token.principal])

    # -- used -------------------------------------------------------------------------------------------

    def test_used(self) -> None:
        """Known at once, written now and then and at the end."""
        secret, token = self.create()
        writes: list[object] = []

        def write(file: StateFile, used: Any) -> None:
            writes.append(used)
            _tokensUsed(file, used)

        self.patch(StateFile, "tokensUsed", write)
        self.house.clock.advance(5)
        for _ in range(3):
            self.tokens.principal(secret)
            self.house.clock.advance(1)
        used = EPOCH + timedelta(seconds=7)
        self.assertEqual(self.tokens.usedAt(token.id), used)
        self.assertEqual(writes, [])
        self.house.clock.advance(USED_EVERY)
        self.assertEqual(writes, [[(token.id, used)]])
        self.house.clock.advance(3 * USED_EVERY)
        self.assertEqual(len(writes), 1, "nothing new")
        self.tokens.principal(self.first())
        self.restart()
        self.assertEqual(self.tokens.usedAt(token.id), used)
        self.assertEqual(len(writes), 2)


_addToken = StateFile.addToken
_tokensUsed = StateFile.tokensUsed


def _raise() -> None:
    raise sqlite3.OperationalError("disk I/O error")
