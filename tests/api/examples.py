"""A request for every outcome of every operation that openapi.json documents.

What is the same for all of a kind is made by L{general}; the rest stands in L{EXAMPLES}. They are performed by
tests.api.test_openapi, in the recorded home with a scripted Modbus driver.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dog.api import http
from dog.api.call import Profile
from dog.api.identity import Identity
from dog.live.drivers import Drivers
from dog.model.refusal import Code
from dog.model.rights import ANONYMOUS, Principal, Role
from dog.testing.scripted import NEVER, Script, ScriptedDriver, refuse
from tests.api.recorded.gateway import Gateway

#: Bytes of a body, in these gateways.
MAX_BODY = 4096

LAMP = "SimpleLamp_mb1"
GUEST = Principal("guest", Role.VIEWER)

#: (method, path template) of an operation, its outcome: a status that is no error, or an error's code.
Operation = tuple[str, str]
Outcome = int | Code


class House(Gateway):
    """A gateway with one driver, whose door can be opened to somebody else."""

    def __init__(self, file: Path, driver: ScriptedDriver) -> None:
        driver.finds("teachIn")
        super().__init__(file, [driver], plan=b"<svg/>", maxBody=MAX_BODY, stateDir=file.parent)
        self.file = file
        self.driver = driver

    def open(self, who: Principal) -> None:
        """Whoever asks from now on, is that one."""
        self._site = http.factory(self.api, Identity(who, keys=self.tokens), self.clock, maxBody=MAX_BODY)


def nothing(house: House) -> None:
    """Nothing has happened."""


@dataclass(frozen=True)
class Example:
    """A request.

    @ivar ids: the values of the path's parameters.
    @ivar before: what has happened in the house.
    @ivar advance: seconds that pass before the answer comes.
    """

    ids: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[House], object] = nothing
    who: Principal = ANONYMOUS
    advance: float = 0.0


def onLamp(command: str, body: Any = None, device: str = LAMP, **more: Any) -> Example:
    return Example({"device": device, "command": command}, body=body, **more)


def scripted(*script: Script) -> Callable[[House], object]:
    return lambda house: house.driver.script(LAMP, None, *script)


def full(house: House) -> None:
    """The lamp's queue is full."""
    house.driver.script(LAMP, None, NEVER)
    device = house.home.devices[LAMP]
    for _ in range(house.commands.maxQueued):
        house.commands.send(device, "on", None, ANONYMOUS)


def fileGone(house: House) -> None:
    """The home file can't be written: it is not there any more."""
    house.file.unlink()


def unreadable(house: House) -> None:
    """Where the home file was there is a folder."""
    house.file.unlink()
    house.file.mkdir()


def sent(house: House) -> None:
    """A command was sent; its id is "sent"."""
    house.commands.send(house.home.devices[LAMP], "on", None, ANONYMOUS)
    ledger = house.core.ledger
    [entry] = ledger._entries.values()
    ledger._entries["sent"] = entry


def driverGone(house: House) -> None:
    """The driver does not load."""
    house.attachments.drivers = Drivers(failed={"modbus": "does not load"})


def noMoreStreams(house: House) -> None:
    house.ports.streams.most = 0


def noMoreCaptures(house: House) -> None:
    house.captures.most = 0


def told(house: House) -> None:
    """There is something in the log of who did what."""
    house.ports.audit.tell("panel", "PUT /a", "192.0.2.1", "done", command="1")
    house.ports.audit.tell("gateway", "more refusals", "", "counted", count=7)


def noLog(house: House) -> None:
    """There is no state directory to keep it in."""
    house.ports.audit._books = []


def oneToken(house: House) -> None:
    """There is a token; its id is "first"."""
    keys = house.tokens._keys
    keys._tokens = {"first": next(iter(keys))}


def noDisk(house: House) -> None:
    """There is a token, and the disk takes no more."""
    oneToken(house)
    assert house.memory is not None
    house.memory._file = None


