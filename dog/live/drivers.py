"""Which drivers there are: found by entry point, verified at load; our own loaded when a device needs them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from twisted.logger import Logger
from twisted.python.reflect import namedAny
from zope.interface import Invalid, implementer
from zope.interface.verify import verifyObject

from dog.interfaces import IDriver, IKit, ILink, ILinkPort
from dog.model.device import Device

#: Entry point groups; the second is for drivers that need the asyncio reactor.
GROUPS = ("dog.drivers", "dog.drivers.asyncio")

#: Our own drivers, which are there even when Dog runs from a source tree that is not installed: where each is, and
#: the systems that it serves, known without loading it.
OURS = {
    "enocean": ("dog.drivers.enocean.driver.driver", ("EnOcean",)),
    "modbus": ("dog.drivers.modbus.driver", ("Modbus",)),
    "simulated": ("dog.drivers.simulated.driver", ("Simulated",)),
}

log = Logger()


@dataclass(frozen=True)
class Drivers:
    """The drivers that loaded, and why the others did not.

    @ivar byName: name -> L{IDriver}.
    @ivar bySystem: lower-case domoticSystem -> L{IDriver}; where two serve one system, the first by name.
    @ivar failed: name of an entry point -> what is wrong with it.
    @ivar packages: name -> the package that the driver's code is in.
    """

    byName: Mapping[str, IDriver] = field(default_factory=dict)
    bySystem: Mapping[str, IDriver] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)


@implementer(IDriver)
class Lazy:
    """One of our own drivers, loaded when it is first asked for anything: a bus that no device is on costs nothing.

    @ivar driver: the driver itself; C{Invalid} where it does not keep the interface.
    """

    def __init__(self, name: str, path: str, systems: tuple[str, ...]) -> None:
        self.name = name
        self.systems = systems
        self._path = path

    @cached_property
    def driver(self) -> IDriver:
        driver: IDriver = namedAny(self._path)
        verifyObject(IDriver, driver)
        return driver

    def check(self, settings: Mapping[str, Any], gateway: Device | None, devices: Sequence[Device]) -> list[str]:
        problems: list[str] = self.driver.check(settings, gateway, devices)
        return problems

    def linkKey(self, settings: Mapping[str, Any], gateway: Device | None, device: Device) -> Hashable:
        key: Hashable = self.driver.linkKey(settings, gateway, device)
        return key

    def link(
        self, key: Hashable, settings: Mapping[str, Any], gateway: Device | None, port: ILinkPort, kit: IKit
    ) -> ILink:
        link: ILink = self.driver.link(key, settings, gateway, port, kit)
        return link


def collect(drivers: Iterable[IDriver]) -> Drivers:
    """From drivers that are at hand."""
    byName = {each.name: each for each in drivers}
    bySystem: dict[str, IDriver] = {}
    for name in sorted(byName):
        for system in byName[name].systems:
            bySystem.setdefault(system.lower(), byName[name])
    return Drivers(byName, bySystem)


def _package(module: str) -> str:
    """The package of a module; of one that is in none, the module."""
    return module.rpartition(".")[0] or module


def findDrivers(installed: Iterable[EntryPoint] | None = None, asyncio: bool = True) -> Drivers:
    """Every driver. One of others that does not load or does not keep the interface is named and left out.

    @param asyncio: whether the reactor runs on asyncio's loop; where it does not, drivers that need it are left out.
    """
    if installed is None:
        installed = [each for group in GROUPS for each in entry_points(group=group)]
    found: list[IDriver] = [Lazy(name, *ours) for name, ours in OURS.items()]
    failed: dict[str, str] = {}
    installed = [each for each in installed if each.name not in OURS]
    if not asyncio:
        failed |= {each.name: _needsAsyncio(each.name) for each in installed if each.group == GROUPS[1]}
        installed = [each for each in installed if each.name not in failed]
    loaders: dict[str, Callable[[], Any]] = {each.name: each.load for each in installed}
    packages = {name: f"dog.drivers.{name}" for name in OURS}
    modules = {each.name: each.module for each in installed}
    for name, load in sorted(loaders.items()):
        try:
            driver: IDriver = load()
            verifyObject(IDriver, driver)
            if not (isinstance(driver.name, str) and isinstance(driver.systems, tuple)):
                raise Invalid("its name must be a text, its systems a tuple of texts")
        except Invalid as invalid:
            failed[name] = f"is no driver: {invalid}"
        except Exception as error:
            failed[name] = f"does not load: {type(error).__name__}: {error}"
            log.failure("driver {name} does not load", name=name)
        else:
            found.append(driver)
            if name in modules:
                packages[driver.name] = _package(modules[name])
    drivers = collect(found)
    return Drivers(drivers.byName, drivers.bySystem, failed, packages)


def _needsAsyncio(name: str) -> str:
    return (
        f"needs the asyncio reactor: give it a section [drivers.{name}] in dog.toml, or start with --reactor=asyncio"
    )
