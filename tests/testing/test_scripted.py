"""The scripted driver answers as it was told."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from dog.interfaces import LinkFailed, Unsupported
from dog.model.catalogue import catalogue
from dog.model.command import Command, Outcome, Stage
from dog.model.device import Device
from dog.model.rights import GATEWAY
from dog.model.values import Reading, Slot
from dog.testing import NEVER, FakeDevicePort, FakeKit, FakeLinkPort, ScriptedDriver, confirm, refuse, sent
from dog.testing.scripted import ScriptedDevice, ScriptedLink

ON = Reading(Slot("lamp", "OnOffState"), "on")


def command(cls: str = "OnCommand", device: str = "lamp") -> Command:
    kind = catalogue().command(cls)
    assert kind is not None
    return Command("c", device, kind, {}, 1e9, GATEWAY)


class ScriptedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.driver = ScriptedDriver()
        self.linkPort = FakeLinkPort()
        self.port = FakeDevicePort()

    def link(self, gateway: Device | None = None) -> ScriptedLink:
        return self.driver.link("k", {}, gateway, self.linkPort, FakeKit())

    def lamp(self) -> ScriptedDevice:
        link = self.link()
        attached = link.attach(Device("lamp", "SimpleLamp"), self.port)
        self.successResultOf(link.start())
        return attached

    def outcome(self, lamp: ScriptedDevice, cls: str = "OnCommand") -> Outcome:
        found: Outcome = self.successResultOf(lamp.send(command(cls)))
        return found

    def test_confirmsByDefault(self) -> None:
        self.assertEqual(self.outcome(self.lamp()), Outcome(Stage.CONFIRMED))
        self.assertEqual([each.name for each in self.driver.sent], ["on"])

    def test_answersInTurn(self) -> None:
        """One after the other, the last for good."""
        self.driver.script("lamp", "on", refuse("busy"), sent(), confirm(ON))
        lamp = self.lamp()
        answers = [self.outcome(lamp) for _ in range(4)]
        self.assertEqual([each.stage.value for each in answers], ["failed", "sent", "confirmed", "confirmed"])
        self.assertEqual((answers[0].code, answers[0].reason), ("bus_refused", "busy"))
        self.assertEqual(answers[3].seen, (ON,))

    def test_mostExactWins(self) -> None:
        self.driver.script(None, None, refuse("any"))
        self.driver.script("lamp", None, refuse("lamp"))
        self.driver.script(None, "off", refuse("off"))
        self.driver.script("lamp", "on", refuse("on"))
        lamp = self.lamp()
        self.assertEqual([self.outcome(lamp, cls).reason for cls in ("OnCommand", "OffCommand")], ["on", "lamp"])

    def test_function(self) -> None:
        self.driver.script(None, None, lambda command: refuse(f"no {command.name}"))
        self.assertEqual(self.outcome(self.lamp()).reason, "no on")

    def test_never(self) -> None:
        self.driver.script("lamp", "on", NEVER)
        sending = self.lamp().send(command())
        self.assertNoResult(sending)
        sending.cancel()
        self.failureResultOf(sending, CancelledError)
        self.assertEqual([each.name for each in self.driver.cancelled], ["on"])

    def test_raises(self) -> None:
        self.driver.script("lamp", "on", ValueError("boom"))
        self.failureResultOf(self.lamp().send(command()), ValueError)

    def test_deferred(self) -> None:
        """The test itself answers, when it likes."""
        answer: Deferred[Outcome] = Deferred()
        self.driver.script("lamp", "on", answer)
        sending = self.lamp().send(command())
        self.assertNoResult(sending)
        answer.callback(confirm())
        self.assertEqual(self.successResultOf(sending), confirm())

    def test_starts(self) -> None:
        """As laid down, one link after the other."""
        self.driver.onStart(LinkFailed("refused", "no"), NEVER, None)
        self.failureResultOf(self.link().start(), LinkFailed)
        hanging = self.link().start()
        self.assertNoResult(hanging)
        hanging.cancel()
        self.failureResultOf(hanging, CancelledError)
        self.successResultOf(self.link().start())
        self.successResultOf(self.link().start())
        self.assertEqual([each.state for each in self.driver.links], ["failed", "failed", "started", "started"])

    def test_holds(self) -> None:
        """Held values are reported when the link has started, at a later attach, and on refresh."""
        self.driver.hold(ON)
        lamp = self.lamp()
        self.assertEqual(self.port.steps, [(ON,)])
        lamp.refresh()
        self.assertEqual(self.port.steps, [(ON,), (ON,)])
        self.assertEqual(self.driver.refreshed, ["lamp"])
        late = FakeDevicePort()
        lamp.link.attach(Device("lamp", "SimpleLamp"), late)
        self.assertEqual(late.steps, [(ON,)])

    def test_reports(self) -> None:
        self.lamp()
        self.driver.report("lamp", ON)
        self.driver.reachable("lamp", False, "silent")
        self.assertEqual(self.port.steps, [(ON,)])
        self.assertEqual(self.port.reachability, [(False, "silent")])
        self.assertRaises(KeyError, self.driver.report, "nobody", ON)

    def test_loses(self) -> None:
        """Told once; commands fail from then on."""
        lamp = self.lamp()
        self.driver.lose()
        self.driver.lose()
        self.assertEqual([each.code for each in self.linkPort.losses], ["closed"])
        self.assertEqual(self.outcome(lamp).code, "unreachable")

    def test_unsupported(self) -> None:
        self.driver.unsupported["lamp"] = "needs another firmware"
        error = self.assertRaises(Unsupported, self.lamp)
        self.assertEqual(str(error), "needs another firmware")

    def test_linkKey(self) -> None:
        """A link for each gateway."""
        device = Device("lamp", "SimpleLamp", gateway="gw")
        self.assertEqual(self.driver.linkKey({}, None, device), "gw")
        self.assertEqual(self.driver.linkKey({}, Device("gw", "ModbusGateway"), device), "gw")
