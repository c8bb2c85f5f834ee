"""C{dogctl discovery}."""

from __future__ import annotations

import json
import time
from typing import Any

from dog.cli import discovery
from dog.client.errors import Failed
from dog.client.rest import Answer
from tests.cli.fakes import CliCase

ROCKER: dict[str, Any] = {
    "id": "enocean-0025C57A",
    "driver": "enocean",
    "key": "0025C57A",
    "gateway": "gw",
    "class": "RockerSwitch",
    "classes": ["RockerSwitch", "Button"],
    "description": "Rocker, \x1b[31mA and B",
    "params": {"address": "0025C57A"},
    "guessed": True,
    "ignored": False,
    "signal": -60,
    "firstSeen": "2025-01-15T12:00:00.000Z",
    "lastSeen": "2025-01-15T12:00:00.000Z",
    "timesSeen": 3,
}
METER = {**ROCKER, "id": "x-1", "guessed": False, "ignored": True, "description": "Meter"}
del METER["class"], METER["signal"]
SOURCES = [
    {"driver": "enocean", "gateway": "gw", "ways": ["smartTeachIn", "teachIn"]},
    {"driver": "modbus", "ways": [], "reason": "nothing there makes itself known"},
]
SEARCH = "/api/v1/discovery/search"


class Case(CliCase):
    def setUp(self) -> None:
        super().setUp()
        self.offer(ROCKER)

    def offer(self, *candidates: Any, sources: Any = SOURCES) -> None:
        body = {"candidates": list(candidates), "sources": sources}
        self.rest.answers["GET", "/api/v1/discovery"] = Answer(200, body)

    def answer(self, method: str, path: str, status: int = 200, body: Any = None, **headers: str) -> None:
        self.rest.answers[method, path] = Answer(status, body, headers)


class Listing(Case):
    def test_table(self) -> None:
        for arguments in (("discovery",), ("discovery", "list"), ("discovery", "--timeout", "3")):
            status, out, err = self.dogctl(*arguments)
            self.assertEqual((status, err), (0, ""))
            head, line = out.splitlines()
            self.assertEqual(head.split(), ["CANDIDATE", "CLASS", "SEEN", "TIMES", "DBM", "DESCRIPTION"])
            self.assertRegex(
                line, r"^enocean-0025C57A  RockerSwitch \?  2025-01-1\d \d\d:\d\d:00  3      -60  Rocker, "
            )
            self.assertNotIn("\x1b", out)

    def test_all(self) -> None:
        self.rest.answers["GET", "/api/v1/discovery?ignored=true"] = Answer(
            200, {"candidates": [METER], "sources": SOURCES}
        )
        status, out, _ = self.dogctl("discovery", "list", "--all")
        self.assertEqual(status, 0)
        self.assertRegex(out.splitlines()[1], r"^x-1        \?      .* \(ignored\) Meter$")

    def test_nothing(self) -> None:
        """Says which buses can be searched, and why the others can't."""
        self.offer()
        status, out, err = self.dogctl("discovery")
        self.assertEqual((status, out), (0, ""))
        self.assertIn("nothing is offered", err)
        self.assertIn("gw (enocean) can be searched (smartTeachIn, teachIn)", err)
        self.assertIn("modbus can't be searched: nothing there makes itself known", err)

    def test_json(self) -> None:
        for arguments in (("--json", "discovery"), ("discovery", "--json"), ("discovery", "list", "--json")):
            status, out, _ = self.dogctl(*arguments)
            self.assertEqual((status, json.loads(out)), (0, {"candidates": [ROCKER], "sources": SOURCES}))


