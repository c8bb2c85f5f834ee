"""The route table."""

from __future__ import annotations

import types

from twisted.trial.unittest import SynchronousTestCase

from dog.api.call import Answer, Call
from dog.api.resources import ROUTES
from dog.api.routes import On, Route, Table, route, routesOf
from dog.model.rights import Right


def made(method: str, path: str, also: str | None = None) -> Route:
    return Route(method, path, lambda call: None, Right.VIEW, On.HOUSE, also=also)


class Match(SynchronousTestCase):
    def setUp(self) -> None:
        self.one = made("GET", "/devices/{device}")
        self.status = made("GET", "/devices/status")
        self.oneStatus = made("GET", "/devices/{device}/status")
        self.send = made("PUT", "/devices/{device}/commands/{command}", also="POST")
        self.table = Table([self.one, self.status, self.oneStatus, self.send])

    def found(self, path: str) -> tuple[Route | None, dict[str, str]]:
        match = self.table.match(tuple(each for each in path.split("/") if each))
        return (None, {}) if match is None else (next(iter(match.methods.values())), dict(match.params))

    def test_literalsWin(self) -> None:
        self.assertEqual(self.found("/api/v1/devices/status"), (self.status, {}))
        self.assertEqual(self.found("/api/v1/devices/lamp"), (self.one, {"device": "lamp"}))

    def test_deviceNamedLikeALiteral(self) -> None:
        """Where a literal leads nowhere, the parameter does."""
        self.assertEqual(self.found("/api/v1/devices/status/status"), (self.oneStatus, {"device": "status"}))

    def test_nothing(self) -> None:
        for path in ("/", "/api", "/api/v1", "/api/v1/devices", "/api/v1/devices/a/b", "/devices/status"):
            self.assertEqual(self.found(path), (None, {}), path)

    def test_also(self) -> None:
        match = self.table.match(("api", "v1", "devices", "lamp", "commands", "on"))
        assert match is not None
        self.assertEqual(match.methods, {"PUT": self.send, "POST": self.send})
        self.assertEqual(match.params, {"device": "lamp", "command": "on"})

    def test_twice(self) -> None:
        self.assertRaises(ValueError, Table, [made("PUT", "/a"), made("POST", "/a", also="PUT")])


class Mark(SynchronousTestCase):
    def test_marked(self) -> None:
        """A function's docstring, parameters and every mark on it make its routes."""
        module = types.ModuleType("subject")

        @route("GET", "/again", root="", right=Right.VIEW, on=On.NOTHING)
        @route("GET", "/once", right=Right.VIEW, on=On.HOUSE)
        def resource(call: Call, core: object, plan: object) -> Answer:
            """What it says.

            And more.
            """
            return Answer()

        resource.__module__ = "subject"
        vars(module).update(resource=resource, imported=route, number=1)
        routes = routesOf([module])
        self.assertEqual([each.segments for each in routes], [("api", "v1", "once"), ("again",)])
        self.assertEqual({each.summary for each in routes}, {"What it says."})
        self.assertEqual(routes[0].ports, ("core", "plan"))

    def test_unprotected(self) -> None:
        """A route without a right or without what it is asked on can't be written."""
        self.assertRaises(TypeError, route, "GET", "/a", on=On.HOUSE)
        self.assertRaises(TypeError, route, "GET", "/a", right=Right.VIEW)


class All(SynchronousTestCase):
    def test_consistent(self) -> None:
        """No two resources are in each other's way, and what is asked on a device names one."""
        Table(ROUTES)
        for each in ROUTES:
            if each.on is On.DEVICE:
                self.assertIn("{device}", each.path)

    def test_summaries(self) -> None:
        self.assertEqual([each.path for each in ROUTES if not each.summary], [])
