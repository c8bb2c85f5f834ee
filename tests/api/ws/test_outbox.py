"""What waits for a slow client: order, merging, bounds, and a cursor that does not lie."""

import json
from collections import deque
from datetime import UTC, datetime
from random import Random
from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from dog.api.ws.envelope import Notification
from dog.api.ws.outbox import Budget, Outbox
from dog.core.events import Event, Kind
from dog.model.catalogue import catalogue
from dog.model.measure import Measure

AT = datetime(2024, 5, 1, tzinfo=UTC)
POWER = "ThreePhaseActivePowerMeasurementNotification"


def event(eventId: int, cls: str = POWER, device: str = "d1", phase: str = "L1", value: int = 0) -> Notification:
    kind = catalogue().notification(cls)
    assert kind is not None
    params: dict[str, Any] = {}
    if kind.valueParam is not None:
        params = {"phaseID": phase, "value": Measure.of(value, "W")}
    return Notification(Event(eventId, AT, Kind.NOTIFICATION, device, kind, params, discrete=kind.valueParam is None))


class Slow(SynchronousTestCase):
    """An outbox whose transport takes as much as the test says.

    @ivar room: writes until the transport is full; None: it never is.
    """

    def setUp(self) -> None:
        self.sent: list[Any] = []
        self.room: int | None = None
        self.drained = 0
        self.overflowed = 0
        self.make()

    def make(self, **bounds: int) -> None:
        def drained() -> None:
            self.drained += 1

        def overflowed() -> None:
            self.overflowed += 1

        self.outbox = Outbox(self.write, lambda told, cursor: (told, cursor), drained, overflowed, **bounds)  # type: ignore[arg-type,return-value]

    def write(self, frame: Any) -> None:
        self.sent.append(frame)
        if self.room is not None:
            self.room -= 1
            if self.room <= 0:
                self.outbox.pauseProducing()

    def numbers(self) -> list[int]:
        """The eventIds that were sent."""
        return [told.eventId for told, _ in self.sent]


