"""A gateway in memory that numbers its events, holds them back, merges, loses and forgets them, and starts again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twisted.internet.task import Clock

from tests.client.gateway import FakeGateway, Peer

AT = "2024-06-01T05:06:07.000Z"
OFFERED = {"features": ["batch", "eventId", "gap"]}


@dataclass(frozen=True)
class Happened:
    """An event. C{index} counts over all epochs."""

    index: int
    epoch: str
    eventId: int
    device: str
    value: str
    discrete: bool


@dataclass(eq=False)
class Line:
    """What stands between the house and one client.

    @ivar scopes: devices that the client wants; None: all.
    @ivar waiting: events that are held back, each with the number of the first that went into it.
    """

    peer: Peer
    scopes: set[str | None] = field(default_factory=set)
    clogged: bool = False
    batch: bool = False
    waiting: list[tuple[Happened, int]] = field(default_factory=list)
    lostFrom: int | None = None


class House(FakeGateway):
    """L{FakeGateway} with the extensions of websocket-api.md.

    @ivar values: device -> the value of its only state.
    @ivar all: everything that has ever happened.
    @ivar kept: how many events the log keeps.
    """

    def __init__(self, clock: Clock, kept: int = 8) -> None:
        super().__init__(clock)
        self.kept = kept
        self.values: dict[str, str] = {"lamp": "0", "meter": "0", "bell": "0"}
        self.all: list[Happened] = []
        self.lines: dict[Peer, Line] = {}
        self._epochs = 0
        self.log: list[Happened] = []
        self.lastId = 0
        self.before: str | None = None
        self.started = 0
        self._open()

    def _open(self) -> None:
        self._epochs += 1
        self.epoch = f"epoch{self._epochs}"
        self.presentation = {**OFFERED, "epoch": self.epoch, "eventId": self.lastId}

    def newPeer(self) -> Peer:
        peer = super().newPeer()
        self.lines[peer] = Line(peer)
        peer.respond = self.respond  # type: ignore[method-assign]
        return peer

    # -- what happens ---------------------------------------------------------------------------------

    def happen(self, device: str, discrete: bool) -> Happened:
        self.lastId += 1
        value = str(len(self.all) + 1)
        event = Happened(len(self.all), self.epoch, self.lastId, device, value, discrete)
        self.all.append(event)
        self.values[device] = value
        self.presentation["eventId"] = self.lastId
        self.log = [*self.log, event][-self.kept :]
        for line in self.lines.values():
            if not line.peer.ended and line.scopes & {None, device}:
                self._offer(line, event)
        return event

    def _offer(self, line: Line, event: Happened) -> None:
        if line.lostFrom is not None:
            return
        since = event.eventId
        if not event.discrete:
            for old in line.waiting:
                if (old[0].device, old[0].discrete) == (event.device, False):
                    line.waiting.remove(old)
                    since = old[1]
                    break
        line.waiting.append((event, since))
        if not line.clogged:
            self.release(line)

    def release(self, line: Line, most: int = 1000) -> None:
        """Let so much of what waits go, in one frame if the client takes that."""
        messages: list[Any] = []
        if line.lostFrom is not None:
            gap = {"epoch": self.epoch, "from": line.lostFrom, "to": self.lastId}
            messages.append({"messageType": "gap", "gap": gap, "devicesStatus": self.statuses(line.scopes)})
            line.lostFrom = None
        while line.waiting and most:
            event, _ = line.waiting.pop(0)
            most -= 1
            cursor = min([self.lastId, *(since - 1 for _, since in line.waiting)])
            messages.append(self.notification(line.peer, event, cursor))
        if line.batch and len(messages) > 1:
            line.peer.tell(messages)
        else:
            for each in messages:
                line.peer.tell(each)

    def drop(self, line: Line) -> None:
        """It is too much for this client."""
        if line.lostFrom is None and line.waiting:
            line.lostFrom = min(since for _, since in line.waiting) - 1
            line.waiting.clear()

    def restart(self, clean: bool) -> None:
        """The gateway is gone; another one comes, which knows the end of the log if the first one ended in order."""
        for peer in self.peers:
            if not peer.ended:
                peer.dropConnection(abort=True)
        self.flush()
        self.lines.clear()
        if clean:
            self.before, self.started = self.epoch, self.lastId
        else:
            self.before, self.started, self.lastId, self.log = None, 0, 0, []
        self._open()

    # -- what is asked --------------------------------------------------------------------------------

    def respond(self, peer: Peer, message: dict[str, Any]) -> bool:
        line = self.lines[peer]
        endPoint: str = message["endPoint"]
        body: Any = message.get("parameters")
        if endPoint == "/api/v1/session":
            line.batch = "batch" in body["features"]
            peer.answer(message, 200, body)
            return True
        if endPoint == "/api/v1/ping":
            held = [line.lostFrom] if line.lostFrom is not None else [since - 1 for _, since in line.waiting]
            peer.answer(message, 200, {"result": "pong", "epoch": self.epoch, "cursor": min([self.lastId, *held])})
            return True
        if message["action"] != "POST" or not endPoint.startswith("/api/v1/subscriptions/devices"):
            return False
        device = endPoint.split("/")[5]
        scope = None if device == "notifications" else device
        line.scopes.add(scope)
        # What waits already is in the snapshot or the replay of this scope, too; sending it twice does no harm.
        answer: dict[str, Any] = {"result": "Registration completed successfully"}
        replay: list[Happened] = []
        if "snapshot" in body or "since" in body:
            answer |= {"epoch": self.epoch, "eventId": self.lastId}
        if body.get("snapshot"):
            answer["devicesStatus"] = self.statuses({scope})
        if "since" in body:
            missed = self.missed(**body["since"])
            if missed is None:
                since = body["since"]["cursor"] if body["since"]["epoch"] == self.epoch else None
                gap = {"epoch": self.epoch, "from": since, "to": self.lastId}
                answer |= {"resume": "gap", "gap": gap, "devicesStatus": self.statuses({scope})}
            else:
                replay = [each for each in missed if scope in (None, each.device)]
                answer["resume"] = "replay" if replay else "complete"
                if replay:
                    answer["eventId"] = body["since"]["cursor"]
        peer.answer(message, 200, answer)
        for number, event in enumerate(replay):
            held = [each.eventId for each in replay[number + 1 :]] + [since for _, since in line.waiting]
            peer.tell(self.notification(peer, event, min([self.lastId, *(each - 1 for each in held)])))
        return True

    def missed(self, epoch: str, cursor: int) -> list[Happened] | None:
        if epoch not in (self.epoch, self.before) or (epoch == self.epoch and cursor < self.started):
            return None
        if epoch == self.before and cursor > self.started:
            return None
        found = [each for each in self.log if each.eventId > cursor]
        return found if len(found) == self.lastId - cursor else None

    def statuses(self, scopes: set[str | None]) -> list[dict[str, Any]]:
        return [
            {"id": device, "active": True, "status": {"State": [{"value": value}]}}
            for device, value in self.values.items()
            if scopes & {None, device}
        ]

    def notification(self, peer: Peer, event: Happened, cursor: int) -> dict[str, Any]:
        body = {
            "deviceUri": event.device,
            "notificationTopic": "PressedNotification" if event.discrete else "ValueNotification",
            "notificationName": "pressed" if event.discrete else "newValue",
            "value": event.value,
        }
        stamps = {"eventId": event.eventId, "at": AT, "cursor": cursor}
        return {"clientId": peer.clientId, "messageType": "notification", "notification": body, **stamps}


class Seen:
    """What a client comes to know through its callbacks.

    @ivar gaps: (since, until, how much had happened by then, epoch).
    """

    def __init__(self, house: House) -> None:
        self.house = house
        self.values: dict[str, str] = {}
        self.pressed: list[int] = []
        self.gaps: list[tuple[int | None, int | None, int, str]] = []
        self.told: list[Any] = []

    def onSnapshot(self, statuses: Any) -> None:
        self.told.append("snapshot")
        for each in statuses:
            self.values[each["id"]] = each["status"]["State"][0]["value"]

    def onNotification(self, notification: Any) -> None:
        self.told.append(notification.eventId)
        self.values[notification.device] = notification.params["value"]
        if notification.name == "pressed":
            self.pressed.append(int(notification.params["value"]) - 1)

    def onGap(self, since: int | None, until: int | None) -> None:
        self.told.append(("gap", since, until))
        self.gaps.append((since, until, len(self.house.all), self.house.epoch))

    def knowsOf(self, event: Happened) -> bool:
        """Has it come, or was its loss told?"""
        if event.index in self.pressed:
            return True
        for since, until, happened, epoch in self.gaps:
            if since is None and event.index < happened:
                return True
            if since is not None and until is not None and epoch == event.epoch and since < event.eventId <= until:
                return True
        return False
