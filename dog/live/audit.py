"""Who did what, when, from where, and what came of it: JSON objects, one a line, in the state directory.

C{audit.log} has all but commands, of which there may be thousands a day: these are in C{audit-commands.log}, so that
they push out nothing else. Both are only ever added to, by one thread, and never waited for: a disk that does not take
them does not stop the house. What could not be written is counted, and the count written later. Entries are numbered,
over both files and over restarts: the clock may jump, their order stays.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from dog.live.book import Book
from dog.model.refusal import cleaned
from dog.model.rights import GATEWAY

#: Names of the files; the ones before them have a number behind, the newest 1.
FILE = "audit.log"
COMMANDS_FILE = "audit-commands.log"

#: Seconds for which refusals are counted together, at first and at most.
_PERIOD, _LONGEST = 60.0, 3600.0


class _Timer(Protocol):
    def cancel(self) -> object: ...


class Tells(Protocol):
    """L{Audit.tell}, and L{Audit.tellRefusal}."""

    def __call__(self, who: str, what: str, origin: str, outcome: str) -> object: ...


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the log.

    @ivar entries: the newest first.
    @ivar next: where the page before these begins (C{before}); None: there is nothing older.
    @ivar unreadable: lines, of those that were looked at, that are no entries: torn by a power cut, or not ours.
    """

    entries: Sequence[Mapping[str, Any]]
    next: int | None
    unreadable: int


