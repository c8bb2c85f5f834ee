"""Whom the clients trust over TLS: a certificate, its issuer, a fingerprint; and that nobody else is sent anything."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase, TestCase

from dog.certificates import Certificates
from dog.cli.fingerprint import fingerprintAt
from dog.cli.options import Options
from dog.client.address import Address
from dog.client.client import Client
from dog.client.errors import NotReachable
from dog.client.rest import Rest
from dog.client.trust import BadTrust, Trust
from dog.listeners import Listeners
from tests.api.ws.talk import upgrade
from tests.cli.fakes import CliCase
from tests.cli.running import ENVIRONMENT, RunningGateway
from tests.source import ROOT
from tests.test_certificates import missing, write

A, B = "AB" * 32, "CD" * 32

#: The asyncio client: what it says of the address and the trust that are given.
AIO = """
import asyncio, json, sys
from dog.client.aio import Client
from dog.client.trust import Trust
url, ca, fingerprint = sys.argv[1:]
async def main():
    trust = Trust(ca or None, fingerprint or None)
    try:
        async with Client(url, token="dog_secret" if "secret" in url else None, trust=trust) as client:
            print((await client.request("GET", "/api/v1/ping")).status)
    except Exception as error:
        print(type(error).__name__, error)
asyncio.run(main())
"""


class TrustTests(SynchronousTestCase):
    def test_fingerprint(self) -> None:
        """However it is written."""
        for text in (A, A.lower(), ":".join(["ab"] * 32), " SHA256:" + A, " ".join(["AB"] * 32)):
            self.assertEqual(Trust(fingerprint=text).fingerprint, A)

    def test_noFingerprint(self) -> None:
        for text in ("", A[:-2], A + "AB", "XY" * 32, "nonsense"):
            self.assertRaises(BadTrust, Trust, fingerprint=text)

    def test_noFile(self) -> None:
        empty = self.mktemp()
        Path(empty).touch()
        for path in (self.mktemp(), empty):
            self.assertRaises(BadTrust, Trust(path).context)
            if missing is None:
                self.assertRaises(BadTrust, Trust(path).creator, "x")

    def test_accepts(self) -> None:
        der = b"some certificate"
        import hashlib

        self.assertTrue(Trust(fingerprint=hashlib.sha256(der).hexdigest()).accepts(der))
        for other in (b"another", b"", None):
            self.assertFalse(Trust(fingerprint=hashlib.sha256(der).hexdigest()).accepts(other))
        self.assertTrue(Trust().accepts(der), "the context has looked at it")


class OptionTests(CliCase):
    def test_options(self) -> None:
        """From the command line, from the environment, and what is no fingerprint."""
        self.dogctl("devices", "--ca", "ca.pem", "--fingerprint", A)
        assert self.rest.options is not None
        self.assertEqual(self.rest.options.trust, Trust("ca.pem", A))
        status, _, err = self.dogctl("devices", "--fingerprint", "x")
        self.assertEqual(status, 2)
        self.assertIn("--fingerprint", err)

    def test_noTls(self) -> None:
        status, _, err = self.dogctl("fingerprint", "--gateway", "http://x")
        self.assertEqual(status, 2)
        self.assertIn("TLS", err)


class Hears(Protocol):
    """Keeps what it is sent."""

    factory: Any

    def dataReceived(self, data: bytes) -> None:
        self.factory.heard.append(data)


class StrangerTests(TestCase):
    """Somebody else answers at the gateway's address: he gets not one byte, let alone a token."""

    skip = missing
    timeout = 60

    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        factory: Any = Factory.forProtocol(Hears)
        factory.noisy = False
        self.heard: list[bytes] = []
        factory.heard = self.heard
        certificates = Certificates(*write(folder, ["localhost", "127.0.0.1"]))
        listeners = Listeners(reactor, ["tls:0:interface=127.0.0.1"], factory, certificates=certificates)
        listeners.privilegedStartService()
        listeners.startService()
        self.addCleanup(listeners.stopService)
        self.url = listeners.addresses[0]
        other = folder / "other"
        other.mkdir()
        self.other, _ = write(other, ["localhost", "127.0.0.1"])

    def trusts(self) -> list[Trust]:
        """None of which is his."""
        return [Trust(), Trust(ca=str(self.other)), Trust(fingerprint=B)]

    @inlineCallbacks
    def test_rest(self) -> Generator[Any, Any, None]:
        for trust in self.trusts():
            rest = Rest(self.url, "dog_secret", 10.0, trust)
            yield self.assertFailure(deferToThread(rest.get, "/api/v1/devices"), NotReachable)
        self.assertEqual(self.heard, [])

    @inlineCallbacks
    def test_twisted(self) -> Generator[Any, Any, None]:
        for trust in self.trusts():
            client = Client(self.url, reactor, token="dog_secret", trust=trust)
            yield self.assertFailure(client.connect(), NotReachable)
            yield client.close()
        self.assertEqual(self.heard, [])

    @inlineCallbacks
    def test_asyncio(self) -> Generator[Any, Any, None]:
        for trust in self.trusts():
            told = yield aio(self.url + "/secret", trust)
            self.assertTrue(told.startswith("NotReachable"), told)
        self.assertEqual(self.heard, [])


