"""The diagrams are those that tools/diagrams.py draws, and what is in them is in the code."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from twisted.trial.unittest import SynchronousTestCase

from dog.live.links import LinkState
from tests.source import ROOT
from tests.test_structure import ROOMS
from tools.diagrams import DIAGRAMS, FOLDER, LINK, Box, Point, svg
from tools.diagrams import ROOMS as DRAWN


def _isAt(box: Box, point: Point) -> bool:
    return all(at - 0.01 <= each <= at + size + 0.01 for at, size, each in zip(box.at, box.size, point, strict=True))


class DiagramTests(SynchronousTestCase):
    def test_committed(self) -> None:
        """python3 tools/diagrams.py was run after the last change."""
        for name, diagram in DIAGRAMS.items():
            self.assertEqual((FOLDER / f"{name}.svg").read_text("utf-8"), svg(diagram), name)
        self.assertEqual({each.stem for each in FOLDER.glob("*.svg")}, set(DIAGRAMS))

    def test_shown(self) -> None:
        text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
        for name in DIAGRAMS:
            self.assertIn(f"(images/{name}.svg)", text)

    def test_readable(self) -> None:
        """Well-formed, with a title, its text as text; nothing reaches over the edge."""
        for name, diagram in DIAGRAMS.items():
            root = ET.fromstring(svg(diagram))
            self.assertTrue(root.findtext("{http://www.w3.org/2000/svg}title"), name)
            for box in diagram.boxes:
                for start, length, whole in zip(box.at, box.size, diagram.size, strict=True):
                    self.assertLessEqual(start + length, whole, f"{name}: {box.name}")

    def test_states(self) -> None:
        self.assertEqual({each.name for each in LINK.boxes}, {each.value for each in LinkState})

    def test_rooms(self) -> None:
        """Each room that is drawn is one, and each arrow an import that is allowed."""
        rooms = {room: box for box in DRAWN.boxes for room in box.name.split(", ")}
        self.assertEqual([each for each in rooms if each not in ROOMS], [])
        for arrow in DRAWN.arrows:
            ends = [[room for room, box in rooms.items() if _isAt(box, end)] for end in (arrow.way[0], arrow.way[-1])]
            importing, imported = ends
            self.assertTrue(importing and imported, arrow)
            self.assertTrue(any(set(imported) & ROOMS[each] for each in importing), f"{importing} -> {imported}")
