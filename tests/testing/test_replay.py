"""Captures are read, and played to a driver that is held to what it wrote then."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dog.testing.replay import BadCapture, Captured, ReplayKit, parseCapture, readCapture

A, B = "tcp:192.0.2.1:1", "tcp:192.0.2.2:2"
HEAD = {"capture": 1, "driver": "bus", "started": "2026-01-01T00:00:00.000Z"}


def capture(*records: tuple[Any, ...], head: Any = HEAD) -> str:
    """Lines of (at, connection, what, bytes or endpoint or reason)."""
    found = [head]
    for at, connection, what, more in records:
        key = {"opened": "endpoint", "open": "endpoint", "lost": "reason"}.get(what, "hex")
        found.append({"at": at, "connection": connection, "what": what, key: more.hex() if key == "hex" else more})
    return "".join(json.dumps(each) + "\n" for each in found)


ONE = capture(
    (5.0, 7, "opened", A),
    (5.1, 7, "sent", b"ask"),
    (5.6, 7, "received", b"ans"),
    (5.7, 7, "received", b"wer"),
    (8.7, 7, "sent", b"thanks"),
    (9.7, 7, "lost", "Connection was closed cleanly."),
)


class Driver(Protocol):
    """Writes what it is told when it is told to."""

    transport: Any = None

    def __init__(self, kit: ReplayKit, *says: tuple[float, bytes]) -> None:
        self.kit = kit
        self.says = says
        self.heard: list[tuple[float, bytes]] = []
        self.lost: list[str] = []

    def connectionMade(self) -> None:
        for at, data in self.says:
            self.kit.clock.callLater(at, self.transport.write, data)

    def dataReceived(self, data: bytes) -> None:
        self.heard.append((round(self.kit.clock.seconds(), 3), data))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.append(f"{self.kit.clock.seconds():.1f} {type(reason.value).__name__}")


class ReadTests(SynchronousTestCase):
    def test_read(self) -> None:
        path = self.mktemp()
        with open(path, "w", encoding="utf-8") as file:
            file.write(ONE)
        captured = readCapture(path)
        self.assertEqual(captured.driver, "bus")
        self.assertEqual(
            [(each.line, each.at, each.what, each.data) for each in captured.records[:2]],
            [(2, 5.0, "opened", b""), (3, 5.1, "sent", b"ask")],
        )
        self.assertEqual((captured.records[0].endpoint, captured.records[-1].reason[:10]), (A, "Connection"))

    def test_beatsAndEnd(self) -> None:
        """Empty lines fill silence; the end belongs to no connection."""
        text = ONE + "\n\n" + json.dumps({"at": 60, "what": "end", "why": "time", "bytes": 15}) + "\n"
        self.assertEqual(len(parseCapture(text).records), 7)
        self.assertEqual(len(parseCapture(text).conversations), 1)

    def test_cutOff(self) -> None:
        """Whoever ends a capture by force has half a line at the end."""
        self.assertEqual(len(parseCapture(ONE[:-20]).records), 5)

    def test_bad(self) -> None:
        for text, what in (
            ("", "empty"),
            ("x\n", "line 1"),
            ("[]\n", "line 1"),
            (capture(head={"capture": 2}), "version 2"),
            (ONE + "{}\n", "line 8"),
            (ONE + '{"at": 1, "what": "shouted"}\n', "'shouted' is not known"),
            (ONE + '{"at": 1, "what": "sent", "hex": "0"}\n', "line 8"),
            (ONE + "nonsense\n", "line 8"),
        ):
            error = self.assertRaises(BadCapture, parseCapture, text)
            self.assertIn(what, str(error))


class ReplayTests(SynchronousTestCase):
    def kit(self, text: str, strict: bool = True) -> ReplayKit:
        return ReplayKit(parseCapture(text), strict)

    def connect(self, kit: ReplayKit, *says: tuple[float, bytes], endpoint: str = A) -> Driver:
        factory = Factory.forProtocol(lambda: Driver(kit, *says))
        found: Driver = self.successResultOf(kit.connect(endpoint, factory))
        return found

    def test_strict(self) -> None:
        """What was received comes after what was sent, as long after it as it came then, and then the end."""
        kit = self.kit(ONE)
        driver = self.connect(kit, (2.0, b"a"), (2.5, b"sk"), (6.0, b"thanks"))
        self.assertFalse(kit.played)
        kit.play()
        self.assertTrue(kit.played)
        self.assertEqual(driver.heard, [(3.0, b"ans"), (3.1, b"wer")])
        self.assertEqual(driver.lost, ["7.0 ConnectionDone"])

    def test_ahead(self) -> None:
        """A driver may write before it has heard what came before that then."""
        kit = self.kit(ONE)
        driver = self.connect(kit, (0.0, b"askthanks"))
        kit.play()
        self.assertEqual(driver.heard, [(0.5, b"ans"), (0.6, b"wer")])

    def test_otherBytes(self) -> None:
        kit = self.kit(ONE)
        self.connect(kit, (0.0, b"ax"))
        error = self.assertRaises(AssertionError, kit.play)
        self.assertEqual(str(error), "line 3: the driver wrote 61 78 where it wrote 61 73 6b")
        self.assertFalse(kit.played)

    def test_nothingWritten(self) -> None:
        """A driver that goes on without writing is not waited for without end."""
        kit = self.kit(ONE)
        self.connect(kit, *((float(each), b"") for each in range(100)), (1.0, b"ask"), (99.0, b"thanks"))
        error = self.assertRaises(AssertionError, kit.play)
        self.assertEqual(str(error), "line 6: the driver has not written 74 68 61 6e 6b 73, only nothing")

    def test_neverConnected(self) -> None:
        kit = self.kit(ONE)
        error = self.assertRaises(AssertionError, kit.play)
        self.assertIn(f"has not connected to {A}", str(error))

    def test_lenient(self) -> None:
        """Whatever the driver writes, or does not: things come when they came then."""
        kit = self.kit(ONE, strict=False)
        driver = self.connect(kit, (0.0, b"something else"))
        kit.play()
        self.assertEqual(driver.heard, [(0.6, b"ans"), (0.7, b"wer")])
        self.assertEqual(driver.lost, ["4.7 ConnectionDone"])

    def test_driverCloses(self) -> None:
        """An end that the driver brings about is played when it does; one that it brings about early is missed."""
        kit = self.kit(ONE)
        driver = self.connect(kit, (0.0, b"askthanks"))
        kit.clock.callLater(0.9, driver.transport.loseConnection)
        kit.play()
        kit.run(0.0)
        self.assertEqual((len(driver.heard), driver.lost), (2, ["0.9 ConnectionDone"]))
        self.assertEqual(kit.clock.getDelayedCalls(), [])
        kit = self.kit(ONE)
        driver = self.connect(kit, (0.0, b"ask"))
        driver.transport.loseConnection()
        error = self.assertRaises(AssertionError, kit.play)
        self.assertIn("line 3", str(error))

    def test_lostByForce(self) -> None:
        kit = self.kit(capture((0.0, 1, "open", A), (1.0, 1, "lost", "Connection was reset.")))
        driver = self.connect(kit)
        kit.play()
        self.assertEqual(driver.lost, ["1.0 ConnectionLost"])

    def test_severalConnections(self) -> None:
        """Each connection gets what came from its endpoint, one after the other; then connections are refused."""
        kit = self.kit(
            capture(
                (0.0, 1, "opened", A),
                (0.0, 2, "opened", B),
                (0.1, 1, "received", b"first of A"),
                (0.2, 2, "received", b"B"),
                (1.0, 1, "lost", "Connection was closed cleanly."),
                (2.0, 3, "opened", A),
                (2.1, 3, "received", b"second of A"),
            )
        )
        drivers = [self.connect(kit, endpoint=each) for each in (B, A, A)]
        kit.play()
        self.assertEqual([each.heard[0][1] for each in drivers], [b"B", b"first of A", b"second of A"])
        self.failureResultOf(kit.connect(A, Factory.forProtocol(Protocol)))

    def test_elsewhere(self) -> None:
        """A test's endpoint need not be that of the capture."""
        kit = self.kit(capture((0.0, 1, "opened", B), (0.1, 1, "received", b"B")))
        driver = self.connect(kit, endpoint=A)
        kit.play()
        self.assertEqual(driver.heard, [(0.1, b"B")])

    def test_empty(self) -> None:
        ReplayKit(Captured("bus", ())).play()
