from __future__ import annotations

import tomllib
from collections import Counter

from dog.config import parseSettings
from dog.model.rights import Role
from dog.moving.server import Choices
from tests.moving.trees import HOME, HOMES, MADE, SAMPLES, TreeCase


class Samples(TreeCase):
    def test_every(self) -> None:
        """Each has a home that is byte for byte the old one, and a configuration that is accepted."""
        for name, folder in SAMPLES.items():
            moved = self.move(folder=folder)
            self.assertIsNone(moved.report.failed, name)
            home = folder / "configuration/config/home.xml" if name == "made" else folder / f"{name}.xml"
            self.assertEqual(moved.files["home.xml"].data, home.read_bytes())
            settings = parseSettings(moved.files["dog.toml"].data.decode())
            self.assertEqual(str(settings.homeFile), "/var/lib/dog/home.xml")
            self.assertEqual(settings.websocketPath, "/dogsocket" if name == "made" else "/ws")

    def test_nothingIsDropped(self) -> None:
        """Every file and every key of every sample is in the report, and once."""
        for name, folder in SAMPLES.items():
            report = self.move(folder=folder).report
            items = [*report.taken, *report.changed, *report.left]
            said = Counter((each.file, each.key) for each in items)
            self.assertEqual([each for each, count in said.items() if count > 1], [], name)
            text = "\n".join(f"{each.file} {each.value}" for each in items)
            for path in folder.rglob("*"):
                relative = str(path.relative_to(folder))
                if path.is_file() and not relative.endswith(".jar"):
                    self.assertTrue(relative in text or path.name in text, f"{name}: {relative}")
                if path.suffix == ".cfg":
                    lines = [each for each in path.read_text("utf-8").splitlines() if each and each[0] != "#"]
                    keys = [each for each in items if each.file == relative and each.key]
                    self.assertEqual(len(keys), len(lines), f"{name}: {relative}")

    def test_drivers(self) -> None:
        sections = {
            "knx": {"knx": ["betweenTrialTimeMillis", "numTry", "watchdogTimeSeconds", "dogIp", "dogMask", "dogPort"]},
            "bticino": {"bticino": ["port", "houseip", "timeout"]},
            "made": {
                "modbus": ["pollingTimeMillis", "nRetriesWithinTransaction"],
                "enocean": ["serialPort"],
                "zwave": ["pollingTimeMillis", "autoDiscovery", "gateway"],
            },
        }
        for name, expected in sections.items():
            drivers = tomllib.loads(self.move(folder=SAMPLES[name]).files["dog.toml"].data.decode())["drivers"]
            self.assertEqual({bus: list(each) for bus, each in drivers.items()}, expected)

    def test_whoStops(self) -> None:
        """Whoever reaches it, with what right, in which shape, then rules and buses, before all else."""
        codes = [each.code for each in self.move(folder=MADE).report.stops]
        self.assertEqual(
            codes,
            [
                *("listeners", "authentication", "profile", "rules", "rules", "bus", "addon", "addon"),
                *("origins", "hosts"),
            ],
        )
        self.assertEqual(
            [each.who for each in self.move(folder=HOMES / "knx").report.stops if each.code == "bus"],
            ["6 devices on KNXNETIP"],
        )

    def test_open(self) -> None:
        moved = self.move(Choices(keepOpen=True), MADE)
        settings = parseSettings(moved.files["dog.toml"].data.decode())
        self.assertEqual(settings.listen, ("tcp:8181", "tcp6:8181"))
        self.assertEqual((settings.anonymous, settings.profile), (Role.ADMIN, "released"))
        self.assertNotIn("listeners", [each.code for each in moved.report.stops])


class Small(TreeCase):
    def test_smallest(self) -> None:
        moved = self.move()
        self.assertEqual(sorted(moved.files), ["dog.toml", "home.xml"])
        self.assertEqual(moved.files["dog.toml"].mode, 0o600)

    def test_failed(self) -> None:
        """Without a home there is nothing to start with; what was found is told all the same."""
        self.put({"home.xml": "<a"})
        moved = self.move()
        self.assertEqual(moved.files, {})
        self.assertIn("can't be read", moved.report.failed or "")
        self.assertTrue(moved.report.stops)

    def test_empty(self) -> None:
        for each in self.folder.iterdir():
            each.unlink()
        self.assertIn("no home", self.move().report.failed or "")

    def test_yaml(self) -> None:
        """Where it stays YAML, the configuration says so."""
        text = "controllables:\n  devices:\n  - {id: a, class: SimpleLamp, state: [{class: Unheard}]}\n"
        self.put({"home.yaml": text, "it.polito.elite.dog.core.housemodel.simple.cfg": "devices=home.yaml"})
        moved = self.move()
        self.assertEqual(str(moved.settings.homeFile), "/var/lib/dog/home.yaml")
        self.assertIn("home.yaml", moved.files)

    def test_noBus(self) -> None:
        self.put({"home.xml": HOME.replace(' domoticSystem="Modbus"', "")})
        [stop] = [each for each in self.move().report.stops if each.code == "bus"]
        self.assertEqual((stop.who, stop.why), ("1 device on no bus", "no domoticSystem is given"))

    def test_hostile(self) -> None:
        """Names and values that would be something else in TOML stay what they are."""
        self.put(
            {
                'com.x.drivers.a".network.cfg': "a=1",
                "com.x.drivers.evil.network.cfg": '"]\\nq\\n[server\\ =x"\\n[tls]\\u0000',
            }
        )
        moved = self.move()
        settings = parseSettings(moved.files["dog.toml"].data.decode())
        self.assertEqual(settings.drivers["evil"], {'"]\nq\n[server ': 'x"\n[tls]\0'})

    def test_manyFiles(self) -> None:
        """Bounded, and told."""
        from dog.moving import tree

        self.patch(tree, "MAX_FILES", 5)
        self.put({f"zz/{number}": "" for number in range(20)})
        report = self.move().report
        self.assertIn("(more)", [each.file for each in report.left])

    def test_unheard(self) -> None:
        """A configuration that nothing here is for, with entries and without."""
        self.put(
            {
                "com.example.a.cfg": "x=1",
                "com.example.b.cfg": "#",
                "it.polito.elite.dog.drivers.zwave.gateway.cfg": "",
                "it.polito.elite.dog.addons.mqtt.bridge.cfg": "",
            }
        )
        report = self.move().report
        left = {each.file: each.why for each in report.left}
        self.assertEqual(left["com.example.a.cfg"], "nothing here has such a setting")
        for name in ("com.example.b.cfg", "it.polito.elite.dog.drivers.zwave.gateway.cfg"):
            self.assertEqual(left[name], "there is nothing in it")
        self.assertIn("MQTT", left["it.polito.elite.dog.addons.mqtt.bridge.cfg"] or "")
