"""What a ModbusGateway of home.xml and the settings say about a line. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dog.drivers.link import SerialSettings, isNetwork, portEndpoint, tcpEndpoint, udpEndpoint
from dog.drivers.modbus.codec import Ascii, Either, Framing, Mbap, Rtu
from dog.drivers.modbus.protocol import Timing
from dog.drivers.modbus.registers import BadRegister, millis
from dog.model.device import Device

#: Setting -> default, lowest, highest.
SETTINGS: Mapping[str, tuple[int, int, int]] = {
    "pollingTimeMillis": (5000, 50, 86_400_000),
    "nRetriesWithinTransaction": (2, 0, 10),
}

#: What the Java gateway was told, and what became of it.
GONE: Mapping[str, str] = {
    "nRetries": "connecting is tried for ever",
    "retryPeriodMillis": "the delay between attempts grows from half a second to half a minute",
    "blacklistCycle": "a unit that does not answer is tried again within seconds",
    "retryDelayWithinTransactionMillis": "a request is repeated as soon as the line allows",
    "maxOpenTransactions": "there is one request at a time",
    "disconnectOnTransactionCheckFailure": "an answer that nobody waits for is passed over",
}

_VARIANTS = ("TCP", "RTU", "RTU_TCP", "UDP", "RTU_UDP")


class BadGateway(ValueError):
    """The gateway device makes no line; the text is for the installer."""


@dataclass(frozen=True)
class LineSettings:
    """Everything about one line.

    @ivar network: a connection that may be dead without anybody saying so.
    @ivar connected: that it is open shows that somebody is there; not so with UDP.
    @ivar interval: seconds between two readings of a register. @ivar retries: after the first attempt.
    @ivar maxGap: unused registers that one request may span; None: as the driver likes.
    @ivar identify: ask each unit once what it is, for the log.
    """

    endpoint: str
    framing: Framing
    timing: Timing
    network: bool
    connected: bool
    interval: float
    retries: int
    maxGap: int | None = None
    identify: bool = False


def lineOf(gateway: Device, settings: Mapping[str, Any]) -> LineSettings:
    """Raises L{BadGateway}."""
    param = gateway.param
    host, portName = _text(param, "IPAddress"), _text(param, "portName")
    variant = (_text(param, "protocolVariant") or ("RTU" if portName and not host else "TCP")).upper()
    if variant not in _VARIANTS:
        raise BadGateway(f"protocolVariant: expected one of {', '.join(_VARIANTS)}, got {variant}")
    try:
        serial = variant == "RTU"
        line = _serial(param)
        if serial:
            endpoint = portEndpoint(portName, line)
        else:
            if not host:
                raise BadGateway("IPAddress is missing")
            server = tcpEndpoint if variant.endswith("TCP") else udpEndpoint
            endpoint = server(host, _number(param, "port", 502, 1, 0xFFFF))
        timing = Timing(
            millis(param, "requestTimeout", 1) or 0.5,
            line.bitsPerByte / line.baudRate if serial else 0.0,
            _or(millis(param, "requestGap", 0), 0.01 if variant in ("RTU_TCP", "RTU_UDP") else 0.0),
            serial and _flag(param, "echo", False),
        )
        return LineSettings(
            endpoint,
            _framing(param, variant),
            timing,
            isNetwork(endpoint),
            not endpoint.startswith("udp:"),
            intervalOf(gateway, setting(settings, "pollingTimeMillis") / 1000),
            setting(settings, "nRetriesWithinTransaction"),
            _number(param, "maxGap", 0, 0, 120) if _text(param, "maxGap") else None,
            _flag(param, "identify", False),
        )
    except BadGateway:
        raise
    except (BadRegister, ValueError) as error:
        raise BadGateway(str(error)) from None


def intervalOf(device: Device, default: float) -> float:
    """Seconds between readings: C{pollingTimeMillis} of the device. Raises L{BadRegister}."""
    return _or(millis(device.param, "pollingTimeMillis", 50), default)


def blocksOf(device: Device) -> bool:
    """Whether the device's registers may be read together with their neighbours: C{blockReads}."""
    return _flag(device.param, "blockReads", True)


def setting(settings: Mapping[str, Any], name: str) -> int:
    """A setting, its default where it is not given or wrong (L{settingProblems} says so)."""
    default, low, high = SETTINGS[name]
    value = settings.get(name, default)
    return value if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high else default


def settingProblems(settings: Mapping[str, Any]) -> list[str]:
    found = []
    for name, value in settings.items():
        if name in GONE:
            found.append(f"setting {name!r} has no meaning any more: {GONE[name]}")
        elif name not in SETTINGS:
            found.append(f"unknown setting {name!r}")
        elif not isinstance(value, int) or isinstance(value, bool) or setting(settings, name) != value:
            _, low, high = SETTINGS[name]
            found.append(f"{name}: expected a whole number from {low} to {high}, got {value!r}")
    return found


def _framing(param: Callable[[str], str | None], variant: str) -> Framing:
    if variant in ("TCP", "UDP"):
        return Mbap()
    encoding = _text(param, "encoding").lower()
    if not encoding:
        # The Java gateway sent MBAP under this name. Whoever answers in one of them does not answer the other.
        return Either(Mbap(), Rtu()) if variant == "RTU_UDP" else Rtu()
    if encoding not in ("rtu", "ascii"):
        raise BadGateway(f"encoding: expected rtu or ascii, got {encoding}")
    return Rtu() if encoding == "rtu" else Ascii()


def _serial(param: Callable[[str], str | None]) -> SerialSettings:
    parity = (_text(param, "parity") or "even").lower()
    if parity not in ("none", "even", "odd"):
        raise BadGateway(f"parity: expected none, even or odd, got {parity}")
    stopBits = _text(param, "stopBits") or "1"
    if stopBits not in ("1", "1.5", "2"):
        raise BadGateway(f"stopBits: expected 1, 1.5 or 2, got {stopBits}")
    return SerialSettings(
        _number(param, "baudRate", 115200, 50, 4_000_000), _number(param, "dataBits", 8, 5, 8), parity, float(stopBits)
    )


def _text(param: Callable[[str], str | None], name: str) -> str:
    return (param(name) or "").strip()


def _number(param: Callable[[str], str | None], name: str, default: int, low: int, high: int) -> int:
    text = _text(param, name)
    if not text:
        return default
    if not text.isdigit() or not low <= int(text) <= high:
        raise BadGateway(f"{name}: expected {low} to {high}, got {text}")
    return int(text)


def _flag(param: Callable[[str], str | None], name: str, default: bool) -> bool:
    text = _text(param, name).lower()
    if text not in ("", "true", "false"):
        raise BadRegister(f"{name}: expected true or false, got {text}")
    return default if not text else text == "true"


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
