"""Who may call what."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.api import access
from dog.api.routes import On, Route
from dog.core.visibility import House
from dog.model.device import Device
from dog.model.home import Home
from dog.model.refusal import Code, Refusal
from dog.model.rights import Principal, Right, Role

HOME = Home(devices={id: Device(id, "SimpleLamp") for id in ("lamp", "secret")})


class Check(SynchronousTestCase):
    def check(self, role: Role, right: Right, on: On, device: str = "lamp") -> None:
        route = Route("PUT", "/devices/{device}", lambda call: None, right, on)
        house = House(HOME, Principal("somebody", role), frozenset({"lamp"}))
        access.check(route, {"device": device}, house)

    def refused(self, role: Role, right: Right, on: On, device: str = "lamp") -> Code:
        code: Code = self.assertRaises(Refusal, self.check, role, right, on, device).refused.code
        return code

    def test_house(self) -> None:
        self.check(Role.VIEWER, Right.VIEW, On.HOUSE)
        self.check(Role.ADMIN, Right.ADMIN, On.HOUSE)
        self.assertEqual(self.refused(Role.USER, Right.EDIT, On.HOUSE), Code.FORBIDDEN)

    def test_device(self) -> None:
        self.check(Role.USER, Right.OPERATE, On.DEVICE)
        self.assertEqual(self.refused(Role.VIEWER, Right.OPERATE, On.DEVICE), Code.FORBIDDEN)

    def test_whatCantBeSeen(self) -> None:
        """A device that is there and can't be seen is like one that is not there, whoever asks for what."""
        for device in ("secret", "nope"):
            for role, right in ((Role.ADMIN, Right.VIEW), (Role.VIEWER, Right.ADMIN)):
                self.assertEqual(self.refused(role, right, On.DEVICE, device), Code.NOT_FOUND)

    def test_nothing(self) -> None:
        """What is on nothing is everybody's."""
        self.check(Role.VIEWER, Right.ADMIN, On.NOTHING)
