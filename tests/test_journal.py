"""Lines for systemd's journal."""

from __future__ import annotations

import io

from twisted.logger import Logger, LogLevel, LogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dog.journal import observer


class JournalTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.out = io.StringIO()
        self.log = Logger("dog.room", observer=LogPublisher(observer(self.out)))

    def test_levels(self) -> None:
        """Each level has its priority; the journal knows the time itself."""
        for level in ("debug", "info", "warn", "error", "critical"):
            self.log.emit(LogLevel.levelWithName(level), "{what} happened", what="it")
        lines = self.out.getvalue().splitlines()
        self.assertEqual(
            lines,
            [
                f"<{each}>[dog.room#{name}] it happened"
                for each, name in zip((7, 6, 4, 3, 2), ("debug", "info", "warn", "error", "critical"), strict=True)
            ],
        )

    def test_lines(self) -> None:
        """Whatever has several lines, a traceback above all, has its priority in each: the journal takes lines."""
        try:
            raise ValueError("two\nlines")
        except ValueError:
            self.log.failure("{what} failed", Failure(), what="it")
        lines = self.out.getvalue().splitlines()
        self.assertGreater(len(lines), 4)
        self.assertEqual({each[:3] for each in lines}, {"<2>"})
        self.assertIn("ValueError: two", self.out.getvalue())

    def test_nothing(self) -> None:
        self.log.info("")
        self.assertEqual(self.out.getvalue(), "")
