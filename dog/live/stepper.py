"""The one place that steps the core, and the owner of the one timer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from dog.core.core import Core, Input, Ticked
from dog.core.events import Event
from dog.core.now import Now


def utcNow() -> datetime:
    """The system's clock, aware."""
    return datetime.now(UTC)


class Told(Protocol):
    """A client in the core's subscriptions: told of each event it wants, in order. Must not block."""

    def deliver(self, event: Event) -> None: ...

    def dropped(self) -> None:
        """It failed on an event and is told no more. Never silence: it should end."""


class Timer:
    """Something to be called once. Made by L{Stepper.callAt}."""

    __slots__ = ("_call", "_stepper")

    def __init__(self, stepper: Stepper, call: Callable[[], object]) -> None:
        self._stepper = stepper
        self._call = call

    def cancel(self) -> None:
        """Don't. Harmless after it was called or cancelled."""
        self._stepper.core.agenda.cancel(self)

    def __call__(self) -> None:
        self._call()


class Stepper:
    """Feeds the core one input at a time and carries out what follows.

    An input that arrives while a step's effects are carried out waits for its turn, so that every
    client sees every event in the order of its number.
    """

    log = Logger()

    def __init__(self, core: Core, clock: IReactorTime, utcNow: Callable[[], datetime] = utcNow) -> None:
        self.core = core
        self._clock = clock
        self._utcNow = utcNow
        self._waiting: deque[tuple[Input, Callable[[], object] | None]] = deque()
        self._stepping = False
        self._delayed: IDelayedCall | None = None
        self._delayedAt = 0.0
        self._listeners: list[Callable[[Sequence[Event]], object]] = []

    def now(self) -> Now:
        return Now(self._clock.seconds(), self._utcNow())

    def listen(self, listener: Callable[[Sequence[Event]], object]) -> None:
        """C{listener} gets the events of every step (history, storage, metrics)."""
        self._listeners.append(listener)

    def step(self, input: Input, then: Callable[[], object] | None = None) -> None:
        """Step the core. C{then} is called when every client has been handed what follows from it."""
        self._waiting.append((input, then))
        if self._stepping:
            return
        self._stepping = True
        try:
            while self._waiting:
                self._run(*self._waiting.popleft())
        finally:
            self._stepping = False
            self._arrange()

    def callAt(self, mono: float, call: Callable[[], object]) -> Timer:
        """Call at that monotonic time."""
        timer = Timer(self, call)
        self.core.agenda.set(timer, mono)
        if not self._stepping:
            self._arrange()
        return timer

    def callLater(self, seconds: float, call: Callable[[], object]) -> Timer:
        return self.callAt(self._clock.seconds() + seconds, call)

    def stop(self) -> None:
        """No more ticks."""
        if self._delayed is not None and self._delayed.active():
            self._delayed.cancel()
        self._delayed = None

    def _run(self, input: Input, then: Callable[[], object] | None) -> None:
        try:
            effects = self.core.step(input, self.now())
        except Exception:
            self.log.failure("the core failed on {input!r}", input=input)
            if then is not None:
                self._guarded(then)
            return
        for event, clients in effects.deliveries:
            for client in clients:
                try:
                    client.deliver(event)  # type: ignore[attr-defined]
                except Exception:
                    self.log.failure("client {client!r} failed on an event and is dropped", client=client)
                    self.core.subscriptions.drop(client)
                    self._guarded(client.dropped)  # type: ignore[attr-defined]
        if effects.events:
            for listener in self._listeners:
                try:
                    listener(effects.events)
                except Exception:
                    self.log.failure("listener {listener!r} failed", listener=listener)
        for due in effects.due:
            if isinstance(due, Timer):
                self._guarded(due)
        if then is not None:
            self._guarded(then)

    def _guarded(self, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception:
            self.log.failure("{call!r} failed", call=call)

    def _arrange(self) -> None:
        """Have the timer go off when the agenda wants it."""
        at = self.core.agenda.next()
        if self._delayed is not None and self._delayed.active():
            if at is not None and self._delayedAt <= at:
                return
            self._delayed.cancel()
        self._delayed = None
        if at is not None:
            self._delayedAt = at
            self._delayed = self._clock.callLater(max(0.0, at - self._clock.seconds()), self._tick)

    def _tick(self) -> None:
        self._delayed = None
        self.step(Ticked())
