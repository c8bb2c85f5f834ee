"""A link with devices on it: what is heard becomes readings, what is sent is proven, and what goes wrong is said."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.enocean.driver import EnOcean
from dog.drivers.enocean.erp import BROADCAST, Telegram
from dog.drivers.enocean.esp3 import Packet, ReturnCode
from dog.drivers.enocean.link import describeVersion
from dog.interfaces import LinkFailed, Unsupported
from dog.model.command import Command, Outcome, Stage
from dog.model.device import Device
from dog.model.measure import Measure
from dog.model.rights import GATEWAY
from dog.model.values import ExplicitTeachInData, Reading, Slot, Value, features
from dog.testing.links import FakeDevicePort, FakeKit, FakeLinkPort
from tests.drivers.enocean.air import BASE, ENDPOINT, SETTINGS, VERSION, Air, Plug, device, stall

GATEWAY_DEVICE = Device("gw", "EnOceanGateway", "EnOcean")
ADDRESS = 0x0025C57A


class Case(SynchronousTestCase):
    """A started link, on a hand-driven clock."""

    def house(self, *devices: Device, **settings: Any) -> None:
        self.kit = FakeKit()
        self.air = Air(self.kit)
        self.linkPort = FakeLinkPort()
        self.link = EnOcean().link(ENDPOINT, SETTINGS | settings, GATEWAY_DEVICE, self.linkPort, self.kit)
        self.devices = {each.id: each for each in devices}
        self.ports = {each.id: FakeDevicePort() for each in devices}
        self.units = {each.id: self.link.attach(each, self.ports[each.id]) for each in devices}

    def start(self) -> None:
        starting = self.link.start()
        self.air.pump(0.5)
        self.successResultOf(starting)

    def tearDown(self) -> None:
        stopping = self.link.stop()
        self.kit.run(2)
        self.successResultOf(stopping)
        self.assertEqual(self.kit.clock.getDelayedCalls(), [])

    def begin(self, id: str, name: str, **args: Value) -> Deferred[Outcome]:
        kind = self.devices[id].commands[name][0]
        sending: Deferred[Outcome] = self.units[id].send(Command("c", id, kind, args, 1e9, GATEWAY))
        return sending

    def send(self, id: str, name: str, **args: Value) -> Outcome:
        sending = self.begin(id, name, **args)
        self.air.pump(4)
        return self.successResultOf(sending)

    def steps(self, id: str) -> list[list[Reading]]:
        return [[each for each in step if isinstance(each, Reading)] for step in self.ports[id].steps]

    def value(self, id: str, state: str, **named: str) -> Value | None:
        return self.ports[id].values.get(Slot(id, state, features(**named)))


class Starting(Case):
    def setUp(self) -> None:
        self.house()

    def test_reads(self) -> None:
        """Version and base id are read before the link is up, the garbage of a line that was just opened ignored."""
        starting = self.link.start()
        self.air.line(b"\x00\x55\x13\x55\x00")
        self.assertNoResult(starting)
        self.air.pump(0.5)
        self.successResultOf(starting)
        self.assertEqual(self.link.baseId, BASE)
        self.assertEqual(self.link.version, "GATEWAYCTRL 2.11.1.0, API 2.6.3.0, chip 0123ABCD")
        self.assertEqual(
            describeVersion(VERSION[:17] + bytes(16)), "without name 2.11.1.0, API 2.6.3.0, chip 0123ABCD"
        )

    def test_silence(self) -> None:
        """Whatever is there, it is no transceiver."""
        self.air.mute = True
        starting = self.link.start()
        self.air.pump(5)
        self.assertEqual(self.failureResultOf(starting, LinkFailed).value.code, "timeout")
        self.assertEqual(self.linkPort.losses, [])
        self.assertTrue(self.kit.connections[-1].transport.disconnecting)

    def test_firstQuestionLost(self) -> None:
        """What was asked first may have met the end of something older: it is asked again."""
        self.air.mute = True
        starting = self.link.start()
        self.air.pump(0.3)
        self.air.mute = False
        self.air.pump(1)
        self.successResultOf(starting)

    def test_refused(self) -> None:
        self.kit.refuse(ENDPOINT)
        self.assertEqual(self.failureResultOf(self.link.start(), LinkFailed).value.code, "refused")

    def test_lostWhileStarting(self) -> None:
        starting = self.link.start()
        self.kit.connections[-1].protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.failureResultOf(starting, LinkFailed).value.code, "closed")

    def test_unplugged(self) -> None:
        """A line that ends "cleanly" is lost all the same, and reported once."""
        self.start()
        self.kit.connections[-1].protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual([each.code for each in self.linkPort.losses], ["closed"])

    def test_stopsAnswering(self) -> None:
        """A transceiver that hangs, or a TCP server that is gone without a word, is found out within two minutes."""
        self.start()
        self.air.pump(300)
        self.assertEqual(self.linkPort.losses, [])
        self.air.mute = True
        self.air.pump(70)
        self.assertEqual([each.code for each in self.linkPort.losses], ["timeout"])

    def test_cutPacket(self) -> None:
        """What has begun and does not go on is given up after 100 ms; the next packet is read."""
        plain = device("d", "DoorSensor", "d5-00-01")
        port = FakeDevicePort()
        self.link.attach(plain, port)
        self.start()
        line = Telegram(0xD5, b"\x09", ADDRESS).packet().encode()
        self.air.line(line[:9])
        self.kit.clock.advance(0.11)
        self.air.line(line)
        self.assertEqual(port.values, {Slot("d", "OpenCloseState"): "close"})


class Hearing(Case):
    def hear(self, rorg: int, payload: str, status: int = 0, address: int = ADDRESS) -> None:
        self.air.say(Telegram(rorg, bytes.fromhex(payload), address, status))

    def test_rocker(self) -> None:
        """Pressed when pressed, released when released."""
        self.house(device("r", "RockerSwitch", "f6-02-01"))
        self.start()
        self.assertEqual(self.ports["r"].seen, [])
        for payload, status, button, value in (
            ("30", 0x30, "0", "on"),
            ("00", 0x20, "0", "off"),
            ("10", 0x30, "1", "on"),
            ("00", 0x21, "1", "off"),
            ("70", 0x30, "2", "on"),
            ("00", 0x20, "2", "off"),
            ("50", 0x32, "3", "on"),
            ("40", 0x30, "3", "off"),
        ):
            self.ports["r"].clear()
            self.hear(0xF6, payload, status)
            expected = Reading(Slot("r", "MultipleOnOffState", features(buttonID=button)), value)
            self.assertEqual(self.ports["r"].steps, [(expected,)], payload)

    def test_rockerBothAndLost(self) -> None:
        """Two at once; and a release that was not heard is made up for by the next press."""
        self.house(device("r", "RockerSwitch", "F6-02-02"))
        self.start()
        self.hear(0xF6, "35", 0x30)
        self.assertEqual([each.slot.features[0][1] for each in self.steps("r")[0]], ["0", "3"])
        self.hear(0xF6, "70", 0x30)
        values = {slot.features[0][1]: value for slot, value in self.ports["r"].values.items()}
        self.assertEqual(values, {"0": "off", "3": "off", "2": "on"})
        self.ports["r"].clear()
        self.hear(0xF6, "70", 0x30)
        self.assertEqual([step[0].value for step in self.steps("r")], ["off", "on"])

    def test_button(self) -> None:
        self.house(device("b", "Button", "f6-02-01"))
        self.start()
        self.hear(0xF6, "30", 0x30)
        self.hear(0xF6, "00", 0x20)
        self.hear(0xF6, "00", 0x20)
        self.assertEqual([step[0].value for step in self.steps("b")], ["on", "off"])

    def test_door(self) -> None:
        """Nothing is made up before it was heard; a teach-in is no state."""
        self.house(device("d", "DoorSensor", "d5-00-01"), device("w", "WindowSensor", "f6-10-00", "00000001"))
        self.start()
        self.hear(0xD5, "00")
        self.assertEqual(self.ports["d"].seen, [])
        self.hear(0xD5, "08")
        self.assertEqual(self.value("d", "OpenCloseState"), "open")
        self.hear(0xD5, "09")
        self.assertEqual(self.value("d", "OpenCloseState"), "close")
        self.hear(0xF6, "d0", 0x20, 1)
        self.assertEqual(self.value("w", "OpenCloseState"), "open")
        self.hear(0xF6, "f0", 0x20, 1)
        self.assertEqual(self.value("w", "OpenCloseState"), "close")

    def test_sensors(self) -> None:
        """Several quantities of one telegram are one step, in the catalogue's units, with an age where it is given."""
        self.house(
            device("t", "SingleTemperatureSensor", "a5-02-05", "1", maxAge="3000"),
            device("h", "TemperatureAndHumiditySensor", "a5-04-01", "2"),
            device("l", "LightSensor", "a5-06-01", "3"),
            device("o", "OccupancySensor", "a5-07-01", "4"),
            device("x", "TripleSensor", "a5-08-01", "5"),
            device("c", "Co2Sensor", "a5-09-04", "6"),
            device("e", "EnergyAndPowerMeter", "a5-12-01", "7"),
            device("v", "SingleTemperatureSensor", "a5-20-01", "8"),
        )
        self.start()
        for address, payload in enumerate(
            ("00008008", "007dfa0a", "ff00ff09", "fa008009", "00ff690d", "c846690e", "0030390b", "32008008"), 1
        ):
            self.hear(0xA5, payload, 0, address)
        self.hear(0xA5, "00303909", 0, 7)
        self.hear(0xA5, "0030390c", 0, 7)
        self.assertEqual(self.ports["t"].steps, [(self.reading("t", "TemperatureState", "19.92 C", 3000.0),)])
        self.assertEqual(len(self.ports["h"].steps), 1)
        for id, state, value in (
            ("h", "TemperatureState", "40.00 C"),
            ("h", "HumidityMeasurementState", "50.0 %"),
            ("l", "LightIntensityState", "300 lx"),
            ("x", "TemperatureState", "21.0 C"),
            ("x", "LightIntensityState", "510 lx"),
            ("c", "Co2MeasurementState", "700 ppm"),
            ("e", "SinglePhaseActiveEnergyState", "1234.5 kWh"),
            ("e", "SinglePhaseActivePowerMeasurementState", "12345 W"),
        ):
            self.assertEqual(str(self.value(id, state)), value)
        self.assertEqual(self.value("o", "OccupancyState"), "personInside")
        self.assertEqual(self.value("x", "MovementState"), "isMoving")
        self.assertEqual(self.ports["v"].steps, [(self.reading("v", "TemperatureState", "20.08 C", 1500.0),)])

    def reading(self, id: str, state: str, text: str, maxAge: float | None) -> Reading:
        return Reading(Slot(id, state), Measure.parse(text), maxAge=maxAge)

    def test_asked(self) -> None:
        """A sensor can't be asked: it is told what it last said, as of then."""
        self.house(device("t", "SingleTemperatureSensor", "a5-02-05"))
        self.start()
        self.assertEqual(self.send("t", "getState").stage, Stage.FAILED)
        self.hear(0xA5, "00008008")
        heard = self.kit.utcNow()
        self.air.pump(100)
        outcome = self.send("t", "getTemperature")
        self.assertEqual(outcome.stage, Stage.CONFIRMED)
        self.assertEqual([each.at for each in outcome.seen], [heard])
        self.assertEqual(self.send("t", "deleteGroup", groupID=1).code, "bus_refused")

    def test_strangers(self) -> None:
        """Other addresses, other kinds of telegrams, and our own telegrams from a repeater change nothing."""
        self.house(
            device("t", "SingleTemperatureSensor", "a5-02-05"), device("s", "RockerSwitch", "f6-02-01", "FF800001")
        )
        self.start()
        self.hear(0xA5, "00008008", 0, 99)
        self.hear(0xF6, "30", 0x30)
        self.hear(0xD1, "0000")
        self.hear(0xF6, "30", 0x30, BASE + 1)
        self.assertEqual([*self.ports["t"].seen, *self.ports["s"].seen], [])
        self.assertEqual(self.link.strangers, 1)
        self.assertEqual(self.linkPort.candidates, [])

    def test_unsupported(self) -> None:
        self.house()
        for cls, eep in (
            ("DoorSensor", "a5-02-05"),
            ("DoorSensor", "f6-02-01"),
            ("DoorSensor", "d2-01-0a"),
            ("DoorSensor", "d2-05-00"),
            ("DoorSensor", "xx"),
        ):
            self.assertRaises(Unsupported, self.link.attach, device("x", cls, eep), FakeDevicePort())


