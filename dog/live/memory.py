"""The gateway's memory over restarts: reads C{state.db} at the start, keeps it up to date in a thread of its own."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from dog.core.events import Event, Kind
from dog.core.ledger import Entry
from dog.core.tokens import Token
from dog.live.state import Batch, StateFile, Stored, StoredValue
from dog.live.stepper import Stepper, Timer
from dog.model.command import Outcome, Stage

T = TypeVar("T")

#: Runs blocking calls one after the other, in the order in which they were given.
InTurn = Callable[[Callable[[], Any]], "Deferred[Any]"]

#: What reading raises where rows hold something that no Dog has written.
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)

#: Files that can't be read, of which as many are kept.
MAX_ASIDE = 5


class Memory(Service):
    """Remembers events, values and commands.

    Values and events are written together, at most once in C{interval} seconds: memory cards have a budget. The
    outcome of a command is on disk before its caller is told.

    @param inTurn: a thread; C{maybeDeferred} in tests.
    @param interval: seconds between writes.
    @param maxWaiting: events that may wait while the disk does not take them; more are given up, and then
        this epoch gets no closing record: clients are told of a gap.
    @ivar tokens: those that were found at the start, and when each was last used.
    """

    log = Logger()

    def __init__(
        self, stepper: Stepper, path: Path, inTurn: InTurn, *, interval: float = 10.0, maxWaiting: int = 20_000
    ) -> None:
        self._stepper = stepper
        self._path = path
        self._inTurn = inTurn
        self._interval = interval
        self._maxWaiting = maxWaiting
        self._file: StateFile | None = None
        self.tokens: list[tuple[Token, datetime | None]] = []
        self._batch = Batch()
        self._timer: Timer | None = None
        self._writing = False
        self._flight: Deferred[None] = succeed(None)
        self._lost = False
        self._failing = False

    @property
    def epoch(self) -> str:
        return self._stepper.core.log.epoch

    def recall(self) -> None:
        """Open the file and give the core what it knew, blocking: after the home was read, before anything runs.

        A file that is no database is put aside. Where it can't be written, the gateway runs with what it holds and
        remembers nothing more; where it can't be read either, without a memory. It says so.
        Raises L{dog.live.state.Newer}.
        """
        stored: Stored | None = None
        try:
            try:
                self._file, stored = self._open()
            except sqlite3.OperationalError:
                raise
            except (sqlite3.DatabaseError, *_UNREADABLE) as error:
                aside = _aside(self._path)
                self.log.error(
                    "{path} can't be read, it is now {aside}: {error}",
                    path=str(self._path),
                    aside=aside,
                    error=str(error),
                )
                os.replace(self._path, aside)
                for suffix in ("-wal", "-shm"):
                    Path(f"{self._path}{suffix}").unlink(missing_ok=True)
                self._file, stored = self._open()
            self._restore(stored)
            self._file.begin(self.epoch, self._stepper.now().utc, self._stepper.core.log.lastId)
        except (OSError, sqlite3.Error) as error:
            self.log.error(
                "{path}: {error}: what happens will be forgotten at the end", path=str(self._path), error=str(error)
            )
            if self._file is not None:
                self._file.close()
                self._file = None
            if stored is None:
                self._peek()
            return
        self._stepper.listen(self._heard)

    def _restore(self, stored: Stored) -> None:
        self._stepper.core.restore(
            stored.tail,
            ((each.slot, each.value, each.changedAt, each.heardAt) for each in stored.values),
            map(_settled, stored.commands),
            stored.candidates,
        )

    def _open(self, path: Path | None = None) -> tuple[StateFile, Stored]:
        file = StateFile(path or self._path)
        try:
            stored = file.load()
            self.tokens = file.tokens()  # what can't be read of them is found here
            return file, stored
        except BaseException:
            file.close()
            raise

    def _peek(self) -> None:
        """Know what the file holds, by a copy: SQLite needs to write where it reads. The write-ahead log is part of
        it; without that a token that was revoked would be valid again.
        """
        try:
            with TemporaryDirectory(prefix="dog-") as folder:
                for suffix in ("", "-wal"):
                    if suffix == "" or os.path.exists(f"{self._path}{suffix}"):
                        shutil.copyfile(f"{self._path}{suffix}", f"{folder}/{self._path.name}{suffix}")
                file, stored = self._open(Path(folder) / self._path.name)
                file.close()
        except (OSError, sqlite3.Error, *_UNREADABLE) as error:
            self.log.error("{path} can't be read either: {error}", path=str(self._path), error=str(error))
            return
        self._restore(stored)
        self.log.warn("{path} is read only: tokens and last values are as they were", path=str(self._path))

    # -- while it runs --------------------------------------------------------------------------------

    def _heard(self, events: Sequence[Event]) -> None:
        batch, values = self._batch, self._stepper.core.values
        batch.events.extend(events)
        for event in events:
            for slot in event.slots:
                held = values.get(slot)
                if held is not None:
                    batch.values[slot] = StoredValue(slot, held.value, held.changedAt, held.heardAt)
            if event.kind is Kind.DEVICE_CHANGED and event.device and event.details.get("what") != "moved":
                batch.forgotten.add(event.device)
                for slot in [each for each in batch.values if each.device == event.device]:
                    del batch.values[slot]
        if len(batch.events) > self._maxWaiting:
            del batch.events[: len(batch.events) - self._maxWaiting]
            self._lost = True
        if self._timer is None and not self._writing:
            self._timer = self._stepper.callLater(self._interval, self._flush)

    def _flush(self) -> Deferred[None]:
        self._timer = None
        file = self._file
        self._batch.candidates |= self._stepper.core.inbox.takeChanged()
        if file is None or self._writing or not self._batch:
            return succeed(None)
        batch, self._batch = self._batch, Batch()
        self._writing = True

        def written(result: Any) -> None:
            self._writing = False
            if isinstance(result, Failure):
                self._complain(result)
                self._putBack(batch)
            else:
                self._failing = False
            if self._batch and self.running:
                self._timer = self._stepper.callLater(self._interval, self._flush)

        self._flight = self._inTurn(lambda: file.write(self.epoch, batch)).addBoth(written)
        return self._flight

    def _putBack(self, batch: Batch) -> None:
        """What was not written is tried again, behind what has come since."""
        newer = self._batch
        batch.events.extend(newer.events)
        for slot in [each for each in batch.values if each.device in newer.forgotten]:
            del batch.values[slot]
        batch.values.update(newer.values)
        batch.forgotten |= newer.forgotten
        batch.candidates |= newer.candidates
        self._batch = batch

    def _complain(self, failure: Failure) -> None:
        """Once, until it works again."""
        if not self._failing:
            self.log.error("{path} can't be written: {error}", path=str(self._path), error=failure.getErrorMessage())
        self._failing = True

    def remember(self, entry: Entry) -> Deferred[None]:
        """Put a command on disk. Fires when it is there, or when that was tried in vain; never fails."""
        file = self._file
        if file is None:
            return succeed(None)
        copy = replace(entry)
        return self._inTurn(lambda: file.command(copy)).addErrback(self._complain)

    @property
    def file(self) -> StateFile | None:
        """The open file, for what is read at the start; None where there is none."""
        return self._file

    def run(self, call: Callable[[StateFile], T]) -> Deferred[T]:
        """Do something with the file, in turn with everything else. Fails with sqlite3.Error, also without a file."""
        file = self._file
        if file is None:
            return fail(sqlite3.OperationalError(f"{self._path} is not open"))
        return self._inTurn(lambda: call(file))

    def copy(self) -> Deferred[bytes | None]:
        """The whole file as it is in one moment, after what waits to be written; None where there is none. Fails with
        sqlite3.Error.
        """
        if self._file is None:
            return succeed(None)
        if self._timer is not None:
            self._timer.cancel()
            self._flush()
        return self.run(StateFile.copy)

    # -- the end --------------------------------------------------------------------------------------

    def close(self) -> Deferred[None]:
        """Write what waits, and the closing record; after the last event of this epoch."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        file, self._file = self._file, None
        if file is None:
            return succeed(None)
        # A write that is underway may fail yet, and what it held is then to be written here.
        return self._flight.addCallback(lambda _: self._end(file))

    def _end(self, file: StateFile) -> Deferred[None]:
        batch, self._batch = self._batch, Batch()
        batch.candidates |= self._stepper.core.inbox.takeChanged()
        last, at = self._stepper.core.log.lastId, self._stepper.now().utc

        def end() -> None:
            try:
                file.write(self.epoch, batch)
                if not self._lost:
                    file.end(self.epoch, at, last)
            finally:
                file.close()

        return maybeDeferred(self._inTurn, end).addErrback(self._complain)


def _settled(entry: Entry) -> Entry:
    """A command that was open when the gateway stopped: nobody knows."""
    if entry.outcome is None:
        entry.outcome = Outcome(Stage.UNKNOWN, "internal", "the gateway was restarted")
        entry.settledAt = entry.acceptedAt
    return entry


def _aside(path: Path) -> str:
    """A name for a file that can't be read. The first ones are kept, which hold the most; the last is given again."""
    names = [f"{path}.unreadable", *(f"{path}.unreadable.{number}" for number in range(1, MAX_ASIDE))]
    return next((each for each in names if not os.path.lexists(each)), names[-1])
