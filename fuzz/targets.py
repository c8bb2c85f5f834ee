"""One target for each parser: a call that takes any bytes, and raises only where the parser breaks its promise."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import maybeDeferred
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from dog.config import BadConfiguration, parseSettings
from dog.core.core import Applied, Core, Observed
from dog.drivers.enocean.eep import profileOf
from dog.drivers.enocean.eep.fields import BadValue
from dog.drivers.enocean.erp import BadTelegram, Telegram
from dog.drivers.enocean.esp3 import Deframer
from dog.drivers.enocean.teachin import parseTeachIn
from dog.drivers.modbus import codec
from dog.home import edits
from dog.home.diff import diff
from dog.home.document import Unreadable, parse
from dog.home.reader import readHome
from dog.home.yaml import readYaml
from dog.live.archive import BadArchive, pack, unpack
from dog.live.memory import Memory
from dog.live.rfc2217 import connectRfc2217
from dog.live.state import Newer, StateFile
from dog.live.stepper import Stepper
from dog.live.telnet import DO, DONT, WILL, Decoder, Subnegotiation, Verb
from dog.live.tokens import Tokens
from dog.model.candidate import Candidate
from dog.model.device import Device
from dog.model.home import Home
from dog.model.refusal import Refusal
from dog.model.values import Reading, Slot, render
from dog.testing.replay import BadCapture, parseCapture
from fuzz.doors import Doors, frame

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data"

#: Bytes of the largest file that is a seed: from larger ones a fuzzer learns slowly.
LARGEST_SEED = 60_000

AT = datetime(2024, 5, 1, tzinfo=UTC)


class Target:
    """What takes anything.

    @ivar take: takes it. @ivar why: why it can't be run here; None: it can.
    """

    def __init__(
        self, take: Callable[[bytes], object], seeds: Callable[[], Iterable[bytes]], why: str | None = None
    ) -> None:
        self.take = take
        self._seeds = seeds
        self.why = why

    def seeds(self) -> list[bytes]:
        """Some that are taken well."""
        return [each for each in self._seeds() if len(each) <= LARGEST_SEED]


def files(pattern: str) -> Iterator[bytes]:
    for each in sorted(ROOT.glob(pattern)):
        yield each.read_bytes()


# -- files that people write ----------------------------------------------------------------------------------


def home(data: bytes) -> None:
    """It is read, or its one fatal problem says why not; what is edited in it can be read afterwards."""
    found = readHome(data, "home.xml")
    if any(each.fatal for each in found.problems):
        return
    parse(data)
    for id in list(found.devices)[:2]:
        _edited(partial(edits.setDescription, data, id, "a <b> & ]]>"))
        _edited(partial(edits.removeDevice, data, id))


def _edited(edit: Callable[[], bytes]) -> None:
    with suppress(Refusal, Unreadable):
        again = readHome(edit(), "home.xml")
        assert not any(each.fatal for each in again.problems), again.problems


def yaml(data: bytes) -> Home:
    return readYaml(data, "home.yaml")


def config(data: bytes) -> None:
    with suppress(BadConfiguration):
        parseSettings(data.decode(errors="replace"))


def configSeeds() -> Iterator[bytes]:
    """What is installed, and the same with everything in it that is only proposed."""
    for each in files("etc/dog/dog.toml"):
        yield each
        yield re.sub(rb"(?m)^# ?(?=\[?[\w.]+( = |\]$))", b"", each)


# -- what buses say --------------------------------------------------------------------------------------------

_REQUESTS = (
    codec.readBits(1, 0, 9),
    codec.readRegisters(3, 0, 2),
    codec.writeCoil(1, True),
    codec.writeRegisters(1, [2, 3]),
    codec.maskWrite(1, 2, 3),
    codec.identify(),
)
_FRAMINGS: tuple[codec.Framing, ...] = (codec.Mbap(), codec.Rtu(), codec.Ascii())


def modbus(data: bytes) -> None:
    """The first byte says what was asked."""
    request = _REQUESTS[data[0] % len(_REQUESTS)] if data else _REQUESTS[0]
    heard = data[1:]
    pdus = [heard, *(each.find(heard, 1, request, 1) for each in _FRAMINGS)]
    for read in (codec.bits, codec.registers, codec.written, codec.identity):
        for pdu in pdus:
            if pdu is not None:
                with suppress(codec.BadResponse, codec.ModbusException):
                    read(request, pdu)


def modbusSeeds() -> Iterator[bytes]:
    for number, pdu in enumerate(
        (b"\x01\x02\xff\x01", b"\x03\x04\x00\x01\x00\x02", b"\x05\x00\x01\xff\x00", b"\x10\x00\x01\x00\x02")
    ):
        for framing in _FRAMINGS:
            yield bytes([number]) + framing.encode(1, pdu, 1)
    identity = b"\x2b\x0e\x01\x01\x00\x00\x03\x00\x02AB\x01\x01C\x02\x03V10"
    yield b"\x05" + codec.Rtu().encode(1, identity, 1)


_EEPS = ("F6-02-01", "D5-00-01", "A5-04-01", "A5-08-01", "A5-12-01", "A5-20-01", "D2-01-0A", "D2-05-00")


def enocean(data: bytes) -> None:
    """What is taken from the line is a telegram of known profiles."""
    deframer = Deframer()
    for packet in deframer.feed(data) + deframer.gap():
        with suppress(BadTelegram):
            telegram = Telegram.parse(packet)
            parseTeachIn(telegram)
            for profile in map(profileOf, _EEPS):
                if profile is not None and profile.rorg == telegram.rorg:
                    with suppress(BadValue):
                        profile.decode(telegram.payload, telegram.status)


_CAPTURES = "tests/data/captures/*.jsonl"


def captured(name: str) -> Iterator[bytes]:
    """What was received in a capture."""
    for each in parseCapture((DATA / "captures" / name).read_text(encoding="utf-8")).records:
        if each.what == "received":
            yield each.data


def telnet(data: bytes) -> None:
    decoder = Decoder()
    for at in range(0, len(data), 7):
        list(decoder.feed(data[at : at + 7]))


def rfc2217(data: bytes) -> None:
    """A server that answers anything: there is a port or a reason, no timer is left, and what is said has a bound."""
    clock = MemoryReactorClock()
    ended: list[object] = []
    heard = bytearray()

    class Driver(Protocol):
        def dataReceived(self, data: bytes) -> None:
            heard.extend(data)

    connectRfc2217(clock, "rfc2217:192.0.2.1:2217:baudRate=19200", Factory.forProtocol(Driver)).addBoth(ended.append)
    telnet: Any = clock.tcpClients[0][2].buildProtocol(IPv4Address("TCP", "192.0.2.1", 2217))
    transport: Any = StringTransport()
    transport.abortConnection = transport.loseConnection
    telnet.makeConnection(transport)
    for at in range(0, len(data), 7):
        telnet.dataReceived(data[at : at + 7])
    clock.advance(60)
    assert ended, "neither a port nor a reason"
    telnet.connectionLost(Failure(ConnectionDone()))
    assert not clock.getDelayedCalls(), "a timer is left"
    assert len(heard) <= len(data) and len(transport.value()) <= 1000 + 10 * len(data)


def capture(data: bytes) -> None:
    with suppress(BadCapture):
        parseCapture(data.decode(errors="replace")).conversations  # noqa: B018


# -- what the gateway has written, if somebody else was at it ----------------------------------------------------


def archive(data: bytes) -> None:
    with suppress(BadArchive):
        unpack(data)


def archiveSeeds() -> Iterator[bytes]:
    packed = pack({"home.xml": b"<a/>", "state.db": bytes(40)}, "1", AT)
    yield packed
    yield gzip.compress(gzip.decompress(packed)[:900])


def contents(data: bytes) -> None:
    """Rows of C{state.db}, as JSON: C{{table: [[column, ...], ...]}}; texts that begin with C{hex:} are bytes.
    Whatever they are, the gateway starts.
    """
    try:
        tables = json.loads(data)
        items = list(tables.items())
    except (ValueError, AttributeError, RecursionError):
        return
    with stateFile() as path:
        db = sqlite3.connect(path)
        for table, rows in items:
            for row in rows if isinstance(rows, list) else ():
                # A row that the schema does not take can't be there.
                with suppress(sqlite3.Error, TypeError, ValueError, OverflowError):
                    name = table.replace('"', "")
                    values = [_column(each) for each in row]
                    db.execute(f'INSERT OR REPLACE INTO "{name}" VALUES ({", ".join("?" * len(row))})', values)
        db.commit()
        db.close()
        recall(path)


def _column(value: object) -> object:
    return bytes.fromhex(value[4:]) if isinstance(value, str) and value.startswith("hex:") else value


def stateBytes(data: bytes) -> None:
    """The file itself."""
    with stateFile() as path:
        path.write_bytes(data)
        recall(path)


def recall(path: Path) -> None:
    """As at the start, and at the next one."""
    for _ in range(2):
        clock = Clock()
        stepper = Stepper(Core("now"), clock, lambda: AT)
        house = Home(devices={"lamp": Device("lamp", "SimpleLamp")})
        stepper.step(Applied(diff(Home(), house), initial=True))
        memory = Memory(stepper, path, maybeDeferred)
        try:
            memory.recall()
        except Newer:
            return
        tokens = Tokens(stepper, memory, path.parent)
        tokens.recall()
        for held in stepper.core.values.of("lamp").values():
            render(held.value)
        stepper.step(Observed("lamp", (Reading(Slot("lamp", "OnOffState"), "on"),)))
        clock.advance(100)
        tokens.close()
        stepper.stop()
        memory.close()


@contextmanager
def stateFile() -> Iterator[Path]:
    """A fresh one, with its schema."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        path.write_bytes(_emptyState())
        yield path


