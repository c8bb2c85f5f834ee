"""A Modbus line on a hand-driven clock: readings, commands, faults."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.logger import formatEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.modbus import driver
from dog.drivers.modbus.codec import Mbap, Rtu
from dog.interfaces import LinkFailed
from dog.model.command import Command, Outcome, Stage
from dog.model.device import Device
from dog.model.measure import Measure
from dog.model.rights import GATEWAY
from dog.model.values import Reading, Slot, Value, features
from dog.testing.links import FakeDevicePort, FakeLinkPort
from tests.drivers.modbus.slave import (
    ENDPOINT,
    LAMP,
    THERMOMETER,
    Slave,
    SlaveKit,
    commanded,
    device,
    gateway,
    told,
)


class LineTestCase(SynchronousTestCase):
    """A line with a slave at its other end."""

    def setUp(self) -> None:
        self.slave = Slave()
        self.slave.hold("c", 0, 0)
        self.slave.hold("ir", 100, 215)
        self.kit = SlaveKit(self.slave)
        self.linkPort = FakeLinkPort()
        self.ports: dict[str, FakeDevicePort] = {}
        self.attached: dict[str, Any] = {}

    def begin(self, *devices: Device, settings: Any = None, **named: object) -> Any:
        """Start a line with these devices, and let it read everything once."""
        gw = gateway(**named)
        key = driver.linkKey(settings or {}, gw, devices[0])
        self.link = driver.link(key, settings or {}, gw, self.linkPort, self.kit)
        for each in devices:
            self.ports[each.id] = FakeDevicePort()
            self.attached[each.id] = self.link.attach(each, self.ports[each.id])
        self.addCleanup(self.link.stop)
        self.successResultOf(self.link.start())
        self.kit.run(0.5)
        return self.link

    def values(self, id: str) -> dict[Any, Value]:
        """State, or (state, features), -> value."""
        return {
            (slot.state if not slot.features else (slot.state, slot.features)): value
            for slot, value in self.ports[id].values.items()
        }

    @property
    def functions(self) -> list[int]:
        """The function codes that were asked for."""
        return [pdu[0] for _, pdu in self.slave.requests]

    def start(self, device: Device, name: str, **args: Value) -> Any:
        type = device.commands[name][0]
        command = Command("c1", device.id, type, args, self.kit.clock.seconds() + 2.0, GATEWAY)
        return self.attached[device.id].send(command)

    def send(self, device: Device, name: str, **args: Value) -> Outcome:
        sending = self.start(device, name, **args)
        self.kit.run(3.0)
        outcome: Outcome = self.successResultOf(sending)
        return outcome

    def confirmed(self, device: Device, name: str, **args: Value) -> dict[str, Value]:
        """Send, and what the outcome proves."""
        outcome = self.send(device, name, **args)
        self.assertEqual((outcome.stage, outcome.reason), (Stage.CONFIRMED, None))
        return {each.slot.state: each.value for each in outcome.seen if isinstance(each, Reading)}


class ReadingTests(LineTestCase):
    def test_states(self) -> None:
        self.begin(LAMP, THERMOMETER)
        self.assertEqual(self.values("lamp"), {"OnOffState": "off"})
        self.assertEqual(self.values("thermometer"), {"TemperatureState": Measure(Decimal("21.5"), "C")})

    def test_changesAreSeenAtTheNextPoll(self) -> None:
        self.begin(LAMP, THERMOMETER)
        self.slave.hold("ir", 100, -31)
        self.slave.hold("c", 0, 1)
        self.kit.run(5.1)
        self.assertEqual(str(self.values("thermometer")["TemperatureState"]), "-3.1 C")
        self.assertEqual(self.values("lamp")["OnOffState"], "on")

    def test_intervals(self) -> None:
        """The setting, the gateway's, the device's own."""
        quick = device("quick", "SimpleLamp", told("StateChangeNotification", 500, "c"), pollingTimeMillis=200)
        self.slave.hold("c", 500, 1)
        self.begin(LAMP, quick, settings={"pollingTimeMillis": 1000})
        self.slave.requests.clear()
        self.kit.run(10)
        addresses = [pdu[1] * 256 + pdu[2] for _, pdu in self.slave.requests]
        self.assertEqual((addresses.count(0), addresses.count(500)), (10, 50))

    def test_neighboursInOneRequest(self) -> None:
        """A meter of eleven values takes one request; without block reads it takes eleven."""
        for named, requests in (({}, 1), ({"blockReads": "false"}, 3)):
            meter = device(
                "meter",
                "ThreePhaseElectricityMeter",
                *(
                    told("ThreePhaseCurrentMeasurementNotification", 200 + 2 * n, dataSize="float32", phaseID=f"L{n}")
                    for n in (1, 2, 3)
                ),
                **named,
            )
            self.setUp()
            self.slave.hold("hr", 202, 0x3F80, 0, 0x4000, 0, 0x4040, 0)
            self.begin(meter)
            self.assertEqual(len(self.slave.requests), requests)
            self.assertEqual(len(self.ports["meter"].steps), requests)
            self.assertEqual(
                {key[1]: str(value) for key, value in self.values("meter").items()},
                {features(phaseID=f"L{n}"): f"{n}.0 A" for n in (1, 2, 3)},
            )

    def test_gapThatCantBeRead(self) -> None:
        """What lies between two registers does not exist: from then on they are read apart."""
        two = device(
            "two",
            "TemperatureAndHumiditySensor",
            told("TemperatureMeasurementNotification", 10),
            told("HumidityMeasurementNotification", 14),
        )
        self.slave.hold("hr", 10, 20)
        self.slave.hold("hr", 14, 50)
        self.begin(two)
        self.assertEqual(
            {key: str(value) for key, value in self.values("two").items()},
            {"TemperatureState": "20 C", "HumidityMeasurementState": "50 %"},
        )
        self.assertEqual(len(self.slave.requests), 3)

    def test_oneRegisterIsRefused(self) -> None:
        """The others of the device are read; the unit is no less reachable; the log says it once."""
        del self.slave.words[1, "ir", 100]
        self.begin(LAMP, THERMOMETER)
        self.kit.run(20)
        self.assertEqual(self.ports["thermometer"].seen, [])
        self.assertEqual(self.values("lamp"), {"OnOffState": "off"})
        self.assertEqual(self.ports["thermometer"].reachability, [])
        self.slave.hold("ir", 100, 7)
        self.kit.run(5.1)
        self.assertEqual(str(self.values("thermometer")["TemperatureState"]), "0.7 C")

    def test_notANumber(self) -> None:
        hot = device(
            "hot", "SingleTemperatureSensor", told("TemperatureMeasurementNotification", 1, dataSize="float32")
        )
        self.slave.hold("hr", 1, 0x7FC0, 0)
        self.begin(hot)
        self.assertEqual(self.ports["hot"].seen, [])

    def test_queryReadsNow(self) -> None:
        self.begin(THERMOMETER)
        self.slave.hold("ir", 100, 222)
        outcome = self.send(THERMOMETER, "getTemperature")
        self.assertEqual(outcome.stage, Stage.CONFIRMED)
        self.assertEqual([(str(each.value), each.forced) for each in outcome.seen], [("22.2 C", True)])  # type: ignore[union-attr]

    def test_valuesAgeByTheirInterval(self) -> None:
        self.begin(LAMP, settings={"pollingTimeMillis": 60_000})
        self.assertEqual([each.maxAge for each in self.ports["lamp"].seen], [180.0])  # type: ignore[union-attr]


class CommandTests(LineTestCase):
    def test_onWithoutRegisterOfItsOwn(self) -> None:
        """It writes a real boolean to the notification's coil, and the state follows at once."""
        self.begin(LAMP)
        self.assertEqual(self.confirmed(LAMP, "on"), {"OnOffState": "on"})
        self.assertEqual(self.slave.requests[1], (1, bytes.fromhex("050000ff00")))
        self.assertEqual(self.confirmed(LAMP, "off"), {"OnOffState": "off"})
        self.assertFalse(self.slave.bits[1, "c", 0])

    def test_onWithARegisterOfItsOwn(self) -> None:
        """It is used; the notification's is read right afterwards."""
        lamp = device(
            "lamp",
            "SimpleLamp",
            commanded("on", 7, "c"),
            commanded("off", 7, "c"),
            told("StateChangeNotification", 0, "di"),
        )
        self.slave.hold("c", 7, 0)
        self.slave.hold("di", 0, 0)
        self.begin(lamp)
        self.slave.hold("di", 0, 1)
        self.assertEqual(self.confirmed(lamp, "on"), {})
        self.assertTrue(self.slave.bits[1, "c", 7])
        self.assertEqual(self.values("lamp"), {"OnOffState": "on"})
        self.confirmed(lamp, "off")
        self.assertFalse(self.slave.bits[1, "c", 7])

    def test_nothingTellsTheState(self) -> None:
        """The unit has acknowledged: that is all there is to know."""
        lamp = device("lamp", "SimpleLamp", commanded("on", 7, "c"), commanded("off", 7, "c"))
        self.slave.hold("c", 7, 0)
        self.begin(lamp)
        self.assertEqual(self.confirmed(lamp, "on"), {"OnOffState": "on"})

    def test_bitOfARegister(self) -> None:
        """Changed in one go where the unit can do it, and its neighbours stay."""
        lamp = device("lamp", "SimpleLamp", told("StateChangeNotification", 5, dataSize="bit", bit=3))
        self.slave.hold("hr", 5, 0xA005)
        self.begin(lamp)
        self.slave.requests.clear()
        self.assertEqual(self.confirmed(lamp, "on"), {"OnOffState": "on"})
        self.assertEqual((self.slave.word(5), self.functions), (0xA00D, [22]))
        self.slave.hold("hr", 5, 0x000F)
        self.assertEqual(self.confirmed(lamp, "off"), {"OnOffState": "off"})
        self.assertEqual(self.slave.word(5), 0x0007)

    def test_bitOfARegisterWithoutMaskWrite(self) -> None:
        """Read, modified, written, with nothing in between; the unit is not asked for a mask write again."""
        lamp = device("lamp", "SimpleLamp", told("StateChangeNotification", 5, dataSize="bit", bit=3))
        for deafTo, refusing in ((set(), {22: 1}), ({22}, {})):
            self.setUp()
            self.slave.deafTo, self.slave.refusing = deafTo, refusing
            self.slave.hold("hr", 5, 0xA005)
            self.begin(lamp, pollingTimeMillis=60_000)
            self.slave.requests.clear()
            for name, word, functions in (("on", 0xA00D, [22, 3, 6]), ("off", 0xA005, [3, 6])):
                self.assertEqual(self.confirmed(lamp, name), {"OnOffState": name})
                self.assertEqual((self.slave.word(5), self.functions), (word, functions))
                self.slave.requests.clear()
            self.assertEqual(self.ports["lamp"].reachability, [])

    def test_maskWriteIsRefusedForAnotherReason(self) -> None:
        """That is the answer to the command."""
        lamp = device("lamp", "SimpleLamp", told("StateChangeNotification", 5, dataSize="bit", bit=3))
        self.slave.hold("hr", 5, 0)
        self.slave.refusing = {22: 4}
        self.begin(lamp)
        self.assertEqual(self.send(lamp, "on").reason, "SERVER DEVICE FAILURE (exception 4)")

    def test_bitsThatShareARegister(self) -> None:
        """What a mask write proves is its own bit; the other is read right afterwards, and told as it is."""
        both = device(
            "both",
            "DimmerLamp",
            told("StateChangeNotification", 5, dataSize="bit", bit=3),
            told("LevelControlNotification", 5, dataSize="uint8", byte="hi"),
        )
        self.slave.hold("hr", 5, 0x2A00)
        self.begin(both)
        self.assertEqual(self.values("both"), {"OnOffState": "off", "LevelState": 42})
        self.slave.hold("hr", 5, 0x2B00)
        self.assertEqual(self.confirmed(both, "on"), {"OnOffState": "on"})
        self.assertEqual(self.values("both"), {"OnOffState": "off", "LevelState": 43} | {"OnOffState": "on"})
        self.assertEqual(self.confirmed(both, "set", value=7), {"LevelState": 7})
        self.assertEqual(self.slave.word(5), 0x0708)

    def test_unitsThatKnowOnlyTheLargerFunctions(self) -> None:
        """One coil by function 15, one register by 16, where 5 and 6 are refused; asked for once."""
        dimmer = device("dimmer", "DimmerLamp", told("LevelControlNotification", 9))
        self.slave.hold("hr", 9, 0)
        self.slave.refusing = {5: 1, 6: 1}
        self.begin(LAMP, dimmer, pollingTimeMillis=60_000)
        for sent, name, args, functions in (
            (LAMP, "on", {}, [5, 15]),
            (LAMP, "off", {}, [15]),
            (LAMP, "on", {}, [15]),
            (dimmer, "set", {"value": 30}, [6, 16]),
            (dimmer, "set", {"value": 31}, [16]),
        ):
            self.slave.requests.clear()
            self.confirmed(sent, name, **args)
            self.assertEqual(self.functions, functions)
        self.assertEqual((self.slave.word(9), self.slave.bits[1, "c", 0]), (31, True))
        self.slave.refusing |= {15: 1}
        self.assertEqual(self.send(LAMP, "off").reason, "ILLEGAL FUNCTION (exception 1)")

    def test_dimmer(self) -> None:
        lamp = device("dimmer", "DimmerLamp", told("LevelControlNotification", 9, scaleFactor="0.5"))
        self.slave.hold("hr", 9, 60)
        self.begin(lamp)
        self.assertEqual(self.values("dimmer"), {"LevelState": 30, "OnOffState": "on"})
        self.assertEqual(self.confirmed(lamp, "set", value=45), {"LevelState": 45, "OnOffState": "on"})
        self.assertEqual(self.slave.word(9), 90)
        self.slave.hold("hr", 9, 190)
        self.assertEqual(self.confirmed(lamp, "stepUp")["LevelState"], 100)
        self.assertEqual(self.confirmed(lamp, "stepDown")["LevelState"], 90)
        self.assertEqual(self.confirmed(lamp, "off"), {"LevelState": 0, "OnOffState": "off"})
        self.assertEqual(self.slave.word(9), 0)

    def test_dimmerWithRegistersOfItsOwn(self) -> None:
        lamp = device("dimmer", "DimmerLamp", commanded("set", 20), commanded("stepUp", 21, "c"))
        self.slave.hold("hr", 20, 0)
        self.slave.hold("c", 21, 0)
        self.begin(lamp)
        self.assertEqual(self.confirmed(lamp, "set", value=45), {"LevelState": 45})
        self.confirmed(lamp, "stepUp")
        self.assertEqual((self.slave.word(20), self.slave.bits[1, "c", 21]), (45, True))

    def test_shutter(self) -> None:
        """One register, a number for each command and each state."""
        shutter = device(
            "shutter",
            "ShutterActuator",
            commanded("up", 30, registerValue=1),
            commanded("down", 30, registerValue=2),
            commanded("rest", 30, registerValue=0),
            told("MovingUpNotification", 31, registerValue=1),
            told("MovingDownNotification", 31, registerValue=2),
            told("RestNotification", 31, registerValue=0),
        )
        self.slave.hold("hr", 30, 0, 2)
        self.begin(shutter)
        self.assertEqual(self.values("shutter"), {"ShutterState": "lowering"})
        for name, raw, state in (("up", 1, "raising"), ("rest", 0, "rest"), ("down", 2, "lowering")):
            self.slave.hold("hr", 31, raw)
            self.confirmed(shutter, name)
            self.assertEqual((self.slave.word(30), self.values("shutter")), (raw, {"ShutterState": state}))

    def test_thermostat(self) -> None:
        """A set point that is no state of its class is told when it changes."""
        found = device("t", "Thermostat", told("ChangedDesiredTemperatureNotification", 40, scaleFactor="0.1"))
        self.slave.hold("hr", 40, 200)
        self.begin(found)
        self.assertEqual(self.ports["t"].seen, [])
        outcome = self.send(found, "setTemperatureAt", temperature=Measure.parse("21.5 C"))
        self.assertEqual(self.slave.word(40), 215)
        self.assertEqual(
            [(each.notification, each.params) for each in outcome.seen],  # type: ignore[union-attr]
            [("ChangedDesiredTemperatureNotification", {"newTemperatureValue": Measure.parse("21.5 C")})],
        )
        self.slave.hold("hr", 40, 190)
        self.kit.run(5.1)
        self.assertEqual(len(self.ports["t"].pulses), 1)

    def test_contacts(self) -> None:
        door = device(
            "door",
            "DoorSensor",
            told("OpenNotification", 0, "di"),
            told("CloseNotification", 0, "di"),
            system="Modbus",
        )
        self.slave.hold("di", 0, 1)
        self.begin(door)
        self.assertEqual(self.values("door"), {"OpenCloseState": "open"})
        self.slave.hold("di", 0, 0)
        self.kit.run(5.1)
        self.assertEqual(self.values("door"), {"OpenCloseState": "close"})

    def test_noRoom(self) -> None:
        lamp = device("dimmer", "DimmerLamp", commanded("set", 20, scaleFactor="0.001"))
        self.begin(lamp)
        outcome = self.send(lamp, "set", value=100)
        self.assertEqual((outcome.stage, outcome.code), (Stage.FAILED, "out_of_range"))
        self.assertEqual([pdu for _, pdu in self.slave.requests], [])
        self.assertEqual(self.send(lamp, "set", value="blue").code, "bad_value")

    def test_noRegister(self) -> None:
        outcome = self.send_off_only()
        self.assertEqual((outcome.stage, outcome.code), (Stage.FAILED, "bus_refused"))
        self.assertEqual(outcome.reason, "no register is described for 'on'")

    def send_off_only(self) -> Outcome:
        lamp = device("lamp", "SimpleLamp", commanded("off", 7, "c"))
        self.begin(lamp)
        return self.send(lamp, "on")

    def test_exceptionsAreNamed(self) -> None:
        self.begin(LAMP)
        self.slave.refusing[5] = 4
        outcome = self.send(LAMP, "on")
        self.assertEqual((outcome.stage, outcome.code), (Stage.FAILED, "bus_refused"))
        self.assertEqual(outcome.reason, "SERVER DEVICE FAILURE (exception 4)")

    def test_busyUnitIsAskedAgain(self) -> None:
        self.begin(LAMP)
        self.slave.refusing[5] = 6
        sending = self.start(LAMP, "on")
        self.kit.run(0.02)
        del self.slave.refusing[5]
        self.kit.run(0.2)
        self.assertEqual(self.successResultOf(sending).stage, Stage.CONFIRMED)

    def test_aheadOfPolls(self) -> None:
        """On a line with much to read a command is the next request, yet polls are not starved."""
        many = [device(f"l{n}", "SimpleLamp", told("StateChangeNotification", n * 100, "c")) for n in range(1, 40)]
        for n in range(1, 40):
            self.slave.hold("c", n * 100, 0)
        self.begin(LAMP, *many)
        for each in self.attached.values():
            each.refresh()
        self.slave.requests.clear()
        for _ in range(20):
            self.start(LAMP, "on")
        self.kit.run(2)
        functions = [pdu[0] for _, pdu in self.slave.requests]
        self.assertLessEqual(functions[:3].index(5), 1)
        self.assertEqual(functions.count(5), 20)
        self.assertIn(1, functions[2:12])

    def test_cancelledBeforeItsTurn(self) -> None:
        """It is not sent at all."""
        self.slave.deaf = {2}
        dead = device("dead", "SimpleLamp", told("StateChangeNotification", 0, "c", slaveId=2))
        self.begin(LAMP, dead)
        self.kit.run(30)
        first, second = self.start(dead, "on"), self.start(LAMP, "on")
        second.addErrback(lambda _: None)
        second.cancel()
        self.kit.run(3)
        self.assertEqual(self.successResultOf(first).stage, Stage.UNKNOWN)
        self.assertFalse(self.slave.bits[1, "c", 0])

    def test_cancelledMeanwhile(self) -> None:
        """What was on its way is finished, and what it shows is told."""
        self.begin(LAMP)
        self.ports["lamp"].clear()
        sending = self.start(LAMP, "on")
        sending.addErrback(lambda _: None)
        sending.cancel()
        self.kit.run(0.2)
        self.assertTrue(self.slave.bits[1, "c", 0])
        self.assertEqual(self.values("lamp"), {"OnOffState": "on"})


