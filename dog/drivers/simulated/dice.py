"""Chance and smooth noise, both exactly repeatable from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from math import sin
from typing import TypeVar

_MASK = (1 << 64) - 1
_T = TypeVar("_T")


class Dice:
    """A stream of chance from one 64-bit number (splitmix64, Steele et al. 2014).

    C{random.Random} would do, at 2.5 kB for each of 10 000 devices.
    """

    __slots__ = ("_state",)

    def __init__(self, seed: int, name: str) -> None:
        """The stream of C{name} under C{seed}: another name gives another, unrelated stream."""
        digest = blake2b(name.encode(), digest_size=8, key=(seed & _MASK).to_bytes(8, "big")).digest()
        self._state = int.from_bytes(digest, "big")

    def bits(self) -> int:
        """A number of 64 random bits."""
        self._state = z = (self._state + 0x9E3779B97F4A7C15) & _MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def random(self) -> float:
        """0 <= number < 1."""
        return (self.bits() >> 11) / (1 << 53)

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.random()

    def chance(self, probability: float) -> bool:
        return self.random() < probability

    def pick(self, among: Sequence[_T]) -> _T:
        return among[self.bits() % len(among)]

    def about(self, mean: float) -> float:
        """A duration near C{mean}: half of it to half as much again."""
        return mean * (0.5 + self.random())


class Wave:
    """Noise without jumps, -1..1, a pure function of time: three sines whose periods have no common beat."""

    __slots__ = ("_phase", "_rate")

    def __init__(self, dice: Dice, period: float) -> None:
        """@param period: seconds of the slowest of the three."""
        self._rate = 6.283185307179586 / (period * dice.between(0.9, 1.1))
        self._phase = dice.between(0.0, 6.283185307179586)

    def at(self, when: float) -> float:
        angle = self._rate * when + self._phase
        return 0.55 * sin(angle) + 0.3 * sin(2.7182 * angle) + 0.15 * sin(7.3891 * angle)
