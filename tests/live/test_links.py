"""A link under supervision: what a driver does wrong stays with it, is counted, told, and tried again."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase

from dog.core.events import Event, Kind
from dog.core.values import Quality
from dog.interfaces import LinkFailed, LinkReason
from dog.live.delays import Delays
from dog.live.links import Link, LinkState
from dog.model.command import Stage
from dog.model.device import Device
from dog.model.rights import ANONYMOUS
from dog.model.values import Reading, Slot
from dog.testing.scripted import NEVER
from tests.live.house import RunningHouse

GATEWAY = Device("gw", "ModbusGateway", "Scripted")
LAMP = Device("lamp", "SimpleLamp", "Scripted", "gw")
GATEWAY2 = Device("gw2", "ModbusGateway", "Scripted")
OTHER = Device("other", "SimpleLamp", "Scripted", "gw2")
ON = Slot("lamp", "OnOffState")


class Bug(Exception):
    """What a driver did not see coming."""


class Case(SynchronousTestCase):
    """Two links of one driver; C{gw} is the one that fails, C{gw2} must not notice."""

    def setUp(self) -> None:
        self.house = RunningHouse(GATEWAY, LAMP, GATEWAY2, OTHER)
        self.driver = self.house.driver
        self.events: list[Event] = []
        self.house.stepper.listen(self.events.extend)

    def link(self, key: str = "gw") -> Link:
        return self.house.attachments.links()["scripted", key]

    def kinds(self, *wanted: Kind) -> list[tuple[Kind, str | None]]:
        return [(each.kind, each.details.get("link")) for each in self.events if each.kind in wanted]

    def assertUntouched(self) -> None:
        """The other link has been up all the time, and its device obeys."""
        other = self.link("gw2")
        self.assertEqual((other.state, other.attempts, other.crashes), (LinkState.UP, 1, 0))
        self.assertIsNone(self.house.attachments.conduct.where, "nobody's code is running")
        entry = self.successResultOf(self.house.commands.send(OTHER, "on", None, ANONYMOUS))
        self.assertIs(entry.stage, Stage.CONFIRMED)

    def assertBugs(self, count: int) -> None:
        """So many were logged, and counted."""
        self.assertEqual(len(self.flushLoggedErrors(Bug)), count)
        self.assertEqual(self.house.attachments.conduct.crashes["scripted"], count)


class RaisingTests(Case):
    def start(self, seam: str, *faults: Any) -> None:
        """Start a house in which the first call at a seam, that of C{gw}, goes wrong."""
        self.driver.faulty(seam, *faults)
        self.house.start()

    def test_link(self) -> None:
        self.start("link", Bug(), None)
        self.assertIs(self.link().state, LinkState.WAITING)
        self.assertIs((self.link().reason or LinkFailed("", "")).code, LinkReason.INTERNAL)
        self.assertBugs(1)
        self.house.kit.run(1)
        self.assertIs(self.link().state, LinkState.UP)
        self.assertUntouched()

    def test_attach(self) -> None:
        """One device is not served; the others are, and the next link may serve it again."""
        self.start("attach", Bug(), None)
        self.assertEqual(self.house.core.presence("gw").code, "internal")
        self.assertTrue(self.house.core.presence("lamp").online)
        self.assertEqual(self.link().served(), ["lamp"])
        self.assertBugs(1)
        self.driver.lose()
        self.house.kit.run(1)
        self.assertTrue(self.house.core.presence("gw").online)

    def test_everyAttach(self) -> None:
        """A link none of whose devices could be attached for bugs is tried again."""
        self.start("attach", Bug(), Bug(), None)
        self.assertIs(self.link().state, LinkState.WAITING)
        self.house.kit.run(1)
        self.assertIs(self.link().state, LinkState.UP)
        self.assertBugs(2)
        self.assertUntouched()

    def test_start(self) -> None:
        self.start("start", Bug(), None)
        self.house.kit.run(1)
        self.assertEqual((self.link().state, self.link().attempts), (LinkState.UP, 2))
        self.assertBugs(1)
        self.assertUntouched()

    def test_startAnswersNothing(self) -> None:
        link = self.driver.link

        def forgetful(*args: Any) -> Any:
            made = link(*args)
            if made.key == "gw":
                made.start = lambda: None  # type: ignore[method-assign, assignment, return-value]
            return made

        self.driver.link = forgetful  # type: ignore[method-assign, assignment]
        self.house.start()
        self.assertIs(self.link().state, LinkState.WAITING)
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)
        self.assertUntouched()

    def test_send(self) -> None:
        """The command has failed; the link goes on."""
        self.start("send", Bug(), None)
        entry = self.successResultOf(self.house.commands.send(LAMP, "on", None, ANONYMOUS))
        self.assertEqual((entry.stage, entry.outcome and entry.outcome.code), (Stage.FAILED, "internal"))
        self.assertIs(self.link().state, LinkState.UP)
        self.assertEqual(self.link().crashes, 1)
        self.assertBugs(1)
        self.assertUntouched()

    def test_sendAnswersSomethingElse(self) -> None:
        self.house.start()
        for made in (succeed("done"), None, 5):
            self.patch(type(self.driver.links[0].devices["lamp"]), "send", lambda *_, made=made: made)
            entry = self.successResultOf(self.house.commands.send(LAMP, "on", None, ANONYMOUS))
            self.assertIs(entry.stage, Stage.FAILED)
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 3)

    def test_sendCantBeCancelled(self) -> None:
        """A driver that fails on the cancellation at the deadline keeps nobody waiting."""

        def fail(_: object) -> None:
            raise Bug

        self.house.start()
        self.driver.script("lamp", None, Deferred(fail))
        sending = self.house.commands.send(LAMP, "on", None, ANONYMOUS)
        self.house.kit.run(3)
        self.assertIs(self.successResultOf(sending).stage, Stage.UNKNOWN)
        self.assertEqual(self.link().crashes, 1)

    def test_refresh(self) -> None:
        self.start("refresh", Bug())
        self.house.attachments.driverOf("lamp").refresh()
        self.assertIs(self.link().state, LinkState.UP)
        self.assertBugs(1)

    def test_detach(self) -> None:
        self.start("detach", Bug())
        self.house.apply(GATEWAY, GATEWAY2, OTHER)
        self.assertBugs(1)
        self.assertUntouched()

    def test_stop(self) -> None:
        self.start("stop", Bug(), None)
        self.driver.links[0].port.lost(LinkFailed("closed", "gone"))
        self.house.kit.run(1)
        self.assertIs(self.link().state, LinkState.UP)
        self.assertBugs(1)
        self.assertUntouched()

    def test_linkKey(self) -> None:
        self.start("linkKey", Bug(), None)
        self.assertEqual(self.house.core.presence("gw").code, "internal")
        self.assertTrue(self.house.core.presence("lamp").online)
        self.assertBugs(1)

    def test_timer(self) -> None:
        """What a timer was to do will not be done: the link is replaced."""
        self.house.start()
        clock = self.driver.links[0].kit.clock
        clock.callLater(1, self.bug, "one", two=2)
        self.house.kit.run(1.1)
        self.assertIs(self.link().state, LinkState.WAITING)
        self.house.kit.run(1)
        self.assertIs(self.link().state, LinkState.UP)
        self.assertEqual(self.given, (("one",), {"two": 2}))
        self.assertBugs(1)
        self.assertUntouched()

    def bug(self, *args: Any, **kwargs: Any) -> None:
        self.given = (args, kwargs)
        raise Bug

    def connected(self, **methods: Any) -> Any:
        """The transport's end of a connection of C{gw}, whose protocol has these methods."""
        made = type("Made", (Protocol,), methods)
        kit = self.house.kit
        kit.accept("bus")
        driver = self.driver.links[0].kit.connect("bus", Factory.forProtocol(made))
        self.assertIsInstance(self.successResultOf(driver), made, "the driver gets its own protocol")
        return kit.connections[-1]

    def test_protocol(self) -> None:
        """What a protocol does not stand ends the link, not the others, and the connection with it."""
        for name, act in (
            ("connectionMade", lambda each: None),
            ("dataReceived", lambda each: each.protocol.dataReceived(b"x")),
            ("connectionLost", lambda each: each.protocol.connectionLost(None)),
        ):
            self.setUp()
            self.house.start()
            connection = self.connected(**{name: self.bug})
            act(connection)
            self.assertIs(self.link().state, LinkState.WAITING, name)
            self.assertBugs(1)
            self.assertUntouched()
            if name != "connectionLost":
                self.assertTrue(connection.transport.disconnecting or connection.transport.disconnected, name)

    def test_protocolThatStands(self) -> None:
        heard: list[bytes] = []
        self.house.start()
        connection = self.connected(dataReceived=lambda self, data: heard.append(data), color="red")
        connection.protocol.dataReceived(b"x")
        self.assertEqual((heard, connection.protocol.color), ([b"x"], "red"))
        self.assertIs(self.link().state, LinkState.UP)

    def test_systemExit(self) -> None:
        """A driver does not end the gateway."""
        self.start("start", SystemExit(1), None)
        self.assertIs(self.link().state, LinkState.WAITING)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertUntouched()


