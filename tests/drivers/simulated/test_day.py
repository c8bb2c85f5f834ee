"""A day of every device class: 24 simulated hours, every command, every notification, every value."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.simulated import driver
from dog.model.catalogue import CommandType, Param, catalogue
from dog.model.command import Command, Outcome, Stage
from dog.model.device import Device
from dog.model.measure import Measure
from dog.model.rights import GATEWAY
from dog.model.values import (
    DailyClimateSchedule,
    ExplicitTeachInData,
    HSBColor,
    RGBColor,
    SwitchPoint,
    Value,
)
from dog.testing import FakeKit, FakeLinkPort
from tests.drivers.simulated.observer import Observer

HOUR = 3600.0

#: When commands are sent: at which hour, in which order, and how many seconds apart. Some find a shutter arrived
#: and a search ended, others find them under way.
ROUNDS = ((3, 1, 25.0), (9, -1, 25.0), (15, -1, 4.0), (21, 1, 4.0))


def argument(param: Param, command: CommandType, device: Device, round: int) -> Value:
    """A sensible argument, another one each round."""
    named: dict[str, tuple[Value, ...]] = {
        "phaseID": ("L1", "L2"),
        "phaseID1": ("L1", "L2"),
        "phaseID2": ("L2", "L3"),
        "tariffID": ("1", "2"),
        "sensorID": ("1", "2"),
        "sensorId": ("1", "2"),
        "sensorURI": ("1", "2"),
        "weekDay": (1, 5),
        "source": ("cd", "aux"),
        "temperature": (Measure.of("22.5", "C"), Measure.of(18, "C")),
        "speed": (Measure.of(60), Measure.of(20)),
        "trackNumber": (3, 7),
        "channel": (11, 23),
        "volume": (35, 70),
    }
    if param.name in named:
        return named[param.name][round % 2]
    if param.type == "Object":
        return (40, 85)[round % 2]
    if param.type == "Measure" and param.quantity == "time":
        return Measure.of((20, 600)[round % 2], "s")
    if param.type.startswith("DailyClimateSchedule"):
        at = datetime(2025, 1, 1, 6 + round, 15, tzinfo=UTC)
        day = DailyClimateSchedule(3 + round, (SwitchPoint(at, Measure.of(19 + round, "C")),))
        return (day,) if param.type.endswith("[]") else day
    typed: dict[str, tuple[Value, ...]] = {
        "String": ("hello", "world"),
        "Integer": (1, 2),
        "HSBColor": (HSBColor(1000, 200, 254), HSBColor(30000, 100, 100)),
        "RGBColor": (RGBColor(255, 0, 0), RGBColor(10, 20, 200)),
        "ExplicitTeachInData": (ExplicitTeachInData("A5-02-05", "0181A2B3"),) * 2,
    }
    return typed[param.type][round % 2]


def commandsOf(device: Device) -> list[CommandType]:
    return list(dict.fromkeys(each for types in device.commands.values() for each in types))


class Day:
    """One class, its commands four times, from noon to noon."""

    def __init__(self, cls: str, seed: int, deriving: bool = True) -> None:
        self.kit = FakeKit(seed)
        self.device = Device("it", cls, "Simulated")
        self.observer = Observer(self.device, self.kit, deriving)
        self.link = driver.link("home", {}, None, FakeLinkPort(), self.kit)
        self.unit = self.link.attach(self.device, self.observer)
        self.problems: list[str] = []
        #: command class -> the rounds in which its outcome changed a state or emitted a notification
        self.effects: dict[str, list[int]] = {each.cls: [] for each in commandsOf(self.device)}

    def run(self) -> None:
        self.link.start()
        self.kit.run(1.0)
        self.first = dict(self.observer.values)
        for round, (hour, order, pause) in enumerate(ROUNDS):
            self.kit.run(hour * HOUR - self.kit.clock.seconds())
            for command in commandsOf(self.device)[::order]:
                self._send(command, round)
                self.kit.run(pause)
        self.kit.run(24 * HOUR - self.kit.clock.seconds())
        self.link.stop()

    def _send(self, type: CommandType, round: int) -> None:
        args = {param.name: argument(param, type, self.device, round) for param in type.params}
        before = (self.observer.changes, self.observer.notifications, self.observer.forced)
        outcomes: list[Outcome] = []
        self.unit.send(Command("c", "it", type, args, 1e9, GATEWAY)).addCallback(outcomes.append)
        outcome = outcomes[0]
        if outcome.stage is not Stage.CONFIRMED:
            self.problems.append(f"{self.device.cls} {type.cls} {args}: {outcome}")
        if outcome.seen:
            self.observer.observed(*outcome.seen)
        changes, notifications, forced = (self.observer.changes, self.observer.notifications, self.observer.forced)
        if changes > before[0] or notifications > before[1] or (type.returns and forced > before[2]):
            self.effects[type.cls].append(round)


def classes() -> Iterator[str]:
    return iter(catalogue())


class DayTests(SynchronousTestCase):
    """Each test looks at the same 210 days, run once."""

    days: dict[str, Day] = {}

    def setUp(self) -> None:
        if not self.days:
            for cls in classes():
                self.days[cls] = day = Day(cls, 1)
                day.run()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.days.clear()

    def test_sameSeedSameLog(self) -> None:
        """Another run with this seed reports the same, to the microsecond."""
        differing = []
        for cls, first in self.days.items():
            again = Day(cls, 1, deriving=False)
            again.run()
            if again.observer.log() != first.observer.log():
                differing.append(cls)
        self.assertEqual(differing, [])

    def test_everyClass(self) -> None:
        self.assertEqual(len(self.days), 210)

    def test_everyCommandIsObeyed(self) -> None:
        self.assertEqual([each for day in self.days.values() for each in day.problems], [])

    def test_everyCommandShows(self) -> None:
        """It changes a state or emits a notification; a query of a state that nothing tells is answered by it."""
        idle = [
            f"{cls} {command}"
            for cls, day in self.days.items()
            if day.device.states or day.device.notifications
            for command, rounds in day.effects.items()
            if not rounds
        ]
        self.assertEqual(idle, [])

    def test_everyNotificationOccurs(self) -> None:
        missing = [
            f"{cls} {notification}"
            for cls, day in self.days.items()
            for notification in day.device.notifications
            if notification not in day.observer.told
        ]
        self.assertEqual(missing, [])

    def test_valuesAreRight(self) -> None:
        """Own states, known texts, units of the quantity, within bounds and believable; pulses complete."""
        self.assertEqual([each for day in self.days.values() for each in day.observer.problems], [])

    def test_everyStateHasAValueAtOnce(self) -> None:
        missing = [
            f"{cls} {state}"
            for cls, day in self.days.items()
            for state in day.device.states
            if state not in {slot.state for slot in day.first}
        ]
        self.assertEqual(missing, [])

    def test_measuresMove(self) -> None:
        """No continuous state stands still all day."""
        still = []
        for cls, day in self.days.items():
            for slot in day.first:
                state = day.device.states[slot.state]
                if not state.discrete and slot not in day.observer.moved:
                    still.append(f"{cls} {slot.state} {slot.features}")
        self.assertEqual(still, [])

    def test_withoutFunctionality(self) -> None:
        """Classes with nothing to tell are attached and say nothing."""
        silent = [cls for cls, day in self.days.items() if not day.device.states and not day.device.notifications]
        self.assertGreater(len(silent), 60)
        for cls in silent:
            self.assertEqual(self.days[cls].observer.steps, 0, cls)

    def test_notTooChatty(self) -> None:
        """A device by itself reports every few seconds at most, on average."""
        for cls, day in self.days.items():
            self.assertLess(day.observer.steps, 24 * HOUR / 20, cls)


class SeedTests(SynchronousTestCase):
    """Another seed gives another log."""

    def test_otherSeed(self) -> None:
        """Whoever says anything by itself says something else; a lamp that is only commanded may not."""
        same = []
        for cls in classes():
            days = [Day(cls, seed, deriving=False) for seed in (7, 8)]
            for day in days:
                day.link.start()
                day.kit.run(3 * HOUR)
            if days[0].observer.steps > 3 and days[0].observer.log() == days[1].observer.log():
                same.append(cls)
        self.assertEqual(same, [])

    def test_ownStream(self) -> None:
        """What a sensor measures does not depend on which other devices there are."""
        logs = []
        for others in ((), ("PresenceSensor", "Button", "DoorSensor")):
            kit = FakeKit(5)
            link = driver.link("home", {}, None, FakeLinkPort(), kit)
            for index, cls in enumerate(others):
                device = Device(f"other{index}", cls)
                link.attach(device, Observer(device, kit))
            device = Device("it", "QuadSensor")
            observer = Observer(device, kit)
            link.attach(device, observer)
            link.start()
            kit.run(HOUR)
            logs.append(observer.log())
        self.assertEqual(logs[0], logs[1])
