"""How instants are written in answers."""

from __future__ import annotations

from datetime import UTC, datetime


def instant(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: C{2014-10-28T16:49:20.314Z}."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
