"""A client's WebSocket connection: requests in, answers and notifications out."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IPushProducer, ISSLTransport
from twisted.logger import Logger
from twisted.python.failure import Failure

from dog.api.call import Media, Profile, Reply, Request
from dog.api.dispatch import hostOf
from dog.api.identity import Identity, isPassedOn, refusedOf, tokenIn
from dog.api.origins import Origins
from dog.api.proxies import Proxies
from dog.api.routes import Table
from dog.api.views.event import isTold
from dog.api.views.status import DevicesStatusView, StatusView
from dog.api.ws import envelope
from dog.api.ws.batch import Batch
from dog.api.ws.later import Cancels, Later
from dog.api.ws.outbox import Budget, Outbox
from dog.api.ws.pace import Pace
from dog.api.ws.protocol import (
    GOING_AWAY,
    INTERNAL_ERROR,
    POLICY_VIOLATION,
    TRY_AGAIN_LATER,
    UNSUPPORTED_DATA,
    WebSocket,
    WebSocketFactory,
)
from dog.api.ws.replay import Replay
from dog.api.ws.turn import Turns
from dog.core.core import Core
from dog.core.events import Event
from dog.live.audit import Tells
from dog.model.device import Device
from dog.model.refusal import Code, cleaned
from dog.model.rights import NOBODY, Principal, Right, Role

log = Logger()  # Autobahn's protocol has a log of its own

#: How far a message may be over the limit and still be answered (413) instead of ending the connection (1009).
COURTESY = 64 * 1024


class Answers(Protocol):
    """The resource tree, as L{dog.api.dispatch.Api} has it."""

    table: Table

    def answer(self, request: Request) -> Deferred[Reply]: ...

    def kept(self, path: tuple[str, ...], principal: Principal) -> Reply | None: ...


class Connection(WebSocket):
    """One client, from its upgrade to its end. It is what the core's subscriptions hold and tell.

    @ivar clientId: eight hexadecimal digits, its own among all that are connected.
    @ivar features: what the client has asked for in its session.
    @ivar shape: in which profile, and how full, it was answered when it last subscribed.
    """

    factory: ConnectionFactory

    def __init__(self) -> None:
        super().__init__()
        self.clientId = ""
        self.principal: Principal = NOBODY
        self.features: frozenset[str] = frozenset()
        self.shape = Profile.DOCUMENTED, False
        self._id = b""
        self._unread: deque[bytes] = deque()
        self._inFlight: set[Deferred[Any]] = set()
        self._taking = False
        self._holding = False
        self._batch: Batch | None = None
        self._slow: Cancels | None = None
        self._toReplay: list[Replay] = []
        self._passedOn = False
        self._origin: Any = None  # the address from where it comes
        self._resting: Cancels | None = None
        self._unwelcome = False
        self._stranger: Cancels | None = None
        self._refusing: Deferred[Any] | None = None

    # -- from the upgrade to the end --------------------------------------------------------------------

    def onConnect(  # type: ignore[override]  # Autobahn waits for a Deferred
        self, request: ConnectionRequest
    ) -> str | Deferred[Any] | None:
        if self.factory.stopping:
            raise ConnectionDeny(503, "the gateway stops")
        secure = ISSLTransport.providedBy(self.transport)
        if request.origin and not self.factory.origins.allows(request.origin, request.headers["host"], secure):
            if self.factory.tellRefusal is not None:
                what, peer = f"a WebSocket of a page of {request.origin}", self.transport.getPeer()
                self.factory.tellRefusal(NOBODY.name, what, hostOf(peer), Code.FORBIDDEN.value)
            raise ConnectionDeny(403, "pages of this origin may not use the gateway")
        token = tokenIn(request.headers.get("authorization"), request.protocols)
        self._passedOn = isPassedOn(request.headers.__contains__)
        forwarded = request.headers.get("x-forwarded-for")
        self._origin = self.factory.proxies.origin(self.transport.getPeer(), forwarded)
        who = self.factory.identity.who(token, self._origin, self._passedOn)
        if isinstance(who, Deferred):
            self._refusing = who.addErrback(_deny)
            return who
        self.principal = who
        return "dog" if "dog" in request.protocols else None

    def choose(self, features: Iterable[str]) -> None:
        """Have these features, as far as they are on offer, and no others."""
        chosen = envelope.FEATURES.intersection(features)
        self.features = chosen | envelope.RESUMING if "events" in chosen else chosen
        self.factory.core.subscriptions.follow(self, "events" in chosen)

    def identify(self, token: str) -> Deferred[None]:
        """Be whoever the token says from now on.

        Fails with L{Refusal} where it is not valid; the connection ends once that is told.
        """

        def known(principal: Principal) -> None:
            self.principal = principal
            self._expectNobody()

        def unknown(failure: Failure) -> Failure:
            self._unwelcome = True
            return failure

        who = self.factory.identity.who(token, self._origin, self._passedOn)
        if not isinstance(who, Deferred):
            who = succeed(who)
        return who.addCallbacks(known, unknown)

    def dismiss(self, reason: str) -> None:
        """Whoever it was may not be here any more: he gets nothing of what waits for him."""
        self.principal = NOBODY
        if self.isOpen:
            self.outbox.close()
            if self._batch is not None:
                self._batch.clear()
            self.close(POLICY_VIOLATION, reason)

    def _expectNobody(self) -> None:
        """Who has to say who he is has so much time for it."""
        if self._stranger is not None:
            self._stranger.cancel()
            self._stranger = None
        if self.principal.role is Role.NONE and self.isOpen:
            self._stranger = self.factory.later(self.factory.identifyWithin, self._stayedStrange)

    def _stayedStrange(self) -> None:
        self._stranger = None
        self.dismiss("a token is needed here")

    def producer(self) -> IPushProducer:
        self.outbox = Outbox(
            self._put,
            self._render,
            self._take,
            self._overflowed,
            gap=self._gap,
            clogged=self._clogged,
            maxMessages=self.factory.maxMessages,
            maxBytes=self.factory.maxBytes,
            budget=self.factory.budget,
        )
        self._pace = Pace(self.factory.later, self.outbox.cursor, self._sendLate)
        return self.outbox

    @property
    def deaf(self) -> bool:
        return self._holding or not self.outbox.flowing

    def onOpen(self) -> None:
        super().onOpen()
        self.clientId = self.factory.joined(self)
        self._id = self.clientId.encode()
        core = self.factory.core
        self._expectNobody()
        authenticated = self.principal.may(Right.VIEW)
        self._reply(
            envelope.presentation(self.clientId, self.factory.about, core.log.epoch, core.log.lastId, authenticated)
        )

    def sendCloseFrame(self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False) -> None:
        if self._batch is not None:
            self._batch.flush()
        super().sendCloseFrame(code, reasonUtf8, isReply)
        self._take()  # nothing is begun any more, but the peer's own close has to be read

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self.factory.left(self)
        self._unread.clear()
        self._holding = False
        if self.clientId:  # it had come to be
            self._pace.stop()
            self.outbox.close()
        if self._batch is not None:
            self._batch.clear()
        self._clogged(False)
        if self._resting is not None:
            self._resting.cancel()
        self.principal = NOBODY
        self._expectNobody()
        if self._refusing is not None:
            self._refusing.cancel()
        for answering in list(self._inFlight):
            answering.cancel()

    # -- requests ---------------------------------------------------------------------------------------

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if not self.isOpen:
            return
        if isBinary:
            self.close(UNSUPPORTED_DATA, "messages are text")
            return
        self._unread.append(payload)
        self._take()

    def _take(self) -> None:
        """Begin what was asked, as long as not too much is in flight and the client takes its answers.

        What can't be begun waits, and nothing more is read until it is: TCP tells the client to wait as well.
        """
        if self._taking:
            return
        self._taking = True
        try:
            place = None if self._seat is None else self._seat.place
            while self._unread and self._mayBegin():
                wait = 0.0 if place is None else place.ask()
                if wait:
                    self._resting = self.factory.later(wait, self._rested)
                else:
                    self._ask(self._unread.popleft())
        finally:
            self._taking = False
        if not self.isOpen:
            self._unread.clear()
        if bool(self._unread) is not self._holding:
            self._holding = not self._holding
            if self._holding:
                self.transport.pauseProducing()
            else:
                self.transport.resumeProducing()

    def _rested(self) -> None:
        """The next one, which had come too fast, was counted already."""
        self._resting = None
        if self._unread and self._mayBegin():
            self._ask(self._unread.popleft())
        self._take()

    def _mayBegin(self) -> bool:
        return (
            self.isOpen
            and self._resting is None
            and self.outbox.flowing
            and len(self._inFlight) < self.factory.maxInFlight
        )

    def _ask(self, payload: bytes) -> None:
        asked: envelope.Asked | bytes | None = None
        try:
            asked = envelope.read(payload, self.clientId, self.factory.maxSize)
            if isinstance(asked, bytes):
                self._reply(asked)
                return
            if asked.action == "GET" and not asked.query and asked.key is None:
                kept = self.factory.api.kept(asked.path, self.principal)
                if kept is not None:
                    self._reply(envelope.response(asked, kept))
                    return
            answering = self.factory.api.answer(self._request(asked))
        except Exception:
            self._bug(Failure(), asked.echo if isinstance(asked, envelope.Asked) else {"clientId": self.clientId})
            return
        self._inFlight.add(answering)
        answering.addBoth(self._answered, answering, asked)

    def _request(self, asked: envelope.Asked) -> Request:
        body: Any = asked.body
        contentType = None
        if asked.xml is not None and self._takesXml(asked):
            body, contentType = asked.xml.encode(), Media.XML.value
        headers = {} if asked.key is None else {"idempotency-key": asked.key}
        return Request(
            asked.action,
            asked.path,
            self.principal,
            asked.query,
            body,
            contentType,
            headers=headers,
            connection=self,
            origin=self._origin,
        )

    def _takesXml(self, asked: envelope.Asked) -> bool:
        match = self.factory.api.table.match(asked.path)
        route = None if match is None else match.methods.get(asked.action)
        return route is not None and Media.XML in route.takes

    def _answered(self, outcome: Reply | Failure, answering: Deferred[Any], asked: envelope.Asked) -> None:
        self._inFlight.discard(answering)
        if self.isOpen:
            try:
                if isinstance(outcome, Failure):
                    outcome.raiseException()
                self._reply(envelope.response(asked, outcome))
            except Exception:
                self._bug(Failure(), asked.echo)
            for replay in self._toReplay:
                self.outbox.replay(replay)
        self._toReplay.clear()
        if self._unwelcome:
            self.dismiss("the token is not valid")
        self._take()

    def _bug(self, failure: Failure, echo: Mapping[str, Any]) -> None:
        log.failure("a request of client {id} failed: {echo}", failure, id=self.clientId, echo=cleaned(repr(echo)))
        self._reply(envelope.failure(echo))

    # -- what is sent -----------------------------------------------------------------------------------

    def dropped(self) -> None:
        """It could not be told of an event, and is told no more: better no connection than a silent one."""
        self.close(INTERNAL_ERROR, "the gateway failed on a notification")

    def deliver(self, event: Event) -> None:
        """Tell of an event, if it is about something that the client may see."""
        # This runs once per client and event: what is the same for all of them is worked out once, by the factory.
        if self.state != self.STATE_OPEN:
            return
        told = self.factory.told
        if told is None or told.event is not event or told.principal is not self.principal:
            told = self.factory.tell(event, self.principal)
        if not told.visible:
            return
        if not event.discrete and (self._pace or self.factory.core.subscriptions.paced(self)):
            subscriptions = self.factory.core.subscriptions
            if not self._pace.may(envelope.mergeKey(event), event, subscriptions.interval(self, event) or 0.0):
                return
        if self.features or not self.outbox.passes(event.eventId):
            self.outbox.tell(told.notification)
        elif self._batch is None and not self.send_queue and not self.websocket_extensions_in_use:
            self.transport.write(told.notification.frame(self._id))
        else:
            self._put(told.notification.frame(self._id))

    def resume(self, replay: Replay) -> None:
        """Send what was missed, after the answer to the request that is being answered."""
        self._toReplay.append(replay)
        for key, (_, interval) in replay.latest.items():
            self._pace.rest(key, interval)

    def _sendLate(self, event: Event, since: int) -> None:
        wanted = self.factory.core.subscriptions.interval(self, event) is not None
        if self.isOpen and wanted and self._sees(event):
            self.outbox.tell(self.factory.tell(event, self.principal).notification, since)
        else:
            self.outbox.cursor.release(since)

    def _sees(self, event: Event) -> bool:
        return isTold(event, self.factory.core.visibility.house(self.principal))

    def _put(self, frame: bytes) -> None:
        if self._batch is None and not self.features:
            if self.state == self.STATE_OPEN and not self.send_queue and not self.websocket_extensions_in_use:
                self.transport.write(frame)
            else:
                self.sendText(frame)
            return
        if "batch" in self.features and self._batch is None:
            self._batch = Batch(self.sendText, self.factory.later)
        if self._batch is not None and ("batch" in self.features or self._batch):
            self._batch.add(frame)
        else:
            self.sendText(frame)

    def _reply(self, message: bytes) -> None:
        self.outbox.reply(envelope.frameHead(len(message)) + message)

    def _render(self, notification: envelope.Notification, cursor: int) -> bytes:
        if self.features and "eventId" in self.features:
            return notification.stamped(self._id, cursor)
        return notification.frame(self._id)

    # -- a client that is too slow ----------------------------------------------------------------------

    def _overflowed(self) -> bool:
        if "gap" in self.features and self.isOpen:
            log.info("client {id} at {peer} reads too slowly and loses events", id=self.clientId, peer=self.peer)
            return True
        self._giveUp("too slow: notifications would be lost")
        return False

    def _gap(self, since: int) -> bytes:
        core = self.factory.core
        self._pace.forget()
        self.outbox.cursor.forget(core.log.lastId)
        house = core.visibility.house(self.principal)
        profile, full = self.shape
        statuses = snapshot(core, (each for each in house.devices() if core.subscriptions.covers(self, each)))
        told = envelope.gap(
            self.clientId, since, core.log.lastId, core.log.epoch, statuses.json(profile, full)["devicesStatus"]
        )
        return envelope.frameHead(len(told)) + told

    def _clogged(self, yes: bool) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None
        if yes and self.isOpen:
            self._slow = self.factory.later(self.factory.slowFor, self._stayedClogged)

    def _stayedClogged(self) -> None:
        self._slow = None
        self._giveUp("too slow: nothing was read for too long")

    def _giveUp(self, reason: str) -> None:
        if self.isOpen:
            log.warn("client {id} at {peer} reads too slowly and is closed", id=self.clientId, peer=self.peer)
        self.outbox.close()
        self.close(TRY_AGAIN_LATER, reason)


def snapshot(core: Core, devices: Iterable[Device]) -> DevicesStatusView:
    """The state of things now, as a WebSocket client is told of it."""
    return DevicesStatusView(tuple(StatusView.of(core, each, described=True) for each in devices))


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it is told.

    @ivar visible: whether the principal is told of it.
    """

    event: Event
    principal: Principal
    notification: envelope.Notification
    visible: bool


