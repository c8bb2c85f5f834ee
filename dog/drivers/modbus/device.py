"""A device on a Modbus line: its commands carried out, what is read told."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, inlineCallbacks
from zope.interface import implementer

from dog.drivers.modbus.codec import BadResponse, ModbusException
from dog.drivers.modbus.mapping import RegisterMap, Target, numberOf
from dog.drivers.modbus.protocol import Closed, Silent
from dog.drivers.modbus.registers import OutOfRange, Register
from dog.drivers.modbus.writing import Written
from dog.interfaces import IDeviceDriver, IDevicePort
from dog.model.command import Command, Outcome, Stage
from dog.model.refusal import Code
from dog.model.values import Reading, Seen, Slot, Value

if TYPE_CHECKING:
    from dog.drivers.modbus.link import ModbusLink


@implementer(IDeviceDriver)
class ModbusDevice:
    """@ivar gone: detached: nothing more is told.

    @ivar numbers: register -> what it held last.
    """

    def __init__(self, map: RegisterMap, port: IDevicePort, link: ModbusLink, interval: float) -> None:
        self.map = map
        self.port = port
        self.link = link
        self.interval = interval
        self.gone = False
        self.numbers: dict[Register, Decimal | None] = {}
        self._silent = False
        self._refusals: dict[Register, str] = {}

    # -- IDeviceDriver ------------------------------------------------------------------------------------

    def send(self, command: Command) -> Deferred[Outcome]:
        return self.link.command(Action(self, command))

    def refresh(self) -> None:
        self.link.hasten((self.map.device.id, each) for each in self.map.registers)

    # -- what the line says -------------------------------------------------------------------------------

    def read(self, numbers: Mapping[Register, Decimal | None]) -> None:
        """These registers were read."""
        for register in numbers:
            if self._refusals.pop(register, None):
                self.link.kit.log.info("{device}: a register can be read again", device=self.map.device.id)
        seen = self.take(numbers)
        if seen and not self.gone:
            self.port.observed(*seen)

    def take(self, numbers: Mapping[Register, Decimal | None], forced: bool = False) -> tuple[Seen, ...]:
        """What follows from registers whose contents are known now."""
        before = dict(self.numbers)
        self.numbers.update(numbers)
        readings = [self.reading(slot, value, forced) for slot, value in self.map.values(self.numbers, numbers)]
        return (*readings, *self.map.pulses(before, self.numbers))

    def reading(self, slot: Slot, value: Value, forced: bool = False) -> Reading:
        return Reading(slot, value, maxAge=max(30.0, 3 * self.interval), forced=forced)

    def refused(self, register: Register, error: ModbusException) -> None:
        """The unit won't give this register. Said in the log once; its values turn stale."""
        if self._refusals.get(register) != str(error):
            self._refusals[register] = str(error)
            self.link.kit.log.warn(
                "{device}: unit {unit} refuses {table} {address}: {error}",
                device=self.map.device.id,
                unit=register.unit,
                table=register.table.value,
                address=register.address,
                error=str(error),
            )

    def reachable(self, yes: bool, reason: str | None) -> None:
        if self._silent == yes and not self.gone:
            self._silent = not yes
            self.port.reachable(yes, None if yes else reason)


