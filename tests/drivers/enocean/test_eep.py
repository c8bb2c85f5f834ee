"""Equipment profiles: the tables are consistent, values go round, and other codecs read the same out of the bits."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from importlib import import_module
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from dog.drivers.enocean.eep import PROFILES, BadValue, Case, Decoded, Field, Profile, normalEEP, profileOf
from tests.drivers.enocean import nodejs

CASES = [(profile, case) for profile in PROFILES.values() for case in profile.cases]


def decode(eep: str, payload: str, status: int = 0, fromDevice: bool = True) -> dict[str, Decoded]:
    profile = profileOf(eep)
    assert profile is not None
    return profile.decode(bytes.fromhex(payload), status, fromDevice)


class Tables(SynchronousTestCase):
    def test_allThere(self) -> None:
        """Every profile that is promised."""
        promised = ["F6-02-01", "F6-02-02", "F6-10-00", "D5-00-01", "A5-20-01", "D2-05-00"]
        promised += (f"A5-02-{type:02X}" for type in (*range(1, 12), *range(0x10, 0x1C), 0x20, 0x30))
        promised += (f"A5-04-{type:02X}" for type in (1, 2, 3))
        promised += (f"A5-06-{type:02X}" for type in range(1, 6))
        promised += (f"A5-07-{type:02X}" for type in (1, 2, 3))
        promised += (f"A5-08-{type:02X}" for type in (1, 2, 3))
        promised += (f"A5-09-{type:02X}" for type in (2, *range(4, 12)))
        promised += (f"A5-12-{type:02X}" for type in (*range(6), 0x10))
        promised += (f"A5-14-{type:02X}" for type in (*range(1, 7), 0x0A))
        promised += (f"D2-01-{type:02X}" for type in range(0x13))
        self.assertEqual(set(PROFILES), set(promised))

    def test_consistent(self) -> None:
        """Fields lie inside their telegram, what they refer to exists, ranges fit their bits."""
        for profile, case in CASES:
            self.assertIn(profile.eep, profile.source)
            names = {each.name for each in case.fields}
            for field in case.fields:
                what = f"{profile.eep} {case.name} {field.name}"
                self.assertLessEqual(field.offset + field.size, case.size * 8, what)
                for raw in (*(field.raw or ()), *(high for _, high, _ in field.meanings)):
                    self.assertLess(raw, 1 << field.size, what)
                for other in (field.only, field.power):
                    self.assertTrue(other is None or other[0] in names, what)
                if field.scaled is not None:
                    self.assertIsNotNone(field.raw, what)

    def test_ownBits(self) -> None:
        """Two fields share bits only if they are alternatives of one name."""
        for profile, case in CASES:
            taken: dict[int, str] = {}
            for field in case.fields:
                for bit in range(field.offset, field.offset + field.size):
                    self.assertEqual(taken.setdefault(bit, field.name), field.name, f"{profile.eep} bit {bit}")

    def test_anyCase(self) -> None:
        self.assertIs(profileOf("a5-02-0a"), profileOf("A5-02-0A"))
        self.assertEqual(normalEEP(" a5-02-0A "), "A5-02-0A")
        for text in ("", "a5-02", "a5-02-0a-0b", "a5_02_0a", "g5-02-0a", "a5-02-0٣"):
            self.assertIsNone(normalEEP(text))
            self.assertIsNone(profileOf(text))


class RoundTrip(SynchronousTestCase):
    @given(st.sampled_from(CASES), st.binary(min_size=8, max_size=8), st.integers(0, 255))
    def test_encodeDecode(self, which: tuple[Profile, Case], noise: bytes, status: int) -> None:
        """What is decoded and encoded into the same bits decodes to the same; numbers give the very bits."""
        _, case = which
        payload = noise[: case.size]
        values = {name: value for name, (_, value) in case.decode(payload).items()}
        again = case.encode(values, payload)
        self.assertEqual({name: value for name, (_, value) in case.decode(again).items()}, values)
        for field in case.fields:
            if field.name in values and not field.meanings and case.match is None:
                self.assertEqual(field.get(again), field.get(payload), field.name)

    def test_everyRawValue(self) -> None:
        """Every raw value of every scaled field has a value of its own, which leads back to it."""
        for profile, case in CASES:
            for field in case.fields:
                if field.scaled is None or field.size > 12:
                    continue
                seen = set()
                for raw in range(1 << field.size):
                    value = field.decode(raw)
                    if value is not None:
                        self.assertEqual(field.encode(value), raw, f"{profile.eep} {field.name}")
                        seen.add(value)
                assert field.raw is not None
                self.assertEqual(len(seen), abs(field.raw[0] - field.raw[1]) + 1)

    @given(st.sampled_from(sorted(PROFILES)), st.binary(max_size=20), st.integers(0, 255), st.booleans())
    def test_fuzz(self, eep: str, payload: bytes, status: int, fromDevice: bool) -> None:
        """Any payload at all: values or none, never an exception, never an infinite or exponential number."""
        for value in PROFILES[eep].decode(payload, status, fromDevice).values():
            self.assertIsInstance(value, (Decimal, int, str))
            if isinstance(value, Decimal):
                self.assertTrue(value.is_finite())
                self.assertNotIn("E", str(value))

    def test_refused(self) -> None:
        output = PROFILES["D2-01-00"].named("set output")
        for values in (
            {"OV": Decimal(101)},
            {"OV": Decimal(-1)},
            {"DV": "soon"},
            {"nothing": 1},
            {"IO": 32},
            {"OV": ""},
        ):
            self.assertRaises(BadValue, output.encode, values)


class Known(SynchronousTestCase):
    """Values worked out by hand from the specification's ranges."""

    def check(
        self, eep: str, payload: str, expected: dict[str, Any], status: int = 0, fromDevice: bool = True
    ) -> None:
        found = decode(eep, payload, status, fromDevice)
        self.assertEqual({name: str(found.get(name)) for name in expected}, {k: str(v) for k, v in expected.items()})

    def test_temperature(self) -> None:
        self.check("A5-02-05", "00 00 80 08", {"TMP": "19.92"})
        self.check("A5-02-05", "00 00 ff 08", {"TMP": "0.00"})
        self.check("A5-02-05", "00 00 00 08", {"TMP": "40.00"})
        self.check("A5-02-01", "00 00 ff 08", {"TMP": "-40.00"})
        self.check("A5-02-1B", "00 00 00 08", {"TMP": "130.00"})
        self.check("A5-02-20", "00 03 ff 08", {"TMP": "-10.000"})
        self.check("A5-02-20", "00 00 00 08", {"TMP": "41.200"})
        self.check("A5-02-30", "00 01 ff 08", {"TMP": "11.2"})

    def test_teachInIsNoData(self) -> None:
        self.assertEqual(decode("A5-02-05", "08 28 0b 80"), {})
        self.assertEqual(decode("D5-00-01", "01"), {})

    def test_humidity(self) -> None:
        self.check("A5-04-01", "00 7d fa 0a", {"HUM": "50.0", "TMP": "40.00"})
        self.check("A5-04-01", "00 fb fa 08", {"HUM": None, "TMP": None})
        self.check("A5-04-03", "80 03 ff 09", {"HUM": "50.20", "TMP": "60.000", "TTP": "event"})

    def test_light(self) -> None:
        self.check("A5-06-01", "ff 00 ff 08", {"SVC": "5.10", "ILL1": "60000", "ILL2": None})
        self.check("A5-06-01", "ff 00 ff 09", {"ILL1": None, "ILL2": "300"})
        self.check("A5-06-03", "00 ff c0 08", {"ILL": None})
        self.check("A5-06-03", "00 fa 00 08", {"ILL": "1000"})

    def test_occupancy(self) -> None:
        self.check("A5-07-01", "fa 00 80 09", {"SVC": "5.00", "PIRS": "on"})
        self.check("A5-07-01", "fb 00 7f 09", {"SVC": None, "PIRS": "off"})
        self.check("A5-08-01", "00 ff ff 0d", {"ILL": "510", "TMP": "51.0", "PIRS": "on", "OCC": "released"})

    def test_gas(self) -> None:
        self.check("A5-09-04", "c8 46 69 0e", {"HUM": "100.0", "Conc": "700", "TMP": "21.0"})
        self.check("A5-09-04", "c8 46 69 08", {"HUM": None, "Conc": "700", "TMP": None})
        self.check("A5-09-05", "00 64 01 0b", {"Conc": "1000", "VOC_ID": "Formaldehyde"})
        self.check("A5-09-05", "00 64 00 08", {"Conc": "1.00"})

    def test_meters(self) -> None:
        self.check("A5-12-01", "00 30 39 08", {"MR": "12345", "DT": "total"})
        self.check("A5-12-01", "00 30 39 0b", {"MR": "12.345", "DT": "total"})
        self.check("A5-12-01", "00 30 39 1d", {"MR": "1234.5", "DT": "now", "TI": 1})
        self.check("D2-01-0A", "07 60 00 00 00 7b", {"UN": "W", "MV": 123, "IO": 0})

    def test_contacts(self) -> None:
        self.check("D5-00-01", "09", {"CO": "closed"})
        self.check("D5-00-01", "08", {"CO": "open"})
        self.check("A5-14-01", "fa 00 00 09", {"CT": "open", "SVC": "5.00"})
        self.check("A5-14-0A", "fa 00 00 0a", {"CT": "tilt"})
        for payload, expected in (("c0", "open"), ("e0", "open"), ("d0", "tilt"), ("f0", "closed"), ("80", None)):
            self.check("F6-10-00", payload, {"WIN": expected}, 0x20)

    def test_rocker(self) -> None:
        self.check("F6-02-01", "70", {"R1": "BO", "EB": "pressed", "SA": "no"}, 0x30)
        self.check("F6-02-02", "15", {"R1": "AI", "EB": "pressed", "R2": "BI", "SA": "yes"}, 0x30)
        self.check("F6-02-01", "00", {"R1": 0, "EB": "released", "SA": None}, 0x20)

    def test_actuators(self) -> None:
        self.check("D2-01-0A", "04 60 e4", {"OV": "100", "IO": 0, "LC": "yes", "EL": "not supported"})
        self.check("D2-01-0A", "04 61 7f", {"OV": None, "IO": 1})
        self.check("D2-05-00", "32 7f 00 04", {"POS": "50", "ANG": None, "LOCK": "normal"})
        self.check("A5-20-01", "32 00 80 08", {"CV": "50", "TMP": "20.08"})
        self.check("A5-20-01", "80 ff 04 08", {"SP": "20.08", "SPS": "temperature", "TMP": "0.00"}, 0, False)


