"""Smart Ack teach-in, as far as the transceiver asks its host about it. Pure.

The transceiver is put into its learn mode; a device that asks to be learned arrives as the event SA_CONFIRM_LEARN,
which wants a response at once: learned, or why not. What comes of it (the mailbox at the post master, the
acknowledgement of the device) is the transceiver's business.

Source: EnOcean Serial Protocol 3, "Packet type 4: EVENT", SA_CONFIRM_LEARN; "Packet type 6: SMART_ACK_COMMAND",
SA_WR_LEARNMODE.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from dog.drivers.enocean.esp3 import Packet, PacketType, ReturnCode
from dog.drivers.enocean.teachin import eepName

_CONFIRM_LEARN = 2
_WRITE_LEARN_MODE = 1

#: Milliseconds after a telegram of a learned device until it fetches its answer. Ours to choose.
RESPONSE_TIME = 200


class Confirm(IntEnum):
    """What the response says."""

    LEARNED = 0x00
    UNKNOWN_PROFILE = 0x11
    NO_PLACE = 0x13


@dataclass(frozen=True, slots=True)
class LearnRequest:
    """A device asks to be learned.

    @ivar manufacturer: the 11-bit number.
    @ivar rssi: dBm, negative.
    @ivar postmaster: the transceiver or repeater that would keep its mailbox.
    @ivar client: the device.
    @ivar hops: repeaters between it and us.
    """

    manufacturer: int
    eep: str
    rssi: int
    postmaster: int
    client: int
    hops: int


def parseEvent(data: bytes) -> LearnRequest | None:
    """The request in an event's data; None for every other event, and for one that is cut."""
    if len(data) < 17 or data[0] != _CONFIRM_LEARN:
        return None
    return LearnRequest(
        (data[2] & 0x07) << 8 | data[3],
        eepName(data[4], data[5], data[6]),
        -data[7],
        int.from_bytes(data[8:12], "big"),
        int.from_bytes(data[12:16], "big"),
        data[16],
    )


def response(code: Confirm) -> Packet:
    """The response to SA_CONFIRM_LEARN, which the transceiver waits for."""
    return Packet(PacketType.RESPONSE, bytes([ReturnCode.OK, *RESPONSE_TIME.to_bytes(2, "big"), code]))


def learnMode(seconds: float) -> Packet:
    """Command: learn for that long; with 0, no longer. Simple mode: whoever asks is told by us, not by a repeater."""
    milliseconds = min(round(seconds * 1000), 0xFFFFFFFF)
    return Packet(
        PacketType.SMART_ACK_COMMAND,
        bytes([_WRITE_LEARN_MODE, 1 if milliseconds else 0, 0, *milliseconds.to_bytes(4, "big")]),
    )