def _deny(failure: Failure) -> None:
    refused = refusedOf(failure)
    raise ConnectionDeny(refused.code.status, refused.message)


class ConnectionFactory(WebSocketFactory):
    """Everything that connections share.

    @param identity: says who a client is; unless given, everybody may do everything.
    @param about: C{name} and C{version} of the gateway.
    @param origins: other origins than its own whose pages may connect; C{"*"} for every one.
    @param maxSize: bytes of a message.
    @param maxInFlight: requests of a connection that are being answered; what comes in over that waits.
    @param maxMessages: notifications that may wait for a slow client.
    @param maxBytes: bytes of those.
    @param maxTotalBytes: bytes of those of all clients together; over it the one who has most of them loses them.
    @param slowFor: seconds that a client may take nothing of what it is sent.
    @param proxies: those whose X-Forwarded-For is believed.
    @param identifyWithin: seconds in which a client has to say who it is, where it may do nothing until then.
    @ivar tellRefusal: told of those whose origin is refused.
    """

    protocol = Connection

    def __init__(
        self,
        api: Answers,
        core: Core,
        later: Later,
        *,
        identity: Identity | None = None,
        about: Mapping[str, Any] | None = None,
        origins: Iterable[str] = (),
        maxSize: int = 1024 * 1024,
        maxInFlight: int = 64,
        maxMessages: int = 1024,
        maxBytes: int = 256 * 1024,
        maxTotalBytes: int = 16 * 1024 * 1024,
        slowFor: float = 30.0,
        closeWithin: float = 5.0,
        deflate: bool = False,
        heartbeat: float = 30.0,
        answerWithin: float = 10.0,
        identifyWithin: float = 15.0,
        turns: Turns | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        super().__init__(
            later,
            maxMessage=maxSize + COURTESY,
            closeWithin=closeWithin,
            deflate=deflate,
            heartbeat=heartbeat,
            answerWithin=answerWithin,
            turns=turns,
        )
        self.api = api
        self.core = core
        self.identity = identity or Identity()
        self.identifyWithin = identifyWithin
        self.about = about or {}
        self.origins = Origins(origins)
        self.proxies = proxies or Proxies()
        self.maxSize = maxSize
        self.maxInFlight = maxInFlight
        self.maxMessages = maxMessages
        self.maxBytes = maxBytes
        self.budget = Budget(maxTotalBytes)
        self.slowFor = slowFor
        self.connections: dict[str, Connection] = {}
        self.stopping: Deferred[None] | None = None
        self.told: Told | None = None
        self.tellRefusal: Tells | None = None

    def setMaxSize(self, maxSize: int) -> None:
        """Bytes of a message, on connections from now on."""
        self.maxSize = maxSize
        self.setProtocolOptions(maxMessagePayloadSize=maxSize + COURTESY)  # type: ignore[no-untyped-call]

    def joined(self, connection: Connection) -> str:
        """The new connection's clientId."""
        while (id := secrets.token_hex(envelope.ID_LENGTH // 2)) in self.connections:
            pass
        self.connections[id] = connection
        return id

    def left(self, connection: Connection) -> None:
        """The connection has ended, or has never come to be; whatever it had subscribed to ends with it."""
        self.core.subscriptions.drop(connection)
        self.connections.pop(connection.clientId, None)
        if self.stopping is not None and not self.connections and not self.stopping.called:
            self.stopping.callback(None)

    def ended(self, principal: Principal) -> None:
        """His token was revoked or has expired: close what he has come with (1008)."""
        for connection in list(self.connections.values()):
            if connection.principal == principal:
                connection.dismiss("the token has ended")

    def tell(self, event: Event, principal: Principal) -> Told:
        """An event as it is told to that principal. It goes to all of its clients in one go, so the last is kept."""
        told = self.told
        notification = told.notification if told is not None and told.event is event else envelope.Notification(event)
        visible = isTold(event, self.core.visibility.house(principal))
        self.told = told = Told(event, principal, notification, visible)
        return told

    def stop(self) -> Deferred[None]:
        """Close every connection (1001) and let nobody in any more. Fires when all have ended, at the latest after
        C{closeWithin}.
        """
        if self.stopping is None:
            self.stopping = Deferred()
            for connection in list(self.connections.values()):
                connection.close(GOING_AWAY, "the gateway stops")
            if not self.connections:
                self.stopping.callback(None)
        stopped: Deferred[None] = Deferred()
        self.stopping.addCallback(lambda _: stopped.callback(None))
        return stopped
