"""Teach-in telegrams: what a device says about itself, and how it is answered. Pure.

Source: EnOcean Equipment Profiles 2.6, "Teach-in procedures": 4BS with its variations 1 (no profile), 2 (profile) and
3 (bidirectional: with a response), and "UTE - Universal Uni- and Bidirectional Teach-in".
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
    """What a response to a teach-in query says."""

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
    @ivar wantsAnswer: UTE with an answer expected; 4BS of a profile that is sent something, too.
    @ivar bidirectional: it listens, too.
    """

    eep: str | None
    manufacturer: int | None = None
    request: Request = Request.TEACH_IN
    wantsAnswer: bool = False
    bidirectional: bool = False
    channels: int | None = None


#: 4BS profiles of devices that listen: their teach-in is answered.
_LISTENING = frozenset({"A5-20-01"})


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
        if payload[3] & 0x10:
            return None  # a response, not a query
        bits = int.from_bytes(payload[:3], "big")
        eep = eepName(Rorg.BS4, bits >> 18, bits >> 11 & 0x7F)
        return TeachIn(eep, bits & 0x7FF, wantsAnswer=eep in _LISTENING, bidirectional=eep in _LISTENING)
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


#: Answer -> the last byte of a response to a 4BS query: profile told, profile supported, sender stored, response.
_4BS = {Answer.LEARNED: 0xF0, Answer.REFUSED: 0xD0, Answer.DELETED: 0xD0, Answer.UNSUPPORTED: 0x90}


def answerTo(query: Telegram, answer: Answer, sender: int) -> Telegram:
    """The response to a teach-in query, which must be on the air within 700 ms: its own words, and the answer."""
    if query.rorg == Rorg.BS4:
        return Telegram(Rorg.BS4, query.payload[:3] + bytes([_4BS[answer]]), sender, destination=query.sender)
    head = query.payload[0] & 0x80 | answer << 4 | 1
    return Telegram(Rorg.UTE, bytes([head, *query.payload[1:]]), sender, destination=query.sender)