class FaultTests(LineTestCase):
    def test_silentUnit(self) -> None:
        """Its devices turn unreachable, the others do not notice; once it answers, all is well within a poll."""
        other = device("other", "SimpleLamp", told("StateChangeNotification", 0, "c", slaveId=2))
        self.slave.hold("c", 0, 1, unit=2)
        self.begin(LAMP, other)
        self.slave.deaf = {2}
        self.kit.run(20)
        self.assertEqual([yes for yes, _ in self.ports["other"].reachability], [False])
        self.assertIn("unit 2 does not answer: no answer within 0.5 s", self.ports["other"].reachability[0][1] or "")
        self.assertEqual(self.ports["lamp"].reachability, [])
        self.ports["lamp"].clear()
        self.ports["other"].clear()
        self.kit.run(20)
        self.assertEqual(len(self.ports["lamp"].steps), 4)
        self.slave.deaf = set()
        self.slave.hold("c", 0, 0, unit=2)
        self.kit.run(5.6)
        self.assertEqual(self.ports["other"].reachability, [(True, None)])
        self.assertEqual(self.values("other"), {"OnOffState": "off"})

    def test_commandToASilentUnit(self) -> None:
        self.begin(LAMP)
        self.slave.deaf = {1}
        outcome = self.send(LAMP, "on")
        self.assertEqual((outcome.stage, outcome.code), (Stage.UNKNOWN, "timeout"))
        self.assertEqual(self.ports["lamp"].reachability[0][0], False)
        self.slave.deaf = set()
        self.assertEqual(self.send(LAMP, "on").stage, Stage.CONFIRMED)
        self.assertEqual(self.ports["lamp"].reachability[-1], (True, None))

    def test_outcomeBeforeReachability(self) -> None:
        """A command that may have happened is unknown, not failed with the device: it is settled first."""
        self.begin(LAMP)
        self.slave.deaf = {1}
        order: list[str] = []
        self.ports["lamp"].reachable = lambda yes, reason=None: order.append("unreachable")  # type: ignore[method-assign]
        self.start(LAMP, "on").addCallback(lambda outcome: order.append(outcome.stage.value))
        self.kit.run(3)
        self.assertEqual(order[:2], ["unknown", "unreachable"])

    def test_attachedWhileItsUnitIsSilent(self) -> None:
        """It is told, too, that its unit does not answer."""
        link = self.begin(LAMP)
        self.slave.deaf = {1}
        self.kit.run(7)
        port = FakeDevicePort()
        link.attach(THERMOMETER, port)
        self.kit.run(6)
        self.assertEqual([yes for yes, _ in port.reachability], [False])

    def test_gatewaySaysThatTheUnitIsSilent(self) -> None:
        self.begin(LAMP)
        self.slave.refusing = {1: 11, 5: 11}
        self.kit.run(6)
        self.assertEqual([yes for yes, _ in self.ports["lamp"].reachability], [False])
        self.assertEqual(self.send(LAMP, "on").code, "unreachable")
        self.kit.run(40)
        self.assertEqual(self.linkPort.losses, [])
        # Refusing is an answer, too.
        self.slave.refusing = {1: 2}
        self.kit.run(6)
        self.assertEqual(self.ports["lamp"].reachability[-1], (True, None))

    def test_timesOfOneRegister(self) -> None:
        slow = device("slow", "SimpleLamp", told("StateChangeNotification", 0, "c", requestTimeout=3000))
        self.slave.deaf = {1}
        self.begin(slow)
        self.kit.run(7)
        self.assertIn("no answer within 3 s", self.ports["slow"].reachability[0][1] or "")

    def test_garbage(self) -> None:
        """Garbage before, after and between: read all the same."""
        self.begin(LAMP)
        self.slave.corrupt = lambda data: b"\x00\xff\x13" + data + b"\x01\x02"
        self.slave.hold("c", 0, 1)
        self.kit.run(5.1)
        self.assertEqual(self.values("lamp"), {"OnOffState": "on"})

    def test_wrongTransaction(self) -> None:
        """An answer to something else is not taken for ours."""
        self.begin(THERMOMETER)
        self.slave.corrupt = lambda data: bytes([data[0] ^ 1]) + data[1:]
        self.slave.hold("ir", 100, 999)
        self.kit.run(6)
        self.assertEqual(str(self.values("thermometer")["TemperatureState"]), "21.5 C")
        self.assertIn("11 bytes that make no answer", self.ports["thermometer"].reachability[0][1] or "")

    def test_muteConnectionIsReplaced(self) -> None:
        """A TCP connection on which nothing comes any more is reported as lost; a serial line is not."""
        self.begin(LAMP)
        self.slave.deaf = {1}
        self.kit.run(40)
        self.assertEqual([each.code for each in self.linkPort.losses], ["timeout"])
        self.assertTrue(self.kit.connections[0].transport.disconnecting)

    def test_connectionOnWhichNothingWasHeard(self) -> None:
        """Rather the units are dead than the connection: it is replaced now and then, not every few seconds."""
        self.slave.deaf = {1}
        self.begin(LAMP)
        self.kit.run(290)
        self.assertEqual(self.linkPort.losses, [])
        self.kit.run(20)
        self.assertEqual([each.code for each in self.linkPort.losses], ["timeout"])

    def test_lost(self) -> None:
        """What is under way is unknown, what waits has failed; the loss is told once."""
        self.begin(LAMP)
        self.slave.deaf = {1}
        first, second = self.start(LAMP, "on"), self.start(LAMP, "off")
        self.kit.connections[0].protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.successResultOf(first).stage, Stage.UNKNOWN)
        self.assertEqual(self.successResultOf(second).code, "unreachable")
        self.assertEqual([each.code for each in self.linkPort.losses], ["closed"])
        self.assertEqual(self.start(LAMP, "on").result.code, "unreachable")

    def test_detached(self) -> None:
        link = self.begin(LAMP, THERMOMETER)
        link.detach("lamp")
        self.slave.requests.clear()
        self.kit.run(20)
        self.assertEqual({pdu[0] for _, pdu in self.slave.requests}, {4})


