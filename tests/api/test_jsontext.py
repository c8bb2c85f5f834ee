"""JSON in and out."""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.api import jsontext
from dog.model.refusal import Code, Refusal
from tests.bounded import bound


class Parse(SynchronousTestCase):
    def refused(self, data: bytes | str) -> dict[str, Any]:
        refusal = self.assertRaises(Refusal, jsontext.parse, data)
        self.assertEqual(refusal.refused.code, Code.BAD_JSON)
        return {"message": refusal.refused.message, **refusal.refused.details}

    def test_values(self) -> None:
        values: list[Any] = [{"a": [1, 2.5, None, True, "è☕"]}, [], "text", 0, None]
        for value in values:
            self.assertEqual(jsontext.parse(json.dumps(value).encode()), value)
            self.assertEqual(jsontext.parse(json.dumps(value, ensure_ascii=False)), value)

    def test_duplicateKeys(self) -> None:
        self.assertEqual(jsontext.parse(b'{"value":50,"value":60}'), {"value": 60})

    def test_byteOrderMark(self) -> None:
        self.assertEqual(jsontext.parse(b"\xef\xbb\xbf{}"), {})
        self.assertEqual(jsontext.parse("\ufeff{}"), {})

    def test_position(self) -> None:
        """What is no JSON is told with line, column and offset."""
        told = self.refused(b"{\n\t// empty request body\n}")
        self.assertEqual((told["line"], told["column"], told["offset"]), (2, 2, 3))
        self.assertIn("line 2, column 2", told["message"])

    def test_notJson(self) -> None:
        for data in (b"", b"on", b"{", b'{"a":1} xyz', b"{'a':1}", b'{"a":1,}', b"\x00", b'"\n"'):
            self.assertIn("not JSON", self.refused(data)["message"])

    def test_numbersThatAreNone(self) -> None:
        """Neither NaN and the infinities, nor what overflows to one."""
        for data in (b"NaN", b"[Infinity]", b"-Infinity", b'{"value":1e400}', b"-1e999"):
            told = self.refused(data)
            self.assertEqual((told["line"], told["offset"]), (1, data.find(data.strip(b'[]{"value:}')[:1])), data)
        told = self.refused('{"NaN \\" 1e999": ["9e999",\n  1.5, 2, -Infinity, NaN]}')
        self.assertEqual((told["line"], told["column"]), (2, 11))
        self.assertEqual(told["message"], "not JSON: -Infinity is no JSON number at line 2, column 11")

    def test_endlessInteger(self) -> None:
        """An integer that Python does not convert is refused in words that are not Python's."""
        for digits in ("9" * 5001, "-" + "9" * 5001):
            told = self.refused('{"value": ' + digits + "}")
            self.assertEqual(told["message"], "not JSON: a number is too large at line 1, column 11")
            self.assertEqual(told["offset"], 10)

    def test_notUtf8(self) -> None:
        self.assertEqual(self.refused(b'{"a":"\xe8"}')["byte"], 6)

    def test_depth(self) -> None:
        deepest = b"[" * jsontext.MAX_DEPTH + b"]" * jsontext.MAX_DEPTH
        value = jsontext.parse(deepest)
        for _ in range(jsontext.MAX_DEPTH - 1):
            value = value[0]
        self.assertEqual(value, [])
        self.assertEqual(self.refused(b"[" + deepest + b"]")["offset"], jsontext.MAX_DEPTH)
        self.refused(b'{"a":' * 100_000)
        self.refused(b"[" * 100_000)

    def test_depthAfterOthers(self) -> None:
        """What was closed again does not count."""
        side = b"[[[]]]," * 40
        inner = jsontext.MAX_DEPTH - 1
        self.assertEqual(len(jsontext.parse(b"[" + side + b"[" * inner + b"]" * inner + b"]")), 41)
        told = self.refused(b"[" + side + b"[" * (inner + 1) + b"]" * (inner + 1) + b"]")
        self.assertEqual(told["offset"], 1 + len(side) + inner)

    def test_bracketsInTexts(self) -> None:
        """Brackets in a text, or side by side, are no depth."""
        text = "[{" * 100 + '\\" [' * 10
        self.assertEqual(jsontext.parse(json.dumps([text, text])), [text, text])
        self.assertEqual(jsontext.parse(b"[" + b"[]," * 500 + b"[]]"), [[]] * 501)

    def test_depthOfAnEndlessText(self) -> None:
        """A text that never ends is looked through once: from each of its quotes anew it would take hours."""
        bound(self)
        head = "[]" * 70 + '"'
        told = self.refused(head + '\\"' * 500_000)
        self.assertEqual(told["offset"], 2)
        self.assertEqual(jsontext.parse("[" + "[]," * 70 + '"' + '\\"' * 500_000 + '"]')[-1], '"' * 500_000)

    def test_surrogates(self) -> None:
        """Half a pair can't be written as UTF-8 again; a whole one is a character."""
        self.assertEqual(jsontext.parse(b'"\\ud83d\\ude00"'), "\U0001f600")
        for data in (b'"\\ud83d"', b'{"\\uDE00":1}', b'["\\ud83d x"]'):
            self.assertIn("surrogate", self.refused(data)["message"])


class Dump(SynchronousTestCase):
    VALUE = {"a": [1, 2.5, None, True, "è☕"], "big": 2**70}

    def test_compact(self) -> None:
        self.assertEqual(jsontext.dump({"a": [1, "è"]}), '{"a":[1,"è"]}'.encode())
        self.assertEqual(json.loads(jsontext.dump(self.VALUE)), self.VALUE)

    def test_withoutOrjson(self) -> None:
        self.patch(jsontext, "orjson", None)
        self.assertEqual(jsontext.dump({"a": [1, "è"]}), '{"a":[1,"è"]}'.encode())
        self.assertEqual(json.loads(jsontext.dump(self.VALUE)), self.VALUE)
        self.assertRaises(ValueError, jsontext.dump, float("nan"))

    def test_orjson(self) -> None:
        """Where it is there it is used, except for what it can't write."""

        class Fast:
            @staticmethod
            def dumps(value: Any) -> bytes:
                if value == [2**70]:
                    raise TypeError("Integer exceeds 64-bit range")
                return b"fast"

        self.patch(jsontext, "orjson", Fast)
        self.assertEqual(jsontext.dump([1]), b"fast")
        self.assertEqual(jsontext.dump([2**70]), b"[1180591620717411303424]")
