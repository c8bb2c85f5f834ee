"""The driver before a board in memory: the contract of all drivers, and what is this one's own."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dog.interfaces import LinkFailed
from dog.model.command import Command, Outcome, Stage
from dog.model.device import ConfigParam, Device
from dog.model.rights import GATEWAY
from dog.model.values import Reading, Seen, Slot
from dog.testing import Bus, DriverContract, FakeDevicePort, FakeKit, FakeLinkPort, ReplayKit, readCapture
from dog.testing.bus import corrupt, cut, delay, disconnect, drop, garbage, lines, pieces
from dog_relayboard.board import Board
from dog_relayboard.driver import RelayBoardDriver

ENDPOINT = "tcp:192.0.2.1:7000:timeout=5"


def relay(id: str, number: object, cls: str = "SimpleLamp", board: str = "tcp:192.0.2.1:7000") -> Device:
    params = (ConfigParam("board", board), ConfigParam("relay", str(number)))
    return Device(id, cls, "RelayBoard", params=params)


def values(seen: Iterable[Seen]) -> list[object]:
    return [each.value for each in seen if isinstance(each, Reading)]


class Contract(DriverContract, SynchronousTestCase):
    """What every driver keeps."""

    def makeDriver(self) -> RelayBoardDriver:
        return RelayBoardDriver()

    def devices(self) -> Sequence[Device]:
        return [relay("lamp", 1), relay("outlet", 2, "MainsPowerOutlet")]

    def makeKit(self) -> FakeKit:
        kit = FakeKit()
        Bus(kit, ENDPOINT, Board().answer, cut=lines)
        return kit


class BoardCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.begin(FakeKit())

    def begin(self, kit: FakeKit) -> None:
        self.kit = kit
        self.board = Board()
        self.bus = Bus(kit, ENDPOINT, self.board.answer, cut=lines)
        self.port, self.linkPort = FakeDevicePort(), FakeLinkPort()
        self.link = RelayBoardDriver().link(ENDPOINT, {}, None, self.linkPort, kit)
        self.relay = self.link.attach(relay("lamp", 1), self.port)

    def start(self) -> None:
        starting = self.link.start()
        self.kit.run(0.1)
        self.successResultOf(starting)

    def value(self) -> object:
        return self.port.values.get(Slot("lamp", "OnOffState"))

    def send(self, name: str, seconds: float = 3.0) -> Outcome:
        device = relay("lamp", 1, "MainsPowerOutlet")
        sending = self.relay.send(Command("c", "lamp", device.commands[name][0], {}, 1e9, GATEWAY))
        self.kit.run(seconds)
        outcome: Outcome = self.successResultOf(sending)
        return outcome


class LinkTests(BoardCase):
    def test_states(self) -> None:
        """Known from the start, looked at again and again, and told at once when somebody turns a knob."""
        self.board.on[0] = True
        self.start()
        self.assertEqual(self.value(), "on")
        self.bus.say(self.board.turn(1, False))
        self.assertEqual(self.value(), "off")
        self.board.on[0] = True  # the board forgot to say so
        self.kit.run(30)
        self.assertEqual(self.value(), "on")

    def test_command(self) -> None:
        """The board's word is the proof; the outcome brings the new value along."""
        self.start()
        outcome = self.send("on")
        self.assertEqual((outcome.stage, values(outcome.seen)), (Stage.CONFIRMED, ["on"]))
        self.assertTrue(self.board.on[0])

    def test_refused(self) -> None:
        self.board.on = []
        self.bus.next(lambda answer: [(0.0, b"STATE OFF\n")])
        self.start()
        outcome = self.send("on")
        self.assertEqual((outcome.stage, outcome.code, outcome.reason), (Stage.FAILED, "bus_refused", "no such relay"))

    def test_others(self) -> None:
        """An outlet of the catalogue knows scenes, a relay does not; a question makes the board look again."""
        self.relay = self.link.attach(relay("lamp", 1, "MainsPowerOutlet"), self.port)
        self.start()
        outcome = self.send("deleteScene")
        self.assertEqual((outcome.stage, outcome.code), (Stage.FAILED, "bus_refused"))
        self.board.on[0] = True
        self.assertEqual((self.send("getState").stage, self.value()), (Stage.CONFIRMED, "on"))

    def test_found(self) -> None:
        """Relays that nobody has put into the home are offered."""
        self.start()
        self.assertEqual([each["params"]["relay"] for each in self.linkPort.candidates], ["2", "3", "4"])

    def test_noBoard(self) -> None:
        """Something else answers, or nothing does: the link does not start."""
        for fault, code in ((lambda answer: [(0.0, b"ERROR what?\n")], "protocol"), (drop, "timeout")):
            self.begin(FakeKit())
            self.bus.every(fault)
            starting = self.link.start()
            self.kit.run(3)
            self.assertEqual(self.failureResultOf(starting, LinkFailed).value.code, code)
            stopping = self.link.stop()
            self.kit.run(0.1)
            self.successResultOf(stopping)

    def test_faults(self) -> None:
        """What goes wrong on the wire ends in an honest outcome, never in a wrong one."""
        for fault, stage, losses in (
            (pieces(1, 0.01), Stage.CONFIRMED, []),
            (delay(1.5), Stage.CONFIRMED, []),
            (garbage(b"\xff\x00\n"), Stage.CONFIRMED, []),
            (drop, Stage.UNKNOWN, ["timeout"]),
            (cut(-1), Stage.UNKNOWN, ["timeout"]),
            (corrupt(0), Stage.UNKNOWN, ["timeout"]),
            (disconnect, Stage.UNKNOWN, ["closed"]),
        ):
            self.begin(FakeKit())
            self.start()
            self.bus.next(fault)
            outcome = self.send("on")
            self.assertEqual(outcome.stage, stage, fault)
            self.assertEqual([each.code for each in self.linkPort.losses], losses)
            stopping = self.link.stop()
            self.kit.run(0.1)
            self.successResultOf(stopping)
            self.assertEqual(self.kit.clock.getDelayedCalls(), [])


