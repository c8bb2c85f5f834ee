"""Resuming: whatever happens on the way, a client ends with the gateway's state and knows what it has missed."""

from random import Random
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dog.client.client import Client
from dog.client.messages import Event, Gap, Notification, Presentation, Response, Snapshot
from dog.client.stream import Stream
from tests.client.house import House, Seen

ALL = "/api/v1/subscriptions/devices/notifications"
SESSION = ("PUT", "/api/v1/session", {"features": ["batch", "eventId", "gap"]})


class ResumeCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.begin(House(Clock()))

    def begin(self, house: House, resume: bool = True) -> None:
        self.house = house
        self.seen = Seen(house)
        self.client = Client(
            "ws://h/ws",
            house.clock,
            endpoint=house,
            resume=resume,
            onNotification=self.seen.onNotification,
            onSnapshot=self.seen.onSnapshot,
            onGap=self.seen.onGap,
            random=Random(1),
        )

    def connected(self, *scopes: str | None) -> None:
        connecting = self.client.connect()
        self.house.flush()
        self.successResultOf(connecting)
        for scope in scopes:
            subscribed = self.client.subscribe(device=scope)
            self.house.flush()
            self.successResultOf(subscribed)

    def back(self) -> None:
        """Let the time until the next attempts pass, until there is a conversation."""
        for _ in range(10):
            self.house.clock.advance(31)
            self.house.flush()
            if self.client.connected:
                return
        raise AssertionError("the client does not come back")


