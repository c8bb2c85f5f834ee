"""Registers as home.xml describes them: every registerType, dataSize and order."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.modbus.registers import SIZES, BadRegister, OutOfRange, Register, Table, registerOf


def register(**params: object) -> Register:
    texts = {"registerAddress": "7", "slaveId": "1", "registerType": "hr"} | {k: str(v) for k, v in params.items()}
    found = registerOf(texts.get)
    assert found is not None
    return found


#: numeric registerType -> table, registers as received, what they mean.
LEGACY = (
    (0, Table.COIL, [1], "1"),
    (1, Table.INPUT, [0xFFFE], "-2"),
    (3, Table.HOLDING, [0x0001, 0x0002], "65538"),
    (3, Table.HOLDING, [0xFFFF, 0xFFFF], "-1"),
    (4, Table.HOLDING, [0x0002, 0x0001], "65538"),
    (4, Table.HOLDING, [0xFFFD, 0xFFFF], "-3"),
    (5, Table.HOLDING, [0x0000, 0x4248], "50.0"),
    (6, Table.INPUT, [0x0000, 0x4248], "50.0"),
    (7, Table.INPUT, [0x0002, 0x0001], "65538"),
    (8, Table.INPUT, [0x4248, 0x0000], "50.0"),
    (9, Table.INPUT, [0x0001, 0x0002], "65538"),
    (10, Table.HOLDING, [0x4248, 0x0000], "50.0"),
    (11, Table.INPUT, [0xFFFE], "65534"),
)

#: params -> registers as received, what they mean.
SYMBOLIC: tuple[tuple[dict[str, str], list[int], str], ...] = (
    ({}, [0xFFFE], "-2"),
    ({"dataSize": "uint16"}, [0xFFFE], "65534"),
    ({"byteOrder": "le"}, [0x0100], "1"),
    ({"dataSize": "int8", "byte": "hi"}, [0xFE01], "-2"),
    ({"dataSize": "int8", "byte": "lo"}, [0xFE01], "1"),
    ({"dataSize": "uint8", "byte": "hi"}, [0xFE01], "254"),
    ({"dataSize": "uint8", "byte": "lo", "byteOrder": "le"}, [0xFE01], "254"),
    ({"dataSize": "bit"}, [0x0001], "1"),
    ({"dataSize": "bit", "bit": "15"}, [0x8000], "1"),
    ({"dataSize": "bit", "bit": "15"}, [0x7FFF], "0"),
    ({"dataSize": "bit", "bit": "0", "byteOrder": "le"}, [0x0100], "1"),
    ({"dataSize": "int32"}, [0xFFFF, 0xFFFE], "-2"),
    ({"dataSize": "uint32"}, [0xFFFF, 0xFFFE], "4294967294"),
    ({"dataSize": "uint32", "wordOrder": "le"}, [0x0002, 0x0001], "65538"),
    ({"dataSize": "uint32", "wordOrder": "le", "byteOrder": "le"}, [0x0200, 0x0100], "65538"),
    ({"dataSize": "float32"}, [0x4366, 0x199A], "230.1"),
    ({"dataSize": "float32"}, [0, 0], "0.0"),
    ({"dataSize": "float32", "wordOrder": "le"}, [0x199A, 0x4366], "230.1"),
    ({"dataSize": "int48"}, [0xFFFF, 0xFFFF, 0xFFFE], "-2"),
    ({"dataSize": "int48"}, [0x0001, 0x0002, 0x0003], "4295098371"),
    ({"dataSize": "int48", "wordOrder": "le"}, [0x0003, 0x0002, 0x0001], "4295098371"),
    ({"dataSize": "uint48"}, [0xFFFF, 0xFFFF, 0xFFFE], "281474976710654"),
    ({"dataSize": "int64"}, [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE], "-2"),
    ({"dataSize": "uint64"}, [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE], "18446744073709551614"),
    ({"dataSize": "uint64"}, [0, 1, 2, 3], "4295098371"),
    ({"dataSize": "uint64", "wordOrder": "le"}, [1, 0, 3, 2], "4295098371"),
    ({"dataSize": "uint64", "doubleWordOrder": "le"}, [2, 3, 0, 1], "4295098371"),
    ({"dataSize": "uint64", "doubleWordOrder": "le", "wordOrder": "le"}, [3, 2, 1, 0], "4295098371"),
    ({"dataSize": "float64"}, [0x3FB9, 0x9999, 0x9999, 0x999A], "0.1"),
    ({"scaleFactor": "0.1"}, [215], "21.5"),
    ({"scaleFactor": "1.0"}, [215], "215"),
    ({"scaleFactor": "10"}, [-5 & 0xFFFF], "-50"),
    ({"dataSize": "uint64", "scaleFactor": "0.000001"}, [0xFFFF] * 4, "18446744073709.551615"),
)


class DecodeTests(SynchronousTestCase):
    def test_numericTypes(self) -> None:
        for type, table, words, wanted in LEGACY:
            # What numeric types ignore is there to be ignored.
            found = register(registerType=type, dataSize="uint64", wordOrder="le", byteOrder="le", bit=3)
            self.assertEqual((found.table, found.count), (table, len(words)), type)
            self.assertEqual(str(found.decode(words)), wanted, type)
            if table.writable:
                self.assertEqual(found.encode(Decimal(wanted)), words, type)

    def test_symbolicTypes(self) -> None:
        for params, words, wanted in SYMBOLIC:
            for type in ("hr", "ir", "HR"):
                found = register(registerType=type, **params)
                self.assertEqual(found.count, len(words), params)
                self.assertEqual(str(found.decode(words)), wanted, params)
                self.assertEqual(found.encode(Decimal(wanted), words[0]), words, params)

    def test_bits(self) -> None:
        for type in ("c", "di"):
            found = register(registerType=type, dataSize="int32", bit=4)
            self.assertEqual((found.count, found.boolean, found.bit), (1, True, 0))
            self.assertEqual([found.decode([each]) for each in (0, 1)], [0, 1])
        self.assertEqual([register(registerType="c").encode(Decimal(each)) for each in (0, 1, 7)], [[0], [1], [1]])

    def test_hugeFloats(self) -> None:
        found = register(dataSize="float64").decode([0x7FE1, 0xCCF3, 0x85EB, 0xC8A0])
        self.assertEqual(found, Decimal("1E+308"))

    def test_noNumbers(self) -> None:
        found = register(dataSize="float32")
        for high in (0x7FC0, 0x7F80, 0xFF80):
            self.assertIsNone(found.decode([high, 0]))


class EncodeTests(SynchronousTestCase):
    def test_neighboursInTheRegisterStay(self) -> None:
        self.assertEqual(register(dataSize="bit", bit=3).encode(Decimal(1), 0xA0A0), [0xA0A8])
        self.assertEqual(register(dataSize="bit", bit=7).encode(Decimal(0), 0xA0A0), [0xA020])
        self.assertEqual(register(dataSize="uint8", byte="hi").encode(Decimal(1), 0xA0A0), [0x01A0])
        self.assertEqual(register(dataSize="int8", byte="lo").encode(Decimal(-1), 0xA0A0), [0xA0FF])
        self.assertEqual(register(dataSize="int8", byte="lo", byteOrder="le").encode(Decimal(1), 0xA0A1), [0x01A1])

    def test_masks(self) -> None:
        self.assertEqual(register(dataSize="bit", bit=3).mask, 0x0008)
        self.assertEqual(register(dataSize="bit", bit=3, byteOrder="le").mask, 0x0800)
        self.assertEqual(register(dataSize="int8", byte="hi").mask, 0xFF00)
        self.assertEqual(register(dataSize="int8", byte="lo").mask, 0x00FF)

    def test_roundsToTheNearest(self) -> None:
        tenth = register(scaleFactor="0.1")
        self.assertEqual(tenth.encode(Decimal("21.54")), [215])
        self.assertEqual(tenth.encode(Decimal("21.56")), [216])
        self.assertEqual(register(scaleFactor="3").encode(Decimal("10")), [3])

    def test_noRoom(self) -> None:
        for params, number in (
            ({}, "32768"),
            ({"dataSize": "uint16"}, "-1"),
            ({"dataSize": "uint8", "byte": "lo"}, "256"),
            ({"dataSize": "int48"}, str(2**47)),
            ({"dataSize": "uint64"}, str(2**64)),
            ({"dataSize": "float32"}, "1E+40"),
            ({"scaleFactor": "0.01"}, "400"),
        ):
            self.assertRaises(OutOfRange, register(**params).encode, Decimal(number))

    @settings(max_examples=200, deadline=None)
    @given(
        size=st.sampled_from(sorted(each for each in SIZES if "int" in each)),
        orders=st.tuples(*[st.sampled_from(("be", "le"))] * 3),
        byte=st.sampled_from(("hi", "lo")),
        data=st.data(),
    )
    def test_thereAndBack(self, size: str, orders: tuple[str, str, str], byte: str, data: st.DataObject) -> None:
        """Every integer of its size, in every order, comes back as it was."""
        found = register(dataSize=size, byteOrder=orders[0], wordOrder=orders[1], doubleWordOrder=orders[2], byte=byte)
        length = int(size.removeprefix("u").removeprefix("int"))
        low, high = (-(2 ** (length - 1)), 2 ** (length - 1) - 1) if size[0] == "i" else (0, 2**length - 1)
        number = Decimal(data.draw(st.integers(low, high)))
        self.assertEqual(found.decode(found.encode(number, 0x1234)), number)

    @settings(max_examples=200, deadline=None)
    @given(value=st.floats(width=32, allow_nan=False, allow_infinity=False))
    @example(value=3.4028234663852886e38)
    def test_floats(self, value: float) -> None:
        found = register(dataSize="float32", wordOrder="le")
        number = found.decode(found.encode(Decimal(value)))
        assert number is not None
        self.assertEqual(found.encode(number), found.encode(Decimal(value)))


class DescriptionTests(SynchronousTestCase):
    def test_none(self) -> None:
        nothing: dict[str, str] = {}
        self.assertIsNone(registerOf(nothing.get))
        blank = {"registerAddress": "  ", "slaveId": "1"}
        self.assertIsNone(registerOf(blank.get))

    def test_said(self) -> None:
        found = register(registerAddress=" 40 ", slaveId="17", registerType="ir", unitOfMeasure="Lux")
        self.assertEqual((found.address, found.unit, found.table, found.measureUnit), (40, 17, Table.INPUT, "lx"))
        self.assertEqual(register(unitOfMeasure="").measureUnit, None)

    def test_wrong(self) -> None:
        for params, words in (
            ({"registerAddress": "x"}, "registerAddress: expected 0 to 65535, got x"),
            ({"registerAddress": "65536"}, "registerAddress: expected 0 to 65535, got 65536"),
            ({"slaveId": "0"}, "slaveId: expected 1 to 247, got 0"),
            ({"slaveId": ""}, "slaveId: expected 1 to 247, got nothing"),
            ({"registerType": "2"}, "registerType 2 is not known (0, 1, 3 to 11, or c, di, ir, hr)"),
            ({"registerType": "xx"}, "registerType: expected one of c, di, ir, hr, got xx"),
            ({"registerType": ""}, "registerType: expected one of c, di, ir, hr, got nothing"),
            ({"dataSize": "int24"}, "dataSize: expected one of"),
            ({"dataSize": "int8"}, "byte: expected one of hi, lo, got nothing"),
            ({"dataSize": "bit", "bit": "16"}, "bit: expected 0 to 15, got 16"),
            ({"byteOrder": "middle"}, "byteOrder: expected one of be, le, got middle"),
            ({"scaleFactor": "0"}, "scaleFactor: expected a number other than 0, got 0"),
            ({"scaleFactor": "many"}, "scaleFactor: expected a number other than 0, got many"),
            ({"unitOfMeasure": "furlong"}, "unitOfMeasure: unknown unit furlong"),
        ):
            error = self.assertRaises(BadRegister, register, **params)
            self.assertIn(words, str(error))
