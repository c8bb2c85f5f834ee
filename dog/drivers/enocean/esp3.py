"""EnOcean Serial Protocol 3: packets and their bytes. Pure.

A packet on the line: sync byte 0x55, header (data length, 2 bytes big-endian; length of the optional data; packet
type), CRC8 of the header, data, optional data, CRC8 of both. The line is 57600 baud, 8N1.

Source: EnOcean Serial Protocol 3 (ESP3), sections "Packet structure", "Packet types", "Common command".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

BAUDRATE = 57600
SYNC = 0x55

#: Longest data and optional data that are believed. Telegrams over the air have some tens of bytes, answers 33; a
#: garbled header whose checksum happens to fit must not swallow the line for seconds.
LONGEST = 512

#: Seconds between two bytes of a packet after which another may have begun ("Packet structure": 100 ms); and after
#: which the packet is given up. The line has no such gaps, but a serial server or a busy machine may make them.
GAP, CUT = 0.1, 1.0


class PacketType(IntEnum):
    """Packet types that matter here; others are passed on as numbers."""

    RADIO_ERP1 = 1
    RESPONSE = 2
    RADIO_SUB_TEL = 3
    EVENT = 4
    COMMON_COMMAND = 5
    SMART_ACK_COMMAND = 6
    REMOTE_MAN_COMMAND = 7
    RADIO_MESSAGE = 9
    RADIO_ERP2 = 10


class ReturnCode(IntEnum):
    """First data byte of a RESPONSE."""

    OK = 0
    ERROR = 1
    NOT_SUPPORTED = 2
    WRONG_PARAM = 3
    OPERATION_DENIED = 4
    LOCK_SET = 5  # the transceiver's own duty-cycle limit
    BUFFER_TOO_SMALL = 6
    NO_FREE_BUFFER = 7


class CommonCommand(IntEnum):
    READ_VERSION = 3
    READ_BASE_ID = 8


def _table() -> bytes:
    found = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte << 1 ^ 0x07 if byte & 0x80 else byte << 1) & 0xFF
        found.append(byte)
    return bytes(found)


_CRC8 = _table()


def crc8(data: bytes | bytearray) -> int:
    """Polynomial x8 + x2 + x + 1, start value 0, not reflected."""
    crc = 0
    for byte in data:
        crc = _CRC8[crc ^ byte]
    return crc


@dataclass(frozen=True, slots=True)
class Packet:
    """One ESP3 packet."""

    type: int
    data: bytes
    optional: bytes = b""

    def encode(self) -> bytes:
        """Its bytes on the line. ValueError where a length does not fit the header."""
        if len(self.data) > 0xFFFF or len(self.optional) > 0xFF:
            raise ValueError(f"too long: {len(self.data)} bytes of data, {len(self.optional)} optional")
        header = bytes([*len(self.data).to_bytes(2, "big"), len(self.optional), self.type])
        body = self.data + self.optional
        return bytes([SYNC, *header, crc8(header), *body, crc8(body)])


def commonCommand(code: CommonCommand) -> Packet:
    return Packet(PacketType.COMMON_COMMAND, bytes([code]))


class Deframer:
    """Finds packets in a stream of bytes, whatever lies between them.

    After a wrong checksum it looks for the next sync byte behind the wrong one, in what has been received already, so
    a whole packet that follows a cut one is not lost.

    @ivar garbage: bytes thrown away so far.
    @ivar broken: packets begun and thrown away so far: a wrong checksum, an impossible header, or cut off.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.garbage = 0
        self.broken = 0

    @property
    def waiting(self) -> bool:
        """Whether a packet has begun and is not complete."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Packet]:
        """The packets that these bytes complete, in order."""
        self._buffer += data
        return list(self._packets())

    def skip(self) -> list[Packet]:
        """The whole packets behind one that is not complete, which is then cut off; if there are none, it is kept."""
        behind = Deframer()
        behind._buffer = self._buffer[1:]
        found = list(behind._packets())
        while not found and behind._buffer:
            behind._drop()
            found += behind._packets()
        if found:
            self.garbage += behind.garbage + 1
            self.broken += behind.broken + 1
            self._buffer = behind._buffer
        return found

    def gap(self) -> list[Packet]:
        """Nothing has come for L{CUT} seconds: what has begun is cut off. The packets found behind it."""
        found: list[Packet] = []
        while self._buffer:
            self._drop()
            found += self._packets()
        return found

    def _packets(self) -> Iterator[Packet]:
        buffer = self._buffer
        while True:
            start = buffer.find(SYNC)
            if start:
                self.garbage += start if start > 0 else len(buffer)
                del buffer[: start if start > 0 else len(buffer)]
            if len(buffer) < 6:
                return
            length, optional, type = int.from_bytes(buffer[1:3], "big"), buffer[3], buffer[4]
            if crc8(buffer[1:5]) != buffer[5] or not 0 < length <= LONGEST or not type:
                self._drop()
                continue
            end = 6 + length + optional
            if len(buffer) <= end:
                return
            if crc8(buffer[6:end]) != buffer[end]:
                self._drop()
                continue
            packet = Packet(type, bytes(buffer[6 : 6 + length]), bytes(buffer[6 + length : end]))
            del buffer[: end + 1]
            yield packet

    def _drop(self) -> None:
        """The sync byte in front was none, or its packet is broken."""
        self.broken += 1
        self.garbage += 1
        del self._buffer[:1]
