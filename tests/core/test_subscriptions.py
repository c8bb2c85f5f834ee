"""Who wants what: plain scopes, filters, intervals, and what they come to together."""

from datetime import UTC, datetime
from random import Random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.core import filters
from dog.core import subscriptions as core
from dog.core.events import Event, Kind
from dog.core.filters import EVERY, Filter
from dog.core.subscriptions import ALL, STATE_CHANGE, Subscriptions
from dog.model.catalogue import catalogue
from dog.model.device import Device
from dog.model.home import Home
from dog.model.refusal import Code, Refusal

AT = datetime(2024, 5, 1, tzinfo=UTC)
HOME = Home(devices={each.id: each for each in (Device("a", "SimpleLamp"), Device("b", "SimpleLamp"))})
ONLY_A = Filter(devices=("a",))


def event(cls: str = "OnNotification", device: str = "a") -> Event:
    kind = catalogue().notification(cls)
    assert kind is not None
    return Event(1, AT, Kind.NOTIFICATION, device, kind, stateChange=cls in ("OnNotification", "OffNotification"))


class Wanting(SynchronousTestCase):
    def setUp(self) -> None:
        self.subscriptions = Subscriptions()
        self.subscriptions.apply(HOME)

    def subscribe(self, *names: str, scope: str | None = None, filter: Filter = EVERY, interval: float = 0.0) -> None:
        self.subscriptions.subscribe("c", scope, names, filter, interval)

    def unsubscribe(self, *names: str, scope: str | None = None) -> None:
        self.subscriptions.unsubscribe("c", scope, names)

    def interval(self, cls: str = "OnNotification", device: str = "a") -> float | None:
        """The client's interval; the client is told exactly where it has one."""
        found = self.subscriptions.interval("c", event(cls, device))
        self.assertEqual(self.subscriptions.wanting(event(cls, device)), [] if found is None else ["c"])
        return found


class PlainTests(Wanting):
    def test_nothing(self) -> None:
        self.assertIsNone(self.interval())
        self.assertEqual(len(self.subscriptions), 0)

    def test_plain(self) -> None:
        self.subscribe("OnNotification")
        self.assertEqual(self.interval(), 0)
        self.assertIsNone(self.interval("OffNotification"))

    def test_scope(self) -> None:
        self.subscribe(ALL, scope="b")
        self.assertEqual((self.interval(), self.interval(device="b")), (None, 0))

    def test_excluded(self) -> None:
        self.subscribe(ALL)
        self.unsubscribe("OnNotification")
        self.assertEqual((self.interval(), self.interval("OffNotification")), (None, 0))
        self.unsubscribe(STATE_CHANGE)
        self.assertEqual((self.interval("OffNotification"), self.interval("PressedNotification")), (None, 0))

    def test_starEndsExclusions(self) -> None:
        """Of its scope."""
        self.subscribe(ALL)
        self.unsubscribe("OnNotification")
        self.subscribe(ALL, scope="b")
        self.unsubscribe("OnNotification", scope="b")
        self.subscribe(ALL)
        self.assertEqual(self.interval(), 0)
        self.unsubscribe(ALL)
        self.assertEqual(self.interval(device="b"), None)
        self.subscribe(ALL, scope="b")
        self.assertEqual(self.interval(device="b"), 0)

    def test_otherKinds(self) -> None:
        self.subscribe(ALL)
        other = Event(1, AT, Kind.VALUE_STALED, "a")
        self.assertEqual(self.subscriptions.wanting(other), [])
        self.assertIsNone(self.subscriptions.interval("c", other))


