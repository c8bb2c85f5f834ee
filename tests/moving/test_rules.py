from __future__ import annotations

from dog.moving.report import Report
from dog.moving.rules import kept, leave
from dog.moving.tree import Contents
from tests.moving.trees import HOMES, MADE, TreeCase, why

RULES = "it.polito.elite.dog.addons.rules.cfg"
VALVES = "it.polito.elite.dog.drivers.zwave.thermostaticradiatorvalve.cfg"
GATEWAY = "it.polito.elite.dog.drivers.zwave.gateway.cfg"
XML = (MADE / "configuration" / "config" / "rules.xml").read_bytes()


class KeptTests(TreeCase):
    def kept(self, files: dict[str, str | bytes]) -> tuple[dict[str, Contents], dict[tuple[str, str], str], Report]:
        self.put(files)
        old, report = self.installation()
        found, paths = kept(old, report)
        leave(old, report)
        return found, paths, report

    def test_rules(self) -> None:
        """Byte for byte, and who waits for them."""
        files, _, report = self.kept({RULES: "rules=r/rules.xml", "r/rules.xml": XML})
        self.assertEqual({name: each.data for name, each in files.items()}, {"rules/rules.xml": XML})
        self.assertIn("not executed yet", why(report.changed, RULES, "rules") or "")
        [stop] = report.stops
        self.assertEqual((stop.code, stop.who), ("rules", "2 rules: lampFollowsSwitch, nightOff"))

    def test_brokenRules(self) -> None:
        """They are kept all the same, and the report says what is wrong."""
        for data in (b"<a", b"", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"<a>" * 100_000, b"\0"):
            files, _, report = self.kept({RULES: "RULES=rules.xml", "rules.xml": data})
            self.assertEqual(files["rules/rules.xml"].data, data)
            self.assertIn("nor could these be read", why(report.changed, RULES, "RULES") or "")
            self.assertEqual([each.who for each in report.stops], ["the rules in rules.xml"])

    def test_manyRules(self) -> None:
        text = "<l>" + "".join(f"<rule name='{'n' * 100}{each}'/>" for each in range(9)) + "</l>"
        _, _, report = self.kept({RULES: "RULES=rules.xml", "rules.xml": text})
        self.assertEqual(report.stops[0].who, f"9 rules: {', '.join(['n' * 60] * 5)} ...")

    def test_noRules(self) -> None:
        (self.folder / "link.xml").symlink_to("/etc/passwd")
        for name in ("none.xml", "../../x.xml", "link.xml"):
            files, _, report = self.kept({RULES: f"RULES={name}"})
            self.assertEqual((files, report.stops), ({}, []))
            self.assertTrue(why(report.left, RULES, "RULES"))

    def test_drools(self) -> None:
        """Wherever they lie; two of one name are two."""
        files, _, report = self.kept({"a/x.drl": "1", "b/x.DRL": "2", "b/x.drl": "3"})
        self.assertEqual(
            {name: each.data for name, each in files.items()},
            {"rules/x.drl": b"1", "rules/x.DRL": b"2", "rules/x-2.drl": b"3"},
        )
        self.assertEqual([each.code for each in report.stops], ["rules"] * 3)

    def test_schedules(self) -> None:
        files, paths, report = self.kept(
            {
                VALVES: "updateTimeMillis=1\npersistentStore=schedules",
                "schedules/21-schedule.json": (HOMES / "zwave" / "schedules" / "21-schedule.json").read_bytes(),
                "schedules/22-schedule.json": "{not",
                "schedules/23-schedule.json": "[" * 100_000,
                "schedules/other.txt": "",
            }
        )
        self.assertEqual(list(files), ["rules/schedules/21-schedule.json"])
        self.assertEqual(list(paths.values()), ["rules/schedules"])
        self.assertEqual([each.code for each in report.stops], ["schedules"])
        for name in ("22", "23"):
            self.assertIn("no JSON", why(report.left, f"schedules/{name}-schedule.json") or "")
        self.assertIn("no configuration", why(report.left, "schedules/other.txt") or "")

    def test_schedulesOutside(self) -> None:
        files, paths, report = self.kept({VALVES: "persistentStore=../../.."})
        self.assertEqual((files, paths, report.stops), ({}, {}, []))
        self.assertIn("outside", why(report.left, VALVES, "persistentStore") or "")

    def test_deviceData(self) -> None:
        data = (HOMES / "zwave" / "devicedb" / "zwave-devices.properties").read_bytes()
        files, paths, report = self.kept({GATEWAY: "deviceDB=db/z.properties", "db/z.properties": data})
        self.assertEqual(files["zwave-devices.properties"].data, data)
        self.assertEqual(list(paths.values()), ["zwave-devices.properties"])
        self.assertEqual(report.changed[0].value, "18 products")

    def test_noDeviceData(self) -> None:
        for name, data in (("none", b""), ("db", b"\0")):
            files, paths, report = self.kept({GATEWAY: f"deviceDB={name}", "db": data})
            self.assertEqual((files, paths), ({}, {}))
            self.assertTrue(why(report.left, GATEWAY, "deviceDB"))

    def test_left(self) -> None:
        """Everything that nobody has taken is told."""
        (self.folder / "link").symlink_to("/etc")
        _, _, report = self.kept({"note.txt": "", "sub/note.txt": ""})
        self.assertEqual(
            [(each.file, (each.why or "")[:9]) for each in report.left],
            [
                ("home.xml", "no config"),
                ("link", "it is a s"),
                ("note.txt", "no config"),
                ("sub/note.txt", "no config"),
            ],
        )
