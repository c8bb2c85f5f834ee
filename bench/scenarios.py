"""What is measured. Each function measures one server once; the runner repeats and interleaves them."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench import home, processes
from bench.processes import Server
from bench.servers.messages import notification
from bench.wire import Clock, HttpLine, Line, Lines, WebSocketLine

STATUS = f"/api/v1/devices/{home.lamp(0)}/status"
SUBSCRIBE = "/api/v1/subscriptions/devices/notifications"

Figures = dict[str, float]


def share(values: list[float], part: float) -> float:
    """A percentile of some values, e.g. 0.99."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def requests(server: Server, clients: int, inFlight: int, seconds: float) -> Figures:
    """GET a lamp's status over WebSocket, so many at a time."""
    lines = [WebSocketLine(server.port) for _ in range(clients)]
    answer = lines[0].ask("GET", STATUS)
    if answer["status"] != 200 or answer["response"]["id"] != home.lamp(0):
        raise RuntimeError(f"{server.name} answers {answer}")
    figures = _pump(server, [(each, each.request("GET", STATUS)) for each in lines], inFlight, seconds)
    return figures


def rest(server: Server, method: str, clients: int, seconds: float) -> Figures:
    """GET a lamp's status, or PUT a command, over keep-alive connections."""
    path = STATUS if method == "GET" else f"/api/v1/devices/{home.lamp(0)}/commands/on"
    request = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
    request += "Content-Length: 0\r\n\r\n" if method == "PUT" else "\r\n"
    lines = [HttpLine(server.port) for _ in range(clients)]
    return _pump(server, [(each, request.encode()) for each in lines], 1, seconds)


def _pump(server: Server, asked: list[tuple[Any, bytes]], inFlight: int, seconds: float) -> Figures:
    """Keep so many requests of each line in flight for a while."""
    lines = Lines([line for line, _ in asked])
    took: list[float] = []
    if len(asked) == 1 and inFlight == 1:
        [(line, data)] = asked
        deadline = Clock() + seconds
        begun, cpu = Clock(), server.cpu()
        while (now := Clock()) < deadline:
            line.send(data)
            lines.until(lines.seen + 1)
            took.append(Clock() - now)
    else:
        frames = dict(asked)
        going = True

        def answered(line: Line, count: int) -> None:
            if going:
                line.send(frames[line] * count)

        for line in frames:
            line.onSeen = answered
        begun, cpu = Clock(), server.cpu()
        for line, data in asked:
            line.send(data * inFlight)
        while Clock() - begun < seconds:
            lines.turn()
        going = False
    spent, elapsed, done = server.cpu() - cpu, Clock() - begun, lines.seen
    lines.quiet(0.05)
    lines.close()
    figures = {"cpu": spent / done * 10_000, "rate": done / elapsed}
    if took:
        figures |= {"p50": median(took) * 1000, "p99": share(took, 0.99) * 1000}
    return figures


class Fan:
    """Clients that all want every notification, and the socket that makes events happen."""

    def __init__(self, server: Server, clients: int) -> None:
        self.server = server
        self.lines = [WebSocketLine(server.port) for _ in range(clients)]
        for each in self.lines:
            each.ask("POST", SUBSCRIBE, parameters={"notifications": ["*"]})
        self.all = Lines(self.lines)
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._to = ("127.0.0.1", server.events)

    def event(self, number: int = 0) -> None:
        self._udp.sendto(b"%d" % number, self._to)

    def close(self) -> None:
        self._udp.close()
        self.all.close()


def fanout(server: Server, clients: int, seconds: float, stream: bool) -> Figures:
    """Notifications to many clients: one event at a time, or a stream of which eight are under way."""
    fan = Fan(server, clients)
    for _ in range(3):
        fan.event()
        fan.all.until(fan.all.seen + clients)
    took: list[float] = []
    sent = 0
    base = fan.all.seen
    begun, cpu = Clock(), server.cpu()
    if stream:
        while (now := Clock()) - begun < seconds:
            while sent - (fan.all.seen - base) // clients < 8:
                fan.event()
                sent += 1
            fan.all.turn()
        fan.all.until(base + sent * clients)
    else:
        while (now := Clock()) - begun < seconds:
            fan.event()
            sent += 1
            fan.all.until(base + sent * clients)
            took.append(Clock() - now)
            time.sleep(0.002)
    spent, elapsed = server.cpu() - cpu, Clock() - begun
    fan.close()
    time.sleep(0.1)
    figures = {"cpu": spent / (sent * clients) * 10_000, "rate": sent * clients / elapsed}
    if took:
        figures |= {"p50": median(took) * 1000, "p99": share(took, 0.99) * 1000}
    return figures