class ResumeTests(ResumeCase):
    def test_snapshot(self) -> None:
        """It is told before the Deferred of subscribe fires, and live events follow."""
        self.connected()
        self.house.happen("lamp", discrete=True)
        before: list[Any] = []
        self.client.subscribe().addCallback(lambda _: before.append(dict(self.seen.values)))
        self.house.flush()
        self.assertEqual(before, [{"lamp": "1", "meter": "0", "bell": "0"}])
        self.assertTrue(self.client.resuming)
        self.house.happen("meter", discrete=False)
        self.house.flush()
        self.assertEqual(self.seen.told, ["snapshot", 2])
        self.assertEqual(self.house.peer.requests[-1], ("POST", ALL, {"notifications": ["*"], "snapshot": True}))

    def test_nothing_was_missed(self) -> None:
        self.connected(None)
        self.house.happen("lamp", discrete=True)
        self.house.flush()
        self.house.lose()
        self.back()
        since = {"epoch": "epoch1", "cursor": 1}
        self.assertEqual(self.house.peer.requests, [SESSION, ("POST", ALL, {"notifications": ["*"], "since": since})])
        self.assertEqual(self.seen.told, ["snapshot", 1])

    def test_what_was_missed_is_replayed(self) -> None:
        self.connected(None)
        self.house.lose()
        self.house.happen("lamp", discrete=True)
        self.house.happen("bell", discrete=True)
        self.back()
        self.assertEqual(self.seen.told, ["snapshot", 1, 2])

    def test_gap(self) -> None:
        self.connected(None)
        self.house.lose()
        for _ in range(9):
            self.house.happen("lamp", discrete=True)
        self.back()
        self.assertEqual(self.seen.told, ["snapshot", ("gap", 0, 9), "snapshot"])
        self.assertEqual(self.seen.values, self.house.values)

    def test_rarely_told(self) -> None:
        """Who is told next to nothing asks how far it has got, in silence as well as among answers of other kinds."""
        for busy in (False, True):
            self.begin(House(Clock()))
            self.connected("bell")
            for _ in range(12):
                self.house.happen("lamp", discrete=True)
                for _ in range(6):
                    self.house.clock.advance(5)
                    if busy:
                        self.client.request("GET", "/x").addErrback(lambda failure: None)
                    self.house.flush()
            self.house.lose()
            self.back()
            self.assertEqual(self.seen.gaps, [], busy)
            self.house.happen("bell", discrete=True)
            self.house.flush()
            self.assertEqual(self.seen.told, ["snapshot", 13])
            self.client.close()

    def test_asks_no_more_than_it_has_to(self) -> None:
        """Where events come, they say it."""
        self.connected(None)
        for _ in range(60):
            self.house.happen("lamp", discrete=True)
            self.house.clock.advance(5)
            self.house.flush()
        self.assertNotIn(("GET", "/api/v1/ping", None), self.house.peer.requests)

    def test_another_epoch(self) -> None:
        self.connected(None)
        self.house.happen("lamp", discrete=True)
        self.house.flush()
        self.house.restart(clean=False)
        self.house.happen("meter", discrete=False)
        self.back()
        self.assertEqual(self.seen.told, ["snapshot", 1, ("gap", None, 1), "snapshot"])
        self.house.happen("lamp", discrete=True)
        self.house.flush()
        self.assertEqual(self.seen.told[-1], 2)
        self.house.lose()
        self.back()
        self.assertEqual(self.house.peer.requests[-1][2]["since"], {"epoch": "epoch2", "cursor": 2})

    def test_restart_in_order(self) -> None:
        """Numbers go on; what was missed on both sides of the restart is replayed."""
        self.connected(None)
        self.house.lose()
        self.house.happen("lamp", discrete=True)
        self.house.restart(clean=True)
        self.house.happen("meter", discrete=False)
        self.back()
        self.assertEqual(self.seen.told, ["snapshot", 1, 2])

    def test_lost_in_the_middle_of_a_replay_across_a_restart(self) -> None:
        """Up to the end of the replay, the position is the old epoch's."""
        self.connected(None)
        self.house.lose()
        for _ in range(3):
            self.house.happen("lamp", discrete=True)
        self.house.restart(clean=True)
        heard = self.client._onNotification

        def loses(notification: Any) -> None:
            heard(notification)
            if notification.eventId == 2:
                self.house.peer.dropConnection(abort=True)
                self.client._down(_lost())

        self.patch(self.client, "_onNotification", loses)
        self.house.clock.advance(31)
        self.house.flush()
        self.patch(self.client, "_onNotification", heard)
        self.back()
        self.assertEqual(self.house.peer.requests[-1][2]["since"], {"epoch": "epoch1", "cursor": 0})
        self.assertEqual(self.seen.told, ["snapshot", 1, 2, 3])

    def test_unasked_gap(self) -> None:
        self.connected(None)
        line = self.house.lines[self.house.peer]
        line.clogged = True
        self.house.happen("lamp", discrete=True)
        self.house.drop(line)
        self.house.happen("bell", discrete=True)
        line.clogged = False
        self.house.release(line)
        self.house.flush()
        self.assertEqual(self.seen.told, ["snapshot", ("gap", 0, 2), "snapshot"])
        self.house.lose()
        self.back()
        self.assertEqual(self.house.peer.requests[-1][2]["since"]["cursor"], 2)

    def test_cursor_behind_the_event(self) -> None:
        """What was held back is asked for; what has come all the same is not told twice."""
        self.connected(None)
        self.tell(7, "bell", cursor=4)
        self.house.lose()
        self.house.lastId, self.house.kept = 4, 100
        self.house.happen("meter", discrete=False)
        self.house.happen("lamp", discrete=True)
        self.house.happen("bell", discrete=True)
        self.back()
        self.assertEqual(self.house.peer.requests[-1][2]["since"]["cursor"], 4)
        self.assertEqual(self.seen.told, ["snapshot", 7, 5, 6])

    def tell(self, eventId: int, device: str, cursor: int) -> None:
        self.house.peer.notify(
            device, "PressedNotification", "pressed", {"eventId": eventId, "cursor": cursor}, value=str(eventId)
        )
        self.house.flush()

    def test_new_wish_while_away(self) -> None:
        """Of that device the state is not known yet: since alone would not tell it."""
        self.connected("lamp")
        self.house.lose()
        self.failureResultOf(self.client.subscribe(device="meter"))
        self.back()
        bodies = [parameters for _, _, parameters in self.house.peer.requests[1:]]
        self.assertEqual(
            [sorted(each) for each in bodies], [["notifications", "since"], ["notifications", "snapshot"]]
        )
        self.assertEqual(sorted(self.seen.values), ["lamp", "meter"])

    def test_new_name_while_away(self) -> None:
        """What the known names missed is replayed; of the new one nothing is known."""
        self.client.subscribe("PressedNotification").addErrback(lambda _: None)
        self.connected()
        self.house.lose()
        self.house.happen("bell", discrete=True)
        self.failureResultOf(self.client.subscribe("ValueNotification"))
        self.back()
        self.assertEqual(self.seen.told, ["snapshot", "snapshot", 1])
        self.assertEqual(self.house.peer.requests[-1][2]["since"]["cursor"], 0)

    def test_lost_between_two_subscriptions(self) -> None:
        """The first one's cursor must not hide what the second one missed."""
        self.connected("lamp", "meter")
        self.house.lose()
        self.house.happen("meter", discrete=True)
        self.house.happen("lamp", discrete=True)
        respond = self.house.respond

        def once(peer: Any, message: Any) -> bool:
            if "meter" in message["endPoint"]:
                peer.dropConnection(abort=True)
                return True
            return respond(peer, message)

        self.house.respond = once  # type: ignore[method-assign]
        self.house.clock.advance(31)
        self.house.flush()
        self.house.respond = respond  # type: ignore[method-assign]
        self.back()
        self.assertEqual(self.seen.told, ["snapshot", "snapshot", 2, 1])

    def test_session_refused(self) -> None:
        """Batches are a matter of speed only."""
        respond = self.house.respond
        self.house.respond = lambda peer, message: message["action"] == "POST" and respond(peer, message)  # type: ignore[method-assign]
        self.connected(None)
        self.assertEqual(self.seen.told, ["snapshot"])


