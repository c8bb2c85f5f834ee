"""The stream of a capture: lines to the one client, nothing kept for it."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport

from dog.api.call import Media
from dog.api.capture import CaptureStream
from dog.live.capture import Capture
from tests.api.recorded.gateway import InHome
from tests.live.test_capture import CaptureCase, through


class Sink:
    """A response."""

    def __init__(self) -> None:
        self.data = b""
        self.producer: Any = None
        self.finished = False

    def write(self, data: bytes) -> None:
        self.data += data

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def finish(self) -> None:
        assert self.producer is None
        self.finished = True

    @property
    def lines(self) -> list[Any]:
        return [json.loads(each) for each in self.data.splitlines() if each]


class StreamTests(CaptureCase):
    def setUp(self) -> None:
        super().setUp()
        self.sink = Sink()
        self.outer, _, self.own = self.connect(self.captures.tap("bus", "gw"))
        self.stream = CaptureStream(
            self.captures,
            {"capture": 1},
            lambda record: Capture(self.captures, "bus", None, 60, 1 << 20, record),
        )

    def test_lines(self) -> None:
        """The head, what passes, the end; then the response is finished and no timer is left."""
        self.stream.begin(self.sink)
        self.outer.dataReceived(b"a")
        self.assertFalse(self.sink.finished)
        self.clock.advance(60)
        self.assertTrue(self.sink.finished)
        self.assertEqual([each.get("what") for each in self.sink.lines], [None, "open", "received", "end"])
        self.assertEqual(self.sink.lines[0], {"capture": 1})
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_beat(self) -> None:
        """Silence is filled with empty lines, so that both sides notice when the other is gone."""
        self.stream.begin(self.sink)
        before = self.sink.data
        self.clock.advance(5)  # what was written at the beginning is no silence
        self.assertEqual(self.sink.data, before)
        self.clock.advance(5)
        self.assertEqual(self.sink.data, before + b"\n")

    def test_clientGone(self) -> None:
        self.stream.begin(self.sink)
        self.stream.lost()
        before = self.sink.data
        self.outer.dataReceived(b"a")
        self.assertEqual((self.sink.data, self.sink.finished), (before, False))
        self.assertEqual((self.captures.running, self.clock.getDelayedCalls()), ({}, []))

    def test_slowClient(self) -> None:
        """What waits for a client that does not read is bounded; one that reads again goes on."""
        self.stream.begin(self.sink)
        self.sink.producer.pauseProducing()
        self.outer.dataReceived(bytes(100_000))
        self.sink.producer.resumeProducing()
        self.outer.dataReceived(bytes(100_000))
        self.assertFalse(self.sink.finished)
        self.sink.producer.pauseProducing()
        self.outer.dataReceived(bytes(100_000))
        self.outer.dataReceived(bytes(100_000))
        self.assertTrue(self.sink.finished)
        self.assertEqual(self.sink.lines[-1]["why"], "the client reads too slowly")

    def test_stopProducing(self) -> None:
        self.stream.begin(self.sink)
        self.stream.stopProducing()
        self.assertEqual(self.captures.running, {})


class RouteTests(InHome):
    def test_captured(self) -> None:
        """A driver's bytes come out at the door, and a capture ends with its reader."""
        path = "/api/v1/drivers/modbus/capture"
        key = next(key for owner, key in self.gateway.attachments.links() if owner == "modbus")
        tap = self.gateway.captures.tap("modbus", key)
        through(tap, Protocol()).makeConnection(StringTransport())
        answer = self.ask("GET", f"{path}?link={key}&seconds=5")
        self.assertEqual((answer.status, answer.media), (200, Media.LINES.value))
        head, opened = [json.loads(each) for each in answer.body.splitlines() if each]
        self.assertEqual((head["capture"], head["driver"]), (1, "modbus"))
        self.assertEqual((opened["what"], opened["link"]), ("open", str(key)))
        self.assertEqual(self.gateway.captures.running, {})

    def test_bounds(self) -> None:
        answer = self.gateway.ask("GET", "/api/v1/drivers/modbus/capture?seconds=2", advance=3)
        self.assertEqual(json.loads(answer.body.splitlines()[-1])["why"], "time")
        for query in ("seconds=0", "seconds=3601", "bytes=x", "bytes=16777217"):
            self.refused(self.ask("GET", f"/api/v1/drivers/modbus/capture?{query}"), 422, "bad_value")

    def test_unknown(self) -> None:
        self.refused(self.ask("GET", "/api/v1/drivers/none/capture"), 404, "not_found")
        error = self.refused(self.ask("GET", "/api/v1/drivers/modbus/capture?link=none"), 404, "not_found")
        self.assertEqual(error["links"], [str(key) for owner, key in self.gateway.attachments.links()])

    def test_head(self) -> None:
        """HEAD begins none."""
        self.assertEqual(self.ask("HEAD", "/api/v1/drivers/modbus/capture").status, 200)
        self.assertEqual(self.gateway.captures.running, {})
