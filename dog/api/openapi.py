"""openapi.json: OpenAPI 3.1, folded from the route table. What is not in the table is not in the document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from dog.api.call import Media, Profile
from dog.api.routes import Door, On, Route, Table
from dog.api.shapes import Maybe, Named, Schema, Shape
from dog.model.refusal import Code
from dog.model.rights import Right

#: Query parameters by name. A route that names another one fails when the document is made.
QUERY: dict[str, Schema] = {
    "profile": {
        "description": "The answer's shape: as documented, or as Dog 3.5.4 gave it. Also a parameter of Accept.",
        "schema": {"enum": [each.value for each in Profile]},
    },
    "detail": {
        "description": "full: also what v1 does not tell: reachability, quality, instants.",
        "schema": {"const": "full"},
    },
    "force": {
        "description": "true: even if devices are in it.",
        "schema": {"enum": ["true", "false"]},
    },
    "after": {
        "description": "The cursor: events with a higher number follow. Absent: from the oldest that is kept.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "epoch": {
        "description": "The epoch that the cursor is of. If another one runs now, the answer has a gap.",
        "schema": {"type": "string"},
    },
    "snapshot": {
        "description": "true: a stream begins with the status of every device.",
        "schema": {"enum": ["true", "false"]},
    },
    "link": {
        "description": "The key of a link of the driver (see /api/v1/drivers). Absent: all of them.",
        "schema": {"type": "string"},
    },
    "seconds": {
        "description": "The capture ends after so many seconds.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 3600, "default": 60},
    },
    "bytes": {
        "description": "The capture ends after so many bytes, both directions together.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 16777216, "default": 1048576},
    },
    "ignored": {
        "description": "true: those that are ignored, too.",
        "schema": {"enum": ["true", "false"]},
    },
    "limit": {
        "description": "At most so many events are looked at, or entries told.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 1000},
    },
    "before": {
        "description": "Only entries with smaller numbers.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "who": {"description": "Only what this one did.", "schema": {"type": "string"}},
    "from": {"description": "Only what was done from this address.", "schema": {"type": "string"}},
    "outcome": {"description": "Only what came to this: done, forbidden...", "schema": {"type": "string"}},
    "what": {"description": "Only what has this in its text; case does not count.", "schema": {"type": "string"}},
}

#: Path parameters by name.
PATH = {
    "device": "The device's id; case counts.",
    "driver": "The driver's name.",
    "command": "In a device's path its realCommandName; else the id that a command was answered with.",
    "flat": "The flat's id, in a storey or not.",
    "room": "The room's id.",
    "token": "The token's id, which is no secret.",
    "candidate": "The candidate's id in the discovery inbox.",
    "search": "The search's id.",
    "notification": "A notification class, or *.",
}

TAGS = {
    "devices": "Devices",
    "commands": "Devices",
    "environment": "Environment",
    "dog": "Configuration",
    "tokens": "Tokens",
    "discovery": "Discovery",
    "admin": "Old console",
}

_TEXTS = {
    200: "Done.",
    201: "Created.",
    204: "Done; nothing to tell.",
    304: "It is as the client knows it.",
    400: "The body is not as it should be.",
    401: "A token is needed, or the one that was brought is not valid.",
    403: "Not allowed.",
    404: "There is no such thing.",
    406: "It has no form that the client accepts.",
    409: "It collides with something that is there.",
    412: "It has changed since the client saw it.",
    413: "The body is too large.",
    415: "The body is of a type that is not taken.",
    422: "A value makes no sense.",
    502: "The bus refused.",
    503: "The device can't be reached.",
    504: "No acknowledgement in time.",
    507: "It could not be stored.",
}

_UNSAFE = frozenset({"PUT", "POST", "DELETE", "PATCH"})


def codesOf(route: Route) -> dict[int, tuple[Code, ...]]:
    """Every refusal of a route by its status: its own and those that the way to it has."""
    found = dict.fromkeys((*route.refuses, Code.UNAUTHORIZED))
    if route.on is On.DEVICE:
        found[Code.NOT_FOUND] = None
    if route.right is not Right.VIEW:
        found[Code.FORBIDDEN] = None
    if route.method == "GET":
        found[Code.NOT_ACCEPTABLE] = None
    if route.method in _UNSAFE:
        found[Code.PRECONDITION_FAILED] = None
    if route.body is not None:
        found |= dict.fromkeys((Code.BAD_JSON, Code.BAD_BODY, Code.UNSUPPORTED_MEDIA_TYPE, Code.TOO_LARGE))
    if queryOf(route):
        found[Code.BAD_VALUE] = None
    statuses = sorted({each.status for each in found})
    return {status: tuple(each for each in Code if each in found and each.status == status) for status in statuses}


def queryOf(route: Route) -> tuple[str, ...]:
    """The query parameters of a route: its own, and the profile where an answer may have two shapes."""
    profiled = route.method == "GET" and route.root == "/api/v1" and route.on is not On.NOTHING
    return (*route.query, "profile") if profiled and Media.JSON in route.media else route.query


@lru_cache(maxsize=4)
def document(table: Table, version: str) -> dict[str, Any]:
    """The OpenAPI document of a route table. Made once; not to be changed."""
    routes = [each for each in table.routes if each.door is not Door.WEBSOCKET]
    paths: dict[str, dict[str, Any]] = {}
    for each in routes:
        item = paths.setdefault(each.root + each.path, {})
        item[each.method.lower()] = operation(each)
        if each.also is not None:
            item[each.also.lower()] = {**operation(each, each.also), "deprecated": True}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Dog",
            "summary": "Every bus of the house behind one API.",
            "description": "Everything here can be asked over the WebSocket as well, which also takes subscriptions. "
            "HEAD is possible where GET is; OPTIONS everywhere. Errors are told in JSON, or in XML to who prefers it.",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": each} for each in dict.fromkeys(map(_tag, routes))],
        "paths": paths,
        "components": {"schemas": _schemas(routes), "securitySchemes": {"token": _SECURITY}},
        "security": [{"token": []}, {}],
    }


def operation(route: Route, method: str | None = None) -> dict[str, Any]:
    """One operation; C{method} where it is the route's other one."""
    found: dict[str, Any] = {"operationId": _operationId(route, method), "tags": [_tag(route)]}
    if route.summary:
        found["summary"] = route.summary
    parameters = list(_parameters(route))
    if parameters:
        found["parameters"] = parameters
    if route.body is not None:
        content = {each.value: {"schema": route.body.schema() if each is Media.JSON else {}} for each in route.takes}
        found["requestBody"] = {"required": not isinstance(route.body, Maybe), "content": content}
    found["responses"] = _responses(route)
    return found


