"""A whole gateway with a real Modbus home: a WebSocket client's command changes the coil of pymodbus's server."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.testing.process import GatewayProcess
from tests.drivers.modbus.test_peers import PYTHON
from tests.source import ROOT

HOME = ROOT / "tests" / "data" / "homes" / "recorded" / "home.xml"
PATIENCE = 20.0


class Peer:
    """pymodbus's server in a process of its own. C{kind} and C{where} as it takes them."""

    def __init__(self, where: int | str, kind: str = "tcp") -> None:
        self.process = subprocess.Popen(
            [PYTHON, str(Path(__file__).with_name("peer.py")), kind, str(where)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def ask(self, **order: Any) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()


class GatewayTests(SynchronousTestCase):
    """Blocks: everything else runs in processes of its own."""

    if not PYTHON:
        skip = "PyPI pymodbus is not installed: put it there or name its interpreter in DOG_PYMODBUS_PYTHON"
    elif importlib.util.find_spec("websockets") is None:
        skip = "PyPI websockets is not installed"

    def setUp(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
        self.peer = self.plug()
        self.peer.ask(set=["ir", 100, 215])
        folder = Path(tempfile.mkdtemp())
        home = folder / "home.xml"
        home.write_text(HOME.read_text(encoding="utf-8").replace('"15020"', f'"{self.port}"'), encoding="utf-8")
        self.gateway = GatewayProcess("--home", str(home), "--state-dir", str(folder / "state"), cwd=str(folder))
        self.addCleanup(self.gateway.kill)
        self.gateway.start()

    def plug(self) -> Peer:
        peer = Peer(self.port)
        self.addCleanup(peer.kill)
        return peer

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.gateway.url + path, timeout=PATIENCE) as answer:
            return json.load(answer)

    def value(self, device: str, state: str) -> Any:
        found = self.get(f"/api/v1/devices/{device}/status").get("status", {}).get(state)
        return found[0]["value"] if found else None

    def becomes(self, device: str, state: str, wanted: str) -> None:
        until = time.monotonic() + PATIENCE
        while self.value(device, state) != wanted:
            self.assertLess(time.monotonic(), until, f"{device} does not become {wanted}")

    def put(self, path: str) -> tuple[int, Any]:
        request = urllib.request.Request(self.gateway.url + path, method="PUT")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, None
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)["error"]

    def test_fromTheClientToTheRegisterAndBack(self) -> None:
        from websockets.sync.client import connect

        self.becomes("Temp_mb1", "TemperatureState", "21.5 C")
        with connect(self.gateway.url.replace("http", "ws") + "/ws") as client:
            presentation = json.loads(client.recv(PATIENCE))

            def ask(action: str, endPoint: str, **more: Any) -> None:
                request = {"clientId": presentation["clientId"], "sequenceNumber": "1", "messageType": "request"}
                client.send(json.dumps(request | {"action": action, "endPoint": endPoint} | more))

            def hear(type: str) -> Any:
                while (message := json.loads(client.recv(PATIENCE)))["messageType"] != type:
                    pass
                return message

            ask("POST", "/api/v1/subscriptions/devices/notifications", parameters="*")
            hear("response")
            ask("PUT", "/api/v1/devices/SimpleLamp_mb1/commands/on")
            self.assertEqual(hear("notification")["notification"]["notificationTopic"], "OnNotification")
            self.assertEqual(hear("response")["status"], 200)
            self.assertEqual(self.peer.ask(get=["c", 0]), 1)
            self.peer.ask(set=["ir", 100, -12 & 0xFFFF])
            told = hear("notification")["notification"]
            self.assertEqual((told["deviceUri"], told["temperatureValue"]), ("Temp_mb1", "-1.2 C"))

    def test_refusedGoneAndBack(self) -> None:
        """The exception's name reaches the client; a server that is gone is said at once; it heals by itself."""
        self.becomes("SimpleLamp_mb1", "OnOffState", "off")
        self.peer.ask(fault="exception")
        status, error = self.put("/api/v1/devices/SimpleLamp_mb1/commands/on")
        self.assertEqual((status, error["code"]), (502, "bus_refused"))
        self.assertEqual(error["message"], "SERVER DEVICE FAILURE (exception 4)")
        self.peer.kill()
        until = time.monotonic() + PATIENCE
        while self.put("/api/v1/devices/SimpleLamp_mb1/commands/on")[0] != 503:
            self.assertLess(time.monotonic(), until, "the loss is not noticed")
        again = self.plug()
        while self.put("/api/v1/devices/SimpleLamp_mb1/commands/on")[0] != 200:
            self.assertLess(time.monotonic(), until + PATIENCE, "it does not heal")
        self.assertEqual(again.ask(get=["c", 0]), 1)
        self.assertEqual(self.value("SimpleLamp_mb1", "OnOffState"), "on")