class ReplayTests(BoardCase):
    def test_session(self) -> None:
        """A session with a board, as C{dogctl capture} recorded it."""
        kit = ReplayKit(readCapture(Path(__file__).with_name("session.jsonl")))
        self.link = RelayBoardDriver().link(ENDPOINT, {"pollSeconds": 5}, None, self.linkPort, kit)
        self.relay = self.link.attach(relay("lamp", 1), self.port)
        self.link.start()
        self.kit = kit
        kit.run(2.0)
        self.assertEqual(values(self.send("on", 0.5).seen), ["on"])
        kit.play()
        # At the start; when somebody turned the knob; when the board was looked at again.
        self.assertEqual(values(self.port.seen), ["off", "off", "off"])
        self.assertEqual([each.code for each in self.linkPort.losses], ["closed"])


class ConfigurationTests(SynchronousTestCase):
    def test_check(self) -> None:
        driver = RelayBoardDriver()
        self.assertEqual(
            driver.check({"pollSeconds": 5}, None, [relay("a", 1), relay("b", 2, board="/dev/ttyS0")]), []
        )
        for settings, device, word in (
            ({"pollSeconds": 0}, relay("a", 1), "pollSeconds"),
            ({"polSeconds": 5}, relay("a", 1), "polSeconds"),
            ({}, relay("a", "x"), "relay"),
            ({}, relay("a", 1, "SingleTemperatureSensor"), "SingleTemperatureSensor"),
            ({}, relay("a", 1, board="ttyS0"), "board"),
            ({}, Device("a", "SimpleLamp", "RelayBoard"), "board"),
        ):
            [problem] = driver.check(settings, None, [device])
            self.assertIn(word, problem)