def _operationId(route: Route, method: str | None) -> str:
    name: str = route.call.__name__
    if method is not None:
        name += method.capitalize()
    twice = len(route.call.__dict__["routes"]) > 1
    return f"{name}AtRoot" if twice and not route.root else name


def _tag(route: Route) -> str:
    return TAGS.get(route.path.split("/")[1], "Gateway")


def _parameters(route: Route) -> Iterator[Schema]:
    for name in re.findall(r"\{(\w+)\}", route.path):
        yield {"name": name, "in": "path", "required": True, "description": PATH[name], "schema": {"type": "string"}}
    for name in queryOf(route):
        yield {"name": name, "in": "query", **QUERY[name]}
    if _tagged(route):
        yield _header("If-None-Match", "ETags that the client has: 304 if one of them is current.")
    elif route.method != "GET":
        yield _header("If-Match", "The ETag that the client knows: 412 if it is not current any more.")
    if route.right is Right.OPERATE:
        yield _header("Idempotency-Key", "A key of the client's own: the same key again sends no second command.")


def _tagged(route: Route) -> bool:
    """Whether an answer has an ETag: one that goes on has none."""
    return route.method == "GET" and any(each not in (Media.EVENTS, Media.LINES) for each in route.media)


def _header(name: str, text: str) -> Schema:
    return {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}


def _responses(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, shape in route.answers.items():
        found[str(status)] = {"description": _TEXTS[status], **_headers(route, status), **_content(route, shape)}
    if _tagged(route):
        found["304"] = {"description": _TEXTS[304]}
    for status, codes in codesOf(route).items():
        found[str(status)] = _error(_TEXTS[status], codes)
    found["default"] = _error("Anything else, a bug of the gateway among it.")
    return found


def _headers(route: Route, status: int) -> dict[str, Any]:
    told = {}
    if _tagged(route):
        told["ETag"] = "Changes with the body."
    if status == 201:
        told["Location"] = "Where it is."
    if route.right is Right.OPERATE:
        told["Dog-Command"] = "The command's id; see /api/v1/commands/{command}."
    headers = {name: {"description": text, "schema": {"type": "string"}} for name, text in told.items()}
    return {"headers": headers} if headers else {}


def _content(route: Route, shape: Shape | None) -> dict[str, Any]:
    if shape is None and route.method != "GET" and route.media == (Media.JSON,):
        return {}
    text = {Media.JSON: shape.schema() if shape is not None else {}, Media.TEXT: {"type": "string"}}
    return {"content": {each.value: {"schema": text.get(each, {})} for each in route.media}}


def _error(text: str, codes: Iterable[Code] = ()) -> dict[str, Any]:
    schema: Schema = {"$ref": "#/components/schemas/Error"}
    names = [each.value for each in codes]
    if names:
        narrowed = {"properties": {"error": {"properties": {"code": {"enum": names}}}}}
        schema = {"allOf": [schema, narrowed]}
        text = f"{text} Codes: {', '.join(names)}."
    content = {Media.JSON.value: {"schema": schema}, Media.XML.value: {"schema": {}}}
    return {"description": text, "content": content}


def _schemas(routes: Iterable[Route]) -> dict[str, Schema]:
    found: dict[str, Named] = {}
    for route in routes:
        for shape in (route.body, *route.answers.values()):
            for named in shape.named() if shape is not None else ():
                if found.setdefault(named.name, named) is not named:
                    raise ValueError(f"two shapes are named {named.name}")
    return {"Error": _ERROR, **{name: found[name].definition() for name in sorted(found)}}


_SECURITY = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token (see /api/v1/tokens). What a client without one may do is set in the configuration.",
}

#: What the codes mean, as a list.
_CODES = "\n".join(f"* {each.value} ({each.status}): {each.meaning}" for each in Code)

_ERROR: Schema = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"enum": [each.value for each in Code], "description": f"Stable; for programs.\n\n{_CODES}"},
                "message": {"type": "string", "description": "For people."},
            },
            "required": ["code", "message"],
            "additionalProperties": True,
            "description": "Further keys say more: path (a JSON Pointer into the body), expected, line, column, ...",
        }
    },
    "required": ["error"],
    "additionalProperties": False,
}
