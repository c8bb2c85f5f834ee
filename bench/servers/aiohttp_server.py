"""Bare aiohttp: WebSocket and HTTP."""

from __future__ import annotations

import asyncio
import secrets
import sys
from typing import Any

from aiohttp import WSMsgType, web

from bench.servers.messages import STATUS_TEXT, notification, presentation, response

CLIENTS: dict[Any, bytes] = {}


async def connected(request: web.Request) -> web.WebSocketResponse:
    ws = web.WebSocketResponse(compress=False)
    await ws.prepare(request)
    clientId = secrets.token_hex(4)
    await ws.send_str(presentation(clientId).decode())
    try:
        async for message in ws:
            if message.type == WSMsgType.TEXT:
                answer, subscribes = response(message.data)
                if subscribes:
                    CLIENTS[ws] = clientId.encode()
                await ws.send_str(answer.decode())
    finally:
        CLIENTS.pop(ws, None)
    return ws


async def status(request: web.Request) -> web.Response:
    return web.Response(body=STATUS_TEXT, content_type="application/json")


async def command(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(body=b"")


class Events(asyncio.DatagramProtocol):
    """One task tells of the events, in order."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.waiting.put_nowait(data)

    async def tell(self) -> None:
        while True:
            await self.waiting.get()
            for client, clientId in list(CLIENTS.items()):
                await client.send_str(notification(clientId).decode())


async def main() -> None:
    app = web.Application()
    app.router.add_get("/ws", connected)
    app.router.add_get("/api/{path:.*}", status)
    app.router.add_put("/api/{path:.*}", command)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    loop = asyncio.get_running_loop()
    udp, events = await loop.create_datagram_endpoint(Events, local_addr=("127.0.0.1", 0))
    port = runner.addresses[0][1]
    sys.stdout.write(f"bench ready {port} {udp.get_extra_info('sockname')[1]}\n")
    sys.stdout.flush()
    await events.tell()


if __name__ == "__main__":
    asyncio.run(main())