class OldGatewayTests(ResumeCase):
    def setUp(self) -> None:
        self.begin(House(Clock()))

    def begin(self, house: Any, resume: bool = True) -> None:
        super().begin(house, resume)
        house.presentation = {}

    def test_as_ever(self) -> None:
        self.connected(None)
        self.assertEqual(self.house.peer.requests, [("POST", ALL, {"notifications": ["*"]})])
        self.house.peer.notify("lamp", "OnNotification", "on", value="1")
        self.house.flush()
        self.assertEqual(self.seen.told, [None])
        self.assertFalse(self.client.resuming)

    def test_back(self) -> None:
        """That nothing is known of the time between is told."""
        self.connected("lamp", "meter")
        self.house.lose()
        self.back()
        self.assertEqual([each[2] for each in self.house.peer.requests], [{"notifications": ["*"]}] * 2)
        self.assertEqual(self.seen.told, [("gap", None, None)])

    def test_only_where_asked_for(self) -> None:
        self.begin(House(Clock()), resume=False)
        self.connected(None)
        self.house.lose()
        self.back()
        self.assertEqual(self.seen.told, [])

    def test_gateway_becomes_old(self) -> None:
        self.house.presentation = {"features": ["eventId", "gap"]}
        self.connected(None)
        self.house.presentation = {}
        self.house.lose()
        self.back()
        self.assertEqual(self.seen.told, ["snapshot", ("gap", None, None)])
        self.house.presentation = {"features": ["eventId", "gap"]}
        self.house.lose()
        self.back()
        self.assertEqual(self.seen.told[2:], ["snapshot"])