class Searching(Case):
    """@ivar happen: what happens in each second that is waited."""

    def setUp(self) -> None:
        super().setUp()
        self.offer()
        self.answer("POST", SEARCH, 201, location=f"{SEARCH}/1")
        self.state("running")
        self.happen: list[Any] = []

        def sleep(seconds: float) -> None:
            self.assertEqual(seconds, discovery.INTERVAL)
            self.happen.pop(0)()

        self.patch(time, "sleep", sleep)

    def state(self, state: str, **more: Any) -> None:
        body = {"id": "1", "how": "smartTeachIn", "state": state, "until": "2025-01-15T12:00:00.000Z", **more}
        self.answer("GET", f"{SEARCH}/1", body=body)

    def end(self, *candidates: Any) -> None:
        self.offer(*candidates)
        self.state("done")

    def interrupt(self) -> None:
        raise KeyboardInterrupt

    def asked(self) -> Any:
        return next(body for method, path, body in self.rest.requests if (method, path) == ("POST", SEARCH))

    def test_found(self) -> None:
        """What was there and is not heard is not told; each is told once."""
        self.offer(METER)
        again = {**ROCKER, "timesSeen": 4}
        self.happen = [
            lambda: self.offer(ROCKER, METER),
            lambda: self.offer(again, METER),
            lambda: self.end({**METER, "timesSeen": 9}, again),
        ]
        status, out, err = self.dogctl("discovery", "search", "gw", "--seconds", "5", "--how", "teachIn")
        self.assertEqual(status, 0)
        lines = out.splitlines()
        self.assertEqual(len(lines), 2)
        self.assertTrue(lines[0].startswith("enocean-0025C57A  RockerSwitch, as far as one can guess: Rocker"))
        self.assertEqual(lines[1], "x-1  ?: Meter")
        self.assertIn("searching (smartTeachIn) until", err)
        self.assertEqual(self.asked(), {"gateway": "gw", "seconds": 5.0, "how": "teachIn"})

    def test_driver(self) -> None:
        self.happen = [lambda: self.state("done")]
        status, _, err = self.dogctl("discovery", "search", "enocean")
        self.assertEqual((status, self.asked()), (0, {"driver": "enocean"}))
        self.assertIn("nothing was found", err)

    def test_json(self) -> None:
        self.happen = [lambda: self.end(ROCKER)]
        status, out, err = self.dogctl("discovery", "search", "--json")
        self.assertEqual((status, json.loads(out), self.asked()), (0, ROCKER, {}))
        self.assertIn("note", json.loads(err))

    def test_interrupted(self) -> None:
        self.answer("DELETE", f"{SEARCH}/1", 204)
        self.happen = [self.interrupt]
        status, _, _ = self.dogctl("discovery", "search")
        self.assertEqual(status, 0)
        self.assertEqual(self.rest.requests[-1], ("DELETE", f"{SEARCH}/1", None))

    def test_failed(self) -> None:
        self.happen = [lambda: self.state("failed", reason="the bus says no")]
        status, _, err = self.dogctl("discovery", "search")
        self.assertEqual(status, 1)
        self.assertIn("the bus says no", err)

    def test_refused(self) -> None:
        """A bus on which there is nothing to search."""
        self.rest.answers["POST", SEARCH] = Failed(422, "bad_value", "modbus can't be searched")
        status, _, err = self.dogctl("discovery", "search", "modbus")
        self.assertEqual((status, err), (1, "dogctl: modbus can't be searched [bad_value, 422]\n"))

    def test_usage(self) -> None:
        for seconds in ("0", "601", "x", "nan"):
            status, _, _ = self.dogctl("discovery", "search", "--seconds", seconds)
            self.assertEqual(status, 2)

    def test_watch(self) -> None:
        self.happen = [lambda: self.offer(ROCKER), lambda: None, self.interrupt]
        status, out, _ = self.dogctl("discovery", "watch")
        self.assertEqual((status, len(out.splitlines())), (0, 1))
        self.assertNotIn(("POST", SEARCH), [each[:2] for each in self.rest.requests])


class Deciding(Case):
    ADOPT = "/api/v1/discovery/enocean-0025C57A/adopt"

    def adopted(self, **more: Any) -> None:
        self.answer("POST", self.ADOPT, 201, location="/api/v1/devices/a%20b")
        body = {"id": "a b", "class": "Button", "active": True, "online": True, **more}
        self.answer("GET", "/api/v1/devices/a%20b?detail=full", body=body)

    def test_adopt(self) -> None:
        self.adopted(isIn="hall")
        status, out, err = self.dogctl(
            *("discovery", "adopt", "enocean-0025C57A", "a b", "--class", "Button", "--room", "hall"),
            *("--description", "Door", "--through", "gw", "--param", "eep=F6-02-02", "--param", "x=a=b"),
        )
        self.assertEqual((status, out, err), (0, "enocean-0025C57A: adopted as a b, Button in hall\n", ""))
        self.assertEqual(
            self.rest.requests[0][2],
            {
                "id": "a b",
                "class": "Button",
                "isIn": "hall",
                "description": "Door",
                "gateway": "gw",
                "params": {"eep": "F6-02-02", "x": "a=b"},
            },
        )

    def test_asProposed(self) -> None:
        self.adopted(active=False, code="misconfigured", reason="no such profile")
        status, out, err = self.dogctl("discovery", "adopt", "enocean-0025C57A")
        self.assertEqual((status, out), (0, "enocean-0025C57A: adopted as a b, Button\n"))
        self.assertIn("no such profile", err)
        self.assertEqual(self.rest.requests[0][2], {})

    def test_adoptJson(self) -> None:
        self.adopted()
        status, out, _ = self.dogctl("discovery", "adopt", "enocean-0025C57A", "--json")
        self.assertEqual((status, json.loads(out)["device"]["id"]), (0, "a b"))

    def test_adoptRefused(self) -> None:
        status, _, _ = self.dogctl("discovery", "adopt", "nobody")
        self.assertEqual(status, 1)
        for param in ("x", "=y"):
            status, _, _ = self.dogctl("discovery", "adopt", "nobody", "--param", param)
            self.assertEqual(status, 2)

    def test_judge(self) -> None:
        for word, method, path in (
            ("ignore", "POST", "/api/v1/discovery/a/ignore"),
            ("offer", "POST", "/api/v1/discovery/a/offer"),
            ("forget", "DELETE", "/api/v1/discovery/a"),
        ):
            self.rest.requests.clear()
            self.answer(method, path)
            status, out, _ = self.dogctl("discovery", word, "a")
            self.assertEqual((status, self.rest.requests), (0, [(method, path, None)]))
            self.assertTrue(out.startswith("a: "))
            status, out, err = self.dogctl("discovery", word, "b", "a", "--json")
            self.assertEqual((status, json.loads(out)), (1, {"candidate": "a", "done": word}))
            self.assertEqual(json.loads(err)["error"]["code"], "not_found")
