"""A Modbus RTU unit (number 1, eight coils) on a pseudo-terminal: python3 rtuunit.py PORT

PORT becomes a link to it, of the group dialout like a serial port of Debian's. Prints what is written to the coils.
Stands at the end of a wire for tools/debtest.py, in a system that has nothing but Python.
"""

from __future__ import annotations

import grp
import os
import pty
import sys
import tty

COILS = [False] * 8


def crc(data: bytes) -> bytes:
    """Modbus over serial line 1.02, 6.2.2."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")


def answer(function: int, address: int, value: int) -> bytes:
    """To a request of six bytes: reading coils (1) and writing one (5); all else is refused."""
    if function == 1 and 0 < value <= len(COILS) - address:
        bits = sum(COILS[address + each] << each for each in range(value))
        return bytes([function, 1, bits])
    if function == 5 and address < len(COILS):
        COILS[address] = value == 0xFF00
        print(f"coil {address} = {int(COILS[address])}", flush=True)
        return bytes([function]) + address.to_bytes(2) + value.to_bytes(2)
    return bytes([function | 0x80, 2 if function in (1, 5) else 1])


def main(port: str) -> None:
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    name = os.ttyname(theirs)
    os.chown(name, 0, grp.getgrnam("dialout").gr_gid)
    os.chmod(name, 0o660)
    os.symlink(name, port)
    print("ready", flush=True)
    waiting = b""
    while True:
        waiting += os.read(ours, 256)
        while len(waiting) >= 8:
            frame, waiting = waiting[:8], waiting[8:]
            if frame[0] == 1 and crc(frame[:6]) == frame[6:]:
                told = b"\x01" + answer(frame[1], int.from_bytes(frame[2:4]), int.from_bytes(frame[4:6]))
                os.write(ours, told + crc(told))


if __name__ == "__main__":
    main(sys.argv[1])
