"""What all EnOcean devices have in common, and those that only tell: sensors and switches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from dog.drivers.enocean.eep.others import BUTTONS
from dog.drivers.enocean.erp import Telegram
from dog.drivers.enocean.mapping import statesOf, valuesOf
from dog.drivers.enocean.params import Identity
from dog.interfaces import IDeviceDriver, IDevicePort, Unsupported
from dog.model.command import Command, Outcome, Stage
from dog.model.device import Device
from dog.model.refusal import Code
from dog.model.values import Reading, Seen, Slot, Value, features

if TYPE_CHECKING:
    from dog.drivers.enocean.link import EnOceanLink


def isQuery(command: Command) -> bool:
    """C{getState}, C{getTemperature} ...: all that ask."""
    return command.type.cls.startswith("Get")


@implementer(IDeviceDriver)
class Unit:
    """A device on the air that tells its states by itself and can't be asked.

    @ivar known: what it last said, with the time it said so.
    """

    def __init__(self, link: EnOceanLink, device: Device, identity: Identity, port: IDevicePort) -> None:
        self.link = link
        self.device = device
        self.identity = identity
        self.known: dict[Slot, Reading] = {}
        self._port = port
        self.states = self.statesFor()

    def statesFor(self) -> dict[str, str]:
        """State class -> the quantity that tells it. Raises L{Unsupported} if there is none."""
        found = statesOf(self.device, self.identity.profile)
        if not found:
            raise Unsupported(f"{self.identity.profile.eep} tells nothing that a {self.device.cls} has")
        return found

    # -- what it says ---------------------------------------------------------------------------------------

    def hear(self, telegram: Telegram) -> None:
        """A telegram of its address, and no teach-in."""
        profile = self.identity.profile
        if telegram.rorg != profile.rorg:
            return
        case = profile.case(telegram.payload, telegram.status)
        if case is not None:
            self.report(
                self.reading(cls, value) for cls, value in valuesOf(self.states, case.decode(telegram.payload))
            )

    def reading(self, state: str, value: Value, **named: str) -> Reading:
        return Reading(Slot(self.device.id, state, features(**named)), value, maxAge=self.identity.maxAge)

    def report(self, seen: Iterable[Seen]) -> None:
        """One atomic step."""
        found = tuple(seen)
        now: datetime = self.link.utcNow()
        for each in found:
            if isinstance(each, Reading):
                self.known[each.slot] = replace(each, at=now)
        if found:
            self._port.observed(*found)

    # -- IDeviceDriver ----------------------------------------------------------------------------------------

    def send(self, command: Command) -> Deferred[Outcome]:
        if not isQuery(command):
            return succeed(self.refused(command))
        if self.link.closed:
            return succeed(Outcome(Stage.FAILED, Code.UNREACHABLE, "the link is not up"))
        if not self.known:
            return succeed(Outcome(Stage.FAILED, Code.TIMEOUT, "nothing heard yet, and it can't be asked"))
        return succeed(Outcome(Stage.CONFIRMED, seen=self.again()))

    def refused(self, command: Command) -> Outcome:
        reason = f"{self.identity.profile.eep} has no {command.name}"
        return Outcome(Stage.FAILED, Code.BUS_REFUSED, reason)

    def again(self) -> tuple[Reading, ...]:
        """What it last said, as of then."""
        return tuple(self.known.values())

    def refresh(self) -> None:
        """It can't be asked: what it last said is reported again, as of then."""
        if self.known:
            self._port.observed(*self.again())

    def end(self) -> None:
        """Detached, or the link ends: whatever waits is answered."""


class Rocker(Unit):
    """Rockers A and B with buttons O and I (F6-02): C{MultipleOnOffState} by buttonID, or one for all.

    Buttons are 0 (AO), 1 (AI), 2 (BO), 3 (BI). One that is let go is reported when it is let go.
    """

    #: Button of the profile -> buttonID.
    IDS = {"AO": "0", "AI": "1", "BO": "2", "BI": "3"}

    def statesFor(self) -> dict[str, str]:
        states, notifications = self.device.states, self.device.notifications
        self.single = "MultipleOnOffState" not in states
        if self.single and not ("OnOffState" in states and "PressedNotification" in notifications):
            raise Unsupported(f"{self.identity.profile.eep} has buttons, a {self.device.cls} has none")
        self._down: frozenset[str] = frozenset()
        return {}

    def hear(self, telegram: Telegram) -> None:
        if telegram.rorg != self.identity.profile.rorg:
            return
        case = self.identity.profile.case(telegram.payload, telegram.status)
        if case is None:
            return
        values = {name: value for name, (_, value) in case.decode(telegram.payload).items()}
        if values["EB"] == "released":
            # Old transmitters let go with a message that still names the button.
            self._press(frozenset())
        elif case.name == "pressed":
            named = [values.get("R1"), values.get("R2") if values["SA"] == "yes" else None]
            down = frozenset(each for each in named if isinstance(each, str) and each in BUTTONS)
            # A button that is down and pressed again was let go in between, unheard.
            self._press(self._down - down)
            self._press(down)

    def _press(self, down: frozenset[str]) -> None:
        """From now on exactly these are held down."""
        was, self._down = self._down, down
        if self.single:
            if bool(was) != bool(down):
                self.report([self.reading("OnOffState", "on" if down else "off")])
            return
        changed = [*((each, "off") for each in sorted(was - down)), *((each, "on") for each in sorted(down - was))]
        self.report(self.reading("MultipleOnOffState", value, buttonID=self.IDS[each]) for each, value in changed)
