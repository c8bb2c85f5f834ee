"""The client's stream before the gateway's own WebSocket door: whatever happens on the way, its user ends with the
gateway's state, and has seen every discrete event once, or been told of its loss.
"""

import json
from collections import deque
from random import Random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.client.messages import Gap, Notification, Presentation, Response, Snapshot, decode
from dog.client.stream import PING, Request, Stream, Told
from dog.core.core import Observed
from dog.model.measure import Measure
from dog.model.values import Pulse, Reading, Slot
from tests.api.ws.talk import Client
from tests.api.ws.test_property import POWER, World

WHAT = {
    "press": 3,
    "switch": 3,
    "measure": 8,
    "wait": 2,
    "restart": 1,
    "crash": 1,
    "connect": 6,
    "lose": 3,
    "read": 3,
    "sip": 4,
    "full": 4,
    "drain": 2,
    "ping": 4,
}


class User:
    """Believes what the library tells it: the last word holds.

    @ivar scopes: what it subscribes to.
    """

    def __init__(self, world: World, *scopes: str | None) -> None:
        self.world = world
        self.stream = Stream(resume=True)
        for scope in scopes:
            self.stream.add(scope, ["*"])
        self.client: Client | None = None
        self.asked: dict[str, Request] = {}
        self.inbox: deque[Any] = deque()
        self.state: dict[tuple[str, str | None], str] = {}
        self.seen: list[tuple[int, int]] = []
        self.gaps: list[tuple[int, int | None, int, int]] = []
        self.first: int | None = None

    def connect(self) -> None:
        if self.client is not None:
            return
        self.client = client = Client(self.world.factory)
        self.life = self.world.life
        [presentation] = decode(json.dumps(client.presentation).encode())
        assert isinstance(presentation, Presentation)
        self.waiting = deque(self.stream.begin(presentation))
        self.ask()

    def ask(self) -> None:
        """One after the other, as the library does."""
        assert self.client is not None
        if self.waiting:
            request = self.waiting.popleft()
            message = self.client.request(request.action, request.endPoint, request.parameters)
            self.asked[str(message["sequenceNumber"])] = request
            if self.first is None:
                self.first = len(self.world.happened)
            self.client.send(message)
        else:
            self.stream.ready()

    def ping(self) -> None:
        """Ask where it stands, at any time."""
        if self.client is not None:
            request = Request("GET", PING)
            message = self.client.request(request.action, request.endPoint)
            self.asked[str(message["sequenceNumber"])] = request
            self.client.send(message)

    def lose(self) -> None:
        self.inbox.clear()
        self.asked.clear()
        if self.client is not None:
            self.client.lose()
            self.client = None

    def read(self, most: int = 10_000) -> None:
        if self.client is None:
            return
        for _ in range(most):
            self.world.clock.advance(0)  # batches are sent at the end of a turn
            for each in self.client.take():
                self.inbox.extend(each if isinstance(each, list) else [each])
            if not self.inbox:
                break
            [message] = decode(json.dumps(self.inbox.popleft()).encode())
            if isinstance(message, Response):
                assert message.status == 200 and message.sequenceNumber is not None, message
                request = self.asked.pop(message.sequenceNumber)
                self.told(self.stream.answered(request, message))
                if request.endPoint != PING:
                    self.ask()
            else:
                assert isinstance(message, Notification | Gap), message
                self.told(self.stream.received(message))
        if self.client.closed is not None or self.client.transport.disconnecting:
            self.lose()

    def told(self, told: list[Told]) -> None:
        for each in told:
            if isinstance(each, Gap):
                assert each.until is not None
                self.gaps.append((self.life, each.since, each.until, len(self.world.happened)))
            elif isinstance(each, Snapshot):
                for status in each.devicesStatus:
                    self.state = {thing: value for thing, value in self.state.items() if thing[0] != status["id"]}
                    for entries in status.get("status", {}).values():
                        self.state |= {(status["id"], entry.get("phaseID")): entry["value"] for entry in entries}
            else:
                assert isinstance(each, Notification) and each.eventId is not None
                if each.device == "meter":
                    self.state["meter", each.params["phaseID"]] = each.params["value"]
                else:
                    self.seen.append((self.life, each.eventId))
                if each.device == "lamp":
                    self.state["lamp", None] = each.name

    def missed(self) -> list[Any]:
        return [
            event
            for index, event in enumerate(self.world.happened)
            if index >= (self.first or 0) and event[:2] not in self.seen and not self.isCovered(index, event[:2])
        ]

    def isCovered(self, index: int, event: tuple[int, int]) -> bool:
        for life, since, until, then in self.gaps:
            if since is None and index < then:
                return True
            if since is not None and life == event[0] and since < event[1] <= until:
                return True
        return False


class AgainstServerTests(SynchronousTestCase):
    def play(self, seed: int) -> None:
        random = Random(seed)
        world = World()
        users = [User(world, None), User(world, "meter", "lamp", "button"), User(world, "lamp", None)]
        for each in users:
            each.connect()
            each.read()
        for what in random.choices(list(WHAT), list(WHAT.values()), k=150):
            who = random.choice(users)
            transport: Any = None if who.client is None else who.client.transport
            if what == "press":
                world.step(Observed("button", (Pulse("button", "PressedNotification"),)))
            elif what == "switch":
                world.step(Observed("lamp", (Reading(Slot("lamp", "OnOffState"), random.choice(["on", "off"])),)))
            elif what == "measure":
                slot = Slot("meter", POWER, (("phaseID", f"L{random.randint(1, 3)}"),))
                world.step(Observed("meter", (Reading(slot, Measure.of(random.randint(0, 999), "W")),)))
            elif what == "wait":
                world.clock.advance(random.randint(1, 9))
            elif what in ("restart", "crash"):
                for each in users:
                    if random.random() < 0.5:
                        each.read()
                    each.lose()
                world.restart(closed=what == "restart")
            elif what == "connect":
                who.connect()
            elif what == "lose":
                who.lose()
            elif what == "ping":
                who.ping()
            elif what in ("read", "sip"):
                who.read(10_000 if what == "read" else random.randint(1, 3))
            elif transport is not None and not transport.disconnecting:
                transport.full = what == "full"
                if what == "drain" and transport.producer is not None:
                    transport.producer.resumeProducing()
        for _ in range(6):
            for each in users:
                each.connect()
                world.clock.advance(7)
                assert each.client is not None
                if each.client.transport.producer is not None:
                    each.client.transport.drain()
                each.read()
        for each in users:
            self.assertEqual(each.state, world.state())
            self.assertEqual(each.missed(), [])
            self.assertEqual(len(each.seen), len(set(each.seen)))

    def test_rarelyTold(self) -> None:
        """Who is told next to nothing, but asks where he stands, is not told of a gap in which nothing was lost."""
        for pings, told in ((True, []), (False, [0])):
            world = World()
            user = User(world, "lamp")
            user.connect()
            user.read()
            for _ in range(2):
                for value in range(30):  # more than the log keeps
                    slot = Slot("meter", POWER, (("phaseID", "L1"),))
                    world.step(Observed("meter", (Reading(slot, Measure.of(value, "W")),)))
                if pings:
                    user.ping()
                    user.read()
            user.lose()
            user.connect()
            user.read()
            self.assertEqual([each[0] for each in user.gaps], told)

    def test_nobodyIsDeceived(self) -> None:
        for seed in range(25):
            try:
                self.play(seed)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}: {error}") from error
