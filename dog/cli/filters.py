"""Which devices and notifications a command is about: FILTER on the command line. Pure.

A filter is a glob (C{*}, C{?}, C{[...]}), in the case in which names are written. It is held against the device's id,
class and room, and with notifications against their class and name; C{id:}, C{class:}, C{room:} or C{notification:} in
front of it restricts it to one of these. Several filters: one that matches is enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

#: What the gateway narrows subscriptions by, and how it calls that.
_NARROWS = {"id": "devices", "class": "classes", "room": "rooms"}

#: The most that it takes of each, and characters of one.
_MOST, _LONGEST = 1000, 200

#: What a filter can be held against.
SUBJECTS = ("id", "class", "room", "notification")


@dataclass(frozen=True, slots=True)
class Subject:
    """Something a filter is held against. What is not known is empty."""

    id: str = ""
    cls: str = ""
    room: str = ""
    notifications: tuple[str, ...] = ()

    def names(self, subject: str | None) -> tuple[str, ...]:
        own = {"id": (self.id,), "class": (self.cls,), "room": (self.room,), "notification": self.notifications}
        found = own[subject] if subject else (self.id, self.cls, self.room, *self.notifications)
        return tuple(each for each in found if each)


class Filters:
    """What is let through. No filter at all lets everything through."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._globs = [_split(each) for each in texts]

    def __bool__(self) -> bool:
        """Is anything held back?"""
        return bool(self._globs)

    @property
    def narrows(self) -> list[dict[str, list[str]]]:
        """Subscriptions (C{devices}, C{rooms}, C{classes}) that bring everything that matches, and perhaps more: the
        gateway's classes are those derived from them as well, and its rooms are flats, too. C{[{}]}, everything, where
        it can't be said in the gateway's words: of a notification, of no matter what, or with C{?} and C{[}.
        """
        found: dict[str, list[str]] = {}
        for kind, glob in self._globs:
            if kind not in _NARROWS or not 0 < len(glob) <= _LONGEST or "?" in glob or "[" in glob:
                return [{}]
            found.setdefault(_NARROWS[kind], []).append(glob)
        if not found or any(len(globs) > _MOST for globs in found.values()):
            return [{}]
        return [{kind: globs} for kind, globs in found.items()]

    def match(self, subject: Subject) -> bool:
        if not self._globs:
            return True
        return any(fnmatchcase(name, glob) for kind, glob in self._globs for name in subject.names(kind))


def _split(text: str) -> tuple[str | None, str]:
    """What the filter is restricted to, and its glob."""
    kind, colon, glob = text.partition(":")
    return (kind, glob) if colon and kind in SUBJECTS else (None, text)
