"""The one place where a home changes: read, edited, reloaded, applied by difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, DeferredLock, maybeDeferred
from twisted.internet.threads import deferToThread
from twisted.logger import Logger

from dog.core.core import Applied
from dog.home.diff import diff
from dog.home.reader import readHome
from dog.home.store import HomeStore
from dog.live.attachments import Attachments
from dog.live.stepper import Stepper
from dog.model.home import Home, HomeDiff
from dog.model.refusal import Code, Refusal

T = TypeVar("T")

#: A pure edit: the home as it is in the file, and the file; answers the new file. May raise L{Refusal}.
Edit = Callable[[Home, bytes], bytes]

#: Runs blocking work elsewhere; C{maybeDeferred} in tests.
Elsewhere = Callable[[Callable[[], T]], "Deferred[T]"]


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
    def home(self) -> Home:
        return self._stepper.core.home

    def load(self) -> Home:
        """Read the file and apply it, blocking: for the start, before anything runs."""
        if self._store is not None:
            self.apply(self._store.read())
        return self.home

    def reload(self) -> Deferred[HomeDiff]:
        """Read the file again and apply the difference."""

        def read() -> Deferred[HomeDiff]:
            if self._store is None:
                raise Refusal(Code.STORAGE, "there is no home file")
            reading: Deferred[Home] = self._elsewhere(self._store.read)
            return reading.addCallback(self.apply)

        return self._queue.run(read)

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

        return self._queue.run(lambda: maybeDeferred(write).addCallback(applied))

    def apply(self, home: Home) -> HomeDiff:
        """Make C{home} the home: one step of the core, then the drivers."""
        change = diff(self.home, home)
        self._stepper.step(Applied(change))
        self._attachments.apply(change)
        return change
