"""What test_aio runs in a process of its own: Autobahn takes either Twisted or asyncio, and trial has taken Twisted.

Each case is a coroutine function whose name begins with C{case_}. Prints one JSON object: name -> what went wrong.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
import traceback
from collections.abc import Callable
from typing import Any

from autobahn.asyncio.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.types import ConnectionDeny

from dog.client import aio
from dog.client.aio import Client
from dog.client.errors import Failed, Interrupted, NoAnswer, NotReachable
from dog.client.messages import Event, Gap, Notification, Snapshot

SUBSCRIBE = "/api/v1/subscriptions/devices/notifications"


class Peer(WebSocketServerProtocol):
    server: Server
    factory: WebSocketServerFactory

    def onConnect(self, request: Any) -> None:
        self.server.headers = dict(request.headers)
        if self.server.turnAway:
            raise ConnectionDeny(self.server.turnAway, "no")

    def onOpen(self) -> None:
        self.server.peers.append(self)
        if self.server.presents:
            self.tell({"clientId": "c", "messageType": "presentation", **self.server.presentation})

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        message = json.loads(payload)
        self.server.requests.append((message["action"], message["endPoint"], message.get("parameters")))
        answer = self.server.answer(message)
        if answer is not None:
            status, response = answer
            self.tell({**message, "messageType": "response", "status": status, "response": response})

    def onPing(self, payload: bytes) -> None:
        if self.server.ponging:
            super().onPing(payload)

    def tell(self, *messages: Any) -> None:
        for each in messages:
            self.sendMessage(json.dumps(each).encode())

    def notify(self, eventId: int, cursor: int | None = None) -> dict[str, Any]:
        body = {"deviceUri": f"lamp{eventId}", "notificationTopic": "OnNotification", "notificationName": "on"}
        stamps = {"eventId": eventId, "cursor": eventId if cursor is None else cursor}
        return {"clientId": "c", "messageType": "notification", "notification": body, **stamps}


class Server:
    """A gateway that answers as it is told, on a real socket."""

    def __init__(self) -> None:
        self.presentation: dict[str, Any] = {"features": ["eventId", "gap", "batch"], "epoch": "e", "eventId": 3}
        self.presents = True
        self.ponging = True
        self.turnAway = 0
        self.answers: Callable[[Any], Any] | None = None
        self.requests: list[Any] = []
        self.peers: list[Peer] = []
        self.headers: dict[str, str] = {}
        self.port = 0
        self._listening: Any = None

    async def __aenter__(self) -> Server:
        factory = WebSocketServerFactory(loop=asyncio.get_running_loop())

        def build() -> Peer:
            peer = Peer()
            peer.factory = factory
            peer.server = self
            return peer

        self._listening = await asyncio.get_running_loop().create_server(build, "127.0.0.1", self.port)
        self.port = self._listening.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *ignored: Any) -> None:
        self._listening.close()
        for each in self.peers:
            if each.transport is not None:
                each.transport.abort()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def peer(self) -> Peer:
        return self.peers[-1]

    def answer(self, message: Any) -> Any:
        if self.answers is not None:
            found = self.answers(message)
            if found != "as ever":
                return found
        if message["endPoint"] == SUBSCRIBE:
            body = message["parameters"]
            response = {"result": "Registration completed successfully", "epoch": "e", "eventId": 3}
            if "since" in body:
                return 200, {**response, "resume": "complete"}
            return 200, {**response, "devicesStatus": [{"id": "lamp"}]}
        return (200, {}) if message["endPoint"] == "/api/v1/session" else (404, {"result": "x"})

    def lose(self) -> None:
        self.peer.transport.abort()


class Soon:
    """Instead of the random delays."""

    def uniform(self, least: float, most: float) -> float:
        return 0.02


def clientOf(server: Server, **options: Any) -> Client:
    soon: Any = Soon()
    return Client(server.url, random=soon, **options)


async def until(condition: Callable[[], bool]) -> None:
    while True:
        if condition():
            return
        await asyncio.sleep(0.005)


async def connectedTo(server: Server, number: int) -> None:
    await until(lambda: len(server.peers) >= number)


async def expect(kind: Any, awaitable: Any) -> Any:
    try:
        await awaitable
    except kind as error:
        return error
    raise AssertionError(f"no {kind}")


async def case_follow() -> None:
    """Snapshot first, then what comes, one by one or in batches."""
    async with Server() as server, clientOf(server, token="t") as client:
        feed = client.follow()
        assert isinstance(await anext(feed), Snapshot)
        assert client.resuming
        assert server.requests == [
            ("PUT", "/api/v1/session", {"features": ["batch", "eventId", "gap"]}),
            ("POST", SUBSCRIBE, {"notifications": ["*"], "snapshot": True}),
        ] or server.requests == [("POST", SUBSCRIBE, {"notifications": ["*"], "snapshot": True})], server.requests
        assert server.headers["authorization"] == "Bearer t"
        peer = server.peer
        peer.tell([peer.notify(4), peer.notify(5)], peer.notify(6))
        got: list[Any] = [await anext(feed) for _ in range(3)]
        assert [each.eventId for each in got] == [4, 5, 6], got
        peer.tell({"messageType": "gap", "gap": {"epoch": "e", "from": 6, "to": 9}, "devicesStatus": []})
        gap, snapshot = await anext(feed), await anext(feed)
        assert isinstance(gap, Gap) and (gap.since, gap.until) == (6, 9), gap
        assert isinstance(snapshot, Snapshot)


async def case_events() -> None:
    """In their place among what follows, where they are wanted."""
    async with Server() as server:
        server.presentation["features"].append("events")
        async with clientOf(server, events=True) as client:
            feed = client.follow()
            await anext(feed)
            assert server.requests[0][2] == {"features": ["batch", "eventId", "events", "gap"]}
            staled = {
                "messageType": "event",
                "event": {"kind": "valueStaled", "device": "a"},
                "eventId": 4,
                "cursor": 4,
            }
            server.peer.tell(staled, server.peer.notify(5))
            event, notification = await anext(feed), await anext(feed)
            assert isinstance(event, Event) and (event.kind, event.device) == ("valueStaled", "a"), event
            assert isinstance(notification, Notification)


async def case_resume() -> None:
    """A lost connection is taken up again; what was missed comes, doubles don't."""
    lost: list[Any] = []
    async with Server() as server, clientOf(server, onLost=lambda *told: lost.append(told)) as client:
        feed = client.subscribe()
        server.answers = None
        waiting = asyncio.ensure_future(anext(feed))
        await until(lambda: any(each[1] == SUBSCRIBE for each in server.requests))
        server.peer.tell(server.peer.notify(4), server.peer.notify(6, cursor=4))
        assert (await waiting).eventId == 4
        assert (await anext(feed)).eventId == 6

        def replay(message: Any) -> Any:
            if message["endPoint"] != SUBSCRIBE:
                return "as ever"
            assert message["parameters"]["since"] == {"epoch": "e", "cursor": 4}, message
            peer = server.peer
            response = {"resume": "replay", "epoch": "e", "eventId": 4}
            peer.tell({**message, "messageType": "response", "status": 200, "response": response})
            peer.tell(*map(peer.notify, (5, 6, 7)))
            return None

        server.answers = replay
        server.lose()
        got = [(await anext(feed)).eventId for _ in range(2)]
        assert got == [5, 7], got
        [(reason, seconds)] = lost
        assert isinstance(reason, NotReachable) and seconds == 0.01, lost


