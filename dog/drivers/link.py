"""What links to serial ports and network servers have in common: endpoint strings, opening, closing, typed reasons."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.endpoints import quoteStringArgument
from twisted.internet.error import ConnectError, ConnectionRefusedError, DNSLookupError, TimeoutError, UserError
from twisted.internet.interfaces import IAddress, IDelayedCall, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from dog.interfaces import IKit, LinkFailed


@dataclass(frozen=True)
class SerialSettings:
    """How a serial line runs. C{parity}: C{none}, C{even} or C{odd}; C{stopBits}: 1, 1.5 or 2."""

    baudRate: int = 9600
    dataBits: int = 8
    parity: str = "none"
    stopBits: float = 1

    @property
    def bitsPerByte(self) -> float:
        """Start bit, data, parity, stop bits: what a byte takes on the line."""
        return 1 + self.dataBits + (self.parity != "none") + self.stopBits


def tcpEndpoint(host: str, port: int, timeout: float = 5) -> str:
    """The client endpoint string of a TCP server. ValueError for what is none."""
    return f"tcp:{_server(host, port)}:timeout={timeout:g}"


def udpEndpoint(host: str, port: int) -> str:
    """The endpoint string of a UDP server. ValueError for what is none."""
    return f"udp:{_server(host, port)}"


def _server(host: str, port: int) -> str:
    if not host or any(each.isspace() for each in host):
        raise ValueError(f"expected a host, got {host!r}")
    if not 1 <= port <= 0xFFFF:
        raise ValueError(f"expected a port from 1 to 65535, got {port}")
    return f"{quoteStringArgument(host)}:{port}"


def portEndpoint(name: str, settings: SerialSettings) -> str:
    """The endpoint string of what an installer calls a serial port: a path, C{tcp:HOST:PORT} (the bytes and nothing
    else; its server sets the port), or C{rfc2217:HOST:PORT} (the port is set over the network).

    ValueError, in words, for what is none of these.
    """
    how = (
        f":baudRate={settings.baudRate}:dataBits={settings.dataBits}"
        f":parity={settings.parity}:stopBits={settings.stopBits:g}"
    )
    if name.startswith("/"):
        return f"serial:{quoteStringArgument(name)}{how}"
    kind, _, rest = name.partition(":")
    host, _, port = rest.rpartition(":")
    if kind not in ("tcp", "rfc2217") or not port.isdigit():
        raise ValueError(f"expected the path of a serial port, tcp:HOST:PORT or rfc2217:HOST:PORT, got {name!r}")
    host = host.removeprefix("//").strip("[]")
    return tcpEndpoint(host, int(port)) if kind == "tcp" else f"rfc2217:{_server(host, int(port))}{how}"


def isNetwork(endpoint: str) -> bool:
    """Whether this connection may be dead without anybody saying so."""
    return not endpoint.startswith("serial:")


class Wire(Protocol):
    """The bytes of one link. Opened once, closed once; for another try there is another wire.

    @ivar patience: seconds for which L{open} waits for a serial port that is not plugged in (yet).
    """

    patience = 10.0
    _RETRY = 0.5
    _LINGER = 1.0

    def __init__(
        self,
        kit: IKit,
        endpoint: str,
        heard: Callable[[bytes], object],
        lost: Callable[[LinkFailed], object],
    ) -> None:
        """
        @param heard: called with bytes as they come.
        @param lost: called once if the connection ends and nobody asked for it.
        """
        self.endpoint = endpoint
        self._kit = kit
        self._heard = heard
        self._lost = lost
        self._opening: Deferred[object] | None = None
        self._opened: Deferred[None] | None = None
        self._timer: IDelayedCall | None = None
        self._closed: Deferred[None] | None = None
        self._up = False
        self._until = 0.0

    def open(self) -> Deferred[None]:
        """Fires with None once connected; fails with L{LinkFailed}. Cancel it to close."""
        self._until = self._kit.clock.seconds() + self.patience
        opened: Deferred[None] = Deferred(self._cancelled)
        self._opened = opened
        self._try()
        return opened

    def _cancelled(self, _: object) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        """Send; on a wire that is not up, nothing happens."""
        if self._up and self.transport is not None:
            self.transport.write(data)

    def close(self) -> Deferred[None]:
        """Fires with None when it is closed, at the latest after a second. In any state, any number of times."""
        opened, self._opened = self._opened, None
        opening, self._opening = self._opening, None
        if self._closed is None:  # afterwards, the timer is what ends a close that hangs
            self._stopTimer()
        if opening is not None:
            opening.cancel()
        if opened is not None and not opened.called:
            opened.errback(LinkFailed("closed", "closed while it was being opened"))
        if not self._up:
            return succeed(None)
        if self._closed is None:
            self._closed = Deferred()
            self._timer = self._kit.clock.callLater(self._LINGER, self._gone)
            assert self.transport is not None
            self.transport.loseConnection()
        waiting: Deferred[None] = Deferred()
        if self._closed.called:
            return succeed(None)
        self._closed.addCallback(lambda _: waiting.callback(None))
        return waiting

    # -- opening ------------------------------------------------------------------------------------------

    def _try(self) -> None:
        self._timer = None
        self._opening = self._kit.connect(self.endpoint, _Once(self))
        self._opening.addCallbacks(self._connected, self._failed)

    def _connected(self, _: object) -> None:
        self._opening = None
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.callback(None)

    def _failed(self, failure: Failure) -> None:
        self._opening = None
        if self._opened is None:
            return
        now = self._kit.clock.seconds()
        if self.endpoint.startswith("serial:") and _absent(failure.value) and now + self._RETRY <= self._until:
            self._timer = self._kit.clock.callLater(self._RETRY, self._try)
            return
        opened, self._opened = self._opened, None
        opened.errback(reasonOf(failure, self.endpoint))

    # -- IProtocol ----------------------------------------------------------------------------------------

    def connectionMade(self) -> None:
        self._up = True
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)  # short requests, and each waits for its answer

    def dataReceived(self, data: bytes) -> None:
        if self._up and self._closed is None:
            self._heard(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        asked = self._closed is not None
        was, self._up = self._up, False
        self._gone()
        if was and not asked:
            self._lost(LinkFailed("closed", f"{placeOf(self.endpoint)}: {_words(reason.value)}"))

    def _gone(self) -> None:
        self._stopTimer()
        if self._closed is not None and not self._closed.called:
            self._up = False
            abort = getattr(self.transport, "abortConnection", None)
            if abort is not None:  # a serial port has none
                abort()
            self._closed.callback(None)

    def _stopTimer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()


class _Once(Factory):
    noisy = False

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        return self._wire


def placeOf(endpoint: str) -> str:
    """An endpoint string as an installer knows it: C{127.0.0.1:502}, C{/dev/ttyUSB0}."""
    kind, _, rest = endpoint.replace("\\:", "\0").partition(":")
    parts = [each.replace("\0", ":") for each in rest.split(":")]
    return parts[0] if kind == "serial" else ":".join(parts[:2])


def reasonOf(failure: Failure, endpoint: str) -> LinkFailed:
    """Why a connection could not be made, typed."""
    error, place = failure.value, placeOf(endpoint)
    if isinstance(error, LinkFailed):
        return error
    if isinstance(error, ConnectionRefusedError):
        return LinkFailed("refused", f"{place} refuses connections")
    if isinstance(error, (TimeoutError, UserError, CancelledError)):
        return LinkFailed("timeout", f"{place} does not answer")
    if isinstance(error, DNSLookupError):
        return LinkFailed("unreachable", f"{place}: there is no host of that name")
    if _absent(error):
        return LinkFailed("unreachable", f"{place} is not there")
    if getattr(error, "errno", None) in (errno.EACCES, errno.EPERM):
        return LinkFailed("refused", f"{place}: no permission to open it")
    if isinstance(error, ValueError):
        return LinkFailed("misconfigured", f"{place}: {error}")
    if isinstance(error, (ConnectError, OSError)):
        return LinkFailed("unreachable", f"{place}: {_words(error)}")
    return LinkFailed("internal", f"{place}: {type(error).__name__}: {error}")


def _absent(error: BaseException | None) -> bool:
    return getattr(error, "errno", None) in (errno.ENOENT, errno.ENXIO, errno.ENODEV)


def _words(error: BaseException | None) -> str:
    return str(error).rstrip(".") or type(error).__name__
