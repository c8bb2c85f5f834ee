"""The client on real sockets of the loopback interface, with and without TLS."""

import datetime
import os
import socket
import sys
from collections.abc import Generator
from typing import Any

from autobahn.twisted.resource import WebSocketResource
from twisted.internet import reactor as _reactor
from twisted.internet.defer import inlineCallbacks
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SkipTest, TestCase
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import Data

from dog.client.address import Address
from dog.client.client import Client
from dog.client.connection import endpointOf
from dog.client.errors import NotReachable
from dog.client.rest import Rest
from tests.client.gateway import FakeGateway

reactor: Any = _reactor


class LoopbackCase(TestCase):
    """A gateway that answers C{/ws} as L{FakeGateway} does, and C{/api/v1/devices} with an empty list."""

    def serve(self, context: Any = None) -> int:
        gateway = FakeGateway(reactor)
        factory = gateway.listening()
        self.gateway = gateway
        root, api, v1 = Resource(), Resource(), Resource()
        root.putChild(b"ws", WebSocketResource(factory))
        root.putChild(b"api", api)
        api.putChild(b"v1", v1)
        v1.putChild(b"devices", Data(b'{"devices":[]}', "application/json"))
        site: Any = Site(root)
        site.displayTracebacks = False
        if context is None:
            port = reactor.listenTCP(0, site, interface="127.0.0.1")
        else:
            port = reactor.listenSSL(0, site, context, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        number: int = port.getHost().port
        return number

    @inlineCallbacks
    def converse(self, url: str) -> Generator[Any, Any, None]:
        client = Client(url, reactor)
        self.addCleanup(client.close)
        presentation = yield client.connect()
        self.assertEqual(presentation.clientId, "client0")
        response = yield client.subscribe()
        self.assertEqual(response.response, {"result": "Registration completed successfully"})
        transport: Any = client._connection and client._connection.transport
        handle = transport.getHandle()
        self.noDelay = getattr(handle, "getsockopt", lambda *_: None)(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        yield client.close()


class TcpTests(LoopbackCase):
    @inlineCallbacks
    def test_conversation(self) -> Generator[Any, Any, None]:
        port = self.serve()
        yield self.converse(f"ws://127.0.0.1:{port}/ws")
        self.assertTrue(self.noDelay)

    @inlineCallbacks
    def test_by_name(self) -> Generator[Any, Any, None]:
        port = self.serve()
        yield self.converse(f"http://localhost:{port}")

    @inlineCallbacks
    def test_nothing_listens(self) -> Generator[Any, Any, None]:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
            client = Client(f"ws://127.0.0.1:{port}/ws", reactor)
            failure = yield self.assertFailure(client.connect(), NotReachable)
        self.assertEqual(failure.reason, "nothing listens there")

    @inlineCallbacks
    def test_no_websocket(self) -> Generator[Any, Any, None]:
        port = self.serve()
        client = Client(f"ws://127.0.0.1:{port}/elsewhere", reactor)
        failure = yield self.assertFailure(client.connect(), NotReachable)
        self.assertIn("404", failure.reason)


class TlsTests(LoopbackCase):
    """The certificate is the test's own; it is trusted by way of SSL_CERT_FILE."""

    def setUp(self) -> None:
        try:
            from twisted.internet import ssl

            self.certificate = _selfSigned()
        except ImportError as error:
            raise SkipTest(f"TLS needs pyOpenSSL and service_identity: {error}") from None
        self.context = ssl.PrivateCertificate.loadPEM(self.certificate).options()

    def trust(self) -> None:
        path = self.mktemp()
        with open(path, "wb") as file:
            file.write(self.certificate)
        before = os.environ.get("SSL_CERT_FILE")
        os.environ["SSL_CERT_FILE"] = path
        self.addCleanup(
            lambda: os.environ.pop("SSL_CERT_FILE") if before is None else os.environ.update(SSL_CERT_FILE=before)
        )

    @inlineCallbacks
    def test_conversation(self) -> Generator[Any, Any, None]:
        self.trust()
        port = self.serve(self.context)
        yield self.converse(f"wss://localhost:{port}/ws")

    @inlineCallbacks
    def test_not_trusted(self) -> Generator[Any, Any, None]:
        port = self.serve(self.context)
        client = Client(f"wss://localhost:{port}/ws", reactor)
        failure = yield self.assertFailure(client.connect(), NotReachable)
        self.assertIn("certificate verify failed", failure.reason)

    @inlineCallbacks
    def test_rest(self) -> Generator[Any, Any, None]:
        self.trust()
        port = self.serve(self.context)
        body = yield deferToThread(Rest(f"https://localhost:{port}").get, "/api/v1/devices")
        self.assertEqual(body, {"devices": []})

    @inlineCallbacks
    def test_rest_not_trusted(self) -> Generator[Any, Any, None]:
        port = self.serve(self.context)
        asking = deferToThread(Rest(f"https://localhost:{port}").get, "/api/v1/devices")
        failure = yield self.assertFailure(asking, NotReachable)
        self.assertIn("its certificate is not trusted: self", failure.reason)

    def test_not_installed(self) -> None:
        before: Any = sys.modules.get("twisted.internet.ssl")
        sys.modules["twisted.internet.ssl"] = None  # type: ignore[assignment]
        self.addCleanup(sys.modules.__setitem__, "twisted.internet.ssl", before)
        address = Address.parse("wss://dog.example/ws")
        refused = self.assertRaises(NotReachable, endpointOf, address, reactor, 10)
        self.assertIn("pyOpenSSL", refused.reason)


def _selfSigned() -> bytes:
    """Key and certificate of localhost, PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost")]),
            False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
