"""Which notifications a WebSocket client is told of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dog.api.call import Answer, Call
from dog.api.routes import Door, On, route
from dog.api.shapes import Maybe, Shape
from dog.api.views.event import isTold
from dog.api.ws.connection import snapshot
from dog.api.ws.envelope import RESUMING
from dog.api.ws.replay import Replay
from dog.core.core import Core
from dog.core.events import Event, Resume
from dog.core.filters import EVERY, Filter, fits
from dog.core.subscriptions import ALL, STATE_CHANGE, Subscriptions
from dog.model.catalogue import catalogue
from dog.model.refusal import Code, Refusal, quoted
from dog.model.rights import Right

REGISTERED = {"result": "Registration completed successfully"}
UNREGISTERED = {"result": "Unregistration completed successfully"}

#: The longest interval, in seconds: a day.
MAX_INTERVAL = 86_400.0

#: Names in one list of a body, and characters in one of them.
MAX_NAMES = 1000
MAX_NAME = 200

#: The keys under which names stand in an object.
_KEYS = ("notifications", "notification")

#: Every key of a subscription that is understood.
KEYS = (*_KEYS, "devices", "rooms", "classes", "minInterval", "snapshot", "since")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a subscription's body asks for.

    @ivar names: of notifications, as the client calls them.
    @ivar interval: seconds between measurements of one thing; 0: every one.
    @ivar since: epoch and cursor to go on from.
    @ivar unknown: keys that mean nothing here.
    """

    names: tuple[str, ...] = (ALL,)
    filter: Filter = EVERY
    interval: float = 0.0
    snapshot: bool = False
    since: tuple[str, int] | None = None
    unknown: tuple[str, ...] = ()


class Wanted(Shape):
    """A subscription's body, in every form in which clients send it; checked into a L{Wish}.

    C{"*"}, C{""}, null: everything. A text: one notification. A list: several. An object holds any of these under
    C{notifications}, perhaps one object deeper, and what this gateway adds: filters, minInterval, snapshot, since.
    Without C{notifications} the only field that means nothing else holds the list, whatever its name.
    """

    expected = 'a name, a list of names, or {"notifications": [names]}'

    def check(self, value: Any, path: str = "") -> Wish:
        if not isinstance(value, dict):
            return Wish(self._names(value, path))
        unknown = tuple(each for each in value if each not in KEYS)
        if unknown and not any(each in value for each in _KEYS):
            if len(unknown) > 1 or not isinstance(value[unknown[0]], (str, list)):
                self.wrong(value, path)
            value = {"notifications": value[unknown[0]], **{key: value[key] for key in value if key in KEYS}}
            unknown = ()
        filter = Filter(*(self._globs(value.get(each), f"{path}/{each}") for each in ("devices", "rooms", "classes")))
        return Wish(
            self._object(value, path),
            filter,
            self._interval(value.get("minInterval"), f"{path}/minInterval"),
            self._flag(value.get("snapshot"), f"{path}/snapshot"),
            self._since(value.get("since"), f"{path}/since"),
            unknown,
        )

    def _object(self, value: dict[str, Any], path: str) -> tuple[str, ...]:
        for key in _KEYS:
            if key in value:
                inner = value[key]
                if isinstance(inner, dict):
                    if len(inner) != 1:
                        self.wrong(inner, f"{path}/{key}", "an object with one key that holds the list")
                    [(name, inner)] = inner.items()
                    key = f"{key}/{name}"
                return self._names(inner, f"{path}/{key}")
        return (ALL,)

    def _names(self, value: Any, path: str) -> tuple[str, ...]:
        if value is None:
            return (ALL,)
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list):
            self.wrong(value, path)
        self._bound(value, path)
        for index, name in enumerate(value):
            # A text that begins like JSON and is none is no name that nobody knows, but a broken list.
            if not isinstance(name, str) or name.lstrip().startswith(("{", "[")):
                self.wrong(name, f"{path}/{index}" if len(value) > 1 else path, "the name of a notification")
        return tuple(name or ALL for name in value)

    def _globs(self, value: Any, path: str) -> tuple[str, ...] | None:
        if value is None:
            return None
        globs = [value] if isinstance(value, str) else value
        if not isinstance(globs, list) or not all(isinstance(each, str) for each in globs):
            self.wrong(value, path, "a list of names, in which * stands for anything")
        self._bound(globs, path)
        return None if ALL in globs else tuple(globs)

    def _bound(self, names: list[Any], path: str) -> None:
        if len(names) > MAX_NAMES or any(isinstance(each, str) and len(each) > MAX_NAME for each in names):
            self.wrong(names, path, f"at most {MAX_NAMES} names of at most {MAX_NAME} characters each")

    def _interval(self, value: Any, path: str) -> float:
        if value is None:
            return 0.0
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MAX_INTERVAL:
            self.wrong(value, path, f"seconds from 0 to {MAX_INTERVAL:g}")
        return float(value)

    def _flag(self, value: Any, path: str) -> bool:
        if value is not None and not isinstance(value, bool):
            self.wrong(value, path, "true or false")
        return bool(value)

    def _since(self, value: Any, path: str) -> tuple[str, int] | None:
        if value is None:
            return None
        expected = 'an object such as {"epoch": "5a1d7f", "cursor": 17}'
        if not isinstance(value, dict):
            self.wrong(value, path, expected)
        epoch, name = value.get("epoch"), "cursor" if value.get("cursor") is not None else "eventId"
        cursor = value.get(name)
        if not isinstance(epoch, str):
            self.wrong(epoch, f"{path}/epoch", "a text")
        if isinstance(cursor, bool) or not isinstance(cursor, int) or cursor < 0:
            self.wrong(cursor, f"{path}/{name}", "a whole number that is not negative")
        return epoch, cursor


