"""Composition: the tree of services from the settings. The only place that wires rooms together."""

from __future__ import annotations

import os
import resource
import secrets
import signal
from collections.abc import Callable, Hashable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred, succeed
from twisted.internet.error import TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from dog import __version__
from dog.api import http
from dog.api.call import Profile
from dog.api.crowd import Crowd, Limits
from dog.api.dispatch import Api
from dog.api.identity import Identity
from dog.api.ports import Ports
from dog.api.proxies import Proxies
from dog.api.resources import ROUTES
from dog.api.slowdown import Slowdown
from dog.api.stream import Streams
from dog.api.views.reloaded import Reloaded
from dog.api.ws.connection import ConnectionFactory
from dog.api.ws.protocol import WebSocketDoor
from dog.api.ws.turn import Turns
from dog.certificates import BadCertificate, Certificates
from dog.config import LOOPBACK, Settings, Source
from dog.core.core import Core
from dog.core.ledger import Entry
from dog.endpoints import interfaceOf, isSecure
from dog.home.disk import createWhole, readWhole
from dog.home.store import HomeStore
from dog.listeners import Listeners
from dog.live.attachments import Attachments
from dog.live.audit import Audit
from dog.live.backup import Backup
from dog.live.calm import unswept
from dog.live.capture import Captures
from dog.live.commands import Commands
from dog.live.discovery import Discovery
from dog.live.drivers import findDrivers
from dog.live.follow import HomeFile
from dog.live.home import LiveHome, report
from dog.live.kit import Kit
from dog.live.memory import InTurn, Memory
from dog.live.state import Newer
from dog.live.stepper import Stepper, utcNow
from dog.live.tokens import ADMIN_FILE, Tokens
from dog.live.watchdog import Watchdog
from dog.model.refusal import Code, Refusal
from dog.model.rights import GATEWAY, Role
from dog.pages import pages
from dog.reload import Reload
from dog.setters import settersOf, withoutToken
from dog.systemd import Systemd

log = Logger()

EMPTY_HOME = """\
<?xml version="1.0" encoding="UTF-8"?>
<dhc:dogHomeConfiguration xmlns:dhc="http://elite.polito.it/dogHomeConfiguration">
    <dhc:buildingEnvironment/>
    <dhc:controllables/>
</dhc:dogHomeConfiguration>
"""

#: Seconds between looks at whether a certificate was renewed.
LOOK_AT_CERTIFICATES = 60.0

#: File descriptors that are needed besides those of clients: drivers, files, the reactor's own.
OTHER_DESCRIPTORS = 256

#: Bytes of an SVG plan.
MAX_PLAN = 8 * 1024 * 1024


