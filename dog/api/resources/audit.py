"""Who did what. For admins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from dog.api.call import Answer, Call, Result
from dog.api.query import integer
from dog.api.routes import On, route
from dog.api.shapes import Array, Integer, Named, Object, String
from dog.live.audit import Audit, Page
from dog.model.refusal import Code, Refusal
from dog.model.rights import Right

#: Entries on one page, at most.
PAGE = 1000

#: The parts of an entry that the query can ask for.
_EXACT = ("who", "from", "outcome")

AUDIT = Named(
    "Audit",
    Object(
        {
            "entries": Array(
                Object(
                    {
                        "n": Integer(description="Its number: they are in order, whatever the clock."),
                        "at": String(format="date-time"),
                        "who": String(description="The token's name; anonymous; or the gateway itself."),
                        "what": String(),
                        "from": String(description="The address."),
                        "outcome": String(
                            description="done; the code of the refusal; left: whoever asked did not wait for it; "
                            "counted: that many more."
                        ),
                    },
                    {
                        "about": String(description="What was made, or whose token it was."),
                        "command": String(description="The id that it was answered with: /api/v1/commands/ID."),
                        "count": Integer(),
                    },
                ),
                description="The newest first.",
            ),
            "unreadable": Integer(
                minimum=0, description="Lines, of those looked at, that are no entries: torn by a power cut."
            ),
        },
        {"next": Integer(description="There are older ones: before=next.")},
    ),
    "Who did what, when, from where, and what came of it.",
)

_SHOWN = ("n", "at", "who", "what", "from", "outcome", "about", "command", "count")


@route(
    "GET",
    "/admin/audit",
    right=Right.ADMIN,
    on=On.HOUSE,
    answers={200: AUDIT},
    query=("before", "limit", *_EXACT, "what"),
    refuses=(Code.STORAGE,),
)
def readAudit(call: Call, audit: Audit) -> Deferred[Result]:
    """Who did what: commands, edits, tokens, refusals."""
    query = call.query
    limit = integer(query, "limit", PAGE, 1, PAGE)
    before = integer(query, "before", 0, 1) or None
    exact = [(name, query[name]) for name in _EXACT if name in query]
    part = query.get("what", "").casefold()

    def wanted(entry: Mapping[str, Any]) -> bool:
        return part in entry["what"].casefold() and all(entry[name] == value for name, value in exact)

    if not audit.kept:
        raise Refusal(Code.STORAGE, "this is kept in the state directory, and there is none (state_dir)")
    return audit.read(limit, before, wanted).addCallbacks(_answer, _unreadable)


def _answer(page: Page) -> Result:
    entries = [{name: entry[name] for name in _SHOWN if name in entry} for entry in page.entries]
    found: dict[str, Any] = {"entries": entries, "unreadable": page.unreadable}
    if page.next is not None:
        found["next"] = page.next
    return Answer(found)


def _unreadable(failure: Failure) -> Result:
    if not isinstance(failure.value, OSError):
        failure.raiseException()
    raise Refusal(Code.STORAGE, f"it can't be read: {failure.value.strerror}")
