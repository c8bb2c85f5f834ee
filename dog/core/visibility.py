"""Who may see which device: compiled per principal and home, so that asking costs a set look-up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dog.model.device import Device
from dog.model.home import Home
from dog.model.rights import Principal, Right


@dataclass(frozen=True)
class House:
    """A home already cut to what a principal may see: what is not in it does not exist for him."""

    home: Home
    principal: Principal
    visible: frozenset[str]

    def device(self, id: str) -> Device | None:
        return self.home.devices[id] if id in self.visible else None

    def devices(self) -> Iterator[Device]:
        """In file order."""
        return (each for each in self.home.devices.values() if each.id in self.visible)

    def may(self, right: Right, device: str | None = None) -> bool:
        """Whether the principal may do that, to a device he can see or to the house as a whole."""
        return self.principal.may(right) and (device is None or device in self.visible)


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

    def house(self, principal: Principal) -> House:
        last = self._last
        if last is not None and last.principal is principal:
            return last  # asked for every delivery: hashing a principal each time would be felt
        found = self._houses.get(principal)
        if found is None:
            found = self._houses[principal] = House(
                self._home, principal, self._compile(self._home.devices, principal)
            )
        self._last = found
        return found

    def _compile(self, devices: Mapping[str, Device], principal: Principal) -> frozenset[str]:
        return frozenset(devices) if principal.may(Right.VIEW) else frozenset()
