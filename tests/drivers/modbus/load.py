"""A home with 60 meters on one RTU line and 500 devices on TCP, on a hand-driven clock, with everything going wrong.

    python -m tests.drivers.modbus.load [--hours 10] [--seed 1]

All of the gateway but its doors is there: core, supervision, driver; the wires are in memory, and take the time that
bytes take at 115200 baud, 8E1. Prints what came of it as JSON.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

from twisted.internet.base import DelayedCall
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionLost, ConnectionRefusedError
from twisted.internet.interfaces import IProtocolFactory, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from dog.core.core import Applied, Core
from dog.drivers.modbus import driver
from dog.drivers.modbus.codec import Framing, Mbap, Rtu
from dog.home.diff import diff
from dog.interfaces import IKit
from dog.live.attachments import Attachments
from dog.live.drivers import collect
from dog.live.stepper import Stepper
from dog.model.device import Device
from dog.model.home import Home
from tests.drivers.modbus.slave import device, params, told

BYTE = 11 / 115200
#: Silence between frames above 19200 baud (MODBUS over Serial Line V1.02, 2.5.1.1).
SILENCE = 0.00175
#: Units behind one TCP connection.
PER_GATEWAY = 25


@implementer(IReactorTime)
class HeapClock:
    """C{twisted.internet.task.Clock} for many calls: it does not sort them all with each."""

    def __init__(self) -> None:
        self._now = 0.0
        self._numbers = count()
        self._heap: list[tuple[float, int, DelayedCall]] = []

    def seconds(self) -> float:
        return self._now

    def callLater(self, delay: float, callable: Any, *args: object, **kw: object) -> DelayedCall:
        later = DelayedCall(self._now + delay, callable, args, kw, lambda _: None, self._push, self.seconds)
        self._push(later)
        return later

    def _push(self, call: DelayedCall) -> None:
        heappush(self._heap, (call.getTime(), next(self._numbers), call))

    def getDelayedCalls(self) -> list[DelayedCall]:
        return [call for _, _, call in self._heap if call.active()]

    def run(self, seconds: float) -> None:
        until = self._now + seconds
        while self._heap and self._heap[0][0] <= until:
            due, _, call = heappop(self._heap)
            if not call.active():
                continue
            if call.getTime() > due:
                self._push(call)
                continue
            self._now = max(self._now, due)
            call.called = True
            call.func(*call.args, **call.kw)
        self._now = until


@dataclass
class Faults:
    """How often what goes wrong.

    @ivar refused, garbled: of all answers. @ivar dies, lost: seconds between, on one wire.
    @ivar dead: seconds for which a unit is dead, a wire gone.
    """

    refused: float = 0.002
    garbled: float = 0.002
    dies: float = 600.0
    lost: float = 1200.0
    dead: float = 240.0


@dataclass
class Wire:
    """One line with its units, as the transport of whoever is connected to it."""

    clock: HeapClock
    random: Random
    framing: Framing
    units: int
    faults: Faults | None
    protocol: Any = None
    down: bool = False
    dead: set[int] = field(default_factory=set)
    requests: int = 0
    #: Seconds in which requests, answers and the silence between them were on the line.
    talking: float = 0.0
    polls: Counter[int] = field(default_factory=Counter)
    #: Unit -> when it answered last; seconds between two answers, in tenths -> how often; unit -> the most.
    last: dict[int, float] = field(default_factory=dict)
    periods: Counter[int] = field(default_factory=Counter)
    longest: dict[int, float] = field(default_factory=dict)

    def begin(self) -> None:
        if self.faults is not None:
            self._later(self.faults.dies, self._die)
            self._later(self.faults.lost, self._lose)

    def _later(self, mean: float, call: Any, *args: Any) -> None:
        self.clock.callLater(self.random.uniform(0.5, 1.5) * mean, call, *args)

    def _die(self) -> None:
        assert self.faults is not None
        unit = self.random.randint(1, self.units)
        self.dead.add(unit)
        self._later(self.faults.dead, self._revive, unit)
        self._later(self.faults.dies, self._die)

    def _revive(self, unit: int) -> None:
        self.dead.discard(unit)
        self.last.pop(unit, None)

    def _lose(self) -> None:
        assert self.faults is not None
        self.down = True
        self.last.clear()
        protocol, self.protocol = self.protocol, None
        if protocol is not None:
            protocol.connectionLost(Failure(ConnectionLost()))
        self._later(30.0, self._plug)
        self._later(self.faults.lost, self._lose)

    def _plug(self) -> None:
        self.down = False

    # -- ITransport ---------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        self.requests += 1
        serial = isinstance(self.framing, Rtu)
        at, unit = (0, data[0]) if serial else (6, data[6])
        if unit in self.dead:
            return
        pdu = data[at + 1 : -2] if serial else data[at + 1 :]
        answer = self._answer(unit, pdu)
        frame = self.framing.encode(unit, answer, int.from_bytes(data[:2], "big"))
        sound = answer[0] < 0x80
        if self.faults is not None and self.random.random() < self.faults.garbled:
            frame, sound = frame[:-1] + bytes([frame[-1] ^ 0x55]) if serial else frame[:-1], False
        seconds = self.random.uniform(0.001, 0.003)
        if serial:
            seconds += BYTE * (len(data) + len(frame))
            self.talking += seconds + SILENCE
        self.clock.callLater(seconds, self._deliver, self.protocol, unit, frame, sound)

    def _answer(self, unit: int, pdu: bytes) -> bytes:
        if self.faults is not None and self.random.random() < self.faults.refused:
            return bytes([pdu[0] | 0x80, 6])
        size = int.from_bytes(pdu[3:5], "big")
        # What is measured changes now and then.
        value = (unit + int(self.clock.seconds() / 600)) % 100
        if pdu[0] in (1, 2):
            return bytes([pdu[0], (size + 7) // 8]) + bytes([value & 1] * ((size + 7) // 8))
        return bytes([pdu[0], 2 * size]) + value.to_bytes(2, "big") * size

    def _deliver(self, protocol: Any, unit: int, frame: bytes, sound: bool) -> None:
        if protocol is not self.protocol or protocol is None:
            return
        now = self.clock.seconds()
        if sound and unit not in self.dead:
            self.polls[unit] += 1
            if unit in self.last:
                period = now - self.last[unit]
                self.periods[round(10 * period)] += 1
                self.longest[unit] = max(self.longest.get(unit, 0.0), period)
            self.last[unit] = now
        protocol.dataReceived(frame)

    def loseConnection(self) -> None:
        protocol, self.protocol = self.protocol, None
        if protocol is not None:
            self.clock.callLater(0.0, protocol.connectionLost, Failure(ConnectionLost()))

    abortConnection = loseConnection


@implementer(IKit)
class LoadKit:
    def __init__(self, clock: HeapClock, wires: dict[str, Wire], key: Hashable, seed: int) -> None:
        self.clock = clock
        self.random = Random(f"{seed}/{key}")
        self.log = Logger(namespace="load")
        self._wires = wires

    def utcNow(self) -> datetime:
        return utcAt(self.clock)

    def connect(self, endpoint: str, factory: IProtocolFactory) -> Deferred[Any]:
        wire = self._wires[endpoint]
        if wire.down:
            return fail(ConnectionRefusedError())
        protocol: Any = factory.buildProtocol(None)  # type: ignore[arg-type]
        wire.protocol = protocol
        protocol.makeConnection(wire)
        return succeed(protocol)


def utcAt(clock: HeapClock) -> datetime:
    return datetime(2025, 1, 15, tzinfo=UTC) + timedelta(seconds=clock.seconds())


def meter(unit: int, gateway: str, interval: int) -> Device:
    """Nine numbers in 18 registers next to each other."""
    return device(
        f"{gateway}-{unit}",
        "ThreePhaseElectricityMeter",
        *(
            told(cls, first + 2 * n, "ir", dataSize="int32", phaseID=f"L{n + 1}", slaveId=unit)
            for first, cls in (
                (0, "ThreePhaseVoltageMeasurementNotification"),
                (6, "ThreePhaseCurrentMeasurementNotification"),
                (12, "ThreePhaseActivePowerMeasurementNotification"),
            )
            for n in range(3)
        ),
        pollingTimeMillis=interval,
    )


def small(unit: int, gateway: str, interval: int) -> Device:
    """A lamp or a thermometer."""
    if unit % 2:
        part, cls = told("StateChangeNotification", 0, "c", slaveId=unit), "SimpleLamp"
    else:
        part, cls = told("TemperatureMeasurementNotification", 100, "ir", slaveId=unit), "SingleTemperatureSensor"
    return device(f"{gateway}-{unit}", cls, part, pollingTimeMillis=interval)


class House:
    """All of it, running.

    @ivar wires: endpoint -> wire; the first is the RTU line.
    """

    def __init__(
        self,
        *,
        rtu: int,
        tcp: int,
        faults: Faults | None,
        interval: int = 5000,
        tcpInterval: int = 15_000,
        seed: int = 1,
    ) -> None:
        self.clock = HeapClock()
        self.core = Core("load", maxEvents=1000)
        self.stepper = Stepper(self.core, self.clock, lambda: utcAt(self.clock))
        self.wires: dict[str, Wire] = {}
        home: dict[str, Device] = {}
        random = Random(seed)

        def add(gateway: Device, devices: list[Device], framing: Framing) -> None:
            endpoint = driver.linkKey({}, gateway, devices[0])
            wire = Wire(self.clock, Random(random.random()), framing, len(devices), faults)
            self.wires[str(endpoint)] = wire
            home[gateway.id] = gateway
            for each in devices:
                home[each.id] = replace(each, gateway=gateway.id)

        if rtu:
            line = params(portName="/dev/ttyS9", protocolVariant="RTU", baudRate=115200)
            meters = [meter(unit, "rtu", interval) for unit in range(1, rtu + 1)]
            add(Device("rtu", "ModbusGateway", "Modbus", params=line), meters, Rtu())
        for n in range(tcp // PER_GATEWAY):
            own = params(IPAddress=f"192.0.2.{n + 1}")
            devices = [small(unit, f"tcp{n}", tcpInterval) for unit in range(1, PER_GATEWAY + 1)]
            add(Device(f"tcp{n}", "ModbusGateway", "Modbus", params=own), devices, Mbap())
        self.attachments = Attachments(
            self.stepper,
            collect([driver]),
            {"modbus": {}},
            lambda name, key: LoadKit(self.clock, self.wires, key, seed),
        )
        self.stepper.step(Applied(diff(self.core.home, Home(devices=home))))
        self.attachments.startService()
        for wire in self.wires.values():
            wire.begin()

    def run(self, seconds: float) -> None:
        self.clock.run(seconds)

    def report(self, wires: list[Wire]) -> dict[str, Any]:
        periods: Counter[int] = sum((each.periods for each in wires), Counter())
        ordered = sorted(periods)
        total, seen = periods.total(), 0
        found: dict[str, float] = {}
        for each in ordered:
            seen += periods[each]
            for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)):
                if seen >= share * total:
                    found.setdefault(name, each / 10)
        polls = [wire.polls[unit] for wire in wires for unit in range(1, wire.units + 1)]
        return {
            "requests": sum(each.requests for each in wires),
            "secondsBetweenReadings": {**found, "most": round(max(max(w.longest.values()) for w in wires), 1)},
            "readingsPerUnit": {"least": min(polls), "most": max(polls)},
        }


def objects() -> int:
    gc.collect()
    return len(gc.get_objects())


def rss() -> float:
    """MB."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


