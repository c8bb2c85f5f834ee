import json
from typing import Any

from dog.cli.devices import active
from dog.client.rest import Answer
from tests.cli.fakes import CliCase

LAMP = {
    "description": "Lamp over the table",
    "isIn": "kitchen",
    "id": "lamp",
    "class": "SimpleLamp",
    "active": True,
    "online": True,
}
METER = {"id": "meter", "class": "Meter", "active": False, "online": False, "code": "no_driver", "reason": "no driver"}


class DevicesTests(CliCase):
    def setUp(self) -> None:
        super().setUp()
        self.rest.answers["GET", "/api/v1/devices?detail=full"] = Answer(200, {"devices": [LAMP, METER]})

    def test_table(self) -> None:
        self.assertEqual(
            self.dogctl("devices"),
            (
                0,
                "ID     CLASS       ROOM     ACTIVE     DESCRIPTION\n"
                "lamp   SimpleLamp  kitchen  yes        Lamp over the table\n"
                "meter  Meter                no_driver\n",
                "",
            ),
        )

    def test_json(self) -> None:
        for arguments in (("devices", "--json"), ("--json", "devices")):
            status, out, _ = self.dogctl(*arguments)
            self.assertEqual((status, json.loads(out)), (0, {"devices": [LAMP, METER]}))

    def test_filters(self) -> None:
        for word, ids in [("kitchen", ["lamp"]), ("Met*", ["meter"]), ("lamp", ["lamp"]), ("none", [])]:
            _, out, _ = self.dogctl("devices", word, "--json")
            self.assertEqual([each["id"] for each in json.loads(out)["devices"]], ids)

    def test_options_reach_the_gateway(self) -> None:
        self.dogctl("--gateway", "http://x:1", "devices", "--token", "t", "--timeout", "3")
        options = self.rest.options
        assert options is not None
        self.assertEqual((options.gateway.http, options.token, options.timeout), ("http://x:1", "t", 3.0))


class ActiveTests(CliCase):
    def test_words(self) -> None:
        cases: list[tuple[dict[str, Any], str]] = [
            ({}, ""),
            ({"active": True}, "yes"),
            ({"active": True, "online": False}, "offline"),
            ({"active": False}, "no"),
            ({"active": False, "code": "unknown_class"}, "unknown_class"),
        ]
        for device, word in cases:
            self.assertEqual(active(device), word)
