"""The time of a step: handed in, never asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Now:
    """One instant by two clocks.

    @ivar mono: seconds on a clock that never jumps; timers and deadlines live on it.
    @ivar utc: the aware UTC datetime, for people and for the wire.
    """

    mono: float
    utc: datetime
