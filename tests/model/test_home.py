"""Tests for L{dog.model.home}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.model.device import Device
from dog.model.home import Building, Flat, Ground, Home, HomeDiff, Problem, Room, Storey

HOME = Home(
    buildings=(
        Building(
            "house",
            storeys=(
                Storey(
                    "first",
                    flats=(Flat("upper", rooms=(Room("attic"), Room("kitchen", "Lobby"))),),
                    rooms=(Room("stairs"),),
                ),
            ),
            flats=(Flat("lower", rooms=(Room("kitchen", "Kitchen"), Room(None))),),
            gardens=(Ground("garden"),),
            garages=(Ground("garage"), Ground()),
        ),
    ),
    devices={
        each.id: each
        for each in (Device("a", "Lamp", isIn="kitchen"), Device("b", "Lamp"), Device("c", "Lamp", isIn="kitchen"))
    },
)


class HomeTests(SynchronousTestCase):
    def test_flats(self) -> None:
        self.assertEqual([each.id for each in HOME.flats()], ["lower", "upper"])

    def test_flat(self) -> None:
        for id in ("lower", "upper"):
            found = HOME.flat(id)
            assert found is not None
            self.assertEqual(found.id, id)
        self.assertIsNone(HOME.flat("kitchen"))

    def test_rooms(self) -> None:
        self.assertEqual(list(HOME.rooms), ["kitchen", "attic", "stairs"])

    def test_firstOfAnIdWins(self) -> None:
        self.assertEqual(HOME.rooms["kitchen"].cls, "Kitchen")

    def test_places(self) -> None:
        self.assertEqual(HOME.places, {"kitchen", "attic", "stairs", "garden", "garage"})

    def test_devicesIn(self) -> None:
        self.assertEqual(HOME.devicesIn("kitchen"), ("a", "c"))
        self.assertEqual(HOME.devicesIn("attic"), ())

    def test_empty(self) -> None:
        self.assertEqual((list(Home().flats()), dict(Home().rooms), Home().places), ([], {}, frozenset()))


class HomeDiffTests(SynchronousTestCase):
    def test_nothing(self) -> None:
        self.assertFalse(HomeDiff(HOME))

    def test_something(self) -> None:
        for diff in (
            HomeDiff(HOME, added=("a",)),
            HomeDiff(HOME, removed=("a",)),
            HomeDiff(HOME, changed=("a",)),
            HomeDiff(HOME, moved=("a",)),
            HomeDiff(HOME, environment=True),
        ):
            self.assertTrue(diff)


class ProblemTests(SynchronousTestCase):
    def test_text(self) -> None:
        problem = Problem("unknown_class", "no class Teleporter", "home.xml", 12, 5, "d1")
        self.assertEqual(str(problem), "home.xml:12:5: device d1: no class Teleporter [unknown_class]")
        problem = Problem("syntax", "not well-formed", "home.xml", 3, fatal=True)
        self.assertEqual(str(problem), "home.xml:3: not well-formed [syntax]")


class GatewayTests(SynchronousTestCase):
    def test_gatewayOf(self) -> None:
        """The gateway it names; itself, where it is a gateway or others name it as one."""
        devices = (
            Device("gw", "ModbusGateway"),
            Device("lamp", "SimpleLamp", gateway="gw"),
            Device("bridge", "HueBridge"),
            Device("light", "ColorDimmableLight", gateway="bridge"),
            Device("lost", "SimpleLamp", gateway="nowhere"),
            Device("alone", "SimpleLamp"),
        )
        home = Home(devices={each.id: each for each in devices})
        found = {each.id: getattr(home.gatewayOf(each), "id", None) for each in devices}
        self.assertEqual(
            found,
            {"gw": "gw", "lamp": "gw", "bridge": "bridge", "light": "bridge", "lost": None, "alone": None},
        )
