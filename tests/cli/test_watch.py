"""C{dogctl watch} on a gateway in memory and a clock driven by hand."""

import json
from datetime import UTC, datetime
from typing import Any

from autobahn.websocket.types import ConnectionDeny
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dog.cli.filters import Filters
from dog.cli.watch import Watch
from dog.client.client import Client
from dog.client.errors import Failed
from tests.cli.fakes import console
from tests.client.gateway import FakeGateway
from tests.client.house import House

DEVICES = ("GET", "/api/v1/devices")
SUBSCRIBE = ("POST", "/api/v1/subscriptions/devices/notifications", {"notifications": ["*"]})


class WatchCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.gateway: FakeGateway = FakeGateway(self.clock)
        self.devices({"id": "lamp", "class": "SimpleLamp", "isIn": "kitchen"}, {"id": "meter", "class": "Meter"})

    def devices(self, *devices: dict[str, str]) -> None:
        self.gateway.answers[DEVICES] = (200, {"devices": list(devices)})

    def watch(self, *filters: str, count: int | None = None, patient: bool = False, **options: Any) -> None:
        made, self.out, self.err = console(**options)
        self.console = made
        self.command = Watch(made, Filters(filters), count, lambda: datetime(2025, 1, 15, 12, tzinfo=UTC))
        client = Client(
            "ws://gateway/ws",
            self.clock,
            endpoint=self.gateway,
            resume=True,
            onNotification=self.command.told,
            onGap=self.command.gap,
            onConnected=self.command.connected,
            onLost=self.command.lost,
        )
        self.client = client
        self.ended = self.command.start(client, patient)
        self.gateway.flush()

    def notify(self, device: str, name: str = "on", fields: Any = None, **params: Any) -> None:
        self.gateway.peer.notify(device, f"{name[0].upper()}{name[1:]}Notification", name, fields, **params)
        self.gateway.flush()

    def lines(self) -> list[str]:
        return self.out().splitlines()

    def retry(self) -> None:
        self.clock.advance(31)
        self.gateway.flush()


class LineTests(WatchCase):
    def setUp(self) -> None:
        super().setUp()
        self.watch()

    def line(self, **fields: Any) -> str:
        """The last line without its time, which depends on the place."""
        last = self.lines()[-1]
        self.assertRegex(last, r"^\d\d:\d\d:\d\d  ")
        return last[10:]

    def test_no_parameter(self) -> None:
        self.notify("lamp")
        self.assertEqual(self.line(), "lamp                  on")

    def test_one_parameter(self) -> None:
        self.notify("meter", "newActivePowerValue", powerValue="12.0 W")
        self.assertEqual(self.line(), "meter                 newActivePowerValue  12.0 W")

    def test_several_parameters(self) -> None:
        self.notify("meter", "power", phaseID="L1", value="12.0 W")
        self.assertEqual(self.line(), "meter                 power             phaseID=L1 value=12.0 W")

    def test_columns_grow(self) -> None:
        self.notify("a-device-with-a-long-name")
        self.notify("lamp")
        self.assertEqual(self.line(), "lamp                       on")

    def test_nothing_that_a_terminal_obeys(self) -> None:
        self.notify("la\x1bmp", "on\x1b", text="a\x1b[2Jb")
        self.assertNotIn("\x1b", self.out())

    def test_time_of_the_event(self) -> None:
        self.notify("lamp", fields={"at": "2024-06-01T05:06:07.000Z"})
        local = datetime(2024, 6, 1, 5, 6, 7, tzinfo=UTC).astimezone()
        self.assertTrue(self.lines()[-1].startswith(f"{local:%H:%M:%S}"))

    def test_cut_on_a_terminal(self) -> None:
        self.watch(columns=40)
        self.notify("lamp", "newEvent", event="x" * 200)
        self.assertEqual(len(self.lines()[-1]), 40)


