"""The configuration, the home and the certificate read again while the gateway runs: SIGHUP, and C{/admin/reload}."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from dog.api.views.reloaded import Reloaded
from dog.certificates import BadCertificate, Certificates
from dog.config import KEYS, BadConfiguration, Settings, Source
from dog.endpoints import isSecure
from dog.listeners import CannotListen, Listeners
from dog.live.home import LiveHome
from dog.model.refusal import Code, Refusal

#: Field of L{Settings} -> its key in the file.
_KEYS = {attribute: f"{section}.{key}" for section, entries in KEYS.items() for key, (attribute, _) in entries.items()}

#: Those that name files of the certificate.
_CERTIFICATE = frozenset({"certificate", "certificateKey"})


class Reload:
    """Reads it all again. Calls queue up.

    @param settings: those that run.
    @param source: where they come from; None: from nowhere, and they stay.
    @param setters: field -> what brings it into force, given the new settings; what is not in it takes a restart. None
        of them may fail.
    @param configure: brings the settings of drivers into force; answers the names of those for which it could not.
    @ivar settings: those that run now: what needs a restart has its old value here.
    """

    log = Logger()

    def __init__(
        self,
        settings: Settings,
        source: Source | None,
        homes: LiveHome,
        listeners: Listeners,
        certificates: Certificates | None,
        setters: Mapping[str, Callable[[Settings], object]],
        configure: Callable[[Mapping[str, Mapping[str, Any]]], Iterable[str]],
    ) -> None:
        self.settings = settings
        self._source = source
        self._homes = homes
        self._listeners = listeners
        self._certificates = certificates
        self._setters = setters
        self._configure = configure
        self._queue = DeferredLock()

    def __call__(self, who: str) -> Deferred[Reloaded]:
        """Do it, for whoever that is.

        Fails with L{Refusal} C{bad_value}, whose C{problems} are lines with file and line, where the configuration is
        not right, a certificate can't be read or an address can't be listened on: then nothing has changed.
        """
        doing: Deferred[Reloaded] = self._queue.run(lambda: maybeDeferred(self._reload, who))
        return doing.addErrback(self._refused)

    def _reload(self, who: str) -> Deferred[Reloaded]:
        wanted = self.settings if self._source is None else self._source.read()
        changed = {name for name in _KEYS if getattr(wanted, name) != getattr(self.settings, name)}
        fresh = None
        if changed & _CERTIFICATE and self._certificates is not None and wanted.certificate is not None:
            fresh = Certificates(wanted.certificate, wanted.certificateKey)
            fresh.load()
        listening: Deferred[Any] = succeed(None)
        if "listen" in changed and self._mayListen(wanted):
            listening = self._listeners.change(wanted.listen)
        return listening.addCallback(lambda _: self._apply(wanted, changed, fresh, who))

    def _mayListen(self, wanted: Settings) -> bool:
        """The first listener with TLS takes a restart: there is no certificate to show yet."""
        return self._certificates is not None or not any(map(isSecure, wanted.listen))

    def _apply(self, wanted: Settings, changed: set[str], fresh: Certificates | None, who: str) -> Deferred[Reloaded]:
        applied = {each for each in changed if each in self._setters}
        if "listen" in changed and self._mayListen(wanted):
            applied.add("listen")
        fingerprint = None
        if self._certificates is not None:
            before = self._certificates.current
            if fresh is not None:
                self._certificates.become(fresh)
                applied |= changed & _CERTIFICATE
            else:
                self._certificates.reload()
            after = self._certificates.current
            fingerprint = after.fingerprint if after is not None and after != before else None
        old = self.settings
        self.settings = replace(old, **{name: getattr(wanted, name) for name in applied})
        for name in self._setters:
            if name in applied:
                self._setters[name](self.settings)
        drivers, late = self._applyDrivers(old, wanted)
        names = [_KEYS[each] for each in _KEYS if each in applied]
        later = [_KEYS[each] for each in _KEYS if each in changed - applied]
        found = Reloaded((*names, *drivers), (*later, *late), fingerprint=fingerprint)
        self._log(found, who)
        return self._readHome(found)

    def _applyDrivers(self, old: Settings, wanted: Settings) -> tuple[list[str], list[str]]:
        both = sorted(old.drivers.keys() | wanted.drivers.keys())
        changed = [each for each in both if old.drivers.get(each) != wanted.drivers.get(each)]
        if not changed:
            return [], []
        late = set(self._configure(wanted.drivers))
        self.settings = replace(self.settings, drivers=wanted.drivers if not late else _without(old, wanted, late))
        split: tuple[list[str], list[str]] = ([], [])
        for name in changed:
            split[name in late].append(f"drivers.{name}")
        return split

    def _readHome(self, found: Reloaded) -> Deferred[Reloaded]:
        if self._homes.file is None:
            return succeed(found)

        def kept(failure: Failure) -> Reloaded:
            failure.trap(Refusal)
            self.log.error("{reason}", reason=failure.getErrorMessage())
            return replace(found, homeProblem=self._hidden(failure.getErrorMessage()))

        return self._homes.reload().addCallbacks(lambda change: replace(found, home=change), kept)

    def _refused(self, failure: Failure) -> Failure:
        failure.trap(BadConfiguration, BadCertificate, CannotListen)
        bad = failure.value
        problems = bad.problems if isinstance(bad, BadConfiguration) else [str(bad)]
        for each in problems:
            self.log.error("the configuration stays as it was: {problem}", problem=each)
        told = [self._hidden(each) for each in problems]
        more = f" (and {len(told) - 1} more)" if told[1:] else ""
        raise Refusal(Code.BAD_VALUE, f"the configuration stays as it was: {told[0]}{more}", problems=told)

    def _hidden(self, text: str) -> str:
        """Clients are told file names, and no paths of this machine."""
        files = (self._homes.file, None if self._source is None else self._source.file)
        for folder in {os.path.dirname(os.fspath(each)) for each in files if each is not None}:
            text = text.replace(f"{folder}{os.sep}", "") if folder else text
        return text

    def _log(self, found: Reloaded, who: str) -> None:
        self.log.info(
            "reloaded for {who}: {applied}", who=who, applied=", ".join(found.applied) or "no setting has changed"
        )
        if found.restart:
            self.log.warn("these settings need a restart: {keys}", keys=", ".join(found.restart))


def _without(old: Settings, wanted: Settings, late: set[str]) -> dict[str, Mapping[str, Any]]:
    """The drivers' settings as they run: those in C{late} have their old ones."""
    found = {name: each for name, each in wanted.drivers.items() if name not in late}
    return found | {name: each for name, each in old.drivers.items() if name in late}
