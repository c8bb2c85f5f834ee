"""What the Java gateway let anybody do, and this one does not: each is asked for, and nothing comes of it.

rest-api.md, "Deliberately different"; and the tricks that every server of HTTP and JSON is tried with.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import maybeDeferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dog.config import Settings
from dog.core.events import Event
from dog.core.tokens import Token
from dog.model.rights import Role, Scope
from dog.service import Gateway
from tests.api.ws.talk import Client, upgrade

DEMO = Path(__file__).parent.parent.parent / "dog" / "demo" / "home.xml"

LAMP, DIMMER = "lake-kitchen-lamp", "lake-ceiling-lamp"
ON = f"/api/v1/devices/{LAMP}/commands/on"


class House(SynchronousTestCase):
    """The demo home, simulated, in which everybody may do everything; what happens in it is kept."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        home = self.folder / "home.xml"
        home.write_bytes(DEMO.read_bytes())
        self.reactor = MemoryReactorClock()
        settings = Settings(home=home, stateDir=self.folder, simulate=True, anonymous=Role.ADMIN, requestsPerSecond=0)
        self.gateway = Gateway(settings, self.reactor, maybeDeferred)
        self.gateway.privilegedStartService()
        self.gateway.startService()
        self.addCleanup(self.stop)
        self.core = self.gateway.stepper.core
        self.file = home.read_bytes()
        self.reactor.advance(5)  # the simulation has begun
        self.events: list[Event] = []
        self.gateway.stepper.listen(self.events.extend)

    def stop(self) -> None:
        stopped = self.gateway.stopService()
        self.reactor.advance(self.gateway.patience)
        self.successResultOf(stopped)

    def raw(self, data: bytes) -> bytes:
        """Everything that comes back for these bytes on a connection of their own."""
        transport: Any = StringTransport(peerAddress=IPv4Address("TCP", "192.0.2.7", 40000))
        site: Any = self.reactor.tcpServers[0][1]
        channel = site.buildProtocol(transport.getPeer())
        transport.protocol = channel
        channel.makeConnection(transport)
        channel.dataReceived(data)
        self.reactor.advance(0)
        answer: bytes = transport.value()
        channel.connectionLost(Failure(ConnectionDone()))
        return answer

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> int:
        named = {"Host": "localhost", "Content-Length": str(len(body.encode())), **headers}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name.replace('_', '-')}: {each}" for name, each in named.items())]
        answer = self.raw("\r\n".join([*lines, "", body]).encode())
        self.answer = answer.partition(b"\r\n\r\n")[2]
        return int(answer.split(b" ")[1])

    @property
    def commands(self) -> list[str]:
        """Those that were accepted, so far."""
        return [each.command.name for each in self.core.ledger._entries.values()]

    def nothing(self) -> None:
        """No device was told anything, no client of anything, and the home file is as it was."""
        self.assertEqual(self.commands, [])
        self.assertEqual([each for each in self.events if each.device in (LAMP, DIMMER)], [])
        self.assertEqual((self.folder / "home.xml").read_bytes(), self.file)


