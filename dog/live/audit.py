"""Who did what, when, from where, and what came of it: C{audit.log} in the state directory, a JSON object a line.

It is only ever added to, by one thread, and never waited for: a disk that does not take it does not stop the house.
What could not be written is counted, and the count written later.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from dog.model.refusal import cleaned

#: Name of the file; the ones before it have a number behind it, the newest 1.
FILE = "audit.log"


class _Timer(Protocol):
    def cancel(self) -> object: ...


class Audit:
    """The log.

    @param folder: the state directory; None: what is told goes to the gateway's log only.
    @param inTurn: runs something in the thread that writes.
    @param later: seconds, callable -> something that can be cancelled.
    @ivar size: bytes of a file; @ivar keep: older files that are kept.
    @ivar waiting: entries that may wait for the disk; of more only their number is kept.
    @ivar refusals: of a minute that are written one by one; of more only their number.
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
        self._minute: _Timer | None = None

    def tell(self, who: str, what: str, origin: str, outcome: str, **more: Any) -> None:
        """Somebody did something. C{outcome}: C{done}, or the code of its refusal."""
        self._add({"who": who, "what": what, "from": origin, "outcome": outcome, **more})

    def tellRefusal(self, who: str, what: str, origin: str, outcome: str) -> None:
        """Somebody was not let do something. Many of these are counted instead."""
        self._refused += 1
        if self._minute is None:
            self._minute = self._later(60.0, self._minuteOver)
        if self._refused <= self.refusals:
            self.tell(who, what, origin, outcome)

    def _minuteOver(self) -> None:
        self._minute = None
        over, self._refused = self._refused - self.refusals, 0
        if over > 0:
            self.tell("gateway", "more refusals", "", "counted", count=over)

    def _add(self, entry: Mapping[str, Any]) -> None:
        found = {"at": self._utcNow().isoformat(), **{key: cleaned(value) for key, value in entry.items()}}
        self.log.info("{who} {what} from {origin}: {outcome}", **{**found, "origin": found["from"]})
        if self._path is None:
            return
        if len(self._entries) >= self.waiting:
            self.lost += 1
        else:
            self._entries.append(found)
        if self._writing is None:
            self._begin()

    def _begin(self) -> None:
        entries, self._entries = self._entries, []
        lost, self.lost = self.lost, 0
        if lost:
            entries.append({"at": self._utcNow().isoformat(), "who": "gateway", "what": "lost entries", "count": lost})
        count = len(entries) - bool(lost) + lost
        text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in entries).encode("utf-8", "replace")
        self._writing = self._inTurn(lambda: self._write(text))
        self._writing.addCallbacks(self._written, self._unwritten, errbackArgs=(count,)).addBoth(self._next)

    def _next(self, result: object) -> object:
        self._writing = None
        if self._entries:
            self._begin()
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
        assert self._path is not None
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            size = os.fstat(handle).st_size
            if size and size + len(data) > self.size:
                os.close(handle)
                self._rotate()
                handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            while data:
                data = data[os.write(handle, data) :]
        finally:
            os.close(handle)

    def _rotate(self) -> None:
        assert self._path is not None
        names = [self._path, *(self._path.with_name(f"{FILE}.{number}") for number in range(1, self.keep + 1))]
        for older, newer in reversed(list(zip(names[1:], names, strict=False))):
            if newer.exists():
                os.replace(newer, older)

    def close(self) -> None:
        """Say what is only counted yet; nothing is told afterwards."""
        if self._minute is not None:
            self._minute.cancel()
            self._minuteOver()
