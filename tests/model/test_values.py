"""Tests for L{dog.model.values}."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta, timezone
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.model.measure import Measure
from dog.model.values import (
    DailyClimateSchedule,
    ExplicitTeachInData,
    HSBColor,
    RGBColor,
    Slot,
    SwitchPoint,
    Value,
    features,
    render,
)

AT = datetime(2013, 10, 22, 16, 5, tzinfo=timezone(timedelta(hours=2)))
DAY = DailyClimateSchedule(1, (SwitchPoint(AT, Measure.parse("20.5 C")),))
RENDERED_DAY = {"weekDay": 1, "switchPoints": [{"desiredTemperature": "20.5 C", "timeAt": 1382450700000}]}


class RenderTests(SynchronousTestCase):
    def test_render(self) -> None:
        """units.md, "Rendering rules" and "Where values appear"."""
        cases: list[tuple[Value, Any]] = [
            (Measure.parse("0.0 kWh"), "0.0 kWh"),
            (Measure.parse("255.0"), "255.0 "),
            ("on", "on"),
            (63, 63),
            (12.5, 12.5),
            (True, True),
            (HSBColor(1, 2, 3), {"hue": 1, "saturation": 2, "brightness": 3}),
            (RGBColor(1, 2, 3), {"red": 1, "green": 2, "blue": 3}),
            (DAY, RENDERED_DAY),
            ((DAY, DAY), [RENDERED_DAY, RENDERED_DAY]),
            ((), []),
            (
                ExplicitTeachInData("A5-02-05", "01854d34"),
                {"deviceEEP": "A5-02-05", "deviceHexAddress": "01854d34"},
            ),
        ]
        for value, expected in cases:
            found = render(value)
            self.assertEqual(found, expected)
            self.assertIs(type(found), type(expected))
            json.dumps(found)

    def test_orderOfKeys(self) -> None:
        """As units.md prints a schedule."""
        self.assertEqual(json.dumps(render(DAY)), json.dumps(RENDERED_DAY))

    def test_milliseconds(self) -> None:
        point = SwitchPoint(AT.replace(microsecond=314000), Measure.parse("1 C"))
        [found] = render(DailyClimateSchedule(1, (point,)))["switchPoints"]
        self.assertEqual(found["timeAt"], 1382450700314)


class WordsTests(SynchronousTestCase):
    def test_features(self) -> None:
        """Two ways to say one address are one address."""
        self.assertEqual(features(tariffID="T1", phaseID="L1"), (("phaseID", "L1"), ("tariffID", "T1")))
        self.assertEqual(features(), ())
        self.assertEqual(Slot("d", "S", features(b="1", a="2")), Slot("d", "S", features(a="2", b="1")))

    def test_timeOfDay(self) -> None:
        self.assertEqual(DAY.switchPoints[0].timeOfDay, time(16, 5))
