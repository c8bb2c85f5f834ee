"""Tests for L{dog.model.bounds}."""

from __future__ import annotations

from decimal import Decimal

from twisted.trial.unittest import SynchronousTestCase

from dog.model import bounds
from dog.model.bounds import rangeOf, rangeOfParam, within
from dog.model.catalogue import Param, catalogue
from dog.model.measure import Measure


class RangeTests(SynchronousTestCase):
    def test_ranges(self) -> None:
        cases: list[tuple[str | None, str | int | None, int | None]] = [
            ("temperature", "-273.15", None),
            ("relative_humidity", 0, 100),
            ("level", 0, 100),
            ("battery_level", 0, 100),
            ("power_factor", -1, 1),
            ("hue_raw", 0, 65535),
            ("saturation_raw", 0, 254),
            ("brightness_raw", 0, 254),
            ("rgb_raw", 0, 255),
            ("ph", 0, 14),
            ("active_energy", 0, None),
            ("active_power", None, None),
            ("generic", None, None),
            (None, None, None),
        ]
        for quantity, low, high in cases:
            expected = tuple(None if each is None else Decimal(each) for each in (low, high))
            self.assertEqual(rangeOf(quantity), expected)

    def test_quantitiesExist(self) -> None:
        self.assertEqual(set(bounds._RANGES) - set(catalogue().quantities), set())

    def test_percentIsBounded(self) -> None:
        """Whatever is counted in per cent ends at 100."""
        for quantity in catalogue().quantities:
            if catalogue().unit(quantity) == "%":
                self.assertEqual(rangeOf(quantity), (0, 100), quantity)

    def test_dataFileAgrees(self) -> None:
        """Where dogont.json says a range, it is ours; Hue's 0..254 levels are scaled to 0..100."""
        for quantity, entry in catalogue()._data["quantities"].items():
            if "range" in entry:
                low, high = entry["range"].split(" ")[0].split("..")
                self.assertEqual(rangeOf(quantity), (int(low), int(high)), quantity)

    def test_params(self) -> None:
        for param, expected in [
            (Param("hour", "Integer"), (0, 23)),
            (Param("weekDay", "Integer"), (1, 7)),
            (Param("saturation", "Integer"), (0, 255)),
            (Param("temperature", "Measure", "temperature"), rangeOf("temperature")),
            (Param("whatever", "Integer"), (None, None)),
        ]:
            self.assertEqual(rangeOfParam(param), expected)

    def test_everyWholeNumberHasARange(self) -> None:
        for cls in catalogue()._data["commands"]:
            command = catalogue().command(cls)
            assert command is not None
            for param in command.params:
                if param.type in ("Integer", "int"):
                    self.assertNotEqual(rangeOfParam(param), (None, None), f"{cls} {param.name}")


class WithinTests(SynchronousTestCase):
    def test_within(self) -> None:
        cases: list[tuple[Measure | float | Decimal, str | None]] = [
            (Measure.parse("20 C"), "temperature"),
            (Measure.parse("-273.15 C"), "temperature"),
            (Measure.parse("12 Wh"), "active_energy"),
            (Measure.parse("12 kWh"), "active_energy"),
            (Measure.parse("-5 W"), "active_power"),
            (0, "level"),
            (100, "level"),
            (12.5, "level"),
            (Decimal("0.9"), "power_factor"),
            (Measure.parse("7 m"), None),
        ]
        for value, quantity in cases:
            self.assertTrue(within(value, quantity), f"{value} {quantity}")

    def test_outside(self) -> None:
        cases: list[tuple[Measure | float | Decimal, str | None]] = [
            (Measure.parse("-274 C"), "temperature"),
            (Measure.parse("20 W"), "temperature"),
            (Measure.parse("20"), "temperature"),
            (Measure.parse("-12 Wh"), "active_energy"),
            (Measure.parse("-12 kWh"), "active_energy"),
            (-1, "level"),
            (100.1, "level"),
            (float("nan"), "level"),
            (float("inf"), "active_power"),
            (Decimal("1.1"), "power_factor"),
        ]
        for value, quantity in cases:
            self.assertFalse(within(value, quantity), f"{value} {quantity}")