class PropertyTests(ResumeCase):
    """Events, clogged lines, merging, drops, lost connections and restarts, in any order."""

    def step(self, random: Random) -> None:
        house = self.house
        line = house.lines.get(house.peer)
        what = random.choices(
            ["happen", "clog", "unclog", "some", "drop", "lose", "crash", "restart", "pass", "flush", "subscribe"],
            [40, 8, 8, 8, 2, 4, 1, 2, 10, 10, 2],
        )[0]
        if what == "happen":
            device = random.choice(["lamp", "meter", "bell"])
            house.happen(device, discrete=device == "bell")
        elif what == "pass":
            house.clock.advance(random.choice([0.1, 1, 31]))
        elif what == "flush":
            house.flush()
        elif what in ("crash", "restart"):
            house.restart(clean=what == "restart")
        elif what == "subscribe" and self.client.connected:
            self.client.subscribe(device=random.choice(["lamp", "bell"])).addErrback(lambda _: None)
        elif line is None or line.peer.ended:
            return
        elif what == "lose":
            house.lose()
        elif what == "drop":
            house.drop(line)
        elif what in ("clog", "unclog"):
            line.clogged = what == "clog"
            if not line.clogged:
                house.release(line)
        elif what == "some":
            house.release(line, random.randint(1, 3))

    def run_(self, seed: int) -> None:
        random = Random(seed)
        self.begin(House(Clock(), kept=random.choice([3, 8, 30])))
        scopes: list[list[str | None]] = [[None], ["bell", None], ["lamp", "meter", "bell"]]
        self.connected(*random.choice(scopes))
        first = len(self.house.all)
        for _ in range(150):
            self.step(random)
        house = self.house
        house.flush()
        if not self.client.connected or house.peer.ended:
            self.back()
        line = house.lines[house.peer]
        line.clogged = False
        house.release(line)
        house.flush()
        self.assertEqual(self.seen.values, house.values)
        unknown = [each for each in house.all[first:] if each.discrete and not self.seen.knowsOf(each)]
        self.assertEqual(unknown, [])
        self.assertEqual(len(self.seen.pressed), len(set(self.seen.pressed)))

    def test_ends_with_the_state(self) -> None:
        for seed in range(60):  # more of them: a matter of patience only
            try:
                self.run_(seed)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}: {error}") from error


