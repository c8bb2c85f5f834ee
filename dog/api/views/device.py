"""A device as clients see it: its description out of home.xml, in the profile they read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dog.api.call import Profile
from dog.api.views.xml import Node, document, leaf, node
from dog.core.core import Presence
from dog.model import device as model

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One device.

    @ivar presence: told with C{?detail=full}: whether a driver serves it, and why not.
    @ivar network: show params of type C{network} too, and always in the documented shape (C{/dog/configuration}).
    """

    device: model.Device
    presence: Presence | None = None
    network: bool = False

    def json(self, profile: Profile, full: bool = False) -> JSON:
        """Keys in the order of the old gateway; what is empty is left out."""
        device = self.device
        released = profile is Profile.RELEASED and not self.network
        found = _present(
            description=device.description,
            isIn=device.isIn,
            actuatorOf=device.actuatorOf,
            sensorOf=device.sensorOf,
            pluggedIn=device.pluggedIn,
            meterOf=list(device.meterOf),
            controls=list(device.controls),
            hasMeter=device.hasMeter,
            param=self._params(device.params),
            controlFunctionality=[
                _present(commands=_list("command", [self._command(each) for each in it.commands], released))
                | {"class": it.cls}
                for it in device.controlFunctionalities
            ],
            notificationFunctionality=[
                _present(
                    notifications=_list(
                        "notification", [self._notification(each) for each in it.notifications], released
                    )
                )
                | {"class": it.cls}
                for it in device.notificationFunctionalities
            ],
            state=[
                _present(statevalues=[self._stateValue(each) for each in it.values]) | {"class": it.cls}
                for it in device.declaredStates
            ],
            id=device.id,
            domoticSystem=device.domoticSystem,
            gateway=device.gateway,
        )
        found["class"] = device.cls
        if full and self.presence is not None:
            found.update(presenceOf(self.presence))
        return found

    def xml(self, profile: Profile) -> bytes:
        return DevicesView((self,)).xml(profile)

    def node(self) -> Node:
        device = self.device
        return node(
            "device",
            leaf("description", device.description),
            leaf("isIn", device.isIn),
            leaf("actuatorOf", device.actuatorOf),
            leaf("sensorOf", device.sensorOf),
            leaf("pluggedIn", device.pluggedIn),
            *(leaf("meterOf", each) for each in device.meterOf),
            *(leaf("controls", each) for each in device.controls),
            leaf("hasMeter", device.hasMeter),
            *self._paramNodes(device.params),
            *(
                node(
                    "controlFunctionality",
                    node(
                        "commands",
                        *(
                            node(
                                "command",
                                *self._paramNodes(each.params),
                                id=each.id,
                                cls=each.cls,
                                name=each.name,
                                returnType=each.returnType,
                            )
                            for each in it.commands
                        ),
                    ),
                    cls=it.cls,
                )
                for it in device.controlFunctionalities
            ),
            *(
                node(
                    "notificationFunctionality",
                    node(
                        "notifications",
                        *(
                            node(
                                "notification",
                                *(leaf("generatesCommand", it) for it in each.generatesCommand),
                                *self._paramNodes(each.params),
                                id=each.id,
                                cls=each.cls,
                            )
                            for each in it.notifications
                        ),
                    ),
                    cls=it.cls,
                )
                for it in device.notificationFunctionalities
            ),
            *(
                node(
                    "state",
                    node(
                        "statevalues",
                        *(
                            node("statevalue", *self._paramNodes(each.params), cls=each.cls, name=each.name)
                            for each in it.values
                        ),
                    ),
                    cls=it.cls,
                )
                for it in device.declaredStates
            ),
            id=device.id,
            cls=device.cls,
            domoticSystem=device.domoticSystem,
            gateway=device.gateway,
        )

    # -- parts --------------------------------------------------------------------------------------

    def _shown(self, params: Iterable[model.ConfigParam]) -> list[model.ConfigParam]:
        return [each for each in params if self.network or each.type != "network"]

    def _params(self, params: Iterable[model.ConfigParam]) -> list[JSON]:
        return [_present(name=each.name, value=each.value, type=each.type) for each in self._shown(params)]

    def _paramNodes(self, params: Iterable[model.ConfigParam]) -> list[Node]:
        return [node("param", name=each.name, value=each.value, type=each.type) for each in self._shown(params)]

    def _command(self, command: model.Command) -> JSON:
        return _present(
            param=self._params(command.params), name=command.name, returnType=command.returnType, id=command.id
        ) | {"class": command.cls}

    def _notification(self, notification: model.Notification) -> JSON:
        return _present(
            generatesCommand=list(notification.generatesCommand),
            param=self._params(notification.params),
            id=notification.id,
        ) | {"class": notification.cls}

    def _stateValue(self, value: model.StateValue) -> JSON:
        return _present(param=self._params(value.params), name=value.name) | {"class": value.cls}


@dataclass(frozen=True, slots=True)
class DevicesView:
    """All the devices one may see, in the order of the file."""

    devices: tuple[DeviceView, ...]

    def json(self, profile: Profile, full: bool = False) -> JSON:
        return {"devices": [each.json(profile, full) for each in self.devices]}

    def xml(self, profile: Profile) -> bytes:
        if any(each.network for each in self.devices):
            profile = Profile.DOCUMENTED
        return document(profile, node("controllables", *(each.node() for each in self.devices)))


def presenceOf(presence: Presence) -> JSON:
    """Whether a device is served, and why not: C{active}, C{online}, and where it is not, C{code} and C{reason}."""
    found: JSON = {"active": presence.active, "online": presence.online}
    return found | _present(code=presence.code, reason=presence.reason)


def _list(name: str, items: list[JSON], released: bool) -> Any:
    """A list as the profile has it: bare, or wrapped in an object."""
    if not items:
        return None
    return {name: items} if released else items


def _present(**found: Any) -> JSON:
    """Without nulls and empty lists; empty texts stay."""
    return {key: each for key, each in found.items() if each is not None and each != []}