async def case_old_gateway() -> None:
    async with Server() as server:
        server.presentation = {}
        server.answers = lambda message: (200, {"result": "Registration completed successfully"})
        async with clientOf(server) as client:
            feed = client.follow("OnNotification", "a lamp")
            waiting = asyncio.ensure_future(anext(feed))
            await until(lambda: bool(server.requests))
            server.peer.tell(
                {"messageType": "notification", "notification": {"deviceUri": "a", "notificationName": "on"}}
            )
            first = await waiting
            assert isinstance(first, Notification) and first.device == "a"
            server.lose()
            gap = await anext(feed)
            assert gap == Gap(None, None, None), gap
            path = "/api/v1/subscriptions/devices/a%20lamp/notifications"
            assert server.requests == [("POST", path, {"notifications": ["OnNotification"]})] * 2, server.requests
            assert not client.resuming


async def case_requests() -> None:
    async with Server() as server, clientOf(server) as client:
        server.answers = lambda message: {"/yes": (200, {"a": 1}), "/no": (404, {"result": "no"})}.get(
            message["endPoint"]
        )
        assert (await client.request("GET", "/yes")).response == {"a": 1}
        assert (await expect(Failed, client.request("GET", "/no"))).status == 404
        silent = await expect(NoAnswer, client.request("GET", "/silent", timeout=0.02))
        assert "GET /silent within 0.02 s" in str(silent)
        asking = asyncio.ensure_future(client.request("PUT", "/silent", {"value": 1}))
        await until(lambda: server.requests[-1] == ("PUT", "/silent", {"value": 1}))
        server.lose()
        await expect(Interrupted, asking)
        assert not client.connected
        await expect(NotReachable, client.request("GET", "/yes"))