class OutboxTests(Slow):
    def test_interface(self) -> None:
        self.assertTrue(verifyObject(IPushProducer, self.outbox))

    def test_flows(self) -> None:
        """Everything passes at once, with its own number as cursor."""
        first = event(1)
        self.outbox.tell(first)
        self.outbox.reply(b"a")
        self.assertEqual(self.sent, [(first, 1), b"a"])
        self.assertTrue(self.outbox.flowing)

    def test_passes(self) -> None:
        """A notification may go past L{Outbox.tell} where nothing waits; it counts as sent then."""
        self.assertTrue(self.outbox.passes(7))
        self.assertEqual((self.sent, self.outbox.cursor.value), ([], 7))
        self.assertTrue(self.outbox.passes(5))
        self.assertEqual(self.outbox.cursor.value, 7)
        self.outbox.pauseProducing()
        self.assertFalse(self.outbox.passes(8))
        self.outbox.tell(event(8))
        self.outbox.tell(event(9, "OnNotification"))
        asked: list[tuple[int, bool]] = []
        write = self.outbox._write

        def sending(frame: Any) -> None:
            write(frame)
            asked.append((len(self.sent), self.outbox.passes(10)))

        self.outbox._write = sending
        self.outbox.resumeProducing()
        self.assertEqual(asked, [(1, False), (2, True)], "nothing overtakes what waited")
        self.outbox.close()
        self.assertFalse(self.outbox.passes(11))
        self.assertEqual(self.outbox.cursor.value, 10)

    def test_passesNoGap(self) -> None:
        """While a gap has to be told, nothing goes past it."""
        self.make(maxMessages=1)
        self.outbox._overflowed = lambda: True
        self.outbox._gap = lambda since: b"gap"
        self.outbox.pauseProducing()
        self.outbox.tell(event(1, "OnNotification"))
        self.outbox.tell(event(2, "OnNotification"))
        self.assertFalse(self.outbox.passes(3))
        self.outbox.resumeProducing()
        self.assertEqual((self.sent, self.outbox.passes(3)), ([b"gap"], True))

    def test_waits(self) -> None:
        self.outbox.pauseProducing()
        self.outbox.tell(event(1, "OnNotification"))
        self.outbox.reply(b"a")
        self.outbox.tell(event(2, "OnNotification"))
        self.assertEqual(self.sent, [])
        self.assertFalse(self.outbox.flowing)
        self.assertEqual(self.drained, 0)
        self.outbox.resumeProducing()
        self.assertEqual(len(self.sent), 3)
        self.assertEqual((self.sent[0][0].eventId, self.sent[1], self.sent[2][0].eventId), (1, b"a", 2))
        self.assertEqual((self.drained, self.outbox.flowing), (1, True))

    def test_order(self) -> None:
        """What comes while something waits does not overtake it, even if the transport takes again."""
        self.outbox.pauseProducing()
        for number in range(1, 6):
            self.outbox.tell(event(number, "OnNotification"))
        self.room = 2
        self.outbox.resumeProducing()
        self.assertEqual(self.numbers(), [1, 2])
        self.outbox.tell(event(6, "OnNotification"))
        self.room = None
        self.outbox.resumeProducing()
        self.assertEqual(self.numbers(), [1, 2, 3, 4, 5, 6])
        self.assertEqual(self.outbox.waiting, (0, 0))
        self.assertEqual(self.drained, 1)

    def test_merged(self) -> None:
        """A measurement gives way to its successor, which stands where the successor came."""
        self.outbox.pauseProducing()
        self.outbox.tell(event(1, value=1))
        self.outbox.tell(event(2, "OnNotification"))
        latest = event(3, value=3)
        self.outbox.tell(latest)
        self.assertEqual(self.outbox.waiting[0], 2)
        self.outbox.resumeProducing()
        self.assertEqual(self.numbers(), [2, 3])
        self.assertIs(self.sent[1][0], latest)

    def test_mergedBySlot(self) -> None:
        """L1 does not swallow L2, nor one device another."""
        self.outbox.pauseProducing()
        for number, (device, phase) in enumerate((("d1", "L1"), ("d1", "L2"), ("d2", "L1")), 1):
            self.outbox.tell(event(number, device=device, phase=phase))
        self.outbox.resumeProducing()
        self.assertEqual(self.numbers(), [1, 2, 3])

    def test_discreteNeverMerged(self) -> None:
        self.outbox.pauseProducing()
        for number in range(1, 50):
            self.outbox.tell(event(number, "PressedNotification"))
        self.outbox.resumeProducing()
        self.assertEqual(self.numbers(), list(range(1, 50)))

    def test_repliesNeverMerged(self) -> None:
        self.outbox.pauseProducing()
        for _ in range(3):
            self.outbox.reply(b"same")
        self.outbox.resumeProducing()
        self.assertEqual(self.sent, [b"same"] * 3)

    def test_boundedMessages(self) -> None:
        self.make(maxMessages=3)
        self.outbox.pauseProducing()
        for number in range(1, 4):
            self.outbox.tell(event(number, "OnNotification"))
        self.assertEqual(self.overflowed, 0)
        self.outbox.tell(event(4, "OnNotification"))
        self.assertEqual(self.overflowed, 1)

    def test_boundedBytes(self) -> None:
        size = event(1, "OnNotification").size
        self.make(maxBytes=3 * size)
        self.outbox.pauseProducing()
        for number in range(1, 4):
            self.outbox.tell(event(number, "OnNotification"))
        self.assertEqual((self.overflowed, self.outbox.waiting), (0, (3, 3 * size)))
        self.outbox.tell(event(4, "OnNotification"))
        self.assertEqual(self.overflowed, 1)

    def test_mergingKeepsWithinBounds(self) -> None:
        """However many measurements of one slot come."""
        self.make(maxMessages=2)
        self.outbox.pauseProducing()
        for number in range(1, 1000):
            self.outbox.tell(event(number, value=number % 10))
        self.assertEqual((self.overflowed, self.outbox.waiting), (0, (1, event(1).size)))

    def test_repliesOverBounds(self) -> None:
        """Replies are no reason to close: their number is bounded elsewhere."""
        self.make(maxMessages=2, maxBytes=1000)
        self.outbox.pauseProducing()
        for _ in range(64):
            self.outbox.reply(b"x" * 1000)
        self.assertEqual(self.overflowed, 0)
        self.outbox.resumeProducing()
        self.assertEqual(len(self.sent), 64)

    def test_overflowIsTheEnd(self) -> None:
        """Told once; nothing more is sent, and nothing kept."""
        self.make(maxMessages=1)
        self.outbox.pauseProducing()
        for number in range(1, 5):
            self.outbox.tell(event(number, "OnNotification"))
            self.outbox.reply(b"a")
        self.outbox.resumeProducing()
        self.assertEqual((self.overflowed, self.sent, self.drained), (1, [], 0))
        self.assertEqual(self.outbox.waiting, (0, 0))

    def test_stopped(self) -> None:
        self.outbox.pauseProducing()
        self.outbox.tell(event(1))
        self.outbox.stopProducing()
        self.outbox.resumeProducing()
        self.outbox.reply(b"a")
        self.assertEqual(self.sent, [])

    def test_cursor(self) -> None:
        """Behind what was merged away, until its successor is out."""
        self.outbox.pauseProducing()
        self.outbox.tell(event(1, "OnNotification"))
        self.outbox.tell(event(2, phase="L1"))
        self.outbox.tell(event(3, "OffNotification"))
        self.outbox.tell(event(4, phase="L1"))
        self.outbox.tell(event(5, "OnNotification"))
        self.outbox.tell(event(6, phase="L1"))
        self.outbox.tell(event(7, "OffNotification"))
        self.outbox.resumeProducing()
        self.assertEqual(
            [(told.eventId, cursor) for told, cursor in self.sent], [(1, 1), (3, 1), (5, 1), (6, 6), (7, 7)]
        )

    def test_cursorOfSeveral(self) -> None:
        self.outbox.pauseProducing()
        for number, phase in enumerate(("L1", "L2", "L2", "L1", "L3"), 1):
            self.outbox.tell(event(number, phase=phase))
        self.outbox.resumeProducing()
        # 3 (for 2) goes before 4 (for 1): number 1 is still missing then.
        self.assertEqual([(told.eventId, cursor) for told, cursor in self.sent], [(3, 0), (4, 4), (5, 5)])


