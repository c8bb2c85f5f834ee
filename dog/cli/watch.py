"""C{dogctl watch [FILTER...]}: what happens in the house, as it happens, until Ctrl-C.

Comes back by itself when the gateway was away, and says so on standard error. What happened meanwhile is shown then;
what the gateway does not have any more is said to be missing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dog.cli.devices import subjectOf
from dog.cli.filters import Filters, Subject
from dog.cli.options import DONE, FAILED, NOT_REACHABLE, Options, common
from dog.cli.status import text
from dog.cli.table import clean, fit, pad, width
from dog.client.errors import Failed, NotReachable

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from dog.cli.console import Console
    from dog.client.client import Client
    from dog.client.messages import Notification, Presentation, Response

#: The columns that ids and notificationNames take at least.
_ID, _NAME = 20, 16


def addTo(commands: Any) -> None:
    parser = commands.add_parser(
        "watch",
        parents=[common()],
        help="what happens, as it happens",
        description="Shows notifications as they come, until Ctrl-C. Comes back by itself when the gateway was away.",
    )
    parser.add_argument(
        "filters",
        metavar="FILTER",
        nargs="*",
        help="only devices with this id, class or room, or notifications with this class or name (* and ? work); "
        "id:, class:, room: or notification: in front of it restricts it to one of these",
    )
    parser.add_argument("-n", "--count", type=_count, metavar="N", help="end after so many notifications")
    parser.add_argument("--wait", action="store_true", help="wait for a gateway that is not there yet")
    parser.set_defaults(run=run)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of notifications")
    return int(text)


def run(arguments: argparse.Namespace, console: Console) -> int:
    options = Options.of(arguments)

    from twisted.internet import reactor as installed

    from dog.client.client import Client

    reactor: Any = installed
    watch = Watch(console, Filters(arguments.filters), arguments.count)
    client = Client(
        options.gateway,
        reactor,
        token=options.token,
        trust=options.trust,
        connectTimeout=options.timeout,
        requestTimeout=options.timeout,
        resume=True,
        onNotification=watch.told,
        onGap=watch.gap,
        onConnected=watch.connected,
        onLost=watch.lost,
    )

    def ended(result: object) -> None:
        if reactor.running:
            reactor.stop()

    def begin() -> None:
        watch.start(client, patient=arguments.wait).addBoth(ended)

    reactor.callWhenRunning(begin)
    # The reactor's own SIGINT and SIGTERM end up here, too.
    reactor.addSystemEventTrigger("before", "shutdown", client.close)
    reactor.run()
    if watch.error is not None:
        raise watch.error
    return watch.exitStatus


class Watch:
    """The command without its reactor.

    @ivar exitStatus: once L{start}'s Deferred has fired.
    @ivar error: what ended it, where that was no ordinary end.
    """

    def __init__(
        self,
        console: Console,
        filters: Filters,
        count: int | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.exitStatus = DONE
        self.error: Exception | None = None
        self._console = console
        self._filters = filters
        self._left = count
        self._now = now
        self._subjects: dict[str, Subject] = {}
        self._asked: set[str] = set()
        self._away = False
        self._idColumns = _ID
        self._client: Client | None = None
        self._ended: Deferred[None] | None = None

    def start(self, client: Client, patient: bool = False) -> Deferred[None]:
        """Watch through C{client}, whose callbacks are ours. Fires once it is over."""
        from twisted.internet.defer import Deferred

        self._client = client
        ended = self._ended = Deferred[None]()
        client.connect(patient).addCallback(self._subscribe).addErrback(self._failed)
        return ended

    def _subscribe(self, presentation: Presentation) -> Deferred[Any]:
        """Whose notifications these are is asked first, so that the first one is already judged rightly."""
        from twisted.internet.defer import DeferredList, succeed

        assert self._client is not None
        client = self._client
        learned = self._learn() if self._filters else succeed(None)

        def interrupted(failure: Any) -> None:
            """The client comes back by itself, and then with what it was asked to subscribe to."""
            failure.trap(NotReachable)
            if client.connected:
                failure.raiseException()

        def subscribe(_: object) -> Deferred[Any]:
            # A Dog 3 gateway has no such filters. All of it is uttered at once: what is lost on the way is wanted
            # again on the next connection.
            narrows = self._filters.narrows if presentation.features else [{}]
            each = [client.subscribe(**narrow) for narrow in narrows]  # type: ignore[arg-type]
            return DeferredList(each, consumeErrors=True).addCallback(_firstFailure)

        learned.addErrback(interrupted).addCallback(subscribe)
        return learned.addErrback(interrupted)

    def _learn(self) -> Deferred[None]:
        assert self._client is not None
        return self._client.request("GET", "/api/v1/devices").addCallback(self._learned)

    def _learned(self, response: Response) -> None:
        self._subjects = {each["id"]: subjectOf(each) for each in response.response["devices"]}

    # -- what the client tells ------------------------------------------------------------------------

    def connected(self, presentation: Presentation) -> None:
        """A conversation stands: the first, or one that was taken up again."""
        if self._away:
            self._away = False
            self._asked.clear()
            self._console.note("connected", event="connected")
            if self._filters:
                self._learn().addErrback(self._unlearned)

    def lost(self, reason: Exception, retryIn: float | None) -> None:
        """A conversation is over, or an attempt at one has failed."""
        if retryIn is None:
            self._end(reason)
        elif not self._over:
            self._away = True
            why = f"{reason}; trying again in {retryIn:.1f} s"
            self._console.note(why, event="lost", retryIn=round(retryIn, 3))

    def gap(self, since: int | None, until: int | None) -> None:
        """Notifications are lost."""
        if self._over:
            return
        if since is None or until is None:
            words = "what happened meanwhile is not known"
        elif until - since == 1:
            words = f"an event is missing ({until})"
        else:
            words = f"up to {until - since} events are missing ({since + 1} to {until})"
        self._console.note(words, **{"event": "gap", "from": since, "to": until})

    def told(self, notification: Notification) -> None:
        """A notification came."""
        if self._over or not self._wanted(notification):
            return
        try:
            if self._console.json:
                self._console.record(self.recordOf(notification))
            else:
                self._console.line(self.lineOf(notification))
        except Exception as error:  # a closed pipe, a full disk
            self._end(error)
            return
        if self._left is not None:
            self._left -= 1
            if not self._left:
                self._end(None)

    def _wanted(self, notification: Notification) -> bool:
        if not self._filters:
            return True
        id = notification.device
        known = self._subjects.get(id)
        if known is None and id not in self._asked:
            # New in the house: its class and room are known from the next notification on.
            self._asked.add(id)
            self._learn().addErrback(self._unlearned)
        known = known or Subject(id)
        names = (notification.cls, notification.name)
        return self._filters.match(Subject(id, known.cls, known.room, names))

    def _unlearned(self, failure: Any) -> None:
        failure.trap(Failed, NotReachable)
        self._console.note(f"the list of devices could not be had: {failure.value}", event="noDevices")

    # -- the end --------------------------------------------------------------------------------------

    @property
    def _over(self) -> bool:
        return self._ended is None

    def _failed(self, failure: Any) -> None:
        self._end(failure.value)

    def _end(self, error: Exception | None) -> None:
        ended, self._ended = self._ended, None
        if ended is None:
            return
        self.error = error
        if isinstance(error, NotReachable):
            self.exitStatus = NOT_REACHABLE
        elif error is not None and not isinstance(error, BrokenPipeError):
            self.exitStatus = FAILED
        assert self._client is not None
        self._client.close().chainDeferred(ended)

    # -- how it looks ---------------------------------------------------------------------------------

    def lineOf(self, notification: Notification) -> str:
        """For people: time of this place, device, notificationName, values."""
        at = _instant(notification.at) or self._now()
        id = clean(notification.device)
        self._idColumns = max(self._idColumns, width(id))
        params = [clean(text(each)) for each in notification.params.values()]
        if len(params) > 1:
            params = [f"{clean(name)}={value}" for name, value in zip(notification.params, params, strict=True)]
        head = f"{at.astimezone():%H:%M:%S}  "
        rest = f"{pad(id, self._idColumns)}  {pad(clean(notification.name), _NAME)}  {' '.join(params)}".rstrip()
        if self._console.columns is not None:
            rest = fit(rest, max(20, self._console.columns - len(head)))
        return self._console.dim(head) + rest

    def recordOf(self, notification: Notification) -> dict[str, Any]:
        """For programs: the notification as it came, when it happened (or came), its eventId where there is one."""
        at = notification.at or self._now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        found: dict[str, Any] = {"at": at, "notification": notification.body}
        for name in ("eventId", "cursor"):
            value = getattr(notification, name)
            if value is not None:
                found[name] = value
        return found


def _firstFailure(results: list[tuple[bool, Any]]) -> Any:
    return next((result for done, result in results if not done), None)


def _instant(text: str | None) -> datetime | None:
    """An aware datetime; None for what is none."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
