"""XML answers in their two profiles: one tree, written with or without namespace and declaration.

Documented: a declaration, and C{dhc:} before every name. Released: neither, and empty attributes are dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, tostring

from dog.api.call import Profile

NAMESPACE = "http://elite.polito.it/dogHomeConfiguration"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


@dataclass(frozen=True, slots=True)
class Node:
    """An element: attributes and children that are None are left out."""

    name: str
    attributes: tuple[tuple[str, str | None], ...] = ()
    children: tuple[Node | None, ...] = ()
    text: str | None = None


def node(name: str, /, *children: Node | None, **attributes: str | None) -> Node:
    """An element with children. C{cls} is the attribute C{class}."""
    return Node(name, tuple(("class" if key == "cls" else key, each) for key, each in attributes.items()), children)


def leaf(name: str, text: str | None) -> Node | None:
    """An element that holds a text, or nothing where there is no text."""
    return None if text is None else Node(name, text=text)


def document(profile: Profile, *children: Node | None) -> bytes:
    """The whole answer: the root element of the profile around C{children}."""
    released = profile is Profile.RELEASED
    root = Element("DogHomeConfiguration" if released else "dhc:dogHomeConfiguration")
    if not released:
        root.set("xmlns:dhc", NAMESPACE)
    _fill(root, children, "" if released else "dhc:", released)
    text = tostring(root, encoding="unicode", short_empty_elements=not released)
    return (text if released else DECLARATION + text).encode("utf-8")


def _fill(parent: Element, children: Iterable[Node | None], prefix: str, released: bool) -> None:
    for child in children:
        if child is None:
            continue
        element = Element(prefix + child.name)
        for key, value in child.attributes:
            if value is not None and (value or not released):
                element.set(key, value)
        element.text = child.text
        _fill(element, child.children, prefix, released)
        parent.append(element)
