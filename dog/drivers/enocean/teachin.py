"""Teach-in telegrams: what a device says about itself, and how it is answered. Pure.

Source: EnOcean Equipment Profiles 2.6, "Teach-in: 4BS teach-in procedure" and "UTE - Universal Uni- and Bidirectional
Teach-in".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from dog.drivers.enocean.erp import Rorg, Telegram


class Request(IntEnum):
    """What a device asks for in a UTE query."""

    TEACH_IN = 0
    DELETION = 1
    EITHER = 2
    UNUSED = 3


class Answer(IntEnum):
    """What a UTE response says."""

    REFUSED = 0
    LEARNED = 1
    DELETED = 2
    UNSUPPORTED = 3


@dataclass(frozen=True, slots=True)
class TeachIn:
    """What a teach-in telegram says.

    @ivar eep: C{"A5-02-05"}; None where the device does not say (1BS, 4BS without profile).
    @ivar manufacturer: the 11-bit number; None where not said.
    @ivar request: of UTE; the others always ask to be learned.
    @ivar wantsAnswer: UTE with an answer expected.
    @ivar bidirectional: it listens, too.
    """

    eep: str | None
    manufacturer: int | None = None
    request: Request = Request.TEACH_IN
    wantsAnswer: bool = False
    bidirectional: bool = False
    channels: int | None = None


def eepName(rorg: int, func: int, type: int) -> str:
    return f"{rorg:02X}-{func:02X}-{type:02X}"


def parseTeachIn(telegram: Telegram) -> TeachIn | None:
    """What C{telegram} teaches; None if it is no teach-in telegram, or one that says nothing we know."""
    if not telegram.teachIn:
        return None
    payload = telegram.payload
    if telegram.rorg == Rorg.BS1:
        return TeachIn(None)
    if telegram.rorg == Rorg.BS4:
        if not payload[3] & 0x80:
            return TeachIn(None)
        bits = int.from_bytes(payload[:3], "big")
        return TeachIn(eepName(Rorg.BS4, bits >> 18, bits >> 11 & 0x7F), bits & 0x7FF)
    if payload[0] & 0x0F:
        return None  # a response, not a query
    return TeachIn(
        eepName(payload[6], payload[5], payload[4]),
        (payload[3] & 0x07) << 8 | payload[2],
        Request(payload[0] >> 4 & 3),
        not payload[0] & 0x40,
        bool(payload[0] & 0x80),
        payload[1],
    )


def answerUTE(query: Telegram, answer: Answer, sender: int) -> Telegram:
    """The response to a UTE query, which must be on the air within 700 ms: its own words, and the answer."""
    head = query.payload[0] & 0x80 | answer << 4 | 1
    return Telegram(Rorg.UTE, bytes([head, *query.payload[1:]]), sender, destination=query.sender)
