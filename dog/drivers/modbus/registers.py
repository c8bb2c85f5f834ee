"""What home.xml says about registers, and numbers out of them and into them. Pure.

A register is described on a command or a notification element. Source of names and numbers: the Modbus drivers of
Java Dog; its byte orders, and that numeric types ignore dataSize and the orders. Corrected: int48, uint64.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from enum import StrEnum

from dog.drivers.modbus import codec
from dog.model.measure import unitNamed

#: Wide enough that no product of a 64-bit number and a factor is rounded.
_EXACT = Context(prec=100)


class BadRegister(ValueError):
    """What home.xml says about a register makes no sense; the text is for the installer."""


class OutOfRange(ValueError):
    """A number that the register has no room for."""


class Table(StrEnum):
    """Where it is. The values are those of C{registerType}."""

    COIL = "c"
    DISCRETE = "di"
    INPUT = "ir"
    HOLDING = "hr"

    @property
    def bits(self) -> bool:
        return self in (Table.COIL, Table.DISCRETE)

    @property
    def writable(self) -> bool:
        return self in (Table.COIL, Table.HOLDING)

    @property
    def function(self) -> int:
        """The function code that reads it."""
        return {
            Table.COIL: codec.READ_COILS,
            Table.DISCRETE: codec.READ_DISCRETE_INPUTS,
            Table.HOLDING: codec.READ_HOLDING_REGISTERS,
            Table.INPUT: codec.READ_INPUT_REGISTERS,
        }[self]


#: dataSize -> registers it takes.
SIZES: Mapping[str, int] = {
    **dict.fromkeys(("bit", "int8", "uint8", "int16", "uint16"), 1),
    **dict.fromkeys(("int32", "uint32", "float32"), 2),
    **dict.fromkeys(("int48", "uint48"), 3),
    **dict.fromkeys(("int64", "uint64", "float64"), 4),
}

#: Numeric registerType -> table, dataSize, wordOrder.
LEGACY: Mapping[int, tuple[Table, str, str]] = {
    0: (Table.COIL, "bit", "be"),
    1: (Table.INPUT, "int16", "be"),
    3: (Table.HOLDING, "int32", "be"),
    4: (Table.HOLDING, "int32", "le"),
    5: (Table.HOLDING, "float32", "le"),
    6: (Table.INPUT, "float32", "le"),
    7: (Table.INPUT, "int32", "le"),
    8: (Table.INPUT, "float32", "be"),
    9: (Table.INPUT, "int32", "be"),
    10: (Table.HOLDING, "float32", "be"),
    11: (Table.INPUT, "uint16", "be"),
}


@dataclass(frozen=True, slots=True)
class Register:
    """One value in the address space of a unit.

    @ivar unit: slave id, 1..247. @ivar address: zero-based, as on the wire.
    @ivar order: positions of the registers received, the most significant first.
    @ivar swapped: the low byte of each register comes first.
    @ivar bit: for dataSize C{bit}, 0 the lowest. @ivar high: for 8-bit sizes, the high byte.
    @ivar factor: what a raw number is multiplied with. @ivar measureUnit: as measures spell it, None: not said.
    @ivar timeout, gap: seconds, where they are other than the gateway's.
    """

    unit: int
    table: Table
    address: int
    size: str = "int16"
    order: tuple[int, ...] = (0,)
    swapped: bool = False
    bit: int = 0
    high: bool = False
    factor: Decimal = Decimal(1)
    measureUnit: str | None = None
    timeout: float | None = None
    gap: float | None = None

    def __hash__(self) -> int:  # without the rest: this is asked for with every number that is read
        return hash((self.unit, self.address, self.size, self.bit, self.high))

    @property
    def count(self) -> int:
        """How many addresses it takes."""
        return len(self.order)

    @property
    def boolean(self) -> bool:
        return self.table.bits or self.size == "bit"

    @property
    def partial(self) -> bool:
        """It shares its register with others: writing needs what is there."""
        return not self.table.bits and self.size in ("bit", "int8", "uint8")

    @property
    def place(self) -> tuple[object, ...]:
        """Two descriptions with the same place mean the same thing on the wire."""
        return (self.unit, self.table, self.address, self.size, self.bit, self.high)

    # -- reading ------------------------------------------------------------------------------------------

    def decode(self, words: Sequence[int]) -> Decimal | None:
        """The number in these registers (or bits: 0 and 1); None for a float that is no number."""
        if self.table.bits:
            return Decimal(int(bool(words[0])))
        data = b"".join(self._bytes(words[position]) for position in self.order)
        if self.size == "bit":
            return Decimal(int.from_bytes(data, "big") >> self.bit & 1)
        if self.size.startswith("float"):
            number = _float(data)
            return None if number is None else self._scaled(number)
        if self.size in ("int8", "uint8"):
            data = data[:1] if self.high else data[1:]
        return self._scaled(Decimal(int.from_bytes(data, "big", signed=self.size.startswith("int"))))

    def _bytes(self, word: int) -> bytes:
        return word.to_bytes(2, "little" if self.swapped else "big")

    def _scaled(self, raw: Decimal) -> Decimal:
        return raw if self.factor == 1 else _EXACT.multiply(raw, self.factor)

    # -- writing ------------------------------------------------------------------------------------------

    def encode(self, number: Decimal, current: int = 0) -> list[int]:
        """The registers (or the one bit) that hold this number.

        @param current: what the register holds, for those that share it (L{partial}).
        @raise OutOfRange: there is no room for it.
        """
        if self.table.bits:
            return [int(number != 0)]
        if self.size == "bit":
            word = int.from_bytes(self._bytes(current), "big")
            word = word | 1 << self.bit if number != 0 else word & ~(1 << self.bit)
            return [int.from_bytes(word.to_bytes(2, "little" if self.swapped else "big"), "big")]
        data = self._raw(_EXACT.divide(number, self.factor))
        if self.size in ("int8", "uint8"):
            word = int.from_bytes(self._bytes(current), "big")
            word = word & 0x00FF | data[0] << 8 if self.high else word & 0xFF00 | data[0]
            data = word.to_bytes(2, "big")
        words = [0] * self.count
        for index, position in enumerate(self.order):
            words[position] = int.from_bytes(data[2 * index : 2 * index + 2], "little" if self.swapped else "big")
        return words

    def _raw(self, number: Decimal) -> bytes:
        if self.size.startswith("float"):
            try:
                return struct.pack(">f" if self.size == "float32" else ">d", float(number))
            except OverflowError:
                raise OutOfRange(f"{number} is too large for a {self.size}") from None
        whole = int(number.to_integral_value(ROUND_HALF_EVEN, _EXACT))
        length = int(self.size.removeprefix("u").removeprefix("int")) // 8
        try:
            return whole.to_bytes(length, "big", signed=self.size.startswith("int"))
        except OverflowError:
            raise OutOfRange(f"{whole} is no {self.size}") from None

    @property
    def mask(self) -> int:
        """The bits of its register that are its own, for L{partial} ones."""
        own = 1 << self.bit if self.size == "bit" else 0xFF00 if self.high else 0x00FF
        return int.from_bytes(own.to_bytes(2, "little" if self.swapped else "big"), "big")


def _float(data: bytes) -> Decimal | None:
    """The shortest decimal that means this float, with at least one decimal."""
    format = ">f" if len(data) == 4 else ">d"
    value = float(struct.unpack(format, data)[0])
    if value != value or value in (float("inf"), float("-inf")):
        return None
    text = repr(value)
    if len(data) == 4:
        text = next(text for digits in range(1, 10) if _means(text := f"{value:.{digits}g}", data))
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= 0 and number.adjusted() < 16:
        number = _EXACT.quantize(number, Decimal("0.1"))
    return number


def _means(text: str, data: bytes) -> bool:
    try:
        return struct.pack(">f", float(text)) == data
    except OverflowError:  # the largest ones, rounded up
        return False


# -- out of home.xml ----------------------------------------------------------------------------------------


def registerOf(param: Callable[[str], str | None]) -> Register | None:
    """The register that an element describes, None if it describes none.

    @param param: the value of a param by its name.
    @raise BadRegister: with what is wrong, in words.
    """
    address = (param("registerAddress") or "").strip()
    if not address:
        return None
    unit = _number(param, "slaveId", 1, 247)
    table, size, words = _type(param)
    return Register(
        unit,
        table,
        _number(param, "registerAddress", 0, 0xFFFF),
        size,
        (0,) if table.bits else _order(size, words, _choice(param, "doubleWordOrder", ("be", "le"), "be")),
        not _legacy(param) and _choice(param, "byteOrder", ("be", "le"), "be") == "le",
        _number(param, "bit", 0, 15, "0") if size == "bit" and not table.bits else 0,
        size in ("int8", "uint8") and _choice(param, "byte", ("hi", "lo"), None) == "hi",
        _factor(param),
        _unit(param),
        millis(param, "requestTimeout", 1),
        millis(param, "requestGap", 0),
    )


def _legacy(param: Callable[[str], str | None]) -> bool:
    return (param("registerType") or "").strip().isdigit()


def _type(param: Callable[[str], str | None]) -> tuple[Table, str, str]:
    text = (param("registerType") or "").strip()
    if text.isdigit():
        found = LEGACY.get(int(text))
        if found is None:
            raise BadRegister(f"registerType {text} is not known (0, 1, 3 to 11, or c, di, ir, hr)")
        return found
    table = Table(_choice(param, "registerType", tuple(Table), None))
    size = "bit" if table.bits else _choice(param, "dataSize", tuple(SIZES), "int16")
    return table, size, _choice(param, "wordOrder", ("be", "le"), "be")


def _order(size: str, words: str, doubles: str) -> tuple[int, ...]:
    count = SIZES[size]
    if count < 4:
        return tuple(range(count)) if words == "be" else tuple(reversed(range(count)))
    pairs = ((0, 1), (2, 3)) if doubles == "be" else ((2, 3), (0, 1))
    return tuple(each for pair in pairs for each in (pair if words == "be" else reversed(pair)))


def _choice(param: Callable[[str], str | None], name: str, known: Sequence[str], default: str | None) -> str:
    text = (param(name) or "").strip() or default
    for each in known:
        if text is not None and text.lower() == each:
            return str(each)
    raise BadRegister(f"{name}: expected one of {', '.join(map(str, known))}, got {text or 'nothing'}")


def _number(param: Callable[[str], str | None], name: str, low: int, high: int, default: str = "") -> int:
    text = (param(name) or "").strip() or default
    try:
        number = int(text)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise BadRegister(f"{name}: expected {low} to {high}, got {text or 'nothing'}")
    return number


def millis(param: Callable[[str], str | None], name: str, low: int) -> float | None:
    """A time given in milliseconds, in seconds; None where it is not given. Raises L{BadRegister}."""
    return _number(param, name, low, 3_600_000) / 1000 if (param(name) or "").strip() else None


def _factor(param: Callable[[str], str | None]) -> Decimal:
    text = (param("scaleFactor") or "").strip() or "1"
    try:
        factor = Decimal(text)
    except InvalidOperation:
        factor = Decimal(0)
    if not factor.is_finite() or factor == 0:
        raise BadRegister(f"scaleFactor: expected a number other than 0, got {text}")
    return factor


def _unit(param: Callable[[str], str | None]) -> str | None:
    text = (param("unitOfMeasure") or "").strip()
    if not text:
        return None
    unit = unitNamed(text)
    if unit is None:
        raise BadRegister(f"unitOfMeasure: unknown unit {text}")
    return unit
