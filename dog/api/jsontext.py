"""JSON text in and out: strict about what comes in, fast about what goes out."""

from __future__ import annotations

import codecs
import json
import math
import re
from importlib import import_module
from typing import Any, NoReturn

from dog.model.refusal import Code, Refusal

try:
    orjson: Any = import_module("orjson")
except ImportError:  # the optional extra "fast"
    orjson = None

#: Arrays and objects within each other.
MAX_DEPTH = 64

# Possessive, and a text that does not end reaches to the end: each character is looked at once.
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_NUMBERS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|-?(?:NaN|Infinity|\d[-+.\deE]*+)', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parse(data: bytes | str) -> Any:
    """The value of a JSON text. Of duplicate keys the last wins.

    @raise Refusal: C{bad_json}, with C{line}, C{column} (from 1) and C{offset} (from 0, in characters) where that is
        known: not UTF-8, not JSON, C{NaN} or an infinity, deeper than L{MAX_DEPTH}, half a surrogate pair.
    """
    text = _text(data)
    _checkDepth(text)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise _notJson(error.msg, text, error.pos) from None
    except ValueError:
        raise _badNumber(text) from None
    if "\\u" in text and _SURROGATE.search(text):
        _checkSurrogates(value)
    return value


def dump(value: Any) -> bytes:
    """A JSON value as compact UTF-8 text."""
    if orjson is not None:
        try:
            text: bytes = orjson.dumps(value)
            return text
        except TypeError:  # an integer of more than 64 bits
            pass
    return _ENCODER.encode(value).encode()


def _text(data: bytes | str) -> str:
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(Code.BAD_JSON, f"not UTF-8 at byte {error.start}", byte=error.start) from None


def _checkDepth(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for match in _BRACKETS.finditer(text):
        bracket = match.group()
        if bracket in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Refusal(
                    Code.BAD_JSON, f"more than {MAX_DEPTH} arrays and objects within each other", offset=match.start()
                )
        elif bracket in "]}":
            depth -= 1


def _notJson(what: str, text: str, at: int) -> Refusal:
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    message = f"not JSON: {what} at line {line}, column {column}"
    return Refusal(Code.BAD_JSON, message, line=line, column=column, offset=at)


def _badNumber(text: str) -> Refusal:
    """What to say where the decoder came upon a number that it can't make; it does not tell which."""
    for match in _NUMBERS.finditer(text):
        token = match.group()
        if token.startswith('"'):
            continue
        try:
            _constant(token) if token[-1] in "Ny" else int(token) if token.lstrip("-").isdigit() else _float(token)
        except ValueError:
            what = f"{token} is no JSON number" if token[-1] in "Ny" else "a number is too large"
            return _notJson(what, text, match.start())
    return Refusal(Code.BAD_JSON, "not JSON: a number can't be read")


def _constant(name: str) -> NoReturn:
    raise ValueError(name)


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("too large")
    return number


def _checkSurrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Refusal(Code.BAD_JSON, "a text holds half of a surrogate pair") from None


# Made once: json.loads and json.dumps with arguments make new ones each time.
_DECODER = json.JSONDecoder(parse_constant=_constant, parse_float=_float)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
