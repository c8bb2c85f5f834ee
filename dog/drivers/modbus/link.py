"""A Modbus line with its devices: polls by plan, commands ahead of polls, units that fall silent."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Hashable, Iterable
from decimal import Decimal
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure
from zope.interface import implementer

from dog.drivers.link import Wire, placeOf
from dog.drivers.modbus import codec
from dog.drivers.modbus.codec import BadResponse, ModbusException, Request
from dog.drivers.modbus.device import Action, ModbusDevice
from dog.drivers.modbus.gateway import LineSettings, blocksOf, intervalOf
from dog.drivers.modbus.mapper import mapOf
from dog.drivers.modbus.protocol import Closed, Line, Silent
from dog.drivers.modbus.registers import BadRegister, Register, Table
from dog.drivers.modbus.writing import Writer
from dog.drivers.poll import Block, Plan, Wanted
from dog.interfaces import IDevicePort, IKit, ILink, ILinkPort, LinkFailed, Unsupported
from dog.model.command import Outcome, Stage
from dog.model.device import Device
from dog.model.refusal import Code

#: Exceptions by which a gateway in between says that the unit did not answer it.
_BEHIND = (10, 11)

#: Commands in a row before a poll has its turn.
_AHEAD = 8

#: A network connection on which so many requests in a row and so many seconds went by without any answer is dead.
_MUTE, _MUTE_SECONDS = 5, 10.0

#: The same where nothing was ever heard on it: rather the units are, and another connection would not help.
_NEVER_HEARD_SECONDS = 300.0

#: For so long the first answer is waited for where being connected shows nothing.
_PROOF_SECONDS = 10.0


@implementer(ILink)
class ModbusLink:
    """One line. Everything that is sent goes through L{_pump}, one job at a time."""

    def __init__(self, settings: LineSettings, port: ILinkPort, kit: IKit) -> None:
        self.settings = settings
        self.kit = kit
        self._port = port
        self._wire = Wire(kit, settings.endpoint, self._heard, self._lost)
        self.line = Line(kit, settings.framing, settings.timing, self._wire.write)
        self.writer = Writer(self.line, self.readOne)
        words, bits = (8, 64) if settings.maxGap is None else (settings.maxGap, settings.maxGap)
        self._plan = Plan(
            {each: codec.MAX_BITS if each.bits else codec.MAX_REGISTERS for each in Table},
            {each: bits if each.bits else words for each in Table},
        )
        self._devices: dict[str, ModbusDevice] = {}
        self._jobs: deque[Callable[[], Deferred[Any]]] = deque()
        self._ahead = 0
        self._busy = False
        self._running = False
        self._stopped = False
        self._mute = 0
        self._everHeard = False
        self._identified: set[int] = set()
        self._timer: IDelayedCall | None = None
        self._proof: Deferred[None] | None = None
        self._proofTimer: IDelayedCall | None = None

    # -- ILink --------------------------------------------------------------------------------------------

    def start(self) -> Deferred[None]:
        return self._wire.open().addCallback(self._opened)

    def _opened(self, _: None) -> Deferred[None] | None:
        self._running = True
        self.line.heardAt = self.kit.clock.seconds()
        self._wake(0.0)
        if self.settings.connected or not self._plan.blocks:
            return None
        self._proof = Deferred(lambda _: self._unproven(LinkFailed("closed", "closed while it was being opened")))
        nobody = LinkFailed("timeout", f"{placeOf(self.settings.endpoint)} does not answer")
        self._proofTimer = self.kit.clock.callLater(_PROOF_SECONDS, self._unproven, nobody)
        return self._proof

    def _proven(self) -> None:
        """Somebody is there."""
        proof = self._endProof()
        if proof is not None:
            proof.callback(None)
            for unit in {each for device in self._devices.values() for each in device.map.units}:
                self._tell(unit, f"unit {unit} does not answer")

    def _unproven(self, why: LinkFailed) -> None:
        proof = self._endProof()
        if proof is not None:
            proof.errback(why)

    def _endProof(self) -> Deferred[None] | None:
        proof, self._proof = self._proof, None
        timer, self._proofTimer = self._proofTimer, None
        if timer is not None and timer.active():
            timer.cancel()
        return proof

    def stop(self) -> Deferred[None]:
        self._stopped = True
        self._end()
        return self._wire.close()

    def _end(self) -> None:
        self._running = False
        self._stopTimer()
        self._unproven(LinkFailed("closed", "closed while it was being opened"))
        self.line.close()
        jobs, self._jobs = self._jobs, deque()
        for job in jobs:  # each finds the line closed, and says so
            job()

    def attach(self, device: Device, port: IDevicePort) -> ModbusDevice:
        found = mapOf(device)
        try:
            interval, alone = intervalOf(device, self.settings.interval), not blocksOf(device)
        except BadRegister as error:
            raise Unsupported(str(error)) from None
        if not device.cls.endswith("Gateway") and not found.sources and not found.targets:
            raise Unsupported("; ".join(found.problems) or "none of its commands and notifications has a register")
        self.detach(device.id)
        attached = ModbusDevice(found, port, self, interval)
        self._devices[device.id] = attached
        wanted = [
            Wanted((device.id, each), each.unit, each.table, each.address, each.count, interval, alone)
            for each in found.registers
        ]
        self._plan.add(wanted, self.kit.clock.seconds())
        self.pump()
        return attached

    def detach(self, deviceId: str) -> None:
        found = self._devices.pop(deviceId, None)
        if found is not None:
            found.gone = True
            self._plan.remove([(deviceId, each) for each in found.map.registers], self.kit.clock.seconds())

    # -- the wire -----------------------------------------------------------------------------------------

    def _heard(self, data: bytes) -> None:
        self.line.heard(data)

    def _lost(self, reason: LinkFailed) -> None:
        if self._proof is not None:
            self._unproven(reason)
        elif not self._stopped:
            self._end()
            self._port.lost(reason)

    # -- jobs ---------------------------------------------------------------------------------------------

    def hasten(self, registers: Iterable[tuple[str, Register]]) -> None:
        """Read these as soon as possible."""
        self._plan.hasten(registers, self.kit.clock.seconds())
        self.pump()

    def command(self, action: Action) -> Deferred[Outcome]:
        """Carry it out before the next poll. A cancelled one that has not begun is left out."""
        if self._stopped or not self._running:
            return succeed(Outcome(Stage.FAILED, Code.UNREACHABLE.value, "the line is not connected"))
        outcome: Deferred[Outcome] = Deferred(lambda _: action.cancel())

        def job() -> Deferred[None]:
            if action.cancelled:
                return succeed(None)
            if self._stopped or not self._running:
                outcome.callback(Outcome(Stage.FAILED, Code.UNREACHABLE.value, "the line is not connected"))
                return succeed(None)
            return action.perform().addCallback(action.settle, outcome)

        self._jobs.append(job)
        self.pump()
        return outcome

    def pump(self) -> None:
        """Do what is to be done next, unless the line is busy."""
        if self._busy or not self._running:
            return
        self._stopTimer()
        now = self.kit.clock.seconds()
        block = self._plan.next(now)
        if self._jobs and (self._ahead < _AHEAD or block is None):
            self._ahead += 1
            self._run(self._jobs.popleft())
        elif block is not None:
            self._ahead = 0
            self._run(lambda: self.poll(block))
        else:
            wake = self._plan.wakeAt()
            if wake is not None:
                self._wake(wake - now)

    def _run(self, job: Callable[[], Deferred[Any]]) -> None:
        self._busy = True
        job().addBoth(self._done)

    def _done(self, result: object) -> None:
        self._busy = False
        if isinstance(result, Failure):
            self.kit.log.failure("Modbus line {endpoint} failed", result, endpoint=self.settings.endpoint)
        # From a timer, so that a line that answers at once does not pile up calls.
        if self._running:
            self._wake(0.0)

    def _wake(self, seconds: float) -> None:
        self._stopTimer()
        self._timer = self.kit.clock.callLater(max(0.0, seconds), self._woken)

    def _woken(self) -> None:
        self._timer = None
        self.pump()

    def _stopTimer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    # -- polling ------------------------------------------------------------------------------------------

    def blocksOf(self, device: ModbusDevice) -> list[Block]:
        """The blocks in which its registers are."""
        id = device.map.device.id
        return [block for block in self._plan.blocks if any(_owner(each.id)[0] == id for each in block.items)]

    @inlineCallbacks
    def poll(self, block: Block, until: float | None = None) -> Generator[Deferred[Any], Any, Exception | None]:
        """Read a block and tell the devices. Fires with None, or with why it could not be read."""
        unit = _unit(block)
        began = self.kit.clock.seconds()
        attempts = 1 if self._plan.isSilent(unit) else 1 + min(1, self.settings.retries)
        table = next(each for each in Table if each == block.table)
        registers = [_owner(each.id)[1] for each in block.items]
        try:
            words = yield self.read(unit, table, block.address, block.count, registers, attempts, until)
        except ModbusException as error:
            now = self.kit.clock.seconds()
            if error.code in _BEHIND:
                self.unanswered(unit, error, now - began)
            else:
                self.answered(unit)
                self._plan.read(block, now)
                self._refused(block, error, now)
            return error
        except (Silent, BadResponse) as error:
            self.unanswered(unit, error, self.kit.clock.seconds() - began)
            return error
        except Closed as error:
            return error
        self.answered(unit)
        self._plan.read(block, self.kit.clock.seconds())
        told: dict[str, dict[Register, Decimal | None]] = {}
        for id, register in (_owner(each.id) for each in block.items):
            offset = register.address - block.address
            told.setdefault(id, {})[register] = register.decode(words[offset : offset + register.count])
        for id, numbers in told.items():
            if id in self._devices:
                self._devices[id].read(numbers)
        return None

    def read(
        self,
        unit: int,
        table: Table,
        address: int,
        count: int,
        registers: Iterable[Register] = (),
        attempts: int = 1,
        until: float | None = None,
    ) -> Deferred[list[int]]:
        """What is there: registers, or bits as 0 and 1. Fails as L{Line.transact}."""
        make: Callable[[int, int, int], Request] = codec.readBits if table.bits else codec.readRegisters
        parse: Callable[[Request, bytes], list[Any]] = codec.bits if table.bits else codec.registers
        timeouts = [each.timeout for each in registers if each.timeout is not None]
        gaps = [each.gap for each in registers if each.gap is not None]
        request = make(table.function, address, count)
        return self.line.transact(
            unit, request, parse, attempts, until, max(timeouts, default=None), max(gaps, default=None)
        )

    def readOne(self, register: Register, attempts: int, until: float) -> Deferred[list[int]]:
        """What is in this register. Fails as L{Line.transact}."""
        return self.read(register.unit, register.table, register.address, register.count, [register], attempts, until)

    def _refused(self, block: Block, error: ModbusException, now: float) -> None:
        """A whole that can't be read may be readable in parts; a part that can't is told, once."""
        if len({(each.address, each.count) for each in block.items}) > 1:
            self._plan.separate(block, now)
            return
        for id, register in (_owner(each.id) for each in block.items):
            if id in self._devices:
                self._devices[id].refused(register, error)

    # -- silence ------------------------------------------------------------------------------------------

    def answered(self, unit: int) -> None:
        """The unit answers."""
        self._mute = 0
        self._everHeard = True
        if self.settings.identify and unit not in self._identified:
            self._identified.add(unit)
            self._jobs.append(lambda: self._identify(unit))
        self._proven()
        if self._plan.answered(unit, self.kit.clock.seconds()):
            self.kit.log.info("Modbus unit {unit} answers again", unit=unit)
            self._tell(unit, None)

    @inlineCallbacks
    def _identify(self, unit: int) -> Generator[Deferred[Any], Any, None]:
        try:
            objects = yield self.line.identify(unit)
        except (ModbusException, Silent, BadResponse, Closed) as error:
            self.kit.log.info("Modbus unit {unit} does not say what it is: {why}", unit=unit, why=str(error))
            return
        said = " ".join(objects[each].decode("latin-1") for each in sorted(objects))
        # Whatever it says, it says in one line.
        said = "".join(each if each.isprintable() else "?" for each in said)
        self.kit.log.info("Modbus unit {unit} is {said}", unit=unit, said=said)

    def unanswered(self, unit: int, why: Exception, seconds: float) -> None:
        """The unit did not answer, which took that long."""
        now = self.kit.clock.seconds()
        if self._plan.failed(unit, now, seconds):
            self.kit.log.warn("Modbus unit {unit} does not answer: {why}", unit=unit, why=str(why))
        self._tell(unit, f"unit {unit} does not answer: {why}")
        if isinstance(why, ModbusException):
            self._mute = 0
            self._proven()
            return
        self._mute += 1
        patience = _MUTE_SECONDS if self._everHeard else _NEVER_HEARD_SECONDS
        if self.settings.network and self._mute >= _MUTE and now - self.line.heardAt >= patience:
            self._wire.close()
            self._lost(LinkFailed("timeout", f"no answer for {now - self.line.heardAt:.0f} s"))

    def _tell(self, unit: int, reason: str | None) -> None:
        if self._proof is not None:
            return
        for device in self._devices.values():
            if unit in device.map.units:
                silent = all(self._plan.isSilent(each) for each in device.map.units)
                device.reachable(not silent, reason)


def _owner(id: Hashable) -> tuple[str, Register]:
    assert isinstance(id, tuple)
    return id


def _unit(block: Block) -> int:
    assert isinstance(block.unit, int)
    return block.unit
