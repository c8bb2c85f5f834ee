"""pymodbus's server in a process of its own, told by lines of JSON on standard input what to do next.

    python peer.py tcp PORT | rtutcp PORT | asciitcp PORT | udp PORT | rtuudp PORT | rtu PATH | ascii PATH

C{{"set": [table, address, value]}}, C{{"get": [table, address]}}; C{{"fault": name}} with C{exception}, C{delay}
(seconds in C{"seconds"}), C{garbage}, C{corrupt}, C{silence} or null. Each line is answered by one.
"""

import asyncio
import json
import sys
from typing import Any

from pymodbus import FramerType  # type: ignore[import-not-found,unused-ignore]
from pymodbus.constants import ExcCodes  # type: ignore[import-not-found,unused-ignore]
from pymodbus.pdu.device import ModbusDeviceIdentification  # type: ignore[import-not-found,unused-ignore]
from pymodbus.server import ModbusSerialServer, ModbusTcpServer, ModbusUdpServer  # type: ignore[import-not-found,unused-ignore]
from pymodbus.simulator import DataType, SimData, SimDevice  # type: ignore[import-not-found,unused-ignore]

FUNCTIONS = {"c": 1, "di": 2, "hr": 3, "ir": 4}
#: Function codes that read each table, as the action is told.
TABLES = {1: "c", 5: "c", 15: "c", 2: "di", 3: "hr", 6: "hr", 16: "hr", 22: "hr", 23: "hr", 4: "ir"}

fault: dict[str, Any] = {"fault": None}
changes: dict[tuple[str, int], int] = {}


async def act(function: int, start: int, address: int, count: int, current: list[int], values: Any) -> Any:
    if fault["fault"] == "delay":
        await asyncio.sleep(fault["seconds"])
    if fault["fault"] == "exception":
        return ExcCodes.DEVICE_FAILURE
    for (table, at), value in list(changes.items()):
        if TABLES.get(function) == table and 0 <= at - start < len(current):
            current[at - start] = value
            del changes[table, at]
    return None


def trace(sending: bool, data: bytes) -> bytes:
    if sending and fault["fault"] == "garbage":
        return b"\x00\xffgarbage\x01" + data + b"\x7f"
    if sending and fault["fault"] == "corrupt":
        return data[:-1] + bytes([data[-1] ^ 0x55])
    if sending and fault["fault"] == "silence":
        return b""
    return data


async def main(kind: str, where: str) -> None:
    identity = ModbusDeviceIdentification({0: "ACME", 1: "P1", 2: "3.0"})
    unit = SimDevice(
        1,
        simdata=(
            [SimData(0, count=64, values=False, datatype=DataType.BITS)],
            [SimData(0, count=64, values=False, datatype=DataType.BITS)],
            [SimData(0, count=300, values=0, datatype=DataType.REGISTERS)],
            [SimData(0, count=300, values=0, datatype=DataType.REGISTERS)],
        ),
        action=act,
    )
    server: Any
    framer = FramerType.RTU if "rtu" in kind else FramerType.ASCII if "ascii" in kind else FramerType.SOCKET
    more: Any = {"framer": framer, "trace_packet": trace, "identity": identity}
    if kind in ("rtu", "ascii"):
        server = ModbusSerialServer([unit], port=where, baudrate=19200, **more)
    else:
        network = ModbusUdpServer if kind.endswith("udp") else ModbusTcpServer
        server = network([unit], address=("127.0.0.1", int(where)), **more)
    await server.serve_forever(background=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    answer: Any = "ready"
    while True:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        line = await reader.readline()
        if not line:
            return
        order = json.loads(line)
        answer = True
        if "set" in order:
            table, address, value = order["set"]
            bits = table in ("c", "di")
            await server.async_setValues(1, FUNCTIONS[table], address, [bool(value) if bits else value])
        elif "get" in order:
            table, address = order["get"]
            kept, fault["fault"] = fault["fault"], None
            answer = int((await server.async_getValues(1, FUNCTIONS[table], address, 1))[0])
            fault["fault"] = kept
        else:
            fault.update(order)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
