"""The driver with everything live above it, on real connections, against pymodbus's server and modbus-tk's."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import socket
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IReactorCore
from twisted.internet.protocol import DatagramProtocol, Factory, ProcessProtocol, Protocol
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from dog.core.core import Applied, Core
from dog.core.ledger import Entry
from dog.drivers.modbus import codec, driver
from dog.drivers.modbus.codec import Ascii, Framing, Mbap, Rtu
from dog.drivers.modbus.protocol import Line, Timing
from dog.home.diff import diff
from dog.live.attachments import Attachments
from dog.live.commands import Commands
from dog.live.drivers import collect
from dog.live.kit import Kit
from dog.live.links import Link
from dog.live.stepper import Stepper
from dog.model.command import Stage
from dog.model.device import Device
from dog.model.home import Home
from dog.model.rights import GATEWAY
from dog.model.values import Slot
from tests.drivers.modbus.slave import device, params, told

#: An interpreter that has pymodbus, if it is another one than the one that runs the tests.
PYTHON = os.environ.get("DOG_PYMODBUS_PYTHON") or (sys.executable if importlib.util.find_spec("pymodbus") else "")

LAMP = device("lamp", "SimpleLamp", told("StateChangeNotification", 0, "c"))
BIT = device("bit", "SimpleLamp", told("StateChangeNotification", 20, dataSize="bit", bit=3))
THERMOMETER = device(
    "thermometer", "SingleTemperatureSensor", told("TemperatureMeasurementNotification", 100, "ir", scaleFactor="0.1")
)


class Child(ProcessProtocol):
    """A process that says a line for each that it is told; the first one when it is ready."""

    def __init__(self, ready: bytes = b"") -> None:
        self._ready = ready
        self._rest = b""
        self.waiting: deque[Deferred[Any]] = deque([Deferred()])
        self.ended: Deferred[None] = Deferred()
        self.errors = b""

    def ask(self, **order: Any) -> Deferred[Any]:
        answer: Deferred[Any] = Deferred()
        self.waiting.append(answer)
        self.transport.write(json.dumps(order).encode() + b"\n")  # type: ignore[union-attr]
        return answer

    def outReceived(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if self.waiting:
                self.waiting.popleft().callback(json.loads(line))

    def errReceived(self, data: bytes) -> None:
        self.errors += data
        if self._ready and self._ready in self.errors and self.waiting:
            self.waiting.popleft().callback(None)

    def processEnded(self, reason: Failure) -> None:
        for each in self.waiting:
            each.errback(RuntimeError(self.errors.decode(errors="replace")))
        self.waiting.clear()
        self.ended.callback(None)

    def kill(self) -> Deferred[None]:
        if not self.ended.called:
            with contextlib.suppress(ProcessExitedAlready):
                self.transport.signalProcess("KILL")  # type: ignore[union-attr]
        return self.ended


#: Why tests with pymodbus are skipped; None: they are not.
NO_PYMODBUS = (
    None if PYTHON else "PyPI pymodbus is not installed: put it there or name its interpreter in DOG_PYMODBUS_PYTHON"
)


class PeerTestCase(TestCase):
    """A house of Modbus devices, alive on the real reactor."""

    timeout = 20

    def setUp(self) -> None:
        from twisted.internet import reactor

        assert IReactorCore.providedBy(reactor)
        self.reactor: Any = reactor
        self.core = Core("epoch")
        self.stepper = Stepper(self.core, self.reactor)
        self.attachments = Attachments(
            self.stepper,
            collect([driver]),
            {"modbus": {"pollingTimeMillis": 100}},
            lambda name, key: Kit(self.reactor, name, key),
        )
        self.commands = Commands(self.stepper, self.attachments)
        self.attachments.onLost = self.commands.failAll
        self.addCleanup(self.stepper.stop)
        self.awaited: tuple[Callable[[], bool], Deferred[None]] | None = None
        self.stepper.listen(lambda events: self.look())

    def look(self) -> None:
        if self.awaited is not None and self.awaited[0]():
            awaited, self.awaited = self.awaited, None
            # Not within the step: what follows may want to step itself.
            self.reactor.callLater(0, awaited[1].callback, None)

    def until(self, holds: Callable[[], bool]) -> Deferred[None]:
        """Fires once that holds after an event."""
        waiting: Deferred[None] = Deferred()
        self.awaited = (holds, waiting)
        self.look()
        return waiting

    @inlineCallbacks
    def spawn(self, *command: str, ready: bytes = b"") -> Generator[Deferred[Any], Any, Child]:
        child = Child(ready)
        self.addCleanup(child.kill)
        self.reactor.spawnProcess(child, command[0], command, env=os.environ)
        yield child.waiting[0]
        return child

    def launch(self, *command: str) -> Child:
        """A process that does not say when it is ready."""
        child = Child()
        child.waiting.clear()
        self.addCleanup(child.kill)
        self.reactor.spawnProcess(child, command[0], command, env=os.environ)
        return child

    def peer(self, *args: str) -> Deferred[Child]:
        return self.spawn(PYTHON, str(Path(__file__).with_name("peer.py")), *args)

    def port(self) -> int:
        """A TCP port that is free."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            number: int = listening.getsockname()[1]
        return number

    def begin(self, gw: Device, *devices: Device) -> None:
        change = diff(self.core.home, Home(devices={each.id: each for each in (gw, *devices)}))
        self.stepper.step(Applied(change))
        self.attachments.startService()
        self.addCleanup(self.attachments.stopService)

    def shows(self, id: str, state: str, value: str) -> bool:
        held = self.core.values.get(Slot(id, state))
        return held is not None and str(held.value) == value and held.quality.value == "good"

    def send(self, id: str, name: str, args: Any = None, timeout: float = 2.0) -> Deferred[Entry]:
        return self.commands.send(self.core.home.devices[id], name, args, GATEWAY, timeout=timeout)


