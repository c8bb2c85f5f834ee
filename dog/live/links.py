"""One link of a driver under supervision: started with a deadline, replaced when lost, never given up."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from dog.core.core import Attached, Observed, Reached, Supervised
from dog.core.events import Kind
from dog.interfaces import (
    IDeviceDriver,
    IDevicePort,
    IDriver,
    IFinds,
    IKit,
    ILink,
    ILinkPort,
    LinkFailed,
    LinkReason,
    Unsupported,
)
from dog.live.delays import Delays
from dog.live.guard import Conduct, Guard, GuardedDevice, GuardedKit, deferredOf
from dog.live.stepper import Stepper, Timer
from dog.model.device import Device
from dog.model.refusal import Code, Refusal
from dog.model.values import Seen


class LinkState(StrEnum):
    """Where a link is."""

    WAITING = "waiting"  # for the next attempt
    STARTING = "starting"
    UP = "up"
    SUSPENDED = "suspended"  # crashed too often: the next attempt is a long time off
    UNUSED = "unused"  # its driver serves none of its devices
    STOPPED = "stopped"


class Link:
    """Supervises the link of one key: makes it, attaches its devices, starts it, replaces it.

    Nothing that the driver raises gets out of here. A bug (anything but L{LinkFailed}, L{Unsupported} and a
    cancellation) is counted as a crash, and where it may have left the link in pieces, the link is replaced.

    @cvar startDeadline: seconds a link may take to start. @cvar stopDeadline: to stop, before it is left behind.
    @cvar shortest, longest: seconds before the next attempt, growing from the one to the other, with jitter
        (L{Delays}).
    @ivar since: when it came into its state.
    @ivar reason: why it is not up; None where nothing has gone wrong yet.
    @ivar attempts: how often it was started. @ivar crashes: bugs of its driver.
    @ivar nextAt: when the next attempt is due; None where none is.
    """

    log = Logger()
    startDeadline = 15.0
    stopDeadline = 5.0
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
        conduct: Conduct | None = None,
    ) -> None:
        self._stepper = stepper
        self.driver = driver
        self.key = key
        self._settings = settings
        self._gateway = gateway
        self._kit: IKit = kit()
        self._onLost = onLost
        self._conduct = conduct or Conduct()
        self.devices: dict[str, Device] = {}
        self.state = LinkState.WAITING
        self.since: datetime = stepper.now().utc
        self.reason: LinkFailed | None = None
        self.attempts = 0
        self.crashes = 0
        self.nextAt: datetime | None = None
        self._delays = Delays(self._kit.random, self.shortest, self.longest)
        self._life: _Life | None = None
        #: Devices that the driver does not serve: code and reason.
        self._unserved: dict[str, tuple[str, str]] = {}
        self._timer: Timer | None = None
        self._closing = 0
        self._whenClosed: list[Deferred[None]] = []
        self._awaiting: list[Deferred[None]] = []
        self._upAt: float | None = None
        #: L{finds} of the link that was made last.
        self._finds = True
        #: Called with what the bus offers (L{dog.live.discovery}).
        self.onFound: Callable[[Link, Mapping[str, Any]], object] = lambda link, candidate: None
        #: Grows with every change of state: what was arranged in an earlier one is void.
        self._turn = 0

    # -- devices ----------------------------------------------------------------------------------------

    def add(self, device: Device) -> None:
        """Serve this device too; the core is told how that went, at once or when the link starts."""
        self.devices[device.id] = device
        if self._life is not None:
            self._attach(self._life, device)
            self.tell(device.id)
        elif self.state is LinkState.UNUSED:
            self.start()
        elif self.attempts:
            self.tell(device.id)

    def remove(self, id: str) -> None:
        self.devices.pop(id, None)
        self._unserved.pop(id, None)
        if self._life is not None:
            self._life.forget(id)

    def served(self) -> list[str]:
        """The devices that the driver serves."""
        return [each for each in self.devices if each not in self._unserved]

    def tell(self, id: str) -> None:
        """Tell the core whether this device is served and can be reached."""
        if id in self._unserved:
            self._stepper.step(Attached(id, False, *self._unserved[id]))
            return
        if not self._stepper.core.presence(id).active:
            self._stepper.step(Attached(id, True))
        if self.state is LinkState.UP:
            self._stepper.step(Reached(id, True))
        else:
            self._stepper.step(Reached(id, False, str(self.reason) if self.reason else "its link is starting"))

    def driverOf(self, id: str) -> IDeviceDriver:
        if id in self._unserved:
            raise Refusal(Code.NO_DRIVER, f"{id}: {self._unserved[id][1]}")
        if self.state is not LinkState.UP or self._life is None:
            raise Refusal(Code.UNREACHABLE, f"{id}: {self.reason or 'its link is starting'}")
        return self._life.drivers[id]

    # -- discovery --------------------------------------------------------------------------------------

    @property
    def gateway(self) -> str | None:
        """The id of its gateway device, if it has one."""
        return None if self._gateway is None else self._gateway.id

    @property
    def finds(self) -> bool:
        """Whether its bus can be searched at all (L{IFinds}), as far as is known."""
        made = None if self._life is None else self._life.link
        return self._finds if made is None else bool(IFinds.providedBy(made))

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways in which its bus can be searched (L{IFinds}), the usual first; none where it can't be, now."""
        made: Any = None if self._life is None or self.state is not LinkState.UP else self._life.link
        return tuple(made.ways) if made is not None and self.finds else ()

    def search(self, how: str, seconds: float) -> Deferred[Any]:
        """Search its bus in one of its L{ways}. Fires at the end; fails where the driver does. May be cancelled."""
        assert self._life is not None
        guard, made = self._life.guard, self._life.link
        searching = deferredOf(guard, "search", made.search, how, seconds)  # type: ignore[union-attr]
        done: Deferred[Any] = Deferred(lambda _: guard.run("search", searching.cancel))
        searching.addBoth(lambda result: None if done.called else done.callback(result))
        return done

    # -- life -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin; from now on the link is kept up until L{stop}."""
        self._enter(LinkState.STARTING)
        self.attempts += 1
        life = self._life = _Life(self)
        try:
            life.make(self._settings, self._gateway, self._kit)
        except Unsupported as unsupported:
            self._unserved = {each: ("misconfigured", str(unsupported)) for each in self.devices}
        except LinkFailed as failed:
            self._down(failed)
            return
        except Exception:
            life.guard.crashed("link", Failure())
            return
        else:
            self._unserved.clear()
            for device in list(self.devices.values()):
                self._attach(life, device)
        for id in list(self.devices):
            self.tell(id)
        if life is not self._life:
            return  # attaching was the end of it
        if not self.served():
            self._unused()
            return
        self._timer = self._stepper.callLater(self.startDeadline, self._tooLate)
        assert life.link is not None
        starting = deferredOf(life.guard, "start", life.link.start)
        if life is not self._life:
            life.cancel(starting)
            return
        life.starting = starting
        starting.addCallbacks(lambda _: self._started(life), lambda failure: self._startFailed(life, failure))

    def stop(self) -> Deferred[None]:
        """No more attempts; close what is open. Fires when it is closed; never fails."""
        self._enter(LinkState.STOPPED)
        self._attempted()
        return self._unmake()

    def restart(self, reason: LinkFailed | None = None) -> Deferred[None]:
        """Close it, and begin anew at once, whatever has happened before. Never fails.

        Fires when that attempt has come to something: C{state} and C{reason} tell to what.
        """
        self._delays.reset()
        self.reason = reason or LinkFailed(LinkReason.RESTARTED, "it is being restarted")
        self._enter(LinkState.WAITING)
        closed = self._unmake()
        for id in list(self.devices):
            self._onLost(id, str(self.reason))
            self.tell(id)
        done: Deferred[None] = Deferred()
        self._awaiting.append(done)
        self._when(closed)
        return done

    def _enter(self, state: LinkState) -> None:
        self._turn += 1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.state = state
        self.since = self._stepper.now().utc
        self.nextAt = None
        self._upAt = self._stepper.now().mono if state is LinkState.UP else None

    def _attach(self, life: _Life, device: Device) -> None:
        self._unserved.pop(device.id, None)
        try:
            life.attach(device)
        except Unsupported as unsupported:
            self._unserved[device.id] = ("misconfigured", str(unsupported))
        except Exception:
            self._unserved[device.id] = ("internal", f"driver {self.driver.name} failed; see the log")
            life.guard.crashed("attach", Failure())

    def _unused(self) -> None:
        """Nobody needs it. Bugs may pass: then there is another attempt."""
        if any(code == "internal" for code, _ in self._unserved.values()):
            self._down(LinkFailed(LinkReason.INTERNAL, f"driver {self.driver.name} failed; see the log"))
            return
        self._enter(LinkState.UNUSED)
        self._unmake()
        self._attempted()

    def _unmake(self) -> Deferred[None]:
        """End this life of the link. Fires when it, and any before, has ended."""
        life, self._life = self._life, None
        if life is not None:
            self._closing += 1
            life.end(self._stepper, self.stopDeadline).addCallback(lambda _: self._closed())
        if not self._closing:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._whenClosed.append(waiting)
        return waiting

    def _closed(self) -> None:
        self._closing -= 1
        if not self._closing:
            waiting, self._whenClosed = self._whenClosed, []
            for each in waiting:
                each.callback(None)

    def _when(self, closed: Deferred[None]) -> None:
        """Start once that has fired, unless something else has happened by then."""
        turn = self._turn
        closed.addCallback(lambda _: self.start() if turn == self._turn else None)

    def _attempted(self) -> None:
        waiting, self._awaiting = self._awaiting, []
        for each in waiting:
            each.callback(None)

    def _started(self, life: _Life) -> None:
        life.starting = None
        if life is not self._life or self.state is not LinkState.STARTING:
            return
        self._enter(LinkState.UP)
        self.reason = None
        self.log.info("{driver}: link {key} is up", driver=self.driver.name, key=self.key)
        self._note(Kind.CONNECTION_MADE)
        for id in list(self.devices):
            self.tell(id)
        self._attempted()

    def _tooLate(self) -> None:
        self._down(LinkFailed(LinkReason.TIMEOUT, f"did not start within {self.startDeadline:g} s"))

    def _startFailed(self, life: _Life, failure: Failure) -> None:
        life.starting = None
        current = life is self._life and self.state is LinkState.STARTING
        if isinstance(failure.value, LinkFailed):
            if current:
                self._down(failure.value)
        elif current or not failure.check(CancelledError):
            life.guard.crashed("start", failure)

    def lost(self, reason: LinkFailed) -> None:
        """The driver says so."""
        if self.state in (LinkState.STARTING, LinkState.UP):
            self._down(reason)

    def crashed(self, life: _Life, seam: str, failure: Failure) -> None:
        """The driver has a bug, and what it was doing it will not do now."""
        self.crashes += 1
        error = type(failure.value).__name__
        # Who sent the command logs what became of it.
        if seam != "send":
            self.log.failure(
                "{driver}: link {key} crashed ({seam})", failure, driver=self.driver.name, key=self.key, seam=seam
            )
        self._note(Kind.DRIVER_CRASHED, seam=seam, error=error)
        broken = seam not in ("send", "attach", "detach", "refresh", "stop")
        if broken and life is self._life and self.state in (LinkState.STARTING, LinkState.UP):
            self._down(LinkFailed(LinkReason.INTERNAL, f"driver {self.driver.name} failed ({error}); see the log"))

    def _down(self, reason: LinkFailed) -> None:
        """Whatever was, is no more: say so, and try again later."""
        now = self._stepper.now()
        upFor = None if self._upAt is None else now.mono - self._upAt
        changed = self.reason is None or str(self.reason) != str(reason) or upFor is not None
        suspended = False
        if reason.code is LinkReason.INTERNAL:
            delay, suspended = self._delays.crashed(upFor)
        else:
            delay = self._delays.lost(upFor)
        self.reason = reason
        self._enter(LinkState.SUSPENDED if suspended else LinkState.WAITING)
        if changed:
            self.log.warn(
                "{driver}: link {key} is down: {reason}", driver=self.driver.name, key=self.key, reason=str(reason)
            )
            self._note(Kind.CONNECTION_LOST, code=reason.code.value, reason=str(reason))
        if suspended:
            self.log.error(
                "{driver}: link {key} crashes too often; the next attempt is in {delay:.0f} s",
                driver=self.driver.name,
                key=self.key,
                delay=delay,
            )
            self._note(Kind.LINK_SUSPENDED, seconds=round(delay))
        closed = self._unmake()
        for id in list(self.devices):
            self._onLost(id, str(reason))
            self.tell(id)
        self.nextAt = now.utc + timedelta(seconds=delay)
        self._timer = self._stepper.callLater(delay, lambda: self._when(closed))
        self._attempted()

    def _note(self, kind: Kind, **details: Any) -> None:
        self._stepper.step(Supervised(kind, {"driver": self.driver.name, "link": str(self.key), **details}))


