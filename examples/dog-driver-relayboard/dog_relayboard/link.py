"""One board on its wire: one question at a time, the state of every relay, what was turned by hand."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure
from zope.interface import implementer

from dog.drivers.link import Wire, placeOf
from dog.interfaces import IDeviceDriver, IDevicePort, IKit, ILink, ILinkPort, LinkFailed
from dog.model.command import Command, Outcome, Stage
from dog.model.device import Device
from dog.model.refusal import Code
from dog.model.values import Reading, Slot
from dog_relayboard.codec import ASK, BadLine, Changed, Done, Lines, Message, Refused, States, parse, switch

#: Seconds a board may take for an answer. One that takes longer is gone: whoever went on could take the late answer to
#: one question for that to the next.
PATIENCE = 2.0


@dataclass(eq=False)
class Question:
    """@ivar answer: fires with the board's L{Message}; fails with L{LinkFailed} where none comes."""

    line: bytes
    answer: Deferred[Message] = field(default_factory=Deferred)


@implementer(ILink)
class BoardLink:
    """@param relayOf: the number of a device's relay; raises L{Unsupported}. @param poll: seconds."""

    def __init__(
        self, endpoint: str, relayOf: Callable[[Device], int], poll: float, port: ILinkPort, kit: IKit
    ) -> None:
        self.poll = poll
        self._relayOf = relayOf
        self._port = port
        self._kit = kit
        self._wire = Wire(kit, endpoint, self._heard, self._lost)
        self._lines = Lines()
        self._relays: dict[str, Relay] = {}
        self._waiting: deque[Question] = deque()
        self._asked: Question | None = None
        self._silence: IDelayedCall | None = None
        self._next: IDelayedCall | None = None
        self._up = False

    # -- ILink ----------------------------------------------------------------------------------------------

    def start(self) -> Deferred[None]:
        return self._wire.open().addCallback(self._opened)

    def _opened(self, _: None) -> Deferred[None]:
        """A wire that is open is no board yet: one that says how its relays are is."""
        self._up = True
        return self.look()

    def stop(self) -> Deferred[None]:
        self._end(LinkFailed("closed", "the link was stopped"))
        return self._wire.close()

    def attach(self, device: Device, port: IDevicePort) -> Relay:
        relay = self._relays[device.id] = Relay(device, self._relayOf(device), port, self)
        if self._up:
            relay.refresh()
        return relay

    def detach(self, deviceId: str) -> None:
        relay = self._relays.pop(deviceId, None)
        if relay is not None:
            relay.gone = True

    # -- questions ------------------------------------------------------------------------------------------

    def ask(self, line: bytes) -> Deferred[Message]:
        """Ask the board, after what is being asked already. A Deferred that is cancelled before its turn is not asked
        at all. Fails with L{LinkFailed}.
        """
        if not self._up:
            return fail(LinkFailed("closed", "the board is not connected"))
        question = Question(line)
        self._waiting.append(question)
        self._go()
        return question.answer

    def look(self) -> Deferred[None]:
        """Ask how the relays are, and again in a while. Fires when they are told."""
        self._stop(self._next)
        self._next = self._kit.clock.callLater(self.poll, self._lookAgain)
        return self.ask(ASK).addCallback(self._told)

    def _lookAgain(self) -> None:
        self._next = None
        # That there is no answer, L{_silent} has said.
        self.look().addErrback(lambda failure: failure.trap(LinkFailed) and None)

    def _go(self) -> None:
        while self._asked is None and self._waiting:
            question = self._waiting.popleft()
            if not question.answer.called:
                self._asked = question
                self._silence = self._kit.clock.callLater(PATIENCE, self._silent)
                self._wire.write(question.line)

    def _silent(self) -> None:
        self._silence = None
        self._lost(LinkFailed("timeout", f"{placeOf(self._wire.endpoint)}: the board does not answer"))

    # -- what the board says --------------------------------------------------------------------------------

    def _heard(self, data: bytes) -> None:
        for line in self._lines.feed(data):
            try:
                message = parse(line)
            except BadLine as bad:
                self._kit.log.debug("not understood: {line}", line=str(bad))
                continue
            if isinstance(message, Changed):
                self._tell(message.relay, message.on)
            elif self._asked is not None:
                question, self._asked = self._asked, None
                self._stop(self._silence)
                self._silence = None
                if not question.answer.called:  # nobody may wait any more
                    question.answer.callback(message)
                self._go()

    def _told(self, message: Message) -> None:
        if not isinstance(message, States):
            raise LinkFailed("protocol", f"{placeOf(self._wire.endpoint)}: this is no relay board")
        for number, on in enumerate(message.on, 1):
            self._tell(number, on)

    def _tell(self, number: int, on: bool) -> None:
        served = [each for each in self._relays.values() if each.number == number]
        for relay in served:
            relay.port.observed(relay.reading(on))
        if not served:
            self._port.found(candidate(self._wire.endpoint, number))

    # -- the end --------------------------------------------------------------------------------------------

    def _lost(self, reason: LinkFailed) -> None:
        self._end(reason)
        self._port.lost(reason)

    def _end(self, reason: LinkFailed) -> None:
        """No more timers, no more questions; whoever waits is told why."""
        self._up = False
        for timer in (self._silence, self._next):
            self._stop(timer)
        self._silence = self._next = None
        questions = [*([self._asked] if self._asked else []), *self._waiting]
        self._asked = None
        self._waiting.clear()
        for each in questions:
            if not each.answer.called:
                each.answer.errback(reason)

    def _stop(self, timer: IDelayedCall | None) -> None:
        if timer is not None and timer.active():
            timer.cancel()


