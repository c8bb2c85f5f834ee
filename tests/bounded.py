"""For tests of what once took for ever: they fail instead of hanging."""

from __future__ import annotations

import signal
from typing import Any, NoReturn

from twisted.trial.unittest import SynchronousTestCase

#: Seconds; what is tested takes a fraction of one.
PATIENCE = 60


def bound(case: SynchronousTestCase) -> None:
    """Fail the test if it has not ended after L{PATIENCE}: also in a regular expression, which a signal interrupts."""

    def tooLate(*_: Any) -> NoReturn:
        raise AssertionError(f"it has not ended within {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, tooLate)
    signal.alarm(PATIENCE)
    case.addCleanup(signal.signal, signal.SIGALRM, before)
    case.addCleanup(signal.alarm, 0)