class _Life:
    """One link that the driver made, from C{link()} to the end of its C{stop()}.

    Once it has ended, its ports hear nothing any more.
    """

    def __init__(self, owner: Link) -> None:
        self._owner = owner
        self.guard = Guard(
            owner._conduct, owner.driver.name, owner.key, lambda seam, failure: owner.crashed(self, seam, failure)
        )
        self.link: ILink | None = None
        self.starting: Deferred[Any] | None = None
        self.drivers: dict[str, GuardedDevice] = {}
        self._port = _LinkPort(owner)
        self._ports: dict[str, _DevicePort] = {}

    def make(self, settings: Mapping[str, Any], gateway: Device | None, kit: IKit) -> None:
        driver, key = self._owner.driver, self._owner.key
        self.link = self.guard.enter(
            "link", driver.link, key, settings, gateway, self._port, GuardedKit(self.guard, kit)
        )
        self._owner._finds = bool(IFinds.providedBy(self.link))

    def attach(self, device: Device) -> None:
        assert self.link is not None
        self.forget(device.id)
        port = _DevicePort(self._owner, device.id)
        served = self.guard.enter("attach", self.link.attach, device, port)
        self.drivers[device.id] = GuardedDevice(self.guard, served)
        self._ports[device.id] = port

    def forget(self, id: str) -> None:
        port = self._ports.pop(id, None)
        if port is not None:
            port.close()
        if self.drivers.pop(id, None) is not None and self.link is not None:
            self.guard.run("detach", self.link.detach, id)

    def cancel(self, starting: Deferred[Any]) -> None:
        starting.addErrback(lambda failure: None)
        self.guard.run("start", starting.cancel)

    def end(self, stepper: Stepper, deadline: float) -> Deferred[None]:
        """Fires when it has stopped, or the deadline has passed."""
        self._port.link = None
        for port in self._ports.values():
            port.close()
        starting, self.starting = self.starting, None
        if starting is not None:
            self.guard.run("start", starting.cancel)
        done: Deferred[None] = Deferred()
        if self.link is None:
            self.guard.close()
            return succeed(None)

        def stopped(_: object) -> None:
            timer.cancel()
            if not self.guard.closed:
                self.guard.close()
                done.callback(None)

        def tooLate() -> None:
            owner = self._owner
            owner.log.warn(
                "{driver}: link {key} did not stop within {deadline:g} s and is left behind",
                driver=owner.driver.name,
                key=owner.key,
                deadline=deadline,
            )
            self.guard.close()
            done.callback(None)

        timer = stepper.callLater(deadline, tooLate)
        stopping = deferredOf(self.guard, "stop", self.link.stop)
        stopping.addErrback(lambda failure: self.guard.crashed("stop", failure)).addCallback(stopped)
        return done


@implementer(ILinkPort)
class _LinkPort:
    def __init__(self, link: Link) -> None:
        self.link: Link | None = link

    def lost(self, reason: LinkFailed) -> None:
        if self.link is not None:
            self.link.lost(reason)

    def found(self, candidate: Mapping[str, Any]) -> None:
        if self.link is not None:
            self.link.onFound(self.link, candidate)


@implementer(IDevicePort)
class _DevicePort:
    __slots__ = ("_device", "_link")

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