class RestTests(House):
    def test_itWouldBeSeen(self) -> None:
        """The checks of these tests see what they look for."""
        self.assertEqual(self.ask("PUT", ON), 200)
        self.assertEqual(len(self.commands), 1)
        self.assertRaises(self.failureException, self.nothing)

    def test_executionByGet(self) -> None:
        """Looking at a command's address, as a browser's prefetch or a link in a mail does, commands nothing."""
        for method in ("GET", "HEAD", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "get", "Put"):
            self.assertEqual(self.ask(method, ON), 405, method)
        self.assertEqual(self.ask("OPTIONS", ON), 204)
        self.nothing()

    def test_override(self) -> None:
        """A GET is a GET, whatever its headers, query or body say it is."""
        for name in ("X_HTTP_Method_Override", "X_HTTP_Method", "X_Method_Override"):
            self.assertEqual(self.ask("GET", ON, **{name: "PUT"}), 405)
        for query in ("_method=PUT", "method=PUT", "action=PUT"):
            self.assertEqual(self.ask("GET", f"{ON}?{query}"), 405)
            self.assertEqual(self.ask("POST", f"/api/v1/devices/{LAMP}?{query}"), 405)
        self.assertEqual(self.ask("GET", ON, "_method=PUT"), 405)
        self.nothing()

    def test_wildcards(self) -> None:
        """An id is an id: what once matched as a filter is the name of no device and of no command."""
        wild = (
            "*",
            "%2A",
            "lake-*",
            "lake-kitchen-%3Famp",
            "(id=*)",
            ")(|(id=*)",
            "[a-z]*",
            ".*",
            "%25",
            "lake-kitchen-lamp*",
        )
        for each in wild:
            for method in ("PUT", "POST"):
                self.assertEqual(self.ask(method, f"/api/v1/devices/{each}/commands/on"), 404, each)
            self.assertEqual(self.ask("PUT", f"/api/v1/devices/{LAMP}/commands/{each}"), 404, each)
            self.assertEqual(self.ask("GET", f"/api/v1/devices/{each}"), 404, each)
            self.assertIn(self.ask("DELETE", f"/api/v1/devices/{each}"), (404, 405), each)
            self.assertEqual(self.ask("PUT", f"/api/v1/dog/configuration/{each}", "{}"), 404, each)
        self.nothing()

    def test_otherCase(self) -> None:
        for each in (LAMP.upper(), LAMP.title()):
            self.assertEqual(self.ask("PUT", f"/api/v1/devices/{each}/commands/on"), 404)
        for each in ("ON", "On"):
            self.assertEqual(self.ask("PUT", f"/api/v1/devices/{LAMP}/commands/{each}"), 404)
        self.nothing()

    def test_forged(self) -> None:
        """What the device's class could do in Java (its notifications, its setters, Object's own) is no command."""
        methods = (
            *("notifyOn", "notifyOff", "notifyStateChanged", "notifyChangedRealPower", "onNotification"),
            *("updateStatus", "setState", "setDriver", "getStateValue", "getDeviceDescriptor", "wait", "notify"),
            *("notifyAll", "toString", "hashCode", "getClass", "finalize", "__init__", "__class__", "send"),
        )
        for each in methods:
            self.assertEqual(self.ask("PUT", f"/api/v1/devices/{LAMP}/commands/{each}"), 404, each)
        for path in ("notifications", "notifications/OnNotification", "status", "states/OnOffState"):
            self.assertIn(self.ask("PUT", f"/api/v1/devices/{LAMP}/{path}", '{"value": "on"}'), (404, 405), path)
            self.assertIn(self.ask("POST", f"/api/v1/devices/{LAMP}/{path}", '{"value": "on"}'), (404, 405), path)
        self.assertIn(self.ask("POST", "/api/v1/events", '{"notificationTopic": "OnNotification"}'), (404, 405))
        self.nothing()

    def test_traversal(self) -> None:
        """No way of writing .. leads out of the API, the pages or the state directory."""
        ups = (
            "..",
            "%2e%2e",
            ".%2e",
            "%252e%252e",
            "..%2f..",
            "..%5c..",
            "..\\..",
            "%c0%ae%c0%ae",
            "..;",
            "%2e%2e%00",
        )
        for up in ups:
            for start in ("/static", "/api/v1/devices", "/api/v1/environment/flats", ""):
                for target in ("admin.token", "state.db", "etc/passwd", "home.xml"):
                    for depth in (1, 4):
                        path = "/".join([start, *[up] * depth, target])
                        status = self.ask("GET", path)
                        self.assertIn(status, (404, 400), path)
                        self.assertNotIn(b"dog_", self.answer)
                        self.assertNotIn(b"root:", self.answer)
                        self.assertNotIn(b"<dhc:", self.answer)
        self.nothing()

    def test_smuggled(self) -> None:
        """Two readings of where a body ends are no request at all: what is in it is not begun."""
        inner = f"PUT {ON} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode()
        chunked = b"0\r\n\r\n" + inner
        ping = b"GET /api/v1/ping HTTP/1.1\r\nHost: localhost\r\n"
        for heads, body in (
            (b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % len(chunked), chunked),
            (b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n" % len(chunked), chunked),
            (b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(inner), inner),
            (b"Content-Length: %d\r\nContent-Length: 0\r\n" % len(inner), inner),
            (b"Content-Length: 0, %d\r\n" % len(inner), inner),
            (b"Content-Length: +0\r\n", inner),
            (b"Content-Length: -1\r\n", inner),
            (b"Content-Length: 0x0\r\n", inner),
            (b"Content-Length : 0\r\n", inner),
            (b"Transfer-Encoding: xchunked\r\n", inner),
            (b"Transfer-Encoding: identity, chunked\r\n", chunked),
            (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", chunked),
            (b"Transfer-Encoding: \x0bchunked\r\n", chunked),
        ):
            answer = self.raw(ping + heads + b"\r\n" + body)
            self.assertIn(int(answer.split(b" ")[1]), (400, 501), heads)
            self.assertEqual(answer.count(b"HTTP/1.1 "), 1, heads)
        self.nothing()

    def test_badChunks(self) -> None:
        """Nor is a body in chunks whose sizes have two readings."""
        inner = f"PUT {ON} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode()
        head = b"POST /api/v1/ping HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        for size in (b"-1", b"+0", b"0x0", b"", b"0 0", b"0\n"):
            answer = self.raw(head + size + b"\r\n\r\n" + inner)
            self.assertLessEqual(answer.count(b"HTTP/1.1 "), 1, size)
            self.assertNotIn(b"HTTP/1.1 200", answer)
        self.nothing()

    def test_twice(self) -> None:
        """An object that says the same twice is read in one way: the last one counts, for all that is asked of it."""
        self.assertEqual(self.ask("POST", "/api/v1/tokens", '{"name": "a", "role": "admin", "role": "viewer"}'), 201)
        [made] = [each for each in self.gateway.tokens if each.principal.name == "a"]
        self.assertIs(made.principal.role, Role.VIEWER)
        self.nothing()

    def test_numbers(self) -> None:
        """What is no number of JSON, or more than any device takes, is no value."""
        numbers = (
            "NaN",
            "Infinity",
            "-Infinity",
            "1e999",
            "-1e999",
            "0x10",
            "1_000",
            "9" * 5000,
            "1e" + "9" * 50,
            "01",
        )
        path = f"/api/v1/devices/{DIMMER}/commands/set"
        for each in numbers:
            self.assertIn(self.ask("PUT", path, f'{{"value": {each}}}'), (400, 422), each)
        self.nothing()
        self.assertEqual(self.ask("PUT", path, '{"value": 30}'), 200)

    def test_deep(self) -> None:
        for open, close in (("[", "]"), ('{"a":', "}")):
            body = open * 100_000 + "1" + close * 100_000
            self.assertEqual(self.ask("PUT", f"/api/v1/devices/{LAMP}/location", body), 400)
            self.assertIn(b"bad_json", self.answer)
        self.nothing()


class WebSocketCase(House):
    """@ivar heard: notifications that came with answers."""

    def setUp(self) -> None:
        super().setUp()
        self.heard: list[Any] = []

    def client(self, token: str | None = None) -> Client:
        protocols = {} if token is None else {"Sec_WebSocket_Protocol": f"dog, dog.token.{token}"}
        client = Client(self.gateway.sockets, upgrade(**protocols))
        client.presentation  # noqa: B018  # it has come
        return client

    def restricted(self) -> tuple[str, Token]:
        """A token for which there is one lamp."""
        made = self.gateway.tokens.create("panel", Role.USER, Scope(devices=(LAMP,)))
        return self.successResultOf(made)

    def said(self, client: Client, **message: Any) -> Any:
        client.send({"clientId": client.presentation["clientId"], "messageType": "request", **message})
        self.reactor.advance(0)
        found = client.take()
        self.heard += [each for each in found if each["messageType"] == "notification"]
        [answer] = [each for each in found if each["messageType"] == "response"]
        return answer


class WebSocketTests(WebSocketCase):
    def test_executionByGet(self) -> None:
        client = self.client()
        for action in ("GET", "DELETE", "get", "put", "Put", "EXECUTE", "HEAD", "OPTIONS"):
            answer = self.said(client, action=action, endPoint=ON)
            self.assertIn(answer["status"], (400, 405, 204), action)
        self.nothing()

    def test_forged(self) -> None:
        """A notification that a client sends reaches nobody: neither it, nor whoever has subscribed to everything."""
        listener = self.client()
        everything = "/api/v1/subscriptions/devices/notifications"
        self.said(listener, action="POST", endPoint=everything, parameters="*")
        forger = self.client()
        notification = {"notificationTopic": "OnNotification", "notificationName": "on", "deviceUri": LAMP}
        for kind in ("notification", "response", "presentation", "gap"):
            answer = self.said(forger, messageType=kind, notification=notification, action="PUT", endPoint=ON)
            self.assertEqual(answer["status"], 400)
            self.assertTrue(answer["response"].startswith("You forgot"))
        for path in (everything, f"/api/v1/devices/{LAMP}/notifications", "/api/v1/events"):
            answer = self.said(forger, action="PUT", endPoint=path, parameters=notification)
            self.assertIn(answer["status"], (404, 405), path)
        self.assertEqual(listener.take(), [])
        self.nothing()

    def test_otherClient(self) -> None:
        """Nobody acts, subscribes or hears in the name of another connection."""
        victim, thief = self.client(), self.client()
        id = victim.presentation["clientId"]
        for action, path in (("PUT", ON), ("POST", "/api/v1/subscriptions/devices/notifications")):
            answer = self.said(thief, clientId=id, action=action, endPoint=path)
            self.assertEqual(answer["status"], 400)
            self.assertTrue(answer["response"].startswith("You forgot"))
        self.assertEqual(victim.take(), [])
        self.assertEqual(self.said(victim, action="PUT", endPoint=ON)["status"], 200)
        self.assertEqual((victim.take(), thief.take()), ([], []))

    def test_wildcards(self) -> None:
        client = self.client()
        for each in ("*", "lake-*", "(id=*)", "%2A"):
            answer = self.said(client, action="PUT", endPoint=f"/api/v1/devices/{each}/commands/on")
            self.assertEqual((answer["status"], answer["error"]["code"]), (404, "not_found"))
        self.nothing()

    def test_everything(self) -> None:
        """Whoever may see one lamp and asks for everything, in every way there is, hears of the lamp."""
        secret, _ = self.restricted()
        ways: tuple[Any, ...] = (
            "*", "", None, ["*"], {"notifications": ["*"]}, {"devices": ["*"]}, {"rooms": ["*"], "classes": ["*"]},
            {"devices": [DIMMER]}, {"snapshot": True}, {"since": {"epoch": self.core.log.epoch, "cursor": 0}},
        )  # fmt: skip
        heard = 0
        for parameters in ways:
            client = self.client(secret)
            path = "/api/v1/subscriptions/devices/notifications"
            answer = self.said(client, action="POST", endPoint=path, parameters=parameters)
            devices = {each["id"] for each in answer["response"].get("devicesStatus", ())}
            self.assertLessEqual(devices, {LAMP}, parameters)
            for id in (LAMP, DIMMER):
                for command in ("on", "off"):
                    self.assertEqual(self.ask("PUT", f"/api/v1/devices/{id}/commands/{command}"), 200)
            self.reactor.advance(0.1)
            told = [*self.heard, *(each for each in client.take() if each["messageType"] == "notification")]
            self.heard.clear()
            self.assertLessEqual({each["notification"]["deviceUri"] for each in told}, {LAMP}, parameters)
            heard += len(told)
        self.assertGreater(heard, 2 * (len(ways) - 1))

    def test_unseen(self) -> None:
        """A device that it may not see is one that is not there, word for word."""
        secret, _ = self.restricted()
        client = self.client(secret)
        for path in ("devices/{}", "devices/{}/status", "devices/{}/commands/on", "devices/{}/commands/nothing"):
            answers = []
            for id in (DIMMER, "lake-nowhere-lamp"):
                action = "PUT" if "commands" in path else "GET"
                answer = self.said(client, action=action, endPoint=f"/api/v1/{path.format(id)}")
                answers.append(json.dumps(answer).replace(id, "ID"))
            self.assertEqual(answers[0], answers[1])
        self.nothing()

    def test_duplicateKeys(self) -> None:
        """The last of two counts, whatever the first one was; what is no JSON is nothing."""
        client = self.client()
        head = f'{{"clientId":"{client.id}","messageType":"request","action":"GET","endPoint":"{ON}"'
        for more, status in ((',"endPoint":"/api/v1/ping"}', 200), (',"action":"GET"}', 405), (',"x":NaN}', 400)):
            client.send(head + more)
            [answer] = client.take()
            self.assertEqual(answer["status"], status, more)
        self.nothing()