class RandomTests(Slow):
    def test_nothingLost(self) -> None:
        """Whatever the order of events, replies, pauses and merges: discrete events and replies come, all, in order;
        of every measurement the latest; and a client that comes back with the last cursor has missed nothing.
        """
        for seed in range(200):
            self.history(Random(seed))

    def history(self, random: Random) -> None:
        self.sent = []
        self.room = None
        self.make()
        slots = [(device, phase) for device in ("d1", "d2") for phase in ("L1", "L2")]
        discrete: list[int] = []
        latest: dict[tuple[Any, ...], int] = {}
        told: dict[int, Notification] = {}
        replies: deque[bytes] = deque()
        for number in range(1, random.randrange(10, 120)):
            if random.random() < 0.2:
                self.outbox.pauseProducing()
            if random.random() < 0.1:
                self.room = random.randrange(1, 6)
                self.outbox.resumeProducing()
            if random.random() < 0.2:
                replies.append(json.dumps(number).encode())
                self.outbox.reply(replies[-1])
            if random.random() < 0.4:
                made = event(number, random.choice(("OnNotification", "PressedNotification")))
                discrete.append(number)
            else:
                device, phase = random.choice(slots)
                made = event(number, device=device, phase=phase, value=random.randrange(9))
                latest[made.key or ()] = number
            told[number] = made
            self.outbox.tell(made)
            self.check(told)
        self.room = None
        self.outbox.resumeProducing()
        self.check(told)
        sent = [each for each in self.sent if not isinstance(each, bytes)]
        numbers = [each.eventId for each, _ in sent]
        self.assertEqual([each for each in self.sent if isinstance(each, bytes)], list(replies))
        self.assertEqual(numbers, sorted(numbers))
        self.assertEqual([number for number in numbers if told[number].key is None], discrete)
        self.assertEqual({told[number].key: number for number in numbers if told[number].key is not None}, latest)
        self.assertEqual(sent[-1][1], max(told))

    def check(self, told: dict[int, Notification]) -> None:
        """Everything up to the last cursor has been sent, or something that supersedes it."""
        sent = [each for each in self.sent if not isinstance(each, bytes)]
        if sent:
            cursor = sent[-1][1]
            out = {each.eventId for each, _ in sent}
            newest = {each.key: each.eventId for each, _ in sent if each.key is not None}
            for number, made in told.items():
                if number <= cursor and number not in out:
                    self.assertIsNotNone(made.key)
                    self.assertGreater(newest.get(made.key, 0), number)