class _Everywhere:
    """What holds on TCP, UDP, RTU and ASCII over either, and on a serial port."""

    kind: str

    @inlineCallbacks
    def test_commandsAndReadings(self: Any) -> Generator[Deferred[Any], Any, None]:
        peer, gw = yield self.open()
        yield peer.ask(set=["ir", 100, 215])
        yield peer.ask(set=["hr", 20, 0xA005])
        self.begin(gw, LAMP, BIT, THERMOMETER)
        yield self.until(lambda: self.shows("thermometer", "TemperatureState", "21.5 C"))
        yield self.until(lambda: self.shows("lamp", "OnOffState", "off"))
        for id, name, read, wanted in (
            ("lamp", "on", ["c", 0], 1),
            ("lamp", "off", ["c", 0], 0),
            ("bit", "on", ["hr", 20], 0xA00D),
            ("bit", "off", ["hr", 20], 0xA005),
        ):
            entry = yield self.send(id, name)
            self.assertEqual((entry.outcome.stage, entry.outcome.reason), (Stage.CONFIRMED, None))
            self.assertTrue(self.shows(id, "OnOffState", name))
            found = yield peer.ask(get=read)
            self.assertEqual(found, wanted)
        yield peer.ask(set=["ir", 100, 0xFFFF])
        yield self.until(lambda: self.shows("thermometer", "TemperatureState", "-0.1 C"))