def afterReply(server: Server, times: int = 60) -> Figures:
    """A notification to a client that has just got a reply."""
    fan = Fan(server, 1)
    data = fan.lines[0].request("GET", STATUS)
    took = []
    for _ in range(times):
        fan.lines[0].send(data)
        fan.all.until(fan.all.seen + 1)
        begun = Clock()
        fan.event()
        fan.all.until(fan.all.seen + 1)
        took.append(Clock() - begun)
    fan.close()
    return {"p50": median(took) * 1000, "p90": share(took, 0.9) * 1000}


def matching(server: Server, clients: int, others: int, seconds: float) -> Figures:
    """One client in many wants the lamp that changes: what an event costs when hardly anybody wants it."""
    fan = Fan(server, 1)
    more = [WebSocketLine(server.port) for _ in range(others)]
    for each in more:
        each.ask("POST", f"/api/v1/subscriptions/devices/{home.lamp(1)}/notifications")
    base, sent = fan.all.seen, 0
    begun, cpu = Clock(), server.cpu()
    while Clock() - begun < seconds:
        while sent - (fan.all.seen - base) < 8:
            fan.event()
            sent += 1
        fan.all.turn()
    fan.all.until(base + sent)
    spent = server.cpu() - cpu
    fan.close()
    for each in more:
        each.close()
    time.sleep(0.1)
    return {"cpu": spent / sent * 10_000}


def idle(server: Server, clients: int) -> Figures:
    """Memory of connections on which nothing happens. On a server that was just started."""
    warm = [WebSocketLine(server.port) for _ in range(20)]
    before = server.resident()
    lines = [WebSocketLine(server.port) for _ in range(clients)]
    time.sleep(0.3)
    figures = {"base": before / 1e6, "perConnection": (server.resident() - before) / clients / 1024}
    for each in [*warm, *lines]:
        each.close()
    return figures


def start(homeFile: Path | str) -> Figures:
    """The daemon from its start until it accepts."""
    with processes.daemon(homeFile) as server:
        line = WebSocketLine(server.port)
        line.ask("GET", "/api/v1/ping")
        figures = {"cpu": server.startCpu, "seconds": server.startSeconds}
        server.settle()
        figures["resident"] = server.resident() / 1e6
        line.close()
    return figures


def size(homeFile: Path, devices: int, seconds: float) -> Figures:
    """A home of that many devices: what a start, a request and an event cost, and what it takes in memory."""
    with processes.gateway(homeFile) as server:
        figures = {"devices": float(devices), "startCpu": server.startCpu, "startSeconds": server.startSeconds}
        server.settle()
        figures["resident"] = server.resident() / 1e6
        figures["request"] = requests(server, 1, 32, seconds)["cpu"]
        figures["delivery"] = fanout(server, 100, seconds, True)["cpu"]
    return figures


def stuck(homeFile: Path, clients: int = 10, others: int = 20, slowFor: float = 3.0) -> Figures:
    """Clients that read nothing, among others that do: what they cost, whom they disturb, and when they are gone.

    They have asked to be told of gaps, so that the gateway does not close them as soon as it has to drop something.
    C{gone}: seconds from when the kernel had taken all that it takes, and the 64 KiB that the gateway lets wait for
    the socket were full as well: the configured time begins then.
    """
    with processes.gateway(homeFile, slowFor) as server:
        server.settle()
        fan = Fan(server, others)
        alone = _paced(fan, 2.0)
        before = server.resident()
        lines = [WebSocketLine(server.port, 4096) for _ in range(clients)]
        for each in lines:
            each.ask("PUT", "/api/v1/session", parameters={"features": ["gap"]})
            each.ask("POST", SUBSCRIBE, parameters={"notifications": ["*"]})
        ports = {each.socket.getsockname()[1] for each in lines}
        ready = 65536 // len(notification(b"12345678"))
        took: list[float] = []
        begun, most = Clock(), 0.0
        kept = full = 0
        clogged = begun
        while (there := processes.unsent(server.port, ports)) and Clock() - begun < 10 * slowFor:
            if sum(there.values()) > kept:
                kept, full = sum(there.values()), len(took)
            if len(took) < full + ready:
                clogged = Clock()
            most = max(most, (server.resident() - before + sum(there.values())) / clients / 1024)
            took += _paced(fan, 0.05)
        gone = Clock() - clogged
        fan.close()
        for each in lines:
            each.close()
    return {"perStuck": most, "gone": gone, "p50": median(took) * 1000, "p50Alone": median(alone) * 1000}


def _paced(fan: Fan, seconds: float) -> list[float]:
    """Events for a while, some hundred in a second; how long each took to the last client that reads."""
    took = []
    begun = Clock()
    while (now := Clock()) - begun < seconds:
        fan.event()
        fan.all.until(fan.all.seen + len(fan.lines))
        took.append(Clock() - now)
        time.sleep(0.0005)
    return took
