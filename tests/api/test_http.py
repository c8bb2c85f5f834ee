"""The HTTP door, on real channels."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET
from twisted.web.server import Request as WebRequest

from dog.api import http
from dog.api.call import Media, Reply, Request
from dog.api.http import BadPath, contentTypeOf, queryOf, segmentsOf
from dog.api.identity import Identity
from dog.api.rendering import errorReply
from dog.model.refusal import Code, Refused
from dog.model.rights import Principal, Role
from dog.pages import pages
from tests.api.recorded.gateway import Asked, Gateway, read

GUEST = Principal("guest", Role.VIEWER)


class Tree:
    """An API that keeps what it is asked, and answers as the test says."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.replies: list[Reply | Deferred[Reply]] = []

    def answer(self, request: Request) -> Deferred[Reply]:
        self.requests.append(request)
        reply = self.replies.pop(0) if self.replies else Reply(200, Media.JSON, b"{}", {})
        return reply if isinstance(reply, Deferred) else succeed(reply)

    def turnedAway(self, what: str, origin: object, code: Code) -> None:
        """Nobody is told."""

    def refuse(self, request: Request, refused: Refused) -> Reply:
        return errorReply(refused, Media.XML if request.accept == "application/xml" else Media.JSON)


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.tree = Tree()
        self.channel: Any = None
        self.listen()

    def listen(self, **more: Any) -> None:
        tree: Any = self.tree
        more.setdefault("hosts", ["a"])
        self.site = http.factory(tree, Identity(GUEST), self.clock, **more)
        self.connect()

    def connect(self) -> None:
        """A new connection instead of the one before."""
        if self.channel is not None:
            self.channel.connectionLost(Failure(ConnectionDone()))
        self.transport = StringTransport(peerAddress=IPv4Address("TCP", "127.0.0.1", 40000))
        channel = self.site.buildProtocol(self.transport.getPeer())
        assert channel is not None
        self.channel = channel
        channel.makeConnection(self.transport)

    def send(self, *lines: str, body: bytes = b"") -> None:
        self.channel.dataReceived("\r\n".join([*lines, "", ""]).encode() + body)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Asked:
        """One request, and its answer."""
        self.transport.clear()
        lines = [f"{method} {path} HTTP/1.1"]
        lines += [f"{key.replace('_', '-')}: {it}" for key, it in {"Host": "localhost:8080", **headers}.items()]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.send(*lines, body=body or b"")
        return self.answer(method)

    def answer(self, method: str = "GET") -> Asked:
        return read(self.transport.value(), method)

    @property
    def asked(self) -> Request:
        return self.tree.requests[-1]


class Redirects(Case):
    """Of pages only, and only where that is set."""

    def setUp(self) -> None:
        super().setUp()
        self.listen(pages=pages("/ws"), securePort=lambda: 8443, ws={"/ws": Resource()})

    def test_pages(self) -> None:
        for path in ("/", "/static/dog.css?x=1"):
            asked = self.ask("GET", path)
            self.assertEqual((asked.status, asked.headers["location"]), (307, f"https://localhost:8443{path}"))
        asked = self.ask("GET", "/", Host="[::1]:8080")
        self.assertEqual(asked.headers["location"], "https://[::1]:8443/")

    def test_nothingElse(self) -> None:
        """Old clients follow no redirects."""
        for path in ("/api/v1/devices", "/health", "/events"):
            self.assertEqual(self.ask("GET", path).status, 200)
        self.assertNotIn("location", self.ask("GET", "/ws").headers)

    def test_notSet(self) -> None:
        self.listen(pages=pages("/ws"))
        self.assertEqual(self.ask("GET", "/").status, 200)

    def test_noListener(self) -> None:
        self.listen(pages=pages("/ws"), securePort=lambda: None)
        self.assertEqual(self.ask("GET", "/").status, 200)

    def test_secure(self) -> None:
        self.patch(WebRequest, "isSecure", lambda request: True)
        self.assertEqual(self.ask("GET", "/").status, 200)


