"""The home that runs: loaded, edited, reloaded; the file and what runs never part."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from dog.home import edits
from dog.home.disk import System
from dog.home.store import HomeStore
from dog.live.home import LiveHome
from dog.model.home import Home
from dog.model.refusal import Code, Refusal
from tests.live.house import RunningHouse

HOME = """<?xml version="1.0" encoding="UTF-8"?>
<!-- ours -->
<dogHomeConfiguration>
  <buildingEnvironment>
    <building id="b"><flat id="flat"><room id="kitchen"/><room id="bath"/></flat></building>
  </buildingEnvironment>
  <controllables>
    <device id="lamp" class="SimpleLamp" domoticSystem="Scripted">
      <description>The lamp</description>
      <isIn>kitchen</isIn>
    </device>
  </controllables>
</dogHomeConfiguration>
"""


class FailingDisk(System):
    """A disk on which one call fails."""

    failing = ""

    def _maybeFail(self, what: str) -> None:
        if self.failing == what:
            raise OSError(errno.ENOSPC, "No space left on device")

    def write(self, file: int, data: memoryview) -> int:
        self._maybeFail("write")
        return super().write(file, data)

    def fsync(self, file: int) -> None:
        if self.failing == "folder" and Path(f"/proc/self/fd/{file}").resolve().is_dir():
            raise OSError(errno.EIO, "Input/output error")
        super().fsync(file)


class LiveHomeTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.path = folder / "home.xml"
        self.path.write_text(HOME)
        self.house = RunningHouse()
        self.disk = FailingDisk()
        store = HomeStore(str(self.path), self.disk)
        self.homes = LiveHome(self.house.stepper, self.house.attachments, store, maybeDeferred)
        self.homes.load()
        self.house.start()

    def edit(self, room: str = "bath") -> Deferred[Home]:
        return self.homes.edit(lambda home, data: edits.setLocation(data, "lamp", room))

    def isIn(self) -> str | None:
        return self.house.core.home.devices["lamp"].isIn

    def test_loaded(self) -> None:
        self.assertEqual(self.isIn(), "kitchen")
        self.assertTrue(self.house.core.presence("lamp").active)

    def test_edited(self) -> None:
        """File first, then what runs; the device that only moved keeps its driver."""
        attached = self.house.driver.links[0].devices["lamp"]
        home = self.successResultOf(self.edit())
        self.assertIs(home, self.house.core.home)
        self.assertEqual(self.isIn(), "bath")
        self.assertEqual(self.path.read_text(), HOME.replace("<isIn>kitchen", "<isIn>bath"))
        self.assertIs(self.house.driver.links[0].devices["lamp"], attached)

    def test_editSeesTheFileAsItIs(self) -> None:
        """Somebody has edited the file by hand: our edit goes on top of it, and both are applied."""
        self.path.write_text(HOME.replace("The lamp", "By hand"))
        self.successResultOf(self.edit())
        self.assertEqual(self.house.core.home.devices["lamp"].description, "By hand")
        self.assertEqual(self.isIn(), "bath")

    def test_refusedEditChangesNothing(self) -> None:
        def refuse(home: Home, data: bytes) -> bytes:
            raise Refusal(Code.NOT_FOUND, "no")

        failure = self.failureResultOf(self.homes.edit(refuse), Refusal)
        self.assertIs(failure.value.refused.code, Code.NOT_FOUND)
        self.assertEqual(self.path.read_text(), HOME)

    def test_oneAtATime(self) -> None:
        waiting: list[Deferred[Any]] = []
        calls: list[Any] = []

        def elsewhere(call: Any) -> Deferred[Any]:
            calls.append(call)
            waiting.append(Deferred())
            return waiting[-1]

        self.homes._elsewhere = elsewhere
        first, second = self.edit("bath"), self.edit("kitchen")
        self.assertEqual(len(calls), 1)
        waiting[0].callback(calls[0]())
        self.successResultOf(first)
        self.assertEqual(len(calls), 2)
        waiting[1].callback(calls[1]())
        self.successResultOf(second)
        self.assertEqual(self.isIn(), "kitchen")

    def test_fullDisk(self) -> None:
        self.disk.failing = "write"
        failure = self.failureResultOf(self.edit(), Refusal)
        self.assertIs(failure.value.refused.code, Code.STORAGE)
        self.assertEqual(self.path.read_text(), HOME)
        self.assertEqual(self.isIn(), "kitchen")

    def test_writtenButNotSynced(self) -> None:
        """The caller hears that it may not last; what runs is what the file says."""
        self.disk.failing = "folder"
        failure = self.failureResultOf(self.edit(), Refusal)
        self.assertIs(failure.value.refused.code, Code.STORAGE)
        self.assertIn("bath", self.path.read_text())
        self.assertEqual(self.isIn(), "bath")

    def test_reload(self) -> None:
        self.path.write_text(HOME.replace('"lamp"', '"lantern"'))
        change = self.successResultOf(self.homes.reload())
        self.assertEqual((change.added, change.removed), (("lantern",), ("lamp",)))
        self.assertTrue(self.house.core.presence("lantern").active)

    def test_reloadOfNonsense(self) -> None:
        """A file that can't be read does not take the house away."""
        self.path.write_text(HOME[:-30])
        failure = self.failureResultOf(self.homes.reload(), Refusal)
        self.assertIn("home.xml", str(failure.value))
        self.assertIn("lamp", self.house.core.home.devices)

    def test_noFile(self) -> None:
        homes = LiveHome(self.house.stepper, self.house.attachments, None, maybeDeferred)
        homes.load()
        for doing in (homes.edit(lambda home, data: data), homes.reload()):
            failure = self.failureResultOf(doing, Refusal)
            self.assertIs(failure.value.refused.code, Code.STORAGE)
