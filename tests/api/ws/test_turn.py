"""One write per connection and turn, in front of Twisted's own buffering transport with a socket that can be full."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IPushProducer, ISSLTransport
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides, implementer

from dog.api.ws.turn import FULL, Turn, Turns


class Writers:
    """As much of a reactor as a descriptor needs."""

    def __init__(self) -> None:
        self.waiting: set[Any] = set()

    def addWriter(self, writer: Any) -> None:
        self.waiting.add(writer)

    def removeWriter(self, writer: Any) -> None:
        self.waiting.discard(writer)

    def addReader(self, reader: Any) -> None: ...

    def removeReader(self, reader: Any) -> None: ...


class Descriptor(FileDescriptor):
    """Twisted's transport on a socket that takes C{room} bytes.

    @ivar sent: what each call has sent.
    """

    reactor: Any

    def __init__(self, reactor: Any, room: int = 1 << 30) -> None:
        super().__init__(reactor)
        self.connected = 1
        self.room = room
        self.sent: list[bytes] = []
        self.fails: Exception | None = None
        self.raises: Exception | None = None
        self.outcome: Any = None
        self.aborted = False

    def writeSomeData(self, data: Any) -> Any:
        if self.raises is not None:
            raise self.raises
        if self.fails is not None:
            return self.fails
        data = bytes(data)[: self.room]
        self.room -= len(data)
        if data:
            self.sent.append(data)
        return len(data)

    def abortConnection(self) -> None:
        self.aborted = True

    @property
    def all(self) -> bytes:
        return b"".join(self.sent)

    def writable(self) -> None:
        """The reactor finds that it can be written to, as often as it is asked to find that out."""
        while self in self.reactor.waiting and self.room and self.outcome is None:
            self.outcome = self.doWrite()
        if self.outcome is not None:
            self.connectionLost(Failure(self.outcome))


@implementer(IPushProducer)
class Producer:
    def __init__(self) -> None:
        self.said: list[str] = []

    def pauseProducing(self) -> None:
        self.said.append("pause")

    def resumeProducing(self) -> None:
        self.said.append("resume")

    def stopProducing(self) -> None:
        self.said.append("stop")


class TurnTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.reactor = Writers()
        self.turns = Turns(self.clock.callLater)

    def begun(self, room: int = 1 << 30) -> tuple[Turn, Descriptor]:
        """A connection on which something has been sent, as it always is after an upgrade."""
        descriptor = Descriptor(self.reactor)
        turn = self.turns.around(descriptor)
        turn.write(b"101 ")
        self.clock.advance(0)
        descriptor.writable()
        self.assertEqual(descriptor.sent, [b"101 "])
        descriptor.sent.clear()
        descriptor.room = room
        return turn, descriptor

    def test_once(self) -> None:
        turn, descriptor = self.begun()
        turn.write(b"a")
        turn.writeSequence([b"b", b"c"])
        turn.write(b"d")
        self.assertEqual(descriptor.sent, [])
        self.clock.advance(0)
        self.assertEqual(descriptor.sent, [b"abcd"])
        self.assertEqual(self.reactor.waiting, set())
        self.clock.advance(0)
        turn.write(b"e")
        self.clock.advance(0)
        self.assertEqual(descriptor.sent, [b"abcd", b"e"])

    def test_oneTimerForAll(self) -> None:
        lines = [self.begun() for _ in range(3)]
        for turn, _ in lines:
            turn.write(b"x")
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.clock.advance(0)
        self.assertEqual([descriptor.sent for _, descriptor in lines], [[b"x"]] * 3)

    def test_nothingOvertakes(self) -> None:
        """The answer to a GET that came before the upgrade still waits: the 101 comes after it."""
        descriptor = Descriptor(self.reactor, room=0)
        descriptor.write(b"200 ")
        turn = self.turns.around(descriptor)
        turn.write(b"101 ")
        self.clock.advance(0)
        turn.write(b"hello ")
        self.clock.advance(0)
        descriptor.room = 1000
        descriptor.writable()
        self.assertEqual(descriptor.all, b"200 101 hello ")

    def test_drainedBeforeTheFirst(self) -> None:
        descriptor = Descriptor(self.reactor, room=0)
        descriptor.write(b"200 ")
        turn = self.turns.around(descriptor)
        descriptor.room = 1000
        descriptor.writable()
        turn.write(b"101 ")
        self.clock.advance(0)
        descriptor.writable()
        self.assertEqual(descriptor.all, b"200 101 ")

    def test_full(self) -> None:
        """What the socket does not take goes out when it can, before what came later, and then it is direct again."""
        turn, descriptor = self.begun(room=3)
        turn.write(b"abcdef")
        self.clock.advance(0)
        self.assertEqual(descriptor.all, b"abc")
        turn.write(b"gh")
        self.clock.advance(0)
        self.assertEqual(descriptor.all, b"abc")
        descriptor.room = 4
        descriptor.writable()
        self.assertEqual(descriptor.all, b"abcdefg")
        descriptor.room = 1000
        descriptor.writable()
        self.assertEqual(descriptor.all, b"abcdefgh")
        turn.write(b"i")
        self.clock.advance(0)
        self.assertEqual(descriptor.sent[-1], b"i")
        self.assertEqual(self.reactor.waiting, set())

    def test_pause(self) -> None:
        turn, descriptor = self.begun(room=10)
        producer = Producer()
        turn.registerProducer(producer, True)
        turn.write(b"a" * FULL)
        self.assertEqual(producer.said, [])
        self.clock.advance(0)
        turn.write(b"b" * 10)
        self.assertEqual(producer.said, [])
        turn.write(b"c")
        self.assertEqual(producer.said, ["pause"])
        turn.write(b"d")
        self.assertEqual(producer.said, ["pause"])
        descriptor.room = 100
        descriptor.writable()
        self.assertEqual(producer.said, ["pause"])
        descriptor.room = 1 << 20
        descriptor.writable()
        self.assertEqual(producer.said, ["pause", "resume"])
        self.assertEqual(descriptor.all, b"a" * FULL + b"b" * 10 + b"cd")

    def test_muchInOneTurn(self) -> None:
        """A socket that takes it is not full, however much it is: it is sent without waiting for the end."""
        turn, descriptor = self.begun()
        producer = Producer()
        turn.registerProducer(producer, True)
        for _ in range(10):
            turn.write(b"a" * (FULL // 2))
        self.assertEqual(producer.said, [])
        self.assertGreaterEqual(len(descriptor.all), 9 * (FULL // 2))
        self.clock.advance(0)
        self.assertEqual(descriptor.all, b"a" * (FULL // 2) * 10)

    def test_muchAtOnce(self) -> None:
        turn, descriptor = self.begun(room=5)
        producer = Producer()
        turn.registerProducer(producer, True)
        turn.write(b"a" * (FULL + 6))
        self.assertEqual(producer.said, ["pause"])
        descriptor.room = 1 << 20
        descriptor.writable()
        self.assertEqual(producer.said, ["pause", "resume"])

    def test_producers(self) -> None:
        turn, _ = self.begun()
        self.assertRaises(RuntimeError, turn.registerProducer, Producer(), False)
        turn.registerProducer(Producer(), True)
        self.assertRaises(RuntimeError, turn.registerProducer, Producer(), True)
        turn.unregisterProducer()
        turn.registerProducer(Producer(), True)

    def test_close(self) -> None:
        turn, descriptor = self.begun()
        turn.write(b"bye")
        turn.loseConnection()
        turn.write(b" and more")
        descriptor.writable()
        self.assertEqual(descriptor.sent, [b"bye"])
        self.assertIsInstance(descriptor.outcome, ConnectionDone)

    def test_closeWhileFull(self) -> None:
        turn, descriptor = self.begun(room=1)
        turn.write(b"ab")
        self.clock.advance(0)
        turn.write(b"c")
        turn.loseConnection()
        turn.loseConnection()
        self.assertIsNone(descriptor.outcome)
        descriptor.room = 10
        descriptor.writable()
        self.assertEqual(descriptor.all, b"abc")
        self.assertIsInstance(descriptor.outcome, ConnectionDone)

    def test_closeAtOnce(self) -> None:
        """A refused upgrade: written and closed before anything was ever drained."""
        descriptor = Descriptor(self.reactor)
        turn = self.turns.around(descriptor)
        turn.write(b"403")
        turn.loseConnection()
        descriptor.writable()
        self.assertEqual(descriptor.all, b"403")
        self.assertIsInstance(descriptor.outcome, ConnectionDone)

    def test_abort(self) -> None:
        turn, descriptor = self.begun()
        turn.write(b"never")
        turn.abortConnection()
        self.clock.advance(0)
        self.assertEqual((descriptor.sent, descriptor.aborted), ([], True))

    def test_abortAfterClose(self) -> None:
        turn, descriptor = self.begun(room=0)
        turn.write(b"never")
        turn.loseConnection()
        turn.abortConnection()
        self.assertTrue(descriptor.aborted)

    def test_isolated(self) -> None:
        """A connection on which writing goes wrong costs the others nothing."""
        lines = [self.begun() for _ in range(3)]
        for turn, _ in lines:
            turn.write(b"x")
        lines[1][1].raises = ValueError("bug")
        self.clock.advance(0)
        self.assertEqual([descriptor.all for _, descriptor in lines], [b"x", b"", b"x"])
        self.assertEqual([descriptor.aborted for _, descriptor in lines], [False, True, False])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_lost(self) -> None:
        """A socket that fails: the reactor gets to know, and the producer through it."""
        turn, descriptor = self.begun()
        producer = Producer()
        turn.registerProducer(producer, True)
        descriptor.fails = ConnectionLost()
        turn.write(b"x")
        self.clock.advance(0)
        descriptor.writable()
        self.assertIsInstance(descriptor.outcome, ConnectionLost)
        self.assertEqual(producer.said, ["stop"])
        turn.lost()
        turn.write(b"y")
        self.assertEqual(producer.said, ["stop"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_lostWhileWritten(self) -> None:
        turn, descriptor = self.begun()
        turn.write(b"x")
        turn.lost()
        self.clock.advance(0)
        self.assertEqual(descriptor.sent, [])

    def test_halfClose(self) -> None:
        turn, descriptor = self.begun()
        turn.write(b"last")
        turn.loseWriteConnection()
        self.assertEqual(descriptor.all, b"last")

    def test_reading(self) -> None:
        transport: Any = StringTransport()
        transport.writeSomeData = len
        turn = Turn(transport, self.turns)
        turn.pauseProducing()
        self.assertEqual(transport.producerState, "paused")
        turn.resumeProducing()
        self.assertEqual(transport.producerState, "producing")
        self.assertEqual((turn.getPeer(), turn.getHost()), (transport.getPeer(), transport.getHost()))

    def test_notOnTls(self) -> None:
        descriptor = Descriptor(self.reactor)
        directlyProvides(descriptor, ISSLTransport)
        self.assertIs(self.turns.around(descriptor), descriptor)

    def test_notWithoutSocket(self) -> None:
        transport = StringTransport()
        self.assertIs(self.turns.around(transport), transport)


class SocketTests(SynchronousTestCase):
    """On a socket, which is written to directly."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.ours, self.peer = socket.socketpair()
        for each in (self.ours, self.peer):
            each.setblocking(False)
            self.addCleanup(each.close)
        self.writers = Writers()
        self.descriptor = Descriptor(self.writers)
        self.descriptor.getHandle = lambda: self.ours  # type: ignore[attr-defined]
        self.turn = Turns(self.clock.callLater).around(self.descriptor)
        self.descriptor.doWrite()  # what was written before the upgrade is sent
        self.clock.advance(0)
        del self.descriptor.sent[:]

    def test_direct(self) -> None:
        """What is written in a turn goes to the socket in one piece, and by no other way."""
        self.turn.write(b"one ")
        self.turn.write(b"two")
        with self.assertRaises(BlockingIOError):
            self.peer.recv(100)
        self.clock.advance(0)
        self.assertEqual(self.peer.recv(100), b"one two")
        self.assertEqual(self.descriptor.sent, [])

    def test_full(self) -> None:
        """What the socket does not take, of one piece or at all, goes through the transport, in order."""
        self.ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        data = bytes(number % 251 for number in range(60_000))
        for begin in range(0, len(data), 10_000):
            self.turn.write(data[begin : begin + 10_000])
            self.clock.advance(0)
        taken = self.peer.recv(1 << 20)
        self.assertLess(len(taken), len(data))
        self.assertTrue(self.writers.waiting)
        while self.writers.waiting:
            self.descriptor.doWrite()
        self.assertEqual(taken + b"".join(self.descriptor.sent), data)

    def test_blocked(self) -> None:
        """A socket that takes nothing at all."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.ours.send(b"x" * 4096)
        self.turn.write(b"later")
        self.clock.advance(0)
        self.descriptor.doWrite()
        self.assertEqual(b"".join(self.descriptor.sent), b"later")

    def test_broken(self) -> None:
        """A socket that fails: the transport gets to know, as it always does."""
        self.ours.close()
        self.turn.write(b"lost")
        self.clock.advance(0)
        self.assertIn(self.descriptor, self.writers.waiting)

    def test_ended(self) -> None:
        self.turn.lost()
        self.turn.write(b"too late")
        self.clock.advance(0)
        with self.assertRaises(BlockingIOError):
            self.peer.recv(100)
