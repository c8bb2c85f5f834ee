"""Valves that listen only after they have spoken: what is kept for them, what is said of it, and what proves it."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from dog.drivers.enocean.driver import EnOcean
from dog.drivers.enocean.eep import PROFILES
from dog.drivers.enocean.erp import Telegram
from dog.drivers.enocean.esp3 import ReturnCode
from dog.interfaces import Unsupported
from dog.model.command import Command, Outcome, Stage
from dog.model.measure import Measure
from dog.model.rights import GATEWAY
from dog.model.values import Pulse, Value
from dog.testing.links import FakeDevicePort, FakeLinkPort
from tests.drivers.enocean import nodejs
from tests.drivers.enocean.air import BASE, ENDPOINT, SETTINGS, device
from tests.drivers.enocean.test_link import Case

ADDRESS = 0x0025C57A

#: What a caller waits for, in seconds.
PATIENCE = 2.0


class Valves(Case):
    def valve(self, cls: str = "ThermostatTemperatureSensor") -> None:
        self.house(device("v", cls, "a5-20-01"))
        self.start()
        self.air.pump(5)

    def wakes(self, position: int = 0, temperature: int = 0x80, address: int = ADDRESS) -> None:
        """It tells its position and what it measures (128 are 20.08 C), and listens."""
        self.air.say(Telegram(0xA5, bytes([position, 0, temperature, 0x08]), address))
        self.air.pump(0.2)

    def begin(self, id: str, name: str, **args: Value) -> Deferred[Outcome]:
        kind = self.devices[id].commands[name][0]
        deadline = self.kit.clock.seconds() + PATIENCE
        sending: Deferred[Outcome] = self.units[id].send(Command("c", id, kind, args, deadline, GATEWAY))
        return sending

    def answers(self) -> list[str]:
        """What was sent since the last time."""
        found = [each.payload.hex() for each in self.air.sent]
        for each in self.air.sent:
            self.assertEqual((each.rorg, each.sender, each.destination), (0xA5, BASE, ADDRESS))
        self.air.sent.clear()
        return found

    def pulses(self) -> list[tuple[str, dict[str, str]]]:
        return [
            (each.notification, {name: str(value) for name, value in each.params.items()})
            for each in self.ports["v"].seen
            if isinstance(each, Pulse)
        ]

    def test_setPoint(self) -> None:
        """Kept until it wakes, said to be sent in time; then in answer to every telegram, with what it measured."""
        self.valve()
        self.wakes()
        self.assertEqual(self.answers(), [])
        self.air.pump(60)
        sending = self.begin("v", "setTemperatureAt", temperature=Measure.of(21, "C"))
        self.assertEqual(self.answers(), [])
        self.assertNoResult(sending)
        self.air.pump(PATIENCE - 0.1)
        outcome = self.successResultOf(sending)
        self.assertEqual((outcome.stage, outcome.seen), (Stage.SENT, ()))
        self.assertIn("kept", outcome.reason or "")
        self.assertEqual(self.pulses(), [])
        for _ in range(3):
            self.wakes(temperature=0x40)
            self.assertEqual(self.answers(), ["86bf0408"])
            self.air.pump(600)
        self.assertEqual(self.pulses(), [("ChangedDesiredTemperatureNotification", {"newTemperatureValue": "21 C"})])
        self.assertEqual(str(self.value("v", "TemperatureState")), "10.04 C")

    def test_answersAtOnce(self) -> None:
        """Within the second in which it listens, ahead of all that waits."""
        self.valve()
        self.begin("v", "heat")
        for _ in range(20):
            self.link.transmit(Telegram(0xD2, b"\3\0", BASE, destination=5))
        self.air.sent.clear()
        began = self.kit.clock.seconds()
        self.wakes()
        sent = zip(self.air.when[-len(self.air.sent) :], self.air.sent, strict=True)
        when = next(at for at, each in sent if each.rorg == 0xA5)
        self.assertLess(when - began, 0.2)

    def test_stillListening(self) -> None:
        """Ordered right after it has spoken, it is told at once."""
        self.valve()
        self.wakes()
        self.begin("v", "heat")
        self.air.pump(0.1)
        self.assertEqual(self.answers(), ["647f0008"])
        self.air.pump(2)
        self.begin("v", "stopHeatingOrCooling")
        self.air.pump(0.1)
        self.assertEqual(self.answers(), [])

    def test_confirmed(self) -> None:
        """A position is proven by a later telegram; not by one that a repeater says again."""
        self.valve("LevelControllableOutput")
        self.wakes(50)
        sending = self.begin("v", "set", value=Measure.of(50))
        self.air.pump(0.1)
        self.wakes(50)
        self.assertNoResult(sending)
        self.kit.clock.advance(0.9)
        self.wakes(50)
        self.assertEqual(self.successResultOf(sending).stage, Stage.CONFIRMED)
        self.assertEqual(self.value("v", "LevelState"), 50)

    def test_otherPosition(self) -> None:
        """Told, and somewhere else: sent, no more. It is told again, and its position is what it says."""
        self.valve("LevelControllableOutput")
        self.wakes(0)
        sending = self.begin("v", "set", value=Measure.of(80))
        self.air.pump(1.5)
        self.wakes(40)
        self.assertNoResult(sending)
        self.air.pump(0.5)
        outcome = self.successResultOf(sending)
        self.assertEqual(outcome.stage, Stage.SENT)
        self.assertIn("told 80 %", outcome.reason or "")
        self.assertEqual(self.value("v", "LevelState"), 40)
        self.assertEqual(self.answers(), ["507f0008"] * 2)

    def test_heatAndStop(self) -> None:
        """All open, all closed: told to clients when the valve tells it, once."""
        self.valve("ThermostaticRadiatorValve")
        for name, position, told in (
            ("heat", 100, "HeatNotification"),
            ("stopHeatingOrCooling", 0, "StopHeatingCoolingNotification"),
        ):
            self.begin("v", name)
            self.air.pump(3)
            self.wakes(30)
            self.assertEqual(self.pulses(), [])
            for _ in range(2):
                self.air.pump(600)
                self.wakes(position)
            self.assertEqual(self.pulses(), [(told, {})])
            self.ports["v"].clear()

    def test_radiatorValve(self) -> None:
        """Its temperature is its set point: unknown before it was told one and came back, never what it measures."""
        self.valve("ThermostaticRadiatorValve")
        self.wakes()
        self.begin("v", "setTemperatureAt", temperature=Measure.of(21, "C"))
        self.air.pump(3)
        self.assertIsNone(self.value("v", "TemperatureState"))
        for _ in range(2):
            self.air.pump(600)
            self.wakes()
        self.assertEqual(str(self.value("v", "TemperatureState")), "21 C")
        self.assertEqual(self.pulses(), [])

    def test_lastOneCounts(self) -> None:
        self.valve()
        self.begin("v", "setTemperatureAt", temperature=Measure.of(21, "C"))
        self.air.pump(3)
        self.begin("v", "setTemperatureAt", temperature=Measure.of(0, "C"))
        self.air.pump(3)
        self.wakes()
        self.assertEqual(self.answers(), ["007f0408"])

    def test_refused(self) -> None:
        """What is out of range, or nothing that a valve does, is not kept."""
        self.valve("ThermostaticRadiatorValve")
        for name, args, code in (
            ("setTemperatureAt", {"temperature": Measure.of(41, "C")}, "out_of_range"),
            ("setTemperatureAt", {"temperature": "warm"}, "bad_value"),
            ("cool", {}, "bus_refused"),
            ("setClimateSchedule", {"dailySchedules": ()}, "bus_refused"),
        ):
            outcome = self.successResultOf(self.begin("v", name, **args))
            self.assertEqual((outcome.stage, outcome.code), (Stage.FAILED, code))
        self.wakes()
        self.assertEqual(self.answers(), [])
        self.house()
        self.assertRaises(Unsupported, self.link.attach, device("x", "DoorSensor", "a5-20-01"), FakeDevicePort())

    def test_transceiverBusy(self) -> None:
        """An answer that did not get on the air counts for nothing; the next telegram has one again."""
        self.valve("LevelControllableOutput")
        sending = self.begin("v", "set", value=Measure.of(50))
        self.air.code = ReturnCode.LOCK_SET
        self.wakes(50)
        self.air.pump(1.2)
        self.air.code = ReturnCode.OK
        self.wakes(50)
        self.assertNoResult(sending)
        self.assertEqual(self.answers(), ["327f0008"] * 2)

    def test_cableIsPulled(self) -> None:
        """Its caller is told; the order stands and is told by the link that comes after."""
        driver = EnOcean()
        self.house()
        self.devices = {"v": device("v", "ThermostatTemperatureSensor", "a5-20-01")}
        for _ in range(2):
            self.link = driver.link(ENDPOINT, SETTINGS, None, FakeLinkPort(), self.kit)
            self.units["v"] = self.link.attach(self.devices["v"], FakeDevicePort())
            self.start()
            if not self.link.orders:
                sending = self.begin("v", "heat")
                self.kit.connections[-1].protocol.connectionLost(Failure(ConnectionDone()))
                self.assertEqual(self.successResultOf(sending).stage, Stage.UNKNOWN)
                self.assertEqual(self.successResultOf(self.begin("v", "heat")).code, "unreachable")
        self.wakes()
        self.assertEqual(self.answers(), ["647f0008"])

    def test_nobodyWaits(self) -> None:
        """A caller that is gone leaves no timer behind, and his order stands."""
        self.valve()
        sending = self.begin("v", "heat")
        timers = len(self.kit.clock.getDelayedCalls())
        sending.cancel()
        self.failureResultOf(sending)
        self.assertEqual(len(self.kit.clock.getDelayedCalls()), timers - 1)
        self.wakes()
        self.assertEqual(self.answers(), ["647f0008"])

    def test_brokenSensor(self) -> None:
        """A valve whose thermometer fails (DB2.2) is answered without a temperature."""
        self.valve()
        self.begin("v", "heat")
        self.air.say(Telegram(0xA5, bytes.fromhex("00048008"), ADDRESS))
        self.air.pump(0.2)
        self.assertEqual(self.answers(), ["64000008"])
        self.assertIsNone(self.value("v", "TemperatureState"))


class TeachIn(Case):
    def test_answered(self) -> None:
        """A valve learns by our answer whom to listen to, each time it asks, at home or not. A sensor gets none."""
        self.house(device("v", "ThermostatTemperatureSensor", "a5-20-01"), device("gw", "EnOceanGateway", "a5-20-01"))
        self.start()
        query = bytes.fromhex("80080a80")
        self.air.say(Telegram(0xA5, query, ADDRESS))
        self.begin("gw", "teachIn")
        for address in (ADDRESS, 5, 5):
            self.air.say(Telegram(0xA5, query, address))
            self.air.pump(0.2)
        self.air.say(Telegram(0xA5, bytes.fromhex("08280b80"), 6))
        self.air.pump(0.2)
        answer = bytes.fromhex("80080af0")
        expected = [Telegram(0xA5, answer, BASE, destination=each) for each in (ADDRESS, 5, 5)]
        self.assertEqual(self.air.sent, expected)
        offered = [each["class"] for each in self.linkPort.candidates if each["params"]["address"] == "00000005"]
        self.assertEqual(set(offered), {"ThermostatTemperatureSensor"})


class Payloads(SynchronousTestCase):
    @given(st.integers(0, 255), st.integers(0, 255), st.booleans())
    def test_roundTrip(self, point: int, measured: int, temperature: bool) -> None:
        """What a valve reads out of our answer is what it was ordered, to within half a step."""
        case = PROFILES["A5-20-01"].named("set")
        wanted = Decimal(point) * 40 / 255 if temperature else Decimal(point * 100 // 255)
        payload = case.encode(
            {"SPS": "temperature" if temperature else "valve", "SP": wanted, "TMP": Decimal(measured) * 40 / 255}
        )
        read = {name: value for name, (_, value) in case.decode(payload).items()}
        self.assertLess(abs(Decimal(read["SP"]) - wanted), Decimal("0.08"))
        self.assertLess(abs(Decimal(read["TMP"]) - Decimal(measured) * 40 / 255), Decimal("0.08"))
        self.assertEqual(payload[3], 0x08)

    def test_theyReadIt(self) -> None:
        """npm's enocean-js reads the order out of our answer."""
        reason = nodejs.whyNot()
        if reason:
            raise SkipTest(reason)
        case = PROFILES["A5-20-01"].named("set")
        payload = case.encode({"SPS": "valve", "SP": 35, "TMP": Decimal(20), "RCU": "room"})
        asked = {"eep": "a5-20-01", "rorg": 0xA5, "payload": list(payload), "sender": "ff800000", "status": 0}
        (answer,) = nodejs.ask(asked | {"direction": 2})
        self.assertEqual(answer["values"]["SP"]["rawValue"], 35)
        self.assertEqual(answer["values"]["SPS"]["rawValue"], 0)
        self.assertLess(abs(answer["values"]["TMP"]["value"] - 20), 0.1)
