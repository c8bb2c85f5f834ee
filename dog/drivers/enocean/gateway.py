"""The gateway device: teach-in as a device of the home."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from zope.interface import implementer

from dog.drivers.enocean.eep import profileOf
from dog.drivers.enocean.learning import Learning
from dog.drivers.enocean.params import BadParam, parseAddress
from dog.interfaces import IDeviceDriver, IDevicePort
from dog.model.command import Command, Outcome, Stage
from dog.model.device import Device
from dog.model.refusal import Code
from dog.model.values import ExplicitTeachInData, Reading, Slot

if TYPE_CHECKING:
    from dog.drivers.enocean.link import EnOceanLink


@implementer(IDeviceDriver)
class TeachInGateway:
    """C{TeachInState}, and the commands that enter it. It ends by itself."""

    def __init__(self, link: EnOceanLink, device: Device, port: IDevicePort) -> None:
        self.link = link
        self.device = device
        self._port = port
        self._timer: IDelayedCall | None = None

    def reading(self) -> Reading:
        return Reading(Slot(self.device.id, "TeachInState"), "idle" if self._timer is None else "teachingIn")

    def refresh(self) -> None:
        self._port.observed(self.reading())

    def send(self, command: Command) -> Deferred[Outcome]:
        if command.type.cls == "GetCommand":
            return succeed(Outcome(Stage.CONFIRMED, seen=(self.reading(),)))
        if self.link.closed:
            return succeed(Outcome(Stage.FAILED, Code.UNREACHABLE, "the link is not up"))
        if command.type.cls == "ExplicitTeachIn":
            try:
                learning = explicit(command.args.get("teachInData"))
            except BadParam as bad:
                return succeed(Outcome(Stage.FAILED, Code.BAD_VALUE, str(bad)))
        elif command.name in ("teachIn", "smartTeachIn"):
            learning = Learning(command.name)
        else:
            return succeed(Outcome(Stage.FAILED, Code.BUS_REFUSED, f"the gateway has no {command.name}"))
        self.link.teachIn(learning)
        return succeed(Outcome(Stage.CONFIRMED, seen=(self.reading(),)))

    def began(self, seconds: float) -> None:
        """Teach-in runs, for that long from now."""
        was = self._timer
        if was is not None:
            was.cancel()
        self._timer = self.link.clock.callLater(seconds, self._due)
        if was is None:
            self.refresh()

    def _due(self) -> None:
        self._timer = None
        self.link.endTeachIn()
        self.refresh()

    def ended(self) -> None:
        """Teach-in is over before its time."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self.refresh()

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def explicit(data: object) -> Learning:
    """Raises L{BadParam}."""
    if not isinstance(data, ExplicitTeachInData):
        raise BadParam("expected deviceHexAddress and deviceEEP")
    profile = profileOf(data.deviceEEP)
    if profile is None:
        raise BadParam(f"eep {data.deviceEEP} is not known")
    return Learning("explicitTeachIn", parseAddress(data.deviceHexAddress), profile.eep)
