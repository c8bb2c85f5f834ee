"""The whole gateway: composed, started, stopped; and as a real process."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import urllib.request
from pathlib import Path
from typing import Any

from autobahn.websocket.compress import PerMessageDeflateOffer
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from dog.api.call import Request
from dog.config import Settings
from dog.core.events import Resume
from dog.model.command import Stage
from dog.model.refusal import Code
from dog.model.rights import ANONYMOUS, NOBODY, Principal, Role
from dog.service import MAX_PLAN, Gateway, enoughDescriptors, readPlan
from dog.testing.process import GatewayProcess
from tests.logs import record

DEMO = Path(__file__).parent.parent / "dog" / "demo" / "home.xml"


HOMES = Path(__file__).parent / "data" / "homes"

#: After stopping cleanly, twistd ends itself by the signal that stopped it, as is good manners.
CLEAN = (0, -signal.SIGTERM)


class ComposedTests(SynchronousTestCase):
    def gateway(self, **settings: Any) -> Gateway:
        self.reactor = MemoryReactorClock()
        gateway = Gateway(Settings(**settings), self.reactor, maybeDeferred)
        gateway.privilegedStartService()
        gateway.startService()
        self.addCleanup(lambda: self.successResultOf(gateway.stopService()) if gateway.running else None)
        return gateway

    def test_empty(self) -> None:
        """With nothing given it runs an empty house on loopback."""
        gateway = self.gateway()
        self.assertEqual(gateway.stepper.core.home.devices, {})
        self.assertEqual(len(self.reactor.tcpServers), 2)

    def test_hosts(self) -> None:
        """Neither a request nor a WebSocket by a name that nobody has given the gateway."""
        self.gateway(hosts=("dog.example",))
        site: Any = self.reactor.tcpServers[0][1]
        upgrade = (
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        )
        for path, host, more, status in (
            ("/health", "evil.example", "", b"421"),
            ("/health", "dog.example", "", b"200"),
            ("/health", "127.0.0.1:8080", "", b"200"),
            ("/ws", "evil.example", upgrade, b"421"),
            ("/ws", "dog.example", upgrade, b"101"),
        ):
            transport: Any = StringTransport()
            channel = transport.protocol = site.buildProtocol(transport.getPeer())
            channel.makeConnection(transport)
            channel.dataReceived(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode())
            self.assertEqual(transport.value().split()[1], status, (path, host))
            transport.protocol.connectionLost(Failure(ConnectionDone()))

    def test_identity(self) -> None:
        """Who a client without a token is, here and elsewhere."""
        for anonymous, local, remote in (
            (None, ANONYMOUS, NOBODY),
            (Role.NONE, NOBODY, NOBODY),
            (Role.ADMIN, ANONYMOUS, ANONYMOUS),
            (Role.USER, Principal("anonymous", Role.USER), Principal("anonymous", Role.USER)),
        ):
            sockets = self.gateway(anonymous=anonymous).sockets
            self.assertEqual((sockets.identity.local, sockets.identity.remote), (local, remote))

    def test_tls(self) -> None:
        """A listener with TLS beside one without; its certificate is told, and looked at now and then."""
        try:
            import cryptography  # noqa: F401
            import OpenSSL  # noqa: F401
        except ImportError:
            raise SkipTest("pyOpenSSL and cryptography are not installed") from None
        folder = Path(self.mktemp()).absolute()
        listen = (
            "tls:8443:interface=192.0.2.1",
            "tls:8444:interface=localhost",
            "tls:8445",
            "tcp:8080:interface=127.0.0.1",
        )
        gateway = self.gateway(stateDir=folder, listen=listen, hosts=("dog.example",), redirect=True)
        assert gateway.certificates is not None
        self.assertEqual(gateway.certificates._names, ("dog.example", "192.0.2.1", "localhost"))
        self.assertEqual([each[0] for each in self.reactor.tcpServers], [8443, 8444, 8445, 8080])
        before = gateway.certificates.current
        assert before is not None
        plain: Any = self.reactor.tcpServers[3][1]
        told = self.ask(plain, "/health", "").value()
        self.assertIn(before.fingerprint.encode(), told)
        page = self.ask(plain, "/", "").value()
        self.assertTrue(page.startswith(b"HTTP/1.1 307 "), page)
        for each in folder.glob("tls.*"):
            each.unlink()
        self.reactor.advance(60)
        self.assertNotEqual(gateway.certificates.current, before, "it is thrown away, and made anew")

    def test_noTls(self) -> None:
        self.assertIsNone(self.gateway().certificates)

    def test_tokens(self) -> None:
        """Through both doors, over a restart; and what is revoked is gone from both."""
        folder = Path(self.mktemp()).absolute()
        self.successResultOf(self.gateway(stateDir=folder, anonymous=Role.NONE).stopService())
        secret = (folder / "admin.token").read_text().strip()
        gateway = self.gateway(stateDir=folder, anonymous=Role.NONE)
        site: Any = self.reactor.tcpServers[0][1]
        for token, status in (("", b"401"), (secret, b"200"), (secret + "x", b"401")):
            self.assertEqual(self.ask(site, "/api/v1/devices", token).value().split()[1], status)
        stream = self.ask(site, "/events", secret, "Accept: text/event-stream\r\n")
        upgrade = (
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        )
        socket = self.ask(site, "/ws", secret, upgrade)
        self.assertIn(b'"authenticated":true', socket.value())
        [known] = gateway.tokens
        self.assertIn(known.principal, gateway.stepper.core.visibility._houses)
        self.successResultOf(gateway.tokens.revoke(known.id))
        self.assertTrue(stream.value().endswith(b"\r\n0\r\n\r\n"))
        self.assertIn(b"\x03\xf0the token has ended", socket.value())
        self.assertNotIn(known.principal, gateway.stepper.core.visibility._houses)
        for each in (stream, socket):
            each.protocol.connectionLost(Failure(ConnectionDone()))

    def ask(self, site: Any, path: str, token: str, more: str = "") -> Any:
        """The transport on which this was asked."""
        transport: Any = StringTransport()
        transport.protocol = site.buildProtocol(transport.getPeer())
        transport.protocol.makeConnection(transport)
        if token:
            more += f"Authorization: Bearer {token}\r\n"
        transport.protocol.dataReceived(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode())
        return transport

    def test_simulated(self) -> None:
        gateway = self.gateway(home=DEMO, simulate=True)
        core = gateway.stepper.core
        self.assertGreater(len(core.home.devices), 20)
        for id in core.home.devices:
            self.assertTrue(core.presence(id).active, id)
            self.assertTrue(core.presence(id).online, id)
        before = core.log.lastId
        for _ in range(60):
            self.reactor.advance(1)
        self.assertGreater(core.log.lastId, before, "the demo home is alive")

    def test_realHomes(self) -> None:
        """Any home runs in simulation, whatever its buses: every device active, every command obeyed."""
        homes = [each for each in HOMES.glob("*/*.xml") if each.parent.name in ("knx", "bticino", "zwave", "recorded")]
        self.assertGreaterEqual(len(homes), 4)
        for home in homes:
            gateway = self.gateway(home=home, simulate=True)
            core = gateway.stepper.core
            for device in core.home.devices.values():
                self.assertTrue(core.presence(device.id).active, f"{home}: {device.id}")
                for name, types in device.commands.items():
                    if any(not each.params for each in types):
                        sending = gateway.commands.send(device, name, None, ANONYMOUS)
                        entry = self.successResultOf(sending)
                        self.assertIs(entry.stage, Stage.CONFIRMED, f"{home}: {device.id} {name} {entry.outcome}")
            self.successResultOf(gateway.stopService())

    def test_realHomesWithoutTheirDrivers(self) -> None:
        """Every device whose bus has no driver is listed, inactive, with the reason."""
        gateway = self.gateway(home=HOMES / "knx" / "knx.xml")
        core = gateway.stepper.core
        self.assertGreater(len(core.home.devices), 5)
        for id in core.home.devices:
            presence = core.presence(id)
            self.assertEqual((presence.active, presence.code), (False, "no_driver"))
            self.assertIn("KNXNETIP", presence.reason or "")

    def test_webSocketSettings(self) -> None:
        """What the configuration says about WebSocket clients is what they get."""
        sockets = self.gateway(heartbeat=7.0, slowFor=8.0, maxWaiting=9000, deflate=True).sockets
        self.assertEqual((sockets.heartbeat, sockets.slowFor, sockets.maxBytes), (7.0, 8.0, 9000))
        bounded = self.gateway(answerWithin=3.0, maxTotalWaiting=100_000).sockets
        self.assertEqual((bounded.answerWithin, bounded.budget.maxBytes), (3.0, 100_000))
        offers = [PerMessageDeflateOffer()]
        self.assertIsNotNone(sockets.perMessageCompressionAccept(offers))
        self.assertIsNone(self.gateway().sockets.perMessageCompressionAccept(offers))

    def test_settingsReachWhatTheySet(self) -> None:
        gateway = self.gateway(
            home=DEMO, simulate=True, profile="released", commandTimeout=7.0, origins=("https://panel.example",),
            maxBody=5000, anonymous=Role.VIEWER, heartbeat=11.0, slowFor=12.0, maxWaiting=13_000, deflate=True,
        )  # fmt: skip
        self.assertEqual(gateway.commands.timeout, 7.0)
        sockets = gateway.sockets
        self.assertEqual(sockets.maxSize, 5000)
        self.assertEqual(sockets.origins.allows("https://panel.example", "localhost:8080"), True)
        self.assertEqual((sockets.heartbeat, sockets.slowFor, sockets.maxBytes), (11.0, 12.0, 13_000))
        self.assertEqual(sockets.identity.local.role, Role.VIEWER)
        self.assertLess(sockets.closeWithin, gateway.patience)
        request = Request("GET", ("api", "v1", "devices", "lake-shutter"), ANONYMOUS)
        shown = self.successResultOf(sockets.api.answer(request)).json
        self.assertIn("command", shown["controlFunctionality"][0]["commands"], "the released shape")

    def test_lostLinkFailsItsCommands(self) -> None:
        """What waits behind a link that is lost is settled at once: the rooms are wired."""
        gateway = self.gateway(home=DEMO, simulate=True)
        link = next(iter(gateway.attachments.links().values()))
        self.patch(type(link.driverOf("lake-shutter")), "send", lambda *_: Deferred())
        device = gateway.stepper.core.home.devices["lake-shutter"]
        command = gateway.commands.send(device, "up", None, ANONYMOUS)
        self.assertNoResult(command)
        gateway.attachments.onLost("lake-shutter", Code.UNREACHABLE, "cable pulled")
        entry = self.successResultOf(command)
        assert entry.outcome is not None
        self.assertEqual((entry.stage, entry.outcome.reason), (Stage.UNKNOWN, "cable pulled"))

    def test_stopSettlesCommands(self) -> None:
        gateway = self.gateway(home=DEMO, simulate=True, stateDir=Path(self.mktemp()))
        link = next(iter(gateway.attachments.links().values()))
        self.patch(type(link.driverOf("lake-shutter")), "send", lambda *_: Deferred())
        device = gateway.stepper.core.home.devices["lake-shutter"]
        command = gateway.commands.send(device, "up", None, ANONYMOUS)
        self.successResultOf(gateway.stopService())
        self.assertIs(self.successResultOf(command).stage, Stage.UNKNOWN)

    def test_missingHome(self) -> None:
        """A home that is not there is an empty house that says so; the API works."""
        gateway = self.gateway(home=Path(self.mktemp()) / "home.xml")
        self.assertEqual([each.code for each in gateway.stepper.core.home.problems], ["missing_file"])

    def test_newStateDirectory(self) -> None:
        """A state directory without a home gets an empty one, which can then be edited."""
        state = Path(self.mktemp()) / "new"
        gateway = self.gateway(stateDir=state)
        self.assertEqual(gateway.stepper.core.home.problems, ())
        self.assertTrue((state / "home.xml").exists())

    def test_homeIsFollowed(self) -> None:
        """What somebody writes into the home file is the home a moment later."""
        state = Path(self.mktemp()).absolute()
        gateway = self.gateway(stateDir=state, simulate=True)
        self.reactor.pump([0.5] * 10)
        (state / "home.xml").write_bytes(DEMO.read_bytes())
        self.reactor.pump([0.5] * 10)
        self.assertTrue(gateway.stepper.core.presence("lake-shutter").online)

    def test_stopsAndLeavesNothing(self) -> None:
        gateway = self.gateway(home=DEMO, simulate=True)
        stopping = gateway.stopService()
        self.reactor.advance(0)
        self.successResultOf(stopping)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_remembers(self) -> None:
        """With a state directory, what was true is known after a restart, and clients can go on."""
        state = Path(self.mktemp())
        first = self.gateway(home=DEMO, simulate=True, stateDir=state)
        for _ in range(60):
            self.reactor.advance(1)
        epoch, last = first.stepper.core.log.epoch, first.stepper.core.log.lastId
        self.successResultOf(first.stopService())
        second = self.gateway(home=DEMO, stateDir=state)
        log = second.stepper.core.log
        self.assertNotEqual(log.epoch, epoch)
        self.assertIs(log.resume(epoch, last - 5).how, Resume.REPLAY)
        self.assertTrue(any(second.stepper.core.values.of(id) for id in second.stepper.core.home.devices))

    def test_plan(self) -> None:
        path = Path(self.mktemp())
        self.assertIsNone(readPlan(None))
        self.assertIsNone(readPlan(path))
        path.write_bytes(b"<svg/>")
        self.assertEqual(readPlan(path), b"<svg/>")
        with path.open("wb") as file:
            file.truncate(MAX_PLAN + 1)
        self.assertIsNone(readPlan(path))
        self.assertIsNone(readPlan(path.parent))


class DescriptorTests(SynchronousTestCase):
    def ask(self, soft: int, hard: int, connections: int = 2000) -> tuple[list[tuple[int, int]], list[Any]]:
        """What is set where the system has these limits, and what is said."""
        given: list[tuple[int, int]] = []
        self.patch(resource, "getrlimit", lambda which: (soft, hard))
        self.patch(resource, "setrlimit", lambda which, limits: given.append(limits))
        said = record(self)
        enoughDescriptors(connections)
        return given, said

    def test_raised(self) -> None:
        """As many as are needed, and no more."""
        self.assertEqual(self.ask(1024, 524288), ([(2256, 524288)], []))
        self.assertEqual(self.ask(1024, resource.RLIM_INFINITY), ([(2256, resource.RLIM_INFINITY)], []))

    def test_enough(self) -> None:
        self.assertEqual(self.ask(65536, 524288), ([], []))
        self.assertEqual(self.ask(resource.RLIM_INFINITY, resource.RLIM_INFINITY), ([], []))

    def test_forbidden(self) -> None:
        """A sandbox may not let it ask."""

        def refuse(which: int, limits: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        self.patch(resource, "getrlimit", lambda which: (1024, 524288))
        self.patch(resource, "setrlimit", refuse)
        said = record(self)
        enoughDescriptors(2000)
        self.assertEqual([each["most"] for each in said], [1024])

    def test_notToBeHad(self) -> None:
        """What the system does not give is said, with what to do."""
        given, [said] = self.ask(256, 1024)
        self.assertEqual(given, [(1024, 1024)])
        self.assertIn("LimitNOFILE", said["log_format"])


class ProcessTests(SynchronousTestCase):
    """C{twistd -n dog} as it is started by a user or by systemd."""

    def run_(self, *options: str) -> GatewayProcess:
        process = GatewayProcess(*options)
        self.addCleanup(process.kill)
        return process.start()

    def get(self, process: GatewayProcess, path: str) -> Any:
        with urllib.request.urlopen(process.url + path, timeout=10) as answer:
            return json.load(answer)

    def test_answers(self) -> None:
        process = self.run_("--simulate", "--home", str(DEMO))
        statuses = self.get(process, "/api/v1/devices/status")["devicesStatus"]
        self.assertTrue(all(each["active"] for each in statuses))
        self.assertIn(process.stop(), CLEAN)

    def test_noConfigurationAtAll(self) -> None:
        process = self.run_()
        self.assertEqual(self.get(process, "/api/v1/devices"), {"devices": []})
        self.assertIn(process.stop(), CLEAN)

    def test_portInUse(self) -> None:
        """A second start on the same port: one line that says what is wrong, and not 0."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            endpoint = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
            process = GatewayProcess("--listen", endpoint)
            self.addCleanup(process.kill)
            self.assertRaises(RuntimeError, process.start)
            self.assertNotEqual(process.wait(), 0)
        said = [each for each in process.output if "can't listen" in each]
        self.assertEqual(len(said), 1, process.output)
        self.assertIn("already in use", said[0])
        self.assertNotIn("Traceback", "".join(process.output))

    def test_stopsCleanly(self) -> None:
        """SIGTERM with a hundred clients connected: every socket is closed, then the process ends."""
        process = self.run_("--simulate", "--home", str(DEMO))
        host, port = process.url.removeprefix("http://").split(":")
        clients = []
        for _ in range(100):
            client = socket.create_connection((host, int(port)), timeout=20)
            self.addCleanup(client.close)
            client.sendall(
                b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            clients.append(client)
        for client in clients:
            self.assertIn(b"101", client.recv(4096))
        os.kill(process.pid, signal.SIGTERM)
        for client in clients:
            while client.recv(65536):
                pass
        self.assertIn(process.wait(), CLEAN)
        self.assertIn("Server Shut Down", "".join(process.output))
        self.assertNotIn("Traceback", "".join(process.output))

    def test_usage(self) -> None:
        process = GatewayProcess("--listen", "tcp:8080")
        self.addCleanup(process.kill)
        self.assertRaises(RuntimeError, process.start)
        self.assertNotEqual(process.wait(), 0)
        self.assertIn("anonymous", "".join(process.output))
