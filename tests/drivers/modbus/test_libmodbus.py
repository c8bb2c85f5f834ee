"""Against libmodbus: its server, well-behaved and hostile, and mbpoll, which looks at the same registers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.utils import getProcessOutputAndValue

from dog.model.command import Stage
from dog.model.device import Device
from dog.model.values import Slot
from tests.drivers.modbus.slave import LAMP, params
from tests.drivers.modbus.test_peers import BIT, NO_PYMODBUS, THERMOMETER, Child, PeerTestCase

MBPOLL = shutil.which("mbpoll")
CC = shutil.which("cc")
HEADER = Path("/usr/include/modbus/modbus.h")
#: Holding registers by which the server in C is told what to do, and what it then does.
HOW, CONTENT = 250, 251
WELL, OTHER_ID, LATE, BYTE_BY_BYTE, TOO_LONG = range(5)


class MbpollTestCase(PeerTestCase):
    """An independent master at the same server."""

    skip = None if MBPOLL else "mbpoll is not installed"
    number = 0

    @inlineCallbacks
    def mbpoll(self, type: int, address: int, *values: int) -> Generator[Deferred[Any], Any, int | None]:
        """Write, or read what is there. C{type}: 0 coil, 3 input register, 4 holding register."""
        where = ("-t", str(type), "-r", str(address), "127.0.0.1", *map(str, values))
        options = ("-m", "tcp", "-p", str(self.number), "-0", "-1", "-a", "1", "-o", "5", *where)
        out, err, status = yield getProcessOutputAndValue(MBPOLL, options, os.environ)
        self.assertEqual(status, 0, (out, err))
        found = re.search(rb"\[%d\]:\s+(-?\d+)" % address, out)
        return None if values else int(found[1]) & 0xFFFF if found else -1

    def gateway(self, **named: object) -> Device:
        return Device("gw", "ModbusGateway", "Modbus", params=params(IPAddress="127.0.0.1", port=self.number, **named))

    @inlineCallbacks
    def bothSee(self) -> Generator[Deferred[Any], Any, None]:
        """What we write it reads, what it writes we read."""
        yield self.until(partial(self.shows, "lamp", "OnOffState", "off"))
        for id, name, type, address, wanted in (
            ("lamp", "on", 0, 0, 1),
            ("bit", "on", 4, 20, 0x0008),
            ("lamp", "off", 0, 0, 0),
            ("bit", "off", 4, 20, 0x0000),
        ):
            entry = yield self.send(id, name)
            self.assertEqual((entry.outcome.stage, entry.outcome.reason), (Stage.CONFIRMED, None))
            found = yield self.mbpoll(type, address)
            self.assertEqual(found, wanted)
        yield self.mbpoll(0, 0, 1)
        yield self.until(partial(self.shows, "lamp", "OnOffState", "on"))
        yield self.mbpoll(4, 20, 0x0F0F)
        yield self.until(partial(self.shows, "bit", "OnOffState", "on"))
        yield self.send("bit", "off")
        found = yield self.mbpoll(4, 20)
        self.assertEqual(found, 0x0F07)


class PymodbusTests(MbpollTestCase):
    skip = MbpollTestCase.skip or NO_PYMODBUS

    @inlineCallbacks
    def test_bothSee(self) -> Generator[Deferred[Any], Any, None]:
        self.number = self.port()
        yield self.peer("tcp", str(self.number))
        self.begin(self.gateway(), LAMP, BIT)
        yield self.bothSee()


class LibmodbusTests(MbpollTestCase):
    """Its server, in C."""

    skip = MbpollTestCase.skip or (None if CC and HEADER.exists() else "cc or libmodbus's header is not installed")

    def serve(self) -> Deferred[Child]:
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        source = str(Path(__file__).with_name("peer_libmodbus.c"))
        subprocess.run([str(CC), "-Wall", "-o", f"{folder}/peer", source, "-lmodbus"], check=True, timeout=60)
        self.number = self.port()
        return self.spawn(f"{folder}/peer", str(self.number))

    @inlineCallbacks
    def test_bothSee(self) -> Generator[Deferred[Any], Any, None]:
        yield self.serve()
        self.begin(self.gateway(), LAMP, BIT)
        yield self.bothSee()

    @inlineCallbacks
    def test_hostile(self) -> Generator[Deferred[Any], Any, None]:
        """Another id, late, too long: no answer, and never a wrong value; byte by byte: read as ever. All heals."""
        yield self.serve()
        told: list[str] = []

        def look(_: object) -> None:
            held = self.core.values.get(Slot("thermometer", "TemperatureState"))
            if held is not None and str(held.value) not in told:
                told.append(str(held.value))

        self.stepper.listen(look)
        yield self.mbpoll(4, CONTENT, 200)
        self.begin(self.gateway(requestTimeout=200), THERMOMETER)
        yield self.until(partial(self.shows, "thermometer", "TemperatureState", "20.0 C"))
        for turn, how in enumerate((BYTE_BY_BYTE, OTHER_ID, LATE, TOO_LONG), 1):
            yield self.mbpoll(4, HOW, how)
            yield self.mbpoll(4, CONTENT, 200 + 10 * turn)
            if how != BYTE_BY_BYTE:
                yield self.until(lambda: not self.core.presence("thermometer").online)
                yield self.mbpoll(4, HOW, WELL)
            yield self.until(partial(self.shows, "thermometer", "TemperatureState", f"{20 + turn}.0 C"))
        self.assertEqual(told, [f"{20 + turn}.0 C" for turn in range(5)])
