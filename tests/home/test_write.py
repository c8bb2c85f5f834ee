from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from dog.home.reader import readHome
from dog.home.write import isSame, writeHome
from dog.model.device import State
from dog.model.home import Building, Flat, Ground, Home, Room, Storey
from dog.model.refusal import Refusal
from tests.home import samples


class WriteTests(SynchronousTestCase):
    def test_realHomes(self) -> None:
        """A home that is written anew is read as the same home."""
        for name in samples.XML:
            home = readHome(samples.read(name), name)
            back = readHome(writeHome(home), name)
            self.assertEqual(back.buildings, home.buildings, name)
            self.assertTrue(isSame(home, back), name)

    def test_notTheSame(self) -> None:
        home = readHome(samples.read("knx/knx.xml"), "f")
        some = dict(list(home.devices.items())[1:])
        self.assertFalse(isSame(home, replace(home, devices=some)))
        self.assertFalse(isSame(home, replace(home, buildings=())))
        lamp = replace(next(iter(some.values())), params=())
        self.assertFalse(isSame(replace(home, devices=some), replace(home, devices={**some, lamp.id: lamp})))

    def test_places(self) -> None:
        """Storeys, flats, rooms, gardens and garages, each where it was."""
        storey = Storey("s", "Storey", "1", "up", (Flat("f2", "Flat"),), (Room("r2", "Room"),))
        flat = Flat("f", "Flat", "a < b", "f.svg", (Room("r"),))
        building = Building("b", "Building", (storey,), (flat,), (Ground("g", "green"),), (Ground("h"),))
        for home in (Home((building, Building("c"))), Home((replace(building, flats=()),)), Home()):
            self.assertEqual(readHome(writeHome(home), "f").buildings, home.buildings)

    def test_schema(self) -> None:
        """What is written is as the schema wants it, fillers included."""
        home = readHome(samples.read("knx/knx.xml"), "f")
        for buildings in (home.buildings, (Building("b"),), (Building("b", flats=(Flat("f", "Flat"),)),)):
            self.assertEqual(samples.violations(writeHome(replace(home, buildings=buildings))), [])

    def test_noPlace(self) -> None:
        """A state that nobody knows the values of can't be written."""
        home = readHome(samples.devices('<device id="a" class="SimpleLamp" domoticSystem="X"/>'), "f")
        device = replace(home.devices["a"], declaredStates=(State("Unheard"),))
        self.assertRaises(Refusal, writeHome, replace(home, devices={"a": device}))