class Action:
    """One command on its way. It stands on the line from its first request to its last."""

    def __init__(self, device: ModbusDevice, command: Command) -> None:
        self.device = device
        self.command = command
        self.cancelled = False
        self._silence: tuple[int, Exception, float] | None = None

    def cancel(self) -> None:
        """Nobody waits any more; what has begun is finished, and what it shows is told."""
        self.cancelled = True

    def settle(self, outcome: Outcome, waiting: Deferred[Outcome]) -> None:
        if not self.cancelled:
            waiting.callback(outcome)
        elif outcome.seen and not self.device.gone:
            self.device.port.observed(*outcome.seen)
        # Only now: of what is said to be unreachable all commands fail, but this one may have happened.
        if self._silence is not None:
            self.device.link.unanswered(*self._silence)

    @inlineCallbacks
    def perform(self) -> Generator[Deferred[Any], Any, Outcome]:
        """Fires with the outcome."""
        device = self.device
        target = device.map.targets.get(self.command.name)
        try:
            if self.command.type.returns is not None:
                outcome = yield self._query()
            elif target is None:
                outcome = Outcome(
                    Stage.FAILED, Code.BUS_REFUSED.value, f"no register is described for {self.command.name!r}"
                )
            else:
                outcome = yield self._write(target)
        except OutOfRange as error:
            return Outcome(Stage.FAILED, Code.OUT_OF_RANGE.value, str(error))
        except ValueError as error:
            return Outcome(Stage.FAILED, Code.BAD_VALUE.value, str(error))
        except ModbusException as error:
            return self._failed(error)
        except (Silent, BadResponse, Closed) as error:
            return self._failed(error)
        assert isinstance(outcome, Outcome)
        return outcome

    def _failed(self, error: Exception) -> Outcome:
        if isinstance(error, ModbusException):
            code = Code.UNREACHABLE if error.code in (10, 11) else Code.BUS_REFUSED
            return Outcome(Stage.FAILED, code.value, str(error))
        if isinstance(error, Closed):
            return Outcome(Stage.UNKNOWN, Code.UNREACHABLE.value, "the connection ended meanwhile")
        return Outcome(Stage.UNKNOWN, Code.TIMEOUT.value, str(error))

    # -- reading ------------------------------------------------------------------------------------------

    @inlineCallbacks
    def _query(self) -> Generator[Deferred[Any], Any, Outcome]:
        device = self.device
        for block in device.link.blocksOf(device):
            error = yield device.link.poll(block, self.command.deadline)
            if error is not None:
                return self._failed(error)
        values = device.map.values(device.numbers, device.map.registers)
        return Outcome(Stage.CONFIRMED, seen=tuple(device.reading(slot, value, True) for slot, value in values))

    # -- writing ------------------------------------------------------------------------------------------

    @inlineCallbacks
    def _write(self, target: Target) -> Generator[Deferred[Any], Any, Outcome]:
        register, link = target.register, self.device.link
        began = link.kit.clock.seconds()
        number = target.raw
        if number is None and not target.step:
            number = numberOf(next(iter(self.command.args.values())), target.unit)
            register.encode(number)  # what has no room is refused before anything is sent
        try:
            if number is None:
                number = yield self._stepped(target)
            written = yield link.writer.write(register, number, *self._patience())
        except ModbusException as error:
            if error.code in (10, 11):
                self._silence = (register.unit, error, link.kit.clock.seconds() - began)
            else:
                link.answered(register.unit)
            raise
        except (Silent, BadResponse) as error:
            self._silence = (register.unit, error, link.kit.clock.seconds() - began)
            raise
        link.answered(register.unit)
        return Outcome(Stage.CONFIRMED, seen=self._proven(target, written))

    @inlineCallbacks
    def _stepped(self, target: Target) -> Generator[Deferred[Any], Any, Decimal]:
        """A step from what is there."""
        words = yield self.device.link.readOne(target.register, *self._patience())
        level = target.register.decode(words)
        if level is None:
            raise OutOfRange("what is there is no number")
        return min(Decimal(100), max(Decimal(0), level + target.step))

    def _patience(self) -> tuple[int, float]:
        return 1 + self.device.link.settings.retries, self.command.deadline

    def _proven(self, target: Target, done: Written) -> tuple[Seen, ...]:
        """What an acknowledged write proves; what it may have changed besides is read soon."""
        device, written = self.device, target.register
        same = [
            each
            for each in device.map.registers
            if (each.unit, each.table, each.address, each.count)
            == (written.unit, written.table, written.address, written.count)
            and (done.mask == 0xFFFF or (each.partial and each.mask & ~done.mask == 0))
        ]
        seen = list(device.take({each: each.decode(done.words) for each in same}, forced=False))
        for slot, value in target.assumed:
            if value is None:
                number = written.decode(done.words) or Decimal(0)
                value = int(number) if number == number.to_integral_value() else float(number)
            seen.append(device.reading(slot, value))
        others = [each for each in device.map.registers if each not in same]
        if others and not device.gone:
            device.link.hasten((device.map.device.id, each) for each in others)
        return tuple(seen)
