"""The home file on disk: read it, and edit it so that it is never half of anything. All calls block."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

from dog.home.disk import NotDurable, System, readWhole, replaceWhole
from dog.home.document import MAX_BYTES, Unreadable
from dog.home.findings import Findings
from dog.home.reader import readHome
from dog.home.yaml import MAX_BYTES as MAX_YAML_BYTES
from dog.home.yaml import readYaml
from dog.model.home import Home
from dog.model.refusal import Code, Refusal

_YAML = (".yaml", ".yml")


class HomeStore:
    """One home file. Not for several threads at once: whoever owns the store queues its calls.

    @ivar path: as given; problems name it.
    @ivar readHash: SHA-256 (hex) of the contents last read or written; None before that.
    @ivar ownHash: SHA-256 of what this store wrote last, known before the file has it: a watcher that
        finds it in the file has found our own write.
    @ivar changedElsewhere: the last edit found contents that somebody else had written. It was made on those, and
        the home that it returned has their changes, too.
    """

    def __init__(self, path: str | os.PathLike[str], system: System | None = None, limit: int = MAX_BYTES) -> None:
        self.path = os.fspath(path)
        self._name = os.path.basename(self.path)  # clients are told refusals, and no paths of this machine
        self.readHash: str | None = None
        self.ownHash: str | None = None
        self.changedElsewhere = False
        self._isYaml = self.path.lower().endswith(_YAML)
        self._limit = min(limit, MAX_YAML_BYTES) if self._isYaml else limit
        self._system = System() if system is None else system

    def read(self) -> Home:
        """The home as it is on disk. What keeps it from being read is its one fatal problem."""
        home = self._read(None)
        assert home is not None
        return home

    def readChanged(self) -> Home | None:
        """The same; None where the file holds what was last read or written here."""
        return self._read(self.readHash)

    def _read(self, known: str | None) -> Home | None:
        try:
            data = readWhole(self.path, self._limit)
        except FileNotFoundError:
            return self._fatal("missing_file", "there is no such file")
        except OSError as error:
            return self._fatal("unreadable_file", f"the file can't be read: {error.strerror}")
        if len(data) > self._limit:
            return self._fatal("too_large", f"the file has more than {self._limit} bytes")
        found = hashlib.sha256(data).hexdigest()
        if found == known:
            return None
        self.readHash = found
        return self._parse(data)

    def edit(self, edit: Callable[[bytes], bytes]) -> Home:
        """Apply an edit of L{dog.home.edits} to what the file holds now, and return the new home.

        Whatever is raised, by the edit itself or from here, the file holds the old contents or the new, whole; the
        contents before are kept in C{path}.bak. An edit that changes nothing writes nothing.

        @raise Refusal: STORAGE, when the file can't be read or written (a full disk, a read-only file system);
            what the edit refuses.
        """
        if self._isYaml:
            raise Refusal(
                Code.STORAGE, f"{self._name} is YAML, which is for reading only; only an XML home can change"
            )
        path = os.path.realpath(self.path)
        try:
            data = readWhole(path, self._limit)
        except OSError as error:
            raise Refusal(Code.STORAGE, f"{self._name} can't be read: {error.strerror}") from None
        if len(data) > self._limit:
            raise Refusal(Code.STORAGE, f"{self._name} has more than {self._limit} bytes")
        found = hashlib.sha256(data).hexdigest()
        self.changedElsewhere = self.readHash is not None and found != self.readHash
        new = edit(data)
        home = self._parse(new)
        if any(each.fatal for each in home.problems):
            raise ValueError(f"the edit would make {self.path} unreadable: {home.problems[0]}")
        if new != data:
            self.ownHash = hashlib.sha256(new).hexdigest()
            self._write(path, data, new)
            found = self.ownHash
        self.readHash = found
        return home

    def _write(self, path: str, old: bytes, new: bytes) -> None:
        try:
            replaceWhole(path, old, new, self._system)
        except NotDurable as error:
            message = f"{self._name} was changed, but a power cut may undo it: {error.strerror}"
            raise Refusal(Code.STORAGE, message) from error
        except OSError as error:
            raise Refusal(Code.STORAGE, f"{self._name} can't be written, it is as it was: {error.strerror}") from error

    def _parse(self, data: bytes) -> Home:
        if self._isYaml:
            return readYaml(data, self.path, self._limit)
        return readHome(data, self.path, self._limit)

    def _fatal(self, code: str, message: str) -> Home:
        return Findings(self.path).fatal(Unreadable(code, message))