class Others(SynchronousTestCase):
    """The same bits, read by codecs that nobody here wrote."""

    def telegrams(self, many: int) -> list[tuple[str, bytes, int, dict[str, Decoded]]]:
        """Of every profile with telegrams from the device: random data telegrams, and what we read."""
        random, found = Random(7), []
        for eep, profile in sorted(PROFILES.items()):
            for case in profile.cases:
                if not case.fromDevice:
                    continue
                for _ in range(many):
                    payload = case.encode({}, random.randbytes(case.size))
                    status = case.status[1] if case.status is not None else 0
                    found.append((eep, payload, status, profile.decode(payload, status)))
        return found

    def assertSame(self, eep: str, field: Field, ours: Decoded, theirs: float) -> None:
        """Equal but for our rounding, a twentieth of a step at most."""
        assert field.scaled is not None and field.raw is not None and isinstance(ours, (Decimal, int))
        step = abs(float(field.scaled[1] - field.scaled[0]) / (field.raw[1] - field.raw[0]))
        self.assertLess(abs(float(ours) - theirs), step / 19, f"{eep} {field.name}: {ours} and {theirs}")

    def test_javascript(self) -> None:
        reason = nodejs.whyNot()
        if reason:
            raise SkipTest(reason)
        telegrams = self.telegrams(4)
        asked = [
            {"eep": eep.lower(), "rorg": int(eep[:2], 16), "payload": list(payload), "sender": "0025c57a"}
            | {"status": status, "direction": 1}
            for eep, payload, status, _ in telegrams
        ]
        compared, read = set(), set()
        for (eep, payload, _, ours), answer in zip(telegrams, nodejs.ask(*asked), strict=True):
            for field in self.fields(eep, payload):
                theirs = answer["values"].get(field.name)
                if theirs is None or field.power is not None:
                    continue
                if "rawValue" in theirs and field.name != "WIN":  # theirs has the unspecified bits in it
                    self.assertEqual(theirs["rawValue"], field.get(payload), f"{eep} {payload.hex()} {field.name}")
                    read.add(eep)
                if field.scaled is not None and field.name in ours and "range" in theirs:
                    self.assertSame(eep, field, ours[field.name], theirs["value"])
                    compared.add(eep)
        self.assertGreater(len(compared), 55)
        self.assertEqual(read, set(PROFILES) - {"F6-10-00"})

    def test_python(self) -> None:
        try:
            EEP = import_module("enocean.protocol.eep").EEP
            Packet = import_module("enocean.protocol.packet").RadioPacket
        except ImportError as error:
            raise SkipTest("the PyPI package enocean is not installed") from error
        compared = set()
        theirs = EEP()
        for eep, payload, status, ours in self.telegrams(2):
            rorg, func, type = (int(part, 16) for part in eep.split("-"))
            data = [rorg, *payload, 0, 0x25, 0xC5, 0x7A, status]
            packet = Packet(1, data=data, optional=[1, 255, 255, 255, 255, 60, 0])
            profile = theirs.find_profile(
                packet._bit_data, rorg, func, type, direction=1 if eep == "A5-20-01" else None
            )
            if profile is None or rorg == 0xD2:
                continue
            try:
                _, values = theirs.get_values(profile, packet._bit_data, packet._bit_status)
            except TypeError:
                continue  # it stumbles over raw values that have no meaning
            for field in self.fields(eep, payload):
                if field.name in values and field.name in ours and field.scaled is not None:
                    self.assertEqual(values[field.name]["raw_value"], field.get(payload), f"{eep} {field.name}")
                    self.assertSame(eep, field, ours[field.name], values[field.name]["value"])
                    compared.add(eep)
        self.assertGreater(len(compared), 30)

    def test_sources(self) -> None:
        """What a profile's source says that it was compared with has that profile."""
        try:
            EEP = import_module("enocean.protocol.eep").EEP
        except ImportError as error:
            raise SkipTest("the PyPI package enocean is not installed") from error
        known = set()
        for (rorg, func, type), _ in self.theirProfiles(EEP()):
            known.add(f"{rorg:02X}-{func:02X}-{type:02X}")
        for eep, profile in PROFILES.items():
            self.assertEqual("EEP.xml 2.6.4" in profile.source, eep in known and eep[:2] != "D2", eep)

    def theirProfiles(self, theirs: Any) -> Iterator[tuple[tuple[int, int, int], Any]]:
        for rorg, functions in theirs.telegrams.items():
            for func, types in functions.items():
                for type, profile in types.items():
                    yield (rorg, func, type), profile

    def fields(self, eep: str, payload: bytes) -> Any:
        return next(
            case.fields
            for case in PROFILES[eep].cases
            if case.fits(payload, case.status[1] if case.status else 0, True)
        )
