import json
from typing import Any

from dog.cli.reload import PATH
from dog.client.errors import Failed
from dog.client.rest import Answer
from tests.cli.fakes import CliCase

NOTHING: dict[str, Any] = {
    "applied": [],
    "restart": [],
    "home": {"added": 0, "removed": 0, "changed": 0, "moved": 0},
}


class ReloadTests(CliCase):
    def told(self, **found: Any) -> None:
        self.rest.answers["POST", PATH] = Answer(200, {**NOTHING, **found})

    def test_nothing(self) -> None:
        self.told()
        self.assertEqual(self.dogctl("reload"), (0, "nothing has changed\n", ""))

    def test_something(self) -> None:
        self.told(
            applied=["server.hosts"],
            restart=["house.seed"],
            home={"added": 2, "removed": 0, "changed": 1, "moved": 0},
            fingerprint="AB:CD",
        )
        status, out, err = self.dogctl("reload")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(
            out.splitlines(),
            ["applied: server.hosts", "needs a restart: house.seed", "home: 2 added, 1 changed", "certificate: AB:CD"],
        )
        status, out, _ = self.dogctl("reload", "--json")
        self.assertEqual((status, json.loads(out)["applied"]), (0, ["server.hosts"]))

    def test_badHome(self) -> None:
        """The rest is done all the same."""
        self.told(applied=["server.hosts"], homeProblem="home.xml:3: nonsense\x1b")
        for options in ((), ("--json",)):
            status, out, _ = self.dogctl("reload", *options)
            self.assertEqual(status, 1)
            self.assertIn("server.hosts", out)
        self.assertIn("home.xml:3: nonsense", self.dogctl("reload")[2])
        self.assertNotIn("\x1b", self.dogctl("reload")[2])

    def test_refused(self) -> None:
        """Every problem is told, once."""
        problems = ["dog.toml:3: x", "dog.toml:4: y"]
        message = "it stays: dog.toml:3: x"
        error = {"code": "bad_value", "message": message, "problems": problems}
        self.rest.answers["POST", PATH] = Failed(422, "bad_value", message, error)
        status, out, err = self.dogctl("reload")
        self.assertEqual((status, out), (1, ""))
        self.assertEqual((err.count("dog.toml:3: x"), err.count("dog.toml:4: y")), (1, 1))
        status, _, err = self.dogctl("reload", "--json")
        self.assertEqual(json.loads(err)["error"]["problems"], problems)