class HangingTests(Case):
    def test_start(self) -> None:
        self.driver.faulty("start", NEVER, None)
        self.house.start()
        self.assertUntouched()
        self.house.kit.run(Link.startDeadline + 0.1)
        link = self.link()
        self.assertIs(link.state, LinkState.WAITING)
        self.assertIs((link.reason or LinkFailed("", "")).code, LinkReason.TIMEOUT)
        self.house.kit.run(1)
        self.assertIs(link.state, LinkState.UP)
        self.assertEqual(link.crashes, 0, "a bus that does not answer is no bug")

    def test_startFiresWhenNobodyWaitsAnyMore(self) -> None:
        """The old link's start does not make the new one usable."""
        first: Deferred[None] = Deferred(lambda _: None)
        self.driver.onStart(first, None, NEVER)
        self.house.start()
        made = self.driver.links[0]
        made._starting = None  # it does not cancel it
        self.house.kit.run(Link.startDeadline + 1)
        self.assertIs(self.link().state, LinkState.STARTING)
        self.assertTrue(first.called)
        self.assertIs(self.link().state, LinkState.STARTING)

    def test_stop(self) -> None:
        """The next attempt waits for the end of the one before, but not for ever."""
        self.driver.faulty("stop", NEVER, None)
        self.house.start()
        self.driver.links[0].port.lost(LinkFailed("closed", "gone"))
        self.house.kit.run(Link.stopDeadline - 0.5)
        self.assertIs(self.link().state, LinkState.WAITING)
        self.house.kit.run(1)
        self.assertIs(self.link().state, LinkState.UP)
        self.assertUntouched()

    def test_leftovers(self) -> None:
        """Timers and connections of a link that does not stop end with its deadline, and it gets no new ones."""
        self.driver.faulty("stop", NEVER, None)
        self.house.start()
        kit = self.driver.links[0].kit
        calls: list[str] = []
        self.house.kit.accept("bus")
        self.successResultOf(kit.connect("bus", Factory.forProtocol(Protocol)))
        kit.clock.callLater(60, calls.append, "late")
        self.assertEqual(len(kit.clock.getDelayedCalls()), 1)
        self.driver.links[0].port.lost(LinkFailed("closed", "gone"))
        self.house.kit.run(Link.stopDeadline + 0.1)
        transport = self.house.kit.connections[0].transport
        self.assertTrue(transport.disconnecting or transport.disconnected)
        self.failureResultOf(kit.connect("bus", Factory.forProtocol(Protocol)))
        self.assertFalse(kit.clock.callLater(1, calls.append, "later still").active())
        self.house.kit.run(120)
        self.assertEqual(calls, [])

    def test_send(self) -> None:
        self.driver.faulty("send", NEVER, None)
        self.house.start()
        sending = self.house.commands.send(LAMP, "on", None, ANONYMOUS)
        self.assertUntouched()
        self.house.kit.run(3)
        self.assertIs(self.successResultOf(sending).stage, Stage.UNKNOWN)
        self.assertEqual(len(self.driver.cancelled), 1)
        self.assertEqual(self.link().crashes, 0)

    def test_gatewayStops(self) -> None:
        """A link that does not stop holds up the end for its deadline only."""
        self.driver.faulty("stop", NEVER)
        self.house.start()
        stopping = self.house.attachments.stopService()
        self.assertNoResult(stopping)
        self.house.kit.run(Link.stopDeadline + 0.1)
        self.successResultOf(stopping)
        self.house.stepper.stop()
        self.assertEqual(self.house.clock.getDelayedCalls(), [])


