"""The pages as the web server sends them."""

import re
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Site

from dog.pages import TYPES, pages

NAMES = sorted(each.name for each in files("dog.pages").iterdir() if "." + each.name.rpartition(".")[2] in TYPES)


class Served:
    """One answer."""

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.partition(b"\r\n\r\n")
        line, *headers = head.decode().split("\r\n")
        self.status = int(line.split()[1])
        self.headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in headers)}


class PagesCase(SynchronousTestCase):
    def ask(self, path: str, method: str = "GET", websocketPath: str = "/ws", **headers: str) -> Served:
        site: Any = Site(pages(websocketPath), reactor=MemoryReactorClock())
        protocol = site.buildProtocol(None)
        transport = StringTransport()
        protocol.makeConnection(transport)
        extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        protocol.dataReceived(f"{method} {path} HTTP/1.1\r\nHost: x\r\n{extra}\r\n".encode())
        return Served(transport.value())


class AnswerTests(PagesCase):
    def test_types(self) -> None:
        for path, contentType in [
            ("/", "text/html; charset=utf-8"),
            ("/static/guide.html", "text/html; charset=utf-8"),
            ("/static/dog.js", "text/javascript; charset=utf-8"),
            ("/static/dog-client.js", "text/javascript; charset=utf-8"),
            ("/static/dog.css", "text/css; charset=utf-8"),
            ("/static/dog.svg", "image/svg+xml"),
        ]:
            served = self.ask(path)
            self.assertEqual((served.status, served.headers["content-type"]), (200, contentType), path)
            self.assertEqual(int(served.headers["content-length"]), len(served.body))
            self.assertTrue(served.body)

    def test_policy(self) -> None:
        """On every answer, errors too: nothing but our own files, nothing inline, no frames, no guessing of types."""
        for path in ("/", "/static/dog.js", "/static/nothing"):
            headers = self.ask(path).headers
            policy = headers["content-security-policy"]
            self.assertIn("default-src 'none'", policy)
            self.assertIn("frame-ancestors 'none'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertEqual(headers["x-content-type-options"], "nosniff")

    def test_not_modified(self) -> None:
        first = self.ask("/static/dog.js")
        self.assertEqual(first.headers["cache-control"], "no-cache")
        again = self.ask("/static/dog.js", If_None_Match=first.headers["etag"])
        self.assertEqual((again.status, again.body), (304, b""))
        self.assertEqual(again.headers["etag"], first.headers["etag"])
        other = self.ask("/static/dog.css", If_None_Match=first.headers["etag"])
        self.assertEqual(other.status, 200)

    def test_head(self) -> None:
        served = self.ask("/static/dog.css", "HEAD")
        self.assertEqual((served.status, served.body), (200, b""))
        self.assertEqual(int(served.headers["content-length"]), len(self.ask("/static/dog.css").body))

    def test_other_methods(self) -> None:
        for path in ("/", "/static/dog.js"):
            served = self.ask(path, "POST")
            self.assertEqual((served.status, served.headers["allow"]), (405, "GET, HEAD"))

    def test_nothing_else(self) -> None:
        for path in (
            "/static",
            "/static/",
            "/static/nothing.js",
            "/static/__init__.py",
            "/static/index.html",
            "/static/dog.js/more",
            "/static/../__init__.py",
            "/static/%2e%2e%2f__init__.py",
            "/static/..%2f..%2fconfig.py",
        ):
            served = self.ask(path)
            self.assertIn(served.status, (200, 404) if path == "/static/dog.js/more" else (404,), path)
            self.assertNotIn(b"import", served.body if served.status == 404 else b"")

    def test_websocket_path(self) -> None:
        body = self.ask("/", websocketPath='/a"><script>/ws').body
        self.assertIn(b'data-websocket="/a&quot;&gt;&lt;script&gt;/ws"', body)
        self.assertIn(b'data-websocket="/ws"', self.ask("/").body)
        self.assertIn(b"<code>/deep/ws</code>", self.ask("/static/guide.html", websocketPath="/deep/ws").body)


class _Collector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.inline: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [value for name, value in attrs if name in ("href", "src") and value]
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)


class ContentTests(PagesCase):
    def test_nothing_inline(self) -> None:
        for path in ("/", "/static/guide.html"):
            found = _Collector()
            found.feed(self.ask(path).body.decode())
            self.assertEqual(found.inline, [], path)

    def test_links_of_ours_are_there(self) -> None:
        for path in ("/", "/static/guide.html"):
            found = _Collector()
            found.feed(self.ask(path).body.decode())
            self.assertIn("/api/v1/openapi.json", found.links)
            for link in found.links:
                self.assertTrue(link.startswith("/"), link)
                if link == "/" or link.startswith("/static/"):
                    self.assertEqual(self.ask(link).status, 200, link)

    def test_nothing_from_elsewhere(self) -> None:
        for name in NAMES:
            text = files("dog.pages").joinpath(name).read_text(encoding="utf-8")
            found = set(re.findall(r"https?://[^\s\"'<)]+", text))
            allowed = {each for each in found if each.startswith(("http://127.0.0.1", "http://www.w3.org/"))}
            self.assertEqual(found - allowed, set(), name)

    def test_no_html_from_strings(self) -> None:
        """The modules never make HTML out of what the gateway says."""
        for name in ("dog.js", "dog-client.js"):
            text = files("dog.pages").joinpath(name).read_text(encoding="utf-8")
            for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
                self.assertNotIn(word, text)
