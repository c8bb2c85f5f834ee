"""The driver itself: what it asks of a configuration, and which devices share a link."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from zope.interface import implementer

from dog.drivers.link import SerialSettings, portEndpoint
from dog.interfaces import IDriver, IKit, ILinkPort, Unsupported
from dog.model.device import Device
from dog_relayboard.link import BoardLink

SERIAL = SerialSettings(baudRate=9600)

#: Seconds between two looks at the board, unless the settings say otherwise.
POLL = 30.0


@implementer(IDriver)
class RelayBoardDriver:
    """A relay is any device that can be switched on and off. It says where it is by two params: C{board}, a serial
    port's path or C{tcp:HOST:PORT}, and C{relay}, its number from 1 on.
    """

    name = "relayboard"
    systems = ("RelayBoard",)

    def check(self, settings: Mapping[str, Any], gateway: Device | None, devices: Sequence[Device]) -> list[str]:
        problems = [f"setting {each} is not known" for each in settings if each != "pollSeconds"]
        poll = settings.get("pollSeconds", POLL)
        if isinstance(poll, bool) or not isinstance(poll, (int, float)) or not 1 <= poll <= 3600:
            problems.append(f"pollSeconds: expected a number from 1 to 3600, got {poll!r}")
        for device in devices:
            try:
                endpointOf(device)
                relayOf(device)
            except Unsupported as unsupported:
                problems.append(f"{device.id}: {unsupported}")
        return problems

    def linkKey(self, settings: Mapping[str, Any], gateway: Device | None, device: Device) -> Hashable:
        return endpointOf(device)

    def link(
        self, key: Hashable, settings: Mapping[str, Any], gateway: Device | None, port: ILinkPort, kit: IKit
    ) -> BoardLink:
        return BoardLink(str(key), relayOf, float(settings.get("pollSeconds", POLL)), port, kit)


def endpointOf(device: Device) -> str:
    """Where the device's board is. Raises L{Unsupported}."""
    board = device.param("board")
    if board is None:
        raise Unsupported("its param board is missing: the path of a serial port, or tcp:HOST:PORT")
    try:
        return portEndpoint(board, SERIAL)
    except ValueError as error:
        raise Unsupported(f"board: {error}") from None


def relayOf(device: Device) -> int:
    """The device's number on its board. Raises L{Unsupported}."""
    if "OnOffState" not in device.states or not {"on", "off"} <= device.commands.keys():
        raise Unsupported(f"a {device.cls} can't be switched by a relay")
    relay = device.param("relay") or ""
    if not (relay.isascii() and relay.isdigit() and 1 <= int(relay) <= 64):
        raise Unsupported(f"relay: expected a number from 1 to 64, got {relay!r}")
    return int(relay)


driver = RelayBoardDriver()
