"""The HTTP door: turns what came in into a L{Request}, and a L{Reply} into what goes out."""

# Twisted's web server has no types to speak of, and this builds on it.
# mypy: disallow-untyped-calls=False

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import RESPONSES
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Site
from twisted.web.server import Request as WebRequest

from dog.api.call import Media, Reply, Request, Streaming
from dog.api.channel import BoundedChannel, BoundedRequest, Bounds
from dog.api.crowd import Crowd, Limits
from dog.api.dispatch import SAFE, Api
from dog.api.hosts import Hosts, bracketed
from dog.api.identity import Identity, isPassedOn, refusedOf, tokenIn
from dog.api.origins import Origins
from dog.api.proxies import Proxies
from dog.model.refusal import MAX_KEY, Code, Refused, clipped, quoted
from dog.model.rights import NOBODY, Principal

#: Headers that resources use.
_PASSED = ("if-match", "if-none-match", "idempotency-key", "last-event-id")

_EXPOSED = "Dog-Command, ETag, Location"
_TAKEN = "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID"

#: Methods that pages of other origins may use.
_UNASKED = SAFE | {"OPTIONS"}

#: What Sec-Fetch-Site (W3C Fetch Metadata) says of pages that are not of the same origin.
_FOREIGN = ("cross-site", "same-site")

#: Methods of a page.
_READABLE = "GET, HEAD, OPTIONS"

#: More query parameters than any resource knows.
_MAX_PARAMETERS = 100

#: Bytes of a path that is remembered with what it means.
_MAX_KNOWN = 256


TOO_MANY = Refused(Code.BUSY, "there are too many connections from this address")


class BadPath(ValueError):
    """A path or query that is no text."""


def segmentsOf(path: bytes) -> tuple[str, ...]:
    """The decoded segments of a path, without empty ones. Raises L{BadPath} where one is not UTF-8."""
    return (_segmentsOf if len(path) <= _MAX_KNOWN else _segmentsOf.__wrapped__)(path)


@lru_cache(maxsize=1024)
def _segmentsOf(path: bytes) -> tuple[str, ...]:
    try:
        return tuple(unquote_to_bytes(each).decode() for each in path.split(b"/") if each)
    except UnicodeDecodeError:
        raise BadPath("the path is not UTF-8") from None


