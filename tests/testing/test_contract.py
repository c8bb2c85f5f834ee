"""The contract test accepts a driver that keeps it, and fails one that breaks it, in each way that it names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase

from dog.interfaces import LinkFailed
from dog.model.device import Device
from dog.model.measure import Measure
from dog.model.values import Reading, Slot
from dog.testing import DriverContract, FakeKit, ScriptedDriver
from dog.testing.scripted import ScriptedLink

LAMP = Device("lamp", "SimpleLamp", "Scripted")
METER = Device("meter", "Co2Sensor", "Scripted")


def scripted() -> ScriptedDriver:
    driver = ScriptedDriver()
    driver.hold(
        Reading(Slot("lamp", "OnOffState"), "off"),
        Reading(Slot("meter", "Co2MeasurementState"), Measure.of(420, "ppm")),
    )
    return driver


class ScriptedContractTests(DriverContract, SynchronousTestCase):
    """The driver for tests is a driver as well."""

    def makeDriver(self) -> Any:
        return scripted()

    def devices(self) -> Sequence[Device]:
        return [LAMP, METER]


class BreachTests(SynchronousTestCase):
    """Each breach makes the contract's test of it fail."""

    def breach(self, test: str, driver: Any, kit: FakeKit | None = None) -> str:
        """Run one of the contract's tests on a driver; how it failed, or nothing."""

        class Case(DriverContract, SynchronousTestCase):
            def makeDriver(self) -> Any:
                return driver

            def makeKit(self) -> FakeKit:
                return kit or FakeKit()

            def devices(self) -> Sequence[Device]:
                return [LAMP, METER]

        from twisted.trial.reporter import TestResult

        result = TestResult()
        Case(test).run(result)
        return "".join(str(failure) for _, failure in (*result.failures, *result.errors))

    def assertBreach(self, test: str, driver: Any, says: str, kit: FakeKit | None = None) -> None:
        self.assertIn(says, self.breach(test, driver, kit) or "nothing")

    def test_keeps(self) -> None:
        """What is not broken passes: the other tests show something."""
        self.assertEqual(self.breach("test_contractStarts", scripted()), "")

    def test_noDriver(self) -> None:
        driver = scripted()
        driver.systems = ["Scripted"]  # type: ignore[assignment]
        self.assertBreach("test_contractDriverIsProvided", driver, "tuple")

    def test_problemsOfAGoodConfiguration(self) -> None:
        self.assertBreach("test_contractCheckIsPure", ScriptedDriver(problems=["never content"]), "never content")

    def test_unequalKeys(self) -> None:
        driver = scripted()
        driver.linkKey = lambda settings, gateway, device: device.id  # type: ignore[method-assign]
        self.assertBreach("test_contractLinkKeysAreEqual", driver, "2 != 1")

    def test_linkConnects(self) -> None:
        kit = FakeKit()
        driver = scripted()
        make = driver.link

        def link(*args: Any) -> ScriptedLink:
            kit.clock.callLater(1, lambda: None)
            return make(*args)

        driver.link = link  # type: ignore[method-assign, assignment]
        self.assertBreach("test_contractLinkDoesNoIO", driver, "set a timer before start()", kit)

    def test_startHangs(self) -> None:
        driver = scripted()
        driver.onStart(Deferred())
        self.assertBreach("test_contractStarts", driver, "start() must fire with None")

    def test_startFailsUntyped(self) -> None:
        driver = scripted()
        driver.onStart(ValueError("boom"))
        self.assertBreach("test_contractStopDuringStart", driver, "start() failed with")

    def test_failsUntypedWhereNobodyAnswers(self) -> None:
        driver = scripted()
        driver.onStart(ValueError("boom"))
        self.assertBreach("test_contractStopAfterAFailedStart", driver, "LinkFailed")

    def connecting(self, **methods: Any) -> tuple[ScriptedDriver, FakeKit]:
        """A driver whose link connects, with a protocol that has these methods."""
        kit = FakeKit()
        kit.accept("bus")

        def start(link: ScriptedLink) -> Deferred[None]:
            link.state = "started"
            made = type("Made", (Protocol,), methods)
            connecting: Deferred[Any] = link.kit.connect("bus", Factory.forProtocol(made))
            return connecting.addCallback(lambda _: None)

        return self._withLink("start", start), kit

    def test_raisesOnGarbage(self) -> None:
        def fail(self: Any, data: bytes) -> None:
            raise ZeroDivisionError

        driver, kit = self.connecting(dataReceived=fail)
        self.assertBreach("test_contractGarbage", driver, "ZeroDivisionError", kit)

    def test_lossIsNotTold(self) -> None:
        driver, kit = self.connecting()
        self.assertBreach("test_contractStopAfterALoss", driver, "[] != ", kit)

    def test_bugUnderSupervision(self) -> None:
        """Also in what nobody waits for."""
        driver = scripted()
        driver.faulty("refresh", RuntimeError)
        self.assertBreach("test_contractUnderSupervision", driver, "{'scripted': 1}")

    def _withLink(self, name: str, method: Any) -> ScriptedDriver:
        driver = scripted()
        make = driver.link

        def link(*args: Any) -> ScriptedLink:
            made = make(*args)
            setattr(made, name, lambda *given: method(made, *given))
            return made

        driver.link = link  # type: ignore[method-assign, assignment]
        return driver

    def test_stopFails(self) -> None:
        driver = self._withLink("stop", lambda link: fail(LinkFailed("closed", "no")))
        for test in ("BeforeStart", "IsIdempotent"):
            self.assertBreach(f"test_contractStop{test}", driver, "must fire with None")

    def test_stopLosesTheLink(self) -> None:
        def stop(link: ScriptedLink) -> Deferred[None]:
            link.port.lost(LinkFailed("closed", "closed"))
            return succeed(None)

        self.assertBreach("test_contractStopIsIdempotent", self._withLink("stop", stop), "reported as a loss")

    def test_reportsAfterStop(self) -> None:
        kit = FakeKit()

        def stop(link: ScriptedLink) -> Deferred[None]:
            port = link.devices["lamp"].port
            kit.clock.callLater(1, port.observed, Reading(Slot("lamp", "OnOffState"), "on"))
            return succeed(None)

        self.assertBreach("test_contractNothingAfterStop", self._withLink("stop", stop), "lamp was reported", kit)

    def test_servesEverything(self) -> None:
        driver = self._withLink("attach", lambda link, device, port: None)
        self.assertBreach("test_contractUnknownDevice", driver, "Unsupported not raised")

    def test_reportsAfterDetach(self) -> None:
        kit = FakeKit()

        def detach(link: ScriptedLink, id: str) -> None:
            port = link.devices["lamp"].port
            kit.clock.callLater(1, port.observed, Reading(Slot("lamp", "OnOffState"), "on"))

        self.assertBreach("test_contractDetach", self._withLink("detach", detach), "lamp was reported", kit)

    def test_refreshReportsNothing(self) -> None:
        self.assertBreach("test_contractRefresh", ScriptedDriver(), "refresh() reported nothing")

    def test_reportsForAnother(self) -> None:
        driver = ScriptedDriver()
        driver.hold(Reading(Slot("lamp", "OnOffState"), "off"))
        driver._held["lamp"]["stray"] = Reading(Slot("meter", "Co2MeasurementState"), "off")
        self.assertBreach("test_contractRefresh", driver, "'meter' != 'lamp'")

    def test_sendNeverEnds(self) -> None:
        driver = scripted()
        driver.script("lamp", None, Deferred(lambda deferred: None))
        self.assertBreach("test_contractSend", driver, "send() must fire")

    def test_sendFails(self) -> None:
        driver = scripted()
        driver.script("lamp", None, ValueError("boom"))
        self.assertBreach("test_contractSend", driver, "boom")

    def test_sendProvesForAnother(self) -> None:
        from dog.testing import confirm

        driver = scripted()
        driver.script("lamp", None, confirm(Reading(Slot("meter", "Co2MeasurementState"), "off")))
        self.assertBreach("test_contractSend", driver, "'meter' != 'lamp'")

    def test_confirmsAfterStop(self) -> None:
        """A link that goes on serving when it was stopped."""
        driver = self._withLink("stop", lambda link: succeed(None))
        self.assertBreach("test_contractSendAfterStop", driver, "confirmed")
