"""A call on its way through the resource tree, and what comes back. The doors make one and render the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from dog.core.visibility import House
from dog.model.refusal import Refused
from dog.model.rights import Principal


class Profile(StrEnum):
    """The two shapes of v1 (rest-api.md, "Shapes"). A renderer's business: no resource asks for it."""

    DOCUMENTED = "documented"
    RELEASED = "released"


class Media(StrEnum):
    JSON = "application/json"
    XML = "application/xml"
    SVG = "image/svg+xml"
    TEXT = "text/plain"
    EVENTS = "text/event-stream"
    GZIP = "application/gzip"
    LINES = "application/x-ndjson"  # a JSON value a line, as they come


class View(Protocol):
    """What a resource answers with: knows how it looks in every shape. A small frozen dataclass (L{dog.api.views}).

    A plain C{dict} or C{list} is a view too: it is its own JSON. Where a route's C{media} names XML, its view has
    L{XmlView.xml} as well.
    """

    def json(self, profile: Profile, full: bool) -> Any:
        """The JSON value (dicts, lists, texts, numbers) in that profile; C{full} is C{?detail=full}."""


class XmlView(View, Protocol):
    """A view that has an XML form."""

    def xml(self, profile: Profile) -> bytes:
        """The whole document, UTF-8."""


@dataclass(frozen=True, slots=True)
class RawView:
    """A view of one media type that is bytes already: the SVG plan, metrics as text."""

    media: Media
    data: bytes


class Connection(Protocol):
    """The WebSocket connection a call came through: what sessions and subscriptions need of it."""

    clientId: str
    principal: Principal
    features: frozenset[str]
    shape: tuple[Profile, bool]

    def choose(self, features: Iterable[str]) -> None:
        """Have these features, as far as they are on offer, and no others."""

    def identify(self, token: str) -> Deferred[None]:
        """Be somebody else from now on. Fails with L{Refusal}; the connection ends then."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a door has understood of what came in; nothing of it is checked yet.

    @ivar path: decoded path segments, without empty ones: C{("api", "v1", "devices")}.
    @ivar query: the last value of each name.
    @ivar body: the raw bytes (HTTP), or an already parsed JSON value (WebSocket), or None for no body.
    @ivar contentType: media type of the body, lower case without parameters; None if not given.
    @ivar accept: the Accept header; None if not given.
    @ivar origin: the address (Twisted's) that it came from.
    @ivar headers: the few others that resources use, lower case: if-match, if-none-match, idempotency-key.
    """

    method: str
    path: tuple[str, ...]
    principal: Principal
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | ParsedBody | None = None
    contentType: str | None = None
    accept: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    connection: Connection | None = None
    detail: bool = False
    origin: Any = None


@dataclass(frozen=True, slots=True)
class ParsedBody:
    """A body that is a JSON value already (it came inside a WebSocket message)."""

    value: Any


@dataclass(frozen=True, slots=True)
class Call:
    """What a resource gets: everything checked, the house already cut to what the principal may see.

    @ivar params: the path's parameters by name, e.g. C{{"device": "lamp1"}}.
    @ivar body: what the route's body shape made of the body; None where the route takes none or none came; the
        bytes themselves where it is XML.
    @ivar full: C{?detail=full}.
    @ivar force: C{?force=true}.
    @ivar media: what the answer will be rendered as; of interest where that is a stream.
    """

    request: Request
    principal: Principal
    house: House
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    profile: Profile
    full: bool = False
    force: bool = False
    media: Media = Media.JSON


class Streaming(Protocol):
    """An answer that goes on: begun on the response, and told when the client has gone."""

    def begin(self, sink: Any) -> None: ...

    def lost(self) -> None: ...


@dataclass(frozen=True, slots=True)
class StreamView:
    """A view that is not rendered but begun."""

    stream: Streaming
    media: Media = Media.EVENTS


@dataclass(frozen=True, slots=True)
class Answer:
    """What a resource says.

    @ivar view: what is to be rendered (L{dog.api.views} knows how, by its type), or None for an empty body.
    @ivar status: 200, 201, 204.
    @ivar headers: e.g. C{Location}, C{Dog-Command}.
    @ivar commandId: the ledger's id where a command was sent.
    @ivar warnings: told beside the response.
    @ivar response: the v1 C{response} of a WebSocket answer where it is a word of its own (subscriptions).
    @ivar about: what the log of who did what says of it beside method and path; unless given, the C{Location}.
    """

    view: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    commandId: str | None = None
    warnings: tuple[str, ...] = ()
    response: Any = None
    about: str | None = None


Result = Answer | Refused


@dataclass(frozen=True, slots=True)
class Reply:
    """A rendered answer, for a door to send.

    @ivar body: bytes of media type C{media} (HTTP), b"" for none.
    @ivar json: the same as a JSON value where C{media} is JSON (what a WebSocket response carries), else None.
    @ivar stream: the body, where it is one that goes on.
    @ivar text: C{json} as text, where that was made once for many replies.
    @ivar error: the error object where C{status} is 400 or more.
    @ivar about: see L{Answer.about}.
    """

    status: int
    media: Media | None = None
    body: bytes = b""
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    commandId: str | None = None
    warnings: tuple[str, ...] = ()
    response: Any = None
    stream: Streaming | None = None
    text: bytes | None = None
    about: str | None = None
