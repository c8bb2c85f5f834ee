"""The rooms of the house, which way imports point between them, and that a package is complete."""

from __future__ import annotations

import configparser
import importlib
import os
import subprocess
import sys

from twisted.application.service import IServiceMaker
from twisted.plugin import IPlugin
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.source import ROOT, filesUnder, imports, moduleName, room

#: What each room may import of ours, itself apart. model <- home, core <- live <- api, drivers, addons <- service.
ROOMS: dict[str, set[str]] = {
    "model": set(),
    "interfaces": {"model"},
    "home": {"model"},
    "core": {"model"},
    "endpoints": set(),
    "config": {"model", "endpoints"},
    # What the drivers take is theirs to say.
    "moving": {"model", "home", "config", "drivers"},
    "live": {"model", "interfaces", "home", "core"},
    "api": {"model", "home", "core", "live"},
    "drivers": {"model", "interfaces"},
    "addons": {"model", "interfaces", "home", "core", "live"},
    # The echo service is our own WebSocket stack, for the peers that test it.
    "testing": {"model", "interfaces", "home", "core", "live", "api"},
    "client": {"model"},
    # Offline, "home check" asks the drivers what they think of a home.
    "cli": {"client", "model", "home", "core", "config", "interfaces", "live", "drivers", "moving"},
    "pages": set(),
    "certificates": {"home"},
    "listeners": {"certificates", "endpoints"},
    "setters": {"model", "config", "live", "api"},
    "reload": {"model", "config", "live", "api", "endpoints", "listeners", "certificates"},
    "service": {
        *("model", "interfaces", "home", "core", "config", "live", "api", "drivers", "addons"),
        *("pages", "endpoints", "listeners", "certificates", "systemd", "setters", "reload"),
    },
    "logs": {"model"},
    "tap": {"model", "config", "service", "logs"},
    "systemd": set(),
}

_NETWORK = {
    "twisted",
    "autobahn",
    "serial",
    "socket",
    "ssl",
    "select",
    "selectors",
    "asyncio",
    "threading",
    "subprocess",
}
_FILES = {"os", "io", "pathlib", "shutil", "tempfile", "glob", "sqlite3", "mmap", "fcntl"}

#: What else a room keeps out of. The core is fed with everything: time and chance too.
KEEPS_OUT: dict[str, set[str]] = {
    "model": _NETWORK | {"zope"},
    "home": _NETWORK | {"zope"},
    "core": _NETWORK | _FILES | {"zope", "time", "random", "secrets", "uuid", "logging", "importlib"},
}


def wrongImports(module: str, text: str) -> list[str]:
    """What a module imports and its room does not allow."""
    here = room(module)
    found = []
    for line, name in imports(text):
        there = room(name)
        if there and there != here and there not in ROOMS.get(here, ROOMS) and name != "dog.__version__":
            found.append(f"{module}:{line}: {here} must not import {name}")
        if name.split(".")[0] in KEEPS_OUT.get(here, ()):
            found.append(f"{module}:{line}: {here} keeps out of {name}")
    return found


