"""Which notifications a WebSocket client is told of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dog.api.call import Answer, Call
from dog.api.routes import Door, On, route
from dog.api.shapes import Maybe, Shape
from dog.core.subscriptions import ALL, STATE_CHANGE, Subscriptions
from dog.model.catalogue import catalogue
from dog.model.rights import Right

REGISTERED = {"result": "Registration completed successfully"}
UNREGISTERED = {"result": "Unregistration completed successfully"}

#: The keys under which names stand in an object.
_KEYS = ("notifications", "notification")


class Wanted(Shape):
    """Names of notifications, in every form in which clients send them; checked into a tuple of names.

    C{"*"}, C{""}, null: everything. A text: one. A list: several. An object holds any of these under C{notifications},
    perhaps one object deeper.
    """

    expected = 'a name, a list of names, or {"notifications": [names]}'

    def check(self, value: Any, path: str = "") -> tuple[str, ...]:
        if isinstance(value, dict):
            return self._object(value, path)
        return self._names(value, path)

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
        for index, name in enumerate(value):
            # A text that begins like JSON and is none is no name that nobody knows, but a broken list.
            if not isinstance(name, str) or name.lstrip().startswith(("{", "[")):
                self.wrong(name, f"{path}/{index}" if len(value) > 1 else path, "the name of a notification")
        return tuple(name or ALL for name in value)


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
def subscribe(call: Call, subscriptions: Subscriptions) -> Answer:
    """Be told of notifications, of one device or of all."""
    names, unknown = resolve((ALL,) if call.body is None else call.body)
    subscriptions.subscribe(_client(call), call.params.get("device"), names)
    return Answer(response=REGISTERED, warnings=(*_unknownDevice(call), *unknown))


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
    names, unknown = resolve((call.params["notification"],))
    subscriptions.unsubscribe(_client(call), call.params.get("device"), names)
    return Answer(response=UNREGISTERED, warnings=(*_unknownDevice(call), *unknown))


def resolve(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What names mean: notification classes (L{ALL} and L{STATE_CHANGE} among them), and warnings of unknown names.

    An unknown name stays among the classes, as itself: it does no harm there.
    """
    found: dict[str, None] = {}
    warnings: dict[str, None] = {}
    for name in names:
        classes = tuple(_classes(name))
        if not classes:
            warnings[f"unknown notification {name!r}"] = None
        found.update(dict.fromkeys(classes or (name,)))
    return tuple(found), tuple(warnings)


def _classes(name: str) -> Iterator[str]:
    """The first that knows the name: class, old name, functionality, notificationName."""
    if name in (ALL, STATE_CHANGE):
        yield name
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


def _unknownDevice(call: Call) -> tuple[str, ...]:
    device = call.params.get("device")
    if device is None or call.house.device(device) is not None:
        return ()
    return (f"unknown device {device!r}",)
