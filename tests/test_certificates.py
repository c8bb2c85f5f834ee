"""TLS: certificates from files and of our own making, shown by a real listener, renewed without a restart."""

from __future__ import annotations

import hashlib
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase

from dog import certificates
from dog.certificates import BadCertificate, Certificates, fingerprintOf, selfSigned
from dog.endpoints import isSecure
from dog.listeners import Listeners
from tests.logs import record

try:
    import cryptography  # noqa: F401
    import OpenSSL  # noqa: F401
except ImportError:
    missing: str | None = "pyOpenSSL and cryptography are not installed"
else:
    missing = None

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def write(folder: Path, names: list[str], life: timedelta = timedelta(days=90)) -> tuple[Path, Path]:
    """A certificate and its key as files."""
    with mock.patch.object(certificates, "LIFE", life):
        pems = selfSigned(names, datetime.now(UTC))
    paths = folder / "cert.pem", folder / "key.pem"
    for path, data in zip(paths, pems, strict=True):
        path.write_bytes(data)
    return paths


class FilesTests(SynchronousTestCase):
    skip = missing

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def test_own(self) -> None:
        """Made once, its key readable by its owner only, for every name by which the gateway is known."""
        found = Certificates(None, None, self.folder, ["dog.example", "192.0.2.1", "fd00::1"])
        found.load()
        self.assertEqual(stat.S_IMODE((self.folder / "tls.key").stat().st_mode), 0o600)
        again = Certificates(None, None, self.folder)
        again.load()
        self.assertEqual(found.current, again.current)
        pem = (self.folder / "tls.crt").read_text()
        assert found.current is not None
        der = ssl.PEM_cert_to_DER_cert(pem)
        self.assertEqual(found.current.fingerprint.replace(":", "").lower(), hashlib.sha256(der).hexdigest())
        self.assertEqual(found.current.fingerprint, fingerprintOf(der))
        from cryptography import x509

        parsed = x509.load_pem_x509_certificate(pem.encode())
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertLessEqual({"dog.example", "localhost"}, set(names.get_values_for_type(x509.DNSName)))
        addresses = {str(each) for each in names.get_values_for_type(x509.IPAddress)}
        self.assertLessEqual({"192.0.2.1", "fd00::1", "127.0.0.1", "::1"}, addresses)

    def test_withoutAClock(self) -> None:
        """A machine that thinks it is 1970 makes a certificate that is valid once it knows better."""
        from OpenSSL import crypto

        pem, _ = selfSigned(["x"], datetime(1970, 1, 1, tzinfo=UTC))
        made = crypto.load_certificate(crypto.FILETYPE_PEM, pem)
        self.assertFalse(made.has_expired())
        self.assertGreater(made.get_notAfter() or b"", b"2033")

    def test_chain(self) -> None:
        """All of the chain behind the certificate is shown; the fingerprint is the first's."""
        cert, key = write(self.folder, ["one"])
        other, _ = selfSigned(["other"], NOW)
        first = fingerprintOf(ssl.PEM_cert_to_DER_cert(cert.read_text()))
        cert.write_bytes(cert.read_bytes() + other)
        found = Certificates(cert, key)
        found.load()
        assert found.current is not None
        self.assertEqual(found.current.fingerprint, first)

    def test_bad(self) -> None:
        cert, key = write(self.folder, ["one"])
        (self.folder / "else").mkdir()
        _, other = write(self.folder / "else", ["two"])
        empty = self.folder / "empty"
        empty.touch()
        for files in (
            (cert, other),
            (cert, cert),
            (key, key),
            (empty, key),
            (cert, empty),
            (self.folder, key),
            (cert, Path("nope")),
        ):
            error = self.assertRaises(BadCertificate, Certificates(*files).load)
            self.assertNotIn("\n", str(error))
        self.assertRaises(BadCertificate, Certificates, None, None)
        self.assertRaises(BadCertificate, Certificates(None, None, empty).load)

    def test_reload(self) -> None:
        cert, key = write(self.folder, ["one"])
        found = Certificates(cert, key)
        found.load()
        self.assertIs(found.reload(), False)
        before = found.current
        write(self.folder, ["two"])
        self.assertIs(found.reload(), True)
        self.assertNotEqual(found.current, before)
        self.assertIs(found.reload(), False)

    def test_reloadOfNonsense(self) -> None:
        """Half of a renewal is no certificate: the one in use stays, which is said once, until all of it is there."""
        cert, key = write(self.folder, ["one"])
        found = Certificates(cert, key)
        found.load()
        context, before = found._context, found.current
        logged = record(self)
        old = key.read_bytes()
        write(self.folder, ["two"])
        new = key.read_bytes()
        key.write_bytes(old)
        self.assertEqual([found.reload(), found.reload()], [False, False])
        self.assertEqual(len([each for each in logged if each["log_level"].name == "error"]), 1)
        self.assertIs(found._context, context)
        self.assertEqual(found.current, before)
        key.write_bytes(new)
        self.assertIs(found.reload(), True)

    def test_expiring(self) -> None:
        cert, key = write(self.folder, ["one"], datetime.now(UTC) - certificates.BEGIN + timedelta(days=3))
        logged = record(self)
        Certificates(cert, key).load()
        levels = [each["log_level"].name for each in logged]
        self.assertEqual(levels.count("warn"), 0)
        cert, key = write(self.folder, ["one"], timedelta(days=3))
        Certificates(cert, key).load()
        self.assertEqual([each["log_level"].name for each in logged].count("warn"), 1)

    def test_isSecure(self) -> None:
        for endpoint, secure in (
            ("tls:8443", True),
            ("tls6:8443:interface=\\:\\:1", True),
            ("tcp:1", False),
            ("ssl:1", False),
        ):
            self.assertEqual(isSecure(endpoint), secure)


