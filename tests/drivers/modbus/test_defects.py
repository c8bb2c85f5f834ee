"""What the Modbus drivers of Java Dog (1.3.11) got wrong, and which test shows that it is right here."""

from __future__ import annotations

from twisted.python.reflect import namedAny

from dog.drivers.modbus import driver
from dog.drivers.modbus.codec import Rtu
from dog.model.measure import Measure
from tests.drivers.modbus.slave import LAMP, THERMOMETER, SlaveKit, device, gateway, told
from tests.drivers.modbus.test_link import LineTestCase

HERE = "tests.drivers.modbus."

#: What was wrong -> the tests of the contrary. Names without a dot are methods of L{DefectTests}.
DEFECTS: dict[str, tuple[str, ...]] = {
    # -- configuration
    "without a settings file there was no Modbus at all": ("test_withoutSettings",),
    "a gateway without protocolVariant did not attach": ("test_withoutSettings",),
    "a TCP gateway without port made all its registers invalid": ("test_withoutSettings",),
    "protocolVariant in lower case did not attach": ("test_variantInLowerCase",),
    "RTU_UDP sent MBAP": (
        HERE + "test_peers.RtuOrMbapOverUdpTests.test_commandsAndReadings",
        HERE + "test_peers.MbapAsRtuUdpTests.test_commandsAndReadings",
        HERE + "test_peers.RtuOverUdpTests.test_commandsAndReadings",
    ),
    "requestTimeout and requestGap of a register were ignored": (
        HERE + "test_link.FaultTests.test_timesOfOneRegister",
        HERE + "test_protocol.LineTests.test_timeoutAndGapOfOneRequest",
    ),
    "registerType 2, or any unknown one, kept the whole device from attaching": ("test_oneBadRegister",),
    "after nRetries attempts, counted over all gateways, nobody connected any more": (
        HERE + "test_plugging.SupervisedTests.test_notThereYet",
    ),
    "a device whose gateway attached later had to wait for another event": (
        "tests.live.test_attachments.AttachmentsTests.test_activeBeforeTheLinkIsUp",
    ),
    # -- numbers
    "int48 was read one byte off": (HERE + "test_registers.DecodeTests.test_symbolicTypes",),
    "uint64 was read as int64": (HERE + "test_registers.DecodeTests.test_symbolicTypes",),
    "a discrete input with a bit other than 0 was read past its answer": (
        HERE + "test_registers.DecodeTests.test_bits",
        "test_discreteInputWithABit",
    ),
    "parts of a register were written over their neighbours unless the caller knew": (
        HERE + "test_registers.EncodeTests.test_neighboursInTheRegisterStay",
        HERE + "test_link.CommandTests.test_bitOfARegister",
        HERE + "test_link.CommandTests.test_bitOfARegisterWithoutMaskWrite",
    ),
    "an unknown unit was silently none": (HERE + "test_registers.DescriptionTests.test_wrong",),
    # -- commands
    "commands of lamps sent nothing, or the text true": (
        HERE + "test_link.CommandTests.test_onWithoutRegisterOfItsOwn",
        HERE + "test_end_to_end.GatewayTests.test_fromTheClientToTheRegisterAndBack",
    ),
    "commands ignored their own register": (HERE + "test_link.CommandTests.test_onWithARegisterOfItsOwn",),
    "the new state was seen at the next poll only": (
        HERE + "test_link.CommandTests.test_onWithoutRegisterOfItsOwn",
        HERE + "test_link.CommandTests.test_onWithARegisterOfItsOwn",
    ),
    "writes and polls could meet on the line": (
        HERE + "test_link.CommandTests.test_aheadOfPolls",
        HERE + "test_load.LoadTests.test_home",
    ),
    "a command while not connected was lost without a word": (HERE + "test_link.FaultTests.test_lost",),
    "a command's failure had no reason": (
        HERE + "test_link.CommandTests.test_exceptionsAreNamed",
        HERE + "test_link.CommandTests.test_noRegister",
    ),
    # -- polling
    "one request for each register": (HERE + "test_link.ReadingTests.test_neighboursInOneRequest",),
    "one interval for all, and the time of the reads on top": (HERE + "test_link.ReadingTests.test_intervals",),
    "a register that failed once was left alone for 80 cycles": (
        HERE + "test_link.FaultTests.test_silentUnit",
        "tests.drivers.test_poll.SilenceTests.test_recoversWithinOnePoll",
    ),
    "a dead unit cost every cycle its time-out": (
        "tests.drivers.test_poll.SilenceTests.test_oneDeadUnitOnABusyLine",
        HERE + "test_load.LoadTests.test_theLineIsTheLimit",
    ),
    "one register that was refused could take its device offline": (
        HERE + "test_link.ReadingTests.test_oneRegisterIsRefused",
    ),
    "a late answer was taken for that of another register": (
        HERE + "test_protocol.LineTests.test_lateAnswer",
        HERE + "test_link.FaultTests.test_wrongTransaction",
        HERE + "test_libmodbus.LibmodbusTests.test_hostile",
    ),
    "a cycle in which all failed closed the connection, on a serial line too": (
        HERE + "test_link.FaultTests.test_muteConnectionIsReplaced",
        HERE + "test_link.FaultTests.test_connectionOnWhichNothingWasHeard",
        "test_serialPortStaysOpen",
    ),
    # -- what is told
    "before the first answer a lamp was off and a meter at 0": ("test_nothingIsMadeUp",),
    "each successful poll was a notification": ("tests.core.test_core.CoreTests.test_noChangeIsNoEvent",),
    "what could not be read any more stayed as it was": (
        "tests.core.test_core.CoreTests.test_lostDeviceIsStaleAtOnce",
        HERE + "test_peers.TcpTests.test_killedAndRestarted",
    ),
    "a LightSensor's luminance was kept as humidity": ("test_lightSensor",),
    "an unknown notificationName was a warning at run time": (HERE + "test_driver.CheckTests.test_devices",),
}


