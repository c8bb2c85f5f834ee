"""Where a client stands in the gateway's sequence of events, over all its conversations. Pure: no I/O, no clock.

The rules of websocket-api.md, "Extensions": a subscription brings a snapshot and the number from which live events
follow; a client that comes back says up to where it knows everything, and is told that nothing was missed, or gets
what was missed, or is told of the gap. Both flavours of the client are built on this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from typing import Any

from dog.client.messages import Event, Gap, Notification, Presentation, Response, Snapshot
from dog.client.wanted import EVERYTHING, Only, Scope, Uttered, Wanted, subscription, unsubscription

#: What a gateway has to offer, so that it can be resumed.
NEEDED = frozenset({"eventId", "gap"})

#: Where a client asks how far it has got.
PING = "/api/v1/ping"

#: What a client is told.
Told = Notification | Event | Snapshot | Gap


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be asked, and what it means for the stream.

    @ivar subscribes: to C{scope}: a device, or None for all of them, and a filter (L{Only.filter}).
    @ivar optional: it does no harm if the gateway refuses it.
    @ivar uttered: the wish that it comes of.
    """

    action: str
    endPoint: str
    parameters: Any = None
    scope: tuple[Scope, tuple[Any, ...]] = (None, EVERYTHING.filter)
    subscribes: bool = False
    optional: bool = False
    uttered: Uttered | None = None


