"""Who may see which device: compiled per principal and home, so that asking costs a set look-up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dog.core.filters import Filter, Traits
from dog.model.device import Device
from dog.model.home import Home
from dog.model.rights import EVERYWHERE, Principal, Right, Scope


@dataclass(frozen=True)
class House:
    """A home already cut to what a principal may see: what is not in it does not exist for him.

    @ivar visible: ids of the devices that he sees.
    @ivar operable: ids of those that he may do something to, if his role lets him do that; None: all that he sees.
    """

    home: Home
    principal: Principal
    visible: frozenset[str]
    operable: frozenset[str] | None = None

    @property
    def whole(self) -> bool:
        """Whether nothing of the home is kept from him."""
        return self.principal.views == EVERYWHERE and self.principal.may(Right.VIEW)

    def device(self, id: str) -> Device | None:
        return self.home.devices[id] if id in self.visible else None

    def devices(self) -> Iterator[Device]:
        """In file order."""
        return (each for each in self.home.devices.values() if each.id in self.visible)

    def may(self, right: Right, device: str | None = None) -> bool:
        """Whether the principal may do that, to a device he can see or to the house as a whole."""
        if not self.principal.may(right):
            return False
        if device is None:
            return right is Right.VIEW or self.principal.unrestricted
        if right is Right.VIEW or self.operable is None:
            return device in self.visible
        return device in self.operable


class Visibility:
    """The houses, one per principal, made when first asked for and thrown away when the home changes."""

    def __init__(self) -> None:
        self._home = Home()
        self._houses: dict[Principal, House] = {}
        self._last: House | None = None

    def apply(self, home: Home) -> None:
        self._home = home
        self._houses = {}
        self._last = None

    def forget(self, principal: Principal) -> None:
        """He does not come again: his token is gone."""
        self._houses.pop(principal, None)
        self._last = None

    def house(self, principal: Principal) -> House:
        last = self._last
        if last is not None and last.principal is principal:
            return last  # asked for every delivery: hashing a principal each time would be felt
        found = self._houses.get(principal)
        if found is None:
            found = self._houses[principal] = self._compile(principal)
        self._last = found
        return found

    def _compile(self, principal: Principal) -> House:
        if not principal.may(Right.VIEW):
            return House(self._home, principal, frozenset())
        everything = frozenset(self._home.devices)
        if principal.unrestricted:
            return House(self._home, principal, everything)
        about = [Traits.of(each, self._home) for each in self._home.devices.values()]
        visible = _within(principal.views, about)
        return House(self._home, principal, visible, visible & _within(principal.operates, about))


def _within(scope: Scope, about: list[Traits]) -> frozenset[str]:
    filter = Filter(scope.devices, scope.rooms, scope.classes)
    return frozenset(each.id for each in about if filter.matches(each))