def queryOf(uri: bytes) -> dict[str, str]:
    """The last value of each parameter. Raises L{BadPath} for more than any resource knows."""
    _, mark, query = uri.partition(b"?")
    if not mark:
        return {}
    text = query.decode("ascii", "replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS))
    except ValueError:
        raise BadPath("too many parameters in the query") from None


def contentTypeOf(header: str | None) -> str | None:
    """The media type of a Content-Type header, lower case, without its parameters."""
    return None if header is None else header.partition(";")[0].strip().lower() or None


class Door(Resource):
    """Everything under the API's roots: a leaf that asks the resource tree."""

    isLeaf = True
    log = Logger()

    def __init__(self, api: Api, origins: Origins, identity: Identity) -> None:
        super().__init__()
        self._api = api
        self._origins = origins
        self._identity = identity
        self._going: set[_Exchange] = set()

    def render(self, request: BoundedRequest) -> int:
        asked = self.understood(request)
        answering = self._answer(request, asked).addCallback(self._seated, request, asked)
        exchange = _Exchange(request, answering, self._going)
        exchange.begin(self.headers(request, asked))
        return NOT_DONE_YET

    def ended(self, principal: Principal) -> None:
        """His token was revoked or has expired: end the streams that he has begun."""
        for exchange in list(self._going):
            if exchange.principal == principal:
                exchange.dismiss()

    def _answer(self, request: BoundedRequest, asked: Request) -> Deferred[Reply]:
        try:
            path, query = segmentsOf(request.path), queryOf(request.uri)
        except BadPath as bad:
            return self._refused(asked, Refused(Code.NOT_FOUND, str(bad)))
        origin = _header(request, "origin")
        if origin is not None and not self._allows(request, origin) and asked.method not in _UNASKED:
            # A browser sends simple requests to any address without asking; CORS headers come too late for those.
            self.turnedAway(request, f"a page of {origin}", Code.FORBIDDEN)
            return self._refused(
                asked, Refused(Code.FORBIDDEN, f"pages of {clipped(origin)} may not use this gateway")
            )
        if origin is None and asked.method not in _UNASKED and _header(request, "sec-fetch-site") in _FOREIGN:
            # Some requests of other sites' pages come without an origin; browsers say at least so much of them.
            self.turnedAway(request, "a page of another site", Code.FORBIDDEN)
            return self._refused(asked, Refused(Code.FORBIDDEN, "pages of other sites may not use this gateway"))
        if len(_header(request, "idempotency-key") or "") > MAX_KEY:
            refused = Refused(Code.BAD_BODY, f"the Idempotency-Key has more than {MAX_KEY} characters")
            return self._refused(asked, refused)
        who = self._who(request)
        if isinstance(who, Deferred):
            return who.addErrback(lambda failure: self._api.refuse(asked, refusedOf(failure)))
        request.principal = who
        body = request.content.read() if request.content is not None else b""
        return self._api.answer(
            Request(
                asked.method,
                path,
                who,
                query,
                body or None,
                contentTypeOf(_header(request, "content-type")),
                asked.accept,
                {name: value for name in _PASSED if (value := _header(request, name)) is not None},
                origin=request.channel.origin(request),
            )
        )

    def _seated(self, reply: Reply, request: BoundedRequest, asked: Request) -> Reply:
        """A stream takes up a place of him for whom a proxy asks, as his WebSockets do."""
        if reply.stream is None or asked.method == "HEAD" or request.channel.seats(request):
            return reply
        return self._api.refuse(asked, TOO_MANY)

    def _allows(self, request: WebRequest, origin: str) -> bool:
        return self._origins.allows(origin, _header(request, "host"), bool(request.isSecure()))

    def _who(self, request: BoundedRequest) -> Principal | Deferred[Any]:
        token = tokenIn(_header(request, "authorization"))
        return self._identity.who(token, request.channel.origin(request), isPassedOn(request.requestHeaders.hasHeader))

    def turnedAway(self, request: BoundedRequest, why: str, code: Code) -> None:
        """Tell the log of who did what of a request that is refused before it is known who asks."""
        method, path = request.method.decode("ascii", "replace"), request.path.decode("utf-8", "replace")
        self._api.turnedAway(f"{method} {path} of {why}", request.channel.origin(request), code)

    def tell(self, request: BoundedRequest, decide: Callable[[Request], Reply]) -> int:
        """Answer what never comes to the resource tree."""
        asked = self.understood(request)
        exchange = _Exchange(request, succeed(decide(asked)), self._going)
        exchange.begin(self.headers(request, asked))
        return NOT_DONE_YET

    def refusing(self, refused: Refused, allow: str | None = None) -> IResource:
        """A resource that says so, in the type that the client accepts. C{allow}: the methods that there are."""
        headers = {} if allow is None else {"Allow": allow}
        return _Told(self, lambda asked: replace(self._api.refuse(asked, refused), headers=headers))

    def redirecting(self, location: str) -> IResource:
        """A resource that says where it is."""
        return _Told(self, lambda asked: Reply(307, headers={"Location": location}))

    def options(self, allow: str) -> IResource:
        """A resource that says which methods there are."""
        return _Told(self, lambda asked: Reply(204, headers={"Allow": allow}))

    def _refused(self, asked: Request, refused: Refused) -> Deferred[Reply]:
        answered: Deferred[Reply] = Deferred()
        answered.callback(self._api.refuse(asked, refused))
        return answered

    def understood(self, request: WebRequest) -> Request:
        """As much of a request as a refusal needs."""
        method = request.method.decode("ascii", "replace")
        return Request(method, (), NOBODY, accept=_header(request, "accept"))

    def headers(self, request: WebRequest, asked: Request) -> dict[str, str]:
        """The headers of every answer, errors too."""
        found = {"Vary": "Accept, Origin", "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        origin = _header(request, "origin")
        if origin is None or not self._allows(request, origin):
            return found
        found["Access-Control-Allow-Origin"] = origin
        found["Access-Control-Expose-Headers"] = _EXPOSED
        if asked.method == "OPTIONS":
            found["Access-Control-Allow-Headers"] = _TAKEN
            found["Access-Control-Max-Age"] = "600"
        return found

    def tooLarge(self, request: BoundedRequest) -> bytes:
        """The whole response to a body over the bound, to be sent while it still comes."""
        asked = Request("PUT", (), NOBODY, accept=_header(request, "accept"))
        limit = request.channel.bounds.maxBody
        refused = Refused(Code.TOO_LARGE, f"a body has at most {limit} bytes here", {"limit": limit})
        reply = self._api.refuse(asked, refused)
        headers = {**headersOf(reply), **self.headers(request, asked), "Connection": "close"}
        lines = [f"HTTP/1.1 {reply.status} {RESPONSES[reply.status].decode()}"]
        lines += [f"{name}: {_oneLine(value)}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + reply.body


class _Told(Resource):
    """An answer that is known already."""

    isLeaf = True

    def __init__(self, door: Door, decide: Callable[[Request], Reply]) -> None:
        super().__init__()
        self._door = door
        self._decide = decide

    def render(self, request: BoundedRequest) -> int:
        return self._door.tell(request, self._decide)


class _Exchange:
    """One request on its way back.

    @param going: those whose answers go on as streams; it puts itself in, and takes itself out.
    """

    log = Logger()

    def __init__(self, request: BoundedRequest, answering: Deferred[Reply], going: set[_Exchange]) -> None:
        self._request = request
        self._all = going
        self._answering = answering
        self._gone = False
        self._stream: Streaming | None = None

    def begin(self, headers: Mapping[str, str]) -> None:
        self._request.notifyFinish().addErrback(self._lost)
        self._answering.addCallback(self._send, headers).addErrback(self._failed)

    def _lost(self, reason: Failure) -> None:
        """The client has gone: nobody waits any more."""
        self._gone = True
        self._answering.cancel()
        if self._stream is not None:
            self._stream.lost()

    @property
    def principal(self) -> Principal | None:
        return self._request.principal

    def dismiss(self) -> None:
        """Whoever it goes to may not be told any more."""
        assert self._stream is not None
        self._stream.lost()
        self._request.unregisterProducer()
        self._request.finish()

    def _send(self, reply: Reply, common: Mapping[str, str]) -> None:
        if self._gone:
            return
        request = self._request
        request.setResponseCode(reply.status, _PHRASES.get(reply.status))
        headers = {**common, **headersOf(reply)}
        if "Access-Control-Max-Age" in headers and "Allow" in headers:
            headers["Access-Control-Allow-Methods"] = headers["Allow"]
        _setHeaders(request, headers)
        if reply.stream is not None and request.method != b"HEAD":
            self._stream = reply.stream
            self._all.add(self)
            request.notifyFinish().addBoth(self._streamed, request.channel)
            self._stream.begin(request)
            return
        request.write(reply.body)
        request.finish()

    def _streamed(self, result: object, channel: BoundedChannel) -> None:
        self._all.discard(self)
        channel.unseat()

    def _failed(self, failure: Failure) -> None:
        if self._gone and failure.check(CancelledError):
            return
        self.log.failure("an answer could not be sent", failure)
        if not self._gone:
            self._request.loseConnection()


def headersOf(reply: Reply) -> dict[str, str]:
    """The headers that a reply brings: its own, its type and its length."""
    found = {}
    if reply.status not in (204, 304):
        if reply.media is not None:
            found["Content-Type"] = _CONTENT_TYPES.get(reply.media, reply.media.value)
        if reply.stream is None:
            found["Content-Length"] = str(len(reply.body))
    if reply.status == Code.UNAUTHORIZED.status:
        found["WWW-Authenticate"] = 'Bearer realm="dog"'
    if reply.media is Media.SVG:
        # A plan comes from a file that anybody may have drawn; opened by itself it must not run scripts as ours.
        found["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
    return {**found, **reply.headers}


_CONTENT_TYPES = {Media.TEXT: "text/plain; charset=utf-8", Media.XML: "application/xml; charset=utf-8"}


#: What Twisted has no words for.
_PHRASES = {Code.MISDIRECTED.status: b"Misdirected Request"}


def _setHeaders(request: WebRequest, headers: Mapping[str, str]) -> None:
    put = request.responseHeaders.setRawHeaders
    for name, value in headers.items():
        put(*_line(name, value))


@lru_cache(maxsize=1024)  # most are the same each time
def _line(name: str, value: str) -> tuple[bytes, list[bytes]]:
    return name.encode(), [_oneLine(value).encode()]


def _oneLine(value: str) -> str:
    return " ".join(value.split())


def _header(request: WebRequest, name: str) -> str | None:
    """A request header, several of one name joined as HTTP has it."""
    values = request.requestHeaders.getRawHeaders(name.encode())
    return None if values is None else ", ".join(each.decode("utf-8", "replace") for each in values)


class Root(Resource):
    """What is where: pages at C{/} and C{/static}, WebSockets at their paths, the API everywhere else."""

    def __init__(
        self,
        door: Door,
        hosts: Hosts,
        ws: Mapping[str, IResource],
        pages: Resource | None,
        securePort: Callable[[], int | None] | None = None,
    ) -> None:
        super().__init__()
        self._securePort = securePort
        self._hosts = hosts
        self._door = door
        self._ws = {_segments(path.encode().split(b"/")): resource for path, resource in ws.items()}
        self._pages = pages

    def getChildWithDefault(self, path: bytes, request: BoundedRequest) -> IResource:
        request.setHeader(b"server", b"Dog")
        segments = _segments((request.prepath or []) + (request.postpath or []))
        host = _header(request, "host")
        if not self._hosts.allows(host):
            message = f"this gateway is not known as {quoted(host)}: its setting hosts in [server] lists its names"
            self._door.turnedAway(request, f"somebody who looks for {host}", Code.MISDIRECTED)
            return self._door.refusing(Refused(Code.MISDIRECTED, message))
        ws = self._ws.get(segments)
        if ws is not None:
            if request.method == b"OPTIONS":
                return self._door.options("GET, OPTIONS")
            channel: Any = request.channel
            if not channel.seats(request):
                return self._door.refusing(TOO_MANY)
            _setBrackets(request, host or "")
            _setHeaders(request, self._door.headers(request, self._door.understood(request)))
            return ws
        if self._pages is not None and (not segments or segments[0] == b"static"):
            return self._page(self._pages, segments or (b"",), request)
        return self._door

    def _page(self, pages: Resource, segments: tuple[bytes, ...], request: WebRequest) -> IResource:
        """A page for GET and HEAD; all else is answered as the API does."""
        found: Any = pages
        for each in segments:
            if found is not None and not found.isLeaf:
                found = found.getStaticEntity(each)
        if found is None or not found.isLeaf:
            return self._door.refusing(Refused(Code.NOT_FOUND, "there is no such page"))
        if request.method == b"OPTIONS":
            return self._door.options(_READABLE)
        if request.method not in (b"GET", b"HEAD"):
            refused = Refused(
                Code.METHOD_NOT_ALLOWED, f"only {_READABLE} are possible here", {"allowed": _READABLE.split(", ")}
            )
            return self._door.refusing(refused, _READABLE)
        page: IResource = found
        return self._elsewhere(request) or page

    def _elsewhere(self, request: WebRequest) -> IResource | None:
        """Where a page is to be asked for with TLS: that it is there."""
        port = None if self._securePort is None or request.isSecure() else self._securePort()
        if port is None:
            return None
        host = re.sub(r":\d*\Z", "", _header(request, "host") or "localhost")
        return self._door.redirecting(f"https://{host}:{port}{request.uri.decode('ascii', 'replace')}")


def _setBrackets(request: WebRequest, host: str) -> None:
    """Give an IPv6 address the brackets that ws4py leaves out: Autobahn refuses an Origin without them."""
    found = bracketed(host)
    if found is not None:
        request.requestHeaders.setRawHeaders(b"host", [found.encode()])
        scheme, separator, place = (_header(request, "origin") or "").partition("://")
        if place == host:
            request.requestHeaders.setRawHeaders(b"origin", [f"{scheme}{separator}{found}".encode()])


def _segments(path: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(each for each in path if each)


class HttpSite(Site):
    """The web server. It keeps no access log, and so no timer that writes dates for one.

    @ivar ended: to be called with whoever has lost his token: ends his streams.
    @ivar origins: whose pages may use the API. @ivar hosts: by what names it can be addressed.
    @ivar crowd: who is connected. @ivar proxies: who may say for whom he asks.
    @ivar turnedAway: connections that were one too many, and are being told so.
    """

    origins: Origins
    hosts: Hosts
    crowd: Crowd
    proxies: Proxies
    turnedAway = 0

    noisy = False
    protocol = BoundedChannel  # type: ignore[assignment]
    requestFactory = BoundedRequest
    displayTracebacks = False

    def __init__(self, root: IResource, bounds: Bounds, ended: Callable[[Principal], object], **more: Any) -> None:
        super().__init__(root, **more)
        self.bounds = bounds
        self.ended = ended

    def acceptableProtocols(self) -> list[bytes]:
        return [b"http/1.1"]

    def startFactory(self) -> None:
        """Twisted's own opens the log and starts its timer."""

    def stopFactory(self) -> None:
        """Nothing was started."""

    def log(self, request: Any) -> None:
        """Nothing is logged."""


def factory(
    api: Api,
    identity: Identity,
    clock: IReactorTime,
    *,
    ws: Mapping[str, IResource] | None = None,
    pages: Resource | None = None,
    origins: Iterable[str] = (),
    hosts: Iterable[str] = (),
    maxBody: int = 1024 * 1024,
    securePort: Callable[[], int | None] | None = None,
    receiveTimeout: float = 30.0,
    idleTimeout: float = 60.0,
    crowd: Crowd | None = None,
    proxies: Proxies | None = None,
) -> HttpSite:
    """The site to listen with.

    @param identity: says who a client is.
    @param ws: path -> the WebSocket's leaf resource there; C{/ws/} and C{//ws} are C{/ws}.
    @param pages: the resource whose children C{""} and C{static} are what the browser gets.
    @param origins: of other pages that may use the API (L{Origins}).
    @param hosts: further names by which it can be addressed (L{Hosts}).
    @param maxBody: bytes of a request's body.
    @param securePort: the port on which pages are to be asked for with TLS; None: they may be asked for without.
    @param receiveTimeout: seconds a request may take to arrive.
    @param idleTimeout: seconds a connection may stay open with nothing going on.
    @param crowd: how many may be connected, and how often they may ask; unless given, as many as usual.
    @param proxies: those whose X-Forwarded-For is believed.
    """
    allowed, names = Origins(origins), Hosts(hosts)
    door = Door(api, allowed, identity)
    bounds = Bounds(maxBody, receiveTimeout, door.tooLarge)
    site = HttpSite(
        Root(door, names, ws or {}, pages, securePort), bounds, door.ended, timeout=idleTimeout, reactor=clock
    )
    site.origins, site.hosts = allowed, names
    site.crowd = Crowd(Limits(), clock.seconds) if crowd is None else crowd
    site.proxies = proxies or Proxies()
    return site
