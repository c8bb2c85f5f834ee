"""Where Dog answers otherwise than the old gateway on purpose: ONE table, by the cases of docs/differences.md.

Everything recorded that is neither here nor in L{NOT_BUILT} has to match.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from dog import __version__
from dog.api.call import Profile
from dog.api.views.device import DevicesView, DeviceView
from dog.home.reader import readHome
from tests.api.recorded.comparison import dataOf, form, ourUnits

FOLDER = Path(__file__).parent


@cache
def exchanges() -> dict[str, dict[str, Any]]:
    """Every recorded exchange by its id."""
    with open(FOLDER / "exchanges.jsonl", encoding="utf-8") as file:
        return {each["id"]: each for each in map(json.loads, file)}


def recorded(id: str) -> Any:
    """The recorded 2xx answer as data, with our units."""
    response = exchanges()[id]["response"]
    media = response["headers"].get("Content-Type", "").partition(";")[0] or None
    return ourUnits(dataOf(response["body"], media))


@dataclass(frozen=True)
class Ours:
    """What Dog answers. C{body}: makes the 2xx body as data out of ours, to be equal to ours; None: no body."""

    status: int
    code: str | None = None
    body: Callable[[Any], Any] | None = None


def is_(value: Any) -> Callable[[Any], Any]:
    return lambda ours: value


def likeRecorded(id: str) -> Callable[[Any], Any]:
    """Only the keys and types are those of the recording."""
    return lambda ours: ours if form(ours) == form(recorded(id)) else form(recorded(id))


def _text(element: Any, name: str, text: str) -> Any:
    """The element with another text in every child of that name."""
    tag, attributes, own, children = element
    return tag, attributes, text if tag == name else own, [_text(each, name, text) for each in children]


def _once(flats: list[Any], without: tuple[str, ...] = ()) -> list[Any]:
    """Flats and rooms as they are where no id is taken twice and every flat has one."""
    found = {each["id"]: each for each in flats if "id" in each and each["id"] not in without}
    return [
        each | ({"rooms": list({it["id"]: it for it in each["rooms"]}.values())} if "rooms" in each else {})
        for each in found.values()
    ]


def _lamp(value: str) -> dict[str, Any]:
    return {"id": "SimpleLamp_mb1", "active": True, "status": {"OnOffState": [{"value": value}]}}


def _dimmer(level: float) -> dict[str, Any]:
    states = {"OnOffState": [{"value": "off"}], "LevelState": [{"value": level}]}
    return {"id": "DimmerLamp_l4", "active": True, "status": states}


def _configuration(ours: Any) -> Any:
    home = readHome((FOLDER / "home.xml").read_bytes(), "home.xml")
    devices = tuple(DeviceView(each, network=True) for each in home.devices.values())
    return DevicesView(devices).json(Profile.DOCUMENTED)


_ENVIRONMENT = recorded("200-env-json")["building"][0]
_PAGE = (files("dog.pages") / "index.html").read_text("utf-8").replace("{websocketPath}", "/ws")
_NOT_FOUND = Ours(404, "not_found")
_BAD_JSON = Ours(400, "bad_json")
_BAD_BODY = Ours(400, "bad_body")
_BAD_VALUE = Ours(422, "bad_value")
_BAD_UNIT = Ours(422, "bad_unit")
_METHOD = Ours(405, "method_not_allowed")
_CREATED = Ours(201)
_OPTIONS = Ours(204)
_TEMP = Ours(200, body=is_(recorded("022-device-json-Temp_mb1")))

DIFFERENCES: dict[str, dict[str, Ours]] = {
    "Id in another case": {"045-device-wrong-case": _NOT_FOUND},
    "Flat without rooms, flat in a storey": {
        "212-flat-empty": Ours(200, body=is_({"id": "empty_flat", "class": "Flat"})),
        "214-flat-in-storey": Ours(200, body=is_(_ENVIRONMENT["storey"][0]["flats"][0])),
        "216-rooms-empty": Ours(200, body=is_({"rooms": []})),
    },
    "Id in the body is not that of the path": {
        "243-room-put-id-mismatch": _BAD_BODY,
        "270-flat-put-id-mismatch": _BAD_BODY,
    },
    "Command with an integer or several parameters": {
        "139-cmd-storeScene-int": Ours(200),
        "493-trv-getDaySchedule": Ours(200),
    },
    "Null for a command without parameter": {"123-cmd-null-value": Ours(200)},
    "Unit text": {"436-dimmer-status-after-measure": Ours(200, body=is_(_dimmer(40)))},
    "Lamp command on Modbus": {"102-status-after-on-2.5s": Ours(200, body=is_(_lamp("on")))},
    "State after a command": {"101-status-after-on-immediately": Ours(200, body=is_(_lamp("on")))},
    "/application.wadl": {"312-wadl": _NOT_FOUND},
    "/admin/ui and /": {
        "306-admin-ui-index": _NOT_FOUND,
        "307-admin-ui-dir": _NOT_FOUND,
        "310-root": Ours(200, body=is_(_PAGE)),
    },
    "Values of /admin": {
        "300-admin-bundles": Ours(200, body=is_([{"name": f"modbus ({__version__})", "state": "Active"}])),
        "302-admin-mem-runtime": Ours(200, body=likeRecorded("302-admin-mem-runtime")),
    },
    "/dog/configuration": {"313-dog-configuration": Ours(200, body=_configuration)},
    "Unknown device, room, flat or command": {
        "047-device-unknown-xml": _NOT_FOUND,
        "114-cmd-unknown-command": _NOT_FOUND,
        "116-cmd-unknown-device-unknown-command": _NOT_FOUND,
        "118-cmd-idle-device-unknown-command": _NOT_FOUND,
        "143-cmd-gateway": _NOT_FOUND,
        "152-location-unknown-device": _NOT_FOUND,
        "172-description-unknown-device": _NOT_FOUND,
        "194-location-wrong-case": _NOT_FOUND,
        "234-room-post-unknown-flat": _NOT_FOUND,
        "244-room-put-unknown": _NOT_FOUND,
        "250-room-delete-unknown-flat": _NOT_FOUND,
        "271-flat-put-unknown": _NOT_FOUND,
        "278-flat-delete-unknown": _NOT_FOUND,
    },
    "Bad body": {
        "120-cmd-noarg-with-value": _BAD_BODY,
        "122-cmd-array-body": _BAD_BODY,
        "125-cmd-docs-comment-body": _BAD_JSON,
        "126-cmd-bare-string": _BAD_JSON,
        "153-location-bad-json": _BAD_JSON,
        "160-location-number": _BAD_BODY,
        "173-description-bad-json": _BAD_JSON,
        "175-description-missing-field": _BAD_BODY,
        "180-description-number": _BAD_BODY,
        "235-room-post-bad-json": _BAD_JSON,
        "236-room-post-unknown-field": _BAD_BODY,
        "246-room-put-bad-json": _BAD_JSON,
        "264-flat-post-bad-json": _BAD_JSON,
        "265-flat-post-unknown-field": _BAD_BODY,
        "266-flat-post-empty-body": _BAD_BODY,
        "272-flat-put-no-id": _BAD_BODY,
        "273-flat-put-bad-json": _BAD_JSON,
        "397-room-post-null": _BAD_BODY,
        "440-dimmer-set-true": _BAD_BODY,
        "446-dimmer-set-empty-array": _BAD_BODY,
        "449-dimmer-set-missing-body": _BAD_BODY,
        "450-dimmer-set-empty-object": _BAD_BODY,
        "451-dimmer-set-extra-field": _BAD_BODY,
        "453-dimmer-set-huge": _BAD_JSON,
        "463-dimmer-trailing-garbage": _BAD_JSON,
        "495-trv-schedule-empty-object": _BAD_BODY,
        "496-trv-schedule-weekday-only": _BAD_BODY,
        "503-color-rgb-partial": _BAD_BODY,
        "505-color-rgb-to-hsb": _BAD_BODY,
        "510-color-empty": _BAD_BODY,
    },
    "Value out of range, wrong unit, no such room": {
        "157-location-empty-value": _BAD_VALUE,
        "159-location-no-contenttype": _BAD_VALUE,
        "161-location-unicode": _BAD_VALUE,
        # It stayed where it was.
        "162-location-unicode-get": Ours(200, body=is_(recorded("162-location-unicode-get") | {"isIn": "livingroom"})),
        "163-location-unicode-get-xml": Ours(
            200, body=is_(_text(recorded("163-location-unicode-get-xml"), "isIn", "livingroom"))
        ),
        "190-location-unknown-room": _BAD_VALUE,
        "437-dimmer-set-measure-unknown-unit": _BAD_UNIT,
        "439-dimmer-status-after-word": Ours(200, body=is_(_dimmer(40))),
        "442-dimmer-set-empty-string": _BAD_VALUE,
        "444-dimmer-status-after-object": Ours(200, body=is_(_dimmer(40))),
        "447-dimmer-set-nan": _BAD_VALUE,
        "448-dimmer-status-nan": Ours(200, body=is_(_dimmer(40))),
        "454-dimmer-set-negative": Ours(422, "out_of_range"),
        "457-dimmer-set-comma": _BAD_VALUE,
        "458-dimmer-set-suffix-d": _BAD_VALUE,
        "460-dimmer-driver-exception": _BAD_VALUE,
        "467-dimmer-measure-fraction": _BAD_UNIT,
        "468-dimmer-status-W": Ours(200, body=is_(_dimmer(40))),
        "477-trv-setTemperatureAt-W": _BAD_UNIT,
        "478-trv-setTemperatureAt-badunit": _BAD_UNIT,
        "484-trv-schedule-bad-temp": _BAD_VALUE,
    },
    "No driver, unreachable, no answer": {"119-cmd-dead-gateway": Ours(503, "unreachable")},
    "Created": {"230-room-post-ok": _CREATED, "239-room-post-minimal": _CREATED, "260-flat-post-ok": _CREATED},
    "Duplicate id": {
        "232-room-post-duplicate": Ours(409, "duplicate_id"),
        "263-flats-after-duplicate": Ours(
            200, body=is_({"flats": _once(recorded("263-flats-after-duplicate")["flats"])})
        ),
        # One of the two flats of that id was left over.
        "276-flats-after-delete": Ours(
            200, body=is_({"flats": _once(recorded("276-flats-after-delete")["flats"], ("flat3",))})
        ),
    },
    "Room or flat in use deleted": {"251-room-delete-in-use": Ours(409, "in_use")},
    "Flat without id": {
        "392-flats-poisoned": Ours(200, body=is_({"flats": _once(recorded("392-flats-poisoned")["flats"])})),
        "394-room-get-poisoned": Ours(200, body=is_(_ENVIRONMENT["flats"][1]["rooms"][0])),
    },
    "GET or HEAD on a command": {
        "111-cmd-get-on": _METHOD,
        "112-cmd-get-on-noaccept": _METHOD,
        "664-get-with-json-contenttype-cmd": _METHOD,
    },
    "Methods of the class as commands": {
        "130-cmd-notifyOn": _NOT_FOUND,
        "131-cmd-updateStatus": _NOT_FOUND,
        "144-cmd-notify-with-measure": _NOT_FOUND,
        "538-door-notifyOpen": _NOT_FOUND,
    },
    "Asterisk in an id": {"134-cmd-wildcard-device": _NOT_FOUND},
    "OPTIONS": {
        "010-devices-options": _OPTIONS,
        "051-device-options": _OPTIONS,
        "136-cmd-options": _OPTIONS,
        "169-location-options": _OPTIONS,
        "189-description-options": _OPTIONS,
        "207-env-options": _OPTIONS,
    },
    "GET with a Content-Type": {
        "662-get-with-json-contenttype-device": _TEMP,
        "666-get-with-xml-contenttype": _TEMP,
    },
    "PUT of a flat without rooms": {
        "269-flat-get-updated": Ours(
            200,
            body=is_(
                {
                    "id": "flat3",
                    "class": "Flat",
                    "description": "Renamed",
                    "rooms": [{"id": "r31", "class": "Bedroom"}],
                }
            ),
        ),
    },
    "Size of a body": {"674-big-body": Ours(413, "too_large")},
}

#: What is not there yet: 404, and counted apart.
NOT_BUILT = tuple(id for id, each in exchanges().items() if each["request"]["path"].startswith("/api/v1/history"))
