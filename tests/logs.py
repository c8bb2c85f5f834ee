"""What was logged during a test, at any level."""

from __future__ import annotations

from typing import Any, cast

from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase


def record(test: SynchronousTestCase) -> list[LogEvent]:
    """A list that gets every event from now on, until the test ends."""
    found: list[LogEvent] = []
    observer = cast(Any, found.append)
    globalLogPublisher.addObserver(cast(ILogObserver, observer))
    test.addCleanup(globalLogPublisher.removeObserver, observer)
    return found
