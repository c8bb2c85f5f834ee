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
    """What somebody may do at all.

    @cvar NONE: nothing, until he has said who he is; of clients without a token only.
    """

    NONE = "none"
    VIEWER = "viewer"
    USER = "user"
    ADMIN = "admin"

    @property
    def rights(self) -> frozenset[Right]:
        return _RIGHTS[self]


_RIGHTS = {
    Role.NONE: frozenset[Right](),
    Role.VIEWER: frozenset({Right.VIEW}),
    Role.USER: frozenset({Right.VIEW, Right.OPERATE}),
    Role.ADMIN: frozenset(Right),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Some of the devices of a house: those that fit everything that is given. C{*} in a name stands for anything.

    @ivar devices: ids; None: whatever the id. An empty list fits no device, here and below.
    @ivar rooms: ids of rooms, and of the flats in which the rooms are.
    @ivar classes: device classes; a class stands for those derived from it as well.
    """

    devices: tuple[str, ...] | None = None
    rooms: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None


#: Every device.
EVERYWHERE = Scope()


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who calls: a token's owner, the client without one, or the gateway itself.

    @ivar views: the devices that exist for him.
    @ivar operates: those of them that he may operate, where his role lets him operate anything.
    @ivar token: the id of his token, which is no secret; None: he has none.
    @raise ValueError: an admin's rights are on the house as a whole: he could give himself those that he lacks.
    """

    name: str
    role: Role
    views: Scope = EVERYWHERE
    operates: Scope = EVERYWHERE
    token: str | None = None

    def __post_init__(self) -> None:
        if self.role is Role.ADMIN and not self.unrestricted:
            raise ValueError("an admin's rights can't be restricted to some devices")

    def __hash__(self) -> int:
        return hash(self.token or self.name)  # of a text, which Python remembers: asked for with every delivery

    @property
    def unrestricted(self) -> bool:
        """Whether his role is all that limits him."""
        return self.views == EVERYWHERE and self.operates == EVERYWHERE

    def may(self, right: Right) -> bool:
        return right in self.role.rights


ANONYMOUS = Principal("anonymous", Role.ADMIN)
"""The client without a token where nothing is said about it: on this machine it may do everything."""

NOBODY = Principal("anonymous", Role.NONE)
"""The client without a token where one is asked for."""

GATEWAY = Principal("gateway", Role.ADMIN)
"""The gateway itself: rules, start-up, simulation."""

RESERVED = frozenset({ANONYMOUS.name, GATEWAY.name})
"""Names that no token may have."""