class BoundTests(Wanting):
    """What one client may have; one more is refused and changes nothing."""

    def refused(self, *names: str, **more: Any) -> None:
        self.assertEqual(self.assertRaises(Refusal, self.subscribe, *names, **more).refused.code, Code.BAD_BODY)

    def test_names(self) -> None:
        self.patch(core, "MAX_NAMES", 3)
        self.subscribe("A", "B")
        self.refused("C", "D")
        self.subscribe("C", scope="a")
        self.refused(ALL)
        self.refused("C", interval=1.0)
        self.subscribe("A", "B")
        self.unsubscribe("A")
        self.refused("C", "D", interval=1.0)
        self.subscribe("C", interval=1.0)
        self.subscribe("C", interval=1.0)
        self.assertRaises(Refusal, self.subscriptions.unsubscribe, "c", None, ("E",))
        self.subscriptions.subscribe("d", None, ("A", "B", "C"))

    def test_narrow(self) -> None:
        self.patch(core, "MAX_NARROW", 2)
        self.subscribe(ALL, filter=ONLY_A)
        self.subscribe(ALL, interval=1.0)
        self.refused(ALL, interval=2.0)
        self.refused(ALL, scope="a", interval=1.0)
        self.subscribe("A", interval=1.0)
        self.subscribe("A")

    def test_globs(self) -> None:
        self.patch(core, "MAX_GLOBS", 5)
        self.subscribe(ALL, filter=Filter(("a", "b"), ("c",), ("d",)))
        self.refused(ALL, filter=Filter(("a", "b")))
        self.subscribe(ALL, filter=ONLY_A)


