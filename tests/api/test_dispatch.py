"""The way of a request through the resource tree."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dog.api.call import Answer, Call, Media, ParsedBody, Profile, RawView, Reply, Request
from dog.api.dispatch import MAX_ACCEPT, MAX_KEPT, Api
from dog.api.ports import Ports
from dog.api.routes import Door, On, Route
from dog.api.shapes import Maybe, Object, String
from dog.core.core import Applied, Core
from dog.core.now import Now
from dog.model.device import Device
from dog.model.home import Home, HomeDiff
from dog.model.refusal import Code, Refusal, Refused
from dog.model.rights import ANONYMOUS, Principal, Right, Role
from tests.api.recorded.gateway import START, OnConnection
from tests.logs import record

BODY = Object({"text": String()})


class TextView:
    """A view that shows what it was asked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    def json(self, profile: Profile, full: bool) -> Any:
        return {"text": self.text, "profile": profile.value, "full": full}

    def xml(self, profile: Profile) -> bytes:
        return f"<text profile='{profile.value}'>{self.text}</text>".encode()


class Case(SynchronousTestCase):
    """A small tree, made for the purpose."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.core = Core("epoch")
        home = Home(devices={"lamp": Device("lamp", "SimpleLamp")})
        self.core.step(Applied(HomeDiff(home, added=("lamp",))), Now(0.0, START))
        self.calls: list[Call] = []
        self.result: Any = None
        self.text = "first"
        self.api = self.tree()

    def tree(self, **more: Any) -> Api:
        both = (Media.JSON, Media.XML)
        routes = [
            self.made("GET", "/text", self.read, media=both, answers={200: BODY}),
            self.made("PUT", "/text", self.write, right=Right.EDIT, body=BODY, answers={200: None}),
            self.made("PUT", "/text/part", self.write, right=Right.EDIT, body=BODY, answers={200: None}),
            self.made("DELETE", "/text", self.take, right=Right.EDIT, answers={204: None}),
            self.made("GET", "/taken", self.take, media=both, answers={200: BODY}),
            self.made("GET", "/plan", self.take, media=(Media.SVG,), answers={200: None}),
            self.made("GET", "/http", self.take, door=Door.HTTP),
            self.made("PUT", "/ws", self.take, door=Door.WEBSOCKET, body=Maybe(BODY), answers={200: None}),
            self.made(
                "PUT",
                "/devices/{device}/commands/{command}",
                self.take,
                right=Right.OPERATE,
                on=On.DEVICE,
                also="POST",
                body=Maybe(BODY),
                answers={200: None},
            ),
            self.made(
                "PUT",
                "/xml",
                self.take,
                right=Right.EDIT,
                body=BODY,
                takes=(Media.JSON, Media.XML),
                answers={200: BODY},
            ),
            self.made("GET", "/ported", self.ported),
            self.made("GET", "/guarded", self.read, right=Right.ADMIN, answers={200: BODY}),
            self.made("PUT", "/guarded/part", self.take, right=Right.OPERATE, answers={200: None}),
        ]
        nothing: Any = None
        about = {"version": "1"}
        ports = Ports(self.core, nothing, nothing, nothing, nothing, lambda: "the plan", about, *[nothing] * 7)
        return Api(routes, ports, self.clock, **more)

    def made(
        self, method: str, path: str, call: Any, right: Right = Right.VIEW, on: On = On.HOUSE, **more: Any
    ) -> Route:
        return Route(method, path, call, right, on, **more)

    # -- resources --

    def read(self, call: Call) -> Answer:
        return Answer(TextView(self.text))

    def write(self, call: Call) -> Answer:
        self.text = call.body["text"]
        return Answer()

    def take(self, call: Call) -> Any:
        """Keep the call, do as the test says."""
        self.calls.append(call)
        if isinstance(self.result, BaseException):
            raise self.result
        return Answer() if self.result is None else self.result

    def ported(self, call: Call, plan: Any, table: Any, about: Mapping[str, Any]) -> Answer:
        return Answer({"plan": plan(), "routes": len(table.routes), "version": about["version"]})

    # -- requests --

    def request(self, method: str, path: str, body: Any = None, **more: Any) -> Request:
        path, _, query = path.partition("?")
        data = None if body is None else body if isinstance(body, (bytes, ParsedBody)) else json.dumps(body).encode()
        headers = {key.replace("_", "-"): more.pop(key) for key in list(more) if key.startswith("if_")}
        asked = Request(
            method,
            ("api", "v1", *(each for each in path.split("/") if each)),
            ANONYMOUS,
            dict(each.split("=") for each in query.split("&")) if query else {},
            data,
            headers=headers,
        )
        return replace(asked, **more)

    def answering(self, method: str, path: str, body: Any = None, **more: Any) -> Deferred[Reply]:
        return self.api.answer(self.request(method, path, body, **more))

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Reply:
        return self.successResultOf(self.answering(method, path, body, **more))

    def refused(self, code: Code, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        reply = self.ask(method, path, body, **more)
        self.assertEqual((reply.status, (reply.error or {}).get("code")), (code.status, code.value), reply)
        self.assertEqual(reply.json, {"error": reply.error})
        self.assertEqual(json.loads(reply.body), reply.json)
        return dict(reply.error or {})


class Kept(Case):
    """What follows from objects that are still the same need not be asked again."""

    def setUp(self) -> None:
        super().setUp()
        self.version: list[object] = [object(), object()]
        self.asked = 0

        def read(call: Call) -> Any:
            self.asked += 1
            return Answer(TextView(self.text)) if self.result is None else self.result

        route = self.made("GET", "/kept/{name}", read, answers={200: BODY}, version=lambda *about: tuple(self.version))
        nothing: Any = None
        ports = Ports(self.core, nothing, nothing, nothing, nothing, nothing, {}, *[nothing] * 7)
        self.api = Api([route], ports, self.clock)

    def count(self, *args: Any, **more: Any) -> int:
        before = self.asked
        self.ask(*args, **more)
        return self.asked - before

    def test_same(self) -> None:
        first = self.ask("GET", "/kept/a")
        self.text = "second"
        self.assertIs(self.ask("GET", "/kept/a"), first)
        self.assertEqual(self.asked, 1)

    def test_changed(self) -> None:
        for index in (0, 1):
            self.ask("GET", "/kept/a")
            self.text = f"changed {index}"
            self.version[index] = object()
            self.assertEqual(self.ask("GET", "/kept/a").json["text"], self.text)

    def test_whoElseAsksElse(self) -> None:
        """Another path, door, type or query is another question."""
        self.ask("GET", "/kept/a")
        connection = OnConnection()
        self.assertEqual(self.count("GET", "/kept/b"), 1)
        self.assertEqual(self.count("GET", "/kept/a", connection=connection), 1)
        self.assertEqual(self.count("GET", "/kept/a", accept="application/json;profile=released"), 1)
        for _ in range(2):
            self.assertEqual(self.count("GET", "/kept/a?detail=full"), 1)
            self.assertEqual(self.count("HEAD", "/kept/a"), 1)
            self.assertEqual(self.count("GET", "/kept/a", if_none_match='"x"'), 1)
        self.assertEqual(self.count("GET", "/kept/a", connection=connection), 0)
        self.assertEqual(self.count("GET", "/kept/a"), 0)

    def test_text(self) -> None:
        """On a WebSocket it is text already."""
        reply = self.ask("GET", "/kept/a", connection=OnConnection())
        assert reply.text is not None
        self.assertEqual(json.loads(reply.text), reply.json)
        self.assertIs(self.api.kept(("api", "v1", "kept", "a"), ANONYMOUS), reply)
        self.assertIsNone(self.api.kept(("api", "v1", "kept", "b"), ANONYMOUS))

    def test_refused(self) -> None:
        self.result = Refused(Code.NOT_FOUND, "no")
        self.refused(Code.NOT_FOUND, "GET", "/kept/a")
        self.result = None
        self.assertEqual(self.ask("GET", "/kept/a").status, 200)

    def test_bounded(self) -> None:
        for number in range(MAX_KEPT + 1):
            self.ask("GET", f"/kept/{number}")
        self.assertEqual(self.count("GET", "/kept/1"), 0)
        self.assertEqual(self.count("GET", "/kept/0"), 1)
        long = "application/json," + " " * MAX_ACCEPT
        for _ in range(2):
            self.assertEqual(self.count("GET", "/kept/a", accept=long), 1)


class Paths(Case):
    def test_found(self) -> None:
        reply = self.ask("GET", "/text")
        self.assertEqual((reply.status, reply.media), (200, Media.JSON))
        self.assertEqual(reply.json, {"text": "first", "profile": "documented", "full": False})
        self.assertEqual(json.loads(reply.body), reply.json)

    def test_nothingThere(self) -> None:
        for method in ("GET", "PUT", "OPTIONS", "HEAD"):
            self.assertIn("/api/v1/nope", self.refused(Code.NOT_FOUND, method, "/nope")["message"])

    def test_methods(self) -> None:
        reply = self.ask("PATCH", "/text")
        self.assertEqual((reply.status, reply.headers), (405, {"Allow": "DELETE, GET, HEAD, OPTIONS, PUT"}))
        error = self.refused(Code.METHOD_NOT_ALLOWED, "POST", "/text")
        self.assertEqual(error["allowed"], ["DELETE", "GET", "HEAD", "OPTIONS", "PUT"])

    def test_readingACommand(self) -> None:
        """GET and HEAD on a command do not carry it out."""
        for method in ("GET", "HEAD"):
            reply = self.ask(method, "/devices/lamp/commands/on")
            self.assertEqual((reply.status, reply.headers), (405, {"Allow": "OPTIONS, POST, PUT"}))
        self.assertEqual(self.calls, [])

    def test_also(self) -> None:
        for method in ("PUT", "POST"):
            self.assertEqual(self.ask(method, "/devices/lamp/commands/on").status, 200)
        self.assertEqual([each.params for each in self.calls], [{"device": "lamp", "command": "on"}] * 2)

    def test_options(self) -> None:
        reply = self.ask("OPTIONS", "/text")
        self.assertEqual((reply.status, reply.body, reply.media), (204, b"", None))
        self.assertEqual(reply.headers, {"Allow": "DELETE, GET, HEAD, OPTIONS, PUT"})
        self.assertEqual(self.ask("OPTIONS", "/devices/nope/commands/on").status, 204)

    def test_head(self) -> None:
        """HEAD is answered as GET is; the door leaves the body out."""
        get, head = self.ask("GET", "/text"), self.ask("HEAD", "/text")
        self.assertEqual((head.status, head.headers, head.body), (200, get.headers, get.body))

    def test_doors(self) -> None:
        """What is behind the other door is not there."""
        self.assertEqual(self.ask("GET", "/http").status, 200)
        self.refused(Code.NOT_FOUND, "PUT", "/ws")
        self.assertEqual(self.ask("PUT", "/ws", connection=OnConnection()).status, 200)
        self.assertEqual(self.ask("GET", "/http", connection=OnConnection()).status, 404)

    def test_ports(self) -> None:
        """A resource gets the ports that it names; the table is one."""
        self.assertEqual(self.ask("GET", "/ported").json, {"plan": "the plan", "routes": 13, "version": "1"})


class Rights(Case):
    def test_forbidden(self) -> None:
        viewer = Principal("guest", Role.VIEWER)
        self.assertEqual(self.ask("GET", "/text", principal=viewer).status, 200)
        self.refused(Code.FORBIDDEN, "PUT", "/text", {"text": "x"}, principal=viewer)
        self.refused(Code.FORBIDDEN, "PUT", "/devices/lamp/commands/on", principal=viewer)
        self.assertEqual((self.text, self.calls), ("first", []))

    def test_unknownDevice(self) -> None:
        self.refused(Code.NOT_FOUND, "PUT", "/devices/nope/commands/on")
        self.assertEqual(self.calls, [])

    def test_rightsComeFirst(self) -> None:
        """Who may not do it does not learn what is wrong with it."""
        viewer = Principal("guest", Role.VIEWER)
        self.refused(Code.FORBIDDEN, "PUT", "/text?force=maybe", b"{", contentType="text/plain", principal=viewer)

    def test_call(self) -> None:
        """A call carries the principal and his house."""
        user = Principal("user", Role.USER)
        self.ask("PUT", "/devices/lamp/commands/on", principal=user)
        [call] = self.calls
        self.assertEqual((call.principal, call.house.principal), (user, user))
        self.assertEqual([each.id for each in call.house.devices()], ["lamp"])


class Bodies(Case):
    def test_checked(self) -> None:
        self.ask("PUT", "/text", {"text": "second"})
        self.assertEqual(self.text, "second")
        self.assertEqual(self.refused(Code.BAD_BODY, "PUT", "/text", {"text": 1})["path"], "/text")
        self.refused(Code.BAD_BODY, "PUT", "/text", b"null")
        self.assertEqual(self.refused(Code.BAD_JSON, "PUT", "/text", b'{"text":')["column"], 9)
        self.assertEqual(self.text, "second")

    def test_parsed(self) -> None:
        """A body that came inside a message is checked too."""
        self.ask("PUT", "/text", ParsedBody({"text": "second"}), connection=OnConnection())
        self.assertEqual(self.text, "second")
        reply = self.ask("PUT", "/text", ParsedBody({"text": 1}), connection=OnConnection())
        self.assertEqual((reply.status, (reply.error or {})["code"]), (400, "bad_body"))

    def test_absent(self) -> None:
        for body in (None, b"", b" \r\n"):
            self.refused(Code.BAD_BODY, "PUT", "/text", body)
            self.ask("PUT", "/devices/lamp/commands/on", body)
        self.assertEqual([each.body for each in self.calls], [None] * 3)

    def test_contentType(self) -> None:
        for type in (None, "application/json"):
            self.assertEqual(self.ask("PUT", "/text", {"text": "x"}, contentType=type).status, 200)
        for type in ("text/plain", "application/xml", "multipart/form-data"):
            error = self.refused(Code.UNSUPPORTED_MEDIA_TYPE, "PUT", "/text", {"text": "x"}, contentType=type)
            self.assertEqual(error["accepted"], ["application/json"])

    def test_xml(self) -> None:
        """Where a resource takes XML, it gets the bytes."""
        self.assertEqual(self.ask("PUT", "/xml", b"<text/>", contentType="application/xml").status, 200)
        self.assertEqual(self.ask("PUT", "/xml", {"text": "x"}).status, 200)
        self.assertEqual([each.body for each in self.calls], [b"<text/>", {"text": "x"}])

    def test_readingWithABody(self) -> None:
        """A GET may come with anything; it is not looked at."""
        self.assertEqual(self.ask("GET", "/text", b"<{", contentType="application/xml").status, 200)
        self.assertEqual(self.ask("DELETE", "/text", b"{", contentType="text/plain").status, 200)
        self.assertEqual(self.calls[0].body, None)


class Representations(Case):
    def test_xml(self) -> None:
        reply = self.ask("GET", "/text", accept="application/xml")
        self.assertEqual(
            (reply.media, reply.body, reply.json), (Media.XML, b"<text profile='documented'>first</text>", None)
        )

    def test_profiles(self) -> None:
        for path, accept in (
            ("/text?profile=released", None),
            ("/text", "application/json;profile=released"),
            ("/text?profile=released", "application/json;profile=documented"),
        ):
            self.assertEqual(self.ask("GET", path, accept=accept).json["profile"], "released")
        self.api = self.tree(profile=Profile.RELEASED)
        self.assertEqual(self.ask("GET", "/text").json["profile"], "released")
        self.assertEqual(self.ask("GET", "/text?profile=documented").json["profile"], "documented")
        self.assertEqual(self.ask("GET", "/text", connection=OnConnection()).json["profile"], "released")

    def test_full(self) -> None:
        self.assertTrue(self.ask("GET", "/text?detail=full").json["full"])

    def test_force(self) -> None:
        for query in ("", "?force=true", "?force=false", "?unknown=1"):
            self.ask("DELETE", f"/text{query}")
        self.assertEqual([each.force for each in self.calls], [False, True, False, False])

    def test_query(self) -> None:
        """A choice that there is not is refused, with what there is."""
        for query, expected in (
            ("profile=Released", ["documented", "released"]),
            ("detail=", ["full"]),
            ("force=1", ["true", "false"]),
        ):
            error = self.refused(Code.BAD_VALUE, "GET", f"/text?{query}")
            self.assertEqual((error["parameter"], error["expected"]), (query.split("=")[0], expected))

    def test_notAcceptable(self) -> None:
        error = self.refused(Code.NOT_ACCEPTABLE, "GET", "/text", accept="text/html")
        self.assertEqual(error["available"], ["application/json", "application/xml"])

    def test_emptyAnswers(self) -> None:
        """Nothing is acceptable to everybody."""
        self.assertEqual(self.ask("PUT", "/text", {"text": "x"}, accept="image/png").status, 200)
        self.refused(Code.NOT_ACCEPTABLE, "PUT", "/xml", {"text": "x"}, accept="image/png")

    def test_raw(self) -> None:
        self.result = Answer(RawView(Media.SVG, b"<svg/>"), headers={"X-Plan": "1"})
        reply = self.ask("GET", "/plan", accept="image/*")
        self.assertEqual((reply.media, reply.body), (Media.SVG, b"<svg/>"))
        self.assertEqual(reply.headers["X-Plan"], "1")

    def test_webSocket(self) -> None:
        """A message holds JSON: the value is enough, and what has no JSON is not acceptable."""
        reply = self.ask("GET", "/text", connection=OnConnection(), accept="application/xml")
        self.assertEqual((reply.json["text"], reply.body, reply.headers), ("first", b"", {}))
        reply = self.ask("GET", "/plan", connection=OnConnection())
        self.assertEqual((reply.status, reply.body), (406, b""))

    def test_fields(self) -> None:
        """What a resource says beside its view comes through."""
        self.result = Answer(status=201, headers={"Location": "/there"}, commandId="c1", warnings=("w",), response=1)
        reply = self.ask("GET", "/taken")
        self.assertEqual((reply.status, reply.warnings, reply.response, reply.commandId), (201, ("w",), 1, "c1"))
        self.assertEqual(reply.headers, {"Location": "/there", "Dog-Command": "c1"})
        self.assertEqual((reply.body, reply.media), (b"", None))

    def test_errorsInXml(self) -> None:
        self.result = Refused(Code.IN_USE, "a < b \x00", {"devices": ["a", "b"], "more": {"yes": True, "no": None}})
        reply = self.ask("GET", "/taken", accept="application/xml")
        self.assertEqual((reply.status, reply.media), (409, Media.XML))
        self.assertTrue(reply.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<error><code>'))
        error = ET.fromstring(reply.body)
        self.assertEqual((error.findtext("code"), error.findtext("message")), ("in_use", "a < b \ufffd"))
        self.assertEqual([each.text for each in error.findall("devices")], ["a", "b"])
        self.assertEqual((error.findtext("more/yes"), error.findtext("more/no")), ("true", ""))


class Conditions(Case):
    def tag(self, path: str = "/text", **more: Any) -> str:
        return self.ask("GET", path, **more).headers["ETag"]

    def test_tags(self) -> None:
        """A tag is strong, the same for the same bytes, another for others."""
        tags = [self.tag(), self.tag("/text?profile=released"), self.tag(accept="application/xml")]
        self.assertEqual(len(set(tags)), 3)
        self.assertTrue(all(each.startswith('"') and each.endswith('"') for each in tags))
        self.assertEqual(self.tag(), tags[0])
        self.text = "second"
        self.assertNotEqual(self.tag(), tags[0])

    def test_notModified(self) -> None:
        tag = self.tag()
        for known in (tag, f'"x", W/{tag}', "*"):
            for method in ("GET", "HEAD"):
                reply = self.ask(method, "/text", if_none_match=known)
                self.assertEqual((reply.status, reply.body, reply.headers["ETag"]), (304, b"", tag))
        for known in ('"x"', tag.strip('"'), ""):
            self.assertEqual(self.ask("GET", "/text", if_none_match=known).status, 200)
        self.text = "second"
        self.assertEqual(self.ask("GET", "/text", if_none_match=tag).status, 200)

    def test_ifMatch(self) -> None:
        """An edit goes through if the client knows the resource as it is, in whatever representation."""
        for query, accept in (
            ("", None),
            ("?profile=released", None),
            ("?detail=full", None),
            ("", "application/xml"),
        ):
            tag = self.tag(f"/text{query}", accept=accept)
            self.assertEqual(self.ask("PUT", "/text", {"text": f"after {tag}"}, if_match=f'"x", {tag}').status, 200)
            self.assertEqual(self.text, f"after {tag}")
            error = self.refused(Code.PRECONDITION_FAILED, "PUT", "/text", {"text": "lost"}, if_match=tag)
            self.assertEqual(len(error["current"]), 1)
        self.assertEqual(self.ask("PUT", "/text", {"text": "any"}, if_match="*").status, 200)
        self.assertEqual(self.text, "any")

    def test_partOfAResource(self) -> None:
        """What can't be read by itself is a part of the nearest above it that can."""
        tag = self.tag()
        self.assertEqual(self.ask("PUT", "/text/part", {"text": "second"}, if_match=tag).status, 200)
        self.refused(Code.PRECONDITION_FAILED, "PUT", "/text/part", {"text": "third"}, if_match=tag)

    def test_guarded(self) -> None:
        """A condition on what one may not read does not tell whether it holds."""
        user = Principal("user", Role.USER)
        for tag in ("*", '"x"'):
            self.refused(Code.FORBIDDEN, "PUT", "/guarded/part", if_match=tag, principal=user)
        self.assertEqual(self.calls, [])
        self.assertEqual(self.ask("PUT", "/guarded/part", if_match="*").status, 200)

    def test_reading(self) -> None:
        """If-Match is for changes."""
        self.assertEqual(self.ask("GET", "/text", if_match='"x"').status, 200)

    def test_nothingToMatch(self) -> None:
        """Where there is nothing, not even * matches; a command is not sent then."""
        self.refused(Code.PRECONDITION_FAILED, "PUT", "/devices/lamp/commands/on", if_match="*")
        self.assertEqual(self.calls, [])


