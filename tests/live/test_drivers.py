"""Drivers are found by entry point and verified at load."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.live.drivers import OURS, collect, findDrivers
from dog.testing.scripted import ScriptedDriver


class EntryPoint:
    """What importlib.metadata gives, as far as it is used."""

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self._value = value

    def load(self) -> Any:
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


class FindDriversTests(SynchronousTestCase):
    def find(self, *installed: EntryPoint) -> Any:
        return findDrivers(installed)  # type: ignore[arg-type]

    def test_ours(self) -> None:
        drivers = self.find()
        self.assertEqual(set(drivers.byName), set(OURS))
        self.assertEqual(drivers.failed, {})

    def test_thirdParty(self) -> None:
        theirs = ScriptedDriver("theirs", ("TheirBus",))
        drivers = self.find(EntryPoint("theirs", theirs))
        self.assertIs(drivers.byName["theirs"], theirs)
        self.assertIs(drivers.bySystem["theirbus"], theirs)

    def test_brokenOnesAreNamedAndLeftOut(self) -> None:
        drivers = self.find(EntryPoint("broken", ImportError("no module named xyz")), EntryPoint("odd", object()))
        self.assertIn("no module named xyz", drivers.failed["broken"])
        self.assertIn("is no driver", drivers.failed["odd"])
        self.assertEqual(set(drivers.byName), set(OURS))
        self.assertEqual(len(self.flushLoggedErrors(ImportError)), 1)

    def test_twoForOneSystem(self) -> None:
        one, two = ScriptedDriver("b", ("Bus",)), ScriptedDriver("a", ("BUS",))
        self.assertIs(collect([one, two]).bySystem["bus"], two)
