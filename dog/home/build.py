"""Elements of a home file -> the model: from XML by L{dog.home.reader}, from YAML by L{dog.home.yaml}.

A reader opens a L{Frame} per element, hands it to L{Builder.begin}, fills its parts with what L{Builder.finish}
made of its children, and finishes it. Equal texts, params and states are shared: homes repeat themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from dog.home.findings import Findings, Mark, isPlaceholderState
from dog.home.kinds import Kind
from dog.home.text import tidy
from dog.model.device import (
    Command,
    ConfigParam,
    ControlFunctionality,
    Device,
    Notification,
    NotificationFunctionality,
    State,
    StateValue,
)
from dog.model.home import Building, Flat, Ground, Home, Opening, Room, Storey, Surface, Wall

_RELATIONS = frozenset(("actuatorOf", "sensorOf", "pluggedIn", "meterOf", "controls", "hasMeter"))
_NO_ROOM = Room(None)
_NO_FLAT = Flat(None)
_NO_WALL = Wall()
_NO_OPENING = Opening()
_NO_SURFACE = Surface()

T = TypeVar("T")


class Text(NamedTuple):
    """What a text element became."""

    kind: str
    text: str
    line: int
    column: int


class Frame:
    """An element being read: its attributes, and in C{parts} what its children became."""

    __slots__ = ("attributes", "column", "kind", "line", "parts")

    def __init__(self, kind: Kind, attributes: Mapping[str, str]) -> None:
        self.kind = kind
        self.attributes = attributes
        self.line = 0
        self.column = 0
        self.parts: list[Any] = []

    def text(self, kind: str) -> str | None:
        """The first text of that kind."""
        return next((each.text for each in self.parts if type(each) is Text and each.kind == kind), None)

    def of(self, cls: type[T]) -> tuple[T, ...]:
        return tuple([each for each in self.parts if type(each) is cls])


class Builder:
    """Makes the model of one file.

    @ivar where: line and column of what is being read; set by the reader, asked only when there is something to say.
    """

    def __init__(self, findings: Findings) -> None:
        self.where: Callable[[], tuple[int, int]] = lambda: (0, 0)
        self._findings = findings
        self._device: str | None = None
        self._buildings: list[Building] = []
        self._devices: dict[str, Device] = {}
        self._isIn: dict[str, Mark] = {}
        self._relations: list[tuple[str, str, str, Mark]] = []
        self._strings: dict[str, str] = {}
        self._params: dict[tuple[str | None, ...], ConfigParam] = {}
        self._tuples: dict[tuple[int, ...], tuple[Any, ...]] = {}
        self._values: dict[tuple[Any, ...], StateValue] = {}
        self._states: dict[tuple[str, int], State] = {}
        self._makers: dict[str, Callable[[Frame], Any]] = {
            "building": self._building,
            "storey": self._storey,
            "flat": self._flat,
            "garden": self._ground,
            "garage": self._ground,
            "room": self._room,
            "ceiling": self._surface,
            "floor": self._surface,
            "wall": self._wall,
            "hasWallOpening": self._opening,
            "device": self._deviceDone,
            "controlFunctionality": self._control,
            "command": self._command,
            "notificationFunctionality": self._notifying,
            "notification": self._notification,
            "state": self._state,
            "statevalue": self._statevalue,
        }

    # -- while an element is read ---------------------------------------------------------------------------------

    def begin(self, frame: Frame) -> None:
        """An element with a name or a place starts: what is wrong with its attributes is reported where it stands."""
        kind = frame.kind
        if kind.placed:
            frame.line, frame.column = self.where()
            if kind.name == "device":
                self._device = frame.attributes.get("id")
            return
        cls = frame.attributes.get("class")
        if not cls:
            # A state with an empty class may be a placeholder: _state knows, when it has seen its values.
            if cls is None or kind.named not in ("state", "statevalue"):
                self._add("missing_class", f"this {kind.name} has no class")
        elif cls not in self._findings.known[kind.named]:
            self._findings.name(kind.named, cls, *self.where(), self._device)

    def finish(self, frame: Frame, parent: Frame) -> None:
        """An element has ended: its part of the model goes to its parent, unless it is a placeholder."""
        part = self._makers[frame.kind.name](frame)
        if part is not None:
            parent.parts.append(part)

    def text(self, frame: Frame, text: str, parent: Frame) -> None:
        """A text element has ended."""
        parent.parts.append(Text(frame.kind.name, tidy(text), frame.line, frame.column))

    def param(self, name: str | None, value: str | None, type: str | None) -> ConfigParam | None:
        """A param; equal ones are one object. Reported, and None, without a name."""
        key = (name, value, type)
        found = self._params.get(key)
        if found is None:
            if not name:
                self._add("missing_name", "this param has no name; it is left out")
                return None
            found = self._params[key] = ConfigParam(self._one(name), value, self._share(type))
        return found

    def home(self) -> Home:
        """The whole home, when the root has ended."""
        return self._findings.home(tuple(self._buildings), self._devices, self._isIn, self._relations)

    def _add(self, code: str, message: str) -> None:
        self._findings.add(code, message, *self.where(), self._device)

    # -- sharing ----------------------------------------------------------------------------------------------------

    def _one(self, text: str) -> str:
        return self._strings.setdefault(text, text)

    def _share(self, text: str | None) -> str | None:
        return None if text is None else self._strings.setdefault(text, text)

    def _group(self, parts: Sequence[Any]) -> tuple[Any, ...]:
        """The parts as a tuple; equal ones, made of shared parts, are one tuple (kept here, so ids stay theirs)."""
        key = tuple(map(id, parts))
        found = self._tuples.get(key)
        if found is None:
            found = self._tuples[key] = tuple(parts)
        return found

    # -- devices ----------------------------------------------------------------------------------------------------

    def _command(self, frame: Frame) -> Command:
        got = frame.attributes.get
        name, id = got("name"), got("id")
        if name == id:
            id = name
        cls = self._one(got("class", ""))
        return Command(cls, name, id, self._group(frame.parts), self._share(got("returnType")))

    def _notification(self, frame: Frame) -> Notification:
        generates = tuple([each.text for each in frame.parts if type(each) is Text])
        params = self._group(frame.of(ConfigParam) if generates else frame.parts)
        return Notification(
            self._one(frame.attributes.get("class", "")), frame.attributes.get("id"), params, generates
        )

    def _statevalue(self, frame: Frame) -> StateValue:
        params = self._group(frame.parts)
        cls, name = frame.attributes.get("class", ""), frame.attributes.get("name")
        key = (cls, name, id(params))
        found = self._values.get(key)
        if found is None:
            found = self._values[key] = StateValue(cls, name, params)
        return found

    def _state(self, frame: Frame) -> State | None:
        cls, values = frame.attributes.get("class", ""), self._group(frame.parts)
        found = self._states.get((cls, id(values)))
        if found is None:
            found = self._states[cls, id(values)] = State(cls, values)
        if cls or not isPlaceholderState(found):
            return found
        return None

    def _control(self, frame: Frame) -> ControlFunctionality:
        return ControlFunctionality(self._one(frame.attributes.get("class", "")), tuple(frame.parts))

    def _notifying(self, frame: Frame) -> NotificationFunctionality:
        return NotificationFunctionality(self._one(frame.attributes.get("class", "")), tuple(frame.parts))

    def _deviceDone(self, frame: Frame) -> None:
        got = frame.attributes.get
        self._device = None
        id = got("id")
        if not id:
            self._findings.add("missing_id", "this device has no id; it is left out", frame.line, frame.column)
            return
        if id in self._devices:
            message = f"there is a device {id!r} already, in line {self._devices[id].line}; this one is left out"
            self._findings.add("duplicate_id", message, frame.line, frame.column, id)
            return
        texts: dict[str, str] = {}
        lists: dict[str, list[str]] = {"meterOf": [], "controls": []}
        params: list[ConfigParam] = []
        control: list[ControlFunctionality] = []
        notifying: list[NotificationFunctionality] = []
        states: list[State] = []
        sorts: dict[type, list[Any]] = {
            ConfigParam: params,
            ControlFunctionality: control,
            NotificationFunctionality: notifying,
            State: states,
        }
        for part in frame.parts:
            if type(part) is not Text:
                sorts[type(part)].append(part)
                continue
            kind = part.kind
            if kind in lists:
                if part.text:
                    lists[kind].append(self._one(part.text))
            elif kind in texts:
                continue
            else:
                texts[kind] = part.text if kind == "description" else self._one(part.text)
                if kind == "isIn":
                    self._isIn[id] = Mark(part.line, part.column)
            if kind in _RELATIONS and part.text:
                self._relations.append((id, kind, part.text, Mark(part.line, part.column)))
        first = texts.get
        device = Device(
            id,
            self._one(got("class", "")),
            self._share(got("domoticSystem")),
            self._share(got("gateway")),
            first("description"),
            first("isIn"),
            first("actuatorOf"),
            first("sensorOf"),
            first("pluggedIn"),
            tuple(lists["meterOf"]),
            tuple(lists["controls"]),
            first("hasMeter"),
            self._group(params),
            tuple(control),
            tuple(notifying),
            self._group(states),
            frame.line,
        )
        self._devices[id] = device
        self._findings.described(device, frame.column)

    # -- places -----------------------------------------------------------------------------------------------------

    def _building(self, frame: Frame) -> None:
        got = frame.attributes.get
        grounds = frame.of(_Placed)
        self._buildings.append(
            Building(
                got("id"),
                got("class"),
                frame.of(Storey),
                frame.of(Flat),
                tuple(each.ground for each in grounds if each.kind == "garden"),
                tuple(each.ground for each in grounds if each.kind == "garage"),
            )
        )

    def _storey(self, frame: Frame) -> Storey:
        got = frame.attributes.get
        self._findings.place("storey", got("id"), frame.line, frame.column)
        level, text = got("levelFromGround"), frame.text("description")
        return Storey(got("id"), got("class"), level, text, frame.of(Flat), frame.of(Room))

    def _flat(self, frame: Frame) -> Flat | None:
        got = frame.attributes.get
        rooms = frame.of(Room)
        flat = Flat(got("id"), got("class"), frame.text("description"), got("svgfootprint"), rooms)
        if flat == _NO_FLAT:
            return None
        self._findings.place("flat", flat.id, frame.line, frame.column)
        return flat

    def _ground(self, frame: Frame) -> _Placed:
        return _Placed(frame.kind.name, Ground(frame.attributes.get("id"), frame.text("description")))

    def _room(self, frame: Frame) -> Room | None:
        got = frame.attributes.get
        surfaces = frame.of(_Faced)
        ceiling = next((each.surface for each in surfaces if each.kind == "ceiling"), None)
        floor = next((each.surface for each in surfaces if each.kind == "floor"), None)
        room = Room(got("id"), got("class"), frame.text("description"), ceiling, floor, frame.of(Wall))
        if room == _NO_ROOM:
            return None
        self._findings.place("room", room.id, frame.line, frame.column)
        return room

    def _surface(self, frame: Frame) -> _Faced | None:
        surface = Surface(frame.attributes.get("id"), frame.attributes.get("class"))
        return None if surface == _NO_SURFACE else _Faced(frame.kind.name, surface)

    def _wall(self, frame: Frame) -> Wall | None:
        got = frame.attributes.get
        openings = frame.of(Opening)
        wall = Wall(got("id"), got("class"), got("length"), got("height"), got("ref"), openings)
        return None if wall == _NO_WALL else wall

    def _opening(self, frame: Frame) -> Opening | None:
        got = frame.attributes.get
        opening = Opening(got("id"), got("class"), got("ref"))
        return None if opening == _NO_OPENING else opening


class _Placed(NamedTuple):
    kind: str
    ground: Ground


class _Faced(NamedTuple):
    kind: str
    surface: Surface