class Time(Case):
    def test_later(self) -> None:
        self.result = waiting = Deferred[Any]()
        answering = self.answering("GET", "/taken")
        self.assertNoResult(answering)
        waiting.callback(Answer({"a": 1}))
        self.assertEqual(self.successResultOf(answering).json, {"a": 1})
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_laterRefusals(self) -> None:
        for outcome in (Refused(Code.BUS_REFUSED, "no"), Refusal(Code.BUS_REFUSED, "no")):
            self.result = waiting = Deferred[Any]()
            answering = self.answering("GET", "/taken")
            waiting.errback(outcome) if isinstance(outcome, Exception) else waiting.callback(outcome)
            reply = self.successResultOf(answering)
            self.assertEqual((reply.status, reply.error), (502, {"code": "bus_refused", "message": "no"}))

    def test_bound(self) -> None:
        """What has not been answered in time is cancelled, and is a time-out."""
        self.result = waiting = Deferred[Any]()
        answering = self.answering("GET", "/taken")
        self.clock.advance(29.9)
        self.assertNoResult(answering)
        self.clock.advance(0.2)
        reply = self.successResultOf(answering)
        self.assertEqual((reply.status, (reply.error or {})["code"]), (504, "timeout"))
        self.assertTrue(waiting.called)

    def test_configuredBound(self) -> None:
        self.api = self.tree(timeout=1.0)
        self.result = Deferred[Any]()
        answering = self.answering("GET", "/taken")
        self.clock.advance(1.0)
        self.assertEqual(self.successResultOf(answering).status, 504)

    def test_cancelled(self) -> None:
        """When the caller goes, the resource hears of it; a reply comes all the same."""
        cancelled: list[Deferred[Any]] = []
        self.result = Deferred[Any](cancelled.append)
        answering = self.answering("PUT", "/devices/lamp/commands/on")
        answering.cancel()
        self.assertEqual(cancelled, [self.result])
        self.assertEqual(self.successResultOf(answering).status, 504)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_editsGoOn(self) -> None:
        """An edit whose caller has gone comes to its end, and the next one waits for that."""
        cancelled: list[Deferred[Any]] = []
        self.result = first = Deferred[Any](cancelled.append)
        answering = self.answering("DELETE", "/text")
        answering.cancel()
        self.assertEqual(self.successResultOf(answering).status, 504)
        self.assertEqual(cancelled, [])
        self.result = None
        second = self.answering("PUT", "/text", {"text": "second"})
        self.assertNoResult(second)
        first.callback(Answer())
        self.assertEqual(self.successResultOf(second).status, 200)
        self.assertEqual(self.text, "second")

    def test_lateFailure(self) -> None:
        """A bug in an edit that nobody waits for any more is logged; a refusal is not."""
        for error, logged in ((ValueError("bug"), 1), (Refusal(Code.STORAGE, "full"), 0)):
            self.result = waiting = Deferred[Any]()
            self.answering("DELETE", "/text").cancel()
            waiting.errback(error)
            self.assertEqual(len(self.flushLoggedErrors(ValueError)), logged)

    def test_oneEditAtATime(self) -> None:
        """Nothing comes between a precondition and its edit: of two who know the same, one is too late."""
        tag = self.ask("GET", "/text").headers["ETag"]
        self.result = waiting = Deferred[Any]()
        self.answering("DELETE", "/text")
        replies = [self.answering("PUT", "/text", {"text": text}, if_match=tag) for text in ("a", "b")]
        waiting.callback(Answer())
        self.assertEqual([self.successResultOf(each).status for each in replies], [200, 412])
        self.assertEqual(self.text, "a")

    def test_readsDoNotWait(self) -> None:
        """While an edit is on its way everything else goes on."""
        self.result = Deferred[Any]()
        self.answering("DELETE", "/text")
        self.assertEqual(self.ask("GET", "/text").status, 200)


