"""Gateways and adapters: modes that are entered by command and end by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from dog.drivers.simulated.behaviour import Args, Behaviour
from dog.drivers.simulated.device import SimulatedDevice
from dog.drivers.simulated.timers import Timer
from dog.model.values import Slot


class Mode(Behaviour):
    """A state with a resting value; the base of what follows.

    @cvar state: the state class. @cvar rest: its value at first. @cvar lasts: seconds until a mode ends.
    @cvar after: mode -> the value that follows it.
    @cvar tells: value -> notification, for devices without the state.
    """

    __slots__ = ("_timer",)

    state: ClassVar[str]
    rest: ClassVar[str] = "idle"
    lasts: ClassVar[float] = 60.0
    after: ClassVar[Mapping[str, str]]
    tells: ClassVar[Mapping[str, str]] = {}

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self._timer: Timer | None = None
        unit.put(self.state, self.rest)

    def enter(self, value: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.unit.put(self.state, value)
        if value in self.tells:
            self.unit.tell(self.tells[value])
        following = self.after.get(value)
        if following is not None:
            self._timer = self.unit.after(self.lasts, self.enter, following)

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return (self.unit.slot(self.state),)


class TeachIn(Mode):
    """Learning new devices for a minute. A device that is named is learned in two seconds."""

    __slots__ = ()

    functionalities = frozenset({"DeviceTeachInFunctionality"})
    states = frozenset({"TeachInState"})
    commands = {"TeachInCommand": "teachIn", "SmartTeachInCommand": "teachIn", "ExplicitTeachIn": "explicit"}
    state = "TeachInState"
    after = {"teachingIn": "idle"}
    tells = {"teachingIn": "TeachInActiveNotification", "idle": "TeachInEndedNotification"}

    def teachIn(self, args: Args) -> None:
        self.enter("teachingIn")

    def explicit(self, args: Args) -> None:
        self.enter("teachingIn")
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.unit.after(2.0, self.enter, "idle")


class Association(Mode):
    """Taking devices into the network, or letting them go, for a minute."""

    __slots__ = ()

    functionalities = frozenset({"AssociateFunctionality"})
    states = frozenset({"DeviceAssociationState"})
    commands = {"AssociateCommand": "associate", "DisassociateCommand": "disassociate"}
    state = "DeviceAssociationState"
    after = {"associating": "idle", "disassociating": "idle"}
    tells = {
        "associating": "AssociatingDeviceNotification",
        "disassociating": "DisassociatingDeviceNotification",
        "idle": "IdleNotification",
    }

    def associate(self, args: Args) -> None:
        self.enter("associating")

    def disassociate(self, args: Args) -> None:
        self.enter("disassociating")


class Discovery(Mode):
    """Searching for twenty seconds; an adapter then finds the same few neighbours at changing strength."""

    __slots__ = ()

    functionalities = frozenset({"DiscoveryFunctionality"})
    states = frozenset({"DiscoveryState"})
    commands = {"StartDiscoveryCommand": "start", "StopDiscoveryCommand": "stop"}
    state = "DiscoveryState"
    lasts = 20.0
    after = {"searching": "idle"}
    tells = {"searching": "DiscoveryActiveNotification", "idle": "DiscoveryIdleNotification"}
    _neighbours = (
        ("SensorTag 2.0", "24:71:89:C0:00:01"),
        ("Wristwatch", "24:71:89:C0:00:02"),
        ("Headphones", "24:71:89:C0:00:03"),
    )

    def start(self, args: Args) -> None:
        self.enter("searching")
        for index, (name, address) in enumerate(self._neighbours):
            self.unit.after(2.0 + 4.0 * index, self._find, name, address)

    def _find(self, name: str, address: str) -> None:
        if self.unit.get(self.state) == "searching":
            self.unit.tell(
                "DeviceDiscoveredNotification",
                discoveredDeviceName=name,
                discoveredDeviceRSSI=-round(self.unit.dice.between(40, 90)),
                discoveredDeviceMac=address,
            )

    def stop(self, args: Args) -> None:
        self.enter("idle")


class PushLink(Mode):
    """The bridge's button: asked for, somebody presses it within half a minute."""

    __slots__ = ()

    functionalities = frozenset({"PushLinkFunctionality"})
    states = frozenset({"PushLinkAuthenticationState"})
    commands = {"StartPushLinkAuthenticationCommand": "start", "StopPushLinkAuthenticationCommand": "stop"}
    state = "PushLinkAuthenticationState"
    rest = "needsAuthentication"
    lasts = 20.0
    after = {"authenticating": "authenticated"}

    def start(self, args: Args) -> None:
        self.enter("authenticating")

    def stop(self, args: Args) -> None:
        self.enter("needsAuthentication")


class Network(Mode):
    """Open for new devices for a minute, by command or in order to install an appliance."""

    __slots__ = ()

    functionalities = frozenset({"NetworkManagementFunctionality", "ApplianceManagementFunctionality"})
    states = frozenset({"NetworkManagementState"})
    commands = {
        "OpenNetworkCommand": "open",
        "CloseNetworkCommand": "close",
        "InstallApplianceCommand": "open",
        "DeleteApplianceCommand": "delete",
    }
    state = "NetworkManagementState"
    rest = "close"
    after = {"open": "close"}
    tells = {"open": "NetworkOpenedNotification", "close": "NetworkClosedNotification"}

    def open(self, args: Args) -> None:
        self.enter("open")

    def close(self, args: Args) -> None:
        self.enter("close")

    def delete(self, args: Args) -> None:
        """Nothing in the class shows it: how the network is is told anew."""
        self.unit.repeat(self.slots())
