"""Shapes of bodies: what checks a body and what describes it in JSON Schema (2020-12) is one thing.

A shape's C{check} hands back the value, or raises L{Refusal} C{bad_body} with C{path} (where in the body, as a JSON
Pointer) and C{expected} (in words). Shapes are about structure; whether a value makes sense is asked further in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from dog.model.refusal import Code, Refusal, clipped, quoted

Schema = dict[str, Any]


class Shape:
    """A shape. C{described} gives it words for the reader of openapi.json.

    @cvar expected: what it wants, in words, for error messages.
    """

    expected = "anything"

    def check(self, value: Any, path: str = "") -> Any:
        """The value, if it is of this shape.

        @param path: JSON Pointer of where C{value} stands in the body.
        @raise Refusal: C{bad_body}.
        """
        return value

    def absent(self) -> Any:
        """What no body at all means: refused, except for L{Maybe}."""
        raise Refusal(Code.BAD_BODY, f"expected a body: {self.expected}", path="", expected=self.expected)

    def schema(self) -> Schema:
        """Its JSON Schema; named shapes are references into C{#/components/schemas}."""
        return {}

    def named(self) -> Iterator[Named]:
        """The named shapes that it uses, itself too."""
        return iter(())

    def wrong(self, value: Any, path: str, expected: str | None = None) -> NoReturn:
        expected = expected or self.expected
        where = f"{path}: " if path else ""
        raise Refusal(Code.BAD_BODY, f"{where}expected {expected}, got {kindOf(value)}", path=path, expected=expected)


def kindOf(value: Any) -> str:
    """What a JSON value is, in words, short enough for a message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return f"the number {str(value)[:24]}"
    if isinstance(value, str):
        return f"the text {value if len(value) <= 40 else value[:37] + '...'!r}"
    if isinstance(value, list):
        return "a list"
    return "an object"


def pointer(path: str, key: str | int) -> str:
    """The JSON Pointer of a member; of a key that is longer than an error repeats only the beginning."""
    return f"{path}/{clipped(str(key)).replace('~', '~0').replace('/', '~1')}"


class Anything(Shape):
    """Any JSON value."""


class _Plain(Shape):
    """A shape whose keywords are given as they stand in JSON Schema."""

    kind = ""

    def __init__(self, **keywords: Any) -> None:
        self._keywords = keywords

    def schema(self) -> Schema:
        return {"type": self.kind, **self._keywords}


class String(_Plain):
    """A text. C{values}: the only ones it may be. Further keywords (format, pattern, examples) only describe."""

    kind = "string"

    def __init__(self, *values: str, minLength: int = 0, **keywords: Any) -> None:
        super().__init__(**keywords)
        self._values = values
        self._minLength = minLength
        if values:
            self._keywords["enum"] = list(values)
        if minLength:
            self._keywords["minLength"] = minLength

    @property
    def expected(self) -> str:  # type: ignore[override]
        if self._values:
            return "one of " + ", ".join(repr(each) for each in self._values)
        return "a text that is not empty" if self._minLength == 1 else "a text"

    def check(self, value: Any, path: str = "") -> str:
        if not isinstance(value, str) or (self._values and value not in self._values):
            self.wrong(value, path)
        if len(value) < self._minLength:
            self.wrong(value, path)
        return value


class Number(_Plain):
    """A number; C{true} is none. Keywords minimum and maximum describe and are checked."""

    kind = "number"
    expected = "a number"
    _types: tuple[type, ...] = (int, float)

    def check(self, value: Any, path: str = "") -> Any:
        if isinstance(value, bool) or not isinstance(value, self._types):
            self.wrong(value, path)
        low, high = self._keywords.get("minimum"), self._keywords.get("maximum")
        if (low is not None and value < low) or (high is not None and value > high):
            if low is None or high is None:
                self.wrong(
                    value, path, f"{self.expected} of at {'most' if low is None else 'least'} {low or high or 0}"
                )
            self.wrong(value, path, f"{self.expected} from {low} to {high}")
        return value


class Integer(Number):
    kind = "integer"
    expected = "an integer"
    _types = (int,)


class Boolean(_Plain):
    kind = "boolean"
    expected = "true or false"

    def check(self, value: Any, path: str = "") -> bool:
        if not isinstance(value, bool):
            self.wrong(value, path)
        return value


class Null(_Plain):
    kind = "null"
    expected = "null"

    def check(self, value: Any, path: str = "") -> None:
        if value is not None:
            self.wrong(value, path)


class Array(Shape):
    """A list of one shape."""

    expected = "a list"

    def __init__(self, of: Shape, minItems: int = 0, **keywords: Any) -> None:
        self._of = of
        self._minItems = minItems
        self._keywords = keywords

    def check(self, value: Any, path: str = "") -> list[Any]:
        if not isinstance(value, list):
            self.wrong(value, path)
        if len(value) < self._minItems:
            self.wrong(value, path, f"a list of at least {self._minItems}")
        return [self._of.check(each, pointer(path, index)) for index, each in enumerate(value)]

    def schema(self) -> Schema:
        least = {"minItems": self._minItems} if self._minItems else {}
        return {"type": "array", "items": self._of.schema(), **least, **self._keywords}

    def named(self) -> Iterator[Named]:
        return self._of.named()


class Object(Shape):
    """An object with known keys.

    @param required: name -> shape of what must be there.
    @param optional: name -> shape of what may be there.
    @param extra: what other keys are: None refuses them, a shape checks them and lets them through.
    """

    expected = "an object"

    def __init__(
        self,
        required: Mapping[str, Shape] | None = None,
        optional: Mapping[str, Shape] | None = None,
        extra: Shape | None = None,
        **keywords: Any,
    ) -> None:
        self._required = dict(required or {})
        self._shapes = {**self._required, **(optional or {})}
        self._extra = extra
        self._keywords = keywords

    def check(self, value: Any, path: str = "") -> dict[str, Any]:
        if not isinstance(value, dict):
            self.wrong(value, path)
        found: dict[str, Any] = {}
        for key, each in value.items():
            shape = self._shapes.get(key, self._extra)
            if shape is None:
                self._refuse(path, f"unknown key {quoted(key)}", key)
            found[key] = shape.check(each, pointer(path, key))
        for key in self._required:
            if key not in value:
                self._refuse(path, f"the key {key!r} is missing", key)
        return found

    def _refuse(self, path: str, message: str, key: str) -> NoReturn:
        if self._shapes:
            expected = f"an object with {', '.join(self._label(each) for each in self._shapes)}"
        else:
            expected = "an object without keys"
        where = f"{path}: " if path else ""
        raise Refusal(
            Code.BAD_BODY, f"{where}{message}; expected {expected}", path=pointer(path, key), expected=expected
        )

    def _label(self, key: str) -> str:
        return repr(key) if key in self._required else f"{key!r} (optional)"

    def schema(self) -> Schema:
        found: Schema = {"type": "object"}
        if self._shapes:
            found["properties"] = {key: shape.schema() for key, shape in self._shapes.items()}
        if self._required:
            found["required"] = list(self._required)
        found["additionalProperties"] = False if self._extra is None else (self._extra.schema() or True)
        return {**found, **self._keywords}

    def named(self) -> Iterator[Named]:
        for shape in self._shapes.values():
            yield from shape.named()
        if self._extra is not None:
            yield from self._extra.named()


def Map(of: Shape, **keywords: Any) -> Object:
    """An object with any keys, whose values are of one shape."""
    return Object(extra=of, **keywords)


class OneOf(Shape):
    """One of several shapes: the first that fits."""

    def __init__(self, *shapes: Shape, **keywords: Any) -> None:
        self._shapes = shapes
        self._keywords = keywords

    @property
    def expected(self) -> str:  # type: ignore[override]
        return " or ".join(each.expected for each in self._shapes)

    def check(self, value: Any, path: str = "") -> Any:
        deepest: Refusal | None = None
        for shape in self._shapes:
            try:
                return shape.check(value, path)
            except Refusal as refusal:
                # A shape that fits down to some member says more than one that did not fit at all.
                inside = len(refusal.refused.details["path"]) > len(path)
                if inside and (deepest is None or _depth(refusal) > _depth(deepest)):
                    deepest = refusal
        if deepest is not None:
            raise deepest
        self.wrong(value, path)

    def schema(self) -> Schema:
        return {"anyOf": [each.schema() for each in self._shapes], **self._keywords}

    def named(self) -> Iterator[Named]:
        for shape in self._shapes:
            yield from shape.named()


def _depth(refusal: Refusal) -> int:
    path: str = refusal.refused.details["path"]
    return path.count("/")


def Nullable(shape: Shape) -> OneOf:
    """The shape, or null."""
    return OneOf(shape, Null())


class Maybe(Shape):
    """A body that may as well be missing; C{check} then never sees it, and the call's body is None."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    @property
    def expected(self) -> str:  # type: ignore[override]
        return self.shape.expected

    def check(self, value: Any, path: str = "") -> Any:
        return self.shape.check(value, path)

    def absent(self) -> None:
        return None

    def schema(self) -> Schema:
        return self.shape.schema()

    def named(self) -> Iterator[Named]:
        return self.shape.named()


class Named(Shape):
    """A shape with a name of its own in openapi.json; may be used in many places."""

    def __init__(self, name: str, shape: Shape, description: str = "") -> None:
        self.name = name
        self.shape = shape
        self.description = description

    @property
    def expected(self) -> str:  # type: ignore[override]
        return self.shape.expected

    def check(self, value: Any, path: str = "") -> Any:
        return self.shape.check(value, path)

    def schema(self) -> Schema:
        return {"$ref": f"#/components/schemas/{self.name}"}

    def definition(self) -> Schema:
        """What stands under its name."""
        return {**self.shape.schema(), **({"description": self.description} if self.description else {})}

    def named(self) -> Iterator[Named]:
        yield self
        yield from self.shape.named()