def offered(house: House) -> None:
    """The bus offers a button."""
    house.driver.find(key="7", cls="Button", params={"address": "7"})


def searching(house: House) -> None:
    """Search "1" is on."""
    offered(house)
    house.discovery.search()


def offeredAndGone(house: House) -> None:
    """The home file can't be written any more."""
    offered(house)
    fileGone(house)


def alreadyHome(house: House) -> None:
    """Somebody put it into the file just now."""
    offered(house)
    device = '<dhc:device class="Button" domoticSystem="Modbus" id="b"><dhc:param name="address" value="7"/>'
    text = house.file.read_text().replace("</dhc:controllables>", f"{device}</dhc:device></dhc:controllables>")
    house.file.write_text(text)


def noLinks(house: House) -> None:
    house.attachments._links.clear()


def noPlan(house: House) -> None:
    house.plan = None


_DEVICE = {"device": LAMP}
_SEVEN = {"candidate": "modbus-7"}
_KITCHEN = {"flat": "flat", "room": "kitchen"}
_TOKEN = {"token": "first"}
_PANEL = {"name": "panel", "role": "user", "expiresAt": "2030-01-01T00:00:00Z", "operate": {"classes": ["Lamp"]}}
_UNWRITABLE = "a \u0001 b"

_FULL_OF_STREAMS = Example(headers={"Accept": "text/event-stream"}, before=noMoreStreams)

_V1 = "/api/v1"
_INBOX = f"{_V1}/discovery"
_FLATS = f"{_V1}/environment/flats"
_COMMAND = f"{_V1}/devices/{{device}}/commands/{{command}}"

_SEND: dict[Outcome, Example] = {
    200: onLamp("on", {}),
    Code.BAD_BODY: onLamp("on", {"value": 1}),
    Code.NOT_FOUND: onLamp("fly"),
    Code.BAD_VALUE: onLamp("set", {"value": "bright"}, "DimmerLamp_l4"),
    Code.BAD_UNIT: onLamp("setTemperatureAt", {"value": "20 foo"}, "ThermostaticRadiatorValve_1"),
    Code.OUT_OF_RANGE: onLamp("set", {"value": 101}, "DimmerLamp_l4"),
    Code.BUS_REFUSED: onLamp("on", before=scripted(refuse("illegal data address"))),
    Code.NO_DRIVER: onLamp("on", device="Lamp_Holder"),
    Code.UNREACHABLE: onLamp("on", device="Lamp_dead"),
    Code.BUSY: onLamp("on", before=full),
    Code.TIMEOUT: onLamp("on", before=scripted(NEVER), advance=2.0),
}

