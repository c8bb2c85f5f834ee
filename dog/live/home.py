"""The one place where a home changes: read, edited, reloaded, applied by difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, DeferredLock, maybeDeferred
from twisted.internet.threads import deferToThread
from twisted.logger import Logger
from twisted.python.failure import Failure

from dog.core.core import Applied
from dog.home.diff import diff
from dog.home.reader import readHome
from dog.home.store import HomeStore
from dog.live.attachments import Attachments
from dog.live.stepper import Stepper
from dog.model.home import Home, HomeDiff
from dog.model.refusal import Code, Refusal

T = TypeVar("T")

log = Logger()

#: A pure edit: the home as it is in the file, and the file; answers the new file. May raise L{Refusal}.
Edit = Callable[[Home, bytes], bytes]

#: Runs blocking work elsewhere; C{maybeDeferred} in tests.
Elsewhere = Callable[[Callable[[], T]], "Deferred[T]"]


#: Problems of a home that are logged one by one; the rest are counted (C{dogctl home check} shows all).
SHOWN_PROBLEMS = 50


class LiveHome:
    """The home that runs. Changes queue up: one at a time, each on the file as it is then."""

    log = Logger()

    def __init__(
        self,
        stepper: Stepper,
        attachments: Attachments,
        store: HomeStore | None,
        elsewhere: Elsewhere[Any] = deferToThread,
    ) -> None:
        self._stepper = stepper
        self._attachments = attachments
        self._store = store
        self._elsewhere = elsewhere
        self._queue = DeferredLock()

    @property
    def file(self) -> str | None:
        """The path of the home file; None where there is none."""
        return None if self._store is None else self._store.path

    @property
    def home(self) -> Home:
        return self._stepper.core.home

    def load(self) -> Home:
        """Read the file and apply it, blocking: for the start, before anything runs."""
        if self._store is not None:
            self.apply(self._store.read(), initial=True)
        return self.home

    def still(self, call: Callable[[], Deferred[T]]) -> Deferred[T]:
        """Do that while the home does not change."""
        doing: Deferred[T] = self._queue.run(lambda: maybeDeferred(call))
        return doing

    def reload(self) -> Deferred[HomeDiff]:
        """Read the file again and apply the difference. A file that can't be read changes nothing: L{Refusal}."""
        return self._queue.run(lambda: maybeDeferred(self._read))

    def _read(self) -> Deferred[HomeDiff]:
        if self._store is None:
            raise Refusal(Code.STORAGE, "there is no home file")
        reading: Deferred[Home] = self._elsewhere(self._store.read)
        return reading.addCallback(self._applyReadable)

    def follow(self) -> Deferred[HomeDiff | None]:
        """Read the file again if it holds anything else than was last read or written; C{None} if not. What else there
        is to be said of it now is logged. Fails like L{reload}.
        """
        return self._queue.run(lambda: maybeDeferred(self._readChanged))

    def _readChanged(self) -> Deferred[HomeDiff | None]:
        if self._store is None:
            raise Refusal(Code.STORAGE, "there is no home file")
        reading: Deferred[Home | None] = self._elsewhere(self._store.readChanged)

        def changed(home: Home | None) -> HomeDiff | None:
            if home is None:
                return None
            before = self.home
            change = self._applyReadable(home)
            report(home, before)
            return change

        return reading.addCallback(changed)

    def _applyReadable(self, home: Home) -> HomeDiff:
        for problem in home.problems:
            if problem.fatal:
                raise Refusal(Code.STORAGE, f"the home can't be read, the one that runs is kept: {problem}")
        return self.apply(home)

    def edit(self, change: Edit) -> Deferred[Home]:
        """Change the file, then the home. Fires with the new home; fails with L{Refusal} and changes nothing."""

        def write() -> Deferred[Home]:
            store = self._store
            if store is None:
                raise Refusal(Code.STORAGE, "there is no home file to write to (start with --home FILE)")
            return self._elsewhere(lambda: store.edit(lambda data: change(readHome(data, store.path), data)))

        def applied(home: Home) -> Home:
            self.apply(home)
            return home

        return self._queue.run(lambda: maybeDeferred(write).addCallbacks(applied, self._notWritten))

    def _notWritten(self, failure: Failure) -> Any:
        """Where the disk failed, the file may be the old one or the new one: what runs follows what it is."""
        if not isinstance(failure.value, Refusal) or failure.value.refused.code is not Code.STORAGE:
            return failure
        self.log.error("the home was not written: {reason}", reason=str(failure.value))
        if self._store is None:
            return failure
        return self._read().addBoth(lambda _: failure)

    def apply(self, home: Home, initial: bool = False) -> HomeDiff:
        """Make C{home} the home: one step of the core, then the drivers."""
        change = diff(self.home, home)
        self._stepper.step(Applied(change, initial))
        self._attachments.apply(change)
        return change


def report(home: Home, before: Home | None = None) -> None:
    """Log what is wrong with a home, but for what was wrong with the one before, in whatever line."""
    known = set() if before is None else {(each.code, each.message, each.device) for each in before.problems}
    problems = [each for each in home.problems if (each.code, each.message, each.device) not in known]
    for problem in problems[:SHOWN_PROBLEMS]:
        if problem.fatal:
            log.error("{problem}: the house is empty until it can be read", problem=str(problem))
        else:
            log.warn("{problem}", problem=str(problem))
    if len(problems) > SHOWN_PROBLEMS:
        log.warn("... and {more} problems more", more=len(problems) - SHOWN_PROBLEMS)
