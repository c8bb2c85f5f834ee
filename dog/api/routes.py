"""The table: every resource of the API, once, for both doors and for openapi.json."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from dog.api.call import Media
from dog.core.core import Core
from dog.core.visibility import House
from dog.model.refusal import Code
from dog.model.rights import Right


class On(StrEnum):
    """What the right is asked on."""

    HOUSE = "house"
    DEVICE = "device"  # the path's {device}; one that the principal can't see is 404
    NOTHING = "nothing"  # open to everybody: ping, openapi.json, health


class Door(StrEnum):
    """Where a route can be reached."""

    BOTH = "both"
    HTTP = "http"
    WEBSOCKET = "websocket"


#: (house, the path's parameters, core) -> what an answer follows from.
Version = Callable[[House, Mapping[str, str], Core], tuple[object, ...]]


@dataclass(frozen=True)
class Route:
    """One method on one path.

    @ivar path: C{/devices/{device}/status}, relative to C{root}; literal segments win over parameters.
    @ivar also: another method that means the same (POST for commands; deprecated).
    @ivar body: the body's shape (L{dog.api.shapes}), or None where none is taken.
    @ivar answers: status -> shape of the body (None: empty).
    @ivar media: what GET can answer with, the default first.
    @ivar takes: media types of the body.
    @ivar version: of a GET without a query: what its answer follows from; as long as these are the same objects, the
        answer is the same. None: it has to be asked each time.
    @ivar refuses: codes beside those every route can answer with.
    @ivar audited: whether looking at it is something to tell of (L{dog.live.audit}).
    """

    method: str
    path: str
    call: Callable[..., Any]
    right: Right
    on: On
    root: str = "/api/v1"
    also: str | None = None
    body: Any = None
    answers: Mapping[int, Any] = field(default_factory=dict)
    media: tuple[Media, ...] = (Media.JSON,)
    takes: tuple[Media, ...] = (Media.JSON,)
    refuses: tuple[Code, ...] = ()
    query: tuple[str, ...] = ()
    door: Door = Door.BOTH
    summary: str = ""
    version: Version | None = None
    audited: bool = False

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(each for each in (self.root + self.path).split("/") if each)

    @property
    def ports(self) -> tuple[str, ...]:
        """The names of the ports the resource asks for: its parameters after the call."""
        return tuple(inspect.signature(self.call).parameters)[1:]


def route(
    method: str,
    path: str,
    *,
    right: Right,
    on: On,
    **more: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a function as a resource. C{right} and C{on} have no default: an unprotected route can't be written.

    The function takes the L{dog.api.call.Call} and then the ports it needs, by name; its docstring's first line is
    the summary.
    """

    def mark(call: Callable[..., Any]) -> Callable[..., Any]:
        summary = (inspect.getdoc(call) or "").split("\n", 1)[0]
        found = Route(method, path, call, right, on, summary=summary, **more)
        call.__dict__.setdefault("routes", []).append(found)
        return call

    return mark


def routesOf(modules: Iterable[Any]) -> list[Route]:
    """Every route of these modules, in order of definition."""
    found: list[Route] = []
    for module in modules:
        for value in vars(module).values():
            if callable(value) and getattr(value, "__module__", None) == module.__name__:
                found.extend(getattr(value, "routes", ()))
    return found


@dataclass(frozen=True, slots=True)
class Match:
    """What a path leads to: methods -> route, and the parameters."""

    methods: Mapping[str, Route]
    params: Mapping[str, str]


class Table:
    """Finds routes by path. Literal segments win over parameters, at every level."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._root = _Node()
        for each in self.routes:
            node = self._root
            for segment in each.segments:
                node = node.child(segment)
            for method in filter(None, (each.method, each.also)):
                if method in node.methods:
                    raise ValueError(f"two routes for {method} {each.root}{each.path}")
                node.methods[method] = each

    def match(self, path: tuple[str, ...]) -> Match | None:
        """The route of a path; None where nothing is."""
        return self._match(self._root, path, {})

    def _match(self, node: _Node, path: tuple[str, ...], params: dict[str, str]) -> Match | None:
        if not path:
            return Match(node.methods, params) if node.methods else None
        literal = node.literals.get(path[0])
        if literal is not None:
            found = self._match(literal, path[1:], params)
            if found is not None:
                return found
        for name, child in node.params.items():
            found = self._match(child, path[1:], {**params, name: path[0]})
            if found is not None:
                return found
        return None


class _Node:
    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.params: dict[str, _Node] = {}
        self.methods: dict[str, Route] = {}

    def child(self, segment: str) -> _Node:
        if segment.startswith("{"):
            return self.params.setdefault(segment[1:-1], _Node())
        return self.literals.setdefault(segment, _Node())
