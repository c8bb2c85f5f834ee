from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.client.wanted import Wanted

ALL = "/api/v1/subscriptions/devices/notifications"
LAMP = "/api/v1/subscriptions/devices/lamp/notifications"


class WantedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.wanted = Wanted()

    def requests(self) -> list[Any]:
        return list(self.wanted.requests())

    def test_scopes_are_apart(self) -> None:
        self.wanted.add(None, ["A"])
        self.wanted.add("lamp", ["A", "B"])
        self.wanted.remove(None, "A")
        self.assertEqual(self.requests(), [("POST", LAMP, {"notifications": ["A", "B"]})])

    def test_twice_is_once(self) -> None:
        self.wanted.add(None, ["A", "B"])
        self.wanted.add(None, ["A"])
        self.assertEqual(self.requests(), [("POST", ALL, {"notifications": ["A", "B"]})])

    def test_exclusion_ends(self) -> None:
        self.wanted.add(None, ["*"])
        self.wanted.remove(None, "A")
        self.assertEqual(self.requests()[1:], [("DELETE", f"{ALL}/A", None)])
        self.wanted.add(None, ["A"])
        self.assertEqual(self.requests(), [("POST", ALL, {"notifications": ["*", "A"]})])

    def test_removing_everything(self) -> None:
        self.wanted.add(None, ["*", "A"])
        self.wanted.remove(None, "B")
        self.wanted.remove(None, "*")
        self.assertEqual(self.requests(), [])
        self.wanted.add(None, ["*"])
        self.assertEqual(self.requests(), [("POST", ALL, {"notifications": ["*"]})])

    def test_removing_what_was_not_there(self) -> None:
        self.wanted.remove("lamp", "A")
        self.wanted.remove(None, "*")
        self.assertEqual(self.requests(), [])

    def test_names_in_the_path(self) -> None:
        self.wanted.add("lamp", ["*"])
        self.wanted.remove("lamp", "A/B?")
        self.assertEqual(self.requests()[1], ("DELETE", f"{LAMP}/A%2FB%3F", None))