class GapTests(Slow):
    """Over the bounds, with a client that can be told of it."""

    def setUp(self) -> None:
        super().setUp()
        self.told: list[int] = []
        self.happened = 0
        self.clogged: list[bool] = []
        self.makeWith(maxMessages=3)

    def makeWith(self, **more: Any) -> None:
        def overflowed() -> bool:
            self.overflowed += 1
            return True

        def gap(since: int) -> Any:
            self.outbox.cursor.forget(self.happened)
            return "gap", since, self.happened

        self.outbox = Outbox(
            self.write,
            lambda told, cursor: (told.eventId, cursor),  # type: ignore[arg-type,return-value]
            lambda: None,
            overflowed,
            gap=gap,
            clogged=self.clogged.append,
            **more,
        )

    def press(self, *numbers: int) -> None:
        for number in numbers:
            self.happened = number
            self.outbox.tell(event(number, "OnNotification"))

    def test_gap(self) -> None:
        """What waited is forgotten, and what comes until the client reads again is in the gap; then it goes on."""
        self.press(1)
        self.outbox.pauseProducing()
        self.press(2, 3, 4)
        self.assertEqual(self.overflowed, 0)
        self.press(5)
        self.assertEqual((self.overflowed, self.outbox.waiting), (1, (0, 0)))
        self.press(6, 7, 8, 9, 10)
        self.assertEqual((self.overflowed, self.outbox.waiting), (1, (0, 0)))
        self.outbox.resumeProducing()
        self.press(11)
        self.assertEqual(self.sent, [(1, 1), ("gap", 1, 10), (11, 11)])

    def test_from(self) -> None:
        """From where the client knows everything: a measurement merged away counts from its first."""
        self.outbox.pauseProducing()
        self.outbox.tell(event(3, value=1))
        self.press(4)
        self.outbox.tell(event(5, value=2))
        self.room = 1
        self.outbox.resumeProducing()
        self.press(6, 7, 8)
        self.room = None
        self.outbox.resumeProducing()
        self.assertEqual(self.sent, [(4, 2), ("gap", 2, 8)])

    def test_replies(self) -> None:
        """None is lost; those that waited come before the gap, later ones after it."""
        self.outbox.pauseProducing()
        self.outbox.reply(b"a")
        self.press(1, 2)
        self.outbox.reply(b"b")
        self.press(3, 4)
        self.outbox.reply(b"c")
        self.outbox.resumeProducing()
        self.assertEqual(self.sent, [b"a", b"b", ("gap", 0, 4), b"c"])

    def test_again(self) -> None:
        self.outbox.pauseProducing()
        self.press(1, 2, 3, 4)
        self.room = 1
        self.outbox.resumeProducing()
        self.assertEqual(self.sent, [("gap", 0, 4)])
        self.press(5, 6, 7, 8, 9)
        self.room = None
        self.outbox.resumeProducing()
        self.press(10)
        self.assertEqual(self.sent, [("gap", 0, 4), ("gap", 4, 9), (10, 10)])
        self.assertEqual(self.overflowed, 2)

    def test_heldBackElsewhere(self) -> None:
        """What was held back by an interval is released with it."""
        self.outbox.cursor.looked(1)
        self.outbox.cursor.hold(1)
        self.outbox.pauseProducing()
        self.press(2, 3, 4, 5)
        self.outbox.tell(event(1), 1)
        self.outbox.resumeProducing()
        self.press(6)
        self.assertEqual(self.sent, [("gap", 0, 5), (6, 6)])

    def test_heldBackAndWaiting(self) -> None:
        """Of the two numbers under which something was held back the lower counts until it is sent."""
        for held in (1, 3):
            self.makeWith()
            self.sent.clear()
            self.outbox.cursor.looked(3)
            self.outbox.cursor.hold(held)
            self.outbox.pauseProducing()
            self.outbox.tell(event(2, value=1))
            self.press(4)
            self.outbox.tell(event(5, value=2), held)
            self.outbox.resumeProducing()
            self.assertEqual(self.sent, [(4, min(held, 2) - 1), (5, 5)])

    def test_clogged(self) -> None:
        """Told when it begins and when it ends."""
        self.outbox.pauseProducing()
        self.outbox.pauseProducing()
        self.assertEqual(self.clogged, [True])
        self.outbox.resumeProducing()
        self.outbox.resumeProducing()
        self.assertEqual(self.clogged, [True, False])

    def test_closedIsSilent(self) -> None:
        self.outbox.pauseProducing()
        self.press(1, 2, 3, 4)
        self.outbox.close()
        self.outbox.overflow()
        self.outbox.resumeProducing()
        self.assertEqual((self.sent, self.overflowed), ([], 1))


