"""The 287 recorded exchanges with the old gateway, each by itself: it matches, or is listed with its reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.api.call import Profile
from tests.api.recorded import setup
from tests.api.recorded.comparison import dataOf
from tests.api.recorded.differences import DIFFERENCES, FOLDER, NOT_BUILT, Ours, exchanges, recorded
from tests.api.recorded.gateway import Asked, Gateway

DOCUMENT = Path(__file__).parents[2] / "docs" / "differences.md"

_TRUNCATED = re.compile(r"(x+)\.\.\. \[truncated by the recorder; (\d+) bytes\]")


def bodyOf(text: str) -> str:
    """A recorded request's body, with what the recorder cut off."""
    found = _TRUNCATED.search(text)
    if found is None:
        return text
    head = text[: found.start()]
    return head + "x" * (int(found[2]) - len(head) - len('"}')) + '"}'


def sameAnswer(id: str, ours: Asked) -> bool:
    """Whether ours is what was recorded: status, and for a 2xx the body as data and its media type."""
    theirs = exchanges()[id]["response"]
    if ours.status != theirs["status"]:
        return False
    if ours.status >= 300:
        return True
    media = theirs["headers"].get("Content-Type", "").partition(";")[0] or None
    return ours.media == media and dataOf(ours.body, ours.media) == recorded(id)


class Recorded(SynchronousTestCase):
    """One test per exchange, made below."""

    maxDiff = None

    def perform(self, id: str) -> Asked:
        """The exchange's request, to a fresh gateway in the state that the recorded one was in."""
        file = Path(self.mktemp())
        file.write_bytes((FOLDER / "home.xml").read_bytes())
        gateway = Gateway(file, setup.drivers(id), plan=setup.PLAN, profile=Profile.RELEASED).start()
        self.addCleanup(gateway.stop)
        for earlier in setup.EARLIER.get(id, ()):
            before = gateway.ask(earlier.method, earlier.path, earlier.body)
            self.assertEqual(before.status, earlier.status, f"set-up {earlier}: {before.body!r}")
        request = exchanges()[id]["request"]
        return gateway.ask(
            request["method"],
            request["path"],
            bodyOf(request["body"]) or None,
            request["headers"],
            length="nolength" not in id,
        )

    def matches(self, id: str) -> None:
        ours = self.perform(id)
        theirs = exchanges()[id]["response"]
        self.assertEqual(ours.status, theirs["status"], ours.body)
        if ours.status < 300:
            self.assertEqual(dataOf(ours.body, ours.media), recorded(id))
        self.assertTrue(sameAnswer(id, ours), f"the media type is {ours.media}")

    def differs(self, id: str, expected: Ours) -> None:
        ours = self.perform(id)
        self.assertEqual((ours.status, ours.code), (expected.status, expected.code), ours.body)
        if ours.status < 300:
            data = dataOf(ours.body, ours.media)
            self.assertEqual(data, None if expected.body is None else expected.body(data))
        self.assertFalse(sameAnswer(id, ours), "it does not differ any more: take it off the table")

    def isNotBuilt(self, id: str) -> None:
        ours = self.perform(id)
        self.assertEqual((ours.status, ours.code), (404, "not_found"), "it is there now: take it off the list")


class Tables(SynchronousTestCase):
    """The table of differences, the list of what is not built and docs/differences.md say the same."""

    def rows(self) -> dict[str, list[str]]:
        """Case -> numbers of its recorded exchanges, out of the page."""
        lines = [each for each in DOCUMENT.read_text("utf-8").splitlines() if each.startswith("| ")]
        cells = [[each.strip() for each in line.strip("|").split(" | ")] for line in lines[1:]]
        self.assertEqual({len(each) for each in cells}, {4})
        return {case: [] if ids == "–" else ids.split(", ") for case, _, _, ids in cells}

    def test_everyExchangeOnce(self) -> None:
        """What is listed was recorded, and is listed once."""
        listed = [*NOT_BUILT, *(id for each in DIFFERENCES.values() for id in each)]
        self.assertEqual(sorted(listed), sorted(set(listed) & exchanges().keys()))

    def test_setups(self) -> None:
        """Every set-up is one of a recorded exchange."""
        self.assertEqual(setup.EARLIER.keys() - exchanges().keys(), set())

    def test_page(self) -> None:
        """Every case of the table is a row of the page, with these exchanges and no others."""
        table = {case: sorted(id[:3] for id in each) for case, each in DIFFERENCES.items()}
        self.assertEqual({case: ids for case, ids in self.rows().items() if ids}, table)

    def test_figures(self) -> None:
        """The page has the figures right."""
        different = sum(map(len, DIFFERENCES.values()))
        matching = len(exchanges()) - different - len(NOT_BUILT)
        page = " ".join(DOCUMENT.read_text("utf-8").split())
        self.assertEqual((len(exchanges()), len(NOT_BUILT)), (287, 33))
        self.assertIn(
            f"{matching} match, {different} differ for a reason in this table, and {len(NOT_BUILT)} ask for", page
        )


def _tests() -> None:
    """A test method for each exchange."""
    listed = {id: ours for each in DIFFERENCES.values() for id, ours in each.items()}

    def test(id: str) -> Callable[[Recorded], None]:
        if id in NOT_BUILT:
            return lambda self: self.isNotBuilt(id)
        if id in listed:
            return lambda self: self.differs(id, listed[id])
        return lambda self: self.matches(id)

    for id in exchanges():
        name = "test_" + re.sub(r"\W", "_", id)
        method: Any = test(id)
        method.__name__ = name
        method.__qualname__ = f"Recorded.{name}"
        method.__doc__ = id
        setattr(Recorded, name, method)


_tests()
