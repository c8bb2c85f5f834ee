"""A Modbus unit in memory at the other end of a fake connection, and devices to put in front of it."""

from __future__ import annotations

from collections.abc import Callable

from dog.drivers.modbus.codec import Framing, Mbap, crc16, packBits
from dog.model.device import (
    Command,
    ConfigParam,
    ControlFunctionality,
    Device,
    Notification,
    NotificationFunctionality,
)
from dog.testing.links import FakeKit

ENDPOINT = "tcp:192.0.2.7:502:timeout=5"


def params(**named: object) -> tuple[ConfigParam, ...]:
    return tuple(ConfigParam(name, str(value)) for name, value in named.items())


def gateway(**named: object) -> Device:
    return Device("gw", "ModbusGateway", "Modbus", params=params(**{"IPAddress": "192.0.2.7", **named}))


def told(cls: str, address: int, type: str = "hr", **named: object) -> NotificationFunctionality:
    """A notification functionality with one notification and its register."""
    own = params(registerAddress=address, registerType=type, **{"slaveId": 1, **named})
    return NotificationFunctionality("SomeFunctionality", (Notification(cls, params=own),))


def commanded(name: str, address: int | None = None, type: str = "hr", **named: object) -> ControlFunctionality:
    own: dict[str, object] = {"realCommandName": name}
    if address is not None:
        own |= {"registerAddress": address, "registerType": type, "slaveId": 1}
    return ControlFunctionality("SomeFunctionality", (Command("SomeCommand", params=params(**own | named)),))


def device(
    id: str,
    cls: str,
    *parts: NotificationFunctionality | ControlFunctionality,
    system: str = "Modbus",
    **named: object,
) -> Device:
    return Device(
        id,
        cls,
        system,
        "gw",
        params=params(**named),
        controlFunctionalities=tuple(each for each in parts if isinstance(each, ControlFunctionality)),
        notificationFunctionalities=tuple(each for each in parts if isinstance(each, NotificationFunctionality)),
    )


LAMP = device("lamp", "SimpleLamp", commanded("on"), commanded("off"), told("StateChangeNotification", 0, "c"))
THERMOMETER = device(
    "thermometer",
    "SingleTemperatureSensor",
    told("TemperatureMeasurementNotification", 100, "ir", scaleFactor="0.1", unitOfMeasure="C"),
)


class Slave:
    """Units with all their memory. What is not in a table does not exist (exception 2).

    @ivar requests: (unit, PDU) of everything that was asked.
    @ivar deaf: units that do not answer. @ivar deafTo: function codes that no unit answers.
    @ivar refusing: function code -> exception code.
    @ivar corrupt: changes the bytes of an answer. @ivar identity: objects by which it is known, one in each answer.
    """

    def __init__(self) -> None:
        self.bits: dict[tuple[int, str, int], bool] = {}
        self.words: dict[tuple[int, str, int], int] = {}
        self.requests: list[tuple[int, bytes]] = []
        self.deaf: set[int] = set()
        self.deafTo: set[int] = set()
        self.refusing: dict[int, int] = {}
        self.identity: dict[int, bytes] = {}
        self.corrupt: Callable[[bytes], bytes] = lambda data: data

    def hold(self, table: str, address: int, *values: int, unit: int = 1) -> None:
        for offset, value in enumerate(values):
            if table in ("c", "di"):
                self.bits[unit, table, address + offset] = bool(value)
            else:
                self.words[unit, table, address + offset] = value & 0xFFFF

    def word(self, address: int, table: str = "hr", unit: int = 1) -> int:
        return self.words[unit, table, address]

    def answer(self, unit: int, pdu: bytes) -> bytes | None:
        self.requests.append((unit, pdu))
        if unit in self.deaf or pdu[0] in self.deafTo:
            return None
        if pdu[0] in self.refusing:
            return bytes([pdu[0] | 0x80, self.refusing[pdu[0]]])
        try:
            return self._answer(unit, pdu)
        except KeyError:
            return bytes([pdu[0] | 0x80, 2])

    def _answer(self, unit: int, pdu: bytes) -> bytes:
        if pdu[0] == 43 and self.identity:
            first = pdu[3]
            text, more = self.identity[first], first + 1 in self.identity
            head = bytes([43, 14, pdu[2], 1, 0xFF if more else 0, first + 1 if more else 0, 1])
            return head + bytes([first, len(text)]) + text
        function, address, count = pdu[0], int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
        span = range(address, address + count)
        if function in (1, 2):
            packed = packBits([self.bits[unit, "c" if function == 1 else "di", each] for each in span])
            return bytes([function, len(packed)]) + packed
        if function in (3, 4):
            found = [self.words[unit, "hr" if function == 3 else "ir", each].to_bytes(2, "big") for each in span]
            return bytes([function, 2 * count]) + b"".join(found)
        if function == 5:
            self.bits[unit, "c", address] = {0xFF00: True, 0: False}[count]
        elif function == 6:
            if (unit, "hr", address) not in self.words:
                raise KeyError(address)
            self.words[unit, "hr", address] = count
        elif function == 15:
            for offset in range(count):
                self.bits[unit, "c", address + offset] = bool(pdu[6 + offset // 8] >> offset % 8 & 1)
        elif function == 16:
            for offset in range(count):
                self.words[unit, "hr", address + offset] = int.from_bytes(pdu[6 + 2 * offset : 8 + 2 * offset], "big")
        elif function == 22:
            keep, put = count, int.from_bytes(pdu[5:7], "big")
            self.words[unit, "hr", address] = self.words[unit, "hr", address] & keep | put & ~keep & 0xFFFF
            return pdu
        else:
            return bytes([function | 0x80, 1])
        return pdu[:5]


class SlaveKit(FakeKit):
    """A kit behind whose connections a slave answers whenever time passes.

    @ivar times: when it was asked something.
    """

    def __init__(self, slave: Slave, endpoint: str = ENDPOINT, framing: Framing | None = None) -> None:
        super().__init__()
        self.slave = slave
        self.framing = framing or Mbap()
        self.times: list[float] = []
        self.accept(endpoint)

    def serve(self) -> None:
        """Answer what has been asked, and what is asked upon that."""
        for connection in self.connections:
            while connection.transport.value() and not connection.transport.disconnecting:
                data = connection.transport.value()
                connection.transport.clear()
                while data:
                    frame, data = self._cut(data)
                    self.times.append(self.clock.seconds())
                    unit, pdu, transaction = frame
                    answer = self.slave.answer(unit, pdu)
                    if answer is not None:
                        sent = self.slave.corrupt(self.framing.encode(unit, answer, transaction))
                        connection.protocol.dataReceived(sent)

    def _cut(self, data: bytes) -> tuple[tuple[int, bytes, int], bytes]:
        if isinstance(self.framing, Mbap):
            end = 6 + int.from_bytes(data[4:6], "big")
            return (data[6], data[7:end], int.from_bytes(data[:2], "big")), data[end:]
        end = 9 + data[6] if data[1] in (15, 16) else 10 if data[1] == 22 else 8
        assert crc16(data[: end - 2]).to_bytes(2, "little") == data[end - 2 : end]
        return (data[0], data[1 : end - 2], 0), data[end:]

    def run(self, seconds: float) -> None:
        until = self.clock.seconds() + seconds
        self.serve()
        while True:
            due = [call.getTime() for call in self.clock.getDelayedCalls()]
            nearest = min(due, default=until)
            if nearest >= until:
                break
            self.clock.advance(max(0.0, nearest - self.clock.seconds()))
            self.serve()
        self.clock.advance(max(0.0, until - self.clock.seconds()))
        self.serve()
