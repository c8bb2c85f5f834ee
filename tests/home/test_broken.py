"""One file per kind of problem: its line, its device, its reason; and the rest of the home works."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.home.reader import readHome
from dog.home.yaml import readYaml
from dog.model.home import Problem
from tests.home import samples
from tests.home.test_yaml import missing

#: File -> (code, line, device, a part of the reason). Together, all problems of the file.
GOES_ON: dict[str, list[tuple[str, int, str | None, str]]] = {
    "unknown-class.xml": [("unknown_class", 15, "lamp", "no device class 'SimpelLamp'")],
    "missing-class.xml": [("missing_class", 15, "lamp", "has no class")],
    "missing-id.xml": [("missing_id", 15, None, "has no id; it is left out")],
    "missing-description.xml": [("missing_description", 15, "lamp", "no description")],
    "dangling-isin.xml": [("dangling_isin", 17, "lamp", "'cellar'")],
    "dangling-gateway.xml": [("dangling_gateway", 15, "lamp", "'modbus'")],
    "dangling-relation.xml": [("dangling_relation", 18, "lamp", "hasMeter names 'meter'")],
    "duplicate-device.xml": [("duplicate_id", 18, "lamp", "in line 15")],
    "unknown-functionality.xml": [("unknown_functionality", 17, "lamp", "'BlinkFunctionality'")],
    "unknown-command.xml": [("unknown_command", 19, "lamp", "'BlinkCommand'")],
    "command-without-class.xml": [("missing_class", 19, "lamp", "this command has no class")],
    "unknown-notification.xml": [("unknown_notification", 19, "lamp", "'BlinkedNotification'")],
    "unknown-state.xml": [("unknown_state", 17, "lamp", "'BlinkState'")],
    "unknown-state-value.xml": [("unknown_state_value", 19, "lamp", "'BlinkingStateValue'")],
    "legacy-names.xml": [],
    "param-without-name.xml": [("missing_name", 18, "lamp", "no name")],
    "duplicate-room.xml": [("duplicate_id", 14, None, "room 'kitchen'")],
    "duplicate-flat.xml": [("duplicate_id", 13, None, "flat 'up'")],
    "duplicate-storey.xml": [("duplicate_id", 15, None, "storey 'ground'")],
    "room-without-id.xml": [("missing_id", 12, None, "this room has no id")],
    "flat-without-id.xml": [("missing_id", 5, None, "this flat has no id")],
}

#: File -> (code, line, a part of the reason): nothing can be read.
FATAL = {
    "empty.xml": ("empty_file", 1, "empty"),
    "blank.xml": ("empty_file", 1, "empty"),
    "not-well-formed.xml": ("malformed", 11, "mismatched tag"),
    "cut-off.xml": ("malformed", 21, "unclosed token"),
    "text-only.xml": ("malformed", 1, "syntax error"),
    "undeclared-prefix.xml": ("malformed", 2, "lacks an xmlns:PREFIX"),
    "wrong-root.xml": ("wrong_root", 3, "is ruleList, not dogHomeConfiguration"),
    "latin-1.xml": ("encoding", 1, "ISO-8859-1"),
    "latin-1-unsaid.xml": ("encoding", 16, "not UTF-8"),
    "utf-16.xml": ("encoding", 1, "UTF-16"),
}

ATTACKS = {
    "internal-entity.xml": ("doctype", 2, "DOCTYPE"),
    "billion-laughs.xml": ("doctype", 2, "DOCTYPE"),
    "external-entity.xml": ("doctype", 2, "DOCTYPE"),
    "external-dtd.xml": ("doctype", 2, "DOCTYPE"),
    "undefined-entity.xml": ("undefined_entity", 3, "undefined entity"),
    "deep-unknown.xml": ("too_deep", 66, "64 deep"),
    "many-attributes.xml": ("too_many_attributes", 4, "64 attributes"),
    "many-attributes-unknown.xml": ("too_many_attributes", 3, "64 attributes"),
    "param-flood.xml": ("too_many_attributes", 5, "64 attributes"),
    "billion-laughs.yaml": ("too_large", 5, "more than 1000000 nodes"),
    "deep.yaml": ("too_deep", 1, "64 deep"),
    "deep-aliases.yaml": ("too_deep", 3, "64 deep"),
    "recursive-alias.yaml": ("malformed", 2, "*all"),
}


class BrokenTests(SynchronousTestCase):
    def read(self, name: str, folder: str = "broken") -> tuple[Problem, ...]:
        self.home = readHome(samples.read(f"{folder}/{name}"), name)
        return self.home.problems

    def test_goesOn(self) -> None:
        """Line, device and reason are told, and the rest of the home is there."""
        for name, expected in GOES_ON.items():
            problems = self.read(name)
            told = [(each.code, each.line, each.device) for each in problems]
            self.assertEqual(told, [each[:3] for each in expected], name)
            for problem, (_, _, _, reason) in zip(problems, expected, strict=True):
                self.assertIn(reason, problem.message, name)
                self.assertEqual(problem.file, name)
                self.assertFalse(problem.fatal, name)
            self.assertEqual(self.home.devices["fine"].isIn, "kitchen", name)
            self.assertIn("kitchen", self.home.rooms, name)

    def test_inactiveButListed(self) -> None:
        """A device of an unknown class, or of none, is listed; one without id, and the second of an id, are not."""
        for name, expected in {
            "unknown-class.xml": ["lamp", "fine"],
            "missing-class.xml": ["lamp", "fine"],
            "missing-id.xml": ["fine"],
            "duplicate-device.xml": ["lamp", "fine"],
        }.items():
            self.read(name)
            self.assertEqual(list(self.home.devices), expected, name)
        self.assertEqual(self.home.devices["lamp"].cls, "SimpleLamp")
        self.read("unknown-class.xml")
        self.assertIsNone(self.home.devices["lamp"].type)

    def test_duplicatePlacesAreBothThere(self) -> None:
        """The first of an id counts; the second room is reached under its flat."""
        self.read("duplicate-room.xml")
        self.assertEqual(self.home.rooms["kitchen"].description, "Kitchen")
        down = self.home.flat("down")
        assert down is not None
        self.assertEqual(down.rooms[0].description, "The other kitchen")

    def test_fatal(self) -> None:
        """Nothing is read, and one problem says why and where."""
        for folder, files in (("broken", FATAL), ("attacks", ATTACKS)):
            for name, (code, line, reason) in files.items():
                if missing and name.endswith(".yaml"):
                    continue
                data = samples.read(f"{folder}/{name}")
                home = readYaml(data, name) if name.endswith(".yaml") else readHome(data, name)
                self.assertEqual([(each.code, each.line) for each in home.problems], [(code, line)], name)
                self.assertIn(reason, home.problems[0].message, name)
                self.assertTrue(home.problems[0].fatal, name)
                self.assertEqual((dict(home.devices), home.buildings), ({}, ()), name)

    def test_everyFileHasItsTest(self) -> None:
        broken = {each.name for each in (samples.FOLDER / "broken").iterdir()}
        self.assertEqual(broken, {*GOES_ON, *FATAL})
        attacks = {each.name for each in (samples.FOLDER / "attacks").iterdir()}
        self.assertEqual(attacks, {*ATTACKS, "python-object.yaml"})

    def test_tooLarge(self) -> None:
        """The size is looked at before the contents are."""
        home = readHome(b"<" * 1001, "home.xml", 1000)
        self.assertEqual([(each.code, each.fatal) for each in home.problems], [("too_large", True)])
        self.assertIn("1001 bytes, the bound is 1000", home.problems[0].message)

    def test_says(self) -> None:
        """A problem as people read it."""
        problem = self.read("unknown-class.xml")[0]
        self.assertEqual(
            str(problem),
            "unknown-class.xml:15:9: device lamp: the catalogue has no device class 'SimpelLamp',"
            " so the device stays inactive [unknown_class]",
        )
