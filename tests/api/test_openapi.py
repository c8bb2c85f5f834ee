"""openapi.json is valid, complete and true: every outcome it documents happens, and looks as it says."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from dog.api.call import Answer, Call, Media
from dog.api.dispatch import Api
from dog.api.openapi import PATH, QUERY, codesOf, document, operation
from dog.api.resources import ROUTES, system
from dog.api.routes import Door, On, Route, Table, route
from dog.api.shapes import Named, Null, Object, String
from dog.interfaces import LinkFailed
from dog.model.measure import Measure
from dog.model.refusal import Code
from dog.model.rights import Right
from dog.model.values import Reading, Slot
from dog.testing.scripted import ScriptedDriver
from tests.api.examples import EXAMPLES, Example, House, Operation, Outcome, exampleOf, nothing, variants
from tests.api.recorded.gateway import HOME, Asked, Gateway

DOCUMENT: dict[str, Any] = json.loads(json.dumps(document(Table(ROUTES), "test")))


def problemsOf(value: Any, schema: dict[str, Any]) -> list[str]:
    """Where a value is not as a schema of the document says; nothing where jsonschema is not installed."""
    try:
        from jsonschema import Draft202012Validator
    except ImportError:
        return []
    validator = Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    return [f"{each.json_path}: {each.message}" for each in validator.iter_errors(value)]


def operations() -> Iterator[tuple[Operation, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, each in item.items():
            yield (method.upper(), path), each


def codesIn(response: dict[str, Any]) -> list[Code]:
    """The codes that an error response documents."""
    schema = response["content"]["application/json"]["schema"]
    narrowed = schema["allOf"][1]["properties"]["error"]["properties"]["code"]["enum"]
    return [Code(each) for each in narrowed]


def outcomesOf(described: dict[str, Any]) -> list[Outcome]:
    """What may come of an operation, as its description has it."""
    found: list[Outcome] = []
    for status, response in described["responses"].items():
        if status == "default":
            continue
        found.extend([int(status)] if int(status) < 400 else codesIn(response))
    return found


class Performs(SynchronousTestCase):
    """One test per operation, made below: once with success, once with each documented error."""

    def setUp(self) -> None:
        self.untouched = self.gateway()

    def gateway(self) -> House:
        driver = ScriptedDriver("modbus", ("Modbus",))
        driver.onStart(None, LinkFailed("refused", "nobody answers"))
        driver.hold(
            Reading(Slot("SimpleLamp_mb1", "OnOffState"), "off"),
            Reading(Slot("Temp_mb1", "TemperatureState"), Measure.of("21.5", "C"), maxAge=30.0),
        )
        file = Path(self.mktemp()).absolute()
        file.write_bytes(HOME.read_bytes())
        gateway = House(file, driver)
        gateway.start()
        self.addCleanup(gateway.stop)
        return gateway

    def ask(self, asked: Operation, example: Example, gateway: House | None = None) -> Asked:
        """Perform an example, in a house of its own unless it leaves everything as it is."""
        if gateway is None:
            if example.before is nothing and (asked[0] == "GET" or example not in EXAMPLES[asked].values()):
                gateway = self.untouched
            else:
                gateway = self.gateway()
        example.before(gateway)
        method, template = asked
        path = re.sub(r"\{(\w+)\}", lambda match: quote(example.ids[match[1]], safe=""), template)
        gateway.open(example.who)
        return gateway.ask(
            method,
            f"{path}?{example.query}" if example.query else path,
            example.body,
            example.headers,
            advance=example.advance,
        )

    def fits(self, asked: Operation, described: dict[str, Any], answer: Asked, status: str) -> None:
        """The answer is of the form that is described for its status."""
        content = described["responses"][status].get("content")
        if content is None:
            self.assertEqual((answer.media, answer.body), (None, b""))
            return
        assert answer.media is not None
        schema = content[answer.media]["schema"]
        if answer.media == Media.XML.value:
            ET.fromstring(answer.body)
        elif answer.media == Media.JSON.value:
            self.assertEqual(problemsOf(answer.json, schema), [], asked)
        if answer.media == Media.EVENTS.value:
            self.assertIn(b"retry:", answer.body)
            return
        if answer.media == Media.LINES.value:
            self.assertIn("capture", json.loads(answer.body.splitlines()[0]))
            return
        for name in described["responses"][status].get("headers", {}):
            self.assertIn(name.lower(), answer.headers)

    def performs(self, asked: Operation, described: dict[str, Any]) -> None:
        for outcome in outcomesOf(described):
            example = exampleOf(asked, outcome)
            assert example is not None, f"there is no example of {asked} with {outcome}"
            answer = self.ask(asked, example)
            told = answer.code if answer.status >= 400 else answer.status
            self.assertEqual(told, outcome, f"{asked}: {answer.body[:500]!r}")
            status = outcome.status if isinstance(outcome, Code) else outcome
            self.assertEqual(answer.status, status)
            self.assertNotIn(str(Path.cwd()).encode(), answer.body)
            self.fits(asked, described, answer, str(status))
            if isinstance(outcome, Code):
                self.errorsInXml(asked, described, example, outcome)
            elif outcome == 200 and asked[0] == "GET":
                self.inEveryForm(asked, described, example)
        self.breaks(asked, described)

    def errorsInXml(self, asked: Operation, described: dict[str, Any], example: Example, code: Code) -> None:
        if code is Code.NOT_ACCEPTABLE:
            return
        accept = f"application/xml, {example.headers.get('Accept', '*/*')};q=0.1"
        xml = replace(example, headers={**example.headers, "Accept": accept})
        answer = self.ask(asked, xml)
        self.assertEqual((answer.status, answer.media, answer.code), (code.status, "application/xml", code.value))

    def inEveryForm(self, asked: Operation, described: dict[str, Any], example: Example) -> None:
        for each in variants(example):
            for media in described["responses"]["200"]["content"]:
                answer = self.ask(asked, replace(each, headers={"Accept": media}))
                self.assertEqual((answer.status, answer.media), (200, media), answer.body)
                self.fits(asked, described, answer, "200")

    def breaks(self, asked: Operation, described: dict[str, Any]) -> None:
        """A bug of the resource is the default error."""

        def broken(call: Call) -> Answer:
            raise ZeroDivisionError("secret")

        gateway = self.gateway()
        routes = [replace(each, call=broken) for each in ROUTES]
        gateway.api = Api(routes, gateway.ports, gateway.clock)
        done = next(each for outcome, each in EXAMPLES[asked].items() if outcome in (200, 201, 204))
        answer = self.ask(asked, done, gateway)
        self.assertEqual((answer.status, answer.code), (500, "internal"), asked)
        self.assertNotIn(b"secret", answer.body)
        self.fits(asked, described, answer, "default")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


def _test(asked: Operation, described: dict[str, Any]) -> Callable[[Performs], None]:
    return lambda self: self.performs(asked, described)


for _asked, _described in operations():
    setattr(Performs, f"test_{_described['operationId']}", _test(_asked, _described))


class Complete(SynchronousTestCase):
    def test_everyRoute(self) -> None:
        """Every route that HTTP has is there, and nothing else is."""
        expected = {
            (method, each.root + each.path)
            for each in ROUTES
            if each.door is not Door.WEBSOCKET
            for method in (each.method, each.also)
            if method is not None
        }
        self.assertEqual({asked for asked, _ in operations()}, expected)

    def test_notBuilt(self) -> None:
        for path in DOCUMENT["paths"]:
            self.assertFalse(path.startswith(("/api/v1/rules", "/api/v1/history", "/api/v1/session")), path)

    def test_examples(self) -> None:
        """Every example is of an outcome that is documented."""
        documented = {asked: outcomesOf(described) for asked, described in operations()}
        self.assertEqual(EXAMPLES.keys(), documented.keys())
        for asked, examples in EXAMPLES.items():
            self.assertEqual([each for each in examples if each not in documented[asked]], [], asked)

    def test_codes(self) -> None:
        """The error's schema has every code, and every documented one stands under its status."""
        error = DOCUMENT["components"]["schemas"]["Error"]["properties"]["error"]
        self.assertEqual(error["properties"]["code"]["enum"], [each.value for each in Code])
        for asked, described in operations():
            for status, response in described["responses"].items():
                if status.isdigit() and int(status) >= 400:
                    codes = codesIn(response)
                    self.assertEqual({str(each.status) for each in codes}, {status}, asked)
                    for code in codes:
                        self.assertIn(code.value, response["description"])

    def test_names(self) -> None:
        """Operations have names of their own; parameters and queries are described, and each is used."""
        names = [described["operationId"] for _, described in operations()]
        self.assertEqual(len(names), len(set(names)))
        used = {"path": set[str](), "query": set[str](), "header": set[str]()}
        for (_, path), described in operations():
            parameters = described.get("parameters", [])
            for each in parameters:
                used[each["in"]].add(each["name"])
                self.assertTrue(each["description"])
            inPath = [each["name"] for each in parameters if each["in"] == "path"]
            self.assertEqual(inPath, re.findall(r"\{(\w+)\}", path))
            self.assertTrue(described["summary"])
        self.assertEqual(used["query"], set(QUERY))
        self.assertEqual(used["path"], set(PATH) - {"notification"})
        self.assertEqual(used["header"], {"If-None-Match", "If-Match", "Idempotency-Key"})