class JsonTests(WatchCase):
    def setUp(self) -> None:
        super().setUp()
        self.watch(json=True)

    def test_one_object_per_line(self) -> None:
        self.notify("lamp")
        self.notify("meter", "power", {"at": "2024-06-01T05:06:07.000Z", "eventId": 5, "cursor": 4}, value="1.0 W")
        first, second = map(json.loads, self.lines())
        self.assertEqual(
            first,
            {
                "at": "2025-01-15T12:00:00.000Z",
                "notification": {
                    "deviceUri": "lamp",
                    "notificationTopic": "OnNotification",
                    "notificationName": "on",
                },
            },
        )
        self.assertEqual((second["at"], second["eventId"], second["cursor"]), ("2024-06-01T05:06:07.000Z", 5, 4))
        self.assertEqual(second["notification"]["value"], "1.0 W")

    def test_what_is_said_aside_is_json_too(self) -> None:
        self.gateway.lose()
        self.retry()
        lost, gap, connected = map(json.loads, self.err().splitlines())
        self.assertEqual((lost["event"], connected["event"]), ("lost", "connected"))
        self.assertEqual((gap["event"], gap["from"], gap["to"]), ("gap", None, None))
        self.assertTrue(0 < lost["retryIn"] <= 0.5)


class FilterTests(WatchCase):
    def shown(self) -> list[str]:
        return [each["notification"]["deviceUri"] for each in map(json.loads, self.lines())]

    def test_no_filter_asks_for_no_devices(self) -> None:
        self.watch()
        self.assertEqual(self.gateway.peer.requests, [SUBSCRIBE])

    def test_devices_are_known_before_the_first_event(self) -> None:
        self.watch("kitchen", json=True)
        self.assertEqual(self.gateway.peer.requests, [(*DEVICES, None), SUBSCRIBE])
        self.notify("meter")
        self.notify("lamp")
        self.assertEqual(self.shown(), ["lamp"])

    def test_by_notification(self) -> None:
        self.watch("notification:off", json=True)
        self.notify("lamp", "on")
        self.notify("meter", "off")
        self.assertEqual(self.shown(), ["meter"])

    def subscribed(self, *filters: str) -> list[Any]:
        """With these filters, at a gateway that knows filters: the bodies of the subscriptions."""
        self.gateway.presentation = {"features": ["batch"]}
        self.watch(*filters, json=True)
        return [
            parameters for method, path, parameters in self.gateway.peer.requests if (method, path) == SUBSCRIBE[:2]
        ]

    def test_narrowed(self) -> None:
        """What the gateway can hold back it is asked to; what it lets through is still looked at here."""
        lamps, rooms = {"notifications": ["*"], "devices": ["la*", "x"]}, {"notifications": ["*"], "rooms": ["hall"]}
        self.assertEqual(self.subscribed("id:la*", "room:hall", "id:x"), [lamps, rooms])
        self.notify("meter")
        self.notify("lamp")
        self.assertEqual(self.shown(), ["lamp"])

    def test_narrowedByClass(self) -> None:
        """The gateway's classes are those derived from them, too: these are not shown."""
        self.devices({"id": "lamp", "class": "Lamp"}, {"id": "dimmer", "class": "DimmerLamp"})
        self.assertEqual(self.subscribed("class:Lamp"), [{"notifications": ["*"], "classes": ["Lamp"]}])
        self.notify("lamp")
        self.notify("dimmer")
        self.assertEqual(self.shown(), ["lamp"])

    def test_notNarrowed(self) -> None:
        """What can't be said in the gateway's words."""
        for filters in (["id:lamp?"], ["id:[l]amp"], ["lamp"], ["notification:on"], ["id:lamp", "on"], ["id:"]):
            self.assertEqual(self.subscribed(*filters), [SUBSCRIBE[2]], filters)

    def test_narrowedRefused(self) -> None:
        self.gateway.answers[SUBSCRIBE[:2]] = (400, {"result": "Registration failed"})
        self.subscribed("id:a", "room:b")
        self.successResultOf(self.ended)
        self.assertIsInstance(self.command.error, Failed)

    def test_oldGateway(self) -> None:
        self.watch("id:lamp")
        self.assertEqual(self.gateway.peer.requests[1:], [SUBSCRIBE])

    def test_new_device(self) -> None:
        """Its room is asked for when it is first heard of, once."""
        self.watch("kitchen", json=True)
        self.devices({"id": "new", "class": "SimpleLamp", "isIn": "kitchen"})
        self.notify("new")
        self.notify("new")
        self.assertEqual(self.shown(), ["new"])
        self.assertEqual(self.gateway.peer.requests.count((*DEVICES, None)), 2)

    def test_device_that_the_list_does_not_have(self) -> None:
        self.watch("kitchen", json=True)
        for _ in range(3):
            self.notify("ghost")
        self.assertEqual(self.shown(), [])
        self.assertEqual(self.gateway.peer.requests.count((*DEVICES, None)), 2)

    def test_moved_while_away(self) -> None:
        self.watch("kitchen", json=True)
        self.devices({"id": "meter", "class": "Meter", "isIn": "kitchen"})
        self.gateway.lose()
        self.retry()
        self.notify("meter")
        self.assertEqual(self.shown(), ["meter"])

    def test_device_that_came_while_away(self) -> None:
        """A device that was not in the list before is asked for once more after a reconnect, if it still is not."""
        self.watch("kitchen", json=True)
        self.notify("ghost")
        self.gateway.lose()
        self.retry()
        self.devices({"id": "ghost", "class": "SimpleLamp", "isIn": "kitchen"})
        self.notify("ghost")
        self.notify("ghost")
        self.assertEqual(self.shown(), ["ghost"])

    def test_list_that_can_not_be_had_again(self) -> None:
        self.watch("kitchen")
        self.gateway.answers[DEVICES] = (503, {"result": "busy"})
        self.gateway.lose()
        self.retry()
        self.assertIn("the list of devices could not be had", self.err())
        self.assertTrue(self.client.connected)


