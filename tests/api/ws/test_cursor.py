"""The cursor: behind everything that is held back, and nowhere else."""

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from dog.api.ws.cursor import Cursor


class CursorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.cursor = Cursor()

    def test_looked(self) -> None:
        self.assertEqual(self.cursor.value, 0)
        self.cursor.looked(5)
        self.cursor.looked(3)
        self.assertEqual((self.cursor.value, self.cursor.highest), (5, 5))

    def test_held(self) -> None:
        self.cursor.looked(9)
        for since in (6, 4, 8):
            self.cursor.hold(since)
        self.assertEqual(self.cursor.value, 3)
        self.cursor.release(6)
        self.assertEqual(self.cursor.value, 3)
        self.cursor.release(4)
        self.assertEqual(self.cursor.value, 7)
        self.cursor.release(8)
        self.assertEqual(self.cursor.value, 9)

    def test_notBeyondWhatWasLookedAt(self) -> None:
        self.cursor.looked(3)
        self.cursor.hold(9)
        self.assertEqual(self.cursor.value, 3)

    def test_forget(self) -> None:
        self.cursor.looked(9)
        self.cursor.hold(3)
        self.cursor.hold(5)
        self.cursor.release(5)
        self.cursor.forget(12)
        self.assertEqual(self.cursor.value, 12)
        self.cursor.forget(4)
        self.assertEqual(self.cursor.value, 12)
        self.cursor.hold(5)
        self.assertEqual(self.cursor.value, 4)

    def test_agrees(self) -> None:
        """With the plain definition."""
        for seed in range(100):
            random = Random(seed)
            cursor, held, numbers = Cursor(), set[int](), list(range(1, 60))
            random.shuffle(numbers)
            cursor.looked(60)
            for number in numbers:
                cursor.hold(number)
                held.add(number)
                while held and random.random() < 0.4:
                    gone = random.choice(sorted(held))
                    held.remove(gone)
                    cursor.release(gone)
                self.assertEqual(cursor.value, min(held, default=61) - 1)