class Valid(SynchronousTestCase):
    def test_metaSchema(self) -> None:
        """It is an OpenAPI 3.1 document, by the meta-schema and by what that can't say."""
        try:
            from openapi_spec_validator import OpenAPIV31SpecValidator
        except ImportError:
            raise SkipTest("openapi-spec-validator is not installed") from None
        self.assertEqual([str(each) for each in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()], [])

    def test_references(self) -> None:
        """What is referred to is there, and what is there is referred to."""
        text = json.dumps(DOCUMENT)
        found = set(re.findall(r'"#/components/schemas/(\w+)"', text))
        self.assertEqual(found, set(DOCUMENT["components"]["schemas"]))

    def test_served(self) -> None:
        answer = Gateway().ask("GET", "/api/v1/openapi.json")
        self.assertEqual((answer.status, answer.media), (200, "application/json"))
        self.assertEqual(answer.json, DOCUMENT)


@route(
    "PUT",
    "/a/{device}",
    right=Right.OPERATE,
    on=On.DEVICE,
    body=Named("A", Object({"a": Null()})),
    answers={200: None},
)
def made(call: Call) -> Answer:
    """Made for the test."""
    return Answer()


class Fold(SynchronousTestCase):
    """From a route to its description."""

    ROUTE: Route = made.__dict__["routes"][0]

    def test_codes(self) -> None:
        """A route's own refusals, and those of the way to it."""
        self.assertEqual(
            codesOf(replace(self.ROUTE, refuses=(Code.STORAGE, Code.BAD_BODY))),
            {
                400: (Code.BAD_JSON, Code.BAD_BODY),
                401: (Code.UNAUTHORIZED,),
                403: (Code.FORBIDDEN,),
                404: (Code.NOT_FOUND,),
                412: (Code.PRECONDITION_FAILED,),
                413: (Code.TOO_LARGE,),
                415: (Code.UNSUPPORTED_MEDIA_TYPE,),
                507: (Code.STORAGE,),
            },
        )
        bare = replace(self.ROUTE, method="GET", right=Right.VIEW, on=On.NOTHING, body=None)
        self.assertEqual(codesOf(bare), {401: (Code.UNAUTHORIZED,), 406: (Code.NOT_ACCEPTABLE,)})
        self.assertEqual(codesOf(replace(bare, query=("after",))).keys(), {401, 406, 422})

    def test_body(self) -> None:
        body = operation(self.ROUTE)["requestBody"]
        self.assertEqual(
            body, {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}
        )

    def names(self, route: Route, where: str) -> list[str]:
        return [each["name"] for each in operation(route)["parameters"] if each["in"] == where]

    def test_reading(self) -> None:
        """What a GET takes and answers with."""
        read = replace(self.ROUTE, method="GET", right=Right.VIEW, body=None, answers={200: self.ROUTE.body})
        self.assertEqual((self.names(read, "header"), self.names(read, "query")), (["If-None-Match"], ["profile"]))
        responses = operation(read)["responses"]
        self.assertEqual(list(responses["200"]["headers"]), ["ETag"])
        self.assertEqual(responses["304"], {"description": "It is as the client knows it."})
        for other in (
            replace(read, root=""),
            replace(read, on=On.NOTHING),
            replace(read, media=(Media.SVG,)),
            replace(self.ROUTE, right=Right.EDIT),
        ):
            self.assertEqual(self.names(other, "query"), [])
        drawing = operation(replace(read, media=(Media.SVG,), answers={200: None}))["responses"]["200"]
        self.assertEqual(drawing["content"], {"image/svg+xml": {"schema": {}}})

    def test_changing(self) -> None:
        """What a PUT or POST takes and answers with."""
        self.assertEqual(self.names(self.ROUTE, "header"), ["If-Match", "Idempotency-Key"])
        responses = operation(self.ROUTE)["responses"]
        self.assertEqual(responses["200"]["headers"].keys(), {"Dog-Command"})
        self.assertNotIn("content", responses["200"])
        self.assertNotIn("304", responses)
        edit = replace(self.ROUTE, right=Right.EDIT, answers={201: None, 204: None})
        self.assertEqual(self.names(edit, "header"), ["If-Match"])
        responses = operation(edit)["responses"]
        self.assertEqual(responses["201"]["headers"].keys(), {"Location"})
        self.assertNotIn("headers", responses["204"])

    def test_operationIds(self) -> None:
        """A resource's name, and what tells its operations apart."""
        names = {asked: described["operationId"] for asked, described in operations()}
        self.assertEqual(names["GET", "/api/v1/events"], "events")
        self.assertEqual(names["GET", "/events"], "eventsAtRoot")
        self.assertEqual(names["GET", "/health"], "health")
        command = "/api/v1/devices/{device}/commands/{command}"
        self.assertEqual((names["PUT", command], names["POST", command]), ("send", "sendPost"))

    def test_pages(self) -> None:
        """The bounds of a page of events are those that hold."""
        self.assertEqual(
            QUERY["limit"]["schema"], {"type": "integer", "minimum": 1, "maximum": system.PAGE, "default": system.PAGE}
        )
        self.assertEqual(QUERY["after"]["schema"]["minimum"], 0)

    def test_webSocketOnly(self) -> None:
        """What only a WebSocket has is no operation of HTTP."""
        self.assertEqual(document(Table([replace(self.ROUTE, door=Door.WEBSOCKET)]), "1")["paths"], {})

    def test_twoOfAName(self) -> None:
        """Two shapes of one name would hide each other."""
        other = replace(self.ROUTE, path="/b/{device}", body=Named("A", String()))
        error = self.assertRaises(ValueError, document, Table([self.ROUTE, other]), "1")
        self.assertIn("A", str(error))

    def test_unknownQuery(self) -> None:
        """A query parameter that nothing describes is found when the document is made."""
        self.assertRaises(KeyError, operation, replace(self.ROUTE, query=("mystery",)))
