"""Shapes check bodies and describe them, and the two agree."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from dog.api.shapes import (
    Anything,
    Array,
    Boolean,
    Integer,
    Map,
    Maybe,
    Named,
    Null,
    Nullable,
    Number,
    Object,
    OneOf,
    Shape,
    String,
    pointer,
)
from dog.model.refusal import Code, Refusal

POINT = Object({"x": Number(), "y": Number(minimum=0, maximum=10)}, {"label": String()})


class Case(SynchronousTestCase):
    def refused(self, shape: Shape, value: Any) -> tuple[str, str]:
        """(path, message) of the refusal."""
        refusal = self.assertRaises(Refusal, shape.check, value)
        self.assertEqual(refusal.refused.code, Code.BAD_BODY)
        return refusal.refused.details["path"], refusal.refused.message


class Check(Case):
    def test_plain(self) -> None:
        cases: list[tuple[Shape, list[Any], list[Any]]] = [
            (String(), ["", "a"], [1, None, ["a"]]),
            (String("on", "off"), ["on"], ["On", "", 1]),
            (String(minLength=1), ["a"], ["", None]),
            (Number(), [1, 1.5, -3], ["1", True, None]),
            (Number(minimum=0), [0, 5], [-0.1]),
            (Number(maximum=0), [0, -5], [0.1]),
            (Integer(), [1, 0], [1.5, 1.0, True, "1"]),
            (Boolean(), [True, False], [0, 1, "true", None]),
            (Null(), [None], [0, "", False]),
            (Anything(), [None, 1, {}, []], []),
        ]
        for shape, good, bad in cases:
            for each in good:
                self.assertEqual(shape.check(each), each)
            for each in bad:
                self.refused(shape, each)

    def test_messages(self) -> None:
        """A message says where, what was expected, and what was found."""
        self.assertEqual(
            self.refused(String("on", "off"), "up"), ("", "expected one of 'on', 'off', got the text 'up'")
        )
        self.assertEqual(
            self.refused(POINT, {"x": 1, "y": 11}), ("/y", "/y: expected a number from 0 to 10, got the number 11")
        )
        self.assertEqual(self.refused(Number(minimum=2), 1)[1], "expected a number of at least 2, got the number 1")
        self.assertEqual(self.refused(Number(maximum=0), 1)[1], "expected a number of at most 0, got the number 1")
        self.assertEqual(
            self.refused(Array(Object({"a": Array(Boolean())})), [{"a": [True, 3]}]),
            ("/0/a/1", "/0/a/1: expected true or false, got the number 3"),
        )
        self.assertIn("x" * 37 + "...", self.refused(Boolean(), "x" * 100_000)[1])
        kinds: list[tuple[Any, str]] = [(None, "null"), ([], "a list"), ({}, "an object"), (False, "false")]
        for value, words in kinds:
            self.assertEqual(self.refused(Number(), value)[1], f"expected a number, got {words}")

    def test_objects(self) -> None:
        self.assertEqual(POINT.check({"x": 1, "y": 2, "label": "a"}), {"x": 1, "y": 2, "label": "a"})
        self.assertEqual(POINT.check({"x": 1, "y": 2}), {"x": 1, "y": 2})
        expected = "expected an object with 'x', 'y', 'label' (optional)"
        self.assertEqual(self.refused(POINT, {"x": 1}), ("/y", f"the key 'y' is missing; {expected}"))
        self.assertEqual(self.refused(POINT, {"x": 1, "y": 1, "z": 2}), ("/z", f"unknown key 'z'; {expected}"))
        self.assertEqual(
            self.refused(Object({"at": POINT}), {"at": {}}), ("/at/x", f"/at: the key 'x' is missing; {expected}")
        )
        self.assertEqual(self.refused(POINT, [])[1], "expected an object, got a list")
        self.assertEqual(self.refused(Object(), {"a": 1})[1], "unknown key 'a'; expected an object without keys")

    def test_extraKeys(self) -> None:
        self.assertEqual(Object({"a": Null()}, extra=Integer()).check({"a": None, "b": 1}), {"a": None, "b": 1})
        self.assertEqual(self.refused(Map(Integer()), {"b": "1"})[0], "/b")

    def test_lists(self) -> None:
        self.assertEqual(Array(Integer()).check([1, 2]), [1, 2])
        self.refused(Array(Integer()), {"0": 1})
        self.assertIn("at least 1", self.refused(Array(Integer(), minItems=1), [])[1])

    def test_oneOf(self) -> None:
        either = OneOf(String(), Array(String()))
        self.assertEqual(either.check("a"), "a")
        self.assertEqual(either.check(["a"]), ["a"])
        self.assertEqual(self.refused(either, 1), ("", "expected a text or a list, got the number 1"))

    def test_oneOfTellsTheNearest(self) -> None:
        """The alternative that fitted furthest says what is wrong."""
        either = OneOf(Null(), Array(POINT), Object({"points": Array(POINT)}))
        self.assertEqual(self.refused(either, {"points": [{"x": 1, "y": "2"}]})[0], "/points/0/y")

    def test_nullable(self) -> None:
        self.assertEqual([Nullable(String()).check(each) for each in (None, "a")], [None, "a"])
        self.refused(Nullable(String()), 1)

    def test_pointer(self) -> None:
        """Keys in a path are escaped as RFC 6901 has it."""
        self.assertEqual(pointer("/a", "b/c~d"), "/a/b~1c~0d")
        self.assertEqual(self.refused(Map(Null()), {"a/b": 1})[0], "/a~1b")

    def test_longKey(self) -> None:
        """What a client sends is not repeated at length."""
        path, message = self.refused(Object({}, {"a": String()}), {"k" * 5000: 1})
        self.assertLess(len(message), 200)
        self.assertLess(len(path), 100)
        path, _ = self.refused(Map(String()), {"k" * 5000: 1})
        self.assertLess(len(path), 100)

    def test_absent(self) -> None:
        """No body is refused, unless it may be missing."""
        refusal = self.assertRaises(Refusal, POINT.absent)
        self.assertEqual(
            (refusal.refused.code, refusal.refused.message), (Code.BAD_BODY, "expected a body: an object")
        )
        missing: Shape = Maybe(POINT)
        self.assertIsNone(missing.absent())
        self.assertEqual(self.refused(Maybe(POINT), {"x": 1})[0], "/y")

    def test_named(self) -> None:
        self.assertEqual(self.refused(Named("Point", POINT), {"x": 1})[0], "/y")


class Describe(Case):
    def test_schemas(self) -> None:
        for shape, schema in (
            (Anything(), {}),
            (String("a", "b", description="d"), {"type": "string", "description": "d", "enum": ["a", "b"]}),
            (String(minLength=1), {"type": "string", "minLength": 1}),
            (Integer(minimum=1), {"type": "integer", "minimum": 1}),
            (Boolean(), {"type": "boolean"}),
            (Array(Null(), minItems=1), {"type": "array", "items": {"type": "null"}, "minItems": 1}),
            (Nullable(Number()), {"anyOf": [{"type": "number"}, {"type": "null"}]}),
            (Maybe(Boolean()), {"type": "boolean"}),
            (Map(Anything()), {"type": "object", "additionalProperties": True}),
            (
                Object({"a": Null()}, {"b": Null()}),
                {
                    "type": "object",
                    "properties": {"a": {"type": "null"}, "b": {"type": "null"}},
                    "required": ["a"],
                    "additionalProperties": False,
                },
            ),
        ):
            self.assertEqual(shape.schema(), schema)

    def test_names(self) -> None:
        """A named shape is a reference, and is found wherever it is used."""
        point = Named("Point", POINT, "Somewhere.")
        self.assertEqual(point.schema(), {"$ref": "#/components/schemas/Point"})
        self.assertEqual(point.definition()["description"], "Somewhere.")
        self.assertEqual(point.definition()["required"], ["x", "y"])
        line = Named("Line", Object({"from": point}, {"to": Nullable(Array(point))}, extra=Maybe(point)))
        self.assertEqual([each.name for each in line.named()], ["Line", "Point", "Point", "Point"])

    def test_schemasAgree(self) -> None:
        """What a shape lets through its schema does, and the other way round."""
        try:
            from jsonschema import Draft202012Validator
        except ImportError:
            raise SkipTest("jsonschema is not installed") from None
        values: list[Any] = [None, True, 0, -1, 1.5, "", "on", [], [1], ["on"], {}, {"x": 1, "y": 2}, {"x": 1, "q": 0}]
        values.append({"x": 1, "y": 99})
        shapes: list[Shape] = [
            String(),
            String("on"),
            String(minLength=1),
            Number(),
            Number(minimum=0),
            Integer(maximum=0),
            Boolean(),
            Null(),
            Anything(),
            Array(Integer(), minItems=1),
            POINT,
            Map(Number()),
            Object(),
            Nullable(POINT),
            OneOf(Array(String()), String()),
        ]
        for shape in shapes:
            validator = Draft202012Validator(shape.schema())
            for value in values:
                try:
                    shape.check(value)
                    fits = True
                except Refusal:
                    fits = False
                self.assertEqual(fits, validator.is_valid(value), (shape.schema(), value))
