"""How large a request may be, and how long it may take to come."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure
from twisted.web.server import NOT_DONE_YET

from dog.api.call import Media, Reply
from dog.api.crowd import Crowd, Limits
from dog.api.proxies import Proxies
from tests.api.recorded.gateway import read
from tests.api.test_http import Case, Child


class Size(Case):
    def setUp(self) -> None:
        super().setUp()
        self.listen(maxBody=100, origins=["https://panel.example"])

    def refused(self) -> None:
        answer = self.answer("PUT")
        self.assertEqual((answer.status, answer.code), (413, "too_large"))
        self.assertEqual(answer.json["error"]["limit"], 100)
        self.assertEqual(answer.headers["connection"], "close")
        self.assertEqual(self.tree.requests, [])

    def test_allowed(self) -> None:
        for size in (99, 100):
            self.ask("PUT", "/a", b"x" * size)
            self.assertEqual(self.asked.body, b"x" * size)

    def test_announced(self) -> None:
        """A body that is announced as too large is refused before it comes."""
        self.send("PUT /a HTTP/1.1", "Host: a", "Content-Length: 101")
        self.refused()
        self.assertFalse(self.transport.disconnecting)

    def test_expected(self) -> None:
        """Who asks whether to go on is told no, and not yes before."""
        self.send("PUT /a HTTP/1.1", "Host: a", "Content-Length: 101", "Expect: 100-continue")
        self.refused()
        self.assertNotIn(b"100 Continue", self.transport.value())
        self.connect()
        self.send("PUT /a HTTP/1.1", "Host: a", "Content-Length: 100", "Expect: 100-continue")
        self.assertIn(b"100 Continue", self.transport.value())

    def test_chunked(self) -> None:
        """A body of unknown size is counted while it comes; nothing of it is kept."""
        self.send("PUT /a HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")
        for _ in range(10):
            self.channel.dataReceived(b"a\r\n" + b"x" * 10 + b"\r\n")
        self.assertEqual(self.transport.value(), b"")
        self.channel.dataReceived(b"1\r\nx\r\n")
        self.refused()
        for _ in range(100):
            self.channel.dataReceived(b"400\r\n" + b"x" * 1024 + b"\r\n")
        self.assertEqual(self.channel.requests[0].content.getvalue(), b"")
        self.refused()

    def test_readToItsEnd(self) -> None:
        """The rest of the body is read, so that the client sees the answer; at its end the connection is closed."""
        self.send("PUT /a HTTP/1.1", "Host: a", "Content-Length: 500")
        self.channel.dataReceived(b"x" * 499)
        self.assertFalse(self.transport.disconnecting)
        self.channel.dataReceived(b"x")
        self.assertTrue(self.transport.disconnecting)
        self.refused()
        self.channel.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_notForEver(self) -> None:
        """A refused body is not read for ever, however busily it comes."""
        self.send("PUT /a HTTP/1.1", "Host: a", f"Content-Length: {10**12}")
        for _ in range(5):
            self.clock.advance(0.99)
            self.channel.dataReceived(b"x" * 1000)
            self.assertFalse(self.transport.disconnecting)
        self.clock.advance(0.1)
        self.assertTrue(self.transport.disconnecting)

    def test_nothingAfterIt(self) -> None:
        """What comes after a refused body on the same connection is not a request."""
        self.send("PUT /a HTTP/1.1", "Host: a", "Content-Length: 101")
        self.channel.dataReceived(b"x" * 101 + b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        self.refused()

    def test_told(self) -> None:
        """It is told like every error: in the accepted type, and to pages."""
        self.send(
            "PUT /a HTTP/1.1",
            "Host: a",
            "Content-Length: 101",
            "Accept: application/xml",
            "Origin: https://panel.example",
        )
        answer = self.answer("PUT")
        self.assertEqual((answer.status, answer.media, answer.code), (413, "application/xml", "too_large"))
        self.assertEqual(answer.headers["access-control-allow-origin"], "https://panel.example")

    def test_afterOthers(self) -> None:
        """Requests before it on the same connection are answered before."""
        self.tree.replies = [Reply(200, Media.TEXT, b"first")]
        self.channel.dataReceived(
            b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nPUT /b HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n"
        )
        sent = self.transport.value()
        self.assertTrue(sent.startswith(b"HTTP/1.1 200"))
        self.assertEqual(json.loads(sent.split(b"\r\n\r\n")[-1])["error"]["code"], "too_large")


class Time(Case):
    def setUp(self) -> None:
        super().setUp()
        self.listen(receiveTimeout=10, idleTimeout=60)

    def dribble(self, data: bytes, seconds: float) -> int:
        """Send a byte at a time; how many it took until the connection was closed."""
        for number, byte in enumerate(data):
            if self.transport.disconnecting:
                return number
            self.channel.dataReceived(bytes([byte]))
            self.clock.advance(seconds)
        return len(data)

    def test_header(self) -> None:
        """A header that dribbles has ten seconds in all."""
        self.assertEqual(self.dribble(b"GET /a HTTP/1.1\r\nHost: " + b"a" * 100, 0.5), 20)
        answer = self.answer()
        self.assertEqual((answer.status, answer.code), (408, "timeout"))
        self.assertEqual(self.tree.requests, [])

    def test_silent(self) -> None:
        """Who connects and says nothing has no more time than who dribbles, and is told nothing."""
        self.clock.advance(9.9)
        self.assertFalse(self.transport.disconnecting)
        self.clock.advance(0.2)
        self.assertTrue(self.transport.disconnecting)
        self.assertEqual(self.transport.value(), b"")

    def test_body(self) -> None:
        """A body that dribbles has no time of its own."""
        self.send("PUT /a HTTP/1.1", "Host: a", "Content-Length: 100")
        self.assertEqual(self.dribble(b"x" * 100, 1), 10)
        self.assertEqual(self.tree.requests, [])

    def test_inTime(self) -> None:
        self.assertEqual(self.dribble(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", 0.3), 28)
        self.assertEqual(self.answer().status, 200)
        self.clock.advance(50)
        self.assertFalse(self.transport.disconnecting)

    def test_eachRequest(self) -> None:
        """Every request on a connection has its own time."""
        for _ in range(5):
            self.dribble(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", 0.3)
        self.assertFalse(self.transport.disconnecting)
        self.assertEqual(len(self.tree.requests), 5)

    def test_answeringTakesTime(self) -> None:
        """The time that an answer takes does not count, whatever comes meanwhile."""
        waiting = self.slow()
        self.channel.dataReceived(b"GET /b HT")
        self.clock.advance(1000)
        self.assertFalse(self.transport.disconnecting)
        waiting.callback(Reply(200, Media.JSON, b"{}"))
        self.assertIn(b"200 OK", self.transport.value())
        # From now on the rest of the next request has its time.
        self.assertEqual(self.dribble(b"x" * 100, 1), 10)

    def test_nextOneHasBegun(self) -> None:
        """The beginning of a request that came during an answer counts from the answer on."""
        waiting = self.slow()
        self.channel.dataReceived(b"GET /b HT")
        self.clock.advance(1000)
        waiting.callback(Reply(200, Media.JSON, b"{}"))
        self.clock.advance(9.9)
        self.assertFalse(self.transport.disconnecting)
        self.clock.advance(0.2)
        self.assertTrue(self.transport.disconnecting)

    def test_stuck(self) -> None:
        """A peer that does not take the end of the connection is dropped after a while."""
        said: list[object] = []
        observer: Any = said.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.channel.dataReceived(b"GET")
        self.clock.advance(10)
        self.assertFalse(self.transport.disconnected)
        self.clock.advance(self.channel.abortTimeout)
        self.assertTrue(self.transport.disconnected)
        self.assertEqual(len(said), 1, said)

    def slow(self) -> Deferred[Reply]:
        waiting = Deferred[Reply]()
        self.tree.replies = [waiting]
        self.send("GET /a HTTP/1.1", "Host: a")
        return waiting

    def test_idle(self) -> None:
        """A connection on which nothing happens is closed after its idle time."""
        self.ask("GET", "/a")
        self.clock.advance(59)
        self.assertFalse(self.transport.disconnecting)
        self.clock.advance(2)
        self.assertTrue(self.transport.disconnecting)

    def test_nothingLeft(self) -> None:
        """A connection that is lost leaves no timer behind, in whatever state it is."""
        for beginning in (
            b"",
            b"GET",
            b"PUT /a HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n",
            b"GET /a HTTP/1.1\r\n\r\n",
        ):
            self.connect()
            if beginning:
                self.channel.dataReceived(beginning)
            self.channel.connectionLost(Failure(ConnectionDone()))
            self.assertEqual(self.clock.getDelayedCalls(), [], beginning)
            self.channel = None


class Header(Case):
    """431 for too many fields, too many bytes of them, and too long a line."""

    def refused(self) -> None:
        answer = self.answer()
        self.assertEqual((answer.status, answer.code), (431, "too_large"))
        self.assertTrue(self.transport.disconnecting)
        self.assertEqual(self.tree.requests, [])

    def test_allowed(self) -> None:
        self.send("GET /a HTTP/1.1", "Host: a", *(f"X-{number}: x" for number in range(99)))
        self.assertEqual(self.answer().status, 200)

    def test_fields(self) -> None:
        self.send("GET /a HTTP/1.1", "Host: a", *(f"X-{number}: x" for number in range(100)))
        self.refused()

    def test_bytes(self) -> None:
        self.send("GET /a HTTP/1.1", "Host: a", *(f"X-{number}: {'x' * 1000}" for number in range(20)))
        self.refused()

    def test_line(self) -> None:
        """One that never ends is not kept."""
        for _ in range(20):
            if not self.transport.disconnecting:
                self.channel.dataReceived(b"x" * 1000)
        self.refused()

    def test_bad(self) -> None:
        """What is no header at all is still a bad request."""
        self.send("GET /a HTTP/1.1", "no header")
        self.assertIn(b"HTTP/1.1 400 ", self.transport.value())


class Crowded(Case):
    """Connections and requests that are too many."""

    def setUp(self) -> None:
        super().setUp()
        self.limits = Limits(connections=5, perAddress=2, rate=10, burst=3)
        self.crowd = Crowd(self.limits, self.clock.seconds)
        self.listen(crowd=self.crowd, proxies=Proxies(["192.0.2.80"]), ws={"/ws": Child(b"")})
        self.channel.connectionLost(Failure(ConnectionDone()))
        self.channel = None

    def come(self, host: str = "192.0.2.1") -> tuple[Any, StringTransport]:
        transport = StringTransport(peerAddress=IPv4Address("TCP", host, 40000))
        channel: Any = self.site.buildProtocol(transport.getPeer())
        channel.makeConnection(transport)
        return channel, transport

    def go(self, channel: Any) -> None:
        channel.connectionLost(Failure(ConnectionDone()))

    def get(self, channel: Any, *headers: str) -> None:
        channel.dataReceived("\r\n".join(["GET /a HTTP/1.1", "Host: a", *headers, "", ""]).encode())

    def test_perAddress(self) -> None:
        first, _ = self.come()
        self.come()
        channel, transport = self.come()
        answer = read(transport.value(), "GET")
        self.assertEqual((answer.status, answer.code), (503, "busy"))
        self.assertEqual(answer.headers["retry-after"], "5")
        self.get(channel)
        self.assertEqual(self.tree.requests, [])
        self.clock.advance(1)
        self.assertTrue(transport.disconnecting)
        self.go(channel)
        self.assertEqual(self.site.turnedAway, 0)
        self.assertEqual(self.come("192.0.2.2")[1].value(), b"")
        self.go(first)
        self.assertEqual(self.come()[1].value(), b"")

    def test_total(self) -> None:
        for number in range(5):
            self.assertEqual(self.come(f"192.0.2.{number}")[1].value(), b"")
        self.assertIn(b" 503 ", self.come("127.0.0.1")[1].value())

    def test_manyTurnedAway(self) -> None:
        """Not even being told so takes more than a bound; whoever goes before leaves his place to the next."""
        self.limits.connections = 0
        found = [self.come() for _ in range(65)]
        self.assertTrue(found[63][1].value())
        self.assertFalse(found[64][1].value())
        self.assertTrue(found[64][1].disconnected)
        self.go(found[0][0])
        self.assertTrue(self.come()[1].value())

    def test_here(self) -> None:
        """On this machine an address means nothing."""
        for _ in range(4):
            channel, _ = self.come("127.0.0.1")
            for _ in range(10):
                self.get(channel)
        self.assertEqual(len(self.tree.requests), 40)

    def test_rate(self) -> None:
        """What comes too fast waits; in the end all of it is answered, in its order, and nobody else has noticed."""
        channel, transport = self.come()
        for _ in range(5):
            self.get(channel)
        self.assertEqual(len(self.tree.requests), 3)
        self.get(self.come("192.0.2.2")[0])
        self.assertEqual(len(self.tree.requests), 4)
        for number in (5, 6):
            self.clock.advance(0.101)
            self.assertEqual(len(self.tree.requests), number)
        self.assertEqual(transport.value().count(b"200 OK"), 5)
        self.assertFalse(transport.disconnecting)

    def test_rateOfAddress(self) -> None:
        """Another connection from there is the same address, also one that came after the first has gone."""
        channel, _ = self.come()
        for _ in range(3):
            self.get(channel)
        self.go(channel)
        self.get(self.come()[0])
        self.assertEqual(len(self.tree.requests), 3)

    def test_stopsReading(self) -> None:
        """Meanwhile no more than a little is taken of what it sends."""
        channel, transport = self.come()
        for _ in range(4):
            self.get(channel)
        self.assertEqual(transport.producerState, "producing")
        channel.dataReceived(b"x" * 20000)
        self.assertEqual(transport.producerState, "paused")

    def test_goneMeanwhile(self) -> None:
        channel, _ = self.come()
        for _ in range(4):
            self.get(channel)
        self.go(channel)
        self.clock.advance(10)
        self.assertEqual(len(self.tree.requests), 3)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_behindProxy(self) -> None:
        """Each client behind a proxy has a measure of its own; the proxy has none."""
        channels = [self.come("192.0.2.80")[0] for _ in range(3)]
        for number in range(8):
            self.get(channels[number % 2], f"X-Forwarded-For: 198.51.100.{number % 4}")
        self.assertEqual(len(self.tree.requests), 8)
        for _ in range(3):
            self.get(channels[2], "X-Forwarded-For: 198.51.100.0")
        self.assertEqual(len(self.tree.requests), 9)

    def test_streamsBehindProxy(self) -> None:
        """An event stream counts for the address that it comes from, until it ends."""

        class Stream:
            def begin(self, sink: Any) -> None:
                self.sink = sink

            def lost(self) -> None:
                pass

        streams = [Stream() for _ in range(3)]
        come = [self.come("192.0.2.80") for _ in streams]
        for stream, (channel, _) in zip(streams, come, strict=True):
            self.tree.replies = [Reply(200, Media.EVENTS, stream=stream)]
            self.get(channel, "X-Forwarded-For: 198.51.100.1")
        statuses = [transport.value()[9:12] for _, transport in come]
        self.assertEqual(statuses, [b"", b"", b"503"])
        streams[0].sink.finish()
        self.tree.replies = [Reply(200, Media.EVENTS, stream=Stream())]
        come[2][1].clear()
        self.clock.advance(10)
        self.get(come[2][0], "X-Forwarded-For: 198.51.100.1")
        self.assertEqual(come[2][1].value(), b"")
        self.go(come[2][0])
        self.go(come[1][0])
        self.assertEqual(len(self.crowd), 1)

    def test_socketsBehindProxy(self) -> None:
        """A WebSocket counts for the address that it comes from."""
        answers = []
        for host in ("198.51.100.1", "198.51.100.1", "198.51.100.1", "198.51.100.2"):
            channel, transport = self.come("192.0.2.80")
            channel.dataReceived(f"GET /ws HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {host}\r\n\r\n".encode())
            answers.append(transport.value()[9:12])
        self.assertEqual(answers, [b"200", b"200", b"503", b"200"])


class TakenOver(Case):
    """A WebSocket takes the connection away from the channel: no timer of ours may go off on it."""

    def test_noTimers(self) -> None:
        case = self

        class Taker(Child):
            def render(self, request: Any) -> int:
                request.channel.transport = None
                case.taken = True
                return NOT_DONE_YET

        self.taken = False
        self.listen(ws={"/ws": Taker(b"")}, receiveTimeout=10)
        self.send("GET /ws HTTP/1.1", "Host: a", "Upgrade: websocket")
        self.assertTrue(self.taken)
        self.assertEqual(self.clock.getDelayedCalls(), [])
