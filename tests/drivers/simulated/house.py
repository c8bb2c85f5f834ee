"""A small simulated house to look into."""

from __future__ import annotations

from dog.drivers.simulated import driver
from dog.model.command import Command, Outcome
from dog.model.device import Device
from dog.model.measure import Measure
from dog.model.rights import GATEWAY
from dog.model.values import Pulse, Reading, Slot, Value, features
from dog.testing import FakeDevicePort, FakeKit, FakeLinkPort


class House:
    """Devices on a started link, on a hand-driven clock that begins on a Wednesday at noon UTC."""

    def __init__(self, *devices: Device, seed: int = 1, **settings: object) -> None:
        self.kit = FakeKit(seed)
        self.link = driver.link("home", settings, None, FakeLinkPort(), self.kit)
        self.devices = {device.id: device for device in devices}
        self.ports = {device.id: FakeDevicePort() for device in devices}
        self.units = {device.id: self.link.attach(device, self.ports[device.id]) for device in devices}
        self.link.start()
        self.run(0.1)

    def run(self, seconds: float) -> None:
        self.kit.run(seconds)

    def send(self, id: str, command: str, **args: Value) -> Outcome:
        """Send the command class of that name; its outcome, whose readings are kept like any others."""
        outcomes: list[Outcome] = []
        kinds = [each for types in self.devices[id].commands.values() for each in types if each.cls == command]
        sending = self.units[id].send(Command("c", id, kinds[0], args, 1e9, GATEWAY))
        sending.addCallback(outcomes.append)
        if outcomes and outcomes[0].seen:
            self.ports[id].observed(*outcomes[0].seen)
        return outcomes[0]

    def value(self, id: str, state: str, **named: str) -> Value:
        return self.ports[id].values[Slot(id, state, features(**named))]

    def number(self, id: str, state: str, **named: str) -> float:
        value = self.value(id, state, **named)
        assert isinstance(value, Measure), value
        return float(value.number)

    def history(self, id: str, state: str) -> list[Value]:
        """Every value the state has been reported with, one after the other."""
        found: list[Value] = []
        for each in self.ports[id].seen:
            if isinstance(each, Reading) and each.slot.state == state and (not found or found[-1] != each.value):
                found.append(each.value)
        return found

    def pulses(self, id: str) -> list[Pulse]:
        return self.ports[id].pulses

    def forget(self) -> None:
        for port in self.ports.values():
            port.steps.clear()
