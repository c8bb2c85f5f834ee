"""What a client has subscribed to, so that it can be asked for again on the next connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

#: Every notification.
ALL = "*"


class Wanted:
    """Follows the rules of websocket-api.md: a scope is all devices (None) or one device; removing a name under C{*}
    excludes it, subscribing to it again ends the exclusion, removing C{*} removes everything of that scope.
    """

    def __init__(self) -> None:
        self._names: dict[str | None, dict[str, None]] = {}
        self._excluded: dict[str | None, dict[str, None]] = {}

    def add(self, scope: str | None, names: Iterable[str]) -> None:
        for name in names:
            self._excluded.get(scope, {}).pop(name, None)
            self._names.setdefault(scope, {})[name] = None

    def remove(self, scope: str | None, name: str) -> None:
        if name == ALL:
            self._names.pop(scope, None)
            self._excluded.pop(scope, None)
            return
        names = self._names.get(scope, {})
        names.pop(name, None)
        if ALL in names:
            self._excluded.setdefault(scope, {})[name] = None
        elif not names:
            self._names.pop(scope, None)

    def scopes(self) -> Iterator[tuple[str | None, list[str], list[str]]]:
        """(scope, names, excluded names), in the order in which they came."""
        for scope, names in self._names.items():
            yield scope, list(names), list(self._excluded.get(scope, ()))

    def requests(self) -> Iterator[tuple[str, str, Any]]:
        """(action, endPoint, parameters) of the requests that bring it all about on a new connection, in order."""
        for scope, names, excluded in self.scopes():
            yield subscription(scope, names)
            for name in excluded:
                yield unsubscription(scope, name)


def subscription(
    scope: str | None, names: Iterable[str], more: Mapping[str, Any] | None = None
) -> tuple[str, str, dict[str, Any]]:
    """The request that subscribes to C{names}. C{more}: further fields of its body."""
    return "POST", _path(scope), {"notifications": list(names), **(more or {})}


def unsubscription(scope: str | None, name: str) -> tuple[str, str, None]:
    """The request that unsubscribes from C{name}."""
    return "DELETE", f"{_path(scope)}/{quote(name, safe='*')}", None


def _path(scope: str | None) -> str:
    device = "" if scope is None else f"/{quote(scope, safe='')}"
    return f"/api/v1/subscriptions/devices{device}/notifications"
