"""Draws the diagrams of docs/architecture.md, docs/images/*.svg.

    python3 tools/diagrams.py

Each is a list of boxes on a grid and of arrows between them. What is drawn is committed; a test holds it against this
file, and this file against the code.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "images"

#: Pixels of a column and a row of the grid, and around all of it.
COLUMN, ROW, MARGIN = 20, 20, 12

_STYLE = """
  .ground { fill: #ffffff; stroke: #c9ced6; }
  .box { fill: #eef3fb; stroke: #4a6a9d; stroke-width: 1.2; }
  .core { fill: #fdf3dc; stroke: #a37a1c; stroke-width: 1.2; }
  .outside { fill: #ffffff; stroke: #777777; stroke-dasharray: 4 3; }
  .arrow { fill: none; stroke: #444444; stroke-width: 1.4; marker-end: url(#end); }
  .back { fill: none; stroke: #a37a1c; stroke-width: 1.4; marker-end: url(#end); stroke-dasharray: 5 3; }
  text { font-family: system-ui, "DejaVu Sans", sans-serif; font-size: 13px; fill: #1d2733; }
  .name { font-weight: 600; text-anchor: middle; }
  .said { font-size: 11.5px; text-anchor: middle; fill: #44505e; }
  .on { font-size: 11.5px; fill: #1d2733; paint-order: stroke; stroke: #ffffff; stroke-width: 4px; }
"""

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """@ivar at: its upper left corner on the grid. @ivar size: columns and rows. @ivar kind: a class of the style."""

    at: Point
    size: Point
    name: str
    said: tuple[str, ...] = ()
    kind: str = "box"


@dataclass(frozen=True)
class Arrow:
    """@ivar way: from one point of the grid to the next. @ivar on: what stands beside it, at C{at}."""

    way: tuple[Point, ...]
    on: str = ""
    at: Point | None = None
    kind: str = "arrow"
    anchor: str = "start"


@dataclass(frozen=True)
class Diagram:
    """@ivar title: for who can't see it. @ivar size: columns and rows."""

    title: str
    size: Point
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...] = ()
    notes: tuple[tuple[Point, str], ...] = field(default=())


def _x(column: float) -> str:
    return f"{MARGIN + column * COLUMN:g}"


def _y(row: float) -> str:
    return f"{MARGIN + row * ROW:g}"


def svg(diagram: Diagram) -> str:
    """The diagram as a file."""
    width, height = (2 * MARGIN + length * unit for length, unit in zip(diagram.size, (COLUMN, ROW), strict=True))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="'
        f'{escape(diagram.title)}">',
        f"<title>{escape(diagram.title)}</title>",
        f"<style>{_STYLE}</style>",
        '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#444444"/></marker></defs>',
        f'<rect class="ground" x="1" y="1" width="{width - 2:g}" height="{height - 2:g}" rx="8"/>',
    ]
    for box in diagram.boxes:
        lines += _box(box)
    for arrow in diagram.arrows:
        points = " ".join(f"{_x(column)},{_y(row)}" for column, row in arrow.way)
        lines.append(f'<polyline class="{arrow.kind}" points="{points}"/>')
    for arrow in diagram.arrows:
        if arrow.at is not None:
            lines.append(_text(arrow.at, arrow.on, "on", arrow.anchor))
    lines += [_text(at, text, "on", "start") for at, text in diagram.notes]
    return "\n".join([*lines, "</svg>", ""])


def _box(box: Box) -> list[str]:
    (column, row), (columns, rows) = box.at, box.size
    middle = column + columns / 2
    top = row + rows / 2 - 0.42 * len(box.said) + 0.22
    found = [
        f'<rect class="{box.kind}" x="{_x(column)}" y="{_y(row)}" width="{columns * COLUMN:g}" '
        f'height="{rows * ROW:g}" rx="5"/>',
        _text((middle, top), box.name, "name"),
    ]
    return found + [_text((middle, top + 0.85 * (line + 1)), text, "said") for line, text in enumerate(box.said)]


def _text(at: Point, text: str, kind: str, anchor: str = "") -> str:
    placed = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{kind}" x="{_x(at[0])}" y="{_y(at[1])}"{placed}>{escape(text)}</text>'


ROOMS = Diagram(
    "The rooms of dog/, and which way imports point: downwards.",
    (34, 20),
    (
        Box((9, 0), (16, 2.6), "service, tap, reload, setters", ("wire everything",)),
        Box((0, 4.6), (15, 2.8), "api", ("routes, views, two doors: HTTP and WebSocket",)),
        Box((19, 4.6), (15, 2.8), "drivers", ("one package per bus",)),
        Box((0, 9.4), (15, 2.8), "live", ("what runs: stepper, queues, links, home",)),
        Box((19, 9.4), (15, 2.8), "interfaces", ("the contract of drivers",)),
        Box((0, 14.2), (7, 2.4), "home", ("home.xml",)),
        Box((8, 14.2), (7, 2.4), "core", ("what is true",), "core"),
        Box((9, 18), (16, 2), "model", (), "core"),
    ),
    (
        Arrow(((13, 2.6), (8, 4.6))),
        Arrow(((21, 2.6), (26, 4.6))),
        Arrow(((7.5, 7.4), (7.5, 9.4))),
        Arrow(((26.5, 7.4), (26.5, 9.4))),
        Arrow(((15, 10.8), (19, 10.8))),
        Arrow(((4, 12.2), (4, 14.2))),
        Arrow(((11.5, 12.2), (11.5, 14.2))),
        Arrow(((4, 16.6), (10.5, 18))),
        Arrow(((11.5, 16.6), (14, 18))),
        Arrow(((26.5, 12.2), (22, 18))),
    ),
)

COMMAND = Diagram(
    "The way of a command from a client to the bus, and of its outcome back.",
    (35, 27),
    (
        Box((0, 0), (13, 2.4), "a client", ("PUT .../commands/on",), "outside"),
        Box((0, 5), (13, 3), "a door", ("http, ws: who is it? a Request",)),
        Box((0, 10.4), (13, 3), "dispatch", ("route, right, shape of the body",)),
        Box((0, 15.8), (13, 3), "live.commands", ("arguments, ledger, one at a time",)),
        Box((0, 21.2), (13, 3), "the driver", ("IDeviceDriver.send",)),
        Box((19, 21.2), (16, 3), "the bus", ("acknowledges, or does not",), "outside"),
        Box((19, 13.4), (16, 4), "stepper, core.step", ("readings first, then the outcome",), "core"),
        Box((19, 5), (16, 3), "subscribers", ("hear of the change before the reply",), "outside"),
    ),
    (
        Arrow(((4, 2.4), (4, 5))),
        Arrow(((4, 8), (4, 10.4))),
        Arrow(((4, 13.4), (4, 15.8))),
        Arrow(((4, 18.8), (4, 21.2))),
        Arrow(((13, 22), (19, 22))),
        Arrow(((19, 23.4), (13, 23.4)), kind="back"),
        Arrow(((10, 21.2), (10, 20), (27, 20), (27, 17.4)), "Outcome and readings", (15, 19.7), "back"),
        Arrow(((27, 13.4), (27, 8)), "events", (27.4, 11), "back"),
        Arrow(((19, 14.6), (16, 14.6), (16, 6.5), (13, 6.5)), "reply", (16.3, 10.5), "back"),
        Arrow(((9, 5), (9, 2.4)), kind="back"),
    ),
    (((0, 26.2), "At the deadline the outcome is unknown. When the link goes down, all behind it is settled."),),
)

EVENT = Diagram(
    "The way of an event from the bus to the clients and to the disk.",
    (35, 22),
    (
        Box((0, 0), (15, 2.4), "the bus", ("a telegram, a register",), "outside"),
        Box((0, 5), (15, 3), "the driver", ("IDevicePort: a reading or a pulse",)),
        Box((0, 10.6), (15, 3.4), "stepper", ("one input at a time",)),
        Box((19, 10.2), (16, 4.2), "core.step", ("nothing new: no event", "else notifications, numbered"), "core"),
        Box((0, 17.4), (10, 3.4), "WebSocket", ("outbox with a bound:", "gap or 1013")),
        Box((12.5, 17.4), (10, 3.4), "event stream", ("a cursor in the log",)),
        Box((25, 17.4), (10, 3.4), "memory", ("state.db, in batches",)),
    ),
    (
        Arrow(((7.5, 2.4), (7.5, 5))),
        Arrow(((7.5, 8), (7.5, 10.6))),
        Arrow(((15, 11.6), (19, 11.6)), "input", (15.4, 11.2)),
        Arrow(((19, 13.2), (15, 13.2)), "effects", (15.2, 14.4), "back"),
        Arrow(((5, 14), (5, 17.4)), "who may see it and wants it", (5.4, 16), "back"),
        Arrow(((13.5, 14), (17.5, 17.4)), kind="back"),
        Arrow(((30, 14.4), (30, 17.4)), kind="back"),
    ),
)

LINK = Diagram(
    "The life of a link: waiting, starting, up, suspended, unused, stopped.",
    (35, 17),
    (
        Box((0, 6), (8, 3), "waiting", ("for its next attempt",)),
        Box((13.5, 6), (8, 3), "starting", ("15 s at most",)),
        Box((27, 6), (8, 3), "up", ("devices reachable",), "core"),
        Box((13.5, 13), (8, 3), "suspended", ("tried again late",)),
        Box((0, 13), (8, 3), "unused", ("serves no device",)),
        Box((27, 13), (8, 3), "stopped", ("the gateway stops",)),
    ),
    (
        Arrow(((8, 7), (13.5, 7)), "due", (9.8, 6.7)),
        Arrow(((21.5, 7), (27, 7)), "started", (22.6, 6.7)),
        Arrow(((16, 6), (16, 4), (6, 4), (6, 6)), "failed, too late", (8, 3.7), "back"),
        Arrow(((30, 6), (30, 1.6), (2, 1.6), (2, 6)), "lost, crashed, restarted: delays grow", (8, 1.3), "back"),
        Arrow(((28.5, 9), (21.5, 14)), "crashed too often", (25.8, 11.4), "back"),
        Arrow(((16, 13), (16, 9)), "at last, or restarted", (16.3, 11.2)),
        Arrow(((14.5, 9), (7, 13)), "unsupported", (6, 11.4), "back"),
        Arrow(((2, 13), (2, 9)), "a device", (2.3, 10.6)),
        Arrow(((33, 9), (33, 13)), kind="back"),
    ),
)

DIAGRAMS = {"rooms": ROOMS, "command": COMMAND, "event": EVENT, "link": LINK}


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    for name, diagram in DIAGRAMS.items():
        (FOLDER / f"{name}.svg").write_text(svg(diagram), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
