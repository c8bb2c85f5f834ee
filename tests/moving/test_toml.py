from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dog.moving import toml

_TEXT = st.text(max_size=20)
_VALUE = st.one_of(_TEXT, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.lists(_TEXT, max_size=3))


class Toml(SynchronousTestCase):
    @given(st.dictionaries(_TEXT, st.one_of(_VALUE, st.dictionaries(_TEXT, _VALUE, max_size=3)), max_size=5))
    def test_comesBack(self, entries: dict[str, Any]) -> None:
        """What is written is read as the same."""
        self.assertEqual(tomllib.loads("\n".join(toml.table(("a b", "c"), entries))), {"a b": {"c": entries}})

    def test_looks(self) -> None:
        lines = toml.table(("drivers", "zwave"), {"gateway": {"deviceDB": 'a"b'}, "autoDiscovery": True, "n": 5})
        self.assertEqual(
            lines,
            ["[drivers.zwave]", "autoDiscovery = true", "n = 5", "", "[drivers.zwave.gateway]", 'deviceDB = "a\\"b"'],
        )

    def test_undecodable(self) -> None:
        self.assertEqual(toml.text("a\udcff"), '"a?"')
