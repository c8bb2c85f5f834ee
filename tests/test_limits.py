"""What a gateway takes from clients that mean no good: a real process, real sockets."""

from __future__ import annotations

import resource
import socket
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from dog.testing.process import GatewayProcess

#: Seconds after which something is taken for broken; the machine may be busy.
PATIENCE = 30

UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class LimitsTests(SynchronousTestCase):
    def gateway(self, settings: str) -> GatewayProcess:
        config = Path(self.mktemp())
        config.write_text(settings)
        process = GatewayProcess("--config", str(config))
        self.addCleanup(process.kill)
        return process.start()

    def connect(self, gateway: GatewayProcess) -> socket.socket:
        where = urlsplit(gateway.url)
        found = socket.create_connection((where.hostname, where.port), PATIENCE)
        self.addCleanup(found.close)
        return found

    def said(self, peer: socket.socket, until: bytes | None = None) -> bytes:
        """What it sends up to there, or to its end."""
        found = b""
        while (until is None or until not in found) and (more := peer.recv(4096)):
            found += more
        return found

    def ping(self, gateway: GatewayProcess) -> bool:
        """Whether it answers, in good time."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"{gateway.url}/api/v1/ping", timeout=PATIENCE) as answer:
                    return bool(answer.status == 200)
            except OSError:
                time.sleep(0.05)
        return False

    def test_slowloris(self) -> None:
        """Headers that dribble and a body that does have so much time and no more; meanwhile others are answered."""
        gateway = self.gateway("[limits]\nreceive_within = 1\n")
        slow = [self.connect(gateway) for _ in range(20)]
        for number, each in enumerate(slow):
            body = b"PUT /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
            each.sendall(body if number % 2 else b"GET /api/v1/ping HTTP/1.1\r\nX-")
        self.assertTrue(self.ping(gateway))
        open, end = list(slow), time.monotonic() + PATIENCE
        while open and time.monotonic() < end:
            for each in list(open):
                each.settimeout(0.01)
                try:
                    each.sendall(b"x")
                    if each.recv(4096).startswith(b"HTTP/1.1 408 "):
                        open.remove(each)
                except TimeoutError:
                    pass
                except ConnectionError:
                    open.remove(each)
        self.assertEqual(open, [])

    def test_connections(self) -> None:
        """One too many is told so. A WebSocket takes a seat, and gives it back."""
        gateway = self.gateway("[limits]\nconnections = 2\n")
        clients = [self.connect(gateway) for _ in range(2)]
        for each in clients:
            each.sendall(UPGRADE)
            self.assertIn(b"presentation", self.said(each, b"presentation"))
        self.assertIn(b'"busy"', self.said(self.connect(gateway)))
        clients[0].close()
        self.assertTrue(self.ping(gateway))

    def test_descriptors(self) -> None:
        """Without file descriptors left it turns clients away; later it goes on as before."""
        if not hasattr(resource, "prlimit"):
            raise SkipTest("nobody can take a process its descriptors here")
        gateway = self.gateway("")
        used = len(list(Path(f"/proc/{gateway.pid}/fd").iterdir()))
        resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, (used + 5, used + 5))
        clients = [self.connect(gateway) for _ in range(30)]
        turnedAway = 0
        for each in clients:
            each.settimeout(0.2)
            try:
                turnedAway += each.recv(1) == b""
            except TimeoutError:
                pass
            except ConnectionError:
                turnedAway += 1
        self.assertGreater(turnedAway, 10)
        for each in clients:
            each.close()
        self.assertTrue(self.ping(gateway))
