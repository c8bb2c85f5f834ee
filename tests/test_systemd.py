"""What systemd is told, on a socket as it has one."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path
from unittest import mock

from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from dog.systemd import Systemd
from dog.testing.process import GatewayProcess


class SystemdTests(SynchronousTestCase):
    def listen(self, name: str) -> socket.socket:
        """The service manager's end."""
        end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(end.close)
        end.bind(name)
        end.setblocking(False)
        return end

    def setUp(self) -> None:
        self.clock = Clock()
        self.abstract = f"@dog-{secrets.token_hex(8)}"

    def systemd(self, **environment: str) -> Systemd:
        return Systemd(environment, self.clock.callLater, lambda: "all is well")

    def told(self, end: socket.socket) -> list[str]:
        found = []
        while True:
            try:
                found.append(end.recv(4096).decode())
            except BlockingIOError:
                return found

    def test_nobody(self) -> None:
        """Not started by systemd: nothing is told, no timer runs."""
        systemd = self.systemd(WATCHDOG_USEC="1000000")
        systemd.ready()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        systemd.stopping()

    def test_life(self) -> None:
        """Ready, then alive at half the watchdog's time, then stopping and nothing more."""
        end = self.listen("\0" + self.abstract[1:])
        systemd = self.systemd(NOTIFY_SOCKET=self.abstract, WATCHDOG_USEC="30000000", WATCHDOG_PID=str(os.getpid()))
        self.assertEqual(self.told(end), [])
        systemd.ready()
        self.assertEqual(self.told(end), ["READY=1\nSTATUS=all is well"])
        self.clock.pump([14.9])
        self.assertEqual(self.told(end), [])
        self.clock.pump([0.1, 15])
        self.assertEqual(self.told(end), ["WATCHDOG=1\nSTATUS=all is well"] * 2)
        systemd.stopping()
        self.clock.advance(100)
        self.assertEqual(self.told(end), ["STOPPING=1"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_path(self) -> None:
        """The usual socket is a file."""
        path = Path(self.mktemp())
        path.mkdir()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(path)  # its name must be short
        end = self.listen("notify")
        self.systemd(NOTIFY_SOCKET="notify").ready()
        self.assertEqual(self.told(end), ["READY=1\nSTATUS=all is well"])

    def test_reloading(self) -> None:
        end = self.listen("\0" + self.abstract[1:])
        systemd = self.systemd(NOTIFY_SOCKET=self.abstract)
        systemd.reloading()
        systemd.reloaded()
        reloading, ready = self.told(end)
        self.assertRegex(reloading, r"\ARELOADING=1\nMONOTONIC_USEC=\d+\Z")
        self.assertEqual(ready, "READY=1\nSTATUS=all is well")

    def test_watchdog(self) -> None:
        """It is fed only where it is set, and meant for this process."""
        end = self.listen("\0" + self.abstract[1:])
        for environment in (
            {},
            {"WATCHDOG_USEC": "0"},
            {"WATCHDOG_USEC": "soon"},
            {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
        ):
            self.systemd(NOTIFY_SOCKET=self.abstract, **environment).ready()
            self.assertEqual(self.clock.getDelayedCalls(), [], environment)
        self.assertEqual(len(self.told(end)), 4)

    def test_gone(self) -> None:
        """A manager that is gone is no reason to fail; the log says so."""
        with capturedLogs() as said:
            self.systemd(NOTIFY_SOCKET="/nowhere/notify").ready()
        self.assertEqual([each["log_namespace"] for each in said], ["dog.systemd"])

    def test_gateway(self) -> None:
        """A real gateway says when it is ready, that it lives, and when it stops."""
        end = self.listen("\0" + self.abstract[1:])
        end.settimeout(30)
        with mock.patch.dict(os.environ, NOTIFY_SOCKET=self.abstract, WATCHDOG_USEC="400000"):
            process = GatewayProcess()
            self.addCleanup(process.kill)
            process.start()
        self.assertEqual(end.recv(4096), b"READY=1\nSTATUS=0 of 0 devices active, 0 WebSocket clients")
        self.assertTrue(end.recv(4096).startswith(b"WATCHDOG=1\n"))
        process.stop()
        end.setblocking(False)
        self.assertEqual(self.told(end)[-1], "STOPPING=1")