class Gateway(MultiService):
    """Everything that runs. Starts in this order: sockets bound, home read, drivers started; stops in reverse.

    @cvar patience: seconds that stopping may take; what has not stopped by then is left to the end of the process.
    """

    patience = 1.5
    listeners: Listeners
    reload: Reload

    def __init__(
        self,
        settings: Settings,
        reactor: Any,
        inTurn: InTurn | None = None,
        source: Source | None = None,
        utcNow: Callable[[], datetime] = utcNow,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._reactor = reactor
        self.stepper = Stepper(Core(secrets.token_hex(6)), reactor, utcNow)
        drivers = findDrivers(asyncio=type(reactor).__name__ == "AsyncioSelectorReactor")
        for name, reason in drivers.failed.items():
            log.error("driver {name} {reason}", name=name, reason=reason)
        simulation = drivers.byName["simulated"] if settings.simulate else None

        self.captures = Captures(reactor.seconds, self.stepper.callLater)

        def kit(driver: str, key: Hashable) -> Kit:
            return Kit(reactor, driver, key, settings.seed, utcNow, tap=self.captures.tap(driver, key))

        self.attachments = Attachments(self.stepper, drivers, settings.drivers, kit, simulation)
        self.commands = Commands(
            self.stepper, self.attachments, timeout=settings.commandTimeout, remember=self._remember
        )
        self.attachments.onLost = self.commands.failAll
        store = None if settings.homeFile is None else HomeStore(settings.homeFile)
        self.homes = LiveHome(self.stepper, self.attachments, store, inTurn or self._elsewhere)
        self.discovery = Discovery(self.stepper, self.attachments, self.homes)
        about = {"name": "dog", "version": __version__, "started": utcNow(), "simulated": settings.simulate}
        self.memory: Memory | None = None
        if settings.stateDir is not None:
            self.memory = Memory(self.stepper, settings.stateDir / "state.db", inTurn or self._inTurn)
        self.tokens = Tokens(self.stepper, self.memory, settings.stateDir)
        self.certificates = certificatesOf(settings)
        self.streams = Streams(self.stepper.core, self.stepper.callLater)
        self.audit = Audit(settings.stateDir, inTurn or self._inTurn, self.stepper.callLater, utcNow)
        ports = Ports(
            core=self.stepper.core,
            commands=self.commands,
            homes=self.homes,
            attachments=self.attachments,
            subscriptions=self.stepper.core.subscriptions,
            plan=lambda: readPlan(self.reload.settings.planFile),
            about=about,
            streams=self.streams,
            tokens=self.tokens,
            captures=self.captures,
            discovery=self.discovery,
            reload=self._reload,
            backup=Backup(self.homes, self.memory, self._files, inTurn or self._elsewhere, utcNow),
            certificate=lambda: None if self.certificates is None else self.certificates.current,
            audit=self.audit,
        )
        self.stepper.listen(ports.counts.heard)
        self.stepper.listen(self.streams.heard)
        api = Api(ROUTES, ports, reactor, profile=Profile(settings.profile))
        identity = identityOf(settings.anonymous, self.tokens, reactor)
        api.audit = self.audit
        assert identity.slow is not None
        identity.slow.tellRefusal = self.audit.tellRefusal
        proxies = Proxies(settings.trustedProxies)
        limits = Limits(
            settings.connections, settings.connectionsPerAddress, settings.requestsPerSecond, settings.burst
        )
        self.sockets = ConnectionFactory(
            api,
            self.stepper.core,
            self.stepper.callLater,
            identity=identity,
            about=about,
            origins=settings.origins,
            maxSize=settings.maxBody,
            closeWithin=self.patience * 0.6,
            heartbeat=settings.heartbeat,
            answerWithin=settings.answerWithin,
            slowFor=settings.slowFor,
            maxBytes=settings.maxWaiting,
            maxTotalBytes=settings.maxTotalWaiting,
            deflate=settings.deflate,
            turns=Turns(reactor.callLater),
            proxies=proxies,
        )
        self.sockets.tellRefusal = self.audit.tellRefusal
        crowd = Crowd(limits, reactor.seconds)
        crowd.tellRefusal = self.audit.tellRefusal
        ports.counts.connections = lambda: len(self.sockets.connections)
        site = http.factory(
            api,
            identity,
            reactor,
            ws={settings.websocketPath: WebSocketDoor(self.sockets)},
            pages=pages(settings.websocketPath),
            origins=settings.origins,
            hosts=settings.hosts,
            maxBody=settings.maxBody,
            receiveTimeout=settings.receiveWithin,
            idleTimeout=settings.idleFor,
            crowd=crowd,
            proxies=proxies,
            securePort=lambda: self.listeners.securePort if self.reload.settings.redirect else None,
        )
        gone = (self.sockets.ended, site.ended, self.stepper.core.visibility.forget)
        for ended in gone:
            self.tokens.listen(ended)
        optional = frozenset(LOOPBACK[1:]) if settings.listen == LOOPBACK else frozenset[str]()
        self.listeners = Listeners(reactor, settings.listen, site, optional, self.certificates)
        self.listeners.setServiceParent(self)  # type: ignore[no-untyped-call]
        setters = settersOf(self.commands, api, site, self.sockets, identity, gone)
        self.reload = Reload(
            settings, source, self.homes, self.listeners, self.certificates, setters, self.attachments.configure
        )
        self.attachments.setServiceParent(self)  # type: ignore[no-untyped-call]
        self.systemd = Systemd(os.environ, self.stepper.callLater, self._status)
        self.discovery.setServiceParent(self)  # type: ignore[no-untyped-call]
        if settings.blockedAfter:
            self.watchdog = Watchdog(
                reactor, self.stepper, self.attachments.conduct, lambda: drivers.packages, settings.blockedAfter
            )
            self.watchdog.setServiceParent(self)  # type: ignore[no-untyped-call]
        if store is not None:
            self.homeFile = HomeFile(self.stepper, self.homes, store.path, tell=self._did)
            self.homeFile.setServiceParent(self)  # type: ignore[no-untyped-call]
        self._settings = settings
        self._source = source
        self._hangups = 0
        self._pool = ThreadPool(1, 1, "state")
        if self.memory is not None:
            self.memory.setServiceParent(self)  # type: ignore[no-untyped-call]

    def _did(self, what: str, outcome: str = "done") -> None:
        """The gateway did something that nobody asked for over the API."""
        self.audit.tell(GATEWAY.name, what, "this machine", outcome)

    def startService(self) -> None:
        with unswept():
            self._start()

    def _start(self) -> None:
        self._loadHome()
        if self.memory is not None:
            try:
                self.memory.recall()
            except Newer as newer:
                raise SystemExit(f"dog: {newer}") from None
            self.audit.recall()
            self._did(f"started Dog {__version__}")
            if self.tokens.recall():
                self._did(f"made the admin's token {ADMIN_FILE}")
            self._pool.start()
        super().startService()  # type: ignore[no-untyped-call]
        if self.certificates is not None:
            self._watch(self.certificates)
        # Not before the reactor runs: until then a signal to stop would not be understood.
        self._reactor.callWhenRunning(self._ready)

    def _watch(self, certificates: Certificates) -> None:
        """A renewed certificate is shown without a restart."""

        def look() -> None:
            certificates.reload()
            self._watch(certificates)

        self.stepper.callLater(LOOK_AT_CERTIFICATES, look)

    def _ready(self) -> None:
        if self.running:
            log.info("ready {addresses}", addresses=" ".join(self.listeners.addresses))
            self.systemd.ready()

    def _reload(self, who: str) -> Deferred[Reloaded]:
        return self.reload(who)

    def _files(self) -> dict[str, Path]:
        """What a backup has, besides what is in C{state.db}."""
        settings = self.reload.settings
        found = {"plan.svg": settings.planFile, "dog.toml": None if self._source is None else self._source.file}
        if settings.homeFile is not None:
            isYaml = settings.homeFile.suffix.lower() in (".yaml", ".yml")
            found["home.yaml" if isYaml else "home.xml"] = settings.homeFile
        if self.certificates is not None:
            found["tls.crt"], found["tls.key"] = self.certificates.files
        if settings.stateDir is not None:
            found["admin.token"] = settings.stateDir / ADMIN_FILE
        return {name: path for name, path in found.items() if path is not None}

    def hangup(self) -> None:
        """SIGHUP: read everything again. The log says what came of it. Those that come meanwhile are one more."""
        if not self.running:
            return
        self._hangups += 1
        if self._hangups > 1:
            return
        self.systemd.reloading()

        def done(result: object) -> None:
            self.systemd.reloaded()
            outcome = "done"
            if isinstance(result, Failure):
                if isinstance(result.value, Refusal):  # which were logged
                    outcome = result.value.refused.code.value
                else:
                    outcome = Code.INTERNAL.value
                    log.failure("reloading failed", result)
            elif getattr(result, "homeProblem", None) is not None:
                outcome = Code.STORAGE.value  # all else was read
            self._did("reloaded (SIGHUP)", outcome)
            again, self._hangups = self._hangups > 1, 0
            if again:
                self.hangup()

        self.reload("SIGHUP").addBoth(done)

    def _status(self) -> str:
        """For C{systemctl status}."""
        home = self.stepper.core.home
        active = sum(self.stepper.core.presence(each).active for each in home.devices)
        return f"{active} of {len(home.devices)} devices active, {len(self.sockets.connections)} WebSocket clients"

    def stopService(self) -> Deferred[Any]:
        """Stop everything: no new clients, commands settled and their callers told, clients closed, links closed."""
        self.systemd.stopping()
        listening = maybeDeferred(self.listeners.disownServiceParent)

        def told(_: object) -> Deferred[Any]:
            self.streams.close()
            self.captures.close()
            closing = [listening, maybeDeferred(super(Gateway, self).stopService), self.sockets.stop()]
            return DeferredList(closing, consumeErrors=True)

        done = self.commands.stop().addCallback(told)
        done.addTimeout(self.patience, self._reactor)

        def late(failure: Failure) -> None:
            failure.trap(TimeoutError)
            log.warn("not everything had stopped after {patience} s", patience=self.patience)

        return done.addErrback(late).addCallback(self._forget)

    def _elsewhere(self, call: Callable[[], Any]) -> Deferred[Any]:
        """Any thread: for the home, which keeps its own order."""
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), call)

    def _inTurn(self, call: Callable[[], Any]) -> Deferred[Any]:
        """One thread for everything that is written: in the order in which it was given."""
        return deferToThreadPool(self._reactor, self._pool, call)

    def _remember(self, entry: Entry) -> Deferred[None]:
        return succeed(None) if self.memory is None else self.memory.remember(entry)

    def _forget(self, result: Any) -> Deferred[Any]:
        """The last thing: nothing happens any more, so the memory can be closed."""
        self.tokens.close()
        memory = self.memory
        if memory is not None:
            self._did("stopped")
        closing = self.audit.close()
        self.stepper.stop()
        if memory is not None:
            closing = closing.addCallback(lambda _: memory.close())
        return closing.addBoth(lambda _: self._pool.stop() if self._pool.started else None)

    def _loadHome(self) -> None:
        file = self._settings.homeFile
        if file is None:
            log.info("no home is given (--home FILE): the house is empty")
            return
        if self._settings.home is None and not file.exists():
            furnish(file)
        home = self.homes.load()
        report(home)
        log.info(
            "home {file}: {devices} devices, {rooms} rooms, {problems} problems",
            file=str(file),
            devices=len(home.devices),
            rooms=len(home.rooms),
            problems=len(home.problems),
        )