EXAMPLES: dict[Operation, dict[Outcome, Example]] = {
    ("GET", f"{_V1}/devices"): {200: Example()},
    ("GET", f"{_V1}/devices/status"): {200: Example()},
    ("GET", f"{_V1}/devices/{{device}}"): {200: Example(_DEVICE)},
    ("GET", f"{_V1}/devices/{{device}}/status"): {200: Example(_DEVICE)},
    ("PUT", f"{_V1}/devices/{{device}}/location"): {
        200: Example(_DEVICE, body={"isIn": "lobby"}),
        Code.BAD_BODY: Example(_DEVICE, body={"isIn": 5}),
        Code.BAD_VALUE: Example(_DEVICE, body={"isIn": "nowhere"}),
    },
    ("PUT", f"{_V1}/devices/{{device}}/description"): {
        200: Example(_DEVICE, body={"description": "A lamp"}),
        Code.BAD_BODY: Example(_DEVICE, body={}),
        Code.BAD_VALUE: Example(_DEVICE, body={"description": _UNWRITABLE}),
    },
    ("PUT", _COMMAND): _SEND,
    ("POST", _COMMAND): _SEND,
    ("GET", f"{_V1}/environment"): {200: Example()},
    ("GET", f"{_V1}/environment/plan"): {200: Example(), Code.NOT_FOUND: Example(before=noPlan)},
    ("GET", _FLATS): {200: Example()},
    ("POST", _FLATS): {
        201: Example(body={"id": "new", "class": "Flat", "rooms": [{"id": "hall", "class": "Lobby"}]}),
        Code.BAD_BODY: Example(body={"class": "Flat"}),
        Code.DUPLICATE_ID: Example(body={"id": "flat2"}),
        Code.BAD_VALUE: Example(body={"id": "new", "description": _UNWRITABLE}),
    },
    ("GET", f"{_FLATS}/{{flat}}"): {200: Example({"flat": "flat_upstairs"})},
    ("PUT", f"{_FLATS}/{{flat}}"): {
        200: Example({"flat": "flat"}, body={"id": "flat", "description": "Renamed"}),
        Code.BAD_BODY: Example({"flat": "flat"}, body={"id": "other"}),
        Code.NOT_FOUND: Example({"flat": "nope"}, body={"id": "nope"}),
        Code.DUPLICATE_ID: Example({"flat": "flat2"}, body={"id": "flat2", "rooms": [{"id": "kitchen"}]}),
        Code.IN_USE: Example({"flat": "flat"}, body={"id": "flat", "rooms": []}),
        Code.BAD_VALUE: Example({"flat": "flat"}, body={"id": "flat", "description": _UNWRITABLE}),
    },
    ("DELETE", f"{_FLATS}/{{flat}}"): {
        204: Example({"flat": "empty_flat"}),
        Code.IN_USE: Example({"flat": "flat"}),
        Code.BAD_VALUE: Example({"flat": "flat"}, query="force=maybe"),
    },
    ("GET", f"{_FLATS}/{{flat}}/rooms"): {200: Example({"flat": "flat"})},
    ("POST", f"{_FLATS}/{{flat}}/rooms"): {
        201: Example({"flat": "flat"}, body={"id": "cellar", "class": "StorageRoom"}),
        Code.BAD_BODY: Example({"flat": "flat"}, body={"id": ""}),
        Code.NOT_FOUND: Example({"flat": "nope"}, body={"id": "cellar"}),
        Code.DUPLICATE_ID: Example({"flat": "flat2"}, body={"id": "kitchen"}),
        Code.BAD_VALUE: Example({"flat": "flat"}, body={"id": "cellar", "description": _UNWRITABLE}),
    },
    ("GET", f"{_FLATS}/{{flat}}/rooms/{{room}}"): {200: Example(_KITCHEN)},
    ("PUT", f"{_FLATS}/{{flat}}/rooms/{{room}}"): {
        200: Example(_KITCHEN, body={"id": "kitchen", "description": "New kitchen"}),
        Code.BAD_BODY: Example(_KITCHEN, body={"id": "other"}),
        Code.NOT_FOUND: Example({"flat": "flat2", "room": "kitchen"}, body={"id": "kitchen"}),
        Code.DUPLICATE_ID: Example(_KITCHEN, body={"id": "kitchen", "walls": [{"id": "wall_lobby_1"}]}),
        Code.BAD_VALUE: Example(_KITCHEN, body={"id": "kitchen", "description": _UNWRITABLE}),
    },
    ("DELETE", f"{_FLATS}/{{flat}}/rooms/{{room}}"): {
        204: Example({"flat": "flat_upstairs", "room": "attic"}),
        Code.IN_USE: Example(_KITCHEN),
        Code.BAD_VALUE: Example(_KITCHEN, query="force=maybe"),
    },
    ("GET", f"{_V1}/dog/configuration"): {200: Example()},
    ("PUT", f"{_V1}/dog/configuration"): {
        200: Example(body={"devices": [{"id": "new", "class": "SimpleLamp", "domoticSystem": "Modbus"}]}),
        Code.BAD_BODY: Example(body={"devices": [{"id": "new"}]}),
        Code.DUPLICATE_ID: Example(body={"devices": [{"id": "new", "class": "SimpleLamp"}] * 2}),
        Code.BAD_VALUE: Example(body={"devices": [{"id": "new", "class": "SimpleLamp", "description": _UNWRITABLE}]}),
    },
    ("GET", f"{_V1}/ping"): {200: Example()},
    ("GET", f"{_V1}/openapi.json"): {200: Example()},
    ("GET", "/health"): {200: Example()},
    ("GET", f"{_V1}/drivers"): {200: Example()},
    ("POST", f"{_V1}/drivers/{{driver}}/restart"): {
        200: Example({"driver": "modbus"}, body={"link": LAMP}),
        Code.BAD_BODY: Example({"driver": "modbus"}, body={"link": 5}),
        Code.NO_DRIVER: Example({"driver": "modbus"}, before=driverGone),
    },
    ("GET", f"{_V1}/drivers/{{driver}}/capture"): {
        200: Example({"driver": "modbus"}),
        Code.BAD_VALUE: Example({"driver": "modbus"}, query="seconds=soon"),
        Code.BUSY: Example({"driver": "modbus"}, before=noMoreCaptures),
    },
    ("GET", f"{_V1}/commands/{{command}}"): {200: Example({"command": "sent"}, before=sent)},
    ("GET", f"{_V1}/events"): {200: Example(query="after=1&limit=3"), Code.BUSY: _FULL_OF_STREAMS},
    ("GET", "/events"): {
        200: Example(query="after=99999"),
        Code.BAD_VALUE: Example(query="after=x"),
        Code.BUSY: _FULL_OF_STREAMS,
    },
    ("GET", f"{_V1}/tokens"): {200: Example()},
    ("POST", f"{_V1}/tokens"): {
        201: Example(body=_PANEL),
        Code.BAD_BODY: Example(body={"name": "", "role": "user"}),
        Code.DUPLICATE_ID: Example(body={"name": "admin", "role": "user"}),
        Code.BAD_VALUE: Example(body={"name": "x", "role": "admin", "view": {"rooms": ["kitchen"]}}),
        Code.STORAGE: Example(body=_PANEL, before=noDisk),
    },
    ("GET", f"{_V1}/tokens/{{token}}"): {200: Example(_TOKEN, before=oneToken)},
    ("DELETE", f"{_V1}/tokens/{{token}}"): {
        204: Example(_TOKEN, before=oneToken),
        Code.STORAGE: Example(_TOKEN, before=noDisk),
    },
    ("GET", _INBOX): {200: Example(before=searching)},
    ("GET", f"{_INBOX}/{{candidate}}"): {200: Example(_SEVEN, before=offered)},
    ("DELETE", f"{_INBOX}/{{candidate}}"): {204: Example(_SEVEN, before=offered)},
    ("POST", f"{_INBOX}/{{candidate}}/adopt"): {
        201: Example(_SEVEN, body={"id": "button", "isIn": "lobby"}, before=offered),
        Code.BAD_BODY: Example(_SEVEN, body={"id": ""}, before=offered),
        Code.BAD_VALUE: Example(_SEVEN, body={"class": "Unheard"}, before=offered),
        Code.DUPLICATE_ID: Example(_SEVEN, body={"id": LAMP}, before=offered),
        Code.IN_USE: Example(_SEVEN, before=alreadyHome),
        Code.STORAGE: Example(_SEVEN, before=offeredAndGone),
    },
    ("POST", f"{_INBOX}/{{candidate}}/ignore"): {200: Example(_SEVEN, before=offered)},
    ("POST", f"{_INBOX}/{{candidate}}/offer"): {200: Example(_SEVEN, before=offered)},
    ("GET", f"{_INBOX}/search"): {200: Example(before=searching)},
    ("POST", f"{_INBOX}/search"): {
        201: Example(body={"driver": "modbus", "seconds": 5}, before=offered),
        Code.BAD_BODY: Example(body={"seconds": 0.5}, before=offered),
        Code.BAD_VALUE: Example(body={"how": "loudly"}),
        Code.NO_DRIVER: Example(before=noLinks),
        Code.UNREACHABLE: Example(body={"gateway": "Lamp_dead"}, before=offered),
        Code.BUSY: Example(before=searching),
    },
    ("GET", f"{_INBOX}/search/{{search}}"): {200: Example({"search": "1"}, before=searching)},
    ("DELETE", f"{_INBOX}/search/{{search}}"): {204: Example({"search": "1"}, before=searching)},
    ("GET", "/metrics"): {200: Example()},
    ("GET", "/admin/system/bundlemanager/bundles"): {200: Example()},
    ("GET", "/admin/system/bundlemanager/bundles/statistics"): {200: Example()},
    ("GET", "/admin/framework/memory/runtime"): {200: Example()},
    ("GET", "/admin/framework/memory/free"): {200: Example()},
    ("GET", "/admin/framework/memory/used"): {200: Example()},
    ("GET", "/admin/framework/devices/statistics"): {200: Example()},
    ("GET", f"{_V1}/admin/audit"): {
        200: Example(before=told),
        Code.BAD_VALUE: Example(query="limit=0"),
        Code.STORAGE: Example(before=noLog),
    },
    ("POST", "/admin/reload"): {200: Example()},
    ("POST", f"{_V1}/admin/reload"): {200: Example()},
    ("POST", f"{_V1}/admin/backup"): {200: Example(), Code.STORAGE: Example(before=unreadable)},
}


