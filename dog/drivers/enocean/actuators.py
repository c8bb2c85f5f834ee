"""Devices that take commands: switches and dimmers (D2-01), blinds (D2-05).

They are sent addressed telegrams with the transceiver's base id as sender. The bus acknowledges nothing: what proves a
command is the state that the actuator tells afterwards, for which it is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from decimal import Decimal
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.internet.interfaces import IDelayedCall

from dog.drivers.enocean.eep import Decoded, Field
from dog.drivers.enocean.eep.others import UNCHANGED
from dog.drivers.enocean.erp import Telegram
from dog.drivers.enocean.mapping import measured, statesOf
from dog.drivers.enocean.protocol import BACKGROUND
from dog.drivers.enocean.unit import Unit, isQuery
from dog.interfaces import Unsupported
from dog.model.command import Command, Outcome, Stage
from dog.model.measure import Measure
from dog.model.refusal import Code
from dog.model.values import Reading, Seen, Value

Steps = Generator[Any, Any, Outcome]


class Answering(Unit):
    """A device that can be asked.

    @cvar every: seconds between two rounds in which it is asked whether it is still there; after a command that it did
        not answer, the next round is at once. Two questions unanswered, and it can't be reached, until it is heard.
    @cvar patience: seconds for which an answer is waited for; then it is asked once more. Source: EEP 2.6, D2-01,
        "Actuator Status Query": 300 ms, and as much again for repeaters and a line that is busy.
    """

    every = 900.0
    patience = 0.8
    tries = 2

    #: Seconds until an actuator that has not followed yet is asked again.
    delay = 0.3

    def __init__(self, *args: Any) -> None:
        self._heard: Counter[str] = Counter()
        self._waiting: list[tuple[str, Deferred[bool]]] = []
        self._away = False
        self._over = False
        self._asking = False
        self._round: IDelayedCall | None = None
        super().__init__(*args)

    # -- hooks ----------------------------------------------------------------------------------------------

    def query(self, command: Command | None = None) -> tuple[str, bytes]:
        """What to ask for: a word by which L{answered} knows the answer, and the payload."""
        raise NotImplementedError

    def orders(self, command: Command) -> bytes | Outcome:
        """The payload for a command that is no query; an outcome where there is none."""
        raise NotImplementedError

    def proves(self, command: Command) -> bool | None:
        """What it said last, as to C{command}: done, not done, or None if it may be under way."""
        raise NotImplementedError

    # -- IDeviceDriver ----------------------------------------------------------------------------------------

    def send(self, command: Command) -> Deferred[Outcome]:
        payload = None if isQuery(command) else self.orders(command)
        if isinstance(payload, Outcome):
            return succeed(payload)
        found: Deferred[Outcome] = self._carryOut(command, payload)
        return found

    def refresh(self) -> None:
        """Ask for its state, and from now on every now and then."""
        if self._round is not None:
            self._round.cancel()
            self._round = None
        if not self._asking and not self._over:
            self._asking = True
            self._ask().addErrback(
                lambda why: self.link.log.failure("asking {device} failed", why, device=self.device.id)
            )

    @inlineCallbacks
    def _ask(self) -> Generator[Any, Any, None]:
        kind, question = self.query()
        away = False
        try:
            for _ in range(self.tries):
                before = self._heard[kind]
                failed: Outcome | None = yield self.link.transmit(self.addressed(question), BACKGROUND)
                if failed is not None:
                    break  # that says nothing about the device
                away = self._heard[kind] == before and not (yield self._wait(kind, self.patience))
                if not away:
                    break
        finally:
            self._asking = False
        if self._over:
            return
        if away and not self._away:
            self._away = True
            self._port.reachable(False, "the device does not answer")
        self._again(self.every * self.link.random.uniform(0.9, 1.1))

    def _again(self, seconds: float) -> None:
        if self._round is not None:
            self._round.cancel()
        self._round = self.link.clock.callLater(seconds, self._due)

    def _due(self) -> None:
        self._round = None
        self.refresh()

    def report(self, seen: Iterable[Seen]) -> None:
        if self._away:
            self._away = False
            self._port.reachable(True)
        super().report(seen)

    def end(self) -> None:
        self._over = True
        if self._round is not None:
            self._round.cancel()
            self._round = None
        waiting, self._waiting = self._waiting, []
        for _, each in waiting:
            each.callback(False)

    @inlineCallbacks
    def _carryOut(self, command: Command, payload: bytes | None) -> Steps:
        """Send, then ask until what it says proves the command."""
        failed: Outcome | None
        if payload is not None:
            failed = yield self.link.transmit(self.addressed(payload))
            if failed is not None:
                return failed
        answered = False
        for attempt in range(self.tries):
            if attempt and answered:
                yield self._wait("", self.delay)
            kind, question = self.query(command)
            before = self._heard[kind]
            failed = yield self.link.transmit(self.addressed(question))
            if failed is not None:
                # An order is on the air already: it may have happened.
                return failed if payload is None else Outcome(Stage.UNKNOWN, failed.code, failed.reason)
            if self._heard[kind] == before and not (yield self._wait(kind, self.patience)):
                continue
            answered = True
            done = True if payload is None else self.proves(command)
            if done is not False:
                return Outcome(Stage.CONFIRMED if done else Stage.SENT, seen=self.again())
        if answered:
            return Outcome(Stage.FAILED, Code.BUS_REFUSED, "it did not do so", seen=self.again())
        if not self._over:
            self._again(0.0)
        stage = Stage.FAILED if payload is None else Stage.UNKNOWN
        return Outcome(stage, Code.TIMEOUT, "the device does not answer")

    def addressed(self, payload: bytes) -> Telegram:
        return Telegram(self.identity.profile.rorg, payload, self.link.baseId, destination=self.identity.address)

    def answered(self, kind: str) -> None:
        """It has told what a question of this kind is about."""
        self._heard[kind] += 1
        for each in [each for each in self._waiting if each[0] == kind]:
            self._waiting.remove(each)
            each[1].callback(True)

    def _wait(self, kind: str, seconds: float) -> Deferred[bool]:
        """Whether it answers a question of this kind in time. Nothing is of the kind C{""}."""
        if self.link.closed:
            return succeed(False)
        heard: Deferred[bool] = Deferred()
        entry = (kind, heard)
        self._waiting.append(entry)
        timer: IDelayedCall

        def due() -> None:
            # One turn later: on a busy machine it may have come, and wait to be read.
            nonlocal timer
            timer = self.link.clock.callLater(0, heard.callback, False)

        timer = self.link.clock.callLater(seconds, due)

        def settle(result: Any) -> Any:
            if timer.active():
                timer.cancel()
            if entry in self._waiting:
                self._waiting.remove(entry)
            return result

        return heard.addBoth(settle)


#: What can be measured -> its name in a query.
_MEASURED = {"active_energy": "energy", "active_power": "power"}

#: Query command -> what it asks for; the others ask for the output.
_ASKED = {"Get1PhaseActiveEnergyCommand": "active_energy", "Get1PhaseActivePowerCommand": "active_power"}


class Output(Answering):
    """A switched or dimmed output of D2-01: C{OnOffState}, C{LevelState}, and what it measures."""

    #: By how much stepUp and stepDown change the level, in per cent.
    STEP = 10

    def statesFor(self) -> dict[str, str]:
        self._output: int | None = None
        found = statesOf(self.device, self.identity.profile)
        if not found and not {"OnOffState", "LevelState"} & set(self.device.states):
            raise Unsupported(f"{self.identity.profile.eep} has nothing that a {self.device.cls} has")
        return found

    def hear(self, telegram: Telegram) -> None:
        profile = self.identity.profile
        case = profile.case(telegram.payload, telegram.status) if telegram.rorg == profile.rorg else None
        if case is None:
            return
        decoded = case.decode(telegram.payload)
        if decoded["IO"][1] != self.identity.channel:
            return
        if case.name == "measurement" and "MV" in decoded:
            field, value = decoded["MV"]
            self.report(self._measurement(field, Decimal(value)))
            self.answered(str(field.quantity))
        elif "OV" in decoded:
            self._output = int(decoded["OV"][1])
            self.report(self._status(self._output))
            self.answered("status")

    def _status(self, output: int) -> list[Reading]:
        values: Mapping[str, Value] = {"OnOffState": "on" if output else "off", "LevelState": output}
        return [self.reading(cls, value) for cls, value in values.items() if cls in self.device.states]

    def _measurement(self, field: Field, value: Decimal) -> list[Reading]:
        assert field.quantity is not None
        number = measured(value, field.unit, field.quantity)
        return [self.reading(cls, number) for cls, quantity in self.states.items() if quantity == field.quantity]

    def refresh(self) -> None:
        super().refresh()
        for quantity in _MEASURED:
            if quantity in self.states.values():
                self.link.transmit(self.addressed(self._measure(quantity)), BACKGROUND)

    def _measure(self, quantity: str) -> bytes:
        values: dict[str, Decoded] = {"qu": _MEASURED[quantity], "IO": self.identity.channel}
        return self.identity.profile.named("query measurement").encode(values)

    def query(self, command: Command | None = None) -> tuple[str, bytes]:
        quantity = None if command is None else _ASKED.get(command.type.cls)
        if quantity in self.states.values():
            assert quantity is not None
            return quantity, self._measure(quantity)
        return "status", self.identity.profile.named("query status").encode({"IO": self.identity.channel})

    def orders(self, command: Command) -> bytes | Outcome:
        wanted = self._wanted(command)
        if isinstance(wanted, Outcome):
            return wanted
        order = self.identity.profile.named("set output")
        self._ordered = wanted
        return order.encode({"DV": "switch", "IO": self.identity.channel, "OV": wanted})

    def _wanted(self, command: Command) -> int | Outcome:
        """The output in per cent that a command asks for."""
        cls = command.type.cls
        if cls in ("OnCommand", "OffCommand"):
            return 100 if cls == "OnCommand" else 0
        if cls == "SetCommand" and "LevelState" in self.device.states:
            return levelOf(command)
        if self._output is None:
            if cls in ("ToggleCommand", "StepUpCommand", "StepDownCommand"):
                return Outcome(Stage.FAILED, Code.TIMEOUT, "its output is not known yet")
        elif cls == "ToggleCommand":
            return 0 if self._output else 100
        elif cls in ("StepUpCommand", "StepDownCommand"):
            return max(0, min(100, self._output + (self.STEP if cls == "StepUpCommand" else -self.STEP)))
        return self.refused(command)

    def proves(self, command: Command) -> bool | None:
        """A dimmer may be under way to its level, or round it."""
        if self._output is None or bool(self._output) != bool(self._ordered):
            return False
        if command.type.cls in ("OnCommand", "OffCommand", "ToggleCommand") or abs(self._output - self._ordered) <= 1:
            return True
        return None


class Blind(Answering):
    """A blind of D2-05: C{ShutterState}, or C{ShadeState} with 100 for all open. Position 0 is up, 100 is down.

    A blind needs up to a minute for its way and tells where it is when it has arrived, so a command to move is SENT
    as long as it is not there.
    """

    STEP = 10

    def statesFor(self) -> dict[str, str]:
        self._position: int | None = None
        if not {"ShutterState", "ShadeState"} & set(self.device.states):
            raise Unsupported(f"{self.identity.profile.eep} moves a blind, a {self.device.cls} is none")
        return {}

    def hear(self, telegram: Telegram) -> None:
        profile = self.identity.profile
        case = profile.case(telegram.payload, telegram.status) if telegram.rorg == profile.rorg else None
        if case is None:
            return
        decoded = case.decode(telegram.payload)
        if decoded["CHN"][1] != self.identity.channel or "POS" not in decoded:
            return
        self._position = int(decoded["POS"][1])
        values: Mapping[str, Value] = {
            "ShutterState": {0: "up", 100: "down"}.get(self._position, "rest"),
            "ShadeState": 100 - self._position,
        }
        self.report(self.reading(cls, value) for cls, value in values.items() if cls in self.device.states)
        self.answered("reply")

    def query(self, command: Command | None = None) -> tuple[str, bytes]:
        return "reply", self.identity.profile.named("query").encode({"CHN": self.identity.channel})

    def orders(self, command: Command) -> bytes | Outcome:
        wanted = self._wanted(command)
        if isinstance(wanted, Outcome):
            return wanted
        self._ordered = wanted
        if wanted is None:
            return self.identity.profile.named("stop").encode({"CHN": self.identity.channel})
        order = self.identity.profile.named("go to")
        payload = order.encode({"POS": wanted, "CHN": self.identity.channel})
        return next(each for each in order.fields if each.name == "ANG").put(payload, UNCHANGED)

    def _wanted(self, command: Command) -> int | Outcome | None:
        """The position that a command asks for; None for where it is."""
        cls = command.type.cls
        if cls in ("UpCommand", "DownCommand", "OnCommand", "OffCommand"):
            return 0 if cls in ("UpCommand", "OnCommand") else 100
        if cls == "RestCommand":
            return None
        if cls == "SetCommand" and "ShadeState" in self.device.states:
            level = levelOf(command)
            return level if isinstance(level, Outcome) else 100 - level
        if cls in ("StepUpCommand", "StepDownCommand"):
            if self._position is None:
                return Outcome(Stage.FAILED, Code.TIMEOUT, "its position is not known yet")
            return max(0, min(100, self._position + (self.STEP if cls == "StepDownCommand" else -self.STEP)))
        return self.refused(command)

    def proves(self, command: Command) -> bool | None:
        """It has arrived, or may be on its way."""
        return True if self._ordered is None or self._position == self._ordered else None


def levelOf(command: Command) -> int | Outcome:
    """The level from 0 to 100 that a C{set} command asks for."""
    value = command.args.get("value")
    number = value.number if isinstance(value, Measure) else value
    if isinstance(number, str):
        try:
            number = Measure.parse(number).number
        except ValueError:
            number = None
    if isinstance(number, bool) or not isinstance(number, (int, float, Decimal)) or not 0 <= number <= 100:
        return Outcome(Stage.FAILED, Code.BAD_VALUE, f"expected a level from 0 to 100, got {value!r}")
    return round(number)