class _OnEveryLine(_Everywhere):
    @inlineCallbacks
    def test_faults(self: Any) -> Generator[Deferred[Any], Any, None]:
        """An exception is named; a slow answer is waited for; garbage is passed over; silence is said and heals."""
        peer, gw = yield self.open()
        yield peer.ask(set=["ir", 100, 215])
        self.begin(gw, LAMP, THERMOMETER)
        yield self.until(lambda: self.shows("lamp", "OnOffState", "off"))
        yield peer.ask(fault="exception")
        entry = yield self.send("lamp", "on")
        self.assertEqual(entry.outcome.code, "bus_refused")
        self.assertEqual(entry.outcome.reason, "SERVER DEVICE FAILURE (exception 4)")
        yield peer.ask(fault="delay", seconds=0.2)
        entry = yield self.send("lamp", "on")
        self.assertEqual(entry.outcome.stage, Stage.CONFIRMED)
        for fault, value in (("garbage", 300), ("silence", 310), ("corrupt", 320)):
            if fault == "corrupt" and self.kind in ("tcp", "udp"):
                continue  # MBAP has no checksum: TCP and UDP see to that
            wanted = f"{value // 10}.0 C"
            yield peer.ask(fault=fault)
            yield peer.ask(set=["ir", 100, value])
            if fault != "garbage":
                yield self.until(lambda: not self.core.presence("thermometer").online)
                yield peer.ask(fault=None)
            yield self.until(partial(self.shows, "thermometer", "TemperatureState", wanted))

    @inlineCallbacks
    def test_killedAndRestarted(self: Any) -> Generator[Deferred[Any], Any, None]:
        """Its values turn stale at once; when it is back, all is well again by itself."""
        peer, gw = yield self.open()
        yield peer.ask(set=["c", 0, 1])
        self.begin(gw, LAMP)
        yield self.until(lambda: self.shows("lamp", "OnOffState", "on"))
        yield peer.kill()
        yield self.until(lambda: not self.core.presence("lamp").online)
        self.assertFalse(self.shows("lamp", "OnOffState", "on"))
        yield self.reopen()
        yield self.until(lambda: self.shows("lamp", "OnOffState", "off"))
        entry = yield self.send("lamp", "on")
        self.assertEqual(entry.outcome.stage, Stage.CONFIRMED)


class NetworkTestCase(PeerTestCase):
    skip = NO_PYMODBUS
    kind, variant, encoding = "tcp", "TCP", ""

    @inlineCallbacks
    def open(self) -> Generator[Deferred[Any], Any, tuple[Child, Device]]:
        self.number = self.port()
        peer = yield self.reopen()
        own = params(IPAddress="127.0.0.1", port=self.number, protocolVariant=self.variant, encoding=self.encoding)
        return peer, Device("gw", "ModbusGateway", "Modbus", params=own)

    def reopen(self) -> Deferred[Child]:
        return self.peer(self.kind, str(self.number))


class TcpTests(_OnEveryLine, NetworkTestCase):
    @inlineCallbacks
    def test_everyFunctionCode(self) -> Generator[Deferred[Any], Any, None]:
        """What the driver does not use itself works as well: several coils, mask write, read and write, identity."""
        framing: Framing = Rtu() if "rtu" in self.kind else Ascii() if "ascii" in self.kind else Mbap()
        _, gw = yield self.open()
        heard: list[Any] = []

        class Wire(Protocol):
            def dataReceived(self, data: bytes) -> None:
                heard[0].heard(data)

        kit = Kit(self.reactor, "modbus", "test")
        endpoint: Any = driver.linkKey({}, gw, LAMP)
        wire = yield kit.connect(endpoint, Factory.forProtocol(Wire))
        self.addCleanup(wire.transport.loseConnection)
        line = Line(kit, framing, Timing(2.0), wire.transport.write)
        heard.append(line)
        yield line.transact(1, codec.writeCoils(3, [True, False, True]), codec.written)
        found = yield line.transact(1, codec.readBits(1, 2, 5), codec.bits)
        self.assertEqual(found, [False, True, False, True, False])
        yield line.transact(1, codec.writeRegisters(3, [0x1234, 0xFFFF]), codec.written)
        yield line.transact(1, codec.maskWrite(3, 0x00FF, 0x5500), codec.written)
        found = yield line.transact(1, codec.readWriteRegisters(3, 3, 5, [7]), codec.registers)
        self.assertEqual(found, [0x5534, 0xFFFF, 7])
        found = yield line.transact(1, codec.identify(), codec.identity)
        self.assertEqual(found.objects, {0: b"ACME", 1: b"P1", 2: b"3.0"})


