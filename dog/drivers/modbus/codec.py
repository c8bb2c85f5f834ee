"""Modbus on the wire: requests and their responses (PDUs), and the three framings. Pure (but L{Either} learns).

Source: MODBUS Application Protocol Specification V1.1b3 (function codes: section 6, exceptions: section 7);
MODBUS over Serial Line V1.02 (RTU: 2.5.1, ASCII: 2.5.2); MODBUS Messaging on TCP/IP V1.0b (MBAP: 3.1.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

READ_COILS = 1
READ_DISCRETE_INPUTS = 2
READ_HOLDING_REGISTERS = 3
READ_INPUT_REGISTERS = 4
WRITE_COIL = 5
WRITE_REGISTER = 6
WRITE_COILS = 15
WRITE_REGISTERS = 16
MASK_WRITE = 22
READ_WRITE_REGISTERS = 23
IDENTIFY = 43

#: The most of each that one request may ask for or carry.
MAX_BITS, MAX_REGISTERS = 2000, 125
MAX_WRITTEN_BITS, MAX_WRITTEN_REGISTERS = 1968, 123

#: Exception codes and what the specification calls them.
EXCEPTIONS = {
    1: "ILLEGAL FUNCTION",
    2: "ILLEGAL DATA ADDRESS",
    3: "ILLEGAL DATA VALUE",
    4: "SERVER DEVICE FAILURE",
    5: "ACKNOWLEDGE",
    6: "SERVER DEVICE BUSY",
    7: "NEGATIVE ACKNOWLEDGE",
    8: "MEMORY PARITY ERROR",
    10: "GATEWAY PATH UNAVAILABLE",
    11: "GATEWAY TARGET DEVICE FAILED TO RESPOND",
}


class ModbusException(Exception):
    """The unit answered that it won't. C{code} is the exception code, the text its name."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{EXCEPTIONS.get(code, 'unknown exception')} (exception {code})")
        self.code = code


class BadResponse(Exception):
    """An answer in a sound frame that does not fit the request."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request PDU.

    @ivar expected: length in bytes of the response PDU; 0 where only the response tells.
    """

    pdu: bytes
    expected: int

    @property
    def function(self) -> int:
        return self.pdu[0]


def _word(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(2, "big") for number in numbers)


def _checked(low: int, value: int, high: int, what: str) -> int:
    if not low <= value <= high:
        raise ValueError(f"{what}: expected {low} to {high}, got {value}")
    return value


def _range(address: int, count: int, most: int) -> None:
    _checked(0, address, 0xFFFF, "address")
    _checked(1, count, min(most, 0x10000 - address), "count")


