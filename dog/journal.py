"""A log for systemd's journal: C{twistd --logger=dog.journal.observer}. Each line has its priority, and no time."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from twisted.logger import FileLogObserver, LogEvent, LogLevel, eventAsText

#: Levels of RFC 5424, as sd-daemon(3) has them.
_PRIORITY: dict[Any, int] = {
    LogLevel.debug: 7,
    LogLevel.info: 6,
    LogLevel.warn: 4,
    LogLevel.error: 3,
    LogLevel.critical: 2,
}


def line(event: LogEvent) -> str | None:
    """C{<6>system: text}. Every line of a traceback has the priority, too: the journal takes lines."""
    text = eventAsText(event, includeTimestamp=False, includeSystem=True)
    if not text:
        return None
    mark = f"<{_PRIORITY.get(event.get('log_level', LogLevel.info), 6)}>"
    return "".join(f"{mark}{each}\n" for each in text.splitlines())


def observer(out: TextIO | None = None) -> FileLogObserver:
    """An observer that writes to standard error, where systemd listens."""
    return FileLogObserver(sys.stderr if out is None else out, line)
