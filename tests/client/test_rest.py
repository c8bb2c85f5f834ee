"""The blocking client against a plain socket server in a thread, which can misbehave in every way."""

import json
import socket
import threading
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.client.errors import Failed, NotReachable
from dog.client.rest import Rest


class OneAnswer:
    """Takes one connection, keeps the request, sends C{answer} (None: nothing) and closes, unless it is to C{hold}."""

    def __init__(self, answer: bytes | None, hold: bool = False) -> None:
        self._answer = answer
        self._hold = hold or answer is None
        self.request = b""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        with connection:
            connection.settimeout(5)
            while b"\r\n\r\n" not in self.request:
                self.request += connection.recv(65536)
            head, _, body = self.request.partition(b"\r\n\r\n")
            length = next((int(each[15:]) for each in head.split(b"\r\n") if each.startswith(b"Content-Length:")), 0)
            while len(body) < length:
                more = connection.recv(65536)
                self.request += more
                body += more
            if self._answer is not None:
                connection.sendall(self._answer)
            if self._hold:
                self._done.wait(5)

    def close(self) -> None:
        self._done.set()
        self._socket.close()
        self._thread.join(5)


def answer(status: str, body: bytes = b"", kind: str = "application/json", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


class RestTests(SynchronousTestCase):
    def serve(self, data: bytes | None) -> OneAnswer:
        server = OneAnswer(data)
        self.addCleanup(server.close)
        return server

    def test_get(self) -> None:
        server = self.serve(answer("200 OK", b'{"devices":[]}', "application/json; charset=utf-8"))
        self.assertEqual(Rest(f"{server.url}/house", token="t0").get("/api/v1/devices"), {"devices": []})
        lines = server.request.decode().split("\r\n")
        self.assertEqual(lines[0], "GET /house/api/v1/devices HTTP/1.1")
        self.assertIn("Authorization: Bearer t0", lines)
        self.assertIn("Accept: application/json", lines)
        self.assertFalse([each for each in lines if each.startswith("Content-Type")])

    def test_body(self) -> None:
        server = self.serve(answer("200 OK", extra="Dog-Command: c7\r\n"))
        done = Rest(server.url).request("PUT", "/x", {"value": "21 °C"})
        self.assertEqual((done.status, done.body, done.headers["dog-command"]), (200, None, "c7"))
        head, _, body = server.request.partition(b"\r\n\r\n")
        self.assertEqual(json.loads(body), {"value": "21 °C"})
        self.assertIn(b"Content-Type: application/json", head)
        self.assertNotIn(b"Authorization", head)

    def test_failed(self) -> None:
        error = {"error": {"code": "bad_unit", "message": "F is no unit here", "expected": ["C"]}}
        server = self.serve(answer("422 Unprocessable Entity", json.dumps(error).encode()))
        failed = self.assertRaises(Failed, Rest(server.url).get, "/x")
        self.assertEqual((failed.status, failed.code), (422, "bad_unit"))
        self.assertEqual(failed.error["expected"], ["C"])

    def test_failed_without_body(self) -> None:
        server = self.serve(answer("503 Service Unavailable"))
        failed = self.assertRaises(Failed, Rest(server.url).get, "/x")
        self.assertEqual((failed.status, failed.code), (503, "unknown"))

    def test_something_else_answers(self) -> None:
        for status in ("200 OK", "404 Not Found"):
            server = self.serve(answer(status, b"<html></html>", "text/html"))
            refused = self.assertRaises(NotReachable, Rest(server.url).get, "/x")
            self.assertIn("no Dog gateway answers there", refused.reason)
            self.assertIn("text/html", refused.reason)

    def test_redirected(self) -> None:
        server = self.serve(answer("302 Found", extra="Location: https://elsewhere/\r\n"))
        self.assertIn("302", self.assertRaises(NotReachable, Rest(server.url).get, "/x").reason)

    def test_broken_json(self) -> None:
        server = self.serve(answer("200 OK", b'{"devices":'))
        self.assertIn("broken JSON", self.assertRaises(NotReachable, Rest(server.url).get, "/x").reason)

    def test_no_http(self) -> None:
        server = self.serve(b"SSH-2.0-OpenSSH_9.2\r\n")
        self.assertIn("BadStatusLine", self.assertRaises(NotReachable, Rest(server.url).get, "/x").reason)

    def test_cut_short(self) -> None:
        server = self.serve(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")
        self.assertIn("IncompleteRead", self.assertRaises(NotReachable, Rest(server.url).get, "/x").reason)

    def test_silence(self) -> None:
        server = self.serve(None)
        refused = self.assertRaises(NotReachable, Rest(server.url, timeout=0.05).get, "/x")
        self.assertEqual(refused.reason, "no answer within 0.05 s")

    def test_nothing_listens(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"
            refused = self.assertRaises(NotReachable, Rest(url).get, "/x")
        self.assertEqual(str(refused), f"{url}: nothing listens there")

    def test_unknown_host(self) -> None:
        refused = self.assertRaises(NotReachable, Rest("http://no-such-host.invalid").get, "/x")
        self.assertEqual(refused.reason, "no such host")


class LinesTests(SynchronousTestCase):
    """An answer that goes on."""

    def lines(self, data: bytes, timeout: float = 10.0, silence: float = 20.0, hold: bool = False) -> Any:
        server = OneAnswer(data, hold)
        self.addCleanup(server.close)
        self.server = server
        return Rest(server.url, "secret", timeout).lines("/api/v1/x", silence)

    def chunked(self, *chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
        return head + b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in chunks) + end

    def test_values(self) -> None:
        """A value a line, wherever the chunks end; empty lines are none."""
        found = list(self.lines(self.chunked(b'{"a":1}\n\n{"a"', b":2}\n\n")))
        self.assertEqual(found, [{"a": 1}, {"a": 2}])
        self.assertIn(b"Accept: application/x-ndjson", self.server.request)
        self.assertIn(b"Authorization: Bearer secret", self.server.request)

    def test_asTheyCome(self) -> None:
        """The first is there although the second never comes; silence ends it."""
        lines = self.lines(self.chunked(b"1\n", end=b""), timeout=0.1, silence=0.2, hold=True)
        self.assertEqual(next(lines), 1)
        error = self.assertRaises(NotReachable, next, lines)
        self.assertIn("no answer", str(error))

    def test_brokenOff(self) -> None:
        lines = self.lines(self.chunked(b"1\n", end=b"9\r\n2"))
        self.assertEqual(next(lines), 1)
        self.assertRaises(NotReachable, next, lines)

    def test_refused(self) -> None:
        body = b'{"error": {"code": "not_found", "message": "there is no driver"}}'
        error = self.assertRaises(Failed, next, self.lines(answer("404 Not Found", body)))
        self.assertEqual(error.status, 404)

    def test_somethingElse(self) -> None:
        for data in (answer("200 OK", b"{}"), answer("200 OK", b"<html>", "text/html"), b"nonsense\r\n\r\n"):
            self.assertRaises(NotReachable, next, self.lines(data))

    def test_brokenLine(self) -> None:
        lines = self.lines(self.chunked(b'1\n{"a\n'))
        self.assertEqual(next(lines), 1)
        self.assertRaises(NotReachable, next, lines)

    def test_nobodyThere(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        self.assertRaises(NotReachable, next, Rest(f"http://127.0.0.1:{port}").lines("/x", 1.0))
