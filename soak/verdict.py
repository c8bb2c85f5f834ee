"""What grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from soak.life import Sample


@dataclass(frozen=True)
class Allowed:
    """How much more of something there may be in the second half than in the first: a share of it, and a number.

    @ivar most: as much as this is no growth: it is a bound.
    """

    share: float = 0.0
    more: float = 0.0
    most: float = 0.0


#: By the names of L{soak.life.Life}'s figures. Shares are for what differs from one part of a day to the next.
ALLOWED = {
    "objects": Allowed(0.02, 1000),
    "MB": Allowed(0.05, 3),
    "files": Allowed(more=1),
    "threads": Allowed(),
    "delayed calls": Allowed(more=4),
    "agenda": Allowed(more=5),
    "log of events": Allowed(0.02, most=10_000),
    "commands": Allowed(0.02, most=1000),
    "subscriptions": Allowed(),
    "connections": Allowed(),
    "inbox": Allowed(more=2),
    "tokens": Allowed(more=1, most=6),
    "log lines": Allowed(0.5, 50),
    # It has 5000 events, and a write-ahead log of some megabytes.
    "state.db kB": Allowed(0.1, 200, most=12 * 1024),
    "home.xml kB": Allowed(more=1),
    # Four older files are kept of a megabyte each.
    "audit kB": Allowed(most=2 * 5.2 * 1024),
    "files in the folder": Allowed(more=1, most=12),
}


def halves(samples: Sequence[Sample], name: str) -> tuple[float, float]:
    """Medians of the two halves of what comes after the first quarter, in which everything fills."""
    values = [each.figures[name] for each in samples[len(samples) // 4 :]]
    middle = len(values) // 2
    return median(values[:middle]), median(values[middle:])


def growing(samples: Sequence[Sample]) -> list[str]:
    """The figures that grow, in words."""
    found = []
    for name, allowed in ALLOWED.items():
        first, second = halves(samples, name)
        if second > max(first * (1 + allowed.share) + allowed.more, allowed.most):
            found.append(f"{name}: {first:.6g} in the first half, {second:.6g} in the second")
    return found


def table(samples: Sequence[Sample]) -> str:
    """Every figure, in each sample."""
    lines = ["day".ljust(20) + "".join(f"{each.day:9.3f}" for each in samples)]
    for name in ALLOWED:
        lines.append(name.ljust(20) + "".join(f"{each.figures[name]:9.6g}" for each in samples))
    return "\n".join(lines)
