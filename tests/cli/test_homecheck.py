import json
import os
from pathlib import Path
from typing import Any, cast

from dog.cli.homecheck import severity
from dog.live import drivers
from dog.model.home import Problem
from tests.cli.fakes import CliCase

HOME = """<?xml version="1.0" encoding="UTF-8"?>
<dhc:dogHomeConfiguration xmlns:dhc="http://elite.polito.it/dogHomeConfiguration">
  <dhc:buildingEnvironment><dhc:building id="b" class="Building"><dhc:flat id="f" class="Flat">
    <dhc:room id="kitchen" class="Kitchen"/>
  </dhc:flat></dhc:building></dhc:buildingEnvironment>
  <dhc:controllables>
    %s
  </dhc:controllables>
</dhc:dogHomeConfiguration>
"""

GOOD = """<dhc:device id="lamp" class="SimpleLamp" domoticSystem="Demo"><dhc:description>The lamp</dhc:description>
    <dhc:isIn>kitchen</dhc:isIn></dhc:device>"""


class Driver:
    """A driver that finds something."""

    name = "demo"
    systems = ("Demo",)

    def __init__(self) -> None:
        self.checked: list[Any] = []

    def check(self, settings: Any, gateway: Any, devices: Any) -> list[str]:
        self.checked.append((settings, gateway and gateway.id, [each.id for each in devices]))
        return []


class HomeCheckTests(CliCase):
    def setUp(self) -> None:
        super().setUp()
        self.driver = cast(Any, Driver())
        self.patch(drivers, "findDrivers", lambda: drivers.Drivers({}, {"demo": self.driver}))

    def file(self, devices: str = GOOD) -> str:
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "home.xml").write_text(HOME % devices, encoding="utf-8")
        return os.path.relpath(folder / "home.xml")

    def test_nothing_wrong(self) -> None:
        file = self.file()
        self.assertEqual(self.dogctl("home", "check", file), (0, f"{file}: 1 devices, no problems\n", ""))

    def test_errors(self) -> None:
        file = self.file(
            GOOD.replace("kitchen", "cellar")
            + '\n<dhc:device id="odd" class="NoClass" domoticSystem="Demo">'
            + "<dhc:description>x</dhc:description></dhc:device>"
        )
        status, out, err = self.dogctl("home", "check", file)
        self.assertEqual((status, err), (1, ""))
        first, second, last = out.splitlines()
        self.assertRegex(first, rf"^{file}:8:\d+: error: device lamp: .*'cellar'.* \[dangling_isin\]$")
        self.assertRegex(second, rf"^{file}:9(:\d+)?: error: device odd: .*'NoClass'.* \[unknown_class\]$")
        self.assertEqual(last, f"{file}: 2 devices, 2 errors")

    def test_warnings(self) -> None:
        file = self.file('<dhc:device id="lamp" class="SimpleLamp" domoticSystem="Demo"/>')
        status, out, _ = self.dogctl("home", "check", file)
        self.assertEqual(status, 0)
        self.assertIn(": warning: device lamp: ", out)
        self.assertTrue(out.endswith(": 1 devices, 1 warning\n"), out)

    def test_json(self) -> None:
        file = self.file(GOOD.replace("kitchen", "cellar"))
        status, out, _ = self.dogctl("home", "check", file, "--json")
        found = json.loads(out)
        self.assertEqual((status, found["ok"], found["file"], found["devices"]), (1, False, file, 1))
        (problem,) = found["problems"]
        self.assertEqual(
            (problem["severity"], problem["code"], problem["line"], problem["device"]),
            ("error", "dangling_isin", 8, "lamp"),
        )

    def test_not_readable(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        for text in ("<dhc:dogHome", "", "<!DOCTYPE x><x/>"):
            (folder / "home.xml").write_text(text, encoding="utf-8")
            status, out, _ = self.dogctl("home", "check", str(folder / "home.xml"))
            self.assertEqual(status, 1)
            self.assertRegex(out.splitlines()[0], r"home\.xml(:\d+)*: fatal: ")
            self.assertIn("not readable", out.splitlines()[-1])

    def test_no_file(self) -> None:
        status, out, _ = self.dogctl("home", "check", "no/such/home.xml")
        self.assertEqual(status, 1)
        self.assertTrue(out.startswith("no/such/home.xml: fatal: "), out)
        self.assertEqual(self.driver.checked, [])

    def test_settings(self) -> None:
        """Drivers are asked with the settings that a gateway with this configuration gives them."""
        file = self.file()
        config = Path(file).parent / "dog.toml"
        config.write_text("[drivers.demo]\nport = '/dev/ttyUSB0'\n[drivers.other]\nx = 1\n", encoding="utf-8")
        self.assertEqual(self.dogctl("home", "check", file, "--config", str(config))[0], 0)
        self.assertEqual(self.driver.checked, [({"port": "/dev/ttyUSB0"}, None, ["lamp"])])
        config.write_text("[drivers]\ndemo = 5\n", encoding="utf-8")
        status, out, err = self.dogctl("home", "check", file, "--config", str(config))
        self.assertEqual((status, out), (2, ""))
        self.assertIn("dog.toml:1: [drivers] takes one table per driver", err)
        self.assertEqual(self.dogctl("home", "check", file, "--config", "no/such/file")[0], 2)

    def test_driver_fails(self) -> None:
        """A driver's bug is a problem of its own, and the rest is checked."""

        def check(*_: object) -> list[str]:
            raise KeyError("port")

        self.patch(self.driver, "check", check)
        status, out, _ = self.dogctl("home", "check", self.file())
        self.assertEqual(status, 1)
        self.assertIn("demo: the driver failed on it: KeyError: 'port' [driver]", out)

    def test_driver_is_asked(self) -> None:
        file = self.file(
            '<dhc:device id="gw" class="ModbusGateway" domoticSystem="Demo"/>\n'
            '<dhc:device id="a" class="SimpleLamp" domoticSystem="DEMO" gateway="gw"/>\n'
            '<dhc:device id="b" class="SimpleLamp" domoticSystem="Demo"/>'
        )
        self.dogctl("home", "check", file)
        self.assertEqual(self.driver.checked, [({}, "gw", ["a"]), ({}, None, ["b"])])

    def test_what_the_driver_says(self) -> None:
        self.driver.check = lambda settings, gateway, devices: ["unit 300 is over 247"]
        file = self.file()
        status, out, _ = self.dogctl("home", "check", file)
        self.assertEqual(status, 1)
        self.assertIn(f"{file}:7: error: device lamp: demo: unit 300 is over 247 [driver]", out)

    def test_no_driver(self) -> None:
        file = self.file(GOOD.replace("Demo", "KNX") + GOOD.replace("Demo", "KNX").replace('"lamp"', '"other"'))
        status, out, _ = self.dogctl("home", "check", file)
        self.assertEqual(status, 0)
        self.assertEqual(out.count("[no_driver]"), 1)
        self.assertIn("no driver for KNX: the device (and 1 others) stays inactive", out)

    def test_needs_no_gateway(self) -> None:
        self.dogctl("home", "check", self.file())
        self.assertEqual(self.rest.options, None)


class SeverityTests(CliCase):
    def test_severity(self) -> None:
        for code, fatal, expected in [
            ("unknown_command", False, "warning"),
            ("dangling_isin", False, "error"),
            ("a_code_that_is_new", False, "error"),
            ("malformed", True, "fatal"),
        ]:
            self.assertEqual(severity(Problem(code, "m", fatal=fatal)), expected)