class StreamTests(SynchronousTestCase):
    """What the flavours don't come to see by the way of a gateway in order."""

    def stream(self) -> Stream:
        stream = Stream(resume=True)
        stream.begin(Presentation("c", features=("eventId", "gap")))
        stream.ready()
        request = stream.add(None, ["*"])
        answer = {"epoch": "e", "eventId": 5, "devicesStatus": [{"id": "lamp"}]}
        told = stream.answered(request, Response("1", 200, answer))
        self.assertEqual(told, [Snapshot(({"id": "lamp"},), "e", 5)])
        return stream

    def test_merged_away(self) -> None:
        """The older measurement comes on the replay; the newer one, seen before, has to be the last word."""
        stream = self.stream()
        newer = Notification("meter", "Power", "power", eventId=10, cursor=6)
        older = Notification("meter", "Power", "power", eventId=8, cursor=8)
        self.assertEqual(stream.received(newer), [newer])
        self.assertEqual(stream.received(older), [older])
        self.assertEqual(stream.received(newer), [newer])
        self.assertEqual(stream.received(newer), [])

    def test_events(self) -> None:
        """They count as notifications do."""
        stream = self.stream()
        event = Event("valueStaled", "meter", eventId=8, cursor=7)
        self.assertEqual([stream.received(event), stream.received(event)], [[event], []])
        self.assertEqual(stream.position, ("e", 7))

    def test_features(self) -> None:
        """Asked for is what is on offer, and events only where they are wanted."""
        for events, features, asked in (
            (True, ("eventId", "gap", "events"), ["eventId", "events", "gap"]),
            (True, ("eventId", "gap", "batch", "events"), ["batch", "eventId", "events", "gap"]),
            (True, ("eventId", "gap", "batch"), ["batch", "eventId", "gap"]),
            (False, ("eventId", "gap", "batch", "events"), ["batch", "eventId", "gap"]),
        ):
            [request] = Stream(True, events).begin(Presentation("c", features=features))
            self.assertEqual(request.parameters, {"features": asked})
        self.assertEqual(Stream(True, True).begin(Presentation("c", features=("events",))), [])

    def test_position(self) -> None:
        stream = self.stream()
        self.assertEqual(stream.position, ("e", 5))
        stream.received(Notification("meter", "Power", "power", eventId=9, cursor=7))
        self.assertEqual(stream.position, ("e", 7))
        stream.received(Gap("e", 7, 12, ()))
        self.assertEqual(stream.position, ("e", 12))

    def test_what_is_before_the_position_is_forgotten(self) -> None:
        stream = self.stream()
        for number in range(6, 100):
            stream.received(Notification("meter", "Power", "power", eventId=number, cursor=number - 1))
        self.assertEqual(stream._seen, {99})
        self.assertEqual(stream._order, [99])

    def test_numbers_begin_anew(self) -> None:
        """What was seen of another epoch is no double, though it has the same number."""
        stream = self.stream()
        event = Notification("bell", "Pressed", "pressed", eventId=10, cursor=6)
        self.assertEqual(stream.received(event), [event])
        [request] = stream.begin(Presentation("c", features=("eventId", "gap")))
        gap = {"epoch": "f", "from": None, "to": 9}
        answer = {"epoch": "f", "eventId": 9, "resume": "gap", "gap": gap, "devicesStatus": []}
        self.assertEqual(
            stream.answered(request, Response("2", 200, answer)), [Gap("f", None, 9), Snapshot((), "f", 9)]
        )
        stream.ready()
        self.assertEqual(stream.received(event), [event])

    def test_gap_between_two_subscriptions(self) -> None:
        """The second one still has to go on from where the conversation before broke off."""
        stream = self.stream()
        answer = {"epoch": "e", "eventId": 5, "devicesStatus": []}
        stream.answered(stream.add("lamp", ["*"]), Response("2", 200, answer))
        first, _ = stream.begin(Presentation("c", features=("eventId", "gap")))
        stream.answered(first, Response("3", 200, {"epoch": "e", "eventId": 5, "resume": "replay"}))
        stream.received(Gap("e", 5, 20, ()))
        _, second = stream.begin(Presentation("c", features=("eventId", "gap")))
        self.assertEqual(second.parameters["since"], {"epoch": "e", "cursor": 5})

    def test_neither_complete_nor_replay(self) -> None:
        """What a gateway answers that has forgotten to say is a gap."""
        stream = self.stream()
        [request] = stream.begin(Presentation("c", features=("eventId", "gap")))
        told = stream.answered(request, Response("2", 200, {"epoch": "e", "eventId": 9}))
        self.assertEqual(told, [Gap(None, None, None)])

    def test_unsubscribed(self) -> None:
        """Who comes back to a scope later starts with a snapshot."""
        stream = self.stream()
        stream.remove(None, "*")
        self.assertEqual(stream.begin(Presentation("c", features=("eventId", "gap"))), [])
        stream.ready()
        self.assertEqual(stream.add(None, ["*"]).parameters, {"notifications": ["*"], "snapshot": True})

    def test_unsubscribed_by_name(self) -> None:
        stream = Stream(resume=True)
        stream.begin(Presentation("c", features=("eventId", "gap")))
        stream.ready()
        answer = {"epoch": "e", "eventId": 5, "devicesStatus": []}
        for scope in (None, "lamp"):
            stream.answered(stream.add(scope, ["On"]), Response("1", 200, answer))
        stream.remove("lamp", "On")
        stream.add("lamp", ["Off"])
        requests = stream.begin(Presentation("c", features=("eventId", "gap")))
        since = {"epoch": "e", "cursor": 5}
        self.assertEqual(
            [each.parameters for each in requests],
            [{"notifications": ["On"], "since": since}, {"notifications": ["Off"], "snapshot": True}],
        )


def _lost() -> Any:
    from dog.client.errors import NotReachable

    return NotReachable("ws://h/ws", "lost")