class NarrowTests(Wanting):
    def test_filter(self) -> None:
        self.subscribe("OnNotification", filter=ONLY_A)
        self.assertEqual(
            (self.interval(), self.interval(device="b"), self.interval("OffNotification")), (0, None, None)
        )
        self.assertEqual(len(self.subscriptions), 1)

    def test_costOfMany(self) -> None:
        """Where the device is, is looked up once for all filters, and nothing again until something changes."""
        looked: list[Device] = []
        real = filters._places

        def places(device: Device, home: Home) -> tuple[str, ...]:
            looked.append(device)
            return real(device, home)

        self.patch(filters, "_places", places)
        for number in range(50):
            self.subscribe("OnNotification", filter=Filter(rooms=(f"room{number}",)))
        for _ in range(3):
            self.assertIsNone(self.interval())
        self.assertEqual(len(looked), 1)

    def test_nothingFits(self) -> None:
        self.subscribe(ALL, filter=Filter(devices=()))
        self.assertIsNone(self.interval())

    def test_homeChanges(self) -> None:
        """A filter is about the home as it is."""
        self.subscribe(ALL, filter=Filter(classes=("DimmerLamp",)))
        self.assertIsNone(self.interval())
        self.subscriptions.apply(Home(devices={"a": Device("a", "DimmerLamp")}))
        self.assertEqual(self.interval(), 0)
        self.subscriptions.apply(Home())
        self.assertIsNone(self.interval())

    def test_scopeAndFilter(self) -> None:
        self.subscribe(ALL, scope="a", filter=Filter(devices=("b",)))
        self.assertEqual((self.interval(), self.interval(device="b")), (None, None))

    def test_together(self) -> None:
        """Told once, at the shortest interval."""
        self.subscribe(ALL, interval=9.0)
        self.assertEqual(self.interval(), 9)
        self.subscribe(ALL, filter=ONLY_A, interval=5.0)
        self.assertEqual((self.interval(), self.interval(device="b")), (5, 9))
        self.subscribe("OnNotification", scope="a")
        self.assertEqual((self.interval(), self.interval("OffNotification")), (0, 5))

    def test_laterIntervalCounts(self) -> None:
        for interval in (5.0, 9.0, 0.0, 2.0):
            self.subscribe(ALL, interval=interval)
            self.assertEqual(self.interval(), interval)
            self.assertEqual(self.subscriptions.paced("c"), interval > 0)
        for interval in (5.0, 9.0, 0.0, 2.0):
            self.subscribe("OnNotification", filter=ONLY_A, interval=interval)
            self.assertEqual(self.interval("OnNotification"), min(interval, 2.0))

    def test_nameInStar(self) -> None:
        """A name at an interval of its own is no matter of the star any more."""
        for filter in (EVERY, ONLY_A):
            for first in (0.0, 3.0):
                self.subscribe(ALL, filter=filter, interval=first)
                self.subscribe("OnNotification", filter=filter, interval=7.0)
                self.assertEqual((self.interval(), self.interval("OffNotification")), (7, first))
                self.subscribe("OnNotification", filter=filter, interval=first)
                self.assertEqual((self.interval(), self.interval("OffNotification")), (first, first))
            self.unsubscribe(ALL)

    def test_unsubscribed(self) -> None:
        self.subscribe("OnNotification", "OffNotification", filter=ONLY_A)
        self.unsubscribe("OnNotification")
        self.assertEqual((self.interval(), self.interval("OffNotification")), (None, 0))
        self.unsubscribe("OffNotification")
        self.assertEqual(len(self.subscriptions), 0)

    def test_unsubscribedUnderStar(self) -> None:
        self.subscribe(ALL, filter=ONLY_A)
        self.unsubscribe("OnNotification")
        self.assertEqual((self.interval(), self.interval("OffNotification")), (None, 0))
        self.subscribe("OnNotification", filter=ONLY_A)
        self.assertEqual(self.interval(), 0)
        self.unsubscribe("OnNotification")
        self.subscribe(ALL, filter=ONLY_A)
        self.assertEqual(self.interval(), 0)

    def test_starOfScope(self) -> None:
        """Removing it takes the filtered ones of its scope along, and no others."""
        self.subscribe(ALL, filter=ONLY_A, interval=5.0)
        self.subscribe(ALL, scope="a", filter=ONLY_A, interval=6.0)
        self.unsubscribe(ALL)
        self.assertEqual(self.interval(), 6)
        self.unsubscribe(ALL, scope="a")
        self.assertEqual((self.interval(), len(self.subscriptions)), (None, 0))

    def test_dropped(self) -> None:
        self.subscribe(ALL, filter=ONLY_A)
        self.subscribe(ALL)
        self.assertEqual(self.interval(), 0)
        self.subscriptions.drop("c")
        self.assertEqual((self.interval(), len(self.subscriptions)), (None, 0))

    def test_covers(self) -> None:
        a, b = HOME.devices.values()

        def covered() -> list[bool]:
            return [self.subscriptions.covers("c", each) for each in (a, b)]

        self.assertEqual(covered(), [False, False])
        self.subscribe("OnNotification", scope="b")
        self.assertEqual(covered(), [False, True])
        self.unsubscribe(ALL, scope="b")
        self.subscribe("OnNotification", filter=ONLY_A)
        self.assertEqual(covered(), [True, False])
        self.subscribe("OnNotification")
        self.assertEqual(covered(), [True, True])


class RandomTests(Wanting):
    def test_indexAgrees(self) -> None:
        """Whatever is subscribed and unsubscribed: who is told is who has an interval; nothing is left at the end."""
        names = ["OnNotification", "OffNotification", STATE_CHANGE, ALL]
        for seed in range(150):
            random = Random(seed)
            for _ in range(12):
                scope = random.choice((None, "a"))
                some = random.sample(names, random.randrange(1, 3))
                if random.random() < 0.6:
                    self.subscribe(
                        *some,
                        scope=scope,
                        filter=random.choice((EVERY, ONLY_A, Filter(classes=("Lamp",)))),
                        interval=random.choice((0.0, 5.0)),
                    )
                else:
                    self.unsubscribe(*some, scope=scope)
                    if some == [ALL] and scope is None:
                        self.assertIsNone(self.interval(device="b"))
                for cls in names[:2]:
                    for device in ("a", "b"):
                        self.interval(cls, device)
            self.subscriptions.drop("c")
            self.assertEqual(self.left(), [])

    def left(self) -> list[Any]:
        each = self.subscriptions
        return [held for held in (each._wanted, each._excluded, each._keys, each._narrow) if held]
