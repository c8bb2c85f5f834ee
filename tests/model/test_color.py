"""Tests for L{dog.model.color}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.model.color import toHSB, toRGB
from dog.model.values import HSBColor, RGBColor

PAIRS = [
    (HSBColor(0, 0, 0), RGBColor(0, 0, 0)),
    (HSBColor(0, 0, 254), RGBColor(255, 255, 255)),
    (HSBColor(0, 254, 254), RGBColor(255, 0, 0)),
    (HSBColor(21845, 254, 254), RGBColor(0, 255, 0)),
    (HSBColor(43690, 254, 254), RGBColor(0, 0, 255)),
    (HSBColor(10922, 254, 254), RGBColor(255, 255, 0)),
    (HSBColor(21845, 127, 127), RGBColor(64, 128, 64)),
]


class ColorTests(SynchronousTestCase):
    def test_toRGB(self) -> None:
        for hsb, rgb in PAIRS:
            self.assertEqual(toRGB(hsb), rgb)

    def test_toHSB(self) -> None:
        for hsb, rgb in PAIRS[:-2]:
            self.assertEqual(toHSB(rgb), hsb)

    def test_fullCircle(self) -> None:
        """The highest hue is the lowest one again."""
        self.assertEqual(toRGB(HSBColor(65535, 254, 254)), RGBColor(255, 0, 0))

    def test_255IsTolerated(self) -> None:
        self.assertEqual(toRGB(HSBColor(0, 255, 255)), toRGB(HSBColor(0, 254, 254)))

    def test_thereAndBack(self) -> None:
        """Eight bits a component survive the way through the raw scale to within one step."""
        for red in range(0, 256, 51):
            for green in range(0, 256, 51):
                for blue in range(0, 256, 51):
                    back = toRGB(toHSB(RGBColor(red, green, blue)))
                    for before, after in [(red, back.red), (green, back.green), (blue, back.blue)]:
                        self.assertTrue(abs(before - after) <= 1, (red, green, blue, back))
