"""Rules for source text that ruff does not know, or that must hold where there is no ruff."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests import source as ask
from tests.source import ROOT, filesUnder


def findings(paths: list[Path], question: Callable[[str], list[str]]) -> list[str]:
    """C{path:line: what} for everything the question finds in these files."""
    return [
        f"{path.relative_to(ROOT)}:{finding}"
        for path in paths
        for finding in question(path.read_text(encoding="utf-8"))
    ]


class Questions(SynchronousTestCase):
    """Each question finds what it is there to find, and nothing in what is allowed."""

    def ask(self, question: Callable[[str], list[str]], bad: dict[str, int], good: list[str]) -> None:
        for text, line in bad.items():
            found = question(text)
            self.assertEqual([finding.partition(":")[0] for finding in found], [str(line)], text)
        for text in good:
            self.assertEqual(question(text), [], text)

    def test_asyncTests(self) -> None:
        """Coroutine tests and fixtures are found, at any depth; coroutines that are no tests are not."""
        self.ask(
            ask.asyncTests,
            {
                "class T:\n    async def test_a(self): ...": 2,
                "class T:\n    async def setUp(self): ...": 2,
                "if 1:\n  class T:\n    def x(self):\n      class U:\n        async def testB(self): ...": 5,
            },
            ["class T:\n    def test_a(self): ...", "async def tested(): ...".replace("tested", "serve")],
        )

    def test_emptyTests(self) -> None:
        """A test of a docstring or of pass alone is found."""
        self.ask(
            ask.emptyTests,
            {"def test_a(): pass": 1, "def test_a():\n    'Doc.'": 1, "def test_a(): ...": 1},
            ["def test_a():\n    'Doc.'\n    check()", "def other(): pass"],
        )

    def test_prints(self) -> None:
        """Calls of print are found; names that hold the word are not."""
        self.ask(ask.prints, {"def f():\n    print(1)": 2}, ["pprint(1)", "self.print(1)", "'print(1)'"])

    def test_reactorTimers(self) -> None:
        """Timers on a reactor are found, whatever holds it; timers on a clock are not."""
        self.ask(
            ask.reactorTimers,
            {"reactor.callLater(1, f)": 1, "\nself._reactor.callLater(1, f)": 2},
            ["clock.callLater(1, f)", "self._clock.callLater(1, f)"],
        )

    def test_naiveDatetimes(self) -> None:
        """Datetimes without a zone are found, however datetime was imported."""
        self.ask(
            ask.naiveDatetimes,
            {
                "datetime.now()": 1,
                "datetime.datetime.now()": 1,
                "datetime.utcnow()": 1,
                "datetime.today()": 1,
                "datetime.fromtimestamp(1)": 1,
                "datetime.utcfromtimestamp(1)": 1,
            },
            ["datetime.now(UTC)", "datetime.now(tz=UTC)", "datetime.fromtimestamp(1, UTC)", "clock.now()"],
        )

    def test_clockReadings(self) -> None:
        """Asking the time is found; being told is not."""
        self.ask(
            ask.clockReadings,
            {"datetime.now(UTC)": 1, "self._clock.seconds()": 1, "date.today()": 1},
            ["now.mono + 3", "delta.seconds", "values.now(slot)"],
        )

    def test_reactorImports(self) -> None:
        """Any spelling of the import is found where it runs at import; inside a function it is allowed."""
        self.ask(
            ask.reactorImports,
            {
                "from twisted.internet import defer, reactor": 1,
                "import twisted.internet.reactor": 1,
                "import twisted.internet.reactor as r": 1,
                "from twisted.internet.reactor import callLater": 1,
                "try:\n    from twisted.internet import reactor\nfinally: pass": 2,
                "class A:\n    from twisted.internet import reactor": 2,
            },
            [
                "def f():\n    from twisted.internet import reactor",
                "from twisted.internet import defer",
                "from twisted.internet import reactors",
            ],
        )

    def test_vagueClasses(self) -> None:
        """The words are found as words, not as parts of words."""
        self.ask(
            ask.vagueClasses,
            {
                "class DeviceManager: ...": 1,
                "class HTTPHandler: ...": 1,
                "class Helper: ...": 1,
                "class IOUtils: ...": 1,
            },
            ["class Futility: ...", "class Handled: ...", "class Management: ..."],
        )
        self.assertTrue(ask.vague("string_utils"))
        self.assertTrue(ask.vague("helpers"))
        self.assertFalse(ask.vague("futilities"))

    def test_machinePaths(self) -> None:
        """Paths of the machine are found; words that hold the same letters are not."""
        self.ask(
            ask.machinePaths,
            {"\nsee /" + "work/shared/x": 2, "/tmp/" + "venv/bin/python": 1, "x." + "library/env": 1},
            ["https://host/net/work", "a library/env", "framework/x"],
        )

    def test_imports(self) -> None:
        """Every import is seen, with the name it brings."""
        text = "import a.b\nfrom c import d, e\ndef f():\n    from .g import h\nif TYPE_CHECKING:\n    import i\n"
        self.assertEqual(sorted(ask.imports(text)), [(1, "a.b"), (2, "c.d"), (2, "c.e"), (4, ".g.h"), (6, "i")])


class Sources(SynchronousTestCase):
    """What the questions find in the project."""

    def test_thereIsSource(self) -> None:
        """The walk finds files at all: otherwise every test below would pass."""
        self.assertIn(ROOT / "dog" / "model" / "device.py", filesUnder("dog", suffix=".py"))
        self.assertIn(Path(__file__).resolve(), filesUnder("tests", suffix=".py"))

    def test_noAsyncTests(self) -> None:
        """No test is a coroutine: the trial that Debian 12 ships would pass it without running it."""
        self.assertEqual(findings(filesUnder("tests", "dog/testing", suffix=".py"), ask.asyncTests), [])

    def test_noEmptyTests(self) -> None:
        """Every test does something."""
        self.assertEqual(findings(filesUnder("tests", "dog/testing", suffix=".py"), ask.emptyTests), [])

    def test_everyTestIsFound(self) -> None:
        """A folder with tests is a package, or trial would not look into it."""
        bare = {
            path.parent for path in filesUnder("tests", suffix=".py") if not (path.parent / "__init__.py").exists()
        }
        self.assertEqual(bare, set())

    def test_noPrint(self) -> None:
        """Only the command line prints."""
        paths = [path for path in filesUnder("dog", suffix=".py") if ask.room(ask.moduleName(path)) != "cli"]
        self.assertEqual(findings(paths, ask.prints), [])

    def test_noReactorTimers(self) -> None:
        """Timers are set on the clock that was handed in."""
        self.assertEqual(findings(filesUnder("dog", suffix=".py"), ask.reactorTimers), [])

    def test_noNaiveDatetimes(self) -> None:
        """Every datetime knows its zone, in the tests too."""
        self.assertEqual(findings(filesUnder("dog", "tools", "tests", suffix=".py"), ask.naiveDatetimes), [])

    def test_coreIsTold(self) -> None:
        """The core never asks what time it is."""
        self.assertEqual(findings(filesUnder("dog/core", suffix=".py"), ask.clockReadings), [])

    def test_noReactorAtModuleLevel(self) -> None:
        """twistd --reactor, and a driver that needs another reactor, come too late if a module took it already."""
        self.assertEqual(findings(filesUnder("dog", "twisted", suffix=".py"), ask.reactorImports), [])

    def test_names(self) -> None:
        """Modules and classes are called after what they are."""
        paths = filesUnder("dog", suffix=".py")
        modules = [str(path) for path in paths if any(map(ask.vague, path.relative_to(ROOT).with_suffix("").parts))]
        self.assertEqual(modules, [])
        self.assertEqual(findings(paths, ask.vagueClasses), [])

    def test_noMachinePaths(self) -> None:
        """Nothing names a path of the machine that it was written on."""
        paths = filesUnder("dog", "tests", "tools", "twisted", "docs", "etc", "debian", "newsfragments", ".ci")
        paths += [
            path for path in ROOT.iterdir() if path.is_file() and path.suffix in ("", ".cfg", ".md", ".toml", ".in")
        ]
        found = []
        for path in paths:
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
            found += [f"{path.relative_to(ROOT)}:{finding}" for finding in ask.machinePaths(text)]
        self.assertEqual(found, [])
