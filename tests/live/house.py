"""A running house in memory: core, stepper, attachments, commands, on a hand-driven clock."""

from __future__ import annotations

from datetime import timedelta

from dog.core.core import Applied, Core
from dog.home.diff import diff
from dog.interfaces import IDriver
from dog.live.attachments import Attachments
from dog.live.commands import Commands
from dog.live.drivers import collect
from dog.live.stepper import Stepper
from dog.model.device import Device
from dog.model.home import Home
from dog.testing.links import EPOCH, FakeKit
from dog.testing.scripted import ScriptedDriver


class RunningHouse:
    """Everything live, with one L{ScriptedDriver} for the system C{Scripted}."""

    def __init__(self, *devices: Device, simulation: IDriver | None = None, maxQueued: int = 64) -> None:
        self.kit = FakeKit()
        self.clock = self.kit.clock
        self.core = Core("epoch")
        self.stepper = Stepper(self.core, self.clock, lambda: EPOCH + timedelta(seconds=self.clock.seconds()))
        self.driver = ScriptedDriver()
        self.attachments = Attachments(
            self.stepper, collect([self.driver]), {}, lambda driver, key: self.kit, simulation
        )
        self.commands = Commands(self.stepper, self.attachments, maxQueued=maxQueued)
        self.attachments.onLost = self.commands.failAll
        self.apply(*devices)

    def apply(self, *devices: Device) -> None:
        change = diff(self.core.home, Home(devices={each.id: each for each in devices}))
        self.stepper.step(Applied(change))
        self.attachments.apply(change)

    def start(self) -> None:
        self.attachments.startService()

    def device(self, id: str) -> Device:
        return self.core.home.devices[id]