class Imports(SynchronousTestCase):
    def test_findsWrongOnes(self) -> None:
        """The check sees an import against the direction, in any place and spelling, and lets the others pass."""
        for module, text in (
            ("dog.model.device", "from dog.home import reader"),
            ("dog.core.values", "def f():\n    import dog.live.stepper"),
            ("dog.live.home", "from dog import api"),
            ("dog.drivers.knx.driver", "if TYPE_CHECKING:\n    from dog.live.links import Links"),
            ("dog.core.events", "from twisted.internet.defer import Deferred"),
            ("dog.core.events", "import time"),
            ("dog.home.store", "from twisted.python.filepath import FilePath"),
            ("dog.api.http", "from dog.testing import fakes"),
        ):
            self.assertEqual(len(wrongImports(module, text)), 1, text)
        for module, text in (
            ("dog.api.http", "from dog.live import home\nimport os\nimport dog.model.rights as rights"),
            ("dog.core.values", "from dog.core.now import Now\nfrom datetime import datetime"),
            ("dog.service", "from dog.api.http import Door\nfrom dog import __version__"),
        ):
            self.assertEqual(wrongImports(module, text), [], text)

    def test_tableIsAcyclic(self) -> None:
        """The table itself points one way."""
        left = {name: set(allowed) for name, allowed in ROOMS.items()}
        while ready := [name for name, allowed in left.items() if not allowed & left.keys()]:
            for name in ready:
                del left[name]
        self.assertEqual(left, {})

    def test_direction(self) -> None:
        """Imports between the rooms point one way, and every room is in the table."""
        found = []
        for path in filesUnder("dog", suffix=".py"):
            module = moduleName(path)
            if module == "dog":
                found += [
                    f"dog:{line}: imports {name}"
                    for line, name in imports(path.read_text(encoding="utf-8"))
                    if room(name)
                ]
            elif room(module) not in ROOMS:
                found.append(f"{module}: no such room")
            else:
                found += wrongImports(module, path.read_text(encoding="utf-8"))
        self.assertEqual(found, [])

    def test_nothingIsRelative(self) -> None:
        """Imports name the whole path, so that the check above sees them all."""
        found = [
            f"{path.relative_to(ROOT)}:{line}: {name}"
            for path in filesUnder("dog", "tests", suffix=".py")
            for line, name in imports(path.read_text(encoding="utf-8"))
            if name.startswith(".")
        ]
        self.assertEqual(found, [])

    def test_noReactor(self) -> None:
        """Importing every module of the gateway leaves the choice of the reactor open."""
        modules = [moduleName(path) for path in filesUnder("dog", suffix=".py") if path.name != "__main__.py"]
        # Autobahn takes either Twisted or asyncio: the asyncio client can't be in one process with the others.
        alone = [each for each in modules if each.startswith("dog.client.aio")]
        self.importAll("twisted.plugins.dog_plugin", *(each for each in modules if each not in alone))
        self.importAll(*alone)

    def importAll(self, *modules: str) -> None:
        code = (
            "import importlib, sys\n"
            "for name in sys.argv[1:]:\n"
            "    importlib.import_module(name)\n"
            "    assert 'twisted.internet.reactor' not in sys.modules, name + ' imports the reactor'\n"
        )
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, *modules],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)


class Package(SynchronousTestCase):
    def setUp(self) -> None:
        self.config = configparser.ConfigParser()
        self.config.read(ROOT / "setup.cfg", encoding="utf-8")

    def test_packagesAreListed(self) -> None:
        """setup.cfg lists the packages that there are, in order."""
        there = {moduleName(path.parent / "__init__.py") for path in filesUnder("dog", suffix=".py")}
        listed = self.config["options"]["packages"].split()
        self.assertEqual(listed, [*sorted(there), "twisted.plugins"])

    def test_packagesAreComplete(self) -> None:
        """Every folder with modules is a package; twisted and twisted.plugins, which belong to Twisted, are not."""
        bare = [path for path in filesUnder("dog", suffix=".py") if not (path.parent / "__init__.py").exists()]
        self.assertEqual(bare, [])
        self.assertEqual([path.name for path in filesUnder("twisted", suffix=".py")], ["dog_plugin.py"])

    def test_entryPoints(self) -> None:
        """What the entry points name is there."""
        lines = [line for value in self.config["options.entry_points"].values() for line in value.split("\n") if line]
        self.assertIn("dogctl = dog.cli.main:main", lines)
        for line in lines:
            module, _, name = line.partition("=")[2].strip().partition(":")
            self.assertTrue(hasattr(importlib.import_module(module), name), line)


class Plugin(SynchronousTestCase):
    def test_module(self) -> None:
        """dog.tap, which the plugin names, gives twistd options and a service."""
        from twisted.plugins import dog_plugin

        verifyObject(IServiceMaker, dog_plugin.dog)

    def test_serviceMaker(self) -> None:
        """The plugin is what twistd looks for, named dog, and nothing but."""
        from twisted.plugins import dog_plugin

        maker = dog_plugin.dog
        self.assertTrue(IServiceMaker.providedBy(maker) and IPlugin.providedBy(maker))
        self.assertEqual((maker.tapname, maker.module), ("dog", "dog.tap"))
        self.assertEqual([name for name in vars(dog_plugin) if not name.startswith("__")], ["ServiceMaker", "dog"])

    def test_twistdListsIt(self) -> None:
        """twistd, started where the project is on the path, offers the command."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", "from twisted.scripts.twistd import run; run()", "--help"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertRegex(done.stdout, r"(?m)^    dog +A home-automation gateway$", done.stderr)
