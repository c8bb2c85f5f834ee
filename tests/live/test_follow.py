"""The home file is changed by somebody else while the gateway runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import LogLevel, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from dog.home import edits
from dog.home.store import HomeStore
from dog.interfaces import IDeviceDriver
from dog.live.follow import HomeFile
from dog.live.home import LiveHome
from dog.model.home import Home
from dog.model.values import Reading, Slot
from tests.live.house import RunningHouse
from tests.live.test_home import HOME
from tests.logs import record

METER = """\
    <device id="meter" class="SimpleLamp" domoticSystem="Scripted">
      <description>The meter</description>
      <isIn>bath</isIn>
    </device>
  </controllables>"""
TWO = HOME.replace("  </controllables>", METER)
ON = Slot("lamp", "OnOffState")


class HomeFileTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        self.path = folder / "home.xml"
        self.path.write_text(HOME)
        self.house = RunningHouse()
        self.begin(self.path)

    def begin(self, path: Path) -> None:
        self.homes = LiveHome(self.house.stepper, self.house.attachments, HomeStore(path), self.elsewhere)
        self.reads = 0
        self.homes.load()
        self.house.start()
        self.service = HomeFile(self.house.stepper, self.homes, str(path))
        self.service.startService()
        self.addCleanup(self.service.stopService)

    def elsewhere(self, call: Callable[[], object]) -> Deferred[object]:
        self.reads += 1
        return maybeDeferred(call)

    def pass_(self, seconds: float = 6) -> None:
        for _ in range(int(seconds * 4)):
            self.house.clock.advance(0.25)

    def complaints(self) -> Callable[[], list[str]]:
        events = record(self)
        return lambda: [formatEvent(each) for each in events if each["log_level"] >= LogLevel.warn]

    def home(self) -> Home:
        return self.house.core.home

    def attached(self) -> IDeviceDriver:
        return self.house.driver.links[0].devices["lamp"]

    def test_changed(self) -> None:
        """What was added is there; what did not change keeps its driver and its state."""
        before = self.attached()
        self.house.driver.links[0].devices["lamp"].port.observed(Reading(ON, "on"))
        said = self.complaints()
        self.pass_()
        self.path.write_text(TWO)
        self.pass_()
        self.assertEqual(list(self.home().devices), ["lamp", "meter"])
        self.assertTrue(self.house.core.presence("meter").active)
        self.assertIs(self.attached(), before)
        self.assertEqual(self.house.core.values.value(ON), "on")
        self.assertEqual(said(), [])

    def test_untouched(self) -> None:
        """A file that nobody touches is read once, in case it was changed at the start; then only looked at."""
        self.pass_(60)
        self.assertEqual(self.reads, 1)

    def test_changedAtTheStart(self) -> None:
        """Between the first reading and the first look."""
        self.path.write_text(TWO)
        self.pass_()
        self.assertIn("meter", self.home().devices)

    def test_ourOwnWrite(self) -> None:
        self.pass_()
        self.successResultOf(self.homes.edit(lambda home, data: edits.setLocation(data, "lamp", "bath")))
        applied: list[Home] = []
        self.patch(self.homes, "apply", applied.append)
        self.pass_()
        self.assertEqual(applied, [])

    def test_touched(self) -> None:
        """Another time and the same contents: nothing happens."""
        self.pass_()
        applied: list[Home] = []
        self.patch(self.homes, "apply", applied.append)
        os.utime(self.path, (1, 1))
        self.pass_()
        self.assertEqual((applied, self.reads), ([], 2))

    def test_renamed(self) -> None:
        """As most editors write: aside, then over it."""
        self.pass_()
        aside = self.path.with_name("home.xml~")
        aside.write_text(TWO)
        os.replace(aside, self.path)
        self.pass_()
        self.assertIn("meter", self.home().devices)

    def test_symbolicLink(self) -> None:
        """Another file behind the same name, or another one behind its folder."""
        folder = self.path.parent / "current"
        for name, text in (("one", HOME), ("two", TWO)):
            (self.path.parent / name).mkdir()
            (self.path.parent / name / "home.xml").write_text(text)
        folder.symlink_to("one")
        link = self.path.with_name("link.xml")
        link.symlink_to("current/home.xml")
        self.begin(link)
        self.pass_()
        self.assertEqual(list(self.home().devices), ["lamp"])
        folder.unlink()
        folder.symlink_to("two")
        self.pass_()
        self.assertIn("meter", self.home().devices)

    def test_halfWritten(self) -> None:
        """It is not taken, and that is said once, with its line; then all of it is."""
        said = self.complaints()
        self.path.write_text(TWO[:-40])
        self.pass_(30)
        self.assertEqual(list(self.home().devices), ["lamp"])
        self.assertTrue(self.house.core.presence("lamp").active)
        [once] = said()
        self.assertRegex(once, r"home\.xml:1\d:")
        self.path.write_text(TWO)
        self.pass_()
        self.assertIn("meter", self.home().devices)

    def test_stillWritten(self) -> None:
        """What is still being written is left alone until it is not."""
        self.pass_()
        for at in range(1, 40):
            self.path.write_text(TWO[: len(TWO) * at // 40])
            self.pass_(0.25)
        self.assertEqual(self.reads, 1)
        self.path.write_text(TWO)
        self.pass_()
        self.assertIn("meter", self.home().devices)

    def test_gone(self) -> None:
        """The house stays, and that is said once; what comes in its place is taken."""
        said = self.complaints()
        self.path.unlink()
        self.pass_(30)
        self.assertEqual(list(self.home().devices), ["lamp"])
        [once] = said()
        self.assertIn("is gone", once)
        self.path.write_text(TWO)
        self.pass_()
        self.assertIn("meter", self.home().devices)

    def test_unreadableAtTheStart(self) -> None:
        """An empty house is furnished as soon as the mistake is gone."""
        path = self.path.with_name("other.xml")
        path.write_text("<nonsense")
        self.begin(path)
        self.assertEqual(self.home().devices, {})
        path.write_text(HOME)
        self.pass_()
        self.assertTrue(self.house.core.presence("lamp").active)

    def test_problems(self) -> None:
        """New ones are logged with their lines; those that were there are not logged again."""
        said = self.complaints()
        wrong = HOME.replace("<isIn>kitchen", "<isIn>nowhere")
        self.path.write_text(wrong)
        self.pass_()
        [once] = said()
        self.assertRegex(once, r"home\.xml:\d+.*nowhere")
        self.path.write_text(wrong.replace("<!-- ours -->", "<!--\n-->"))
        self.pass_()
        self.assertEqual(said(), [once])

    def test_stopped(self) -> None:
        self.service.stopService()
        self.path.write_text(TWO)
        self.pass_()
        self.assertNotIn("meter", self.home().devices)
