"""What the service manager is told: that the gateway is ready, how it is, and that it is alive.

The protocol is sd_notify(3): datagrams to the socket that C{$NOTIFY_SOCKET} names. Started by anything but systemd
there is none, and nobody is told anything.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from twisted.logger import Logger

log = Logger()


class _Timer(Protocol):
    def cancel(self) -> object: ...


class Systemd:
    """Tells the manager that started us.

    The watchdog is fed from the reactor that serves the clients, at half its time: a reactor that hangs is found.

    @param environment: C{NOTIFY_SOCKET}; C{WATCHDOG_USEC} in microseconds, C{WATCHDOG_PID} for whom it is meant.
    @param callLater: seconds, callable -> something that can be cancelled.
    @param status: one line on how the gateway is; told with every sign of life.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        callLater: Callable[[float, Callable[[], object]], _Timer],
        status: Callable[[], str],
    ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._callLater = callLater
        self._status = status
        self._timer: _Timer | None = None
        self.interval: float | None = None
        micros = environment.get("WATCHDOG_USEC", "")
        if micros.isdigit() and int(micros) and environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid()):
            self.interval = int(micros) / 2_000_000

    def ready(self) -> None:
        """The gateway accepts clients. From now on the watchdog is fed."""
        self._tell(f"READY=1\nSTATUS={self._status()}")
        if self._address and self.interval is not None:
            self._timer = self._callLater(self.interval, self._alive)

    def reloading(self) -> None:
        """The configuration is being read again; L{reloaded} follows."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def reloaded(self) -> None:
        self._tell(f"READY=1\nSTATUS={self._status()}")

    def stopping(self) -> None:
        """Stopping has begun. The watchdog waits no more: systemd has a deadline of its own for that."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        self._tell("STOPPING=1")

    def _alive(self) -> None:
        assert self.interval is not None
        self._timer = self._callLater(self.interval, self._alive)
        self._tell(f"WATCHDOG=1\nSTATUS={self._status()}")

    def _tell(self, text: str) -> None:
        if not self._address:
            return
        # A name that begins with @ is in the abstract name space.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
                notify.setblocking(False)
                notify.sendto(text.encode(), address)
        except OSError as error:
            log.warn("systemd can't be told {text!r}: {error}", text=text, error=str(error))
