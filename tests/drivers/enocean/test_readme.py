"""The tests that the README names as proof are there."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.source import ROOT


class Defects(SynchronousTestCase):
    def test_named(self) -> None:
        """Each C{module.Class.test_name} of the table, and each C{test_name} behind one of the same class."""
        readme = (ROOT / "dog" / "drivers" / "enocean" / "README.md").read_text(encoding="utf-8")
        table = readme.partition("## What the driver of Java Dog did")[2].partition("\n## ")[0]
        rows = [re.findall(r"`(test_[\w.]+)`", row) for row in table.splitlines()[4:] if row.startswith("|")]
        self.assertGreater(len(rows), 10)
        for row in rows:
            module, cls = row[0].split(".")[:2]
            for each in row:
                if "." in each:
                    module, cls = each.split(".")[:2]
                source = Path(__file__).with_name(f"{module}.py").read_text(encoding="utf-8")
                body = source.partition(f"\nclass {cls}(")[2].partition("\nclass ")[0]
                self.assertIn(f"    def {each.rpartition('.')[2]}(self", body, each)
