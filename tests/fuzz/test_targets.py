"""Every target of C{make fuzz}: its seeds, what once broke it, and a little of anything at all."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from fuzz.targets import TARGETS, Target, close
from tests.bounded import bound

try:
    from hypothesis import given, settings
    from hypothesis import strategies as st
except ImportError:
    st = None  # type: ignore[assignment]

#: What once broke a target: one file each, in a folder with the target's name.
CRASHES = Path(__file__).parent / "crashes"

#: Examples for each target.
EXAMPLES = 60

#: What parsers stumble over, more often than chance has it.
BITS = (b"", b"\0", b"\xff", b"[" * 2000, b"9" * 5000, b"NaN", b"1e999", b"null", b'"\\ud800"', b"{}", b"CLIENT", b"/")


def mutated(seed: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """C{changes}: where (any number), how many bytes are taken out there, and what is put in their place."""
    for at, size, put in changes:
        at %= len(seed) + 1
        seed = seed[:at] + put + seed[at + size :]
    return seed


class Targets(SynchronousTestCase):
    """One test per target and kind, made below."""

    def setUp(self) -> None:
        bound(self)
        self.addCleanup(close)

    def target(self, name: str) -> Target:
        target = TARGETS[name]
        if target.why is not None:
            raise SkipTest(target.why)
        return target

    def known(self, name: str) -> None:
        target = self.target(name)
        seeds = target.seeds()
        self.assertTrue(seeds)
        for each in (b"", *seeds):
            target.take(each)
        for file in sorted(CRASHES.glob(f"{name}/*")):
            target.take(file.read_bytes())

    def anything(self, name: str) -> None:
        if st is None:
            raise SkipTest("hypothesis is not installed")
        target = self.target(name)
        seeds = target.seeds()
        bits = st.sampled_from(BITS)
        change = st.tuples(st.integers(0, 100_000), st.sampled_from([0, 1, 2, 4, 30]), bits | st.binary(max_size=8))
        changed = st.builds(mutated, st.sampled_from(seeds), st.lists(change, max_size=4))

        @settings(max_examples=EXAMPLES)
        @given(changed | st.binary(max_size=200))
        def anything(data: bytes) -> None:
            target.take(data)

        anything()

    def test_crashesHaveTargets(self) -> None:
        self.assertLessEqual({each.name for each in CRASHES.iterdir()}, set(TARGETS))


def _define(name: str) -> None:
    setattr(Targets, f"test_{name}_known", lambda self: self.known(name))
    setattr(Targets, f"test_{name}_anything", lambda self: self.anything(name))


for _name in TARGETS:
    _define(_name)
