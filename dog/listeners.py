"""The sockets on which clients connect: bound before anything else starts, so that a port in use ends the start."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from socket import AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.logger import Logger
from twisted.protocols.policies import WrappingFactory
from twisted.python.failure import Failure

from dog.certificates import BadCertificate, Certificates
from dog.endpoints import interfaceOf, isSecure, portOf

#: What the system says where this machine has no IPv6, or no such address.
_NO_SUCH_ADDRESS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT})


class CannotListen(Exception):
    """An endpoint that can't be listened on; the text says which, and why, in one line."""


class Listeners(Service):
    """Listens on every endpoint, or does not start. C{tls:} and C{tls6:} are C{tcp:} and C{tcp6:} with TLS.

    One for all addresses of IPv6 is for those of IPv4, too, where the system has it so, unless another has that port.

    @param certificates: what those with TLS show; loaded before anything is bound.
    @param optional: endpoints that may be missing (the default's IPv6 loopback, where there is no IPv6).
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        endpoints: Sequence[str],
        factory: IProtocolFactory,
        optional: frozenset[str] = frozenset(),
        certificates: Certificates | None = None,
    ) -> None:
        self._reactor = reactor
        self._endpoints = endpoints
        self._factory = factory
        self._optional = optional
        self._certificates = certificates
        self._open: list[tuple[str, IListeningPort]] = []
        self._sixOnly = sixOnly(endpoints)

    @property
    def addresses(self) -> list[str]:
        """Where clients can connect, as URLs."""
        return [_url(port.getHost(), isSecure(text)) for text, port in self._open]

    @property
    def securePort(self) -> int | None:
        """The TCP port of the first listener with TLS."""
        hosts: list[Any] = [port.getHost() for text, port in self._open if isSecure(text)]
        return hosts[0].port if hosts else None

    def privilegedStartService(self) -> None:
        """Bind. Ends the process with one line where that is not possible."""
        if self._certificates is not None:
            try:
                self._certificates.load()
            except BadCertificate as bad:
                raise SystemExit(f"dog: {bad}") from None
        try:
            for text in self._endpoints:
                self._bind(text)
        except CannotListen as cannot:
            self._close(self._open)
            raise SystemExit(f"dog: {cannot}") from None

    def change(self, endpoints: Sequence[str]) -> Deferred[None]:
        """Listen on these from now on. What was listened on and is so still is not touched; connections stay.

        Fails with L{CannotListen}, and then listens on what it did before: the old ones are closed first, since the
        new ones may want their ports.
        """
        before, self._sixOnly = self._sixOnly, sixOnly(endpoints)
        kept = [each for each in self._open if each[0] in endpoints and each[0] not in before ^ self._sixOnly]
        dropped = [each for each in self._open if each not in kept]
        self._open = kept

        def bind(_: object) -> Deferred[None] | None:
            known = [text for text, _ in self._open]
            try:
                for text in endpoints if self.running else ():
                    if text not in known:
                        self._bind(text)
            except CannotListen as cannot:
                why = cannot
                self._sixOnly = before
                added = [each for each in self._open if each[0] not in known]
                self._open = [each for each in self._open if each[0] in known]
                return self._close(added).addCallback(lambda _: self._restore(dropped, why))
            self._endpoints = endpoints
            return None

        return self._close(dropped).addCallback(bind)

    def _restore(self, dropped: Sequence[tuple[str, IListeningPort]], why: CannotListen) -> None:
        for text, _ in dropped if self.running else ():
            try:
                self._bind(text)
            except CannotListen as cannot:
                self.log.error("{problem}; it was listened on until now", problem=str(cannot))
        raise why

    def _bind(self, text: str) -> None:
        secure = isSecure(text)
        try:
            reactor = _SixOnly(self._reactor) if text in self._sixOnly else self._reactor
            endpoint = serverFromString(reactor, f"tcp{text[3:]}" if secure else text)
        except (ValueError, TypeError):
            example = "tcp:8080:interface=127.0.0.1"
            raise CannotListen(f"{text!r} is no server endpoint; one is {example}") from None
        except LookupError:
            raise CannotListen(f"{text!r}: systemd has handed over no such socket (is its .socket unit on?)") from None
        outcome: list[Any] = []
        maybeDeferred(endpoint.listen, self._wrapped() if secure else self._factory).addBoth(outcome.append)
        if not outcome:
            raise CannotListen(f"{text!r} does not bind at once, which a gateway's listener must")
        if isinstance(outcome[0], Failure):
            self._refuse(text, outcome[0].value)
        else:
            self._open.append((text, outcome[0]))

    def _close(self, listening: Sequence[tuple[str, IListeningPort]]) -> Deferred[Any]:
        return DeferredList([maybeDeferred(port.stopListening) for _, port in listening], consumeErrors=True)

    def _wrapped(self) -> IProtocolFactory:
        from twisted.protocols.tls import TLSMemoryBIOFactory

        assert self._certificates is not None, "there is no certificate to show"
        made: IProtocolFactory = TLSMemoryBIOFactory(
            self._certificates,
            False,
            Unnegotiated(self._factory),  # type: ignore[no-untyped-call]
        )
        return made

    def _refuse(self, text: str, error: BaseException | None) -> None:
        why: object = error
        if isinstance(error, CannotListenError):
            number = getattr(error.socketError, "errno", None)
            if text in self._optional and number in _NO_SUCH_ADDRESS:
                self.log.info("not listening on {endpoint}: this machine has no such address", endpoint=text)
                return
            why = error.socketError if number is None else os.strerror(number)
        raise CannotListen(f"can't listen on {text}: {why}")

    def stopService(self) -> Deferred[Any]:
        super().stopService()  # type: ignore[no-untyped-call]
        listening, self._open = self._open, []
        return self._close(listening)


def sixOnly(endpoints: Sequence[str]) -> frozenset[str]:
    """Those for all addresses of IPv6 that leave the ones of IPv4 to another one, which has the same port."""
    four = {portOf(each) for each in endpoints if each.partition(":")[0] in ("tcp", "tcp4", "tls")}
    six = [each for each in endpoints if each.partition(":")[0] in ("tcp6", "tls6") and portOf(each) in four]
    return frozenset(each for each in six if interfaceOf(each) in ("", "::"))


class _SixOnly:
    """As much of a reactor as an endpoint needs; what it listens on is of IPv6 only (RFC 3493, section 5.3), which
    Twisted's own sockets can't be told.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def listenTCP(self, port: int, factory: IProtocolFactory, backlog: int = 50, interface: str = "::") -> Any:
        try:
            with socket(AF_INET6, SOCK_STREAM) as made:
                made.setblocking(False)
                made.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
                made.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
                made.bind((interface, port))
                made.listen(backlog)
                return self._reactor.adoptStreamPort(made.fileno(), AF_INET6, factory)
        except OSError as error:
            raise CannotListenError(interface, port, error) from None


class Unnegotiated(WrappingFactory):
    """Leaves protocol negotiation (ALPN) to the certificates' context, which is made once: Twisted would change it
    with every connection, which pyOpenSSL deprecates.
    """

    noisy = False

    def buildProtocol(self, address: Any) -> Any:
        return self.wrappedFactory.buildProtocol(address)


def _url(host: Any, secure: bool = False) -> str:
    address = getattr(host, "host", None)
    if address is None:
        name = getattr(host, "name", host)
        return f"unix:{name.decode() if isinstance(name, bytes) else name}"
    place = f"[{address}]" if ":" in address else address
    return f"{'https' if secure else 'http'}://{place}:{host.port}"
