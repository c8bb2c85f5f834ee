"""L{tools.docs} and L{tools.reference}: everything is in the reference, and Sphinx has nothing to complain about."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dog.api.resources import ROUTES
from dog.cli.main import makeParser
from dog.config import KEYS
from dog.model.catalogue import catalogue
from dog.model.refusal import Code
from tests.source import ROOT
from tools.docs import assemble, linked
from tools.manpages import commandsOf
from tools.reference import pages


class Reference(SynchronousTestCase):
    def setUp(self) -> None:
        self.pages = pages()

    def test_api(self) -> None:
        """Every route, over HTTP or over the WebSocket only."""
        text = self.pages["api.md"].replace("\\", "")
        for route in ROUTES:
            self.assertIn(f"{route.method} {route.root}{route.path}", text)

    def test_codes(self) -> None:
        """Each code with its status and its meaning."""
        for each in Code:
            self.assertIn(f"| `{each}` | {each.status} |", self.pages["errors.md"])
            self.assertIn(each.meaning.replace("_", "\\_"), self.pages["errors.md"])

    def test_codesAreUsed(self) -> None:
        """None is only documented."""
        source = "".join(each.read_text("utf-8") for each in (ROOT / "dog").rglob("*.py"))
        for each in Code:
            self.assertGreater(source.count(f"Code.{each.name}"), 2, f"{each.name}: nobody refuses with it")

    def test_configuration(self) -> None:
        """Every setting below its section, with what is said of it; the preface before all of them."""
        text = self.pages["configuration.md"].replace("\\", "")
        for section, keys in KEYS.items():
            _, found, part = text.partition(f"\n## [{section}]\n")
            self.assertTrue(found, section)
            for key in keys:
                self.assertIn(f"\n{key} = ", part.partition("\n## ")[0], key)
        self.assertLess(text.index("Everything here is optional"), text.index("\n## "))
        self.assertIn("\n### simulate\n\ntrue: no bus is touched, every device is simulated.\n\n```toml\n", text)

    def test_commandLine(self) -> None:
        for name, _ in commandsOf(makeParser(), ""):
            self.assertIn(f"\n### dogctl {name}\n", self.pages["commandline.md"])

    def test_catalogue(self) -> None:
        """Each class once, with its commands, notifications and states."""
        text = "\n".join(each for name, each in self.pages.items() if name.startswith("catalogue/"))
        self.assertEqual(len(catalogue()), 210)
        for name in catalogue():
            found = catalogue().deviceClass(name)
            assert found is not None
            self.assertEqual(text.count(f"\n## {name}\n"), 1, name)
            part = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
            for each in (*found.commands, *found.states):
                self.assertIn(f"| `{each}`", part, name)
            for notification in found.notifications.values():
                self.assertIn(f"| `{notification.name}` | {notification.cls} |", part, name)


class Pages(SynchronousTestCase):
    def test_linked(self) -> None:
        """Pages that are named are linked, from wherever; what is no page stays what it is."""
        source = Path(self.mktemp())
        assemble(source)
        (source / "buses" / "knx.md").touch()
        text = "`docs/clients.md`, `dog/drivers/knx/README.md`, `docs/no.md`"
        self.assertEqual(
            linked(text, Path("buses/modbus.md"), source),
            "[`docs/clients.md`](../clients.md), [`dog/drivers/knx/README.md`](../buses/knx.md), `docs/no.md`",
        )

    def test_built(self) -> None:
        """Without a warning; a page that stands in no table of contents is one."""
        if importlib.util.find_spec("furo") is None or importlib.util.find_spec("myst_parser") is None:
            self.skipTest("Sphinx, furo or myst-parser is not installed: pip install dog-gateway[docs]")
        folder = Path(self.mktemp()).resolve()
        done = subprocess.run(
            [sys.executable, str(ROOT / "tools" / "docs.py"), str(folder)],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        for name in ("index", "tutorial", "buses/modbus", "reference/api", "reference/catalogue/actuator"):
            self.assertTrue((folder / "html" / f"{name}.html").exists(), name)