class Understands(Case):
    def test_request(self) -> None:
        self.ask(
            "PUT",
            "/api//v1/devices/La%C3%A8mp%2F1/?a=1&a=2&b=%E2%98%95+x&c=",
            b'{"a":1}',
            Content_Type="Application/JSON; charset=utf-8",
            Accept="text/html",
            If_Match='"x"',
            Idempotency_Key="k",
            X_Other="no",
        )
        asked = self.asked
        self.assertEqual((asked.method, asked.path), ("PUT", ("api", "v1", "devices", "Laèmp/1")))
        self.assertEqual(asked.query, {"a": "2", "b": "☕ x", "c": ""})
        self.assertEqual((asked.body, asked.contentType, asked.accept), (b'{"a":1}', "application/json", "text/html"))
        self.assertEqual(asked.headers, {"if-match": '"x"', "idempotency-key": "k"})
        self.assertEqual((asked.principal, asked.connection), (GUEST, None))

    def test_nothingGiven(self) -> None:
        self.ask("GET", "/")
        asked = self.asked
        self.assertEqual((asked.path, asked.query, asked.body), ((), {}, None))
        self.assertEqual((asked.contentType, asked.accept, asked.headers), (None, None, {}))

    def test_severalHeaders(self) -> None:
        """Headers of one name are one list."""
        self.send("GET / HTTP/1.1", "Host: a", "Accept: application/xml;q=0.5", "accept: application/json")
        self.assertEqual(self.asked.accept, "application/xml;q=0.5, application/json")

    def test_chunked(self) -> None:
        self.send("PUT /a HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", body=b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        self.assertEqual(self.asked.body, b"abcde")

    def test_longKey(self) -> None:
        self.ask("PUT", "/a", Idempotency_Key="k" * 255)
        self.assertEqual(self.asked.headers, {"idempotency-key": "k" * 255})
        answer = self.ask("PUT", "/b", Idempotency_Key="k" * 256)
        self.assertEqual((answer.status, answer.code, self.asked.path), (400, "bad_body", ("a",)))
        self.assertNotIn(b"kkk", answer.body)

    def test_forms(self) -> None:
        """A form is a body like any other, however broken: nothing reads it, no parameter comes of it."""
        for type in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data"):
            self.ask("POST", "/a?b=1", b"b=2&c=3", Content_Type=type)
            self.assertEqual((self.asked.query, self.asked.body), ({"b": "1"}, b"b=2&c=3"))
            self.assertEqual(self.asked.contentType, type.partition(";")[0])

    def test_notUtf8(self) -> None:
        """A path that is no text names nothing."""
        answer = self.ask("GET", "/api/v1/devices/%E8")
        self.assertEqual((answer.status, answer.code), (404, "not_found"))
        self.assertEqual(self.tree.requests, [])

    def test_tooManyParameters(self) -> None:
        answer = self.ask("GET", "/a?" + "&".join(["a=1"] * 101))
        self.assertEqual((answer.status, answer.code), (404, "not_found"))

    def test_parts(self) -> None:
        self.assertEqual(segmentsOf(b"//a/b%2Fc/../%20/"), ("a", "b/c", "..", " "))
        self.assertRaises(BadPath, segmentsOf, b"/%ff")
        self.assertEqual(queryOf(b"/a?x=%FF&y"), {"x": "\ufffd", "y": ""})
        self.assertEqual([contentTypeOf(each) for each in (None, "", " A/B ;c=d", ";")], [None, None, "a/b", None])


class Answers(Case):
    def reply(self, reply: Reply, method: str = "GET", **headers: str) -> Asked:
        self.tree.replies = [reply]
        return self.ask(method, "/api/v1/a", None, **headers)

    def test_body(self) -> None:
        answer = self.reply(Reply(201, Media.JSON, b'{"a":1}', headers={"Location": "/api/v1/b", "ETag": '"t"'}))
        self.assertEqual((answer.status, answer.body), (201, b'{"a":1}'))
        expected = {
            "content-type": "application/json",
            "content-length": "7",
            "location": "/api/v1/b",
            "etag": '"t"',
            "cache-control": "no-cache",
            "vary": "Accept, Origin",
            "x-content-type-options": "nosniff",
            "server": "Dog",
        }
        self.assertEqual({key: it for key, it in answer.headers.items() if key != "date"}, expected)

    def test_types(self) -> None:
        for media, type in (
            (Media.XML, "application/xml; charset=utf-8"),
            (Media.TEXT, "text/plain; charset=utf-8"),
            (Media.SVG, "image/svg+xml"),
        ):
            self.assertEqual(self.reply(Reply(200, media, b"x")).headers["content-type"], type)
        ours = {"Content-Type": "text/plain; version=0.0.4"}
        self.assertEqual(
            self.reply(Reply(200, Media.TEXT, b"x", headers=ours)).headers["content-type"], ours["Content-Type"]
        )

    def test_plansRunNoScripts(self) -> None:
        self.assertIn("sandbox", self.reply(Reply(200, Media.SVG, b"<svg/>")).headers["content-security-policy"])

    def test_empty(self) -> None:
        """An accepted command: 200, no body, no type."""
        answer = self.reply(Reply(200, headers={"Dog-Command": "c"}), "PUT")
        self.assertEqual((answer.status, answer.body, answer.media), (200, b"", None))
        self.assertEqual((answer.headers["content-length"], answer.headers["dog-command"]), ("0", "c"))

    def test_noContent(self) -> None:
        for status in (204, 304):
            answer = self.reply(Reply(status, headers={"ETag": '"t"'}))
            self.assertEqual((answer.status, answer.body), (status, b""))
            self.assertNotIn("content-length", answer.headers)
            self.assertNotIn("content-type", answer.headers)
            self.assertNotIn(b"Transfer-Encoding", self.transport.value())

    def test_head(self) -> None:
        self.reply(Reply(200, Media.JSON, b"[1,2]"), "HEAD")
        head, _, body = self.transport.value().partition(b"\r\n\r\n")
        self.assertIn(b"Content-Length: 5", head)
        self.assertEqual(body, b"")

    def test_headersAreOneLine(self) -> None:
        answer = self.reply(Reply(200, headers={"Location": "/a\r\nSet-Cookie: b"}))
        self.assertNotIn("set-cookie", answer.headers)

    def test_keepAlive(self) -> None:
        for number in range(3):
            self.assertEqual(self.ask("GET", f"/{number}").status, 200)
        self.assertFalse(self.transport.disconnecting)
        self.ask("GET", "/last", Connection="close")
        self.assertTrue(self.transport.disconnecting)

    def test_pipelined(self) -> None:
        """Answers come in the order of the requests, however long the first one takes."""
        first = Deferred[Reply]()
        self.tree.replies = [first, Reply(200, Media.TEXT, b"second"), Reply(200, Media.TEXT, b"third")]
        requests = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % each for each in (1, 2, 3))
        for at in range(0, len(requests), 7):
            self.channel.dataReceived(requests[at : at + 7])
        self.assertEqual(len(self.tree.requests), 1)
        first.callback(Reply(200, Media.TEXT, b"first"))
        self.assertEqual([each.path for each in self.tree.requests], [("1",), ("2",), ("3",)])
        sent = self.transport.value()
        self.assertTrue(sent.index(b"first") < sent.index(b"second") < sent.index(b"third"))
        self.assertEqual(sent.count(b"HTTP/1.1 200 OK"), 3)

    def test_gone(self) -> None:
        """A client that goes away cancels what it was waiting for."""
        cancelled: list[Any] = []
        waiting = Deferred[Reply](cancelled.append)
        self.tree.replies = [waiting]
        self.send("GET /a HTTP/1.1", "Host: a")
        self.channel.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(cancelled, [waiting])
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEqual(self.transport.value(), b"")

    def test_answeredAfterAll(self) -> None:
        """A tree that answers although it was cancelled (Api does) is not heard any more."""
        waiting = Deferred[Reply](lambda it: it.callback(Reply(504)))
        self.tree.replies = [waiting]
        self.send("GET /a HTTP/1.1", "Host: a")
        self.channel.connectionLost(Failure(ConnectionDone()))
        self.assertEqual((self.flushLoggedErrors(), self.transport.value()), ([], b""))

    def test_bugAfterAll(self) -> None:
        """A bug is logged even when nobody waits any more."""
        waiting = Deferred[Reply](lambda it: it.errback(ZeroDivisionError()))
        self.tree.replies = [waiting]
        self.send("GET /a HTTP/1.1", "Host: a")
        self.channel.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.channel = None

    def test_bugs(self) -> None:
        """A reply that can't be sent is logged, and the connection ends: nobody waits for nothing."""
        broken: Any = Reply(200, Media.JSON, "no bytes")  # type: ignore[arg-type]
        self.tree.replies = [broken]
        self.send("GET /a HTTP/1.1", "Host: a")
        self.assertEqual(len(self.flushLoggedErrors()), 1)
        self.assertTrue(self.transport.disconnecting)

    def test_http10(self) -> None:
        self.send("GET /a HTTP/1.0")
        self.assertEqual(self.answer().body, b"{}")
        self.assertTrue(self.transport.disconnecting)


