"""The discovery inbox: what the buses offer, searches, and what becomes of candidates.

All of it is for admins. A candidate consists of what C{/dog/configuration} shows to them only (addresses on the bus,
of neighbours' devices too); a search opens a bus to devices that nobody knows; adopting writes what drivers are told.
"""

from __future__ import annotations

from urllib.parse import quote

from twisted.internet.defer import Deferred

from dog.api.call import Answer, Call, Result
from dog.api.routes import On, route
from dog.api.shapes import Maybe
from dog.api.views.discovery import (
    ADOPT_BODY,
    CANDIDATE,
    CANDIDATES,
    SEARCH,
    SEARCH_BODY,
    SEARCHES,
    candidateJson,
    searchJson,
    sourceJson,
)
from dog.core.core import Core
from dog.live.discovery import USUAL, Discovery, Wish
from dog.model.device import Device
from dog.model.refusal import Code
from dog.model.rights import Right

PATH = "/discovery"
CANDIDATE_PATH = f"{PATH}/{{candidate}}"
SEARCH_PATH = f"{PATH}/search"


@route("GET", PATH, right=Right.ADMIN, on=On.HOUSE, answers={200: CANDIDATES}, query=("ignored",))
def discovery(call: Call, core: Core, discovery: Discovery) -> Result:
    """What the buses offer, and which of them can be searched for more."""
    all = call.query.get("ignored") == "true"
    found = [candidateJson(each) for each in core.inbox.all() if all or not each.ignored]
    return Answer({"candidates": found, "sources": [sourceJson(each) for each in discovery.sources()]})


@route("GET", CANDIDATE_PATH, right=Right.ADMIN, on=On.HOUSE, answers={200: CANDIDATE}, refuses=(Code.NOT_FOUND,))
def candidate(call: Call, discovery: Discovery) -> Result:
    """One candidate, ignored or not."""
    return Answer(candidateJson(discovery.candidate(call.params["candidate"])))


@route("DELETE", CANDIDATE_PATH, right=Right.ADMIN, on=On.HOUSE, answers={204: None}, refuses=(Code.NOT_FOUND,))
def forgetCandidate(call: Call, discovery: Discovery) -> Result:
    """Forget a candidate: it is offered anew when it is heard again."""
    discovery.judge(call.params["candidate"], None)
    return Answer(status=204)


@route(
    "POST",
    f"{CANDIDATE_PATH}/adopt",
    right=Right.ADMIN,
    on=On.HOUSE,
    body=Maybe(ADOPT_BODY),
    answers={201: None},
    refuses=(Code.NOT_FOUND, Code.BAD_VALUE, Code.DUPLICATE_ID, Code.IN_USE, Code.STORAGE),
)
def adopt(call: Call, core: Core, discovery: Discovery) -> Deferred[Result]:
    """Make a candidate a device of the home, as it is proposed or as the body says."""
    body = call.body or {}
    wish = Wish(
        body.get("id"),
        body.get("class"),
        body.get("isIn"),
        body.get("description"),
        body.get("gateway"),
        body.get("params"),
    )

    def adopted(device: Device) -> Result:
        presence = core.presence(device.id)
        warnings = () if presence.active else (f"{device.id} is not served: {presence.reason}",)
        location = f"/api/v1/devices/{quote(device.id, safe='')}"
        return Answer(status=201, headers={"Location": location}, warnings=warnings)

    return discovery.adopt(call.params["candidate"], wish).addCallback(adopted)


@route(
    "POST", f"{CANDIDATE_PATH}/ignore", right=Right.ADMIN, on=On.HOUSE, answers={200: None}, refuses=(Code.NOT_FOUND,)
)
def ignore(call: Call, discovery: Discovery) -> Result:
    """Offer a candidate no more, however often it is heard."""
    discovery.judge(call.params["candidate"], True)
    return Answer()


@route(
    "POST", f"{CANDIDATE_PATH}/offer", right=Right.ADMIN, on=On.HOUSE, answers={200: None}, refuses=(Code.NOT_FOUND,)
)
def offer(call: Call, discovery: Discovery) -> Result:
    """Offer a candidate again that was ignored."""
    discovery.judge(call.params["candidate"], False)
    return Answer()


# -- searching ------------------------------------------------------------------------------------------


@route("GET", SEARCH_PATH, right=Right.ADMIN, on=On.HOUSE, answers={200: SEARCHES})
def searches(call: Call, discovery: Discovery) -> Result:
    """The searches that are on, and the last that were."""
    return Answer({"searches": [searchJson(each) for each in discovery.searches()]})


@route(
    "POST",
    SEARCH_PATH,
    right=Right.ADMIN,
    on=On.HOUSE,
    body=Maybe(SEARCH_BODY),
    answers={201: None},
    refuses=(Code.BAD_VALUE, Code.NO_DRIVER, Code.UNREACHABLE, Code.BUSY),
)
def search(call: Call, discovery: Discovery) -> Result:
    """Search a bus for devices: teach-in, permit join, inclusion. It ends by itself."""
    body = call.body or {}
    seconds = body.get("seconds")
    began = discovery.search(
        body.get("driver"), body.get("gateway"), body.get("how"), USUAL if seconds is None else seconds
    )
    return Answer(status=201, headers={"Location": f"/api/v1{SEARCH_PATH}/{began.id}"})


@route(
    "GET",
    f"{SEARCH_PATH}/{{search}}",
    right=Right.ADMIN,
    on=On.HOUSE,
    answers={200: SEARCH},
    refuses=(Code.NOT_FOUND,),
)
def searchOf(call: Call, discovery: Discovery) -> Result:
    """One search."""
    return Answer(searchJson(discovery.searchOf(call.params["search"])))


@route(
    "DELETE",
    f"{SEARCH_PATH}/{{search}}",
    right=Right.ADMIN,
    on=On.HOUSE,
    answers={204: None},
    refuses=(Code.NOT_FOUND,),
)
def cancelSearch(call: Call, discovery: Discovery) -> Result:
    """End a search before its time."""
    discovery.cancel(call.params["search"])
    return Answer(status=204)