class Actuators(Case):
    def outlet(self, cls: str = "MainsPowerOutlet", **params: str) -> None:
        self.house(device("p", cls, "d2-01-0a", "01020304", **params))
        self.plug = self.air.devices[0x01020304] = Plug()
        self.start()

    def test_asksAtStart(self) -> None:
        self.outlet("MeteringPowerOutlet")
        self.assertEqual(self.value("p", "OnOffState"), "off")
        self.assertEqual(str(self.value("p", "SinglePhaseActivePowerMeasurementState")), "1234 W")
        self.assertEqual(str(self.value("p", "SinglePhaseActiveEnergyState")), "1.234 kWh")

    def test_confirmed(self) -> None:
        """Sent to the device alone, from the base id; proven by its status."""
        self.outlet()
        self.air.sent.clear()
        outcome = self.send("p", "on")
        self.assertEqual((outcome.stage, outcome.seen[0].value), (Stage.CONFIRMED, "on"))  # type: ignore[union-attr]
        order = Telegram(0xD2, bytes.fromhex("010064"), BASE, 0, 0x01020304)
        query = Telegram(0xD2, bytes.fromhex("0300"), BASE, 0, 0x01020304)
        self.assertEqual(self.air.sent, [order, query])
        self.assertEqual(self.value("p", "OnOffState"), "on")
        self.assertEqual(self.send("p", "off").stage, Stage.CONFIRMED)
        self.assertEqual(self.plug.output, 0)

    def test_readLate(self) -> None:
        """An answer that has come, and was only not read yet when its time was over, is in time."""
        self.outlet()
        self.air.devices.clear()
        self.air.sent.clear()
        sending = self.begin("p", "on")
        self.air.pump(0.5)
        stall(self.kit, 2)
        self.plug.output = 100
        self.air.say(self.plug.status())
        self.assertEqual(self.successResultOf(sending).stage, Stage.CONFIRMED)
        self.assertEqual([each.payload[0] for each in self.air.sent], [1, 3])

    def test_localChange(self) -> None:
        """Somebody at the device itself; another channel is another device's."""
        self.outlet()
        self.plug.output = 100
        self.air.say(self.plug.status(), self.plug.says(bytes.fromhex("046100")))
        self.assertEqual(self.value("p", "OnOffState"), "on")

    def test_dimmer(self) -> None:
        self.outlet("LevelControllableOutput")
        self.assertEqual(self.send("p", "set", value=Measure.of(35)).stage, Stage.CONFIRMED)
        self.assertEqual(self.value("p", "LevelState"), 35)
        self.send("p", "stepUp")
        self.assertEqual((self.plug.output, self.value("p", "LevelState")), (45, 45))
        for _ in range(6):
            self.send("p", "stepDown")
        self.assertEqual((self.plug.output, self.value("p", "OnOffState")), (0, "off"))
        self.assertEqual(self.send("p", "set", value=Measure.of(101)).code, "bad_value")
        self.assertEqual(self.plug.output, 0)

    def test_rounding(self) -> None:
        """A dimmer may round by one; on another level it may be under way: sent, not confirmed."""
        self.outlet("LevelControllableOutput")
        for off, stage in ((1, Stage.CONFIRMED), (5, Stage.SENT)):
            self.air.devices[0x01020304] = lambda telegram, off=off: (  # type: ignore[misc]
                [self.plug.says(bytes([4, 0x60, 35 - off]))] if telegram.payload[0] == 3 else []
            )
            self.assertEqual(self.send("p", "set", value=Measure.of(35)).stage, stage)

    def test_slow(self) -> None:
        """A relay that has not switched yet is asked again a little later."""
        self.outlet()
        answers = [0, 100]
        self.air.devices[0x01020304] = lambda telegram: (
            [self.plug.says(bytes([4, 0x60, answers.pop(0)]))] if telegram.payload[0] == 3 else []
        )
        self.air.when.clear()
        self.assertEqual(self.send("p", "on").stage, Stage.CONFIRMED)
        self.assertGreaterEqual(self.air.when[2] - self.air.when[1], 0.3)

    def test_secondQuestionRefused(self) -> None:
        """The order is on the air, the question is not: it may have happened."""
        self.outlet()

        def answer(telegram: Telegram) -> list[Telegram]:
            self.air.code = ReturnCode.LOCK_SET
            return []

        self.air.devices[0x01020304] = answer
        outcome = self.send("p", "on")
        self.assertEqual((outcome.stage, outcome.code), (Stage.UNKNOWN, "busy"))

    def test_queries(self) -> None:
        self.outlet("MeteringPowerOutlet")
        self.air.sent.clear()
        self.assertEqual(self.send("p", "getActivePower").stage, Stage.CONFIRMED)
        self.assertEqual([each.payload.hex() for each in self.air.sent], ["0620"])
        self.assertEqual(self.send("p", "getState").stage, Stage.CONFIRMED)

    def test_stuck(self) -> None:
        """It answers, and does not follow."""
        self.outlet()
        self.plug.stuck = True
        outcome = self.send("p", "on")
        self.assertEqual((outcome.stage, outcome.code), (Stage.FAILED, "bus_refused"))

    def test_away(self) -> None:
        """No answer proves nothing: the order may have arrived. A question without an answer has failed."""
        self.outlet()
        del self.air.devices[0x01020304]
        self.assertEqual((outcome := self.send("p", "on")).stage, Stage.UNKNOWN)
        self.assertEqual(outcome.code, "timeout")
        self.assertEqual(self.send("p", "getState").stage, Stage.FAILED)

    def test_online(self) -> None:
        """It is asked every quarter of an hour. Twice without an answer it is away, and back when it is heard."""
        self.outlet()
        self.air.sent.clear()
        self.air.pump(1000)
        self.assertEqual([each.payload.hex() for each in self.air.sent], ["0300"])
        self.assertEqual(self.ports["p"].reachability, [])
        del self.air.devices[0x01020304]
        self.air.sent.clear()
        self.air.pump(1000)
        self.assertEqual(len(self.air.sent), 2)
        self.assertEqual(self.ports["p"].reachability, [(False, "the device does not answer")])
        self.air.pump(2000)
        self.air.say(self.plug.status())
        self.assertEqual([yes for yes, _ in self.ports["p"].reachability], [False, True])

    def test_awayAfterCommand(self) -> None:
        """A command that is not answered is followed by the question whether anybody is there."""
        self.outlet()
        del self.air.devices[0x01020304]
        self.assertEqual(self.send("p", "on").stage, Stage.UNKNOWN)
        self.assertEqual([yes for yes, _ in self.ports["p"].reachability], [False])

    def test_awayIsTheDevice(self) -> None:
        """What the transceiver refuses says nothing about the device."""
        self.outlet()
        self.air.code = ReturnCode.LOCK_SET
        self.air.pump(3000)
        self.assertEqual(self.ports["p"].reachability, [])

    def test_transceiverRefuses(self) -> None:
        self.outlet()
        for code, expected in ((ReturnCode.LOCK_SET, "busy"), (ReturnCode.NOT_SUPPORTED, "bus_refused")):
            self.air.code = code
            outcome = self.send("p", "on")
            self.assertEqual((outcome.stage, outcome.code), (Stage.FAILED, expected))
        self.assertEqual(self.plug.output, 0)

    def test_notItsCommand(self) -> None:
        self.outlet()
        self.assertEqual(self.send("p", "storeGroup", groupID=1).code, "bus_refused")

    def test_lostMeanwhile(self) -> None:
        """The link goes while a command waits for its proof: it ends."""
        self.outlet()
        del self.air.devices[0x01020304]
        sending = self.begin("p", "on")
        self.air.pump(0.3)
        self.assertNoResult(sending)
        self.kit.connections[-1].protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.successResultOf(sending).stage, Stage.UNKNOWN)

    def test_pause(self) -> None:
        """At least 50 ms between two transmissions, and commands go ahead of what is only kept up to date."""
        self.outlet()
        self.air.sent.clear()
        self.air.when.clear()
        for _ in range(3):
            self.units["p"].refresh()
        sending = self.begin("p", "on")
        self.air.pump(3)
        self.assertEqual(self.successResultOf(sending).stage, Stage.CONFIRMED)
        self.assertEqual(self.air.sent[1].payload[0], 1)
        gaps = [later - earlier for earlier, later in zip(self.air.when, self.air.when[1:], strict=False)]
        self.assertGreaterEqual(min(gaps), 0.049)

    def test_dutyCycle(self) -> None:
        """One per cent of an hour: then commands are refused until the hour has passed."""
        self.outlet()
        self.link.duty.limit = 0.1
        outcomes = [self.send("p", "on" if turn % 2 else "off") for turn in range(40)]
        self.assertEqual(outcomes[0].stage, Stage.CONFIRMED)
        self.assertEqual((outcomes[-1].stage, outcomes[-1].code), (Stage.FAILED, "busy"))
        self.assertLessEqual(self.link.duty.used, 0.1)
        self.air.pump(3700)
        self.assertEqual(self.send("p", "on").stage, Stage.CONFIRMED)

    def test_lateAnswer(self) -> None:
        """The late response to a transmission is not taken for the base id that was asked for next."""
        self.outlet()
        self.air.mute = True
        sending = self.begin("p", "on")
        self.kit.run(0.6)
        self.assertEqual(self.successResultOf(sending).code, "timeout")
        self.kit.run(57)
        self.air.line(Packet(2, b"\0").encode())
        self.air.mute = False
        self.air.pump(5)
        self.assertEqual(self.linkPort.losses, [])


