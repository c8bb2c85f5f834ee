import subprocess
import sys

from dog import __version__
from dog.cli.main import COMMANDS, makeParser
from dog.client.errors import NotReachable
from tests.cli.fakes import CliCase
from tests.cli.running import ENVIRONMENT
from tests.source import ROOT


class MainTests(CliCase):
    def test_help(self) -> None:
        status, out, _ = self.dogctl("--help")
        self.assertEqual(status, 0)
        for word in ("devices", "status", "send", "watch", "home", "completion", "--gateway", "exit status"):
            self.assertIn(word, out)
        self.assertNotIn("_words", out)

    def test_version(self) -> None:
        self.assertEqual(self.dogctl("--version"), (0, f"dogctl {__version__}\n", ""))

    def test_usage(self) -> None:
        for arguments in (
            (),
            ("nonsense",),
            ("devices", "--nonsense"),
            ("home",),
            ("home", "check"),
            ("completion", "fish"),
            ("watch", "--count", "0"),
            ("watch", "-n", "x"),
            ("devices", "--timeout", "-1"),
            ("devices", "--timeout", "soon"),
            ("devices", "--timeout", "nan"),
            ("--gateway", "ftp://x", "devices"),
        ):
            if arguments[:1] == ("--gateway",):
                self.patch(type(self.rest), "get", lambda *_: self.fail("asked"))
            status, out, err = self.dogctl(*arguments)
            self.assertEqual((status, out), (2, ""), arguments)
            self.assertTrue(err, arguments)

    def test_not_reachable(self) -> None:
        path = "/api/v1/devices?detail=full"
        self.rest.answers["GET", path] = NotReachable("http://x", "nothing listens there")
        self.assertEqual(
            self.dogctl("devices"), (3, "", "dogctl: cannot reach the gateway: http://x: nothing listens there\n")
        )

    def test_interrupted(self) -> None:
        self.rest.get = lambda path: (_ for _ in ()).throw(KeyboardInterrupt)  # type: ignore[method-assign]
        self.assertEqual(self.dogctl("devices"), (130, "", ""))

    def test_every_command_has_help(self) -> None:
        names = [action for action in makeParser()._actions if action.dest == "command"]
        self.assertEqual(len(names[0]._choices_actions), len(COMMANDS))  # type: ignore[attr-defined]
        for choice in names[0]._choices_actions:  # type: ignore[attr-defined]
            self.assertTrue(choice.help)
            self.assertEqual(self.dogctl(choice.dest, "--help")[0], 0)


class StartTests(CliCase):
    def test_quick(self) -> None:
        """What needs no WebSocket loads no Twisted: it would double the time that dogctl takes."""
        code = (
            "import sys\n"
            "from dog.cli.main import main\n"
            "try:\n"
            "    main(sys.argv[1:])\n"
            "except SystemExit:\n"
            "    pass\n"
            "found = [each for each in ('twisted.internet', 'twisted.python', 'autobahn', 'zope.interface')\n"
            "         if each in sys.modules]\n"
            "print('LOADED', found)\n"
        )
        for arguments in (["--help"], ["devices", "--gateway", "http://127.0.0.1:1"], ["completion", "zsh"]):
            done = subprocess.run(
                [sys.executable, "-c", code, *arguments],
                cwd=ROOT,
                env=ENVIRONMENT,
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertIn("LOADED []", done.stdout, done.stderr)
