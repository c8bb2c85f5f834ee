"""What a browser gets: C{/} and the few static files under C{/static/}. All else is the API's.

The pages are plain files next to this module, read once; they hold no inline script or style, and the policy they are
sent with allows none.
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Mapping
from importlib.resources import files

from twisted.web.http import NOT_ALLOWED, NOT_FOUND, NOT_MODIFIED
from twisted.web.resource import Resource
from twisted.web.server import Request

#: Suffix -> Content-Type of the files that are served.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}

#: Of every answer. "no-cache": kept, but asked for by its ETag each time, so that an update is seen at once.
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

#: Where pages name the path of the WebSocket.
_PLACEHOLDER = b"{websocketPath}"


class Page(Resource):
    """One file, from memory."""

    isLeaf = True

    def __init__(self, contentType: str, body: bytes) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._contentType = contentType
        self._body = body
        self._etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'.encode()

    def render(self, request: Request) -> bytes:
        """The file, 304 if the browser has it already, 405 for what is neither GET nor HEAD."""
        _prepare(request)
        if request.method not in (b"GET", b"HEAD"):
            request.setHeader("Allow", "GET, HEAD")
            return _say(request, NOT_ALLOWED, "only GET and HEAD here")
        if request.setETag(self._etag):
            request.setResponseCode(NOT_MODIFIED)
            return b""
        request.setHeader("Content-Type", self._contentType)
        request.setHeader("Content-Length", str(len(self._body)))
        return b"" if request.method == b"HEAD" else self._body


class Nothing(Resource):
    """404, in plain text."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def render(self, request: Request) -> bytes:
        _prepare(request)
        return _say(request, NOT_FOUND, "there is no such page")


class Static(Resource):
    """The files by name, and nothing else: there is no folder to list or to climb out of."""

    def __init__(self, pages: Mapping[str, Page]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        for name, page in pages.items():
            self.putChild(name.encode(), page)

    def getChild(self, path: bytes, request: Request) -> Resource:
        return Nothing()

    def render(self, request: Request) -> bytes:
        return Nothing().render(request)


def pages(websocketPath: str = "/ws") -> Resource:
    """The resource whose children C{""} and C{static} are what the browser gets.

    @param websocketPath: where the WebSocket is, as the pages are to ask for it.
    """
    found = {name: Page(TYPES[suffix], body) for name, suffix, body in _read(websocketPath)}
    root = Resource()
    root.putChild(b"", found["index.html"])
    root.putChild(b"static", Static({name: page for name, page in found.items() if name != "index.html"}))
    return root


def _read(websocketPath: str) -> list[tuple[str, str, bytes]]:
    """(name, suffix, contents) of the files."""
    path = html.escape(websocketPath, quote=True).encode()
    found = []
    for entry in sorted(files(__name__).iterdir(), key=lambda each: each.name):
        suffix = entry.name[entry.name.rfind(".") :]
        if suffix in TYPES:
            found.append((entry.name, suffix, entry.read_bytes().replace(_PLACEHOLDER, path)))
    return found


def _prepare(request: Request) -> None:
    for name, value in HEADERS.items():
        request.setHeader(name, value)


def _say(request: Request, status: int, text: str) -> bytes:
    body = f"{text}\n".encode()
    request.setResponseCode(status)
    request.setHeader("Content-Type", "text/plain; charset=utf-8")
    request.setHeader("Content-Length", str(len(body)))
    return b"" if request.method == b"HEAD" else body
