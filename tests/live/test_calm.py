"""No garbage collection while the house is furnished."""

from __future__ import annotations

import gc
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from dog.config import Settings
from dog.live.calm import unswept
from dog.live.home import LiveHome
from dog.service import Gateway
from tests.test_service import DEMO


class UnsweptTests(SynchronousTestCase):
    def test_afterwards(self) -> None:
        """It is as it was before, even when that fails."""
        with unswept():
            self.assertFalse(gc.isenabled())
            with unswept():
                pass
            self.assertFalse(gc.isenabled())
        self.assertTrue(gc.isenabled())
        with self.assertRaises(ZeroDivisionError), unswept():
            raise ZeroDivisionError
        self.assertTrue(gc.isenabled())

    def test_start(self) -> None:
        """A home is read and furnished so."""
        seen: list[bool] = []
        load = LiveHome.load

        def loading(home: LiveHome) -> Any:
            seen.append(gc.isenabled())
            return load(home)

        self.patch(LiveHome, "load", loading)
        gateway = Gateway(Settings(home=DEMO, simulate=True), MemoryReactorClock(), maybeDeferred)
        gateway.startService()
        self.assertEqual((seen, gc.isenabled()), ([False], True))
        self.successResultOf(gateway.stopService())
