"""home.xml -> the model. One pass of expat, no tree: it is on the way to the first answer after a start.

Whatever is wrong in the file becomes a L{dog.model.home.Problem}; the rest of the home is read. Unknown
elements, and elements in foreign namespaces, are passed over with all that is in them.
"""

from __future__ import annotations

from dog.home.build import Builder, Frame
from dog.home.document import (
    MAX_ATTRIBUTES,
    MAX_BYTES,
    MAX_DEPTH,
    NAMESPACE,
    Unreadable,
    newParser,
    run,
    tooDeep,
    tooManyAttributes,
    where,
)
from dog.home.findings import Findings
from dog.home.kinds import PARAM, ROOT, ROOTS, Kind
from dog.model.home import Home


def readHome(data: bytes, name: str, limit: int = MAX_BYTES) -> Home:
    """The home in C{data}; C{name} is what its problems call the file. Never raises for what is in the file."""
    findings = Findings(name)
    try:
        return _read(data, findings, limit)
    except Unreadable as error:
        return findings.fatal(error)


def _read(data: bytes, findings: Findings, limit: int) -> Home:
    parser = newParser(data, limit)
    builder = Builder(findings)
    builder.where = lambda: where(parser)
    stack: list[Frame] = []
    kinds: list[Kind] = []
    children = ROOT.children
    parts: list[object] = []
    params: dict[tuple[str | None, ...], object] = {}
    texts: list[str] = []
    skipped = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal children, parts, skipped
        if len(attributes) > MAX_ATTRIBUTES:
            raise tooManyAttributes(parser)
        if skipped:
            skipped += 1
            if len(stack) + skipped > MAX_DEPTH:
                raise tooDeep(parser)
            return
        if not stack:
            if name.removeprefix(NAMESPACE + " ") not in ROOTS:
                shown = name.rpartition(" ")[2]
                raise Unreadable(
                    "wrong_root", f"the root element is {shown}, not dogHomeConfiguration", *where(parser)
                )
            kind: Kind | None = ROOT
        else:
            kind = children.get(name)
        if kind is PARAM:
            # Most elements of a home are params, and few of them differ.
            skipped = 1
            got = attributes.get
            key = (got("name"), got("value"), got("type"))
            param = params.get(key)
            if param is None:
                param = params[key] = builder.param(*key)
            if param is not None:
                parts.append(param)
            return
        if kind is None:
            skipped = 1
            parser.CharacterDataHandler = None
            return
        if kind.plain:
            frame = stack[-1]
        else:
            frame = Frame(kind, attributes)
            parts = frame.parts
            if kind.text:
                frame.line, frame.column = where(parser)
                texts.clear()
                parser.CharacterDataHandler = texts.append
            elif kind.named or kind.placed:
                builder.begin(frame)
        stack.append(frame)
        kinds.append(kind)
        children = kind.children

    def end(name: str) -> None:
        nonlocal children, parts, skipped
        if skipped:
            skipped -= 1
            if not skipped and kinds[-1].text:
                parser.CharacterDataHandler = texts.append
            return
        kind = kinds.pop()
        frame = stack.pop()
        if not stack:
            return
        children = kinds[-1].children
        if kind.plain:
            return
        parent = stack[-1]
        parts = parent.parts
        if kind.text:
            parser.CharacterDataHandler = None
            builder.text(frame, "".join(texts), parent)
        else:
            builder.finish(frame, parent)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    run(parser, data)
    return builder.home()
