"""Clients as they come: some read, some are slow, some are dead, and all of them go again."""

from __future__ import annotations

import json
from itertools import count
from random import Random
from typing import Any

from soak.reactor import Line, SoakReactor
from tests.api.ws.talk import CLOSE, PING, PONG, TEXT, frame, frames, upgrade

HOST = "127.0.0.1:8080"

_ports = count(0)


def line(reactor: SoakReactor, site: Any, host: str = "127.0.0.1") -> Line:
    return Line(reactor, site, host, 1024 + next(_ports) % 60_000)


def ask(
    reactor: SoakReactor, site: Any, method: str, path: str, body: Any = None, host: str = "127.0.0.1", token: str = ""
) -> tuple[int, Any]:
    """Status and body of one request on a connection of its own; what comes later than at once is not waited for, and
    has the status 0.
    """
    at = line(reactor, site, host)
    data = b"" if body is None else json.dumps(body).encode()
    more = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\n{more}Content-Length: {len(data)}\r\n\r\n"
    at.send(head.encode() + data)
    answer = at.read()
    at.hangUp()
    head_, _, content = answer.partition(b"\r\n\r\n")
    status = int(head_.split()[1]) if head_ else 0
    try:
        return status, json.loads(content)
    except ValueError:
        return status, content


class Events:
    """An event stream over HTTP."""

    def __init__(self, reactor: SoakReactor, site: Any, token: str, random: Random) -> None:
        self.line = line(reactor, site)
        more = f"Authorization: Bearer {token}\r\n" if token else ""
        query = random.choice(("", "?snapshot=true", "?after=0"))
        self.line.send(
            f"GET /api/v1/events{query} HTTP/1.1\r\nHost: {HOST}\r\nAccept: text/event-stream\r\n{more}\r\n".encode()
        )

    def read(self) -> None:
        self.line.read()


class WebSocket:
    """It subscribes to everything, answers pings when it reads, and asks for something now and then."""

    def __init__(self, reactor: SoakReactor, site: Any, token: str, random: Random) -> None:
        self._random = random
        self._rest = b""
        self._sequence = 0
        self._id = ""
        self.messages = 0
        self.line = line(reactor, site)
        more = {"Authorization": f"Bearer {token}"} if token else {}
        self.line.send(upgrade(host=HOST, **more))
        head, _, self._rest = self.line.read().partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 101"):
            self.read()
            if random.random() < 0.3:
                self.request("PUT", "/api/v1/session", {"features": ["batch"]})
            body: Any = {"snapshot": True} if random.random() < 0.5 else "*"
            self.request("POST", "/api/v1/subscriptions/devices/notifications", body)
        else:
            self.line.hangUp()

    def request(self, action: str, endPoint: str, parameters: Any = None) -> None:
        self._sequence += 1
        message = {
            "clientId": self._id,
            "sequenceNumber": self._sequence,
            "messageType": "request",
            "action": action,
            "endPoint": endPoint,
            "parameters": parameters,
        }
        self.line.send(frame(TEXT, json.dumps(message).encode()))

    def read(self) -> None:
        found, self._rest = frames(self._rest + self.line.read())
        for opcode, payload in found:
            if opcode == PING:
                self.line.send(frame(PONG, payload))
            elif opcode == CLOSE:
                self.line.send(frame(CLOSE, payload))
            elif opcode == TEXT:
                self.messages += 1
                if not self._id:
                    self._id = json.loads(payload)["clientId"]
        if self.line.disconnecting:
            self.line.read()
