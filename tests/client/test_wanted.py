from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.client.wanted import Only, Uttered, Wanted
from dog.core.events import Event, Kind
from dog.core.filters import Filter
from dog.core.subscriptions import Subscriptions
from dog.model.catalogue import catalogue
from dog.model.device import Device
from dog.model.home import Home

ALL = "/api/v1/subscriptions/devices/notifications"
LAMP = "/api/v1/subscriptions/devices/lamp/notifications"


class WantedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.wanted = Wanted()

    def requests(self) -> list[Any]:
        return list(self.wanted.requests())

    def test_scopes_are_apart(self) -> None:
        self.wanted.add(None, ["A"])
        self.wanted.add("lamp", ["A", "B"])
        self.wanted.remove(None, "A")
        self.assertEqual(self.requests(), [("POST", LAMP, {"notifications": ["A", "B"]})])

    def test_twice_is_once(self) -> None:
        self.wanted.add(None, ["A", "B"])
        self.wanted.add(None, ["A"])
        self.assertEqual(self.requests(), [("POST", ALL, {"notifications": ["A", "B"]})])

    def test_exclusion_ends(self) -> None:
        self.wanted.add(None, ["*"])
        self.wanted.remove(None, "A")
        self.assertEqual(self.requests()[1:], [("DELETE", f"{ALL}/A", None)])
        self.wanted.add(None, ["A"])
        self.assertEqual(self.requests(), [("POST", ALL, {"notifications": ["*", "A"]})])

    def test_removing_everything(self) -> None:
        self.wanted.add(None, ["*", "A"])
        self.wanted.remove(None, "B")
        self.wanted.remove(None, "*")
        self.assertEqual(self.requests(), [])
        self.wanted.add(None, ["*"])
        self.assertEqual(self.requests(), [("POST", ALL, {"notifications": ["*"]})])

    def test_removing_what_was_not_there(self) -> None:
        self.wanted.remove("lamp", "A")
        self.wanted.remove(None, "*")
        self.assertEqual(self.requests(), [])

    def test_names_in_the_path(self) -> None:
        self.wanted.add("lamp", ["*"])
        self.wanted.remove("lamp", "A/B?")
        self.assertEqual(self.requests()[1], ("DELETE", f"{LAMP}/A%2FB%3F", None))


NAMES = ("OnNotification", "OffNotification", "PressedNotification", "SinglePhaseActivePowerMeasurementNotification")
DEVICES = ("lamp", "button", "meter")
FILTERS = (Only(), Only.of(devices="lamp"), Only.of(devices=["la*", "m*"]), Only.of(classes="Lamp"))


def steps(random: Random, most: int = 12) -> Iterator[tuple[Any, ...]]:
    """What a client's user may say: (add, scope, names, only), (remove, scope, name)."""
    for _ in range(random.randint(1, most)):
        scope = random.choice((None, None, "lamp"))
        name = random.choice((*NAMES, "*", "*"))
        only = random.choice(FILTERS)
        only = replace(only, minInterval=random.choice((0.0, 0.0, 5.0, 9.0)))
        if random.random() < 0.6:
            yield "add", scope, [name, *random.sample(NAMES, random.randint(0, 1))], only
        else:
            yield "remove", scope, name


