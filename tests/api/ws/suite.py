"""The cases of Autobahn's own test suite against a server, on the Python that runs this.

    python -m tests.api.ws.suite WHEEL URL [CASE ...]

The suite (PyPI autobahntestsuite; Apache licence) is written for Python 2.7: WHEEL is its C{py2} wheel, whose case
modules are read, fitted to Python 3 and run over today's Autobahn as the client. A case is what it was; only what
takes many minutes is less: messages have at most L{MOST_BYTES}, and a case sends at most L{MOST_MESSAGES} of them.
Standard output gets one JSON object: case -> [behavior, behaviorClose, what it says].
"""

from __future__ import annotations

import ast
import builtins
import importlib
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType
from typing import Any
from zipfile import ZipFile

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket.utf8validator import Utf8Validator
from twisted.internet.defer import Deferred, DeferredList, DeferredSemaphore
from twisted.internet.endpoints import clientFromString
from twisted.internet.protocol import connectionDone
from twisted.internet.task import react
from twisted.python.failure import Failure

MOST_BYTES = 128 * 1024
MOST_MESSAGES = 3

#: Cases that are underway at once. They wait most of the time.
AT_ONCE = 32

#: How much longer than on an idle machine an answer may take.
PATIENCE = 20

_PACKAGE = "autobahntestsuite/"
#: Names that Autobahn has changed since.
_RENAMED = re.compile(r"\b(?:request|accept)(?:NoContextTakeover|MaxWindowBits)\b")
_STATEMENT = re.compile(r"^(\s*)print .*$", re.MULTILINE)


class _Whole(ast.NodeTransformer):
    """Python 2 divides integers to integers; the cases have no others."""

    def visit_Div(self, node: ast.Div) -> ast.FloorDiv:
        return ast.FloorDiv()


class _Validator(Utf8Validator):
    """Takes what Python 2 called a string."""

    def validate(self, text: str) -> Any:
        return super().validate(_bytes(text))


def _bytes(text: str | bytes | None) -> Any:
    """A string of Python 2 is one of bytes. Read as Latin-1, each of them is a character."""
    return text.encode("latin-1") if isinstance(text, str) else text


def fitted(source: str) -> str:
    """A case module as Python 3 takes it."""
    source = _STATEMENT.sub(r"\1pass", source)
    source = _RENAMED.sub(lambda found: re.sub("[A-Z]", lambda each: "_" + each[0].lower(), found[0]), source)
    source = source.replace("(object, Case, )", "(Case, )").replace("binascii.b2a_hex(", "repr(")
    source = source.replace("from autobahn.websocket.utf8validator import Utf8Validator", "")
    source = source.replace("from case9_9_1 import *", "")  # unlimited, and not run by the suite either
    return ast.unparse(_Whole().visit(ast.parse(source)))


def cases(wheel: Path, folder: Path) -> list[Any]:
    """The suite's case classes, in its order. Their files are unpacked in C{folder}."""
    with ZipFile(wheel) as archive:
        for name in archive.namelist():
            inside = name.removeprefix(_PACKAGE)
            if inside.startswith("testdata/"):
                archive.extract(name, folder)
            elif inside.startswith("case/") and inside.endswith(".py") and "case9_9_1" not in inside:
                target = Path(inside).name.replace("__init__", "all_cases")
                (folder / target).write_text(fitted(archive.read(name).decode("latin-1")), "utf-8")
    resources: Any = ModuleType("pkg_resources")
    resources.resource_filename = lambda package, name: str(folder / package / name)
    sys.modules["pkg_resources"] = resources
    python2: Any = builtins
    python2.xrange, python2.Utf8Validator = range, _Validator
    sys.path.insert(0, str(folder))
    module: Any = importlib.import_module("case")
    module.Case.compare = lambda self, one, other: _plain(one) == _plain(other)
    found: list[Any] = importlib.import_module("all_cases").Cases
    return found


def _plain(events: Any) -> Any:
    return [tuple(_bytes(part) for part in event) for event in events]


def idOf(case: Any) -> str:
    return str(case.__name__).removeprefix("Case").replace("_", ".")