class BudgetTests(Case):
    def bug(self) -> None:
        raise Bug

    def test_suspended(self) -> None:
        """Crashes beyond the budget cost a long wait, longer each time, up to a bound; it never gives up."""
        self.house.start()
        self.driver.faulty("start", *[Bug] * Delays.budget, None)
        self.driver.links[0].kit.clock.callLater(0, self.bug)
        self.house.kit.run(60)
        link = self.link()
        self.assertEqual((link.state, link.crashes), (LinkState.SUSPENDED, Delays.budget + 1))
        assert link.nextAt is not None
        wait = (link.nextAt - link.since).total_seconds()
        self.assertTrue(0.7 * Delays.rest < wait < 1.3 * Delays.rest, wait)
        self.assertEqual(self.kinds(Kind.LINK_SUSPENDED), [(Kind.LINK_SUSPENDED, "gw")])
        self.assertEqual(self.house.core.presence("lamp").online, False)
        self.assertUntouched()
        self.house.kit.run(1.3 * Delays.rest)
        self.assertIs(link.state, LinkState.UP)
        self.assertIsNone(link.nextAt)
        self.assertBugs(Delays.budget + 1)

    def test_crashesForEver(self) -> None:
        self.driver.faulty("link", Bug)
        self.house.start()
        self.house.kit.run(24 * 3600)
        before = self.link().attempts
        self.house.kit.run(24 * 3600)
        attempts = self.link().attempts - before
        self.assertTrue(0.7 < attempts / (24 * 3600 / Delays.longestRest) < 1.4, attempts)
        self.flushLoggedErrors(Bug)

    def test_upAndDownAgain(self) -> None:
        """A link that falls as soon as it is up does not begin with the shortest delay each time."""
        self.house.start()
        for _ in range(3600):
            if self.link().state is LinkState.UP:
                self.driver.links[-1].port.lost(LinkFailed("closed", "gone"))
            self.house.kit.run(1)
        self.assertLess(self.link().attempts, 3600 / Link.longest * 1.5 + 10)

    def test_steadyOneHealsInSeconds(self) -> None:
        self.house.start()
        for _ in range(8):
            self.driver.lose()
            self.house.kit.run(1)
            self.assertIs(self.link().state, LinkState.UP)
            self.house.kit.run(Delays.steady)


