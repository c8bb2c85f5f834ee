"""The drivers and their links: how they are, and to begin anew."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from dog.api.call import Answer, Call, Result
from dog.api.routes import On, route
from dog.api.shapes import Array, Integer, Maybe, Named, Number, Object, String
from dog.api.views.instant import instant
from dog.live.attachments import Attachments
from dog.live.guard import Conduct, Tally
from dog.live.links import Link, LinkState
from dog.model.linkreason import LinkReason
from dog.model.refusal import Code
from dog.model.rights import Right

_COUNT = Integer(minimum=0)
_INSTANT = String(format="date-time")

BLOCKED = Object(
    {"count": _COUNT, "seconds": Number()},
    description="How often, and how long altogether, the whole gateway stood still in its code.",
)

LINK = Named(
    "Link",
    Object(
        {
            "key": String(),
            "state": String(*LinkState),
            "since": _INSTANT,
            "attempts": _COUNT,
            "crashes": Integer(minimum=0, description="Bugs of the driver since the start."),
            "blocked": BLOCKED,
            "devices": Array(String()),
        },
        {
            "code": String(*LinkReason),
            "reason": String(),
            "nextAttemptAt": _INSTANT,
        },
    ),
    "One connection of a driver. code, reason: why it is not up. devices: those that the driver serves on it.",
)

DRIVERS = Named(
    "Drivers",
    Object(
        {
            "drivers": Array(
                Object(
                    {
                        "name": String(),
                        "systems": Array(String()),
                        "crashes": _COUNT,
                        "blocked": BLOCKED,
                        "links": Array(LINK),
                    }
                )
            ),
            "failed": Array(Object({"name": String(), "reason": String()}), description="Drivers that did not load."),
            "blocked": Array(
                Object({"module": String(), "count": _COUNT, "seconds": Number()}),
                description="What else the gateway stood still in.",
            ),
        }
    ),
)

RESTART = Named("Restart", Object({}, {"link": String(description="A link's key, or a device on it; all if absent.")}))

RESTARTED = Named(
    "Restarted",
    Object({"driver": String(), "links": Array(LINK)}),
    "The links that were restarted, as they are once each is up or down again, or after a few seconds.",
)


@route("GET", "/drivers", right=Right.ADMIN, on=On.HOUSE, answers={200: DRIVERS})
def drivers(call: Call, attachments: Attachments) -> Result:
    """The drivers, their links, and why a link is down."""
    conduct = attachments.conduct
    found = []
    links = attachments.links()
    for name, driver in sorted(attachments.drivers.byName.items()):
        found.append(
            {
                "name": name,
                "systems": list(driver.systems),
                "crashes": conduct.crashes[name],
                "blocked": _tallyJson(conduct.blocked.get(name)),
                "links": [linkJson(link, conduct) for (owner, _), link in links.items() if owner == name],
            }
        )
    failed = [{"name": name, "reason": reason} for name, reason in attachments.drivers.failed.items()]
    elsewhere = [{"module": module, **_tallyJson(tally)} for module, tally in sorted(conduct.blockedElsewhere.items())]
    return Answer({"drivers": found, "failed": failed, "blocked": elsewhere})


@route(
    "POST",
    "/drivers/{driver}/restart",
    right=Right.ADMIN,
    on=On.HOUSE,
    body=Maybe(RESTART),
    answers={200: RESTARTED},
    refuses=(Code.BAD_JSON, Code.BAD_BODY, Code.NOT_FOUND, Code.NO_DRIVER),
)
def restart(call: Call, attachments: Attachments) -> Deferred[Result]:
    """Close a driver's links, or one of them, and begin anew; say what came of it."""
    name = call.params["driver"]
    restarting = attachments.restart(name, (call.body or {}).get("link"), call.principal.name)

    def told(links: list[Link]) -> Result:
        return Answer({"driver": name, "links": [linkJson(each, attachments.conduct) for each in links]})

    return restarting.addCallback(told)


def linkJson(link: Link, conduct: Conduct) -> dict[str, Any]:
    """A link as L{LINK}."""
    found: dict[str, Any] = {
        "key": str(link.key),
        "state": link.state.value,
        "since": instant(link.since),
        "attempts": link.attempts,
        "crashes": link.crashes,
        "blocked": _tallyJson(conduct.blockedLinks.get((link.driver.name, str(link.key)))),
        "devices": link.served(),
    }
    if link.reason is not None:
        found |= {"code": link.reason.code.value, "reason": str(link.reason)}
    if link.nextAt is not None:
        found["nextAttemptAt"] = instant(link.nextAt)
    return found


def _tallyJson(tally: Tally | None) -> dict[str, Any]:
    found = tally or Tally()
    return {"count": found.count, "seconds": round(found.seconds, 3)}