def packBits(bits: Sequence[bool]) -> bytes:
    """Eight in a byte, the first in the lowest bit."""
    packed = bytearray((len(bits) + 7) // 8)
    for index, bit in enumerate(bits):
        packed[index // 8] |= bool(bit) << index % 8
    return bytes(packed)


# -- requests: each raises ValueError for what the protocol has no room for ------------------------------


def readBits(function: int, address: int, count: int) -> Request:
    """Function 1 (coils) or 2 (discrete inputs)."""
    _range(address, count, MAX_BITS)
    return Request(bytes([function]) + _word(address, count), 2 + (count + 7) // 8)


def readRegisters(function: int, address: int, count: int) -> Request:
    """Function 3 (holding registers) or 4 (input registers)."""
    _range(address, count, MAX_REGISTERS)
    return Request(bytes([function]) + _word(address, count), 2 + 2 * count)


def writeCoil(address: int, on: bool) -> Request:
    """Function 5."""
    _range(address, 1, 1)
    return Request(bytes([WRITE_COIL]) + _word(address, 0xFF00 if on else 0), 5)


def writeRegister(address: int, value: int) -> Request:
    """Function 6."""
    _range(address, 1, 1)
    return Request(bytes([WRITE_REGISTER]) + _word(address, _checked(0, value, 0xFFFF, "register")), 5)


def writeCoils(address: int, bits: Sequence[bool]) -> Request:
    """Function 15."""
    _range(address, len(bits), MAX_WRITTEN_BITS)
    packed = packBits(bits)
    return Request(bytes([WRITE_COILS]) + _word(address, len(bits)) + bytes([len(packed)]) + packed, 5)


def writeRegisters(address: int, values: Sequence[int]) -> Request:
    """Function 16."""
    _range(address, len(values), MAX_WRITTEN_REGISTERS)
    head = bytes([WRITE_REGISTERS]) + _word(address, len(values)) + bytes([2 * len(values)])
    return Request(head + _word(*(_checked(0, each, 0xFFFF, "register") for each in values)), 5)


def maskWrite(address: int, andMask: int, orMask: int) -> Request:
    """Function 22: the register becomes (register AND andMask) OR (orMask AND NOT andMask)."""
    _range(address, 1, 1)
    masks = _word(_checked(0, andMask, 0xFFFF, "mask"), _checked(0, orMask, 0xFFFF, "mask"))
    return Request(bytes([MASK_WRITE]) + _word(address) + masks, 7)


def readWriteRegisters(readAddress: int, readCount: int, address: int, values: Sequence[int]) -> Request:
    """Function 23: write, then read, in one transaction."""
    _range(readAddress, readCount, MAX_REGISTERS)
    _range(address, len(values), 121)
    head = _word(readAddress, readCount, address, len(values)) + bytes([2 * len(values)])
    written = _word(*(_checked(0, each, 0xFFFF, "register") for each in values))
    return Request(bytes([READ_WRITE_REGISTERS]) + head + written, 2 + 2 * readCount)


def identify(level: int = 1, first: int = 0) -> Request:
    """Function 43, MEI type 14: vendor, product, version. C{level}: 1 basic, 2 regular, 3 extended, 4 one object."""
    _checked(1, level, 4, "level")
    return Request(bytes([IDENTIFY, 14, level, _checked(0, first, 0xFF, "object")]), 0)


# -- responses --------------------------------------------------------------------------------------------


def _exception(request: Request, pdu: bytes) -> None:
    if len(pdu) == 2 and pdu[0] == request.function | 0x80:
        raise ModbusException(pdu[1])
    if not pdu or pdu[0] != request.function:
        raise BadResponse(f"function {request.function} was answered by {pdu.hex() or 'nothing'}")
    if request.expected and len(pdu) != request.expected:
        raise BadResponse(f"expected {request.expected} bytes, got {len(pdu)}")


def _counted(pdu: bytes) -> None:
    if len(pdu) < 2 or pdu[1] != len(pdu) - 2:
        raise BadResponse(f"its count of bytes is wrong: {pdu[:2].hex()}, {len(pdu)} bytes")


def bits(request: Request, pdu: bytes) -> list[bool]:
    """What a L{readBits} was answered. Raises L{ModbusException}, L{BadResponse}."""
    _exception(request, pdu)
    _counted(pdu)
    count = int.from_bytes(request.pdu[3:5], "big")
    if count > 8 * pdu[1]:
        raise BadResponse(f"{pdu[1]} bytes can't hold {count} bits")
    return [bool(pdu[2 + index // 8] >> index % 8 & 1) for index in range(count)]


def registers(request: Request, pdu: bytes) -> list[int]:
    """What a L{readRegisters} or L{readWriteRegisters} was answered. Raises L{ModbusException}, L{BadResponse}."""
    _exception(request, pdu)
    _counted(pdu)
    return [int.from_bytes(pdu[index : index + 2], "big") for index in range(2, len(pdu), 2)]


def written(request: Request, pdu: bytes) -> None:
    """A write was acknowledged: its address and value (or count) come back. Raises as L{bits}."""
    _exception(request, pdu)
    if pdu != request.pdu[: request.expected]:
        raise BadResponse(f"{request.pdu.hex()} was acknowledged by {pdu.hex()}")


@dataclass(frozen=True, slots=True)
class Identity:
    """Objects of a device identification by their number (0 vendor, 1 product code, 2 revision, 4 product name).

    @ivar more: the object to ask for next, None when that was all.
    """

    objects: dict[int, bytes]
    more: int | None = None


def identity(request: Request, pdu: bytes) -> Identity:
    """What an L{identify} was answered. Raises as L{bits}."""
    _exception(request, pdu)
    if len(pdu) < 7 or pdu[1] != 14:
        raise BadResponse(f"no device identification: {pdu.hex()}")
    objects: dict[int, bytes] = {}
    at = 7
    for _ in range(pdu[6]):
        if len(pdu) < at + 2 or len(pdu) < at + 2 + pdu[at + 1]:
            raise BadResponse("the device identification is cut off")
        objects[pdu[at]] = pdu[at + 2 : at + 2 + pdu[at + 1]]
        at += 2 + pdu[at + 1]
    return Identity(objects, pdu[5] if pdu[4] else None)


# -- framings -----------------------------------------------------------------------------------------------


class Framing(Protocol):
    """How a PDU travels. An answer is looked for in everything heard since the request, so garbage does not matter."""

    overhead: int
    """Bytes around a PDU."""
    identified: bool
    """An answer names its request, so that one that comes too late is known as such."""

    def encode(self, unit: int, pdu: bytes, transaction: int) -> bytes:
        """The whole frame of a request."""

    def find(self, heard: bytes, unit: int, request: Request, transaction: int) -> bytes | None:
        """The PDU of the first sound frame in C{heard} that answers the request; None: not yet."""


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS, sent low byte first (Serial Line 2.5.1.2)."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc


def _crcEntry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


_CRC = tuple(map(_crcEntry, range(256)))


def lrc(data: bytes) -> int:
    """Two's complement of the sum (Serial Line 2.5.2.2)."""
    return -sum(data) & 0xFF


def _answers(function: int, request: Request) -> bool:
    return function & 0x7F == request.function


class Mbap:
    """Modbus TCP: the transaction id tells which request is answered."""

    overhead = 7
    identified = True

    def encode(self, unit: int, pdu: bytes, transaction: int) -> bytes:
        return _word(transaction, 0, len(pdu) + 1) + bytes([unit]) + pdu

    def find(self, heard: bytes, unit: int, request: Request, transaction: int) -> bytes | None:
        head = _word(transaction, 0)
        at = heard.find(head)
        while at >= 0 and len(heard) >= at + 8:
            length = int.from_bytes(heard[at + 4 : at + 6], "big")
            if 3 <= length <= 254 and heard[at + 6] == unit and _answers(heard[at + 7], request):
                if len(heard) >= at + 6 + length:
                    return heard[at + 7 : at + 6 + length]
            at = heard.find(head, at + 1)
        return None


class Rtu:
    """Modbus RTU: unit, PDU, CRC. The gaps between frames are the protocol's business; here the CRC decides."""

    overhead = 3
    identified = False

    def encode(self, unit: int, pdu: bytes, transaction: int) -> bytes:
        frame = bytes([unit]) + pdu
        return frame + crc16(frame).to_bytes(2, "little")

    def find(self, heard: bytes, unit: int, request: Request, transaction: int) -> bytes | None:
        for at in range(len(heard) - 4):
            if heard[at] == unit and _answers(heard[at + 1], request):
                for length in self._lengths(heard[at + 1], request, len(heard) - at - 3):
                    frame = heard[at : at + 1 + length]
                    if heard[at + 1 + length : at + 3 + length] == crc16(frame).to_bytes(2, "little"):
                        return frame[1:]
        return None

    def _lengths(self, function: int, request: Request, most: int) -> Sequence[int]:
        """The lengths that the PDU may have."""
        if function & 0x80:
            return (2,)
        return (request.expected,) if request.expected else range(7, min(253, most) + 1)


class Ascii:
    """Modbus ASCII: a colon, unit, PDU and LRC in hexadecimal, CR LF."""

    overhead = 3
    identified = False

    def encode(self, unit: int, pdu: bytes, transaction: int) -> bytes:
        frame = bytes([unit]) + pdu
        return b":" + (frame + bytes([lrc(frame)])).hex().upper().encode() + b"\r\n"

    def find(self, heard: bytes, unit: int, request: Request, transaction: int) -> bytes | None:
        for line in heard.split(b":")[1:]:
            text, end, _ = line.partition(b"\r\n")
            try:
                frame = bytes.fromhex(text.decode("ascii"))
            except ValueError:
                continue
            if end and len(frame) >= 4 and lrc(frame[:-1]) == frame[-1]:
                if frame[0] == unit and _answers(frame[1], request):
                    return frame[1:-1]
        return None


class Either:
    """Two framings by turns, request by request, until there is an answer in one of them; from then on that one."""

    def __init__(self, *framings: Framing) -> None:
        self._framings = list(framings)
        self.overhead = max(each.overhead for each in framings)
        self.identified = all(each.identified for each in framings)

    def encode(self, unit: int, pdu: bytes, transaction: int) -> bytes:
        self._framings.append(self._framings.pop(0))
        return self._framings[-1].encode(unit, pdu, transaction)

    def find(self, heard: bytes, unit: int, request: Request, transaction: int) -> bytes | None:
        found = self._framings[-1].find(heard, unit, request, transaction)
        if found is not None:
            del self._framings[:-1]
            self.overhead, self.identified = self._framings[0].overhead, self._framings[0].identified
        return found
