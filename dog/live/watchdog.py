"""Notices that the reactor stands still, and names whose code it stands in.

A thread samples the reactor thread's stack (C{sys._current_frames}). A timer signal would not do: its code runs in the
very thread that is blocked, between two bytecodes, so it does not see a call that does not return, and it interrupts
system calls of drivers. The thread costs a wake-up every quarter of a second. As long as the reactor waits for
something to happen, which its stack tells, it is not even woken; only when it is at work is it asked for a sign of
life.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

from twisted.application.service import Service
from twisted.logger import Logger

from dog.core.core import Supervised
from dog.core.events import Kind
from dog.live.guard import Conduct, Tally, Where
from dog.live.stepper import Stepper

#: Frames of a stack that the log shows, and that are looked at.
SHOWN, LOOKED_AT = 5, 100

#: Between drivers and the rest: never what blocks, if anything else is on the stack.
_BETWEEN = ("dog.live.", "dog.drivers.", "dog.interfaces")


@dataclass(frozen=True, slots=True)
class Place:
    """One frame of a stack."""

    module: str
    function: str
    line: int

    def __str__(self) -> str:
        return f"{self.module}:{self.line} {self.function}"


@dataclass(frozen=True, slots=True)
class Culprit:
    """What was running. C{driver} and C{link} are None where they are not known."""

    module: str
    driver: str | None = None
    link: str | None = None

    def __str__(self) -> str:
        if self.driver is None:
            return self.module
        return f"driver {self.driver}" if self.link is None else f"driver {self.driver}, link {self.link}"


def stackOf(frame: FrameType | None) -> tuple[Place, ...]:
    """The frames of a stack, the innermost first."""
    found: list[Place] = []
    while frame is not None and len(found) < LOOKED_AT:
        found.append(Place(str(frame.f_globals.get("__name__", "?")), frame.f_code.co_name, frame.f_lineno))
        frame = frame.f_back
    return tuple(found)


def isIdle(place: Place) -> bool:
    """Whether a stack with this on top is a reactor's that waits for something to happen."""
    if place.module.startswith("twisted.internet."):
        return place.function in ("doPoll", "doSelect", "doIteration", "doKEvent")
    return place.module == "selectors" and place.function == "select"


def culpritOf(stack: Sequence[Place], where: Where | None, packages: Mapping[str, str]) -> Culprit:
    """Whose code it is: the innermost frame that belongs to a driver or to us counts.

    @param where: the driver that live has called, if it has.
    @param packages: driver name -> its package.
    """
    ours = None
    for place in stack:
        for driver, package in packages.items():
            if _isIn(place.module, package):
                link = where.link if where is not None and where.driver == driver else None
                return Culprit(place.module, driver, link)
        if _isIn(place.module, "dog"):
            if not place.module.startswith(_BETWEEN):
                return Culprit(place.module)
            ours = ours or place.module
    if where is not None:
        return Culprit(ours or "?", where.driver, where.link)
    return Culprit(ours or _foreign(stack))


def _isIn(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def _foreign(stack: Iterable[Place]) -> str:
    """The innermost module that is neither Python's nor Twisted's."""
    modules = [each.module for each in stack]
    for module in modules:
        root = module.partition(".")[0]
        if root not in sys.stdlib_module_names and root not in ("twisted", "?"):
            return module
    return modules[0] if modules else "?"


class Watchdog(Service):
    """Watches the thread that the reactor runs in, from when it runs.

    A block is told when it is over, in one line; one that lasts for L{alarm} seconds is told at once, too, since
    nobody knows whether it will ever be over.

    @param after: seconds without a sign of life that are a block.
    @param packages: gives driver name -> its package.
    @cvar period: seconds between two looks.
    """

    log = Logger()
    period = 0.25
    alarm = 10.0

    def __init__(
        self,
        reactor: Any,
        stepper: Stepper,
        conduct: Conduct,
        packages: Callable[[], Mapping[str, str]],
        after: float,
    ) -> None:
        self._reactor = reactor
        self._stepper = stepper
        self._conduct = conduct
        self._packages = packages
        self._after = after
        self._ended = threading.Event()
        self._watched = 0
        self._thread: threading.Thread | None = None

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        self._reactor.callWhenRunning(self._begin)

    def stopService(self) -> None:
        super().stopService()  # type: ignore[no-untyped-call]
        self._ended.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(1.0)

    def _begin(self) -> None:
        if self.running and self._thread is None:
            self._ended.clear()
            self._watched = threading.get_ident()
            self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
            self._thread.start()

    # -- in the thread ------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._ended.wait(self.period):
            frame = sys._current_frames().get(self._watched)
            # The name first: an idle reactor's stack is not walked at all.
            if frame is not None and not isIdle(_top(frame)):
                del frame
                self._ask()

    def _ask(self) -> None:
        """Ask for a sign of life, and look what is going on if none comes."""
        began = time.monotonic()
        alive = threading.Event()
        self._reactor.callFromThread(alive.set)
        if alive.wait(self._after):
            return
        where = self._conduct.where
        stack = stackOf(sys._current_frames().get(self._watched))
        if not stack or isIdle(stack[0]):
            return  # the whole process was held up, not its reactor
        culprit = culpritOf(stack, where, self._packages())
        shown = " < ".join(str(each) for each in stack[:SHOWN])
        alarmed = False
        while not alive.wait(self.period):
            if self._ended.is_set():
                return
            seconds = time.monotonic() - began
            if seconds >= self.alarm and not alarmed:
                alarmed = True
                self.log.error(
                    "the gateway has been standing still for {seconds:.0f} s in {culprit}: {stack}",
                    seconds=seconds,
                    culprit=str(culprit),
                    stack=shown,
                )
        self._reactor.callFromThread(self._over, culprit, shown, time.monotonic() - began)

    # -- in the reactor -----------------------------------------------------------------------------------

    def _over(self, culprit: Culprit, shown: str, seconds: float) -> None:
        self.log.warn(
            "the gateway stood still for {seconds:.2f} s in {culprit}: {stack}",
            seconds=seconds,
            culprit=str(culprit),
            stack=shown,
        )
        conduct = self._conduct
        if culprit.driver is None:
            conduct.blockedElsewhere.setdefault(culprit.module, Tally()).add(seconds)
            return
        conduct.blocked.setdefault(culprit.driver, Tally()).add(seconds)
        details: dict[str, Any] = {"driver": culprit.driver, "seconds": round(seconds, 2)}
        if culprit.link is not None:
            conduct.blockedLinks.setdefault((culprit.driver, culprit.link), Tally()).add(seconds)
            details["link"] = culprit.link
        self._stepper.step(Supervised(Kind.DRIVER_BLOCKED, details))


def _top(frame: FrameType) -> Place:
    return Place(str(frame.f_globals.get("__name__", "?")), frame.f_code.co_name, 0)