class SerialTests(LineTestCase):
    def setUp(self) -> None:
        super().setUp()
        endpoint = "serial:/dev/ttyS9:baudRate=1200:dataBits=8:parity=none:stopBits=2"
        self.kit = SlaveKit(self.slave, endpoint, Rtu())

    def begin(self, *devices: Device, **named: Any) -> Any:
        serial = {
            "protocolVariant": "RTU",
            "portName": "/dev/ttyS9",
            "baudRate": 1200,
            "parity": "None",
            "stopBits": 2,
        }
        return super().begin(*devices, **serial | named)

    def test_bothWays(self) -> None:
        self.begin(LAMP, THERMOMETER)
        self.assertEqual(self.values("lamp"), {"OnOffState": "off"})
        self.assertEqual(self.confirmed(LAMP, "on"), {"OnOffState": "on"})

    def test_timeOutFromBaudRateAndLength(self) -> None:
        """At 1200 baud a byte takes 11 bits: request and answer alone take 138 ms."""
        self.slave.deaf = {1}
        self.begin(THERMOMETER, requestTimeout=100)
        self.kit.run(1)
        reason = self.ports["thermometer"].reachability[0][1]
        self.assertEqual(reason, "unit 1 does not answer: no answer within 0.238 s")

    def test_gapBetweenRequests(self) -> None:
        """At least 3.5 bytes, or as long as is said."""
        for gap, least in (("0", 3.5 * 11 / 1200), ("200", 0.2)):
            self.setUp()
            self.begin(LAMP, THERMOMETER, requestGap=gap)
            for each in self.attached.values():
                each.refresh()
            self.kit.times.clear()
            self.kit.run(1)
            times = self.kit.times
            self.assertGreaterEqual(times[1] - times[0], least - 1e-9)
            self.assertLess(times[1] - times[0], least + 0.01)

    def test_lateAnswer(self) -> None:
        """An answer after its time-out is not taken for that to the next request, however alike they are."""
        other = device("other", "SingleTemperatureSensor", told("TemperatureMeasurementNotification", 150, "ir"))
        self.slave.hold("ir", 150, 99)
        self.begin(THERMOMETER, other, requestTimeout=100, maxGap=0, pollingTimeMillis=1000)
        late: list[bytes] = []
        self.slave.corrupt = lambda data: late.append(data) or b""  # type: ignore[func-returns-value]
        self.attached["thermometer"].refresh()
        while not late:
            self.kit.run(0.01)
        self.kit.run(0.25)
        self.slave.corrupt = lambda data: data
        before = len(self.slave.requests)
        self.kit.connections[0].protocol.dataReceived(late[0])
        self.assertEqual(before, len(self.slave.requests))
        self.kit.run(10)
        self.assertEqual({str(each.value) for each in self.ports["other"].seen}, {"99 C"})  # type: ignore[union-attr]
        self.assertEqual({str(each.value) for each in self.ports["thermometer"].seen}, {"21.5 C"})  # type: ignore[union-attr]

    def test_echo(self) -> None:
        """An adapter that repeats what it sends: the echo of a write is no acknowledgement."""
        self.slave.hold("c", 0, 1)
        kit = self.kit
        self.begin(LAMP, echo="true", requestTimeout=100)
        self.slave.corrupt = lambda data: Rtu().encode(*kit.slave.requests[-1], 0) + data
        kit.run(6)
        self.assertEqual(self.values("lamp"), {"OnOffState": "on"})
        self.assertEqual(self.send(LAMP, "off").stage, Stage.CONFIRMED)
        self.slave.corrupt = lambda data: Rtu().encode(*kit.slave.requests[-1], 0)
        self.assertEqual(self.send(LAMP, "on").stage, Stage.UNKNOWN)


