"""The homes in tests/data/homes, and what the schema has against a home."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.model.refusal import Code, Refusal, Refused

FOLDER = Path(__file__).parent.parent / "data" / "homes"

#: Every real home that is XML.
XML = (
    "knx/knx.xml",
    "bticino/bticino.xml",
    "zwave/zwave.xml",
    "recorded/home.xml",
    "recorded/home-rewritten.xml",
    "published/get-configuration-response.xml",
)

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = "http://elite.polito.it/dogHomeConfiguration"


def read(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def devices(*inner: str) -> bytes:
    """A home without namespace that has these devices."""
    lines = "\n".join(inner)
    return (
        f"{HEAD}<dogHomeConfiguration>\n<controllables>\n{lines}\n</controllables>\n</dogHomeConfiguration>\n".encode()
    )


@lru_cache(maxsize=1)
def _schema() -> Any:
    from lxml import etree

    return etree.XMLSchema(etree.fromstring(read("home_configuration.xsd")))


def hasSchema() -> bool:
    """Is lxml there?"""
    try:
        import lxml  # noqa: F401
    except ImportError:
        return False
    return True


def violations(data: bytes) -> list[str]:
    """What the schema has against a home, without line numbers. A file without namespace is given it first.

    Beyond what lxml checks (it looks neither for an id that is there twice nor for the target of a reference).
    """
    from lxml import etree

    root = etree.fromstring(data)
    if not root.tag.startswith("{"):
        data = data.replace(b"<DogHomeConfiguration", b"<dogHomeConfiguration")
        data = data.replace(b"</DogHomeConfiguration", b"</dogHomeConfiguration")
        data = data.replace(b"<dogHomeConfiguration", f'<dogHomeConfiguration xmlns="{NAMESPACE}"'.encode(), 1)
        root = etree.fromstring(data)
    schema = _schema()
    schema.validate(root)
    found = [str(error.message) for error in schema.error_log]
    elements = list(root.iter(f"{{{NAMESPACE}}}*"))
    ids = Counter(each.get("id") for each in elements if each.get("id") is not None)
    found += [f"id {id} is there {times} times" for id, times in ids.items() for _ in range(times - 1)]
    found += [
        f"ref {each.get('ref')} has no target"
        for each in elements
        if each.get("ref", each.get("id")) not in (None, *ids)
    ]
    return found


def changes(old: bytes, new: bytes) -> list[str]:
    """The lines that went (-) and came (+), in order."""
    before, after = old.splitlines(True), new.splitlines(True)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    found: list[str] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            found += ["-" + line.decode() for line in before[a:b]]
            found += ["+" + line.decode() for line in after[c:d]]
    return found


def refused(case: SynchronousTestCase, code: Code, edit: Callable[..., object], *args: Any, **kwargs: Any) -> Refused:
    """The refusal of an edit; fails the test if there is none, or one with another code."""
    error: Refusal = case.assertRaises(Refusal, edit, *args, **kwargs)
    case.assertEqual(error.refused.code, code, error.refused.message)
    return error.refused
