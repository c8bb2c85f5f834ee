"""Fakes of everything a driver is handed: a kit on a hand-driven clock, and ports that keep what they are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectError, ConnectionRefusedError
from twisted.internet.interfaces import IProtocol, IProtocolFactory
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import Logger
from zope.interface import implementer

from dog.interfaces import IDevicePort, IKit, ILinkPort, LinkFailed
from dog.model.candidate import candidateFrom
from dog.model.values import Pulse, Reading, Seen, Slot, Value

#: What C{FakeKit.utcNow()} says while its clock stands at 0: a Wednesday.
EPOCH = datetime(2025, 1, 15, 12, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Connection:
    """One successful connection of a L{FakeKit}: the driver's protocol on a transport in memory."""

    endpoint: str
    protocol: Any
    transport: StringTransport


@implementer(IKit)
class FakeKit:
    """An L{IKit} in memory. Every connection is refused until told otherwise.

    @ivar clock: a C{Clock}; C{utcNow} follows it from L{EPOCH} on.
    @ivar attempts: every endpoint the driver tried to connect to, in order.
    @ivar connections: those that were let through.
    """

    def __init__(self, seed: int = 1, epoch: datetime = EPOCH) -> None:
        self.clock = Clock()
        self.random = Random(seed)
        self.log = Logger(namespace="dog.testing")
        self.epoch = epoch
        self.attempts: list[str] = []
        self.connections: list[Connection] = []
        self._answers: dict[str, BaseException | Deferred[Any] | None] = {}
        self._plugs: dict[str, Callable[[Any], StringTransport]] = {}

    def utcNow(self) -> datetime:
        return self.epoch + timedelta(seconds=self.clock.seconds())

    def accept(self, endpoint: str, plug: Callable[[Any], StringTransport] | None = None) -> None:
        """From now on connections to this endpoint succeed, each on a new C{StringTransport}.

        @param plug: makes the transport for the driver's protocol, in place of a plain one.
        """
        self._answers[endpoint] = None
        self._plugs[endpoint] = plug or (lambda protocol: StringTransport())

    def refuse(self, endpoint: str, why: BaseException | None = None) -> None:
        """From now on connections to this endpoint fail, by default as a closed port does."""
        self._answers[endpoint] = ConnectionRefusedError() if why is None else why

    def hang(self, endpoint: str) -> None:
        """From now on connections to this endpoint stay undecided until cancelled."""
        self._answers[endpoint] = Deferred()

    def connect(self, endpoint: str, factory: IProtocolFactory) -> Deferred[Any]:
        self.attempts.append(endpoint)
        answer = self._answers.get(endpoint, ConnectionRefusedError())
        if isinstance(answer, BaseException):
            return fail(answer)
        if isinstance(answer, Deferred):
            return Deferred()
        protocol: IProtocol | None = factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 1))
        if protocol is None:
            return fail(ConnectError(string="the factory built no protocol"))
        transport = self._plugs[endpoint](protocol)
        self.connections.append(Connection(endpoint, protocol, transport))
        protocol.makeConnection(transport)
        return succeed(protocol)

    def run(self, seconds: float) -> None:
        """Let that many seconds pass, from one timer to the next, so that each runs at its own time."""
        until = self.clock.seconds() + seconds
        while True:
            due = [call.getTime() for call in self.clock.getDelayedCalls()]
            nearest = min(due, default=until)
            if nearest >= until:
                break
            self.clock.advance(max(0.0, nearest - self.clock.seconds()))
        self.clock.advance(max(0.0, until - self.clock.seconds()))


@implementer(ILinkPort)
class FakeLinkPort:
    """An L{ILinkPort} that keeps what it is told.

    @ivar losses: the reasons given to C{lost}. @ivar candidates: what was C{found}.
    """

    def __init__(self) -> None:
        self.losses: list[LinkFailed] = []
        self.candidates: list[Mapping[str, Any]] = []

    def lost(self, reason: LinkFailed) -> None:
        self.losses.append(reason)

    def found(self, candidate: Mapping[str, Any]) -> None:
        """Raises L{BadCandidate} for what the discovery inbox would not take."""
        candidateFrom(candidate, "driver", "System", None, EPOCH)
        self.candidates.append(candidate)


@implementer(IDevicePort)
class FakeDevicePort:
    """An L{IDevicePort} that keeps what it is told.

    @ivar steps: the arguments of every C{observed}, in order: one tuple, one atomic step.
    @ivar reachability: (yes, reason) of every C{reachable}.
    """

    def __init__(self) -> None:
        self.steps: list[tuple[Seen, ...]] = []
        self.reachability: list[tuple[bool, str | None]] = []

    def observed(self, *seen: Seen) -> None:
        self.steps.append(seen)

    def reachable(self, yes: bool, reason: str | None = None) -> None:
        self.reachability.append((yes, reason))

    @property
    def seen(self) -> list[Seen]:
        """Everything observed, flat."""
        return [each for step in self.steps for each in step]

    @property
    def values(self) -> dict[Slot, Value]:
        """The last value of every slot."""
        return {each.slot: each.value for each in self.seen if isinstance(each, Reading)}

    @property
    def pulses(self) -> list[Pulse]:
        return [each for each in self.seen if isinstance(each, Pulse)]

    def clear(self) -> None:
        """Forget everything kept so far."""
        self.steps.clear()
        self.reachability.clear()
