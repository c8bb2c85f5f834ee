"""Server-Sent Events: a cursor in the log that tells the truth, to fast and slow readers alike."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dog.api.call import Profile
from dog.api.stream import Stream, Streams, parseCursor
from dog.core.events import Kind
from dog.model.device import Device
from dog.model.refusal import Code, Refusal
from dog.model.rights import ANONYMOUS
from dog.model.values import Reading, Slot
from dog.testing.scripted import ScriptedDriver
from tests.api.recorded.gateway import Gateway
from tests.live.house import RunningHouse

LAMP = Device("lamp", "SimpleLamp", "Scripted", description="The lamp")
ON = Slot("lamp", "OnOffState")


class Response:
    """What a stream writes to; full after C{room} writes."""

    def __init__(self, room: int = 10_000) -> None:
        self.room = room
        self.data = b""
        self.producer: Any = None
        self.ended = ""

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert streaming
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def write(self, data: bytes) -> None:
        assert not self.ended
        self.data += data
        self.room -= 1
        if self.room == 0:
            self.producer.pauseProducing()

    def drain(self, room: int = 10_000) -> None:
        self.room = room
        self.producer.resumeProducing()

    def finish(self) -> None:
        self.ended = "finished"

    def loseConnection(self) -> None:
        self.ended = "lost"

    def events(self) -> list[tuple[str, str, Any]]:
        """(id, event, data) of everything written so far."""
        found = []
        for block in self.data.decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "data" in fields:
                found.append((fields["id"], fields["event"], json.loads(fields["data"])))
        return found


class StreamTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = RunningHouse(LAMP)
        self.house.start()
        self.log = self.house.core.log
        self.streams = Streams(self.house.core, self.house.stepper.callLater, most=3)
        self.house.stepper.listen(self.streams.heard)

    def open(self, since: tuple[str, int] | None = None, snapshot: bool = False, room: int = 10_000) -> Response:
        response = Response(room)
        self.stream(since, snapshot).begin(response)
        return response

    def stream(self, since: tuple[str, int] | None = None, snapshot: bool = False) -> Stream:
        return self.streams.stream(ANONYMOUS, Profile.DOCUMENTED, since, snapshot)

    def hear(self, *values: str) -> None:
        for value in values:
            self.house.driver.report("lamp", Reading(ON, value))

    def numbers(self, response: Response) -> list[int]:
        return [each["eventId"] for _, kind, each in response.events() if kind not in ("gap", "snapshot")]

    def test_live(self) -> None:
        self.hear("on")
        response = self.open()
        self.hear("off")
        [(id, kind, event)] = response.events()
        self.assertEqual((id, kind), (f"epoch/{self.log.lastId}", "notification"))
        self.assertEqual(event["notification"]["notificationTopic"], "OffNotification")

    def test_resume(self) -> None:
        """From a cursor on: everything missed, then live, each once and in order."""
        cursor = self.log.lastId
        self.hear("on", "off")
        response = self.open(("epoch", cursor))
        self.hear("on")
        self.assertEqual(self.numbers(response), [cursor + 1, cursor + 2, cursor + 3])

    def test_snapshot(self) -> None:
        self.hear("on")
        response = self.open(snapshot=True)
        [(id, kind, data)] = response.events()
        self.assertEqual((id, kind), (f"epoch/{self.log.lastId}", "snapshot"))
        self.assertEqual((data["epoch"], data["eventId"]), ("epoch", self.log.lastId))
        self.assertEqual(data["devicesStatus"][0]["status"], {"OnOffState": [{"value": "on"}]})

    def test_gap(self) -> None:
        """What is not kept any more is a gap that says so, and how things are now."""
        self.hear("on")
        for since in (("another epoch", 1), ("", 0), ("epoch", self.log.lastId + 5)):
            response = self.open(since)
            self.assertEqual([kind for _, kind, _ in response.events()], ["gap", "snapshot"])
            _, _, lost = response.events()[0]
            self.assertEqual(lost, {"epoch": "epoch", "from": None, "to": self.log.lastId})
            self.streams.close()

    def test_slowReader(self) -> None:
        """Nothing is queued for a reader that does not read; when it does, it gets what it missed."""
        response = self.open(room=2)
        cursor = self.log.lastId
        self.hear("on", "off", "on", "off")
        self.assertEqual(self.numbers(response), [cursor + 1])
        response.drain(room=2)
        self.assertEqual(self.numbers(response), [cursor + 1, cursor + 2, cursor + 3])
        response.drain()
        self.assertEqual(self.numbers(response), [cursor + each for each in (1, 2, 3, 4)])

    def test_readerThatIsTooFarBehind(self) -> None:
        response = self.open(room=1)
        cursor = self.log.lastId
        self.log._maxEvents = 3
        self.hear(*(["on", "off"] * 10))
        response.drain()
        self.hear("on")
        self.assertEqual([kind for _, kind, _ in response.events()], ["gap", "snapshot", "notification"])
        self.assertEqual(response.events()[0][2], {"epoch": "epoch", "from": cursor, "to": cursor + 20})

    def test_readerThatNeverReads(self) -> None:
        response = self.open(room=1)
        self.house.kit.run(self.streams.patience - 1)
        self.assertEqual(response.ended, "")
        self.house.kit.run(2)
        self.assertEqual(response.ended, "lost")
        self.assertEqual(self.streams.open, {})

    def test_beat(self) -> None:
        """Where nothing happens, a comment shows that both ends are there."""
        response = self.open()
        self.house.kit.run(self.streams.beat * 3 + 1)
        self.assertEqual(response.data.split(b"\n\n").count(b":"), 3)
        self.assertEqual(response.events(), [])

    def test_clientGone(self) -> None:
        """Its stream ends with it, and leaves nothing behind."""
        response = Response()
        stream = self.stream()
        stream.begin(response)
        stream.lost()
        self.hear("on")
        self.assertEqual((response.events(), self.streams.open), ([], {}))
        self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_stop(self) -> None:
        response = self.open()
        self.streams.close()
        self.assertEqual((response.ended, response.producer, self.streams.open), ("finished", None, {}))

    def test_bounded(self) -> None:
        for _ in range(3):
            self.open()
        error = self.assertRaises(Refusal, self.stream)
        self.assertIs(error.refused.code, Code.BUSY)

    def test_deviceThatIsGone(self) -> None:
        """Whoever sees the house is told that a device went."""
        response = self.open()
        self.house.apply()
        [told] = [each for _, kind, each in response.events() if kind == Kind.DEVICE_CHANGED.value]
        self.assertEqual((told["device"], told["details"]), ("lamp", {"what": "removed"}))

    def test_cursors(self) -> None:
        self.assertEqual(parseCursor("abc/12"), ("abc", 12))
        for text in ("", "12", "/12", "abc/", "abc/x", "abc/-1", "abc/" + "9" * 30):
            self.assertIsNone(parseCursor(text))


class DoorTests(SynchronousTestCase):
    """Through the HTTP door: C{GET /events} with C{Accept: text/event-stream}."""

    def setUp(self) -> None:
        self.gateway = Gateway(None, [ScriptedDriver()])
        self.gateway.start()
        self.addCleanup(self.gateway.stop)

    def connect(self, *headers: str, path: str = "/events") -> StringTransport:
        transport = StringTransport()
        channel = self.gateway._site.buildProtocol(None)
        channel.makeConnection(transport)
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Accept: text/event-stream", *headers, "", ""]
        channel.dataReceived("\r\n".join(lines).encode())
        self.channel = channel
        return transport

    def test_streams(self) -> None:
        for path in ("/events", "/api/v1/events"):
            transport = self.connect(path=path)
            head, _, body = transport.value().partition(b"\r\n\r\n")
            self.assertIn(b"200 OK", head)
            self.assertIn(b"text/event-stream", head)
            self.assertNotIn(b"Content-Length", head)
            self.assertIn(b"retry:", body)
            self.assertFalse(transport.disconnecting)

    def test_lastEventId(self) -> None:
        """What browsers send after a loss; an id that is none of ours is a gap, not silence."""
        self.assertIn(b"event: gap", self.connect("Last-Event-ID: whatever").value())
        last = self.gateway.core.log.lastId
        self.assertNotIn(b"event: gap", self.connect(f"Last-Event-ID: epoch/{last}").value())

    def test_lostConnection(self) -> None:
        self.connect()
        self.assertEqual(len(self.gateway.ports.streams.open), 1)
        self.channel.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.gateway.ports.streams.open, {})

    def test_headAndJson(self) -> None:
        """HEAD opens nothing; JSON stays the default."""
        self.assertEqual(self.gateway.ask("HEAD", "/events", headers={"Accept": "text/event-stream"}).status, 200)
        self.assertEqual(self.gateway.ports.streams.open, {})
        self.assertIn("events", self.gateway.ask("GET", "/events").json)
