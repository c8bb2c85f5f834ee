"""Subscriptions over the WebSocket: every shape of a body, every kind of name, scopes and exclusions."""

from datetime import UTC, datetime
from typing import Any

from dog.api.resources.subscriptions import resolve
from dog.core.core import Applied, Observed
from dog.core.now import Now
from dog.model.device import Device
from dog.model.home import Home, HomeDiff
from dog.model.measure import Measure
from dog.model.values import Pulse, Reading, Slot
from tests.api.test_session import Talking
from tests.api.ws.talk import Client

ALL = "/api/v1/subscriptions/devices/notifications"
REGISTERED = {"result": "Registration completed successfully"}
UNREGISTERED = {"result": "Unregistration completed successfully"}

DEVICES = (
    Device("lamp1", "SimpleLamp"),
    Device("lamp2", "SimpleLamp"),
    Device("dial", "DimmerSwitch"),
    Device("meter", "SinglePhaseElectricityMeter"),
)


def of(device: str) -> str:
    return f"/api/v1/subscriptions/devices/{device}/notifications"


class Told(Talking):
    """A house in which things happen."""

    def setUp(self) -> None:
        super().setUp()
        home = Home(devices={each.id: each for each in DEVICES})
        self.step(Applied(HomeDiff(home, added=tuple(home.devices))))

    def step(self, input: Any) -> None:
        effects = self.core.step(input, Now(0.0, datetime(2024, 5, 1, tzinfo=UTC)))
        for event, clients in effects.deliveries:
            for client in clients:
                client.deliver(event)  # type: ignore[attr-defined]

    def subscribe(self, parameters: Any = None, endPoint: str = ALL) -> Any:
        return self.client.ask("POST", endPoint, parameters)

    def unsubscribe(self, name: str, base: str = ALL) -> Any:
        answer = self.client.ask("DELETE", f"{base}/{name}")
        self.assertEqual((answer["response"], answer["status"]), (UNREGISTERED, 200))
        return answer

    def happened(self, client: Client | None = None) -> list[str]:
        """Make one of each thing happen; what the client is told, as C{device class}."""
        for lamp in ("lamp1", "lamp2"):
            for value in ("on", "off"):
                self.step(Observed(lamp, (Reading(Slot(lamp, "OnOffState"), value, forced=True),)))
        self.step(Observed("dial", (Pulse("dial", "LevelStepUpNotification"),)))
        slot = Slot("meter", "SinglePhaseActiveEnergyState")
        self.step(Observed("meter", (Reading(slot, Measure.parse("1 kWh"), forced=True),)))
        taken = [each["notification"] for each in (client or self.client).take()]
        return [f"{each['deviceUri']} {each['notificationTopic']}" for each in taken]


LAMPS = [f"{lamp} {what}Notification" for lamp in ("lamp1", "lamp2") for what in ("On", "Off")]
ON = LAMPS[::2]
OFF = LAMPS[1::2]
STEP = ["dial LevelStepUpNotification"]
METER = ["meter SinglePhaseActiveEnergyMeasurementNotification"]
EVERYTHING = LAMPS + STEP + METER


class BodyTests(Told):
    def check(self, parameters: Any, expected: list[str]) -> None:
        client = self.client = Client(self.factory)
        message = client.request("POST", ALL)
        if parameters is not Told:
            message["parameters"] = parameters
        client.send(message)
        [answer] = client.take()
        self.assertEqual((answer["response"], answer["status"]), (REGISTERED, 200), parameters)
        self.assertNotIn("warnings", answer)
        self.assertEqual(self.happened(), expected, parameters)
        client.lose()

    def test_everything(self) -> None:
        absent = Told
        for parameters in (
            "*",
            "",
            None,
            "null",
            absent,
            ["*"],
            '"*"',
            '["*"]',
            '""',
            {"notifications": "*"},
            {"notifications": None},
            {"notifications": ["*"]},
            {},
            "{}",
        ):
            self.check(parameters, EVERYTHING)

    def test_one(self) -> None:
        for parameters in (
            "OnNotification",
            '"OnNotification"',
            ["OnNotification"],
            {"notifications": "OnNotification"},
        ):
            self.check(parameters, ON)

    def test_several(self) -> None:
        names = ["OnNotification", "LevelStepUpNotification"]
        for parameters in (
            names,
            '["OnNotification","LevelStepUpNotification"]',
            {"notifications": names},
            {"notifications": {"notification": names}},
            {"notifications": {"anyName": names}},
            '{"notifications":{"notification":["OnNotification","LevelStepUpNotification"]}}',
            '{"notifications": ["OnNotification", "LevelStepUpNotification"]}',
        ):
            self.check(parameters, [*ON, *STEP])

    def test_oneDeeper(self) -> None:
        self.check({"notifications": {"notification": "OnNotification"}}, ON)

    def test_withEverything(self) -> None:
        self.check(["OnNotification", "*"], EVERYTHING)

    def test_emptyList(self) -> None:
        self.check([], [])

    def test_malformed(self) -> None:
        malformed: tuple[Any, ...] = (
            5,
            True,
            [1],
            ["OnNotification", None],
            [["OnNotification"]],
            {"notifications": 5},
            {"notifications": {}},
            {"notifications": {"a": ["x"], "b": ["y"]}},
            {"notifications": {"a": {"b": ["x"]}}},
            {"notifications": [{"notification": "OnNotification"}]},
            '{"notifications":["OnNotification"',
            "[",
        )
        for parameters in malformed:
            answer = self.subscribe(parameters)
            self.assertEqual((answer["response"], answer["status"]), ({"result": "Registration failed"}, 400))
            self.assertEqual(answer["error"]["code"], "bad_body", parameters)
            self.assertTrue(answer["error"]["expected"])
        self.assertEqual(self.happened(), [])


