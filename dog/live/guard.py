"""Where the gateway enters a driver's code: what is raised there ends here, and it is known whose code is running."""

from __future__ import annotations

from asyncio import CancelledError as AsyncioCancelledError
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from weakref import WeakSet

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IProtocol, IProtocolFactory, IReactorTime
from twisted.python.failure import Failure
from zope.interface import directlyProvides, implementer, providedBy

from dog.interfaces import IDeviceDriver, IKit
from dog.model.command import Command, Outcome


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a driver: which link's code, and by which way it was entered (C{start}, C{send}, C{timer} ...)."""

    driver: str
    link: str
    seam: str


@dataclass(slots=True)
class Tally:
    """How often something held up the whole process, and for how many seconds altogether."""

    count: int = 0
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        self.count += 1
        self.seconds += seconds


@dataclass
class Conduct:
    """How the drivers behave, since the start.

    @ivar where: the driver's code that the reactor's thread is in right now. Other threads may read it.
    @ivar crashes: by driver.
    @ivar blocked: by driver. @ivar blockedLinks: by driver and link, where the link is known.
    @ivar blockedElsewhere: by module: what held up the process and is no driver.
    """

    where: Where | None = None
    crashes: Counter[str] = field(default_factory=Counter)
    blocked: dict[str, Tally] = field(default_factory=dict)
    blockedLinks: dict[tuple[str, str], Tally] = field(default_factory=dict)
    blockedElsewhere: dict[str, Tally] = field(default_factory=dict)


class Guard:
    """One life of a link, from C{link()} to the end of its C{stop()}. Every way into its code leads through here.

    @param crashed: called with the seam and the L{Failure} of every exception that is a bug.
    """

    def __init__(
        self, conduct: Conduct, driver: str, key: Hashable, crashed: Callable[[str, Failure], object]
    ) -> None:
        self._conduct = conduct
        self._driver = driver
        self._link = str(key)
        self._crashed = crashed
        self._places: dict[str, Where] = {}
        self._timers: WeakSet[IDelayedCall] = WeakSet()
        self._protocols: WeakSet[_GuardedProtocol] = WeakSet()
        self.closed = False

    def enter(self, seam: str, call: Callable[..., Any], *args: Any) -> Any:
        """Call the driver's code. What it raises is the caller's business, and always an Exception."""
        where = self._places.get(seam)
        if where is None:
            where = self._places[seam] = Where(self._driver, self._link, seam)
        conduct = self._conduct
        before, conduct.where = conduct.where, where
        try:
            return call(*args)
        except (SystemExit, GeneratorExit, AsyncioCancelledError) as error:
            raise RuntimeError(f"{type(error).__name__} must not leave a driver") from error
        finally:
            conduct.where = before

    def run(self, seam: str, call: Callable[..., Any], *args: Any) -> Any:
        """Call the driver's code where nobody waits for what it says. What it raises is a crash; None, then."""
        try:
            return self.enter(seam, call, *args)
        except Exception:
            self.crashed(seam, Failure())

    def crashed(self, seam: str, failure: Failure) -> None:
        """It was a bug."""
        self._conduct.crashes[self._driver] += 1
        self._crashed(seam, failure)

    def close(self) -> None:
        """This life is over: what it has left behind (timers, open connections) ends."""
        self.closed = True
        for timer in list(self._timers):
            if timer.active():
                timer.cancel()
        for protocol in list(self._protocols):
            protocol.abandon()

    # -- what the driver gets of the outside world --------------------------------------------------------

    def callLater(self, clock: IReactorTime, delay: float, call: Callable[[], Any]) -> IDelayedCall:
        timer: IDelayedCall = clock.callLater(delay, self.run, "timer", call)
        if self.closed:
            timer.cancel()
        else:
            self._timers.add(timer)
        return timer

    def timers(self) -> list[IDelayedCall]:
        return [each for each in self._timers if each.active()]

    def connect(
        self, connect: Callable[[str, IProtocolFactory], Deferred[Any]], endpoint: str, factory: IProtocolFactory
    ) -> Deferred[Any]:
        if self.closed:
            return fail(CancelledError("this link has been stopped"))
        return connect(endpoint, _GuardedFactory(self, factory)).addCallback(_inner)

    def protect(self, protocol: IProtocol) -> _GuardedProtocol:
        guarded = _GuardedProtocol(self, protocol)
        self._protocols.add(guarded)
        return guarded


