"""What stands in a query string, read."""

from __future__ import annotations

from collections.abc import Mapping

from dog.model.refusal import Code, Refusal, clipped


def integer(query: Mapping[str, str], name: str, default: int, least: int, most: int | None = None) -> int:
    """A whole number within bounds, or the default. Raises L{Refusal} C{bad_value}."""
    text = query.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) < 19 and least <= int(text) <= (most or int(text)):
        return int(text)
    expected = f"a whole number from {least}" + (f" to {most}" if most else "")
    raise Refusal(
        Code.BAD_VALUE, f"{name}={clipped(text)} in the query: expected {expected}", parameter=name, expected=expected
    )
