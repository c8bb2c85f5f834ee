import json
import os
import sys

from twisted.trial.unittest import SynchronousTestCase

from dog.cli.console import Console
from tests.cli.fakes import Pipe, console


class ConsoleTests(SynchronousTestCase):
    def test_table(self) -> None:
        made, out, _ = console()
        made.table(["A", "B"], [["1", "2"]])
        self.assertEqual(out(), "A  B\n1  2\n")

    def test_document_and_record(self) -> None:
        made, out, _ = console(json=True)
        made.document({"a": "ü"})
        made.record({"a": [1, 2]})
        self.assertEqual(out(), '{\n  "a": "ü"\n}\n{"a":[1,2]}\n')

    def test_error(self) -> None:
        made, out, err = console()
        made.fail("no\nway\x1b", code="x")
        self.assertEqual((out(), err()), ("", "dogctl: no way\\x1b\n"))

    def test_error_as_json(self) -> None:
        made, out, err = console(json=True)
        made.fail("no way", code="x", status=404)
        self.assertEqual(out(), "")
        self.assertEqual(json.loads(err()), {"error": {"message": "no way", "code": "x", "status": 404}})

    def test_note(self) -> None:
        made, out, err = console()
        made.note("closed (\x1b[2J)", event="lost")
        self.assertEqual((out(), err()), ("", "dogctl: closed (\\x1b[2J)\n"))

    def test_note_as_json(self) -> None:
        made, _, err = console(json=True)
        made.note("gone", event="lost")
        self.assertEqual(json.loads(err()), {"note": "gone", "event": "lost"})

    def test_color(self) -> None:
        plain, colored = console()[0], console(color=True)[0]
        for name in ("bold", "dim", "red"):
            self.assertEqual(getattr(plain, name)("x"), "x")
            self.assertRegex(getattr(colored, name)("x"), r"^\x1b\[\d+mx\x1b\[0m$")


class StandardTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.patch(os, "environ", {"TERM": "xterm", "COLUMNS": "70"})
        self.patch(sys, "stderr", Pipe())

    def made(self, terminal: bool) -> Console:
        self.patch(sys, "stdout", Pipe(terminal))
        try:
            return Console.standard(False)
        finally:
            sys.stdout = sys.__stdout__

    def test_terminal(self) -> None:
        made = self.made(True)
        self.assertEqual((made.color, made.columns), (True, 70))

    def test_pipe(self) -> None:
        made = self.made(False)
        self.assertEqual((made.color, made.columns), (False, None))

    def test_no_color(self) -> None:
        for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
            self.patch(os, "environ", {"TERM": "xterm", name: value})
            self.assertFalse(self.made(True).color)
