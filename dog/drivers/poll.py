"""A pure, fair plan of what to read next on a line that carries one request at a time.

What neighbours in one unit is read in one request. Blocks are due at their intervals, the one that is due the
longest first. A unit that does not answer is left alone for seconds, then tried with one request. While others want
the line, one silent unit takes at most a twenty-fifth of it, all together at most a quarter. Once one answers,
everything of it is due at once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Wanted:
    """Something to be read again and again.

    @ivar id: a hashable that names it. @ivar unit: who answers for it.
    @ivar table: what it may be read together with. @ivar interval: seconds.
    @ivar alone: read it in a request of its own.
    """

    id: Hashable
    unit: Hashable
    table: Hashable
    address: int
    count: int
    interval: float
    alone: bool = False

    @property
    def end(self) -> int:
        return self.address + self.count


@dataclass(frozen=True)
class Block:
    """One request: C{count} addresses from C{address} on, and what lies in them."""

    unit: Hashable
    table: Hashable
    address: int
    count: int
    interval: float
    items: tuple[Wanted, ...]

    def __hash__(self) -> int:  # without the items, which are many: this is asked for all the time
        return hash((self.unit, self.table, self.address, self.count))


@dataclass
class _Silent:
    """A unit that does not answer: failed attempts in a row, and when to try again: on an idle line, and on any."""

    attempts: int
    until: float
    anyhow: float


class Plan:
    """What to read when. Times are monotonic seconds, handed in.

    @param most: table -> the most addresses in one request. @param gap: table -> the most unused ones in between.
    @param backoff: seconds before a silent unit is tried again, at first and at most.
    """

    def __init__(
        self, most: dict[Hashable, int], gap: dict[Hashable, int], backoff: tuple[float, float] = (1.0, 5.0)
    ) -> None:
        self._most = most
        self._gap = gap
        self._backoff = backoff
        self._wanted: dict[Hashable, Wanted] = {}
        self._blocks: dict[Block, float] = {}
        self._apart: set[Hashable] = set()
        self._silent: dict[Hashable, _Silent] = {}
        self._probeAfter = 0.0

    # -- what is wanted -----------------------------------------------------------------------------------

    def add(self, wanted: Iterable[Wanted], now: float) -> None:
        """Read these too, from now on."""
        units = set()
        for each in wanted:
            self._wanted[each.id] = each
            units.add(each.unit)
        self._arrange(units, now)

    def remove(self, ids: Iterable[Hashable], now: float) -> None:
        """Read these no more."""
        units = set()
        for id in ids:
            found = self._wanted.pop(id, None)
            self._apart.discard(id)
            if found is not None:
                units.add(found.unit)
        self._arrange(units, now)
        for unit in units - {each.unit for each in self._wanted.values()}:
            self._silent.pop(unit, None)

    def separate(self, block: Block, now: float) -> None:
        """This block can't be read as a whole (what lies in its gaps does not exist): read its parts alone."""
        self._apart.update(each.id for each in block.items)
        self._arrange({block.unit}, now)

    def hasten(self, ids: Iterable[Hashable], now: float) -> None:
        """Read these as soon as possible."""
        wanted = set(ids)
        for block in self._blocks:
            if any(each.id in wanted for each in block.items):
                self._blocks[block] = now

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(self._blocks)

    def _arrange(self, units: set[Hashable], now: float) -> None:
        """Put the wanted of these units into blocks anew. Blocks that stay as they were keep their time."""
        due = {block: when for block, when in self._blocks.items() if block.unit in units}
        for block in due:
            del self._blocks[block]
        groups: dict[tuple[Hashable, Hashable, float], list[Wanted]] = {}
        for each in self._wanted.values():
            if each.unit in units:
                groups.setdefault((each.unit, each.table, each.interval), []).append(each)
        for group in groups.values():
            for block in self._join(sorted(group, key=lambda each: (each.address, each.end))):
                self._blocks[block] = due.get(block, now)

    def _join(self, wanted: list[Wanted]) -> Iterable[Block]:
        items: list[Wanted] = []
        end = 0
        for each in wanted:
            alone = each.alone or each.id in self._apart
            if items:
                first = items[0]
                gap = self._gap.get(each.table, 0)
                joined = not (alone or first.alone or first.id in self._apart) or (
                    # Two descriptions of the same place are one reading, whatever else is said.
                    (first.address, first.count) == (each.address, each.count)
                )
                most = self._most[each.table]
                if joined and each.address - end <= gap and max(end, each.end) - first.address <= most:
                    items.append(each)
                    end = max(end, each.end)
                    continue
                yield _block(items, end)
            items, end = [each], each.end
        if items:
            yield _block(items, end)

    # -- what to do ---------------------------------------------------------------------------------------

    def next(self, now: float) -> Block | None:
        """What to read now; None: nothing yet, see L{wakeAt}."""
        block, due = None, now
        for each, when in self._blocks.items():
            if (when < due or (block is None and when == due)) and each.unit not in self._silent:
                block, due = each, when
        probe = self._probe()
        if probe is not None:
            silent = self._silent[probe.unit]
            if max(silent.until if block is None else silent.anyhow, self._probeAfter) <= now:
                return probe
        return block

    def wakeAt(self) -> float | None:
        """When there will be something to read; None: never."""
        times = [when for block, when in self._blocks.items() if block.unit not in self._silent]
        probe = self._probe()
        if probe is not None:
            times.append(max(self._silent[probe.unit].until, self._probeAfter))
        return min(times, default=None)

    def _probe(self) -> Block | None:
        """One block of the silent unit whose turn is next."""
        silent = [each for each in self._blocks if each.unit in self._silent]
        return min(silent, key=lambda each: (self._silent[each.unit].until, self._blocks[each]), default=None)

    def isSilent(self, unit: Hashable) -> bool:
        return unit in self._silent

    # -- what came of it ----------------------------------------------------------------------------------

    def read(self, block: Block, now: float) -> None:
        """The unit answered for this block, if only by refusing."""
        if block in self._blocks:
            self._blocks[block] = max(now, self._blocks[block] + block.interval)
            if self._blocks[block] - now < block.interval / 2:  # it was late: no second reading close behind
                self._blocks[block] = now + block.interval
        self.answered(block.unit, now)

    def answered(self, unit: Hashable, now: float) -> bool:
        """The unit answered something. True if it was silent before: all its blocks are due."""
        # All its blocks have been due since it fell silent.
        return self._silent.pop(unit, None) is not None

    def failed(self, unit: Hashable, now: float, seconds: float) -> bool:
        """The unit did not answer, which cost that many seconds of line. True if it answered before."""
        before = self._silent.get(unit)
        attempts = 1 if before is None else before.attempts + 1
        first, most = self._backoff
        until = now + min(most, first * 2 ** min(attempts - 1, 16))
        self._silent[unit] = _Silent(attempts, until, max(until, now + 24 * seconds))
        self._probeAfter = max(self._probeAfter, now + 3 * seconds)
        for block in self._blocks:
            if block.unit == unit:
                self._blocks[block] = min(self._blocks[block], now)
        return before is None


def _block(items: list[Wanted], end: int) -> Block:
    first = items[0]
    return Block(first.unit, first.table, first.address, end - first.address, first.interval, tuple(items))
