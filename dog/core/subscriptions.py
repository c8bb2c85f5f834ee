"""Who wants which notification: indexed so that an event costs only those who want it.

Rules of websocket-api.md, "Subscribe" and "Unsubscribe". A scope is all devices (None) or one device; each
stands for itself, and an event that matches in any of them is delivered once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from dog.core.events import Event, Kind

#: Every notification.
ALL = "*"

#: Every change of a discrete state, whatever class tells it (the old library's name for it).
STATE_CHANGE = "StateChangeNotification"

Client = Hashable
Scope = str | None


class Subscriptions:
    """Subscriptions of clients. A client is any hashable; it is told once per event."""

    def __init__(self) -> None:
        self._wanted: dict[tuple[Scope, str], dict[Client, None]] = {}
        self._excluded: dict[tuple[Scope, str], set[Client]] = {}
        self._keys: dict[Client, set[tuple[Scope, str]]] = {}

    def __len__(self) -> int:
        """How many clients have a subscription or an exclusion."""
        return len(self._keys)

    def subscribe(self, client: Client, scope: Scope, names: Iterable[str]) -> None:
        """C{names}: notification classes, L{ALL} or L{STATE_CHANGE}. Twice is the same as once."""
        for name in names:
            key = (scope, name)
            excluded = self._excluded.get(key)
            if excluded is not None:
                excluded.discard(client)
                if not excluded:
                    del self._excluded[key]
            self._wanted.setdefault(key, {})[client] = None
            self._keys.setdefault(client, set()).add(key)

    def unsubscribe(self, client: Client, scope: Scope, names: Iterable[str]) -> None:
        """Remove names from a scope; under L{ALL} a name is excluded; L{ALL} removes the whole scope."""
        keys = self._keys.get(client, set())
        for name in names:
            if name == ALL:
                for key in [each for each in keys if each[0] == scope]:
                    self._remove(client, key)
            else:
                self._remove(client, (scope, name))
                if (scope, ALL) in keys and client in self._wanted.get((scope, ALL), ()):
                    self._excluded.setdefault((scope, name), set()).add(client)
                    self._keys.setdefault(client, set()).add((scope, name))

    def drop(self, client: Client) -> None:
        """The client is gone, and everything of it."""
        for key in list(self._keys.get(client, ())):
            self._remove(client, key)

    def _remove(self, client: Client, key: tuple[Scope, str]) -> None:
        wanted = self._wanted.get(key)
        if wanted is not None and client in wanted:
            del wanted[client]
            if not wanted:
                del self._wanted[key]
        excluded = self._excluded.get(key)
        if excluded is not None:
            excluded.discard(client)
            if not excluded:
                del self._excluded[key]
        keys = self._keys.get(client)
        if keys is not None:
            keys.discard(key)
            if not keys:
                del self._keys[client]

    def wanting(self, event: Event) -> list[Client]:
        """The clients that are told of this event, each once, in order of subscription."""
        if event.kind is not Kind.NOTIFICATION or event.notification is None:
            return []
        names = [event.notification.cls]
        if event.stateChange:
            names.append(STATE_CHANGE)
        found: dict[Client, None] = {}
        for scope in (None, event.device):
            for name in names:
                found.update(self._wanted.get((scope, name), {}))
            everything = self._wanted.get((scope, ALL))
            if everything:
                out: set[Client] = set()
                for name in names:
                    out |= self._excluded.get((scope, name), set())
                found.update(dict.fromkeys(each for each in everything if each not in out) if out else everything)
        return list(found)