class DefectTests(LineTestCase):
    def test_eachHasItsTest(self) -> None:
        for defect, tests in DEFECTS.items():
            for each in tests:
                found = namedAny(each) if "." in each else getattr(self, each)
                self.assertTrue(callable(found), defect)

    def test_withoutSettings(self) -> None:
        """Only an address: TCP, port 502."""
        self.assertEqual([each.name for each in gateway().params], ["IPAddress"])
        self.begin(LAMP)
        self.assertEqual(self.kit.attempts, ["tcp:192.0.2.7:502:timeout=5"])
        self.assertEqual(self.values("lamp"), {"OnOffState": "off"})

    def test_variantInLowerCase(self) -> None:
        self.begin(LAMP, protocolVariant="tcp")
        self.assertEqual(self.values("lamp"), {"OnOffState": "off"})

    def test_oneBadRegister(self) -> None:
        """It is said, and the others of the device work."""
        both = device(
            "both",
            "TemperatureAndHumiditySensor",
            told("TemperatureMeasurementNotification", 100, "ir"),
            told("HumidityMeasurementNotification", 101, "2"),
        )
        problems = driver.check({}, gateway(), [both])
        self.assertEqual(len(problems), 1)
        self.assertIn("registerType 2 is not known", problems[0])
        self.begin(both)
        self.assertEqual(self.values("both"), {"TemperatureState": Measure.parse("215 C")})

    def test_discreteInputWithABit(self) -> None:
        door = device("door", "DoorSensor", told("OpenNotification", 7, "di", bit=3, dataSize="bit"))
        self.slave.hold("di", 7, 1, 0, 0, 0, 0)
        self.begin(door)
        self.assertEqual(self.values("door"), {"OpenCloseState": "open"})

    def test_serialPortStaysOpen(self) -> None:
        """That nobody answers on a serial line is no reason to close it."""
        self.kit = SlaveKit(self.slave, "serial:/dev/ttyS9:baudRate=1200:dataBits=8:parity=none:stopBits=2", Rtu())
        self.slave.deaf = {1}
        self.begin(LAMP, protocolVariant="RTU", portName="/dev/ttyS9", baudRate=1200, parity="none", stopBits=2)
        self.kit.run(1000)
        self.assertEqual(self.linkPort.losses, [])
        self.assertEqual(len(self.kit.connections), 1)

    def test_nothingIsMadeUp(self) -> None:
        self.slave.deaf = {1}
        self.begin(LAMP, THERMOMETER)
        self.kit.run(9)
        self.assertEqual([self.ports[each].seen for each in ("lamp", "thermometer")], [[], []])

    def test_lightSensor(self) -> None:
        light = device("light", "LightSensor", told("LuminosityMeasurementNotification", 100, "ir"))
        self.begin(light)
        self.assertEqual(self.values("light"), {"LightIntensityState": Measure.parse("215 lx")})
