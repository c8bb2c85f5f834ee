"""How registers are written: by the functions that a unit takes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks

from dog.drivers.modbus import codec
from dog.drivers.modbus.codec import BadResponse, ModbusException, Request
from dog.drivers.modbus.protocol import Line, Silent
from dog.drivers.modbus.registers import Register

_ILLEGAL_FUNCTION = 1


@dataclass(frozen=True)
class Written:
    """What a unit has acknowledged: these registers (or the one bit); of C{words[0]} only the bits in C{mask}."""

    words: list[int]
    mask: int = 0xFFFF


class Writer:
    """Writes on a line, and remembers which functions a unit has refused (exception 1) until the line is replaced.

    One coil: function 5, else 15. One register: 6, else 16. More: 16. A part of a register: 22, which changes it in
    one go, else what is there is read, modified and written.
    """

    def __init__(self, line: Line, read: Callable[[Register, int, float], Deferred[list[int]]]) -> None:
        """
        @param read: what is in a register: register, attempts, deadline.
        """
        self._line = line
        self._read = read
        self._refused: set[tuple[int, int]] = set()

    @inlineCallbacks
    def write(
        self, register: Register, number: Decimal, attempts: int, until: float
    ) -> Generator[Deferred[Any], Any, Written]:
        """Fires with what has been acknowledged. Fails as L{Line.transact}, and with OutOfRange.

        @param attempts: per request. @param until: no request that could not be answered before.
        """
        mute = False
        if not register.partial:
            words = register.encode(number)
        else:
            if (register.unit, codec.MASK_WRITE) not in self._refused:
                word, mask = register.encode(number)[0], register.mask
                request = codec.maskWrite(register.address, 0xFFFF & ~mask, word & mask)
                try:
                    yield self._transact(register, request, 1, until)
                    return Written([word & mask], mask)
                except ModbusException as error:
                    if error.code != _ILLEGAL_FUNCTION:
                        raise
                    self._refused.add((register.unit, codec.MASK_WRITE))
                except (Silent, BadResponse):
                    mute = True  # there are units that do not answer to what they do not know
            current = yield self._read(register, max(1, attempts - mute), until)
            if mute:
                self._refused.add((register.unit, codec.MASK_WRITE))
            words = register.encode(number, current[0])
        yield self._whole(register, words, attempts, until)
        return Written(words)

    @inlineCallbacks
    def _whole(
        self, register: Register, words: list[int], attempts: int, until: float
    ) -> Generator[Deferred[Any], Any, None]:
        if register.table.bits:
            single = codec.writeCoil(register.address, bool(words[0]))
            several = codec.writeCoils(register.address, [bool(words[0])])
        else:
            single = codec.writeRegister(register.address, words[0])
            several = codec.writeRegisters(register.address, words)
        if len(words) == 1 and (register.unit, single.function) not in self._refused:
            try:
                yield self._transact(register, single, attempts, until)
                return
            except ModbusException as error:
                if error.code != _ILLEGAL_FUNCTION:
                    raise
                self._refused.add((register.unit, single.function))
        yield self._transact(register, several, attempts, until)

    def _transact(self, register: Register, request: Request, attempts: int, until: float) -> Deferred[None]:
        return self._line.transact(
            register.unit, request, codec.written, attempts, until, register.timeout, register.gap
        )