@lru_cache
def _emptyState() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = StateFile(Path(folder) / "state.db")
        try:
            return file.copy()
        finally:
            file.close()


def contentsSeeds() -> Iterator[bytes]:
    """What a gateway has written that has seen something of everything."""
    at = AT.isoformat()
    event = {
        "kind": "notification",
        "device": "lamp",
        "notification": "OnNotification",
        "params": {"a": ["measure", str(Decimal("1.50")), "W"]},
        "slots": [["OnOffState", [["phaseID", "L1"]]]],
        "discrete": True,
        "stateChange": True,
        "details": {},
    }
    command = {
        "id": "c1",
        "device": "lamp",
        "type": "OnCommand",
        "name": "on",
        "args": {"value": 3},
        "who": ["anonymous", "admin"],
        "key": None,
        "acceptedAt": at,
        "outcome": ["failed", "unreachable", "it is gone"],
        "settledAt": at,
    }
    found = Candidate(
        "enocean", "01020304", "EnOcean", None, "b", "Button", ("Button",), "", (("a", "b"),), ("a",), AT, AT
    )
    candidate = asdict(found) | {"firstSeen": at, "lastSeen": at}
    everything = {
        "epochs": [[1, "before", at, 7, at]],
        "events": [[7, "before", at, json.dumps(event)]],
        "values": [["lamp", "OnOffState", '[["phaseID", "L1"]]', '["hsb", 1, 2, 3]', at, at]],
        "commands": [["c1", at, json.dumps(command)]],
        "candidates": [["x", json.dumps(candidate)]],
        "tokens": [[1, "t1", f"hex:{bytes(32).hex()}", "her", "user", "[null, null, null]", '[["a*"]]', at, at, at]],
    }
    yield json.dumps(everything).encode()
    for table, rows in everything.items():
        yield json.dumps({table: rows}).encode()


