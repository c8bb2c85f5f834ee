"""Devices and the drivers that serve them: which device belongs to which link, in this home, right now."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.logger import Logger

from dog.core.core import Attached, Supervised
from dog.core.events import Kind
from dog.interfaces import IDeviceDriver, IDriver, IKit, LinkFailed, LinkReason, Unsupported
from dog.live.drivers import Drivers
from dog.live.guard import Conduct
from dog.live.links import Link, LinkState
from dog.live.stepper import Stepper
from dog.model.device import Device
from dog.model.home import HomeDiff
from dog.model.refusal import Code, Refusal, quoted

Key = tuple[str, Hashable]


class Attachments(Service):
    """Attaches every device of the home to a link of its driver, and keeps it so as the home changes.

    @param drivers: what L{dog.live.drivers.findDrivers} found.
    @param settings: driver name -> its settings.
    @param kit: (driver name, link key) -> the L{IKit} its link gets.
    @param simulation: a driver that stands in for every other; no bus is touched.
    @cvar patience: seconds for which L{restart} waits to see what comes of it.
    """

    log = Logger()
    patience = 5.0

    def __init__(
        self,
        stepper: Stepper,
        drivers: Drivers,
        settings: Mapping[str, Mapping[str, Any]],
        kit: Callable[[str, Hashable], IKit],
        simulation: IDriver | None = None,
    ) -> None:
        self._stepper = stepper
        self.drivers = drivers
        self._settings = settings
        self._kit = kit
        self._simulation = simulation
        self._links: dict[Key, Link] = {}
        self._keys: dict[str, Key] = {}
        self._unserved: dict[str, tuple[Code, str]] = {}
        #: How the drivers behave.
        self.conduct = Conduct()
        #: Called with (device, code, reason) when a device can't be reached any more.
        self.onLost: Callable[[str, Code, str], object] = lambda device, code, reason: None
        #: Called with (link, candidate) when a bus offers a device.
        self.onFound: Callable[[Link, Mapping[str, Any]], object] = lambda link, candidate: None

    # -- the service ----------------------------------------------------------------------------------

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        for device in self._stepper.core.home.devices.values():
            self._attach(device)
        for link in list(self._links.values()):
            link.start()

    def stopService(self) -> Deferred[Any]:
        super().stopService()  # type: ignore[no-untyped-call]
        links = list(self._links.values())
        self._links.clear()
        self._keys.clear()
        return DeferredList([each.stop() for each in links])

    def apply(self, diff: HomeDiff) -> None:
        """The home has changed (the core knows): attach and detach the difference."""
        if not self.running:
            return
        changed = self._withDependants(diff)
        for id in (*diff.removed, *changed):
            self._detach(id)
        before = set(self._links)
        for id in (*diff.added, *changed):
            self._attach(diff.home.devices[id])
        for key in self._links.keys() - before:
            self._links[key].start()

    def _withDependants(self, diff: HomeDiff) -> tuple[str, ...]:
        """A gateway device that changed takes the devices behind it along."""
        gateways = {*diff.changed, *diff.added, *diff.removed}
        behind = [
            each.id
            for each in diff.home.devices.values()
            if each.gateway in gateways and each.id not in diff.added and each.id not in diff.changed
        ]
        return (*diff.changed, *behind)

    def restart(self, name: str, link: str | None = None, who: str = "") -> Deferred[list[Link]]:
        """Close links of a driver and begin anew, whatever has happened before. Without C{link}, all of them, and
        devices that the driver refused are offered to it again.

        Commands that are underway are settled; values turn stale until they are heard again.

        @param link: the text of a link's key, or the id of a device on it.
        @return: fires with the links when the attempt of each has come to something, or after L{patience} seconds;
            their states tell how it went.
        @raise Refusal: C{not_found}; C{no_driver} for a driver that did not load.
        """
        driver = self._named(name)
        links = [each for (owner, _), each in self._links.items() if owner == name]
        if link is not None:
            links = [each for each in links if link == str(each.key) or link in each.devices]
            if not links:
                raise Refusal(Code.NOT_FOUND, f"driver {name} has no link {quoted(link)}")
        text = f"restarted by {who}" if who else "restarted"
        attempts = []
        for each in links:
            self.log.info("{driver}: link {key} is {text}", driver=name, key=each.key, text=text)
            details = {"driver": name, "link": str(each.key), "who": who or None}
            self._stepper.step(Supervised(Kind.LINK_RESTARTED, details))
            attempts.append(each.restart(LinkFailed(LinkReason.RESTARTED, text)))
        if link is None:
            links += self._offerAgain(driver)
        return self._patiently(DeferredList(attempts)).addCallback(lambda _: links)

    def configure(self, settings: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
        """Drivers whose settings are others now begin anew with them: commands underway are settled, values stale.
        Nobody else notices. Answers the names of drivers that did not load: theirs take a restart.
        """
        before, self._settings = self._settings, settings
        names = {each for each in {*before, *settings} if before.get(each) != settings.get(each)}
        if self.running:
            self._anew([each for each in self._stepper.core.home.devices.values() if self._nameFor(each) in names])
        return frozenset({*before, *settings} - self.drivers.byName.keys())

    def _nameFor(self, device: Device) -> str | None:
        driver = None if device.type is None else self._driverFor(device)
        return None if driver is None else driver.name

    def _anew(self, devices: Sequence[Device]) -> None:
        """Attach them once more; what they are on now has to be closed first, it may hold the port."""
        before = set(self._links)
        stopping = [self._detach(each.id) for each in devices]
        stayed = before & self._links.keys()
        for each in devices:
            self._attach(each)
            if (key := self._keys.get(each.id)) is not None:
                self._links[key].tell(each.id)
        found = [self._links[key] for key in self._links.keys() - stayed]

        def start(_: object) -> None:
            for each in found:
                if each in self._links.values() and each.state is LinkState.WAITING and not each.attempts:
                    each.start()

        DeferredList(stopping).addCallback(start)

    def _named(self, name: str) -> IDriver:
        if self._simulation is not None and name == self._simulation.name:
            return self._simulation
        if name in self.drivers.failed:
            raise Refusal(Code.NO_DRIVER, f"driver {name} {self.drivers.failed[name]}")
        if name not in self.drivers.byName:
            raise Refusal(Code.NOT_FOUND, f"there is no driver {quoted(name)}")
        return self.drivers.byName[name]

    def _offerAgain(self, driver: IDriver) -> list[Link]:
        """Attach the devices of a driver that are on no link of it; the links that are new by it."""
        before = set(self._links)
        for device in list(self._stepper.core.home.devices.values()):
            if device.id not in self._keys and self._driverFor(device) is driver:
                self._attach(device)
        found = [self._links[key] for key in self._links.keys() - before]
        for each in found:
            each.start()
        return found

    def _patiently(self, done: Deferred[Any]) -> Deferred[None]:
        waiting: Deferred[None] = Deferred()

        def end(_: object = None) -> None:
            timer.cancel()
            if not waiting.called:
                waiting.callback(None)

        timer = self._stepper.callLater(self.patience, end)
        done.addCallback(end)
        return waiting

    # -- what others ask ------------------------------------------------------------------------------

    def driverOf(self, id: str) -> IDeviceDriver:
        """The driver's side of a device. Raises L{Refusal} C{no_driver} or C{unreachable}."""
        key = self._keys.get(id)
        if key is None:
            _, reason = self._unserved.get(id, (Code.NO_DRIVER, "the gateway is starting"))
            raise Refusal(Code.NO_DRIVER, f"{id}: {reason}")
        return self._links[key].driverOf(id)

    def links(self) -> Mapping[Key, Link]:
        """Every link by (driver name, link key)."""
        return self._links

    # -- one device -----------------------------------------------------------------------------------

    def _attach(self, device: Device) -> None:
        self._unserved.pop(device.id, None)
        home = self._stepper.core.home
        if device.type is None:
            self._refuse(device, "unknown_class", f"unknown device class {device.cls!r}")
            return
        driver = self._driverFor(device)
        if driver is None:
            if not device.domoticSystem:
                self._refuse(device, "no_driver", "no domoticSystem is given")
            else:
                self._refuse(device, "no_driver", f"no driver for {device.domoticSystem}")
            return
        gateway = home.gatewayOf(device)
        settings = self._settings.get(driver.name, {})
        try:
            key: Key = (driver.name, driver.linkKey(settings, gateway, device))
            link = self._links.get(key)
            if link is None:
                kit = partial(self._kit, *key)
                link = Link(self._stepper, driver, key[1], settings, gateway, kit, self._lost, self.conduct)
                link.onFound = self._found
                self._links[key] = link
        except Unsupported as unsupported:
            self._refuse(device, "misconfigured", str(unsupported))
            return
        except Exception:
            self.conduct.crashes[driver.name] += 1
            self.log.failure("driver {driver} failed on {device}", driver=driver.name, device=device.id)
            self._refuse(device, "internal", f"driver {driver.name} failed; see the log")
            return
        self._keys[device.id] = key
        link.add(device)

    def _driverFor(self, device: Device) -> IDriver | None:
        return self._simulation or self.drivers.bySystem.get((device.domoticSystem or "").lower())

    def _refuse(self, device: Device, code: str, reason: str) -> None:
        self._unserved[device.id] = (Code.NO_DRIVER, reason)
        self._stepper.step(Attached(device.id, False, code, reason))

    def _detach(self, id: str) -> Deferred[None]:
        self._unserved.pop(id, None)
        self.onLost(id, Code.UNREACHABLE, "its configuration changed")
        return self._forget(id)

    def _forget(self, id: str) -> Deferred[None]:
        """Take a device off its link; a link without devices is stopped. Fires when it is."""
        key = self._keys.pop(id, None)
        if key is None:
            return succeed(None)
        link = self._links[key]
        link.remove(id)
        if link.devices:
            return succeed(None)
        del self._links[key]
        return link.stop()

    def _found(self, link: Link, candidate: Mapping[str, Any]) -> None:
        self.onFound(link, candidate)

    def _lost(self, id: str, reason: str) -> None:
        self.onLost(id, Code.UNREACHABLE, reason)
