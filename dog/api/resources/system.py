"""The gateway itself: alive, well, what it runs, what happened, what it can be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dog.api.call import Answer, Call, Media, Result, StreamView
from dog.api.openapi import document
from dog.api.query import integer
from dog.api.routes import On, Table, route
from dog.api.shapes import Anything, Array, Integer, Map, Named, Object, String
from dog.api.stream import Streams, parseCursor
from dog.api.views.event import COMMAND_ENTRY, EVENTS, entryJson, eventJson, isTold
from dog.api.views.instant import instant
from dog.core.core import Core
from dog.core.events import Event, Resume
from dog.core.visibility import House
from dog.live.attachments import Attachments
from dog.model.refusal import Code, Refused, quoted
from dog.model.rights import Right

#: Events on one page, at most.
PAGE = 1000

#: Problems of the home that /health tells; C{dogctl home check} tells all.
SHOWN = 100

PING = Object({"result": String("pong")}, {"epoch": String(), "cursor": Integer()})

HEALTH = Named(
    "Health",
    Object(
        {"status": String("ok", "degraded"), "name": String(), "version": String(), "started": String()},
        {
            "certificate": Object(
                {"fingerprint": String(), "expiresAt": String()},
                description="What listeners with TLS show: the SHA-256 of it.",
            ),
            "epoch": String(),
            "devices": Object({"total": Integer(), "active": Integer(), "online": Integer()}),
            "inactive": Array(
                Object({"id": String(), "class": String(), "code": String(), "reason": String()}),
                description="Devices that no driver serves, and why.",
            ),
            "offline": Array(Object({"id": String(), "reason": String()})),
            "drivers": Map(String(), description="Drivers that did not load, and why."),
            "problems": Array(
                Object({"code": String(), "message": String()}, {"line": Integer(), "device": String()}),
                description=f"What is wrong with the home file, {SHOWN} at most.",
            ),
        },
    ),
    "degraded: a device is not active or does not answer, a driver did not load, or the home can't be read. "
    "Who may not see the house is told no more than that.",
)


@route("GET", "/ping", right=Right.VIEW, on=On.NOTHING, answers={200: PING})
def ping(call: Call, core: Core) -> Result:
    """Whether somebody is there.

    Over a WebSocket with feature eventId also C{epoch} and C{cursor}: where the client stands now. Who is told next
    to nothing would otherwise keep a cursor that the log forgets.
    """
    connection: Any = call.request.connection
    if connection is None or "eventId" not in connection.features:
        return Answer({"result": "pong"})
    return Answer({"result": "pong", "epoch": core.log.epoch, "cursor": connection.outbox.upTo(core.log.lastId)})


@route("GET", "/openapi.json", right=Right.VIEW, on=On.NOTHING, answers={200: Map(Anything())})
def openapi(call: Call, table: Table, about: Mapping[str, Any]) -> Result:
    """This API as an OpenAPI 3.1 document."""
    return Answer(document(table, str(about["version"])))


@route("GET", "/health", root="", right=Right.VIEW, on=On.NOTHING, answers={200: HEALTH})
def health(
    call: Call, core: Core, attachments: Attachments, about: Mapping[str, Any], certificate: Callable[[], Any]
) -> Result:
    """How the gateway, its drivers and its devices are."""
    house = call.house
    told = _devicesHealth(core, house)
    problems = core.home.problems
    failed = attachments.drivers.failed
    unread = any(each.fatal for each in problems)
    well = not (told["inactive"] or told["offline"] or unread or failed)
    found: dict[str, Any] = {
        "status": "ok" if well else "degraded",
        "name": str(about["name"]),
        "version": str(about["version"]),
        "started": instant(about["started"]),
    }
    shows = certificate()
    if shows is not None:
        found["certificate"] = {"fingerprint": shows.fingerprint, "expiresAt": instant(shows.expiresAt)}
    if not house.may(Right.VIEW):
        return Answer(found)
    shown = [
        {
            "code": each.code,
            "message": each.message,
            **({"line": each.line} if each.line else {}),
            **({"device": each.device} if each.device else {}),
        }
        for each in problems[:SHOWN]
        if each.device is None or each.device not in core.home.devices or each.device in house.visible
    ]
    return Answer({**found, "epoch": core.log.epoch, **told, "drivers": dict(failed), "problems": shown})


def _devicesHealth(core: Core, house: House) -> dict[str, Any]:
    inactive, offline = [], []
    total = active = online = 0
    for device in house.devices():
        presence = core.presence(device.id)
        total += 1
        active += presence.active
        online += presence.online
        if not presence.active:
            inactive.append(
                {
                    "id": device.id,
                    "class": device.cls,
                    "code": presence.code or "no_driver",
                    "reason": presence.reason or "",
                }
            )
        elif not presence.online:
            offline.append({"id": device.id, "reason": presence.reason or "not heard yet"})
    counts = {"total": total, "active": active, "online": online}
    return {"devices": counts, "inactive": inactive, "offline": offline}


@route(
    "GET",
    "/commands/{command}",
    right=Right.VIEW,
    on=On.HOUSE,
    answers={200: COMMAND_ENTRY},
    refuses=(Code.NOT_FOUND,),
)
def command(call: Call, core: Core) -> Result:
    """What became of a command; the gateway remembers the last of them."""
    entry = core.ledger.get(call.params["command"])
    if entry is None or entry.command.device not in call.house.visible:
        return Refused(Code.NOT_FOUND, f"there is no command {quoted(call.params['command'])}")
    return Answer(entryJson(entry))


_EVENTS: Any = {
    "right": Right.VIEW,
    "on": On.HOUSE,
    "answers": {200: EVENTS},
    "media": (Media.JSON, Media.EVENTS),
    "query": ("after", "epoch", "limit", "snapshot"),
    "refuses": (Code.BUSY,),
}


@route("GET", "/events", **_EVENTS)
@route("GET", "/events", root="", **_EVENTS)
def events(call: Call, core: Core, streams: Streams) -> Result:
    """What happened after a cursor: a page, or with Accept: text/event-stream a stream that goes on.

    A page without a cursor begins with the oldest event of this epoch that is kept; a stream without one begins now,
    with the status of all devices first where C{snapshot=true}.
    """
    if call.media is Media.EVENTS:
        return Answer(StreamView(streams.stream(call.principal, call.profile, _since(call, core), _snapshot(call))))
    log = core.log
    oldest = log.firstId - 1
    after = integer(call.query, "after", oldest, 0)
    limit = integer(call.query, "limit", PAGE, 1, PAGE)
    asked = call.query.get("epoch", log.epoch)
    gap: dict[str, Any] = {}
    resumed = log.resume(asked, after)
    found: Sequence[Event] = resumed.events
    if resumed.how is Resume.GAP:
        gap = {"gap": {"epoch": log.epoch, "from": resumed.gapFrom, "to": oldest}}
        after, found = oldest, log.after(oldest) or ()
    page = found[:limit]
    end = page[-1].eventId if page else after
    # A page may end in the epoch before; the cursor is of that one then.
    before = log.before is not None and asked == log.before.epoch and not gap and end < log.before.lastId
    seen = [eventJson(each) for each in page if isTold(each, call.house)]
    return Answer({"epoch": asked if before else log.epoch, "events": seen, "next": end, **gap})


def _since(call: Call, core: Core) -> tuple[str, int] | None:
    """Where a stream goes on. The header that browsers send after a loss counts more than the query they repeat."""
    last = call.request.headers.get("last-event-id")
    if last is not None:
        # What is none of ours is some other epoch: a gap, which is told.
        return parseCursor(last) or ("", 0)
    if "after" not in call.query:
        return None
    return call.query.get("epoch", core.log.epoch), integer(call.query, "after", 0, 0)


def _snapshot(call: Call) -> bool:
    return call.query.get("snapshot") == "true"
