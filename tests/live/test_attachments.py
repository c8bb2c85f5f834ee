"""Attachments and links: who serves what, what happens when a link fails, and when the home changes."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from dog.core.core import Presence
from dog.core.values import Quality
from dog.interfaces import LinkFailed
from dog.live.links import Link, LinkState
from dog.model.device import ConfigParam, Device
from dog.model.refusal import Code, Refusal
from dog.model.rights import ANONYMOUS
from dog.model.values import Reading, Slot
from dog.testing.scripted import NEVER
from tests.live.house import RunningHouse

GATEWAY = Device("gw", "ModbusGateway", "Scripted")
LAMP = Device("lamp", "SimpleLamp", "Scripted", "gw")
OTHER = Device("other", "SimpleLamp", "Scripted", "gw2")
GATEWAY2 = Device("gw2", "ModbusGateway", "Scripted")
ON = Slot("lamp", "OnOffState")


class AttachmentsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = RunningHouse(GATEWAY, LAMP)

    def presence(self, id: str) -> Presence:
        return self.house.core.presence(id)

    def link(self, key: str = "gw") -> Link:
        return self.house.attachments.links()["scripted", key]

    def test_nothingBeforeStart(self) -> None:
        self.assertEqual(self.house.driver.links, [])
        self.assertFalse(self.presence("lamp").active)

    def test_attached(self) -> None:
        self.house.start()
        self.assertEqual(self.presence("lamp"), Presence(True, None, None, True))
        self.assertEqual(len(self.house.driver.links), 1)
        self.assertEqual(set(self.house.driver.links[0].devices), {"gw", "lamp"})
        self.assertIs(self.link().state, LinkState.UP)

    def test_linkPerKey(self) -> None:
        self.house.apply(GATEWAY, LAMP, GATEWAY2, OTHER)
        self.house.start()
        self.assertEqual([set(each.devices) for each in self.house.driver.links], [{"gw", "lamp"}, {"gw2", "other"}])

    def test_reasonsForNoDriver(self) -> None:
        self.house.apply(
            Device("knx", "SimpleLamp", "KNXNETIP"),
            Device("none", "SimpleLamp"),
            Device("odd", "FlyingCarpet", "Scripted"),
            Device("bad", "SimpleLamp", "Scripted"),
        )
        self.house.driver.unsupported["bad"] = "slaveId is missing"
        self.house.start()
        for id, code, word in (
            ("knx", "no_driver", "KNXNETIP"),
            ("none", "no_driver", "domoticSystem"),
            ("odd", "unknown_class", "FlyingCarpet"),
            ("bad", "misconfigured", "slaveId is missing"),
        ):
            presence = self.presence(id)
            self.assertFalse(presence.active, id)
            self.assertEqual(presence.code, code)
            self.assertIn(word, presence.reason or "")

    def test_systemNamesInAnyCase(self) -> None:
        self.house.apply(Device("lamp", "SimpleLamp", "SCRIPTED"))
        self.house.start()
        self.assertTrue(self.presence("lamp").active)

    def test_driverRaisesOnAttach(self) -> None:
        """A driver's bug on one device does not touch the others."""
        link = self.house.driver.link

        def broken(*args: Any) -> Any:
            made = link(*args)
            attach = made.attach

            def attachOrFail(device: Device, port: Any) -> Any:
                if device.id == "lamp":
                    raise RuntimeError("bug")
                return attach(device, port)

            made.attach = attachOrFail  # type: ignore[method-assign]
            return made

        self.house.driver.link = broken  # type: ignore[method-assign, assignment]
        self.house.start()
        self.assertEqual(self.presence("lamp").code, "internal")
        self.assertTrue(self.presence("gw").active)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_simulation(self) -> None:
        """In simulation every device is served, whatever its bus says."""
        from dog.testing.scripted import ScriptedDriver

        stand = ScriptedDriver("stand-in", ())
        house = RunningHouse(Device("knx", "SimpleLamp", "KNXNETIP"), LAMP, simulation=stand)
        house.start()
        self.assertTrue(house.core.presence("knx").active)
        self.assertTrue(house.core.presence("lamp").active)
        self.assertEqual(house.driver.links, [])

    # -- links that fail ------------------------------------------------------------------------------

    def test_activeBeforeTheLinkIsUp(self) -> None:
        """A driver serves the device; that its bus does not answer is another matter."""
        starting: Deferred[None] = Deferred()
        self.house.driver.onStart(starting)
        self.house.start()
        self.assertEqual((self.presence("lamp").active, self.presence("lamp").online), (True, False))
        starting.callback(None)
        self.assertTrue(self.presence("lamp").online)

    def test_triesAgain(self) -> None:
        self.house.driver.onStart(LinkFailed("refused", "connection refused"), None)
        self.house.start()
        self.assertEqual(self.presence("lamp").reason, "connection refused")
        self.assertFalse(self.presence("lamp").online)
        self.house.kit.run(1)
        self.assertTrue(self.presence("lamp").online)
        self.assertEqual(len(self.house.driver.links), 2, "a new link for every attempt")
        self.assertEqual(self.house.driver.links[0].state, "stopped")

    def test_neverGivesUpNeverStorms(self) -> None:
        self.house.driver.onStart(LinkFailed("refused", "connection refused"))
        self.house.start()
        self.house.kit.run(10)
        early = len(self.house.driver.links)
        self.assertLess(early, 8)
        self.house.kit.run(3600)
        late = len(self.house.driver.links) - early
        self.assertGreater(late, 3600 / Link.longest / 1.3)
        self.assertLess(late, 3600 / Link.longest * 1.5)

    def test_hangingStart(self) -> None:
        self.house.driver.onStart(NEVER, None)
        self.house.start()
        self.house.kit.run(Link.startDeadline + 0.1)
        self.assertIn("did not start", self.presence("lamp").reason or "")
        self.house.kit.run(1)
        self.assertTrue(self.presence("lamp").online)

    def test_raisingStart(self) -> None:
        self.house.driver.onStart(RuntimeError("bug"), None)
        self.house.start()
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.house.kit.run(1)
        self.assertTrue(self.presence("lamp").online)

    def test_lostLinkHealsInSeconds(self) -> None:
        self.house.driver.hold(Reading(ON, "on"))
        self.house.start()
        self.house.driver.lose(LinkFailed("closed", "cable pulled"))
        held = self.house.core.values.get(ON)
        assert held is not None
        self.assertIs(held.quality, Quality.STALE)
        self.assertEqual(self.presence("lamp").reason, "cable pulled")
        self.house.kit.run(1)
        self.assertTrue(self.presence("lamp").online)
        self.assertIs(held.quality, Quality.GOOD)

    def test_lostTwiceIsLostOnce(self) -> None:
        self.house.start()
        link = self.house.driver.links[0]
        link.port.lost(LinkFailed("closed", "cable pulled"))
        link.port.lost(LinkFailed("closed", "cable pulled"))
        self.house.kit.run(1)
        self.assertEqual(len(self.house.driver.links), 2)

    def test_notTakenAgain(self) -> None:
        """A device that the driver does not take when its link is replaced is refused with the reason, not with a bug;
        the others work, and the next link may take it again.
        """
        self.house.start()
        self.house.driver.unsupported["lamp"] = "its profile is gone"
        self.house.driver.lose()
        self.house.kit.run(1)
        presence = self.presence("lamp")
        self.assertEqual((presence.active, presence.reason), (False, "its profile is gone"))
        self.assertTrue(self.presence("gw").online)
        refusal = self.assertRaises(Refusal, self.house.commands.send, LAMP, "on", None, ANONYMOUS)
        self.assertIs(refusal.refused.code, Code.NO_DRIVER)
        del self.house.driver.unsupported["lamp"]
        self.house.driver.lose()
        self.house.kit.run(2)
        self.assertEqual((self.presence("lamp").active, self.presence("lamp").online), (True, True))

    def test_oldLinkIsNotHeard(self) -> None:
        self.house.start()
        port = self.house.driver.links[0].devices["lamp"].port
        self.house.driver.lose()
        self.house.kit.run(1)
        port.observed(Reading(ON, "on"))
        port.reachable(False, "from the grave")
        self.assertIsNone(self.house.core.values.get(ON))
        self.assertTrue(self.presence("lamp").online)

    def test_deviceUnreachableWhileItsLinkIsUp(self) -> None:
        self.house.start()
        self.house.driver.reachable("lamp", False, "no answer from unit 3")
        self.assertEqual(self.presence("lamp").reason, "no answer from unit 3")
        self.assertTrue(self.presence("gw").online)
        self.house.driver.reachable("lamp", True)
        self.assertTrue(self.presence("lamp").online)

    # -- the home changes -------------------------------------------------------------------------------

    def test_added(self) -> None:
        self.house.start()
        self.house.apply(GATEWAY, LAMP, GATEWAY2, OTHER)
        self.assertTrue(self.presence("other").online)
        self.assertEqual(len(self.house.driver.links), 2)

    def test_removed(self) -> None:
        self.house.start()
        self.house.apply(GATEWAY)
        self.assertEqual(set(self.house.driver.links[0].devices), {"gw"})
        self.house.apply()
        self.assertEqual(self.house.driver.links[0].state, "stopped")
        self.assertEqual(self.house.attachments.links(), {})

    def test_movedKeepsItsDriver(self) -> None:
        self.house.start()
        attached = self.house.driver.links[0].devices["lamp"]
        self.house.apply(GATEWAY, Device("lamp", "SimpleLamp", "Scripted", "gw", isIn="kitchen"))
        self.assertIs(self.house.driver.links[0].devices["lamp"], attached)

    def test_changedIsAttachedAgain(self) -> None:
        self.house.start()
        attached = self.house.driver.links[0].devices["lamp"]
        changed = Device("lamp", "SimpleLamp", "Scripted", "gw", params=(ConfigParam("slaveId", "2"),))
        self.house.apply(GATEWAY, changed)
        self.assertIsNot(self.house.driver.links[0].devices["lamp"], attached)
        self.assertTrue(self.presence("lamp").online)

    def test_changedGatewayTakesItsDevicesAlong(self) -> None:
        """The link has the gateway's parameters: a changed gateway means a new link."""
        self.house.start()
        changed = Device("gw", "ModbusGateway", "Scripted", params=(ConfigParam("port", "503"),))
        self.house.apply(changed, LAMP)
        self.assertEqual(self.house.driver.links[0].state, "stopped")
        self.assertEqual(set(self.house.driver.links[1].devices), {"gw", "lamp"})
        self.assertTrue(self.presence("lamp").online)

    def test_stop(self) -> None:
        self.house.start()
        self.successResultOf(self.house.attachments.stopService())
        self.assertEqual(self.house.driver.links[0].state, "stopped")
        self.house.stepper.stop()
        self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_stopWhileWaiting(self) -> None:
        self.house.driver.onStart(LinkFailed("refused", "connection refused"))
        self.house.start()
        self.successResultOf(self.house.attachments.stopService())
        made = len(self.house.driver.links)
        self.house.kit.run(60)
        self.assertEqual(len(self.house.driver.links), made)


