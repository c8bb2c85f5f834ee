"""Serial ports that socat joins, and at their other end a transceiver made of the PyPI package enocean.

No device was at hand: the telegrams are built and read by a codec that nobody here wrote.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.drivers.enocean import nodejs
from tests.drivers.enocean.air import BASE, VERSION

PATIENCE = 30.0


def whyNotPty() -> str:
    """Why there can't be a serial port here; empty if there can."""
    if shutil.which("socat") is None:
        return "socat is not installed"
    return "" if find_spec("serial") is not None else "pyserial is not installed"


def whyNot() -> str:
    """Why there can't be a transceiver here; empty if there can."""
    if whyNotPty():
        return whyNotPty()
    if find_spec("enocean") is None:
        return "the PyPI package enocean is not installed"
    return ""


class Pty:
    """A serial port, C{ours}, under a name that stays the same when it is pulled and put back; C{theirs} is behind it.

    Ours appears when it is shown: a peer empties its port's buffer when it opens it, so it opens it before.
    """

    def __init__(self, folder: Path, name: str = "port") -> None:
        self.ours, self._hidden, self.theirs = (folder / f"{name}.{end}" for end in ("ours", "hidden", "theirs"))
        self._socat: subprocess.Popen[bytes] | None = None

    def plug(self) -> None:
        """Theirs is there. C{show} is next."""
        ends = [f"pty,raw,echo=0,link={each}" for each in (self._hidden, self.theirs)]
        self._socat = subprocess.Popen(["socat", *ends])
        until = time.monotonic() + PATIENCE
        while not (self._hidden.exists() and self.theirs.exists()):
            assert time.monotonic() < until and self._socat.poll() is None, "socat did not make its ports"
            threading.Event().wait(0.02)

    def show(self) -> None:
        """Ours is there, too."""
        self.ours.symlink_to(self._hidden.resolve())

    def pull(self) -> None:
        self.ours.unlink(missing_ok=True)
        if self._socat is not None:
            self._socat.terminate()
            self._socat.wait()
            self._socat = None


class Bridge:
    """A TCP server that hands on bytes from and to a serial port, and nothing else: what ser2net does in raw mode."""

    def __init__(self, port: int, path: Path) -> None:
        listen = f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork"
        self._socat = subprocess.Popen(["socat", listen, f"FILE:{path},raw,echo=0"], start_new_session=True)

    def stop(self) -> None:
        """It and the connections that it has."""
        with suppress(ProcessLookupError):
            os.killpg(self._socat.pid, signal.SIGTERM)
        self._socat.wait()


class Transceiver:
    """What a USB 300 does, with the package's own packets, and one D2-01 actuator and one A5-20-01 valve behind it.

    @ivar orders: what the actuator was told, as the package reads it: values by the profile's shortcuts.
    @ivar answers: what the valve was told.
    """

    plug, valve = [1, 2, 3, 4], [1, 2, 3, 5]

    def __init__(self, port: Path) -> None:
        self._packet = import_module("enocean.protocol.packet")
        logging.getLogger("enocean").setLevel(logging.ERROR)
        communicator = import_module("enocean.communicators.serialcommunicator").SerialCommunicator
        self._line: Any = communicator(port=str(port))
        self._line.start()
        self.output = 0
        self.orders: queue.Queue[dict[str, Any]] = queue.Queue()
        self.answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._line.stop()
        self._thread.join(PATIENCE)
        self._line.join(PATIENCE)

    def say(self, rorg: int, func: int, type: int, sender: list[int], **values: Any) -> None:
        packet = self._packet.RadioPacket.create(
            rorg=rorg, rorg_func=func, rorg_type=type, sender=sender, learn=False, **values
        )
        self._line.send(packet)

    def release(self, sender: list[int]) -> None:
        """A U-message, which the package has no words for."""
        packet = self._packet.RadioPacket(1, data=[0xF6, 0, *sender, 0x20], optional=[1, 255, 255, 255, 255, 60, 0])
        self._line.send(packet)

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                packet = self._line.receive.get(timeout=0.1)
            except queue.Empty:
                continue
            if packet.packet_type == 5:
                answer = VERSION if packet.data[0] == 3 else b"\0" + BASE.to_bytes(4, "big")
                self._line.send(self._packet.Packet(2, data=list(answer)))
            elif packet.packet_type == 1:
                self._line.send(self._packet.Packet(2, data=[0]))
                self._hear(packet)

    def _hear(self, packet: Any) -> None:
        """A telegram to one of the two; C{optional} has the address that it is for."""
        to = list(packet.optional[1:5])
        if to == self.valve and packet.rorg == 0xA5:
            packet.select_eep(0x20, 1, 2)
            packet.parse_eep()
            self.answers.put(_read(packet))
        elif to == self.plug and packet.rorg == 0xD2:
            command = packet.data[1] & 0x0F
            if command == 1:
                packet.select_eep(1, 1, None, 1)
                packet.parse_eep()
                read = _read(packet)
                self.output = read["OV"]
                self.orders.put(read)
            elif command == 3:  # the package has no words for it
                self.say(0xD2, 1, 1, self.plug, command=4, OV=self.output, IO=0)


