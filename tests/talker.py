"""A WebSocket client and an event stream's client that block, for tests of a gateway in a process of its own."""

from __future__ import annotations

import http.client
import json
import queue
import threading
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

#: Seconds after which what is waited for is said not to come: much more than it takes on a busy machine.
PATIENCE = 30.0


def whyNot() -> str:
    """Why there can't be a talker here; empty if there can."""
    if find_spec("websockets") is None or find_spec("websockets.sync") is None:
        return "PyPI websockets is not installed"
    return ""


def awaitThat(condition: Callable[[], object], what: Callable[[], str]) -> None:
    """Ask again and again until it is true. AssertionError with C{what} where it does not become so."""
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(what())
        threading.Event().wait(0.05)


class Talker:
    """A WebSocket client that has subscribed to everything.

    @ivar told: every notification so far, as messages, in the order in which they came.
    """

    def __init__(self, url: str) -> None:
        connect = import_module("websockets.sync.client").connect
        self._client = connect(url.replace("http:", "ws:") + "/ws", subprotocols=["dog"])
        self.told: list[dict[str, Any]] = []
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._number = 0
        self._mark = 0
        self._id = json.loads(self._client.recv(PATIENCE))["clientId"]
        threading.Thread(target=self._listen, daemon=True).start()
        self.ask("POST", "/api/v1/subscriptions/devices/notifications", parameters="*")

    def close(self) -> None:
        self._client.close()

    def _listen(self) -> None:
        for text in self._client:
            message = json.loads(text)
            if message["messageType"] == "notification":
                self.told.append(message)
            else:
                self._answers.put(message)

    def ask(self, action: str, endPoint: str, **more: Any) -> dict[str, Any]:
        """The answer."""
        self._number += 1
        request = {"clientId": self._id, "sequenceNumber": str(self._number), "messageType": "request"}
        self._client.send(json.dumps(request | {"action": action, "endPoint": endPoint} | more))
        answer = self._answers.get(timeout=PATIENCE)
        assert answer["sequenceNumber"] == str(self._number), answer
        return answer

    def command(self, device: str, name: str) -> tuple[int, dict[str, Any]]:
        """Status of the answer, and its error."""
        answer = self.ask("PUT", f"/api/v1/devices/{device}/commands/{name}")
        return answer.get("status", 200), answer.get("error") or {}

    def hears(self, device: str, topic: str, **fields: str) -> dict[str, Any]:
        """The next notification of this class of this device, with these fields, after the last one asked for."""
        wanted = {"deviceUri": device, "notificationTopic": topic, **fields}
        found: list[dict[str, Any]] = []

        def look() -> bool:
            for at in range(self._mark, len(self.told)):
                if wanted.items() <= self.told[at]["notification"].items():
                    self._mark = at + 1
                    found.append(self.told[at]["notification"])
                    return True
            return False

        awaitThat(look, lambda: f"{wanted} did not come, but {self.told[self._mark :]}")
        return found[0]


class Events:
    """A client of the event stream.

    @ivar seen: every event so far: (epoch, number), kind, data.
    """

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=4 * PATIENCE)
        self._connection.request("GET", "/api/v1/events", headers={"Accept": "text/event-stream"})
        self._answer = self._connection.getresponse()
        self.seen: list[tuple[tuple[str, int], str, dict[str, Any]]] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._connection.close()

    def _listen(self) -> None:
        fields: dict[str, str] = {}
        try:
            for line in self._answer:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                    continue
                if "data" in fields:
                    epoch, _, number = fields["id"].rpartition("/")
                    self.seen.append(((epoch, int(number)), fields["event"], json.loads(fields["data"])))
                fields = {}
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            return  # closed

    def awaits(self, after: int, kind: str, **fields: Any) -> None:
        """An event of this kind with these fields among all after the first so many."""
        awaitThat(
            lambda: any(each == kind and fields.items() <= data.items() for _, each, data in self.seen[after:]),
            lambda: f"{kind} {fields} did not come, but {self.seen[after:]}",
        )