def saturated(dead: int, seconds: float = 120.0, before: float = 60.0) -> dict[str, Any]:
    """The RTU line when every meter is wanted again at once, the first units dead."""
    house = House(rtu=60, tcp=0, faults=None, interval=50)
    (wire,) = house.wires.values()
    wire.dead = set(range(1, dead + 1))
    house.run(before)
    earlier, talking = wire.polls.copy(), wire.talking
    house.run(seconds)
    others = [wire.polls[unit] - earlier[unit] for unit in range(dead + 1, 61)]
    return {
        "busy": round((wire.talking - talking) / seconds, 4),
        "readings": sum(others),
        "secondsBetweenReadings": round(seconds / (sum(others) / len(others)), 3),
        "leastToMost": [min(others), max(others)],
    }


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--hours", type=float, default=10.0)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    found: dict[str, Any] = {"saturated, units dead": {dead: saturated(dead) for dead in (0, 1, 2, 6)}}
    house = House(rtu=60, tcp=500, faults=Faults(), seed=given.seed)
    began = time.process_time()
    memory = []
    for _ in range(10):
        house.run(given.hours * 360)
        memory.append([round(house.clock.seconds() / 3600, 2), objects(), round(rss(), 1)])
        sys.stderr.write(f"{memory[-1]}\n")
    rtu, *tcp = house.wires.values()
    found |= {
        "hours": given.hours,
        "cpuSeconds": round(time.process_time() - began, 1),
        "rtu": house.report([rtu]) | {"busy": round(rtu.talking / house.clock.seconds(), 4)},
        "tcp": house.report(tcp),
        "hours, objects, MB": memory,
    }
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