class Blinds(Case):
    def blind(self, cls: str) -> None:
        self.house(device("s", cls, "d2-05-00", "01020304"))
        self.position = 0
        self.moved: list[str] = []
        self.air.devices[0x01020304] = self.answer
        self.start()

    def answer(self, telegram: Telegram) -> list[Telegram]:
        if telegram.payload[-1] & 0x0F != 3:
            self.moved.append(telegram.payload.hex())
            return []
        return [Telegram(0xD2, bytes([self.position, 0, 0, 4]), 0x01020304)]

    def test_shutter(self) -> None:
        """On its way it is SENT; where it is when it has arrived is told then."""
        self.blind("ShutterActuator")
        self.assertEqual(self.value("s", "ShutterState"), "up")
        self.assertEqual(self.send("s", "down").stage, Stage.SENT)
        self.assertEqual(self.moved, ["647f0001"])
        self.air.say(Telegram(0xD2, bytes([100, 0, 0, 4]), 0x01020304))
        self.assertEqual(self.value("s", "ShutterState"), "down")
        self.air.say(Telegram(0xD2, bytes([0, 0, 0, 0x14]), 0x01020304))
        self.assertEqual(self.value("s", "ShutterState"), "down")
        self.position = 50
        self.assertEqual(self.send("s", "rest").stage, Stage.CONFIRMED)
        self.assertEqual((self.moved[-1], self.value("s", "ShutterState")), ("02", "rest"))
        self.position = 0
        self.assertEqual(self.send("s", "up").stage, Stage.CONFIRMED)
        self.assertEqual(self.moved[-1], "007f0001")

    def test_shade(self) -> None:
        """Its level is how far it is open."""
        self.blind("ShadeActuator")
        self.assertEqual(self.value("s", "ShadeState"), 100)
        self.send("s", "set", value=Measure.of(30))
        self.send("s", "stepDown")
        self.send("s", "off")
        self.assertEqual(self.moved, ["467f0001", "0a7f0001", "647f0001"])


