"""The agenda: what is due when, with lazy expiry."""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from dog.core.agenda import Agenda


class AgendaTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.agenda = Agenda()

    def test_dueInOrderOfTime(self) -> None:
        self.agenda.set("late", 3.0)
        self.agenda.set("early", 1.0)
        self.agenda.set("middle", 2.0)
        self.assertEqual(self.agenda.due(2.0), ["early", "middle"])
        self.assertEqual(self.agenda.next(), 3.0)
        self.assertEqual(self.agenda.due(10.0), ["late"])
        self.assertIsNone(self.agenda.next())

    def test_movedLater(self) -> None:
        """Setting a key again moves it; it is not due at the old time."""
        self.agenda.set("key", 1.0)
        self.agenda.set("key", 5.0)
        self.assertEqual(self.agenda.due(1.0), [])
        self.assertEqual(self.agenda.next(), 5.0)
        self.assertEqual(self.agenda.due(5.0), ["key"])

    def test_movedLaterDoesNotGrow(self) -> None:
        """Hearing a value a thousand times leaves one entry in the heap."""
        for second in range(1000):
            self.agenda.set("key", 100.0 + second)
        self.assertEqual(len(self.agenda._heap), 1)
        self.assertEqual(len(self.agenda), 1)

    def test_movedEarlier(self) -> None:
        self.agenda.set("key", 5.0)
        self.agenda.set("key", 1.0)
        self.assertEqual(self.agenda.due(1.0), ["key"])
        self.assertEqual(self.agenda.due(5.0), [])

    def test_cancelled(self) -> None:
        self.agenda.set("key", 1.0)
        self.agenda.cancel("key")
        self.agenda.cancel("never set")
        self.assertIsNone(self.agenda.next())
        self.assertEqual(self.agenda.due(9.0), [])

    def test_cancelledAndSetAgain(self) -> None:
        self.agenda.set("key", 1.0)
        self.agenda.cancel("key")
        self.agenda.set("key", 2.0)
        self.assertEqual(self.agenda.due(1.5), [])
        self.assertEqual(self.agenda.due(2.0), ["key"])

    def test_againstAPlainDictionary(self) -> None:
        """Whatever is set, moved and cancelled, the due keys are those a plain dictionary gives."""
        random = Random(7)
        plain: dict[int, float] = {}
        now = 0.0
        for _ in range(5000):
            key = random.randrange(30)
            what = random.random()
            if what < 0.6:
                at = now + random.random() * 10
                plain[key] = at
                self.agenda.set(key, at)
            elif what < 0.75:
                plain.pop(key, None)
                self.agenda.cancel(key)
            else:
                now += random.random() * 2
                expected = {each for each, at in plain.items() if at <= now}
                found = [each for each in self.agenda.due(now) if isinstance(each, int)]
                self.assertEqual(set(found), expected)
                self.assertEqual([plain[each] for each in found], sorted(plain[each] for each in found))
                for each in found:
                    del plain[each]
        earliest = self.agenda.next()
        if plain:
            assert earliest is not None
            self.assertLessEqual(earliest, min(plain.values()))
        self.assertEqual(len(self.agenda), len(plain))
