"""Stored values come back as they were."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.model.encode import decode, encode
from dog.model.measure import Measure
from dog.model.values import DailyClimateSchedule, ExplicitTeachInData, HSBColor, RGBColor, SwitchPoint, Value

DAY = DailyClimateSchedule(1, (SwitchPoint(datetime(2026, 1, 1, 6, 30, tzinfo=UTC), Measure(Decimal("20.50"), "C")),))

VALUES: tuple[Value, ...] = (
    "on",
    "",
    True,
    40,
    40.5,
    Measure(Decimal("16.648"), "kWh"),
    Measure(Decimal("1E+3")),
    HSBColor(65535, 254, 254),
    RGBColor(1, 2, 3),
    DAY,
    (DAY, DailyClimateSchedule(2, ())),
    (),
    ExplicitTeachInData("A5-02-05", "01854d34"),
)


class EncodeTests(SynchronousTestCase):
    def test_thereAndBack(self) -> None:
        """Through JSON text, equal and of the same type; a number keeps its scale."""
        for value in VALUES:
            back = decode(json.loads(json.dumps(encode(value))))
            self.assertEqual(back, value)
            self.assertIs(type(back), type(value))
            self.assertEqual(str(back), str(value))

    def test_nonsense(self) -> None:
        nonsense: tuple[Any, ...] = (
            None,
            {},
            [],
            ["measure"],
            ["measure", "x", "C"],
            ["hsb", 1],
            ["day", 1, [["x", 1]]],
            ["what", 1],
        )
        for data in nonsense:
            self.assertRaises(ValueError, decode, data)
