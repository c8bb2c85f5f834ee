"""One question at a time, over REST, blocking: for scripts and C{dogctl}. Not for use beside a running reactor."""

from __future__ import annotations

import json
import socket
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead
from typing import Any

from dog import __version__
from dog.client.address import DEFAULT, Address
from dog.client.errors import NotReachable, failedFrom
from dog.client.trust import NOT_THE_ONE, USUAL, BadTrust, Trust

#: A bound for what a gateway may answer, in bytes.
MAX_ANSWER = 64 * 1024 * 1024

#: The media type of an answer that goes on: a JSON value a line.
LINES = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a resource said. C{body}: the JSON value, None where there was none. Names of headers are lower case."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class _Trusting(HTTPSConnection):
    """Sends nothing to whom it does not trust."""

    def __init__(self, trust: Trust, host: str, port: int, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout, context=trust.context())
        self._trust = trust

    def connect(self) -> None:
        super().connect()
        if not self._trust.accepts(self.sock.getpeercert(True)):
            self.close()
            raise OSError(NOT_THE_ONE)


class Rest:
    """A gateway's REST door.

    @param url: in any form that L{Address.parse} takes.
    @param token: sent in the Authorization header.
    @param timeout: seconds that the gateway may keep silent.
    @param trust: what the gateway's certificate has to be, with TLS.
    """

    def __init__(
        self,
        url: str | Address = DEFAULT,
        token: str | None = None,
        timeout: float = 10.0,
        trust: Trust = USUAL,
    ) -> None:
        self.address = url if isinstance(url, Address) else Address.parse(url)
        self._token = token
        self._timeout = timeout
        self._trust = trust

    def get(self, path: str) -> Any:
        """The JSON value at C{path} (C{/api/v1/devices}). Raises as L{request} does."""
        return self.request("GET", path).body

    def request(self, method: str, path: str, body: Any = None) -> Answer:
        """Ask for something. C{path} is percent-encoded; C{body} is a JSON value, None for none.

        @raise NotReachable: no gateway answers there, or not in time.
        @raise Failed: the gateway's answer is a status of 400 or more.
        """
        payload = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8")
        connection = self._connection()
        try:
            connection.request(method, self.address.prefix + path, payload, self._headers("application/json", body))
            answer = connection.getresponse()
            data = answer.read(MAX_ANSWER + 1)
            if answer.length and len(data) <= MAX_ANSWER:  # read() with a bound does not tell
                raise IncompleteRead(data, answer.length)
        except (OSError, HTTPException) as error:
            raise NotReachable(self.address.http, self._why(error)) from None
        finally:
            connection.close()
        if len(data) > MAX_ANSWER:
            raise NotReachable(self.address.http, f"the answer has more than {MAX_ANSWER} bytes")
        return self._understood(answer.status, data, {name.lower(): value for name, value in answer.getheaders()})

    def download(self, method: str, path: str, kind: str) -> bytes:
        """What C{method} answers with, in this media type, as it is. Raises as L{request} does."""
        connection = self._connection()
        try:
            headers = self._headers(f"{kind}, application/json;q=0.5")
            connection.request(method, self.address.prefix + path, None, headers)
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            data = answer.read(MAX_ANSWER + 1)
            if answer.length and len(data) <= MAX_ANSWER:
                raise IncompleteRead(data, answer.length)
        except (OSError, HTTPException) as error:
            raise NotReachable(self.address.http, self._why(error)) from None
        finally:
            connection.close()
        if len(data) > MAX_ANSWER:
            raise NotReachable(self.address.http, f"the answer has more than {MAX_ANSWER} bytes")
        if answer.status != 200 or named.get("content-type") != kind:
            self._understood(answer.status, data, named)
            raise NotReachable(self.address.http, f"its answer has status {answer.status} and is no {kind}")
        return data

    def lines(self, path: str, silence: float) -> Generator[Any, None, None]:
        """The JSON values of an answer that goes on (C{application/x-ndjson}), as they come, until it ends.

        @param silence: seconds without anything, not even an empty line, after which the gateway is taken for gone.
        @raise NotReachable: no gateway answers there, not in time, or not any more.
        @raise Failed: the gateway's answer is a status of 400 or more.
        """
        connection = self._connection()
        try:
            headers = self._headers(f"{LINES}, application/json;q=0.5")
            connection.request("GET", self.address.prefix + path, None, headers)
            sock = connection.sock  # the connection forgets it with the answer's head
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            if answer.status != 200 or not named.get("content-type", "").startswith(LINES):
                found = self._understood(answer.status, answer.read(MAX_ANSWER), named)
                raise NotReachable(self.address.http, f"its answer has status {found.status} and does not go on")
            sock.settimeout(max(silence, self._timeout))
            while line := answer.readline():
                if line.strip():
                    yield json.loads(line)
        except ValueError:
            raise NotReachable(self.address.http, "its answer broke off") from None
        except (OSError, HTTPException) as error:
            raise NotReachable(self.address.http, self._why(error)) from None
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        host, port = self.address.host, self.address.port
        if not self.address.secure:
            return HTTPConnection(host, port, timeout=self._timeout)
        try:
            return _Trusting(self._trust, host, port, self._timeout)
        except BadTrust as bad:
            raise NotReachable(self.address.http, str(bad)) from None

    def _headers(self, accept: str, body: Any = None) -> dict[str, str]:
        found = {"Accept": accept, "User-Agent": f"dog/{__version__}", "Connection": "close"}
        if body is not None:
            found["Content-Type"] = "application/json"
        if self._token is not None:
            found["Authorization"] = f"Bearer {self._token}"
        return found

    def _understood(self, status: int, data: bytes, headers: Mapping[str, str]) -> Answer:
        kind = headers.get("content-type", "").split(";")[0].strip().lower()
        try:
            value = json.loads(data) if data else None
        except (ValueError, RecursionError):
            value = None
            kind = kind if kind != "application/json" else "broken JSON"
        if data and value is None and kind != "application/json":
            raise NotReachable(self.address.http, f"no Dog gateway answers there ({status}, {kind or 'no type'})")
        if status >= 400:
            error = value.get("error") if isinstance(value, dict) else None
            raise failedFrom(status, error, f"the gateway answered with status {status}")
        if status >= 300:
            raise NotReachable(self.address.http, f"no Dog gateway answers there ({status})")
        return Answer(status, value, headers)

    def _why(self, error: BaseException) -> str:
        if isinstance(error, ConnectionRefusedError):
            return "nothing listens there"
        if isinstance(error, socket.gaierror):
            return "no such host"
        if isinstance(error, TimeoutError):
            return f"no answer within {self._timeout:g} s"
        if type(error).__name__ == "SSLCertVerificationError":  # ssl is only loaded where it is used
            return f"its certificate is not trusted: {getattr(error, 'verify_message', '') or error}"
        if isinstance(error, HTTPException):
            return f"no Dog gateway answers there ({type(error).__name__})"
        return error.strerror or str(error) if isinstance(error, OSError) else str(error)
