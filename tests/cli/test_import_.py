from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import stat
from pathlib import Path
from typing import Any

from dog.cli import import_
from tests.cli.fakes import CliCase
from tests.moving.trees import HOME, HOUSE, MADE


class ImportTests(CliCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        (self.folder / HOUSE).write_text("devices=home.xml\n")
        (self.folder / "home.xml").write_text(HOME)
        self.out = self.folder.parent / "out"
        self.patch(import_, "hasIPv6", lambda: True)

    def run_(self, *options: str) -> tuple[int, str, str]:
        return self.dogctl("import", os.fspath(self.folder), *options)

    def json(self, *options: str) -> Any:
        status, out, _ = self.run_("--json", *options)
        self.assertEqual(status, 0)
        return json.loads(out)

    def test_only_told(self) -> None:
        """Without --output nothing is written; the report begins with those who lose by it."""
        status, out, err = self.run_()
        self.assertEqual(status, 0)
        self.assertTrue(out.startswith("WHO WOULD STOP WORKING\n  clients on other machines: "), out)
        for head in ("TAKEN", "CHANGED", "LEFT", "THE HOME: 1 DEVICES", "TO BE WRITTEN"):
            self.assertIn(f"\n{head}\n", out)
        self.assertIn("--output", err)
        self.assertFalse(self.out.exists())

    def test_written(self) -> None:
        status, out, err = self.run_("--output", os.fspath(self.out))
        self.assertEqual(status, 0)
        self.assertEqual(sorted(os.listdir(self.out)), ["dog.toml", "home.xml"])
        self.assertEqual((self.out / "home.xml").read_text(), HOME)
        self.assertIn(f'state_dir = "{self.out}"', (self.out / "dog.toml").read_text())
        self.assertIn(f"  {self.out}/home.xml\n", out)
        self.assertIn(f"twistd dog --config {self.out}/dog.toml", err)
        self.assertEqual(stat.S_IMODE((self.out / "dog.toml").stat().st_mode), 0o600)

    def test_json(self) -> None:
        found = self.json("--output", os.fspath(self.out))
        self.assertEqual((found["ok"], found["output"], found["devices"]), (True, os.fspath(self.out), 1))
        self.assertEqual(found["stops"][0]["code"], "listeners")
        self.assertEqual(found["files"], ["dog.toml", "home.xml"])
        self.assertEqual(found["configuration"], (self.out / "dog.toml").read_text())
        self.assertEqual(found["taken"][0]["to"], "home.xml")

    def test_problems(self) -> None:
        """Those of the home and of the drivers with the settings that were made, but not buses twice."""
        found = self.json()
        self.assertEqual([each["code"] for each in found["problems"]], ["driver", "driver"])
        self.assertIn("gateway is missing", found["problems"][0]["message"])

    def test_options(self) -> None:
        found = self.json("--keep-open", "--port", "9000", "--profile", "released")
        self.assertIn('listen = ["tcp:9000", "tcp6:9000"]', found["configuration"])
        self.assertIn('anonymous = "admin"', found["configuration"])
        self.assertIn('profile = "released"', found["configuration"])

    def test_not_overwritten(self) -> None:
        self.out.mkdir()
        (self.out / "home.xml").write_text("mine")
        status, _, err = self.run_("--output", os.fspath(self.out))
        self.assertEqual(status, 1)
        self.assertIn("not empty", err)
        self.assertEqual((self.out / "home.xml").read_text(), "mine")
        self.assertEqual(self.run_("--output", os.fspath(self.out), "--force")[0], 0)
        self.assertEqual((self.out / "home.xml").read_text(), HOME)

    def test_gateway_running(self) -> None:
        """Not where one has its state open, force or not."""
        self.out.mkdir()
        database = sqlite3.connect(self.out / "state.db", isolation_level=None)
        self.addCleanup(database.close)
        self.patch(import_, "isInUse", lambda path: path == self.out / "state.db")
        status, _, err = self.run_("--output", os.fspath(self.out), "--force")
        self.assertEqual(status, 1)
        self.assertIn("a gateway runs in", err)
        self.assertEqual(os.listdir(self.out), ["state.db"])

    def test_no_home(self) -> None:
        (self.folder / "home.xml").write_text("<a")
        status, out, err = self.run_("--output", os.fspath(self.out))
        self.assertEqual(status, 1)
        self.assertIn("can't be read", err)
        self.assertIn("nothing was written", err)
        self.assertIn("WHO WOULD STOP WORKING", out)
        self.assertFalse(self.out.exists())
        status, out, err = self.run_("--json")
        self.assertEqual((status, json.loads(out)["ok"], json.loads(err)["error"]["code"]), (1, False, "bad_value"))

    def test_not_writable(self) -> None:
        (self.folder / "file").touch()
        status, _, err = self.run_("--output", os.fspath(self.folder / "file" / "out"))
        self.assertEqual(status, 1)
        self.assertIn("Not a directory", err)

    def test_usage(self) -> None:
        for arguments in (("none",), (os.fspath(self.folder / "home.xml"),)):
            status, out, err = self.dogctl("import", *arguments)
            self.assertEqual((status, out), (2, ""))
            self.assertIn(arguments[0], err)
        for options in (("--port", "0"), ("--port", "65536"), ("--port", "x"), ("--profile", "x")):
            self.assertEqual(self.run_(*options)[0], 2)

    def test_terminal(self) -> None:
        """Nothing of what stands in the files is obeyed by it."""
        (self.folder / "x\x1b[31m.txt").touch()
        (self.folder / "com.example.x.cfg").write_text("k\\u001b]0;=1\n")
        _, out, _ = self.run_()
        self.assertNotIn("\x1b", out)
        self.assertIn("x\\x1b[31m.txt", out)

    def test_whole(self) -> None:
        self.folder = MADE
        found = self.json()
        self.assertEqual(found["devices"], 22)
        self.assertNotIn("no_driver", [each["code"] for each in found["problems"]])
        self.assertEqual({each["severity"] for each in found["problems"]}, {"warning"})


class IPv6(CliCase):
    def test_there(self) -> None:
        """What the machine says, without a port staying open."""
        there = import_.hasIPv6()
        with socket.socket() as four, contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as six:
            four.bind(("127.0.0.1", 0))
            six.bind(("::1", four.getsockname()[1]))
            self.assertTrue(there)

        def none(*arguments: Any) -> Any:
            raise OSError(97, "Address family not supported by protocol")

        self.patch(socket, "socket", none)
        self.assertFalse(import_.hasIPv6())
