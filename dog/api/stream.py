"""The event log as Server-Sent Events (WHATWG HTML, section 9.2): C{GET /events} with C{Accept: text/event-stream}.

A stream has no queue of its own: it is a cursor in the log. A client that does not read holds back its cursor and
nothing else; when it reads again it is told what it missed, or that some of it is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from zope.interface import implementer

from dog.api import jsontext
from dog.api.call import Profile
from dog.api.views.event import eventJson, isTold
from dog.api.views.status import DevicesStatusView, StatusView
from dog.core.core import Core
from dog.core.events import Event, Resume
from dog.model.refusal import Code, Refusal
from dog.model.rights import Principal


class Sink(Protocol):
    """Where a stream is written to: the HTTP response."""

    def write(self, data: bytes) -> Any: ...

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> Any: ...

    def unregisterProducer(self) -> Any: ...

    def finish(self) -> Any: ...

    def loseConnection(self) -> Any: ...


class Cancels(Protocol):
    def cancel(self) -> Any: ...


Later = Callable[[float, Callable[[], object]], Cancels]


class Streams:
    """Every open stream.

    @ivar beat: seconds after which a comment is sent where nothing else is, so that a dead peer is noticed.
    @ivar patience: seconds a client may stay clogged.
    @ivar most: streams at once; one more is refused (C{busy}).
    """

    def __init__(
        self, core: Core, later: Later, *, beat: float = 15.0, patience: float = 30.0, most: int = 200
    ) -> None:
        self.core = core
        self.later = later
        self.beat = beat
        self.patience = patience
        self.most = most
        self.open: dict[Stream, None] = {}

    def stream(self, principal: Principal, profile: Profile, since: tuple[str, int] | None, snapshot: bool) -> Stream:
        """A stream to be begun. Raises L{Refusal} C{busy}.

        @param since: epoch and cursor to go on from; None: from now on.
        @param snapshot: begin with the status of every device.
        """
        if len(self.open) >= self.most:
            raise Refusal(Code.BUSY, f"{self.most} streams are open already")
        return Stream(self, principal, profile, since, snapshot)

    def heard(self, events: Sequence[Event]) -> None:
        """What C{stepper.listen} calls."""
        for stream in list(self.open):
            stream.go()

    def close(self) -> None:
        """End every stream in good order: the gateway stops."""
        for stream in list(self.open):
            stream.end()


@implementer(IPushProducer)
class Stream:
    """One client's stream."""

    log = Logger()

    def __init__(
        self,
        streams: Streams,
        principal: Principal,
        profile: Profile,
        since: tuple[str, int] | None,
        snapshot: bool,
    ) -> None:
        log = streams.core.log
        self._streams = streams
        self._principal = principal
        self._profile = profile
        self._epoch, self._cursor = (log.epoch, log.lastId) if since is None else since
        self._snapshot = snapshot
        self._paused = False
        self._sink: Sink | None = None
        self._beat: Cancels | None = None
        self._clogged: Cancels | None = None

    # -- life -------------------------------------------------------------------------------------------

    def begin(self, sink: Sink) -> None:
        """Write from now on."""
        self._sink = sink
        self._streams.open[self] = None
        sink.registerProducer(self, True)
        sink.write(b"retry: 2000\n\n")
        self._wind()
        if self._snapshot:
            self._tellSnapshot()
        self.go()

    def lost(self) -> None:
        """The client has gone."""
        self._sink = None
        self._streams.open.pop(self, None)
        for timer in (self._beat, self._clogged):
            if timer is not None:
                timer.cancel()
        self._beat = self._clogged = None

    def end(self) -> None:
        """Finish the response."""
        sink = self._sink
        self.lost()
        if sink is not None:
            sink.unregisterProducer()
            sink.finish()

    # -- what is told -----------------------------------------------------------------------------------

    def go(self) -> None:
        """Tell everything after the cursor, as far as the client takes it."""
        log = self._streams.core.log
        while self._flowing():
            resumed = log.resume(self._epoch, self._cursor)
            if resumed.how is Resume.COMPLETE:
                break
            if resumed.how is Resume.GAP:
                lost = {"epoch": log.epoch, "from": resumed.gapFrom, "to": resumed.gapTo}
                self._epoch, self._cursor = log.epoch, log.lastId
                self._tell("gap", lost)
                self._tellSnapshot()
                break
            house = self._streams.core.visibility.house(self._principal)
            for event in resumed.events:
                if not self._flowing():
                    break
                if log.before is None or event.eventId > log.before.lastId:
                    self._epoch = log.epoch
                self._cursor = event.eventId
                if isTold(event, house):
                    self._tell(event.kind.value, eventJson(event))

    def _flowing(self) -> bool:
        return self._sink is not None and not self._paused

    def _tellSnapshot(self) -> None:
        core = self._streams.core
        house = core.visibility.house(self._principal)
        status = DevicesStatusView(tuple(StatusView.of(core, each) for each in house.devices()))
        self._tell("snapshot", {"epoch": self._epoch, "eventId": self._cursor} | status.json(self._profile))

    def _tell(self, kind: str, data: Any) -> None:
        if self._sink is not None:
            id = f"{self._epoch}/{self._cursor}"
            self._sink.write(b"id: %s\nevent: %s\ndata: %s\n\n" % (id.encode(), kind.encode(), jsontext.dump(data)))
            self._wind()

    def _wind(self) -> None:
        """The next beat is due so much later."""
        if self._beat is not None:
            self._beat.cancel()
        self._beat = self._streams.later(self._streams.beat, self._pulse)

    def _pulse(self) -> None:
        self._beat = None
        if self._sink is not None:
            if not self._paused:
                self._sink.write(b":\n\n")
            self._wind()

    # -- the transport says -----------------------------------------------------------------------------

    def pauseProducing(self) -> None:
        self._paused = True
        if self._clogged is None:
            self._clogged = self._streams.later(self._streams.patience, self._tooSlow)

    def resumeProducing(self) -> None:
        self._paused = False
        if self._clogged is not None:
            self._clogged.cancel()
            self._clogged = None
        self.go()

    def stopProducing(self) -> None:
        self.lost()

    def _tooSlow(self) -> None:
        self._clogged = None
        sink = self._sink
        self.lost()
        if sink is not None:
            self.log.warn("an event stream's client reads too slowly and is closed")
            sink.unregisterProducer()
            sink.loseConnection()


def parseCursor(text: str) -> tuple[str, int] | None:
    """Epoch and number out of a C{Last-Event-ID}; None where it is none of ours."""
    epoch, slash, number = text.strip().rpartition("/")
    if not slash or not epoch or not (number.isascii() and number.isdigit()) or len(number) > 18:
        return None
    return epoch, int(number)
