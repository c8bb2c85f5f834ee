"""The echo service, in memory and as it is started."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dog.testing.echo import Echo, EchoFactory, main
from tests.api.ws.talk import BINARY, CLOSE, TEXT, Pipe, frame, frames, upgrade


class EchoTests(SynchronousTestCase):
    echo: Echo
    transport: Pipe

    def connect(self, request: bytes | None = None, **settings: Any) -> bytes:
        """Connect; what is answered to the upgrade."""
        built = EchoFactory(Clock().callLater, **settings).buildProtocol(None)
        assert isinstance(built, Echo)
        self.echo = built
        self.transport = Pipe()
        self.echo.makeConnection(self.transport)
        self.echo.dataReceived(request or upgrade())
        head = self.transport.value()
        self.transport.clear()
        return head

    def said(self) -> list[tuple[int, bytes]]:
        return frames(self.transport.value())[0]

    def test_echoes(self) -> None:
        self.connect()
        self.echo.dataReceived(frame(TEXT, "è".encode()) + frame(BINARY, b"\xff\x00") + frame(TEXT))
        self.assertEqual(self.said(), [(TEXT, "è".encode()), (BINARY, b"\xff\x00"), (TEXT, b"")])

    def test_tooLarge(self) -> None:
        self.connect(maxMessage=10)
        self.echo.dataReceived(frame(BINARY, b"x" * 11))
        [(opcode, payload)] = self.said()
        self.assertEqual((opcode, payload[:2]), (CLOSE, (1009).to_bytes(2, "big")))

    def test_readsNoFaster(self) -> None:
        """It reads no faster than it is read from."""
        self.connect()
        self.transport.full = True
        self.echo.dataReceived(frame(TEXT, b"a"))
        self.assertEqual(self.transport.producerState, "paused")
        self.transport.drain()
        self.assertEqual(self.transport.producerState, "producing")

    def test_deflate(self) -> None:
        """Agreed to where it was asked for."""
        offer = upgrade(Sec_WebSocket_Extensions="permessage-deflate")
        self.assertIn(b"permessage-deflate", self.connect(offer, deflate=True))
        self.assertNotIn(b"permessage-deflate", self.connect(offer))

    def test_arguments(self) -> None:
        self.patch(sys, "stderr", open(self.mktemp(), "w"))
        self.addCleanup(sys.stderr.close)
        self.assertRaises(SystemExit, main, ["--max-message", "many"])

    def test_started(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "dog.testing.echo", "--listen", "tcp:0:interface=127.0.0.1"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        try:
            assert process.stdout is not None
            self.assertIn("listening on", process.stdout.readline())
        finally:
            process.terminate()
            process.communicate()
