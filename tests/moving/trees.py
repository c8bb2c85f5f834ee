"""Installations to move: the samples, and what a test writes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dog.moving.installation import Installation
from dog.moving.moving import Moved, move
from dog.moving.report import Item, Report
from dog.moving.server import Choices
from tests.source import ROOT

HOMES = ROOT / "tests" / "data" / "homes"
MADE = ROOT / "tests" / "data" / "installations" / "made"

#: Every sample installation.
SAMPLES = {"knx": HOMES / "knx", "bticino": HOMES / "bticino", "zwave": HOMES / "zwave", "made": MADE}

HOUSE = "it.polito.elite.dog.core.housemodel.simple.cfg"
HOME = """<?xml version="1.0" encoding="UTF-8"?>
<dhc:dogHomeConfiguration xmlns:dhc="http://elite.polito.it/dogHomeConfiguration">
  <dhc:controllables>
    <dhc:device id="lamp" class="SimpleLamp" domoticSystem="Modbus"><dhc:description>The lamp</dhc:description>
    </dhc:device>
  </dhc:controllables>
</dhc:dogHomeConfiguration>
"""


class TreeCase(SynchronousTestCase):
    """@ivar folder: an installation with a home; a test puts more into it."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.put({HOUSE: "devices=home.xml\n", "home.xml": HOME})

    def put(self, files: Mapping[str, str | bytes]) -> None:
        for name, data in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data if isinstance(data, bytes) else data.encode())

    def installation(self) -> tuple[Installation, Report]:
        report = Report()
        old = Installation(os.fspath(self.folder), report)
        self.addCleanup(old.close)
        return old, report

    def move(self, choices: Choices | None = None, folder: Path | None = None) -> Moved:
        given = os.fspath(folder or self.folder)
        return move(given, "/var/lib/dog", choices or Choices(), {"modbus", "enocean"})


def why(items: list[Item], file: str, key: str | None = None) -> str | None:
    """The reason of the one item about this."""
    [item] = [each for each in items if each.file == file and each.key == key]
    return item.why
