"""The demo home with Modbus and EnOcean besides, and a whole gateway in it: all in memory, but its files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.internet.error import ConnectionLost, ConnectionRefusedError
from twisted.internet.interfaces import IProtocolFactory
from twisted.python.failure import Failure

import dog
from dog.config import Settings
from dog.drivers.enocean.erp import Rorg, Telegram
from dog.drivers.enocean.esp3 import Deframer, Packet, PacketType
from dog.drivers.modbus.codec import Mbap
from dog.home import edits
from dog.live import kit
from dog.model.device import Device
from dog.service import Gateway
from soak.reactor import SoakReactor
from tests.drivers.enocean.air import BASE, VERSION, device
from tests.drivers.modbus.load import Faults, Wire, small
from tests.drivers.modbus.slave import params

UNITS = 20
MODBUS, ENOCEAN = "tcp:192.0.2.1:", "tcp:192.0.2.2:"

#: Address -> class and profile of the device there, and how long its telegrams are.
RADIO = {
    1: ("RockerSwitch", "f6-02-01", Rorg.RPS, 1),
    2: ("DoorSensor", "d5-00-01", Rorg.BS1, 1),
    3: ("SingleTemperatureSensor", "a5-02-05", Rorg.BS4, 4),
    4: ("MeteringPowerOutlet", "d2-01-0a", Rorg.VLD, 3),
}


def home() -> bytes:
    data = (Path(dog.__file__).parent / "demo" / "home.xml").read_bytes()
    modbus = Device("modbus", "ModbusGateway", "Modbus", params=params(IPAddress="192.0.2.1"))
    data = edits.addDevice(data, modbus)
    for unit in range(1, UNITS + 1):
        data = edits.addDevice(data, replace(small(unit, "modbus", 30_000), gateway="modbus"))
    data = edits.addDevice(data, Device("air", "EnOceanGateway", "EnOcean"))
    for address, (cls, eep, _, _) in RADIO.items():
        data = edits.addDevice(data, replace(device(f"radio-{address}", cls, eep, f"{address:08X}"), gateway="air"))
    return data


class Units(Wire):
    """They are told what to do, too."""

    def _answer(self, unit: int, pdu: bytes) -> bytes:
        return pdu[:5] if pdu[0] in (5, 6, 15, 16) else super()._answer(unit, pdu)


class Radio:
    """A transceiver that now and then hears something: from devices of the house, from strangers, and noise."""

    def __init__(self, reactor: SoakReactor, random: Random, every: float, lost: float) -> None:
        self._reactor = reactor
        self._random = random
        self._every = every
        self._lost = lost
        self._deframer = Deframer()
        self.protocol: Any = None
        self.down = False
        reactor.callLater(every, self._hear)
        reactor.callLater(lost, self._lose)

    def _hear(self) -> None:
        self._reactor.callLater(self._random.uniform(0.5, 1.5) * self._every, self._hear)
        address = self._random.choice([*RADIO, self._random.randint(5, 15)])
        _, _, rorg, size = RADIO.get(address, RADIO[1 + address % 4])
        telegram = Telegram(rorg, self._random.randbytes(size), address, self._random.choice((0x20, 0x30)))
        self._say(self._random.randbytes(self._random.choice((0, 0, 0, 9))) + telegram.packet().encode())

    def _lose(self) -> None:
        self._reactor.callLater(self._random.uniform(0.5, 1.5) * self._lost, self._lose)
        self.down = not self.down
        protocol, self.protocol = self.protocol, None
        if protocol is not None:
            protocol.connectionLost(Failure(ConnectionLost()))

    def _say(self, data: bytes) -> None:
        if self.protocol is not None:
            self.protocol.dataReceived(data)

    # -- ITransport -------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        for packet in self._deframer.feed(data):
            answer = b"\0"
            if packet.type == PacketType.COMMON_COMMAND:
                answer = VERSION if packet.data[0] == 3 else b"\0" + BASE.to_bytes(4, "big")
            self._reactor.callLater(0.01, self._say, Packet(PacketType.RESPONSE, answer).encode())

    def loseConnection(self) -> None:
        protocol, self.protocol = self.protocol, None
        if protocol is not None:
            self._reactor.callLater(0.0, protocol.connectionLost, Failure(ConnectionLost()))

    abortConnection = loseConnection


class House:
    """@ivar gateway: it runs.

    @param folder: for its home and its state.
    """

    def __init__(self, folder: Path, random: Random) -> None:
        self.reactor = SoakReactor()
        (folder / "home.xml").write_bytes(home())
        self.folder = folder
        self.modbus = Units(
            self.reactor, random, Mbap(), UNITS, Faults(refused=0.01, garbled=0.01, dies=1800, lost=1200)
        )
        self.radio = Radio(self.reactor, random, every=20.0, lost=900.0)
        settings = Settings(
            home=folder / "home.xml",
            stateDir=folder,
            drivers={"enocean": {"serialPort": f"{ENOCEAN}3000"}},
            blockedAfter=0,
        )
        self.gateway = Gateway(settings, self.reactor, maybeDeferred, utcNow=self.reactor.utcNow)

    def start(self) -> None:
        self.gateway.privilegedStartService()  # type: ignore[no-untyped-call]
        self.gateway.startService()
        self.site: Any = self.reactor.tcpServers[0][1]
        self.modbus.begin()
        self.reactor.run(60.0)

    def stop(self) -> None:
        self.gateway.stopService()
        self.reactor.run(self.gateway.patience + 1)

    @contextmanager
    def wired(self) -> Iterator[None]:
        """What drivers connect to is these, for as long."""

        def connect(wire: Any, factory: IProtocolFactory) -> Deferred[Any]:
            if wire.down:
                return fail(ConnectionRefusedError())
            protocol: Any = factory.buildProtocol(None)  # type: ignore[arg-type]
            wire.protocol = protocol
            protocol.makeConnection(wire)
            return succeed(protocol)

        added = {
            MODBUS: lambda reactor, endpoint, factory: connect(self.modbus, factory),
            ENOCEAN: lambda reactor, endpoint, factory: connect(self.radio, factory),
        }
        kit._OTHERS.update(added)
        try:
            yield
        finally:
            for each in added:
                del kit._OTHERS[each]