class NameTests(Told):
    """In which order a name is looked up. What is delivered always names the class."""

    def test_class(self) -> None:
        self.assertEqual(resolve(("OnNotification",)), (("OnNotification",), ()))

    def test_legacy(self) -> None:
        self.assertEqual(resolve(("FanSpeedUpNotification",)), (("SpeedStepUpNotification",), ()))
        self.subscribe("ActiveEnergyMeasurementNotification")
        self.assertEqual(self.happened(), METER)

    def test_functionality(self) -> None:
        """C{XNotification} of an C{XNotificationFunctionality} with several."""
        self.assertEqual(resolve(("OnOffNotification",)), (("OffNotification", "OnNotification"), ()))
        self.subscribe("OnOffNotification")
        self.assertEqual(self.happened(), LAMPS)

    def test_functionalityOfOne(self) -> None:
        """A functionality that has a single notification is no name for it."""
        self.assertEqual(len(resolve(("LuminosityNotification",))[1]), 1)

    def test_abstract(self) -> None:
        """An abstract class is none; a functionality of its name may be there."""
        self.assertEqual(
            resolve(("MovementNotification",)), (("SimpleMovementNotification", "SimpleNoMovementNotification"), ())
        )

    def test_oldNameWithoutSuccessor(self) -> None:
        self.assertEqual(resolve(("GroupNotification",)), (("JoinGroupNotification", "LeaveGroupNotification"), ()))

    def test_notificationName(self) -> None:
        self.assertEqual(resolve(("isPresent",)), (("IsPresentNotification",), ()))
        self.assertEqual(set(resolve(("pressed",))[0]), {"PressedNotification", "PressedMNotification"})
        self.subscribe(["on", "newActiveEnergyValue"])
        self.assertEqual(self.happened(), [*ON, *METER])

    def test_stateChange(self) -> None:
        """Every change of a discrete state: neither pulses nor measurements."""
        self.subscribe("StateChangeNotification")
        self.assertEqual(self.happened(), LAMPS)

    def test_unknown(self) -> None:
        """Accepted, and told."""
        answer = self.subscribe(["OnNotification", "DanceNotification", "DanceNotification", "OnFunctionality"])
        self.assertEqual((answer["response"], answer["status"]), (REGISTERED, 200))
        self.assertEqual(len(answer["warnings"]), 2)
        self.assertIn("DanceNotification", answer["warnings"][0])
        self.assertEqual(self.happened(), ON)

    def test_everyClass(self) -> None:
        """Each concrete class is found under its own name, alone."""
        from dog.model.catalogue import catalogue

        for kind in catalogue().notifications():
            self.assertEqual(resolve((kind.cls,)), ((kind.cls,), ()))
            self.assertIn(kind.cls, resolve((kind.name,))[0])

    def test_unknownDevice(self) -> None:
        answer = self.subscribe("OnNotification", of("nothing"))
        self.assertEqual((answer["response"], answer["status"]), (REGISTERED, 200))
        self.assertIn("nothing", answer["warnings"][0])
        answer = self.client.ask("DELETE", of("nothing") + "/DanceNotification")
        self.assertEqual(answer["response"], UNREGISTERED)
        self.assertEqual(len(answer["warnings"]), 2)

    def test_deviceToCome(self) -> None:
        """It may be there later."""
        self.subscribe("*", of("lamp3"))
        home = Home(devices={"lamp3": Device("lamp3", "SimpleLamp")})
        self.step(Applied(HomeDiff(home, added=("lamp3",))))
        self.step(Observed("lamp3", (Reading(Slot("lamp3", "OnOffState"), "on"),)))
        self.assertEqual(len(self.client.take()), 1)


