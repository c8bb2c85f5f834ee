from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.moving.report import shown


class Shown(SynchronousTestCase):
    def test_secrets(self) -> None:
        for key in ("password", "Passwort.passwd", "xively.Key", "apiToken", "clientSecret", "xively.serial"):
            self.assertEqual(shown(key, "hush"), "(not shown)", key)
        for key in ("serialPort", "keyboard", "port"):
            self.assertEqual(shown(key, "x"), "x", key)

    def test_values(self) -> None:
        self.assertEqual([shown("a", each) for each in (True, 5, ["x"], "é")], ["true", "5", '["x"]', "é"])
        self.assertEqual(len(shown("a", "x" * 1000)), 203)