class ReconnectTests(WatchCase):
    def test_says_so_and_goes_on(self) -> None:
        self.watch()
        self.gateway.lose()
        self.assertRegex(self.err(), r"^dogctl: ws://gateway:80/ws: .*; trying again in 0\.\d s\n$")
        self.retry()
        self.assertTrue(self.err().endswith("dogctl: connected\n"))
        self.assertEqual(self.gateway.peer.requests, [SUBSCRIBE])
        self.notify("lamp")
        self.assertEqual(len(self.lines()), 1)
        self.assertNoResult(self.ended)

    def test_says_so_for_every_attempt(self) -> None:
        self.watch()
        self.gateway.refusing = ConnectionRefusedError()
        self.gateway.lose()
        for _ in range(3):
            self.retry()
        self.assertEqual(self.err().count("nothing listens there; trying again in"), 3)

    def test_interrupted_while_subscribing(self) -> None:
        self.gateway.answering = False
        self.watch()
        self.gateway.lose()
        self.assertNoResult(self.ended)
        self.gateway.answering = True
        self.retry()
        self.notify("lamp")
        self.assertEqual(len(self.lines()), 1)

    def test_interrupted_while_asking_for_devices(self) -> None:
        self.gateway.answering = False
        self.watch("kitchen")
        self.gateway.lose()
        self.gateway.answering = True
        self.retry()
        self.assertIn(SUBSCRIBE, self.gateway.peer.requests)
        self.notify("lamp")
        self.assertEqual(len(self.lines()), 1)

    def test_no_answer(self) -> None:
        """The connection stands but the gateway does not answer: no silent watching of nothing."""
        from dog.client.errors import NoAnswer

        self.gateway.answering = False
        self.watch("kitchen")
        for _ in range(3):
            self.clock.advance(10)
            self.gateway.flush()
        self.successResultOf(self.ended)
        self.assertIsInstance(self.command.error, NoAnswer)
        self.assertEqual(self.command.exitStatus, 3)


