"""Which drivers there are: found by entry point, verified at load."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from twisted.logger import Logger
from twisted.python.reflect import namedAny
from zope.interface import Invalid
from zope.interface.verify import verifyObject

from dog.interfaces import IDriver

#: Entry point groups; the second is for drivers that need the asyncio reactor.
GROUPS = ("dog.drivers", "dog.drivers.asyncio")

#: Our own drivers, which are there even when Dog runs from a source tree that is not installed.
OURS = {
    "enocean": "dog.drivers.enocean.driver.driver",
    "modbus": "dog.drivers.modbus.driver",
    "simulated": "dog.drivers.simulated.driver",
}

log = Logger()


@dataclass(frozen=True)
class Drivers:
    """The drivers that loaded, and why the others did not.

    @ivar byName: name -> L{IDriver}.
    @ivar bySystem: lower-case domoticSystem -> L{IDriver}; where two serve one system, the first by name.
    @ivar failed: name of an entry point -> what is wrong with it.
    """

    byName: Mapping[str, IDriver] = field(default_factory=dict)
    bySystem: Mapping[str, IDriver] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)


def collect(drivers: Iterable[IDriver]) -> Drivers:
    """From drivers that are at hand."""
    byName = {each.name: each for each in drivers}
    bySystem: dict[str, IDriver] = {}
    for name in sorted(byName):
        for system in byName[name].systems:
            bySystem.setdefault(system.lower(), byName[name])
    return Drivers(byName, bySystem)


def findDrivers(installed: Iterable[EntryPoint] | None = None) -> Drivers:
    """Load every driver. One that does not load or does not keep the interface is named and left out."""
    if installed is None:
        installed = [each for group in GROUPS for each in entry_points(group=group)]
    loaders: dict[str, Callable[[], Any]] = {name: partial(namedAny, path) for name, path in OURS.items()}
    loaders |= {each.name: each.load for each in installed if each.name not in OURS}
    found: list[IDriver] = []
    failed: dict[str, str] = {}
    for name, load in sorted(loaders.items()):
        try:
            driver: IDriver = load()
            verifyObject(IDriver, driver)
        except Invalid as invalid:
            failed[name] = f"is no driver: {invalid}"
        except Exception as error:
            failed[name] = f"does not load: {type(error).__name__}: {error}"
            log.failure("driver {name} does not load", name=name)
        else:
            found.append(driver)
    drivers = collect(found)
    return Drivers(drivers.byName, drivers.bySystem, failed)
