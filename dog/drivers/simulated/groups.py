"""Groups and scenes. A controller without a command for them has its own buttons, which people use now and then."""

from __future__ import annotations

from dog.drivers.simulated.behaviour import Args, Behaviour, numberOf
from dog.drivers.simulated.device import Refuses, SimulatedDevice


def _whole(args: Args, name: str) -> int:
    number = numberOf(args.get(name))
    if number is None or number < 0:
        raise Refuses(f"expected a number, got {args.get(name)}")
    return round(number)


class Groups(Behaviour):
    """Joins and leaves groups, told each time."""

    __slots__ = ()

    functionalities = frozenset({"GroupFunctionality"})
    commands = {"StoreGroupCommand": "store", "DeleteGroupCommand": "delete"}

    def store(self, args: Args) -> None:
        self.unit.tell("JoinGroupNotification", groupNumber=_whole(args, "groupID"))

    def delete(self, args: Args) -> None:
        self.unit.tell("LeaveGroupNotification", groupNumber=_whole(args, "groupID"))


class Scenes(Behaviour):
    """Stores and forgets scenes, told each time where the class has a notification for it."""

    __slots__ = ()

    functionalities = frozenset({"SceneFunctionality"})
    commands = {"StoreSceneCommand": "store", "DeleteSceneCommand": "delete"}

    def store(self, args: Args) -> None:
        self.unit.tell("StoreSceneNotification", sceneNumber=_whole(args, "sceneNumber"))

    def delete(self, args: Args) -> None:
        self.unit.tell("DeleteSceneNotification", sceneNumber=_whole(args, "sceneNumber"))


class Panel(Behaviour):
    """The buttons of a controller: identify, join and leave a group, store and delete a scene; every hour or so."""

    __slots__ = ("_turn",)

    notifications = frozenset({"IdentifyNotification", "JoinGroupNotification", "StoreSceneNotification"})
    _interval = 3600.0
    _presses = (
        ("IdentifyNotification", None),
        ("JoinGroupNotification", "groupNumber"),
        ("StoreSceneNotification", "sceneNumber"),
        ("DeleteSceneNotification", "sceneNumber"),
        ("LeaveGroupNotification", "groupNumber"),
    )

    @classmethod
    def fits(cls, names: frozenset[str]) -> bool:
        return super().fits(names) and names.isdisjoint({"GroupFunctionality", "SceneFunctionality"})

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self._turn = unit.dice.bits() % len(self._presses)

    def wake(self) -> None:
        self.unit.after(self.unit.link.first(self.unit.dice, self._interval), self._press)

    def _press(self) -> None:
        notification, number = self._presses[self._turn % len(self._presses)]
        self._turn += 1
        self.unit.tell(notification, **({number: 1} if number else {}))
        self.unit.after(self.unit.dice.about(self._interval), self._press)