class Fuzzer(WebSocketClientProtocol):
    """What a case knows as C{self.p}."""

    factory: FuzzerFactory

    def __init__(self, case: Any, factory: FuzzerFactory) -> None:
        super().__init__()
        self.factory = factory
        self.over: Deferred[tuple[str, str, str]] = Deferred()
        self.connectionWasOpen = False
        self.createWirelog = False
        self.txFrameStats: dict[int, int] = {}
        self.case = case(self)
        for name, most in (("DATALEN", MOST_BYTES), ("COUNT", MOST_MESSAGES)):
            if hasattr(self.case, name):
                setattr(self.case, name, min(getattr(self.case, name), most))
        if hasattr(self.case, "PAYLOAD"):
            self.case.PAYLOAD = self.case.PAYLOAD[:MOST_BYTES]

    # -- what happens ---------------------------------------------------------------------------------

    def onOpen(self) -> None:
        self.connectionWasOpen = True
        try:
            self.case.onOpen()
        except Exception:
            self.over.errback(Failure())
            self.dropConnection(abort=True)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self.case.onMessage(payload, isBinary)

    def onPong(self, payload: bytes) -> None:
        self.case.onPong(payload)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self.case.onClose(wasClean, code, reason)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        if self.over.called:
            return
        self.case.onConnectionLost(self.failedByMe)
        case = self.case
        self.over.callback((case.behavior, case.behaviorClose, f"{case.result} {case.resultClose}"))

    # -- what a case does -----------------------------------------------------------------------------

    def sendFrame(self, opcode: int, payload: Any = b"", *more: Any, **named: Any) -> None:
        self.txFrameStats[opcode] = self.txFrameStats.get(opcode, 0) + 1
        super().sendFrame(opcode, _bytes(payload), *more, **named)

    def sendMessage(self, payload: Any, *more: Any, **named: Any) -> None:
        super().sendMessage(_bytes(payload), *more, **named)

    def sendMessageFrameData(self, payload: Any, sync: bool = False) -> None:
        super().sendMessageFrameData(_bytes(payload), sync)

    def sendCloseFrame(self, code: int | None = None, reasonUtf8: Any = None, isReply: bool = False) -> None:
        super().sendCloseFrame(code, _bytes(reasonUtf8), isReply)

    def enableWirelog(self, enable: bool) -> None:
        """There is none."""

    def continueLater(self, delay: float, call: Any, tag: Any = None) -> None:
        self._later(delay, call)

    def killAfter(self, delay: float) -> None:
        self._later(delay * PATIENCE, self._kill)

    def closeAfter(self, delay: float) -> None:
        # Short ones are how a case ends that has nothing to wait for.
        self._later(delay * PATIENCE if delay > 2 else delay, self.sendClose)

    def _later(self, delay: float, call: Any) -> None:
        def due() -> None:
            if self.state != self.STATE_CLOSED:
                call()

        timer = self.factory.reactor.callLater(delay, due)
        self.over.addBoth(lambda result: (timer.active() and timer.cancel(), result)[1])

    def _kill(self) -> None:
        self.failedByMe = True
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(1001, b"going away")
        else:
            self.dropConnection(abort=True)


class FuzzerFactory(WebSocketClientFactory):
    """Connects for one case."""

    noisy = False

    def __init__(self, url: str, case: Any, reactor: Any) -> None:
        super().__init__(url, reactor=reactor)
        self.case = case
        # The suite's are a second, which on a loaded machine is not long.
        self.setProtocolOptions(
            failByDrop=False, openHandshakeTimeout=60, closeHandshakeTimeout=60, serverConnectionDropTimeout=60
        )

    def buildProtocol(self, addr: object) -> Any:
        return Fuzzer(self.case, self)


def run(reactor: Any, wheel: str, url: str, *patterns: str) -> Deferred[Any]:
    """Perform those cases whose ids match; all of them if nothing is named."""
    folder = tempfile.TemporaryDirectory()
    chosen = [
        each
        for each in cases(Path(wheel), Path(folder.name))
        if not patterns or any(fnmatchcase(idOf(each), pattern) for pattern in patterns)
    ]
    turn = DeferredSemaphore(AT_ONCE)

    def perform(case: Any) -> Deferred[Any]:
        factory = FuzzerFactory(url, case, reactor)
        endpoint = clientFromString(reactor, f"tcp:{factory.host}:{factory.port}")
        connecting: Deferred[Any] = endpoint.connect(factory)
        return connecting.addCallback(lambda fuzzer: fuzzer.over)

    def tell(results: list[tuple[bool, Any]]) -> None:
        said = dict(_verdicts(chosen, results))
        sys.stdout.write(json.dumps(said) + "\n")
        folder.cleanup()

    return DeferredList([turn.run(perform, each) for each in chosen], consumeErrors=True).addCallback(tell)


def _verdicts(chosen: list[Any], results: list[tuple[bool, Any]]) -> Iterator[tuple[str, Any]]:
    for case, (done, result) in zip(chosen, results, strict=True):
        yield idOf(case), result if done else ("FAILED", "FAILED", str(result.value))


if __name__ == "__main__":
    react(run, sys.argv[1:])
