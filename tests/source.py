"""What the structure and lint tests ask of source text. Pure: every question takes text and answers with findings.

A finding is a text that starts with the line number, so that a failing test says where to look.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_SKIPPED = {"__pycache__", "node_modules"}


def filesUnder(*folders: str, suffix: str = "") -> list[Path]:
    """The project's files in these folders (relative to its root), without what tools leave behind; sorted."""
    found = []
    for folder in folders:
        for path in (ROOT / folder).rglob(f"*{suffix}"):
            parts = path.relative_to(ROOT).parts
            if path.is_file() and not _SKIPPED.intersection(parts) and not path.name.endswith((".pyc", ".cache")):
                found.append(path)
    return sorted(found)


def moduleName(path: Path) -> str:
    """C{dog/model/__init__.py} -> C{dog.model}, C{dog/tap.py} -> C{dog.tap}."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(source: str) -> Iterator[tuple[int, str]]:
    """Every imported name with its line, wherever it stands: in functions and under TYPE_CHECKING too.

    C{from dog.core import values} is C{dog.core.values}: whether that is a module or a name does not matter here.
    """
    for node in ast.walk(ast.parse(source)):
        yield from _importedBy(node)


def _importedBy(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield node.lineno, alias.name
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield node.lineno, "." * node.level + f"{node.module or ''}.{alias.name}"


def room(module: str) -> str:
    """C{dog.model.device} -> C{model}, C{dog.tap} -> C{tap}; empty for what does not belong to a room of dog."""
    parts = module.split(".")
    return parts[1] if parts[0] == "dog" and len(parts) > 1 else ""


def atModuleLevel(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when the module is imported: not the bodies of functions."""
    for child in ast.iter_child_nodes(tree):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from atModuleLevel(child)


def reactorImports(source: str) -> list[str]:
    """Imports of the reactor that happen when the module is imported."""
    return [
        f"{line}: imports the reactor at module level"
        for node in atModuleLevel(ast.parse(source))
        for line, name in _importedBy(node)
        if f"{name}.".startswith("twisted.internet.reactor.")
    ]


def asyncTests(source: str) -> list[str]:
    """Coroutine tests and fixtures, which trial 22.4 reports as passed without running them."""
    return [
        f"{node.lineno}: async def {node.name}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.AsyncFunctionDef)
        and (node.name.startswith("test") or node.name in ("setUp", "tearDown", "setUpClass", "tearDownClass"))
    ]


def emptyTests(source: str) -> list[str]:
    """Tests whose body is nothing but a docstring, C{pass} or C{...}."""
    return [
        f"{node.lineno}: {node.name} tests nothing"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test")
        and all(
            isinstance(part, ast.Pass) or (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
            for part in node.body
        )
    ]


def _calls(source: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))


def _lastName(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def prints(source: str) -> list[str]:
    return [
        f"{call.lineno}: print"
        for call in _calls(source)
        if isinstance(call.func, ast.Name) and call.func.id == "print"
    ]


def reactorTimers(source: str) -> list[str]:
    """Timers set on something called a reactor: a clock that was handed in is called a clock."""
    return [
        f"{call.lineno}: callLater on the reactor"
        for call in _calls(source)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "callLater"
        and _lastName(call.func.value).lstrip("_") == "reactor"
    ]


def naiveDatetimes(source: str) -> list[str]:
    """Calls that make a datetime without a time zone."""
    found = []
    for call in _calls(source):
        if not (isinstance(call.func, ast.Attribute) and _lastName(call.func.value) == "datetime"):
            continue
        given = len(call.args) + len(call.keywords)
        name = call.func.attr
        enough = {"now": 1, "fromtimestamp": 2}.get(name)
        if name in ("utcnow", "utcfromtimestamp", "today") or (enough is not None and given < enough):
            found.append(f"{call.lineno}: naive datetime.{name}")
    return found


def clockReadings(source: str) -> list[str]:
    """Calls that ask what time it is: the core is told."""
    return [
        f"{call.lineno}: reads the clock with {call.func.attr}()"
        for call in _calls(source)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ("now", "utcnow", "today", "utcNow", "seconds")
        and _lastName(call.func.value) in ("datetime", "date", "clock", "_clock", "reactor", "time")
    ]


_VAGUE = re.compile(r"(?:^|_)(managers?|handlers?|helpers?|util(?:s|ity|ities)?)(?:$|_)")


def vague(name: str) -> bool:
    """Whether one of the words of a name (CamelCase, mixedCase or snake_case) says nothing."""
    return bool(_VAGUE.search(re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()))


def vagueClasses(source: str) -> list[str]:
    return [
        f"{node.lineno}: class {node.name}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef) and vague(node.name)
    ]


# The letters in brackets keep this file from finding itself.
_MACHINE = re.compile(r"(?<![\w.])(?:/[w]ork/|/tmp/[v]env|/tmp/[h]elpers)|\.[l]ibrary/")


def machinePaths(text: str) -> list[str]:
    """Places on the machine that the text was written on."""
    return [
        f"{number}: {found.group()}"
        for number, line in enumerate(text.splitlines(), 1)
        if (found := _MACHINE.search(line))
    ]
