"""What passes on the wires of a driver, recorded while somebody asks for it.

Every connection that a driver makes through its kit passes a L{Tap}. Nobody listens to it as a rule, and then all it
does is to look whether somebody does.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from itertools import count
from typing import Any, Protocol
from weakref import WeakValueDictionary

from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory
from twisted.python.failure import Failure
from zope.interface import directlyProvides, implementer, providedBy

from dog.model.refusal import Code, Refusal

#: (connection, what, more): told by a L{Tap}. Numbers of connections are unique in the process.
Listener = Callable[["Tap", int, str, Mapping[str, Any]], object]

_numbers = count(1)


class Cancels(Protocol):
    def cancel(self) -> Any: ...


class Tap:
    """Where everything of one link passes by.

    @ivar listeners: told of what passes.
    @ivar open: number of a connection that is open -> its endpoint string.
    """

    def __init__(self, driver: str, link: str) -> None:
        self.driver = driver
        self.link = link
        self.listeners: tuple[Listener, ...] = ()
        self.open: dict[int, str] = {}

    def on(self, endpoint: str, factory: IProtocolFactory) -> IProtocolFactory:
        """A factory whose protocols pass by here; L{untapped} gives back the driver's own."""
        return _TappedFactory(self, endpoint, factory)

    def tell(self, connection: int, what: str, **more: Any) -> None:
        for each in self.listeners:
            each(self, connection, what, more)


def untapped(protocol: Any) -> Any:
    """The protocol that a driver's factory built."""
    return protocol.protocol if isinstance(protocol, _TappedProtocol) else protocol


@implementer(IProtocolFactory)
class _TappedFactory:
    def __init__(self, tap: Tap, endpoint: str, factory: IProtocolFactory) -> None:
        self._tap = tap
        self._endpoint = endpoint
        self._factory = factory

    def doStart(self) -> None:
        self._factory.doStart()

    def doStop(self) -> None:
        self._factory.doStop()

    def buildProtocol(self, addr: IAddress) -> IProtocol | None:
        protocol = self._factory.buildProtocol(addr)
        return None if protocol is None else _TappedProtocol(self._tap, self._endpoint, protocol)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._factory, name)


@implementer(IProtocol)
class _TappedProtocol:
    """Between a transport and the driver's protocol; provides what that one does (half-close, handshake)."""

    def __init__(self, tap: Tap, endpoint: str, protocol: Any) -> None:
        self.protocol = protocol
        self._tap = tap
        self._endpoint = endpoint
        self._number = 0
        directlyProvides(self, providedBy(protocol))

    def makeConnection(self, transport: Any) -> None:
        tap = self._tap
        number = self._number = next(_numbers)
        tap.open[number] = self._endpoint
        if tap.listeners:
            tap.tell(number, "opened", endpoint=self._endpoint)
        self.protocol.makeConnection(_TappedTransport(tap, number, transport))

    def dataReceived(self, data: bytes) -> None:
        if self._tap.listeners:
            self._tap.tell(self._number, "received", data=data)
        self.protocol.dataReceived(data)

    def connectionLost(self, reason: Failure) -> None:
        self._tap.open.pop(self._number, None)
        if self._tap.listeners:
            self._tap.tell(self._number, "lost", reason=reason.getErrorMessage())
        self.protocol.connectionLost(reason)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.protocol, name)


class _TappedTransport:
    """A transport as it is, but for what is written to it."""

    def __init__(self, tap: Tap, number: int, transport: Any) -> None:
        self._tap = tap
        self._number = number
        self._transport = transport
        directlyProvides(self, providedBy(transport))

    def write(self, data: bytes) -> None:
        if self._tap.listeners:
            self._tap.tell(self._number, "sent", data=bytes(data))
        self._transport.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Captures:
    """Every capture that runs, and the taps they listen to.

    @param seconds: the monotonic clock. @param later: as C{callLater}.
    @ivar most: captures at once; one more is refused (C{busy}).
    """

    def __init__(
        self, seconds: Callable[[], float], later: Callable[[float, Callable[[], object]], Cancels], most: int = 4
    ) -> None:
        self.seconds = seconds
        self.later = later
        self.most = most
        self.running: dict[Capture, None] = {}
        self._taps: WeakValueDictionary[tuple[str, str], Tap] = WeakValueDictionary()

    def tap(self, driver: str, key: Hashable) -> Tap:
        """The tap of a link, to be kept by what makes its connections."""
        name = (driver, str(key))
        tap = self._taps.get(name)
        if tap is None:
            tap = self._taps[name] = Tap(*name)
            for each in self.running:
                each.listenTo(tap)
        return tap

    def taps(self) -> list[Tap]:
        return list(self._taps.values())

    def check(self) -> None:
        """Raises L{Refusal} C{busy} where no more captures may begin."""
        if len(self.running) >= self.most:
            raise Refusal(Code.BUSY, f"{self.most} captures are running already")

    def close(self) -> None:
        """End every capture: the gateway stops."""
        for each in list(self.running):
            each.end("the gateway stops")


class Capture:
    """One recording. Each record is a mapping that JSON can say; see docs/drivers.md, "Captured traffic".

    @param link: of this link only, by the text of its key; None: of every link of the driver.
    @param patience: seconds after which it ends.
    @param bound: bytes, both directions together, after which it ends.
    @param record: called with each record, the last of which is C{end}.
    """

    def __init__(
        self,
        captures: Captures,
        driver: str,
        link: str | None,
        patience: float,
        bound: int,
        record: Callable[[Mapping[str, Any]], object],
    ) -> None:
        self._captures = captures
        self._driver = driver
        self._link = link
        self._patience = patience
        self._bound = bound
        self._record = record
        self._bytes = 0
        self._began = 0.0
        self._timer: Cancels | None = None
        self._taps: list[Tap] = []

    def begin(self) -> None:
        """Record from now on."""
        self._began = self._captures.seconds()
        self._captures.running[self] = None
        self._timer = self._captures.later(self._patience, self._timeIsUp)
        for tap in self._captures.taps():
            self.listenTo(tap)

    def listenTo(self, tap: Tap) -> None:
        if tap.driver == self._driver and self._link in (None, tap.link):
            for number, endpoint in tap.open.items():
                self._heard(tap, number, "open", {"endpoint": endpoint})
            self._taps.append(tap)
            tap.listeners = (*tap.listeners, self._heard)

    def _heard(self, tap: Tap, number: int, what: str, more: Mapping[str, Any]) -> None:
        if self not in self._captures.running:
            return
        record: dict[str, Any] = {"at": self._at(), "connection": number, "what": what}
        data = more.get("data")
        if data is None:
            record |= more
        else:
            record["hex"] = data.hex()
            self._bytes += len(data)
        if what in ("open", "opened"):
            record["link"] = tap.link
        self._record(record)
        if self._bytes >= self._bound:
            self.end("bytes")

    def _timeIsUp(self) -> None:
        self._timer = None
        self.end("time")

    def _at(self) -> float:
        return round(self._captures.seconds() - self._began, 6)

    def end(self, why: str) -> None:
        """Record no more; harmless where it has ended. C{why}: C{time}, C{bytes}, or words."""
        if self not in self._captures.running:
            return
        del self._captures.running[self]
        if self._timer is not None:
            self._timer.cancel()
        for tap in self._taps:
            tap.listeners = tuple(each for each in tap.listeners if each != self._heard)
        self._record({"at": self._at(), "what": "end", "why": why, "bytes": self._bytes})