def identityOf(anonymous: Role | None, tokens: Tokens, clock: IReactorTime) -> Identity:
    """Who clients are. C{anonymous}: as in the settings."""
    return Identity(*withoutToken(anonymous), tokens, Slowdown(clock))


def certificatesOf(settings: Settings) -> Certificates | None:
    """What listeners with TLS show; None where there are none."""
    secure = [each for each in settings.listen if isSecure(each)]
    if not secure:
        return None
    interfaces = [each for each in map(interfaceOf, secure) if each not in ("", "0.0.0.0", "::")]
    names = (*settings.hosts, *interfaces)
    try:
        return Certificates(settings.certificate, settings.certificateKey, settings.stateDir, names)
    except BadCertificate as bad:
        raise SystemExit(f"dog: {bad}") from None


def enoughDescriptors(connections: int) -> None:
    """Have the system give as many file descriptors as there may be connections, as far as it does."""
    wanted = connections + OTHER_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError):  # a sandbox may forbid it
        most = soft
    if most < wanted:
        log.warn(
            "this system gives {most} file descriptors: of the {connections} connections that are allowed, some "
            "hundred will have none (ulimit -n, LimitNOFILE; or fewer connections in [limits])",
            most=most,
            connections=connections,
        )


def furnish(file: Path) -> None:
    """Begin a state directory with an empty home, for the API to fill."""
    try:
        file.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        createWhole(str(file), EMPTY_HOME.encode(), 0o644)
    except OSError as error:
        log.error("{file} can't be written: {error}", file=str(file), error=error.strerror)


def readPlan(path: Path | None) -> bytes | None:
    """The SVG plan; None where there is none, or it is no regular file of at most L{MAX_PLAN} bytes. Never waits."""
    if path is None:
        return None
    try:
        data = readWhole(str(path), MAX_PLAN)
        if len(data) > MAX_PLAN:
            log.warn("the plan {path} is larger than {bytes} bytes", path=str(path), bytes=MAX_PLAN)
            return None
        return data
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warn("the plan {path} can't be read: {error}", path=str(path), error=error.strerror)
        return None


def gateway(settings: Settings, reactor: Any = None, source: Source | None = None) -> Gateway:
    """The gateway as one service, on the reactor that is installed unless another is given. SIGHUP has it reload."""
    if reactor is None:
        from twisted.internet import reactor
    enoughDescriptors(settings.connections)
    made = Gateway(settings, reactor, source=source)
    with suppress(ValueError, AttributeError):  # another thread than the first, or a system without that signal
        signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(made.hangup))
    return made
