"""A transceiver and the devices around it, on the other end of a line in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dog.drivers.enocean.erp import Telegram
from dog.drivers.enocean.esp3 import Deframer, Packet, PacketType, ReturnCode
from dog.model.device import ConfigParam, Device
from dog.testing.links import FakeKit

ENDPOINT = "tcp:192.0.2.1:3000:timeout=5"
SETTINGS = {"serialPort": "tcp:192.0.2.1:3000"}
BASE = 0xFF800000

#: Response to CO_RD_VERSION: application 2.11.1.0, API 2.6.3.0, chip 0123ABCD, "GATEWAYCTRL".
VERSION = bytes.fromhex("00 020b0100 02060300 0123abcd 454f0103") + b"GATEWAYCTRL".ljust(16, b"\0")


def device(id: str, cls: str, eep: str, address: str = "0025C57A", **params: str) -> Device:
    named = {"address": address, "eep": eep, **params}
    return Device(id, cls, "EnOcean", "gw", params=tuple(ConfigParam(name, value) for name, value in named.items()))


class Air:
    """Answers what is written to the last connection of a L{FakeKit}, whenever L{pump} is called.

    @ivar devices: address -> what a device there answers to a telegram.
    @ivar sent: every telegram that was transmitted. @ivar when: and when.
    @ivar others: every packet that was neither a telegram nor a common command.
    @ivar code: what the transceiver answers to a transmission. @ivar mute: it answers nothing at all.
    """

    def __init__(self, kit: FakeKit) -> None:
        self.kit = kit
        self.devices: dict[int, Callable[[Telegram], list[Telegram]]] = {}
        self.sent: list[Telegram] = []
        self.when: list[float] = []
        self.code = ReturnCode.OK
        self.mute = False
        self.others: list[Packet] = []
        self._deframer = Deframer()
        kit.accept(ENDPOINT)

    def say(self, *telegrams: Telegram) -> None:
        """Telegrams are received."""
        self.line(b"".join(each.packet().encode() for each in telegrams))

    def line(self, data: bytes) -> None:
        self.kit.connections[-1].protocol.dataReceived(data)

    def pump(self, seconds: float = 0.0) -> None:
        """Answer, let a little time pass, and again, for that long."""
        until = self.kit.clock.seconds() + seconds
        self._answer()
        while self.kit.clock.seconds() < until:
            self.kit.clock.advance(0.05)
            self._answer()

    def _answer(self) -> None:
        if not self.kit.connections:
            return
        transport = self.kit.connections[-1].transport
        written = transport.value()
        transport.clear()
        for packet in self._deframer.feed(written):
            if not self.mute:
                self._one(packet)

    def _one(self, packet: Packet) -> None:
        if packet.type == PacketType.COMMON_COMMAND:
            base = b"\0" + BASE.to_bytes(4, "big")
            self.line(Packet(PacketType.RESPONSE, VERSION if packet.data[0] == 3 else base).encode())
            return
        if packet.type != PacketType.RADIO_ERP1:
            self.others.append(packet)
            if packet.type == PacketType.SMART_ACK_COMMAND:
                self.line(Packet(PacketType.RESPONSE, bytes([self.code])).encode())
            return
        telegram = Telegram.parse(packet)
        self.sent.append(telegram)
        self.when.append(self.kit.clock.seconds())
        self.line(Packet(PacketType.RESPONSE, bytes([self.code])).encode())
        if self.code == ReturnCode.OK and telegram.destination in self.devices:
            self.say(*self.devices[telegram.destination](telegram))


class Plug:
    """An actuator of D2-01 with one channel and a meter."""

    def __init__(self, address: int = 0x01020304, output: int = 0) -> None:
        self.address = address
        self.output = output
        self.stuck = False

    def __call__(self, telegram: Telegram) -> list[Telegram]:
        command = telegram.payload[0] & 0x0F
        if command == 1:
            if not self.stuck:
                self.output = telegram.payload[2] & 0x7F
            return []
        if command == 3:
            return [self.status()]
        if command == 6:
            power = telegram.payload[1] & 0x20
            return [self.says(bytes([7, 0x60 if power else 0x20, 0, 0, 0x04, 0xD2]))]
        return []

    def status(self) -> Telegram:
        return self.says(bytes([4, 0x60, self.output]))

    def says(self, payload: bytes) -> Telegram:
        return Telegram(0xD2, payload, self.address)


def stall(kit: FakeKit, seconds: float) -> None:
    """The reactor is busy that long; then it runs the timers that are due, once, before it reads anything."""
    clock: Any = kit.clock
    clock.rightNow += seconds
    for due in [each for each in clock.calls if each.getTime() <= clock.rightNow]:
        clock.calls.remove(due)
        due.called = 1
        due.func(*due.args, **due.kw)
