"""The contract test that every driver passes, ours and third parties'.

Use::

    class MyDriverTests(DriverContract, SynchronousTestCase):
        def makeDriver(self): return MyDriver()
        def devices(self): return [Device("lamp", "SimpleLamp", "MYBUS", "gw", params=...)]
        def letStart(self, kit): kit.connections[-1].protocol.dataReceived(b"hello")

The driver is run on a L{FakeKit<dog.testing.links.FakeKit>}: a hand-driven clock and refused connections, so a
test needs no network and no waiting. Override the hooks to play the other end of the bus.
"""

# mypy: disallow-untyped-calls=False
from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from dog.core.core import Applied, Core
from dog.interfaces import IDeviceDriver, IDriver, IFinds, ILink, LinkFailed, Unsupported
from dog.live.guard import Conduct
from dog.live.links import Link, LinkState
from dog.live.stepper import Stepper
from dog.model.command import Command, Outcome, Stage
from dog.model.device import Device
from dog.model.home import Home, HomeDiff
from dog.model.rights import GATEWAY
from dog.model.values import Pulse, Reading
from dog.testing.links import FakeDevicePort, FakeKit, FakeLinkPort

if TYPE_CHECKING:
    _Base = SynchronousTestCase
else:
    _Base = object


class DriverContract(_Base):
    """Mix in before C{SynchronousTestCase}; see the module's docstring for the hooks."""

    #: Simulated seconds a hook's effect may take to show.
    patience = 30.0

    # -- hooks --------------------------------------------------------------------------------------

    def makeDriver(self) -> Any:
        """The L{IDriver} under test."""
        raise NotImplementedError

    def settings(self) -> Mapping[str, Any]:
        """The mapping under [drivers.NAME]."""
        return {}

    def gateway(self) -> Device | None:
        """The gateway device in front of L{devices}."""
        return None

    def devices(self) -> Sequence[Device]:
        """At least one device the driver serves, all on one link; the first one has a state and takes a command."""
        raise NotImplementedError

    def unsupportedDevice(self) -> Device:
        """One the driver can't serve."""
        return Device("strange", "NoSuchDeviceClass", "NOSUCHBUS")

    def command(self, device: Device) -> Command:
        """A command that C{device} takes: by default the first of its class without parameters that is no query."""
        for types in device.commands.values():
            if not types[0].params and types[0].returns is None:
                return Command("c1", device.id, types[0], {}, 1e9, GATEWAY)
        raise NotImplementedError(f"name a command for {device.id}")

    def makeKit(self) -> FakeKit:
        """The outside world, prepared so that connecting succeeds or stays open, as the driver needs."""
        return FakeKit()

    def letStart(self, kit: FakeKit) -> None:
        """Play the other end until the link is usable. Called after C{start()}."""

    def letAnswer(self, kit: FakeKit, command: Command) -> None:
        """Play the other end until the command is answered. Called after C{send()}."""

    def letRefresh(self, kit: FakeKit) -> None:
        """Play the other end until a refresh is answered. Called after C{refresh()}."""

    # -- what the tests share -------------------------------------------------------------------------

    def setUp(self) -> None:
        super().setUp()
        self.driver = self.makeDriver()
        self.kit = self.makeKit()
        self.linkPort = FakeLinkPort()
        self.ports = {device.id: FakeDevicePort() for device in self.devices()}
        self.link: Any = None

    def tearDown(self) -> None:
        if self.link is not None:
            self._fires(self.link.stop(), "stop()")
        super().tearDown()

    def makeLink(self) -> Any:
        """A link with nothing attached, not started; stopped at the end of the test."""
        device = self.devices()[0]
        key = self.driver.linkKey(self.settings(), self.gateway(), device)
        self.link = self.driver.link(key, self.settings(), self.gateway(), self.linkPort, self.kit)
        return self.link

    def started(self) -> dict[str, Any]:
        """A started link with every device attached; the device drivers by id."""
        link = self.makeLink()
        attached = {device.id: link.attach(device, self.ports[device.id]) for device in self.devices()}
        starting = link.start()
        self.letStart(self.kit)
        self._fires(starting, "start()")
        return attached

    def _results(self, deferred: Any, what: str) -> list[Any]:
        self.assertIsInstance(deferred, Deferred, f"{what} must return a Deferred")
        results: list[Any] = []
        deferred.addBoth(results.append)
        if not results:
            self.kit.run(self.patience)
        return results

    def _fires(self, deferred: Any, what: str) -> None:
        results = self._results(deferred, what)
        self.assertEqual(results, [None], f"{what} must fire with None")

    def _settled(self, deferred: Any) -> Outcome:
        results = self._results(deferred, "send()")
        self.assertEqual(len(results), 1, "send() must fire")
        self.assertIsInstance(results[0], Outcome)
        found: Outcome = results[0]
        return found

    def _mark(self) -> None:
        for port in self.ports.values():
            port.clear()

    def _assertSilent(self, *ids: str) -> None:
        for id in ids or tuple(self.ports):
            self.assertEqual(self.ports[id].steps, [], f"{id} was reported")
            self.assertEqual(self.ports[id].reachability, [], f"{id}'s reachability was reported")

    # -- the driver -----------------------------------------------------------------------------------

    def test_contractDriverIsProvided(self) -> None:
        """It provides L{IDriver}; name and systems are what settings and homes name it by."""
        verifyObject(IDriver, self.driver)
        self.assertIsInstance(self.driver.name, str)
        self.assertTrue(self.driver.name)
        self.assertIsInstance(self.driver.systems, tuple)
        for system in self.driver.systems:
            self.assertIsInstance(system, str)

    def test_contractCheckIsPure(self) -> None:
        """C{check} answers texts, the same ones each time, and touches nothing; a good configuration has none."""
        arguments = (self.settings(), self.gateway(), self.devices())
        problems = self.driver.check(*arguments)
        self.assertEqual(problems, [])
        self.assertEqual(self.driver.check(*arguments), problems)
        for problem in self.driver.check({"no such setting": object()}, None, [self.unsupportedDevice()]):
            self.assertIsInstance(problem, str)
        self._assertNoIO()

    def test_contractLinkKeysAreEqual(self) -> None:
        """Devices on one link have equal, hashable keys."""
        keys = [self.driver.linkKey(self.settings(), self.gateway(), device) for device in self.devices()]
        self.assertEqual(len(set(keys)), 1)
        self._assertNoIO()

    def test_contractLinkDoesNoIO(self) -> None:
        """C{link} and C{attach} before start do nothing outside, and report nothing."""
        link = self.makeLink()
        verifyObject(ILink, link)
        for device in self.devices():
            verifyObject(IDeviceDriver, link.attach(device, self.ports[device.id]))
        self._assertNoIO()
        self._assertSilent()
        if IFinds.providedBy(link):
            verifyObject(IFinds, link)

    def _assertNoIO(self) -> None:
        self.assertEqual(self.kit.attempts, [], "connected before start()")
        self.assertEqual(self.kit.clock.getDelayedCalls(), [], "set a timer before start()")

    # -- the link ---------------------------------------------------------------------------------------

    def test_contractStarts(self) -> None:
        """C{start} fires once the link is usable, and nothing is lost meanwhile."""
        self.started()
        self.assertEqual(self.linkPort.losses, [])

    def test_contractStartCanBeCancelled(self) -> None:
        """A cancelled start ends (by firing or failing) and the link still stops."""
        link = self.makeLink()
        starting = link.start()
        starting.cancel()
        results = self._results(starting, "a cancelled start()")
        self.assertEqual(len(results), 1)
        self._fires(link.stop(), "stop() after a cancelled start")
        self.assertEqual(self.kit.clock.getDelayedCalls(), [], "a timer is left behind")

    def test_contractStopBeforeStart(self) -> None:
        """A link that was never started stops as well, twice too."""
        link = self.makeLink()
        self._fires(link.stop(), "stop() before start()")
        self._fires(link.stop(), "a second stop()")

    def test_contractStopDuringStart(self) -> None:
        """C{stop} while starting ends both; a failure to start has a typed reason or is a cancellation."""
        link = self.makeLink()
        starting = link.start()
        results: list[Any] = []
        starting.addBoth(results.append)
        self._fires(link.stop(), "stop() during start()")
        self.kit.run(self.patience)
        self.assertEqual(len(results), 1, "start() must end when the link is stopped")
        if isinstance(results[0], Failure):
            self.assertTrue(
                results[0].check(LinkFailed) or "Cancelled" in str(results[0].type),
                f"start() failed with {results[0].type}",
            )
        self.assertEqual(self.kit.clock.getDelayedCalls(), [], "a timer is left behind")

    def test_contractStopAfterAFailedStart(self) -> None:
        """Where nobody answers, C{start} fails with a typed reason, if it needs anybody; C{stop} works."""
        self.kit = FakeKit()
        link = self.makeLink()
        results = self._results(link.start(), "start()")
        self.assertEqual(len(results), 1, "start() must end where every connection is refused")
        if results != [None]:
            self.assertIsInstance(results[0].value, LinkFailed)
        self._fires(link.stop(), "stop() after a failed start()")
        self._fires(link.stop(), "a second stop()")
        self.assertEqual(self.kit.clock.getDelayedCalls(), [], "a timer is left behind")

    def test_contractStopAfterALoss(self) -> None:
        """A lost connection is told once, as a loss, and the link still stops."""
        self.started()
        for connection in self.kit.connections:
            connection.protocol.connectionLost(Failure(ConnectionDone()))
        self.kit.run(self.patience)
        if self.kit.connections:
            self.assertEqual([type(each) for each in self.linkPort.losses], [LinkFailed])
        self._fires(self.link.stop(), "stop() after a loss")
        self.assertEqual(self.kit.clock.getDelayedCalls(), [], "a timer is left behind")

    def test_contractGarbage(self) -> None:
        """Whatever comes from the bus, nothing is raised; the link goes on, or says that it is lost, and stops."""
        self.started()
        garbage = Random(1)
        for size in (1, 2, 7, 64, 1000):
            for connection in self.kit.connections:
                connection.protocol.dataReceived(garbage.randbytes(size))
            self.kit.run(1)
        self.assertLess(len(self.linkPort.losses), 2, "a loss is told once")
        self._fires(self.link.stop(), "stop() after garbage")

    def test_contractUnderSupervision(self) -> None:
        """In a gateway's hands, through start, refresh, a command and stop: no bug comes to light, nothing is left."""
        devices = self.devices()
        core = Core("contract")
        stepper = Stepper(core, self.kit.clock, self.kit.utcNow)
        home = Home(devices={each.id: each for each in (*devices, *filter(None, [self.gateway()]))})
        stepper.step(Applied(HomeDiff(home, added=tuple(home.devices)), initial=True))
        conduct = Conduct()
        key = self.driver.linkKey(self.settings(), self.gateway(), devices[0])
        link = Link(
            *(stepper, self.driver, key, self.settings(), self.gateway()),
            *(lambda: self.kit, lambda id, reason: None, conduct),
        )
        for device in devices:
            link.add(device)
        link.start()
        self.letStart(self.kit)
        self.kit.run(self.patience / 2)
        self.assertIs(link.state, LinkState.UP, link.reason)
        served = link.driverOf(devices[0].id)
        served.refresh()
        self.letRefresh(self.kit)
        command = self.command(devices[0])
        sending = served.send(command)
        self.letAnswer(self.kit, command)
        self._settled(sending)
        self._results(link.stop(), "stop()")
        self.assertEqual((dict(conduct.crashes), link.crashes), ({}, 0))
        stepper.stop()
        self.assertEqual(self.kit.clock.getDelayedCalls(), [], "a timer is left behind")

    def test_contractStopIsIdempotent(self) -> None:
        """C{stop} after start, twice; no timer and no connection stays, and its own end is no loss."""
        self.started()
        link = self.link
        self._fires(link.stop(), "stop()")
        self._fires(link.stop(), "a second stop()")
        self.assertEqual(self.kit.clock.getDelayedCalls(), [], "a timer is left behind")
        self.assertEqual(self.linkPort.losses, [], "stop() was reported as a loss")
        for connection in self.kit.connections:
            transport = connection.transport
            self.assertTrue(transport.disconnecting or transport.disconnected, f"{connection.endpoint} is still open")

    def test_contractNothingAfterStop(self) -> None:
        """A link that was stopped reports nothing any more."""
        self.started()
        self._fires(self.link.stop(), "stop()")
        self._mark()
        self.kit.run(self.patience)
        self._assertSilent()

    # -- devices ------------------------------------------------------------------------------------------

    def test_contractUnknownDevice(self) -> None:
        """A device it can't serve raises L{Unsupported}, with a reason for the installer."""
        link = self.makeLink()
        error = self.assertRaises(Unsupported, link.attach, self.unsupportedDevice(), FakeDevicePort())
        self.assertTrue(str(error))

    def test_contractAttachAfterStart(self) -> None:
        """A device may come while the link runs."""
        link = self.makeLink()
        starting = link.start()
        self.letStart(self.kit)
        self._fires(starting, "start()")
        device = self.devices()[0]
        attached = link.attach(device, self.ports[device.id])
        verifyObject(IDeviceDriver, attached)
        attached.refresh()
        self.letRefresh(self.kit)
        self.kit.run(self.patience)
        self.assertNotEqual(self.ports[device.id].seen, [])

    def test_contractDetach(self) -> None:
        """Nothing more is reported for a detached device; an unknown id is ignored."""
        self.started()
        first = self.devices()[0].id
        self.link.detach("nobody by this name")
        self.link.detach(first)
        self.link.detach(first)
        self._mark()
        self.kit.run(self.patience)
        self._assertSilent(first)

    def test_contractRefresh(self) -> None:
        """C{refresh} returns None, and soon readings of this device, and of no other, come to its port."""
        attached = self.started()
        self.kit.run(self.patience)
        self._mark()
        device = self.devices()[0]
        self.assertIsNone(attached[device.id].refresh())
        self.letRefresh(self.kit)
        self.kit.run(self.patience)
        self.assertNotEqual(self.ports[device.id].values, {}, "refresh() reported nothing")
        for each in self.devices():
            self._assertOwn(each)

    def _assertOwn(self, device: Device) -> None:
        """Everything reported for a device is its own: its slots, states and notifications it knows."""
        for seen in self.ports[device.id].seen:
            if isinstance(seen, Reading):
                self.assertEqual(seen.slot.device, device.id)
                self.assertIsInstance(seen.slot.features, tuple)
                hash(seen.slot)
            else:
                self.assertIsInstance(seen, Pulse)
                self.assertEqual(seen.device, device.id)
                self.assertIn(seen.notification, device.notifications)

    # -- commands ---------------------------------------------------------------------------------------

    def test_contractSend(self) -> None:
        """A command is answered by an L{Outcome} in a driver's stage, which proves only this device's readings."""
        attached = self.started()
        device = self.devices()[0]
        command = self.command(device)
        deferred = attached[device.id].send(command)
        self.letAnswer(self.kit, command)
        outcome = self._settled(deferred)
        self.assertIn(outcome.stage, (Stage.SENT, Stage.CONFIRMED, Stage.FAILED, Stage.UNKNOWN))
        if outcome.stage is Stage.FAILED:
            self.assertTrue(outcome.code, "a failure needs a code")
        for seen in outcome.seen:
            owner = seen.slot.device if isinstance(seen, Reading) else seen.device
            self.assertEqual(owner, device.id)

    def test_contractSendCanBeCancelled(self) -> None:
        """At the deadline live cancels: the Deferred ends, and the link goes on working."""
        attached = self.started()
        device = self.devices()[0]
        deferred = attached[device.id].send(self.command(device))
        deferred.cancel()
        results = self._results(deferred, "a cancelled send()")
        self.assertEqual(len(results), 1)
        attached[device.id].refresh()
        self.letRefresh(self.kit)
        self.kit.run(self.patience)
        self.assertEqual(self.linkPort.losses, [])

    def test_contractSendAfterStop(self) -> None:
        """A command after C{stop} ends as well, and confirms nothing."""
        attached = self.started()
        device = self.devices()[0]
        self._fires(self.link.stop(), "stop()")
        results = self._results(attached[device.id].send(self.command(device)), "send() after stop()")
        self.assertEqual(len(results), 1)
        if isinstance(results[0], Outcome):
            self.assertNotIn(results[0].stage, (Stage.CONFIRMED, Stage.SENT))
