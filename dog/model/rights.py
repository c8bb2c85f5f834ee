"""Who asks, and what one may do. Compiled visibility lives in core; these are its words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Right(StrEnum):
    """What a call wants to do to what it names."""

    VIEW = "view"
    OPERATE = "operate"
    EDIT = "edit"
    ADMIN = "admin"


class Role(StrEnum):
    VIEWER = "viewer"
    USER = "user"
    ADMIN = "admin"

    @property
    def rights(self) -> frozenset[Right]:
        return _RIGHTS[self]


_RIGHTS = {
    Role.VIEWER: frozenset({Right.VIEW}),
    Role.USER: frozenset({Right.VIEW, Right.OPERATE}),
    Role.ADMIN: frozenset(Right),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who calls: a token's owner, the anonymous client, or the gateway itself."""

    name: str
    role: Role

    def may(self, right: Right) -> bool:
        return right in self.role.rights


ANONYMOUS = Principal("anonymous", Role.ADMIN)
"""The client without a token. Everyone may do everything until the security issue."""

GATEWAY = Principal("gateway", Role.ADMIN)
"""The gateway itself: rules, start-up, simulation."""