class ToldTests(Case):
    def test_events(self) -> None:
        """Once per change, with what it was."""
        self.driver.onStart(LinkFailed("refused", "nobody listens"))
        self.house.start()
        self.house.kit.run(20)
        self.driver.onStart(None)
        self.house.kit.run(60)
        made, lost = Kind.CONNECTION_MADE, Kind.CONNECTION_LOST
        self.assertEqual([each for each in self.kinds(made, lost) if each[1] == "gw"], [(lost, "gw"), (made, "gw")])
        [event] = [each for each in self.events if each.kind is lost and each.details["link"] == "gw"]
        self.assertEqual(
            (event.device, event.details),
            (None, {"driver": "scripted", "link": "gw", "code": "refused", "reason": "nobody listens"}),
        )

    def test_crash(self) -> None:
        self.driver.faulty("start", Bug("with a secret"), None)
        self.house.start()
        [event] = [each for each in self.events if each.kind is Kind.DRIVER_CRASHED]
        self.assertEqual(event.details, {"driver": "scripted", "link": "gw", "seam": "start", "error": "Bug"})
        self.assertNotIn("secret", str(self.link().reason))
        self.assertBugs(1)

    def test_since(self) -> None:
        self.house.start()
        begin = self.link().since
        self.house.kit.run(10)
        self.assertEqual(self.link().since, begin)
        self.driver.lose()
        self.assertEqual((self.link().since - begin).total_seconds(), 10)

    def test_reasonsNobodyKnows(self) -> None:
        """A driver may say what it likes, it is told as something."""
        self.assertIs(LinkFailed("on strike", "no").code, LinkReason.OTHER)
        self.assertIs(LinkFailed("closed", "gone").code, LinkReason.CLOSED)

    def test_unused(self) -> None:
        """A link whose driver serves none of its devices is not started, until there is one that it serves."""
        self.driver.unsupported = {"gw": "no", "lamp": "no"}
        self.house.start()
        self.assertEqual((self.link().state, self.link().served()), (LinkState.UNUSED, []))
        self.house.kit.run(60)
        self.assertEqual(self.link().attempts, 1)
        self.house.apply(GATEWAY, LAMP, Device("more", "SimpleLamp", "Scripted", "gw"), GATEWAY2, OTHER)
        self.assertEqual((self.link().state, self.link().served()), (LinkState.UP, ["more"]))
        self.assertUntouched()


