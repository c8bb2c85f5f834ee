import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dog.cli.token import instantOf
from dog.client.errors import Failed
from dog.client.rest import Answer
from tests.cli.fakes import CliCase

PATH = "/api/v1/tokens"

ADMIN: dict[str, Any] = {
    "id": "a1",
    "name": "admin",
    "role": "admin",
    "createdAt": "2024-05-01T12:00:00.000Z",
    "expired": False,
}
PANEL: dict[str, Any] = {
    **ADMIN,
    "id": "b2",
    "name": "panel",
    "role": "user",
    "expired": True,
    "expiresAt": "2024-05-02T12:00:00.000Z",
    "usedAt": "2024-05-01T13:00:00.000Z",
    "view": {"rooms": ["kitchen", "hall"]},
    "operate": {"classes": []},
}


class TokenTests(CliCase):
    def setUp(self) -> None:
        super().setUp()
        self.rest.answers["GET", PATH] = Answer(200, {"tokens": [ADMIN, PANEL]})
        self.rest.answers["POST", PATH] = Answer(201, {**PANEL, "token": "dog_x"})
        self.rest.answers["DELETE", f"{PATH}/b2"] = Answer(204)

    def wish(self, *options: str) -> Any:
        status, _, err = self.dogctl("token", "add", "panel", *options)
        self.assertEqual(status, 0, err)
        return self.rest.requests[-1][2]

    def test_list(self) -> None:
        status, out, _ = self.dogctl("token", "list")
        self.assertEqual(status, 0)
        lines = out.splitlines()
        self.assertRegex(lines[1], r"^a1 +admin +admin +never +never$")
        self.assertIn("view room:kitchen room:hall, operate class:-", lines[2])
        self.assertIn("2024-05-02T12:00:00.000Z (expired)", lines[2])
        status, out, _ = self.dogctl("token", "list", "--json")
        self.assertEqual(json.loads(out), {"tokens": [ADMIN, PANEL]})

    def test_add(self) -> None:
        """The token alone is the answer, so that it can go into a file or a variable."""
        self.assertEqual(self.dogctl("token", "add", "panel"), (0, "dog_x\n", "dogctl: panel is token b2\n"))
        self.assertEqual(self.rest.requests, [("POST", PATH, {"name": "panel", "role": "user"})])
        _, out, err = self.dogctl("token", "add", "panel", "--json")
        self.assertEqual(json.loads(out)["token"], "dog_x")
        self.assertEqual(json.loads(err)["id"], "b2")

    def test_wish(self) -> None:
        given = ("--view", "room:kitchen", "--view", "room:hall", "--view", "id:zwave:3", "--operate", "class:Lamp")
        self.assertEqual(
            self.wish("--role", "viewer", *given, "--expires", "2030-12-31T12:00:00Z"),
            {
                "name": "panel",
                "role": "viewer",
                "expiresAt": "2030-12-31T12:00:00Z",
                "view": {"rooms": ["kitchen", "hall"], "devices": ["zwave:3"]},
                "operate": {"classes": ["Lamp"]},
            },
        )

    def test_expires(self) -> None:
        now = datetime(2024, 5, 1, tzinfo=UTC)
        for text, instant in (
            ("30d", "2024-05-31T00:00:00+00:00"),
            ("12h", "2024-05-01T12:00:00+00:00"),
            ("90m", "2024-05-01T01:30:00+00:00"),
            ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
            ("30", "30"),
        ):
            self.assertEqual(instantOf(text, now), instant)

    def test_usage(self) -> None:
        for arguments in (
            ("token",),
            ("token", "add"),
            ("token", "add", "x", "--role", "god"),
            ("token", "add", "x", "--view", "kitchen"),
            ("token", "add", "x", "--view", "device:lamp"),
            ("token", "revoke"),
        ):
            status, out, err = self.dogctl(*arguments)
            self.assertEqual((status, out), (2, ""), arguments)
            self.assertTrue(err)
        self.assertEqual(self.rest.requests, [])

    def test_output(self) -> None:
        """Only its owner can read the file; where it is not told it can't be seen."""
        path = Path(self.mktemp())
        self.assertEqual(self.dogctl("token", "add", "panel", "-o", str(path))[:2], (0, ""))
        self.assertEqual((path.read_text(), stat.S_IMODE(path.stat().st_mode)), ("dog_x\n", 0o600))
        status, _, err = self.dogctl("token", "add", "panel", "-o", str(path))
        self.assertEqual(status, 2)
        self.assertIn("File exists", err)
        self.assertEqual(len(self.rest.requests), 1, "no token is made that could not be kept")
        _, out, _ = self.dogctl("token", "add", "panel", "--json", "-o", self.mktemp())
        self.assertNotIn("dog_x", out)

    def test_outputOfNothing(self) -> None:
        """No file where there is no token."""
        path = Path(self.mktemp())
        self.rest.answers["POST", PATH] = Failed(403, "forbidden", "panel has no right to admin here")
        self.assertEqual(self.dogctl("token", "add", "panel", "-o", str(path))[0], 1)
        self.assertFalse(path.exists())

    def test_revoke(self) -> None:
        for name in ("b2", "panel"):
            self.assertEqual(self.dogctl("token", "revoke", name), (0, "panel (b2) is revoked\n", ""))
            self.assertEqual(self.rest.requests[-1], ("DELETE", f"{PATH}/b2", None))
            assert self.rest.options is not None
            self.assertIsNone(self.rest.options.token, "it is not the one to ask with")
        _, out, _ = self.dogctl("token", "revoke", "b2", "--json")
        self.assertEqual(json.loads(out), {"id": "b2", "name": "panel", "revoked": True})

    def test_revokeNobody(self) -> None:
        status, _, err = self.dogctl("token", "revoke", "nope")
        self.assertEqual(status, 1)
        self.assertIn("there is no token 'nope'", err)
