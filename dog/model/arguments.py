"""From the body of a command to its arguments: which command class is meant, every parameter in its type.

Source: rest-api.md, "Command parameters", "Which status, which code". A refusal carries C{parameter} and C{expected}.

    - no body, C{{}} and C{{"value": null}} are no argument;
    - one parameter comes as C{value} or under its own name, several under their names;
    - what is missing, superfluous or of the wrong JSON type is C{bad_body}; what is of the right type but means
      nothing is C{bad_value}, C{bad_unit} or C{out_of_range}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dog.model.catalogue import CommandType
from dog.model.device import Device
from dog.model.parameters import parse
from dog.model.refusal import Code, Refusal, clipped, quoted
from dog.model.values import Value


def arguments(
    types: Sequence[CommandType], body: Any | None, *, device: Device | None = None
) -> tuple[CommandType, dict[str, Value]]:
    """What a command with this body means.

    @param types: the command classes that the name may mean (L{Device.commands}), at least one.
    @param body: the parsed JSON, None for no body at all.
    @param device: whose command it is; tells what a bare number means (a level, a channel).
    @return: the command class and a value for each of its parameters. Where one name stands for setters of one
        parameter each (C{setStartTime}) and several were given, a class that has them all.
    @raise Refusal: with C{bad_body}, C{bad_value}, C{bad_unit} or C{out_of_range}.
    """
    given = _given(types, body)
    type, named = _choose(types, given)
    return type, {param.name: parse(param, named[param.name], type, device) for param in type.params}


def _given(types: Sequence[CommandType], body: Any | None) -> dict[str, Any]:
    """The keys that have a value."""
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise Refusal(
            Code.BAD_BODY,
            f"{types[0].name}: expected an object such as {_example(types)}, got {_kind(body)}",
            expected=_example(types),
        )
    known = {"value"} | {param.name for each in types for param in each.params}
    for key in body:
        if key not in known:
            raise Refusal(
                Code.BAD_BODY,
                f"{types[0].name}: unknown key {quoted(key)}, expected {_example(types)}",
                parameter=clipped(key),
                expected=_example(types),
            )
    return {key: value for key, value in body.items() if value is not None}


def _choose(types: Sequence[CommandType], given: Mapping[str, Any]) -> tuple[CommandType, Mapping[str, Any]]:
    """The command class whose parameters are those that were given, and the values by parameter name.

    Where several fit, a class whose name is its own wins over one that only borrows it (C{disableGas}).
    """
    for each in sorted(types, key=lambda type: type.intended is not None):
        names = {param.name for param in each.params}
        if given.keys() == names:
            return each, given
        if given.keys() == {"value"} and len(names) == 1:
            return each, dict.fromkeys(names, given["value"])
    single = [each for each in types if len(each.params) == 1 and each.params[0].name in given]
    if single and given.keys() == {each.params[0].name for each in single}:
        merged = min(single, key=lambda type: type.intended is not None)
        return replace(merged, params=tuple(each.params[0] for each in single)), given
    raise _mismatch(types, given)


def _mismatch(types: Sequence[CommandType], given: Mapping[str, Any]) -> Refusal:
    name = types[0].name
    if not any(each.params for each in types):
        return Refusal(Code.BAD_BODY, f"{name} takes no value", parameter=next(iter(given)), expected="nothing")
    nearest = min(types, key=lambda type: len({param.name for param in type.params} ^ given.keys()))
    missing = [param.name for param in nearest.params if param.name not in given]
    if missing and not (given.keys() - {param.name for param in nearest.params}):
        what = "value" if len(nearest.params) == 1 else missing[0]
        return Refusal(
            Code.BAD_BODY,
            f"{name}: {what!r} is missing, expected {_example(types)}",
            parameter=missing[0],
            expected=_example(types),
        )
    return Refusal(
        Code.BAD_BODY,
        f"{name}: expected {_example(types)}, got the keys {', '.join(map(repr, given))}",
        parameter=next(iter(given)),
        expected=_example(types),
    )


def _example(types: Sequence[CommandType]) -> str:
    """The bodies that would do, in words."""
    bodies = []
    for each in types:
        if len(each.params) == 1:
            bodies.append('{"value": ...}')
        bodies.append("{" + ", ".join(f'"{param.name}": ...' for param in each.params) + "}")
    return " or ".join(dict.fromkeys(bodies))


def _kind(body: Any) -> str:
    names: dict[type, str] = {list: "an array", str: "a text", bool: "true or false"}
    return names.get(type(body), "a number")
