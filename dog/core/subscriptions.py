"""Who wants which notification: indexed so that an event costs only those who want it.

Rules of websocket-api.md, "Subscribe" and "Unsubscribe". A scope is all devices (None) or one device; each
stands for itself, and an event that matches in any of them is delivered once. Within a scope a subscription may be
narrower (L{Filter}) or slower (at most one measurement in an interval).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from dog.core.events import Event, Kind
from dog.core.filters import EVERY, Filter, Traits
from dog.model.device import Device
from dog.model.home import Home
from dog.model.refusal import Code, Refusal

#: What one client may subscribe to, so that neither it nor an event costs without bound: narrower or slower
#: subscriptions, globs in all of them together, and names, wanted or excluded, in all scopes together.
MAX_NARROW = 1000
MAX_GLOBS = 5000
MAX_NAMES = 50_000

#: Every notification.
ALL = "*"

#: Every change of a discrete state, whatever class tells it (the old library's name for it).
STATE_CHANGE = "StateChangeNotification"

Client = Hashable
Scope = str | None


@dataclass(slots=True, eq=False)
class _Narrow:
    """Names that a client wants of some devices, or not too often.

    @ivar interval: seconds between measurements; 0: every one.
    @ivar excluded: names that were removed under L{ALL}.
    """

    scope: Scope
    filter: Filter
    interval: float
    names: set[str] = field(default_factory=set)
    excluded: set[str] = field(default_factory=set)

    def covers(self, id: str | None, about: Traits | None) -> bool:
        if self.scope not in (None, id):
            return False
        return self.filter == EVERY or (about is not None and self.filter.matches(about))

    def wants(self, names: Iterable[str]) -> bool:
        if not self.names.isdisjoint(names):
            return True
        return ALL in self.names and self.excluded.isdisjoint(names)


class Subscriptions:
    """Subscriptions of clients. A client is any hashable; it is told once per event."""

    def __init__(self) -> None:
        self._home = Home()
        self._wanted: dict[tuple[Scope, str], dict[Client, None]] = {}
        self._excluded: dict[tuple[Scope, str], set[Client]] = {}
        self._keys: dict[Client, set[tuple[Scope, str]]] = {}
        self._narrow: dict[Client, list[_Narrow]] = {}
        self._followers: dict[Client, None] = {}
        self._scopes: dict[Client, frozenset[Scope]] = {}  # of its keys, until they change
        # What the narrow ones come to, by device and names, until one of them or the home changes.
        self._found: dict[tuple[str | None, tuple[str, ...]], dict[Client, float]] = {}

    def __len__(self) -> int:
        """How many clients have a subscription or an exclusion."""
        return len(self._keys.keys() | self._narrow.keys())

    def apply(self, home: Home) -> None:
        """Filters go by this home from now on."""
        self._home = home
        self._found.clear()

    # -- what is wanted -----------------------------------------------------------------------------------

    def subscribe(
        self, client: Client, scope: Scope, names: Iterable[str], filter: Filter = EVERY, interval: float = 0.0
    ) -> None:
        """Want notifications. Twice is the same as once; of two intervals for the same thing the later counts.

        @param names: notification classes, L{ALL} or L{STATE_CHANGE}. L{ALL} ends the exclusions that there were.
        @param filter: of which devices.
        @param interval: seconds between measurements of one thing; 0: every one.
        @raise Refusal: C{bad_body}, nothing having changed, where that would be more than one client may have.
        """
        names = set(names)
        plain = filter == EVERY and not interval
        self._bound(client, scope, names, None if plain else (filter, interval))
        if ALL in names:
            self._clear(client, scope, filter)
        for name in names:
            self._discard(client, scope, filter, name)
            if plain:
                self._wanted.setdefault((scope, name), {})[client] = None
                self._keys.setdefault(client, set()).add((scope, name))
                self._scopes.pop(client, None)
        if names and not plain:
            self._record(client, scope, filter, interval).names |= names
        # What is wanted at an interval of its own is no matter of the star any more.
        for name in names - {ALL}:
            if not plain and filter == EVERY:
                self._exclude(client, (scope, name))
            for each in self._records(client, scope, filter):
                if each.interval != interval and ALL in each.names:
                    each.excluded.add(name)
        self._settle(client)

    def unsubscribe(self, client: Client, scope: Scope, names: Iterable[str]) -> None:
        """Remove names from a scope; under L{ALL} a name is excluded; L{ALL} removes the whole scope.

        @raise Refusal: C{bad_body}, nothing having changed, where a client would have more exclusions than it may.
        """
        names = tuple(names)
        if ALL not in names:
            self._bound(client, scope, set(names), None)
        for name in names:
            if name == ALL:
                self._clear(client, scope)
                continue
            self._discard(client, scope, None, name)
            self._exclude(client, (scope, name))
            for each in self._records(client, scope):
                if ALL in each.names:
                    each.excluded.add(name)
        self._settle(client)

    def follow(self, client: Client, yes: bool = True) -> None:
        """Be told, or not any more, of what is no notification: of the devices that something is subscribed to of, and
        of the house where that is all devices.
        """
        if yes:
            self._followers[client] = None
        else:
            self._followers.pop(client, None)

    def drop(self, client: Client) -> None:
        """The client is gone, and everything of it."""
        self._followers.pop(client, None)
        for key in list(self._keys.get(client, ())):
            self._remove(client, key)
        self._scopes.pop(client, None)
        if self._narrow.pop(client, None) is not None:
            self._found.clear()

    def _bound(self, client: Client, scope: Scope, names: set[str], narrow: tuple[Filter, float] | None) -> None:
        """Refuse names that come to more than one client may have. C{narrow}: filter and interval, if they matter."""
        keys, records = self._keys.get(client, set()), self._narrow.get(client, [])
        new = {name for name in names if (scope, name) not in keys}
        count = len(keys) + sum(len(each.names | each.excluded) for each in records)
        for each in records:
            if each.scope == scope and narrow in (None, (each.filter, each.interval)):
                new -= each.names | each.excluded
        if new and count + len(new) > MAX_NAMES:
            raise Refusal(Code.BAD_BODY, f"one client has at most {MAX_NAMES} names in its subscriptions")
        if narrow is None or any((each.scope, each.filter, each.interval) == (scope, *narrow) for each in records):
            return
        if len(records) >= MAX_NARROW:
            raise Refusal(
                Code.BAD_BODY, f"one client has at most {MAX_NARROW} subscriptions with a filter or interval"
            )
        if sum(each.filter.size for each in records) + narrow[0].size > MAX_GLOBS:
            message = f"the filters of one client hold at most {MAX_GLOBS} names of devices, rooms and classes"
            raise Refusal(Code.BAD_BODY, message)

    def _records(self, client: Client, scope: Scope, filter: Filter | None = None) -> list[_Narrow]:
        """The narrow ones of a scope; with C{filter}: of that filter only."""
        records = self._narrow.get(client, ())
        return [each for each in records if each.scope == scope and filter in (None, each.filter)]

    def _record(self, client: Client, scope: Scope, filter: Filter, interval: float) -> _Narrow:
        for each in self._records(client, scope, filter):
            if each.interval == interval:
                return each
        made = _Narrow(scope, filter, interval)
        self._narrow.setdefault(client, []).append(made)
        return made

    def _clear(self, client: Client, scope: Scope, filter: Filter | None = None) -> None:
        if filter in (None, EVERY):
            for key in [each for each in self._keys.get(client, ()) if each[0] == scope]:
                self._remove(client, key)
        for each in self._records(client, scope, filter):
            each.names.clear()
            each.excluded.clear()

    def _discard(self, client: Client, scope: Scope, filter: Filter | None, name: str) -> None:
        """Neither wanted nor excluded by name any more."""
        if filter in (None, EVERY):
            self._remove(client, (scope, name))
        for each in self._records(client, scope, filter):
            each.names.discard(name)
            each.excluded.discard(name)

    def _exclude(self, client: Client, key: tuple[Scope, str]) -> None:
        """Keep a name out of the plain L{ALL} of its scope, if that is wanted."""
        if client in self._wanted.get((key[0], ALL), ()):
            self._excluded.setdefault(key, set()).add(client)
            self._keys.setdefault(client, set()).add(key)
            self._scopes.pop(client, None)

    def _settle(self, client: Client) -> None:
        """Forget what is empty, and what was found before."""
        records = self._narrow.get(client)
        if records is None:
            return
        records[:] = [each for each in records if each.names]
        if not records:
            del self._narrow[client]
        self._found.clear()

    def _remove(self, client: Client, key: tuple[Scope, str]) -> None:
        self._scopes.pop(client, None)
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

    # -- who is told --------------------------------------------------------------------------------------

    def wanting(self, event: Event) -> list[Client]:
        """The clients that are told of this event, each once, in order of subscription."""
        names = _names(event)
        if not names:
            return [each for each in self._followers if self._following(each, event) is not None]
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
        if self._narrow:
            found.update(dict.fromkeys(self._narrowly(event.device, names)))
        return list(found)

    def interval(self, client: Client, event: Event) -> float | None:
        """The seconds that must lie between measurements like this one for this client: the least of what it has
        subscribed to; 0 for none; None where it does not want the event.
        """
        names = _names(event)
        if not names:
            return self._following(client, event) if client in self._followers else None
        for scope in (None, event.device):
            keys = [(scope, name) for name in names]
            if any(client in self._wanted.get(key, ()) for key in keys):
                return 0.0
            if client in self._wanted.get((scope, ALL), ()):
                if not any(client in self._excluded.get(key, ()) for key in keys):
                    return 0.0
        return self._narrowly(event.device, names).get(client) if self._narrow else None

    def covers(self, client: Client, device: Device) -> bool:
        """Whether the client has subscribed to anything of this device."""
        if any(scope in (None, device.id) for scope, _ in self._keys.get(client, ())):
            return True
        records = self._narrow.get(client)
        if not records:
            return False
        about = Traits.of(device, self._home)
        return any(each.covers(device.id, about) for each in records)

    def paced(self, client: Client) -> bool:
        """Whether any L{interval} of the client can be other than 0."""
        return any(each.interval for each in self._narrow.get(client, ()))

    def _following(self, client: Client, event: Event) -> float | None:
        """As L{interval}, for what is no notification."""
        scopes = self._scopes.get(client)
        if scopes is None:
            scopes = self._scopes[client] = frozenset(scope for scope, _ in self._keys.get(client, ()))
        if None in scopes or event.device in scopes:
            return 0.0
        return self._narrowly(event.device, ()).get(client) if self._narrow else None

    def _narrowly(self, device: str | None, names: tuple[str, ...]) -> Mapping[Client, float]:
        found = self._found.get((device, names))
        if found is None:
            found = self._found[device, names] = {}
            described = None if device is None else self._home.devices.get(device)
            about = None if described is None else Traits.of(described, self._home)
            for client, records in self._narrow.items():
                fitting = [
                    each.interval
                    for each in records
                    if (not names or each.wants(names)) and each.covers(device, about)
                ]
                if fitting:
                    found[client] = min(fitting)
        return found


def _names(event: Event) -> tuple[str, ...]:
    """The names under which an event can be wanted; none where it is no notification."""
    if event.kind is not Kind.NOTIFICATION or event.notification is None:
        return ()
    return (event.notification.cls, STATE_CHANGE) if event.stateChange else (event.notification.cls,)
