"""Whether the peer still lives: TCP alone does not notice for minutes, or never."""

from __future__ import annotations

from collections.abc import Callable

from dog.api.ws.later import Cancels, Later


class Heartbeat:
    """Asks every so often, and says when no answer comes.

    @param later: for its times.
    @param every: seconds from one question to the next.
    @param within: seconds that an answer may take; whatever is heard of the peer counts as one.
    @param ask: sends a ping.
    @param excused: whether the peer can't be expected to answer now, or not to be heard.
    @param dead: called, once, when no answer has come.
    """

    __slots__ = ("_ask", "_dead", "_every", "_excused", "_heard", "_later", "_timer", "_within")

    def __init__(
        self,
        later: Later,
        every: float,
        within: float,
        ask: Callable[[], object],
        excused: Callable[[], bool],
        dead: Callable[[], object],
    ) -> None:
        self._later = later
        self._every = every
        self._within = within
        self._ask = ask
        self._excused = excused
        self._dead = dead
        self._heard = False
        self._timer: Cancels | None = None

    def start(self) -> None:
        self._timer = self._later(self._every, self._beat)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def heard(self) -> None:
        """Something has come from the peer."""
        self._heard = True

    def _beat(self) -> None:
        self._heard = False
        self._timer = self._later(self._within, self._judge)
        self._ask()

    def _judge(self) -> None:
        if self._heard or self._excused():
            self._timer = self._later(max(0.0, self._every - self._within), self._beat)
        else:
            self._timer = None
            self._dead()
