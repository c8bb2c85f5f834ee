"""The way of a request through the resource tree: one way, whatever door it came through.

path -> method -> right -> media type -> body -> resource -> rendering. What a resource answers with is a
L{View<dog.api.call.View>}: C{json(profile, full)}, and C{xml(profile)} where its route's C{media} names XML; a plain
dict or list is its own JSON; bytes of another type are a L{RawView<dog.api.call.RawView>}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredLock, TimeoutError, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from dog.api import access, jsontext
from dog.api.call import Call, Media, ParsedBody, Profile, Reply, Request, Result, StreamView
from dog.api.negotiation import choose, errorMedia
from dog.api.ports import Ports
from dog.api.rendering import errorReply, etag, render, tagsOf
from dog.api.routes import Door, Match, On, Route, Table, Version
from dog.live.audit import Audit
from dog.model.refusal import Code, Refusal, Refused, cleaned, clipped
from dog.model.rights import NOBODY, Principal, Right

#: Methods that change nothing.
SAFE = frozenset({"GET", "HEAD"})

#: Methods of which only refusals are audited.
_UNTOLD = SAFE | {"OPTIONS"}

#: What came of it, as far as the log of who did what knows, where whoever asked did not wait: it went on.
LEFT = "left"

#: What is said to those who may not.
_REFUSALS = frozenset({Code.UNAUTHORIZED.value, Code.FORBIDDEN.value})

#: Answers that are kept until they change.
MAX_KEPT = 1024

#: Characters of an Accept header; to a longer one nothing is kept.
MAX_ACCEPT = 128


@dataclass(frozen=True, slots=True)
class _Plan:
    """A request that may go to its resource."""

    route: Route
    call: Call
    media: Media

    @property
    def safe(self) -> bool:
        return self.call.request.method in SAFE


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, and what it follows from."""

    of: Version
    params: Mapping[str, str]
    version: tuple[object, ...]
    reply: Reply


