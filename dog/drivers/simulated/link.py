"""The one link of a simulated home: its clock, its weather, and the devices that know each other through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from dog.drivers.simulated.behaviour import Args
from dog.drivers.simulated.device import SimulatedDevice
from dog.drivers.simulated.dice import Dice
from dog.drivers.simulated.plan import planOf
from dog.drivers.simulated.timers import Timer, Timers
from dog.drivers.simulated.world import Room, World
from dog.interfaces import IDevicePort, IKit, ILink, ILinkPort, Unsupported
from dog.model.command import Outcome, Stage
from dog.model.device import Device
from dog.model.refusal import Code

if TYPE_CHECKING:
    from dog.drivers.simulated.meters import Electricity

#: Devices that report for the first time together, and seconds until the next lot.
_LOT, _PAUSE = 50, 0.02


@implementer(ILink)
class SimulatedLink:
    """Every simulated device of a home is on one link, so that a meter sees what is plugged into it.

    @ivar seed: from the kit's random; with a device's id it makes the device's own stream of chance.
    @ivar latency: seconds from a command to its answer.
    @ivar watts: what all devices draw together. @ivar joules: what they have drawn.
    """

    def __init__(self, settings: Mapping[str, Any], port: ILinkPort, kit: IKit) -> None:
        self.port = port
        self.latency = float(settings.get("latency", 0))
        self.seed: int = kit.random.getrandbits(64)
        self.world = World(self.seed)
        self.timers = Timers(kit.clock)
        self.running = False
        self.units: dict[str, SimulatedDevice] = {}
        self.watts = 0.0
        self._joules = 0.0
        self._metered = 0.0
        self._kit = kit
        self._rooms: dict[str, Room] = {}
        self._feeds: dict[str, list[str]] = {}
        self._through: dict[str, list[str]] = {}
        self._pending: dict[Deferred[Outcome], Timer] = {}

    # -- ILink ------------------------------------------------------------------------------------

    def start(self) -> Deferred[None]:
        self.running = True
        self._metered = self.now()
        for index, unit in enumerate(self.units.values()):
            self._wakeSoon(unit, index // _LOT * _PAUSE)
        return succeed(None)

    def stop(self) -> Deferred[None]:
        self.running = False
        self.timers.clear()
        for unit in self.units.values():
            unit.live = False
        self.units.clear()
        pending, self._pending = self._pending, {}
        for deferred in pending:
            deferred.callback(Outcome(Stage.FAILED, Code.UNREACHABLE.value, "the simulation was stopped"))
        return succeed(None)

    def attach(self, device: Device, port: IDevicePort) -> SimulatedDevice:
        if device.type is None:
            raise Unsupported(f"unknown device class {device.cls}")
        self.detach(device.id)
        unit = SimulatedDevice(self, device, port, planOf(device))
        self.units[device.id] = unit
        self._wire(device)
        if self.running:
            self._wakeSoon(unit, 0.0)
        return unit

    def detach(self, deviceId: str) -> None:
        unit = self.units.get(deviceId)
        if unit is not None:
            self.drawing(unit, 0.0, 0.0)
            del self.units[deviceId]
            self._unwire(unit.device)
            unit.live = False

    def _wakeSoon(self, unit: SimulatedDevice, seconds: float) -> None:
        self.timers.after(seconds, lambda: self.rouse(unit))

    def rouse(self, unit: SimulatedDevice) -> None:
        """Wake a device that sleeps since the start, if it is here: its turn has come, or a command has."""
        if self.running and not unit.live and self.units.get(unit.id) is unit:
            unit.wake()

    # -- what devices share -----------------------------------------------------------------------

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        when: float = self._kit.utcNow().timestamp()
        return when

    def seconds(self) -> float:
        """Monotonic seconds, in which timers are due."""
        return self._kit.clock.seconds()

    def first(self, dice: Dice, longest: float) -> float:
        """Seconds to the first event of a device: soon in a small home, spread out in a large one."""
        return dice.between(0.5, min(longest, max(8.0, len(self.units) / 50.0)))

    def room(self, name: str) -> Room:
        found = self._rooms.get(name)
        if found is None:
            found = self._rooms[name] = Room(self.world, Dice(self.seed, f"room {name}"), self.now())
        return found

    def later(self, call: Callable[[], Outcome]) -> Deferred[Outcome]:
        """Answer with what C{call} says, one latency from now; FAILED if the link is stopped before."""
        deferred: Deferred[Outcome] = Deferred(lambda cancelled: self._pending.pop(cancelled).cancel())

        def answer() -> None:
            del self._pending[deferred]
            deferred.callback(call())

        self._pending[deferred] = self.timers.after(self.latency, answer)
        return deferred

    def operate(self, id: str, command: str, args: Args) -> None:
        """A device acts on another one, a tenth of a second later; on one that is not here it has no effect."""

        def act() -> None:
            target = self.units.get(id)
            if target is not None:
                target.run(target.operate, command, args)

        self.timers.after(0.1, act)

    # -- electricity ------------------------------------------------------------------------------

    def drawing(self, unit: SimulatedDevice, watts: float, gate: float) -> None:
        """From now on C{unit} draws that much itself, and lets through that share of what is plugged into it."""
        meters = self._metersOf(unit)
        for meter in meters:
            meter.integrate()
        self.joules()
        self.watts += watts - unit.watts
        unit.watts = watts
        unit.gate = gate
        for meter in meters:
            meter.poke()

    def joules(self) -> float:
        """What all devices together have drawn so far."""
        now = self.now()
        self._joules += self.watts * (now - self._metered)
        self._metered = now
        return self._joules

    def flow(self, unit: SimulatedDevice, above: tuple[str, ...] = ()) -> float:
        """Watts that go through a device: what it draws itself, or what is plugged into it or metered by it."""
        fed = [each for each in self.feeds(unit.id) if each.id not in above]
        if not fed:
            return unit.watts
        return unit.gate * sum(self.flow(each, (*above, unit.id)) for each in fed)

    def feeds(self, id: str) -> list[SimulatedDevice]:
        """The devices whose power goes through the device C{id}: plugged into it, or metered by it."""
        return [self.units[each] for each in dict.fromkeys(self._feeds.get(id, ())) if each in self.units]

    def _metersOf(self, unit: SimulatedDevice) -> list[Electricity]:
        """The meters that see a change of this device: its own, and those its power goes through."""
        found: list[Electricity] = []
        pending, seen = [unit.id], set()
        while pending:
            id = pending.pop()
            if id not in seen and id in self.units:
                seen.add(id)
                meter = self.units[id].meter
                if meter is not None:
                    found.append(meter)
                pending += self._through.get(id, ())
        return found

    def _wire(self, device: Device) -> None:
        for upper, lower in _wires(device):
            self._feeds.setdefault(upper, []).append(lower)
            self._through.setdefault(lower, []).append(upper)

    def _unwire(self, device: Device) -> None:
        for upper, lower in _wires(device):
            self._feeds[upper].remove(lower)
            self._through[lower].remove(upper)


def _wires(device: Device) -> list[tuple[str, str]]:
    """What a device says about where power goes: (what it goes through, what it goes to)."""
    found = [(each, device.id) for each in (device.pluggedIn, device.hasMeter) if each]
    found += ((device.id, each) for each in device.meterOf)
    return [pair for pair in dict.fromkeys(found) if pair[0] != pair[1]]
