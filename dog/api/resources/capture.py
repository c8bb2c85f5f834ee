"""What passes on the wires of a driver, for who is to find out why it does what it does."""

from __future__ import annotations

from typing import Any

from dog.api.call import Answer, Call, Media, Result, StreamView
from dog.api.capture import CaptureStream
from dog.api.query import integer
from dog.api.routes import Door, On, route
from dog.api.views.instant import instant
from dog.live.attachments import Attachments
from dog.live.capture import Capture, Captures
from dog.live.stepper import utcNow
from dog.model.refusal import Code, Refused, quoted
from dog.model.rights import Right

#: Seconds and bytes that a capture takes unless told otherwise, and at most.
SECONDS, MOST_SECONDS = 60, 3600
BYTES, MOST_BYTES = 1024 * 1024, 16 * 1024 * 1024


@route(
    "GET",
    "/drivers/{driver}/capture",
    right=Right.ADMIN,
    on=On.HOUSE,
    answers={200: None},
    media=(Media.LINES,),
    query=("link", "seconds", "bytes"),
    door=Door.HTTP,
    audited=True,
    refuses=(Code.NOT_FOUND, Code.BUSY),
)
def capture(call: Call, attachments: Attachments, captures: Captures) -> Result:
    """The raw bytes on a driver's wires in both directions, as they pass, until the bounds or the client end it."""
    driver, link = call.params["driver"], call.query.get("link")
    if driver not in attachments.drivers.byName:
        return Refused(Code.NOT_FOUND, f"there is no driver {quoted(driver)}")
    links = [str(key) for owner, key in attachments.links() if owner == driver]
    if link is not None and link not in links:
        return Refused(Code.NOT_FOUND, f"driver {driver} has no link {quoted(link)}", {"links": links[:100]})
    seconds = integer(call.query, "seconds", SECONDS, 1, MOST_SECONDS)
    bound = integer(call.query, "bytes", BYTES, 1, MOST_BYTES)
    captures.check()
    head: dict[str, Any] = {"capture": 1, "driver": driver, "started": instant(utcNow())}
    return Answer(
        StreamView(
            CaptureStream(captures, head, lambda record: Capture(captures, driver, link, seconds, bound, record)),
            Media.LINES,
        )
    )
