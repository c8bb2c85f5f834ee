"""What of the API gets into the audit log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import maybeDeferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dog.config import Settings
from dog.live.audit import FILE
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
        self.addCleanup(lambda: self.successResultOf(self.gateway.stopService()))

    def ask(self, method: str, path: str, *headers: str) -> int:
        transport = StringTransport(peerAddress=IPv4Address("TCP", "192.0.2.7", 40000))
        site: Any = self.reactor.tcpServers[0][1]
        channel: Any = site.buildProtocol(transport.getPeer())
        channel.makeConnection(transport)
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Content-Length: 0", *headers, "", ""]
        channel.dataReceived("\r\n".join(lines).encode())
        self.reactor.advance(1)
        status = int(transport.value().split(b" ")[1])
        channel.connectionLost(Failure(ConnectionDone()))
        return status

    def entries(self) -> list[tuple[str, ...]]:
        text = (self.folder / FILE).read_text() if (self.folder / FILE).exists() else ""
        found = [json.loads(each) for each in text.splitlines()]
        return [(each["who"], each["what"], each["from"], each["outcome"]) for each in found]

    def test_command(self) -> None:
        path = "/api/v1/devices/lake-kitchen-lamp/commands/on"
        self.assertEqual(self.ask("PUT", path), 200)
        self.assertEqual(self.entries(), [("anonymous", f"PUT {path}", "192.0.2.7", "done")])

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
