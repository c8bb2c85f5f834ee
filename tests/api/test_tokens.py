"""Tokens through the API: made, brought, revoked; and nowhere to be seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dog.api import http
from dog.api.identity import Identity
from dog.api.slowdown import Slowdown
from dog.core.core import Applied
from dog.home.diff import diff
from dog.live.tokens import ADMIN_FILE
from dog.model.rights import ANONYMOUS, NOBODY, Principal, Role
from tests.api.recorded.gateway import HOME, LAMP, Asked, Gateway
from tests.logs import record

#: Two lamps of the recorded home that are not in the same room.
KITCHEN_LAMP = "SimpleLamp_mb1"

TOKENS = "/api/v1/tokens"


class Case(SynchronousTestCase):
    """A gateway with tokens, on which nobody may do anything without one.

    @ivar logged: everything that was logged, at any level.
    """

    maxDiff = None

    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        file = folder / "home.xml"
        file.write_bytes(HOME.read_bytes())
        self.logged = record(self)
        self.gateway = Gateway(file, stateDir=folder)
        self.open(NOBODY)
        self.gateway.start()
        self.addCleanup(self.gateway.stop)
        self.admin = (folder / ADMIN_FILE).read_text().strip()

    def open(self, anonymous: Principal) -> None:
        identity = Identity(anonymous, None, self.gateway.tokens, Slowdown(self.gateway.clock))
        site = http.factory(self.gateway.api, identity, self.gateway.clock)
        self.gateway._site = site
        self.gateway.tokens.listen(site.ended)
        self.gateway.tokens.listen(self.gateway.core.visibility.forget)

    def ask(self, method: str, path: str, body: Any = None, token: str | None = None, **more: Any) -> Asked:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.gateway.ask(method, path, body, {**headers, **more.pop("headers", {})}, **more)

    def make(self, **wish: Any) -> tuple[str, str]:
        """A token made by the admin, and its id."""
        made = self.ask("POST", TOKENS, {"name": "panel", "role": "user", **wish}, self.admin)
        self.assertEqual(made.status, 201, made.body)
        return made.json["token"], made.json["id"]


class Resource(Case):
    def test_made(self) -> None:
        made = self.ask("POST", TOKENS, {"name": "panel", "role": "viewer"}, self.admin)
        body = made.json
        self.assertEqual(made.headers["location"], f"{TOKENS}/{body['id']}")
        self.assertEqual(made.headers["cache-control"], "no-store")
        secret = body.pop("token")
        self.assertRegex(secret, r"\Adog_[\w-]{43}\Z")
        self.assertEqual(
            body,
            {
                "id": body["id"],
                "name": "panel",
                "role": "viewer",
                "createdAt": "2024-05-01T12:00:00.000Z",
                "expired": False,
            },
        )
        self.assertEqual(self.ask("GET", f"{TOKENS}/{body['id']}", token=self.admin).json, body)
        self.gateway.clock.advance(60)
        self.assertEqual(self.ask("GET", "/api/v1/devices", token=secret).status, 200)
        listed = self.ask("GET", TOKENS, token=self.admin)
        self.assertEqual(listed.json["tokens"][1], {**body, "usedAt": "2024-05-01T12:01:00.000Z"})
        self.assertEqual([each["name"] for each in listed.json["tokens"]], ["admin", "panel"])
        self.assertNotIn(secret.encode(), listed.body)

    def test_allOfIt(self) -> None:
        wish = {
            "expiresAt": "2024-05-01T14:30:00+02:00",
            "view": {"rooms": ["kitchen"]},
            "operate": {"classes": ["Lamp"], "devices": []},
        }
        _, id = self.make(**wish)
        told = self.ask("GET", f"{TOKENS}/{id}", token=self.admin).json
        self.assertEqual({name: told[name] for name in wish}, {**wish, "expiresAt": "2024-05-01T12:30:00.000Z"})
        self.gateway.clock.advance(1800)
        self.assertIs(self.ask("GET", f"{TOKENS}/{id}", token=self.admin).json["expired"], True)

    def test_wrong(self) -> None:
        for wish, code in (
            ({"name": " x"}, "bad_value"),
            ({"name": "x\n"}, "bad_value"),
            ({"name": "x" * 81}, "bad_value"),
            ({"name": "admin"}, "duplicate_id"),
            ({"role": "none"}, "bad_body"),
            ({"role": "god"}, "bad_body"),
            ({"expiresAt": "tomorrow"}, "bad_value"),
            ({"expiresAt": "2030-01-01"}, "bad_value"),
            ({"expiresAt": "2030-01-01T00:00:00"}, "bad_value"),
            ({"expiresAt": "2024-05-01T12:00:00Z"}, "bad_value"),
            ({"view": {"floors": []}}, "bad_body"),
            ({"view": {"rooms": ["x" * 201]}}, "bad_value"),
            ({"role": "admin", "operate": {"devices": []}}, "bad_value"),
        ):
            asked = self.ask("POST", TOKENS, {"name": "panel", "role": "user", **wish}, self.admin)
            self.assertEqual(asked.code, code, wish)
        self.assertEqual(len(list(self.gateway.tokens)), 1)

    def test_adminsOnly(self) -> None:
        """Nobody else can even look who there is, let alone make himself more."""
        user, id = self.make()
        one = f"{TOKENS}/{id}"
        for method, path in (("GET", TOKENS), ("POST", TOKENS), ("GET", one), ("DELETE", one)):
            self.assertEqual(self.ask(method, path, token=user).code, "forbidden")
            self.assertEqual(self.ask(method, path).code, "unauthorized")

    def test_revoked(self) -> None:
        secret, id = self.make()
        self.assertEqual(self.ask("DELETE", f"{TOKENS}/{id}", token=self.admin).status, 204)
        self.assertEqual(self.ask("GET", "/api/v1/devices", token=secret).code, "unauthorized")
        self.assertEqual(self.ask("DELETE", f"{TOKENS}/{id}", token=self.admin).code, "not_found")


class Bringing(Case):
    def test_none(self) -> None:
        """What is everybody's stays that; all else asks for a token, and says how to bring one."""
        asked = self.ask("GET", "/api/v1/devices")
        self.assertEqual((asked.status, asked.code), (401, "unauthorized"))
        self.assertEqual(asked.headers["www-authenticate"], 'Bearer realm="dog"')
        for path in (LAMP, "/api/v1/devices/nope"):
            self.assertEqual(self.ask("GET", path).status, 401, "it does not even tell what there is")
        for path in ("/api/v1/ping", "/api/v1/openapi.json", "/health"):
            self.assertEqual(self.ask("GET", path).status, 200)
        self.assertEqual(set(self.ask("GET", "/health").json), {"status", "name", "version", "started"})
        self.assertEqual(self.ask("OPTIONS", "/api/v1/devices").status, 204, "a preflight brings none")

    def test_bad(self) -> None:
        """Nobody's, also where clients without a token may do everything."""
        self.open(ANONYMOUS)
        for value in ("Bearer dog_bad", f"Basic {self.admin}", f"Bearer {self.admin}x", ""):
            for path in ("/api/v1/devices", "/api/v1/ping"):
                asked = self.gateway.ask("GET", path, headers={"Authorization": value}, advance=10)
                self.assertEqual((asked.status, asked.code), (401, "unauthorized"), value)

    def test_query(self) -> None:
        """Not in an address, which ends up in logs and histories."""
        self.assertEqual(self.ask("GET", f"/api/v1/devices?token={self.admin}").status, 401)
        self.assertEqual(self.ask("GET", f"/api/v1/devices?access_token={self.admin}").status, 401)

    def test_rights(self) -> None:
        secret, _ = self.make(view={"devices": [KITCHEN_LAMP, "Outlet_mb1"]}, operate={"devices": ["Outlet_mb1"]})
        listed = self.ask("GET", "/api/v1/devices", token=secret).json["devices"]
        self.assertEqual({each["id"] for each in listed}, {KITCHEN_LAMP, "Outlet_mb1"})
        for device, status in (
            (KITCHEN_LAMP, 403),
            ("DimmerLamp_l4", 404),
            ("nope", 404),
            ("Outlet_mb1", 503),
        ):
            asked = self.ask("PUT", f"/api/v1/devices/{device}/commands/on", {}, secret)
            self.assertEqual(asked.status, status, device)
        self.assertEqual(self.ask("GET", "/api/v1/devices/DimmerLamp_l4/status", token=secret).status, 404)

    def test_answersThatAreKept(self) -> None:
        """What was answered to one who sees a device is not answered to one who does not."""
        secret, _ = self.make(view={"devices": ["Outlet_mb1"]})
        path = f"{LAMP}/status"
        for _ in range(2):
            self.assertEqual(self.ask("GET", path, token=self.admin).status, 200)
            self.assertEqual(self.ask("GET", path, token=secret).status, 404)

    def test_slowed(self) -> None:
        """A refusal after others comes late; a valid token never does."""
        for _ in range(3):
            self.assertEqual(self.ask("GET", "/api/v1/ping", token="dog_bad").status, 401)
        channel, transport = self.connect("GET", "/api/v1/ping", "dog_bad")
        self.assertEqual(transport.value(), b"")
        self.assertEqual(self.ask("GET", "/api/v1/ping", token=self.admin).status, 200)
        self.gateway.clock.advance(0.25)
        self.assertTrue(transport.value().startswith(b"HTTP/1.1 401 "))
        channel.connectionLost(Failure(ConnectionDone()))
        channel, transport = self.connect("GET", "/api/v1/ping", "dog_bad")
        channel.connectionLost(Failure(ConnectionDone()))
        self.gateway.clock.advance(10)
        self.assertEqual(transport.value(), b"", "it did not wait, and nothing is left of it")
        self.assertEqual(self.flushLoggedErrors(), [])

    def connect(self, method: str, path: str, token: str, *headers: str) -> tuple[Any, StringTransport]:
        """A connection on which this was asked."""
        transport = StringTransport(peerAddress=IPv4Address("TCP", "127.0.0.1", 40000))
        channel = self.gateway._site.buildProtocol(transport.getPeer())
        assert channel is not None
        channel.makeConnection(transport)
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}", *headers, "", ""]
        channel.dataReceived("\r\n".join(lines).encode())
        return channel, transport

    def test_streamEnds(self) -> None:
        """Of who is revoked or has expired, at once; others go on."""
        revoked, id = self.make(name="revoked")
        expiring, _ = self.make(name="expiring", expiresAt="2024-05-01T12:00:30Z")
        accept = "Accept: text/event-stream"
        streams = [self.connect("GET", "/events", each, accept) for each in (revoked, expiring, self.admin)]
        for _, transport in streams:
            self.assertIn(b"retry:", transport.value())
        self.ask("DELETE", f"{TOKENS}/{id}", token=self.admin)
        ended = [transport.value().endswith(b"\r\n0\r\n\r\n") for _, transport in streams]
        self.assertEqual(ended, [True, False, False])
        self.gateway.clock.advance(30)
        ended = [transport.value().endswith(b"\r\n0\r\n\r\n") for _, transport in streams]
        self.assertEqual(ended, [True, True, False])
        self.assertEqual(len(self.gateway.ports.streams.open), 1)
        for channel, _ in streams:
            channel.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.gateway.ports.streams.open, {})
        self.assertEqual(self.gateway._site.ended(Principal("x", Role.USER)), None)

    def test_removedDevices(self) -> None:
        """A stream is not told of a device that goes which its client did not see."""
        secret, _ = self.make(view={"devices": [KITCHEN_LAMP]})
        accept = "Accept: text/event-stream"
        streams = [self.connect("GET", "/events", each, accept) for each in (secret, self.admin)]
        home = self.gateway.home
        left = {id: each for id, each in home.devices.items() if id != "DimmerLamp_l4"}
        self.gateway.stepper.step(Applied(diff(home, replace(home, devices=left))))
        told = [b"DimmerLamp_l4" in transport.value() for _, transport in streams]
        self.assertEqual(told, [False, True])
        for channel, _ in streams:
            channel.connectionLost(Failure(ConnectionDone()))