class TeachingIn(Case):
    def setUp(self) -> None:
        self.house(GATEWAY_DEVICE, device("t", "SingleTemperatureSensor", "a5-02-05", "0000000A"))
        self.start()
        self.ports["gw"].clear()

    def states(self) -> list[Value]:
        return [each.value for each in self.ports["gw"].seen if isinstance(each, Reading)]

    def test_fourBytes(self) -> None:
        """What says its profile is offered each time, with all that home.xml needs; whether or not one teaches in."""
        teach = Telegram(0xA5, bytes.fromhex("08280b80"), 0x8025C57A)
        self.air.say(teach, Telegram(0xA5, b"\0\0\0\x08", 1))
        self.assertEqual(self.successResultOf(self.begin("gw", "teachIn")).stage, Stage.CONFIRMED)
        self.air.say(teach, teach, Telegram(0xA5, b"\0\0\0\x08", 1))
        self.assertEqual(len(self.linkPort.candidates), 3)
        for each in self.linkPort.candidates:
            self.assertEqual(each, self.linkPort.candidates[0])
        found = self.linkPort.candidates[0]
        self.assertEqual(found["class"], "SingleTemperatureSensor")
        self.assertEqual(found["id"], "SingleTemperatureSensor_-2145008262")
        self.assertEqual(found["params"], {"address": "8025C57A", "uid": "-2145008262", "eep": "A5-02-05"})
        self.assertEqual((found["key"], found["identity"], found["guessed"]), ("8025C57A", ("address", "uid"), False))
        self.assertEqual(found["about"], {"profile": "A5-02-05", "manufacturer": 0x00B})
        self.assertEqual(found["classes"][:2], ("SingleTemperatureSensor", "HealthTemperatureSensor"))
        self.kit.run(19)
        self.assertEqual(self.states(), ["teachingIn"])
        self.kit.run(2)
        self.assertEqual(self.states(), ["teachingIn", "idle"])

    def test_outputs(self) -> None:
        """An actuator with several outputs is as many devices."""
        self.air.say(Telegram(0xD4, bytes.fromhex("a00246000001d2"), 1))
        self.assertEqual([each["key"] for each in self.linkPort.candidates], ["00000001-0", "00000001-1"])
        second = self.linkPort.candidates[1]
        self.assertEqual((second["id"], second["params"]["channel"]), ("MainsPowerOutlet_1_1", "1"))
        self.assertEqual(second["identity"], ("address", "uid", "channel"))
        self.assertTrue(second["description"].endswith(", output 1"))

    def test_smart(self) -> None:
        """Rockers and contacts do not say what they are: that is guessed."""
        self.begin("gw", "smartTeachIn")
        self.air.say(Telegram(0xF6, b"\x30", 1, 0x30), Telegram(0xD5, b"\x09", 2))
        self.assertEqual([each["params"]["eep"] for each in self.linkPort.candidates], ["F6-02-01", "D5-00-01"])
        self.assertEqual([each["guessed"] for each in self.linkPort.candidates], [True, True])
        self.kit.run(30)
        self.air.say(Telegram(0xF6, b"\x30", 3, 0x30), Telegram(0xD5, b"\x01", 4))
        self.assertEqual([each["key"] for each in self.linkPort.candidates[2:]], ["00000003", "00000004"])
        self.assertEqual([each["guessed"] for each in self.linkPort.candidates], [True] * 4)

    def test_explicit(self) -> None:
        """The next telegram of that address completes it."""
        wrong = ExplicitTeachInData("a5-77-02", "1")
        self.assertEqual(
            self.successResultOf(self.begin("gw", "explicitTeachIn", teachInData=wrong)).code, "bad_value"
        )
        self.begin("gw", "explicitTeachIn", teachInData=ExplicitTeachInData("a5-04-02", "00-00-00-01"))
        self.air.say(Telegram(0xA5, bytes.fromhex("08280b08"), 2))
        self.assertEqual(self.linkPort.candidates, [])
        self.air.say(Telegram(0xA5, bytes.fromhex("00008008"), 1))
        self.assertEqual(self.linkPort.candidates[0]["params"]["eep"], "A5-04-02")
        self.assertFalse(self.linkPort.candidates[0]["guessed"])
        self.assertEqual(self.states(), ["teachingIn", "idle"])

    def test_UTE(self) -> None:
        """Answered: learned, not known, deletion accepted; only what wants an answer gets one, and only meanwhile."""
        query = bytes.fromhex("a0014600 0a01d2".replace(" ", ""))
        self.air.say(Telegram(0xD4, query, 1), Telegram(0xD4, bytes([0x90]) + query[1:], 3))
        self.air.pump(1)
        self.assertEqual(self.air.sent, [], "nobody teaches in")
        self.assertEqual([each["key"] for each in self.linkPort.candidates], ["00000001"])
        self.linkPort.candidates.clear()
        self.begin("gw", "teachIn")
        self.air.say(Telegram(0xD4, query, 1))
        self.air.pump(1)
        self.air.say(Telegram(0xD4, query[:4] + bytes.fromhex("7777d2"), 2))
        self.air.pump(1)
        self.air.say(Telegram(0xD4, bytes([0x90]) + query[1:], 3))
        self.air.pump(1)
        self.air.say(Telegram(0xD4, bytes([0xE0]) + query[1:], 4))
        self.air.pump(1)
        self.assertEqual(
            [(each.destination, each.payload[0]) for each in self.air.sent], [(1, 0x91), (2, 0xB1), (3, 0xA1)]
        )
        self.assertEqual([each["params"]["address"] for each in self.linkPort.candidates], ["00000001", "00000004"])
        self.assertEqual(self.linkPort.candidates[0]["class"], "MainsPowerOutlet")
        self.assertNotEqual(self.air.sent[0].destination, BROADCAST)

    def test_answersGoFirst(self) -> None:
        """A UTE query has 700 ms: its answer does not wait behind other transmissions. Asked again, answered again."""
        self.begin("gw", "teachIn")
        for _ in range(20):
            self.link.transmit(Telegram(0xD2, b"\3\0", BASE, destination=5))
        for _ in range(2):
            self.air.sent.clear()
            self.air.say(Telegram(0xD4, bytes.fromhex("a00146000a01d2"), 1))
            self.air.pump(0.2)
            self.assertEqual([each.payload[0] for each in self.air.sent if each.rorg == 0xD4], [0x91])

    def test_again(self) -> None:
        """Asked for again, it lasts from then on; it is told once that it runs."""
        self.begin("gw", "teachIn")
        self.kit.run(15)
        self.begin("gw", "smartTeachIn")
        self.kit.run(19)
        self.assertEqual(self.states(), ["teachingIn"])
        self.kit.run(2)
        self.assertEqual(self.states(), ["teachingIn", "idle"])

    def test_knownOnes(self) -> None:
        """A device of the home is not offered again."""
        self.begin("gw", "teachIn")
        self.air.say(Telegram(0xA5, bytes.fromhex("08280b80"), 0x0000000A))
        self.assertEqual(self.linkPort.candidates, [])
        self.assertEqual(self.ports["t"].seen, [])

    def test_search(self) -> None:
        searching = self.link.search("smartTeachIn", 5)
        self.air.say(Telegram(0xF6, b"\x30", 1, 0x30))
        self.assertEqual(self.states(), ["teachingIn"])
        self.kit.run(6)
        self.successResultOf(searching)
        self.assertEqual(self.states(), ["teachingIn", "idle"])
        self.assertEqual(len(self.linkPort.candidates), 1)
        again = self.link.search("teachIn", 5)
        again.cancel()
        self.failureResultOf(again)
        self.assertEqual(self.states()[2:], ["teachingIn", "idle"])
