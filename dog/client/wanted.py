"""What a client has subscribed to, so that it can be asked for again on the next connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard
from urllib.parse import quote

#: Every notification.
ALL = "*"

#: A device, or None for all of them.
Scope = str | None


@dataclass(frozen=True, slots=True)
class Only:
    """What a subscription is narrowed to. In the lists C{*} stands for anything; None: no matter which.

    @ivar rooms: rooms or flats, by id.
    @ivar classes: device classes, with those derived from them.
    @ivar minInterval: seconds: of each measurement at most one in that time; 0: every one.
    """

    devices: tuple[str, ...] | None = None
    rooms: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None
    minInterval: float = 0.0

    @classmethod
    def of(
        cls,
        devices: str | Iterable[str] | None = None,
        rooms: str | Iterable[str] | None = None,
        classes: str | Iterable[str] | None = None,
        minInterval: float = 0.0,
    ) -> Only:
        """As a client's user says it: one name, or several."""
        return cls(_names(devices), _names(rooms), _names(classes), minInterval)

    @property
    def filter(self) -> tuple[Any, ...]:
        """What the gateway tells subscriptions of one scope apart by."""
        return self.devices, self.rooms, self.classes

    def body(self) -> dict[str, Any]:
        """The fields of a subscription that say so."""
        lists = {"devices": self.devices, "rooms": self.rooms, "classes": self.classes}
        found: dict[str, Any] = {name: list(value) for name, value in lists.items() if value is not None}
        return found | ({"minInterval": self.minInterval} if self.minInterval else {})


EVERYTHING = Only()


def _names(value: str | Iterable[str] | None) -> tuple[str, ...] | None:
    return value if value is None else (value,) if isinstance(value, str) else tuple(value)


@dataclass(slots=True)
class _Wish:
    only: Only
    names: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Uttered:
    """A wish on its way to the gateway.

    @ivar again: utters it once more.
    """

    again: Callable[[], None]
    answered: bool = False


class Wanted:
    """Follows the rules of websocket-api.md: a scope is all devices or one; removing a name under C{*} excludes it,
    subscribing to it again ends the exclusion, removing C{*} removes everything of that scope.

    Of each scope it keeps the wishes and exclusions that still matter, in the order in which they were uttered:
    uttered again, they come to the same.
    """

    def __init__(self) -> None:
        self._steps: dict[Scope, list[_Wish | str]] = {}
        # Since the first wish that is not answered: what was uttered, and what was wanted before that.
        self._open: list[Uttered] = []
        self._before: dict[Scope, list[_Wish | str]] = {}

    def add(self, scope: Scope, names: Iterable[str], only: Only = EVERYTHING) -> Uttered:
        """A wish: to be given to L{settle} once it is answered, or to L{drop} where it is refused."""
        wished = list(names)
        if not self._open:
            self._before = _copyOf(self._steps)
        return self._utter(Uttered(lambda: self._add(scope, wished, only)))

    def remove(self, scope: Scope, name: str) -> None:
        """From everything of that scope: the gateway is not told of which."""
        if self._open:
            self._utter(Uttered(lambda: self._remove(scope, name), answered=True))
        else:
            self._remove(scope, name)

    def settle(self, uttered: Uttered) -> None:
        """It is answered, or never will be."""
        uttered.answered = True
        if all(each.answered for each in self._open):
            self._open = []

    def drop(self, uttered: Uttered) -> None:
        """It was refused: everything is as if it had never been uttered."""
        if uttered not in self._open:
            return
        self._open.remove(uttered)
        self._steps = _copyOf(self._before)
        for each in self._open:
            each.again()
        self.settle(uttered)

    def _utter(self, uttered: Uttered) -> Uttered:
        self._open.append(uttered)
        uttered.again()
        return uttered

    def _add(self, scope: Scope, names: Iterable[str], only: Only) -> None:
        wished = dict.fromkeys(names)
        steps = self._steps.setdefault(scope, [])
        for each in steps:
            if isinstance(each, _Wish) and each.only.filter == only.filter and each.only != only:
                self._take(each, each.names if ALL in wished else wished)  # of two intervals the later counts
        ended = {each for each in steps if isinstance(each, str) and (each in wished or ALL in wished)}
        target: _Wish | None = None
        rest: list[_Wish | str] = []
        for step in steps:
            if isinstance(step, _Wish) and step.only == only:
                target = step
            elif isinstance(step, str) and step in ended:
                if not any(_isAll(each) and each.only.filter != only.filter for each in rest):
                    continue
                if target is not None:  # it would be left out again
                    self._take(target, wished)
                    target = None
            rest.append(step)
        if target is None:
            target = _Wish(only)
            rest.append(target)
        target.names.update(wished)
        self._keep(scope, rest)

    def _remove(self, scope: Scope, name: str) -> None:
        if name == ALL:
            self._steps.pop(scope, None)
            return
        steps = [each for each in self._steps.get(scope, ()) if each != name]
        for each in steps:
            if isinstance(each, _Wish):
                self._take(each, (name,))
        self._keep(scope, [*steps, name])

    def has(self, scope: Scope, filter: tuple[Any, ...]) -> bool:
        """Whether anything is wanted of that scope and filter."""
        steps = self._steps.get(scope, ())
        return any(isinstance(each, _Wish) and each.only.filter == filter for each in steps)

    def steps(self) -> Iterator[tuple[Scope, list[str], Only] | tuple[Scope, str]]:
        """What brings it all about on a new connection, in order: (scope, names, only) to subscribe to, or
        (scope, name) to leave out.
        """
        for scope, steps in self._steps.items():
            for each in steps:
                yield (scope, each) if isinstance(each, str) else (scope, list(each.names), each.only)

    def requests(self) -> Iterator[tuple[str, str, Any]]:
        """The same as (action, endPoint, parameters)."""
        for scope, what, *only in self.steps():
            yield unsubscription(scope, what) if isinstance(what, str) else subscription(scope, what, only[0].body())

    def _take(self, wish: _Wish, names: Iterable[str]) -> None:
        for name in list(names):
            wish.names.pop(name, None)

    def _keep(self, scope: Scope, steps: list[_Wish | str]) -> None:
        """Keep what matters: a wish that names something, an exclusion from something."""
        kept: list[_Wish | str] = []
        for each in steps:
            if isinstance(each, _Wish) and each.names:
                kept.append(each)
            elif isinstance(each, str) and any(map(_isAll, kept)):
                kept.append(each)
        if kept:
            self._steps[scope] = kept
        else:
            self._steps.pop(scope, None)


def _copyOf(all: Mapping[Scope, list[_Wish | str]]) -> dict[Scope, list[_Wish | str]]:
    return {
        scope: [each if isinstance(each, str) else _Wish(each.only, dict(each.names)) for each in steps]
        for scope, steps in all.items()
    }


def _isAll(step: _Wish | str) -> TypeGuard[_Wish]:
    return isinstance(step, _Wish) and ALL in step.names


def subscription(
    scope: Scope, names: Iterable[str], more: Mapping[str, Any] | None = None
) -> tuple[str, str, dict[str, Any]]:
    """The request that subscribes to C{names}. C{more}: further fields of its body."""
    return "POST", _path(scope), {"notifications": list(names), **(more or {})}


def unsubscription(scope: Scope, name: str) -> tuple[str, str, None]:
    """The request that unsubscribes from C{name}."""
    return "DELETE", f"{_path(scope)}/{quote(name, safe='*')}", None


def _path(scope: Scope) -> str:
    device = "" if scope is None else f"/{quote(scope, safe='')}"
    return f"/api/v1/subscriptions/devices{device}/notifications"
