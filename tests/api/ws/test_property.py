"""Whatever happens, in whatever order: a client that follows the protocol ends with the gateway's state, and has seen
every discrete event or been told of a gap that covers it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dog.api.dispatch import Api
from dog.api.resources import session, subscriptions, system
from dog.api.routes import routesOf
from dog.api.ws.connection import ConnectionFactory
from dog.core.core import Applied, Core, Observed
from dog.core.events import Kind, Tail
from dog.core.now import Now
from dog.model.device import Device
from dog.model.home import Home, HomeDiff
from dog.model.measure import Measure
from dog.model.values import Pulse, Reading, Slot, render
from tests.api.test_session import Ports
from tests.api.ws.talk import Client

try:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st
except ImportError:
    st = None  # type: ignore[assignment]

DEVICES = (Device("lamp", "SimpleLamp"), Device("button", "Button"), Device("meter", "ThreePhaseElectricityMeter"))
HOME = Home(devices={each.id: each for each in DEVICES})
ALL = "/api/v1/subscriptions/devices/notifications"
POWER = "ThreePhaseActivePowerMeasurementState"

#: As much of the API as a client needs that follows the protocol.
ROUTES = (*routesOf([session, subscriptions]), *(each for each in routesOf([system]) if each.path == "/ping"))

#: What distinguishes one thing of which there is a state: device and phase.
Thing = tuple[str, str | None]


class World:
    """A gateway that can be restarted, and what has really happened.

    @ivar happened: (life, eventId, device, notificationName) of every discrete event. A life is a sequence of
        numbers: it goes on over a restart in good order.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.life = 0
        self.started = 0
        self.happened: list[tuple[int, int, str, str]] = []
        self.start()
        self.step(Applied(HomeDiff(HOME, added=tuple(HOME.devices))))

    def start(self) -> None:
        self.started += 1
        self.core = Core(f"e{self.started}", maxEvents=20)
        api = Api(ROUTES, Ports(self.core), self.clock)  # type: ignore[arg-type]
        self.factory = ConnectionFactory(
            api, self.core, self.clock.callLater, maxMessages=5, maxTotalBytes=2500, slowFor=20.0, heartbeat=0.0
        )

    def restart(self, closed: bool) -> None:
        """In good order with the tail of its log, or as after a crash, with the values of some time before."""
        before = self.core
        tail = Tail(before.log.epoch, tuple(before.log._events), before.log.lastId, closed)
        values = [
            (slot, held.value, held.changedAt, held.heardAt)
            for device in DEVICES
            for slot, held in before.values.of(device.id).items()
            if closed or device.id != "lamp"
        ]
        if not closed:
            self.life += 1
        self.start()
        self.step(Applied(HomeDiff(HOME, added=tuple(HOME.devices)), initial=True))
        self.core.restore(tail, values, ())

    def step(self, input: Any) -> None:
        effects = self.core.step(input, Now(self.clock.seconds(), datetime(2024, 5, 1, tzinfo=UTC)))
        for event in effects.events:
            if event.kind is Kind.NOTIFICATION and event.discrete:
                assert event.notification is not None and event.device is not None
                self.happened.append((self.life, event.eventId, event.device, event.notification.name))
        for event, clients in effects.deliveries:
            for client in clients:
                client.deliver(event)  # type: ignore[attr-defined]

    def state(self) -> dict[Thing, str]:
        found: dict[Thing, str] = {}
        for device in DEVICES:
            for slot, held in self.core.values.of(device.id).items():
                found[device.id, dict(slot.features).get("phaseID")] = render(held.value)
        return found


