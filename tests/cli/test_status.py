import json
import os
import time
from typing import Any

from dog.cli.status import summary, text
from dog.client.rest import Answer
from tests.cli.fakes import CliCase

METER = {
    "id": "meter",
    "description": "The meter",
    "active": True,
    "online": True,
    "status": {
        "ThreePhaseLNVoltageState": [
            {
                "value": "230.0 V",
                "phaseID": "L1",
                "online": True,
                "quality": "good",
                "changedAt": "2025-01-15T12:00:00.000Z",
                "heardAt": "2025-01-15T12:00:01.000Z",
                "expiresAt": "2025-01-15T12:01:00.000Z",
            },
            {"value": "231.0 V", "phaseID": "L2", "quality": "stale", "changedAt": "2025-01-15T11:00:00.000Z"},
        ],
        "OnOffState": [{"value": "on"}],
    },
}
OUTLET = {"id": "outlet", "active": False, "code": "no_driver", "reason": "no driver for KNX"}


def inTimeZone(case: CliCase, name: str) -> None:
    """For the rest of the test, this place has that time."""
    before = os.environ.get("TZ")

    def set(to: str | None) -> None:
        if to is None:
            os.environ.pop("TZ", None)
        else:
            os.environ["TZ"] = to
        time.tzset()

    set(name)
    case.addCleanup(set, before)


class StatusTests(CliCase):
    def setUp(self) -> None:
        super().setUp()
        self.rest.answers["GET", "/api/v1/devices/status?detail=full"] = Answer(
            200, {"devicesStatus": [METER, OUTLET]}
        )
        self.rest.answers["GET", "/api/v1/devices/meter/status?detail=full"] = Answer(200, METER)
        self.rest.answers["GET", "/api/v1/devices/outlet/status?detail=full"] = Answer(200, OUTLET)
        inTimeZone(self, "CET-1")

    def test_all(self) -> None:
        self.assertEqual(
            self.dogctl("status"),
            (
                0,
                "ID      STATE                               DESCRIPTION\n"
                "meter   L1 230.0 V, L2 231.0 V (stale), on  The meter\n"
                "outlet  [inactive: no driver for KNX]\n",
                "",
            ),
        )

    def test_one(self) -> None:
        self.assertEqual(
            self.dogctl("status", "meter"),
            (
                0,
                "meter  The meter  (active)\n"
                "STATE                     OF  VALUE    QUALITY  CHANGED\n"
                "ThreePhaseLNVoltageState  L1  230.0 V  good     2025-01-15 13:00:00\n"
                "ThreePhaseLNVoltageState  L2  231.0 V  stale    2025-01-15 12:00:00\n"
                "OnOffState                    on\n",
                "",
            ),
        )

    def test_one_without_states(self) -> None:
        self.assertEqual(self.dogctl("status", "outlet"), (0, "outlet  (inactive: no driver for KNX)\n", ""))

    def test_json(self) -> None:
        self.assertEqual(json.loads(self.dogctl("status", "--json")[1]), {"devicesStatus": [METER, OUTLET]})
        self.assertEqual(json.loads(self.dogctl("status", "meter", "--json")[1]), METER)

    def test_id_in_the_path(self) -> None:
        status, _, err = self.dogctl("status", "a/b c?")
        self.assertEqual(self.rest.requests, [("GET", "/api/v1/devices/a%2Fb%20c%3F/status?detail=full", None)])
        self.assertEqual(status, 1)
        self.assertIn("[not_found, 404]", err)


class TextTests(CliCase):
    def test_values(self) -> None:
        for value, shown in [
            ("255.0 ", "255.0"),
            (40, "40"),
            (True, "true"),
            ({"hue": 1, "saturation": 2}, "hue 1, saturation 2"),
            ({"a": {"b": 1}}, '{"a":{"b":1}}'),
            ([1, "ü"], '[1,"ü"]'),
            ({"weekDay": "x", "switchPoints": []}, '{"weekDay":"x","switchPoints":[]}'),
        ]:
            self.assertEqual(text(value), shown)

    def test_schedule(self) -> None:
        inTimeZone(self, "CET-1")
        for day, name in [(1, "Sun"), (2, "Mon"), (7, "Sat")]:
            points = [{"timeAt": 23_400_000, "desiredTemperature": "20.5 C"}]
            self.assertEqual(text({"weekDay": day, "switchPoints": points}), f"{name} 07:30 20.5 C")

    def test_summary_of_a_schedule(self) -> None:
        days: list[Any] = [{"value": {"weekDay": each, "switchPoints": []}} for each in (1, 2)]
        self.assertEqual(summary({"status": {"ClimateScheduleState": days}}), "schedule of 2 days")
        self.assertEqual(summary({"status": {"ClimateScheduleState": days[:1]}}), "schedule of 1 day")

    def test_summary_of_nothing(self) -> None:
        self.assertEqual(summary({"id": "x", "active": True}), "-")
