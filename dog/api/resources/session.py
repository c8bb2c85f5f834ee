"""What a WebSocket client wants of its connection beyond v1."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from dog.api.call import Answer, Call
from dog.api.routes import Door, On, route
from dog.api.shapes import Anything, Array, Maybe, Nullable, Object, String
from dog.model.refusal import Code
from dog.model.rights import Right

#: Further keys are let through: a later client may ask for more than this gateway knows.
BODY = Maybe(Object(optional={"features": Nullable(Array(String())), "token": Nullable(String())}, extra=Anything()))


@route(
    "PUT",
    "/session",
    right=Right.VIEW,
    on=On.NOTHING,
    body=BODY,
    answers={200: None},
    refuses=(Code.UNAUTHORIZED, Code.BUSY),
    door=Door.WEBSOCKET,
)
def session(call: Call) -> Answer | Deferred[Answer]:
    """Say who asks on this connection, and choose its features; the answer names those in force.

    Without C{features} they stay as they are; a feature that is not on offer is not in force. A C{token} that is not
    valid is refused, and the connection is closed.
    """
    connection = call.request.connection
    assert connection is not None, "there is no session but on a WebSocket"
    body = call.body or {}
    token, wanted = body.get("token"), body.get("features")

    def known(_: object = None) -> Answer:
        if wanted is not None:
            connection.choose(wanted)
        return Answer({"features": sorted(connection.features), "authenticated": connection.principal.may(Right.VIEW)})

    return known() if token is None else connection.identify(token).addCallback(known)
