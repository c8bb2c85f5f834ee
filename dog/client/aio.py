"""The client for asyncio: the same conversation as L{dog.client.client}, on the event loop, through Autobahn.

    async with Client("ws://127.0.0.1:8080/ws") as client:
        async for notification in client.subscribe():
            print(notification.device, notification.name)

Not together with L{dog.client.Client} in one process: Autobahn takes either Twisted or asyncio.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from random import Random
from typing import Any, Self

from dog.client.address import DEFAULT, Address
from dog.client.aioconnection import Connection, connectTo
from dog.client.aiofeed import Feed
from dog.client.backoff import Backoff
from dog.client.errors import Failed, Interrupted, NoAnswer, NotReachable
from dog.client.messages import (
    BadMessage,
    Event,
    Gap,
    Notification,
    Presentation,
    Response,
    Snapshot,
    decode,
    encodeRequest,
)
from dog.client.stream import PING, Request, Stream, Told
from dog.client.trust import USUAL, Trust
from dog.client.wanted import ALL, Only

log = logging.getLogger(__name__)

Reason = Failed | NotReachable

#: A connection that stood for so long, in seconds, counts as good: the next loss starts with the shortest delay again.
GOOD = 10.0

#: Seconds that the gateway has to say goodbye.
GOODBYE = 2.0

#: So much may wait for a slow reader before the gateway is left to wait, in its turn; and when it goes on.
FULL, LOW = 1000, 500


class Client:
    """Talks to a gateway. Once connected, a lost connection is taken up again by itself, with growing delays.

    All of it belongs to the event loop on which L{connect} (or C{async with}) is called.

    @param url: the gateway, in any form that L{Address.parse} takes.
    @param token: sent in the Authorization header.
    @param trust: what the gateway's certificate has to be, with TLS.
    @param resume: as in L{dog.client.client.Client}; on unless it is turned off.
    @param events: L{follow} gives each L{Event}, too: what else happens, as in L{dog.client.client.Client}.
    @param patient: keep trying until the gateway is there for the first time; else the first failure is final.
    @param onConnected: called with the L{Presentation} each time a conversation stands, subscriptions in place.
    @param onLost: called with the reason and the seconds until the next attempt each time a conversation broke off
        or an attempt failed; the seconds are None where the gateway refused for good.
    """

    def __init__(
        self,
        url: str | Address = DEFAULT,
        *,
        token: str | None = None,
        trust: Trust = USUAL,
        resume: bool = True,
        events: bool = False,
        patient: bool = False,
        onConnected: Callable[[Presentation], object] = lambda presentation: None,
        onLost: Callable[[Reason, float | None], object] = lambda reason, retryIn: None,
        connectTimeout: float = 10.0,
        requestTimeout: float = 30.0,
        pingInterval: float = 30.0,
        pingTimeout: float = 10.0,
        random: Random | None = None,
    ) -> None:
        self.address = url if isinstance(url, Address) else Address.parse(url)
        self.presentation: Presentation | None = None
        self._token = token
        self._trust = trust
        self._patient = patient
        self._onConnected = onConnected
        self._onLost = onLost
        self._connectTimeout = connectTimeout
        self._requestTimeout = requestTimeout
        self._ping = pingInterval, pingTimeout
        self._backoff = Backoff(random or Random())
        self._stream = Stream(resume, events)
        self._connection: Connection | None = None
        self._life: asyncio.Task[None] | None = None
        self._first: asyncio.Future[Presentation] | None = None
        self._presented: asyncio.Future[Presentation] | None = None
        self._sequence = 0
        self._pending: dict[str, tuple[asyncio.Future[Response], Request]] = {}
        self._feed: weakref.ref[Feed[Any]] | None = None
        self._over: Reason | None = None
        self._asking: asyncio.Task[None] | None = None  # the loop itself keeps no hold of it

    # -- the conversation -----------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Can a request be sent now?"""
        return self._connection is not None and self.presentation is not None

    @property
    def resuming(self) -> bool:
        """Does the gateway number its events, so that nothing is missed in silence?"""
        return self._stream.resuming

    async def connect(self) -> Presentation:
        """Take up the conversation.

        @raise NotReachable: there is none, unless C{patient}.
        @raise Failed: the gateway turned us away.
        """
        if self._life is not None:
            raise RuntimeError("connect() was called before")
        self._first = asyncio.get_running_loop().create_future()
        self._life = asyncio.create_task(self._live())
        self._life.add_done_callback(self._died)
        try:
            return await self._first
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End the conversation for good."""
        life, self._life = self._life, None
        if life is not None:
            life.cancel()
            await asyncio.wait([life])
        self._end(NotReachable(self.address.socket, "closed"))

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *ignored: object) -> None:
        await self.close()

    # -- requests -------------------------------------------------------------------------------------

    def request(
        self, action: str, endPoint: str, parameters: Any = None, timeout: float | None = None
    ) -> Coroutine[Any, Any, Response]:
        """Ask the gateway for something: C{await client.request("GET", "/api/v1/devices")}.

        Parameters and failures as in L{dog.client.client.Client.request}, failures as exceptions.
        """
        return self._ask(Request(action, endPoint, parameters), timeout)

    async def _ask(self, request: Request, seconds: float | None = None) -> Response:
        sequence = self._send(request)
        what = f"{request.action} {request.endPoint}"
        seconds = self._requestTimeout if seconds is None else seconds
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._pending[sequence] = future, request
        try:
            return await asyncio.wait_for(future, seconds)
        except TimeoutError:
            raise NoAnswer(self.address.socket, f"no answer to {what} within {seconds:g} s") from None
        finally:
            self._pending.pop(sequence, None)

    def _send(self, request: Request) -> str:
        if self._connection is None or self.presentation is None:
            raise NotReachable(self.address.socket, "not connected")
        self._sequence += 1
        sequence = str(self._sequence)
        clientId = self.presentation.clientId
        payload = encodeRequest(clientId, sequence, request.action, request.endPoint, request.parameters)
        self._connection.sendMessage(payload)  # type: ignore[no-untyped-call]
        return sequence

    # -- subscriptions --------------------------------------------------------------------------------

    def subscribe(
        self,
        names: str | Iterable[str] = ALL,
        device: str | None = None,
        *,
        devices: str | Iterable[str] | None = None,
        rooms: str | Iterable[str] | None = None,
        classes: str | Iterable[str] | None = None,
        minInterval: float = 0.0,
    ) -> Feed[Notification]:
        """The notifications of these classes or names, C{*} for every one; of one device, or of all.

        An asynchronous iterator that goes on across lost connections. It ends with L{close}, and raises what ended
        the conversation where the gateway refused it, or the subscription, for good. A client has one of these at a
        time: the one before is left. Filters and interval as in L{dog.client.client.Client.subscribe}.
        """
        return self._newFeed(names, device, Only.of(devices, rooms, classes, minInterval), Notification)

    def follow(
        self,
        names: str | Iterable[str] = ALL,
        device: str | None = None,
        *,
        devices: str | Iterable[str] | None = None,
        rooms: str | Iterable[str] | None = None,
        classes: str | Iterable[str] | None = None,
        minInterval: float = 0.0,
    ) -> Feed[Told]:
        """As L{subscribe}, with every L{Snapshot}, L{Gap} and, if C{events} are wanted, L{Event} in its place."""
        only = Only.of(devices, rooms, classes, minInterval)
        return self._newFeed(names, device, only, (Notification, Event, Snapshot, Gap))

    def _newFeed(self, names: str | Iterable[str], device: str | None, only: Only, kinds: Any) -> Feed[Any]:
        before = self._feed() if self._feed is not None else None
        if before is not None:
            before.leave()
            before.end(RuntimeError("the client was asked for another subscription: make a second client for two"))
        feed = Feed[Any](self, [names] if isinstance(names, str) else list(names), device, only, kinds)
        self._feed = weakref.ref(feed)
        return feed

    async def begin(self, names: list[str], device: str | None, only: Only) -> None:
        """For the feed: subscribe."""
        request = self._stream.add(device, names, only)
        try:
            await self._ask(request)
        except Failed:
            self._stream.drop(request)
            raise
        except NotReachable:
            if self._over is not None:
                raise
            # Otherwise the wish is uttered again on the next conversation, unless there is an end to this one only.
            if self._connection is not None and self.presentation is not None:
                raise
        finally:
            self._stream.settle(request)

    def leave(self, names: list[str], device: str | None) -> None:
        """For the feed: its wishes are no more."""
        self._feed = None
        for name in names:
            request = self._stream.remove(device, name)
            if self.connected:
                self._send(request)

    # -- attempts -------------------------------------------------------------------------------------

    async def _live(self) -> None:
        while True:
            began = asyncio.get_running_loop().time()
            reason = await self._converse()
            first = self._first
            again = (first is None or self._patient) and not isinstance(reason, Failed)
            if not again:
                self._end(reason)
                if first is None:
                    self._tell(self._onLost, reason, None)
                return
            if first is None and asyncio.get_running_loop().time() - began >= GOOD:
                self._backoff.reset()
            delay = self._backoff.next()
            self._tell(self._onLost, reason, delay)
            await asyncio.sleep(delay)

    def _died(self, life: asyncio.Task[None]) -> None:
        if not life.cancelled() and life.exception() is not None:
            log.error("the client has failed", exc_info=life.exception())
            self._end(NotReachable(self.address.socket, "the client has failed; its log says how"))

    async def _converse(self) -> Reason:
        """One conversation, from its first byte to its last; returns why it is over."""
        connection: Connection | None = None
        try:
            loop = asyncio.get_running_loop()
            self._presented = loop.create_future()
            try:
                async with asyncio.timeout(self._connectTimeout):
                    connection = await connectTo(self.address, self._token, self._received, self._trust)
                    presentation = await self._until(connection, self._presented)
            except TimeoutError:
                why = f"no Dog gateway presented itself within {self._connectTimeout:g} s"
                return NotReachable(self.address.socket, why)
            self._connection, self.presentation = connection, presentation
            await self._until(connection, self._subscribeAgain(presentation))
            first, self._first = self._first, None
            if first is not None:
                first.set_result(presentation)
            self._tell(self._onConnected, presentation)
            silent: Reason = await self._until(connection, self._silence(connection))
            return silent
        except Failed as refused:
            return NotReachable(self.address.socket, str(refused)) if refused.status >= 500 else refused
        except NotReachable as reason:
            return reason
        finally:
            self._connection = self.presentation = None
            if connection is not None:
                self._interrupt(connection)
                await connection.finish(GOODBYE)

    async def _until(self, connection: Connection, what: Any) -> Any:
        """The result of C{what}, unless the connection ends before: then the reason is raised."""
        task = asyncio.ensure_future(what)
        try:
            await asyncio.wait([task, connection.ended], return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise connection.ended.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
            if not task.cancelled():
                task.exception()  # somebody has looked at it

    async def _subscribeAgain(self, presentation: Presentation) -> None:
        for request in self._stream.begin(presentation):
            try:
                await self._ask(request)
            except Failed:
                if not request.optional:
                    raise
        self._stream.ready()

    async def _silence(self, connection: Connection) -> Reason:
        """Returns once the gateway has not been heard of for too long, although it was asked."""
        loop = asyncio.get_running_loop()
        interval, patience = self._ping
        while True:
            silent = loop.time() - connection.heardAt
            if connection.paused or (silent < interval and not self._stream.stuck()):
                await asyncio.sleep(max(interval - silent, interval / 2))
                continue
            heardBefore = connection.heardAt
            if self._stream.resuming:
                # Whatever comes back is a sign of life, and the answer says where we stand.
                self._asking = asyncio.ensure_future(self._askWhere())
            else:
                connection.sendPing(b"dog")
            await asyncio.sleep(patience)
            if connection.heardAt == heardBefore and not connection.paused:
                return NotReachable(self.address.socket, "the gateway has fallen silent")

    async def _askWhere(self) -> None:
        with suppress(Failed, NotReachable):
            await self._ask(Request("GET", PING))

    def _interrupt(self, connection: Connection) -> None:
        reason = connection.ended.result() if connection.ended.done() else "the connection was given up"
        words = reason.reason if isinstance(reason, NotReachable) else str(reason)
        for future, _ in self._pending.values():
            if not future.done():
                future.set_exception(Interrupted(self.address.socket, words))
        self._pending.clear()

    def _end(self, reason: Reason) -> None:
        if self._over is not None:
            return
        self._over = reason
        first, self._first = self._first, None
        if first is not None and not first.done():
            first.set_exception(reason)
        feed = self._feed() if self._feed is not None else None
        if feed is not None:
            feed.end(reason if self._life is not None else None)

    # -- what comes -----------------------------------------------------------------------------------

    def _received(self, connection: Connection, payload: bytes) -> None:
        """A message. Its effects are in place before the next one is looked at, in the order of the wire."""
        try:
            messages = decode(payload)
        except BadMessage as error:
            log.warning("%s sent something else than a message: %s", self.address.socket, error)
            return
        for message in messages:
            if isinstance(message, Presentation):
                if self._presented is not None and not self._presented.done():
                    self._presented.set_result(message)
            elif isinstance(message, Response):
                self._answered(message)
            elif isinstance(message, Notification | Event | Gap):
                self._deliver(self._stream.received(message))

    def _answered(self, response: Response) -> None:
        future, request = self._pending.pop(response.sequenceNumber or "", (None, None))
        if future is None or request is None or future.done():
            return
        failure = response.failure()
        if failure is None:
            self._deliver(self._stream.answered(request, response))
            future.set_result(response)
        else:
            future.set_exception(failure)

    def _deliver(self, told: Iterable[Told]) -> None:
        feed = self._feed() if self._feed is not None else None
        if feed is not None:
            feed.add(told)

    def flow(self, waiting: int) -> None:
        """For the feed: so much waits for the reader."""
        connection = self._connection
        if connection is not None and waiting >= FULL and not connection.paused:
            connection.pause()
        elif connection is not None and waiting <= LOW and connection.paused:
            connection.resume()

    def _tell(self, callback: Callable[..., object], *arguments: Any) -> None:
        """A bug in a callback must not take the conversation down."""
        try:
            callback(*arguments)
        except Exception:
            log.exception("a callback failed: %r", callback)
