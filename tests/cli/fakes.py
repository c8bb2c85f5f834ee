"""C{dogctl} in this process, with a gateway that answers what the test says."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Generator
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.cli.console import Console
from dog.cli.main import main
from dog.cli.options import Options
from dog.client.address import Address
from dog.client.errors import Failed
from dog.client.rest import Answer


class FakeRest:
    """@ivar answers: (method, path) -> L{Answer}, or an exception to raise; all else is not found."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Any] = {}
        self.requests: list[tuple[str, str, Any]] = []
        self.options: Options | None = None
        self.address = Address.parse("http://gateway")

    def get(self, path: str) -> Any:
        return self.request("GET", path).body

    def request(self, method: str, path: str, body: Any = None) -> Answer:
        self.requests.append((method, path, body))
        answer = self.answers.get((method, path), Failed(404, "not_found", f"there is no {path}"))
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Answer)
        return answer

    def download(self, method: str, path: str, kind: str) -> Any:
        """What L{answers} has for C{(method, path)}: bytes, or an exception to raise."""
        self.requests.append((method, path, kind))
        answer = self.answers.get((method, path), Failed(404, "not_found", f"there is no {path}"))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def lines(self, path: str, silence: float) -> Generator[Any, None, None]:
        """What L{answers} has for C{("LINES", path)}: values, or an exception to raise."""
        self.requests.append(("LINES", path, silence))
        for each in self.answers.get(("LINES", path), [Failed(404, "not_found", f"there is no {path}")]):
            if isinstance(each, BaseException):
                raise each
            yield each


class Pipe(io.StringIO):
    """A stream that keeps what is written, and what sort of stream it is."""

    def __init__(self, terminal: bool = False) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


class CliCase(SynchronousTestCase):
    """@ivar rest: what the commands talk to."""

    def setUp(self) -> None:
        self.rest = FakeRest()
        rest = self.rest

        def given(options: Options) -> FakeRest:
            rest.options = options
            return rest

        self.patch(Options, "rest", given)

    def dogctl(self, *arguments: str) -> tuple[int, str, str]:
        """Exit status, standard output, standard error."""
        out, err = Pipe(), Pipe()
        self.patch(sys, "stdout", out)
        self.patch(sys, "stderr", err)
        try:
            status = main(arguments)
        except SystemExit as exit:
            status = int(exit.code or 0)
        finally:
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        return status, out.getvalue(), err.getvalue()


def console(
    json: bool = False, color: bool = False, columns: int | None = None
) -> tuple[Console, Callable[[], str], Callable[[], str]]:
    """A console, and what was written to it: standard output, standard error."""
    out, err = Pipe(), Pipe()
    return Console(out, err, json=json, color=color, columns=columns), out.getvalue, err.getvalue
