"""What sensors measure: the air, the light, fluids, bodies, places. One line of the table for each quantity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dog.drivers.simulated.behaviour import Behaviour
from dog.drivers.simulated.device import SimulatedDevice
from dog.drivers.simulated.dice import Wave
from dog.drivers.simulated.gauge import Gauge, declaredParam
from dog.drivers.simulated.plan import SETPOINT
from dog.drivers.simulated.world import hourOf
from dog.model.catalogue import NotificationType, catalogue
from dog.model.values import Slot


@dataclass(frozen=True)
class Probe:
    """How one state is measured.

    @ivar state: the state class. @ivar notification: what tells it, also of devices that lack the state.
    @ivar queries: command classes that ask for it.
    @ivar at: (sampler, noise -1..1, index of the sensor or axis, epoch time) -> number in the catalogue's unit.
    @ivar noise: seconds of the slowest part of the noise.
    @ivar also: other notifications that may tell it.
    @ivar keys: for several values in one state, the key parameter and its values unless home.xml declares others.
    """

    state: str
    notification: str
    queries: tuple[str, ...]
    at: Callable[[Sampler, float, int, float], float]
    noise: float = 5400.0
    keys: tuple[str, tuple[str, ...]] | None = None
    also: tuple[str, ...] = ()

    @property
    def notifications(self) -> tuple[str, ...]:
        return tuple(each for each in (self.notification, *self.also) if each)


def _between(low: float, high: float) -> Callable[[Sampler, float, int, float], float]:
    middle, half = (low + high) / 2, (high - low) / 2
    return lambda sampler, noise, index, when: middle + half * noise


def _temperature(sampler: Sampler, noise: float, index: int, when: float) -> float:
    """The air; where a fluid flows, its temperature: the first sensor in the flow, the second in the return."""
    if sampler.wet:
        return (62.0, 44.0)[index % 2] + 6.0 * noise
    return sampler.unit.room.temperature(when) + 0.4 * index + 0.25 * noise


def _humidity(sampler: Sampler, noise: float, index: int, when: float) -> float:
    return 47.0 + 9.0 * noise - 1.5 * (sampler.unit.room.temperature(when) - 21.0)


def _light(sampler: Sampler, noise: float, index: int, when: float) -> float:
    """What comes in through a window, and lamps in the evening."""
    hour = hourOf(when)
    lamps = 120.0 if 6.5 <= hour < 8.0 or 17.0 <= hour < 22.75 else 0.5
    return sampler.unit.link.world.daylight(when) * 0.02 + lamps * (1.0 + 0.3 * noise)


def _pressure(sampler: Sampler, noise: float, index: int, when: float) -> float:
    if sampler.wet:
        return 190_000.0 + 25_000.0 * noise
    return sampler.unit.link.world.airPressure(when) + 40.0 * index


def _people(low: float, high: float) -> Callable[[Sampler, float, int, float], float]:
    """More of it while people are about."""

    def at(sampler: Sampler, noise: float, index: int, when: float) -> float:
        share = 0.55 * sampler.unit.link.world.bustle(when) + 0.2 + 0.2 * noise
        return low + (high - low) * max(0.0, share)

    return at


def _falling(sampler: Sampler, noise: float, index: int, when: float) -> float:
    """A battery: a per cent in twenty hours, and a new one after a quarter of a year."""
    return 100.0 - (when / 72_000.0 + 40.0 * sampler.offset) % 100.0 * 0.9


def _filling(sampler: Sampler, noise: float, index: int, when: float) -> float:
    """A bin: full after 40 hours, then emptied."""
    return (when / 144_000.0 + sampler.offset) % 1.0 * 100.0


def _axes(resting: tuple[float, float, float], swing: float) -> Callable[[Sampler, float, int, float], float]:
    return lambda sampler, noise, index, when: resting[index % 3] + swing * noise


def _heat(sampler: Sampler, noise: float, index: int, when: float) -> float:
    return 2200.0 + 1800.0 * noise


_SENSORS = ("sensorID", ("1", "2"))
_AXES = ("axisID", ("X", "Y", "Z"))

PROBES = (
    Probe("TemperatureState", "TemperatureMeasurementNotification", ("GetTemperatureCommand",), _temperature),
    Probe(
        "MultipleTemperatureState",
        "TemperatureMeasurementMNotification",
        ("GetTemperatureMCommand",),
        _temperature,
        keys=_SENSORS,
    ),
    Probe("HumidityMeasurementState", "HumidityMeasurementNotification", ("GetRelativeHumidityCommand",), _humidity),
    Probe("LightIntensityState", "LuminosityMeasurementNotification", ("GetLuminanceCommand",), _light, 1800.0),
    Probe(
        "PressureState",
        "PressureMeasurementNotification",
        ("GetPressureCommand", "GetPressureMCommand"),
        _pressure,
        also=("PressureMeasurementMNotification",),
    ),
    Probe(
        "MultiplePressureState",
        "PressureMeasurementMNotification",
        ("GetPressureMCommand",),
        _pressure,
        keys=_SENSORS,
    ),
    Probe("Co2MeasurementState", "Co2MeasurementNotification", ("GetCo2ConcentrationCommand",), _people(420, 1600)),
    Probe(
        "Co2EqMeasurementState",
        "Co2EqMeasurementNotification",
        ("GetCo2EqConcentrationCommand",),
        _people(430, 1900),
    ),
    Probe("TvocMeaurementState", "TvocMeasurementNotification", ("GetTvocConcentrationCommand",), _people(0.05, 0.9)),
    Probe("Pm10MeasurementState", "Pm10MeasurementNotification", ("GetPm10ConcentrationCommand",), _people(6, 60)),
    Probe("Pm25MeasurementState", "Pm25MeasurementNotification", ("GetPm25ConcentrationCommand",), _people(3, 35)),
    Probe("AirQualityState", "AirQualityNotification", ("GetAirQualityLevelCommand",), _between(55, 95)),
    Probe(
        "SoundPressureMeasurementState",
        "SoundPressureNotification",
        ("GetSoundPressureCommand",),
        _people(28, 70),
        600.0,
    ),
    Probe("EmHFMeasurementState", "EmHFMeasurementNotification", ("GetEmHFLevelCommand",), _between(0.05, 1.6)),
    Probe("EmLFMeasurementState", "EmLFMeasurementNotification", ("GetEmLFLevelCommand",), _between(0.02, 0.4)),
    Probe("WifiCountState", "WifiCountNotification", ("GetWifiCountCommand",), _between(4, 16)),
    Probe("WifiLevelState", "WiFiLevelNotification", ("GetWifiLevelCommand",), _between(35, 90)),
    Probe("BatteryLevelState", "BatteryLevelNotification", ("GetBatteryLevelCommand",), _falling),
    Probe("FillLevelState", "", ("GetFillLevelCommand",), _filling, also=("LevelControlNotification",)),
    Probe("FlowRateState", "FlowRateMeasurementNotification", ("GetFlowRateCommand",), _between(0.2, 1.4), 3600.0),
    Probe(
        "MultipleFlowRateState",
        "FlowRateMeasurementMNotification",
        ("GetFlowRateMCommand",),
        _between(0.2, 1.4),
        3600.0,
        _SENSORS,
    ),
    Probe("PowerMeasurementState", "SinglePowerMeasurementNotification", ("GetPowerCommand",), _heat, 3600.0),
    Probe(
        "PulseFrequencyMeasurementState",
        "PulseFrequencyMeasurementNotification",
        ("GetPulseFrequencyCommand",),
        _between(0.95, 1.85),
        1200.0,
    ),
    Probe(
        "OxygenSaturationMeasurementState",
        "OxygenSaturationMeasurementNotification",
        ("GetOxygenSaturationCommand",),
        _between(94, 99.5),
        1200.0,
    ),
    Probe("PhMeasurementState", "PhMeasurementNotification", ("GetPhCommand",), _between(6.7, 7.7)),
    Probe(
        "TridimensionalAccelerationState",
        "TridimensionalAccelerationNotification",
        (),
        _axes((0.0, 0.0, 1.0), 0.15),
        120.0,
        _AXES,
    ),
    Probe(
        "TridimensionalGyroscopeState",
        "TridimensionalGyroscopeNotification",
        (),
        _axes((0.0, 0.0, 0.0), 12.0),
        120.0,
        _AXES,
    ),
    Probe(
        "TridimensionalMagnetometerState",
        "TridimensionalMagnetometerNotification",
        (),
        _axes((21.0, 2.0, -42.0), 4.0),
        1200.0,
        _AXES,
    ),
    Probe(
        "XYZLocationState",
        "XYZLocationNotification",
        ("GetXYZLocationCommand",),
        _axes((4.0, 3.0, 1.2), 1.0),
        900.0,
        _AXES,
    ),
)


class Sampler(Behaviour):
    """Measures everything the device measures, together, about once a minute.

    @ivar offset: 0..1, where in a slow cycle this device is. @ivar wet: a fluid flows through it.
    """

    __slots__ = ("_period", "_points", "_pulses", "offset", "wet")

    states = frozenset(each.state for each in PROBES)
    notifications = frozenset(each.notification for each in PROBES if each.notification)
    queries = frozenset(query for each in PROBES for query in each.queries)

    @classmethod
    def fits(cls, names: frozenset[str]) -> bool:
        return super().fits(names - {"TemperatureState"} if SETPOINT in names else names)

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self.offset = unit.dice.random()
        self.wet = any(
            unit.has(each) for each in ("FlowRateState", "FlowRateMeasurementNotification", "MultipleFlowRateState")
        )
        self._period = unit.dice.between(30.0, 90.0)
        self._points: list[tuple[Probe, int, Slot, Gauge, Wave]] = []
        self._pulses: list[tuple[Probe, NotificationType, Sequence[tuple[str, int, Gauge]], Sequence[Wave]]] = []
        for probe in PROBES:
            if probe.state == "TemperatureState" and unit.has(SETPOINT):
                continue
            if unit.has(probe.state):
                self._addState(probe)
            elif probe.notification in unit.plan.pulses:
                self._addPulse(probe)
        self._measure()

    def _addState(self, probe: Probe) -> None:
        unit = self.unit
        key, ids = probe.keys or ("", ("",))
        if probe.state == "PressureState" and unit.has("PressureMeasurementMNotification"):
            key, ids = _SENSORS
        telling = next((each for each in probe.notifications if unit.has(each)), None)
        if key == "sensorID":
            ids = declaredParam(unit.device, key, probe.state, telling) or unit.device.paramSet(key) or ids
        gauge = unit.gauge(unit.device.states[probe.state].quantity, probe.state, telling)
        for index, id in enumerate(ids):
            slot = unit.slot(probe.state, **({key: id} if key else {}))
            self._points.append((probe, index, slot, gauge, Wave(unit.dice, probe.noise)))

    def _addPulse(self, probe: Probe) -> None:
        """The device has the notification, but no state for it."""
        unit = self.unit
        kind = catalogue().notification(probe.notification)
        assert kind is not None
        axes = ("X", "Y", "Z")
        params = [
            (param.name, axes.index(param.name[-1].upper()) if len(kind.params) > 1 else 0, param.quantity)
            for param in kind.params
        ]
        self._pulses.append(
            (
                probe,
                kind,
                [(name, index, unit.gauge(quantity, None, kind.cls)) for name, index, quantity in params],
                [Wave(unit.dice, probe.noise) for _ in params],
            )
        )

    def wake(self) -> None:
        self.unit.after(self.unit.link.first(self.unit.dice, self._period), self._sample)

    def _sample(self) -> None:
        self._measure()
        self.unit.after(self._period, self._sample)

    def _measure(self) -> None:
        when = self.unit.now
        for probe, index, slot, gauge, wave in self._points:
            self.unit.put(slot, gauge.read(probe.at(self, wave.at(when), index, when)))
        for probe, kind, params, waves in self._pulses:
            self.unit.tell(
                kind.cls,
                **{
                    name: gauge.read(probe.at(self, wave.at(when), index, when))
                    for (name, index, gauge), wave in zip(params, waves, strict=True)
                },
            )

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return tuple(slot for probe, _, slot, _, _ in self._points if not query or query in probe.queries)

    def retold(self, query: str) -> tuple[str, ...]:
        return tuple(kind.cls for probe, kind, _, _ in self._pulses if query in probe.queries)