def aio(url: str, trust: Trust) -> Deferred[str]:
    """What the asyncio client prints."""
    arguments = [sys.executable, "-W", "ignore", "-c", AIO, url, trust.ca or "", trust.fingerprint or ""]

    def run() -> str:
        done = subprocess.run(
            arguments, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout.strip() or done.stderr

    return deferToThread(run)


class GatewayTests(TestCase):
    """A real gateway, with TLS and without."""

    skip = missing
    timeout = 120

    def setUp(self) -> None:
        folder = Path(self.mktemp()).absolute()
        self.gateway = RunningGateway(
            stateDir=folder, listen=["tls:0:interface=127.0.0.1", "tcp:0:interface=127.0.0.1"]
        )
        self.addCleanup(self.gateway.stop)
        self.secure, self.plain = self.gateway.addresses
        shown = Rest(self.plain).get("/health")["certificate"]
        self.fingerprint = shown["fingerprint"]
        self.trusts = [Trust(ca=str(folder / "tls.crt")), Trust(fingerprint=self.fingerprint)]

    @inlineCallbacks
    def test_everyClient(self) -> Generator[Any, Any, None]:
        """By the certificate, and by its fingerprint alone, which is told by the log, by /health and by dogctl."""
        self.assertTrue(self.secure.startswith("https://127.0.0.1:"))
        self.assertIn(self.fingerprint, self.gateway.log)
        options = Options(Address.parse(self.secure), None, 10.0, False)
        found = yield deferToThread(fingerprintAt, options)
        self.assertEqual(found, self.fingerprint)
        for trust in self.trusts:
            rest = Rest(self.secure, trust=trust)
            answer = yield deferToThread(rest.get, "/api/v1/ping")
            self.assertEqual(answer, {"result": "pong"})
            answer = yield aio(self.secure, trust)
            self.assertEqual(answer, "200")
            heard: Deferred[Any] = Deferred()

            def told(notification: Any, heard: Deferred[Any] = heard) -> None:
                if not heard.called:
                    heard.callback(notification)

            client = Client(
                self.secure,
                reactor,
                trust=trust,
                onNotification=told,
            )
            yield client.connect()
            yield client.subscribe()
            yield client.request("PUT", "/api/v1/devices/lake-kitchen-lamp/commands/on")
            yield client.request("PUT", "/api/v1/devices/lake-kitchen-lamp/commands/off")
            yield heard
            yield client.close()

    @inlineCallbacks
    def test_dogctl(self) -> Generator[Any, Any, None]:
        def run(*arguments: str) -> tuple[int, str, str]:
            done = subprocess.run(
                [sys.executable, "-m", "dog.cli", *arguments, "--gateway", self.secure],
                cwd=ROOT,
                env=ENVIRONMENT,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            return done.returncode, done.stdout, done.stderr

        status, out, _ = yield deferToThread(run, "fingerprint", "--json")
        self.assertEqual((status, json.loads(out)), (0, {"fingerprint": self.fingerprint}))
        status, out, err = yield deferToThread(run, "status", "lake-kitchen-lamp", "--fingerprint", self.fingerprint)
        self.assertEqual(status, 0, err)
        status, out, err = yield deferToThread(run, "status", "lake-kitchen-lamp")
        self.assertEqual(status, 3)
        self.assertIn("its certificate is not trusted", err)

    def test_origin(self) -> None:
        """Over TLS only pages that came over TLS are the gateway's own, for WebSockets and for requests."""
        host = self.secure.removeprefix("https://")
        for scheme, statuses in (("https", (b"101", b"200")), ("http", (b"403", b"403"))):
            more = f"\r\nHost: {host}\r\nOrigin: {scheme}://{host}\r\n"
            ws = upgrade(host=host, Origin=f"{scheme}://{host}")
            put = f"PUT /api/v1/devices/lake-kitchen-lamp/commands/on HTTP/1.1{more}Content-Length: 0\r\n\r\n".encode()
            self.assertEqual(tuple(self.status(each) for each in (ws, put)), statuses, scheme)

    def status(self, request: bytes) -> bytes:
        context = self.trusts[1].context()
        address = ("127.0.0.1", int(self.secure.rpartition(":")[2]))
        with socket.create_connection(address, 30) as plain, context.wrap_socket(plain) as secure:
            secure.sendall(request)
            return secure.recv(1000).split()[1]

    def test_onlyWhatItIs(self) -> None:
        """No plain HTTP where TLS is spoken, and the other way round."""
        port = int(self.secure.rpartition(":")[2])
        self.assertRaises(NotReachable, Rest(f"http://127.0.0.1:{port}").get, "/api/v1/ping")
        port = int(self.plain.rpartition(":")[2])
        context = Trust(fingerprint=A).context()
        self.assertEqual(context.verify_mode, ssl.CERT_NONE)
        self.assertRaises(NotReachable, Rest(f"https://127.0.0.1:{port}", trust=self.trusts[0]).get, "/api/v1/ping")
