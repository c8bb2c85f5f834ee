"""What the gateway must not forget, in C{state.db}: last values, the end of the event log, the commands, the inbox.

Everything here blocks and runs in one thread, which L{dog.live.memory} owns. SQLite in WAL mode; the
schema's version is C{user_version}: an older file is copied aside and migrated, a newer one is refused.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dog.core.events import Event, Kind, Tail
from dog.core.ledger import Entry
from dog.core.tokens import Token
from dog.model.candidate import Candidate
from dog.model.catalogue import CommandType, catalogue
from dog.model.command import Command, Outcome, Stage
from dog.model.encode import decode, encode
from dog.model.rights import Principal, Role, Scope
from dog.model.values import Slot, Value

SCHEMA = (
    """
    CREATE TABLE epochs (
        number INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE, startedAt TEXT NOT NULL, lastId INTEGER, closedAt TEXT
    );
    CREATE TABLE events (eventId INTEGER PRIMARY KEY, epoch TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL);
    CREATE TABLE "values" (
        device TEXT NOT NULL, state TEXT NOT NULL, features TEXT NOT NULL,
        value TEXT NOT NULL, changedAt TEXT NOT NULL, heardAt TEXT NOT NULL,
        PRIMARY KEY (device, state, features)
    ) WITHOUT ROWID;
    CREATE TABLE commands (id TEXT PRIMARY KEY, acceptedAt TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
    """,
    """
    CREATE TABLE candidates (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
    """,
    """
    CREATE TABLE tokens (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, digest BLOB NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL, views TEXT NOT NULL, operates TEXT NOT NULL,
        createdAt TEXT NOT NULL, expiresAt TEXT, usedAt TEXT
    );
    """,
)
"""One script per version: what leads from the version before to it."""


class Newer(Exception):
    """The file was written by a later version of Dog."""


@dataclass(frozen=True)
class StoredValue:
    slot: Slot
    value: Value
    changedAt: datetime
    heardAt: datetime


@dataclass(frozen=True)
class Stored:
    """What was there at the start."""

    tail: Tail | None = None
    values: tuple[StoredValue, ...] = ()
    commands: tuple[Entry, ...] = ()
    candidates: tuple[Candidate, ...] = ()


@dataclass
class Batch:
    """What is to be written next. Later values replace earlier ones.

    @ivar candidates: those of the inbox by id, as they are now; None: gone.
    """

    events: list[Event] = field(default_factory=list)
    values: dict[Slot, StoredValue | None] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    candidates: dict[str, Candidate | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.events or self.values or self.forgotten or self.candidates)


class StateFile:
    """The open file. Every method raises sqlite3.Error where the disk does not let it.

    @param maxEvents: rows kept of the event log.
    @param maxCommands: commands kept.
    """

    def __init__(self, path: Path, maxEvents: int = 5000, maxCommands: int = 1000) -> None:
        self._path = path
        self._maxEvents = maxEvents
        self._maxCommands = maxCommands
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._migrate()

    def _migrate(self) -> None:
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version > len(SCHEMA):
            self._db.close()
            raise Newer(f"{self._path} has version {version}; this Dog knows {len(SCHEMA)}")
        if 0 < version < len(SCHEMA):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copy2(self._path, f"{self._path}.v{version}")
        for number in range(version, len(SCHEMA)):
            self._db.executescript(f"BEGIN IMMEDIATE; {SCHEMA[number]} PRAGMA user_version={number + 1}; COMMIT;")

    def close(self) -> None:
        self._db.close()

    # -- reading --------------------------------------------------------------------------------------

    def load(self) -> Stored:
        """Everything, as it was left."""
        return Stored(self._tail(), tuple(self._values()), tuple(self._commands()), tuple(self._candidates()))

    def _tail(self) -> Tail | None:
        row = self._db.execute("SELECT epoch, lastId, closedAt FROM epochs ORDER BY number DESC LIMIT 1").fetchone()
        if row is None:
            return None
        epoch, lastId, closedAt = row
        last = self._db.execute("SELECT max(eventId) FROM events").fetchone()[0] or 0
        rows = self._db.execute("SELECT eventId, at, body FROM events WHERE epoch = ? ORDER BY eventId", (epoch,))
        return Tail(epoch, tuple(map(_event, rows)), max(lastId or 0, last), closedAt is not None)

    def _values(self) -> Iterable[StoredValue]:
        for device, state, features, value, changedAt, heardAt in self._db.execute('SELECT * FROM "values"'):
            slot = Slot(device, state, _pairs(json.loads(features)))
            yield StoredValue(slot, decode(json.loads(value)), _instant(changedAt), _instant(heardAt))

    def _commands(self) -> Iterable[Entry]:
        for (body,) in self._db.execute("SELECT body FROM commands ORDER BY acceptedAt"):
            yield _entry(json.loads(body))

    def _candidates(self) -> Iterable[Candidate]:
        for (body,) in self._db.execute("SELECT body FROM candidates"):
            yield _candidate(json.loads(body))

    def copy(self) -> bytes:
        """The file as it is in this moment, with what is in the write-ahead log."""
        copied = sqlite3.connect(":memory:")
        try:
            self._db.backup(copied)
            return copied.serialize()
        finally:
            copied.close()

    # -- writing --------------------------------------------------------------------------------------

    def begin(self, epoch: str, at: datetime, lastId: int) -> None:
        """A new epoch; of the ones before, only the last one's events are of use."""

        def write(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM events WHERE epoch NOT IN (SELECT epoch FROM epochs ORDER BY number DESC LIMIT 1)")
            db.execute("DELETE FROM epochs WHERE number < (SELECT max(number) FROM epochs)")
            db.execute(
                "INSERT INTO epochs (epoch, startedAt, lastId) VALUES (?, ?, ?)", (epoch, at.isoformat(), lastId)
            )

        self._transaction(write)

    def write(self, epoch: str, batch: Batch) -> None:
        """All of a batch or nothing."""

        def write(db: sqlite3.Connection) -> None:
            db.executemany(
                "INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?)",
                [(each.eventId, epoch, each.at.isoformat(), json.dumps(_eventBody(each))) for each in batch.events],
            )
            if batch.events:
                last = batch.events[-1].eventId
                db.execute("UPDATE epochs SET lastId = ? WHERE epoch = ?", (last, epoch))
                db.execute("DELETE FROM events WHERE eventId <= ?", (last - self._maxEvents,))
            db.executemany('DELETE FROM "values" WHERE device = ?', [(each,) for each in batch.forgotten])
            db.executemany('INSERT OR REPLACE INTO "values" VALUES (?, ?, ?, ?, ?, ?)', map(_valueRow, _kept(batch)))
            for id, candidate in batch.candidates.items():
                if candidate is None:
                    db.execute("DELETE FROM candidates WHERE id = ?", (id,))
                else:
                    body = json.dumps(_candidateBody(candidate))
                    db.execute("INSERT OR REPLACE INTO candidates VALUES (?, ?)", (id, body))

        self._transaction(write)

    def command(self, entry: Entry) -> None:
        """A command as it is now; on disk when this returns."""

        def write(db: sqlite3.Connection) -> None:
            row = (entry.command.id, entry.acceptedAt.isoformat(), json.dumps(_entryBody(entry)))
            db.execute("INSERT OR REPLACE INTO commands VALUES (?, ?, ?)", row)
            db.execute(
                "DELETE FROM commands WHERE id IN"
                " (SELECT id FROM commands ORDER BY acceptedAt DESC LIMIT -1 OFFSET ?)",
                (self._maxCommands,),
            )

        self._transaction(write)

    # -- tokens ---------------------------------------------------------------------------------------

    def tokens(self) -> list[tuple[Token, datetime | None]]:
        """Every token, the oldest first, and when it was last used."""
        rows = self._db.execute(
            "SELECT id, digest, name, role, views, operates, createdAt, expiresAt, usedAt FROM tokens ORDER BY number"
        )
        return [_token(row) for row in rows]

    def addToken(self, token: Token) -> None:
        """One more; on disk when this returns. So with the next one."""
        who = token.principal
        expiresAt = None if token.expiresAt is None else token.expiresAt.isoformat()
        scopes = _scopeText(who.views), _scopeText(who.operates)
        row = (token.id, token.digest, who.name, who.role.value, *scopes, token.createdAt.isoformat(), expiresAt)
        self._transaction(
            lambda db: db.execute(
                "INSERT INTO tokens (id, digest, name, role, views, operates, createdAt, expiresAt)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        )

    def dropToken(self, id: str) -> None:
        self._transaction(lambda db: db.execute("DELETE FROM tokens WHERE id = ?", (id,)))

    def tokensUsed(self, used: Iterable[tuple[str, datetime]]) -> None:
        """When tokens, by their ids, were last used."""
        rows = [(at.isoformat(), id) for id, at in used]
        self._transaction(lambda db: db.executemany("UPDATE tokens SET usedAt = ? WHERE id = ?", rows))

    # -- the end --------------------------------------------------------------------------------------

    def end(self, epoch: str, at: datetime, lastId: int) -> None:
        """The closing record: nothing more happens in this epoch."""
        self._transaction(
            lambda db: db.execute(
                "UPDATE epochs SET closedAt = ?, lastId = ? WHERE epoch = ?", (at.isoformat(), lastId, epoch)
            )
        )

    def _transaction(self, write: Callable[[sqlite3.Connection], object]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            write(self._db)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


# What is read may be a failing disk's, or somebody else's: ValueError where it is nothing that was written here.


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")
    return value


def _pairs(value: Iterable[Iterable[object]]) -> tuple[tuple[str, str], ...]:
    return tuple((_text(name), _text(text)) for name, text in value)


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} is an instant of no time zone")
    return found


def _scopeText(scope: Scope) -> str:
    return json.dumps([scope.devices, scope.rooms, scope.classes])


def _scope(text: str) -> Scope:
    return Scope(*(None if each is None else tuple(each) for each in json.loads(text)))


def _token(row: tuple[Any, ...]) -> tuple[Token, datetime | None]:
    id, digest, name, role, views, operates, createdAt, *instants = row
    expiresAt, usedAt = (None if each is None else _instant(each) for each in instants)
    principal = Principal(name, Role(role), _scope(views), _scope(operates), id)
    return Token(principal, digest, _instant(createdAt), expiresAt), usedAt


def _kept(batch: Batch) -> Iterable[StoredValue]:
    return (each for each in batch.values.values() if each is not None)


def _valueRow(stored: StoredValue) -> tuple[str, ...]:
    slot = stored.slot
    value = json.dumps(encode(stored.value))
    features = json.dumps(slot.features)
    return slot.device, slot.state, features, value, stored.changedAt.isoformat(), stored.heardAt.isoformat()


def _eventBody(event: Event) -> dict[str, Any]:
    return {
        "kind": event.kind.value,
        "device": event.device,
        "notification": None if event.notification is None else event.notification.cls,
        "params": {name: encode(value) for name, value in event.params.items()},
        "slots": [[each.state, each.features] for each in event.slots],
        "discrete": event.discrete,
        "stateChange": event.stateChange,
        "details": dict(event.details),
    }


def _event(row: tuple[int, str, str]) -> Event:
    eventId, at, text = row
    body: Mapping[str, Any] = json.loads(text)
    device = body["device"]
    notification = body["notification"]
    return Event(
        eventId,
        _instant(at),
        Kind(body["kind"]),
        device,
        None if notification is None else catalogue().notification(notification),
        {name: decode(value) for name, value in body["params"].items()},
        tuple(Slot(device, state, _pairs(features)) for state, features in body["slots"]),
        body["discrete"],
        body["stateChange"],
        body["details"],
    )


def _entryBody(entry: Entry) -> dict[str, Any]:
    command, outcome = entry.command, entry.outcome
    return {
        "id": command.id,
        "device": command.device,
        "type": command.type.cls,
        "name": command.type.name,
        "args": {name: encode(value) for name, value in command.args.items()},
        "who": [command.who.name, command.who.role.value],
        "key": command.key,
        "acceptedAt": entry.acceptedAt.isoformat(),
        "outcome": None if outcome is None else [outcome.stage.value, outcome.code, outcome.reason],
        "settledAt": None if entry.settledAt is None else entry.settledAt.isoformat(),
    }


def _entry(body: Mapping[str, Any]) -> Entry:
    name, role = body["who"]
    type = catalogue().command(body["type"])
    if type is None or type.name != body["name"]:
        type = CommandType(body["type"], body["name"])
    args = {name: decode(value) for name, value in body["args"].items()}
    outcome = body["outcome"]
    settledAt = body["settledAt"]
    return Entry(
        Command(body["id"], body["device"], type, args, 0.0, Principal(name, Role(role)), body["key"]),
        _instant(body["acceptedAt"]),
        None if outcome is None else Outcome(Stage(outcome[0]), outcome[1], outcome[2]),
        None if settledAt is None else _instant(settledAt),
    )


def _candidateBody(candidate: Candidate) -> dict[str, Any]:
    instants = {name: getattr(candidate, name).isoformat() for name in ("firstSeen", "lastSeen")}
    return asdict(candidate) | instants


def _candidate(body: Mapping[str, Any]) -> Candidate:
    instants = {name: _instant(body[name]) for name in ("firstSeen", "lastSeen")}
    lists = {name: tuple(map(_text, body[name])) for name in ("classes", "identity")}
    pairs = {name: _pairs(body[name]) for name in ("params", "about")}
    for name in ("driver", "key", "domoticSystem", "deviceId", "description"):
        _text(body[name])
    return Candidate(**(dict(body) | instants | lists | pairs))
