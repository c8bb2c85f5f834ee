"""Candidates: each once, bounded, ignored for good, gone once at home; and what is told of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.core.core import Applied, Core, Found, Judged
from dog.core.events import Kind
from dog.core.inbox import REWRITTEN, Allowance, Inbox
from dog.core.now import Now
from dog.home.diff import diff
from dog.model.candidate import Candidate, candidateFrom
from dog.model.device import ConfigParam, Device
from dog.model.home import Home

START = datetime(2025, 1, 15, 12, tzinfo=UTC)


def heard(key: str, seconds: float = 0.0, **more: Any) -> Candidate:
    given = {"key": key, "params": {"address": key, "eep": "F6-02-01"}, "identity": ("address",), **more}
    return candidateFrom(given, "enocean", "EnOcean", "gw", START + timedelta(seconds=seconds))


def homeWith(*keys: str) -> Home:
    devices = (Device(f"d{key}", "Button", "EnOcean", params=(ConfigParam("address", key),)) for key in keys)
    return Home(devices={each.id: each for each in devices})


class Hearing(SynchronousTestCase):
    def setUp(self) -> None:
        self.inbox = Inbox(limit=3)

    def ids(self) -> list[str]:
        return [each.key for each in self.inbox.all()]

    def test_once(self) -> None:
        """One entry per key, which knows when and how often it was heard, and what was said last."""
        taken = self.inbox.hear(heard("1", signal=-60))
        assert taken is not None
        self.assertEqual((taken.candidate.key, taken.instead), ("1", None))
        self.assertIsNone(self.inbox.hear(heard("1", 5, signal=-70, description="Said")))
        (found,) = self.inbox.all()
        self.assertEqual((found.firstSeen, found.lastSeen), (START, START + timedelta(seconds=5)))
        self.assertEqual((found.timesSeen, found.signal, found.description), (2, -70, "Said"))

    def test_guesses(self) -> None:
        """What a device said of itself is not guessed away; what was guessed is said away."""
        self.inbox.hear(heard("1", guessed=True, description="Guess"))
        self.inbox.hear(heard("1", 1, description="Said"))
        self.inbox.hear(heard("1", 2, guessed=True, description="Guess", signal=-50))
        (found,) = self.inbox.all()
        self.assertEqual((found.description, found.guessed, found.timesSeen), ("Said", False, 3))
        self.assertEqual((found.signal, found.lastSeen), (-50, START + timedelta(seconds=2)))

    def test_bounded(self) -> None:
        """The longest unheard goes; ignored ones stay, unless there is nothing else."""
        for key in "123":
            self.inbox.hear(heard(key))
        self.inbox.hear(heard("1", 9))
        self.inbox.judge("enocean-2", True)
        taken = self.inbox.hear(heard("4"))
        assert taken is not None and taken.instead is not None
        self.assertEqual(taken.instead.key, "3")
        self.assertEqual(self.ids(), ["4", "1", "2"])
        for key in "14":
            self.inbox.judge(f"enocean-{key}", True)
        self.inbox.hear(heard("5"))
        self.assertEqual(self.ids(), ["5", "4", "1"])

    def test_ignored(self) -> None:
        """Heard again, it stays ignored, and is nothing new; offered again, it is as before."""
        self.inbox.hear(heard("1"))
        self.assertTrue(self.inbox.judge("enocean-1", True))
        self.assertFalse(self.inbox.judge("enocean-1", True))
        self.assertIsNone(self.inbox.hear(heard("1", 1, description="Said")))
        (found,) = self.inbox.all()
        self.assertTrue(found.ignored)
        self.assertEqual(found.timesSeen, 2)
        self.assertTrue(self.inbox.judge("enocean-1", False))
        self.assertFalse(self.inbox.all()[0].ignored)
        self.assertRaises(KeyError, self.inbox.judge, "enocean-2", True)

    def test_home(self) -> None:
        """What is at home is not offered, until it is there no more."""
        self.inbox.hear(heard("00-25-C5-7A"))
        self.inbox.hear(heard("2"))
        self.assertEqual([each.key for each in self.inbox.apply(homeWith("0025c57a"))], ["00-25-C5-7A"])
        self.assertIsNone(self.inbox.hear(heard("0025C57A")))
        self.assertEqual(self.ids(), ["2"])
        self.assertEqual(self.inbox.apply(Home()), [])
        self.assertIsNotNone(self.inbox.hear(heard("0025C57A")))

    def test_forgotten(self) -> None:
        self.inbox.hear(heard("1"))
        self.inbox.judge("enocean-1", True)
        found = self.inbox.forget("enocean-1")
        assert found is not None
        self.assertIsNone(self.inbox.forget("enocean-1"))
        self.assertIsNotNone(self.inbox.hear(heard("1")))


class Remembering(SynchronousTestCase):
    def setUp(self) -> None:
        self.inbox = Inbox(limit=2)

    def test_changes(self) -> None:
        """What is new, judged, said or gone is to be written; heard again, only now and then."""
        self.inbox.hear(heard("1"))
        self.assertEqual(self.inbox.takeChanged(), {"enocean-1": self.inbox.get("enocean-1")})
        self.inbox.hear(heard("1", 1, signal=-7))
        self.assertEqual(self.inbox.takeChanged(), {})
        self.inbox.hear(heard("1", REWRITTEN.total_seconds()))
        self.assertEqual(list(self.inbox.takeChanged()), ["enocean-1"])
        self.inbox.hear(heard("1", REWRITTEN.total_seconds() + 1, description="Said"))
        self.assertEqual(list(self.inbox.takeChanged()), ["enocean-1"])
        self.inbox.judge("enocean-1", True)
        self.assertTrue(self.inbox.takeChanged()["enocean-1"].ignored)  # type: ignore[union-attr]
        self.inbox.hear(heard("2"))
        self.inbox.hear(heard("3"))
        self.assertEqual(list(self.inbox.takeChanged()), ["enocean-3"], "what came and went was never written")
        self.inbox.forget("enocean-1")
        self.assertEqual(self.inbox.takeChanged(), {"enocean-1": None})

    def test_restored(self) -> None:
        """In the order in which they were heard, without those that came home; these are to be deleted."""
        self.inbox.apply(homeWith("2"))
        self.inbox.restore([heard("1", 9), heard("2"), replace(heard("3"), ignored=True)])
        self.assertEqual([each.key for each in self.inbox.all()], ["1", "3"])
        self.assertEqual(self.inbox.takeChanged(), {"enocean-2": None})
        self.assertIsNone(self.inbox.hear(heard("3", 10)))
        self.assertEqual(self.inbox.takeChanged(), {}, "it was written already")


class Telling(SynchronousTestCase):
    def setUp(self) -> None:
        self.core = Core("epoch")
        self.seconds = 0.0

    def step(self, input: Any) -> list[dict[str, Any]]:
        now = Now(self.seconds, START + timedelta(seconds=self.seconds))
        events = self.core.step(input, now).events
        return [dict(each.details) for each in events if each.kind is Kind.CANDIDATE_CHANGED]

    def test_found(self) -> None:
        (told,) = self.step(Found(heard("1", 0, **{"class": "Button"}, description="Rocker")))
        self.assertEqual(
            {key: value for key, value in told.items() if value is not None},
            {
                "what": "found",
                "candidate": "enocean-1",
                "driver": "enocean",
                "class": "Button",
                "description": "Rocker",
            },
        )
        self.assertEqual(self.step(Found(heard("1"))), [])

    def test_judged(self) -> None:
        self.step(Found(heard("1")))
        for ignored, told in ((True, ["ignored"]), (True, []), (False, ["offered"]), (None, ["gone"]), (None, [])):
            self.assertEqual([each["what"] for each in self.step(Judged("enocean-1", ignored))], told)
        self.assertEqual(self.core.inbox.all(), [])

    def test_adopted(self) -> None:
        self.step(Found(heard("1")))
        (told,) = self.step(Applied(diff(self.core.home, homeWith("1"))))
        self.assertEqual((told["what"], told["candidate"]), ("gone", "enocean-1"))

    def test_flood(self) -> None:
        """Of many at once the first are told; the others are counted, and in the inbox all the same."""
        told = [each for number in range(50) for each in self.step(Found(heard(str(number))))]
        self.assertEqual(len(told), 20)
        self.assertEqual(len(self.core.inbox.all()), 50)
        self.seconds = 30.0
        (next,) = self.step(Found(heard("later")))
        self.assertEqual(next["withheld"], 30)
        self.seconds = 10_000.0
        (next,) = self.step(Found(heard("last")))
        self.assertIsNone(next["withheld"])

    def test_instead(self) -> None:
        self.core.inbox = Inbox(limit=1)
        self.step(Found(heard("1")))
        (told,) = self.step(Found(heard("2")))
        self.assertEqual(told["instead"], "enocean-1")

    def test_restored(self) -> None:
        self.core.restore(None, (), (), [heard("1")])
        self.assertEqual([each.key for each in self.core.inbox.all()], ["1"])


class Often(SynchronousTestCase):
    def test_allowance(self) -> None:
        allowance = Allowance(2, 10.0)
        self.assertEqual([allowance.take(100.0) for _ in range(3)], [True, True, False])
        self.assertFalse(allowance.take(105.0))
        self.assertEqual(allowance.takeWithheld(), 2)
        self.assertEqual(allowance.takeWithheld(), 0)
        self.assertTrue(allowance.take(115.0))
        self.assertEqual([allowance.take(10_000.0) for _ in range(3)], [True, True, False], "it does not pile up")