class Api:
    """The resource tree.

    @param clock: for the bound on answers that take time.
    @param profile: what a client gets that asks for none.
    @param timeout: seconds after which an answer that has not come is C{timeout} (504). Commands have their own,
        shorter one.
    """

    log = Logger()

    def __init__(
        self,
        routes: Iterable[Route],
        ports: Ports,
        clock: IReactorTime,
        *,
        profile: Profile = Profile.DOCUMENTED,
        timeout: float = 30.0,
    ) -> None:
        self.table = Table(routes)
        self._ports = ports
        self._clock = clock
        self._profile = profile
        self._timeout = timeout
        self._given = {id(each): {name: self._named(name) for name in each.ports} for each in self.table.routes}
        self._edits = DeferredLock()
        self._kept: dict[tuple[bool, str | None, tuple[str, ...]], _Kept] = {}
        self.audit: Audit | None = None

    def serve(self, profile: Profile) -> None:
        """From now on, that is what a client gets that asks for none."""
        self._profile = profile
        self._kept.clear()

    def _named(self, name: str) -> Any:
        """A port; the table itself is one too, for openapi.json."""
        return self.table if name == "table" else self._ports.named(name)

    def answer(self, request: Request) -> Deferred[Reply]:
        """Answer a request. Never fails: what goes wrong is a reply too.

        Cancelling the Deferred gives up waiting: a command goes on to its outcome, an edit to its end.
        """
        if self.audit is None or request.method in _UNTOLD:
            return self._answer(request)

        def tell(reply: Reply) -> Reply:
            self._audit(request, reply)
            return reply

        return self._answer(request).addCallback(tell)

    def _audit(self, request: Request, reply: Reply) -> None:
        """Keep what was done, or tried, to anything of the house: not what a client changes for itself only."""
        assert self.audit is not None
        error = reply.error or {}
        code = str(error["code"]) if "code" in error else None
        match = self.table.match(request.path)
        route = None if match is None else match.methods.get(request.method)
        mayNot = code in _REFUSALS
        if not mayNot:
            if route is None or not (route.audited or request.method not in _UNTOLD):
                return
            if route.right is Right.VIEW or route.on is On.NOTHING:
                return
        what = f"{request.method} /{'/'.join(request.path)}"
        if mayNot:
            self.audit.tellRefusal(request.principal.name, what, hostOf(request.origin), str(code))
        else:
            command = reply.commandId or error.get("commandId")
            more = {name: each for name, each in (("about", reply.about), ("command", command)) if each is not None}
            outcome = LEFT if "left" in error else code or "done"
            tell = self.audit.tellCommand if route is not None and route.right is Right.OPERATE else self.audit.tell
            tell(request.principal.name, what, hostOf(request.origin), outcome, **more)

    def _audited(self, request: Request, result: Reply | Deferred[Reply]) -> Reply | Deferred[Reply]:
        """Keep what came of looking at something that is told of."""

        def tell(reply: Reply) -> Reply:
            self._audit(request, reply)
            return reply

        return result.addCallback(tell) if isinstance(result, Deferred) else tell(result)

    def turnedAway(self, what: str, origin: Any, code: Code) -> None:
        """Tell the log of who did what of somebody who never came to the resource tree.

        @param origin: the address (Twisted's) that it came from.
        """
        if self.audit is not None:
            self.audit.tellRefusal(NOBODY.name, what, hostOf(origin), code.value)

    def _answer(self, request: Request) -> Deferred[Reply]:
        try:
            keepable = request.method == "GET" and not request.query and not request.headers
            if keepable:
                kept = self.kept(request.path, request.principal, request.connection is not None, request.accept)
                if kept is not None:
                    return succeed(kept)
            plan = self._plan(request)
            result = plan if isinstance(plan, Reply) else self._perform(plan)
            if self.audit is not None and isinstance(plan, _Plan) and plan.route.audited:
                result = self._audited(request, result)
            if not isinstance(result, Deferred):
                if keepable and isinstance(plan, _Plan):
                    result = self._keep(plan, result)
                return succeed(result)
        except Exception:
            return succeed(self._failed(request, Failure()))
        result.addTimeout(self._timeout, self._clock)
        result.addErrback(lambda failure: self._failed(request, failure))
        return result

    def kept(
        self, path: tuple[str, ...], principal: Principal, webSocket: bool = True, accept: str | None = None
    ) -> Reply | None:
        """The answer to a GET without a query, if it is known and still true (L{Route.version})."""
        found = self._kept.get((webSocket, accept, path))
        if found is None:
            return None
        core = self._ports.core
        for before, now in zip(
            found.version, found.of(core.visibility.house(principal), found.params, core), strict=True
        ):
            if before is not now:
                return None
        return found.reply

    def _keep(self, plan: _Plan, reply: Reply) -> Reply:
        """Keep an answer that depends on nothing but its version."""
        of, call, request = plan.route.version, plan.call, plan.call.request
        if of is None or reply.status != 200 or len(request.accept or "") > MAX_ACCEPT:
            return reply
        webSocket = request.connection is not None
        if webSocket:
            reply = replace(reply, text=jsontext.dump(reply.json))
        while len(self._kept) >= MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        version = of(call.house, call.params, self._ports.core)
        self._kept[webSocket, request.accept, request.path] = _Kept(of, call.params, version, reply)
        return reply

    def refuse(self, request: Request, refused: Refused) -> Reply:
        """The reply that says so, in the type the client accepts."""
        return errorReply(refused, errorMedia(request.accept), text=request.connection is None)

    # -- what is asked --------------------------------------------------------------------------------

    def _plan(self, request: Request) -> _Plan | Reply:
        match = self.table.match(request.path)
        methods = {} if match is None else _methods(match, request)
        if match is None or not methods:
            raise Refusal(Code.NOT_FOUND, f"there is nothing at {clipped('/' + '/'.join(request.path))}")
        route = methods.get("GET" if request.method == "HEAD" else request.method)
        if request.method == "OPTIONS":
            return Reply(204, headers={"Allow": _allow(methods)})
        if route is None:
            refused = Refused(
                Code.METHOD_NOT_ALLOWED,
                f"{request.method} is not possible here; {_allow(methods)} is",
                {"allowed": _allow(methods).split(", ")},
            )
            return replace(self.refuse(request, refused), headers={"Allow": _allow(methods)})
        return self._planFor(route, match.params, request)

    def _planFor(self, route: Route, params: Mapping[str, str], request: Request) -> _Plan:
        house = self._ports.core.visibility.house(request.principal)
        access.check(route, params, house)
        forced = _choice(request.query, "profile", {each.value: each for each in Profile})
        full = _choice(request.query, "detail", {"full": True}) or False
        force = _choice(request.query, "force", {"true": True, "false": False}) or False
        media, profile = self._negotiate(route, request, forced)
        body = self._body(route, request)
        call = Call(request, request.principal, house, params, request.query, body, profile, full, force, media)
        return _Plan(route, call, media)

    def _negotiate(self, route: Route, request: Request, forced: Profile | None) -> tuple[Media, Profile]:
        offered = route.media
        if request.connection is not None:
            if Media.JSON not in offered:
                raise Refusal(Code.NOT_ACCEPTABLE, f"this resource answers {offered[0].value}, which is no JSON")
            return Media.JSON, forced or self._profile
        silent = offered == (Media.JSON,) and all(shape is None for shape in route.answers.values())
        if silent and request.method not in SAFE:
            # It answers with nothing, and nothing is acceptable to everybody.
            return Media.JSON, self._profile
        return choose(request.accept, offered, self._profile, forced)

    def _body(self, route: Route, request: Request) -> Any:
        if route.body is None or request.method in SAFE:
            return None
        media = Media.JSON
        if request.contentType is not None and request.contentType != Media.JSON.value:
            named = [each for each in route.takes if each.value == request.contentType]
            if not named:
                taken = [each.value for each in route.takes]
                raise Refusal(
                    Code.UNSUPPORTED_MEDIA_TYPE,
                    f"{clipped(request.contentType)} is not taken here; {' or '.join(taken)} is",
                    accepted=taken,
                )
            media = named[0]
        body = request.body
        if isinstance(body, ParsedBody):
            return route.body.check(body.value)
        if body is None or not body.strip():
            return route.body.absent()
        if media is not Media.JSON:
            return body
        return route.body.check(jsontext.parse(body))

    # -- what is done ---------------------------------------------------------------------------------

    def _perform(self, plan: _Plan) -> Reply | Deferred[Reply]:
        condition = plan.call.request.headers.get("if-match")
        if plan.safe or plan.route.right not in (Right.EDIT, Right.ADMIN):
            if plan.safe or condition is None:
                return self._replied(plan, self._ask(plan))
            return self._onlyIf(plan, condition)
        # One edit at a time, so that nothing comes between a precondition and the edit; and an edit that has begun
        # comes to its end, whether or not anybody still waits for it.
        return _shielded(self._edits.run(lambda: _deferred(self._onlyIf(plan, condition))), self._lateFailure)

    def _ask(self, plan: _Plan) -> Result | Deferred[Result]:
        answered: Result | Deferred[Result] = plan.route.call(plan.call, **self._given[id(plan.route)])
        return answered

    def _replied(self, plan: _Plan, result: Result | Deferred[Result]) -> Reply | Deferred[Reply]:
        if isinstance(result, Deferred):
            return result.addCallback(lambda answer: self._reply(plan, answer))
        return self._reply(plan, result)

    def _onlyIf(self, plan: _Plan, condition: str | None) -> Reply | Deferred[Reply]:
        """Perform it if the resource is still as the client knows it (If-Match)."""
        if condition is None:
            return self._replied(plan, self._ask(plan))

        def decide(current: frozenset[str]) -> Reply | Deferred[Reply]:
            wanted = tagsOf(condition)
            if not (current if "*" in wanted else current.intersection(wanted)):
                raise Refusal(Code.PRECONDITION_FAILED, "the resource has changed since", current=sorted(current)[:1])
            return self._replied(plan, self._ask(plan))

        current = self._currentTags(plan.call)
        return current.addCallback(decide) if isinstance(current, Deferred) else decide(current)

    def _currentTags(self, call: Call) -> frozenset[str] | Deferred[frozenset[str]]:
        """The entity tags of the resource's current representations: every one that a GET may have answered with.

        A path without a GET (a device's location) is a part of the nearest one above it that has one.
        """
        path = call.request.path
        while path:
            match = self.table.match(path)
            if match is not None and "GET" in match.methods:
                break
            path = path[:-1]
        else:
            return frozenset()
        route = match.methods["GET"]
        request = replace(call.request, method="GET", path=path, body=None, contentType=None, headers={}, query={})
        get = replace(call, request=request, params=match.params, query={}, body=None, full=False, force=False)
        access.check(route, match.params, call.house)
        result = self._ask(_Plan(route, get, route.media[0]))

        def tags(result: Result) -> frozenset[str]:
            if isinstance(result, Refused):
                return frozenset()
            return frozenset(
                etag(render(result.view, media, profile, full)[0])
                for media in route.media
                for profile in Profile
                for full in (False, True)
            )

        return result.addCallback(tags) if isinstance(result, Deferred) else tags(result)

    # -- what is said ---------------------------------------------------------------------------------

    def _reply(self, plan: _Plan, result: Result) -> Reply:
        call = plan.call
        request = call.request
        if isinstance(result, Refused):
            return self.refuse(request, result)
        headers = dict(result.headers)
        if result.commandId is not None:
            headers["Dog-Command"] = result.commandId
        media, body, value = None, b"", None
        if isinstance(result.view, StreamView):
            return Reply(result.status, result.view.media, headers=headers, stream=result.view.stream)
        if result.view is not None:
            media = plan.media
            body, value = render(result.view, media, call.profile, call.full, text=request.connection is None)
        if plan.safe and result.status == 200 and body and request.connection is None:
            headers["ETag"] = tag = etag(body)
            known = request.headers.get("if-none-match")
            if known is not None and ("*" in tagsOf(known) or tag in tagsOf(known)):
                return Reply(304, headers={"ETag": tag})
        return Reply(
            result.status,
            media,
            body,
            value,
            headers,
            commandId=result.commandId,
            warnings=result.warnings,
            response=result.response,
            about=result.about or headers.get("Location"),
        )

    def _failed(self, request: Request, failure: Failure) -> Reply:
        if isinstance(failure.value, Refusal):
            refused = failure.value.refused
        elif failure.check(TimeoutError):
            refused = Refused(Code.TIMEOUT, f"no answer within {self._timeout:g} s")
        elif failure.check(CancelledError):
            refused = Refused(Code.TIMEOUT, "the caller gave up", {"left": True})
        else:
            path = cleaned("/".join(request.path))
            self.log.failure("{method} /{path} failed", failure, method=cleaned(request.method), path=path)
            refused = Refused(Code.INTERNAL, "the gateway failed on this; its log says how")
        reply = self.refuse(request, refused)
        if self.audit is not None and request.method in _UNTOLD:
            self._audit(request, reply)
        return reply

    def _lateFailure(self, failure: Failure) -> None:
        if not failure.check(Refusal, CancelledError):
            self.log.failure("an edit failed after its caller had gone", failure)


