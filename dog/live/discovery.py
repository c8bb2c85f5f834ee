"""What the buses offer on its way into the home: taken in, searched for, adopted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from dog.core.core import Found, Judged
from dog.core.events import Event, Kind
from dog.core.inbox import Allowance
from dog.home import edits
from dog.interfaces import LinkFailed
from dog.live.attachments import Attachments
from dog.live.home import LiveHome
from dog.live.links import Link
from dog.live.stepper import Stepper, Timer
from dog.model.candidate import BadCandidate, Candidate, candidateFrom, shown
from dog.model.device import ConfigParam, Device
from dog.model.home import Home
from dog.model.refusal import Code, Refusal, quoted

#: Seconds that a search may last, and lasts unless told otherwise.
LONGEST, USUAL = 600.0, 60.0

#: Searches that are over and still told of.
KEPT = 20


class SearchState(StrEnum):
    """How a search is."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass
class Search:
    """One search of one bus.

    @ivar until: when it ends at the latest; once it is over, when it ended.
    @ivar reason: why it failed.
    """

    id: str
    driver: str
    gateway: str | None
    how: str
    began: datetime
    until: datetime
    state: SearchState = SearchState.RUNNING
    reason: str | None = None


@dataclass(frozen=True)
class Source:
    """A link, and how its bus can be searched: C{ways}, or C{reason} why not."""

    driver: str
    gateway: str | None
    ways: tuple[str, ...]
    reason: str | None = None
    search: str | None = None


@dataclass(frozen=True)
class Wish:
    """As what a candidate is adopted. What is None is as proposed; C{isIn} None: in no room.

    @ivar params: beside, or in place of, those that the candidate has.
    """

    id: str | None = None
    cls: str | None = None
    isIn: str | None = None
    description: str | None = None
    gateway: str | None = None
    params: Mapping[str, str] | None = None


