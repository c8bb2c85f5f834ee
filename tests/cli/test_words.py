"""What a shell offers, and the scripts that ask for it in real shells."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

from dog.cli.completion import SCRIPTS
from dog.cli.main import makeParser
from dog.cli.words import _split, commandsOf, find
from dog.client.errors import NotReachable
from dog.client.rest import Answer
from tests.cli.fakes import CliCase
from tests.source import ROOT

DEVICES = {
    "devices": [
        {"id": "kitchen-lamp", "class": "SimpleLamp", "isIn": "kitchen", "description": "Lamp: the \x1b one"},
        {"id": "zwave:3", "class": "Meter"},
        {"id": "bad\x1bid", "class": "Meter"},
    ]
}
COMMANDS: dict[str, Any] = {
    "controlFunctionality": [
        {
            "class": "OnOffFunctionality",
            "commands": [
                {"class": "OnCommand", "param": [{"name": "realCommandName", "value": "on"}]},
                {"class": "OffCommand", "param": [{"name": "realCommandName", "value": "off"}]},
            ],
        },
        {"class": "QueryFunctionality"},
    ]
}
DRIVERS = {
    "drivers": [
        {"name": "modbus", "systems": ["Modbus"], "links": [{"key": "tcp:a"}, {"key": "tcp:b"}]},
        {"name": "enocean", "systems": ["EnOcean"], "links": []},
    ]
}


class SplitTests(CliCase):
    def test_words(self) -> None:
        for line, words in [
            ("", [""]),
            ("dogctl ", ["dogctl", ""]),
            ("dogctl dev", ["dogctl", "dev"]),
            ('dogctl send "a b', ["dogctl", "send", "a b"]),
            ("dogctl send 'a b ", ["dogctl", "send", "a b "]),
            ("dogctl send a\\ b ", ["dogctl", "send", "a b", ""]),
            ("dogctl send a\\", ["dogctl", "send", "a"]),
            ("dogctl send a\\\\", ["dogctl", "send", "a\\"]),
        ]:
            self.assertEqual(_split(line), words, line)


class FindTests(CliCase):
    def test_places(self) -> None:
        for line, argument in [
            ("", "command"),
            ("status ", "device"),
            ("--json status ", "device"),
            ("--gateway http://x status ", "device"),
            ("--gateway=http://x status ", "device"),
            ("status --gateway ", "gateway"),
            ("status --gateway", None),
            ("status lamp ", None),
            ("send ", "device"),
            ("send lamp ", "name"),
            ("send lamp on ", "values"),
            ("send lamp on 1 2 ", "values"),
            ("watch a b ", "filters"),
            ("watch --count 3 ", "filters"),
            ("capture modbus ", "link"),
            ("capture modbus --output ", "file"),
            ("home ", "homeCommand"),
            ("home check ", "file"),
            ("nonsense ", None),
            ("nonsense more ", None),
        ]:
            self.assertEqual(find(makeParser(), line.split(" ")).argument, argument, line)


class OfferTests(CliCase):
    def setUp(self) -> None:
        super().setUp()
        self.rest.answers["GET", "/api/v1/devices"] = Answer(200, DEVICES)
        self.rest.answers["GET", "/api/v1/devices/kitchen-lamp"] = Answer(200, COMMANDS)
        self.rest.answers["GET", "/api/v1/drivers"] = Answer(200, DRIVERS)
        tokens = [{"name": "admin", "role": "admin"}, {"name": "panel", "role": "user"}]
        self.rest.answers["GET", "/api/v1/tokens"] = Answer(200, {"tokens": tokens})

    def offered(self, line: str, shell: str = "bash", part: str | None = None) -> list[str]:
        self.patch(os, "environ", {"DOGCTL_LINE": line, **({} if part is None else {"DOGCTL_PART": part})})
        status, out, err = self.dogctl("_words", shell)
        self.assertEqual((status, err), (0, ""))
        return out.splitlines()

    def test_bash(self) -> None:
        for line, words in [
            ("dogctl s", ["status", "send"]),
            ("dogctl completion ", ["bash", "zsh"]),
            ("dogctl home ", ["check"]),
            ("dogctl home check ho", ["<files>"]),
            ("dogctl status ", ["kitchen-lamp", "zwave:3"]),
            ("dogctl status k", ["kitchen-lamp"]),
            ("dogctl send kitchen-lamp ", ["on", "off"]),
            ("dogctl send kitchen-lamp o", ["on", "off"]),
            ("dogctl send unknown ", []),
            ("dogctl send kitchen-lamp on ", []),
            ("dogctl watch ", ["kitchen-lamp", "zwave:3", "kitchen", "SimpleLamp", "Meter"]),
            ("dogctl watch --co", ["--count"]),
            ("dogctl drivers ", ["restart"]),
            ("dogctl drivers restart ", ["modbus", "enocean"]),
            ("dogctl drivers restart modbus ", ["tcp:a", "tcp:b"]),
            ("dogctl home check --config do", ["<files>"]),
            ("dogctl capture ", ["modbus", "enocean"]),
            ("dogctl capture modbus ", ["tcp:a", "tcp:b"]),
            ("dogctl capture enocean ", []),
            ("dogctl capture modbus -o ca", ["<files>"]),
            ("dogctl token ", ["list", "add", "revoke"]),
            ("dogctl token add x --role ", ["viewer", "user", "admin"]),
            ("dogctl token add x -o fi", ["<files>"]),
            ("dogctl token revoke ", ["admin", "panel"]),
            ("dogctl --token-file fi", ["<files>"]),
            ("dogctl backup fi", ["<files>"]),
            ("dogctl restore x --state-dir fi", ["<files>"]),
            ("dogctl import fi", ["<files>"]),
            ("dogctl import x --output fi", ["<files>"]),
            ("dogctl import x --profile ", ["documented", "released"]),
            ("dogctl --gateway ", []),
            ("dogctl nonsense ", []),
        ]:
            self.assertEqual(self.offered(line), words, line)

    def test_part_behind_a_colon(self) -> None:
        """bash has taken zwave:3 apart and replaces only what is behind the colon."""
        self.assertEqual(self.offered("dogctl status zwave:", part=""), ["3"])
        self.assertEqual(self.offered("dogctl status zw", part="zw"), ["zwave:3"])

    def test_zsh(self) -> None:
        self.assertEqual(self.offered("dogctl\nstatus\nk", "zsh"), ["kitchen-lamp:Lamp: the \\x1b one"])
        self.assertEqual(self.offered("dogctl\nstatus\nz", "zsh"), ["zwave\\:3:Meter"])
        self.assertEqual(self.offered("dogctl\nhome\ncheck\n", "zsh"), ["<files>"])

    def test_gateway_of_the_line(self) -> None:
        self.offered("dogctl --gateway http://x:1 --token t status ")
        options = self.rest.options
        assert options is not None
        self.assertEqual((options.gateway.http, options.token, options.timeout), ("http://x:1", "t", 1.0))

    def test_silent_without_a_gateway(self) -> None:
        self.rest.answers["GET", "/api/v1/devices"] = NotReachable("http://x", "nothing listens there")
        self.assertEqual(self.offered("dogctl status "), [])

    def test_released_profile(self) -> None:
        released = {
            "controlFunctionality": [{"commands": {"command": COMMANDS["controlFunctionality"][0]["commands"]}}]
        }
        self.assertEqual(commandsOf(released), ["on", "off"])


class ScriptTests(CliCase):
    def test_files(self) -> None:
        """The files that packages install are what dogctl prints."""
        for shell, name in (("bash", "dogctl.bash"), ("zsh", "_dogctl")):
            self.assertEqual(self.dogctl("completion", shell), (0, SCRIPTS[shell], ""))
            file = ROOT / "etc" / "completion" / name
            self.assertEqual(file.read_text(encoding="utf-8"), SCRIPTS[shell])

    def path(self) -> str:
        """PATH with a dogctl that is this one."""
        folder = Path(self.mktemp())
        folder.mkdir()
        program = folder / "dogctl"
        program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m dog.cli "$@"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return f"{folder.resolve()}:{os.environ['PATH']}"

    def shell(self, program: str, script: str) -> str:
        if shutil.which(program) is None:
            self.skipTest(f"{program} is not installed")
        arguments = ["--norc", "--noprofile"] if program == "bash" else ["-f"]
        done = subprocess.run(
            [program, *arguments, "-c", script],
            env={**os.environ, "PATH": self.path(), "DOG_GATEWAY": "http://127.0.0.1:1"},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_bash(self) -> None:
        script = f"""
            source {ROOT}/etc/completion/dogctl.bash
            complete -p dogctl
            compopt() {{ echo "compopt $*"; }}
            try() {{
                COMP_LINE="$1" COMP_POINT=${{#1}} COMPREPLY=()
                _dogctl dogctl "${{1##* }}" x
                echo "${{COMPREPLY[*]}}"
            }}
            try "dogctl s"
            try "dogctl completion "
            try "dogctl status "
            try "dogctl home check "
        """
        self.assertEqual(
            self.shell("bash", script).splitlines(),
            ["complete -F _dogctl dogctl", "status send", "bash zsh", "", "compopt -o default", ""],
        )

    def test_zsh(self) -> None:
        script = f"""
            compdef() {{ echo "compdef $*"; }}
            _describe() {{ print -l -- "${{(@P)2}}"; }}
            _files() {{ echo files; }}
            source {ROOT}/etc/completion/_dogctl
            words=(dogctl s) CURRENT=2; _dogctl
            words=(dogctl home check '') CURRENT=4; _dogctl
        """
        self.assertEqual(
            self.shell("zsh", script).splitlines(),
            [
                "compdef _dogctl dogctl",
                "status:how the devices are, or one of them",
                "send:tell a device to do something",
                "files",
            ],
        )