class ScopeTests(Told):
    def test_oneDevice(self) -> None:
        self.subscribe("*", of("lamp2"))
        self.assertEqual(self.happened(), LAMPS[2:])

    def test_encodedDevice(self) -> None:
        self.subscribe("*", of("lamp%32"))
        self.assertEqual(self.happened(), LAMPS[2:])

    def test_twice(self) -> None:
        """The same as once, and one removal ends it."""
        for _ in range(2):
            self.subscribe("OnNotification")
        self.assertEqual(self.happened(), ON)
        self.unsubscribe("OnNotification")
        self.assertEqual(self.happened(), [])

    def test_overlapping(self) -> None:
        """Each event once, however many subscriptions match."""
        self.subscribe("*")
        self.subscribe(["OnNotification", "StateChangeNotification", "on"])
        self.subscribe("*", of("lamp1"))
        self.subscribe("OnNotification", of("lamp1"))
        self.assertEqual(self.happened(), EVERYTHING)

    def test_clients(self) -> None:
        """Each for itself."""
        other = Client(self.factory)
        self.subscribe("OnNotification")
        other.ask("POST", ALL, "LevelStepUpNotification")
        self.assertEqual(self.happened(), ON)
        self.assertEqual(
            [each["notification"]["notificationTopic"] for each in other.take()], ["LevelStepUpNotification"]
        )
        other.ask("DELETE", ALL + "/*")
        self.assertEqual(self.happened(), ON)
        self.assertEqual(other.take(), [])


class UnsubscribeTests(Told):
    def test_name(self) -> None:
        self.subscribe(["OnNotification", "OffNotification"])
        self.unsubscribe("OnNotification")
        self.assertEqual(self.happened(), OFF)

    def test_nameInOtherWords(self) -> None:
        """By whatever name it was subscribed to."""
        self.subscribe("*")
        self.unsubscribe("OnOffNotification")
        self.assertEqual(self.happened(), STEP + METER)
        self.unsubscribe("stepUp")
        self.assertEqual(self.happened(), METER)

    def test_star(self) -> None:
        """Everything of the scope, exclusions too."""
        for name in ("*", "%2A"):
            self.subscribe(["OnNotification", "*"])
            self.unsubscribe("OffNotification")
            self.unsubscribe(name)
            self.assertEqual(self.happened(), [])
            self.subscribe("*")
            self.assertEqual(self.happened(), EVERYTHING)

    def test_starOfADevice(self) -> None:
        """Of that device only."""
        self.subscribe("*", of("lamp1"))
        self.subscribe("*", of("lamp2"))
        self.unsubscribe("*", of("lamp1"))
        self.assertEqual(self.happened(), LAMPS[2:])

    def test_deviceOnly(self) -> None:
        """What is removed of one device stays for the others."""
        self.subscribe("OnNotification", of("lamp1"))
        self.subscribe("OnNotification", of("lamp2"))
        self.unsubscribe("OnNotification", of("lamp1"))
        self.assertEqual(self.happened(), ON[1:])

    def test_scopesStandForThemselves(self) -> None:
        self.subscribe("OnNotification")
        self.subscribe("OnNotification", of("lamp1"))
        self.unsubscribe("OnNotification", of("lamp1"))
        self.assertEqual(self.happened(), ON)
        self.subscribe("OnNotification", of("lamp1"))
        self.unsubscribe("*")
        self.assertEqual(self.happened(), ON[:1])

    def test_never(self) -> None:
        """The published page unsubscribes from what it never subscribed to."""
        for name in ("*", "OnNotification"):
            self.unsubscribe(name)
            self.unsubscribe(name, of("lamp1"))
        self.assertIn("warnings", self.unsubscribe("DanceNotification"))
        self.assertEqual(self.happened(), [])

    def test_excluded(self) -> None:
        """Under a star, a name that is removed is excluded; subscribed to again, it is back."""
        self.subscribe("*")
        self.unsubscribe("OnNotification")
        self.assertEqual(self.happened(), OFF + STEP + METER)
        self.subscribe("OnNotification")
        self.assertEqual(self.happened(), EVERYTHING)
        self.unsubscribe("OnNotification")
        self.assertEqual(self.happened(), OFF + STEP + METER)

    def test_excludedOfADevice(self) -> None:
        self.subscribe("*", of("lamp1"))
        self.unsubscribe("OnNotification", of("lamp1"))
        self.assertEqual(self.happened(), OFF[:1])

    def test_excludedInOneScope(self) -> None:
        """Another scope still wants it."""
        self.subscribe("*")
        self.subscribe("*", of("lamp1"))
        self.unsubscribe("OnNotification")
        self.assertEqual(self.happened(), sorted([*ON[:1], *OFF, *STEP, *METER], key=EVERYTHING.index))

    def test_notExcludedWithoutStar(self) -> None:
        """A name that is removed before the star came is not excluded from it."""
        self.unsubscribe("OnNotification")
        self.subscribe("*")
        self.assertEqual(self.happened(), EVERYTHING)

    def test_excludedStateChange(self) -> None:
        self.subscribe("*")
        self.unsubscribe("StateChangeNotification")
        self.assertEqual(self.happened(), STEP + METER)

    def test_withoutName(self) -> None:
        answer = self.client.ask("DELETE", ALL)
        self.assertEqual(answer["status"], 405)


class EndTests(Told):
    def test_lost(self) -> None:
        self.subscribe("*")
        self.subscribe("OnNotification", of("lamp1"))
        self.unsubscribe("OffNotification")
        self.client.lose()
        self.assertEqual(len(self.core.subscriptions), 0)
