"""Notices a gateway that is gone without a word: no FIN, no RST, just silence."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Heartbeat:
    """Pings after C{interval} seconds of silence; C{dead} is called if it lasts C{patience} seconds more.

    @param ping: sends a ping; whatever comes back is reported with L{heard}.
    @param due: asked about every C{interval} seconds: whether to ping although there was no silence.
    """

    def __init__(
        self,
        clock: IReactorTime,
        ping: Callable[[], object],
        dead: Callable[[], object],
        interval: float = 30.0,
        patience: float = 10.0,
        due: Callable[[], bool] = lambda: False,
    ) -> None:
        self._clock = clock
        self._ping = ping
        self._dead = dead
        self._interval = interval
        self._patience = patience
        self._due = due
        self._heardAt = 0.0
        self._call: IDelayedCall | None = None

    def start(self) -> None:
        self.stop()
        self.heard()
        self._call = self._clock.callLater(self._interval, self._look)

    def heard(self) -> None:
        """Something came. Cheap: the timer is not touched."""
        self._heardAt = self._clock.seconds()

    def stop(self) -> None:
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None

    def _look(self) -> None:
        silent = self._clock.seconds() - self._heardAt
        if silent < self._interval and not self._due():
            self._call = self._clock.callLater(self._interval - silent, self._look)
            return
        self._call = self._clock.callLater(self._patience, self._judge, self._heardAt)
        self._ping()

    def _judge(self, heardBefore: float) -> None:
        if self._heardAt > heardBefore:
            silent = self._clock.seconds() - self._heardAt
            self._call = self._clock.callLater(max(0.0, self._interval - silent), self._look)
        else:
            self._call = None
            self._dead()
