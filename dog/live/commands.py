"""Commands on their way: checked, put in the ledger, one at a time per device, settled before their deadline."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from dog.core.core import Accepted, Settled
from dog.core.ledger import Entry
from dog.interfaces import IDeviceDriver
from dog.live.stepper import Stepper, Timer
from dog.model.arguments import arguments
from dog.model.command import Command, Outcome, Stage
from dog.model.device import Device
from dog.model.refusal import Code, Refusal, quoted
from dog.model.rights import Principal

#: Characters of a reason that are kept, logged and told.
MAX_REASON = 300


class Ports(Protocol):
    """Where a device's driver is found."""

    def driverOf(self, device: str) -> IDeviceDriver:
        """Raises L{Refusal} C{no_driver} or C{unreachable}."""


class Commands:
    """The queues. A device never has two commands on its bus at once.

    @ivar timeout: seconds a command may take unless its caller says otherwise.
    @ivar maxQueued: commands that may wait per device; one more is refused (C{busy}).
    @param remember: puts a settled command where it outlasts a restart; its caller is told after that.
    """

    log = Logger()

    def __init__(
        self,
        stepper: Stepper,
        ports: Ports,
        *,
        timeout: float = 2.0,
        maxQueued: int = 64,
        remember: Callable[[Entry], Deferred[None]] = lambda entry: succeed(None),
    ) -> None:
        self._stepper = stepper
        self._ports = ports
        self._remember = remember
        self.timeout = timeout
        self.maxQueued = maxQueued
        self._queues: dict[str, deque[_Running]] = {}
        self._open: dict[str, _Running] = {}
        self._idle: Deferred[None] | None = None

    def send(
        self,
        device: Device,
        name: str,
        body: Any | None,
        who: Principal,
        *,
        key: str | None = None,
        timeout: float | None = None,
    ) -> Deferred[Entry]:
        """Send a command; the Deferred fires with its settled ledger entry, at the latest at the deadline.

        @param body: the parsed JSON body, None where there was none.
        @param key: an idempotency key: a key that is known answers with the first command's entry.
        @raise Refusal: before anything is done (C{not_found}, C{bad_body}, C{bad_value}, C{no_driver}, ...).
        """
        types = device.commands.get(name)
        if types is None:
            raise Refusal(Code.NOT_FOUND, f"{device.id} has no command {quoted(name)}")
        type, args = arguments(types, body, device=device)
        if key is not None:
            known = self._stepper.core.ledger.withKey(who.name, key, self._stepper.now())
            if known is not None:
                if (known.command.device, known.command.type, known.command.args) != (device.id, type, args):
                    raise Refusal(Code.BAD_BODY, "this idempotency key was used for another command")
                return self._outcomeOf(known)
        self._ports.driverOf(device.id)
        queue = self._queues.setdefault(device.id, deque())
        if len(queue) >= self.maxQueued:
            raise Refusal(Code.BUSY, f"{device.id} has {len(queue)} commands waiting")
        seconds = self.timeout if timeout is None else timeout
        deadline = self._stepper.now().mono + seconds
        command = Command(secrets.token_hex(8), device.id, type, args, deadline, who, key)
        running = _Running(self, command, seconds)
        self._open[command.id] = running
        queue.append(running)
        self._stepper.step(Accepted(command))
        waiting = self._wait(running)
        for earlier in [each for each in list(queue)[1:-1] if _supersedes(command, each.command)]:
            earlier.settle(Outcome(Stage.SUPERSEDED, Code.BUSY.value, f"a later {type.name} made it pointless"))
        if queue and queue[0] is running:
            running.start()
        return waiting

    def pending(self) -> int:
        """Commands that are not settled."""
        return len(self._open)

    def failAll(self, device: str, code: Code, reason: str) -> None:
        """Settle every command of a device at once: its link is gone, or the device is.

        Of the one that its driver has, nobody knows whether it has been carried out. It comes last, lest another gets
        its turn.
        """
        for running in reversed(list(self._queues.get(device, ()))):
            running.settle(Outcome(Stage.UNKNOWN if running.isOut else Stage.FAILED, code.value, reason))

    def stop(self) -> Deferred[None]:
        """Settle everything: the gateway stops. Fires when every caller has been told."""
        self._idle = Deferred()
        for running in list(self._open.values()):
            running.settle(Outcome(Stage.UNKNOWN, Code.UNREACHABLE.value, "the gateway stops"))
        if not self._open and not self._idle.called:
            self._idle.callback(None)
        return self._idle

    def _outcomeOf(self, entry: Entry) -> Deferred[Entry]:
        running = self._open.get(entry.command.id)
        if running is not None:
            return self._wait(running)
        done: Deferred[Entry] = Deferred()
        done.callback(entry)
        return done

    def _wait(self, running: _Running) -> Deferred[Entry]:
        """A Deferred of its own per caller: a caller that goes away cancels his waiting, not the command."""
        waiting: Deferred[Entry] = Deferred(lambda _: running.waiters.remove(waiting))
        running.waiters.append(waiting)
        return waiting

    def _finished(self, running: _Running, outcome: Outcome) -> None:
        if outcome.reason is not None and len(outcome.reason) > MAX_REASON:
            outcome = replace(outcome, reason=outcome.reason[: MAX_REASON - 1] + "…")
        command = running.command
        core = self._stepper.core
        queue = self._queues.get(command.device, deque())

        def reply() -> None:
            entry = core.ledger.get(command.id)
            assert entry is not None
            if entry.outcome is None:
                # The step failed on what the driver claims to have seen: a bug of the driver, logged there.
                core.ledger.settle(
                    command.id, Outcome(outcome.stage, outcome.code, outcome.reason), self._stepper.now().utc
                )
            self._remember(entry).addCallback(told, entry)

        def told(_: None, entry: Entry) -> None:
            del self._open[command.id]
            waiters, running.waiters = running.waiters, []
            for waiting in waiters:
                waiting.callback(entry)
            if not self._open and self._idle is not None and not self._idle.called:
                self._idle.callback(None)

        self._stepper.step(Settled(command.id, outcome), reply)
        first = bool(queue) and queue[0] is running
        if running in queue:
            queue.remove(running)
        if first and queue:
            queue[0].start()
        if not queue:
            self._queues.pop(command.device, None)