class Stream:
    """What is wanted, what has come, and where to go on.

    Per conversation: L{begin}, its requests asked one after the other and each answer given to L{answered}, L{ready};
    then L{add} and L{remove} at will; what L{add} gave goes to L{settle} or L{drop} when it is answered. Every message
    goes through L{received}, in the order of the wire. What these return is what the client is to be told, in order.

    @param resume: without it, and with a gateway that does not offer it, subscriptions are those of v1.
    @param events: what is no notification is wanted, too, where it is offered; only with C{resume}.
    """

    def __init__(self, resume: bool = False, events: bool = False) -> None:
        self.wanted = Wanted()
        self._resume = resume
        self._more = ("batch", "events") if events else ("batch",)
        self._offered = False
        self._numbered = False
        self._position: tuple[str, int] | None = None
        self._epoch: str | None = None
        self._target: int | None = None
        # Scopes that were subscribed to at any time, and those of them whose state we were told.
        self._inForce: set[tuple[Scope, tuple[Any, ...]]] = set()
        self._known: set[tuple[Scope, tuple[Any, ...]]] = set()
        # Scopes with names that the gateway has not been asked for yet.
        self._fresh: set[tuple[Scope, tuple[Any, ...]]] = set()
        # While a new conversation subscribes again: the number in each answer, None for a replay.
        self._marks: list[int | None] | None = None
        self._presented = 0
        # Events beyond the position that have come; of each device and class, the last.
        self._seen: set[int] = set()
        self._order: list[int] = []
        self._last: dict[tuple[str | None, str], int] = {}
        self._blind = False
        self._looked: tuple[str, int] | None = None

    @property
    def position(self) -> tuple[str, int] | None:
        """(epoch, cursor): everything up to there has come. None: not known."""
        return self._position

    @property
    def resuming(self) -> bool:
        """Does this conversation number its events, so that the next one can go on where it ends?"""
        return self._numbered

    # -- what to ask ----------------------------------------------------------------------------------

    def begin(self, presentation: Presentation) -> list[Request]:
        """What is to be asked on a new conversation, in order."""
        self._offered = self._resume and NEEDED.issubset(presentation.features)
        self._numbered = self._blind = False
        self._marks = []
        self._target = None
        self._presented = presentation.eventId or 0
        requests = []
        more = [each for each in self._more if each in presentation.features]
        if self._offered and more:
            features = {"features": sorted({*NEEDED, *more})}
            requests.append(Request("PUT", "/api/v1/session", features, optional=True))
        for scope, what, *only in self.wanted.steps():
            if isinstance(what, str):
                requests.append(Request(*unsubscription(scope, what)))
            else:
                requests.append(self._subscription(scope, what, only[0], again=True))
        return requests

    def add(self, scope: Scope, names: Iterable[str], only: Only = EVERYTHING) -> Request:
        """Want more."""
        wished = list(names)
        uttered = self.wanted.add(scope, wished, only)
        self._fresh.add((scope, only.filter))
        return replace(self._subscription(scope, wished, only, again=False), uttered=uttered)

    def remove(self, scope: Scope, name: str) -> Request:
        """Want less."""
        self.wanted.remove(scope, name)
        self._forget(scope)
        return Request(*unsubscription(scope, name))

    def drop(self, request: Request) -> None:
        """The gateway has refused this request of L{add}: everything is as before."""
        assert request.uttered is not None
        self.wanted.drop(request.uttered)
        self._forget(request.scope[0])

    def settle(self, request: Request) -> None:
        """This request of L{add} is answered, or never will be."""
        assert request.uttered is not None
        self.wanted.settle(request.uttered)

    def _forget(self, scope: Scope) -> None:
        """What of that scope is not wanted any more."""
        for known in (self._inForce, self._known):
            known -= {each for each in known if each[0] == scope and not self.wanted.has(*each)}

    def _subscription(self, scope: Scope, names: Iterable[str], only: Only, again: bool) -> Request:
        key = scope, only.filter
        more = only.body()
        if self._offered:
            resumed = again and self._position is not None and key in self._known
            if resumed and self._position is not None:
                epoch, cursor = self._position
                more["since"] = {"epoch": epoch, "cursor": cursor}
            if not resumed or key in self._fresh:
                more["snapshot"] = True
        return Request(*subscription(scope, names, more), scope=key, subscribes=True)

    # -- what came ------------------------------------------------------------------------------------

    def answered(self, request: Request, response: Response) -> list[Told]:
        """The gateway has done what was asked."""
        if request.endPoint == PING:
            self._stands(response.response)
            return []
        if not request.subscribes or not self._resume:
            return []
        again = request.scope in self._inForce and self._marks is not None
        self._inForce.add(request.scope)
        body = response.response if isinstance(response.response, Mapping) else {}
        epoch, eventId = body.get("epoch"), body.get("eventId")
        if not self._offered or not isinstance(epoch, str) or not isinstance(eventId, int):
            return self._unnumbered(again)
        self._numbered = True
        self._known.add(request.scope)
        self._fresh.discard(request.scope)
        how = body.get("resume")
        told: list[Told] = []
        if "since" in request.parameters and how not in ("complete", "replay"):
            self._beginAnew(epoch)
            told.append(Gap.of(body.get("gap")))
        self._epoch = epoch
        if self._marks is not None:
            self._marks.append(None if how == "replay" else eventId)
        elif self._position is None:
            self._position = epoch, eventId
        if isinstance(body.get("devicesStatus"), list):
            told.append(Snapshot(tuple(body["devicesStatus"]), epoch, eventId))
        return told

    def ready(self) -> None:
        """Everything that L{begin} wanted has been answered."""
        marks = [] if self._marks is None else self._marks
        self._marks = None
        if not marks or self._epoch is None:
            return
        numbers = [each for each in marks if each is not None]
        if len(numbers) == len(marks):
            self._moveTo(min(numbers))
        elif self._position is not None and self._position[0] != self._epoch:
            # Numbers go on over epochs, and cursors of the replay may still belong to the one before. Which ones is
            # not told; those that the new gateway had already given out when it presented itself are beyond doubt.
            self._target = self._presented

    def received(self, message: Notification | Event | Gap) -> list[Told]:
        """A message that was not asked for."""
        if isinstance(message, Gap):
            return self._told(message)
        if not self._numbered or message.eventId is None:
            return [message]
        kind = message.cls if isinstance(message, Notification) else message.kind
        key, number = (message.device, kind), message.eventId
        isDouble = number in self._seen
        # An older one that had been merged away may come on a replay after the newer one; then the newer has to come
        # last again.
        if isDouble and self._last.get(key, number) >= number:
            return []
        self._last[key] = number
        if not isDouble:
            self._seen.add(number)
            heappush(self._order, number)
        self._reached(message.cursor)
        return [message]

    def stuck(self) -> bool:
        """Called now and then: whether to ask with a L{PING}, because the position has not moved between two calls.

        Whom next to nothing is told of would keep a cursor of long ago, which the gateway's log does not reach.
        """
        stuck = self._numbered and self._position is not None and self._position == self._looked
        self._looked = None if stuck else self._position
        return stuck

    def _stands(self, pong: Any) -> None:
        """Up to where everything has come, whether or not any of it was to come."""
        if self._numbered and isinstance(pong, Mapping) and pong.get("epoch") == self._epoch:
            cursor = pong.get("cursor")
            self._reached(cursor if isinstance(cursor, int) else None)

    def _reached(self, cursor: int | None) -> None:
        if cursor is not None and self._marks is None and cursor >= (self._target or 0):
            self._moveTo(cursor)

    def _told(self, gap: Gap) -> list[Told]:
        """The gateway had to drop something."""
        if self._numbered and gap.until is not None:
            self._beginAnew(gap.epoch)
            self._epoch = gap.epoch or self._epoch
            if self._marks is None:
                self._moveTo(gap.until)
        told: list[Told] = [gap]
        if gap.devicesStatus is not None:
            told.append(Snapshot(gap.devicesStatus, gap.epoch, gap.until))
        return told

    def _beginAnew(self, epoch: str | None) -> None:
        """After a gap, numbers of another epoch may have begun anew: those that have come say nothing of them."""
        if epoch is None or epoch != self._epoch:
            self._seen.clear()
            self._order.clear()
            self._last.clear()

    def _unnumbered(self, again: bool) -> list[Told]:
        """Nothing is known of what happened since the last conversation, nor will be after this one."""
        self._position = None
        self._known.clear()
        self._beginAnew(None)
        if not again or self._blind:
            return []
        self._blind = True
        return [Gap(None, None, None)]

    def _moveTo(self, cursor: int) -> None:
        assert self._epoch is not None
        if self._position is not None and self._position[0] == self._epoch and self._position[1] > cursor:
            return
        self._position = self._epoch, cursor
        self._target = None
        while self._order and self._order[0] <= cursor:
            self._seen.discard(heappop(self._order))
