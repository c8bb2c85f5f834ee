"""A whole gateway without sockets and wall clock: real home file, core, queues, API and HTTP door; scripted buses."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPResponse, IncompleteRead
from io import BytesIO
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dog.api import http
from dog.api.call import ParsedBody, Profile, Reply, Request
from dog.api.dispatch import Api
from dog.api.identity import Identity
from dog.api.ports import Ports
from dog.api.resources import ROUTES
from dog.api.stream import Streams
from dog.api.views.reloaded import Reloaded
from dog.core.core import Core
from dog.home.store import HomeStore
from dog.interfaces import LinkFailed
from dog.live.attachments import Attachments
from dog.live.audit import Audit
from dog.live.backup import Backup
from dog.live.capture import Captures
from dog.live.commands import Commands
from dog.live.discovery import Discovery
from dog.live.drivers import collect
from dog.live.home import LiveHome
from dog.live.kit import Kit
from dog.live.memory import Memory
from dog.live.stepper import Stepper
from dog.live.tokens import Tokens
from dog.model.home import Home
from dog.model.measure import Measure
from dog.model.rights import ANONYMOUS, Principal
from dog.model.values import Reading, Slot
from dog.pages import pages
from dog.testing.scripted import ScriptedDriver

HOME = Path(__file__).parent / "home.xml"
LAMP = "/api/v1/devices/SimpleLamp_mb1"

START = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)


class NoAnswer(Exception):
    """Nothing came back, so far."""


@dataclass(frozen=True)
class Asked:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media(self) -> str | None:
        """The media type without parameters, lower case; None where there is none."""
        found = self.headers.get("content-type")
        return None if found is None else found.partition(";")[0].strip().lower()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """The code of an error, in JSON or XML; None where there is no error."""
        if self.status < 400:
            return None
        if self.media == "application/xml":
            return ET.fromstring(self.body).findtext("code")
        return str(self.json["error"]["code"])


class Gateway:
    """The composition of L{dog.service}, on a L{Clock} and over string transports.

    @param file: the home file; edits write to it.
    @param stateDir: where its first token is put; what else it remembers is in memory. None: it has no tokens.
    @ivar driver: the scripted drivers by name, each of which serves the system of that name.
    """

    def __init__(
        self,
        file: Path | None = None,
        drivers: Sequence[ScriptedDriver] = (),
        *,
        plan: bytes | None = None,
        profile: Profile = Profile.DOCUMENTED,
        maxBody: int = 1024 * 1024,
        stateDir: Path | None = None,
    ) -> None:
        self.clock = Clock()
        self.core = Core("epoch")
        self.stepper = Stepper(self.core, self.clock, lambda: START + timedelta(seconds=self.clock.seconds()))
        self.drivers = drivers
        self.captures = Captures(self.clock.seconds, self.stepper.callLater)
        self.attachments = Attachments(
            self.stepper,
            collect(drivers),
            {},
            lambda driver, key: Kit(self.clock, driver, key, tap=self.captures.tap(driver, key)),
        )
        self.commands = Commands(self.stepper, self.attachments)
        self.attachments.onLost = self.commands.failAll
        store = None if file is None else HomeStore(file)
        self.homes = LiveHome(self.stepper, self.attachments, store, elsewhere=maybeDeferred)
        self.discovery = Discovery(self.stepper, self.attachments, self.homes)
        self.plan = plan
        self.reload: Callable[[str], Deferred[Reloaded]] = lambda who: succeed(Reloaded())
        self.memory = None if stateDir is None else Memory(self.stepper, Path(":memory:"), maybeDeferred)
        self.tokens = Tokens(self.stepper, self.memory, stateDir)
        self.ports = Ports(
            core=self.core,
            commands=self.commands,
            homes=self.homes,
            attachments=self.attachments,
            subscriptions=self.core.subscriptions,
            plan=lambda: self.plan,
            about={"name": "dog", "version": "test", "started": START, "simulated": False},
            streams=Streams(self.core, self.stepper.callLater),
            captures=self.captures,
            tokens=self.tokens,
            discovery=self.discovery,
            reload=self._reload,
            backup=Backup(self.homes, self.memory, self._files, maybeDeferred, lambda: START),
            audit=Audit(stateDir, maybeDeferred, self.stepper.callLater, lambda: START),
        )
        self.stepper.listen(self.ports.streams.heard)
        self.api = Api(ROUTES, self.ports, self.clock, profile=profile)
        self._site = http.factory(
            self.api, Identity(keys=self.tokens), self.clock, pages=pages("/ws"), maxBody=maxBody
        )

    @property
    def home(self) -> Home:
        return self.core.home

    def _files(self) -> dict[str, Path]:
        return {} if self.homes.file is None else {"home.xml": Path(self.homes.file)}

    def _reload(self, who: str) -> Deferred[Reloaded]:
        return self.reload(who)

    def start(self) -> Gateway:
        """Read the home and start the drivers."""
        self.homes.load()
        if self.memory is not None:
            self.memory.recall()
            self.tokens.recall()
        self.attachments.startService()
        return self

    def stop(self) -> None:
        self.commands.stop()
        self.attachments.stopService()
        self.tokens.close()
        self.stepper.stop()
        if self.memory is not None:
            self.memory.close()

    def ask(
        self,
        method: str,
        path: str,
        body: str | bytes | Mapping[str, Any] | Sequence[Any] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        advance: float = 0.0,
        length: bool = True,
    ) -> Asked:
        """Send one request on a connection of its own and take the whole answer.

        @param body: JSON-able values are sent as JSON, with its Content-Type.
        @param advance: seconds to let pass before the answer is looked at.
        @param length: send a Content-Length even where there is no body.
        """
        named = dict(headers or {})
        if body is None:
            data = b""
        elif isinstance(body, (str, bytes)):
            data = body.encode() if isinstance(body, str) else body
        else:
            data = json.dumps(body).encode()
            named.setdefault("Content-Type", "application/json")
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost:8080", *(f"{key}: {it}" for key, it in named.items())]
        if length or data:
            lines.append(f"Content-Length: {len(data)}")
        transport = StringTransport(peerAddress=IPv4Address("TCP", "127.0.0.1", 40000))
        channel = self._site.buildProtocol(transport.getPeer())
        assert channel is not None
        channel.makeConnection(transport)
        channel.dataReceived("\r\n".join([*lines, "", ""]).encode() + data)
        if advance:
            self.clock.advance(advance)
        try:
            return read(transport.value(), method)
        finally:
            channel.connectionLost(Failure(ConnectionDone()))


def read(data: bytes, method: str = "GET") -> Asked:
    """The response in the bytes of a connection. Raises L{NoAnswer}."""
    if not data:
        raise NoAnswer
    response = HTTPResponse(_Socket(data), method=method)  # type: ignore[arg-type]
    response.begin()
    headers = {key.lower(): it for key, it in response.getheaders()}
    try:
        body = response.read()
    except IncompleteRead as cut:
        if not headers["content-type"].startswith(("text/event-stream", "application/x-ndjson")):
            raise
        body = cut.partial
    return Asked(response.status, headers, body)


class _Socket:
    """As much of a socket as L{HTTPResponse} asks for."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> BytesIO:
        return BytesIO(self._data)