class Bugs(Case):
    def test_loggedClean(self) -> None:
        """Of what was asked the log shows no control characters, and not all where it is long."""
        self.result = ValueError("bug")
        logged = record(self)
        for name in ("\x1b[2J\nforged\u202e", "x" * 5000):
            self.ask("PUT", f"/devices/lamp/commands/{name}", principal=Principal("a", Role.ADMIN))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 2)
        paths = [each["path"] for each in logged if "path" in each]
        self.assertEqual([each.isprintable() and len(each) <= 200 for each in paths], [True, True])

    def test_logged(self) -> None:
        """A bug is logged with its traceback, and the client is told nothing of it."""
        for waiting in (False, True):
            bug = ZeroDivisionError("secret")
            self.result = Deferred[Any]() if waiting else bug
            answering = self.answering("GET", "/taken")
            if waiting:
                self.result.errback(bug)
            reply = self.successResultOf(answering)
            self.assertEqual((reply.status, (reply.error or {})["code"]), (500, "internal"))
            self.assertNotIn(b"secret", reply.body)
            self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_rendering(self) -> None:
        """A view that fails is a bug like any other."""
        for later in (False, True):
            self.result = Deferred[Any]() if later else Answer(object())
            answering = self.answering("GET", "/taken")
            if later:
                self.result.callback(Answer(object()))
            self.assertEqual(self.successResultOf(answering).status, 500)
            self.assertEqual(len(self.flushLoggedErrors(AttributeError)), 1)

    def test_aCancelledResource(self) -> None:
        """A resource that was cancelled by somebody else is no bug."""
        self.result = Deferred[Any]()
        answering = self.answering("GET", "/taken")
        self.result.errback(CancelledError())
        self.assertEqual(self.successResultOf(answering).status, 504)

    def test_refusalsAreNone(self) -> None:
        for result in (Refused(Code.IN_USE, "m", {"a": 1}), Refusal(Code.IN_USE, "m", a=1)):
            self.result = result
            self.assertEqual(self.refused(Code.IN_USE, "GET", "/taken"), {"code": "in_use", "message": "m", "a": 1})
