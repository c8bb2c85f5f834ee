"""What all devices of a simulated home have in common: weather, daylight, the mains, the air of each room.

Everything here is a function of the time of day (UTC) and the seed, except the air of a room that is heated.
"""

from __future__ import annotations

from math import cos, exp, pi, sin

from dog.drivers.simulated.dice import Dice, Wave

DAY = 86400.0
YEAR = 365.2425 * DAY


def hourOf(when: float) -> float:
    """Hours since midnight UTC of an epoch time."""
    return (when % DAY) / 3600.0


class World:
    """The surroundings of the home, a moderate climate on the northern half of the globe."""

    def __init__(self, seed: int) -> None:
        dice = Dice(seed, "world")
        self._weather = Wave(dice, 5 * DAY)
        self._clouds = Wave(dice, 7200.0)
        self._air = Wave(dice, 3 * DAY)
        self._mains = Wave(dice, 900.0)
        self._cycle = Wave(dice, 300.0)

    def outdoors(self, when: float) -> float:
        """Degrees Celsius in the shade: -8..36, coldest at the end of January and at 4 in the morning."""
        season = -cos(2 * pi * (when % YEAR - 26 * DAY) / YEAR)
        day = cos(2 * pi * (hourOf(when) - 15.5) / 24)
        return 12.0 + 10.0 * season + 4.5 * day + 4.0 * self._weather.at(when)

    def daylight(self, when: float) -> float:
        """Lux outdoors: 0 at night, up to 60 000 at noon."""
        height = sin(pi * (hourOf(when) - 6.5) / 11.5) if 6.5 < hourOf(when) < 18.0 else 0.0
        return 60_000.0 * height * (0.55 + 0.4 * self._clouds.at(when))

    def airPressure(self, when: float) -> float:
        """Pascal, 99 300..103 300."""
        return 101_300.0 + 2000.0 * self._air.at(when)

    def voltage(self, when: float) -> float:
        """Volt between phase and neutral, 225..235."""
        return 230.0 + 5.0 * self._mains.at(when)

    def frequency(self, when: float) -> float:
        """Hertz of the mains, 49.96..50.04."""
        return 50.0 + 0.04 * self._cycle.at(when)

    def bustle(self, when: float) -> float:
        """How much the people in the house do, 0.1 in the dead of night to 1."""
        hour = hourOf(when)
        if hour < 6.0 or hour >= 23.5:
            return 0.1
        return 1.0 if 6.5 <= hour < 9.0 or 17.0 <= hour < 22.5 else 0.5


class Room:
    """The air of one place.

    Without a heater it keeps near a temperature of its own, as rooms with old radiators do. Once a thermostat
    heats or cools it, it is warmed and loses warmth to the outside: dT/dt = (outdoors - T)/K + gain.

    @ivar gain: kelvin per hour put in by heating (negative: cooling); None as long as no thermostat is here.
    """

    _INERTIA = 30 * 3600.0  # seconds in which an unheated room comes 63 % nearer to the outside
    __slots__ = ("_gain", "_mean", "_seen", "_temperature", "_wave", "_world")

    def __init__(self, world: World, dice: Dice, when: float) -> None:
        self._world = world
        self._wave = Wave(dice, 4 * 3600.0)
        self._mean = dice.between(19.5, 22.0)
        self._gain: float | None = None
        self._seen = when
        self._temperature = self._free(when)

    def _free(self, when: float) -> float:
        swing = cos(2 * pi * (hourOf(when) - 16.0) / 24)
        outside = (self._world.outdoors(when) - 12.0) * 0.06
        return self._mean + 0.8 * swing + outside + 0.5 * self._wave.at(when)

    def temperature(self, when: float) -> float:
        """Degrees Celsius."""
        if self._gain is None:
            return self._free(when)
        self._advance(when)
        return self._temperature + 0.05 * self._wave.at(when * 8)

    def condition(self, kelvinPerHour: float, when: float) -> None:
        """From now on a thermostat heats (or cools) the room by this much."""
        if self._gain is None:
            self._temperature = self._free(when)
            self._seen = when
        else:
            self._advance(when)
        self._gain = kelvinPerHour

    def _advance(self, when: float) -> None:
        elapsed = when - self._seen
        if elapsed > 0:
            assert self._gain is not None
            rest = self._world.outdoors(when) + self._gain * self._INERTIA / 3600.0
            self._temperature = rest + (self._temperature - rest) * exp(-elapsed / self._INERTIA)
            self._temperature = min(40.0, max(0.0, self._temperature))
            self._seen = when
