"""The session of a WebSocket connection."""

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dog.api.call import Request
from dog.api.dispatch import Api
from dog.api.resources import session, subscriptions
from dog.api.routes import routesOf
from dog.api.ws.connection import ConnectionFactory
from dog.core.core import Core
from dog.model.rights import ANONYMOUS
from tests.api.ws.talk import Client


class Ports:
    """The two ports that these resources and the resource tree itself ask for."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.subscriptions = core.subscriptions

    def named(self, name: str) -> Any:
        return getattr(self, name)


class Talking(SynchronousTestCase):
    """A client in front of the real resource tree, with these two resources in it."""

    def setUp(self) -> None:
        self.core = Core("e1")
        self.clock = clock = Clock()
        self.api = Api(routesOf([session, subscriptions]), Ports(self.core), clock)  # type: ignore[arg-type]
        self.factory = ConnectionFactory(self.api, self.core, clock.callLater)
        self.client = Client(self.factory)


class SessionTests(Talking):
    def session(self, parameters: Any = None) -> Any:
        self.client.send(self.client.request("PUT", "/api/v1/session", parameters))
        self.clock.advance(0)
        [answer] = self.client.take()
        return answer

    def test_features(self) -> None:
        """In force are those that were asked for and are on offer."""
        answer = self.session({"features": ["eventId", "gap", "batch"]})
        self.assertEqual(answer["response"], {"features": ["batch", "eventId", "gap"], "authenticated": True})
        answer = self.session({"features": ["eventId", "telepathy"]})
        self.assertEqual(answer["response"], {"features": ["eventId"], "authenticated": True})
        self.assertEqual(answer["status"], 200)
        self.assertEqual(self.client.connection.features, {"eventId"})

    def test_onOffer(self) -> None:
        """What the presentation offers can be had."""
        offered = self.client.presentation["features"]
        self.assertEqual(self.session({"features": offered})["response"]["features"], offered)

    def test_nothing(self) -> None:
        for parameters in (None, {}, {"token": None}, {"features": None}, "{}"):
            self.assertEqual(self.session(parameters)["response"], {"features": [], "authenticated": True})

    def test_kept(self) -> None:
        """Without C{features} they stay; with an empty list they go."""
        self.session({"features": ["eventId"]})
        self.assertEqual(self.session({})["response"]["features"], ["eventId"])
        self.assertEqual(self.session({"features": []})["response"]["features"], [])

    def test_ofItsOwn(self) -> None:
        other = Client(self.factory)
        self.session({"features": ["eventId"]})
        self.assertEqual(other.connection.features, frozenset())

    def test_furtherKeys(self) -> None:
        self.assertEqual(self.session({"colour": "red"})["status"], 200)

    def test_malformed(self) -> None:
        malformed: tuple[Any, ...] = ([], 5, {"features": "eventId"}, {"features": [1]}, {"token": 5})
        for parameters in malformed:
            answer = self.session(parameters)
            self.assertEqual((answer["status"], answer["error"]["code"]), (400, "bad_body"), parameters)
            self.assertEqual(answer["response"], {"result": "PUT /api/v1/session execution failed"})

    def test_notOverHttp(self) -> None:
        """REST has no session, and no subscriptions."""
        for method, path in (
            ("PUT", "session"),
            ("POST", "subscriptions/devices/notifications"),
            ("POST", "subscriptions/devices/x/notifications"),
            ("DELETE", "subscriptions/devices/notifications/x"),
        ):
            request = Request(method, ("api", "v1", *path.split("/")), ANONYMOUS)
            self.assertEqual(self.successResultOf(self.api.answer(request)).status, 404)