def _supersedes(later: Command, waiting: Command) -> bool:
    """Whether C{later} makes C{waiting} pointless: both set the same thing (a slider that is dragged)."""
    return later.type == waiting.type and len(later.type.params) == 1 and later.name.startswith("set")


class _Running:
    """One command between ACCEPTED and its outcome."""

    def __init__(self, commands: Commands, command: Command, seconds: float) -> None:
        self.command = command
        self._seconds = seconds
        self.waiters: list[Deferred[Entry]] = []
        self._commands = commands
        self._sending: Deferred[Outcome] | None = None
        self._settled = False
        self._deadline: Timer = commands._stepper.callAt(command.deadline, self._expired)

    def start(self) -> None:
        """It is this command's turn."""
        if self._settled:
            return
        try:
            driver = self._commands._ports.driverOf(self.command.device)
            sending = driver.send(self.command)
        except Refusal as refusal:
            self.settle(Outcome(Stage.FAILED, refusal.refused.code.value, refusal.refused.message))
            return
        except Exception:
            self._bug(Failure())
            return
        self._sending = sending
        sending.addCallbacks(self.settle, self._failed)

    @property
    def isOut(self) -> bool:
        """Whether its driver has it, and has not answered."""
        return self._sending is not None

    def settle(self, outcome: Outcome) -> None:
        """The first outcome counts."""
        if self._settled:
            return
        self._settled = True
        self._deadline.cancel()
        sending, self._sending = self._sending, None
        if sending is not None:
            sending.cancel()
        self._commands._finished(self, outcome)

    def _expired(self) -> None:
        if self._sending is None:
            self.settle(Outcome(Stage.EXPIRED, Code.TIMEOUT.value, "its turn did not come before its deadline"))
        else:
            self.settle(Outcome(Stage.UNKNOWN, Code.TIMEOUT.value, f"no acknowledgement within {self._seconds:g} s"))

    def _failed(self, failure: Failure) -> None:
        if self._settled and failure.check(CancelledError):
            return
        self._bug(failure)

    def _bug(self, failure: Failure) -> None:
        self._commands.log.failure(
            "the driver of {device} failed on {command}",
            failure,
            device=self.command.device,
            command=self.command.name,
        )
        self.settle(Outcome(Stage.FAILED, Code.INTERNAL.value, "the driver failed"))