def hostOf(origin: Any) -> str:
    """The address (Twisted's) that something came from, in words."""
    host = getattr(origin, "host", None)
    return "a local socket" if host is None else str(host)


def _methods(match: Match, request: Request) -> dict[str, Route]:
    """The methods of a path, through this door."""
    closed = Door.HTTP if request.connection is not None else Door.WEBSOCKET
    return {method: route for method, route in match.methods.items() if route.door is not closed}


def _allow(methods: Iterable[str]) -> str:
    found = {"OPTIONS", *methods}
    if "GET" in found:
        found.add("HEAD")
    return ", ".join(sorted(found))


def _choice(query: Mapping[str, str], name: str, choices: Mapping[str, Any]) -> Any:
    value = query.get(name)
    if value is None:
        return None
    try:
        return choices[value]
    except KeyError:
        raise Refusal(
            Code.BAD_VALUE,
            f"{name}={clipped(value)} in the query: expected {' or '.join(choices)}",
            parameter=name,
            expected=list(choices),
        ) from None


def _deferred(result: Reply | Deferred[Reply]) -> Deferred[Reply]:
    return result if isinstance(result, Deferred) else succeed(result)


def _shielded(result: Deferred[Reply], late: Callable[[Failure], None]) -> Deferred[Reply]:
    """A Deferred of its own: whoever cancels it gives up waiting and stops nothing."""
    waiting: Deferred[Reply] = Deferred()

    def pass_(outcome: Reply | Failure) -> None:
        if not waiting.called:
            waiting.callback(outcome) if not isinstance(outcome, Failure) else waiting.errback(outcome)
        elif isinstance(outcome, Failure):
            late(outcome)

    result.addBoth(pass_)
    return waiting
