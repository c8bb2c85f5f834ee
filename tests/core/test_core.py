"""The core: one input, one instant, everything that follows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from twisted.trial.unittest import SynchronousTestCase

from dog.core.core import Accepted, Applied, Attached, Core, Effects, Input, Observed, Reached, Settled, Ticked
from dog.core.events import Kind
from dog.core.now import Now
from dog.core.subscriptions import ALL, STATE_CHANGE
from dog.core.values import Quality
from dog.model.catalogue import catalogue
from dog.model.command import Command, Outcome, Stage
from dog.model.device import Device
from dog.model.home import Home, HomeDiff
from dog.model.measure import Measure
from dog.model.rights import ANONYMOUS
from dog.model.values import Pulse, Reading, Slot

START = datetime(2026, 1, 1, tzinfo=UTC)

LAMP = Device("lamp", "SimpleLamp", "Scripted")
PROBE = Device("probe", "SingleTemperatureSensor", "Scripted")
BUTTON = Device("button", "Button", "Scripted")

ON = Slot("lamp", "OnOffState")
HEAT = Slot("probe", "TemperatureState")


def celsius(number: str) -> Measure:
    return Measure(Decimal(number), "C")


class CoreTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.core = Core("epoch")
        self.seconds = 0.0
        self.step(Applied(HomeDiff(self.home(LAMP, PROBE, BUTTON), added=("lamp", "probe", "button"))))

    def home(self, *devices: Device) -> Home:
        return Home(devices={each.id: each for each in devices})

    def step(self, input: Input, seconds: float = 0.0) -> Effects:
        self.seconds += seconds
        return self.core.step(input, Now(self.seconds, START + timedelta(seconds=self.seconds)))

    def test_presencesAreShared(self) -> None:
        """Devices that are present in the same way are so in the same object."""
        for id in ("lamp", "probe"):
            self.step(Attached(id, True))
            self.step(Reached(id, True))
        self.assertIs(self.core.presence("lamp"), self.core.presence("probe"))
        self.step(Reached("lamp", False, "silent"))
        self.assertEqual((self.core.presence("lamp").online, self.core.presence("probe").online), (False, True))

    def told(self, effects: Effects) -> list[tuple[str, str | None, dict[str, object]]]:
        return [
            (each.kind.value, each.notification.cls if each.notification else None, dict(each.params))
            for each in effects.events
        ]

    def kinds(self, effects: Effects) -> list[Kind]:
        return [each.kind for each in effects.events]

    # -- what is heard --------------------------------------------------------------------------------

    def test_changeIsANotification(self) -> None:
        effects = self.step(Observed("lamp", (Reading(ON, "on"),)))
        self.assertEqual(self.told(effects), [("notification", "OnNotification", {})])
        self.assertEqual(self.core.values.value(ON), "on")
        event = effects.events[0]
        self.assertTrue(event.discrete)
        self.assertTrue(event.stateChange)
        self.assertEqual(event.slots, (ON,))

    def test_noChangeIsNoEvent(self) -> None:
        self.step(Observed("lamp", (Reading(ON, "on"),)))
        self.assertEqual(self.step(Observed("lamp", (Reading(ON, "on"),))).events, [])

    def test_forcedIsToldAgain(self) -> None:
        self.step(Observed("probe", (Reading(HEAT, celsius("20")),)))
        effects = self.step(Observed("probe", (Reading(HEAT, celsius("20"), forced=True),)))
        self.assertEqual(
            self.told(effects),
            [("notification", "TemperatureMeasurementNotification", {"temperatureValue": celsius("20")})],
        )
        self.assertFalse(effects.events[0].discrete)

    def test_stateThatNothingTells(self) -> None:
        """A change that no notification class of the device tells is an event all the same."""
        slot = Slot("lamp", "LevelState")
        effects = self.step(Observed("lamp", (Reading(slot, 40),)))
        self.assertEqual(self.kinds(effects), [Kind.VALUE_OBSERVED])
        self.assertEqual(effects.events[0].slots, (slot,))

    def test_pulse(self) -> None:
        effects = self.step(Observed("button", (Pulse("button", "PressedNotification"),)))
        self.assertEqual(self.told(effects), [("notification", "PressedNotification", {})])
        again = self.step(Observed("button", (Pulse("button", "PressedNotification"),)))
        self.assertEqual(len(again.events), 1, "a pulse is told every time")

    def test_unknownDevice(self) -> None:
        self.assertEqual(self.step(Observed("nobody", (Reading(Slot("nobody", "X"), 1),))).events, [])

    def test_driversBugChangesNothing(self) -> None:
        """A notification the device does not have, or another's value: refused before anything changes."""
        self.assertRaises(
            ValueError,
            self.step,
            Observed("lamp", (Reading(ON, "on"), Pulse("lamp", "PressedNotification"))),
        )
        self.assertRaises(ValueError, self.step, Observed("lamp", (Reading(HEAT, celsius("1")),)))
        self.assertRaises(TypeError, self.step, Observed("lamp", (Reading(ON, 1),)))
        self.assertIsNone(self.core.values.value(ON))
        self.assertIsNone(self.core.values.value(HEAT))

    def test_whatWasLeftIsTold(self) -> None:
        """The state before the step is known to what tells it."""
        washer = Device("washer", "WashingMachine", "Scripted")
        self.step(Applied(HomeDiff(self.home(washer), added=("washer",))))
        slot = Slot("washer", "WashingApplianceState")
        self.step(Observed("washer", (Reading(slot, "washOrRinse"),)))
        effects = self.step(Observed("washer", (Reading(slot, "heating"),)))
        self.assertEqual(
            [each.notification.cls for each in effects.events if each.notification],
            ["StoppedWashingNotification", "StartedHeatingCycleNotification"],
        )

    # -- who is told ------------------------------------------------------------------------------------

    def clients(self, effects: Effects) -> list[list[object]]:
        return [list(clients) for _, clients in effects.deliveries]

    def test_deliveries(self) -> None:
        self.core.subscriptions.subscribe("all", None, [ALL])
        self.core.subscriptions.subscribe("on", None, ["OnNotification"])
        self.core.subscriptions.subscribe("probe", "probe", [ALL])
        self.core.subscriptions.subscribe("changes", None, [STATE_CHANGE])
        self.assertEqual(self.clients(self.step(Observed("lamp", (Reading(ON, "on"),)))), [["on", "changes", "all"]])
        self.assertEqual(
            self.clients(self.step(Observed("probe", (Reading(HEAT, celsius("20")),)))), [["all", "probe"]]
        )

    # -- freshness --------------------------------------------------------------------------------------

    def test_staleByItself(self) -> None:
        self.step(Observed("probe", (Reading(HEAT, celsius("20"), maxAge=60),)))
        self.assertEqual(self.core.agenda.next(), 60.0)
        self.assertEqual(self.step(Ticked(), 59).events, [])
        effects = self.step(Ticked(), 1)
        self.assertEqual(self.kinds(effects), [Kind.VALUE_STALED])
        held = self.core.values.get(HEAT)
        assert held is not None
        self.assertIs(held.quality, Quality.STALE)

    def test_heardInTime(self) -> None:
        self.step(Observed("probe", (Reading(HEAT, celsius("20"), maxAge=60),)))
        self.step(Observed("probe", (Reading(HEAT, celsius("20"), maxAge=60),)), 59)
        self.assertEqual(self.step(Ticked(), 59).events, [])
        self.assertEqual(len(self.step(Ticked(), 1).events), 1)

    def test_lostDeviceIsStaleAtOnce(self) -> None:
        self.step(Attached("lamp", True))
        self.step(Reached("lamp", True))
        self.step(Observed("lamp", (Reading(ON, "on"),)))
        effects = self.step(Reached("lamp", False, "no answer"))
        self.assertEqual(self.kinds(effects), [Kind.DEVICE_LOST, Kind.VALUE_STALED])
        self.assertEqual(self.core.presence("lamp").reason, "no answer")
        self.assertTrue(self.core.presence("lamp").active)
        self.assertFalse(self.core.presence("lamp").online)

    def test_startIsNoEvent(self) -> None:
        """The home at the start, and its devices being served, are nothing that happened."""
        self.core = Core("another")
        start = Applied(HomeDiff(self.home(LAMP), added=("lamp",), environment=True), initial=True)
        self.assertEqual(self.step(start).events, [])
        self.assertEqual(self.step(Attached("lamp", True)).events, [])

    def test_detachedDeviceIsStaleAtOnce(self) -> None:
        self.step(Attached("lamp", True))
        self.step(Observed("lamp", (Reading(ON, "on"),)))
        effects = self.step(Attached("lamp", False, "no_driver", "no driver for X"))
        self.assertEqual(self.kinds(effects), [Kind.DEVICE_ATTACHED, Kind.VALUE_STALED])

    def test_presence(self) -> None:
        self.assertFalse(self.core.presence("lamp").active)
        self.step(Attached("lamp", True))
        self.assertTrue(self.core.presence("lamp").active)
        self.assertIsNone(self.core.presence("lamp").code)
        self.assertEqual(self.step(Attached("lamp", True)).events, [], "nothing changed")
        self.assertEqual(self.kinds(self.step(Reached("lamp", True))), [Kind.DEVICE_REACHED])

    # -- commands -----------------------------------------------------------------------------------------

    def accept(self) -> Command:
        on = catalogue().command("OnCommand")
        assert on is not None
        command = Command("c1", "lamp", on, {}, 2.0, ANONYMOUS)
        self.step(Accepted(command))
        return command

    def test_outcomeFollowsItsValues(self) -> None:
        """Value events first, then the outcome event, in one step."""
        self.accept()
        effects = self.step(Settled("c1", Outcome(Stage.CONFIRMED, seen=(Reading(ON, "on"),))))
        self.assertEqual(self.kinds(effects), [Kind.NOTIFICATION, Kind.COMMAND_SETTLED])
        details = effects.events[1].details
        self.assertEqual((details["commandId"], details["stage"], details["who"]), ("c1", "confirmed", "anonymous"))
        entry = self.core.ledger.get("c1")
        assert entry is not None
        self.assertIs(entry.stage, Stage.CONFIRMED)

    def test_settledOnce(self) -> None:
        self.accept()
        self.step(Settled("c1", Outcome(Stage.UNKNOWN)))
        effects = self.step(Settled("c1", Outcome(Stage.CONFIRMED, seen=(Reading(ON, "on"),))))
        self.assertEqual(effects.events, [])
        self.assertIsNone(self.core.values.value(ON))

    def test_liveKeysComeBackAsDue(self) -> None:
        self.core.agenda.set("a key of live", 5.0)
        self.assertEqual(self.step(Ticked(), 5).due, ["a key of live"])

    # -- the home -------------------------------------------------------------------------------------------

    def test_removedDeviceIsForgotten(self) -> None:
        self.step(Observed("probe", (Reading(HEAT, celsius("20"), maxAge=60),)))
        effects = self.step(Applied(HomeDiff(self.home(LAMP, BUTTON), removed=("probe",))))
        self.assertEqual(
            [(each.kind, dict(each.details)) for each in effects.events], [(Kind.DEVICE_CHANGED, {"what": "removed"})]
        )
        self.assertIsNone(self.core.values.value(HEAT))
        self.assertIsNone(self.core.agenda.next())

    def test_movedDeviceKeepsItsValues(self) -> None:
        self.step(Observed("lamp", (Reading(ON, "on"),)))
        moved = Device("lamp", "SimpleLamp", "Scripted", isIn="kitchen")
        self.step(Applied(HomeDiff(self.home(moved, PROBE, BUTTON), moved=("lamp",))))
        self.assertEqual(self.core.values.value(ON), "on")

    def test_visibilityFollowsTheHome(self) -> None:
        house = self.core.visibility.house(ANONYMOUS)
        self.assertIsNotNone(house.device("probe"))
        self.assertIs(self.core.visibility.house(ANONYMOUS), house, "compiled once")
        self.step(Applied(HomeDiff(self.home(LAMP), removed=("probe", "button"))))
        after = self.core.visibility.house(ANONYMOUS)
        self.assertIsNone(after.device("probe"))
        self.assertEqual(ids(after.devices()), ["lamp"])


def ids(devices: Iterable[Device]) -> list[str]:
    return [each.id for each in devices]
