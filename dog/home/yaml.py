"""The YAML form of a home, as the Java gateway wrote it -> the model. To read only.

The same tree as home.xml; lists are called C{flats}, C{rooms}, C{walls}, C{devices}; files that the old gateway
migrated have every C{statevalues} empty, which the catalogue fills. PyYAML is an optional extra. Only its events
are used: no tag is looked at, so nothing is ever constructed, and what aliases stand for is counted before it is
looked at.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

from dog.home.build import Builder, Frame
from dog.home.document import Unreadable, checkSize
from dog.home.findings import Findings, catalogueValues
from dog.home.kinds import PARAM, ROOT, Kind
from dog.model.home import Home

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 64
#: How many scalars, lists and mappings there may be, an alias counted as all that it stands for.
MAX_NODES = 1_000_000

_SINGULAR = {"flats": "flat", "rooms": "room", "walls": "wall", "devices": "device"}
_NULLS = ("", "~", "null", "Null", "NULL")


def readYaml(data: bytes, name: str, limit: int = MAX_BYTES) -> Home:
    """The home in C{data}; C{name} is what its problems call the file. Never raises for what is in the file."""
    findings = Findings(name)
    try:
        checkSize(len(data), limit)
        root = _load(data)
        if not isinstance(root, _Mapping):
            raise Unreadable(
                "wrong_root", "the file is not a mapping with buildingEnvironment and controllables", 1, 1
            )
        return _Walk(findings).home(root)
    except Unreadable as error:
        return findings.fatal(error)


class _Node:
    """A node of the file. C{weight} counts it and all that is in it, C{height} its levels; aliases are followed."""

    def __init__(self, mark: Any) -> None:
        self.line: int = mark.line + 1
        self.column: int = mark.column + 1
        self.weight = 1
        self.height = 1


class _Scalar(_Node):
    def __init__(self, mark: Any, value: str | None) -> None:
        super().__init__(mark)
        self.value = value


class _List(_Node):
    def __init__(self, mark: Any) -> None:
        super().__init__(mark)
        self.items: list[_Node] = []


class _Mapping(_Node):
    def __init__(self, mark: Any) -> None:
        super().__init__(mark)
        self.items: list[tuple[str | None, _Node]] = []
        self.key: str | None = None
        self.awaitsKey = True


def _load(data: bytes) -> _Node:
    try:
        yaml = importlib.import_module("yaml")
    except ImportError:
        raise Unreadable("yaml_missing", "reading a YAML home takes PyYAML, which is not installed") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable("encoding", "the file is not UTF-8", line, 1) from None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _compose(yaml, yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise Unreadable("malformed", f"not well-formed YAML: {error.problem or error.context}", *where) from None
    except yaml.YAMLError as error:
        raise Unreadable("malformed", f"not well-formed YAML: {error}", 1, 1) from None


def _compose(yaml: Any, events: Iterable[Any]) -> _Node:
    """The events as nodes, without recursion; an alias is the very node it names."""
    stack: list[_List | _Mapping] = []
    anchors: dict[str, _Node] = {}
    root: _Node | None = None

    def put(node: _Node) -> None:
        nonlocal root
        if not stack:
            if root is not None:
                raise Unreadable("malformed", "there is a second YAML document in the file", node.line, node.column)
            root = node
            return
        top = stack[-1]
        if isinstance(top, _List):
            top.items.append(node)
        elif top.awaitsKey:
            if not isinstance(node, _Scalar):
                raise Unreadable("malformed", "a key is a list or a mapping", node.line, node.column)
            top.key, top.awaitsKey = node.value, False
        else:
            top.items.append((top.key, node))
            top.awaitsKey = True
        top.height = max(top.height, node.height + 1)
        if len(stack) + node.height > MAX_DEPTH:
            raise Unreadable("too_deep", f"nodes are nested more than {MAX_DEPTH} deep", node.line, node.column)
        top.weight += node.weight
        if top.weight > MAX_NODES:
            message = f"with its aliases followed, the file has more than {MAX_NODES} nodes"
            raise Unreadable("too_large", message, node.line, node.column)

    for event in events:
        if isinstance(event, yaml.AliasEvent):
            mark = event.start_mark
            target = anchors.get(event.anchor)
            if target is None or any(each is target for each in stack):
                message = f"the alias *{event.anchor} stands for nothing that is finished"
                raise Unreadable("malformed", message, mark.line + 1, mark.column + 1)
            put(target)
            continue
        node: _Node
        if isinstance(event, yaml.ScalarEvent):
            plain = event.implicit[0]
            node = _Scalar(event.start_mark, None if plain and event.value in _NULLS else event.value)
            put(node)
        elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            made = _List if isinstance(event, yaml.SequenceStartEvent) else _Mapping
            node = made(event.start_mark)
            stack.append(node)
            if len(stack) > MAX_DEPTH:
                raise Unreadable("too_deep", f"nodes are nested more than {MAX_DEPTH} deep", node.line, node.column)
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            put(stack.pop())
            continue
        else:
            continue
        if event.anchor is not None:
            anchors[event.anchor] = node
    if root is None:
        raise Unreadable("empty_file", "the file is empty", 1, 1)
    return root


class _Walk:
    """The nodes -> the builder, as if they were elements."""

    def __init__(self, findings: Findings) -> None:
        self._builder = Builder(findings)
        self._builder.where = lambda: (self._at.line, self._at.column)
        self._at: _Node

    def home(self, root: _Mapping) -> Home:
        self._at = root
        frame = Frame(ROOT, {})
        self._children(ROOT, root, frame)
        return self._builder.home()

    def _children(self, kind: Kind, mapping: _Mapping, frame: Frame) -> None:
        for key, value in mapping.items:
            child = self._child(kind, key)
            if child is None:
                continue
            for each in value.items if isinstance(value, _List) else [value]:
                self._element(child, each, frame)

    def _child(self, kind: Kind, key: str | None) -> Kind | None:
        return kind.children.get(_SINGULAR.get(key or "", key or ""))

    def _element(self, kind: Kind, node: _Node, parent: Frame) -> None:
        self._at = node
        if kind.text:
            if isinstance(node, _Scalar) and node.value is not None:
                frame = Frame(kind, {})
                frame.line, frame.column = node.line, node.column
                self._builder.text(frame, node.value, parent)
            return
        if isinstance(node, _List):
            # A list within the list of a kind that is nothing by itself.
            for each in node.items:
                self._element(kind, each, parent)
            return
        if not isinstance(node, _Mapping):
            return
        if kind.plain:
            if any(self._child(kind, key) for key, _ in node.items):
                self._children(kind, node, parent)
            elif node.items:
                # A list of what the container contains, the container itself left out.
                self._element(next(iter(kind.children.values())), node, parent)
            return
        attributes = {
            key: value.value
            for key, value in node.items
            if key is not None and isinstance(value, _Scalar) and value.value is not None
        }
        if kind is PARAM:
            param = self._builder.param(attributes.get("name"), attributes.get("value"), attributes.get("type"))
            if param is not None:
                parent.parts.append(param)
            return
        frame = Frame(kind, attributes)
        if kind.named or kind.placed:
            self._builder.begin(frame)
        self._children(kind, node, frame)
        self._at = node
        if kind.name == "state" and not frame.parts:
            frame.parts.extend(catalogueValues(attributes.get("class", "")))
        self._builder.finish(frame, parent)
