"""Real homes in simulation: every device is served, and says nothing that its home does not know."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.simulated import driver
from dog.home.reader import readHome
from dog.model.command import Command, Outcome, Stage
from dog.model.rights import GATEWAY
from dog.testing import FakeKit, FakeLinkPort
from tests.drivers.simulated.observer import Observer
from tests.home.samples import XML, read


class RealHomesTests(SynchronousTestCase):
    def test_everyHome(self) -> None:
        for name in XML:
            home = readHome(read(name), name)
            kit = FakeKit()
            link = driver.link("home", {}, None, FakeLinkPort(), kit)
            observers, units = {}, {}
            for device in home.devices.values():
                if device.type is not None:
                    observers[device.id] = Observer(device, kit)
                    units[device.id] = link.attach(device, observers[device.id])
            self.assertNotEqual(units, {}, name)
            link.start()
            kit.run(1.0)
            for id, observer in observers.items():
                self.assertEqual({slot.state for slot in observer.values}, set(home.devices[id].states), (name, id))
            outcomes: list[Outcome] = []
            for id, unit in units.items():
                for types in home.devices[id].commands.values():
                    if not types[0].params:
                        unit.send(Command("c", id, types[0], {}, 1e9, GATEWAY)).addCallback(outcomes.append)
                        observers[id].observed(*outcomes[-1].seen)
            self.assertEqual([each for each in outcomes if each.stage is not Stage.CONFIRMED], [], name)
            kit.run(2 * 3600.0)
            problems = [problem for observer in observers.values() for problem in observer.problems]
            self.assertEqual(problems, [], name)