BODY = Maybe(Wanted())


@route(
    "POST",
    "/subscriptions/devices/notifications",
    right=Right.VIEW,
    on=On.HOUSE,
    body=BODY,
    answers={200: None},
    door=Door.WEBSOCKET,
)
@route(
    "POST",
    "/subscriptions/devices/{device}/notifications",
    right=Right.VIEW,
    on=On.HOUSE,
    body=BODY,
    answers={200: None},
    door=Door.WEBSOCKET,
)
def subscribe(call: Call, core: Core, subscriptions: Subscriptions) -> Answer:
    """Be told of notifications, of one device or of all.

    All of it happens in one turn of the reactor: between the snapshot, or what is replayed, and the first live
    event nothing is lost and nothing told twice.
    """
    wish: Wish = Wish() if call.body is None else call.body
    connection, device = _client(call), _short(call, "device")
    names, unknown = resolve(wish.names)
    subscriptions.subscribe(connection, device, names, wish.filter, wish.interval)
    connection.shape = call.profile, call.full
    warnings = (*_unknownDevice(call), *unknown, *(f"unknown key {quoted(each)}" for each in wish.unknown))
    response: dict[str, Any] = dict(REGISTERED)
    if wish.snapshot or wish.since is not None:
        connection.features |= RESUMING
        # By itself: what is told again is what this subscription wants, whatever others there are.
        alone = Subscriptions()
        alone.apply(core.home)
        alone.follow(None, "events" in connection.features)
        alone.subscribe(None, device, names, wish.filter, wish.interval)
        response |= _catchUp(call, core, wish, alone)
    return Answer(response=response, warnings=warnings)


def _catchUp(call: Call, core: Core, wish: Wish, alone: Subscriptions) -> dict[str, Any]:
    """What a client is told so that it knows how things are, or what it has missed."""
    log = core.log
    connection = _client(call)
    found: dict[str, Any] = {"epoch": log.epoch, "eventId": log.lastId}
    fresh = wish.snapshot
    if wish.since is not None:
        epoch, cursor = wish.since
        resumed = log.resume(epoch, cursor)
        how = resumed.how
        if how is Resume.REPLAY:

            def wants(event: Event) -> float | None:
                return alone.interval(None, event) if isTold(event, call.house) else None

            replay = Replay(log, cursor, resumed.events, wants)
            if replay.any:
                connection.resume(replay)
                # Where it stands until the first of what follows.
                found["eventId"] = cursor
            else:
                how = Resume.COMPLETE
        found["resume"] = how.value
        if how is Resume.GAP:
            found["gap"] = {"epoch": log.epoch, "from": resumed.gapFrom, "to": resumed.gapTo}
            fresh = True
    connection.outbox.cursor.looked(log.lastId)
    if fresh:
        devices = (each for each in call.house.devices() if alone.covers(None, each))
        found |= snapshot(core, devices).json(call.profile, call.full)
    return found


@route(
    "DELETE",
    "/subscriptions/devices/notifications/{notification}",
    right=Right.VIEW,
    on=On.HOUSE,
    answers={200: None},
    door=Door.WEBSOCKET,
)
@route(
    "DELETE",
    "/subscriptions/devices/{device}/notifications/{notification}",
    right=Right.VIEW,
    on=On.HOUSE,
    answers={200: None},
    door=Door.WEBSOCKET,
)
def unsubscribe(call: Call, subscriptions: Subscriptions) -> Answer:
    """Not be told of a notification any more, of one device or of all."""
    names, unknown = resolve((_short(call, "notification") or ALL,))
    subscriptions.unsubscribe(_client(call), _short(call, "device"), names)
    return Answer(response=UNREGISTERED, warnings=(*_unknownDevice(call), *unknown))


def resolve(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What names mean: notification classes (L{ALL} and L{STATE_CHANGE} among them), and warnings of unknown names.

    In a name C{*} stands for anything; what it is compared with is the classes.

    An unknown name stays among the classes, as itself: it does no harm there.
    """
    found: dict[str, None] = {}
    warnings: dict[str, None] = {}
    for name in names:
        classes = tuple(_classes(name))
        if not classes:
            warnings[f"unknown notification {quoted(name)}"] = None
        found.update(dict.fromkeys(classes or (name,)))
    return tuple(found), tuple(warnings)


def _classes(name: str) -> Iterator[str]:
    """The first that knows the name: class, old name, functionality, notificationName."""
    if name in (ALL, STATE_CHANGE):
        yield name
        return
    if ALL in name:
        yield from (kind.cls for kind in catalogue().notifications() if fits((name,), (kind.cls,)))
        return
    current = catalogue().current("notifications", name)
    kind = None if current is None else catalogue().notification(current)
    if kind is not None:
        yield kind.cls
        return
    functionality = catalogue().functionality(f"{name}Functionality") or {}
    several = functionality.get("notifications", ())
    if len(several) > 1:
        yield from several
        return
    for each in catalogue().notificationsNamed(name):
        yield each.cls


def _client(call: Call) -> Any:
    assert call.request.connection is not None, "there are no subscriptions but on a WebSocket"
    return call.request.connection


def _short(call: Call, name: str) -> str | None:
    """What the path names, if it does; no longer than in a body."""
    value = call.params.get(name)
    if value is not None and len(value) > MAX_NAME:
        expected = f"at most {MAX_NAME} characters"
        raise Refusal(Code.BAD_BODY, f"{name}: expected {expected}", parameter=name, expected=expected)
    return value


def _unknownDevice(call: Call) -> tuple[str, ...]:
    device = call.params.get("device")
    if device is None or call.house.device(device) is not None:
        return ()
    return (f"unknown device {quoted(device)}",)
