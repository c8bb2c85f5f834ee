"""What became of an installation: what stops, what was taken, changed and left. Values; nothing is printed here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dog.model.home import Home
from dog.moving import toml

_SECRET = re.compile(r"passw|secret|token|(?:^|\.)key$|serial$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody for whom something does not go on as it did.

    @ivar code: a stable name: C{listeners}, C{authentication}, C{profile} ...
    @ivar instead: what can be done about it.
    """

    code: str
    who: str
    why: str
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A setting or a file.

    @ivar key: None: the whole file. @ivar to: where it went; None: nowhere.
    @ivar value: as it is now; never that of a secret. @ivar why: for what was changed or left.
    """

    file: str
    key: str | None = None
    line: int | None = None
    to: str | None = None
    value: str | None = None
    why: str | None = None


@dataclass
class Report:
    """Everything of an installation ends in one of the lists.

    @ivar failed: why there is nothing to start with; None: there is.
    @ivar home: what was read of the home; its problems are those of the file that was taken.
    @ivar homeName: what these call the file.
    """

    stops: list[Stop] = field(default_factory=list)
    taken: list[Item] = field(default_factory=list)
    changed: list[Item] = field(default_factory=list)
    left: list[Item] = field(default_factory=list)
    failed: str | None = None
    home: Home | None = None
    homeName: str = "home.xml"


def shown(key: str, value: object) -> str:
    """A value for the report."""
    text = value if isinstance(value, str) else toml.value(value)
    return "(not shown)" if _SECRET.search(key) else text[:200] + ("..." if len(text) > 200 else "")
