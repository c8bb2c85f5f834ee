"""From a link's offer into the home: taken in, told, remembered, searched for, adopted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import fail, maybeDeferred
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from dog.core.events import Kind
from dog.home.store import HomeStore
from dog.interfaces import LinkFailed
from dog.live.discovery import KEPT, Discovery, SearchState, Wish
from dog.live.home import LiveHome
from dog.live.memory import Memory
from dog.model.device import Device
from dog.model.refusal import Code, Refusal
from dog.testing.scripted import ScriptedDriver
from tests.live.house import RunningHouse

HOME = """<?xml version="1.0" encoding="UTF-8"?>
<dhc:dogHomeConfiguration xmlns:dhc="http://elite.polito.it/dogHomeConfiguration">
<dhc:buildingEnvironment><dhc:building><dhc:flat id="flat"><dhc:room id="hall"/></dhc:flat></dhc:building>
</dhc:buildingEnvironment>
<dhc:controllables><dhc:device class="ModbusGateway" domoticSystem="Scripted" id="gw"/></dhc:controllables>
</dhc:dogHomeConfiguration>
"""


class Case(SynchronousTestCase):
    """@cvar ways: in which the bus can be searched."""

    ways: tuple[str, ...] = ()

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.file = self.folder / "home.xml"
        self.file.write_text(HOME)
        self.logged: list[str] = []
        observer: Any = self.observe
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.start()

    def observe(self, event: Any) -> None:
        if "discovery" in event.get("log_namespace", ""):
            self.logged.append(event["log_format"].format(**event))

    def start(self) -> None:
        """A new process on the same files."""
        self.house = RunningHouse()
        self.core = self.house.core
        self.driver: ScriptedDriver = self.house.driver
        if self.ways:
            self.driver.finds(*self.ways)
        self.homes = LiveHome(self.house.stepper, self.house.attachments, HomeStore(self.file), maybeDeferred)
        self.discovery = Discovery(self.house.stepper, self.house.attachments, self.homes)
        self.memory = Memory(self.house.stepper, self.folder / "state.db", maybeDeferred)
        self.homes.load()
        self.memory.recall()
        self.memory.startService()
        self.discovery.startService()
        self.house.start()

    def stop(self) -> None:
        self.discovery.stopService()
        self.house.attachments.stopService()
        self.house.stepper.stop()
        self.successResultOf(self.memory.close())

    def find(self, key: str = "7", **more: Any) -> None:
        self.driver.find(**{"key": key, "cls": "Button", "params": {"address": key, "eep": "x"}} | more)

    def offered(self) -> list[str]:
        return [each.id for each in self.core.inbox.all() if not each.ignored]

    def told(self) -> list[Any]:
        events = self.core.log.after(self.core.log.firstId - 1) or []
        return [each.details["what"] for each in events if each.kind is Kind.CANDIDATE_CHANGED]

    def refused(self, code: Code, call: Any, *args: Any, **named: Any) -> str:
        """The message."""
        failure = self.failureResultOf(maybeDeferred(call, *args, **named), Refusal)
        self.assertIs(failure.value.refused.code, code)
        return str(failure.value)


class Finding(Case):
    def test_offered(self) -> None:
        self.find()
        self.find()
        (found,) = self.core.inbox.all()
        self.assertEqual((found.id, found.driver, found.gateway, found.timesSeen), ("scripted-7", "scripted", "gw", 2))
        self.assertEqual(found.domoticSystem, "Scripted")
        self.assertEqual(self.told(), ["found"])
        self.assertEqual(self.logged, ["scripted-7 (scripted 7) may be adopted"])

    def test_nonsense(self) -> None:
        """What a driver gets wrong is said, not too often, and hurts nobody."""
        for _ in range(20):
            self.find("a key")
        self.driver.links[-1].port.found("a text")
        self.assertEqual(self.offered(), [])
        self.assertEqual(len(self.logged), 5)
        self.assertIn("key: expected", self.logged[0])

    def test_flood(self) -> None:
        """Thousands cost a bounded number of entries, events and lines of the log."""
        for number in range(3000):
            self.find(str(number))
        self.assertEqual(len(self.offered()), 500)
        self.assertEqual(len(self.told()), 20)
        self.house.kit.run(30.0)
        self.find("last")
        self.assertLess(len(self.logged), 30)
        self.assertTrue(any("2980 candidates more" in each for each in self.logged))
        self.assertTrue(any("the discovery inbox is full" in each for each in self.logged))

    def test_stoppedLink(self) -> None:
        port = self.driver.links[-1].port
        self.driver.lose()
        port.found({"key": "7", "params": {"address": "7"}})
        self.assertEqual(self.offered(), [])


class Remembering(Case):
    def test_restart(self) -> None:
        """What was offered is, and what was ignored stays so."""
        self.find("1", about={"maker": 5}, signal=-70, guessed=True)
        self.find("2")
        self.find("3")
        self.discovery.judge("scripted-2", True)
        self.discovery.judge("scripted-3", None)
        before = self.core.inbox.all()
        self.stop()
        self.start()
        self.assertEqual(self.core.inbox.all(), before)
        self.assertEqual(self.offered(), ["scripted-1"])
        self.find("2")
        self.assertEqual(self.offered(), ["scripted-1"])

    def test_budget(self) -> None:
        """Written with what else waits; one that is heard again and again is not written again and again."""
        self.find("1")
        writes: list[Any] = []
        assert self.memory._file is not None
        write = self.memory._file.write

        def counted(epoch: str, batch: Any) -> None:
            writes.append(batch)
            write(epoch, batch)

        self.patch(self.memory._file, "write", counted)
        for _ in range(600):
            self.find("1")
            self.house.kit.run(1.0)
        self.assertEqual(len(writes), 1)
        self.assertEqual(list(writes[0].candidates), ["scripted-1"])

    def test_diskFails(self) -> None:
        """What could not be written is written later."""
        assert self.memory._file is not None
        write = self.memory._file.write

        def full(epoch: str, batch: Any) -> None:
            raise OSError("no space")

        self.patch(self.memory._file, "write", full)
        self.find("1")
        self.house.kit.run(10.0)
        self.patch(self.memory._file, "write", write)
        self.stop()
        self.start()
        self.assertEqual(self.offered(), ["scripted-1"])


class Adopting(Case):
    def adopt(self, **wish: Any) -> Device:
        return self.successResultOf(self.discovery.adopt("scripted-7", Wish(**wish)))

    def test_asProposed(self) -> None:
        self.find(description="A <button>", id="Button_7")
        device = self.adopt()
        self.assertEqual((device.id, device.cls, device.isIn), ("Button_7", "Button", None))
        text = self.file.read_text()
        self.assertIn('<dhc:device class="Button" id="Button_7" domoticSystem="Scripted" gateway="gw">', text)
        self.assertIn('<dhc:param name="address" value="7"/>', text)
        self.assertIn("A &lt;button&gt;", text)
        self.assertTrue(self.core.presence("Button_7").active)
        self.assertTrue(self.core.presence("Button_7").online)
        self.assertEqual((self.offered(), self.told()), ([], ["found", "gone"]))
        self.find()
        self.assertEqual(self.offered(), [], "it is at home")

    def test_asWished(self) -> None:
        self.find()
        device = self.adopt(
            id="hall-button", cls="OnOffSwitch", isIn="hall", description="Door", params={"eep": "y", "channel": "2"}
        )
        self.assertEqual((device.id, device.cls, device.isIn), ("hall-button", "OnOffSwitch", "hall"))
        self.assertEqual(
            [(each.name, each.value) for each in device.params], [("address", "7"), ("eep", "y"), ("channel", "2")]
        )
        self.assertEqual(device.description, "Door")

    def test_otherAddress(self) -> None:
        """Even where the home does not tell that it is the same, it is offered no more."""
        self.find()
        self.adopt(params={"address": "8"})
        self.assertEqual(self.offered(), [])

    def test_deleted(self) -> None:
        """A device that is taken out of the home may be offered again."""
        self.find()
        self.adopt()
        self.file.write_text(HOME)
        self.successResultOf(self.homes.reload())
        self.assertEqual(self.offered(), [])
        self.find()
        self.assertEqual(self.offered(), ["scripted-7"])

    def test_refused(self) -> None:
        """Nothing has happened then, and it is offered still."""
        self.find()
        before = self.file.read_bytes()

        def wish(code: Code, **named: Any) -> str:
            return self.refused(code, self.discovery.adopt, "scripted-7", Wish(**named))

        self.refused(Code.NOT_FOUND, self.discovery.adopt, "scripted-8", Wish())
        self.assertIn("Unheard", wish(Code.BAD_VALUE, cls="Unheard"))
        self.assertIn("cellar", wish(Code.BAD_VALUE, isIn="cellar"))
        self.assertIn("nothing", wish(Code.BAD_VALUE, gateway="nothing"))
        wish(Code.BAD_VALUE, id="1 2")
        wish(Code.BAD_VALUE, description="a\u0001b")
        wish(Code.DUPLICATE_ID, id="gw")
        self.assertEqual(self.file.read_bytes(), before)
        self.file.unlink()
        wish(Code.STORAGE)
        self.assertEqual(self.offered(), ["scripted-7"])

    def test_noClass(self) -> None:
        self.find(cls="Unheard")
        self.assertIn("give a class", self.refused(Code.BAD_VALUE, self.discovery.adopt, "scripted-7", Wish()))
        self.assertEqual(self.adopt(cls="Lamp").cls, "Lamp")

    def test_twoAtOnce(self) -> None:
        """The second of two that adopt the same is told so."""
        self.find()
        first = self.discovery.adopt("scripted-7", Wish(id="a"))
        self.successResultOf(first)
        self.find("8")
        text = self.file.read_text()
        self.file.write_text(text.replace('name="address" value="7"', 'name="address" value="8"'))
        message = self.refused(Code.IN_USE, self.discovery.adopt, "scripted-8", Wish(id="b"))
        self.assertIn("'a'", message)


class Searching(Case):
    ways = ("smart", "plain")

    def test_done(self) -> None:
        search = self.discovery.search(seconds=30.0)
        self.assertEqual(self.driver.searches, [("smart", 30.0)])
        self.assertEqual((search.driver, search.gateway, search.how), ("scripted", "gw", "smart"))
        self.assertEqual((search.until - search.began).total_seconds(), 30.0)
        (source,) = self.discovery.sources()
        self.assertEqual((source.search, source.ways, source.reason), (search.id, ("smart", "plain"), None))
        self.house.kit.run(20.0)
        assert self.driver.searching is not None
        self.driver.searching.callback(None)
        self.assertIs(search.state, SearchState.DONE)
        self.assertEqual((search.until - search.began).total_seconds(), 20.0)
        self.assertIsNone(self.discovery.sources()[0].search)
        self.house.kit.run(100.0)
        self.assertEqual((search.until - search.began).total_seconds(), 20.0)

    def test_onlyOne(self) -> None:
        first = self.discovery.search()
        self.assertIn("is being searched", self.refused(Code.BUSY, self.discovery.search))
        self.discovery.cancel(first.id)
        self.assertIs(first.state, SearchState.CANCELLED)
        self.assertEqual(self.driver.searchesCancelled, ["smart"])
        second = self.discovery.search(how="plain")
        self.assertEqual(self.discovery.searches(), [second, first])
        self.discovery.cancel(first.id)
        self.assertIs(second.state, SearchState.RUNNING)
        self.refused(Code.NOT_FOUND, self.discovery.cancel, "99")
        self.refused(Code.NOT_FOUND, self.discovery.searchOf, "99")

    def test_forgotten(self) -> None:
        """A driver that does not end is made to; so it goes with a link that was replaced."""
        search = self.discovery.search(seconds=10.0)
        self.house.kit.run(14.0)
        self.assertIs(search.state, SearchState.RUNNING)
        self.house.kit.run(1.0)
        self.assertIs(search.state, SearchState.DONE)
        self.assertEqual(self.driver.searchesCancelled, ["smart"])

    def test_failed(self) -> None:
        search = self.discovery.search()
        self.driver.searching.errback(LinkFailed("protocol", "it says no"))  # type: ignore[union-attr]
        self.assertEqual((search.state, search.reason), (SearchState.FAILED, "it says no"))
        search = self.discovery.search()
        self.driver.searching.errback(ZeroDivisionError())  # type: ignore[union-attr]
        self.assertIs(search.state, SearchState.FAILED)
        self.assertIn("see the log", search.reason or "")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.patch(self.driver.links[-1], "search", lambda how, seconds: fail(LinkFailed("closed", "gone")))
        self.assertIs(self.discovery.search().state, SearchState.FAILED)

    def test_stopped(self) -> None:
        search = self.discovery.search()
        self.stop()
        self.assertIs(search.state, SearchState.CANCELLED)

    def test_bounded(self) -> None:
        """The last searches are kept, not all of them."""
        for _ in range(KEPT + 10):
            self.discovery.cancel(self.discovery.search().id)
        self.assertEqual(len(self.discovery.searches()), KEPT + 1)
        self.assertEqual(self.discovery.searches()[0].id, str(KEPT + 10))

    def test_which(self) -> None:
        self.assertIn("no driver", self.refused(Code.BAD_VALUE, self.discovery.search, "mystery"))
        self.assertIn("mystery", self.refused(Code.BAD_VALUE, self.discovery.search, gateway="mystery"))
        self.assertIn("smart, plain", self.refused(Code.BAD_VALUE, self.discovery.search, how="loud"))
        self.house.apply(Device("gw", "ModbusGateway", "Scripted"), Device("gw2", "ModbusGateway", "Scripted"))
        message = self.refused(Code.BAD_VALUE, self.discovery.search)
        self.assertIn("gw (scripted), gw2 (scripted)", message)
        self.assertEqual(self.discovery.search(gateway="gw2").gateway, "gw2")

    def test_notUp(self) -> None:
        self.driver.lose(LinkFailed("closed", "pulled"))
        self.assertIn("pulled", self.refused(Code.UNREACHABLE, self.discovery.search))
        self.house.apply()
        self.assertIn("no link", self.refused(Code.NO_DRIVER, self.discovery.search, "scripted"))


class NothingToFind(Case):
    def test_said(self) -> None:
        """A bus whose devices don't make themselves known is named with the reason."""
        (source,) = self.discovery.sources()
        self.assertEqual(source.ways, ())
        self.assertIn("do not make themselves known", source.reason or "")
        self.assertIn("do not make themselves known", self.refused(Code.BAD_VALUE, self.discovery.search))
        self.driver.lose()
        self.assertIn("do not make themselves known", self.refused(Code.BAD_VALUE, self.discovery.search))
