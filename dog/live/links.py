"""One link of a driver under supervision: started with a deadline, replaced when lost, never given up."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from enum import StrEnum
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from dog.core.core import Attached, Observed, Reached
from dog.interfaces import IDeviceDriver, IDevicePort, IDriver, IKit, ILink, ILinkPort, LinkFailed, Unsupported
from dog.live.stepper import Stepper, Timer
from dog.model.device import Device
from dog.model.refusal import Code, Refusal
from dog.model.values import Seen


class LinkState(StrEnum):
    """Where a link is. C{waiting}: for its turn, or for the next attempt."""

    WAITING = "waiting"
    STARTING = "starting"
    UP = "up"
    STOPPED = "stopped"


class Link:
    """Supervises the link of one key: makes it, attaches its devices, starts it, replaces it.

    @cvar startDeadline: seconds a link may take to start.
    @cvar shortest, longest: seconds before the next attempt, growing from the one to the other, with jitter.
    """

    log = Logger()
    startDeadline = 15.0
    shortest = 0.5
    longest = 30.0

    def __init__(
        self,
        stepper: Stepper,
        driver: IDriver,
        key: Hashable,
        settings: Mapping[str, Any],
        gateway: Device | None,
        kit: Callable[[], IKit],
        onLost: Callable[[str, str], object],
    ) -> None:
        self._stepper = stepper
        self.driver = driver
        self.key = key
        self._settings = settings
        self._gateway = gateway
        self._kit: IKit = kit()
        self._onLost = onLost
        self.devices: dict[str, Device] = {}
        self.state = LinkState.WAITING
        self.reason: LinkFailed | None = None
        self.attempts = 0
        self._delay = self.shortest
        self._made: ILink | None = None
        self._port: _LinkPort | None = None
        self._drivers: dict[str, IDeviceDriver] = {}
        #: Devices that the driver did not take again when the link was replaced, and why.
        self._unattached: dict[str, str] = {}
        self._devicePorts: dict[str, _DevicePort] = {}
        self._starting: Deferred[None] | None = None
        self._timer: Timer | None = None

    # -- devices ----------------------------------------------------------------------------------------

    def add(self, device: Device) -> None:
        """Serve this device too. Raises L{Unsupported}."""
        if self._made is None:
            self._make()
        self._attach(device)
        self.devices[device.id] = device

    def remove(self, id: str) -> None:
        self.devices.pop(id, None)
        self._drivers.pop(id, None)
        self._unattached.pop(id, None)
        port = self._devicePorts.pop(id, None)
        if port is not None:
            port.close()
        if self._made is not None:
            self._made.detach(id)

    def tell(self, id: str) -> None:
        """Tell the core whether this device is served and can be reached."""
        if id in self._unattached:
            self._stepper.step(Attached(id, False, "misconfigured", self._unattached[id]))
            return
        if not self._stepper.core.presence(id).active:
            self._stepper.step(Attached(id, True))
        if self.state is LinkState.UP:
            self._stepper.step(Reached(id, True))
        else:
            self._stepper.step(Reached(id, False, str(self.reason) if self.reason else "its link is starting"))

    def driverOf(self, id: str) -> IDeviceDriver:
        if self.state is not LinkState.UP:
            raise Refusal(Code.UNREACHABLE, f"{id}: {self.reason or 'its link is starting'}")
        if id in self._unattached:
            raise Refusal(Code.NO_DRIVER, f"{id}: {self._unattached[id]}")
        return self._drivers[id]

    # -- life -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin; from now on the link is kept up until L{stop}."""
        if self._made is None:
            self._make()
            for device in self.devices.values():
                try:
                    self._attach(device)
                except Unsupported as unsupported:
                    self._unattached[device.id] = str(unsupported)
                except Exception:
                    self.log.failure("{device} can't be attached again", device=device.id)
                    self._unattached[device.id] = f"driver {self.driver.name} failed; see the log"
        assert self._made is not None
        self.state = LinkState.STARTING
        self.attempts += 1
        self._timer = self._stepper.callLater(self.startDeadline, self._tooLate)
        try:
            starting = self._made.start()
        except Exception:
            self._startFailed(Failure())
            return
        self._starting = starting
        starting.addCallbacks(self._started, self._startFailed)

    def stop(self) -> Deferred[None]:
        """No more attempts; close what is open. Fires when it is closed; never fails."""
        self.state = LinkState.STOPPED
        return self._unmake()

    def _make(self) -> None:
        self._port = _LinkPort(self)
        self._made = self.driver.link(self.key, self._settings, self._gateway, self._port, self._kit)

    def _attach(self, device: Device) -> None:
        assert self._made is not None
        port = _DevicePort(self, device.id)
        self._drivers[device.id] = self._made.attach(device, port)
        self._devicePorts[device.id] = port

    def _unmake(self) -> Deferred[None]:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        made, self._made = self._made, None
        if self._port is not None:
            self._port.link = None
        for port in self._devicePorts.values():
            port.close()
        self._devicePorts.clear()
        self._drivers.clear()
        self._unattached.clear()
        starting, self._starting = self._starting, None
        if starting is not None:
            starting.cancel()
        if made is None:
            return succeed(None)
        try:
            stopping: Deferred[None] = made.stop()
        except Exception:
            self.log.failure("{driver}: link {key} failed to stop", driver=self.driver.name, key=self.key)
            return succeed(None)
        return stopping.addErrback(
            lambda failure: self.log.failure(
                "{driver}: link {key} failed to stop", failure, driver=self.driver.name, key=self.key
            )
        )

    def _started(self, _: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._starting = None
        if self.state is not LinkState.STARTING:
            return
        self.state = LinkState.UP
        self.reason = None
        self._delay = self.shortest
        self.log.info("{driver}: link {key} is up", driver=self.driver.name, key=self.key)
        for id in list(self.devices):
            self.tell(id)

    def _tooLate(self) -> None:
        self._down(LinkFailed("timeout", f"did not start within {self.startDeadline:g} s"))

    def _startFailed(self, failure: Failure) -> None:
        self._starting = None
        if self.state is not LinkState.STARTING:
            if not failure.check(CancelledError, LinkFailed):
                self.log.failure("{driver}: link {key} failed", failure, driver=self.driver.name, key=self.key)
            return
        if isinstance(failure.value, LinkFailed):
            self._down(failure.value)
        else:
            self.log.failure("{driver}: link {key} failed", failure, driver=self.driver.name, key=self.key)
            self._down(LinkFailed("internal", "the driver failed; see the log"))

    def lost(self, reason: LinkFailed) -> None:
        if self.state in (LinkState.STARTING, LinkState.UP):
            self._down(reason)

    def _down(self, reason: LinkFailed) -> None:
        """Whatever was, is no more: say so, and try again later."""
        if self.reason is None or str(self.reason) != str(reason) or self.state is LinkState.UP:
            self.log.warn(
                "{driver}: link {key} is down: {reason}", driver=self.driver.name, key=self.key, reason=str(reason)
            )
        self.reason = reason
        self.state = LinkState.WAITING
        self._unmake()
        for id in list(self.devices):
            self._onLost(id, str(reason))
            self.tell(id)
        delay = self._delay * self._kit.random.uniform(0.75, 1.25)
        self._delay = min(self.longest, self._delay * 2)
        self._timer = self._stepper.callLater(delay, self.start)


@implementer(ILinkPort)
class _LinkPort:
    def __init__(self, link: Link) -> None:
        self.link: Link | None = link

    def lost(self, reason: LinkFailed) -> None:
        if self.link is not None:
            self.link.lost(reason)

    def found(self, candidate: Mapping[str, Any]) -> None:
        if self.link is not None:
            self.link.log.info(
                "{driver} found a device: {candidate}", driver=self.link.driver.name, candidate=dict(candidate)
            )


@implementer(IDevicePort)
class _DevicePort:
    def __init__(self, link: Link, device: str) -> None:
        self._link: Link | None = link
        self._device = device

    def close(self) -> None:
        self._link = None

    def observed(self, *seen: Seen) -> None:
        if self._link is not None and seen:
            self._link._stepper.step(Observed(self._device, seen))

    def reachable(self, yes: bool, reason: str | None = None) -> None:
        if self._link is not None and self._link.state is LinkState.UP:
            self._link._stepper.step(Reached(self._device, yes, reason))
            if not yes:
                self._link._onLost(self._device, reason or "the device does not answer")
