"""What may stand in a home file: names, characters, and the one form of a description."""

from __future__ import annotations

import re

from dog.model.refusal import Code, Refusal

#: Characters that no XML 1.0 document can hold, not even as a reference (XML 1.0, production 2).
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_BLANKS = re.compile("[ \t\r\n]*[\t\r\n][ \t\r\n]*")

# Letters that XML 1.0 has had in names since its second edition, the one XML Schema 1.0 refers to; scripts that
# are rare in the names of rooms are left out.
_LETTERS = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u0131\u0134-\u013e\u0141-\u0148\u014a-\u017e\u03a3-\u03ce\u0401-\u040c"
    "\u040e-\u044f\u0451-\u045c\u05d0-\u05ea\u0621-\u063a\u1e00-\u1e9b\u3041-\u3094\u30a1-\u30fa\u4e00-\u9fa5"
    "\uac00-\ud7a3"
)
_NAME = re.compile(f"[_{_LETTERS}][_.\u00b70-9{_LETTERS}-]*")

# RFC 3986, and characters that XML Schema would escape are let through; scheme, authority, the rest, fragment.
_REFERENCE = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*:|(?![^/?#]*:))"
    r"(?://(?:[^/?#:@%\[\]\\]|%[0-9A-Fa-f]{2})*(?::[0-9]{1,5})?(?=[/?#]|\Z)|(?!//))"
    r"(?:[^#%\[\]]|%[0-9A-Fa-f]{2})*(?:#(?:[^#%\[\]]|%[0-9A-Fa-f]{2})*)?"
)


def tidy(text: str) -> str:
    """Trimmed, every run of blanks with a tab or a newline in it one space: how descriptions are shown and written.

    Only XML's own white space counts: a no-break space is a character like any other.
    """
    return _BLANKS.sub(" ", text.strip(" \t\r\n"))


def isName(text: str) -> bool:
    """May it be an C{id} (xs:ID, that is an NCName)?"""
    return _NAME.fullmatch(text) is not None


def isReference(text: str) -> bool:
    """May it be an C{svgfootprint} (xs:anyURI)?"""
    return _REFERENCE.fullmatch(text) is not None


def checkCharacters(text: str, what: str) -> str:
    """C{text} itself.

    @raise Refusal: BAD_VALUE, if XML can't hold one of its characters.
    """
    found = _FORBIDDEN.search(text)
    if found:
        raise Refusal(
            Code.BAD_VALUE,
            f"{what} has a character that XML can't hold: U+{ord(found[0]):04X} at position {found.start() + 1}",
        )
    return text


def escapeText(text: str) -> bytes:
    """Element content. A carriage return would not survive being read as itself."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return text.encode("utf-8")


def escapeAttribute(text: str, quote: bytes = b'"') -> bytes:
    """The value between C{quote}s; tabs and newlines as references, or a parser would make them spaces."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = text.replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")
    text = text.replace('"', "&quot;") if quote == b'"' else text.replace("'", "&apos;")
    return text.encode("utf-8")
