"""The configuration, the home and the certificate read again while the gateway runs."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from dog.api.views.reloaded import Reloaded
from dog.config import KEYS, Source
from dog.live.links import Link
from dog.model.refusal import Code, Refusal
from dog.model.rights import ANONYMOUS, NOBODY, Role
from dog.service import Gateway
from dog.setters import settersOf
from dog.testing.process import GatewayProcess
from tests.test_service import CLEAN, DEMO

UPGRADE = (
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class ReloadTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.home = self.folder / "home.xml"
        self.home.write_bytes(DEMO.read_bytes())
        self.config = self.folder / "dog.toml"

    def start(self, text: str = "", **given: Any) -> Gateway:
        self.write(text)
        source = Source(self.config, given or {"home": self.home})
        self.reactor = MemoryReactorClock()
        gateway = Gateway(source.read(), self.reactor, maybeDeferred, source)
        gateway.privilegedStartService()
        gateway.startService()
        self.addCleanup(lambda: self.successResultOf(gateway.stopService()) if gateway.running else None)
        self.gateway = gateway
        return gateway

    def write(self, text: str) -> None:
        self.config.write_text(text)

    def reload(self, text: str) -> Reloaded:
        self.write(text)
        return self.successResultOf(self.gateway.reload("somebody"))

    def refused(self, text: str) -> list[str]:
        self.write(text)
        settings = self.gateway.reload.settings
        refusal = self.failureResultOf(self.gateway.reload("somebody"), Refusal).value
        self.assertIs(refusal.refused.code, Code.BAD_VALUE)
        self.assertIs(self.gateway.reload.settings, settings)
        problems: list[str] = refusal.refused.details["problems"]
        self.assertIn(problems[0], refusal.refused.message)
        self.assertNotIn(str(self.folder), refusal.refused.message + "".join(problems))
        return problems

    def open(self, asked: str = UPGRADE) -> Any:
        site: Any = self.reactor.tcpServers[0][1]
        transport: Any = StringTransport()
        transport.protocol = site.buildProtocol(transport.getPeer())
        transport.protocol.makeConnection(transport)
        transport.protocol.dataReceived(asked.encode())
        return transport

    def status(self, host: str = "localhost") -> bytes:
        transport = self.open(f"GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n")
        status: bytes = transport.value().split()[1]
        transport.protocol.connectionLost(Failure(ConnectionDone()))
        return status

    def test_nothing(self) -> None:
        self.start()
        found = self.reload("")
        assert found.home is not None
        self.assertEqual((found.applied, found.restart, found.homeProblem), ((), (), None))
        self.assertEqual((found.home.added, found.home.changed, found.home.removed), ((), (), ()))

    def test_everything(self) -> None:
        """What can be applied is in force; what can't be is named, and named again until it is."""
        gateway = self.start()
        text = """
            [house]
            seed = 7
            plan = "other.svg"
            [server]
            anonymous = "user"
            origins = ["https://panel.example"]
            hosts = ["dog.example"]
            max_body = 5000
            heartbeat = 11
            answer_within = 12
            slow_for = 13
            max_waiting = 14000
            max_total_waiting = 150000
            deflate = true
            websocket_path = "/other"
            [tls]
            redirect = false
            [api]
            profile = "released"
            command_timeout = 16
            """
        self.assertEqual(self.status("dog.example"), b"421")
        found = self.reload(text)
        self.assertEqual(found.restart, ("house.seed", "server.websocket_path"))
        self.assertEqual(
            found.applied,
            (
                "house.plan",
                *(f"server.{each}" for each in ("anonymous", "origins", "hosts", "max_body", "heartbeat")),
                *(f"server.{each}" for each in ("answer_within", "slow_for", "max_waiting", "max_total_waiting")),
                *("server.deflate", "api.profile", "api.command_timeout"),
            ),
        )
        self.assertEqual(self.status("dog.example"), b"200")
        sockets = gateway.sockets
        self.assertEqual((sockets.heartbeat, sockets.answerWithin, sockets.slowFor), (11, 12, 13))
        self.assertEqual((sockets.maxBytes, sockets.budget.maxBytes), (14_000, 150_000))
        site: Any = self.reactor.tcpServers[0][1]
        self.assertEqual((sockets.maxSize, site.bounds.maxBody), (5000, 5000))
        self.assertGreater(sockets.maxMessagePayloadSize, 5000)
        self.assertLess(sockets.maxMessagePayloadSize, 100_000)
        self.assertEqual(gateway.commands.timeout, 16)
        self.assertTrue(sockets.origins.allows("https://panel.example", "localhost:8080"))
        self.assertEqual(sockets.identity.local.role, Role.USER)
        (self.folder / "other.svg").write_bytes(b"<svg/>")
        ask = "GET /api/v1/{} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        self.assertIn(b"<svg/>", self.open(ask.format("environment/plan")).value())
        self.assertIn(b'"commands":{"command"', self.open(ask.format("devices")).value(), "the released shape")
        again = self.reload(text)
        self.assertEqual((again.applied, again.restart), ((), ("house.seed", "server.websocket_path")))
        back = self.reload("")
        self.assertEqual(back.restart, ())
        self.assertEqual(self.status("dog.example"), b"421")
        self.assertEqual((sockets.heartbeat, gateway.commands.timeout, sockets.maxBytes), (30, 2, 256 * 1024))
        self.assertFalse(sockets.origins.allows("https://panel.example", "localhost:8080"))

    def test_settersAreFields(self) -> None:
        names = settersOf(*[None] * 5, ())  # type: ignore[arg-type, call-arg]
        self.assertLessEqual(set(names), {field for keys in KEYS.values() for field, _ in keys.values()})

    def test_profileOfWhatIsKept(self) -> None:
        """An answer that was kept for the next who asks the same is not given in the old shape."""
        self.start("[server]\nanonymous = 'user'\n")
        ask = "GET /api/v1/devices HTTP/1.1\r\nHost: localhost\r\n\r\n"
        self.assertIn(b'"commands":[', self.open(ask).value())
        self.reload('[server]\nanonymous = "user"\n[api]\nprofile = "released"\n')
        self.assertIn(b'"commands":{', self.open(ask).value())

    def test_commandLineStays(self) -> None:
        gateway = self.start(listen=("tcp:1:interface=127.0.0.1",), home=self.home)
        found = self.reload('[house]\nhome = "other.xml"\n[server]\nlisten = ["tcp:2:interface=127.0.0.1"]\n')
        self.assertEqual((found.applied, found.restart), ((), ()))
        self.assertEqual(gateway.listeners.addresses, ["http://0.0.0.0:1"])

    def test_refused(self) -> None:
        """The whole file or nothing of it; every problem has its line."""
        gateway = self.start()
        problems = self.refused('[server]\nhosts = ["dog.example"]\nheartbeat = "often"\nnonsense = 1\n')
        self.assertEqual([each.split(" ")[0] for each in problems], ["dog.toml:3:", "dog.toml:4:"])
        self.assertEqual((gateway.sockets.heartbeat, self.status("dog.example")), (30, b"421"))
        self.assertIn("dog.toml:2:", self.refused("\nnonsense")[0])
        self.config.unlink()
        self.failureResultOf(gateway.reload("somebody"), Refusal)
        self.assertIn("anonymous", self.refused('[server]\nlisten = ["tcp:8080"]\n')[0])

    def test_listen(self) -> None:
        gateway = self.start()
        found = self.reload('[server]\nlisten = ["tcp:9:interface=127.0.0.1"]\nhosts = ["dog.example"]\n')
        self.assertEqual(found.applied, ("server.listen", "server.hosts"))
        self.assertEqual(gateway.listeners.addresses, ["http://0.0.0.0:9"])

    def test_cannotListen(self) -> None:
        """An address that is not to be had refuses all of it."""
        gateway = self.start()

        def listenTCP(port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
            if port == 9:
                raise CannotListenError(interface, port, OSError(98, "in use"))
            return MemoryReactorClock.listenTCP(self.reactor, port, factory, backlog, interface)

        self.patch(self.reactor, "listenTCP", listenTCP)
        before = gateway.listeners.addresses
        [problem] = self.refused('[server]\nlisten = ["tcp:9:interface=127.0.0.1"]\nhosts = ["dog.example"]\n')
        self.assertIn("can't listen on tcp:9", problem)
        self.assertEqual(gateway.listeners.addresses, before)
        self.assertEqual(self.status("dog.example"), b"421")

    def test_firstTls(self) -> None:
        """There is no certificate to show yet: it takes a restart."""
        gateway = self.start(stateDir=self.folder, home=self.home)
        found = self.reload('[server]\nlisten = ["tls:8443"]\n')
        self.assertEqual((found.applied, found.restart), ((), ("server.listen",)))
        self.assertEqual(len(gateway.listeners.addresses), 2)

    def test_anonymous(self) -> None:
        """Who is connected without a token keeps no right that nobody has any more."""
        gateway = self.start()
        socket = self.open()
        self.assertEqual(len(gateway.sockets.connections), 1)
        self.reload('[server]\nhosts = ["dog.example"]\n')
        self.assertNotIn(b"\x03\xf0", socket.value())
        self.reload('[server]\nanonymous = "viewer"\n')
        self.assertIn(b"\x03\xf0", socket.value(), "closed with 1008")
        self.assertEqual(gateway.sockets.identity.local.role, Role.VIEWER)
        self.reload("")
        self.assertEqual((gateway.sockets.identity.local, gateway.sockets.identity.remote), (ANONYMOUS, NOBODY))
        socket.protocol.connectionLost(Failure(ConnectionDone()))

    def test_drivers(self) -> None:
        """A driver whose settings changed begins anew; one that is not there takes a restart."""
        gateway = self.start(simulate=True, home=self.home)
        before = list(gateway.attachments.links().values())
        self.assertTrue(before)
        found = self.reload("[drivers.modbus]\ntimeout = 3\n[drivers.nonsense]\n")
        self.assertEqual((found.applied, found.restart), (("drivers.modbus",), ("drivers.nonsense",)))
        self.assertEqual(list(gateway.attachments.links().values()), before)
        started: list[Link] = []
        start = Link.start

        def starting(link: Link) -> None:
            started.append(link)
            start(link)

        self.patch(Link, "start", starting)
        found = self.reload("[drivers.simulated]\nx = 1\n[drivers.modbus]\ntimeout = 3\n[drivers.nonsense]\n")
        self.assertEqual((found.applied, found.restart), (("drivers.simulated",), ("drivers.nonsense",)))
        after = list(gateway.attachments.links().values())
        self.assertEqual(len(after), len(before))
        self.assertFalse(set(after) & set(before))
        self.assertEqual(started, after)
        self.assertTrue(all(each._settings == {"x": 1} for each in after))
        self.reactor.advance(0)
        for id in gateway.stepper.core.home.devices:
            self.assertTrue(gateway.stepper.core.presence(id).online, id)

    def test_home(self) -> None:
        self.start(simulate=True, home=self.home)
        text = self.home.read_text()
        self.home.write_text(text.replace('id="lake-shutter"', 'id="other-shutter"'))
        found = self.reload("")
        assert found.home is not None
        self.assertEqual((found.home.added, found.home.removed), (("other-shutter",), ("lake-shutter",)))
        self.home.write_text(text[:-100])
        found = self.reload("[api]\ncommand_timeout = 7\n")
        self.assertEqual((found.applied, found.home), (("api.command_timeout",), None))
        self.assertRegex(found.homeProblem or "", r": home\.xml:\d+")
        self.assertIn("other-shutter", self.gateway.stepper.core.home.devices)

    def test_noFileAtAll(self) -> None:
        """Without a configuration file there is nothing to read again but the home."""
        self.reactor = MemoryReactorClock()
        source = Source(None, {"simulate": True})
        gateway = Gateway(source.read(), self.reactor, maybeDeferred, source)
        gateway.privilegedStartService()
        gateway.startService()
        self.assertEqual(self.successResultOf(gateway.reload("somebody")), Reloaded())
        self.successResultOf(gateway.stopService())

    def test_certificate(self) -> None:
        """One that was renewed in its place, and one at another; a broken one refuses everything."""
        try:
            import OpenSSL  # noqa: F401

            from dog.certificates import selfSigned
        except ImportError:
            raise SkipTest("pyOpenSSL and cryptography are not installed") from None
        from datetime import UTC, datetime

        def make(name: str) -> None:
            for suffix, data in zip(("crt", "key"), selfSigned(["x"], datetime.now(UTC)), strict=True):
                (self.folder / f"{name}.{suffix}").write_bytes(data)

        make("one")
        make("two")
        text = '[tls]\ncertificate = "{0}.crt"\nkey = "{0}.key"\n[server]\nlisten = ["tls:8443:interface=127.0.0.1"]\n'
        gateway = self.start(text.format("one"))
        certificates = gateway.certificates
        assert certificates is not None and certificates.current is not None
        first = certificates.current.fingerprint
        self.assertIsNone(self.reload(text.format("one")).fingerprint)
        make("one")
        found = self.reload(text.format("one"))
        self.assertNotIn(found.fingerprint, (None, first))
        self.assertEqual(found.fingerprint, certificates.current.fingerprint)
        found = self.reload(text.format("two"))
        self.assertEqual(found.applied, ("tls.certificate", "tls.key"))
        self.assertEqual(found.fingerprint, certificates.current.fingerprint)
        (self.folder / "broken.crt").write_text("nonsense")
        (self.folder / "broken.key").write_text("nonsense")
        [problem] = self.refused(text.format("broken") + 'hosts = ["dog.example"]\n')
        self.assertIn("broken.crt", problem)
        self.assertEqual(found.fingerprint, certificates.current.fingerprint)
        self.assertEqual(gateway.certificates, certificates)

    def test_oneAfterTheOther(self) -> None:
        gateway = self.start()
        self.write("[api]\ncommand_timeout = 7\n")
        both = [gateway.reload("one"), gateway.reload("other")]
        self.assertEqual([self.successResultOf(each).applied for each in both], [("api.command_timeout",), ()])

    def test_hangup(self) -> None:
        told: list[str] = []
        gateway = self.start()
        self.patch(gateway.systemd, "_tell", told.append)
        self.write("[api]\ncommand_timeout = 7\n")
        gateway.hangup()
        self.assertEqual(gateway.commands.timeout, 7)
        self.write("nonsense")
        gateway.hangup()
        self.assertEqual([each.split("\n")[0] for each in told], ["RELOADING=1", "READY=1"] * 2)
        self.successResultOf(gateway.stopService())
        del told[:]
        gateway.hangup()
        self.assertEqual(told, [])

    def test_hangups(self) -> None:
        """A storm of them is two: the one that is underway, and one that reads what has been written meanwhile."""
        gateway = self.start()
        reloads: list[Deferred[Any]] = []

        def reload(who: str) -> Deferred[Any]:
            reloads.append(Deferred())
            return reloads[-1]

        self.patch(gateway, "reload", reload)
        for _ in range(100):
            gateway.hangup()
        self.assertEqual(len(reloads), 1)
        reloads[0].callback(None)
        self.assertEqual(len(reloads), 2)
        reloads[1].errback(Refusal(Code.BAD_VALUE, "nonsense"))
        self.assertEqual(len(reloads), 2)
        gateway.hangup()
        self.assertEqual(len(reloads), 3)
        reloads[2].callback(None)
        self.successResultOf(gateway.stopService())


class SignalTests(SynchronousTestCase):
    def test_hangup(self) -> None:
        """A process that gets SIGHUP reads its configuration again, and lives."""
        config = Path(self.mktemp()).absolute()
        config.write_text("")
        process = GatewayProcess("--config", str(config))
        self.addCleanup(process.kill)
        process.start()
        config.write_text("[api]\ncommand_timeout = 7\n[house]\nseed = 5\n")
        os.kill(process.pid, signal.SIGHUP)
        self.until(process, "reloaded for SIGHUP: api.command_timeout")
        self.until(process, "need a restart: house.seed")
        config.write_text("\n\nnonsense")
        os.kill(process.pid, signal.SIGHUP)
        self.until(process, f"{config}:3: ")
        self.assertIn(process.stop(), CLEAN)

    def until(self, process: GatewayProcess, text: str) -> None:
        for _ in range(600):
            if any(text in each for each in process.output):
                return
            time.sleep(0.05)
        self.fail(f"{text!r} is not in {process.output}")
