"""Shutters, shades, doors: what takes time to move."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.model.device import Device
from dog.model.measure import Measure
from dog.model.values import Reading, Slot
from tests.drivers.simulated.house import House


class ShutterTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(Device("it", "StepShutterActuator"))
        self.house.send("it", "DownCommand")
        self.house.run(30)
        self.house.forget()

    def states(self) -> list[object]:
        return list(self.house.history("it", "ShutterState"))

    def test_travels(self) -> None:
        """Twenty seconds; the outcome is the movement, not the arrival."""
        outcome = self.house.send("it", "UpCommand")
        self.assertEqual(outcome.seen, (Reading(Slot("it", "ShutterState"), "raising"),))
        self.house.run(19.9)
        self.assertEqual(self.states(), ["raising"])
        self.house.run(0.2)
        self.assertEqual(self.states(), ["raising", "up"])
        self.house.send("it", "DownCommand")
        self.house.run(20.1)
        self.assertEqual(self.states(), ["raising", "up", "lowering", "down"])

    def test_restsHalfway(self) -> None:
        """Stopped halfway it rests; from there the way is half as long."""
        self.house.send("it", "UpCommand")
        self.house.run(10)
        self.house.send("it", "RestCommand")
        self.house.run(60)
        self.assertEqual(self.states(), ["raising", "rest"])
        self.house.send("it", "UpCommand")
        self.house.run(9.9)
        self.assertEqual(self.states()[-1], "raising")
        self.house.run(0.2)
        self.assertEqual(self.states()[-1], "up")

    def test_restsOnTheWayDown(self) -> None:
        self.house.send("it", "UpCommand")
        self.house.run(21)
        self.house.send("it", "DownCommand")
        self.house.run(15)
        self.house.send("it", "RestCommand")
        self.house.send("it", "DownCommand")
        self.house.run(4.9)
        self.assertEqual(self.states()[-1], "lowering")
        self.house.run(0.2)
        self.assertEqual(self.states()[-1], "down")

    def test_turnsRound(self) -> None:
        self.house.send("it", "UpCommand")
        self.house.run(5)
        self.house.send("it", "DownCommand")
        self.house.run(5.1)
        self.assertEqual(self.states(), ["raising", "lowering", "down"])

    def test_restAtRest(self) -> None:
        outcome = self.house.send("it", "RestCommand")
        self.assertEqual(outcome.seen, (Reading(Slot("it", "ShutterState"), "down"),))

    def test_step(self) -> None:
        self.house.send("it", "StepUpCommand")
        self.house.run(2.1)
        self.assertEqual(self.states(), ["raising", "rest"])

    def test_button(self) -> None:
        """A button for it: up, down, and back to rest at once; the shutter goes where it says."""
        house = House(Device("button", "ShutterButton", controls=("it",)), Device("it", "ShutterActuator"))
        house.run(86400)
        presses = [each for each in house.history("button", "UpDownRestState") if each != "rest"]
        self.assertEqual(set(presses), {"up", "down"})
        self.assertEqual(house.value("it", "ShutterState"), presses[-1])


class ShadeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(Device("it", "ShadeActuator"))
        self.house.send("it", "SetCommand", value=0)
        self.house.run(30)
        self.house.forget()

    def test_set(self) -> None:
        """It says that it moves, tells its level each second, and says that it has stopped."""
        self.house.send("it", "SetCommand", value=50)
        self.house.run(10.5)
        self.assertEqual(self.house.history("it", "MovementState"), ["isMoving", "notMoving"])
        self.assertEqual(self.house.history("it", "ShadeState"), [5, 10, 15, 20, 25, 30, 35, 40, 45, 50])

    def test_onOff(self) -> None:
        """On opens it, off closes it."""
        self.house.send("it", "OnCommand")
        self.house.run(21)
        self.assertEqual(self.house.value("it", "ShadeState"), 100)
        self.house.send("it", "OffCommand")
        self.house.run(21)
        self.assertEqual(self.house.value("it", "ShadeState"), 0)
        self.assertEqual(
            [each.notification for each in self.house.pulses("it")], ["OnNotification", "OffNotification"]
        )


class DoorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(Device("it", "SelfClosingDoorActuator"), Device("gate", "GateActuator"))

    def test_opens(self) -> None:
        """Open as soon as it moves, closed only when it has arrived."""
        self.house.send("gate", "OpenCommand")
        self.assertEqual(self.house.value("gate", "OpenCloseState"), "open")
        self.assertEqual(self.house.value("gate", "MovementState"), "isMoving")
        self.house.run(15)
        self.assertEqual(self.house.value("gate", "MovementState"), "notMoving")
        self.house.send("gate", "CloseCommand")
        self.assertEqual(self.house.value("gate", "OpenCloseState"), "open")
        self.house.run(15)
        self.assertEqual(self.house.value("gate", "OpenCloseState"), "close")
        self.assertEqual(self.house.value("gate", "MovementState"), "notMoving")

    def test_staysOpen(self) -> None:
        self.house.send("gate", "OpenCommand")
        self.house.run(3600)
        self.assertEqual(self.house.value("gate", "OpenCloseState"), "open")

    def test_closesItself(self) -> None:
        self.house.send("it", "OpenCommand")
        self.house.run(30)
        self.assertEqual(self.house.value("it", "OpenCloseState"), "open")
        self.house.run(31)
        self.assertEqual(self.house.value("it", "OpenCloseState"), "close")

    def test_openForAWhile(self) -> None:
        self.house.send("it", "TimedOnCommand", timeToOff=Measure.of(600, "s"))
        self.house.run(590)
        self.assertEqual(self.house.value("it", "OpenCloseState"), "open")
        self.house.run(60)
        self.assertEqual(self.house.value("it", "OpenCloseState"), "close")

    def test_openedAgain(self) -> None:
        """Opened while open, it waits anew."""
        self.house.send("it", "OpenCommand")
        self.house.run(28)
        self.house.send("it", "OpenCommand")
        self.house.run(28)
        self.assertEqual(self.house.value("it", "OpenCloseState"), "open")

    def test_contact(self) -> None:
        """A window that people open and close."""
        house = House(Device("window", "WindowSensor"))
        house.run(86400)
        states = house.history("window", "OpenCloseState")
        self.assertEqual(states[:3], ["close", "open", "close"])
        self.assertGreater(len(states), 20)
