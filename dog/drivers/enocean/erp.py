"""EnOcean radio telegrams (ERP1) as they travel in ESP3 packets. Pure.

Source: EnOcean Serial Protocol 3, "Packet type 1: RADIO_ERP1"; EnOcean Equipment Profiles 2.6, "RORG" and "Teach-in".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from dog.drivers.enocean.esp3 import Packet, PacketType

BROADCAST = 0xFFFFFFFF


class Rorg(IntEnum):
    """The kind of a telegram, its first byte."""

    RPS = 0xF6  # repeated switch: one byte
    BS1 = 0xD5  # one byte of sensor data
    BS4 = 0xA5  # four bytes of sensor data
    VLD = 0xD2  # variable length
    MSC = 0xD1  # a manufacturer's own: manufacturer id, then what it likes
    UTE = 0xD4  # universal teach-in


#: Rorg -> how many bytes its payload has, where that is fixed.
_SIZES = {Rorg.RPS: 1, Rorg.BS1: 1, Rorg.BS4: 4, Rorg.UTE: 7}

#: Longest payload of a variable telegram that a transceiver takes without chaining.
LONGEST_PAYLOAD = 14


class BadTelegram(ValueError):
    """A radio packet that is no telegram."""


@dataclass(frozen=True, slots=True)
class Telegram:
    """One radio telegram.

    @ivar rorg: a L{Rorg}, or another number.
    @ivar payload: what is between the rorg and the sender's address.
    @ivar sender, destination: addresses; L{BROADCAST} where it is meant for all.
    @ivar status: the status byte: repeater count, and T21 and NU of RPS.
    @ivar rssi: best signal strength in dBm, negative; None if not told.
    """

    rorg: int
    payload: bytes
    sender: int
    status: int = 0
    destination: int = BROADCAST
    rssi: int | None = None

    @property
    def repeated(self) -> int:
        """How many repeaters it went through: 0, 1 or 2; 15 forbids repeating."""
        return self.status & 0x0F

    @property
    def t21(self) -> bool:
        """RPS: a PTM of type 2, which every rocker and handle of today is."""
        return bool(self.status & 0x20)

    @property
    def nu(self) -> bool:
        """RPS: an N-message (buttons by name); a U-message tells their number, or a release."""
        return bool(self.status & 0x10)

    @property
    def teachIn(self) -> bool:
        """Whether it is a teach-in telegram: LRN bit (DB0.3) cleared, or UTE. RPS and VLD have none."""
        if self.rorg in (Rorg.BS1, Rorg.BS4):
            return not self.payload[-1] & 0x08
        return self.rorg == Rorg.UTE

    def packet(self) -> Packet:
        """As the transceiver is asked to send it: 3 subtelegrams, at full strength, not encrypted."""
        data = bytes([self.rorg, *self.payload, *self.sender.to_bytes(4, "big"), self.status])
        return Packet(PacketType.RADIO_ERP1, data, bytes([3, *self.destination.to_bytes(4, "big"), 0xFF, 0]))

    @classmethod
    def parse(cls, packet: Packet) -> Telegram:
        """The telegram in a RADIO_ERP1 packet. Raises L{BadTelegram}."""
        data, optional = packet.data, packet.optional
        if packet.type != PacketType.RADIO_ERP1:
            raise BadTelegram(f"packet type {packet.type} is no ERP1 telegram")
        if len(data) < 7:
            raise BadTelegram(f"{len(data)} bytes are too few")
        rorg, payload = data[0], data[1:-5]
        size = _SIZES.get(Rorg(rorg)) if rorg in _KNOWN else None
        if size is not None and len(payload) != size:
            raise BadTelegram(f"rorg {rorg:02X} has {size} bytes, not {len(payload)}")
        destination, rssi = BROADCAST, None
        if len(optional) >= 5:
            destination = int.from_bytes(optional[1:5], "big")
        if len(optional) >= 6 and optional[5] not in (0, 0xFF):
            rssi = -optional[5]
        return cls(rorg, payload, int.from_bytes(data[-5:-1], "big"), data[-1], destination, rssi)


_KNOWN = frozenset(Rorg)


def airtime(telegram: Telegram) -> float:
    """Seconds on the air of three subtelegrams: each byte in 12 bits at 125 kbit/s, and preamble, sync and end.

    Counted are rorg, payload, sender, status and checksum, and five bytes more where it is addressed.
    Source: EnOcean Radio Protocol 1 (ISO/IEC 14543-3-10), frame structure.
    """
    count = len(telegram.payload) + 7 + (5 if telegram.destination != BROADCAST else 0)
    return 3 * (14 + 12 * count) * 8e-6
