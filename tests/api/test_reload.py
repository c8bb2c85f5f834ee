"""Reloading over the API."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed

from dog.api.views.reloaded import Reloaded
from dog.model.home import Home, HomeDiff
from tests.api.recorded.gateway import InHome


class ReloadTests(InHome):
    def test_reload(self) -> None:
        """What came of it; only for admins."""
        asked: list[str] = []

        def reload(who: str) -> Deferred[Reloaded]:
            asked.append(who)
            return succeed(
                Reloaded(("server.hosts",), ("house.seed",), HomeDiff(Home(), added=("a", "b")), None, "AB")
            )

        self.gateway.reload = reload
        for path in ("/admin/reload", "/api/v1/admin/reload"):
            answer = self.ask("POST", path)
            self.assertEqual(answer.status, 200)
            self.assertEqual(
                answer.json,
                {
                    "applied": ["server.hosts"],
                    "restart": ["house.seed"],
                    "home": {"added": 2, "removed": 0, "changed": 0, "moved": 0},
                    "fingerprint": "AB",
                },
            )
        self.assertEqual(asked, ["anonymous"] * 2)
        self.gateway.reload = lambda who: succeed(Reloaded(homeProblem="home.xml:3: nonsense"))
        told = self.tell("POST", "/api/v1/admin/reload").json
        self.assertEqual(told, {"applied": [], "restart": [], "homeProblem": "home.xml:3: nonsense"})