# -- what clients say -----------------------------------------------------------------------------------------------


@lru_cache
def doors() -> Doors:
    """One gateway for all that is tried: what it keeps of one client must not hurt the next one."""
    folder = tempfile.TemporaryDirectory(prefix="dog-fuzz-")
    made = Doors(Path(folder.name))
    _open.append((made, folder))
    return made


_open: list[tuple[Doors, tempfile.TemporaryDirectory[str]]] = []


def close() -> None:
    """End what targets have left open for the next call."""
    doors.cache_clear()
    while _open:
        made, folder = _open.pop()
        made.close()
        folder.cleanup()


def http(data: bytes) -> None:
    """Bytes as they come. No answer that tells of a failure of the gateway."""
    answer = doors().http(data)
    assert not answer.startswith(b"HTTP/1.1 500"), answer


def httpSeeds() -> Iterator[bytes]:
    for line, body in (
        ("GET /api/v1/devices?detail=full", b""),
        ("GET /api/v1/events?after=0&limit=3", b""),
        ("PUT /api/v1/devices/lamp/commands/on", b"{}"),
        ("POST /api/v1/rooms", b'{"id": "x"}'),
        ("PUT /api/v1/dog/configuration", b"<a/>"),
        ("GET /api/v1/devices/%F0%9F%90%B6", b""),
    ):
        yield f"{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    yield (
        b"POST /api/v1/environment HTTP/1.1\r\nHost: localhost\r\nAccept: application/xml\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    )


