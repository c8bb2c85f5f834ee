from __future__ import annotations

import importlib
from typing import Any

from dog.home.reader import readHome
from dog.home.yaml import readYaml
from dog.moving import house as house_
from dog.moving.house import house
from dog.moving.report import Report
from dog.moving.tree import Contents
from tests.moving.trees import HOME, HOMES, HOUSE, TreeCase, why

try:
    import yaml  # noqa: F401
except ImportError:
    missing = "PyYAML is not installed"
else:
    missing = ""

YAML = (HOMES / "recorded" / "home.yaml").read_bytes()


class HouseTests(TreeCase):
    def house(self) -> tuple[dict[str, Contents], Report]:
        old, report = self.installation()
        return house(old, report), report

    def test_unchanged(self) -> None:
        """Byte for byte, whatever is odd about it, and no more readable than it was."""
        data = b"\xef\xbb\xbf" + HOME.replace("\n", "\r\n").replace("kitchen", "nowhere").encode()
        self.put({"home.xml": data})
        (self.folder / "home.xml").chmod(0o600)
        files, report = self.house()
        self.assertEqual(files, {"home.xml": Contents(data, 0o600)})
        assert report.home is not None
        self.assertEqual(list(report.home.devices), ["lamp"])
        self.assertIsNone(report.failed)

    def test_plan(self) -> None:
        self.put(
            {HOUSE: "DEVICES=home.xml\nSvgPlan = plans/a.svg\nenableYamlMigration=true\n", "plans/a.svg": "<svg/>"}
        )
        files, report = self.house()
        self.assertEqual(files["plan.svg"].data, b"<svg/>")
        self.assertIn("plan.svg", [each.to for each in report.taken])
        self.assertIn("YAML", why(report.left, HOUSE, "enableYamlMigration") or "")

    def test_noPlan(self) -> None:
        (self.folder / "link.svg").symlink_to("/etc/passwd")
        for name, words in (("none.svg", "no such file"), ("link.svg", "symbolic link"), ("../x.svg", "outside")):
            self.put({HOUSE: f"devices=home.xml\nsvgplan={name}\n"})
            files, report = self.house()
            self.assertEqual(list(files), ["home.xml"])
            self.assertIn(words, why(report.left, HOUSE, "svgplan") or "")

    def test_noHome(self) -> None:
        (self.folder / "link.xml").symlink_to("/etc/passwd")
        for name, words in (
            ("none.xml", "no such file"),
            ("link.xml", "symbolic link"),
            ("../../home.xml", "outside"),
            ("/etc/passwd", "outside"),
        ):
            self.put({HOUSE: f"devices={name}\n"})
            files, report = self.house()
            self.assertEqual(files, {})
            self.assertIn(words, report.failed or "")
            self.assertIn(words, why(report.left, HOUSE, "devices") or "")

    def test_unreadable(self) -> None:
        for data in (b"", b"\0\1\2", b"<a>", (HOMES / "attacks" / "billion-laughs.xml").read_bytes()):
            self.put({"home.xml": data})
            files, report = self.house()
            self.assertEqual(files, {})
            self.assertIn("can't be read", report.failed or "")

    def test_unnamed(self) -> None:
        """Where no configuration names a home, the one that is there."""
        (self.folder / HOUSE).unlink()
        self.put({"rules.xml": "<rules/>"})
        files, report = self.house()
        self.assertEqual(list(files), ["home.xml"])
        self.put({"other.xml": HOME})
        files, report = self.house()
        self.assertEqual(files, {})
        self.assertIn("2 files", report.failed or "")

    def test_oldName(self) -> None:
        (self.folder / HOUSE).rename(self.folder / "SimpleHouseModel.cfg")
        self.assertEqual(list(self.house()[0]), ["home.xml"])


class YamlTests(TreeCase):
    if missing:
        skip = missing

    def setUp(self) -> None:
        super().setUp()
        self.put({HOUSE: "devices=home.yaml\n", "home.yaml": YAML})

    def house(self) -> tuple[dict[str, Contents], Report]:
        old, report = self.installation()
        return house(old, report), report

    def test_converted(self) -> None:
        """It becomes home.xml, of the same home."""
        files, report = self.house()
        self.assertEqual(list(files), ["home.xml"])
        there = readHome(files["home.xml"].data, "home.xml")
        before = readYaml(YAML, "home.yaml")
        self.assertEqual(there.buildings, before.buildings)
        self.assertEqual(len(there.devices), 22)
        self.assertIn("YAML", why(report.changed, HOUSE, "devices") or "")

    def test_notConverted(self) -> None:
        """What home.xml has no place for stays YAML, which the gateway reads."""
        self.put(
            {"home.yaml": "controllables:\n  devices:\n  - {id: a, class: SimpleLamp, state: [{class: Unheard}]}\n"}
        )
        files, report = self.house()
        self.assertEqual(list(files), ["home.yaml"])
        self.assertIn("can't be edited", why(report.changed, HOUSE, "devices") or "")

    def test_notTheSame(self) -> None:
        """Nor is it taken where something would be lost on the way."""
        self.patch(house_, "isSame", lambda home, back: False)
        files, report = self.house()
        self.assertEqual(files["home.yaml"].data, YAML)
        self.assertIn("not be the same", why(report.changed, HOUSE, "devices") or "")

    def test_withoutPyYAML(self) -> None:
        real = importlib.import_module

        def without(name: str, package: str | None = None) -> Any:
            if name == "yaml":
                raise ImportError(name)
            return real(name, package)

        self.patch(importlib, "import_module", without)
        files, report = self.house()
        self.assertEqual(files, {})
        self.assertIn("PyYAML", report.failed or "")