class NeverSeen(Case):
    def test_log(self) -> None:
        """No token is logged, at any level, valid or not; nor told by errors, metrics or whoever else is asked."""
        secret, id = self.make()
        bad = secret[:-2] + "xx"
        bodies = [
            self.ask(method, path, body, token, advance=10).body
            for token in (secret, bad, self.admin)
            for method, path, body in (
                ("GET", "/api/v1/devices", None),
                ("GET", f"/api/v1/devices/{token}", None),
                ("PUT", f"{LAMP}/commands/on", {"token": "x"}),
                ("PUT", f"{LAMP}/commands/on", b"{"),
                ("GET", "/metrics", None),
                ("GET", "/health", None),
                ("GET", f"{TOKENS}/{id}", None),
            )
            if token not in path
        ]
        self.ask("DELETE", f"{TOKENS}/{id}", token=self.admin)
        told = [repr(each) + str(each.get("log_format")) for each in self.logged]
        self.assertTrue([each for each in told if "failed attempts" in each], "what goes wrong is logged")
        for known in (secret, bad, self.admin):
            self.assertEqual([each for each in told if known in each], [])
            self.assertEqual([each for each in bodies if known.encode() in each], [])

    def test_bug(self) -> None:
        """A resource that fails is logged with its request; the token is no part of that."""
        self.patch(self.gateway.commands, "send", lambda *_, **__: 1 / 0)
        self.assertEqual(self.ask("PUT", f"{LAMP}/commands/on", {}, self.admin).status, 500)
        [failure] = self.flushLoggedErrors(ZeroDivisionError)
        for text in (*map(repr, self.logged), failure.getTraceback(detail="verbose")):
            self.assertNotIn(self.admin, text)

    def test_repr(self) -> None:
        secret, _ = self.make()
        for token in self.gateway.tokens:
            self.assertNotIn(secret, repr(token))
            self.assertNotIn(token.digest.hex(), repr(token))
