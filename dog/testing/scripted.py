"""A driver without a bus that does what a test tells it: confirm, refuse, stay silent, raise, lose its link."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import alsoProvides, implementer

from dog.interfaces import IDeviceDriver, IDevicePort, IDriver, IFinds, IKit, ILink, ILinkPort, LinkFailed, Unsupported
from dog.model.command import Command, Outcome, Stage
from dog.model.device import Device
from dog.model.refusal import Code
from dog.model.values import Reading, Seen


@dataclass(frozen=True)
class Never:
    """No answer, until it is cancelled."""


NEVER = Never()


@dataclass(frozen=True)
class Block:
    """The whole process stands still for that many seconds of the wall clock."""

    seconds: float


#: What a scripted command or start does: an outcome, an exception (it fails with it), L{NEVER}, a Deferred to be
#: fired by the test, or a function of the command that returns one of these.
Answer = Outcome | BaseException | Never | Deferred[Any] | None
Script = Answer | Callable[[Command], Answer]

#: What goes wrong at a seam: it raises, never fires (where a Deferred is due), or blocks; None: nothing.
Fault = BaseException | type[BaseException] | Never | Block | None

#: Where something can go wrong.
SEAMS = ("check", "linkKey", "link", "attach", "detach", "start", "send", "refresh", "stop")


def confirm(*seen: Seen) -> Outcome:
    """The device acknowledged; C{seen} is what that proves."""
    return Outcome(Stage.CONFIRMED, seen=seen)


def sent(*seen: Seen) -> Outcome:
    """The telegram left, on a bus without acknowledgements."""
    return Outcome(Stage.SENT, seen=seen)


def refuse(reason: str, code: str = Code.BUS_REFUSED.value) -> Outcome:
    """The bus refused, in its own words."""
    return Outcome(Stage.FAILED, code, reason)


@implementer(IDriver)
class ScriptedDriver:
    """An L{IDriver} whose every answer a test lays down. What is not laid down succeeds at once.

    Devices with the same C{gateway} share a link, as on a real bus.

    @ivar links: every link it made, in order (a replaced link stays in the list).
    @ivar sent: every command that reached it. @ivar cancelled: those given up before they were answered.
    @ivar refreshed: ids of devices asked to report.
    @ivar searches: (how, seconds) of every search. @ivar searchesCancelled: how, of those that were.
    @ivar searching: what the last one answered.
    @ivar unsupported: device id -> reason: C{attach} raises L{Unsupported} with it.
    """

    def __init__(
        self, name: str = "scripted", systems: tuple[str, ...] = ("Scripted",), problems: Iterable[str] = ()
    ) -> None:
        self.name = name
        self.systems = systems
        self.problems = list(problems)
        self.links: list[ScriptedLink] = []
        self.sent: list[Command] = []
        self.cancelled: list[Command] = []
        self.refreshed: list[str] = []
        self.searches: list[tuple[str, float]] = []
        self.searchesCancelled: list[str] = []
        self.searching: Deferred[None] | None = None
        self._ways: tuple[str, ...] = ()
        self.unsupported: dict[str, str] = {}
        self._held: dict[str, dict[Hashable, Reading]] = {}
        self._answers: dict[tuple[str | None, str | None], list[Script]] = {}
        self._starts: list[Answer] = []
        self._faults: dict[str, list[Fault]] = {}

    # -- what a test lays down --------------------------------------------------------------------

    def script(self, device: str | None, command: str | None, *answers: Script) -> None:
        """How C{device} answers C{command} (its real name): one answer after the other, the last for good.

        None stands for every device or every command; what is laid down more exactly wins.
        """
        self._answers[device, command] = list(answers)

    def onStart(self, *answers: Answer) -> None:
        """How links start, one after the other, the last for good: None at once, L{NEVER}, or an exception."""
        self._starts = list(answers)

    def faulty(self, seam: str, *faults: Fault) -> None:
        """What goes wrong at one of L{SEAMS}: one fault after the other, the last for good. ValueError for no seam."""
        if seam not in SEAMS:
            raise ValueError(f"no seam: {seam}")
        self._faults[seam] = list(faults)

    def meet(self, seam: str) -> bool:
        """Whatever goes wrong at this seam now; true where it never fires."""
        faults = self._faults.get(seam)
        if not faults:
            return False
        fault = faults[0] if len(faults) == 1 else faults.pop(0)
        if isinstance(fault, (BaseException, type)):
            raise fault
        if isinstance(fault, Block):
            time.sleep(fault.seconds)  # noqa: TID251 - to block is what it is for
        return fault is NEVER

    def hold(self, *readings: Reading) -> None:
        """Values its devices have: reported once the link has started, at a later attach, and on refresh."""
        for reading in readings:
            self._held.setdefault(reading.slot.device, {})[reading.slot] = reading

    def report(self, device: str, *seen: Seen) -> None:
        """The device reports by itself, now. KeyError if no link has it attached."""
        self._port(device).observed(*seen)

    def reachable(self, device: str, yes: bool, reason: str | None = None) -> None:
        """The device answers again, or has stopped answering."""
        self._port(device).reachable(yes, reason)

    def finds(self, *ways: str) -> None:
        """From now on its links can search (L{IFinds}), in these ways; C{searching} is to be fired by the test."""
        self._ways = ways
        for link in self.links:
            link.finds(ways)

    def find(self, **candidate: Any) -> None:
        """The bus of the latest link that runs offers a device. C{class} is written C{cls}."""
        if "cls" in candidate:
            candidate["class"] = candidate.pop("cls")
        next(each for each in reversed(self.links) if each.state == "started").port.found(candidate)

    def lose(self, reason: LinkFailed | None = None) -> None:
        """Every running link is lost."""
        for link in self.links:
            if link.state == "started":
                link.state = "lost"
                link.port.lost(reason or LinkFailed("closed", "the other side closed the connection"))

    def _port(self, device: str) -> IDevicePort:
        for link in reversed(self.links):
            if device in link.devices:
                return link.devices[device].port
        raise KeyError(device)

    # -- IDriver ----------------------------------------------------------------------------------

    def check(self, settings: Mapping[str, Any], gateway: Device | None, devices: Sequence[Device]) -> list[str]:
        self.meet("check")
        return list(self.problems)

    def linkKey(self, settings: Mapping[str, Any], gateway: Device | None, device: Device) -> Hashable:
        self.meet("linkKey")
        return gateway.id if gateway is not None else device.gateway

    def link(
        self, key: Hashable, settings: Mapping[str, Any], gateway: Device | None, port: ILinkPort, kit: IKit
    ) -> ScriptedLink:
        self.meet("link")
        link = ScriptedLink(self, key, port, kit)
        if self._ways:
            link.finds(self._ways)
        self.links.append(link)
        return link

    def held(self, device: str) -> tuple[Reading, ...]:
        return tuple(self._held.get(device, {}).values())

    def nextStart(self) -> Answer:
        if not self._starts:
            return None
        return self._starts[0] if len(self._starts) == 1 else self._starts.pop(0)

    def answer(self, command: Command) -> Answer:
        for key in ((command.device, command.name), (command.device, None), (None, command.name), (None, None)):
            answers = self._answers.get(key)
            if answers:
                found = answers[0] if len(answers) == 1 else answers.pop(0)
                return found(command) if callable(found) else found
        return confirm()


@implementer(ILink)
class ScriptedLink:
    """A link of a L{ScriptedDriver}.

    @ivar state: C{new}, C{starting}, C{started}, C{failed}, C{lost} or C{stopped}.
    @ivar devices: id -> what is attached.
    @ivar kit: what it was handed, for a test to set timers and to connect on its behalf.
    """

    def __init__(self, driver: ScriptedDriver, key: Hashable, port: ILinkPort, kit: IKit) -> None:
        self.kit = kit
        self.driver = driver
        self.key = key
        self.port = port
        self.state = "new"
        self.devices: dict[str, ScriptedDevice] = {}
        self.ways: tuple[str, ...] = ()
        self._starting: Deferred[None] | None = None

    def finds(self, ways: tuple[str, ...]) -> None:
        self.ways = ways
        alsoProvides(self, IFinds)

    def search(self, how: str, seconds: float) -> Deferred[None]:
        self.driver.searches.append((how, seconds))
        driver = self.driver
        searching: Deferred[None] = Deferred(lambda _: driver.searchesCancelled.append(how))
        self.driver.searching = searching
        return searching

    def start(self) -> Deferred[None]:
        self.state = "starting"
        if self.driver.meet("start"):
            return Deferred()
        answer = self.driver.nextStart()
        if isinstance(answer, BaseException):
            self.state = "failed"
            return fail(answer)
        if answer is None:
            self._started(None)
            return succeed(None)
        waiting: Deferred[None] = answer if isinstance(answer, Deferred) else Deferred()
        self._starting = waiting
        return waiting.addCallbacks(self._started, self._failed)

    def _started(self, _: Any) -> None:
        self._starting = None
        if self.state == "starting":
            self.state = "started"
            for device in list(self.devices.values()):
                device.reportHeld()

    def _failed(self, reason: Any) -> Any:
        self._starting = None
        if self.state == "starting":
            self.state = "failed"
        return reason

    def stop(self) -> Deferred[None]:
        self.state = "stopped"
        self.devices.clear()
        starting, self._starting = self._starting, None
        if starting is not None:
            starting.cancel()
        return Deferred() if self.driver.meet("stop") else succeed(None)

    def attach(self, device: Device, port: IDevicePort) -> ScriptedDevice:
        self.driver.meet("attach")
        reason = self.driver.unsupported.get(device.id)
        if reason is None and device.type is None:
            reason = f"unknown device class {device.cls}"
        if reason is not None:
            raise Unsupported(reason)
        attached = self.devices[device.id] = ScriptedDevice(self, device, port)
        if self.state == "started":
            attached.reportHeld()
        return attached

    def detach(self, deviceId: str) -> None:
        self.devices.pop(deviceId, None)
        self.driver.meet("detach")


@implementer(IDeviceDriver)
class ScriptedDevice:
    """A device on a L{ScriptedLink}."""

    def __init__(self, link: ScriptedLink, device: Device, port: IDevicePort) -> None:
        self.link = link
        self.device = device
        self.port = port

    def send(self, command: Command) -> Deferred[Outcome]:
        driver = self.link.driver
        if self.link.state in ("lost", "failed", "stopped"):
            return succeed(refuse("the link is down", Code.UNREACHABLE.value))
        driver.sent.append(command)
        if driver.meet("send"):
            return Deferred(lambda _: driver.cancelled.append(command))
        answer = driver.answer(command)
        if isinstance(answer, BaseException):
            return fail(answer)
        if isinstance(answer, Outcome):
            return succeed(answer)
        if answer is None:
            return succeed(confirm())
        if isinstance(answer, Deferred):
            return answer
        return Deferred(lambda _: driver.cancelled.append(command))

    def refresh(self) -> None:
        self.link.driver.refreshed.append(self.device.id)
        self.link.driver.meet("refresh")
        if self.link.state == "started":
            self.reportHeld()

    def reportHeld(self) -> None:
        held = self.link.driver.held(self.device.id)
        if held and self.link.devices.get(self.device.id) is self:
            self.port.observed(*held)
