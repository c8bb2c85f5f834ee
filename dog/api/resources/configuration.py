"""The low-level configuration: devices with everything that their drivers are told. For admins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import Deferred

from dog.api.call import Answer, Call, Media, Result
from dog.api.resources.devices import edited
from dog.api.routes import On, route
from dog.api.views.device import DevicesView, DeviceView
from dog.api.views.schema import DEVICES, DEVICES_BODY
from dog.home import edits
from dog.live.home import LiveHome
from dog.model.device import (
    Command,
    ConfigParam,
    ControlFunctionality,
    Device,
    Notification,
    NotificationFunctionality,
    State,
    StateValue,
)
from dog.model.home import Home
from dog.model.refusal import Code, Refusal, clipped, quoted
from dog.model.rights import Right


@route(
    "GET",
    "/dog/configuration",
    right=Right.ADMIN,
    on=On.HOUSE,
    answers={200: DEVICES},
    media=(Media.JSON, Media.XML),
)
def configuration(call: Call) -> Result:
    """Every device with its network parameters, in the documented shape."""
    return Answer(DevicesView(tuple(DeviceView(each, network=True) for each in call.house.devices())))


@route(
    "PUT",
    "/dog/configuration",
    right=Right.ADMIN,
    on=On.HOUSE,
    body=DEVICES_BODY,
    answers={200: None},
    refuses=(Code.BAD_JSON, Code.BAD_BODY, Code.DUPLICATE_ID, Code.BAD_VALUE, Code.STORAGE),
)
def setConfiguration(call: Call, homes: LiveHome) -> Deferred[Result]:
    """Add devices, or replace those that have the same id; all of them or none."""
    devices = [deviceFrom(each) for each in call.body["devices"]]
    seen: set[str] = set()
    for each in devices:
        if each.id in seen:
            raise Refusal(Code.DUPLICATE_ID, f"device {quoted(each.id)} is in the body twice", id=clipped(each.id))
        seen.add(each.id)

    def change(home: Home, data: bytes) -> bytes:
        for each in devices:
            before = home.devices.get(each.id)
            _check(home, each, before)
            data = edits.addDevice(data, each) if before is None else edits.replaceDevice(data, each)
        return data

    return edited(homes, change)


def _check(home: Home, device: Device, before: Device | None) -> None:
    """Nothing may be wrong that was not wrong before."""
    if device.type is None and (before is None or before.cls != device.cls):
        raise Refusal(
            Code.BAD_VALUE,
            f"device {quoted(device.id)}: there is no device class {quoted(device.cls)}",
            parameter="class",
            expected="the name of a device class",
        )
    stays = before is not None and before.isIn == device.isIn
    if device.isIn is not None and not stays and device.isIn not in home.places:
        raise Refusal(
            Code.BAD_VALUE,
            f"device {quoted(device.id)}: isIn: expected the id of a room, a garden or a garage, and "
            f"{quoted(device.isIn)} is none",
            parameter="isIn",
            expected="the id of a room, a garden or a garage",
        )


def deviceFrom(body: dict[str, Any]) -> Device:
    """A device out of a body that has the shape of one, in either profile; null is the same as nothing."""
    return Device(
        body["id"],
        body["class"],
        domoticSystem=body.get("domoticSystem"),
        gateway=body.get("gateway"),
        description=body.get("description"),
        isIn=body.get("isIn"),
        actuatorOf=body.get("actuatorOf"),
        sensorOf=body.get("sensorOf"),
        pluggedIn=body.get("pluggedIn"),
        meterOf=tuple(body.get("meterOf") or ()),
        controls=tuple(body.get("controls") or ()),
        hasMeter=body.get("hasMeter"),
        params=_params(body),
        controlFunctionalities=tuple(
            ControlFunctionality(
                each["class"],
                tuple(
                    Command(it["class"], it.get("name"), it.get("id"), _params(it), it.get("returnType"))
                    for it in _listed(each, "commands")
                ),
            )
            for each in body.get("controlFunctionality") or ()
        ),
        notificationFunctionalities=tuple(
            NotificationFunctionality(
                each["class"],
                tuple(
                    Notification(it["class"], it.get("id"), _params(it), tuple(it.get("generatesCommand", ())))
                    for it in _listed(each, "notifications")
                ),
            )
            for each in body.get("notificationFunctionality") or ()
        ),
        declaredStates=tuple(
            State(
                each["class"],
                tuple(StateValue(it["class"], it.get("name"), _params(it)) for it in each.get("statevalues", ())),
            )
            for each in body.get("state") or ()
        ),
    )


def _params(body: dict[str, Any]) -> tuple[ConfigParam, ...]:
    return tuple(ConfigParam(each["name"], each.get("value"), each.get("type")) for each in body.get("param") or ())


def _listed(body: dict[str, Any], key: str) -> Iterable[dict[str, Any]]:
    """The list as it is in one profile or the other."""
    found = body.get(key) or ()
    return found.get(key[:-1], ()) if isinstance(found, dict) else found
