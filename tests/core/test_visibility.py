"""Visibility: a house is cut to what its principal may see."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.core.visibility import House, Visibility
from dog.home.reader import readHome
from dog.model.device import Device
from dog.model.home import Home
from dog.model.rights import ANONYMOUS, EVERYWHERE, NOBODY, Principal, Right, Role, Scope
from tests.api.recorded.gateway import HOME


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
            self.assertTrue(house.whole)

    def test_nobodyMayWhatIsNotThere(self) -> None:
        house = self.visibility.house(Principal("p", Role.ADMIN))
        self.assertFalse(house.may(Right.VIEW, "nobody"))
        self.assertIsNone(house.device("nobody"))

    def test_nobody(self) -> None:
        house = self.visibility.house(NOBODY)
        self.assertEqual((house.visible, house.whole, house.may(Right.VIEW)), (frozenset(), False, False))

    def test_compiledOnce(self) -> None:
        """Per principal and home; whoever is equal is the same."""
        mine, other = Principal("p", Role.USER, token="1"), Principal("p", Role.USER, token="2")
        house = self.visibility.house(mine)
        self.assertIs(self.visibility.house(other).principal, other)
        self.assertIs(self.visibility.house(Principal("p", Role.USER, token="1")), house)
        self.visibility.apply(Home())
        self.assertEqual(self.visibility.house(mine).visible, frozenset())

    def test_forgotten(self) -> None:
        """Nothing of a token that is gone is kept."""
        mine = Principal("p", Role.USER, token="1")
        house = self.visibility.house(mine)
        self.visibility.forget(mine)
        self.assertIsNot(self.visibility.house(mine), house)
        self.visibility.forget(Principal("never seen", Role.USER))


class ScopeTests(SynchronousTestCase):
    """In the recorded home."""

    def setUp(self) -> None:
        self.home = readHome(HOME.read_bytes(), "home.xml")
        self.visibility = Visibility()
        self.visibility.apply(self.home)

    def house(self, views: Scope = EVERYWHERE, operates: Scope = EVERYWHERE, role: Role = Role.USER) -> House:
        return self.visibility.house(Principal("p", role, views, operates))

    def inRooms(self, *rooms: str) -> set[str]:
        return {each.id for each in self.home.devices.values() if each.isIn in rooms}

    def test_devices(self) -> None:
        expected = {each for each in self.home.devices if each == "SimpleLamp_mb1" or each.startswith("Outlet_")}
        self.assertEqual(self.house(Scope(devices=("SimpleLamp_mb1", "Outlet_*", "nope"))).visible, expected)

    def test_rooms(self) -> None:
        """By room, and by the flat that it is in."""
        kitchen = self.inRooms("kitchen")
        self.assertTrue(kitchen)
        self.assertEqual(self.house(Scope(rooms=("kitchen",))).visible, kitchen)
        [flat] = [each for each in self.home.flats() if any(room.id == "kitchen" for room in each.rooms)]
        assert flat.id is not None
        inFlat = self.inRooms(*(each.id for each in flat.rooms if each.id))
        self.assertLess(kitchen, inFlat)
        self.assertEqual(self.house(Scope(rooms=(flat.id,))).visible, inFlat)

    def test_classes(self) -> None:
        """A class stands for those derived from it."""
        lamps = self.house(Scope(classes=("Lamp",))).visible
        self.assertIn("SimpleLamp_mb1", lamps)
        self.assertIn("DimmerLamp_l4", lamps)
        self.assertNotIn("Temp_mb1", lamps)

    def test_nothing(self) -> None:
        self.assertEqual(self.house(Scope(devices=())).visible, frozenset())

    def test_operates(self) -> None:
        """Some of those that it sees; what it does not see it can't operate."""
        house = self.house(Scope(devices=("SimpleLamp_mb1", "DimmerLamp_l4")), Scope(classes=("SimpleLamp",)))
        self.assertEqual(house.operable, {"SimpleLamp_mb1"})
        self.assertTrue(house.may(Right.OPERATE, "SimpleLamp_mb1"))
        self.assertFalse(house.may(Right.OPERATE, "DimmerLamp_l4"))
        self.assertTrue(house.may(Right.VIEW, "DimmerLamp_l4"))
        self.assertFalse(house.may(Right.VIEW, "Outlet_mb1"))
        self.assertFalse(house.may(Right.OPERATE), "not the house as a whole")
        self.assertTrue(house.may(Right.VIEW))

    def test_viewersOperateNothing(self) -> None:
        house = self.house(operates=Scope(classes=("SimpleLamp",)), role=Role.VIEWER)
        self.assertFalse(house.may(Right.OPERATE, "SimpleLamp_mb1"))
        self.assertTrue(house.whole, "it sees everything")

    def test_movedDevices(self) -> None:
        """Rights follow a device that is moved to another room."""
        who = Principal("p", Role.USER, Scope(rooms=("kitchen",)))
        [id, *_] = self.visibility.house(who).visible
        self.visibility.apply(Home(devices={id: Device(id, "SimpleLamp", isIn="cellar")}))
        self.assertEqual(self.visibility.house(who).visible, frozenset())

    def test_admins(self) -> None:
        """An admin could give himself what he lacks: his rights are whole."""
        self.assertRaises(ValueError, Principal, "p", Role.ADMIN, Scope(rooms=("kitchen",)))
        self.assertTrue(ANONYMOUS.unrestricted)
