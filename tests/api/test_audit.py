"""What of the API gets into the audit log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dog.config import Settings
from dog.home.store import HomeStore
from dog.live.audit import COMMANDS_FILE, FILE
from dog.live.tokens import ADMIN_FILE
from dog.model.home import HomeDiff
from dog.model.refusal import Code, Refusal
from dog.model.rights import Role
from dog.service import Gateway

DEMO = Path(__file__).parent.parent.parent / "dog" / "demo" / "home.xml"


class AuditTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.reactor = MemoryReactorClock()
        settings = Settings(home=DEMO, stateDir=self.folder, simulate=True, anonymous=Role.USER)
        self.gateway = Gateway(settings, self.reactor, maybeDeferred)
        self.gateway.privilegedStartService()
        self.gateway.startService()
        self.addCleanup(self.stop)
        self.token = (self.folder / ADMIN_FILE).read_text().strip()

    def stop(self) -> None:
        if self.gateway.running:
            self.successResultOf(self.gateway.stopService())

    def ask(self, method: str, path: str, *headers: str, body: str = "", leave: bool = False) -> int:
        transport: Any = StringTransport(peerAddress=IPv4Address("TCP", "192.0.2.7", 40000))
        site: Any = self.reactor.tcpServers[0][1]
        channel: Any = site.buildProtocol(transport.getPeer())
        transport.protocol = channel  # Autobahn looks for it, and takes it that the channel is a producer
        transport.unregisterProducer = lambda: None
        channel.makeConnection(transport)
        host = () if any(each.startswith("Host:") for each in headers) else ("Host: localhost",)
        lines = [f"{method} {path} HTTP/1.1", *host, f"Content-Length: {len(body)}", *headers, "", body]
        channel.dataReceived("\r\n".join(lines).encode())
        if leave:
            channel.connectionLost(Failure(ConnectionDone()))
            return 0
        self.reactor.advance(1)
        self.body = transport.value().partition(b"\r\n\r\n")[2]
        status = int(transport.value().split(b" ")[1])
        channel.connectionLost(Failure(ConnectionDone()))
        return status

    def entries(self) -> list[tuple[str, str, str, str]]:
        files = [each for each in (self.folder / FILE, self.folder / COMMANDS_FILE) if each.exists()]
        found = [json.loads(line) for each in files for line in each.read_text().splitlines()]
        found.sort(key=lambda each: each["n"])
        told = [(each["who"], each["what"], each["from"], each["outcome"]) for each in found]
        self.assertRegex(told[0][1], r"^started Dog ")
        self.assertEqual(told[1], ("gateway", "made the admin's token admin.token", "this machine", "done"))
        return told[2:]

    def test_command(self) -> None:
        path = "/api/v1/devices/lake-kitchen-lamp/commands/on"
        self.assertEqual(self.ask("PUT", path), 200)
        self.assertEqual(self.entries(), [("anonymous", f"PUT {path}", "192.0.2.7", "done")])

    def admin(self, method: str, path: str, *headers: str) -> Any:
        self.assertEqual(self.ask(method, path, f"Authorization: Bearer {self.token}", *headers), 200)
        return json.loads(self.body)

    def test_commandId(self) -> None:
        """What became of the command can be looked up."""
        self.ask("PUT", "/api/v1/devices/lake-kitchen-lamp/commands/on")
        [entry] = self.admin("GET", "/api/v1/admin/audit?who=anonymous")["entries"]
        command = self.admin("GET", f"/api/v1/commands/{entry['command']}")
        self.assertEqual(command["device"], "lake-kitchen-lamp")

    def test_about(self) -> None:
        """Whose token was made and revoked, and what was made else; no secret."""
        token = f"Authorization: Bearer {self.token}"
        body = '{"name": "panel", "role": "viewer"}'
        self.assertEqual(self.ask("POST", "/api/v1/tokens", token, body=body), 201)
        made = json.loads(self.body)
        self.assertEqual(self.ask("DELETE", f"/api/v1/tokens/{made['id']}", token), 204)
        told = self.admin("GET", "/api/v1/admin/audit?who=admin")["entries"]
        self.assertEqual([each["about"] for each in told], ["panel (viewer)"] * 2)
        self.assertNotIn(made["token"], (self.folder / FILE).read_text())

    def test_left(self) -> None:
        """Whoever does not wait for a command is told of as such: it went on without him."""
        path = "/api/v1/devices/lake-kitchen-lamp/commands/off"
        self.patch(self.gateway.commands, "send", lambda *args, **keywords: Deferred())
        self.ask("PUT", path, leave=True)
        self.assertEqual(self.entries(), [("anonymous", f"PUT {path}", "192.0.2.7", "left")])

    def test_read(self) -> None:
        self.ask("PUT", "/api/v1/devices/lake-kitchen-lamp/commands/on")
        self.ask("PUT", "/api/v1/devices/lake-kitchen-lamp/commands/nothing")
        found = self.admin("GET", "/api/v1/admin/audit?limit=1")
        [entry] = found["entries"]
        self.assertEqual((entry["who"], entry["outcome"], found["unreadable"]), ("anonymous", "not_found", 0))
        self.assertEqual(found["next"], entry["n"])
        before = self.admin("GET", f"/api/v1/admin/audit?before={found['next']}")
        self.assertEqual([each["outcome"] for each in before["entries"]], ["done"] * 3)
        self.assertNotIn("next", before)
        for query, count in (
            ("who=gateway", 2),
            ("what=COMMANDS", 2),
            ("from=192.0.2.7&outcome=done", 1),
            ("from=192.0.2.8", 0),
        ):
            self.assertEqual(len(self.admin("GET", f"/api/v1/admin/audit?{query}")["entries"]), count, query)

    def test_whoMayRead(self) -> None:
        self.assertEqual(self.ask("GET", "/api/v1/admin/audit"), 403)
        self.assertEqual(self.entries()[-1][1:], ("GET /api/v1/admin/audit", "192.0.2.7", "forbidden"))

    def test_unreadable(self) -> None:
        (self.folder / FILE).unlink()
        (self.folder / FILE).symlink_to("/dev/null")
        self.assertEqual(self.ask("GET", "/api/v1/admin/audit", f"Authorization: Bearer {self.token}"), 507)
        self.assertNotIn(str(self.folder).encode(), self.body)
        (self.folder / FILE).unlink()

    def test_capture(self) -> None:
        """Looking at the wires is something to tell of, whether or not it could be done."""
        token = f"Authorization: Bearer {self.token}"
        self.ask("GET", "/api/v1/drivers/simulated/capture?seconds=1", token)
        self.ask("GET", "/api/v1/drivers/nobody/capture", token)
        told = [(each[0], each[1], each[3]) for each in self.entries()]
        self.assertEqual(told[0], ("admin", "GET /api/v1/drivers/simulated/capture", "done"))
        self.assertEqual(told[1], ("admin", "GET /api/v1/drivers/nobody/capture", "not_found"))

    def test_doors(self) -> None:
        """Who is turned away before anybody asks who he is: foreign pages, rebound names, one connection too many."""
        self.assertEqual(self.ask("PUT", "/api/v1/x", "Origin: http://evil.example"), 403)
        self.assertEqual(self.ask("PUT", "/api/v1/x", "Sec-Fetch-Site: cross-site"), 403)
        self.assertEqual(self.ask("GET", "/api/v1/devices", "Host: rebound.example"), 421)
        upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        self.assertEqual(self.ask("GET", "/ws", *upgrade, key, "Origin: http://evil.example"), 403)
        limits: Any = self.reactor.tcpServers[0][1]
        limits.crowd.limits.connections = 0
        self.assertEqual(self.ask("GET", "/api/v1/ping"), 503)
        limits.crowd.limits.connections = 10
        self.assertEqual(
            [each[1:] for each in self.entries()],
            [
                ("PUT /api/v1/x of a page of http://evil.example", "192.0.2.7", "forbidden"),
                ("PUT /api/v1/x of a page of another site", "192.0.2.7", "forbidden"),
                ("GET /api/v1/devices of somebody who looks for rebound.example", "192.0.2.7", "misdirected"),
                ("a WebSocket of a page of http://evil.example", "192.0.2.7", "forbidden"),
                ("one connection too many", "all together", "busy"),
            ],
        )

    def test_gateway(self) -> None:
        """What it does by itself, or because of a signal or a file."""
        self.gateway.hangup()
        self.gateway.homeFile._kept(Failure(Refusal(Code.STORAGE, "it is no XML")))
        self.gateway.homeFile._told(HomeDiff(self.gateway.homes.home))
        self.stop()
        self.assertEqual(
            [each[1::2] for each in self.entries()],
            [
                ("reloaded (SIGHUP)", "done"),
                ("refused the edited home", "storage"),
                ("took in the edited home: 0 devices added, 0 removed, 0 changed, 0 moved", "done"),
                ("stopped", "done"),
            ],
        )

    def test_brokenHome(self) -> None:
        """A reload that could not read the home is not told of as if it had."""
        home = self.folder / "home.xml"
        self.gateway.homes._store = HomeStore(home)
        home.write_text("nonsense")
        self.gateway.hangup()
        told = self.admin("POST", "/api/v1/admin/reload")
        self.assertIn("homeProblem", told)
        self.assertEqual(self.entries()[0][1::2], ("reloaded (SIGHUP)", "storage"))
        [entry] = self.admin("GET", "/api/v1/admin/audit?what=admin/reload")["entries"]
        self.assertEqual(entry["about"], "the home can't be read, all else was")

    def test_refused(self) -> None:
        """Of what is only looked at, too; a refusal for another reason is told where something was to change."""
        self.assertEqual(self.ask("GET", "/api/v1/tokens"), 403)
        self.assertEqual(self.ask("POST", "/api/v1/admin/reload"), 403)
        self.assertEqual(self.ask("PUT", "/api/v1/devices/nobody/commands/on"), 404)
        told = [each[1:] for each in self.entries()]
        self.assertEqual(told[0], ("GET /api/v1/tokens", "192.0.2.7", "forbidden"))
        self.assertEqual(told[1], ("POST /api/v1/admin/reload", "192.0.2.7", "forbidden"))
        self.assertEqual(told[2], ("PUT /api/v1/devices/nobody/commands/on", "192.0.2.7", "not_found"))

    def test_untold(self) -> None:
        """Looking is nothing to tell, nor is what was never there."""
        self.assertEqual(self.ask("GET", "/api/v1/devices"), 200)
        self.assertEqual(self.ask("PUT", "/api/v1/nothing"), 404)
        self.assertEqual(self.entries(), [])

    def test_badToken(self) -> None:
        """Who tries tokens is told of; the token is not."""
        self.assertEqual(self.ask("GET", "/api/v1/devices", "Authorization: Bearer dog_secret"), 401)
        self.assertEqual(self.entries(), [("anonymous", "a token", "192.0.2.7", "unauthorized")])
        self.assertNotIn("secret", (self.folder / FILE).read_text())
