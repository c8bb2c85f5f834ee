"""One transceiver and the devices that are heard and reached through it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from dog.drivers.enocean.actuators import Blind, Output
from dog.drivers.enocean.duty import DutyCycle
from dog.drivers.enocean.eep import Profile, profileOf
from dog.drivers.enocean.erp import Telegram, airtime
from dog.drivers.enocean.esp3 import CommonCommand, ReturnCode, commonCommand
from dog.drivers.enocean.gateway import TeachInGateway
from dog.drivers.enocean.learning import Learning, candidatesOf, guess
from dog.drivers.enocean.params import BadParam, identityOf
from dog.drivers.enocean.protocol import NORMAL, URGENT, Line, NoAnswer
from dog.drivers.enocean.smartack import Confirm, learnMode, parseEvent, response
from dog.drivers.enocean.teachin import Answer, Request, TeachIn, answerTo, parseTeachIn
from dog.drivers.enocean.unit import Rocker, Unit
from dog.drivers.enocean.valve import Order, Valve
from dog.interfaces import IDeviceDriver, IDevicePort, IFinds, IKit, ILink, ILinkPort, LinkFailed, Unsupported
from dog.model.command import Outcome, Stage
from dog.model.device import Device
from dog.model.refusal import Code

#: Beginning of an EEP -> what serves its devices; the others are sensors.
_KINDS: Mapping[str, type[Unit]] = {"F6-02": Rocker, "D2-01": Output, "D2-05": Blind, "A5-20": Valve}

#: Addresses that a transceiver may send from, beginning with its base id. Source: ESP3, CO_RD_IDBASE.
_BASE_IDS = 128


@implementer(ILink, IFinds)
class EnOceanLink:
    """The link of one transceiver.

    Strangers whose telegrams tell what they are, or let it be guessed, are offered whether or not somebody teaches
    in; teach-in queries are answered only while somebody does.

    @cvar ways: of searching.
    @cvar pulse: seconds between two questions whether the transceiver is still there.
    @ivar baseId: the sender of what is transmitted; 0 until it is read at start.
    @ivar version: what the transceiver says about itself; empty until it is read at start.
    @ivar duty: how much of this hour's airtime is used up.
    @ivar strangers: telegrams heard of addresses that no device has.
    @ivar orders: address -> what a valve is to do; they outlive the link.
    """

    ways = ("smartTeachIn", "teachIn")
    pulse = 60.0

    def __init__(
        self,
        endpoint: str,
        teachInSeconds: float,
        gateway: Device | None,
        port: ILinkPort,
        kit: IKit,
        orders: dict[int, Order],
    ) -> None:
        self.clock: IReactorTime = kit.clock
        self.log = kit.log
        self.random = kit.random
        self.baseId = 0
        self.version = ""
        self.duty = DutyCycle()
        self.teachInSeconds = teachInSeconds
        self.strangers = 0
        self.orders = orders
        self.closed = False
        self._kit = kit
        self._port = port
        self._gateway = gateway
        self._line = Line(kit, endpoint, self._heard, self._lost, self._event)
        self._units: dict[str, Unit | TeachInGateway] = {}
        self._byAddress: dict[int, list[Unit]] = {}
        self._learning: Learning | None = None
        self._up = False
        self._reason: LinkFailed | None = None
        self._pulse: IDelayedCall | None = None
        self._searches: list[tuple[Deferred[None], IDelayedCall]] = []

    def utcNow(self) -> datetime:
        now: datetime = self._kit.utcNow()
        return now

    # -- ILink ----------------------------------------------------------------------------------------------

    def start(self) -> Deferred[None]:
        starting: Deferred[None] = self._start()
        return starting

    @inlineCallbacks
    def _start(self) -> Generator[Any, Any, None]:
        if self.closed:
            raise LinkFailed("closed", "the link is stopped")
        yield self._line.open()
        try:
            version = yield self._ask(CommonCommand.READ_VERSION, 33)
            base = yield self._ask(CommonCommand.READ_BASE_ID, 5)
        except NoAnswer as silent:
            yield self._line.close()
            raise self._reason or LinkFailed("timeout", str(silent)) from None
        self.version = describeVersion(version)
        self.baseId = int.from_bytes(base[1:5], "big")
        self.log.info("transceiver {version}, base id {base}", version=self.version, base=f"{self.baseId:08X}")
        self._up = True
        self._pulse = self.clock.callLater(self.pulse, self._beat)
        for unit in list(self._units.values()):
            unit.refresh()

    @inlineCallbacks
    def _ask(self, command: CommonCommand, size: int) -> Generator[Any, Any, bytes]:
        """Its answer to a common command, asked until the line gives up: it may be there a moment after its port."""
        while True:
            try:
                data = yield self._line.request(commonCommand(command), size)
                break
            except NoAnswer:
                if self.closed:
                    raise
        if data[0] != ReturnCode.OK:
            raise LinkFailed("protocol", f"the transceiver refuses {command.name}: {nameOf(data[0])}")
        found: bytes = data
        return found

    def _beat(self) -> None:
        """Whether the transceiver is still there. The line counts the silences, and ends at the third."""
        self._pulse = self.clock.callLater(self.pulse, self._beat)
        self._probe()

    def _probe(self) -> None:
        self._line.request(commonCommand(CommonCommand.READ_BASE_ID), 5).addCallbacks(lambda _: None, self._silent)

    def _silent(self, failure: Failure) -> None:
        failure.trap(NoAnswer)
        if self._up:
            self._probe()

    def stop(self) -> Deferred[None]:
        self._end()
        return self._line.close()

    def _lost(self, reason: LinkFailed) -> None:
        was, self._reason = self._up, reason
        self._end()
        if was:
            self._port.lost(reason)

    def _end(self) -> None:
        self.closed = True
        self._up = False
        self._learning = None
        if self._pulse is not None:
            self._pulse.cancel()
            self._pulse = None
        for unit in list(self._units.values()):
            unit.end()
        searches, self._searches = self._searches, []
        for done, timer in searches:
            timer.cancel()
            done.callback(None)

    def attach(self, device: Device, port: IDevicePort) -> IDeviceDriver:
        unit: Unit | TeachInGateway
        if "TeachInState" in device.states:
            unit = TeachInGateway(self, device, port)
        else:
            try:
                identity = identityOf(device)
            except BadParam as bad:
                raise Unsupported(str(bad)) from None
            unit = _KINDS.get(identity.profile.eep[:5], Unit)(self, device, identity, port)
            self._byAddress.setdefault(identity.address, []).append(unit)
        self._units[device.id] = unit
        if self._up:
            unit.refresh()
        return unit

    def detach(self, deviceId: str) -> None:
        unit = self._units.pop(deviceId, None)
        if unit is None:
            return
        unit.end()
        if isinstance(unit, Unit):
            here = self._byAddress[unit.identity.address]
            here.remove(unit)
            if not here:
                del self._byAddress[unit.identity.address]

    # -- out --------------------------------------------------------------------------------------------------

    def transmit(self, telegram: Telegram, rank: int = NORMAL) -> Deferred[Outcome | None]:
        """Fires with None once it is on the air; else with what became of it. Never fails but by a cancellation."""
        if not self._up:
            return succeed(Outcome(Stage.FAILED, Code.UNREACHABLE, "the link is not up"))
        if not self.duty.take(self.clock.seconds(), airtime(telegram)):
            return succeed(Outcome(Stage.FAILED, Code.BUSY, "this hour's 36 s of transmission are used up"))
        sending: Deferred[Any] = self._line.request(telegram.packet(), rank=rank)
        return sending.addCallbacks(_outcome, _unanswered)

    # -- in ---------------------------------------------------------------------------------------------------

    def _heard(self, telegram: Telegram) -> None:
        if self.baseId and self.baseId <= telegram.sender < self.baseId + _BASE_IDS:
            return  # our own, repeated
        units = self._byAddress.get(telegram.sender, ())
        if not units:
            self.strangers += 1
        if self._learning is not None and self._up:
            self._learn(telegram, bool(units))
        elif not units and self._up:
            self._stranger(telegram)
        if telegram.teachIn:
            return
        for unit in list(units):
            try:
                unit.hear(telegram)
            except Exception:
                self.log.failure("{device}: a telegram of it failed", device=unit.device.id)

    def _learn(self, telegram: Telegram, known: bool) -> None:
        assert self._learning is not None
        said = parseTeachIn(telegram)
        if said is not None and said.request is Request.DELETION:
            self._answer(telegram, Answer.DELETED)
            return
        if known:
            self._answer(telegram, Answer.LEARNED)
            return
        found = self._learning.hear(telegram)
        if found is None:
            unknown = said is not None and said.eep is not None and self._learning.wanted is None
            self._answer(telegram, Answer.UNSUPPORTED if unknown else Answer.REFUSED)
            self._stranger(telegram)
            return
        self._answer(telegram, Answer.LEARNED)
        guessed = self._learning.wanted is None and (said is None or said.eep is None)
        self._offer(telegram, *found, guessed)
        if self._learning.wanted is not None:
            self.endTeachIn()

    def _stranger(self, telegram: Telegram) -> None:
        """Offered again each time: the inbox keeps count."""
        found, said = guess(telegram), parseTeachIn(telegram)
        if found is not None:
            self._offer(telegram, *found, said is None or said.eep is None)

    def _offer(self, telegram: Telegram, profile: Profile, said: TeachIn, guessed: bool) -> None:
        for each in candidatesOf(telegram, profile, said, guessed):
            self._port.found(each)

    def _answer(self, telegram: Telegram, answer: Answer) -> None:
        """Answer a query that asks for it: ahead of all else, since it has 700 ms."""
        said = parseTeachIn(telegram)
        if said is not None and said.wantsAnswer:
            self.transmit(answerTo(telegram, answer, self.baseId), URGENT)

    def _event(self, data: bytes) -> None:
        """Smart Ack: a device asks to be learned, and the transceiver waits for what to tell it."""
        asked = parseEvent(data)
        if asked is None:
            return
        profile = profileOf(asked.eep)
        if self._learning is None or self._learning.how != "smartTeachIn" or not self._up:
            self._line.respond(response(Confirm.NO_PLACE))
        elif profile is None:
            self._line.respond(response(Confirm.UNKNOWN_PROFILE))
        else:
            self._line.respond(response(Confirm.LEARNED))
            if asked.client not in self._byAddress and self._learning.first(asked.client):
                telegram = Telegram(profile.rorg, b"", asked.client, rssi=asked.rssi)
                said = TeachIn(profile.eep, asked.manufacturer)
                self._offer(telegram, profile, said, False)

    # -- teach-in -----------------------------------------------------------------------------------------------

    def teachIn(self, learning: Learning, seconds: float | None = None) -> None:
        """Learn for that long, instead of whatever was learned before."""
        seconds = self.teachInSeconds if seconds is None else seconds
        was, self._learning = self._learning, learning
        smart = learning.how == "smartTeachIn"
        if smart or (was is not None and was.how == "smartTeachIn"):
            self._smartAck(seconds if smart else 0.0)
        for gateway in self._gateways():
            gateway.began(seconds)

    def endTeachIn(self) -> None:
        was, self._learning = self._learning, None
        if was is not None and was.how == "smartTeachIn":
            self._smartAck(0.0)
        for gateway in self._gateways():
            gateway.ended()

    def _smartAck(self, seconds: float) -> None:
        """Have the transceiver learn Smart Ack devices for that long. One that can't does without."""

        def answered(data: bytes) -> None:
            if data[0] != ReturnCode.OK:
                self.log.info("the transceiver does not learn by Smart Ack: {why}", why=nameOf(data[0]))

        if not self._up:
            return
        self._line.request(learnMode(seconds)).addCallbacks(answered, lambda failure: failure.trap(NoAnswer))

    def _gateways(self) -> list[TeachInGateway]:
        return [each for each in self._units.values() if isinstance(each, TeachInGateway)]

    def search(self, how: str, seconds: float) -> Deferred[None]:
        """Teach in for that long."""
        done: Deferred[None] = Deferred(lambda cancelled: finish(False))

        def finish(fire: bool) -> None:
            if entry in self._searches:
                self._searches.remove(entry)
                self.endTeachIn()
                if timer.active():
                    timer.cancel()
                if fire:
                    done.callback(None)

        timer = self.clock.callLater(seconds, finish, True)
        entry = (done, timer)
        self._searches.append(entry)
        self.teachIn(Learning(how), seconds)
        return done


def _outcome(data: bytes) -> Outcome | None:
    if data[0] == ReturnCode.OK:
        return None
    code = Code.BUSY if data[0] == ReturnCode.LOCK_SET else Code.BUS_REFUSED
    return Outcome(Stage.FAILED, code, f"the transceiver refuses it: {nameOf(data[0])}")


def _unanswered(failure: Failure) -> Outcome:
    failure.trap(NoAnswer)
    return Outcome(Stage.UNKNOWN, Code.TIMEOUT, str(failure.value))


def nameOf(code: int) -> str:
    """A return code in words."""
    return ReturnCode(code).name.lower().replace("_", " ") if code in set(ReturnCode) else f"code {code}"


def describeVersion(data: bytes) -> str:
    """The response to CO_RD_VERSION: application, API, chip id. Source: ESP3, "Common command 3"."""
    name = data[17:33].split(b"\0")[0].decode("ascii", "replace").strip()
    application, api = (".".join(str(each) for each in data[at : at + 4]) for at in (1, 5))
    return f"{name or 'without name'} {application}, API {api}, chip {data[9:13].hex().upper()}"