class IdentityTests(LineTestCase):
    """Who a unit is, where home.xml wants to know: in the log."""

    def said(self, *devices: Device, **named: object) -> list[str]:
        found: list[str] = []

        def look(event: Any) -> None:
            words = formatEvent(event)
            if words.startswith("Modbus unit"):
                found.append(words)

        observer: Any = look
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.begin(*devices, **named)
        self.kit.run(30)
        return found

    def test_identity(self) -> None:
        """Asked once, in as many requests as it takes."""
        self.slave.identity = {0: b"ACME", 1: b"P\n1", 2: b"3.0"}
        self.assertEqual(self.said(LAMP, THERMOMETER, identify="true"), ["Modbus unit 1 is ACME P?1 3.0"])
        self.assertEqual(self.functions.count(43), 3)

    def test_unitsThatDoNotSay(self) -> None:
        """It does them no harm, whether they refuse or do not answer to that."""
        for deafTo, why in ((set(), "ILLEGAL FUNCTION (exception 1)"), ({43}, "no answer within 0.5 s")):
            self.setUp()
            self.slave.deafTo = deafTo
            self.assertEqual(self.said(LAMP, identify="true"), [f"Modbus unit 1 does not say what it is: {why}"])
            self.assertEqual(self.ports["lamp"].reachability, [])
            self.assertEqual(self.functions.count(43), 1)

    def test_notAsked(self) -> None:
        self.assertEqual((self.said(LAMP), self.functions.count(43)), ([], 0))


