from __future__ import annotations

import os
from pathlib import Path

from dog.moving.installation import Installation
from dog.moving.report import Report
from tests.moving.trees import MADE, TreeCase, why

CFG = "com.example.thing.cfg"


class Reading(TreeCase):
    def test_anyCase(self) -> None:
        """Keys are keys in any case; the last of them counts, and the others are told."""
        self.put({"Com.Example.Thing.cfg": "KEY=1\nkey = 2 \n"})
        old, report = self.installation()
        configuration = old.of("com.example.THING")
        assert configuration is not None
        taken = configuration.take("Key")
        assert taken is not None
        self.assertEqual((taken[1], configuration.entries), ("2", {}))
        self.assertIsNone(configuration.take("key"))
        self.assertIn("line 2", why(report.left, "Com.Example.Thing.cfg", "KEY") or "")

    def test_lookedUp(self) -> None:
        """What stands for a property of the framework, or a secret, can't be known."""
        self.put({CFG: "a=${configFolder}/x\nb=$[env:TOKEN]\nc=1\n"})
        old, report = self.installation()
        configuration = old.of("com.example.thing")
        assert configuration is not None
        self.assertEqual(list(configuration.entries), ["c"])
        self.assertIn("looked up", why(report.left, CFG, "a") or "")
        self.assertIn("looked up", why(report.left, CFG, "b") or "")

    def test_twoForOne(self) -> None:
        self.put({CFG: "a=1", "com.example.thing-two.cfg": "a=2"})
        old, report = self.installation()
        self.assertIn("came first", why(report.left, CFG) or "")
        configuration = old.of("com.example.thing")
        assert configuration is not None
        self.assertEqual(configuration.bundle.name, "two")

    def test_unreadable(self) -> None:
        """Binary, too large, with a broken escape; a link is none of them and stays where it is."""
        self.put({"a.cfg": b"\0\1", "b.cfg": "x" * 300_000, "c.cfg": "a=\\u1"})
        (self.folder / "d.cfg").symlink_to("/etc/passwd")
        old, report = self.installation()
        self.assertEqual([each.file for each in report.left], ["a.cfg", "b.cfg", "c.cfg"])
        self.assertEqual(old.files["d.cfg"], "link")


class Places(TreeCase):
    def root(self, *parts: str) -> tuple[str, str]:
        old = Installation(os.fspath(Path(self.folder, *parts)), Report())
        self.addCleanup(old.close)
        self.assertEqual(len(old.configurations), 1)
        return os.path.relpath(old.tree.root, os.path.realpath(self.folder)), old.config

    def test_whole(self) -> None:
        """The installation is found from each of its folders."""
        self.folder = self.folder / "whole"
        self.put({"configuration/config/a.cfg": "", "communication/x.jar": ""})
        for given in ((), ("configuration",), ("configuration", "config")):
            self.assertEqual(self.root(*given), (".", "configuration/config"), given)

    def test_noInstallationAround(self) -> None:
        """Nothing is looked at above a folder that is in no installation."""
        self.folder = self.folder / "etc"
        self.put({"config/a.cfg": "", "other/x": ""})
        self.assertEqual(self.root("config"), ("config", "."))
        self.assertEqual(self.root(), (".", "config"))

    def test_noFolder(self) -> None:
        self.assertRaises(NotADirectoryError, Installation, os.fspath(self.folder / "home.xml"), Report())
        self.assertRaises(FileNotFoundError, Installation, os.fspath(self.folder / "none"), Report())


class Around(TreeCase):
    def test_ports(self) -> None:
        """C{config.ini} first, then units and scripts."""
        old = Installation(os.fspath(MADE), Report())
        self.addCleanup(old.close)
        self.assertEqual(
            old.ports(),
            [
                ("configuration/config.ini", "org.osgi.service.http.port", "8181"),
                ("service/dog-gateway.service", None, "8080"),
            ],
        )

    def test_scripts(self) -> None:
        self.put(
            {
                "start.sh": "java -Dorg.osgi.service.http.port=9090 -jar x.jar\n",
                "service/dog": "HTTP_PORT=9091\n",
                "other.txt": "HTTP_PORT=1\n",
            }
        )
        old, _ = self.installation()
        self.assertEqual(old.ports(), [("service/dog", None, "9091"), ("start.sh", None, "9090")])

    def test_brokenLauncher(self) -> None:
        self.put({"config.ini": "a=\\u1"})
        old, report = self.installation()
        self.assertEqual(old.ports(), [])
        self.assertIn("hexadecimal", why(report.left, "config.ini") or "")

    def test_deviceApi(self) -> None:
        bundle = "it.polito.elite.dog.communication.rest.device.api"
        old, _ = self.installation()
        self.assertIsNone(old.deviceApi())
        self.put({f"communication/{bundle}_1.1.9.jar": "", f"bundles/x/{bundle}-1.10.0.jar": ""})
        old, _ = self.installation()
        self.assertEqual(old.deviceApi(), "1.10.0")

    def test_deviceApiOfLauncher(self) -> None:
        self.put({"config.ini": "osgi.bundles=it.polito.elite.dog.communication.rest.device.api_1.0.2@start\n"})
        old, _ = self.installation()
        self.assertEqual(old.deviceApi(), "1.0.2")
