"""The demo home: whole, valid, varied, and alive within seconds."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import dog
from dog.drivers.simulated import driver
from dog.home.reader import readHome
from dog.model.catalogue import catalogue
from dog.testing import EPOCH, FakeKit, FakeLinkPort
from tests.drivers.simulated.observer import Observer
from tests.home.samples import hasSchema, violations

FOLDER = Path(dog.__file__).parent / "demo"
HOME = (FOLDER / "home.xml").read_bytes()


class DemoHomeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.home = readHome(HOME, "home.xml")

    def test_noProblems(self) -> None:
        self.assertEqual([str(problem) for problem in self.home.problems], [])

    def test_valid(self) -> None:
        if not hasSchema():
            self.skipTest("lxml is not installed")
        self.assertEqual(violations(HOME), [])

    def test_varied(self) -> None:
        """About 30 devices of at least 20 classes, in two flats and various rooms, all simulated and described."""
        devices = self.home.devices.values()
        self.assertTrue(28 <= len(devices) <= 35, len(devices))
        self.assertGreaterEqual(len({each.cls for each in devices}), 20)
        self.assertEqual({each.domoticSystem for each in devices}, {"Simulated"})
        self.assertEqual(len(list(self.home.flats())), 2)
        self.assertGreaterEqual(len({each.isIn for each in devices}), 8)
        for each in devices:
            self.assertTrue(each.description, each.id)
            self.assertIn(each.isIn, self.home.rooms)

    def test_relationsHold(self) -> None:
        """Whatever a device controls, meters or is plugged into is there; what it moves or watches is in a wall."""
        openings = set(re.findall(rb'hasWallOpening id="([^"]+)"', HOME))
        for device in self.home.devices.values():
            for other in (*device.controls, *device.meterOf, device.pluggedIn, device.hasMeter):
                self.assertTrue(other is None or other in self.home.devices, f"{device.id}: {other}")
            for opening in (device.actuatorOf, device.sensorOf):
                self.assertTrue(opening is None or opening.encode() in openings, f"{device.id}: {opening}")

    def test_declaresItsClass(self) -> None:
        """What a device declares is what its class has: nothing is unknown, no state is left out."""
        for device in self.home.devices.values():
            assert device.type is not None
            self.assertEqual({each.cls for each in device.declaredStates}, set(device.type.states), device.id)
            for functionality in device.controlFunctionalities:
                self.assertIn(functionality.cls, (*device.type.control, *device.type.query), device.id)
                for command in functionality.commands:
                    kind = catalogue().command(command.cls)
                    self.assertEqual(command.realName, kind.name if kind else "", command.id)
            for notifying in device.notificationFunctionalities:
                self.assertIn(notifying.cls, device.type.notification, device.id)

    def test_plan(self) -> None:
        """The plan draws every flat, every room and every opening, by its id."""
        plan = (FOLDER / "plan.svg").read_text("utf-8")
        self.assertTrue(plan.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<svg '))
        drawn = set(re.findall(r'\bid="([^"]+)"', plan))
        ids = {flat.id for flat in self.home.flats()} | set(self.home.rooms)
        ids |= {each.decode() for each in re.findall(rb'hasWallOpening id="([^"]+)"', HOME)}
        self.assertEqual(drawn, ids)


class AliveTests(SynchronousTestCase):
    """The demo home under the simulated driver."""

    def setUp(self) -> None:
        self.begin(EPOCH)

    def begin(self, epoch: datetime) -> None:
        self.home = readHome(HOME, "home.xml")
        self.kit = FakeKit(3, epoch)
        self.linkPort = FakeLinkPort()
        self.link = driver.link("home", {}, None, self.linkPort, self.kit)
        self.ports = {}
        for device in self.home.devices.values():
            self.ports[device.id] = Observer(device, self.kit)
            self.link.attach(device, self.ports[device.id])
        self.link.start()

    def total(self) -> int:
        return sum(port.notifications for port in self.ports.values())

    def test_checked(self) -> None:
        self.assertEqual(driver.check({}, None, list(self.home.devices.values())), [])

    def test_firstReport(self) -> None:
        """Within a second every device has told every state once, in one step."""
        self.kit.run(0.4)
        for id, port in self.ports.items():
            self.assertEqual({slot.state for slot in port.values}, set(port.device.states), id)
            self.assertEqual(port.steps, 1, id)

    def test_events(self) -> None:
        """Events come within seconds, and go on coming; in the dead of night, too."""
        for epoch in (EPOCH, EPOCH + timedelta(hours=14)):
            self.begin(epoch)
            self.kit.run(1.0)
            for _ in range(60):
                before = self.total()
                self.kit.run(30.0)
                self.assertGreater(self.total(), before)

    def test_aDay(self) -> None:
        """Nothing wrong is reported in a day; most kinds of notification occur by themselves."""
        self.kit.run(86400.0)
        self.assertEqual([each for port in self.ports.values() for each in port.problems], [])
        occurred = {notification for port in self.ports.values() for notification in port.told}
        self.assertGreaterEqual(len(occurred), 45)

    def test_declaredUnits(self) -> None:
        """home.xml says that the outlet counts in watt-hours, and the house's meter in kilowatt-hours."""
        self.kit.run(1.0)
        units = {
            (slot.device, slot.state): value.unit
            for port in self.ports.values()
            for slot, value in port.values.items()
            if hasattr(value, "unit")
        }
        self.assertEqual(units["lake-floor-outlet", "SinglePhaseActiveEnergyState"], "Wh")
        self.assertEqual(units["lake-floor-outlet", "SinglePhaseReactiveEnergyState"], "var·h")
        self.assertEqual(units["lake-meter", "SinglePhaseActiveEnergyState"], "kWh")
