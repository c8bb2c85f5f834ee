"""The WebSocket client: one conversation with one gateway, taken up again whenever it breaks off."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from enum import Enum, auto
from random import Random
from typing import Any

from twisted.internet.defer import Deferred, fail, inlineCallbacks, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IStreamClientEndpoint
from twisted.logger import Logger
from twisted.python.failure import Failure

from dog.client.address import Address
from dog.client.backoff import Backoff
from dog.client.connection import Connection, ConnectionFactory, endpointOf, unconnected
from dog.client.errors import Failed, Interrupted, NotReachable
from dog.client.heartbeat import Heartbeat
from dog.client.messages import (
    BadMessage,
    Event,
    Gap,
    Notification,
    Other,
    Presentation,
    Response,
    Snapshot,
    decode,
    encodeRequest,
)
from dog.client.questions import Questions
from dog.client.stream import PING, Request, Stream, Told
from dog.client.trust import USUAL, Trust
from dog.client.wanted import ALL, Only

#: Why a conversation is over.
Reason = Failed | NotReachable

#: A connection that stood for so long, in seconds, counts as good: the next loss starts with the shortest delay again.
GOOD = 10.0

#: Seconds that the gateway has to say goodbye.
GOODBYE = 2.0


class _State(Enum):
    IDLE = auto()
    CONNECTING = auto()
    CONNECTED = auto()
    WAITING = auto()
    CLOSED = auto()


class Client:
    """Talks to a gateway.

    Once L{connect} has succeeded, a lost connection is taken up again by itself, with growing delays, and what was
    subscribed to is subscribed to again. With C{resume}, what happened in between is made up for: it is replayed, or,
    where the gateway does not have all of it any more, told as a gap with a new snapshot.

    @param url: the gateway, in any form that L{Address.parse} takes.
    @param reactor: used for its clock and its connections.
    @param token: sent in the Authorization header.
    @param trust: what the gateway's certificate has to be, with TLS.
    @param endpoint: connect through this instead of the address's own host and port.
    @param resume: subscriptions bring snapshots, and a conversation goes on where the one before broke off. With a
        gateway that does not offer this (L{resuming}), a gap from None to None is told each time it is back.
    @param onNotification: called with each L{Notification}.
    @param onSnapshot: called with a list of statuses, as in C{GET /api/v1/devices/status}: for each subscription, and
        after a gap. Every notification that follows is younger. Before L{subscribe}'s Deferred fires.
    @param onEvent: called with each L{Event}: what else happens with the devices that are subscribed to (a value of
        which nothing was heard for too long, a device that is lost or changed) and with the house. Only with
        C{resume}, and a gateway that offers it.
    @param onGap: called with two numbers of events: those after the first, up to and with the second, are lost. The
        first is None where the gateway does not know from where on. The snapshot follows.
    @param onConnected: called with the L{Presentation} each time a conversation stands, subscriptions in place.
    @param onLost: called with the reason and the seconds until the next attempt, each time a conversation broke off
        or an attempt at one failed; the seconds are None where the gateway refused for good and no attempt follows.
        Not called for what L{connect} or L{close} tell by their Deferreds.
    @param onOther: called with messages of other types, which extensions may bring.
    """

    log = Logger()

    def __init__(
        self,
        url: str | Address,
        reactor: Any,
        *,
        token: str | None = None,
        trust: Trust = USUAL,
        endpoint: IStreamClientEndpoint | None = None,
        resume: bool = False,
        onNotification: Callable[[Notification], object] = lambda notification: None,
        onSnapshot: Callable[[list[Mapping[str, Any]]], object] = lambda devicesStatus: None,
        onEvent: Callable[[Event], object] | None = None,
        onGap: Callable[[int | None, int | None], object] = lambda since, until: None,
        onConnected: Callable[[Presentation], object] = lambda presentation: None,
        onLost: Callable[[Reason, float | None], object] = lambda reason, retryIn: None,
        onOther: Callable[[Other], object] = lambda message: None,
        connectTimeout: float = 10.0,
        requestTimeout: float = 30.0,
        pingInterval: float = 30.0,
        pingTimeout: float = 10.0,
        random: Random | None = None,
    ) -> None:
        self.address = url if isinstance(url, Address) else Address.parse(url)
        self.presentation: Presentation | None = None
        self._reactor = reactor
        self._clock: IReactorTime = reactor
        self._token = token
        self._trust = trust
        self._endpoint = endpoint
        self._onNotification = onNotification
        self._onSnapshot = onSnapshot
        self._onEvent = onEvent
        self._onGap = onGap
        self._onConnected = onConnected
        self._onLost = onLost
        self._onOther = onOther
        self._connectTimeout = connectTimeout
        self._requestTimeout = requestTimeout
        self._backoff = Backoff(random or Random())
        self._stream = Stream(resume, events=onEvent is not None)
        self._heartbeat = Heartbeat(
            reactor, self._ping, self._silent, pingInterval, pingTimeout, due=self._stream.stuck
        )
        self._state = _State.IDLE
        self._patient = False
        self._first: Deferred[Presentation] | None = None
        self._connecting: Deferred[Any] | None = None
        self._connection: Connection | None = None
        self._timer: IDelayedCall | None = None
        self._since = 0.0
        self._questions = Questions(reactor, self.address)
        self._closing: list[Deferred[None]] = []

    # -- the conversation -----------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Can a request be sent now?"""
        return self._state is _State.CONNECTED

    @property
    def resuming(self) -> bool:
        """Does the gateway number its events, so that nothing is missed in silence?"""
        return self._stream.resuming

    def connect(self, patient: bool = False) -> Deferred[Presentation]:
        """Take up the conversation; fires with the first presentation. Cancelling it closes the client.

        @param patient: keep trying until the gateway is there, telling C{onLost}; else the first failure is final:
            fails with L{NotReachable}, or L{Failed} where the gateway turned us away, and may be called again.
        """
        if self._state is not _State.IDLE:
            raise RuntimeError("connect() was called before")
        self._patient = patient
        first = self._first = Deferred[Presentation](lambda deferred: self._giveUp())
        self._attempt()
        return first

    def close(self) -> Deferred[None]:
        """End the conversation for good; fires with None once nothing of it is left. Never fails."""
        if self._state is not _State.CLOSED:
            self._state = _State.CLOSED
            self._heartbeat.stop()
            self._stopTimer()
            if self._connecting is not None:
                self._connecting.cancel()
            first, self._first = self._first, None
            if first is not None:
                first.errback(NotReachable(self.address.socket, "closed before there was a conversation"))
            if self._connection is not None:
                self._timer = self._clock.callLater(GOODBYE, self._connection.drop)
                self._connection.finish()
        if self._connection is None:
            return succeed(None)
        closed = Deferred[None]()
        self._closing.append(closed)
        return closed

    def _giveUp(self) -> None:
        self._first = None
        self.close()

    # -- requests -------------------------------------------------------------------------------------

    def request(
        self, action: str, endPoint: str, parameters: Any = None, timeout: float | None = None
    ) -> Deferred[Response]:
        """Ask the gateway for something.

        @param action: C{GET}, C{PUT}, C{POST} or C{DELETE}.
        @param endPoint: the path of the resource, percent-encoded, C{/api/v1/devices/lamp/status}.
        @param parameters: the body as a JSON value; None for none.
        @param timeout: seconds; the client's own C{requestTimeout} unless given.
        @return: fires with the L{Response}; fails with L{Failed} where its status is 400 or more, L{NotReachable}
            where there is no conversation now, L{Interrupted} or L{NoAnswer} where what became of the request is not
            known. Cancelling it forgets the answer, not the request.
        """
        return self._ask(Request(action, endPoint, parameters), timeout)

    def _ask(self, request: Request, timeout: float | None = None) -> Deferred[Response]:
        connection, presentation = self._connection, self.presentation
        if self._state is not _State.CONNECTED or connection is None or presentation is None:
            return fail(NotReachable(self.address.socket, "not connected"))
        seconds = self._requestTimeout if timeout is None else timeout
        sequence, answered = self._questions.ask(request, seconds)
        payload = encodeRequest(presentation.clientId, sequence, request.action, request.endPoint, request.parameters)
        connection.sendMessage(payload)  # type: ignore[no-untyped-call]
        return answered

    def subscribe(
        self,
        names: str | Iterable[str] = ALL,
        device: str | None = None,
        *,
        devices: str | Iterable[str] | None = None,
        rooms: str | Iterable[str] | None = None,
        classes: str | Iterable[str] | None = None,
        minInterval: float = 0.0,
    ) -> Deferred[Response]:
        """Ask for notifications by class or name, C{*} for every one; of one device, or of all.

        @param devices: of these only; so C{rooms} (or flats, by id) and C{classes} (with those derived from them).
            In a name C{*} stands for anything. A subscription with another filter stands beside this one.
        @param minInterval: seconds: of each measurement at most one in that time, and always the latest at its end.

        The wish is kept and uttered again on every new conversation, until L{unsubscribe}; so it is where this fails
        with L{NotReachable}. Where it fails with L{Failed}, it is dropped, and what it was to replace
        (another interval) is wanted as before.
        """
        wished = [names] if isinstance(names, str) else list(names)
        request = self._stream.add(device, wished, Only.of(devices, rooms, classes, minInterval))

        def done(result: Response | Failure) -> Response | Failure:
            if isinstance(result, Failure) and result.check(Failed):
                self._stream.drop(request)
            self._stream.settle(request)
            return result

        return self._ask(request).addBoth(done)

    def unsubscribe(self, name: str = ALL, device: str | None = None) -> Deferred[Response]:
        """Take a wish back, or make an exception of it: C{subscribe("*")} and C{unsubscribe("OnNotification")}.

        Whatever its filter was: a name is left out of all subscriptions of that device, or of all devices.
        """
        return self._ask(self._stream.remove(device, name))

    # -- attempts -------------------------------------------------------------------------------------

    def _attempt(self) -> None:
        self._state = _State.CONNECTING
        self._timer = self._clock.callLater(self._connectTimeout, self._tooLate)
        try:
            endpoint = self._endpoint or endpointOf(self.address, self._reactor, self._connectTimeout, self._trust)
            connecting = endpoint.connect(ConnectionFactory(self.address, self, self._token, self._reactor))
        except Exception as error:
            self._down(unconnected(self.address, Failure(error)))
            return
        self._connecting = connecting
        connecting.addCallbacks(self._transported, self._untransported)

    def _transported(self, connection: Connection) -> None:
        self._connecting = None
        if self._state is _State.CONNECTING:
            self._connection = connection
        else:
            connection.drop()

    def _untransported(self, failure: Failure) -> None:
        self._connecting = None
        if self._state is _State.CONNECTING:
            self._down(unconnected(self.address, failure))

    def _tooLate(self) -> None:
        reason = f"no Dog gateway presented itself within {self._connectTimeout:g} s"
        self._down(NotReachable(self.address.socket, reason))

    def _stopTimer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    # -- what the connection reports ------------------------------------------------------------------

    def heard(self, connection: Connection) -> None:
        """See L{dog.client.connection.Owner}."""
        self._heartbeat.heard()

    def closed(self, connection: Connection, reason: Reason) -> None:
        """See L{dog.client.connection.Owner}."""
        if connection is self._connection:
            self._connection = None
            self._down(reason)

    def received(self, connection: Connection, payload: bytes) -> None:
        """See L{dog.client.connection.Owner}."""
        if connection is not self._connection or self._state is _State.CLOSED:
            return
        self._heartbeat.heard()
        try:
            messages = decode(payload)
        except BadMessage as error:
            self.log.warn("{url} sent something else than a message: {error}", url=self.address.socket, error=error)
            return
        for message in messages:
            if isinstance(message, Response):
                self._answered(message)
            elif isinstance(message, Notification | Event | Gap):
                self._deliver(self._stream.received(message))
            elif isinstance(message, Other):
                self._tell(self._onOther, message)
            elif self._state is _State.CONNECTING:
                self._presented(connection, message)

    def _answered(self, response: Response) -> None:
        pending = self._questions.take(response.sequenceNumber)
        if pending is None:
            self.log.debug("an answer to no question: {response}", response=response)
            return
        failure = response.failure()
        if failure is None:
            self._deliver(self._stream.answered(pending.request, response))
            pending.deferred.callback(response)
        else:
            pending.deferred.errback(failure)

    def _deliver(self, told: Iterable[Told]) -> None:
        for each in told:
            if isinstance(each, Notification):
                self._tell(self._onNotification, each)
            elif isinstance(each, Snapshot):
                self._tell(self._onSnapshot, list(each.devicesStatus))
            elif isinstance(each, Event):
                if self._onEvent is not None:
                    self._tell(self._onEvent, each)
            else:
                self._tell(self._onGap, each.since, each.until)

    def _presented(self, connection: Connection, presentation: Presentation) -> None:
        self._stopTimer()
        self.presentation = presentation
        self._state = _State.CONNECTED
        self._since = self._clock.seconds()
        self._heartbeat.start()
        self._subscribeAgain(connection, presentation).addErrback(
            lambda failure: self.log.failure("after connecting", failure)
        )

    @inlineCallbacks
    def _subscribeAgain(
        self, connection: Connection, presentation: Presentation
    ) -> Generator[Deferred[Response], Any, None]:
        try:
            for request in self._stream.begin(presentation):
                try:
                    yield self._ask(request)
                except Failed:
                    if not request.optional:
                        raise
        except Interrupted:
            return
        except Failed as refused:
            busy = refused.status >= 500
            self._down(NotReachable(self.address.socket, str(refused)) if busy else refused)
            return
        except NotReachable as reason:
            self._down(reason)
            return
        if connection is not self._connection or self._state is not _State.CONNECTED:
            return
        self._stream.ready()
        first, self._first = self._first, None
        if first is not None:
            first.callback(presentation)
        self._tell(self._onConnected, presentation)

    def _ping(self) -> None:
        if self._stream.resuming:
            # Whatever comes back is a sign of life, and the answer says where we stand.
            self._ask(Request("GET", PING)).addErrback(lambda failure: failure.trap(Failed, NotReachable))
        elif self._connection is not None:
            self._connection.sendPing(b"dog")

    def _silent(self) -> None:
        self._down(NotReachable(self.address.socket, "the gateway has fallen silent"))

    # -- the end of a conversation --------------------------------------------------------------------

    def _down(self, reason: Reason) -> None:
        """This attempt or conversation is over: tell everybody who waits, then try again unless that is pointless."""
        self._stopTimer()
        self._heartbeat.stop()
        stood = self._state is _State.CONNECTED and self._clock.seconds() - self._since >= GOOD
        again = self._first is None or self._patient
        if self._state is not _State.CLOSED:
            self._state = _State.WAITING if again and not isinstance(reason, Failed) else _State.IDLE
        self.presentation = None
        connecting, self._connecting = self._connecting, None
        if connecting is not None:
            connecting.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.drop()
        self._questions.interrupt(reason.reason if isinstance(reason, NotReachable) else str(reason))
        self._afterwards(reason, stood)

    def _afterwards(self, reason: Reason, stood: bool) -> None:
        if self._state is _State.CLOSED:
            closing, self._closing = self._closing, []
            for each in closing:
                each.callback(None)
        elif self._state is _State.WAITING:
            if stood:
                self._backoff.reset()
            delay = self._backoff.next()
            self._timer = self._clock.callLater(delay, self._attempt)
            self._tell(self._onLost, reason, delay)
        elif self._first is not None:
            first, self._first = self._first, None
            first.errback(reason)
        else:
            self._tell(self._onLost, reason, None)

    def _tell(self, callback: Callable[..., object], *arguments: Any) -> None:
        """A bug in a callback must not take the conversation down."""
        try:
            callback(*arguments)
        except Exception:
            self.log.failure("a callback failed: {callback}", callback=callback)