class ConfigureTests(SynchronousTestCase):
    """The settings of drivers change."""

    def setUp(self) -> None:
        self.house = RunningHouse(GATEWAY, LAMP)
        self.house.start()
        self.links = self.house.driver.links

    def test_anew(self) -> None:
        """Closed, and only then begun anew: the port may be the same. Values are stale, commands settled."""
        self.links[0].devices["lamp"].port.observed(Reading(ON, "on"))
        self.house.driver.script("lamp", "on", NEVER)
        sending = self.house.commands.send(self.house.device("lamp"), "on", None, ANONYMOUS)
        closing: Deferred[None] = Deferred()
        self.patch(self.links[0], "stop", lambda: closing)
        self.assertEqual(self.house.attachments.configure({"scripted": {"a": 1}}), frozenset())
        self.assertEqual(self.successResultOf(sending).stage.value, "unknown")
        self.assertEqual(len(self.links), 1, "it may hold the port")
        self.assertFalse(self.house.core.presence("lamp").online)
        held = self.house.core.values.get(ON)
        assert held is not None
        self.assertIs(held.quality, Quality.STALE)
        closing.callback(None)
        self.assertEqual(len(self.links), 2)
        self.assertTrue(self.house.core.presence("lamp").online)
        [link] = self.house.attachments.links().values()
        self.assertEqual(link._settings, {"a": 1})

    def test_othersDoNotNotice(self) -> None:
        before = list(self.house.attachments.links().values())
        self.assertEqual(self.house.attachments.configure({"other": {"a": 1}}), {"other"})
        self.assertEqual(list(self.house.attachments.links().values()), before)
        self.assertEqual(self.house.attachments.configure({"other": {"a": 1}}), {"other"}, "it needs a restart still")

    def test_stoppedMeanwhile(self) -> None:
        closing: Deferred[None] = Deferred()
        self.patch(self.links[0], "stop", lambda: closing)
        self.house.attachments.configure({"scripted": {"a": 1}})
        self.house.attachments.stopService()
        closing.callback(None)
        self.assertEqual(len(self.links), 1)

    def test_twice(self) -> None:
        """Changed again before the first was done: there is one link in the end, with the last."""
        closing: Deferred[None] = Deferred()
        self.patch(self.links[0], "stop", lambda: closing)
        self.house.attachments.configure({"scripted": {"a": 1}})
        self.house.attachments.configure({"scripted": {"a": 2}})
        closing.callback(None)
        [link] = self.house.attachments.links().values()
        self.assertEqual((link._settings, link.state), ({"a": 2}, LinkState.UP))
        self.assertEqual(len(self.links), 2)

    def test_nothingServedBefore(self) -> None:
        """A device that the driver refused with its old settings gets a chance with the new ones."""
        self.house.driver.unsupported["lamp"] = "no such channel"
        self.house.attachments.configure({"scripted": {"a": 1}})
        self.assertFalse(self.house.core.presence("lamp").active)
        del self.house.driver.unsupported["lamp"]
        self.house.attachments.configure({"scripted": {"a": 2}})
        self.assertTrue(self.house.core.presence("lamp").online)
