"""modbus-tk's TCP server in a process of its own, told by lines of JSON what to do: see peer.py. It has no faults.

python peer_tk.py tk PORT
"""

import json
import sys
from typing import Any

import modbus_tk.defines as tk  # type: ignore[import-not-found,import-untyped,unused-ignore]
from modbus_tk.modbus_tcp import TcpServer  # type: ignore[import-not-found,import-untyped,unused-ignore]

TABLES = {"c": tk.COILS, "di": tk.DISCRETE_INPUTS, "hr": tk.HOLDING_REGISTERS, "ir": tk.ANALOG_INPUTS}


def main(kind: str, port: str) -> None:
    server = TcpServer(port=int(port), address="127.0.0.1")
    server.start()
    unit = server.add_slave(1)
    for name, table in TABLES.items():
        unit.add_block(name, table, 0, 300)
    answer: Any = "ready"
    while True:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            return
        order = json.loads(line)
        if "set" in order:
            table, address, value = order["set"]
            unit.set_values(table, address, [value])
            answer = True
        else:
            table, address = order["get"]
            answer = int(unit.get_values(table, address, 1)[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
