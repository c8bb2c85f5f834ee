"""Tests for L{dog.model.measure}: every row of units.md is a case here."""

from __future__ import annotations

from decimal import Decimal, localcontext

from twisted.trial.unittest import SynchronousTestCase

from dog.model.measure import UNITS, BadMeasure, Measure, unitNamed

#: units.md, "Units in use": spellings to accept, how it is rendered.
UNITS_IN_USE = [
    ([""], ""),
    (["C", "°C", "℃", "Celsius"], "C"),
    (["%"], "%"),
    (["W"], "W"),
    (["kW"], "kW"),
    (["Wh", "W·h"], "Wh"),
    (["kWh"], "kWh"),
    (["var", "Var"], "var"),
    (["Varh", "varh", "var·h"], "var·h"),
    (["kVarh", "kvarh"], "kVarh"),
    (["VA"], "VA"),
    (["kVA"], "kVA"),
    (["VAh", "VA·h"], "VA·h"),
    (["kVAh"], "kVAh"),
    (["A"], "A"),
    (["V"], "V"),
    (["Hz"], "Hz"),
    (["lx", "Lux", "lux"], "lx"),
    (["Pa"], "Pa"),
    (["hPa", "mbar"], "hPa"),
    (["ppm"], "ppm"),
    (["grav"], "grav"),
    (["°"], "°"),
    (["µT", "uT"], "µT"),
    (["m³", "m^3"], "m³"),
    (["m³/h", "m^3/h"], "m³/h"),
    (["s"], "s"),
    (["µg/m³", "ug/m3", "µg/m3"], "µg/m³"),
    (["dB"], "dB"),
    (["V/m"], "V/m"),
    (["m"], "m"),
]

#: units.md, "Rendering rules": what is parsed, how it is rendered.
RENDERED = [
    ("0.0 kWh", "0.0 kWh"),
    ("1.10 W", "1.10 W"),
    ("100 W", "100 W"),
    ("007 W", "7 W"),
    ("1e3 W", "1E+3 W"),
    ("0.00000012 kWh", "1.2E-7 kWh"),
    ("255.0", "255.0 "),
    ("255.0 ", "255.0 "),
    ("63", "63 "),
    ("0.0", "0.0 "),
    ("41.0 %", "41.0 %"),
    ("41.0%", "41.0 %"),
    ("16.648 kWh", "16.648 kWh"),
    ("24.6 C", "24.6 C"),
    ("24.6C", "24.6 C"),
    ("24.6°C", "24.6 C"),
    ("24.6℃", "24.6 C"),
    ("  20   C  ", "20 C"),
    ("20\tC", "20 C"),
    ("-5 C", "-5 C"),
    ("+5 C", "5 C"),
    (".5 C", "0.5 C"),
    ("5. C", "5 C"),
    ("-0 C", "0 C"),
    ("-0.0 C", "0.0 C"),
    ("1E+3 W", "1E+3 W"),
    ("1e-3 W", "0.001 W"),
    ("0.000001 W", "0.000001 W"),
    ("0.0000001 W", "1E-7 W"),
    ("0E-9 W", "0E-9 W"),
    ("123456789012345678901234567890.1234567890 kWh", "123456789012345678901234567890.1234567890 kWh"),
]

#: Text that is no measure, and what is wrong with it.
REFUSED = [
    ("", "bad_value"),
    (" ", "bad_value"),
    ("W", "bad_value"),
    ("warm", "bad_value"),
    ("NaN W", "bad_value"),
    ("Infinity W", "bad_value"),
    ("inf", "bad_value"),
    ("1,5 W", "bad_value"),
    ("1.5.2 W", "bad_value"),
    ("--1 W", "bad_value"),
    ("0x10 W", "bad_value"),
    ("1_000 W", "bad_value"),
    ("٣ W", "bad_value"),
    ("5d", "bad_value"),
    ("20W", "bad_value"),
    ("20kWh", "bad_value"),
    ("1e99999 W", "bad_value"),
    ("20 foo", "bad_unit"),
    ("20 w", "bad_unit"),
    ("20 KWH", "bad_unit"),
    ("9.81 g", "bad_unit"),
    ("20 F", "bad_unit"),
    ("20 W W", "bad_unit"),
]


class UnitTests(SynchronousTestCase):
    def test_spellings(self) -> None:
        for accepted, rendered in UNITS_IN_USE:
            for spelling in accepted:
                self.assertEqual(unitNamed(spelling), rendered)
                self.assertEqual(str(Measure.parse(f"1 {spelling}")), f"1 {rendered}")
                self.assertEqual(str(Measure.of(1, spelling)), f"1 {rendered}")

    def test_tableIsComplete(self) -> None:
        self.assertEqual(
            {rendered: set(accepted) for accepted, rendered in UNITS_IN_USE}, {k: set(v) for k, v in UNITS.items()}
        )

    def test_unknown(self) -> None:
        for spelling in ("foo", "w", "g", "kW·h", "°F"):
            self.assertIsNone(unitNamed(spelling))

    def test_renderedIsAccepted(self) -> None:
        """What we write, we read."""
        for unit in UNITS:
            measure = Measure.of("1.50", unit)
            self.assertEqual(str(Measure.parse(str(measure))), str(measure))


