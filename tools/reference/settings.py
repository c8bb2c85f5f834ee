"""Every setting of dog.toml, out of the commented configuration (which a test compares with dog.config)."""

from __future__ import annotations

import re

from tools.manpages import CONFIGURATION, Kind, said
from tools.reference.markdown import fenced, page, plain


def settingsPage() -> str:
    parts: list[str] = []
    lines: list[str] = []
    for kind, text, comment in said(CONFIGURATION.read_text("utf-8")):
        if lines and (comment or kind is not Kind.SETTING):
            parts.append(fenced("\n".join(lines), "toml"))
            lines.clear()
        # What stands below one comment belongs together, and stays together.
        if kind is Kind.SETTING and not lines:
            parts.append(f"### {_name(text)}\n")
        if comment:
            parts.append(plain(comment) + "\n")
        if kind is Kind.SECTION:
            parts.append(f"## {plain(text)}\n")
        elif kind is Kind.SETTING:
            lines.append(text)
    return page(
        "Configuration: dog.toml", "Where the service of the Debian package looks: `/etc/dog/dog.toml`.\n", *parts
    )


def _name(setting: str) -> str:
    return re.match(r"\w+", setting).group()  # type: ignore[union-attr]
