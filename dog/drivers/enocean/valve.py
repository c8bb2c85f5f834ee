"""Radiator valves that run on a battery (A5-20-01).

They sleep, wake about every ten minutes, tell what they are doing and listen for a second; whoever wants something of
them answers within it. So an order is kept until the valve wakes, and goes out in answer to each of its telegrams from
then on: the profile has a controller that always answers, and a valve left alone does as its maker thinks best.

What proves an order for a position is the position in a later telegram. For an order for a temperature the profile has
no proof: the valve never tells its set point.

Source: EnOcean Equipment Profiles 2.6, A5-20-01 ("max. response time 1 s"); bits as in Kieback & Peter's datasheet
3.09-20.315-09, "EnOcean Equipment Profiles EEP A5-20-01".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall

from dog.drivers.enocean.actuators import levelOf
from dog.drivers.enocean.eep import BadValue, Decoded
from dog.drivers.enocean.erp import Telegram
from dog.drivers.enocean.mapping import statesOf, valuesOf
from dog.drivers.enocean.protocol import URGENT
from dog.drivers.enocean.unit import Unit, isQuery
from dog.interfaces import Unsupported
from dog.model.command import Command, Outcome, Stage
from dog.model.measure import Measure
from dog.model.refusal import Code
from dog.model.tell import stateOf
from dog.model.values import Pulse, Seen, Value

#: Seconds after a telegram within which an answer has to be all received; and in which one may still be begun.
_LISTENS, _BEGIN = 1.0, 0.6

#: Seconds before its deadline at which an order that is not proven yet is said to be sent.
MARGIN = 0.2

#: Positions that have a notification of their own.
_PULSES = {0: "StopHeatingCoolingNotification", 100: "HeatNotification"}


@dataclass(slots=True)
class Order:
    """What a valve is to do, until it is told otherwise. It outlives the link: the cable may be pulled meanwhile.

    @ivar position: per cent; None: the valve is to keep a temperature.
    @ivar temperature: degrees Celsius.
    @ivar told: when (monotonic seconds) an answer with it was on the air first, while the valve listened.
    @ivar shown: it was reported to have come about.
    """

    position: int | None = None
    temperature: Decimal | None = None
    told: float | None = None
    shown: bool = False

    def __str__(self) -> str:
        return f"{self.temperature} C" if self.position is None else f"{self.position} %"


class Valve(Unit):
    """C{TemperatureState} is what it measures, but a L{ThermostaticRadiatorValve}'s: that is its set point.

    C{LevelState} is the position of the valve, for classes that have it.
    """

    def statesFor(self) -> dict[str, str]:
        self._waiting: tuple[Deferred[Outcome], IDelayedCall] | None = None
        self._measured: Decimal | None = None
        self._woke: float | None = None
        self._setPoint = stateOf(self.device, "ChangedDesiredTemperatureNotification")
        found = statesOf(self.device, self.identity.profile)
        if self._setPoint is not None:
            found.pop(self._setPoint[0], None)
        if not found and self._setPoint is None and "LevelState" not in self.device.states:
            raise Unsupported(f"{self.identity.profile.eep} has nothing that a {self.device.cls} has")
        return found

    # -- what it says ---------------------------------------------------------------------------------------

    def hear(self, telegram: Telegram) -> None:
        profile = self.identity.profile
        case = profile.case(telegram.payload, telegram.status) if telegram.rorg == profile.rorg else None
        if case is None:
            return
        decoded = case.decode(telegram.payload)
        position = int(decoded["CV"][1]) if "CV" in decoded else None
        self._measured = Decimal(decoded["TMP"][1]) if "TMP" in decoded else None
        self._woke = self.link.clock.seconds()
        seen: list[Seen] = [self.reading(cls, value) for cls, value in valuesOf(self.states, decoded)]
        if position is not None and "LevelState" in self.device.states:
            seen.append(self.reading("LevelState", position))
        order = self.link.orders.get(self.identity.address)
        if order is None:
            self.report(seen)
            return
        # The same telegram by way of a repeater shows nothing new.
        later = order.told is not None and self._woke - order.told > _LISTENS
        self.report([*seen, *(self._shows(order, position) if later else ())])
        if later and order.position is not None and order.position == position:
            self._settle(Outcome(Stage.CONFIRMED, seen=self.again()))
        self._answer(order)

    def _shows(self, order: Order, position: int | None) -> Iterator[Seen]:
        """What a telegram shows of an order that was answered to an earlier one."""
        first = not order.shown
        if order.position is None:
            # It has listened and comes back: the set point is taken for its own, though it does not say so.
            order.shown = True
            yield from self._desired(order, first)
        elif order.position == position:
            order.shown = True
            name = _PULSES.get(order.position)
            if first and name in self.device.notifications:
                yield Pulse(self.device.id, str(name))

    def _desired(self, order: Order, first: bool) -> Iterator[Seen]:
        assert order.temperature is not None
        value = Measure.of(order.temperature, "C")
        if self._setPoint is not None:
            yield self.reading(self._setPoint[0], value)
        elif first and "ChangedDesiredTemperatureNotification" in self.device.notifications:
            yield Pulse(self.device.id, "ChangedDesiredTemperatureNotification", {"newTemperatureValue": value})

    def _answer(self, order: Order) -> None:
        """Within the second in which it listens: ahead of all that waits on the line."""
        try:
            payload = self._payload(order)
        except BadValue:
            self.link.log.failure("{device}: no answer for {order}", device=self.device.id, order=str(order))
            return
        telegram = Telegram(self.identity.profile.rorg, payload, self.link.baseId, destination=self.identity.address)

        def done(failed: Outcome | None) -> None:
            if failed is not None:
                self.link.log.warn("{device}: not answered: {why}", device=self.device.id, why=failed.reason)
            elif order.told is None:
                order.told = self.link.clock.seconds()

        self.link.transmit(telegram, URGENT).addCallback(done)

    def _payload(self, order: Order) -> bytes:
        """With the temperature that it measured itself in place of that of a room controller, which nobody is here."""
        values: dict[str, Decoded] = {"SPS": "valve", "RCU": "room"}
        if order.position is None:
            assert order.temperature is not None
            values |= {"SPS": "temperature", "SP": order.temperature}
        else:
            values["SP"] = order.position
        if self._measured is not None:
            values["TMP"] = self._measured
        return self.identity.profile.named("set").encode(values)

    # -- commands -------------------------------------------------------------------------------------------

    def send(self, command: Command) -> Deferred[Outcome]:
        if isQuery(command):
            return super().send(command)
        if self.link.closed:
            return succeed(Outcome(Stage.FAILED, Code.UNREACHABLE, "the link is not up"))
        order = self._orderOf(command)
        if isinstance(order, Outcome):
            return succeed(order)
        self.link.orders[self.identity.address] = order
        waiting: Deferred[Outcome] = Deferred(lambda _: self._settle(None))
        left = max(0.0, command.deadline - MARGIN - self.link.clock.seconds())
        self._waiting = waiting, self.link.clock.callLater(left, self._due, order)
        if self._woke is not None and self.link.clock.seconds() - self._woke < _BEGIN:
            self._answer(order)
        return waiting

    def _orderOf(self, command: Command) -> Order | Outcome:
        cls = command.type.cls
        if cls == "SetDesiredTemperature":
            return self._desiredOf(command.args.get("temperature"))
        if cls in ("HeatCommand", "StopHeatingCoolingCommand"):
            return Order(100 if cls == "HeatCommand" else 0)
        if cls == "SetCommand" and "LevelState" in self.device.states:
            level = levelOf(command)
            return level if isinstance(level, Outcome) else Order(level)
        return self.refused(command)

    def _desiredOf(self, value: Value | None) -> Order | Outcome:
        if not isinstance(value, Measure):
            return Outcome(Stage.FAILED, Code.BAD_VALUE, f"expected a temperature, got {value!r}")
        number = value.to("C").number
        if not 0 <= number <= 40:
            return Outcome(Stage.FAILED, Code.OUT_OF_RANGE, f"set points are from 0 to 40 C, not {number}")
        return Order(temperature=Decimal(number))

    def _due(self, order: Order) -> None:
        """Its caller waits no longer; the order stands."""
        if order.told is not None:
            reason = f"the valve was told {order}, and shows it at its next report at the earliest"
        else:
            reason = f"{order} is kept for the valve, which listens when it reports, about every ten minutes"
        self._settle(Outcome(Stage.SENT, reason=reason))

    def _settle(self, outcome: Outcome | None) -> None:
        """Answer whoever waits; with None, he has left."""
        if self._waiting is None:
            return
        (waiting, timer), self._waiting = self._waiting, None
        if timer.active():
            timer.cancel()
        if outcome is not None:
            waiting.callback(outcome)

    def end(self) -> None:
        self._settle(Outcome(Stage.UNKNOWN, Code.UNREACHABLE, "the link ended before the valve woke"))
