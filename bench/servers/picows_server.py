"""Bare picows on asyncio: about as fast as Python gets."""

from __future__ import annotations

import asyncio
import secrets
import sys
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from bench.servers.messages import notification, presentation, response

CLIENTS: dict[Any, bytes] = {}


class Listener(WSListener):
    def on_ws_connected(self, transport: WSTransport) -> None:
        self.clientId = secrets.token_hex(4)
        transport.send(WSMsgType.TEXT, presentation(self.clientId))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            answer, subscribes = response(frame.get_payload_as_bytes())
            if subscribes:
                CLIENTS[transport] = self.clientId.encode()
            transport.send(WSMsgType.TEXT, answer)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        CLIENTS.pop(transport, None)


class Events(asyncio.DatagramProtocol):
    def datagram_received(self, data: bytes, addr: Any) -> None:
        for client, clientId in CLIENTS.items():
            client.send(WSMsgType.TEXT, notification(clientId))


def listener(request: WSUpgradeRequest) -> WSListener:
    return Listener()


async def main() -> None:
    server = await ws_create_server(listener, "127.0.0.1", 0)
    loop = asyncio.get_running_loop()
    udp, _ = await loop.create_datagram_endpoint(Events, local_addr=("127.0.0.1", 0))
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"bench ready {port} {udp.get_extra_info('sockname')[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
