from __future__ import annotations

import sys
from dataclasses import fields
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.home.findings import catalogueValues
from dog.home.reader import readHome
from dog.home.yaml import MAX_DEPTH, readYaml
from dog.model.device import Device, State, StateValue
from dog.model.home import Flat, Home, Room
from tests.home import samples

try:
    import yaml  # noqa: F401
except ImportError:
    missing = "PyYAML is not installed"
else:
    missing = ""

#: Device -> why its states differ: the YAML file has no state values at all, so they are the catalogue's.
FILLED = {
    "Temp_mb1": "home.xml has a unitOfMeasure with the value",
    "Lux_mb1": "home.xml calls the value LightIntensityStateValue, the catalogue has LevelStateValue",
    "MeteringPowerOutlet": "home.xml uses legacy names of the values",
    "Shutter_1": "home.xml has values of its own (movingUp, resting), the catalogue lowering, rest ...",
    "DoorSensor_1": "the catalogue has close before open",
    "WindowSensor_1": "the catalogue has close before open",
}


class YamlTests(SynchronousTestCase):
    if missing:
        skip = missing

    def differences(self, one: Home, other: Home) -> set[tuple[str, str]]:
        """(device, field) that differ, lines aside."""
        self.assertEqual(list(one.devices), list(other.devices))
        return {
            (id, field.name)
            for id, device in one.devices.items()
            for field in fields(Device)
            if field.name != "line" and getattr(device, field.name) != getattr(other.devices[id], field.name)
        }

    def test_sameHome(self) -> None:
        """The YAML form is the home of home.xml, all but the values of six devices' states."""
        xml = readHome(samples.read("recorded/home.xml"), "home.xml")
        yaml = readYaml(samples.read("recorded/home.yaml"), "home.yaml")
        self.assertEqual(xml.buildings, yaml.buildings)
        self.assertEqual(self.differences(xml, yaml), {(id, "declaredStates") for id in FILLED})
        for id in FILLED:
            for one, other in zip(xml.devices[id].declaredStates, yaml.devices[id].declaredStates, strict=True):
                self.assertEqual(one.cls, other.cls)
        codes = [each.code for each in xml.problems if each.code != "unknown_state_value"]
        self.assertEqual([each.code for each in yaml.problems], codes)

    def test_statesAreFilled(self) -> None:
        home = readYaml(samples.read("recorded/home.yaml"), "home.yaml")
        for device in home.devices.values():
            for state in device.declaredStates:
                self.assertEqual(state.values, catalogueValues(state.cls))
                self.assertTrue(state.values)
        values = (StateValue("OffStateValue", "off"), StateValue("OnStateValue", "on"))
        self.assertEqual(home.devices["SimpleLamp_mb1"].declaredStates, (State("OnOffState", values),))
        self.assertEqual(catalogueValues("NoSuchState"), ())

    def test_statesThatAreThere(self) -> None:
        """With values, in either of the two ways a list can be written, they are kept."""
        value = "{name: lit, class: OnStateValue, param: [{name: unit, value: 5}]}"
        for values in (f"[{value}]", f"{{statevalue: [{value}]}}"):
            state = f"{{class: OnOffState, statevalues: {values}}}"
            text = f"controllables: [{{devices: [{{id: d, class: SimpleLamp, state: [{state}]}}]}}]"
            (found,) = readYaml(text.encode(), "f").devices["d"].declaredStates
            self.assertEqual([(each.name, each.params[0].value) for each in found.values], [("lit", "5")])

    def test_lines(self) -> None:
        """Problems and devices have the lines of the YAML file."""
        data = samples.read("recorded/home.yaml")
        lines = data.decode().split("\n")
        home = readYaml(data, "home.yaml")
        self.assertIn('description: "A SimpleLamp on', lines[home.devices["SimpleLamp_mb1"].line - 1])
        relation = next(
            each for each in home.problems if each.device == "Shutter_1" and each.code == "dangling_relation"
        )
        self.assertEqual(lines[relation.line - 1].strip(), 'actuatorOf: "window_1"')

    def test_problems(self) -> None:
        """The same as in XML."""
        text = (
            "buildingEnvironment:\n- building:\n  - flats:\n    - id: f\n      rooms: [{id: r}, {id: r}]\n"
            "controllables:\n- devices:\n"
            "  - {id: a, class: NoSuchClass, isIn: r, description: x}\n"
            "  - {id: a, class: SimpleLamp}\n"
            "  - {class: SimpleLamp}\n"
            "  - {id: b, class: SimpleLamp, isIn: nowhere, gateway: gw, description: x}\n"
        )
        home = readYaml(text.encode(), "f.yaml")
        self.assertEqual(
            [(each.code, each.line, each.device, each.file) for each in home.problems],
            [
                ("duplicate_id", 5, None, "f.yaml"),
                ("unknown_class", 8, "a", "f.yaml"),
                ("duplicate_id", 9, "a", "f.yaml"),
                ("missing_id", 10, None, "f.yaml"),
                ("dangling_gateway", 11, "b", "f.yaml"),
                ("dangling_isin", 11, "b", "f.yaml"),
            ],
        )
        self.assertEqual(list(home.devices), ["a", "b"])

    def test_scalars(self) -> None:
        """Everything is text; what YAML has as null is not there; quoted, it is."""
        text = (
            "buildingEnvironment: {building: {id: 007, class: ~, flats: [{id: yes, description: , svgfootprint: ''}]}}"
        )
        building = readYaml(text.encode(), "f").buildings[0]
        self.assertEqual((building.id, building.cls, building.flats), ("007", None, (Flat("yes", svgfootprint=""),)))
        self.assertEqual(readYaml(b"\xef\xbb\xbfcontrollables: []\n", "f").problems, ())

    def test_shapesThatAreNot(self) -> None:
        """A scalar where a mapping should be, and the reverse, are passed over."""
        text = (
            "buildingEnvironment: [5, {building: [x, {flats: {id: f, rooms: [y, [z, {id: r}]],"
            " description: {a: b}}}]}]\n"
            "controllables: nothing\n"
        )
        home = readYaml(text.encode(), "f")
        self.assertEqual(home.flat("f"), Flat("f", rooms=(Room("r"),)))
        self.assertEqual(dict(home.devices), {})

    def test_aliases(self) -> None:
        """Anchors and aliases work, within the bound."""
        text = (
            "x: &params [{name: a, value: '1'}]\ncontrollables:\n- devices:\n"
            "  - {id: a, class: SimpleLamp, param: *params}\n  - {id: b, class: SimpleLamp, param: *params}\n"
        )
        home = readYaml(text.encode(), "f")
        self.assertEqual([each.param("a") for each in home.devices.values()], ["1", "1"])

    def test_noObjects(self) -> None:
        """Tags are not looked at: nothing is ever constructed."""
        data = samples.read("attacks/python-object.yaml")
        self.assertIn(b"!!python/object/apply:os.system", data)
        home = readYaml(data, "f")
        self.assertEqual([each.description for each in home.devices.values()], ["A lamp"])

    def test_fatal(self) -> None:
        for data, code, line in (
            (b"", "empty_file", 1),
            (b"# nothing\n", "empty_file", 1),
            (b"- a\n", "wrong_root", 1),
            (b"a: [b\n\nc: d\n", "malformed", 3),
            (b"a: 1\n\tb: 2\n", "malformed", 2),
            (b"a: 1\n---\nb: 2\n", "malformed", 3),
            (b"a: 1\n? [b]\n: c\n", "malformed", 2),
            (b"a: *b\n", "malformed", 1),
            (b"a: 1\nb: \xff\n", "encoding", 2),
            (b"a: \x01\n", "malformed", 1),
            (b"[" * (MAX_DEPTH + 1), "too_deep", 1),
        ):
            problems = readYaml(data, "f").problems
            self.assertEqual([(each.code, each.line, each.fatal) for each in problems], [(code, line, True)], data)
        (problem,) = readYaml(b"a: 1\n", "f", 4).problems
        self.assertEqual(problem.code, "too_large")


class MissingTests(SynchronousTestCase):
    def test_withoutPyYaml(self) -> None:
        """It says what is missing."""
        modules: dict[str, Any] = sys.modules
        there = {name: each for name, each in modules.items() if name == "yaml"}
        self.addCleanup(modules.update, there)
        self.addCleanup(modules.pop, "yaml")
        modules["yaml"] = None
        (problem,) = readYaml(samples.read("recorded/home.yaml"), "home.yaml").problems
        self.assertEqual((problem.code, problem.fatal), ("yaml_missing", True))
        self.assertIn("PyYAML", problem.message)
