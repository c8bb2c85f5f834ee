from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from dog.home import edits
from dog.home.diff import diff
from dog.home.reader import readHome
from dog.model.device import ConfigParam, ControlFunctionality, Device, NotificationFunctionality, State
from dog.model.home import Building, Home, HomeDiff
from tests.home import samples


class DiffTests(SynchronousTestCase):
    lamp = Device("lamp", "SimpleLamp", "Modbus", "gw", "A lamp", "kitchen", line=10)

    def change(self, **fields: object) -> HomeDiff:
        old = Home(devices={"lamp": self.lamp})
        return diff(old, Home(devices={"lamp": replace(self.lamp, **fields)}))  # type: ignore[arg-type]

    def test_busSide(self) -> None:
        """Whatever the driver, the commands or the states follow from: the device is attached anew."""
        for fields in (
            {"cls": "DimmerLamp"},
            {"domoticSystem": "KNX"},
            {"gateway": None},
            {"params": (ConfigParam("a", "1"),)},
            {"controlFunctionalities": (ControlFunctionality("OnOffFunctionality"),)},
            {"notificationFunctionalities": (NotificationFunctionality("OnOffNotificationFunctionality"),)},
            {"declaredStates": (State("OnOffState"),)},
            {"declaredStates": (State("OnOffState"),), "isIn": "cellar"},
        ):
            change = self.change(**fields)
            self.assertEqual((change.changed, change.moved), (("lamp",), ()), fields)
            self.assertTrue(change)

    def test_moved(self) -> None:
        """Description, place and relations: it keeps its driver."""
        for field in ("description", "isIn", "actuatorOf", "sensorOf", "pluggedIn", "hasMeter"):
            change = self.change(**{field: "other"})
            self.assertEqual((change.changed, change.moved), ((), ("lamp",)), field)
        for field in ("meterOf", "controls"):
            self.assertEqual(self.change(**{field: ("other",)}).moved, ("lamp",), field)

    def test_line(self) -> None:
        """Standing in another line is no change."""
        self.assertFalse(self.change(line=11))

    def test_comeAndGo(self) -> None:
        one, two, three = (replace(self.lamp, id=each) for each in ("one", "two", "three"))
        old, new = Home(devices={"one": one, "two": two}), Home(devices={"three": three, "two": two})
        change = diff(old, new)
        self.assertEqual((change.added, change.removed, change.changed, change.moved), (("three",), ("one",), (), ()))
        self.assertIs(change.home, new)
        self.assertFalse(change.environment)

    def test_environment(self) -> None:
        change = diff(Home(), Home((Building("b"),)))
        self.assertEqual((change.environment, change.moved), (True, ()))
        self.assertTrue(change)

    def test_nothing(self) -> None:
        """The same file read twice, and problems alone, are no change."""
        data = samples.read("recorded/home.xml")
        self.assertFalse(diff(readHome(data, "a"), readHome(data.replace(b"\n", b"\n\n"), "b")))

    def test_edit(self) -> None:
        """Of an edit, only what it is about is a change, although lines below have moved."""
        data = samples.read("recorded/home.xml")
        old = readHome(data, "f")
        change = diff(old, readHome(edits.setLocation(data, "Bare_1", "lobby"), "f"))
        self.assertEqual((change.moved, change.changed, change.environment), (("Bare_1",), (), False))
        change = diff(old, readHome(edits.removeRoom(data, "flat2", "guestroom", force=True), "f"))
        self.assertEqual(change.moved, ("TempHum_1", "ThermostaticRadiatorValve_1"))
        self.assertEqual((change.changed, change.added, change.removed, change.environment), ((), (), (), True))