class RenderingTests(SynchronousTestCase):
    def test_rendered(self) -> None:
        for text, expected in RENDERED:
            self.assertEqual(str(Measure.parse(text)), expected)

    def test_contextDoesNotRound(self) -> None:
        """The precision of the thread's decimal context is no concern of ours."""
        with localcontext() as context:
            context.prec = 3
            self.assertEqual(str(Measure.parse("16.6481 kWh").to("Wh")), "16648.1 Wh")

    def test_refused(self) -> None:
        for text, code in REFUSED:
            error: BadMeasure = self.assertRaises(BadMeasure, Measure.parse, text)
            self.assertEqual(error.code, code, text)
            self.assertTrue(str(error))


class OfTests(SynchronousTestCase):
    def test_numbers(self) -> None:
        cases: list[tuple[int | float | str | Decimal, str]] = [
            (20, "20 C"),
            (20.5, "20.5 C"),
            (0.1, "0.1 C"),
            (-0.0, "0.0 C"),
            ("20.50", "20.50 C"),
            (Decimal("20.50"), "20.50 C"),
        ]
        for number, expected in cases:
            self.assertEqual(str(Measure.of(number, "°C")), expected)

    def test_refused(self) -> None:
        for number in (float("nan"), float("inf"), "-inf", Decimal("sNaN"), "warm"):
            error: BadMeasure = self.assertRaises(BadMeasure, Measure.of, number, "C")
            self.assertEqual(error.code, "bad_value")
        error = self.assertRaises(BadMeasure, Measure.of, 1, "foo")
        self.assertEqual(error.code, "bad_unit")

    def test_equality(self) -> None:
        """By number and unit; the scale is for show."""
        self.assertEqual(Measure.parse("20.0 C"), Measure.parse("20 °C"))
        self.assertEqual(hash(Measure.parse("20.0 C")), hash(Measure.parse("20 C")))
        self.assertNotEqual(Measure.parse("20 C"), Measure.parse("20"))


class ConversionTests(SynchronousTestCase):
    def test_converted(self) -> None:
        """Energy is converted by unit, never by class; exactly."""
        for text, unit, expected in [
            ("16.648 kWh", "Wh", "16648 Wh"),
            ("16648 Wh", "kWh", "16.648 kWh"),
            ("1 Wh", "kWh", "0.001 kWh"),
            ("1.50 kW", "W", "1500 W"),
            ("1.2345678 kW", "W", "1234.5678 W"),
            ("75 W", "kW", "0.075 kW"),
            ("0 kW", "W", "0 W"),
            ("2 kVarh", "varh", "2000 var·h"),
            ("5 var·h", "kVarh", "0.005 kVarh"),
            ("2 kVA", "VA", "2000 VA"),
            ("2 VA·h", "kVAh", "0.002 kVAh"),
            ("1013.25 hPa", "Pa", "101325 Pa"),
            ("101325 Pa", "mbar", "1013.25 hPa"),
            ("-3 kW", "W", "-3000 W"),
            ("1E+3 kW", "W", "1000000 W"),
            ("20.50 C", "℃", "20.50 C"),
            ("7", "", "7 "),
        ]:
            self.assertEqual(str(Measure.parse(text).to(unit)), expected)

    def test_thereAndBack(self) -> None:
        for base, other in [
            ("W", "kW"),
            ("Wh", "kWh"),
            ("Varh", "kVarh"),
            ("VA", "kVA"),
            ("VAh", "kVAh"),
            ("Pa", "hPa"),
        ]:
            for number in ("0", "0.001", "12345.678", "-7", "123456789012345678901234567890.1"):
                measure = Measure.of(number, base)
                self.assertEqual(measure.to(other).to(base), measure)

    def test_otherDimension(self) -> None:
        for text, unit in [
            ("1 W", "Wh"),
            ("1 W", "VA"),
            ("1 kW", "var"),
            ("1 kWh", "kVarh"),
            ("1 %", ""),
            ("1", "%"),
            ("1 C", "W"),
            ("1 m³", "m³/h"),
            ("1 W", "foo"),
        ]:
            error: BadMeasure = self.assertRaises(BadMeasure, Measure.parse(text).to, unit)
            self.assertEqual(error.code, "bad_unit")

    def test_noNumber(self) -> None:
        error: BadMeasure = self.assertRaises(BadMeasure, Measure(Decimal("NaN"), "kW").to, "W")
        self.assertEqual(error.code, "bad_value")
