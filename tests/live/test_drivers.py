"""Drivers are found by entry point and verified at load."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import Invalid
from zope.interface.verify import verifyObject

from dog.interfaces import IDriver
from dog.live import drivers as drivers_
from dog.live.drivers import OURS, Lazy, collect, findDrivers
from dog.model.device import Device
from dog.testing.scripted import ScriptedDriver


class EntryPoint:
    """What importlib.metadata gives, as far as it is used."""

    def __init__(self, name: str, value: Any, group: str = "dog.drivers") -> None:
        self.name = name
        self.group = group
        self.module = f"{name}_package.driver"
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
        for each in drivers.byName.values():
            driver = each.driver
            self.assertTrue(verifyObject(IDriver, driver))
            self.assertEqual((driver.name, driver.systems), (each.name, each.systems))

    def test_oursAreLoadedWhenNeeded(self) -> None:
        """A bus that no device is on is not even imported; nor is it by the composition of the gateway."""
        program = (
            "import sys, dog.service, dog.live.drivers as drivers\n"
            "def loaded(): return {each.split('.')[2] for each in sys.modules if each.startswith('dog.drivers.')}\n"
            "found = drivers.findDrivers([])\n"
            "assert not loaded() & set(drivers.OURS), loaded()\n"
            "found.bySystem['modbus'].check({}, None, [])\n"
            "assert loaded() & set(drivers.OURS) == {'modbus'}, loaded()\n"
        )
        path = os.pathsep.join(sys.path)
        environment = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, "-c", program], check=False, env=environment, capture_output=True, text=True
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_delegates(self) -> None:
        """What a driver of ours is asked goes to the driver itself."""
        driver = ScriptedDriver("scripted", ("Bus",))
        self.patch(drivers_, "namedAny", {"some.where": driver}.__getitem__)
        lazy = Lazy("scripted", "some.where", ("Bus",))
        self.assertTrue(verifyObject(IDriver, lazy))
        lamp = Device("lamp", "SimpleLamp")
        port: Any = object()
        self.assertEqual(lazy.check({"a": 1}, None, [lamp]), driver.check({"a": 1}, None, [lamp]))
        self.assertEqual(lazy.linkKey({}, None, lamp), driver.linkKey({}, None, lamp))
        link = lazy.link("key", {}, None, port, port)
        self.assertEqual(driver.links, [link])
        self.patch(drivers_, "namedAny", lambda path: object())
        with self.assertRaises(Invalid):
            Lazy("odd", "some.where", ()).check({}, None, [])

    def test_thirdParty(self) -> None:
        theirs = ScriptedDriver("theirs", ("TheirBus",))
        drivers = self.find(EntryPoint("theirs", theirs))
        self.assertIs(drivers.byName["theirs"], theirs)
        self.assertIs(drivers.bySystem["theirbus"], theirs)

    def test_asyncio(self) -> None:
        """A driver that needs the asyncio reactor is left out where another one runs, and says what to do about it."""
        theirs = ScriptedDriver("theirs", ("TheirBus",))
        installed: Any = [
            EntryPoint("theirs", theirs, "dog.drivers.asyncio"),
            EntryPoint("other", ScriptedDriver("o")),
        ]
        self.assertIs(findDrivers(installed).byName["theirs"], theirs)
        drivers = findDrivers(installed, asyncio=False)
        self.assertIn("[drivers.theirs]", drivers.failed["theirs"])
        self.assertEqual(set(drivers.byName), {*OURS, "o"})

    def test_oddOnes(self) -> None:
        """What a driver says of itself does not keep the gateway from starting."""
        driver = ScriptedDriver("odd", None)  # type: ignore[arg-type]
        drivers = self.find(EntryPoint("odd", driver))
        self.assertIn("a tuple of texts", drivers.failed["odd"])
        self.assertEqual(set(drivers.byName), set(OURS))

    def test_packages(self) -> None:
        """Whose code it is, is told by the package: of third parties, that of the entry point."""
        packages = self.find(EntryPoint("theirs", ScriptedDriver("their-bus"))).packages
        self.assertEqual(packages["their-bus"], "theirs_package")
        self.assertEqual(packages["modbus"], "dog.drivers.modbus")
        self.assertEqual(packages["enocean"], "dog.drivers.enocean")

    def test_brokenOnesAreNamedAndLeftOut(self) -> None:
        drivers = self.find(EntryPoint("broken", ImportError("no module named xyz")), EntryPoint("odd", object()))
        self.assertIn("no module named xyz", drivers.failed["broken"])
        self.assertIn("is no driver", drivers.failed["odd"])
        self.assertEqual(set(drivers.byName), set(OURS))
        self.assertEqual(len(self.flushLoggedErrors(ImportError)), 1)

    def test_twoForOneSystem(self) -> None:
        one, two = ScriptedDriver("b", ("Bus",)), ScriptedDriver("a", ("BUS",))
        self.assertIs(collect([one, two]).bySystem["bus"], two)