class Model:
    """A client as docs/websocket.md tells to write one. It knows only what it has read.

    @ivar state: of each thing the value and the number of the event that told it.
    @ivar seen: (life, eventId) of discrete events.
    @ivar gaps: (life, from, to) that it was told of, and how much had happened by then.
    """

    def __init__(self, world: World, *features: str, **body: Any) -> None:
        self.world = world
        self.features = features
        self.body = body
        self.client: Client | None = None
        self.inbox: deque[Any] = deque()
        self.state: dict[Thing, tuple[str, int]] = {}
        self.seen: set[tuple[int, int]] = set()
        self.gaps: list[tuple[int, int | None, int, int]] = []
        self.at: tuple[str, int] | None = None
        self.first = 0

    def connect(self) -> None:
        if self.client is not None:
            return
        self.client = Client(self.world.factory)
        self.life = self.world.life
        if self.features:
            self.client.send(self.client.request("PUT", "/api/v1/session", {"features": list(self.features)}))
        if self.at is None:
            self.first = len(self.world.happened)
            body = {"snapshot": True, **self.body}
        else:
            body = {"since": {"epoch": self.at[0], "cursor": self.at[1]}, **self.body}
        self.client.send(self.client.request("POST", ALL, body))

    def lose(self) -> None:
        """Whatever was on its way is lost."""
        self.inbox.clear()
        if self.client is not None:
            self.client.lose()
            self.client = None

    def read(self, most: int = 10_000) -> None:
        """Read messages, no more than so many."""
        if self.client is None:
            return
        for each in self.client.take():
            self.inbox.extend(each if isinstance(each, list) else [each])
        for _ in range(min(most, len(self.inbox))):
            message = self.inbox.popleft()
            if message["messageType"] == "response":
                assert message["status"] == 200, message
                self.answered(message["response"])
            elif message["messageType"] == "gap":
                self.gap(message["gap"], message["devicesStatus"])
                self.at = message["gap"]["epoch"], message["gap"]["to"]
            else:
                self.told(message)
        if self.client.closed is not None or self.client.transport.disconnecting:
            self.lose()

    def answered(self, response: Any) -> None:
        if "epoch" not in response:
            return
        assert ("resume" in response) is (self.at is not None)
        assert ("gap" in response) is (response.get("resume") == "gap")
        if "gap" in response:
            self.gap(response["gap"], response["devicesStatus"])
        elif "devicesStatus" in response:
            self.take(response["devicesStatus"], response["eventId"])
        self.at = response["epoch"], response["eventId"]

    def gap(self, gap: Any, statuses: Any) -> None:
        # from is null: the epoch is another one, nothing of before can be counted on.
        self.gaps.append((self.life, gap["from"], gap["to"], len(self.world.happened)))
        self.take(statuses, gap["to"])

    def take(self, statuses: Any, eventId: int) -> None:
        self.state = {
            (status["id"], entry.get("phaseID")): (entry["value"], eventId)
            for status in statuses
            for entries in status.get("status", {}).values()
            for entry in entries
        }

    def told(self, message: Any) -> None:
        notification, eventId = message["notification"], message["eventId"]
        device, name = notification["deviceUri"], notification["notificationName"]
        thing = (device, notification.get("phaseID"))
        if device == "meter":
            value = notification["value"]
        else:
            self.seen.add((self.life, eventId))
            value = name
        # A double, or an older one that its successor has overtaken, does not count.
        if device != "button" and self.state.get(thing, ("", -1))[1] < eventId:
            self.state[thing] = value, eventId
        assert self.at is not None
        self.at = self.at[0], message["cursor"]

    def missed(self) -> list[tuple[int, int, str, str]]:
        """The discrete events that it has neither seen nor been told to be in a gap."""
        return [
            event
            for index, event in enumerate(self.world.happened)
            if index >= self.first and event[:2] not in self.seen and not self.isCovered(index, event)
        ]

    def isCovered(self, index: int, event: tuple[int, int, str, str]) -> bool:
        life, eventId = event[:2]
        for gapLife, since, until, then in self.gaps:
            if since is None and index < then:
                return True
            if since is not None and life == gapLife and since < eventId <= until:
                return True
        return False


