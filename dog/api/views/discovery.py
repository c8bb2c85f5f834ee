"""Candidates and searches as they are told over REST."""

from __future__ import annotations

from typing import Any

from dog.api.shapes import Array, Boolean, Integer, Map, Named, Nullable, Number, Object, String
from dog.api.views.instant import instant
from dog.live.discovery import LONGEST, USUAL, Search, SearchState, Source
from dog.model.candidate import Candidate

_INSTANT = String(format="date-time")

CANDIDATE = Named(
    "Candidate",
    Object(
        {
            "id": String(),
            "driver": String(),
            "key": String(description="Which device it is on its bus."),
            "domoticSystem": String(),
            "deviceId": String(description="A proposal for its id in the home."),
            "classes": Array(String(), description="The device classes that it could have, the likeliest first."),
            "description": String(),
            "params": Map(String(), description="What the home file will say of it."),
            "about": Map(String()),
            "guessed": Boolean(description="It did not say what it is."),
            "ignored": Boolean(),
            "firstSeen": _INSTANT,
            "lastSeen": _INSTANT,
            "timesSeen": Integer(minimum=1),
        },
        {
            "class": String(description="Absent: nobody knows, so whoever adopts it has to say."),
            "gateway": String(description="The gateway device through which it was heard last."),
            "signal": Integer(description="dBm"),
        },
    ),
    "A device that a bus has and the home has not.",
)

CANDIDATES = Named(
    "Candidates",
    Object(
        {
            "candidates": Array(CANDIDATE, description="The one that was heard last comes first."),
            "sources": Array(
                Object(
                    {"driver": String(), "ways": Array(String(), description="How its bus can be searched.")},
                    {
                        "gateway": String(),
                        "reason": String(description="Why it can't be searched."),
                        "search": String(description="The search that is on."),
                    },
                ),
                description="The buses that are there.",
            ),
        }
    ),
)

SEARCH = Named(
    "Search",
    Object(
        {
            "id": String(),
            "driver": String(),
            "how": String(),
            "state": String(*SearchState),
            "began": _INSTANT,
            "until": _INSTANT,
        },
        {"gateway": String(), "reason": String(description="Why it failed.")},
    ),
    "A search of one bus. until: when it ends at the latest, or ended.",
)

SEARCHES = Named("Searches", Object({"searches": Array(SEARCH)}))

SEARCH_BODY = Object(
    optional={
        "driver": Nullable(String()),
        "gateway": Nullable(String(description="The id of the gateway device.")),
        "how": Nullable(String(description="One of its ways; the first of them if absent.")),
        "seconds": Nullable(Number(minimum=1, maximum=LONGEST, default=USUAL)),
    }
)

ADOPT_BODY = Object(
    optional={
        "id": Nullable(String(minLength=1)),
        "class": Nullable(String(minLength=1)),
        "isIn": Nullable(String(minLength=1)),
        "description": Nullable(String()),
        "gateway": Nullable(String(minLength=1)),
        "params": Nullable(Map(String(), description="Beside, or in place of, those of the candidate.")),
    },
    description="What is absent or null is as the candidate has it; isIn: in no room.",
)


def candidateJson(candidate: Candidate) -> dict[str, Any]:
    """A candidate as L{CANDIDATE}."""
    found: dict[str, Any] = {
        "id": candidate.id,
        "driver": candidate.driver,
        "key": candidate.key,
        "domoticSystem": candidate.domoticSystem,
        "gateway": candidate.gateway,
        "deviceId": candidate.deviceId,
        "class": candidate.cls,
        "classes": list(candidate.classes),
        "description": candidate.description,
        "params": dict(candidate.params),
        "about": dict(candidate.about),
        "guessed": candidate.guessed,
        "ignored": candidate.ignored,
        "signal": candidate.signal,
        "firstSeen": instant(candidate.firstSeen),
        "lastSeen": instant(candidate.lastSeen),
        "timesSeen": candidate.timesSeen,
    }
    return _present(found)


def sourceJson(source: Source) -> dict[str, Any]:
    return _present(
        {
            "driver": source.driver,
            "gateway": source.gateway,
            "ways": list(source.ways),
            "reason": source.reason,
            "search": source.search,
        }
    )


def searchJson(search: Search) -> dict[str, Any]:
    """A search as L{SEARCH}."""
    return _present(
        {
            "id": search.id,
            "driver": search.driver,
            "gateway": search.gateway,
            "how": search.how,
            "state": search.state.value,
            "began": instant(search.began),
            "until": instant(search.until),
            "reason": search.reason,
        }
    )


def _present(found: dict[str, Any]) -> dict[str, Any]:
    return {key: each for key, each in found.items() if each is not None}