def _read(packet: Any) -> dict[str, Any]:
    return {name: each["raw_value"] for name, each in packet.parsed.items()} | {"sender": list(packet.sender)}


_NODE = """
const fs = require('fs')
const { ESP3Parser, RadioERP1, ESP3Packet } = require('enocean-js')
const [path, version, base] = process.argv.slice(1)
const port = fs.openSync(path, 'r+')
const write = packet => fs.writeSync(port, Buffer.from(packet.toString(), 'hex'))
const bytes = hex => [...Buffer.from(hex, 'hex')]
const respond = data => write(ESP3Packet.from({ data: bytes(data), optionalData: [], packetType: 2 }))
let output = 0
const parser = new ESP3Parser()
parser.on('data', parsed => {
  const packet = parsed || parser.currentESP3Packet  // it has no class for common commands that come in
  const data = [...packet.data]
  if (packet.packetType === 5) return respond(data[0] === 3 ? version : base)
  if (packet.packetType !== 1) return respond('02')
  respond('00')
  const to = packet.destinationId
  const eep = { d2: 'd2-01-01', a5: 'a5-20-01' }[packet.RORG.toString(16)]
  const read = {}
  for (const [name, each] of Object.entries(packet.decode(eep, 2))) read[name] = each.rawValue
  console.log(JSON.stringify({ sender: packet.senderId, to, ...read }))
  if (eep === 'd2-01-01' && read.CMD === 1) output = read.OV
  if (eep === 'd2-01-01' && read.CMD === 3) {
    write(RadioERP1.from({ rorg: 0xd2, payload: [4, 0x60, output], id: to, status: 0 }))
  }
})
fs.createReadStream('', { fd: port, autoClose: false }).pipe(parser)
require('readline').createInterface({ input: process.stdin }).on('line', line => {
  const { eep, sender, values, raw } = JSON.parse(line)
  if (raw) return write(ESP3Packet.from({ data: raw, optionalData: [1, 255, 255, 255, 255, 60, 0], packetType: 1 }))
  const telegram = RadioERP1.from({ rorg: parseInt(eep, 16), payload: [0, 0, 0, 8], id: sender, status: 0 })
  telegram.encode(values, { eep, direction: 1 })
  telegram.teachIn = false
  write(telegram)
})
console.log('"ready"')
"""


class NodeTransceiver:
    """The same made of npm's enocean-js: it parses what the gateway writes, and builds what it hears.

    @ivar heard: every telegram that was transmitted: sender, to, and the raw values by the profile's shortcuts.
    """

    def __init__(self, port: Path) -> None:
        base = "00" + BASE.to_bytes(4, "big").hex()
        self._node = nodejs.start(_NODE, str(port), VERSION.hex(), base)
        self.heard: list[Any] = []
        assert self._node.stdout is not None
        assert json.loads(self._node.stdout.readline()) == "ready"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._node.stdout is not None
        for line in self._node.stdout:
            self.heard.append(json.loads(line))

    def say(self, eep: str, sender: str, **values: Any) -> None:
        self._tell(eep=eep, sender=sender, values=values)

    def raw(self, data: list[int]) -> None:
        """Rorg, payload, sender, status."""
        self._tell(raw=data)

    def _tell(self, **what: Any) -> None:
        assert self._node.stdin is not None
        self._node.stdin.write(json.dumps(what) + "\n")
        self._node.stdin.flush()

    def stop(self) -> None:
        self._node.kill()
        self._node.communicate()