def general(outcome: Outcome, done: Example) -> Example | None:
    """What leads to this outcome wherever it is documented, made from the request that succeeds.

    None where it depends on the operation.
    """
    headers = dict(done.headers)
    if outcome == 304:
        return replace(done, headers={**headers, "If-None-Match": "*"})
    if outcome is Code.BAD_JSON:
        return replace(done, body=b'{"value":')
    if outcome is Code.UNAUTHORIZED:
        return replace(done, headers={**headers, "Authorization": "Bearer dog_wrong"})
    if outcome is Code.FORBIDDEN:
        return replace(done, who=GUEST)
    if outcome is Code.NOT_FOUND:
        return replace(done, ids=dict.fromkeys(done.ids, "nope"))
    if outcome is Code.NOT_ACCEPTABLE:
        return replace(done, headers={**headers, "Accept": "audio/ogg"})
    if outcome is Code.PRECONDITION_FAILED:
        return replace(done, headers={**headers, "If-Match": '"seen before"'})
    if outcome is Code.TOO_LARGE:
        return replace(done, body=b'"' + b"x" * MAX_BODY + b'"')
    if outcome is Code.UNSUPPORTED_MEDIA_TYPE:
        return replace(done, body=b"<a/>", headers={**headers, "Content-Type": "text/html"})
    if outcome is Code.BAD_VALUE and done.body is None:
        return replace(done, query=f"profile=none&{done.query}")
    if outcome is Code.STORAGE:
        return replace(done, before=fileGone)
    return None


def exampleOf(operation: Operation, outcome: Outcome) -> Example | None:
    """The example of an outcome of an operation: its own, or the general one."""
    own = EXAMPLES.get(operation, {})
    if outcome in own:
        return own[outcome]
    done = next((each for status, each in own.items() if isinstance(status, int) and status < 300), None)
    return None if done is None else general(outcome, done)


def variants(example: Example) -> list[Example]:
    """A request that succeeds, in every form that its answer has."""
    found = [example]
    for query in ("detail=full", *(f"profile={each.value}" for each in Profile)):
        found.append(replace(example, query="&".join(filter(None, (example.query, query)))))
    return found
