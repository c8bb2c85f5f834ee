"""What a home file is made of: the kinds of element, and which may stand in which."""

from __future__ import annotations

from dog.home.document import NAMESPACE, TEXTS

#: Names of the root element: the usual, the one the Java gateway wrote, the one its schema has by mistake.
ROOTS = ("dogHomeConfiguration", "DogHomeConfiguration", "dhc")

#: Which kinds are known within which, in the order that the schema wants; all others are passed over.
WITHIN: dict[str, tuple[str, ...]] = {
    "root": ("buildingEnvironment", "controllables"),
    "buildingEnvironment": ("building",),
    "building": ("storey", "flat", "garden", "garage"),
    "storey": ("description", "flat", "room"),
    "flat": ("description", "room"),
    "garden": ("description",),
    "garage": ("description",),
    "room": ("description", "ceiling", "floor", "wall"),
    "wall": ("hasWallOpening",),
    "controllables": ("device",),
    "device": (
        *("description", "isIn", "actuatorOf", "sensorOf", "pluggedIn", "meterOf", "controls", "hasMeter"),
        *("param", "controlFunctionality", "notificationFunctionality", "state"),
    ),
    "controlFunctionality": ("commands",),
    "commands": ("command",),
    "command": ("param",),
    "notificationFunctionality": ("notifications",),
    "notifications": ("notification",),
    "notification": ("generatesCommand", "param"),
    "state": ("statevalues",),
    "statevalues": ("statevalue",),
    "statevalue": ("param",),
}

#: Kinds whose C{class} is looked up in the catalogue, and what the findings call that name.
_NAMED = {
    "controlFunctionality": "functionality",
    "notificationFunctionality": "functionality",
    "command": "command",
    "notification": "notification",
    "state": "state",
    "statevalue": "statevalue",
}
_PLACED = ("device", "room", "flat", "storey")
_PLAIN = ("buildingEnvironment", "controllables", "commands", "notifications", "statevalues")


class Kind:
    """A kind of element.

    @ivar children: expat's and the plain form of a child's name -> its kind; all others are passed over.
    @ivar named: what the findings call its class; empty if its class is not asked for.
    @ivar placed: its place in the file is kept until it is finished.
    @ivar plain: it is nothing by itself: its children are its parent's.
    """

    __slots__ = ("children", "name", "named", "placed", "plain", "text")

    def __init__(self, name: str) -> None:
        self.name = name
        self.children: dict[str, Kind] = {}
        self.named = _NAMED.get(name, "")
        self.placed = name in _PLACED
        self.plain = name in _PLAIN
        self.text = name in TEXTS


def _kinds() -> dict[str, Kind]:
    found = {name: Kind(name) for names in WITHIN.values() for name in names}
    found["root"] = Kind("root")
    for name, names in WITHIN.items():
        found[name].children = {form: found[each] for each in names for form in (each, f"{NAMESPACE} {each}")}
    return found


KINDS = _kinds()
ROOT = KINDS["root"]
PARAM = KINDS["param"]