@implementer(IReactorTime)
class _GuardedClock:
    def __init__(self, guard: Guard, clock: IReactorTime) -> None:
        self._guard = guard
        self._clock = clock
        self.seconds = clock.seconds

    def callLater(self, delay: float, callable: Callable[..., Any], *args: object, **kwargs: object) -> IDelayedCall:
        call = partial(callable, *args, **kwargs) if args or kwargs else callable
        return self._guard.callLater(self._clock, delay, call)

    def getDelayedCalls(self) -> list[IDelayedCall]:
        return self._guard.timers()


@implementer(IKit)
class GuardedKit:
    """A kit whose timers and connections enter the driver through its guard. The rest is the real kit's."""

    def __init__(self, guard: Guard, kit: IKit) -> None:
        self._guard = guard
        self._kit = kit
        self.clock: IReactorTime = _GuardedClock(guard, kit.clock)

    def connect(self, endpoint: str, factory: IProtocolFactory) -> Deferred[Any]:
        return self._guard.connect(self._kit.connect, endpoint, factory)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kit, name)


@implementer(IProtocolFactory)
class _GuardedFactory:
    def __init__(self, guard: Guard, factory: IProtocolFactory) -> None:
        self._guard = guard
        self._factory = factory

    def buildProtocol(self, addr: Any) -> IProtocol | None:
        protocol = self._guard.enter("connect", self._factory.buildProtocol, addr)
        return None if protocol is None else self._guard.protect(protocol)

    def doStart(self) -> None:
        self._factory.doStart()

    def doStop(self) -> None:
        self._factory.doStop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._factory, name)


@implementer(IProtocol)
class _GuardedProtocol:
    """Stands between a transport and the driver's protocol. Whatever else is asked of it, the driver's answers."""

    def __init__(self, guard: Guard, protocol: IProtocol) -> None:
        self._guard = guard
        self.inner = protocol
        self._transport: Any = None
        directlyProvides(self, providedBy(protocol))

    def makeConnection(self, transport: Any) -> None:
        self._transport = transport
        self._guard.run("connected", self.inner.makeConnection, transport)

    def dataReceived(self, data: bytes) -> None:
        if not self._guard.closed:
            self._guard.run("received", self.inner.dataReceived, data)

    def connectionLost(self, reason: Failure) -> None:
        self._transport = None
        self._guard.run("disconnected", self.inner.connectionLost, reason)

    def abandon(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            getattr(transport, "abortConnection", transport.loseConnection)()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def _inner(connected: Any) -> Any:
    return connected.inner if isinstance(connected, _GuardedProtocol) else connected


@implementer(IDeviceDriver)
class GuardedDevice:
    """A driver's side of one device, as the command queues get to see it."""

    __slots__ = ("_device", "_guard")

    def __init__(self, guard: Guard, device: Any) -> None:
        self._guard = guard
        self._device = device

    def send(self, command: Command) -> Deferred[Outcome]:
        """Whatever the driver does, this is a Deferred of an Outcome that can be cancelled, or a failure (a bug)."""
        cancelled = False

        def cancel(_: object) -> None:
            nonlocal cancelled
            cancelled = True
            self._guard.run("send", sending.cancel)

        def done(result: Any) -> None:
            if not isinstance(result, (Outcome, Failure)):
                result = Failure(TypeError(f"send() must fire with an Outcome, not {type(result).__name__}"))
            if isinstance(result, Failure) and not (cancelled and result.check(CancelledError)):
                self._guard.crashed("send", result)
            if not outcome.called:
                outcome.callback(result)

        outcome: Deferred[Outcome] = Deferred(cancel)
        sending: Deferred[Any] = deferredOf(self._guard, "send", self._device.send, command)
        sending.addCallbacks(done, done)
        return outcome

    def refresh(self) -> None:
        self._guard.run("refresh", self._device.refresh)


def deferredOf(guard: Guard, seam: str, call: Callable[..., Any], *args: Any) -> Deferred[Any]:
    """What a driver's method comes to that must answer with a Deferred; a failure where it does anything else."""
    try:
        found = guard.enter(seam, call, *args)
        if not isinstance(found, Deferred):
            raise TypeError(f"{seam}() must return a Deferred, not {type(found).__name__}")
    except Exception:
        return fail(Failure())
    return found