class RtuOverTcpTests(TcpTests):
    kind, variant = "rtutcp", "RTU_TCP"


class ModbusTkTests(PeerTestCase):
    """A second opinion, by other people."""

    if importlib.util.find_spec("modbus_tk") is None:
        skip = "PyPI modbus-tk is not installed"

    @inlineCallbacks
    def test_commandsAndReadings(self) -> Generator[Deferred[Any], Any, None]:
        number = self.port()
        peer = yield self.spawn(sys.executable, str(Path(__file__).with_name("peer_tk.py")), "tk", str(number))
        yield peer.ask(set=["ir", 100, 215])
        yield peer.ask(set=["hr", 20, 0xA005])
        self.begin(
            Device("gw", "ModbusGateway", "Modbus", params=params(IPAddress="127.0.0.1", port=number)),
            *(LAMP, BIT, THERMOMETER),
        )
        yield self.until(lambda: self.shows("thermometer", "TemperatureState", "21.5 C"))
        for id, read, wanted in (("lamp", ["c", 0], 1), ("bit", ["hr", 20], 0xA00D)):
            entry = yield self.send(id, "on")
            self.assertEqual((entry.outcome.stage, entry.outcome.reason), (Stage.CONFIRMED, None))
            found = yield peer.ask(get=read)
            self.assertEqual(found, wanted)
        yield peer.ask(set=["ir", 100, 65526])
        yield self.until(lambda: self.shows("thermometer", "TemperatureState", "-1.0 C"))


class AsciiOverTcpTests(TcpTests):
    kind, variant, encoding = "asciitcp", "RTU_TCP", "ascii"


class SerialLineTestCase(PeerTestCase):
    """On a pair of pseudo-terminals. A pty knows no parity."""

    kind = "rtu"
    skip = NO_PYMODBUS or (None if shutil.which("socat") else "socat is not installed")

    def setUp(self) -> None:
        super().setUp()
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.ours, self.theirs = f"{self.folder}/ours", f"{self.folder}/theirs"
        self.patch(Link, "longest", 1.0)

    @inlineCallbacks
    def reopen(self) -> Generator[Deferred[Any], Any, Child]:
        socat = shutil.which("socat")
        assert socat is not None
        self.socat = yield self.spawn(
            socat,
            "-d",
            "-d",
            f"pty,raw,echo=0,link={self.ours}",
            f"pty,raw,echo=0,link={self.theirs}",
            ready=b"starting data transfer loop",
        )
        peer: Child = yield self.peer(self.kind, self.theirs)
        return peer


class SerialTests(_OnEveryLine, SerialLineTestCase):
    encoding = ""

    @inlineCallbacks
    def open(self) -> Generator[Deferred[Any], Any, tuple[Child, Device]]:
        peer = yield self.reopen()
        own = params(portName=self.ours, protocolVariant="RTU", baudRate=19200, parity="None", requestTimeout=400)
        own += params(encoding=self.encoding)
        return peer, Device("gw", "ModbusGateway", "Modbus", params=own)

    @inlineCallbacks
    def test_unpluggedAndPlugged(self) -> Generator[Deferred[Any], Any, None]:
        """The port itself goes away and comes back under the same name."""
        peer, gw = yield self.open()
        yield peer.ask(set=["c", 0, 1])
        self.begin(gw, LAMP)
        yield self.until(lambda: self.shows("lamp", "OnOffState", "on"))
        yield self.socat.kill()
        yield peer.kill()
        yield self.until(lambda: not self.core.presence("lamp").online)
        self.assertIn(self.ours, self.core.presence("lamp").reason or "")
        for name in (self.ours, self.theirs):
            Path(name).unlink(missing_ok=True)
        yield self.reopen()
        yield self.until(lambda: self.shows("lamp", "OnOffState", "off"))

    @inlineCallbacks
    def test_killedAndRestarted(self: Any) -> Generator[Deferred[Any], Any, None]:
        """The unit alone falls silent, and comes back on the same line."""
        peer, gw = yield self.open()
        yield peer.ask(set=["c", 0, 1])
        self.begin(gw, LAMP)
        yield self.until(lambda: self.shows("lamp", "OnOffState", "on"))
        yield peer.kill()
        yield self.until(lambda: not self.core.presence("lamp").online)
        yield self.peer(self.kind, self.theirs)
        yield self.until(lambda: self.shows("lamp", "OnOffState", "off"))