class ResumeTests(WatchCase):
    """With a gateway that numbers its events."""

    def setUp(self) -> None:
        super().setUp()
        self.house = self.gateway = House(self.clock)
        self.watch()

    def test_what_was_missed_is_shown(self) -> None:
        self.house.happen("lamp", discrete=True)
        self.gateway.flush()
        self.gateway.lose()
        self.house.happen("bell", discrete=True)
        self.retry()
        self.assertEqual(
            [each.split()[1:] for each in self.lines()], [["lamp", "pressed", "1"], ["bell", "pressed", "2"]]
        )
        self.assertNotIn("missing", self.err())

    def test_gap(self) -> None:
        self.gateway.lose()
        for _ in range(9):
            self.house.happen("bell", discrete=True)
        self.retry()
        self.assertIn("dogctl: up to 9 events are missing (1 to 9)\n", self.err())
        self.house.happen("bell", discrete=True)
        self.gateway.flush()
        self.assertEqual(len(self.lines()), 1)

    def test_gap_of_one(self) -> None:
        self.gateway.peer.tell({"messageType": "gap", "gap": {"epoch": "epoch1", "from": 3, "to": 4}})
        self.gateway.flush()
        self.assertEqual(self.err(), "dogctl: an event is missing (4)\n")

    def test_another_epoch(self) -> None:
        self.house.restart(clean=False)
        self.retry()
        self.assertIn("dogctl: what happened meanwhile is not known\n", self.err())


class EndTests(WatchCase):
    def assertEnded(self, status: int, error: type[Exception] | None = None) -> None:
        self.gateway.flush()
        self.successResultOf(self.ended)
        self.assertEqual(self.command.exitStatus, status)
        self.assertEqual(None if self.command.error is None else type(self.command.error), error)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_not_there(self) -> None:
        from dog.client.errors import NotReachable

        self.gateway.refusing = ConnectionRefusedError()
        self.watch()
        self.assertEnded(3, NotReachable)

    def test_waits_if_told_to(self) -> None:
        self.gateway.refusing = ConnectionRefusedError()
        self.watch(patient=True)
        self.assertNoResult(self.ended)
        self.assertIn("trying again", self.err())
        self.gateway.refusing = None
        self.retry()
        self.notify("lamp")
        self.assertEqual(len(self.lines()), 1)

    def test_turned_away(self) -> None:
        from dog.client.errors import Failed

        self.watch()

        def turnAway() -> None:
            raise ConnectionDeny(401, "Unauthorized")

        self.gateway.turnAway = turnAway
        self.gateway.lose()
        self.retry()
        self.assertEnded(1, Failed)

    def test_subscription_refused(self) -> None:
        from dog.client.errors import Failed

        self.gateway.answers[SUBSCRIBE[:2]] = (403, {"result": "Not authorised"})
        self.watch()
        self.assertEnded(1, Failed)

    def test_count(self) -> None:
        self.watch("lamp", count=2)
        self.notify("lamp")
        self.notify("meter")
        self.assertNoResult(self.ended)
        self.gateway.peer.notify("lamp", "OnNotification", "on")
        self.gateway.peer.notify("lamp", "OffNotification", "off")
        self.assertEnded(0)
        self.assertEqual([each[-2:] for each in self.lines()], ["on", "on"])

    def test_reader_is_gone(self) -> None:
        self.watch()

        def broken(text: str) -> None:
            raise BrokenPipeError

        self.patch(self.console, "line", broken)
        self.notify("lamp")
        self.assertEnded(0, BrokenPipeError)

    def test_disk_is_full(self) -> None:
        self.watch()

        def full(text: str) -> None:
            raise OSError(28, "No space left on device")

        self.patch(self.console, "line", full)
        self.notify("lamp")
        self.assertEnded(1, OSError)
