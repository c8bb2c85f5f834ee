"""Lamps, dimmers, colours, fans, and the switches for them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.model.command import Stage
from dog.model.device import Device
from dog.model.measure import Measure
from dog.model.values import HSBColor, Pulse, Reading, RGBColor, Slot
from tests.drivers.simulated.house import House


class OnOffTests(SynchronousTestCase):
    def test_switches(self) -> None:
        """The outcome proves the new state, and nothing else is reported."""
        house = House(Device("lamp", "SimpleLamp"))
        house.send("lamp", "OffCommand")
        house.forget()
        outcome = house.send("lamp", "OnCommand")
        self.assertIs(outcome.stage, Stage.CONFIRMED)
        self.assertEqual(outcome.seen, (Reading(Slot("lamp", "OnOffState"), "on"),))
        house.run(3600)
        self.assertEqual(house.history("lamp", "OnOffState"), ["on"])

    def test_again(self) -> None:
        """Switched on while on, it proves that it is on; nobody need be told."""
        house = House(Device("lamp", "SimpleLamp"))
        house.send("lamp", "OnCommand")
        outcome = house.send("lamp", "OnCommand")
        self.assertEqual(outcome.seen, (Reading(Slot("lamp", "OnOffState"), "on", forced=False),))

    def test_toggle(self) -> None:
        house = House(Device("relay", "ToggleRelay"))
        first = house.value("relay", "OnOffState")
        house.send("relay", "ToggleCommand")
        self.assertNotEqual(house.value("relay", "OnOffState"), first)
        house.send("relay", "ToggleCommand")
        self.assertEqual(house.value("relay", "OnOffState"), first)

    def test_standBy(self) -> None:
        house = House(Device("tv", "Tv"))
        house.send("tv", "StandBy")
        self.assertEqual(house.value("tv", "StandByOnOffState"), "standBy")

    def test_timedOn(self) -> None:
        house = House(Device("hifi", "HiFi"))
        house.send("hifi", "OffCommand")
        house.send("hifi", "TimedOnCommand", timeToOff=Measure.of(90, "s"))
        house.run(89)
        self.assertEqual(house.value("hifi", "StandByOnOffState"), "on")
        house.run(2)
        self.assertEqual(house.value("hifi", "StandByOnOffState"), "off")

    def test_timedOnIsOverridden(self) -> None:
        house = House(Device("hifi", "HiFi"))
        house.send("hifi", "TimedOnCommand", timeToOff=Measure.of(90, "s"))
        house.send("hifi", "OnCommand")
        house.run(200)
        self.assertEqual(house.value("hifi", "StandByOnOffState"), "on")

    def test_getState(self) -> None:
        """A query is answered by readings that are told even though nothing changed."""
        house = House(Device("lamp", "DimmerLamp"))
        outcome = house.send("lamp", "GetCommand")
        self.assertEqual(
            {(each.slot.state, each.forced) for each in outcome.seen if isinstance(each, Reading)},
            {("OnOffState", True), ("LevelState", True)},
        )


class LevelTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(Device("lamp", "DimmerLamp"))
        self.house.send("lamp", "SetCommand", value=20)
        self.house.run(3)
        self.house.forget()

    def test_fades(self) -> None:
        """By steps of ten in two seconds at most; the outcome does not wait for it."""
        outcome = self.house.send("lamp", "SetCommand", value=75)
        self.assertEqual([each.value for each in outcome.seen if isinstance(each, Reading)], [30])
        self.house.run(2)
        self.assertEqual(self.house.history("lamp", "LevelState"), [30, 40, 50, 60, 70, 75])

    def test_fadeIsOverridden(self) -> None:
        self.house.send("lamp", "SetCommand", value=100)
        self.house.run(0.5)
        self.house.send("lamp", "SetCommand", value=20)
        self.house.run(3)
        self.assertEqual(self.house.history("lamp", "LevelState"), [30, 40, 50, 40, 30, 20])

    def test_percent(self) -> None:
        """A level may come as a measure."""
        self.house.send("lamp", "SetCommand", value=Measure.of("40", "%"))
        self.house.run(3)
        self.assertEqual(self.house.value("lamp", "LevelState"), 40)

    def test_refuses(self) -> None:
        for value in (101, -1, "bright"):
            outcome = self.house.send("lamp", "SetCommand", value=value)
            self.assertEqual((outcome.stage, outcome.code), (Stage.FAILED, "bus_refused"), value)
            self.assertIn(str(value), outcome.reason or "")
        self.assertEqual(self.house.history("lamp", "LevelState"), [])

    def test_steps(self) -> None:
        self.house.send("lamp", "StepUpCommand")
        self.assertEqual(self.house.value("lamp", "LevelState"), 30)
        for _ in range(5):
            self.house.send("lamp", "StepDownCommand")
            self.house.run(1)
        self.assertEqual(self.house.value("lamp", "LevelState"), 0)
        self.assertEqual(self.house.value("lamp", "OnOffState"), "off")

    def test_remembers(self) -> None:
        """Off and on again, it comes back to its level."""
        self.house.send("lamp", "OffCommand")
        self.house.run(3)
        self.assertEqual(self.house.value("lamp", "LevelState"), 0)
        self.house.send("lamp", "OnCommand")
        self.house.run(3)
        self.assertEqual(self.house.value("lamp", "LevelState"), 20)

    def test_nought(self) -> None:
        """Level 0 is off, another level is on."""
        self.house.send("lamp", "SetCommand", value=0)
        self.assertEqual(self.house.value("lamp", "OnOffState"), "off")
        self.house.send("lamp", "SetCommand", value=5)
        self.assertEqual(self.house.value("lamp", "OnOffState"), "on")


class ColourTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(Device("lamp", "ColorDimmableLight"))

    def test_hsb(self) -> None:
        color = HSBColor(1000, 200, 127)
        self.house.send("lamp", "SetColorHSBCommand", colorHSB=color)
        self.assertEqual(self.house.value("lamp", "ColorStateHSB"), color)
        self.assertEqual(self.house.value("lamp", "LevelState"), 50)

    def test_rgb(self) -> None:
        self.house.send("lamp", "SetColorRGBCommand", colorRGB=RGBColor(255, 0, 0))
        self.assertEqual(self.house.value("lamp", "ColorStateHSB"), HSBColor(0, 254, 254))

    def test_set(self) -> None:
        """One command, and the kind of its value says whether colour or level is meant."""
        color = HSBColor(1000, 200, 127)
        self.house.send("lamp", "SetCommand", value=color)
        self.assertEqual(self.house.value("lamp", "ColorStateHSB"), color)
        self.house.send("lamp", "SetCommand", value=100)
        self.house.run(3)
        self.assertEqual(self.house.value("lamp", "LevelState"), 100)
        self.assertEqual(self.house.value("lamp", "ColorStateHSB"), HSBColor(1000, 200, 254))

    def test_black(self) -> None:
        self.house.send("lamp", "SetColorHSBCommand", colorHSB=HSBColor(1000, 200, 0))
        self.assertEqual(self.house.value("lamp", "OnOffState"), "off")


class FanTests(SynchronousTestCase):
    def test_speed(self) -> None:
        house = House(Device("fan", "Ventilator"))
        house.send("fan", "OffCommand")
        house.forget()
        outcome = house.send("fan", "SetSpeedCommand", speed=Measure.of(60))
        self.assertEqual(
            outcome.seen,
            (
                Reading(Slot("fan", "OnOffState"), "on"),
                Pulse("fan", "SpeedControlNotification", {"newSpeed": Measure.of(60)}),
            ),
        )
        house.send("fan", "SpeedUpCommand")
        self.assertEqual(
            [each.notification for each in house.pulses("fan")][1:],
            ["SpeedStepUpNotification", "SpeedControlNotification"],
        )


class SwitchTests(SynchronousTestCase):
    """What people do at a switch happens to what it controls."""

    def test_switch(self) -> None:
        house = House(Device("switch", "OnOffSwitch", controls=("lamp", "gone")), Device("lamp", "SimpleLamp"))
        house.run(86400)
        turns = house.history("switch", "OnOffState")
        self.assertGreater(len(turns), 40)
        self.assertEqual(house.history("lamp", "OnOffState")[-40:], turns[-40:])

    def test_dimmer(self) -> None:
        house = House(Device("dimmer", "DimmerSwitch", controls=("lamp",)), Device("lamp", "DimmerLamp"))
        house.send("lamp", "SetCommand", value=50)
        house.run(86400)
        steps = [each.notification for each in house.pulses("dimmer")]
        self.assertLessEqual({"LevelStepUpNotification", "LevelStepDownNotification"}, set(steps))
        self.assertGreater(len(house.history("lamp", "LevelState")), 20)

    def test_button(self) -> None:
        """A button is on while it is pressed, for less than a second, and toggles the lamp each time."""
        house = House(Device("button", "Button", controls=("lamp",)), Device("lamp", "SimpleLamp"))
        house.run(7200)
        presses = house.history("button", "OnOffState")
        self.assertEqual(set(presses[1::2]), {"on"})
        self.assertGreater(presses.count("on"), 5)
        turns = house.history("lamp", "OnOffState")
        self.assertTrue(abs(len(turns) - 1 - presses.count("on")) <= 1)

    def test_rocker(self) -> None:
        """Its first side switches on, its second off; each is a slot of its own."""
        house = House(Device("rocker", "RockerSwitch", controls=("lamp",)), Device("lamp", "SimpleLamp"))
        house.run(14400)
        pressed = [
            dict(each.slot.features)["buttonID"]
            for each in house.ports["rocker"].seen
            if isinstance(each, Reading) and each.value == "on"
        ]
        self.assertEqual(set(pressed), {"1", "2"})
        expected = "on" if pressed[-1] == "1" else "off"
        self.assertEqual(house.value("lamp", "OnOffState"), expected)

    def test_night(self) -> None:
        """At night switches are left alone, nearly."""
        house = House(Device("switch", "OnOffSwitch"))
        house.run(5 * 3600)
        house.forget()
        house.run(5 * 3600)
        evening = len(house.history("switch", "OnOffState"))
        house.run(2 * 3600)
        house.forget()
        house.run(5 * 3600)
        self.assertLess(len(house.history("switch", "OnOffState")), evening / 3)
