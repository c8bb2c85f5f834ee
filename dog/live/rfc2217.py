"""Serial ports on the network, set over it: C{rfc2217:HOST:PORT:baudRate=9600:dataBits=8:parity=even:stopBits=1}.

Source: RFC 2217, section 3. The line is usable once the server has acknowledged every setting.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import clientFromString, quoteStringArgument
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    ITCPTransport,
    ITransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from dog.interfaces import LinkFailed
from dog.live.serial import Port, fields, parse
from dog.live.telnet import (
    BINARY,
    COM_PORT,
    DO,
    DONT,
    SUPPRESS_GO_AHEAD,
    WILL,
    WONT,
    Decoder,
    Subnegotiation,
    Verb,
    escape,
)

PREFIX = "rfc2217:"

#: Seconds for the connection, and again for the server to acknowledge the settings.
PATIENCE = 5.0

_BAUDRATE, _DATASIZE, _PARITY, _STOPSIZE, _CONTROL, _PURGE = 1, 2, 3, 4, 5, 12
#: A server's commands are the client's and 100.
_SERVER = 100
_PARITIES = {"N": 1, "O": 2, "E": 3}
_STOPSIZES = {1: 1, 2: 2, 1.5: 3}
_NO_FLOW_CONTROL, _BOTH_BUFFERS = b"\x01", b"\x03"

#: What both sides are to do, and, of COM_PORT, may do.
_BOTH = (BINARY, SUPPRESS_GO_AHEAD)
_KNOWN = (*_BOTH, COM_PORT)


def connectRfc2217(reactor: Any, endpoint: str, factory: IProtocolFactory) -> Deferred[IProtocol]:
    """Connect, set the port, then connect a protocol of C{factory} to it.

    Fails as a TCP client endpoint does, with ValueError, or with L{LinkFailed}: C{misconfigured} where the server
    knows nothing of RFC 2217 or runs the port otherwise than wanted, C{timeout}, C{closed}.
    """
    try:
        server, port = parseServer(endpoint)
    except ValueError as error:
        return fail(error)
    ready: Deferred[IProtocol] = Deferred(lambda _: telnet.cancel())
    telnet = _Telnet(reactor, port, factory, ready)
    connecting = clientFromString(reactor, server).connect(_Once(telnet))
    telnet.connecting = connecting
    connecting.addErrback(telnet.failed)
    return ready


def parseServer(endpoint: str) -> tuple[str, Port]:
    """The TCP client endpoint of the server, and how its port is to run. ValueError, in words."""
    host, *rest = fields(endpoint.removeprefix(PREFIX))
    if not host or not rest or not rest[0].isdigit() or not 1 <= int(rest[0]) <= 0xFFFF:
        raise ValueError(f"expected rfc2217:HOST:PORT, got {endpoint!r}")
    port = parse(":".join(("port", *rest[1:])))
    if port.baudRate < 1 or port.dataBits not in (5, 6, 7, 8) or port.stopBits not in _STOPSIZES:
        raise ValueError(f"no serial port runs like that: {endpoint!r}")
    return f"tcp:{quoteStringArgument(host)}:{rest[0]}:timeout={PATIENCE:g}", port


class _Once(Factory):
    noisy = False

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        return self._protocol


@implementer(ITransport)
class _Telnet(Protocol):
    """The server at the other end; to the driver's protocol, its transport.

    That the server wants us to pause (FLOWCONTROL-SUSPEND) is passed over: what drivers send is a few hundred bytes,
    and then they wait for an answer.
    """

    def __init__(self, clock: IReactorTime, port: Port, factory: IProtocolFactory, ready: Deferred[IProtocol]) -> None:
        self.connecting: Deferred[Any] | None = None
        self._factory = factory
        self._ready: Deferred[IProtocol] | None = ready
        self._clock = clock
        self._decoder = Decoder()
        self._inner: IProtocol | None = None
        self._timer: IDelayedCall | None = None
        self._agreed = False
        self._said: set[Verb] = set()
        self._awaited = {
            _BAUDRATE: ("baudRate", port.baudRate, 4),
            _DATASIZE: ("dataBits", port.dataBits, 1),
            _PARITY: ("parity", _PARITIES[port.parity], 1),
            _STOPSIZE: ("stopBits", _STOPSIZES[port.stopBits], 1),
        }

    # -- the connection -----------------------------------------------------------------------------------

    def failed(self, failure: Failure) -> None:
        """There is no connection."""
        ready, self._ready = self._ready, None
        if ready is not None:
            ready.errback(failure)

    def cancel(self) -> None:
        """Nobody waits any more."""
        self._ready = None
        self._stopTimer()
        if self.transport is not None:
            self.transport.abortConnection()  # type: ignore[attr-defined]
        elif self.connecting is not None:
            self.connecting.cancel()

    def connectionMade(self) -> None:
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
        self._timer = self._clock.callLater(PATIENCE, self._tooLate)
        for verb in (Verb(WILL, COM_PORT), *(Verb(verb, each) for each in _BOTH for verb in (WILL, DO))):
            self._say(verb)

    def dataReceived(self, data: bytes) -> None:
        for item in self._decoder.feed(data):
            if isinstance(item, Verb):
                self._answer(item)
            elif isinstance(item, Subnegotiation):
                self._acknowledged(item.data)
            elif self._inner is not None:  # what comes before that is a banner, or what was in the line
                self._inner.dataReceived(item)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._stopTimer()
        inner, self._inner = self._inner, None
        if inner is not None:
            inner.connectionLost(reason)
        else:
            self._refuse("closed", "the server closed the connection before the port was set")

    # -- negotiation --------------------------------------------------------------------------------------

    def _say(self, verb: Verb) -> None:
        """Each once: who answers an answer does so for ever (RFC 854, "option negotiation")."""
        if verb not in self._said:
            self._said.add(verb)
            assert self.transport is not None
            self.transport.write(verb.encode())

    def _answer(self, heard: Verb) -> None:
        option = heard.option
        if heard.verb == WILL:
            self._say(Verb(DO if option in _KNOWN else DONT, option))
        elif heard.verb == DO:
            self._say(Verb(WILL if option in _KNOWN else WONT, option))
            if option == COM_PORT and not self._agreed:
                self._agreed = True
                self._set()
        elif heard.verb == DONT and option == COM_PORT:
            self._refuse(
                "misconfigured", "the server does not let serial ports be set (RFC 2217); tcp:HOST:PORT may do"
            )

    def _set(self) -> None:
        for command, (_, value, length) in self._awaited.items():
            self._command(command, value.to_bytes(length, "big"))
        # Not awaited: not every server answers these, and they do no harm.
        self._command(_CONTROL, _NO_FLOW_CONTROL)
        self._command(_PURGE, _BOTH_BUFFERS)

    def _command(self, command: int, value: bytes) -> None:
        assert self.transport is not None
        self.transport.write(Subnegotiation(bytes([COM_PORT, command]) + value).encode())

    def _acknowledged(self, data: bytes) -> None:
        if len(data) < 3 or data[0] != COM_PORT or data[1] - _SERVER not in self._awaited:
            return
        name, wanted, _ = self._awaited[data[1] - _SERVER]
        value = int.from_bytes(data[2:], "big")
        if value != wanted:
            self._refuse(
                "misconfigured", f"the server does not take {name}: {_said(name, wanted)}, but {_said(name, value)}"
            )
            return
        del self._awaited[data[1] - _SERVER]
        if not self._awaited:
            self._usable()

    def _usable(self) -> None:
        self._stopTimer()
        ready, self._ready = self._ready, None
        if ready is None:
            return
        inner = self._factory.buildProtocol(IPv4Address("TCP", "", 0))
        if inner is None:
            ready.errback(ConnectError(string="the factory built no protocol"))
            self.loseConnection()
            return
        self._inner = inner
        inner.makeConnection(self)
        ready.callback(inner)

    def _tooLate(self) -> None:
        self._timer = None
        what = ", ".join(name for name, _, _ in self._awaited.values()) if self._agreed else "RFC 2217"
        self._refuse("timeout", f"the server did not acknowledge {what} within {PATIENCE:g} s")

    def _refuse(self, code: str, words: str) -> None:
        ready, self._ready = self._ready, None
        self._stopTimer()
        if ready is not None:
            self.loseConnection()
            ready.errback(LinkFailed(code, words))

    def _stopTimer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    # -- ITransport ---------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(escape(data))

    def writeSequence(self, data: Any) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        assert self.transport is not None
        self.transport.loseConnection()

    def abortConnection(self) -> None:
        assert self.transport is not None
        self.transport.abortConnection()  # type: ignore[attr-defined]

    def getPeer(self) -> IAddress:
        assert self.transport is not None
        return self.transport.getPeer()

    def getHost(self) -> IAddress:
        assert self.transport is not None
        return self.transport.getHost()


def _said(name: str, value: int) -> str:
    tables: dict[str, dict[Any, int]] = {"parity": _PARITIES, "stopBits": _STOPSIZES}
    return next((str(each) for each, code in tables.get(name, {}).items() if code == value), str(value))
