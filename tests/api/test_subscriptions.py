"""Subscriptions over the WebSocket: every shape of a body, every kind of name, scopes and exclusions."""

from datetime import UTC, datetime
from typing import Any

from dog.api.resources.subscriptions import resolve
from dog.core import subscriptions as core
from dog.core.core import Applied, Observed
from dog.core.now import Now
from dog.model.device import Device
from dog.model.home import Home, HomeDiff
from dog.model.measure import Measure
from dog.model.rights import Principal
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

    def test_fieldOfAnyName(self) -> None:
        """An object with one field that holds the list."""
        self.check({"foo": ["OnNotification"]}, ON)
        self.check({"foo": "OnNotification"}, ON)
        self.check({"foo": ["OnNotification"], "devices": ["lamp1"]}, ON[:1])

    def test_fieldsOfAnyName(self) -> None:
        """What is meant by others can't be told; it is not everything."""
        for parameters in (
            {"foo": ["OnNotification"], "bar": ["OffNotification"]},
            {"foo": None},
            {"minIntervall": 5},
        ):
            answer = self.subscribe(parameters)
            self.assertEqual((answer["response"], answer["status"]), ({"result": "Registration failed"}, 400))
        self.assertEqual(self.happened(), [])

    def test_bounds(self) -> None:
        """Neither more names in one body nor longer ones than anybody needs."""
        for key in ("notifications", "devices", "rooms", "classes"):
            for names in (["a"] * 1001, ["a" * 201]):
                answer = self.subscribe({key: names})
                self.assertEqual((answer["response"], answer["status"]), ({"result": "Registration failed"}, 400))
                self.assertIn("at most 1000 names of at most 200 characters", answer["error"]["message"])
                self.assertLess(len(answer["error"]["message"]), 200)
        self.check({"devices": ["x" * 200] * 999 + ["lamp1"], "notifications": ["OnNotification"]}, ON[:1])

    def test_tooManyNarrow(self) -> None:
        """What would be one too many is refused in words; what was there stays."""
        self.patch(core, "MAX_NARROW", 2)
        for lamp in ("lamp1", "lamp2"):
            self.assertEqual(self.subscribe({"devices": [lamp]})["status"], 200)
        answer = self.subscribe({"devices": ["dial"]})
        self.assertEqual((answer["response"], answer["status"]), ({"result": "Registration failed"}, 400))
        self.assertIn("at most 2 subscriptions", answer["error"]["message"])
        self.assertEqual(self.subscribe({"devices": ["lamp2"]})["status"], 200)
        self.assertEqual(self.happened(), LAMPS)

    def test_tooLongDevice(self) -> None:
        """The device that a path names is kept like any other name."""
        for answer in (self.subscribe("*", of("d" * 201)), self.client.ask("DELETE", of("x") + "/" + "n" * 201)):
            self.assertEqual((answer["status"], answer["error"]["code"]), (400, "bad_body"))

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


