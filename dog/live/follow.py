"""Follows the home file: what somebody else writes into it becomes the home, by difference.

It is looked at now and then, by its status. inotify would be told sooner, but watches inodes and folders, not a path:
with symbolic links and editors that rename that is every folder on the way; it is silent on network file systems, and
knows Linux only. One C{stat} in two seconds costs nothing that can be measured.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.logger import Logger
from twisted.python.failure import Failure

from dog.live.home import LiveHome
from dog.live.stepper import Stepper, Timer
from dog.model.home import HomeDiff
from dog.model.refusal import Refusal

#: What tells that a file may be another one: device, inode, size, and when it and its status were changed.
Status = tuple[int, int, int, int, int]


class HomeFile(Service):
    """Has the home read again when its file has changed and is left alone since.

    What can't be read (half a file, a mistake) is said once, and the home stays as it is until the file changes again.
    So where the file is gone. Our own writes are known by their contents (L{LiveHome.follow}).

    @param path: of the file; symbolic links are followed anew each time.
    @param interval: seconds between looks.
    @param settled: seconds for which a file must have stood still before it is read: editors write in pieces.
    @param tell: told what somebody has done to the file, and what came of it.
    """

    log = Logger()

    def __init__(
        self,
        stepper: Stepper,
        homes: LiveHome,
        path: str,
        *,
        interval: float = 2.0,
        settled: float = 0.5,
        tell: Callable[[str, str], object] = lambda what, outcome: None,
    ) -> None:
        self._stepper = stepper
        self._homes = homes
        self._path = path
        self._interval = interval
        self._settled = settled
        self._tell = tell
        #: As it was when it was last read; before the first look that is not known, and then it is read once more.
        self._known: Status | None = None
        self._coming: Status | None = None
        self._gone = False
        self._timer: Timer | None = None

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        self._gone = _status(self._path) is None
        self._later(self._interval)

    def stopService(self) -> None:
        super().stopService()  # type: ignore[no-untyped-call]
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _later(self, seconds: float) -> None:
        if self.running:
            self._timer = self._stepper.callLater(seconds, self._look)

    def _look(self) -> None:
        found = _status(self._path)
        if found is None:
            if not self._gone:
                self.log.warn("{file} is gone; the house stays as it was", file=self._path)
            self._gone = True
            self._coming = None
            self._later(self._interval)
        elif found == self._known:
            # As it was all along, or put back as it was.
            self._gone = False
            self._coming = None
            self._later(self._interval)
        elif found != self._coming:
            self._coming = found
            self._later(self._settled)
        else:
            self._read(found)

    def _read(self, found: Status) -> None:
        self._known = found
        self._coming = None
        self._gone = False
        self._homes.follow().addCallbacks(self._told, self._kept).addBoth(lambda _: self._later(self._interval))

    def _told(self, change: HomeDiff | None) -> None:
        if change is not None:
            counts = [
                f"{len(change.added)} devices added",
                f"{len(change.removed)} removed",
                f"{len(change.changed)} changed",
                f"{len(change.moved)} moved",
            ]
            self.log.info("{file} has changed: {counts}", file=self._path, counts=", ".join(counts))
            self._tell(f"took in the edited home: {', '.join(counts)}", "done")

    def _kept(self, failure: Failure) -> Any:
        if isinstance(failure.value, Refusal):
            self.log.error("{reason}", reason=failure.getErrorMessage())
            self._tell("refused the edited home", failure.value.refused.code.value)
        else:
            self.log.failure("{file} could not be followed", failure, file=self._path)


def _status(path: str) -> Status | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