class CrossOrigin(Case):
    ORIGIN = "https://panel.example"

    def setUp(self) -> None:
        super().setUp()
        self.listen(origins=[self.ORIGIN])

    def test_without(self) -> None:
        self.assertFalse([each for each in self.ask("GET", "/a").headers if each.startswith("access-control")])

    def test_configured(self) -> None:
        headers = self.ask("GET", "/a", Origin=self.ORIGIN).headers
        self.assertEqual(headers["access-control-allow-origin"], self.ORIGIN)
        self.assertEqual(headers["access-control-expose-headers"], "Dog-Command, ETag, Location")

    def test_errors(self) -> None:
        """Errors are told to pages too, whoever finds them."""
        self.tree.replies = [errorReply(Refused(Code.NOT_FOUND, "no"), Media.JSON)]
        for path in ("/a", "/%E8"):
            answer = self.ask("GET", path, Origin=self.ORIGIN)
            self.assertEqual((answer.status, answer.headers["access-control-allow-origin"]), (404, self.ORIGIN))

    def test_withoutOrigin(self) -> None:
        """Some requests of other pages name none; what the browser says of where they come from is enough."""
        for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)):
            self.assertEqual(self.ask("POST", "/a", b"{}", Sec_Fetch_Site=site).status, status, site)
            self.assertEqual(self.ask("GET", "/a", Sec_Fetch_Site=site).status, 200)
        self.assertEqual(self.ask("POST", "/a", b"{}").status, 200, "no browser")

    def test_secure(self) -> None:
        self.patch(WebRequest, "isSecure", lambda request: True)
        self.assertEqual(self.ask("POST", "/a", b"{}", Origin="http://localhost:8080").status, 403)
        self.assertEqual(self.ask("POST", "/a", b"{}", Origin="https://localhost:8080").status, 200)

    def test_sameOrigin(self) -> None:
        headers = self.ask("PUT", "/a", b"", Origin="http://localhost:8080").headers
        self.assertEqual(headers["access-control-allow-origin"], "http://localhost:8080")

    def test_foreignReads(self) -> None:
        """A foreign page's GET is answered; without our leave its browser does not show it."""
        answer = self.ask("GET", "/a", Origin="https://evil.example")
        self.assertEqual(answer.status, 200)
        self.assertNotIn("access-control-allow-origin", answer.headers)

    def test_foreignWrites(self) -> None:
        """A browser sends a simple POST without asking: it is not carried out."""
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            for origin in ("https://evil.example", "null"):
                answer = self.ask(method, "/api/v1/devices/lamp/commands/on", b"", Origin=origin)
                self.assertEqual((answer.status, answer.code), (403, "forbidden"))
        self.assertEqual(self.tree.requests, [])

    def test_preflight(self) -> None:
        self.tree.replies = [Reply(204, headers={"Allow": "GET, HEAD, OPTIONS, PUT"})] * 2
        answer = self.ask("OPTIONS", "/a", Origin=self.ORIGIN, Access_Control_Request_Method="PUT")
        self.assertEqual((answer.status, answer.headers["allow"]), (204, "GET, HEAD, OPTIONS, PUT"))
        self.assertEqual(answer.headers["access-control-allow-methods"], "GET, HEAD, OPTIONS, PUT")
        self.assertIn("Content-Type", answer.headers["access-control-allow-headers"])
        foreign = self.ask("OPTIONS", "/a", Origin="https://evil.example", Access_Control_Request_Method="PUT")
        self.assertEqual(foreign.status, 204)
        self.assertFalse([each for each in foreign.headers if each.startswith("access-control")])