class ExtensionTests(Told):
    """What a subscription's body may carry beyond v1."""

    def setUp(self) -> None:
        super().setUp()
        self.client.lose()
        self.factory.heartbeat = 0.0
        self.client = Client(self.factory)

    def states(self, statuses: Any) -> dict[str, Any]:
        return {each["id"]: each.get("status", {}) for each in statuses}

    def switch(self, *values: str, lamp: str = "lamp1") -> None:
        for value in values:
            self.step(Observed(lamp, (Reading(Slot(lamp, "OnOffState"), value, forced=True),)))

    def told(self) -> list[tuple[int, str, int]]:
        return [
            (each["eventId"], each["notification"]["notificationName"], each["cursor"]) for each in self.client.take()
        ]

    def rejoin(self) -> None:
        self.client.lose()
        self.client = Client(self.factory)

    # -- snapshot -----------------------------------------------------------------------------------------

    def test_snapshot(self) -> None:
        self.switch("on")
        answer = self.subscribe({"snapshot": True})
        response = answer["response"]
        self.assertEqual((response["result"], answer["status"]), (REGISTERED["result"], 200))
        self.assertEqual((response["epoch"], response["eventId"]), ("e1", self.core.log.lastId))
        self.assertEqual([each["id"] for each in response["devicesStatus"]], [each.id for each in DEVICES])
        self.assertEqual(self.states(response["devicesStatus"])["lamp1"], {"OnOffState": [{"value": "on"}]})
        self.assertNotIn("resume", response)
        self.assertEqual(self.client.connection.features, {"eventId", "gap"})
        last = self.core.log.lastId
        self.switch("off")
        self.assertEqual(self.told(), [(last + 1, "off", last + 1)])

    def test_noSnapshot(self) -> None:
        for parameters in ("*", {}, {"snapshot": False}, {"since": None}):
            self.assertEqual(self.subscribe(parameters)["response"], REGISTERED)
        self.assertEqual(self.client.connection.features, frozenset())

    def test_snapshotKeepsFeatures(self) -> None:
        self.client.connection.features = frozenset({"x"})
        self.subscribe({"snapshot": True})
        self.assertEqual(self.client.connection.features, {"x", "eventId", "gap"})

    def test_snapshotCovers(self) -> None:
        """The devices of the scope and of the filter, and no others."""

        def covered(body: Any, endPoint: str = ALL) -> list[str]:
            response = self.subscribe({"snapshot": True, **body}, endPoint)["response"]
            return [each["id"] for each in response["devicesStatus"]]

        self.assertEqual(covered({}, of("lamp2")), ["lamp2"])
        self.assertEqual(covered({"devices": ["lamp*"]}), ["lamp1", "lamp2"])
        self.assertEqual(covered({"classes": "Dimmer*"}), ["dial"])
        self.assertEqual(covered({"devices": []}), [])
        self.assertEqual(covered({}, of("nothing")), [])

    def test_snapshotProfile(self) -> None:
        """As the client wants to be answered otherwise."""
        home = Home(devices={"lamp1": Device("lamp1", "SimpleLamp", description="A lamp")})
        self.step(Applied(HomeDiff(home, changed=("lamp1",))))
        [status] = self.subscribe({"snapshot": True})["response"]["devicesStatus"]
        self.assertEqual(status["description"], "A lamp")
        [status] = self.subscribe({"snapshot": True}, ALL + "?profile=released")["response"]["devicesStatus"]
        self.assertNotIn("description", status)

    def test_snapshotOfWhatIsVisible(self) -> None:
        self.patch(Principal, "may", lambda self, right: False)
        self.core.visibility.apply(self.core.home)
        answer = self.subscribe({"snapshot": True})
        self.assertNotIn("devicesStatus", answer["response"])

    # -- since --------------------------------------------------------------------------------------------

    def since(self, cursor: int, epoch: str = "e1", **more: Any) -> Any:
        return self.subscribe({"since": {"epoch": epoch, "cursor": cursor}, **more})["response"]

    def test_complete(self) -> None:
        last = self.core.log.lastId
        response = self.since(last)
        self.assertEqual(response, {**REGISTERED, "epoch": "e1", "eventId": last, "resume": "complete"})
        self.assertEqual(self.client.connection.features, {"eventId", "gap"})

    def test_replay(self) -> None:
        """What was missed, in order, after the answer and before what is new."""
        last = self.core.log.lastId
        self.switch("on", "off", "on")
        self.client.send(self.client.request("POST", ALL, {"since": {"epoch": "e1", "cursor": last + 1}}))
        self.switch("off")
        answer, *told = self.client.take()
        self.assertEqual(answer["response"], {**REGISTERED, "epoch": "e1", "eventId": last + 1, "resume": "replay"})
        self.assertEqual(
            [(each["eventId"], each["notification"]["notificationName"], each["cursor"]) for each in told],
            [(last + 2, "off", last + 2), (last + 3, "on", last + 3), (last + 4, "off", last + 4)],
        )

    def test_eventId(self) -> None:
        """Is as good as a cursor."""
        last = self.core.log.lastId
        self.switch("on")
        self.client.send(self.client.request("POST", ALL, {"since": {"epoch": "e1", "eventId": last}}))
        self.assertEqual([each["messageType"] for each in self.client.take()], ["response", "notification"])

    def test_replayWhatMatches(self) -> None:
        """Of this subscription, whatever else there is."""
        self.subscribe("*")
        last = self.core.log.lastId
        self.switch("on", "off")
        self.switch("on", "off", lamp="lamp2")
        self.client.take()
        body = {"notifications": ["OnNotification"], "devices": ["lamp2"], "since": {"epoch": "e1", "cursor": last}}
        self.client.send(self.client.request("POST", ALL, body))
        self.client.take()
        self.rejoin()
        self.client.send(self.client.request("POST", ALL, body))
        answer, told = self.client.take()
        self.assertEqual(answer["response"]["resume"], "replay")
        self.assertEqual((told["eventId"], told["notification"]["deviceUri"]), (last + 3, "lamp2"))

    def test_replayOfWhatIsVisible(self) -> None:
        """Of what is not there for this client nothing is told later either."""
        last = self.core.log.lastId
        self.switch("on", lamp="lamp2")
        self.switch("on")
        self.step(Applied(HomeDiff(Home(devices={"lamp1": DEVICES[0]}), removed=("lamp2",))))
        self.client.send(self.client.request("POST", ALL, {"since": {"epoch": "e1", "cursor": last}}))
        answer, told = self.client.take()
        self.assertEqual((answer["response"]["resume"], told["notification"]["deviceUri"]), ("replay", "lamp1"))

    def test_nothingMatches(self) -> None:
        """Then nothing was missed."""
        last = self.core.log.lastId
        self.switch("on")
        response = self.since(last, notifications=["PressedNotification"])
        self.assertEqual((response["resume"], response["eventId"]), ("complete", last + 1))
        self.assertEqual(self.client.take(), [])

    def test_gap(self) -> None:
        self.core.log._maxEvents = 2
        last = self.core.log.lastId
        self.switch("on", "off", "on")
        response = self.since(last)
        self.assertEqual(
            (response["resume"], response["gap"], response["eventId"]),
            ("gap", {"epoch": "e1", "from": last, "to": last + 3}, last + 3),
        )
        self.assertEqual(self.states(response["devicesStatus"])["lamp1"], {"OnOffState": [{"value": "on"}]})
        self.assertEqual(self.client.take(), [])

    def test_gapOfAnotherEpoch(self) -> None:
        response = self.since(3, "e0", devices=["lamp*"])
        self.assertEqual(response["gap"], {"epoch": "e1", "from": None, "to": self.core.log.lastId})
        self.assertEqual(list(self.states(response["devicesStatus"])), ["lamp1", "lamp2"])

    def test_fromTheFuture(self) -> None:
        response = self.since(self.core.log.lastId + 1)
        self.assertEqual((response["resume"], response["gap"]["from"]), ("gap", None))

    def test_snapshotAndSince(self) -> None:
        last = self.core.log.lastId
        self.switch("on")
        self.client.send(
            self.client.request("POST", ALL, {"since": {"epoch": "e1", "cursor": last}, "snapshot": True})
        )
        answer, told = self.client.take()
        self.assertEqual((answer["response"]["resume"], told["eventId"]), ("replay", last + 1))
        self.assertEqual(self.states(answer["response"]["devicesStatus"])["lamp1"], {"OnOffState": [{"value": "on"}]})

    def test_longReplay(self) -> None:
        """Longer than what may wait: it goes at the client's pace, and what happens meanwhile follows."""
        last = self.core.log.lastId
        self.switch(*("on", "off") * 1500)
        self.client.transport.full = True
        self.client.send(self.client.request("POST", ALL, {"since": {"epoch": "e1", "cursor": last}}))
        self.switch("on", "off")
        numbers = []
        while came := self.client.take():
            numbers += [(each["eventId"], each["cursor"]) for each in came if each["messageType"] == "notification"]
            assert self.client.transport.producer is not None
            self.client.transport.producer.resumeProducing()
        self.assertEqual(numbers, [(number, number) for number in range(last + 1, last + 3003)])

    def test_replayOvertaken(self) -> None:
        """The log forgets what the client is too slow to take: a gap from where it was."""
        last = self.core.log.lastId
        self.core.log._maxEvents = 1000
        self.switch(*("on", "off") * 400)
        self.client.transport.full = True
        self.client.send(self.client.request("POST", ALL, {"since": {"epoch": "e1", "cursor": last}}))
        self.client.transport.drain()
        self.assertEqual(len(self.client.take()), 801)
        self.rejoin()
        self.client.transport.full = True
        self.client.send(self.client.request("POST", ALL, {"since": {"epoch": "e1", "cursor": last}}))
        for _ in range(5):
            self.client.transport.producer.resumeProducing()  # type: ignore[union-attr]
        self.switch(*("on", "off") * 499)
        self.client.transport.drain()
        *told, gap, live = [each for each in self.client.take() if each["messageType"] != "response"] + [None]
        self.assertIsNone(live)
        numbers = [each["eventId"] for each in told]
        self.assertGreaterEqual(len(numbers), 5)
        self.assertEqual(numbers, list(range(last + 1, last + 1 + len(numbers))))
        self.assertEqual(gap["gap"], {"epoch": "e1", "from": numbers[-1], "to": self.core.log.lastId})
        self.switch("on")
        self.assertEqual(self.told(), [(self.core.log.lastId, "on", self.core.log.lastId)])

    # -- malformed ----------------------------------------------------------------------------------------

    def test_malformed(self) -> None:
        malformed: tuple[dict[str, Any], ...] = (
            {"since": 5},
            {"since": []},
            {"since": {}},
            {"since": {"epoch": "e1"}},
            {"since": {"cursor": 5}},
            {"since": {"epoch": 1, "cursor": 5}},
            {"since": {"epoch": "e1", "cursor": "5"}},
            {"since": {"epoch": "e1", "cursor": -1}},
            {"since": {"epoch": "e1", "cursor": True}},
            {"since": {"epoch": "e1", "cursor": 1.5}},
            {"since": {"epoch": "e1", "eventId": {}}},
            {"snapshot": 1},
            {"snapshot": "yes"},
            {"devices": 1},
            {"rooms": [1]},
            {"classes": {}},
            {"minInterval": "5"},
            {"minInterval": True},
            {"minInterval": -1},
            {"minInterval": 1e9},
        )
        for parameters in malformed:
            answer = self.subscribe(parameters)
            self.assertEqual((answer["response"], answer["status"]), ({"result": "Registration failed"}, 400))
            self.assertEqual(answer["error"]["code"], "bad_body", parameters)
            self.assertTrue(answer["error"]["path"].startswith("/" + next(iter(parameters))), parameters)
        self.assertEqual(self.happened(), [])
        self.assertEqual(self.client.connection.features, frozenset())

    def test_unknownKeys(self) -> None:
        """Accepted, and told: a client that writes C{device} means something."""
        answer = self.subscribe({"device": "lamp1", "notifications": ["OnNotification"]})
        self.assertEqual((answer["response"], answer["warnings"]), (REGISTERED, ["unknown key 'device'"]))
        self.assertEqual(self.happened(), ON)

    # -- filters ------------------------------------------------------------------------------------------

    def check(self, expected: list[str], **body: Any) -> None:
        answer = self.subscribe(body)
        self.assertNotIn("warnings", answer)
        self.assertEqual(self.happened(), expected, body)
        self.unsubscribe("*")
        self.assertEqual(self.happened(), [])

    def test_filters(self) -> None:
        self.check(LAMPS, devices=["lamp*"])
        self.check(LAMPS[:2] + METER, devices=["lamp1", "m*r"])
        self.check(LAMPS[:2], devices="lamp1")
        self.check(EVERYTHING, devices=["*"])
        self.check([], devices=[])
        self.check(STEP, classes=["DimmerSwitch"])
        self.check(LAMPS, classes=["Lamp"])
        self.check([], rooms=["kitchen"])
        self.check(ON[1:], devices=["*2", "dial"], classes=["*Lamp"], notifications=["OnNotification"])

    def test_rooms(self) -> None:
        devices = {"lamp1": Device("lamp1", "SimpleLamp", isIn="kitchen"), "lamp2": Device("lamp2", "SimpleLamp")}
        self.step(Applied(HomeDiff(Home(devices=devices))))
        self.check(LAMPS[:2], rooms=["kit*"])

    def test_notificationGlobs(self) -> None:
        """Of classes, in every shape and for unsubscribing too."""
        self.check(METER, notifications=["*Measurement*"])
        self.check(LAMPS, notifications="O*Notification")
        self.subscribe("O*Notification")
        self.unsubscribe("On*")
        self.assertEqual(self.happened(), OFF)
        answer = self.subscribe(["Dance*"])
        self.assertEqual(answer["warnings"], ["unknown notification 'Dance*'"])

    # -- intervals ----------------------------------------------------------------------------------------

    def measure(self, value: str) -> None:
        slot = Slot("meter", "SinglePhaseActiveEnergyState")
        self.step(Observed("meter", (Reading(slot, Measure.parse(value), forced=True),)))

    def values(self) -> list[Any]:
        return [(each["notification"].get("value"), each["eventId"], each["cursor"]) for each in self.client.take()]

    def test_minInterval(self) -> None:
        """The first at once, then the latest of each interval, then nothing until there is something new."""
        self.client.connection.features = frozenset({"eventId"})
        self.subscribe({"minInterval": 10})
        last = self.core.log.lastId
        self.measure("1 kWh")
        self.assertEqual(self.values(), [("1 kWh", last + 1, last + 1)])
        self.measure("2 kWh")
        self.measure("3 kWh")
        self.assertEqual(self.values(), [])
        self.clock.advance(9.9)
        self.assertEqual(self.values(), [])
        self.clock.advance(0.2)
        self.assertEqual(self.values(), [("3 kWh", last + 3, last + 3)])
        self.clock.advance(5)
        self.measure("4 kWh")
        self.clock.advance(4)
        self.assertEqual(self.values(), [])
        self.clock.advance(1.1)
        self.assertEqual(self.values(), [("4 kWh", last + 4, last + 4)])
        self.clock.pump([10.1, 10.1])
        self.assertEqual((self.values(), self.timers()), ([], 0))
        self.measure("5 kWh")
        self.assertEqual(self.values(), [("5 kWh", last + 5, last + 5)])

    def timers(self) -> int:
        return len(self.clock.getDelayedCalls())

    def test_cursorStaysBehind(self) -> None:
        """What is told meanwhile does not hide what is held back."""
        self.client.connection.features = frozenset({"eventId"})
        self.subscribe({"minInterval": 10})
        last = self.core.log.lastId
        self.measure("1 kWh")
        self.measure("2 kWh")
        self.switch("on")
        self.measure("3 kWh")
        self.switch("off")
        self.assertEqual(
            self.values(), [("1 kWh", last + 1, last + 1), (None, last + 3, last + 1), (None, last + 5, last + 1)]
        )
        self.clock.advance(10.1)
        self.assertEqual(self.values(), [("3 kWh", last + 4, last + 5)])

    def test_resumedWhileHeldBack(self) -> None:
        """So a client that goes on from there gets it, thinned to the latest, and is not told again too soon."""
        body = {"minInterval": 10, "since": {"epoch": "e1", "cursor": self.core.log.lastId}}
        last = self.core.log.lastId
        self.measure("1 kWh")
        self.measure("2 kWh")
        self.switch("on")
        self.measure("3 kWh")
        self.switch("off")
        self.client.send(self.client.request("POST", ALL, body))
        answer = self.client.take()
        self.assertEqual(answer[0]["response"]["resume"], "replay")
        self.assertEqual(
            [(each["eventId"], each["cursor"]) for each in answer[1:]],
            [(last + 3, last), (last + 4, last + 4), (last + 5, last + 5)],
        )
        self.measure("4 kWh")
        self.assertEqual(self.values(), [])
        self.clock.advance(10.1)
        self.assertEqual(self.values(), [("4 kWh", last + 6, last + 6)])

    def test_notWantedAnyMore(self) -> None:
        """What is held back goes with its subscription, and the cursor is not held by it."""
        self.client.connection.features = frozenset({"eventId"})
        self.subscribe({"minInterval": 10})
        self.measure("1 kWh")
        self.measure("2 kWh")
        self.client.take()
        self.unsubscribe("*")
        self.clock.advance(10.1)
        self.assertEqual(self.client.take(), [])
        self.subscribe("*")
        self.switch("on")
        last = self.core.log.lastId
        self.assertEqual(self.told(), [(last, "on", last)])

    def test_faster(self) -> None:
        """An interval that ends before its time: the next measurement goes at once, the one held back never."""
        self.client.connection.features = frozenset({"eventId"})
        self.subscribe({"minInterval": 10})
        self.measure("1 kWh")
        self.measure("2 kWh")
        self.client.take()
        self.subscribe("*", of("meter"))
        self.subscribe("*")
        self.measure("3 kWh")
        last = self.core.log.lastId
        self.assertEqual(self.values()[-1], ("3 kWh", last, last))
        self.clock.advance(11)
        self.assertEqual(self.values(), [])

    def test_intervalEndsWithTheConnection(self) -> None:
        self.subscribe({"minInterval": 10})
        self.measure("1 kWh")
        self.measure("2 kWh")
        self.client.lose()
        self.assertEqual(self.timers(), 0)