class RestartTests(Case):
    def setUp(self) -> None:
        super().setUp()
        self.driver.hold(Reading(ON, "on"))

    def restart(self, link: str | None = None) -> Deferred[list[Link]]:
        return self.house.attachments.restart("scripted", link, "anna")

    def test_one(self) -> None:
        """By its key, or by a device on it; its devices are away for a moment and come back with their values."""
        self.house.start()
        for name in ("gw", "lamp"):
            self.events.clear()
            [link] = self.successResultOf(self.restart(name))
            self.assertEqual((link.key, link.state), ("gw", LinkState.UP))
            told = [each.kind for each in self.events if each.device in (None, "lamp")]
            self.assertEqual(
                [each for each in told if each is not Kind.VALUE_OBSERVED],
                [
                    *(Kind.LINK_RESTARTED, Kind.DEVICE_LOST, Kind.VALUE_STALED),
                    *(Kind.CONNECTION_MADE, Kind.DEVICE_REACHED),
                ],
            )
            value = self.house.core.values.get(ON)
            self.assertIs(value and value.quality, Quality.GOOD)
        self.assertEqual(self.events[0].details, {"driver": "scripted", "link": "gw", "who": "anna"})
        self.assertUntouched()

    def test_commands(self) -> None:
        """Of the command that its driver has, nobody knows; what was waiting has failed."""
        self.driver.script("lamp", None, NEVER)
        self.house.start()
        sending = [self.house.commands.send(LAMP, name, None, ANONYMOUS) for name in ("on", "off")]
        self.restart()
        outcomes = [self.successResultOf(each).outcome for each in sending]
        self.assertEqual([each and each.stage for each in outcomes], [Stage.UNKNOWN, Stage.FAILED])
        self.assertEqual({each and each.reason for each in outcomes}, {"restarted by anna"})

    def test_allOfThem(self) -> None:
        """Every link of a driver, whatever state it is in, and devices that it refused."""
        self.driver.unsupported["lamp"] = "no"
        self.driver.onStart(LinkFailed("refused", "no"))
        self.house.start()
        self.house.kit.run(300)
        self.driver.unsupported.clear()
        self.driver.onStart(None)
        links = self.successResultOf(self.restart())
        self.assertEqual([each.state for each in links], [LinkState.UP] * 2)
        self.assertEqual(self.link().served(), ["gw", "lamp"])

    def test_deviceWithoutALink(self) -> None:
        self.driver.faulty("linkKey", Bug(), Bug(), None)
        self.house.start()
        self.assertEqual(self.house.core.presence("lamp").code, "internal")
        self.assertEqual([each.key for each in self.successResultOf(self.restart())], ["gw2", "gw"])
        self.assertTrue(self.house.core.presence("lamp").online)
        self.assertBugs(2)

    def test_cleanSlate(self) -> None:
        """After a restart the driver has its whole budget again."""
        self.driver.faulty("start", Bug)
        self.house.start()
        self.house.kit.run(50)
        self.assertIs(self.link().state, LinkState.SUSPENDED)
        self.successResultOf(self.restart("gw"))
        self.assertIs(self.link().state, LinkState.WAITING)
        self.house.kit.run(1)
        self.assertGreater(self.link().attempts, 0)
        self.flushLoggedErrors(Bug)

    def test_stillDown(self) -> None:
        self.driver.onStart(LinkFailed("refused", "nobody listens"))
        self.house.start()
        [link] = self.successResultOf(self.restart("gw"))
        self.assertEqual((link.state, str(link.reason)), (LinkState.WAITING, "nobody listens"))

    def test_whileStarting(self) -> None:
        """It takes as long as it takes; who asked is told after a few seconds."""
        self.driver.onStart(NEVER)
        self.house.start()
        restarting = self.restart("gw")
        self.assertNoResult(restarting)
        self.house.kit.run(self.house.attachments.patience + 0.1)
        self.assertEqual([each.state for each in self.successResultOf(restarting)], [LinkState.STARTING])
        self.assertEqual(self.driver.links[0].state, "stopped")

    def test_whileItStops(self) -> None:
        """Twice, and the old one does not stop: one new link."""
        self.driver.faulty("stop", NEVER, None)
        self.house.start()
        made = len(self.driver.links)
        first, second = self.restart("gw"), self.restart("gw")
        self.house.kit.run(Link.stopDeadline + 0.1)
        self.successResultOf(first)
        self.successResultOf(second)
        self.assertEqual(len(self.driver.links), made + 1)
        self.assertIs(self.link().state, LinkState.UP)
