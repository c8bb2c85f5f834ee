"""A ping over the WebSocket says where a client stands that is told next to nothing."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.core.core import Observed
from dog.model.measure import Measure
from dog.model.values import Reading, Slot
from tests.api.ws.talk import Client
from tests.api.ws.test_property import ALL, POWER, World

PONG = {"result": "pong"}


class PingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.world = World()
        self.client = Client(self.world.factory)

    def measure(self, value: int) -> int:
        """The number of the event that it makes."""
        slot = Slot("meter", POWER, (("phaseID", "L1"),))
        self.world.step(Observed("meter", (Reading(slot, Measure.of(value, "W")),)))
        return self.world.core.log.lastId

    def ping(self) -> Any:
        answer = self.client.ask("GET", "/api/v1/ping")
        self.assertEqual(answer["status"], 200)
        return answer["response"]

    def test_asEver(self) -> None:
        """Who has not asked for numbers gets none."""
        self.assertEqual(self.ping(), PONG)
        self.client.ask("POST", ALL, "*")
        self.assertEqual(self.ping(), PONG)

    def test_stands(self) -> None:
        self.client.ask("POST", ALL, {"devices": ["lamp"], "snapshot": True})
        last = self.measure(1)
        self.assertEqual(self.ping(), {**PONG, "epoch": self.world.core.log.epoch, "cursor": last})
        last = self.measure(2)
        self.assertEqual(self.ping()["cursor"], last)
        self.assertEqual(self.client.take(), [])

    def test_heldBack(self) -> None:
        """Nothing that waits for its interval is passed over."""
        self.client.ask("POST", ALL, {"minInterval": 10, "snapshot": True})
        first = self.measure(1)
        self.measure(2)
        last = self.measure(3)
        self.assertEqual([each["eventId"] for each in self.client.take()], [first])
        self.assertEqual(self.ping()["cursor"], first)
        self.world.clock.advance(10)
        self.assertEqual([(each["eventId"], each["cursor"]) for each in self.client.take()], [(last, last)])
        self.assertEqual(self.ping()["cursor"], last)

    def test_afterAGap(self) -> None:
        """What was forgotten is told before a ping is answered."""
        self.client.ask("POST", ALL, {"snapshot": True})
        self.client.transport.full = True
        for value in range(20):
            self.world.step(Observed("lamp", (Reading(Slot("lamp", "OnOffState"), "on" if value % 2 else "off"),)))
        self.client.send(self.client.request("GET", "/api/v1/ping"))
        self.client.transport.drain()
        [*_, gap, pong] = self.client.take()
        self.assertEqual(gap["messageType"], "gap")
        self.assertEqual(pong["response"]["cursor"], gap["gap"]["to"])
