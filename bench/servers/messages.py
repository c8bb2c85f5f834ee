"""What the bare servers say: hard-coded, as long as what the gateway says."""

from __future__ import annotations

import json

from bench.home import DESCRIPTION, lamp

LAMP = lamp(0)
STATUS = {"id": LAMP, "description": DESCRIPTION, "active": True, "status": {"OnOffState": [{"value": "on"}]}}
STATUS_TEXT = json.dumps(STATUS, separators=(",", ":")).encode()


def presentation(clientId: str) -> bytes:
    return json.dumps({"clientId": clientId, "messageType": "presentation"}).encode()


def response(message: str | bytes) -> tuple[bytes, bool]:
    """The answer to a request, and whether it was a subscription."""
    asked = json.loads(message)
    subscribes = asked["action"] == "POST"
    return (
        json.dumps(
            {
                "clientId": asked["clientId"],
                "sequenceNumber": asked["sequenceNumber"],
                "action": asked["action"],
                "endPoint": asked["endPoint"],
                "messageType": "response",
                "response": {"result": "done"} if subscribes else STATUS,
                "status": 200,
            },
            separators=(",", ":"),
        ).encode(),
        subscribes,
    )


_ON = (
    '","messageType":"notification","notification":'
    '{"notificationTopic":"OnNotification","notificationName":"on","deviceUri":"' + LAMP + '"}}'
).encode()


def notification(clientId: bytes) -> bytes:
    """A notification to that client; only its id is spliced in."""
    return b'{"clientId":"' + clientId + _ON
