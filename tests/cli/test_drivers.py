import json
from typing import Any

from dog.client.rest import Answer
from tests.cli.fakes import CliCase
from tests.cli.test_status import inTimeZone

UP: dict[str, Any] = {
    "key": "tcp:plc:502",
    "state": "up",
    "since": "2025-01-15T12:00:00.000Z",
    "attempts": 1,
    "crashes": 0,
    "blocked": {"count": 0, "seconds": 0.0},
    "devices": ["gw", "lamp"],
}
DOWN: dict[str, Any] = {
    **UP,
    "key": "/dev/ttyUSB0",
    "state": "suspended",
    "crashes": 7,
    "blocked": {"count": 3, "seconds": 4.25},
    "code": "internal",
    "reason": "driver modbus failed (KeyError); see the log",
    "nextAttemptAt": "2025-01-15T12:15:00.000Z",
}
TALLY = {"count": 3, "seconds": 4.25}
DRIVERS = {
    "drivers": [
        {"name": "enocean", "systems": ["EnOcean"], "crashes": 0, "blocked": {"count": 0, "seconds": 0}, "links": []},
        {"name": "modbus", "systems": ["Modbus"], "crashes": 7, "blocked": TALLY, "links": [UP, DOWN]},
    ],
    "failed": [{"name": "knx", "reason": "does not load: no xknx\x1b"}],
    "blocked": [{"module": "dog.home.store", "count": 1, "seconds": 0.5}],
}


class DriversTests(CliCase):
    def setUp(self) -> None:
        super().setUp()
        self.rest.answers["GET", "/api/v1/drivers"] = Answer(200, DRIVERS)
        inTimeZone(self, "CET-1")

    def test_shown(self) -> None:
        status, out, err = self.dogctl("drivers")
        self.assertEqual((status, err), (0, ""))
        rows = [line.split() for line in out.splitlines()]
        self.assertEqual(rows[0], ["DRIVER", "LINK", "STATE", "SINCE", "DEVICES", "CRASHES", "BLOCKED", "REASON"])
        self.assertEqual(rows[1], ["enocean", "-", "idle", "0", "EnOcean"])
        self.assertEqual(rows[2], ["modbus", "tcp:plc:502", "up", "2025-01-15", "13:00:00", "2", "0"])
        self.assertEqual(rows[3][:2] + rows[3][5:10], ["modbus", "/dev/ttyUSB0", "2", "7", "3x", "4.2", "s"])
        self.assertIn("KeyError); see the log (again at 13:15:00)", out)
        self.assertIn("knx      -             failed", out)
        self.assertIn("no xknx\\x1b", out)
        self.assertTrue(out.endswith("blocked elsewhere: dog.home.store 1x 0.5 s\n"))

    def test_json(self) -> None:
        status, out, _ = self.dogctl("drivers", "--json")
        self.assertEqual((status, json.loads(out)), (0, DRIVERS))

    def restarted(self, *links: Any, driver: str = "modbus") -> None:
        answer = Answer(200, {"driver": "modbus", "links": list(links)})
        self.rest.answers["POST", f"/api/v1/drivers/{driver}/restart"] = answer

    def test_restart(self) -> None:
        self.restarted(UP)
        self.assertEqual(self.dogctl("drivers", "restart", "modbus"), (0, "modbus tcp:plc:502: up\n", ""))
        self.dogctl("drivers", "restart", "modbus", "lamp")
        path = "/api/v1/drivers/modbus/restart"
        self.assertEqual(self.rest.requests, [("POST", path, None), ("POST", path, {"link": "lamp"})])

    def test_stillDown(self) -> None:
        """The exit status says whether it is up."""
        self.restarted(UP, DOWN)
        status, out, _ = self.dogctl("drivers", "restart", "modbus")
        self.assertEqual(status, 1)
        self.assertIn("modbus /dev/ttyUSB0: suspended: driver modbus failed", out)
        status, out, _ = self.dogctl("drivers", "restart", "modbus", "--json")
        self.assertEqual((status, json.loads(out)), (1, {"driver": "modbus", "links": [UP, DOWN]}))

    def test_nothingToRestart(self) -> None:
        self.restarted()
        self.assertEqual(
            self.dogctl("drivers", "restart", "modbus"), (0, "modbus: no device of the home is on it\n", "")
        )

    def test_refused(self) -> None:
        status, out, err = self.dogctl("drivers", "restart", "odd/name")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("/api/v1/drivers/odd%2Fname/restart", err)

    def test_usage(self) -> None:
        for arguments in (["drivers", "restart"], ["drivers", "begin", "modbus"]):
            self.assertEqual(self.dogctl(*arguments)[0], 2)
