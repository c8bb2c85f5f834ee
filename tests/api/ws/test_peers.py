"""Conversations of a real gateway with clients that nobody here wrote: PyPI ws4py and websockets, npm wscat."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.testing.process import GatewayProcess

ROOT = Path(__file__).resolve().parents[3]

HOME = """<?xml version="1.0" encoding="UTF-8"?>
<dhc:dogHomeConfiguration xmlns:dhc="http://elite.polito.it/dogHomeConfiguration">
    <dhc:buildingEnvironment/>
    <dhc:controllables>
        <dhc:device class="SimpleLamp" domoticSystem="ZWave" id="lamp">
            <dhc:description>A lamp</dhc:description>
        </dhc:device>
    </dhc:controllables>
</dhc:dogHomeConfiguration>
"""

PATIENCE = 20.0


class Conversation(SynchronousTestCase):
    """The same conversation, whatever the client: presentation, requests, subscription, notification, mistakes.

    @ivar heard: what has come, parsed.
    """

    send: Callable[[str], object]

    def gateway(self) -> str:
        """A gateway of one simulated lamp; C{host:port}."""
        home = Path(self.mktemp())
        home.write_text(HOME)
        process = GatewayProcess("--simulate", "--home", str(home.absolute()))
        self.addCleanup(process.kill)
        process.start()
        return process.url.removeprefix("http://")

    def hear(self) -> Any:
        message = self.heard.get(timeout=PATIENCE)
        if isinstance(message, BaseException):
            raise message
        return message

    def ask(self, action: str, endPoint: str, **more: Any) -> Any:
        """Ask, and hand back what came until the answer, the answer last."""
        self.number += 1
        request = {
            "clientId": self.clientId,
            "sequenceNumber": str(self.number),
            "messageType": "request",
            "action": action,
            "endPoint": endPoint,
            **more,
        }
        self.send(json.dumps(request))
        came = [self.hear()]
        while came[-1]["messageType"] != "response":
            came.append(self.hear())
        self.assertEqual(came[-1]["sequenceNumber"], str(self.number))
        return came

    def converse(self, send: Callable[[str], object], heard: queue.Queue[Any]) -> None:
        self.send, self.heard, self.number = send, heard, 0
        presentation = self.hear()
        self.assertEqual(presentation["messageType"], "presentation")
        self.clientId = presentation["clientId"]
        [answer] = self.ask("GET", "/api/v1/devices/lamp/status")
        status = answer["response"]
        self.assertEqual((status["id"], status["description"], status["active"]), ("lamp", "A lamp", True))
        self.ask("PUT", "/api/v1/devices/lamp/commands/off")
        [answer] = self.ask("POST", "/api/v1/subscriptions/devices/notifications", parameters="*")
        self.assertEqual(answer["response"], {"result": "Registration completed successfully"})
        on = "/api/v1/devices/lamp/commands/on"
        told, answer = self.ask("PUT", on)
        self.assertEqual(answer["response"], {"result": f"PUT {on} executed successfully"})
        self.assertEqual(
            told,
            {
                "clientId": self.clientId,
                "messageType": "notification",
                "notification": {
                    "notificationTopic": "OnNotification",
                    "notificationName": "on",
                    "deviceUri": "lamp",
                },
            },
        )
        [answer] = self.ask("DELETE", "/api/v1/subscriptions/devices/notifications/*")
        self.assertEqual(answer["response"], {"result": "Unregistration completed successfully"})
        [answer] = self.ask("PUT", "/api/v1/devices/lamp/commands/off")
        self.assertEqual(answer["status"], 200)
        [answer] = self.ask("GET", "/api/v1/devices/nothing")
        self.assertEqual(answer["response"], {"result": "The requested resource was not found"})
        self.send("what?")
        self.assertEqual(self.hear()["error"]["code"], "bad_json")
        [answer] = self.ask("GET", "/api/v1/devices")
        self.assertEqual([each["id"] for each in answer["response"]["devices"]], ["lamp"])


class Ws4pyTests(Conversation):
    if find_spec("ws4py") is None:
        skip = "PyPI ws4py is not installed"

    def test_publishedClient(self) -> None:
        """As the published test client does it: at //ws, with Origin: ws://host:port."""
        from ws4py.client.threadedclient import WebSocketClient

        heard: queue.Queue[Any] = queue.Queue()
        ended: queue.Queue[Any] = queue.Queue()

        class Client(WebSocketClient):  # type: ignore[misc]
            def received_message(self, message: Any) -> None:
                heard.put(json.loads(message.data))

            def closed(self, code: int, reason: Any = None) -> None:
                ended.put(code)

        address = self.gateway()
        client = Client(f"ws://{address}//ws")
        self.assertIn(("Origin", f"ws://{address}"), client.handshake_headers)
        client.connect()
        self.converse(client.send, heard)
        client.close(1000, "bye")
        self.assertEqual(ended.get(timeout=PATIENCE), 1000)


class WebsocketsTests(Conversation):
    if find_spec("websockets") is None or find_spec("websockets.sync") is None:
        skip = "PyPI websockets is not installed"

    def test_client(self) -> None:
        from websockets.sync.client import connect
        from websockets.typing import Subprotocol

        address = self.gateway()
        with connect(f"ws://{address}/ws", subprotocols=[Subprotocol("dog")]) as client:
            self.assertEqual(client.subprotocol, "dog")
            heard: queue.Queue[Any] = queue.Queue()

            def listen() -> None:
                for message in client:
                    heard.put(json.loads(message))

            listener = threading.Thread(target=listen, daemon=True)
            listener.start()
            self.converse(client.send, heard)
        listener.join(PATIENCE)
        self.assertEqual(client.close_code, 1000)


def wscat() -> str | None:
    """npm's wscat, of this project's own packages or of the whole machine; C{DOG_WSCAT} names another."""
    own = ROOT / "node_modules" / ".bin" / "wscat"
    return os.environ.get("DOG_WSCAT") or (str(own) if own.exists() else shutil.which("wscat"))


class WscatTests(Conversation):
    if wscat() is None:
        skip = "npm wscat is not installed"

    def test_client(self) -> None:
        program = wscat()
        assert program is not None
        address = self.gateway()
        process = subprocess.Popen(
            [program, "--no-color", "-c", f"ws://{address}/ws"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

        def end() -> None:
            process.kill()
            process.communicate()

        self.addCleanup(end)
        heard: queue.Queue[Any] = queue.Queue()

        def listen() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                # Not on a terminal it prints what comes behind its prompt, and not what is sent.
                if line.lstrip("> ").startswith("{"):
                    heard.put(json.loads(line.lstrip("> ")))
            heard.put(EOFError("wscat has ended"))

        threading.Thread(target=listen, daemon=True).start()

        def send(text: str) -> None:
            assert process.stdin is not None
            process.stdin.write(text + "\n")
            process.stdin.flush()

        self.converse(send, heard)
