"""The options of C{twistd dog}."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dog.config import LOOPBACK, Settings
from dog.tap import Options


class OptionsTests(SynchronousTestCase):
    def settings(self, *arguments: str) -> Settings:
        options = Options()
        options.parseOptions(list(arguments))
        return options.settings

    def test_nothing(self) -> None:
        """Runs with no configuration file at all, on loopback, IPv4 and IPv6."""
        settings = self.settings()
        self.assertEqual(settings, Settings())
        self.assertEqual(settings.listen, LOOPBACK)

    def test_everything(self) -> None:
        settings = self.settings(
            "--home", "h.xml", "--state-dir", "s", "--simulate",
            "--listen", "tcp:1:interface=127.0.0.1", "--listen", "unix:/tmp/x",
        )  # fmt: skip
        self.assertEqual((settings.home, settings.stateDir), (Path("h.xml"), Path("s")))
        self.assertTrue(settings.simulate)
        self.assertEqual(settings.listen, ("tcp:1:interface=127.0.0.1", "unix:/tmp/x"))

    def test_overrideTheFile(self) -> None:
        path = Path(self.mktemp())
        path.write_text('[house]\nhome = "mine.xml"\nseed = 5\n[server]\nlisten = ["tcp:9:interface=127.0.0.1"]\n')
        settings = self.settings("--config", str(path), "--home", "other.xml")
        self.assertEqual((settings.home, settings.seed), (Path("other.xml"), 5))
        self.assertEqual(settings.listen, ("tcp:9:interface=127.0.0.1",))
        self.assertEqual(self.settings("--config", str(path)).home, path.absolute().parent / "mine.xml")

    def test_badFile(self) -> None:
        path = Path(self.mktemp())
        path.write_text("[house]\nhoem = 1\n")
        error = self.assertRaises(SystemExit, self.settings, "--config", str(path))
        self.assertIn(":2:", str(error))

    def test_exposedListener(self) -> None:
        error = self.assertRaises(SystemExit, self.settings, "--listen", "tcp:8080")
        self.assertIn("anonymous", str(error))

    def test_version(self) -> None:
        self.assertIn("dog", str(self.assertRaises(SystemExit, self.settings, "--version").code))
