"""A WebSocket and an HTTP client that cost next to nothing: sockets, one epoll, frames counted and not decoded."""

from __future__ import annotations

import json
import os
import select
import socket
import time
from collections.abc import Callable
from typing import Any

Clock = time.perf_counter


def masked(message: dict[str, Any]) -> bytes:
    """A JSON message as one masked text frame (RFC 6455, section 5.2)."""
    payload = json.dumps(message, separators=(",", ":")).encode()
    mask = os.urandom(4)
    length = len(payload)
    head = bytes((0x81, 0x80 | length)) if length <= 125 else b"\x81\xfe" + length.to_bytes(2, "big")
    return head + mask + bytes(each ^ mask[index & 3] for index, each in enumerate(payload))


class Stuck(RuntimeError):
    """Nothing came for too long."""


class Line:
    """A connection. Subclasses count what comes in.

    @param buffer: bytes that the kernel keeps for it while it does not read; None: as many as it likes.
    @ivar seen: answers or messages that have come so far.
    @ivar onSeen: called with this line and the number of new ones.
    """

    def __init__(self, port: int, buffer: int | None = None) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.settimeout(20)
        if buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.seen = 0
        self.buffer = b""
        self.onSeen: Callable[[Line, int], object] | None = None

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def count(self, data: bytes) -> int:
        """How many whole answers came with this data; the rest is kept."""
        raise NotImplementedError

    def close(self) -> None:
        self.socket.close()


class WebSocketLine(Line):
    """A WebSocket client, connected and presented.

    @ivar clientId: as the server presented it.
    @ivar last: the last text message.
    """

    def __init__(self, port: int, buffer: int | None = None) -> None:
        super().__init__(port, buffer)
        self.send(
            b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n" % port
        )
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, self.buffer = data.partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(f"not upgraded: {head!r}")
        self.clientId: str = self.receive()["clientId"]

    def _more(self) -> bytes:
        data = self.socket.recv(65536)
        if not data:
            raise RuntimeError("the server closed the connection")
        return data

    def request(self, action: str, endPoint: str, **more: Any) -> bytes:
        """The frame of a request."""
        return masked(
            {
                "clientId": self.clientId,
                "sequenceNumber": "bench-000001",
                "messageType": "request",
                "action": action,
                "endPoint": endPoint,
                **more,
            }
        )

    def receive(self) -> Any:
        """The next message, waited for; before the measuring only."""
        while True:
            frame = self._frame(self.buffer, 0)
            if frame is None:
                self.buffer += self._more()
                continue
            opcode, start, end = frame
            payload, self.buffer = self.buffer[start:end], self.buffer[end:]
            if opcode == 1:
                return json.loads(payload)

    def ask(self, action: str, endPoint: str, **more: Any) -> Any:
        self.send(self.request(action, endPoint, **more))
        while (found := self.receive()).get("messageType") != "response":
            pass
        return found

    @staticmethod
    def _frame(data: bytes, at: int) -> tuple[int, int, int] | None:
        """Opcode, start and end of the payload of the frame that begins at C{at}."""
        have = len(data)
        if at + 2 > have:
            return None
        length = data[at + 1]
        start = at + 2
        if length == 126:
            if at + 4 > have:
                return None
            length = data[at + 2] << 8 | data[at + 3]
            start = at + 4
        elif length == 127:
            if at + 10 > have:
                return None
            length = int.from_bytes(data[at + 2 : at + 10], "big")
            start = at + 10
        return None if start + length > have else (data[at] & 15, start, start + length)

    def count(self, data: bytes) -> int:
        if self.buffer:
            data = self.buffer + data
        found = at = 0
        while (frame := self._frame(data, at)) is not None:
            opcode, start, at = frame
            if opcode == 1:
                found += 1
            elif opcode == 9:
                self.send(b"\x8a\x80\0\0\0\0" if start == at else _pong(data[start:at]))
            elif opcode == 8:
                raise RuntimeError(f"the server closes: {data[start:at]!r}")
        self.buffer = data[at:]
        return found


def _pong(payload: bytes) -> bytes:
    return bytes((0x8A, 0x80 | len(payload))) + b"\0\0\0\0" + payload


class HttpLine(Line):
    """A keep-alive HTTP connection with one request under way at a time."""

    def count(self, data: bytes) -> int:
        if self.buffer:
            data = self.buffer + data
        head, mark, body = data.partition(b"\r\n\r\n")
        if mark:
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            if len(body) >= length:
                if not head.startswith(b"HTTP/1.1 2"):
                    raise RuntimeError(f"refused: {data!r}")
                self.buffer = body[length:]
                return 1
        self.buffer = data
        return 0


class Lines:
    """Many lines and their epoll."""

    def __init__(self, lines: list[Any]) -> None:
        self._poll = select.epoll()
        self._lines = {each.socket.fileno(): each for each in lines}
        for fd, each in self._lines.items():
            each.socket.setblocking(True)
            self._poll.register(fd, select.EPOLLIN)
        self.all = lines
        self.seen = 0

    def turn(self, patience: float = 5.0) -> None:
        """Read what has come. L{Stuck} where nothing comes for so many seconds."""
        ready = self._poll.poll(patience)
        if not ready:
            raise Stuck(f"no data for {patience} s; {self.seen} messages so far")
        for fd, _ in ready:
            line = self._lines[fd]
            data = line.socket.recv(262144)
            if not data:
                raise RuntimeError("the server closed a connection")
            found = line.count(data)
            if found:
                line.seen += found
                self.seen += found
                if line.onSeen is not None:
                    line.onSeen(line, found)

    def until(self, seen: int) -> None:
        """Read until so many messages have come in all."""
        while self.seen < seen:
            self.turn()

    def quiet(self, seconds: float) -> None:
        """Read away what still comes."""
        while True:
            try:
                self.turn(seconds)
            except Stuck:
                return

    def close(self) -> None:
        self._poll.close()
        for each in self.all:
            each.close()