def frames(data: bytes) -> None:
    """Bytes as they come behind the handshake."""
    doors().webSocket(data)


def messages(data: bytes) -> None:
    """Lines, each as a text message."""
    doors().webSocket(b"".join(map(frame, data.split(b"\n"))))


def messageSeeds() -> Iterator[bytes]:
    for action, endPoint, parameters in (
        ("GET", "/api/v1/devices", ""),
        ("PUT", "/api/v1/devices/lake-ceiling-lamp/commands/on", {}),
        (
            "POST",
            "/api/v1/subscriptions/devices/notifications",
            {"snapshot": True, "since": {"epoch": "x", "cursor": 1}},
        ),
        ("POST", "/api/v1/subscriptions/devices/notifications", "*"),
        ("DELETE", "/api/v1/subscriptions/devices/*/notifications/*", "*"),
        ("PUT", "/api/v1/session", {"features": ["batch"]}),
    ):
        message = {
            "clientId": "CLIENT",
            "sequenceNumber": 1,
            "messageType": "request",
            "action": action,
            "endPoint": endPoint,
            "parameters": parameters,
        }
        yield json.dumps(message).encode()


def rfc2217Seeds() -> Iterator[bytes]:
    """A server that does as it is asked, one that does otherwise, and one that will not."""
    agreed = b"".join(Verb(verb, option).encode() for verb in (DO, WILL) for option in (0, 3, 44))
    for speed in (b"\x00\x00\x4b\x00", b"\xff\xff\xff\xff"):
        settings = (b"\x65" + speed, b"\x66\x08", b"\x67\x01", b"\x68\x01")
        yield agreed + b"".join(Subnegotiation(b"\x2c" + each).encode() for each in settings) + b"data\xff\xff"
    yield Verb(DONT, 44).encode()


def _without(package: str, distribution: str) -> str | None:
    return None if find_spec(package) else f"{distribution} is not installed"


TARGETS: dict[str, Target] = {
    "home": Target(home, lambda: files("tests/data/homes/*/*.xml")),
    "yaml": Target(yaml, lambda: files("tests/data/homes/*/*.yaml"), _without("yaml", "PyYAML")),
    "config": Target(config, configSeeds),
    "modbus": Target(modbus, modbusSeeds),
    "enocean": Target(enocean, lambda: captured("enocean-serial.jsonl")),
    "telnet": Target(telnet, lambda: [b"ab\xff\xff\xff\xfb\x2c\xff\xfa\x2c\x65\x00\xff\xf0c"]),
    "rfc2217": Target(rfc2217, rfc2217Seeds),
    "capture": Target(capture, lambda: (b"".join(each.splitlines(True)[:20]) for each in files(_CAPTURES))),
    "archive": Target(archive, archiveSeeds),
    "contents": Target(contents, contentsSeeds),
    "state": Target(stateBytes, lambda: [_emptyState()]),
    "http": Target(http, httpSeeds),
    "frames": Target(frames, lambda: [frame(each) for each in messageSeeds()]),
    "messages": Target(messages, messageSeeds),
}
