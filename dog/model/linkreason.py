"""Why a link of a driver is not up: one enumeration for drivers, the log, events and the API."""

from __future__ import annotations

from enum import StrEnum


class LinkReason(StrEnum):
    """Why a link is not up."""

    UNREACHABLE = "unreachable"  # nothing is there: no such port, host or adapter
    REFUSED = "refused"
    TIMEOUT = "timeout"  # no answer, or not started within the deadline
    MISCONFIGURED = "misconfigured"
    PROTOCOL = "protocol"  # whoever answers speaks something else
    CLOSED = "closed"  # it was up and has ended
    RESTARTED = "restarted"  # somebody asked for it; live's own
    INTERNAL = "internal"  # a bug of the driver
    OTHER = "other"  # a code that is none of these

    @classmethod
    def _missing_(cls, value: object) -> LinkReason:
        # A driver that says why it failed must not fail again over a word.
        return cls.OTHER
