"""Serial ports by endpoint strings: C{serial:/dev/ttyUSB0:baudRate=9600:dataBits=8:parity=even:stopBits=1}."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IProtocol, IProtocolFactory

PREFIX = "serial:"

_PARITIES = {"none": "N", "even": "E", "odd": "O"}


@dataclass(frozen=True)
class Port:
    """What an endpoint string says. C{parity}: as pyserial has it."""

    path: str
    baudRate: int = 9600
    dataBits: int = 8
    parity: str = "N"
    stopBits: float = 1


def fields(text: str) -> list[str]:
    """What colons separate; a colon within one is written C{\\:}."""
    return [re.sub(r"\\(.)", r"\1", each) for each in re.split(r"(?<!\\):", text)]


def parse(endpoint: str) -> Port:
    """Read an endpoint string. ValueError, in words, for what it can't say."""
    parts = fields(endpoint.removeprefix(PREFIX))
    said: dict[str, Any] = {}
    for part in parts[1:]:
        name, _, text = part.partition("=")
        if name in ("baudRate", "dataBits"):
            said[name] = int(text)
        elif name == "stopBits":
            said[name] = float(text)
        elif name == "parity" and text in _PARITIES:
            said[name] = _PARITIES[text]
        else:
            raise ValueError(f"{part!r} is not known")
    if not parts[0]:
        raise ValueError("expected the path of a serial port")
    return Port(parts[0], **said)


def connectSerial(reactor: Any, endpoint: str, factory: IProtocolFactory) -> Deferred[IProtocol]:
    """Open the port and connect a protocol of C{factory} to it, at once. Fails with ValueError or OSError."""
    # Imported when needed: pyserial is not small, and most homes have no serial port.
    from twisted.internet.serialport import SerialPort

    try:
        port = parse(endpoint)
        protocol = factory.buildProtocol(None)  # type: ignore[arg-type]
        if protocol is None:
            raise ConnectError(string="the factory built no protocol")
        SerialPort(
            protocol,
            port.path,
            reactor,
            baudrate=port.baudRate,
            bytesize=port.dataBits,
            parity=port.parity,
            stopbits=port.stopBits,
        )
    except (ValueError, OSError, ConnectError) as error:
        return fail(error)
    except Exception as error:
        if type(error).__module__ != "termios":
            raise
        return fail(ValueError(f"the port does not take these settings: {error}"))
    return succeed(protocol)