@implementer(IDeviceDriver)
class Relay:
    """The driver's side of one device."""

    def __init__(self, device: Device, number: int, port: IDevicePort, link: BoardLink) -> None:
        self.number = number
        self.port = port
        self.gone = False
        self._slot = Slot(device.id, "OnOffState")
        self._link = link

    def reading(self, on: bool) -> Reading:
        """After three looks that failed, nobody knows any more."""
        return Reading(self._slot, "on" if on else "off", maxAge=3 * self._link.poll)

    def send(self, command: Command) -> Deferred[Outcome]:
        if command.type.returns is not None:  # a question: the value is reported, as ever
            return self._link.look().addCallbacks(lambda _: Outcome(Stage.CONFIRMED), self._unanswered)
        if command.name not in ("on", "off"):
            return succeed(Outcome(Stage.FAILED, Code.BUS_REFUSED.value, f"a relay knows no {command.name}"))
        answered = self._link.ask(switch(self.number, command.name == "on"))
        return answered.addCallbacks(self._answered, self._unanswered)

    def _answered(self, message: Message) -> Outcome:
        if isinstance(message, Done) and message.relay == self.number:
            return Outcome(Stage.CONFIRMED, seen=(self.reading(message.on),))
        if isinstance(message, Refused):
            return Outcome(Stage.FAILED, Code.BUS_REFUSED.value, message.reason)
        return Outcome(Stage.UNKNOWN, Code.BUS_REFUSED.value, "the board answered something else")

    def _unanswered(self, failure: Failure) -> Outcome:
        """It was sent, perhaps, and may have happened: nothing else would be honest."""
        error = failure.value
        if not isinstance(error, LinkFailed):
            failure.raiseException()
        code = Code.TIMEOUT if error.code == "timeout" else Code.UNREACHABLE
        return Outcome(Stage.UNKNOWN, code.value, str(error))

    def refresh(self) -> None:
        if not self.gone:
            self._link.look().addErrback(lambda failure: failure.trap(LinkFailed) and None)


def candidate(endpoint: str, number: int) -> dict[str, object]:
    """A relay that no device of the home stands for, for the discovery inbox."""
    place = placeOf(endpoint)
    board = place if endpoint.startswith("serial:") else f"tcp:{place}"
    return {
        "key": re.sub(r"[^\w.:-]", "_", f"{place}.{number}"),
        "params": {"board": board, "relay": str(number)},
        "class": "SimpleLamp",
        "classes": ["SimpleLamp", "MainsPowerOutlet"],
        "description": f"Relay {number} of the board at {place}",
        "guessed": True,
    }
