"""A peer that is cut off: no FIN, no RST, packets just don't arrive any more. In a network namespace; takes 2 s."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.trial.unittest import TestCase

from dog.api.ws.connection import Connection
from tests.api.ws.talk import upgrade
from tests.api.ws.test_connection import House

network: Any = reactor

#: Seconds between pings, and that an answer may take.
EVERY, WITHIN = 0.3, 0.4

#: A client that answers pings, and says how many it has got.
CLIENT = """
import socket, sys
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
peer.sendall(sys.stdin.buffer.read())
data = b""
while b"\\r\\n\\r\\n" not in data:
    data += peer.recv(4096)
data = data.partition(b"\\r\\n\\r\\n")[2]
while True:
    while len(data) >= 2:
        size, start = data[1], 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        if len(data) < start + size:
            break
        opcode, data = data[0] & 15, data[start + size :]
        if opcode == 9:
            peer.sendall(b"\\x8a\\x80abcd")
            print("ping", flush=True)
    data += peer.recv(4096)
"""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def why() -> str | None:
    """Why there can be no network namespace here; None where there can."""
    if shutil.which("ip") is None:
        return "iproute2 is not installed"
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    name = f"dog-{secrets.token_hex(3)}"
    try:
        ip("netns", "add", name)
        try:
            ip("link", "add", f"v{name[4:]}", "type", "veth", "peer", "name", "inside", "netns", name)
        finally:
            ip("netns", "delete", name)
    except subprocess.CalledProcessError as error:
        return f"no network namespaces: {error.stderr.decode(errors='replace').strip()}"
    return None


class HalfOpenTests(TestCase):
    timeout = 30
    skip = why()

    def setUp(self) -> None:
        # 198.18.0.0/15 is set aside for tests like this one (RFC 2544).
        self.name = secrets.token_hex(3)
        net = f"198.18.{secrets.randbelow(256)}"
        last = 4 * secrets.randbelow(64)
        self.outside, inside = f"{net}.{last + 1}", f"{net}.{last + 2}"
        ip("netns", "add", f"dog-{self.name}")
        self.addCleanup(ip, "netns", "delete", f"dog-{self.name}")
        ip("link", "add", f"v{self.name}", "type", "veth", "peer", "name", "inside", "netns", f"dog-{self.name}")
        ip("address", "add", f"{self.outside}/30", "dev", f"v{self.name}")
        ip("link", "set", f"v{self.name}", "up")
        self.inside("address", "add", f"{inside}/30", "dev", "inside")
        self.inside("link", "set", "inside", "up")

    def inside(self, *words: str) -> None:
        ip("-netns", f"dog-{self.name}", *words)

    def client(self, port: int) -> subprocess.Popen[bytes]:
        program = [sys.executable, "-c", CLIENT, self.outside, str(port)]
        process = subprocess.Popen(
            ["ip", "netns", "exec", f"dog-{self.name}", *program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

        def end() -> None:
            process.kill()
            process.communicate()

        self.addCleanup(end)
        assert process.stdin is not None
        process.stdin.write(upgrade())
        process.stdin.close()
        process.stdin = None
        return process

    @inlineCallbacks
    def test_cutOff(self):
        """As long as it answers it stays; cut off it is found, and its subscriptions end."""
        house = House(heartbeat=EVERY, answerWithin=WITHIN)
        house.factory.later = network.callLater
        port = network.listenTCP(0, house.factory, interface=self.outside)
        self.addCleanup(port.stopListening)
        joined: Deferred[Connection] = Deferred()
        gone: Deferred[None] = Deferred()
        join, left = house.factory.joined, house.factory.left

        def joining(connection: Connection) -> str:
            joined.callback(connection)
            return join(connection)

        def leaving(connection: Connection) -> None:
            left(connection)
            gone.callback(None)

        self.patch(house.factory, "joined", joining)
        self.patch(house.factory, "left", leaving)
        process = self.client(port.getHost().port)
        connection = yield joined
        house.core.subscriptions.subscribe(connection, None, ["*"])
        # Twice as long as it would take to find it dead.
        yield self.wait(2 * (EVERY + WITHIN))
        self.assertFalse(gone.called)
        self.inside("link", "set", "inside", "down")
        house.press()
        self.assertTrue(connection.isOpen)
        yield gone.addTimeout(10, network)
        self.assertEqual(len(house.core.subscriptions), 0)
        self.assertEqual(house.factory.connections, {})
        self.assertIsNone(process.poll(), "the client has noticed nothing")
        process.kill()
        assert process.stdout is not None
        self.assertGreaterEqual(process.stdout.read().count(b"ping"), 2)

    def wait(self, seconds: float) -> Deferred[None]:
        waited: Deferred[None] = Deferred()
        network.callLater(seconds, waited.callback, None)
        return waited
