"""The link: when devices report, what a command's latency does, how devices come and go, how many there may be."""

from __future__ import annotations

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.simulated import driver
from dog.model.catalogue import catalogue
from dog.model.command import Command, Outcome, Stage
from dog.model.device import Device
from dog.model.rights import GATEWAY
from dog.model.values import Reading, Slot
from dog.testing import FakeDevicePort, FakeKit, FakeLinkPort
from tests.drivers.simulated.house import House


def command(device: Device, cls: str) -> Command:
    kind = catalogue().command(cls)
    assert kind is not None
    return Command("c", device.id, kind, {}, 1e9, GATEWAY)


class ReportTests(SynchronousTestCase):
    def test_firstReport(self) -> None:
        """Not before the link has started, then every state in one step."""
        kit, port = FakeKit(), FakeDevicePort()
        link = driver.link("home", {}, None, FakeLinkPort(), kit)
        device = Device("it", "QuadSensor")
        link.attach(device, port)
        kit.run(100)
        self.assertEqual(port.steps, [])
        link.start()
        self.assertEqual(port.steps, [])
        kit.run(0.001)
        self.assertEqual(len(port.steps), 1)
        self.assertEqual({slot.state for slot in port.values}, set(device.states))

    def test_refresh(self) -> None:
        """Every state again, unforced: what did not change is told to nobody."""
        house = House(Device("it", "QuadSensor"))
        house.forget()
        house.units["it"].refresh()
        self.assertEqual(house.ports["it"].steps, [])
        house.run(0.001)
        (step,) = house.ports["it"].steps
        self.assertEqual(len(step), 4)
        self.assertFalse(any(each.forced for each in step if isinstance(each, Reading)))

    def test_lateComer(self) -> None:
        """A device attached while the link runs reports at once."""
        house = House(Device("it", "QuadSensor"))
        port = FakeDevicePort()
        house.link.attach(Device("late", "SimpleLamp"), port)
        house.run(0.001)
        self.assertEqual(len(port.steps), 1)

    def test_attachedAgain(self) -> None:
        """The second attachment of an id replaces the first, which says no more."""
        house = House(Device("it", "MovementSensor"))
        port = FakeDevicePort()
        house.link.attach(Device("it", "DoorSensor"), port)
        house.forget()
        house.run(7200)
        self.assertEqual(house.ports["it"].steps, [])
        self.assertEqual({slot.state for slot in port.values}, {"OpenCloseState"})

    def test_detachedBeforeItWakes(self) -> None:
        house = House(Device("it", "SimpleLamp"))
        port = FakeDevicePort()
        house.link.attach(Device("late", "QuadSensor"), port)
        house.link.detach("late")
        house.run(3600)
        self.assertEqual(port.steps, [])


class LatencyTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.device = Device("it", "SimpleLamp")
        self.house = House(self.device, latency=0.5)
        self.outcomes: list[Outcome] = []

    def test_answersLater(self) -> None:
        sending = self.house.units["it"].send(command(self.device, "OnCommand"))
        sending.addCallback(self.outcomes.append)
        self.house.run(0.4)
        self.assertEqual(self.outcomes, [])
        self.house.run(0.2)
        self.assertEqual([each.stage for each in self.outcomes], [Stage.CONFIRMED])
        self.assertIn(Reading(Slot("it", "OnOffState"), "on"), self.outcomes[0].seen)

    def test_cancelled(self) -> None:
        """A command given up before its time is not obeyed."""
        before = self.house.value("it", "OnOffState")
        other = "OffCommand" if before == "on" else "OnCommand"
        sending = self.house.units["it"].send(command(self.device, other))
        sending.cancel()
        self.failureResultOf(sending, CancelledError)
        self.house.run(2)
        self.house.units["it"].refresh()
        self.house.run(1)
        self.assertEqual(self.house.value("it", "OnOffState"), before)

    def test_stopped(self) -> None:
        """Stopped meanwhile, it failed."""
        sending = self.house.units["it"].send(command(self.device, "OnCommand"))
        self.house.link.stop()
        self.assertEqual(self.successResultOf(sending).code, "unreachable")

    def test_detached(self) -> None:
        sending = self.house.units["it"].send(command(self.device, "OnCommand"))
        self.house.link.detach("it")
        self.house.run(1)
        self.assertEqual(self.successResultOf(sending).code, "unreachable")


class ManyTests(SynchronousTestCase):
    """Ten thousand devices would take too long here; the shape shows with five hundred."""

    def setUp(self) -> None:
        self.kit = FakeKit()
        self.link = driver.link("home", {}, None, FakeLinkPort(), self.kit)
        self.ports = []
        classes = [cls for cls in catalogue() if Device("x", cls).states]
        for index in range(500):
            self.ports.append(FakeDevicePort())
            self.link.attach(Device(f"d{index}", classes[index % len(classes)]), self.ports[-1])
        self.link.start()

    def test_oneTimer(self) -> None:
        """The reactor sees one delayed call."""
        for _ in range(20):
            self.kit.run(1.0)
            self.assertEqual(len(self.kit.clock.getDelayedCalls()), 1)

    def test_startsInLots(self) -> None:
        """Not all report in the same turn of the reactor, yet all soon."""
        self.kit.clock.advance(0)
        reported = sum(bool(port.steps) for port in self.ports)
        self.assertEqual(reported, 50)
        self.kit.run(1.0)
        self.assertEqual(sum(bool(port.steps) for port in self.ports), 500)

    def test_spread(self) -> None:
        """Afterwards no second has much more to do than the others."""
        self.kit.run(120.0)
        counts = []
        for _ in range(60):
            before = sum(len(port.steps) for port in self.ports)
            self.kit.run(1.0)
            counts.append(sum(len(port.steps) for port in self.ports) - before)
        self.assertLess(max(counts), 25)
        self.assertLess(sum(counts) / 60, 10)

    def test_sameSeed(self) -> None:
        """A whole house with its relations: the same log again."""
        logs = []
        for seed in (4, 4, 5):
            house = House(
                Device("switch", "OnOffSwitch", controls=("lamp",)),
                Device("lamp", "DimmerLamp", pluggedIn="outlet"),
                Device("outlet", "MeteringPowerOutlet"),
                Device("meter", "SinglePhaseElectricityMeter", meterOf=("outlet",)),
                Device("heat", "Thermostat", isIn="living"),
                Device("air", "SingleTemperatureSensor", isIn="living"),
                seed=seed,
            )
            house.run(6 * 3600)
            logs.append({id: port.steps for id, port in house.ports.items()})
        self.assertEqual(logs[0], logs[1])
        self.assertNotEqual(logs[0], logs[2])
