"""The API out of its OpenAPI document, and the codes of what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from dog import __version__
from dog.api.openapi import codesOf, document
from dog.api.resources import ROUTES
from dog.api.routes import Door, Route, Table
from dog.model.refusal import Code
from tools.reference.markdown import anchor, code, codes, page, plain, table

Schema = dict[str, Any]


def apiPage() -> str:
    found = document(Table(ROUTES), __version__)
    parts = [
        plain(found["info"]["description"]) + "\n",
        "A gateway tells the same about itself at `/api/v1/openapi.json`. What a code of an error means: "
        "[errors](errors.md). The words of devices: [device classes](catalogue/index.md).\n",
    ]
    for tag in found["tags"]:
        parts.append(f"## {tag['name']}\n")
        for path, item in found["paths"].items():
            parts += [_operation(path, *each) for each in item.items() if each[1]["tags"] == [tag["name"]]]
    parts += ["## Over the WebSocket only\n", _onlyWebSocket(), "## Shapes\n"]
    parts += [_shape(name, each) for name, each in found["components"]["schemas"].items()]
    return page("API", *parts)


def _operation(path: str, method: str, operation: Schema) -> str:
    if operation.get("deprecated"):
        return f"### {method.upper()} {plain(path)}\n\nThe same as PUT, for clients that send POST.\n"
    about = [plain(operation.get("summary", ""))]
    if "requestBody" in operation:
        about.append(f"Body: {_contents(operation['requestBody'])}.")
    parameters = (
        (code(each["name"]), each["in"], _about({**each["schema"], "description": each.get("description", "")}))
        for each in operation.get("parameters", ())
    )
    answers = ((status, _answer(each)) for status, each in operation["responses"].items() if status != "default")
    return "\n".join(
        each
        for each in (
            f"### {method.upper()} {plain(path)}\n",
            " ".join(about) + "\n",
            table(("parameter", "in", ""), parameters),
            table(("status", "answer"), answers),
        )
        if each.strip()
    )


def _answer(response: Schema) -> str:
    told = plain(response["description"])
    json = response.get("content", {}).get("application/json", {}).get("schema", {})
    if "allOf" in json:  # an error
        return told
    told += f" {_contents(response)}." if "content" in response else ""
    return told + (f" Headers: {codes(response['headers'])}." if "headers" in response else "")


def _contents(message: Schema) -> str:
    """The media types, each with its shape where it has one."""
    return ", ".join(
        code(media) + (f" {_type(each['schema'])}" if each["schema"] else "")
        for media, each in message["content"].items()
    )


def _onlyWebSocket() -> str:
    routes = [each for each in ROUTES if each.door is Door.WEBSOCKET]
    return table(
        ("request", "", "refused with"),
        (
            (code(f"{each.method} {each.root}{each.path}"), plain(each.summary or ""), _refused(each))
            for each in routes
        ),
    )


def _refused(route: Route) -> str:
    return codes(each for same in codesOf(route).values() for each in same)


def _shape(name: str, schema: Schema) -> str:
    rows = (
        (code(key), "" if key in schema.get("required", ()) else "optional", _about(each))
        for key, each in schema.get("properties", {}).items()
    )
    about = [plain(schema["description"])] if "description" in schema else []
    if "properties" not in schema:
        about.append(_type(schema))
    elif schema.get("additionalProperties"):
        about.append("Other keys are possible.")
    return (
        f"{anchor('shape-' + name.lower())}\n### {name}\n\n" + " ".join(about) + "\n\n" + table(("key", "", ""), rows)
    )


def _about(schema: Schema) -> str:
    """Its type, and what there is to say of it."""
    return ". ".join(each for each in (_type(schema), plain(schema.get("description", "")).rstrip(".")) if each)


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](shape-{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "const" in schema:
        return code(str(schema["const"]))
    if "enum" in schema:
        return " or ".join(code(str(each)) for each in schema["enum"])
    if schema.get("type") == "array":
        return f"array of {_type(schema['items'])}" if schema.get("items") else "array"
    return "".join(_simple(schema)) or "anything"


def _simple(schema: Schema) -> Iterator[str]:
    kind = schema.get("type", "")
    yield " or ".join(kind) if isinstance(kind, list) else str(kind)
    if "properties" in schema:
        inner = (f"{code(name)} ({_type(each)})" for name, each in schema["properties"].items())
        yield f" of {', '.join(inner)}"
    elif isinstance(schema.get("additionalProperties"), dict):
        yield f" of {_type(schema['additionalProperties'])} by name"
    if "format" in schema:
        yield f" ({schema['format']})"
    if "minimum" in schema:
        yield f" from {schema['minimum']}"
    if "maximum" in schema:
        yield f" to {schema['maximum']}"
    if "default" in schema:
        yield f" (default: {code(str(schema['default']))})"


def codesPage() -> str:
    answering: dict[Code, int] = dict.fromkeys(Code, 0)
    for route in ROUTES:
        for same in codesOf(route).values():
            for each in same:
                answering[each] += 1
    return page(
        "Errors",
        "An error has one form, over HTTP and over the WebSocket: see [Error](shape-error) and `docs/websocket.md`. "
        "Codes are stable and for programs; messages are for people and may change.\n",
        table(
            ("code", "status", "", "what it means, and what to do", "answers of requests"),
            (
                (
                    code(each),
                    str(each.status),
                    HTTPStatus(each.status).phrase,
                    each.meaning,
                    f"{count} of {len(ROUTES)}" if count else "any",
                )
                for each, count in answering.items()
            ),
        ),
    )