class BudgetTests(SynchronousTestCase):
    """What waits for all together."""

    def setUp(self) -> None:
        self.size = event(1, "OnNotification").size
        self.budget = Budget(10 * self.size)
        self.over: list[str] = []
        self.number = 0
        self.outboxes = {name: self.outbox(name) for name in ("a", "b", "c")}

    def outbox(self, name: str) -> Outbox:
        def overflowed() -> bool:
            self.over.append(name)
            return name != "c"

        made = Outbox(
            lambda frame: None,
            lambda told, cursor: b"",
            lambda: None,
            overflowed,
            gap=lambda _: b"",
            budget=self.budget,
        )
        made.pauseProducing()
        return made

    def press(self, name: str, times: int) -> None:
        for _ in range(times):
            self.number += 1
            self.outboxes[name].tell(event(self.number, "OnNotification"))

    def test_slowestFirst(self) -> None:
        self.press("a", 3)
        self.press("b", 5)
        self.press("c", 2)
        self.assertEqual((self.over, self.budget.bytes), ([], 10 * self.size))
        self.press("c", 1)
        self.assertEqual((self.over, self.budget.bytes), (["b"], 6 * self.size))
        self.assertEqual([each.waiting[0] for each in self.outboxes.values()], [3, 0, 3])

    def test_closed(self) -> None:
        """One that can't be told of a gap frees what it had as well."""
        self.press("c", 9)
        self.press("a", 2)
        self.assertEqual((self.over, self.budget.bytes), (["c"], 2 * self.size))

    def test_freed(self) -> None:
        self.press("a", 5)
        self.press("b", 5)
        self.outboxes["a"].resumeProducing()
        self.outboxes["b"].close()
        self.assertEqual((self.budget.bytes, self.budget._outboxes), (0, {}))

    def test_merged(self) -> None:
        for number in range(1, 100):
            self.outboxes["a"].tell(event(number, value=number % 10))
        self.assertEqual((self.over, self.budget.bytes), ([], event(1).size))
