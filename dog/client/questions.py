"""The requests of a conversation that wait for their answers."""

from __future__ import annotations

from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from dog.client.address import Address
from dog.client.errors import Interrupted, NoAnswer
from dog.client.messages import Response
from dog.client.stream import Request


@dataclass(frozen=True, slots=True)
class Pending:
    """One of them."""

    deferred: Deferred[Response]
    timeout: IDelayedCall
    request: Request


class Questions:
    """By their sequence numbers, which are never used twice.

    @param address: of the gateway, for the texts of errors.
    """

    def __init__(self, clock: IReactorTime, address: Address) -> None:
        self._clock = clock
        self._address = address
        self._sequence = 0
        self._pending: dict[str, Pending] = {}

    def ask(self, request: Request, seconds: float) -> tuple[str, Deferred[Response]]:
        """The sequence number to send, and what fires with the answer.

        Fails with L{NoAnswer} after C{seconds}. Cancelling it forgets the answer, not the request.
        """
        self._sequence += 1
        sequence = str(self._sequence)
        deferred = Deferred[Response](lambda _: self._forget(sequence))
        timeout = self._clock.callLater(seconds, self._unanswered, sequence, seconds)
        self._pending[sequence] = Pending(deferred, timeout, request)
        return sequence, deferred

    def take(self, sequence: str | None) -> Pending | None:
        """It does not wait any more. None: no such question."""
        pending = None if sequence is None else self._pending.pop(sequence, None)
        if pending is not None and pending.timeout.active():
            pending.timeout.cancel()
        return pending

    def interrupt(self, reason: str) -> None:
        """The conversation is over: all of them fail with L{Interrupted}."""
        for sequence in list(self._pending):
            pending = self.take(sequence)
            if pending is not None:
                pending.deferred.errback(Interrupted(self._address.socket, reason))

    def _forget(self, sequence: str) -> None:
        self.take(sequence)

    def _unanswered(self, sequence: str, seconds: float) -> None:
        pending = self.take(sequence)
        if pending is not None:
            what = f"{pending.request.action} {pending.request.endPoint}"
            reason = f"no answer to {what} within {seconds:g} s"
            pending.deferred.errback(NoAnswer(self._address.socket, reason))
