"""A backup of a gateway that runs: home, memory, configuration and certificate, as they are at one moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from dog import __version__
from dog.home.disk import readWhole
from dog.live.archive import MAX_BYTES, MAX_PACKED, pack
from dog.live.home import Elsewhere, LiveHome
from dog.live.memory import Memory
from dog.model.refusal import Code, Refusal


class Backup:
    """Makes one when it is called.

    @param files: name in the archive -> where the file is; asked each time. What is not there is left out.
    """

    def __init__(
        self,
        homes: LiveHome,
        memory: Memory | None,
        files: Callable[[], Mapping[str, Path]],
        elsewhere: Elsewhere[Any],
        utcNow: Callable[[], datetime],
    ) -> None:
        self._homes = homes
        self._memory = memory
        self._files = files
        self._elsewhere = elsewhere
        self._utcNow = utcNow

    def __call__(self) -> Deferred[bytes]:
        """A L{dog.live.archive}. Fails with L{Refusal} C{storage} where something can't be read."""

        def make() -> Deferred[bytes]:
            remembered: Deferred[bytes | None] = succeed(None) if self._memory is None else self._memory.copy()
            return remembered.addCallback(lambda copied: self._elsewhere(lambda: self._pack(copied)))

        # While the home does not change.
        return self._homes.still(make).addErrback(_unreadable)

    def _pack(self, remembered: bytes | None) -> bytes:
        found = {}
        for name, path in self._files().items():
            try:
                found[name] = readWhole(str(path), MAX_BYTES)
            except FileNotFoundError:
                continue
        if remembered is not None:
            found["state.db"] = remembered
        packed = pack(found, __version__, self._utcNow())
        if len(packed) > MAX_PACKED:
            raise Refusal(Code.STORAGE, f"the backup would have more than {MAX_PACKED} bytes")
        return packed


def _unreadable(failure: Failure) -> bytes:
    failure.trap(OSError, sqlite3.Error)
    error = failure.value
    name = Path(error.filename).name if isinstance(error, OSError) and error.filename else "state.db"
    why = error.strerror if isinstance(error, OSError) else str(error)
    raise Refusal(Code.STORAGE, f"there is no backup: {name} can't be read: {why}")