class Child(Resource):
    isLeaf = True

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self.text = text

    def render(self, request: Any) -> int:
        request.write(self.text + b" " + b"/".join(request.postpath))
        request.finish()
        return NOT_DONE_YET


class Places(Case):
    """What is where."""

    def setUp(self) -> None:
        super().setUp()
        pages = self.pages = Resource()
        pages.putChild(b"", Child(b"page"))
        pages.putChild(b"static", Child(b"static"))
        pages.putChild(b"api", Child(b"wrong"))
        self.sockets: dict[str, IResource] = {"/ws": Child(b"ws"), "/deep/ws": Child(b"deep")}
        self.listen(ws=self.sockets, pages=pages)

    def test_pages(self) -> None:
        for path, body in (("/", b"page "), ("/?a=1", b"page "), ("/static/js/a.js", b"static js/a.js")):
            answer = self.ask("GET", path)
            self.assertEqual((answer.body, answer.headers["server"]), (body, "Dog"), path)

    def test_optionsEverywhere(self) -> None:
        """OPTIONS is 204 with the methods, and what a page of another origin asks."""
        for path in ("/", "/static/a.js", "*", "/ws", "http://localhost:8080"):
            answer = self.ask("OPTIONS", path, Origin="http://localhost:8080", Access_Control_Request_Method="GET")
            methods = "GET, OPTIONS" if path == "/ws" else "GET, HEAD, OPTIONS"
            self.assertEqual((answer.status, answer.headers["allow"]), (204, methods), path)
            self.assertEqual(answer.headers["access-control-allow-methods"], methods)
            self.assertEqual(answer.headers["access-control-allow-origin"], "http://localhost:8080")
        self.assertEqual(self.tree.requests, [])

    def test_star(self) -> None:
        """Only OPTIONS is about the whole server."""
        self.ask("GET", "*")
        self.assertEqual(self.asked.path, ("*",))

    def test_pagesErrors(self) -> None:
        """What is wrong with a page is told as the API tells it."""
        self.pages.putChild(b"static", Resource())
        self.pages.children[b"static"].putChild(b"a.js", Child(b"a"))
        for method, path, status in (
            ("POST", "/", 405),
            ("DELETE", "/static/a.js", 405),
            ("GET", "/static/b.js", 404),
            ("OPTIONS", "/static/b.js", 404),
            ("GET", "/static", 404),
            ("GET", "/static/b.js/c", 404),
        ):
            answer = self.ask(method, path, Origin="http://localhost:8080")
            self.assertEqual(answer.status, status, path)
            self.assertEqual(answer.code, "not_found" if status == 404 else "method_not_allowed")
            self.assertEqual(answer.headers["access-control-allow-origin"], "http://localhost:8080")
            if status == 405:
                self.assertEqual(answer.headers["allow"], "GET, HEAD, OPTIONS")
        answer = self.ask("GET", "/static/b.js", Accept="application/xml")
        self.assertEqual(answer.headers["content-type"], "application/xml; charset=utf-8")
        self.assertEqual(self.ask("HEAD", "/static/b.js").body, b"")
        self.assertEqual(self.ask("GET", "/static/a.js").body.split()[0], b"a")

    def test_hosts(self) -> None:
        """Whoever takes the gateway for another is told so, at every door."""
        self.listen(ws=self.sockets, pages=self.pages, hosts=["dog.example"])
        for path in ("/api/v1/devices", "/", "/static/a", "/ws", "http://evil.example/a"):
            answer = self.ask("GET", path, Host="evil.example", Upgrade="websocket")
            self.assertEqual((answer.status, answer.code), (421, "misdirected"), path)
            self.assertIn("'evil.example'", answer.json["error"]["message"])
        self.assertTrue(self.transport.value().startswith(b"HTTP/1.1 421 Misdirected Request\r\n"))
        self.assertEqual(self.tree.requests, [])
        for host in ("dog.example", "dog.example:80", "127.0.0.1", "[::1]:8080", "localhost"):
            self.assertEqual(self.ask("GET", "/a", Host=host).status, 200)
        self.transport.clear()
        self.send("GET /a HTTP/1.0")
        self.assertEqual(self.answer().status, 200)

    def test_absoluteForm(self) -> None:
        """RFC 9112, 3.2.2: the host of the target counts, not that of the header."""
        for target in ("http://localhost:8080/a/b?c=d", "HTTPS://127.0.0.1/a/b?c=d"):
            self.assertEqual(self.ask("PUT", target, b"x", Host="evil.example").status, 200)
            self.assertEqual((self.asked.path, self.asked.query, self.asked.body), (("a", "b"), {"c": "d"}, b"x"))
        self.assertEqual(self.ask("GET", "http://localhost?x=1", Host="evil.example").body, b"page ")
        self.assertEqual(self.ask("GET", "http://evil.example/a").status, 421)

    def test_webSocketErrors(self) -> None:
        """What a WebSocket's resource answers with, a page may see, too."""
        answer = self.ask("GET", "/ws", Origin="http://localhost:8080")
        self.assertEqual(answer.headers["access-control-allow-origin"], "http://localhost:8080")

    def test_webSocket(self) -> None:
        for path in ("/ws", "/ws/", "//ws", "/ws?x=1"):
            self.assertEqual(self.ask("GET", path).body.split()[0], b"ws", path)
        self.assertEqual(self.ask("GET", "/deep//ws").body.split()[0], b"deep")

    def test_everythingElse(self) -> None:
        for path in (
            "/api/v1/devices",
            "/health",
            "/ws/x",
            "/a/ws",
            "/deep",
            "/favicon.ico",
            "/statics",
            "/%73%74atic/a",
        ):
            self.tree.requests.clear()
            self.ask("GET", path)
            self.assertEqual(len(self.tree.requests), 0 if "%73" in path else 1, path)

    def test_withoutPages(self) -> None:
        self.listen()
        for path in ("/", "/static/a", "/ws"):
            self.ask("GET", path)
        self.assertEqual([each.path for each in self.tree.requests], [(), ("static", "a"), ("ws",)])