class FilterTests(SynchronousTestCase):
    """With filters and intervals, against the gateway's own idea of what is wanted."""

    def setUp(self) -> None:
        classes = ("SimpleLamp", "Button", "SinglePhaseElectricityMeter")
        self.home = Home(devices={id: Device(id, cls) for id, cls in zip(DEVICES, classes, strict=True)})

    def subscriptions(self) -> Subscriptions:
        found = Subscriptions()
        found.apply(self.home)
        return found

    def meaning(self, subscriptions: Subscriptions) -> list[float | None]:
        """Of each thing that can happen: the interval with which the client is told of it; None: not."""
        at = datetime(2024, 5, 1, tzinfo=UTC)
        kinds = [catalogue().notification(name) for name in NAMES]
        return [
            subscriptions.interval(1, Event(1, at, Kind.NOTIFICATION, device, kind, discrete=False))
            for device in DEVICES
            for kind in kinds
        ]

    def subscribe(self, subscriptions: Subscriptions, scope: str | None, names: list[str], only: Only) -> None:
        subscriptions.subscribe(1, scope, names, Filter(*only.filter), only.minInterval)

    def answer(self, wanted: Wanted, uttered: Uttered, refused: bool) -> None:
        (wanted.drop if refused else wanted.settle)(uttered)

    def test_saidAgain(self) -> None:
        """On a new connection it comes to the same, whatever was refused, and in whatever order that came back."""
        different = set()
        for seed in range(2000):
            random = Random(seed)
            live, again, wanted = self.subscriptions(), self.subscriptions(), Wanted()
            said = list(steps(random))
            unanswered: list[tuple[Uttered, bool]] = []
            for what, scope, *about in said:
                uttered = getattr(wanted, what)(scope, *about)
                if what == "add":
                    refused = random.random() < 0.3
                    unanswered.append((uttered, refused))
                    if not refused:
                        self.subscribe(live, scope, *about)
                    while unanswered and random.random() < 0.6:
                        self.answer(wanted, *unanswered.pop(random.randrange(len(unanswered))))
                else:
                    live.unsubscribe(1, scope, about)
            for each in unanswered:
                self.answer(wanted, *each)
            for scope, about_, *only in wanted.steps():
                if isinstance(about_, str):
                    again.unsubscribe(1, scope, [about_])
                else:
                    self.subscribe(again, scope, about_, only[0])
            self.assertEqual(self.meaning(again), self.meaning(live), f"seed {seed}: {said}")
            different.add(tuple(self.meaning(live)))
        self.assertGreater(len(different), 100)

    def test_bounded(self) -> None:
        """Saying and unsaying for ever leaves no more than there are things to say."""
        wanted = Wanted()
        for what, *about in (each for seed in range(3000) for each in steps(Random(seed), 1)):
            uttered = getattr(wanted, what)(*about)
            if uttered is not None:
                wanted.settle(uttered)
            self.assertEqual(wanted._open, [])
            self.assertLess(len(list(wanted.steps())), 40)

    def test_body(self) -> None:
        self.wanted = Wanted()
        self.wanted.add(None, ["*"], Only.of("la*", ["kitchen", "hall"], minInterval=5))
        self.wanted.add(None, ["A"])
        body = {"notifications": ["*"], "devices": ["la*"], "rooms": ["kitchen", "hall"], "minInterval": 5}
        self.assertEqual(list(self.wanted.requests()), [("POST", ALL, body), ("POST", ALL, {"notifications": ["A"]})])

    def test_dropped(self) -> None:
        """What was refused is forgotten, and nothing else."""
        wanted = Wanted()
        wanted.settle(wanted.add(None, ["A"]))
        refused = wanted.add(None, ["A", "B"], Only.of("x"))
        wanted.drop(refused)
        wanted.drop(refused)
        self.assertEqual(list(wanted.requests()), [("POST", ALL, {"notifications": ["A"]})])

    def test_intervalRefused(self) -> None:
        """What was to be replaced is wanted as before; what was said since then stands."""
        wanted = Wanted()
        wanted.settle(wanted.add(None, ["A"], Only.of("x", minInterval=2)))
        refused = wanted.add(None, ["A"], Only.of("x", minInterval=5))
        wanted.settle(wanted.add("lamp", ["B"]))
        wanted.remove("lamp", "B")
        wanted.settle(wanted.add("lamp", ["C"]))
        wanted.drop(refused)
        before = {"notifications": ["A"], "devices": ["x"], "minInterval": 2}
        self.assertEqual(list(wanted.requests()), [("POST", ALL, before), ("POST", LAMP, {"notifications": ["C"]})])