class Says(Protocol):
    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(b"hello")
        self.transport.loseConnection()


class ListenerTests(TestCase):
    skip = missing
    timeout = 60

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        factory = Factory.forProtocol(Says)
        factory.noisy = False
        self.cert, key = write(self.folder, ["localhost"])
        self.certificates = Certificates(self.cert, key)
        endpoints = "tls:0:interface=127.0.0.1", "tcp:0:interface=127.0.0.1"
        self.listeners = Listeners(reactor, endpoints, factory, certificates=self.certificates)
        self.listeners.privilegedStartService()
        self.listeners.startService()
        self.addCleanup(self.listeners.stopService)

    def talk(self, context: ssl.SSLContext) -> Deferred[tuple[bytes, str, str | None]]:
        """What comes, the certificate's fingerprint, and the version of TLS."""
        port = self.listeners.securePort
        assert port is not None
        return deferToThread(self._talk, context, port)

    def _talk(self, context: ssl.SSLContext, port: int) -> tuple[bytes, str, str | None]:
        import socket

        with socket.create_connection(("127.0.0.1", port), 30) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as secure:
                der = secure.getpeercert(True)
                assert der is not None
                return secure.recv(100), fingerprintOf(der), secure.version()

    def test_addresses(self) -> None:
        schemes = [each.partition("://")[0] for each in self.listeners.addresses]
        self.assertEqual(schemes, ["https", "http"])

    @inlineCallbacks
    def test_renewed(self) -> Any:
        """A listener shows the new certificate to whoever comes next."""
        trusting = ssl.create_default_context(cafile=str(self.cert))
        told, before, _ = yield self.talk(trusting)
        self.assertEqual(told, b"hello")
        write(self.folder, ["localhost"])
        self.assertTrue(self.certificates.reload())
        trusting = ssl.create_default_context(cafile=str(self.cert))
        told, after, _ = yield self.talk(trusting)
        self.assertEqual(told, b"hello")
        self.assertNotEqual(before, after)
        assert self.certificates.current is not None
        self.assertEqual(after, self.certificates.current.fingerprint)

    @inlineCallbacks
    def test_versions(self) -> Any:
        """Nothing older than TLS 1.2."""
        context = ssl.create_default_context(cafile=str(self.cert))
        _, _, version = yield self.talk(context)
        self.assertEqual(version, "TLSv1.3")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        _, _, version = yield self.talk(context)
        self.assertEqual(version, "TLSv1.2")
        try:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        except (ssl.SSLError, ValueError):
            raise SkipTest("this OpenSSL knows no older versions") from None
        yield self.assertFailure(self.talk(context), ssl.SSLError, ConnectionError)
        self.flushLoggedErrors()
