"""A serial port on the network, set by RFC 2217: pyserial's PortManager, in a process of its own.

    python peer_rfc2217.py TCPPORT PATH [BAUDRATE]

With a baud rate, the port takes no other. What it was set to is printed whenever it changes, as a line of JSON.
"""

import json
import select
import socket
import sys
from typing import Any, cast

import serial
from serial.rfc2217 import PortManager


class Fixed(serial.Serial):
    """A port that runs at one baud rate."""

    only = 0

    def _reconfigure_port(self, force_update: bool = False) -> None:
        if self.only and self.baudrate != self.only:
            raise ValueError(f"{self.baudrate} baud are not to be had")
        super()._reconfigure_port(force_update)  # type: ignore[misc]


class Connection:
    def __init__(self, wire: socket.socket) -> None:
        self.write = wire.sendall


def serve(wire: socket.socket, port: Any) -> None:
    # A pty has no modem lines.
    cast(Any, PortManager).check_modem_lines = lambda self, force_notification=False: None
    telnet: Any = PortManager(port, cast(Any, Connection(wire)))
    said: Any = None
    while True:
        readable, _, _ = select.select([wire, port], [], [])
        if wire in readable:
            data = wire.recv(1024)
            if not data:
                return
            port.write(b"".join(telnet.filter(data)))
        if port in readable:
            wire.sendall(b"".join(telnet.escape(port.read(port.in_waiting or 1))))
        now = [port.baudrate, port.bytesize, port.parity, port.stopbits]
        if now != said:
            said = now
            sys.stdout.write(json.dumps(now) + "\n")
            sys.stdout.flush()


def main(number: str, path: str, only: str = "0") -> None:
    listening = socket.create_server(("127.0.0.1", int(number)))
    sys.stdout.write(json.dumps("ready") + "\n")
    sys.stdout.flush()
    while True:
        wire, _ = listening.accept()
        with wire:
            port = Fixed(path, int(only) or 9600, dsrdtr=False, rtscts=False)
            port.only = int(only)
            try:
                serve(wire, port)
            except (OSError, serial.SerialException):
                pass
            port.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
