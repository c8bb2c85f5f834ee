"""The README tells the truth: its first conversation is held, word for word, with the gateway it speaks of."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from dog.testing.process import GatewayProcess

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")

#: What make run starts, but for the port.
DEMO = ("--simulate", "--home", str(ROOT / "dog" / "demo" / "home.xml"))


def lines(start: str) -> list[str]:
    """The indented lines of the README that begin like this."""
    return re.findall(rf"(?m)^    ({re.escape(start)}.*?)(?:\s+# .*)?$", README)


class Reader(WebSocketClientProtocol):
    """Keeps what comes and hands it out one by one."""

    def onOpen(self) -> None:
        self.factory.opened.callback(self)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self.factory.messages.append(json.loads(payload))
        for wanted, found in list(self.factory.waiting):
            if wanted(self.factory.messages[-1]):
                self.factory.waiting.remove((wanted, found))
                found.callback(self.factory.messages[-1])

    def until(self, wanted: Any) -> Deferred[Any]:
        found: Deferred[Any] = Deferred()
        for each in self.factory.messages:
            if wanted(each):
                found.callback(each)
                return found
        self.factory.waiting.append((wanted, found))
        return found.addTimeout(20, reactor)


class ReadmeTests(TestCase):
    timeout = 90

    def setUp(self) -> Deferred[Any]:  # type: ignore[override]
        self.gateway = GatewayProcess(*DEMO)
        self.addCleanup(self.gateway.kill)
        return deferToThread(self.gateway.start)

    def run_(self, command: str) -> str:
        environment = {**os.environ, "DOG_GATEWAY": self.gateway.url, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False, env=environment
        )
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    @inlineCallbacks
    def test_curl(self) -> Any:
        if shutil.which("curl") is None:
            self.skipTest("curl is not installed")
        commands = lines("curl ")
        self.assertEqual(len(commands), 3)
        answers = []
        for command in commands:
            command = command.replace("http://127.0.0.1:8080", self.gateway.url)
            answers.append((yield deferToThread(self.run_, command.replace("curl ", "curl -sSf ", 1))))
        self.assertGreater(len(json.loads(answers[0])["devicesStatus"]), 20)
        self.assertEqual(answers[1], "")
        status = json.loads(answers[2])
        self.assertEqual(status["status"]["OnOffState"], [{"value": "on"}])

    @inlineCallbacks
    def test_events(self) -> Any:
        if shutil.which("curl") is None:
            self.skipTest("curl is not installed")
        [command] = lines("timeout 5 curl ")
        command = command.replace("http://127.0.0.1:8080", self.gateway.url).replace("timeout 5", "timeout 20")
        seen = yield deferToThread(self.run_, f"{command} | grep -m 2 ^data:")
        self.assertEqual(len([json.loads(each[5:]) for each in seen.splitlines()]), 2)

    @inlineCallbacks
    def test_dogctl(self) -> Any:
        commands = lines(".venv/bin/dogctl ")
        self.assertEqual([each.split()[1] for each in commands], ["devices", "send", "watch"])
        for command in commands[:2]:
            words = command.replace(".venv/bin/dogctl", f"'{sys.executable}' -m dog.cli")
            yield deferToThread(self.run_, words)
        watch = commands[2].replace(".venv/bin/dogctl", f"'{sys.executable}' -m dog.cli")
        seen = yield deferToThread(self.run_, f"timeout 20 {watch} | head -3")
        self.assertEqual(len(seen.splitlines()), 3, "events within seconds")

    @inlineCallbacks
    def test_webSocket(self) -> Any:
        """The messages as printed, with the clientId that the presentation gives."""
        factory: Any = WebSocketClientFactory(self.gateway.url.replace("http", "ws") + "/ws")
        factory.protocol = Reader
        factory.opened, factory.messages, factory.waiting = Deferred(), [], []
        connector = reactor.connectTCP("127.0.0.1", int(self.gateway.url.rsplit(":", 1)[1]), factory)
        self.addCleanup(connector.disconnect)
        client = yield factory.opened
        presentation = yield client.until(lambda each: each["messageType"] == "presentation")
        printed = [json.loads(each) for each in lines('{"clientId"')]
        self.assertEqual([each["action"] for each in printed], ["POST", "PUT"])
        for message in printed:
            client.sendMessage(json.dumps({**message, "clientId": presentation["clientId"]}).encode())
            number = message["sequenceNumber"]
            answer = yield client.until(lambda each, number=number: each.get("sequenceNumber") == number)
            self.assertEqual(answer["status"], 200)
        yield client.until(lambda each: each["messageType"] == "notification")

    def test_filesItNames(self) -> None:
        for name in re.findall(r"`((?:docs|etc|dog)/[\w./]*)`", README):
            self.assertTrue((ROOT / name).exists(), name)
        for name in re.findall(r"`([A-Z]+(?:\.md)?)`", README):
            self.assertTrue((ROOT / name).exists(), name)
