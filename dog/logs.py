"""What the log looks like, wherever it goes: the one stage that every event passes.

Much of what is logged was said by somebody else: a client, a bus, a file. Here it becomes harmless: one line, nothing
that a terminal obeys or that runs backwards, no token, not without end, and not too often. What could not be said is
counted and the count is said.
"""

from __future__ import annotations

import atexit
import re
import signal
import sys
import time
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TextIO

from twisted.logger import (
    FileLogObserver,
    ILogObserver,
    LegacyLogObserverWrapper,
    LogEvent,
    LogLevel,
    eventAsText,
    formatEventAsClassicLogText,
)
from twisted.python.logfile import LogFile
from zope.interface import implementer

from dog.model.refusal import escaped

#: Characters of a line.
MAX_LINE = 2000

#: Lines of a traceback: the first and the last of a longer one.
FIRST_LINES, LAST_LINES = 20, 40

#: Bytes of a log file, and how many older ones are kept.
MAX_FILE, KEPT_FILES = 1_000_000, 9

#: What stands in place of a token.
HIDDEN = "dog_(hidden)"

_TOKEN = re.compile(r"dog_[A-Za-z0-9_-]{20,}")


def line(text: str) -> str:
    """C{text} as one line of at most L{MAX_LINE} characters, without tokens."""
    found = escaped(_TOKEN.sub(HIDDEN, text[: 2 * MAX_LINE]))
    if len(found) <= MAX_LINE and len(text) <= 2 * MAX_LINE:
        return found
    return f"{found[:MAX_LINE]}… ({len(text)} characters)"


def linesOf(event: LogEvent) -> list[str]:
    """What an event says: a line, and those of its traceback, indented."""
    said = eventAsText(event, includeTraceback=False, includeTimestamp=False, includeSystem=False)
    if "log_failure" not in event:
        return [line(said)] if said else []
    whole = eventAsText(event, includeTimestamp=False, includeSystem=False)
    trace = whole[len(said) :].strip("\n").split("\n")
    if len(trace) > FIRST_LINES + LAST_LINES:
        left = len(trace) - FIRST_LINES - LAST_LINES
        trace[FIRST_LINES:-LAST_LINES] = [f"... {left} lines are left out ..."]
    return [line(said), *map(line, trace)]


@dataclass(slots=True)
class _Kind:
    """Events that say the same of something: how many more of them may be said now, and who was not."""

    left: float
    at: float
    withheld: int = 0
    since: float = 0.0


@implementer(ILogObserver)
class Tidy:
    """Hands events on as they may be shown: text only, in C{log_format}.

    Of one kind (the same words of the same room, the same exception at the same place) only so many are handed on:
    then it is said how many more there were.

    @param to: the observer that shows them.
    @param seconds: the monotonic clock.
    @ivar burst: of one kind at once. @ivar every: seconds, on average, between more.
    @ivar remind: seconds after which those that were withheld are told of, with the next event of any kind.
    @ivar kinds: that are known; of more those are forgotten that were not seen for longest.
    """

    def __init__(
        self,
        to: Callable[[LogEvent], object],
        seconds: Callable[[], float] = time.monotonic,
        *,
        burst: int = 200,
        every: float = 2.0,
        remind: float = 60.0,
        kinds: int = 1000,
    ) -> None:
        self._to = to
        self._seconds = seconds
        self.burst = burst
        self.every = every
        self.remind = remind
        self.kinds = kinds
        self._kinds: dict[Hashable, _Kind] = {}
        self._withheld: dict[Hashable, LogEvent] = {}

    def __call__(self, event: LogEvent) -> None:
        now = self._seconds()
        if self._withheld:
            self._tellWithheld(now)
        key = _kindOf(event)
        kind = self._kinds.pop(key, None) or _Kind(float(self.burst), now)
        self._kinds[key] = kind
        if len(self._kinds) > self.kinds:
            self._forget()
        kind.left = min(float(self.burst), kind.left + (now - kind.at) / self.every)
        kind.at = now
        if kind.left < 1.0:
            if not kind.withheld:
                kind.since = now
                self._withheld[key] = _about(event)
            kind.withheld += 1
            return
        kind.left -= 1.0
        self._tellOf(key, kind)
        self._show(event, linesOf(event))

    def flush(self) -> None:
        """Say now how many were withheld."""
        for key in list(self._withheld):
            self._tellOf(key, self._kinds[key])

    def _tellWithheld(self, now: float) -> None:
        for key in list(self._withheld):
            kind = self._kinds[key]
            if now - kind.since >= self.remind:
                self._tellOf(key, kind)

    def _tellOf(self, key: Hashable, kind: _Kind) -> None:
        if kind.withheld:
            event = self._withheld.pop(key)
            count, kind.withheld = kind.withheld, 0
            self._show(event, [line(f"... {count} more like: {event['log_like']}")])

    def _forget(self) -> None:
        key = next(iter(self._kinds))
        self._tellOf(key, self._kinds[key])
        del self._kinds[key]

    def _show(self, event: Mapping[str, Any], lines: list[str]) -> None:
        if lines:
            about = {name: event[name] for name in _KEPT if name in event}
            if "log_system" in about:
                about["log_system"] = line(str(about["log_system"]))
            self._to({**about, "log_format": "{log_tidy}", "log_tidy": "\n".join(lines)})


