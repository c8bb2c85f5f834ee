"""Visibility: a house is cut to what its principal may see."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.core.visibility import Visibility
from dog.model.device import Device
from dog.model.home import Home
from dog.model.rights import Principal, Right, Role


class VisibilityTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.visibility = Visibility()
        self.visibility.apply(Home(devices={"lamp": Device("lamp", "SimpleLamp")}))

    def test_rolesMayWhatTheyMay(self) -> None:
        for role, operate, edit in ((Role.VIEWER, False, False), (Role.USER, True, False), (Role.ADMIN, True, True)):
            house = self.visibility.house(Principal("p", role))
            self.assertTrue(house.may(Right.VIEW, "lamp"))
            self.assertEqual(house.may(Right.OPERATE, "lamp"), operate, role)
            self.assertEqual(house.may(Right.EDIT), edit, role)

    def test_nobodyMayWhatIsNotThere(self) -> None:
        house = self.visibility.house(Principal("p", Role.ADMIN))
        self.assertFalse(house.may(Right.VIEW, "nobody"))
        self.assertIsNone(house.device("nobody"))