class Audit:
    """The log.

    @param folder: the state directory; None: what is told goes to the gateway's log only.
    @param inTurn: runs something in the thread that writes.
    @param later: seconds, callable -> something that can be cancelled.
    @param size: bytes of a file. @param keep: older files that are kept of each.
    @ivar waiting: entries that may wait for the disk; of more only their number is kept.
    @ivar refusals: that are written one by one; of more only their number, after a minute. As long as there are more
        the minute is twice as long each time, up to an hour: whoever is refused can't push out all else.
    @ivar lost: entries that could not be written, whose number is not written yet.
    """

    log = Logger()

    def __init__(
        self,
        folder: Path | None,
        inTurn: Callable[[Callable[[], Any]], Deferred[Any]],
        later: Callable[[float, Callable[[], object]], _Timer],
        utcNow: Callable[[], datetime],
        *,
        size: int = 1024 * 1024,
        keep: int = 4,
        waiting: int = 1000,
        refusals: int = 20,
    ) -> None:
        names = () if folder is None else (FILE, COMMANDS_FILE)
        self._books = [Book(Path(folder or "") / name, size, keep) for name in names]
        self._inTurn = inTurn
        self._later = later
        self._utcNow = utcNow
        self.waiting = waiting
        self.refusals = refusals
        self.lost = 0
        #: Entries that wait, and in which of the books each belongs.
        self._entries: list[tuple[int, dict[str, Any]]] = []
        self._writing: Deferred[Any] | None = None
        self._failing = False
        self._refused = 0
        self._period = _PERIOD
        self._minute: _Timer | None = None
        self._number = 0
        self._closed: Deferred[None] | None = None

    @property
    def kept(self) -> bool:
        """Whether there are files."""
        return bool(self._books)

    def recall(self) -> None:
        """Go on with the numbers where they ended, blocking: before anything is told."""
        for book in self._books:
            try:
                last = next(iter(book.entries()), None)
            except OSError as error:
                self.log.error("{path} can't be read: {error}", path=str(book.path), error=error.strerror)
            else:
                self._number = max(self._number, 0 if last is None else last["n"])

    def tell(self, who: str, what: str, origin: str, outcome: str, **more: Any) -> None:
        """Somebody did something. C{outcome}: C{done}, the code of its refusal, or C{left}: he did not wait for it."""
        self._add(0, {"who": who, "what": what, "from": origin, "outcome": outcome, **more})

    def tellCommand(self, who: str, what: str, origin: str, outcome: str, **more: Any) -> None:
        """Somebody sent a device a command."""
        self._add(1, {"who": who, "what": what, "from": origin, "outcome": outcome, **more})

    def tellRefusal(self, who: str, what: str, origin: str, outcome: str) -> None:
        """Somebody was not let do something. Many of these are counted instead."""
        self._refused += 1
        if self._minute is None:
            self._minute = self._later(self._period, self._minuteOver)
        if self._refused <= self.refusals:
            self.tell(who, what, origin, outcome)

    def _minuteOver(self) -> None:
        self._minute = None
        over, self._refused = self._refused - self.refusals, 0
        self._period = min(2 * self._period, _LONGEST) if over > 0 else _PERIOD
        if over > 0:
            self.tell(GATEWAY.name, "more refusals", "", "counted", count=over)

    def _add(self, book: int, entry: Mapping[str, Any]) -> None:
        found = {key: cleaned(value) for key, value in entry.items()}
        self.log.info("{who} {what} from {origin}: {outcome}", **{**found, "origin": found["from"]})
        if not self._books or self._closed is not None:
            return
        if len(self._entries) >= self.waiting:
            self.lost += 1
        else:
            self._entries.append((book, self._numbered(found)))
        if self._writing is None:
            self._begin()

    def _numbered(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        self._number += 1
        return {"n": self._number, "at": self._utcNow().isoformat(), **entry}

    def _begin(self) -> None:
        entries, self._entries = self._entries, []
        lost, self.lost = self.lost, 0
        if lost:
            about = {"who": GATEWAY.name, "what": "lost entries", "from": "", "outcome": "counted", "count": lost}
            entries.append((0, self._numbered(about)))
        count = len(entries) - bool(lost) + lost
        texts = [
            "".join(json.dumps(each, ensure_ascii=False) + "\n" for at, each in entries if at == number)
            for number in range(len(self._books))
        ]
        self._writing = self._inTurn(lambda: self._write([each.encode("utf-8", "replace") for each in texts]))
        self._writing.addCallbacks(self._written, self._unwritten, errbackArgs=(count,)).addBoth(self._next)

    def _write(self, texts: Sequence[bytes]) -> None:
        """In the thread. Raises C{OSError}: some of it, or all, is missing."""
        for book, text in zip(self._books, texts, strict=True):
            if text:
                book.write(text)

    def _next(self, result: object) -> object:
        self._writing = None
        if self._entries:
            self._begin()
        elif self._closed is not None:
            self._closed.callback(None)
        return result

    def _written(self, result: object) -> None:
        if self._failing:
            self._failing = False
            self.log.info("the audit log can be written again")

    def _unwritten(self, failure: Failure, count: int) -> None:
        failure.trap(OSError)
        self.lost += count
        if not self._failing:
            self._failing = True
            self.log.error("the audit log can't be written: {error}", error=failure.getErrorMessage())

    # -- read -------------------------------------------------------------------------------------------

    def read(
        self, limit: int, before: int | None = None, wanted: Callable[[Mapping[str, Any]], bool] = lambda _: True
    ) -> Deferred[Page]:
        """The newest entries that are wanted. Fails with C{OSError}.

        @param limit: so many at most.
        @param before: only those with smaller numbers.
        @param wanted: asked in the thread.
        """
        return self._inTurn(lambda: self._read(limit, before, wanted))

    def _read(self, limit: int, before: int | None, wanted: Callable[[Mapping[str, Any]], bool]) -> Page:
        books = [Book(each.path, each.size, each.keep) for each in self._books]
        found: list[Mapping[str, Any]] = []
        next: int | None = None
        for entry in heapq.merge(*(each.entries() for each in books), key=lambda each: -each["n"]):
            if (before is None or entry["n"] < before) and wanted(entry):
                if len(found) == limit:
                    next = found[-1]["n"]
                    break
                found.append(entry)
        return Page(found, next, sum(each.unreadable for each in books))

    def close(self) -> Deferred[None]:
        """Say what is only counted yet; nothing is written afterwards. Fires when all is on the disk, or can't be."""
        if self._minute is not None:
            self._minute.cancel()
            self._minuteOver()
        if self._writing is None:
            self._closed = succeed(None)
        else:
            self._closed = Deferred()
        return self._closed
