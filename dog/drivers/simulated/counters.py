"""What meters count up: gas, water, heat. They never run backwards."""

from __future__ import annotations

from dataclasses import dataclass

from dog.drivers.simulated.behaviour import Behaviour
from dog.drivers.simulated.device import SimulatedDevice
from dog.drivers.simulated.gauge import Gauge, declaredParam
from dog.model.values import Slot


@dataclass(frozen=True)
class Count:
    """How one state is counted.

    @ivar rate: units of the catalogue per hour while people are about.
    @ivar start: what the meter shows at first, at most.
    @ivar sensors: it has several, told apart by C{sensorID}.
    """

    state: str
    notification: str
    query: str
    rate: float
    start: float
    sensors: bool = False


COUNTS = (
    Count("GasMeasurementState", "GasM3MeasurementNotification", "GetConsumedM3Gas", 0.8, 4000.0),
    Count("WaterMeasurementState", "ColdWaterM3MeasurementNotification", "GetColdWaterM3Command", 0.03, 900.0),
    Count("EnergyMeasurementState", "HeatingEnergyMeasurementNotification", "GetHeatingEnergyCommand", 2.5, 20000.0),
    Count(
        "HeatingEnergyMeasurementState", "HeatingEnergyMeasurementNotification", "GetHeatingEnergyCommand", 2.5, 9e3
    ),
    Count(
        "MultipleEnergyMeasurementState",
        "MultipleEnergyMeasurementNotification",
        "GetMultipleEnergyCommand",
        2.5,
        20000.0,
        True,
    ),
    Count(
        "MultipleWaterVolumeMeasurementState",
        "WaterVolumeMeasurementMNotification",
        "GetSubstanceVolumeMCommand",
        0.4,
        3000.0,
        True,
    ),
)

#: A water meter has one state, for cold water; the hot water is told without one.
_HOT = "HotWaterM3MeasurementNotification"


class Counter(Behaviour):
    """Counts what flows, and tells the sum every few minutes."""

    __slots__ = ("_counting", "_period", "_since")

    states = frozenset(each.state for each in COUNTS)
    notifications = frozenset({_HOT})
    queries = frozenset(each.query for each in COUNTS)

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self._period = unit.dice.between(90.0, 240.0)
        self._since = unit.now
        self._counting: list[tuple[Count, Slot | None, Gauge, list[float]]] = []
        for count in COUNTS:
            if not unit.has(count.state):
                continue
            ids: tuple[str, ...] = ("",)
            if count.sensors:
                declared = declaredParam(unit.device, "sensorID", count.state, count.notification)
                ids = declared or unit.device.paramSet("sensorID") or ("1", "2")
            gauge = unit.gauge(unit.device.states[count.state].quantity, count.state, count.notification)
            for id in ids:
                slot = unit.slot(count.state, **({"sensorID": id} if id else {}))
                self._counting.append((count, slot, gauge, [unit.dice.between(0.1, 1.0) * count.start]))
            if count.state == "WaterMeasurementState" and _HOT in unit.plan.pulses:
                hot = unit.gauge("water_volume", None, _HOT)
                self._counting.append((count, None, hot, [unit.dice.between(0.05, 0.4) * count.start]))
        self._show()

    def wake(self) -> None:
        self.unit.after(self.unit.link.first(self.unit.dice, self._period), self._count)

    def _count(self) -> None:
        hours = max(0.0, self.unit.now - self._since) / 3600.0
        self._since = self.unit.now
        bustle = self.unit.link.world.bustle(self.unit.now)
        for count, _, _, total in self._counting:
            total[0] += hours * count.rate * bustle * self.unit.dice.between(0.0, 2.0)
        self._show()
        self.unit.after(self._period, self._count)

    def _show(self) -> None:
        for _, slot, gauge, total in self._counting:
            if slot is not None:
                self.unit.put(slot, gauge.read(total[0]))
            else:
                self.unit.tell(_HOT, m3OfHotWater=gauge.read(total[0]))

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return tuple(
            slot for count, slot, _, _ in self._counting if slot is not None and (not query or query == count.query)
        )


class HotWater(Behaviour):
    """Asked for its hot water, a water meter tells it again."""

    __slots__ = ()

    notifications = frozenset({_HOT})
    queries = frozenset({"GetHotWaterM3Command"})