#: What is handed on of an event besides its text.
_KEPT = ("log_time", "log_level", "log_namespace", "log_system")


def _kindOf(event: LogEvent) -> Hashable:
    failure = event.get("log_failure")
    where: Hashable = None
    if failure is not None:
        last = failure.frames[-1] if failure.frames else ("", "", 0)
        where = (getattr(failure.type, "__qualname__", ""), *last[:3])
    return event.get("log_namespace"), str(event.get("log_format")), where


def _about(event: LogEvent) -> LogEvent:
    found = {name: event[name] for name in _KEPT if name in event}
    said = eventAsText(event, includeTraceback=False, includeTimestamp=False, includeSystem=False)
    return {**found, "log_like": line(said)[:200]}


# -- where it goes --------------------------------------------------------------------------------------

#: Levels of RFC 5424, as sd-daemon(3) has them.
_PRIORITY: dict[Any, int] = {
    LogLevel.debug: 7,
    LogLevel.info: 6,
    LogLevel.warn: 4,
    LogLevel.error: 3,
    LogLevel.critical: 2,
}


def _forJournal(event: LogEvent) -> str:
    """C{<6>[system] text}. Every line of a traceback has the priority, too: the journal takes lines."""
    text = eventAsText(event, includeTimestamp=False, includeSystem=True)
    mark = f"<{_PRIORITY.get(event.get('log_level', LogLevel.info), 6)}>"
    return "".join(f"{mark}{each}\n" for each in text.replace("\n", "\n\t").split("\n"))


def journal(out: TextIO | None = None) -> Tidy:
    """An observer for systemd's journal: to standard error; each line has its priority, and no time."""
    return _until(Tidy(FileLogObserver(_writable(out or sys.stderr), _forJournal)))


def classic(out: TextIO | None = None) -> Tidy:
    """An observer that writes lines as twistd does, to standard output."""
    return _until(Tidy(FileLogObserver(_writable(out or sys.stdout), formatEventAsClassicLogText)))


def file(path: str, soon: Callable[[Callable[[], object]], object]) -> Tidy:
    """One that writes them to a file, at most L{MAX_FILE} bytes of it, with L{KEPT_FILES} older ones. SIGUSR1 begins a
    new one.

    @param soon: runs something when the reactor comes to it.
    """
    log = LogFile.fromFullPath(path, rotateLength=MAX_FILE, maxRotatedFiles=KEPT_FILES)
    if signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL:
        with suppress(ValueError):  # another thread than the first
            signal.signal(signal.SIGUSR1, lambda *_: soon(log.rotate))
    return _until(Tidy(FileLogObserver(log, formatEventAsClassicLogText)))


def syslog(prefix: str) -> Tidy:
    """One that tells syslog."""
    from twisted.python.syslog import SyslogObserver

    emit: Any = SyslogObserver(prefix).emit
    return _until(Tidy(LegacyLogObserverWrapper(emit)))


def asTwistd(options: Mapping[str, Any], soon: Callable[[Callable[[], object]], object]) -> Callable[[], Tidy] | None:
    """What makes the observer that twistd's own options ask for (C{--logfile}, C{--syslog}, C{--nodaemon}); None where
    that is to be left to twistd: another one was chosen (C{--logger}), or what is asked for can't be.

    @param soon: as for L{file}.
    """
    path = options.get("logfile") or ""
    if options.get("logger") or (path == "-" and not options.get("nodaemon")):
        return None
    if options.get("syslog"):
        return lambda: syslog(options.get("prefix") or "")
    if path == "-" or (options.get("nodaemon") and not path):
        return classic
    return lambda: file(path or "twistd.log", soon)


def _writable(out: TextIO) -> TextIO:
    """Whatever the locale, no character ends the log."""
    if hasattr(out, "reconfigure"):
        out.reconfigure(errors="backslashreplace")
    return out


def _until(tidy: Tidy) -> Tidy:
    atexit.register(tidy.flush)
    return tidy