class Discovery(Service):
    """Stands between the links, the inbox (L{dog.core.inbox}) and the home.

    @cvar grace: seconds after which a search is ended that its driver has not ended.
    """

    log = Logger()
    grace = 5.0

    def __init__(self, stepper: Stepper, attachments: Attachments, homes: LiveHome) -> None:
        self._stepper = stepper
        self._attachments = attachments
        self._homes = homes
        self._searches: dict[str, Search] = {}
        self._running: dict[str, tuple[Link, Deferred[Any], Timer]] = {}
        self._number = 0
        self._complained = Allowance(5, 60.0)
        attachments.onFound = self.found
        stepper.listen(self._heard)

    def stopService(self) -> None:
        super().stopService()  # type: ignore[no-untyped-call]
        for id in list(self._running):
            self.cancel(id)

    # -- what is found ------------------------------------------------------------------------------------

    def found(self, link: Link, given: Mapping[str, Any]) -> None:
        """A link offers a device. What can't be understood is said in the log, not too often."""
        now = self._stepper.now()
        driver = link.driver
        try:
            if not isinstance(given, Mapping):
                raise BadCandidate(f"expected a mapping, got {shown(given)}")
            candidate = candidateFrom(given, driver.name, driver.systems[0], link.gateway, now.utc)
        except BadCandidate as bad:
            if self._complained.take(now.mono):
                self.log.error("driver {driver} offers what is no candidate: {bad}", driver=driver.name, bad=str(bad))
            return
        self._stepper.step(Found(candidate))

    def _heard(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.kind is not Kind.CANDIDATE_CHANGED or event.details["what"] != "found":
                continue
            details = event.details
            told = {"candidate": details["candidate"], "description": details["description"]}
            self.log.info("{candidate} ({description}) may be adopted", **told)
            if details.get("instead"):
                self.log.warn("the discovery inbox is full: {instead} was dropped", instead=details["instead"])
            if details.get("withheld"):
                self.log.warn("{count} candidates more were found meanwhile", count=details["withheld"])

    # -- what becomes of it -------------------------------------------------------------------------------

    def candidate(self, id: str) -> Candidate:
        """Raises L{Refusal} C{not_found}."""
        found = self._stepper.core.inbox.get(id)
        if found is None:
            raise Refusal(Code.NOT_FOUND, f"there is no candidate {quoted(id)}")
        return found

    def judge(self, id: str, ignored: bool | None) -> None:
        """Ignore it, offer it again (False), or forget it (None). Raises L{Refusal} C{not_found}."""
        self.candidate(id)
        self._stepper.step(Judged(id, ignored))

    def adopt(self, id: str, wish: Wish) -> Deferred[Device]:
        """Make it a device of the home: written to the file first, served then, and no candidate any more.

        Fires with the device. Fails with, or raises, L{Refusal}: C{not_found}, C{bad_value} (no such class, room or
        gateway; no class known; an id that is none), C{duplicate_id}, C{in_use} (it is in the home already),
        C{storage}.
        """
        candidate = self.candidate(id)
        device = deviceOf(candidate, wish)

        def change(home: Home, data: bytes) -> bytes:
            check(home, candidate, device)
            return edits.addDevice(data, device)

        def adopted(home: Home) -> Device:
            # Where other params were wished for, the home may not tell that it is the same.
            self._stepper.step(Judged(id, None))
            self.log.info("{candidate} was adopted as {device}", candidate=id, device=device.id)
            return home.devices[device.id]

        return self._homes.edit(change).addCallback(adopted)

    # -- searching ----------------------------------------------------------------------------------------

    def sources(self) -> list[Source]:
        """Every link, and whether it can search."""
        running = {id(link): search for search, (link, _, _) in self._running.items()}
        return [
            Source(link.driver.name, link.gateway, link.ways, reasonAgainst(link), running.get(id(link)))
            for link in self._attachments.links().values()
        ]

    def searches(self) -> list[Search]:
        """Those that run and the last that ran, the latest first."""
        return list(reversed(self._searches.values()))

    def searchOf(self, id: str) -> Search:
        """Raises L{Refusal} C{not_found}."""
        if id not in self._searches:
            raise Refusal(Code.NOT_FOUND, f"there is no search {quoted(id)}")
        return self._searches[id]

    def search(
        self, driver: str | None = None, gateway: str | None = None, how: str | None = None, seconds: float = USUAL
    ) -> Search:
        """Search one bus. Which one need not be said where only one can be searched.

        @raise Refusal: C{bad_value} (no such driver or gateway, or several; it can't search, or not so),
            C{no_driver} (no link of that driver), C{unreachable} (its link is not up), C{busy} (it is searching).
        """
        link = self._chosen(driver, gateway)
        why = reasonAgainst(link)
        if why is not None:
            code = Code.UNREACHABLE if link.finds else Code.BAD_VALUE
            raise Refusal(code, f"{nameOf(link)} can't be searched: {why}")
        if how is not None and how not in link.ways:
            expected = "one of " + ", ".join(link.ways)
            message = f"how: expected {expected}, got {quoted(how)}"
            raise Refusal(Code.BAD_VALUE, message, parameter="how", expected=expected)
        if any(other is link for other, _, _ in self._running.values()):
            raise Refusal(Code.BUSY, f"{nameOf(link)} is being searched")
        return self._begin(link, how or link.ways[0], seconds)

    def cancel(self, id: str) -> None:
        """End a search. One that is over is left as it is. Raises L{Refusal} C{not_found}."""
        self.searchOf(id)
        if id in self._running:
            _, searching, timer = self._running[id]
            self._over(id, SearchState.CANCELLED, None)
            timer.cancel()
            searching.cancel()

    def _chosen(self, driver: str | None, gateway: str | None) -> Link:
        """Raises L{Refusal}."""
        names = self._attachments.drivers.byName
        if driver is not None and driver not in names:
            raise Refusal(Code.BAD_VALUE, f"there is no driver {quoted(driver)}", parameter="driver")
        links = [
            each
            for each in self._attachments.links().values()
            if driver in (None, each.driver.name) and (gateway is None or gateway in (each.gateway, *each.devices))
        ]
        if gateway is not None and not links:
            raise Refusal(
                Code.BAD_VALUE, f"no link belongs to a gateway device {quoted(gateway)}", parameter="gateway"
            )
        if not links:
            whose = "no driver" if driver is None else f"driver {driver}"
            raise Refusal(
                Code.NO_DRIVER, f"{whose} has no link: the home has no device of its, so put its gateway device in"
            )
        able = [each for each in links if each.ways]
        if len(able) > 1:
            raise Refusal(
                Code.BAD_VALUE,
                f"several buses can be searched: say which ({', '.join(map(nameOf, able))})",
                parameter="gateway",
            )
        return (able or links)[0]

    def _begin(self, link: Link, how: str, seconds: float) -> Search:
        self._number += 1
        now = self._stepper.now()
        until = now.utc + timedelta(seconds=seconds)
        search = Search(str(self._number), link.driver.name, link.gateway, how, now.utc, until)
        self._searches[search.id] = search
        over = [each for each in self._searches if each not in self._running and each != search.id]
        for each in over[: max(0, len(over) - KEPT)]:
            del self._searches[each]
        self.log.info(
            "{link} is being searched ({how}) for {seconds:g} s", link=nameOf(link), how=how, seconds=seconds
        )
        timer = self._stepper.callLater(seconds + self.grace, lambda: self._tooLate(search.id))
        searching = link.search(how, seconds)
        self._running[search.id] = (link, searching, timer)
        searching.addCallbacks(
            lambda _: self._ended(search.id, SearchState.DONE, None), lambda failure: self._failed(search.id, failure)
        )
        return search

    def _ended(self, id: str, state: SearchState, reason: str | None) -> None:
        if id in self._running:
            self._running[id][2].cancel()
            self._over(id, state, reason)

    def _failed(self, id: str, failure: Failure) -> None:
        if failure.check(CancelledError):
            self._ended(id, SearchState.CANCELLED, None)
        elif failure.check(LinkFailed):
            self._ended(id, SearchState.FAILED, str(failure.value))
        else:
            self.log.failure("search {id} failed", failure, id=id)
            self._ended(id, SearchState.FAILED, "the driver failed; see the log")

    def _tooLate(self, id: str) -> None:
        """Its driver has forgotten it, or its link is another one by now."""
        _, searching, _ = self._running[id]
        self._over(id, SearchState.DONE, None)
        searching.cancel()

    def _over(self, id: str, state: SearchState, reason: str | None) -> None:
        del self._running[id]
        search = self._searches[id]
        search.state, search.reason, search.until = state, reason, self._stepper.now().utc


def deviceOf(candidate: Candidate, wish: Wish) -> Device:
    """The candidate as it is wished for. Raises L{Refusal} C{bad_value} where nobody says its class."""
    cls = wish.cls or candidate.cls
    if cls is None:
        raise Refusal(Code.BAD_VALUE, f"{candidate.id} does not say what it is: give a class", parameter="class")
    params = dict(candidate.params) | dict(wish.params or {})
    description = candidate.description if wish.description is None else wish.description
    return candidate.device(
        candidate.deviceId if wish.id is None else wish.id,
        cls,
        isIn=wish.isIn,
        description=description or None,
        gateway=wish.gateway or candidate.gateway,
        params=tuple(ConfigParam(name, value) for name, value in params.items()),
    )


def check(home: Home, candidate: Candidate, device: Device) -> None:
    """Whether the home takes it. Raises L{Refusal}."""
    if device.type is None:
        raise Refusal(
            Code.BAD_VALUE,
            f"there is no device class {quoted(device.cls)}",
            parameter="class",
            expected="the name of a device class",
        )
    if device.isIn is not None and device.isIn not in home.places:
        expected = "the id of a room, a garden or a garage"
        message = f"isIn: expected {expected}, and {quoted(device.isIn)} is none"
        raise Refusal(Code.BAD_VALUE, message, parameter="isIn", expected=expected)
    if device.gateway is not None and device.gateway not in home.devices:
        message = f"gateway: there is no device {quoted(device.gateway)}"
        raise Refusal(Code.BAD_VALUE, message, parameter="gateway", expected="the id of a gateway device")
    same = [each.id for each in home.devices.values() if candidate.isDevice(each)]
    if same:
        raise Refusal(Code.IN_USE, f"it is in the home already, as {quoted(same[0])}", devices=same[:1])


def reasonAgainst(link: Link) -> str | None:
    """Why this link can't search; None where it can."""
    if not link.finds:
        return f"on this bus devices do not make themselves known to {link.driver.name}"
    return None if link.ways else f"it is not up ({link.reason or 'it is starting'})"


def nameOf(link: Link) -> str:
    """As people know it."""
    return link.driver.name if link.gateway is None else f"{link.gateway} ({link.driver.name})"
