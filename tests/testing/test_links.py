"""The fakes do what they promise."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from dog.interfaces import IDevicePort, IKit, ILinkPort, LinkFailed
from dog.model.candidate import BadCandidate
from dog.model.values import Pulse, Reading, Slot
from dog.testing import EPOCH, FakeDevicePort, FakeKit, FakeLinkPort

ENDPOINT = "tcp:192.0.2.7:502"


class KitTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.kit = FakeKit()
        self.factory: Any = Factory.forProtocol(Protocol)

    def test_interface(self) -> None:
        verifyObject(IKit, self.kit)

    def test_time(self) -> None:
        """UTC follows the clock."""
        self.assertEqual(self.kit.utcNow(), EPOCH)
        self.kit.clock.advance(90.5)
        self.assertEqual(self.kit.utcNow(), EPOCH + timedelta(seconds=90.5))

    def test_random(self) -> None:
        self.assertEqual(FakeKit(3).random.random(), FakeKit(3).random.random())
        self.assertNotEqual(FakeKit(3).random.random(), FakeKit(4).random.random())

    def test_refusesByDefault(self) -> None:
        self.failureResultOf(self.kit.connect(ENDPOINT, self.factory), ConnectionRefusedError)
        self.assertEqual(self.kit.attempts, [ENDPOINT])

    def test_accepts(self) -> None:
        self.kit.accept(ENDPOINT)
        protocol = self.successResultOf(self.kit.connect(ENDPOINT, self.factory))
        (connection,) = self.kit.connections
        self.assertIs(connection.protocol, protocol)
        protocol.transport.write(b"hello")
        self.assertEqual(connection.transport.value(), b"hello")
        self.kit.refuse(ENDPOINT, OSError("gone"))
        self.failureResultOf(self.kit.connect(ENDPOINT, self.factory), OSError)

    def test_hangs(self) -> None:
        self.kit.hang(ENDPOINT)
        connecting = self.kit.connect(ENDPOINT, self.factory)
        self.assertNoResult(connecting)
        connecting.cancel()
        self.failureResultOf(connecting, CancelledError)

    def test_run(self) -> None:
        """Every timer at its own time, those that timers set too."""
        times: list[float] = []

        def tick() -> None:
            times.append(self.kit.clock.seconds())
            self.kit.clock.callLater(1.5, tick)

        self.kit.clock.callLater(1.5, tick)
        self.kit.run(5.0)
        self.assertEqual(times, [1.5, 3.0, 4.5])
        self.assertEqual(self.kit.clock.seconds(), 5.0)
        self.kit.run(1.0)
        self.assertEqual(times[-1], 6.0)


class PortTests(SynchronousTestCase):
    def test_linkPort(self) -> None:
        port = FakeLinkPort()
        verifyObject(ILinkPort, port)
        reason = LinkFailed("closed", "x")
        port.lost(reason)
        candidate = {"key": "1", "params": {"address": "1"}}
        port.found(candidate)
        self.assertRaises(BadCandidate, port.found, {"address": "1"})
        self.assertEqual((port.losses, port.candidates), ([reason], [candidate]))

    def test_devicePort(self) -> None:
        port = FakeDevicePort()
        verifyObject(IDevicePort, port)
        on, off = (Reading(Slot("it", "OnOffState"), value) for value in ("on", "off"))
        pulse = Pulse("it", "IdentifyNotification")
        port.observed(on)
        port.observed(off, pulse)
        port.reachable(False, "silent")
        self.assertEqual(port.steps, [(on,), (off, pulse)])
        self.assertEqual(port.seen, [on, off, pulse])
        self.assertEqual(port.values, {Slot("it", "OnOffState"): "off"})
        self.assertEqual(port.pulses, [pulse])
        self.assertEqual(port.reachability, [(False, "silent")])
        port.clear()
        self.assertEqual((port.steps, port.reachability), ([], []))


class NamesTests(SynchronousTestCase):
    def test_public(self) -> None:
        """Every public name is there, and no other."""
        import dog.testing

        for name in dog.testing.__all__:
            self.assertIsNotNone(getattr(dog.testing, name), name)
        self.assertRaises(AttributeError, getattr, dog.testing, "NoSuchThing")