async def case_nobody_there() -> None:
    server = Server()
    async with server:
        pass
    error = await expect(NotReachable, clientOf(server).connect())
    assert error.reason == "nothing listens there", error
    client = clientOf(server, patient=True)
    connecting = asyncio.ensure_future(client.connect())
    await asyncio.sleep(0.03)
    async with server:
        await connecting
        await client.close()


async def case_turned_away() -> None:
    """At the start, and at a reconnect: then the iterator tells."""
    async with Server() as server:
        server.turnAway = 401
        assert (await expect(Failed, clientOf(server).connect())).code == "unauthorized"
        server.turnAway = 0
        async with clientOf(server) as client:
            feed = client.follow()
            await anext(feed)
            server.turnAway = 403
            server.lose()
            await expect(Failed, anext(feed))


async def case_subscription_refused() -> None:
    async with Server() as server, clientOf(server) as client:
        server.answers = lambda message: (403, {"result": "Not authorised"})
        await expect(Failed, anext(client.subscribe()))
        server.answers = None
        server.lose()
        await connectedTo(server, 2)
        assert not any(each[1] == SUBSCRIBE for each in server.requests[2:]), server.requests


async def case_no_presentation() -> None:
    async with Server() as server:
        server.presents = False
        error = await expect(NotReachable, clientOf(server, connectTimeout=0.05).connect())
        assert "presented itself within 0.05 s" in str(error), error


async def case_close_ends_the_iteration() -> None:
    async with Server() as server, clientOf(server) as client:
        got = []
        async for each in client.follow():
            got.append(each)
            asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(client.close()))
        assert len(got) == 1
        await asyncio.sleep(0)
        assert server.peer.wasClean is not False


async def case_one_reader() -> None:
    """Who stops to read is told no more; and so is who reads while another begins."""
    async with Server() as server, clientOf(server) as client:
        async for _ in client.follow():
            break
        await until(lambda: server.requests[-1][:2] == ("DELETE", f"{SUBSCRIBE}/*"))
        feed = client.follow("OnNotification")
        await anext(feed)
        other = client.follow("OffNotification")
        await expect(RuntimeError, anext(feed))
        await anext(other)
        await other.aclose()
        await expect(StopAsyncIteration, anext(other))


async def case_slow_reader() -> None:
    """What waits is bounded: the gateway has to wait, and goes on."""
    aio.FULL, aio.LOW = 10, 5
    async with Server() as server, clientOf(server) as client:
        feed = client.follow()
        await anext(feed)
        peer = server.peer
        for number in range(4, 3004):
            peer.tell(peer.notify(number))
        connection = client._connection
        assert connection is not None
        await until(lambda: connection.paused)
        got: list[Any] = [await anext(feed) for _ in range(3000)]
        assert [each.eventId for each in got] == list(range(4, 3004))
        assert not connection.paused


async def case_silence() -> None:
    async with Server() as server:
        server.ponging = False
        async with clientOf(server, pingInterval=0.03, pingTimeout=0.03):
            await connectedTo(server, 2)


async def case_rarely_told() -> None:
    """Who is told next to nothing asks how far it has got."""
    async with Server() as server, clientOf(server, pingInterval=0.02, pingTimeout=0.02) as client:
        ping = ("GET", "/api/v1/ping", None)
        pong = {"result": "pong", "epoch": "e", "cursor": 9}
        server.answers = lambda message: (200, pong) if message["endPoint"] == ping[1] else "as ever"
        feed = client.follow()
        assert isinstance(await anext(feed), Snapshot)
        await until(lambda: client._stream.position == ("e", 9))
        server.lose()
        await until(
            lambda: any((each[2] or {}).get("since") == {"epoch": "e", "cursor": 9} for each in server.requests)
        )


async def case_still_there() -> None:
    """A gateway that answers pings is not given up."""
    async with Server() as server, clientOf(server, pingInterval=0.01, pingTimeout=0.5) as client:
        connection = client._connection
        assert connection is not None
        heardAt = connection.heardAt
        await until(lambda: connection.heardAt >= heardAt + 0.05)
        assert len(server.peers) == 1


def main() -> None:
    complaints: list[str] = []
    found = {}
    for name, case in list(globals().items()):
        if name.startswith("case_") and inspect.iscoroutinefunction(case):
            complaints.clear()

            async def run(case: Any = case) -> None:
                loop = asyncio.get_running_loop()
                loop.set_exception_handler(lambda _, context: complaints.append(str(context)))
                async with asyncio.timeout(20):
                    await case()

            try:
                asyncio.run(run())
                found[name] = "\n".join(complaints)
            except BaseException:
                found[name] = traceback.format_exc()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
