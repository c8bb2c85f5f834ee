"""From a view to the bytes and the JSON value of a reply; errors too."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any
from xml.sax.saxutils import escape

from dog.api import jsontext
from dog.api.call import Media, Profile, RawView, Reply
from dog.model.refusal import Refused

#: What XML 1.0 can't hold.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(view: Any, media: Media, profile: Profile, full: bool, text: bool = True) -> tuple[bytes, Any]:
    """The bytes of a view in that media type, and its JSON value where that is the type.

    @param text: whether the bytes of JSON are wanted (a WebSocket wants the value only).
    """
    if isinstance(view, RawView):
        return view.data, None
    if media is Media.XML:
        return view.xml(profile), None
    value = view if isinstance(view, (dict, list)) else view.json(profile, full)
    return (jsontext.dump(value) if text else b""), value


def etag(body: bytes) -> str:
    """A strong entity tag, quotes included."""
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def tagsOf(header: str) -> tuple[str, ...]:
    """The entity tags of an If-Match or If-None-Match header, without C{W/}; C{"*"} for any."""
    return tuple(each.strip().removeprefix("W/") for each in header.split(",") if each.strip())


def errorReply(refused: Refused, media: Media, text: bool = True) -> Reply:
    """C{{"error": {"code", "message", ...details}}}, or the same as XML."""
    error = {"code": refused.code.value, "message": refused.message, **refused.details}
    if media is Media.XML:
        return Reply(refused.code.status, media, _xml("error", error, True), error=error)
    value = {"error": error}
    return Reply(refused.code.status, Media.JSON, jsontext.dump(value) if text else b"", value, error=error)


def _xml(name: str, value: Any, root: bool = False) -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n' if root else ""
    return (head + _element(name, value)).encode()


def _element(name: str, value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, dict):
        inside = "".join(_element(str(key), each) for key, each in value.items())
    elif isinstance(value, bool):
        inside = str(value).lower()
    else:
        inside = "" if value is None else escape(_NOT_XML.sub("\ufffd", str(value)))
    return f"<{name}>{inside}</{name}>"
