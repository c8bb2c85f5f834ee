"""What all behaviours have in common. A behaviour does what one functionality or state stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar

from dog.model.measure import Measure
from dog.model.values import HSBColor, RGBColor, Slot, Value

if TYPE_CHECKING:
    from dog.drivers.simulated.device import SimulatedDevice

Args = Mapping[str, Value]


class Behaviour:
    """A part of a simulated device.

    A device gets a behaviour if it has one of the C{functionalities}, C{states} or C{notifications}.

    @cvar commands: command class -> name of the method that obeys it. It takes the arguments; answering False
        means that this command was meant for another behaviour.
    @cvar queries: command classes that ask for what L{slots} holds.
    """

    __slots__ = ("unit",)

    functionalities: ClassVar[frozenset[str]] = frozenset()
    states: ClassVar[frozenset[str]] = frozenset()
    notifications: ClassVar[frozenset[str]] = frozenset()
    commands: ClassVar[Mapping[str, str]] = {}
    queries: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, unit: SimulatedDevice) -> None:
        """Give every state that this behaviour owns its first value; no timers yet."""
        self.unit = unit

    @classmethod
    def fits(cls, names: frozenset[str]) -> bool:
        """Does a device with these functionalities, states and notifications have this behaviour?"""
        return not (names.isdisjoint(cls.functionalities) and names.isdisjoint(cls.states | cls.notifications))

    def begin(self) -> None:
        """The link runs and the first report is due: correct what depends on the device's neighbours."""

    def wake(self) -> None:
        """The first report is out: set timers."""

    def turned(self, on: bool) -> None:
        """The device was switched on or off."""

    def dimmed(self, level: int) -> None:
        """The device has come to this level (0..100)."""

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        """The slots this behaviour owns; only those that C{query} (a command class) asks for, if it is given."""
        return ()

    def retold(self, query: str) -> Iterable[str]:
        """The notifications that answer C{query} where no state does."""
        return self.notifications

    def draw(self) -> float | None:
        """The share (0..1) of its nominal power that the device draws now; None: this behaviour has no say."""
        return None


def numberOf(value: Value | None) -> float | None:
    """The number in a value; None if there is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, Measure):
        return float(value.number)
    if isinstance(value, str):
        try:
            return float(value.strip().removesuffix("%"))
        except ValueError:
            return None
    return None


def isColor(value: Value | None) -> bool:
    return isinstance(value, (HSBColor, RGBColor))
