"""Who did what, when, from where, and what came of it: C{audit.log} in the state directory, a JSON object a line.

It is only ever added to, by one thread, and never waited for: a disk that does not take it does not stop the house.
What could not be written is counted, and the count written later. Entries are numbered, over restarts, too: the clock
may jump, their order stays.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from dog.model.refusal import cleaned
from dog.model.rights import GATEWAY

#: Name of the file; the ones before it have a number behind it, the newest 1.
FILE = "audit.log"

#: Bytes of one file that are read; the log's own are shorter.
MOST_READ = 4 * 1024 * 1024

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
    @ivar size: bytes of a file; @ivar keep: older files that are kept.
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
        self._path = None if folder is None else folder / FILE
        self._inTurn = inTurn
        self._later = later
        self._utcNow = utcNow
        self.size = size
        self.keep = keep
        self.waiting = waiting
        self.refusals = refusals
        self.lost = 0
        self._entries: list[dict[str, Any]] = []
        self._writing: Deferred[Any] | None = None
        self._failing = False
        self._refused = 0
        self._period = _PERIOD
        self._minute: _Timer | None = None
        self._number = 0
        self._closed: Deferred[None] | None = None

    @property
    def kept(self) -> bool:
        """Whether there is a file."""
        return self._path is not None

    def recall(self) -> None:
        """Go on with the numbers where they ended, blocking: before anything is told."""
        try:
            for path in self._files():
                for entry in _entriesOf(path):
                    if entry is not None:
                        self._number = entry["n"]
                        return
        except OSError as error:
            self.log.error("the audit log can't be read: {error}", error=str(error))

    def tell(self, who: str, what: str, origin: str, outcome: str, **more: Any) -> None:
        """Somebody did something. C{outcome}: C{done}, the code of its refusal, or C{left}: he did not wait for it."""
        self._add({"who": who, "what": what, "from": origin, "outcome": outcome, **more})

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

    def _add(self, entry: Mapping[str, Any]) -> None:
        found = {key: cleaned(value) for key, value in entry.items()}
        self.log.info("{who} {what} from {origin}: {outcome}", **{**found, "origin": found["from"]})
        if self._path is None or self._closed is not None:
            return
        if len(self._entries) >= self.waiting:
            self.lost += 1
        else:
            self._entries.append(self._numbered(found))
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
            entries.append(self._numbered(about))
        count = len(entries) - bool(lost) + lost
        text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in entries).encode("utf-8", "replace")
        self._writing = self._inTurn(lambda: self._write(text))
        self._writing.addCallbacks(self._written, self._unwritten, errbackArgs=(count,)).addBoth(self._next)

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

    def _write(self, data: bytes) -> None:
        """In the thread."""
        if not self._append(data, self.size):
            self._rotate()
            self._append(data)

    def _append(self, data: bytes, most: int | None = None) -> bool:
        """False: the file would have more than C{most} bytes then, and is as it was."""
        handle = self._open()
        try:
            size = os.fstat(handle).st_size
            if size and most is not None and size + len(data) > most:
                return False
            if size and os.pread(handle, 1, size - 1) != b"\n":
                data = b"\n" + data  # a power cut has torn the line before
            try:
                while data:
                    data = data[os.write(handle, data) :]
            except OSError:
                os.ftruncate(handle, size)
                raise
            return True
        finally:
            os.close(handle)

    def _open(self) -> int:
        assert self._path is not None
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _OWN, 0o600)

    def _rotate(self) -> None:
        names = list(self._files())
        for older, newer in reversed(list(zip(names[1:], names, strict=False))):
            if newer.exists():
                os.replace(newer, older)

    def _files(self) -> Iterator[Path]:
        """The newest first."""
        if self._path is not None:
            yield self._path
            yield from (self._path.with_name(f"{FILE}.{number}") for number in range(1, self.keep + 1))

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
        found: list[Mapping[str, Any]] = []
        unreadable = 0
        for path in self._files():
            for entry in _entriesOf(path):
                if entry is None:
                    unreadable += 1
                elif (before is None or entry["n"] < before) and wanted(entry):
                    if len(found) == limit:
                        return Page(found, found[-1]["n"], unreadable)
                    found.append(entry)
        return Page(found, None, unreadable)

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


#: A link in place of the file is not followed; nor is a pipe waited for.
_OWN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def _entriesOf(path: Path) -> Iterator[Mapping[str, Any] | None]:
    """The entries of a file, the last one first; None for a line that is none. No file: no entries."""
    try:
        handle = os.open(path, os.O_RDONLY | _OWN)
    except FileNotFoundError:
        return
    with open(handle, "rb") as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            return
        file.seek(max(0, about.st_size - MOST_READ))
        lines = file.read(MOST_READ).split(b"\n")
    if about.st_size > MOST_READ:
        del lines[0]
    for line in reversed(lines):
        if line:
            yield _entryOf(line)


def _entryOf(line: bytes) -> Mapping[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or type(entry.get("n")) is not int:
        return None
    return entry if all(isinstance(entry.get(name), str) for name in _TEXTS) else None


#: What every entry has, besides its number.
_TEXTS = ("at", "who", "what", "from", "outcome")
