"""Pages of the reference, made of what the code knows: nothing in them is written by hand.

Each module makes the pages of one subject; L{pages} is all of them.
"""

from __future__ import annotations

from tools.reference.api import apiPage, codesPage
from tools.reference.catalogue import cataloguePages
from tools.reference.commandline import commandLinePage
from tools.reference.settings import settingsPage


def pages() -> dict[str, str]:
    """Path below C{reference/} -> Markdown."""
    return {
        "api.md": apiPage(),
        "errors.md": codesPage(),
        "configuration.md": settingsPage(),
        "commandline.md": commandLinePage(),
        **{f"catalogue/{name}": text for name, text in cataloguePages().items()},
    }
