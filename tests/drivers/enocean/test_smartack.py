"""Smart Ack: what the transceiver asks its host, and what it is told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.enocean.esp3 import Deframer, Packet, PacketType, ReturnCode
from dog.drivers.enocean.smartack import Confirm, LearnRequest, learnMode, parseEvent, response
from dog.model.command import Command
from dog.model.rights import GATEWAY
from tests.drivers.enocean.air import device
from tests.drivers.enocean.test_link import GATEWAY_DEVICE, Case

CLIENT = 0x0180A1B2

#: A device of profile A5-04-01 (manufacturer 02D, -70 dBm) asks; the transceiver itself would be its post master.
ASKED = bytes.fromhex("02 0f 002d a50401 46 ff800000 0180a1b2 00")


class Packets(SynchronousTestCase):
    def test_event(self) -> None:
        self.assertEqual(parseEvent(ASKED), LearnRequest(0x02D, "A5-04-01", -70, 0xFF800000, CLIENT, 0))
        for other in (b"\4\0", b"\2", ASKED[:16], b"\3" + ASKED[1:]):
            self.assertIsNone(parseEvent(other))

    @given(st.binary(max_size=30))
    def test_fuzz(self, data: bytes) -> None:
        found = parseEvent(data)
        if found is not None:
            self.assertEqual(data[0], 2)
            self.assertEqual(found.client.to_bytes(4, "big"), data[12:16])

    def test_onTheLine(self) -> None:
        """Code 00, 200 ms, what became of it; learn mode on for 20 s, in simple mode, and off."""
        self.assertEqual(response(Confirm.LEARNED), Packet(PacketType.RESPONSE, bytes.fromhex("00 00c8 00")))
        self.assertEqual(response(Confirm.UNKNOWN_PROFILE).data, bytes.fromhex("00 00c8 11"))
        self.assertEqual(learnMode(20), Packet(PacketType.SMART_ACK_COMMAND, bytes.fromhex("01 01 00 00004e20")))
        self.assertEqual(learnMode(0).data, bytes.fromhex("01 00 00 00000000"))


class Learning(Case):
    def setUp(self) -> None:
        self.house(GATEWAY_DEVICE, device("known", "SingleTemperatureSensor", "a5-02-05", "0180A1B3"))
        self.start()
        self.air.others.clear()

    def teach(self, name: str) -> None:
        kind = self.devices["gw"].commands[name][0]
        self.units["gw"].send(Command("c", "gw", kind, {}, 1e9, GATEWAY))
        self.air.pump(0.5)

    def modes(self) -> list[str]:
        found = [each.data.hex() for each in self.air.others if each.type == PacketType.SMART_ACK_COMMAND]
        return found

    def ask(self, data: bytes = ASKED) -> str:
        """What the transceiver is told."""
        self.air.others.clear()
        self.air.line(Packet(PacketType.EVENT, data).encode())
        self.air.pump()
        (told,) = (each.data.hex() for each in self.air.others if each.type == PacketType.RESPONSE)
        return told

    def test_learned(self) -> None:
        """The transceiver learns as long as the gateway does; who asks is a candidate, once."""
        self.teach("smartTeachIn")
        self.assertEqual(self.modes(), ["01010000004e20"])
        for _ in range(2):
            self.assertEqual(self.ask(), "0000c800")
        (found,) = self.linkPort.candidates
        self.assertEqual(
            (found["id"], found["class"], found["params"]["address"], found["params"]["eep"], found["signal"]),
            ("TemperatureAndHumiditySensor_25207218", "TemperatureAndHumiditySensor", "0180A1B2", "A5-04-01", -70),
        )
        self.air.others.clear()
        self.kit.run(21)
        self.air.pump()
        self.assertEqual(self.modes(), ["01000000000000"])

    def test_known(self) -> None:
        """A device of the home is learned again, and is no candidate."""
        self.teach("smartTeachIn")
        self.assertEqual(self.ask(ASKED[:12] + bytes.fromhex("0180a1b300")), "0000c800")
        self.assertEqual(self.linkPort.candidates, [])

    def test_refused(self) -> None:
        """Nobody teaches in, or not this way; a profile that nobody knows."""
        self.assertEqual(self.ask(), "0000c813")
        self.teach("teachIn")
        self.assertEqual(self.ask(), "0000c813")
        self.teach("smartTeachIn")
        self.assertEqual(self.ask(ASKED[:4] + b"\xa5\x77\x77" + ASKED[7:]), "0000c811")
        self.assertEqual(self.linkPort.candidates, [])

    def test_otherKind(self) -> None:
        """Another teach-in in its place ends it; the plain one leaves the transceiver alone."""
        self.teach("teachIn")
        self.assertEqual(self.modes(), [])
        self.teach("smartTeachIn")
        self.teach("teachIn")
        self.assertEqual([each[:4] for each in self.modes()], ["0101", "0100"])

    def test_unable(self) -> None:
        """A transceiver that has no Smart Ack: said in the log, and the rest goes on."""
        self.air.code = ReturnCode.NOT_SUPPORTED
        self.teach("smartTeachIn")
        self.assertEqual(len(self.modes()), 1)
        self.assertEqual(self.linkPort.losses, [])

    def test_otherEvents(self) -> None:
        self.air.line(Packet(PacketType.EVENT, b"\4\0").encode())
        self.air.pump()
        self.assertEqual(self.air.others, [])

    def test_packetsAreFramed(self) -> None:
        self.assertEqual(Deframer().feed(learnMode(5).encode()), [learnMode(5)])
