"""The stepper: one timer, re-entrant steps wait, nothing that fails stops the others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dog.core.core import Applied, Core, Observed
from dog.core.events import Event, Kind
from dog.core.subscriptions import ALL
from dog.live.stepper import Stepper
from dog.model.device import Device
from dog.model.home import Home, HomeDiff
from dog.model.values import Reading, Slot

START = datetime(2026, 1, 1, tzinfo=UTC)
ON = Slot("lamp", "OnOffState")


class Client:
    def __init__(self) -> None:
        self.got: list[int] = []
        self.ended = 0

    def dropped(self) -> None:
        self.ended += 1

    def deliver(self, event: Event) -> None:
        self.got.append(event.eventId)


class StepperTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.core = Core("epoch")
        self.stepper = Stepper(self.core, self.clock, lambda: START + timedelta(seconds=self.clock.seconds()))
        home = Home(devices={"lamp": Device("lamp", "SimpleLamp")})
        self.stepper.step(Applied(HomeDiff(home, added=("lamp",))))
        self.client = Client()
        self.core.subscriptions.subscribe(self.client, None, [ALL])

    def hear(self, value: str, maxAge: float | None = None) -> None:
        self.stepper.step(Observed("lamp", (Reading(ON, value, maxAge=maxAge),)))

    def test_delivers(self) -> None:
        self.hear("on")
        self.hear("off")
        self.assertEqual(self.client.got, [2, 3])

    def test_reentrantStepWaits(self) -> None:
        """A client that causes an event while it is told of another: everyone sees them in order of number."""

        class Meddler(Client):
            def deliver(self, event: Event) -> None:
                super().deliver(event)
                if len(self.got) == 1:
                    hear("off")

        hear = self.hear
        meddler = Meddler()
        self.core.subscriptions.drop(self.client)
        self.core.subscriptions.subscribe(meddler, None, [ALL])
        self.core.subscriptions.subscribe(self.client, None, [ALL])
        self.hear("on")
        self.assertEqual(meddler.got, [2, 3])
        self.assertEqual(self.client.got, [2, 3])

    def test_thenComesAfterTheClients(self) -> None:
        order: list[str] = []
        self.client.deliver = lambda event: order.append("client")  # type: ignore[method-assign]
        self.stepper.listen(lambda events: order.append("listener"))
        self.stepper.step(Observed("lamp", (Reading(ON, "on"),)), lambda: order.append("then"))
        self.assertEqual(order, ["client", "listener", "then"])

    def test_failingClientIsDropped(self) -> None:
        class Broken(Client):
            def deliver(self, event: Event) -> None:
                raise RuntimeError("broken client")

        broken = Broken()
        self.core.subscriptions.subscribe(broken, None, [ALL])
        self.hear("on")
        self.hear("off")
        self.assertEqual(self.client.got, [2, 3])
        self.assertEqual((broken.ended, self.client.ended), (1, 0), "a client that is told no more is ended")
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertEqual(len(self.core.subscriptions), 1)

    def test_failingListenerIsLogged(self) -> None:
        heard: list[int] = []

        def broken(events: object) -> None:
            raise RuntimeError("broken listener")

        self.stepper.listen(broken)
        self.stepper.listen(lambda events: heard.append(len(events)))
        self.hear("on")
        self.assertEqual(heard, [1])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_failingStepIsLogged(self) -> None:
        """A driver's nonsense is logged, what should follow follows, and the next step works."""
        order: list[str] = []
        self.stepper.step(Observed("lamp", (Reading(Slot("other", "X"), 1),)), lambda: order.append("then"))
        self.assertEqual(order, ["then"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.hear("on")
        self.assertEqual(self.client.got, [2])

    def test_oneTimer(self) -> None:
        """Values of many ages keep one delayed call, and each goes stale at its time."""
        kinds: list[Kind] = []
        self.stepper.listen(lambda events: kinds.extend(each.kind for each in events))
        self.hear("on", maxAge=60)
        calls: list[float] = []
        self.stepper.callLater(10, lambda: calls.append(self.clock.seconds()))
        self.stepper.callLater(5, lambda: calls.append(self.clock.seconds()))
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        for _ in range(70):
            self.clock.advance(1)
        self.assertEqual(calls, [5.0, 10.0])
        self.assertEqual(kinds, [Kind.NOTIFICATION, Kind.VALUE_STALED])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_cancelledTimer(self) -> None:
        calls: list[int] = []
        timer = self.stepper.callLater(5, lambda: calls.append(1))
        timer.cancel()
        timer.cancel()
        self.clock.pump([1] * 10)
        self.assertEqual(calls, [])

    def test_failingTimerIsLogged(self) -> None:
        calls: list[int] = []
        self.stepper.callLater(1, lambda: 1 // 0)
        self.stepper.callLater(2, lambda: calls.append(1))
        self.clock.pump([1] * 3)
        self.assertEqual(calls, [1])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_stop(self) -> None:
        self.stepper.callLater(5, lambda: None)
        self.stepper.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