class AsciiSerialTests(SerialTests):
    kind, encoding = "ascii", "ascii"


class UdpTests(TcpTests):
    kind, variant = "udp", "UDP"

    def setUp(self) -> None:
        super().setUp()
        self.patch(Link, "longest", 1.0)


class RtuOverUdpTests(UdpTests):
    kind, variant, encoding = "rtuudp", "RTU_UDP", "rtu"


class RtuOrMbapOverUdpTests(_Everywhere, NetworkTestCase):
    """Nothing says which of the two: what is answered is."""

    kind, variant = "rtuudp", "RTU_UDP"


class MbapAsRtuUdpTests(_Everywhere, NetworkTestCase):
    """What the Java gateway sent as RTU_UDP."""

    kind, variant = "udp", "RTU_UDP"


class Relay(DatagramProtocol):
    """Between the driver and its peer, over both directions: loses, doubles and delays datagrams, and adds its own.

    Of the peer's answers, one in three is lost, one comes twice, one comes again after the next.
    """

    def __init__(self, peer: int) -> None:
        self._peer = ("127.0.0.1", peer)
        self._ours: Any = None
        self._kept: bytes = b""
        self.turns = Counter[int]()
        self.stranger: Any = None

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        assert self.transport is not None
        if addr != self._peer:
            self._ours = addr
            self.transport.write(datagram, self._peer)
            return
        turn = self.turns.total() % 3
        self.turns[turn] += 1
        # What a unit would say, from somebody else: for every transaction and with every value.
        self.stranger.write(datagram[:-1] + b"\x55", self._ours)
        if turn != 1:
            for each in (datagram, self._kept or datagram) if turn == 2 else (datagram, datagram):
                self.transport.write(each, self._ours)
        self._kept = datagram


class UdpFaultTests(NetworkTestCase):
    kind, variant = "udp", "UDP"

    @inlineCallbacks
    def test_datagramsLostDoubledLateAndForeign(self) -> Generator[Deferred[Any], Any, None]:
        """Every value that is told is one that the register had, and every command is carried out."""
        peer, _ = yield self.open()
        relay = Relay(self.number)
        port = self.reactor.listenUDP(0, relay, interface="127.0.0.1")
        stranger = self.reactor.listenUDP(0, DatagramProtocol(), interface="127.0.0.1")
        relay.stranger = stranger
        self.addCleanup(port.stopListening)
        self.addCleanup(stranger.stopListening)
        own = params(IPAddress="127.0.0.1", port=port.getHost().port, protocolVariant="UDP", requestTimeout=100)
        told: set[str] = set()
        self.stepper.listen(
            lambda _: told.update(
                str(held.value)
                for held in [self.core.values.get(Slot("thermometer", "TemperatureState"))]
                if held is not None
            )
        )
        yield peer.ask(set=["ir", 100, 200])
        self.begin(Device("gw", "ModbusGateway", "Modbus", params=own), LAMP, THERMOMETER)
        for turn in range(1, 5):
            yield self.until(partial(self.shows, "thermometer", "TemperatureState", f"{20 + turn - 1}.0 C"))
            entry = yield self.send("lamp", "on" if turn % 2 else "off")
            self.assertEqual((entry.outcome.stage, entry.outcome.reason), (Stage.CONFIRMED, None))
            found = yield peer.ask(get=["c", 0])
            self.assertEqual(found, turn % 2)
            yield peer.ask(set=["ir", 100, 200 + 10 * turn])
        self.assertEqual(told, {f"{20 + turn}.0 C" for turn in range(len(told))})
        self.assertEqual(set(relay.turns), {0, 1, 2})