class OnConnection:
    """As much of a WebSocket connection as these resources look at."""

    clientId = "c"
    principal: Principal = ANONYMOUS
    features: frozenset[str] = frozenset()
    shape: tuple[Profile, bool] = (Profile.DOCUMENTED, False)

    def choose(self, features: Iterable[str]) -> None:
        raise NotImplementedError

    def identify(self, token: str) -> Deferred[None]:
        raise NotImplementedError


class InHome(SynchronousTestCase):
    """A gateway with the recorded home, whose Modbus devices are served."""

    maxDiff = None

    def setUp(self) -> None:
        self.driver = ScriptedDriver("modbus", ("Modbus",))
        self.driver.onStart(None, LinkFailed("refused", "nobody answers"))
        self.driver.hold(
            Reading(Slot("SimpleLamp_mb1", "OnOffState"), "off"),
            Reading(Slot("Temp_mb1", "TemperatureState"), Measure.of("21.5", "C"), maxAge=30.0),
        )
        self.file = Path(self.mktemp())
        self.file.write_bytes(HOME.read_bytes())
        self.gateway = Gateway(self.file, [self.driver]).start()
        self.addCleanup(self.gateway.stop)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Asked:
        return self.gateway.ask(method, path, body, {key.replace("_", "-"): it for key, it in headers.items()})

    def tell(self, method: str, path: str, body: Any = None) -> Reply:
        """The same through a WebSocket's door."""
        segments = tuple(each for each in path.split("/") if each)
        parsed = None if body is None else ParsedBody(body)
        request = Request(method, segments, ANONYMOUS, body=parsed, connection=OnConnection())
        return self.successResultOf(self.gateway.api.answer(request))

    def refused(self, asked: Asked, status: int, code: str) -> dict[str, Any]:
        """The error, after it was looked at."""
        self.assertEqual((asked.status, asked.code), (status, code), asked.body)
        error: dict[str, Any] = asked.json["error"]
        return error
