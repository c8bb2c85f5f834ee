"""Devices: what they are, how they are, where they are and what they are called."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from dog.api.call import Answer, Call, Media, Result
from dog.api.routes import On, route
from dog.api.views.device import DevicesView, DeviceView
from dog.api.views.schema import DESCRIPTION, DEVICE, DEVICES, DEVICES_STATUS, LOCATION, STATUS
from dog.api.views.status import DevicesStatusView, StatusView
from dog.core.core import Core
from dog.home import edits
from dog.live.home import LiveHome
from dog.model.device import Device
from dog.model.home import Home
from dog.model.refusal import Code
from dog.model.rights import Right

BOTH = (Media.JSON, Media.XML)


@route("GET", "/devices", right=Right.VIEW, on=On.HOUSE, answers={200: DEVICES}, media=BOTH, query=("detail",))
def devices(call: Call, core: Core) -> Result:
    """Every device."""
    return Answer(DevicesView(tuple(DeviceView(each, core.presence(each.id)) for each in call.house.devices())))


@route(
    "GET",
    "/devices/{device}",
    right=Right.VIEW,
    on=On.DEVICE,
    answers={200: DEVICE},
    media=BOTH,
    refuses=(Code.NOT_FOUND,),
    query=("detail",),
)
def device(call: Call, core: Core) -> Result:
    """One device."""
    found = deviceOf(call)
    return Answer(DeviceView(found, core.presence(found.id)))


@route("GET", "/devices/status", right=Right.VIEW, on=On.HOUSE, answers={200: DEVICES_STATUS}, query=("detail",))
def statuses(call: Call, core: Core) -> Result:
    """What is known of the states of every device."""
    described = isDescribed(call)
    return Answer(DevicesStatusView(tuple(StatusView.of(core, each, described) for each in call.house.devices())))


@route(
    "GET",
    "/devices/{device}/status",
    right=Right.VIEW,
    on=On.DEVICE,
    answers={200: STATUS},
    refuses=(Code.NOT_FOUND,),
    query=("detail",),
    version=lambda house, params, core: (house, *StatusView.version(core, params["device"])),
)
def status(call: Call, core: Core) -> Result:
    """What is known of the states of one device."""
    return Answer(StatusView.of(core, deviceOf(call), isDescribed(call)))


@route(
    "PUT",
    "/devices/{device}/location",
    right=Right.EDIT,
    on=On.DEVICE,
    body=LOCATION,
    answers={200: None},
    refuses=(Code.BAD_JSON, Code.BAD_BODY, Code.NOT_FOUND, Code.BAD_VALUE, Code.STORAGE),
)
def setLocation(call: Call, homes: LiveHome) -> Deferred[Result]:
    """Move a device to another room."""
    id, place = call.params["device"], call.body["isIn"]
    return edited(homes, lambda _, data: edits.setLocation(data, id, place))


@route(
    "PUT",
    "/devices/{device}/description",
    right=Right.EDIT,
    on=On.DEVICE,
    body=DESCRIPTION,
    answers={200: None},
    refuses=(Code.BAD_JSON, Code.BAD_BODY, Code.NOT_FOUND, Code.BAD_VALUE, Code.STORAGE),
)
def setDescription(call: Call, homes: LiveHome) -> Deferred[Result]:
    """Give a device another description."""
    id, text = call.params["device"], call.body["description"]
    return edited(homes, lambda _, data: edits.setDescription(data, id, text))


def deviceOf(call: Call) -> Device:
    """The device that the path names; that it is there and may be seen was checked before."""
    found = call.house.device(call.params["device"])
    assert found is not None
    return found


def isDescribed(call: Call) -> bool:
    """Over WebSocket a status comes with its description."""
    return call.request.connection is not None


def edited(homes: LiveHome, change: Callable[[Home, bytes], bytes], done: Answer | None = None) -> Deferred[Result]:
    """Carry out an edit of the home file; it answers C{done}, by default with an empty body."""
    return homes.edit(change).addCallback(lambda _: done or Answer())