class Site(Case):
    def test_noTimer(self) -> None:
        """A site that nobody talks to keeps no timer."""
        self.channel.connectionLost(Failure(ConnectionDone()))
        self.channel = None
        self.site.doStart()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.connect()
        self.assertEqual(self.ask("GET", "/a").status, 200)
        self.site.doStop()

    def test_quiet(self) -> None:
        """That it starts and stops is said by who starts it."""
        self.assertFalse(self.site.noisy)

    def test_protocols(self) -> None:
        """HTTP/2 is not offered: the bounds are those of HTTP/1.1."""
        self.assertEqual(self.site.acceptableProtocols(), [b"http/1.1"])


class Whole(SynchronousTestCase):
    """The door with the real tree behind it."""

    def test_conversation(self) -> None:
        gateway = Gateway()
        ping = gateway.ask("GET", "/api/v1/ping/")
        self.assertEqual((ping.status, ping.json), (200, {"result": "pong"}))
        again = gateway.ask("GET", "/api/v1/ping", headers={"If-None-Match": ping.headers["etag"]})
        self.assertEqual((again.status, again.body), (304, b""))
        missing = gateway.ask("GET", "/api/v1/nope", headers={"Accept": "application/xml"})
        self.assertEqual((missing.status, missing.media, missing.code), (404, "application/xml", "not_found"))
        refused = gateway.ask("DELETE", "/api/v1/ping")
        self.assertEqual((refused.status, refused.headers["allow"]), (405, "GET, HEAD, OPTIONS"))
        self.assertEqual(json.loads(refused.body)["error"]["code"], "method_not_allowed")