class SharingTests(LineTestCase):
    def test_twoDevicesOneRegister(self) -> None:
        """Both are told by one request."""
        twin = device("twin", "SimpleLamp", told("StateChangeNotification", 0, "c"))
        self.begin(LAMP, twin)
        self.assertEqual(len(self.slave.requests), 1)
        self.assertEqual(self.ports["twin"].values, {Slot("twin", "OnOffState"): "off"})
        self.assertEqual(self.kit.attempts, [ENDPOINT])


class UdpTests(LineTestCase):
    """UDP knows no connection: a link is up when somebody has answered."""

    endpoint = "udp:192.0.2.7:502"

    def setUp(self) -> None:
        super().setUp()
        self.kit = SlaveKit(self.slave, self.endpoint)

    def starting(self, *devices: Device, **named: object) -> Any:
        gw = gateway(**{"protocolVariant": "UDP"} | named)
        self.link = driver.link(driver.linkKey({}, gw, devices[0]), {}, gw, self.linkPort, self.kit)
        for each in devices:
            self.ports[each.id] = FakeDevicePort()
            self.attached[each.id] = self.link.attach(each, self.ports[each.id])
        self.addCleanup(self.link.stop)
        return self.link.start()

    def test_up(self) -> None:
        """With the first answer, and before what it says is told."""
        order: list[str] = []
        starting = self.starting(LAMP).addCallback(lambda _: order.append("up"))
        self.ports["lamp"].observed = lambda *seen: order.append("seen")  # type: ignore[method-assign]
        self.assertNoResult(starting)
        self.kit.run(0.1)
        self.assertEqual(order, ["up", "seen"])
        self.assertEqual(self.ports["lamp"].reachability, [])

    def test_nobodyAnswers(self) -> None:
        """It does not come up, and always with the same words; it goes on asking meanwhile."""
        self.slave.deaf = {1}
        starting = self.starting(LAMP)
        self.kit.run(10.1)
        error = self.failureResultOf(starting, LinkFailed).value
        self.assertEqual((error.code, str(error)), ("timeout", "192.0.2.7:502 does not answer"))
        self.assertGreater(len(self.slave.requests), 3)
        self.assertEqual((self.linkPort.losses, self.ports["lamp"].reachability), ([], []))

    def test_nothingToAsk(self) -> None:
        """Where nothing is read, there is nothing to wait for."""
        lamp = device("lamp", "SimpleLamp", commanded("on", 7, "c"), commanded("off", 7, "c"))
        self.successResultOf(self.starting(lamp))

    def test_oneOfTwoIsSilent(self) -> None:
        """The link is up, and the silent one is told as such, though it fell silent before that."""
        other = device("other", "SimpleLamp", told("StateChangeNotification", 0, "c", slaveId=2))
        self.slave.deaf = {1}
        self.slave.refusing = {1: 11}
        starting = self.starting(LAMP, other)
        self.kit.run(3)
        self.successResultOf(starting)
        self.assertEqual([yes for yes, _ in self.ports["lamp"].reachability], [False])
        self.assertEqual([yes for yes, _ in self.ports["other"].reachability], [False])
        self.slave.refusing = {}
        self.slave.deaf = set()
        self.slave.hold("c", 0, 1, unit=2)
        self.kit.run(6)
        for each in ("lamp", "other"):
            self.assertEqual([yes for yes, _ in self.ports[each].reachability], [False, True])

    def test_refused(self) -> None:
        """Nobody listens there: it does not come up; where it was up, it is lost."""
        self.slave.deaf = {1}
        starting = self.starting(LAMP)
        self.kit.connections[0].protocol.connectionLost(Failure(ConnectionRefusedError()))
        self.assertEqual(self.failureResultOf(starting, LinkFailed).value.code, "closed")
        self.assertEqual(self.linkPort.losses, [])
        self.successResultOf(self.link.stop())
        self.slave.deaf = set()
        self.setUp()
        self.starting(LAMP)
        self.kit.run(1)
        self.kit.connections[0].protocol.connectionLost(Failure(ConnectionRefusedError()))
        self.assertEqual([each.code for each in self.linkPort.losses], ["closed"])

    def test_cancelledAndStopped(self) -> None:
        self.slave.deaf = {1}
        for end in ("cancel", "stop"):
            self.setUp()
            self.slave.deaf = {1}
            starting = self.starting(LAMP)
            self.kit.run(1)
            starting.cancel() if end == "cancel" else self.link.stop()
            self.assertEqual(self.failureResultOf(starting, LinkFailed).value.code, "closed")
            self.link.stop()
            self.kit.run(20)
            self.assertEqual(self.kit.clock.getDelayedCalls(), [])

    def test_lostDatagram(self) -> None:
        """The question is asked again."""
        self.starting(LAMP)
        self.kit.run(1)
        self.slave.deafTo = {5}
        sending = self.start(LAMP, "on")
        self.kit.run(0.4)
        self.slave.deafTo = set()
        self.kit.run(1)
        self.assertEqual(self.successResultOf(sending).stage, Stage.CONFIRMED)
        self.assertEqual(self.ports["lamp"].reachability, [])

    def test_doubledDatagrams(self) -> None:
        """The second one of an answer is nothing, with ids and without."""
        other = device("other", "SingleTemperatureSensor", told("TemperatureMeasurementNotification", 150, "ir"))
        for variant, framing in (("UDP", Mbap()), ("RTU_UDP", Rtu())):
            self.setUp()
            self.kit.framing = framing
            self.slave.hold("ir", 150, 99)
            self.slave.corrupt = self.double
            self.starting(THERMOMETER, other, protocolVariant=variant, encoding="rtu", maxGap=0)
            self.kit.run(21)
            self.assertEqual({str(each.value) for each in self.ports["other"].seen}, {"99 C"})  # type: ignore[union-attr]
            self.assertEqual({str(each.value) for each in self.ports["thermometer"].seen}, {"21.5 C"})  # type: ignore[union-attr]

    def double(self, data: bytes) -> bytes:
        """A datagram in two milliseconds, and once more a millisecond later."""
        for seconds in (0.002, 0.003):
            self.kit.clock.callLater(seconds, self.kit.connections[0].protocol.dataReceived, data)
        return b""
