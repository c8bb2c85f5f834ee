"""Commands: one at a time per device, an outcome for each, at the latest at the deadline."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from dog.core.events import Kind
from dog.core.ledger import Entry
from dog.interfaces import LinkFailed
from dog.live.commands import MAX_REASON
from dog.model.command import Outcome, Stage
from dog.model.device import Device
from dog.model.refusal import Code, Refusal
from dog.model.rights import ANONYMOUS
from dog.model.values import Pulse, Reading, Slot
from dog.testing.scripted import NEVER, confirm, refuse, sent
from tests.live.house import RunningHouse

LAMP = Device("lamp", "SimpleLamp", "Scripted", "gw")
DIMMER = Device("dimmer", "DimmerLamp", "Scripted", "gw")
GATEWAY = Device("gw", "ModbusGateway", "Scripted")
ORPHAN = Device("orphan", "SimpleLamp", "KNXNETIP")
ON = Slot("lamp", "OnOffState")


class CommandsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = RunningHouse(GATEWAY, LAMP, DIMMER, ORPHAN)
        self.house.start()

    def send(self, device: str, name: str, body: Any = None, **more: Any) -> Deferred[Entry]:
        return self.house.commands.send(self.house.device(device), name, body, ANONYMOUS, **more)

    def outcome(self, sending: Deferred[Entry]) -> Outcome:
        entry = self.successResultOf(sending)
        assert entry.outcome is not None
        return entry.outcome

    def refusal(self, device: str, name: str, body: Any = None, **more: Any) -> Code:
        error = self.assertRaises(Refusal, self.send, device, name, body, **more)
        code: Code = error.refused.code
        return code

    # -- outcomes -------------------------------------------------------------------------------------

    def test_confirmed(self) -> None:
        """The reply comes after the values that it proves, and after the outcome event."""
        self.house.driver.script("lamp", "on", confirm(Reading(ON, "on")))
        order: list[Any] = []
        self.house.stepper.listen(lambda events: order.extend(each.kind for each in events))
        sending = self.send("lamp", "on")
        sending.addCallback(lambda entry: order.append(entry.stage))
        self.assertEqual(order, [Kind.NOTIFICATION, Kind.COMMAND_SETTLED, Stage.CONFIRMED])
        self.assertEqual(self.house.core.values.value(ON), "on")

    def test_sent(self) -> None:
        self.house.driver.script("lamp", "on", sent())
        self.assertIs(self.outcome(self.send("lamp", "on")).stage, Stage.SENT)

    def test_refusedByTheBus(self) -> None:
        self.house.driver.script("lamp", "on", refuse("illegal data address"))
        outcome = self.outcome(self.send("lamp", "on"))
        self.assertEqual(
            (outcome.stage, outcome.code, outcome.reason), (Stage.FAILED, "bus_refused", "illegal data address")
        )

    def test_driverFails(self) -> None:
        """A bug of the driver settles this command and is logged; the next command works."""
        self.house.driver.script("lamp", "on", RuntimeError("bug"), confirm())
        self.assertEqual(self.outcome(self.send("lamp", "on")).code, "internal")
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertIs(self.outcome(self.send("lamp", "on")).stage, Stage.CONFIRMED)

    def test_driverProvesNonsense(self) -> None:
        """An outcome with readings of another device is the driver's bug; the caller gets the outcome all the same."""
        self.house.driver.script("lamp", "on", confirm(Pulse("lamp", "PressedNotification")))
        self.assertIs(self.outcome(self.send("lamp", "on")).stage, Stage.CONFIRMED)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_noAnswer(self) -> None:
        """At the deadline the driver is told to give up, and the outcome is unknown."""
        self.house.driver.script("lamp", "on", NEVER)
        sending = self.send("lamp", "on")
        self.house.kit.run(1.9)
        self.assertNoResult(sending)
        self.house.kit.run(0.2)
        outcome = self.outcome(sending)
        self.assertEqual((outcome.stage, outcome.code), (Stage.UNKNOWN, "timeout"))
        self.assertEqual(len(self.house.driver.cancelled), 1)
        self.assertEqual(self.house.commands.pending(), 0)

    def test_ownTimeout(self) -> None:
        self.house.driver.script("lamp", "on", NEVER)
        sending = self.send("lamp", "on", timeout=10)
        self.house.kit.run(9.9)
        self.assertNoResult(sending)
        self.house.kit.run(0.2)
        self.assertIn("10 s", self.outcome(sending).reason or "")

    # -- the queue --------------------------------------------------------------------------------------

    def test_oneAtATimePerDevice(self) -> None:
        answers: list[Deferred[Outcome]] = [Deferred(), Deferred()]
        self.house.driver.script("lamp", None, *answers)
        first, second = self.send("lamp", "on"), self.send("lamp", "off")
        other = self.send("dimmer", "on")
        self.assertIs(self.outcome(other).stage, Stage.CONFIRMED, "another device does not wait")
        self.assertEqual([each.name for each in self.house.driver.sent], ["on", "on"])
        answers[0].callback(confirm())
        self.assertEqual([each.name for each in self.house.driver.sent], ["on", "on", "off"])
        self.successResultOf(first)
        self.assertNoResult(second)
        answers[1].callback(confirm())
        self.successResultOf(second)

    def test_expiresInTheQueue(self) -> None:
        """A command whose turn does not come before its deadline is never sent."""
        self.house.driver.script("lamp", "on", NEVER)
        first = self.send("lamp", "on", timeout=10)
        second = self.send("lamp", "off")
        self.house.kit.run(2.1)
        self.assertIs(self.outcome(second).stage, Stage.EXPIRED)
        self.house.kit.run(10)
        self.assertIs(self.outcome(first).stage, Stage.UNKNOWN)
        self.assertEqual([each.name for each in self.house.driver.sent], ["on"])

    def test_queueIsBounded(self) -> None:
        self.house.commands.maxQueued = 3
        self.house.driver.script("lamp", None, NEVER)
        waiting = [self.send("lamp", "on") for _ in range(3)]
        self.assertIs(self.refusal("lamp", "on"), Code.BUSY)
        self.house.kit.run(10)
        for each in waiting:
            self.successResultOf(each)
        self.assertEqual(self.house.commands._queues, {}, "nothing is left behind")

    def test_superseded(self) -> None:
        """Of settings that wait, only the last is sent: a slider that is dragged does not replay its way."""
        answers: list[Deferred[Outcome]] = [Deferred() for _ in range(3)]
        self.house.driver.script("dimmer", None, *answers)
        sending = [self.send("dimmer", "set", {"value": level}) for level in (10, 20, 30)]
        sending.append(self.send("dimmer", "on"))
        sending.append(self.send("dimmer", "set", {"value": 40}))
        self.assertEqual([self.outcome(each).stage for each in sending[1:3]], [Stage.SUPERSEDED] * 2)
        for each in answers:
            each.callback(confirm())
        self.assertEqual([self.outcome(each).stage for each in (sending[0], *sending[3:])], [Stage.CONFIRMED] * 3)
        self.assertEqual(
            [(each.name, dict(each.args)) for each in self.house.driver.sent],
            [("set", {"value": 10}), ("on", {}), ("set", {"value": 40})],
        )

    def test_othersAreNotSuperseded(self) -> None:
        """What is not a setting is sent as often as it was asked for."""
        self.house.driver.script("dimmer", None, NEVER)
        sending = [self.send("dimmer", name) for name in ("on", "stepUp", "stepUp", "on")]
        for each in sending:
            self.assertNoResult(each)
            each.addErrback(lambda failure: None)
        self.house.commands.stop()

    def test_callerGoesAway(self) -> None:
        """The caller who gives up does not hear of it; the command goes on."""
        answer: Deferred[Outcome] = Deferred()
        self.house.driver.script("lamp", "on", answer)
        sending = self.send("lamp", "on")
        sending.addErrback(lambda failure: None)
        sending.cancel()
        self.assertEqual(self.house.driver.cancelled, [])
        answer.callback(confirm(Reading(ON, "on")))
        self.assertEqual(self.house.core.values.value(ON), "on")

    # -- refused before anything is done ------------------------------------------------------------------

    def test_unknownCommand(self) -> None:
        self.assertIs(self.refusal("lamp", "fly"), Code.NOT_FOUND)

    def test_badArgument(self) -> None:
        self.assertIs(self.refusal("dimmer", "set", {"value": 140}), Code.OUT_OF_RANGE)
        self.assertEqual(self.house.driver.sent, [])

    def test_noDriver(self) -> None:
        error = self.assertRaises(Refusal, self.send, "orphan", "on")
        self.assertIs(error.refused.code, Code.NO_DRIVER)
        self.assertIn("KNXNETIP", error.refused.message)

    def test_linkDown(self) -> None:
        self.house.driver.onStart(NEVER)
        self.house.driver.lose(LinkFailed("closed", "cable pulled"))
        error = self.assertRaises(Refusal, self.send, "lamp", "on")
        self.assertIs(error.refused.code, Code.UNREACHABLE)
        self.assertIn("cable pulled", error.refused.message)

    def test_linkLostUnderway(self) -> None:
        """Everything underway and waiting is settled at once: nobody waits for a deadline in vain.

        What its driver had may have been carried out; what was waiting was not.
        """
        self.house.driver.script("lamp", None, NEVER)
        sending = [self.send("lamp", "on"), self.send("lamp", "off")]
        self.house.driver.lose(LinkFailed("closed", "cable pulled"))
        for each, stage in zip(sending, (Stage.UNKNOWN, Stage.FAILED), strict=True):
            outcome = self.outcome(each)
            self.assertEqual((outcome.stage, outcome.code), (stage, "unreachable"))
        self.assertEqual(self.house.commands.pending(), 0)

    def test_deviceRemovedUnderway(self) -> None:
        self.house.driver.script("lamp", None, NEVER)
        sending = [self.send("lamp", "on"), self.send("lamp", "off")]
        self.house.apply(GATEWAY, DIMMER, ORPHAN)
        self.assertEqual([self.outcome(each).stage for each in sending], [Stage.UNKNOWN, Stage.FAILED])
        self.assertEqual([each.name for each in self.house.driver.sent], ["on"], "the other one never got its turn")

    def test_longReason(self) -> None:
        """A bus that talks too much is cut short before anything keeps it."""
        self.house.driver.script("lamp", "on", refuse("x" * 100_000))
        outcome = self.outcome(self.send("lamp", "on"))
        self.assertEqual(len(outcome.reason or ""), MAX_REASON)

    def test_stopWaitsForTheTelling(self) -> None:
        """The gateway may close its doors when every caller has been told, not before."""
        written: Deferred[None] = Deferred()
        self.house.commands._remember = lambda entry: written
        self.house.driver.script("lamp", None, NEVER)
        sending = self.send("lamp", "on")
        stopping = self.house.commands.stop()
        self.assertNoResult(stopping)
        self.assertNoResult(sending)
        written.callback(None)
        self.successResultOf(sending)
        self.successResultOf(stopping)

    def test_stop(self) -> None:
        self.house.driver.script("lamp", None, NEVER)
        sending = [self.send("lamp", "on"), self.send("lamp", "off")]
        self.successResultOf(self.house.commands.stop())
        self.assertEqual([self.outcome(each).reason for each in sending], ["the gateway stops"] * 2)

    # -- idempotency keys -----------------------------------------------------------------------------------

    def test_retriedKey(self) -> None:
        """A retried key answers with the first command, settled or not; nothing is sent twice."""
        answer: Deferred[Outcome] = Deferred()
        self.house.driver.script("lamp", "on", answer)
        first, again = self.send("lamp", "on", key="k"), self.send("lamp", "on", key="k")
        answer.callback(confirm())
        later = self.send("lamp", "on", key="k")
        entries = [self.successResultOf(each) for each in (first, again, later)]
        self.assertIs(entries[0], entries[1])
        self.assertIs(entries[0], entries[2])
        self.assertEqual(len(self.house.driver.sent), 1)

    def test_keyOfAnotherCommand(self) -> None:
        self.send("lamp", "on", key="k")
        self.assertIs(self.refusal("lamp", "off", key="k"), Code.BAD_BODY)