class Old:
    """A v1 client: has seen everything in order as long as it is connected, and is never left in silence."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client: Client | None = None

    def connect(self) -> None:
        if self.client is None:
            self.client = Client(self.world.factory)
            self.client.send(self.client.request("POST", ALL, "*"))
            self.first = len(self.world.happened)
            self.told: list[tuple[str, str]] = []

    def lose(self) -> None:
        if self.client is not None:
            self.client.lose()
            self.client = None

    def read(self, most: int = 10_000) -> None:
        if self.client is None:
            return
        for message in self.client.take():
            assert message["messageType"] in ("response", "notification"), message
            notification = message.get("notification")
            if notification is not None and notification["deviceUri"] != "meter":
                self.told.append((notification["deviceUri"], notification["notificationName"]))
        happened = [event[2:] for event in self.world.happened[self.first :]]
        assert self.told == happened[: len(self.told)], (self.told, happened)
        if self.client.closed is not None or self.client.transport.disconnecting:
            self.lose()


class Play:
    """The world and its clients, moved by what Hypothesis says."""

    def __init__(self) -> None:
        self.world = World()
        self.models = [
            Model(self.world),
            Model(self.world, "batch"),
            Model(self.world, minInterval=7),
            Model(self.world, devices=["lamp", "b*"], notifications=["*"]),
        ]
        self.clients: list[Model | Old] = [*self.models, Old(self.world)]
        for each in self.clients:
            each.connect()

    def do(self, what: str, which: int, value: int) -> None:
        who = self.clients[which % len(self.clients)]
        if what == "press":
            for _ in range(1 + value % 3):
                self.world.step(Observed("button", (Pulse("button", "PressedNotification"),)))
        elif what == "switch":
            self.world.step(Observed("lamp", (Reading(Slot("lamp", "OnOffState"), "on" if value % 2 else "off"),)))
        elif what == "measure":
            slot = Slot("meter", POWER, (("phaseID", f"L{1 + which % 3}"),))
            self.world.step(Observed("meter", (Reading(slot, Measure.of(value, "W")),)))
        elif what == "wait":
            self.world.clock.advance(value)
        elif what == "restart":
            for each in self.clients:
                if value % 3 == 0:
                    each.read()
                each.lose()
            self.nothingIsLeft()
            self.world.restart(closed=value % 4 != 1)
        elif what == "connect":
            who.connect()
        elif what == "lose":
            who.lose()
        elif what == "read":
            who.read()
        elif what == "sip":
            who.read(value % 4)
        elif who.client is not None and what == "full":
            who.client.transport.full = True
        elif who.client is not None and not who.client.transport.disconnecting:
            producer = who.client.transport.producer
            if what == "drain" and producer is not None:
                who.client.transport.full = False
            if producer is not None:
                producer.resumeProducing()

    def nothingIsLeft(self) -> None:
        """Of connections that have ended."""
        assert self.world.factory.budget.bytes == 0
        assert self.world.clock.getDelayedCalls() == []
        assert len(self.world.core.subscriptions) == 0

    def end(self) -> None:
        """Everybody comes back, reads, and waits for what is held back."""
        for _ in range(4):
            for index in range(len(self.clients)):
                self.do("connect", index, 0)
                self.do("drain", index, 0)
            self.world.clock.advance(7)
            for each in self.clients:
                each.read()

    def check(self) -> None:
        for each in self.models:
            devices = {"lamp", "button"} if "devices" in each.body else {device.id for device in DEVICES}
            expected = {thing: value for thing, value in self.world.state().items() if thing[0] in devices}
            assert {thing: value for thing, (value, _) in each.state.items()} == expected, each.body
            assert each.missed() == [], (each.features, each.body)
        old = self.clients[-1]
        assert isinstance(old, Old)
        assert old.told == [event[2:] for event in self.world.happened[old.first :]]


#: The more often it stands here, the more often it happens.
KINDS = (
    *("press", "press", "switch", "switch", "measure", "measure", "measure", "measure", "measure", "wait", "wait"),
    *("restart", "connect", "connect", "connect", "connect", "connect", "lose", "lose", "lose"),
    *("read", "read", "sip", "sip", "sip", "full", "full", "full", "drain", "drain", "one", "one", "one"),
)


def course(data: bytes) -> Iterator[tuple[str, int, int]]:
    """What happens, by three bytes for each thing: Hypothesis is quick with bytes."""
    for index in range(0, len(data) - 2, 3):
        kind, which, value = data[index : index + 3]
        yield KINDS[kind % len(KINDS)], which, 1 + value % 9


class PropertyTests(SynchronousTestCase):
    if st is None:
        skip = "hypothesis is not installed"
    else:

        @settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(st.binary(min_size=120, max_size=300))
        def test_nobodyIsDeceived(self, data: bytes) -> None:
            play = Play()
            for each in course(data):
                play.do(*each)
            play.end()
            play.check()
